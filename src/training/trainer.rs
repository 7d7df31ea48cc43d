//! The run: epochs of steps, validation with the averaged weights, a checkpoint after each epoch, and the model at the end.

mod measure;
mod supply;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use candle_core::Device;
use candle_nn::VarMap;
use rand::RngCore;

use super::calibration_part::CalibrationPart;
use super::checkpoint::{self, State};
use super::config::{Config, Criterion, Smote, record};
use super::control::Control;
use super::curves;
use super::dataset::Dataset;
use super::event::{Event, Finished, Ready, Step};
use super::features::Features;
use super::finish::{self, Overall};
use super::journal::{self, Row};
use super::loader::Recipe;
use super::loss::Objective;
use super::optimizer::Optimizer;
use super::pace::Pace;
use super::parameters::{Parameters, Values, average};
use super::preview;
use super::produce::{self, Extent};
use super::random::{Purpose, stream};
use super::schedule::{Plateau, Schedule};
use super::smote::{self, Blend};
use super::split::{self, Split};
use super::unfreezing::{self, Placing, Reach};
use super::{Error, Result, balance, images, intake, memory, population, split_file, start};
use crate::network::manifest::Manifest;
use crate::network::{Mode, Network};

/// Where a run reads and writes, and how far it goes.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder that the data folders and `start_from` of the configuration are relative to.
    pub data: PathBuf,
    /// Folder of checkpoint, log and curves.
    pub out: PathBuf,
    /// Folder of the finished model.
    pub model: PathBuf,
    pub resume: bool,
    /// Go on from a checkpoint of another configuration too, as long as its tensors fit.
    pub changed: bool,
    /// Stop after so many steps in all.
    pub max_steps: Option<u64>,
    /// Stop after so many epochs in all.
    pub max_epochs: Option<usize>,
    /// Use only about so many images.
    pub limit: Option<usize>,
    pub device: Device,
}

/// Is told of progress; decoding tells from several threads.
pub type Observer<'a> = &'a (dyn Fn(Event) + Sync);

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub manifest: Manifest,
    pub extent: Extent,
    /// Figures on validation of the model as a whole.
    pub overall: Vec<Overall>,
    pub history: Vec<Row>,
    pub stopped_early: bool,
    /// By its [`Control`].
    pub stopped: bool,
}

/// Trains the model of `config`.
pub fn train(config: &Config, options: &Options, observer: Observer<'_>, control: &Control) -> Result<Outcome> {
    let dataset = intake::read(config, &options.data, options.limit, &options.device, observer)?;
    run(config, options, &dataset, observer, control)
}

/// Trains on images that are in memory already.
pub fn run(
    config: &Config,
    options: &Options,
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
    run.epochs()?;
    let (model, epochs) = (options.model.clone(), config.epochs());
    let outcome = run.finish()?;
    observer(Event::Finished(Finished {
        epoch: outcome.extent.epoch,
        epochs,
        stopped_early: outcome.stopped_early,
        stopped: outcome.stopped,
        model,
    }));
    Ok(outcome)
}

/// What one pass over the training images came to.
#[derive(Default)]
struct Pass {
    training_loss: f64,
    learning_rate: f64,
    images: usize,
    images_per_second: f64,
    /// It was stopped before its end.
    interrupted: bool,
}

struct Run<'a> {
    config: &'a Config,
    options: &'a Options,
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
    /// Where weights are averaged.
    average: Option<Values>,
    best: Option<Values>,
    state: State,
    recipe: Arc<Recipe>,
    blends: Vec<Blend>,
    stopped_early: bool,
}

