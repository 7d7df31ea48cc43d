//! What `predict`, `explain` and `report` share: the model that was named or that fits, and one image through it.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;

use super::{Usage, output};
use crate::engine::analysis::{Progress, analyze_with};
use crate::engine::choice::Choice;
use crate::engine::pass::Known;
use crate::engine::picker::Picker;
use crate::engine::{Analysis, AnalysisOptions, CancelToken};
use crate::explain::{Method, Settings};
use crate::limits;
use crate::network::background::Background;
use crate::network::device::DeviceChoice;
use crate::network::manifest::Manifest;
use crate::network::shelf::Shelf;
use crate::network::{Model, registry};
use crate::study::Frame;
use crate::uncertainty::Source;
use crate::uncertainty::conformal::{RISK, RISKS};
use crate::uncertainty::prevalence::Stated;

/// Which model, and where it runs.
#[derive(Clone, Debug, clap::Args)]
pub struct ModelArgs {
    /// Model by name (see `pellucid models list`), or a folder with manifest.toml and weights.safetensors [default: the one that fits]
    #[arg(long, value_name = "NAME|DIR")]
    pub model: Option<String>,
    /// Processor: auto, cpu, cuda or metal
    #[arg(long, value_name = "D", default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
}

impl ModelArgs {
    /// Opens the device and loads the model that was named, or the default one.
    pub fn load(&self) -> anyhow::Result<Model> {
        let device = self.device.open().with_context(|| format!("the device {} cannot be used", self.device))?;
        Ok(registry::load(self.model.as_deref().unwrap_or(registry::DEFAULT), &device)?)
    }
}

/// How an image is judged.
#[derive(Clone, Debug, clap::Args)]
pub struct JudgeArgs {
    /// Samples for the intervals, 0 for none [default: 100 of MC dropout, 32 of test-time; an ensemble has one a model]
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(..=limits::SAMPLES as i64))]
    pub samples: Option<u32>,
    /// Seed of the samples
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// What differs from sample to sample: mc-dropout, test-time (place and tone of the image) or ensemble [default: mc-dropout; ensemble
    /// where one is given]
    #[arg(long, value_name = "SOURCE")]
    pub uncertainty: Option<Source>,
    /// Further models with the same labels, by name or folder, that are asked beside the model; may be repeated
    #[arg(long, value_name = "NAME|DIR", value_delimiter = ',')]
    pub ensemble: Vec<String>,
    /// Risk of the conformal states: 0.01, 0.02, 0.05, 0.1, 0.15 or 0.2
    #[arg(long, value_name = "RISK", default_value_t = RISK, value_parser = risk)]
    pub risk: f64,
    /// How frequent the finding is where the image comes from: 0.01, 1% or NAME=1%; gives predictive values. May be repeated [default
    /// name: the model's only group or label]
    #[arg(long, value_name = "[NAME=]SHARE")]
    pub prevalence: Vec<Stated>,
    /// Go on although the input gate refuses the image
    #[arg(long)]
    pub force: bool,
}

fn risk(text: &str) -> Result<f64, String> {
    let asked = text.parse::<f64>().ok();
    let known = RISKS.into_iter().find(|r| asked.is_some_and(|a| (a - r).abs() < 1e-9));
    known.ok_or_else(|| format!("the risks are {}", RISKS.map(|r| r.to_string()).join(", ")))
}

impl JudgeArgs {
    /// The engine's options with these methods at these layers.
    pub fn options(&self, methods: Vec<Method>, layers: Vec<String>) -> AnalysisOptions {
        let usual = if self.ensemble.is_empty() { Source::McDropout } else { Source::Ensemble };
        let source = self.uncertainty.unwrap_or(usual);
        let samples = self.samples.map_or(source.usual_samples(), |samples| samples as usize);
        let (seed, force) = (self.seed, self.force);
        let explanation = Settings { seed, ..Settings::default() };
        AnalysisOptions { layers, methods, explanation, samples, seed, force, source, ..AnalysisOptions::default() }
    }
}

/// The labels or groups of a model that prevalences were stated of, with those.
pub fn stated(prevalences: &[Stated], manifest: &Manifest) -> Result<Vec<(String, f64)>, Usage> {
    let target = |s: &Stated| Ok((s.target(manifest).map_err(|e| Usage(e.to_string()))?.to_owned(), s.share));
    prevalences.iter().map(target).collect()
}

/// Judges images one after the other, each by the model that was named or by the one that fits.
pub struct Session {
    picker: Picker<Shelf>,
    named: Option<(String, Arc<Model>)>,
    /// In the place of the models' own.
    background: Option<Arc<Background>>,
}

