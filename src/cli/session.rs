//! What `predict`, `explain` and `report` share: the model that was named or that fits, and one
//! image through it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;

use super::{Usage, output};
use crate::cancel::CancelToken;
use crate::engine::analysis::analyze_with;
use crate::engine::lungs::{self, LungSearch, Lungs};
use crate::engine::model_selection::{Choice, Chooser, ModelSelector, Selected};
use crate::engine::pass::Known;
use crate::engine::progress::Progress;
use crate::engine::similar::{Galleries, Similar};
use crate::engine::{Analysis, AnalysisOptions};
use crate::explain::anatomical_regions::AnatomicalRegions;
use crate::explain::{Method, MethodSettings};
use crate::limits;
use crate::model::background::Background;
use crate::model::cache::ModelCache;
use crate::model::conformal::{RISK, RISKS};
use crate::model::manifest::Manifest;
use crate::model::prevalence::Stated;
use crate::model::{Model, registry};
use crate::network::device::DeviceChoice;
use crate::study::Frame;
use crate::study::lung_masks::LungMasks;
use crate::uncertainty::SampleSource;

/// Which model, and where it runs.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ModelArgs {
    /// Model by name (see `pellucid models list`), or a folder with manifest.toml and
    /// weights.safetensors [default: the one that fits]
    #[arg(long, value_name = "NAME|DIR")]
    pub model: Option<String>,
    /// Processor: auto, cpu, cuda or metal
    #[arg(long, value_name = "D", default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
}

impl ModelArgs {
    /// Opens the device and loads the model that was named, or the default one.
    pub(super) fn load(&self) -> anyhow::Result<Model> {
        let device = self.device.open().with_context(|| format!("the device {} cannot be used", self.device))?;
        Ok(registry::load(self.model.as_deref().unwrap_or(registry::DEFAULT), &device)?)
    }
}

/// How an image is analysed.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct AnalysisArgs {
    /// Samples for the intervals, 0 for none [default: 100 of MC dropout, 32 of test-time; an
    /// ensemble has one a model]
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(..=limits::SAMPLES as i64))]
    pub samples: Option<u32>,
    /// Seed of the samples
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// What differs from sample to sample: mc-dropout, test-time (place and tone of the image) or
    /// ensemble [default: mc-dropout; ensemble where one is given]
    #[arg(long, value_name = "SOURCE")]
    pub uncertainty: Option<SampleSource>,
    /// Further models with the same labels, by name or folder, that are asked beside the model; may
    /// be repeated
    #[arg(long, value_name = "NAME|DIR", value_delimiter = ',')]
    pub ensemble: Vec<String>,
    /// Error rate of the conformal states, at most so many of them wrong: 0.01, 0.02, 0.05, 0.1,
    /// 0.15 or 0.2
    #[arg(long, alias = "risk", value_name = "SHARE", default_value_t = RISK, value_parser = error_rate)]
    pub error_rate: f64,
    /// How frequent the finding is where the image comes from: 0.01, 1% or NAME=1%; gives
    /// predictive values. May be repeated [default name: the model's only group or label]
    #[arg(long, value_name = "[NAME=]SHARE")]
    pub prevalence: Vec<Stated>,
    /// Frame of an image that has several, counted from 1 [default: the first]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::FRAMES)))]
    pub frame: Option<u32>,
    /// Go on although the input gate refuses the image
    #[arg(long)]
    pub force: bool,
    /// Folder of lung masks, named like their images (255 lung, 0 elsewhere): says how much of each
    /// map's evidence lies in the lungs
    #[arg(long, value_name = "DIR")]
    pub masks: Option<PathBuf>,
}

/// A text that is none of the error rates that states are calibrated for.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the error rates are {}", RISKS.map(|r| r.to_string()).join(", "))]
struct UnknownErrorRate;

fn error_rate(text: &str) -> Result<f64, UnknownErrorRate> {
    let asked = text.parse::<f64>().ok();
    RISKS.into_iter().find(|r| asked.is_some_and(|a| (a - r).abs() < 1e-9)).ok_or(UnknownErrorRate)
}

