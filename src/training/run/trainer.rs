//! The run: epochs of steps, validation with the averaged weights, a checkpoint after each epoch,
//! and the model at the end.

mod export;
mod measure;
mod pass;
mod supply;
mod sweep;

use std::sync::Arc;
use std::time::Instant;

use candle_nn::VarMap;

use super::card::{OverallMetric, RunExtent};
use super::checkpoint::RunState;
use super::control::Control;
use super::eta::Eta;
use super::features::Features;
use super::options::RunOptions;
use super::unfreezing::{Placing, Reach};
use super::{checkpoint, curves, event_file, history, preview, start, unfreezing};
use crate::model::manifest::Manifest;
use crate::network::Network;
use crate::training::batch::recipe::BatchRecipe;
use crate::training::batch::smote::{self, Blend};
use crate::training::config::{Config, Smote, memory, record};
use crate::training::data::dataset::Dataset;
use crate::training::data::load_dataset::load_dataset;
use crate::training::data::run_images;
use crate::training::data::split::{self, Split};
use crate::training::event::{Event, Finished, HistoryRow, Observer, Ready};
use crate::training::optim::class_weights;
use crate::training::optim::loss::Objective;
use crate::training::optim::lung_evidence::LungEvidence;
use crate::training::optim::optimizer::{Optimizer, Rule};
use crate::training::optim::parameters::{Parameters, Values};
use crate::training::optim::schedule::Plateau;
use crate::training::{Error, Result};

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub manifest: Manifest,
    pub extent: RunExtent,
    /// Metrics on validation of the model as a whole.
    pub overall: Vec<OverallMetric>,
    pub history: Vec<HistoryRow>,
    pub stopped_early: bool,
    /// By its [`Control`].
    pub stopped: bool,
}

/// Trains the model of `config`.
pub fn train(config: &Config, options: &RunOptions, observer: Observer<'_>, control: &Control) -> Result<Outcome> {
    let dataset = load_dataset(config, &options.data, options.limit, &options.device, observer)?;
    run(config, options, &dataset, observer, control)
}

/// Trains on images that are in memory already.
pub fn run(
    config: &Config,
    options: &RunOptions,
    dataset: &Dataset,
    observer: Observer<'_>,
    control: &Control,
) -> Result<Outcome> {
    memory::check(config, 0, &options.device)?;
    let mut run = Run::new(config, options, dataset, observer, control)?;
    if options.resume {
        run.resume()?;
    }
    record::write(&options.out, config)?;
    run_images::remember(&options.out, &options.data)?;
    run.epochs()?;
    let (model, epochs) = (options.model.clone(), config.epochs());
    let outcome = run.export()?;
    observer(Event::Finished(Finished {
        epoch: outcome.extent.epoch,
        epochs,
        stopped_early: outcome.stopped_early,
        stopped: outcome.stopped,
        model,
    }));
    Ok(outcome)
}

/// Trains with a learning rate that rises from step to step, as [`super::rate_finder`] asks for it;
/// the rate and the loss of every step. It ends where the loss is no number any more, or `enough`
/// of the losses so far.
pub(super) fn sweep(
    config: &Config,
    options: &RunOptions,
    rates: &[f64],
    enough: &dyn Fn(&[f64]) -> bool,
    observer: Observer<'_>,
    control: &Control,
) -> Result<Vec<(f64, f64)>> {
    let dataset = load_dataset(config, &options.data, options.limit, &options.device, observer)?;
    memory::check(config, 0, &options.device)?;
    Run::new(config, options, &dataset, observer, control)?.sweep(rates, enough)
}

struct Run<'a> {
    config: &'a Config,
    options: &'a RunOptions,
    dataset: &'a Dataset,
    observer: Observer<'a>,
    control: &'a Control,
    split: Split,
    /// Validation images that are shown after each epoch.
    shown: Vec<usize>,
    network: Network,
    parameters: Parameters,
    placing: Placing,
    /// What trains in this epoch.
    reach: Reach,
    /// Of a frozen backbone.
    features: Option<Features>,
    optimizer: Optimizer,
    objective: Objective,
    evidence: Option<LungEvidence>,
    /// Where weights are averaged.
    average: Option<Values>,
    best: Option<Values>,
    state: RunState,
    recipe: Arc<BatchRecipe>,
    blends: Vec<Blend>,
    stopped_early: bool,
}