impl<'a> Run<'a> {
    fn new(
        config: &'a Config,
        options: &'a Options,
        dataset: &'a Dataset,
        observer: Observer<'a>,
        control: &'a Control,
    ) -> Result<Self> {
        let classes = config.labels.len();
        let split = split::of_run(config, &dataset.samples, options)?;
        for remark in &split.remarks {
            observer(Event::Warning(remark.clone()));
        }
        split_file::write(&options.out.join(split_file::FILE), &dataset.samples, &split)?;
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
        let weights = balance::weights(config, &truths);
        let o = &config.optimization;
        Ok(Self {
            optimizer: Optimizer::new(&parameters, o.rule(), o.weight_decay, o.clip_norm),
            objective: o.objective(config.head, weights),
            average: if o.average_decay > 0.0 { Some(parameters.values()?) } else { None },
            best: None,
            state: State {
                epoch: 0,
                step: 0,
                best: None,
                history: Vec::new(),
                plateau: Plateau::default(),
                steps_of: Vec::new(),
                fingerprint: checkpoint::fingerprint(config, dataset.samples.len()),
            },
            recipe: Recipe::of(config, dataset, &blends, config.size_at(0)),
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
        self.state = State { fingerprint, ..found.state };
        // A run that was killed between its last epoch and its model has waited long enough already.
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
        let mut pace = Pace::default();
        while self.state.epoch < epochs && !self.is_over() {
            let started = Instant::now();
            let size = self.config.size_at(self.state.epoch);
            if self.recipe.input.width != size {
                self.recipe = Recipe::of(self.config, self.dataset, &self.blends, size);
            }
            self.reach = unfreezing::reach(self.config, &self.network, &self.placing, self.state.epoch);
            self.obtain_features()?;
            let pass = self.epoch(&mut pace)?;
            if pass.interrupted {
                // Back to the last whole epoch: what was begun after it is given up.
                if self.state.epoch > 0 {
                    self.resume()?;
                }
                break;
            }
            let (row, readings) = self.validate(&pass, started)?;
            self.state.epoch += 1;
            let o = &self.config.optimization;
            self.state.plateau.judge(row.validation_loss, o.plateau_patience, o.factor);
            let best = self.judge(&row)?;
            self.state.history.push(row);
            checkpoint::save(
                &self.options.out,
                &self.state,
                &self.parameters,
                self.average.as_ref(),
                self.best.as_ref(),
                &self.optimizer,
            )?;
            journal::write_csv(&self.options.out.join(journal::FILE), &self.state.history)?;
            curves::write_png(&self.options.out.join("curves.png"), &self.state.history)?;
            let seconds_left = pace.seconds(self.work_left(0));
            if let Some(row) = self.state.history.last().cloned() {
                (self.observer)(Event::Epoch { row, best, seconds_left });
            }
            if !readings.is_empty() {
                (self.observer)(Event::Samples { epoch: self.state.epoch, samples: readings });
            }
        }
        if self.control.is_stopped() && self.state.epoch == 0 { Err(Error::Stopped) } else { Ok(()) }
    }

    /// One pass over the training images.
    fn epoch(&mut self, pace: &mut Pace) -> Result<Pass> {
        let (epoch, o) = (self.state.epoch, &self.config.optimization);
        let order = self.order();
        let steps = order.len();
        let schedule = self.schedule(steps);
        let mut supply = self.supply(order)?;
        let frozen = self.placing.stage_of.iter().map(|&stage| self.reach.shares[stage]);
        let shares: Vec<Option<f64>> = frozen.collect();
        let (started, mut rested) = (Instant::now(), Duration::ZERO);
        let (mut pass, mut sum, mut step) = (Pass::default(), 0.0, 0);
        while let Some(batch) = self.next_batch(&mut supply)? {
            rested += self.rest();
            if self.is_over() {
                pass.interrupted = self.control.is_stopped();
                break;
            }
            let seed = stream(self.config.seed, Purpose::Dropout, epoch, step).next_u64();
            let record = self.record(batch.n, batch.pixels, Mode::Training { seed })?;
            let loss = self.objective.loss(&record.logits, &batch.truth)?;
            let value = loss.value;
            if !value.is_finite() {
                return Err(self.diverged(value));
            }
            pass.learning_rate = schedule.rate(self.state.step);
            let rate = |i: usize| shares[i].map(|share| share * pass.learning_rate);
            let norm = self.optimizer.step(&self.parameters, &record.back(&loss.gradient)?, &rate)?;
            if !norm.is_finite() {
                return Err(self.diverged(norm as f32));
            }
            if let Some(mean) = &mut self.average {
                average(mean, &self.parameters, o.average_decay, self.state.step)?;
            }
            self.state.step += 1;
            step += 1;
            pass.images += batch.n;
            sum += f64::from(value) * batch.n as f64;
            let seconds = (started.elapsed().saturating_sub(rested)).as_secs_f64().max(1e-9);
            pace.add(batch.n, self.recipe.input.width, seconds);
            pass.images_per_second = pass.images as f64 / seconds;
            (self.observer)(Event::Step(Step {
                epoch: epoch + 1,
                epochs: self.config.epochs(),
                step,
                steps,
                loss: value,
                learning_rate: pass.learning_rate,
                images_per_second: pass.images_per_second,
                seconds_left: pace.seconds(self.work_left(pass.images)),
            }));
        }
        pace.end_of_epoch();
        pass.training_loss = sum / pass.images.max(1) as f64;
        Ok(pass)
    }

    /// Waits while the run is paused.
    fn rest(&self) -> Duration {
        let waited = self.control.wait(&|| (self.observer)(Event::Paused));
        if waited.is_some() && !self.control.is_stopped() {
            (self.observer)(Event::Resumed);
        }
        waited.unwrap_or_default()
    }

    /// Keeps the averaged weights when `row` is the best of the last phase; tells whether it is.
    fn judge(&mut self, row: &Row) -> Result<bool> {
        if row.epoch <= self.config.last_phase() {
            return Ok(false);
        }
        let figure = match self.config.optimization.criterion {
            Criterion::Loss => -row.validation_loss,
            Criterion::Auroc => row.mean_auroc(),
            Criterion::Last => row.epoch as f64,
        };
        if !figure.is_finite() {
            return Err(self.diverged(figure as f32));
        }
        let best = self.state.best.is_none_or(|(_, before)| figure > before);
        if best {
            self.state.best = Some((row.epoch, figure));
            self.best = Some(match &self.average {
                Some(mean) => mean.clone(),
                None => self.parameters.values()?,
            });
        }
        self.stopped_early = self.has_waited();
        Ok(best)
    }

    fn finish(self) -> Result<Outcome> {
        let epoch = self.state.best.map_or(self.state.epoch, |(epoch, _)| epoch);
        self.parameters.keep(self.best.as_ref().or(self.average.as_ref()), self.config.precision)?;
        self.settle(&Recipe::of(self.config, self.dataset, &self.blends, self.config.input.width))?;
        let weights = produce::weights(self.config, &self.parameters, &self.parameters.values()?)?;
        let network = produce::network(self.config, &weights, &self.options.device)?;
        let finish = finish::finish(self.config, &network, self.dataset, &self.split.validation, &self.options.device)?;
        let patient = |i: &usize| self.dataset.samples[*i].patient.as_str();
        let distinct = |side: &[usize]| side.iter().map(patient).collect::<std::collections::BTreeSet<_>>().len();
        let extent = Extent {
            training_images: self.split.training.len(),
            validation_images: self.split.validation.len(),
            training_patients: distinct(&self.split.training),
            validation_patients: distinct(&self.split.validation),
            epoch,
        };
        let (config, options) = (self.config, self.options);
        let trained = self.parameters.trained_values();
        let part = CalibrationPart::of(&self.split, &self.dataset.samples);
        let manifest = produce::write(&options.model, config, &weights, trained, &finish, extent, &part)?;
        images::write(&options.model, config, self.dataset, &self.split, &manifest.weights_sha256)?;
        let calibrated = produce::calibrate(&options.model, config, self.dataset, &part, &options.device);
        let calibrated = calibrated.map_err(|e| format!("The model has no calibration.toml: {e}"));
        let detector = population::leave(&options.model, config, self.dataset, &self.split, &options.device);
        let detector = detector.map_err(|e| format!("The model has no population detector: {e}"));
        for words in self.split.no_calibration.iter().cloned().chain(calibrated.err()).chain(detector.err()) {
            (self.observer)(Event::Warning(words));
        }
        Ok(Outcome {
            manifest,
            extent,
            overall: finish.overall,
            stopped_early: self.stopped_early,
            stopped: self.control.is_stopped() && self.state.epoch < self.config.epochs(),
            history: self.state.history,
        })
    }

    /// No better epoch came for as long as the configuration waits.
    fn has_waited(&self) -> bool {
        let patience = self.config.optimization.patience;
        patience > 0 && self.state.best.is_some_and(|(epoch, _)| self.state.epoch >= epoch + patience)
    }

    fn is_over(&self) -> bool {
        self.stopped_early
            || self.control.is_stopped()
            || self.options.max_steps.is_some_and(|most| self.state.step >= most)
            || self.options.max_epochs.is_some_and(|most| self.state.epoch >= most)
    }

    fn schedule(&self, steps_an_epoch: usize) -> Schedule {
        let o = &self.config.optimization;
        Schedule {
            kind: o.schedule,
            peak: o.learning_rate,
            warmup: o.warmup_epochs * steps_an_epoch as f64,
            steps: (steps_an_epoch * self.config.epochs()) as u64,
            steps_an_epoch: steps_an_epoch as u64,
            final_share: o.final_share,
            every: o.step_epochs,
            factor: o.factor,
            plateau: self.state.plateau.share,
        }
    }

    /// Pixels still to be trained on when `images` of the current epoch are done.
    fn work_left(&self, images: usize) -> f64 {
        let epoch = |e: usize| {
            let n = self.split.training.len();
            let n = if e == self.state.epoch { n.saturating_sub(images) } else { n };
            n as f64 * (self.config.size_at(e) as f64).powi(2)
        };
        (self.state.epoch..self.config.epochs()).map(epoch).sum()
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