impl AnalysisArgs {
    /// The engine's options with these methods at these layers.
    pub(super) fn options(&self, methods: Vec<Method>, layers: Vec<String>) -> AnalysisOptions {
        let usual = if self.ensemble.is_empty() { SampleSource::McDropout } else { SampleSource::Ensemble };
        let source = self.uncertainty.unwrap_or(usual);
        let samples = self.samples.map_or(source.usual_samples(), |samples| samples as usize);
        let (seed, force) = (self.seed, self.force);
        let explanation = MethodSettings { seed, ..MethodSettings::default() };
        AnalysisOptions { layers, methods, explanation, samples, seed, force, source, ..AnalysisOptions::default() }
    }
}

/// The labels or groups of a model that prevalences were stated of, with those.
pub(super) fn stated(prevalences: &[Stated], manifest: &Manifest) -> Result<Vec<(String, f64)>, Usage> {
    let target = |s: &Stated| Ok((s.target(manifest).map_err(|e| Usage(e.to_string()))?.to_owned(), s.share));
    prevalences.iter().map(target).collect()
}

/// Analyses images one after the other, each by the model that was named or by the one that fits.
pub(super) struct Session {
    selector: ModelSelector<ModelCache>,
    /// In the place of the models' own.
    background: Option<Arc<Background>>,
    /// How many similar cases are wanted, and of which galleries.
    similar: Option<(usize, Galleries)>,
    masks: Option<LungMasks>,
    /// Shapley values are given to regions of the anatomy.
    anatomical: bool,
}

/// An image with what came of it.
pub(super) struct Analyzed {
    pub frame: Frame,
    /// Where its lungs lie, if that is known.
    pub lungs: LungSearch,
    pub choice: Arc<Choice>,
    /// `None` when no model fits.
    pub outcome: Option<(Arc<Model>, Analysis)>,
    /// `None` unless asked for, and where nothing was scored.
    pub similar: Option<Similar>,
}

impl Analyzed {
    /// Whether a model gave the image scores.
    pub(super) fn is_scored(&self) -> bool {
        self.outcome.as_ref().is_some_and(|(_, analysis)| analysis.scored)
    }

    /// Model and analysis.
    ///
    /// # Errors
    /// The sentence that says why no model fits.
    pub(super) fn by_a_model(self) -> anyhow::Result<(Frame, Arc<Model>, Analysis)> {
        match self.outcome {
            Some((model, analysis)) => Ok((self.frame, model, analysis)),
            None => bail!("{} (--model NAME)", self.choice.because),
        }
    }
}

impl Session {
    /// Loads the model that was named, if one was.
    pub(super) fn open(args: &ModelArgs) -> anyhow::Result<Self> {
        Self::with_ensemble(args, &[])
    }

    /// The same with further models that are asked beside each one with their labels.
    pub(super) fn with_ensemble(args: &ModelArgs, ensemble: &[String]) -> anyhow::Result<Self> {
        args.device.open().with_context(|| format!("the device {} cannot be used", args.device))?;
        let mut selector = ModelSelector::new(ModelCache::new(args.device).with_ensemble(ensemble)?);
        if let Some(name) = &args.model {
            selector.use_named(name)?;
        }
        Ok(Self { selector, background: None, similar: None, masks: None, anatomical: false })
    }

    /// Takes this background set in the place of the models' own.
    pub(super) fn use_background(&mut self, background: Option<Background>) {
        self.background = background.map(Arc::new);
    }

    /// Looks for `count` similar cases of each image, in this gallery or in the models' own.
    pub(super) fn use_gallery(&mut self, count: usize, folder: Option<PathBuf>) {
        self.similar = Some((count, folder.map_or_else(Galleries::default, Galleries::at)));
    }

    /// Looks for no similar cases from here on.
    pub(super) fn use_no_gallery(&mut self) {
        self.similar = None;
    }

    /// Takes lung masks from this folder.
    pub(super) fn use_masks(&mut self, folder: Option<&Path>) -> anyhow::Result<()> {
        self.masks = folder.map(LungMasks::below).transpose()?;
        Ok(())
    }