impl<'a> Run<'a> {
    fn new(
        config: &'a Config,
        options: &'a RunOptions,
        dataset: &'a Dataset,
        observer: Observer<'a>,
        control: &'a Control,
    ) -> Result<Self> {
        let classes = config.labels.len();
        let split = split::make::of_run(config, &dataset.samples, &options.data, &options.out, options.resume)?;
        for remark in &split.remarks {
            observer(Event::Warning(remark.clone()));
        }
        split::split_file::write(&options.out.join(split::split_file::FILE), &dataset.samples, &split)?;
        let blends = match config.balance.smote {
            Smote::Pixels => {
                smote::on_pixels(&dataset.samples, &split.training, config.balance.neighbours, config.seed)
            }
            Smote::Off | Smote::Features => Vec::new(),
        };
        let vars = VarMap::new();
        let network =
            config.architecture.trainable(config.input.channels, classes, &vars, &options.device, config.seed)?;
        let parameters = Parameters::new(&vars);
        let placing = Placing::new(config, &network, &parameters)?;
        let reach = unfreezing::reach(config, &network, &placing, 0);
        if let Some(sentence) = start::take(config, &options.data, &parameters, &placing.frozen(&reach))? {
            observer(Event::Warning(sentence));
        }
        let truths: Vec<&[f32]> = split.training.iter().map(|&i| dataset.samples[i].truth.as_slice()).collect();
        let weights = class_weights::weights(config, &truths);
        let o = &config.optimization;
        Ok(Self {
            optimizer: Optimizer::new(&parameters, Rule::of(o), o.weight_decay, o.clip_norm),
            objective: Objective::of(o, config.head, weights),
            evidence: LungEvidence::of(config, &network, &parameters)?,
            average: if o.average_decay > 0.0 { Some(parameters.values()?) } else { None },
            best: None,
            state: RunState {
                epoch: 0,
                step: 0,
                best: None,
                history: Vec::new(),
                plateau: Plateau::default(),
                steps_of: Vec::new(),
                fingerprint: checkpoint::fingerprint(config, dataset.samples.len()),
            },
            recipe: BatchRecipe::of(config, dataset, &blends, config.size_at(0)),
            blends,
            stopped_early: false,
            config,
            options,
            dataset,
            observer,
            control,
            shown: preview::choose(dataset, &split.validation, classes, config.previews),
            split,
            network,
            parameters,
            placing,
            reach,
            features: None,
        })
    }

    fn resume(&mut self) -> Result<()> {
        let found = checkpoint::load(&self.options.out, &self.parameters, &mut self.optimizer)?;
        if found.state.fingerprint != self.state.fingerprint && !self.options.changed {
            return Err(Error::Checkpoint {
                path: self.options.out.join(checkpoint::FILE),
                reason: "configuration or data have changed since it was written; add --changed to go on from it all \
                         the same, or start again without --resume"
                    .into(),
            });
        }
        self.parameters.assign(&found.weights)?;
        let fingerprint = std::mem::take(&mut self.state.fingerprint);
        (self.average, self.best) = (found.average, found.best);
        self.state = RunState { fingerprint, ..found.state };
        // A run that was killed between its last epoch and its model has waited long enough
        // already.
        self.stopped_early = self.has_waited();
        Ok(())
    }

    fn epochs(&mut self) -> Result<()> {
        let epochs = self.config.epochs();
        (self.observer)(Event::Ready(Ready {
            name: self.config.name.clone(),
            labels: self.config.labels.iter().map(|l| l.name.clone()).collect(),
            training: self.split.training.len(),
            validation: self.split.validation.len(),
            weights: self.learnt(),
            epoch: self.state.epoch,
            epochs,
            history: self.state.history.clone(),
        }));
        event_file::begin(&self.options.out, &self.state.history)?;
        let mut eta = Eta::default();
        while self.state.epoch < epochs && !self.is_over() {
            let started = Instant::now();
            let size = self.config.size_at(self.state.epoch);
            if self.recipe.input.width != size {
                self.recipe = BatchRecipe::of(self.config, self.dataset, &self.blends, size);
            }
            self.reach = unfreezing::reach(self.config, &self.network, &self.placing, self.state.epoch);
            self.obtain_features()?;
            let pass = self.epoch(&mut eta)?;
            if pass.interrupted {
                // Back to the last whole epoch: what was begun after it is given up.
                if self.state.epoch > 0 {
                    self.resume()?;
                }
                break;
            }
            let (row, previews) = self.validate(&pass, started)?;
            self.state.epoch += 1;
            let o = &self.config.optimization;
            self.state.plateau.observe(row.validation_loss, o.plateau_patience, o.factor);
            let best = self.keep_if_best(&row)?;
            self.state.history.push(row);
            checkpoint::save(
                &self.options.out,
                &self.state,
                &self.parameters,
                self.average.as_ref(),
                self.best.as_ref(),
                &self.optimizer,
            )?;
            history::write_csv(&self.options.out.join(history::FILE), &self.state.history)?;
            history::write_json_lines(&self.options.out.join(history::LINES), &self.state.history)?;
            curves::write_png(&self.options.out.join("curves.png"), &self.state.history)?;
            let seconds_left = eta.seconds(self.work_left(0));
            if let Some(row) = self.state.history.last().cloned() {
                event_file::append(&self.options.out, &row)?;
                (self.observer)(Event::Epoch { row, best, seconds_left });
            }
            if !previews.is_empty() {
                (self.observer)(Event::Samples { epoch: self.state.epoch, samples: previews });
            }
        }
        if self.control.is_stopped() && self.state.epoch == 0 { Err(Error::Stopped) } else { Ok(()) }
    }

    fn is_over(&self) -> bool {
        self.stopped_early
            || self.control.is_stopped()
            || self.options.max_steps.is_some_and(|most| self.state.step >= most)
            || self.options.max_epochs.is_some_and(|most| self.state.epoch >= most)
    }

    fn diverged(&self, loss: f32) -> Error {
        let path = self.options.out.join(checkpoint::FILE);
        let kept = if path.exists() {
            format!("the state after its last good epoch is kept in {}", path.display())
        } else {
            "no epoch was finished, so nothing is kept".to_owned()
        };
        Error::Diverged { loss, step: self.state.step + 1, epoch: self.state.epoch + 1, kept }
    }
}