/// An image with what came of it.
pub struct Judged {
    pub frame: Frame,
    pub choice: Choice,
    /// `None` when no model fits.
    pub outcome: Option<(Arc<Model>, Analysis)>,
}

impl Judged {
    /// Whether there are scores.
    pub fn is_scored(&self) -> bool {
        self.outcome.as_ref().is_some_and(|(_, analysis)| analysis.scored)
    }

    /// Model and analysis.
    ///
    /// # Errors
    /// The sentence that says why no model fits.
    pub fn by_a_model(self) -> anyhow::Result<(Frame, Arc<Model>, Analysis)> {
        match self.outcome {
            Some((model, analysis)) => Ok((self.frame, model, analysis)),
            None => bail!("{} (--model NAME)", self.choice.because),
        }
    }
}

impl Session {
    /// Loads the model that was named, if one was.
    pub fn open(args: &ModelArgs) -> anyhow::Result<Self> {
        Self::with_ensemble(args, &[])
    }

    /// The same with further models that are asked beside each one with their labels.
    pub fn with_ensemble(args: &ModelArgs, ensemble: &[String]) -> anyhow::Result<Self> {
        args.device.open().with_context(|| format!("the device {} cannot be used", args.device))?;
        let mut picker = Picker::new(Shelf::new(args.device).with_ensemble(ensemble)?);
        let named = match &args.model {
            Some(name) => Some((name.clone(), picker.load(name)?)),
            None => None,
        };
        Ok(Self { picker, named, background: None })
    }

    /// Takes this background set in the place of the models' own.
    pub fn use_background(&mut self, background: Option<Background>) {
        self.background = background.map(Arc::new);
    }

    /// The model that was named.
    pub fn named(&self) -> Option<&Model> {
        self.named.as_ref().map(|(_, model)| model.as_ref())
    }

    /// Loads the frame, finds its model, analyses it as `options` says for that model, and notes how long decoding took.
    pub fn judge(
        &mut self,
        load: impl FnOnce() -> anyhow::Result<Frame>,
        options: impl FnOnce(&Model) -> anyhow::Result<AnalysisOptions>,
        force: bool,
    ) -> anyhow::Result<Judged> {
        let started = Instant::now();
        let frame = load()?;
        let decode = started.elapsed().as_secs_f64() * 1e3;
        let (choice, model) = self.model_for(&frame, force)?;
        let Some(model) = model else { return Ok(Judged { frame, choice, outcome: None }) };
        let bar = RefCell::new(None);
        let mut emit = |progress| show(&bar, &progress);
        let mut known = Known::default();
        known.use_background(self.background.clone());
        let options = options(&model)?;
        let analysis = analyze_with(&model, &frame, &mut known, &options, &CancelToken::default(), &mut emit);
        if let Some(bar) = bar.take() {
            ProgressBar::finish_and_clear(&bar);
        }
        let mut analysis = analysis?;
        analysis.timing.decode = decode;
        analysis.chosen_because.clone_from(&choice.because);
        Ok(Judged { frame, choice, outcome: Some((model, analysis)) })
    }

    /// Refuses prevalences that the named model cannot be asked about; one that is chosen for each image says so by itself.
    pub fn check(&self, prevalences: &[Stated]) -> Result<(), Usage> {
        self.named.as_ref().map_or(Ok(()), |(_, model)| stated(prevalences, &model.manifest).map(drop))
    }

    /// The choice among the models for an image; the nearest one by `force`, where none fits.
    pub fn choice(&mut self, frame: &Frame, force: bool) -> anyhow::Result<Choice> {
        let mut choice = self.picker.choose(frame)?;
        if let (None, Some(nearest), true) = (&choice.model, &choice.nearest, force) {
            choice.because = format!("{}; {nearest} comes nearest and was taken by --force", choice.because);
            choice.model = Some(nearest.clone());
        }
        Ok(choice)
    }

    fn model_for(&mut self, frame: &Frame, force: bool) -> anyhow::Result<(Choice, Option<Arc<Model>>)> {
        if let Some((_, model)) = &self.named {
            return Ok((Choice::by_hand(&model.manifest.name), Some(model.clone())));
        }
        let choice = self.choice(frame, force)?;
        let model = choice.model.as_ref().map(|name| self.picker.load(name)).transpose()?;
        Ok((choice, model))
    }
}

/// Shows how far a method is that takes its time.
fn show(bar: &RefCell<Option<ProgressBar>>, progress: &Progress) {
    let Progress::Explaining { what, done, of } = *progress else { return };
    let mut bar = bar.borrow_mut();
    let bar = bar.get_or_insert_with(|| output::progress(of, what));
    bar.set_length(of as u64);
    bar.set_position(done as u64);
}