    /// Gives Shapley values to regions of the anatomy in the place of superpixels and pixels.
    pub(super) fn use_anatomical_regions(&mut self) {
        self.anatomical = true;
    }

    /// The model that was named.
    pub(super) fn named(&self) -> Option<&Model> {
        self.selector.named().map(Arc::as_ref)
    }

    /// Loads the frame, finds its model, analyses it as `options` says for that model, and notes
    /// how long decoding took.
    pub(super) fn analyze(
        &mut self,
        load: impl FnOnce() -> anyhow::Result<Frame>,
        options: impl FnOnce(&Model, Option<&Lungs>) -> anyhow::Result<AnalysisOptions>,
        force: bool,
    ) -> anyhow::Result<Analyzed> {
        let started = Instant::now();
        let frame = load()?;
        let decode = started.elapsed().as_secs_f64() * 1e3;
        let Selected { choice, model } = self.selector.select(&frame, force)?;
        let search = lungs::of_frame(&frame, self.masks.as_ref())?;
        let Some(model) = model else {
            return Ok(Analyzed { frame, lungs: search, choice, outcome: None, similar: None });
        };
        let bar = RefCell::new(None);
        let mut emit = |progress| show(&bar, &progress);
        let mut known = Known::of_choice(&choice);
        known.use_background(self.background.clone());
        if self.anatomical {
            let lungs = known_lungs(&search)?;
            known.use_regions(Some(AnatomicalRegions::of(&lungs.fields, &model.manifest.input).players));
        }
        let options = options(&model, search.found().map(Arc::as_ref))?;
        let analysis = analyze_with(&model, &frame, &mut known, &options, &CancelToken::default(), &mut emit);
        if let Some(bar) = bar.take() {
            ProgressBar::finish_and_clear(&bar);
        }
        let mut analysis = analysis?;
        analysis.timing.decode = decode;
        analysis.chosen_because.clone_from(&choice.because);
        let similar = match &mut self.similar {
            Some((count, galleries)) if analysis.scored => galleries.similar(&model, &frame, &known, *count)?,
            _ => None,
        };
        Ok(Analyzed { frame, lungs: search, choice, outcome: Some((model, analysis)), similar })
    }

    /// Refuses prevalences that the named model cannot be asked about; one that is chosen for each
    /// image says so by itself.
    pub(super) fn check(&self, prevalences: &[Stated]) -> Result<(), Usage> {
        self.named().map_or(Ok(()), |model| stated(prevalences, &model.manifest).map(drop))
    }

    /// What chooses among the models, for several threads at once.
    pub(super) fn chooser(&mut self) -> anyhow::Result<Chooser> {
        Ok(self.selector.chooser()?)
    }

    /// The model that a choice names, loaded.
    pub(super) fn selected(&mut self, choice: Arc<Choice>) -> anyhow::Result<Option<Arc<Model>>> {
        Ok(self.selector.selected(choice)?.model)
    }

    /// The choice among the models for an image; the nearest one by `force`, where none fits.
    pub(super) fn choice(&mut self, frame: &Frame, force: bool) -> anyhow::Result<Choice> {
        Ok(self.selector.choose(frame, force)?)
    }
}

/// Shows how far a method is that takes its time.
fn show(bar: &RefCell<Option<ProgressBar>>, progress: &Progress) {
    let Progress::Step { what, done, of } = *progress else { return };
    let mut bar = bar.borrow_mut();
    let bar = bar.get_or_insert_with(|| output::progress(of, what));
    bar.set_length(of as u64);
    bar.set_position(done as u64);
}
/// The lungs of an image, or a sentence on why it is not known where they lie.
pub(super) fn known_lungs(search: &LungSearch) -> anyhow::Result<&Arc<Lungs>> {
    search.found().with_context(|| {
        let reason = search.why_not().unwrap_or_default();
        format!("it is not known where the lungs of the image lie; name a folder of masks with --masks. {reason}")
    })
}
