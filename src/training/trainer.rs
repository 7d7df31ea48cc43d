//! The run: epochs of steps, validation with the averaged weights, a checkpoint after each epoch, and the model at the end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use candle_core::{Device, Tensor};
use candle_nn::VarMap;
use rand::RngCore;

use super::checkpoint::{self, State};
use super::config::{Config, Criterion};
use super::curves;
use super::dataset::{self, Dataset};
use super::finish;
use super::journal::{self, Row};
use super::loader::{Loader, Recipe};
use super::loss::cross_entropy;
use super::optimizer::AdamW;
use super::parameters::{Parameters, Values, average};
use super::produce::{self, Extent};
use super::random::{Purpose, stream};
use super::schedule::Schedule;
use super::split::{self, Split};
use super::validation::{self, Scores, summed, targets};
use super::{Error, Result, balance, truth};
use crate::evaluation::roc::auroc;
use crate::network::manifest::{Input, Manifest};
use crate::network::{Mode, Network, resnet};

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
    /// Use only about so many images.
    pub limit: Option<usize>,
    pub device: Device,
}

/// What an observer is told.
pub enum Event<'a> {
    Decoded {
        done: usize,
        total: usize,
    },
    Warning(String),
    /// The run is about to begin, or to go on.
    Ready {
        training: usize,
        validation: usize,
        weights: usize,
        epoch: usize,
        epochs: usize,
    },
    Step {
        epoch: usize,
        epochs: usize,
        step: usize,
        steps: usize,
        loss: f32,
        images_per_second: f64,
        seconds_left: f64,
    },
    Epoch {
        row: &'a Row,
        best: bool,
        seconds_left: f64,
    },
}

/// Is told of progress; decoding tells from several threads.
pub type Observer<'a> = &'a (dyn Fn(Event<'_>) + Sync);

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub manifest: Manifest,
    pub extent: Extent,
    /// Share of validation images whose highest class is the true one, with its interval.
    pub accuracy: Option<[f64; 3]>,
    pub history: Vec<Row>,
    pub stopped_early: bool,
}

/// Trains the model of `config`.
pub fn train(config: &Config, options: &Options, observer: Observer<'_>) -> Result<Outcome> {
    let (files, warnings) = dataset::list(config, &options.data, options.limit)?;
    let total = files.len();
    let threads = config.optimization.loader_threads;
    let progress = |done| observer(Event::Decoded { done, total });
    let dataset = dataset::decode(&files, warnings, &config.input, threads, &progress)?;
    for w in dataset.warnings.iter().take(20) {
        observer(Event::Warning(format!("{} was left out: {}", w.path.display(), w.reason)));
    }
    if dataset.warnings.len() > 20 {
        observer(Event::Warning(format!("{} files were left out in all", dataset.warnings.len())));
    }
    run(config, options, &dataset, observer)
}

/// Trains on images that are in memory already.
pub fn run(config: &Config, options: &Options, dataset: &Dataset, observer: Observer<'_>) -> Result<Outcome> {
    let mut run = Run::new(config, options, dataset, observer)?;
    if options.resume {
        run.resume()?;
    }
    run.epochs()?;
    run.finish()
}

struct Run<'a> {
    config: &'a Config,
    options: &'a Options,
    dataset: &'a Dataset,
    observer: Observer<'a>,
    split: Split,
    network: Network,
    parameters: Parameters,
    optimizer: AdamW,
    class_weights: Tensor,
    average: Values,
    best: Option<Values>,
    state: State,
    recipe: Arc<Recipe>,
    stopped_early: bool,
}

impl<'a> Run<'a> {
    fn new(config: &'a Config, options: &'a Options, dataset: &'a Dataset, observer: Observer<'a>) -> Result<Self> {
        let classes = config.labels.len();
        let data = &config.data;
        let split = split::by_patient(&dataset.samples, classes, data.validation, data.fold, config.seed)?;
        let vars = VarMap::new();
        let network = resnet::trainable(
            &config.architecture,
            config.input.channels,
            classes,
            &vars,
            &options.device,
            config.seed,
        )?;
        let parameters = Parameters::new(&vars);
        if let Some(start) = &config.optimization.start_from {
            let path = options.data.join(start);
            let source = candle_core::safetensors::load(&path, &options.device)?;
            let taken = parameters.take_from(&source)?;
            observer(Event::Warning(format!("{taken} of {} tensors start from {}", parameters.len(), path.display())));
        }
        let mut counts = vec![0; classes];
        for &i in &split.training {
            for k in truth::present(&dataset.samples[i].truth) {
                counts[k] += 1;
            }
        }
        let weights = balance::class_weights(config.optimization.class_weights, &counts);
        let o = &config.optimization;
        Ok(Self {
            optimizer: AdamW::new(&parameters, o.weight_decay, o.clip_norm),
            class_weights: Tensor::from_vec(weights, classes, &options.device)?,
            average: parameters.values()?,
            best: None,
            state: State {
                epoch: 0,
                step: 0,
                best: None,
                history: Vec::new(),
                fingerprint: checkpoint::fingerprint(config, dataset.samples.len()),
            },
            recipe: recipe(config, dataset, config.size_at(0)),
            stopped_early: false,
            config,
            options,
            dataset,
            observer,
            split,
            network,
            parameters,
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
        Ok(())
    }

    fn epochs(&mut self) -> Result<()> {
        let epochs = self.config.epochs();
        (self.observer)(Event::Ready {
            training: self.split.training.len(),
            validation: self.split.validation.len(),
            weights: self.parameters.trained_values(),
            epoch: self.state.epoch,
            epochs,
        });
        let mut pace = Pace::default();
        while self.state.epoch < epochs && !self.is_over() {
            let started = Instant::now();
            let size = self.config.size_at(self.state.epoch);
            if self.recipe.input.width != size {
                self.recipe = recipe(self.config, self.dataset, size);
            }
            let (training_loss, learning_rate, images_per_second) = self.epoch(&mut pace)?;
            let row = self.validate(training_loss, learning_rate, images_per_second, started)?;
            self.state.epoch += 1;
            let best = self.judge(&row)?;
            self.state.history.push(row);
            checkpoint::save(
                &self.options.out,
                &self.state,
                &self.parameters,
                &self.average,
                self.best.as_ref(),
                &self.optimizer,
            )?;
            journal::write_csv(&self.options.out.join("log.csv"), &self.state.history)?;
            curves::write_png(&self.options.out.join("curves.png"), &self.state.history)?;
            let seconds_left = pace.seconds(self.work_left(0));
            if let Some(row) = self.state.history.last() {
                (self.observer)(Event::Epoch { row, best, seconds_left });
            }
        }
        Ok(())
    }

    /// One pass over the training images; returns mean loss, last learning rate, images per second.
    fn epoch(&mut self, pace: &mut Pace) -> Result<(f64, f64, f64)> {
        let (epoch, o) = (self.state.epoch, &self.config.optimization);
        let order = self.recipe.order(&self.split.training, epoch);
        let steps = order.len();
        let schedule = self.schedule(steps);
        let mut loader = Loader::start(&self.recipe, order, epoch, o.loader_threads)?;
        let started = Instant::now();
        let (mut sum, mut images, mut rate, mut step) = (0.0, 0, 0.0, 0);
        while let Some(batch) = loader.next_batch()? {
            if self.is_over() {
                break;
            }
            let device = &self.options.device;
            let shape = (batch.n, 1, self.recipe.input.height, self.recipe.input.width);
            let x = Tensor::from_vec(batch.pixels, shape, device)?;
            let truth = Tensor::from_vec(batch.truth, (batch.n, self.recipe.classes), device)?;
            let seed = stream(self.config.seed, Purpose::Dropout, epoch, step).next_u64();
            let logits = self.network.forward(&x, Mode::Training { seed })?;
            let loss = cross_entropy(&logits, &truth, &self.class_weights, o.label_smoothing)?;
            let value = loss.to_scalar::<f32>()?;
            if !value.is_finite() {
                return Err(self.diverged(value));
            }
            rate = schedule.rate(self.state.step);
            let norm = self.optimizer.step(&self.parameters, &loss.backward()?, rate)?;
            if !norm.is_finite() {
                return Err(self.diverged(norm as f32));
            }
            average(&mut self.average, &self.parameters, o.average_decay, self.state.step)?;
            self.state.step += 1;
            step += 1;
            images += batch.n;
            sum += f64::from(value) * batch.n as f64;
            pace.add(batch.n, self.recipe.input.width, started.elapsed().as_secs_f64());
            (self.observer)(Event::Step {
                epoch: epoch + 1,
                epochs: self.config.epochs(),
                step,
                steps,
                loss: value,
                images_per_second: images as f64 / started.elapsed().as_secs_f64(),
                seconds_left: pace.seconds(self.work_left(images)),
            });
        }
        pace.end_of_epoch();
        let seconds = started.elapsed().as_secs_f64().max(1e-9);
        Ok((sum / images.max(1) as f64, rate, images as f64 / seconds))
    }

    /// Validates the averaged weights (or the weights, without an average) at the size of the phase.
    fn validate(&mut self, training_loss: f64, learning_rate: f64, speed: f64, started: Instant) -> Result<Row> {
        let own = self.parameters.values()?;
        self.parameters.assign(&self.average)?;
        let scores = self.score(&self.recipe)?;
        self.parameters.assign(&own)?;
        let probabilities = scores.probabilities(1.0);
        let area = |(name, members): (String, Vec<usize>)| {
            (name, auroc(&summed(&probabilities, &members), &scores.positive(&members)))
        };
        Ok(Row {
            epoch: self.state.epoch + 1,
            size: self.recipe.input.width,
            learning_rate,
            training_loss,
            validation_loss: scores.loss(1.0),
            accuracy: scores.accuracy(),
            auroc: targets(self.config).into_iter().map(area).collect(),
            images_per_second: speed,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    /// Settles the norms of the weights at hand, and runs them on the validation images.
    fn score(&self, recipe: &Recipe) -> Result<Scores> {
        let mut batches = recipe.order(&self.split.training, 0);
        batches.truncate(self.config.optimization.norm_batches);
        validation::settle_norms(&self.network, recipe, &batches, &self.options.device)?;
        validation::score(&self.network, recipe, &self.split.validation, &self.options.device)
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
            self.best = Some(self.average.clone());
        }
        let patience = self.config.optimization.patience;
        if let Some((epoch, _)) = self.state.best {
            self.stopped_early = patience > 0 && row.epoch - epoch >= patience;
        }
        Ok(best)
    }

    fn finish(self) -> Result<Outcome> {
        let epoch = self.state.best.map_or(self.state.epoch, |(epoch, _)| epoch);
        self.parameters.assign(self.best.as_ref().unwrap_or(&self.average))?;
        let recipe = recipe(self.config, self.dataset, self.config.input.width);
        let scores = self.score(&recipe)?;
        let values = self.parameters.values()?;
        let patient = |i: &usize| self.dataset.samples[*i].patient.as_str();
        let patients: Vec<&str> = self.split.validation.iter().map(patient).collect();
        let finish = finish::finish(self.config, &scores, &patients);
        let distinct = |side: &[usize]| side.iter().map(patient).collect::<std::collections::BTreeSet<_>>().len();
        let extent = Extent {
            training_images: self.split.training.len(),
            validation_images: self.split.validation.len(),
            training_patients: distinct(&self.split.training),
            validation_patients: distinct(&self.split.validation),
            epoch,
        };
        let manifest = produce::write(&self.options.model, self.config, &self.parameters, &values, &finish, extent)?;
        Ok(Outcome {
            manifest,
            extent,
            accuracy: finish.accuracy,
            history: self.state.history,
            stopped_early: self.stopped_early,
        })
    }

    fn is_over(&self) -> bool {
        self.stopped_early || self.options.max_steps.is_some_and(|most| self.state.step >= most)
    }

    fn schedule(&self, steps_an_epoch: usize) -> Schedule {
        let o = &self.config.optimization;
        Schedule {
            kind: o.schedule,
            peak: o.learning_rate,
            warmup: o.warmup_epochs * steps_an_epoch as f64,
            steps: (steps_an_epoch * self.config.epochs()) as u64,
            final_share: o.final_share,
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

/// Pixels a second, for the time left: work is in proportion to images × size².
#[derive(Default)]
struct Pace {
    pixels: f64,
    seconds: f64,
    before: f64,
}

impl Pace {
    fn add(&mut self, images: usize, size: usize, seconds_of_epoch: f64) {
        self.pixels += images as f64 * (size as f64).powi(2);
        self.seconds = self.before + seconds_of_epoch;
    }

    fn end_of_epoch(&mut self) {
        self.before = self.seconds;
    }

    fn seconds(&self, pixels: f64) -> f64 {
        if self.pixels > 0.0 { pixels * self.seconds / self.pixels } else { 0.0 }
    }
}

fn recipe(config: &Config, dataset: &Dataset, size: usize) -> Arc<Recipe> {
    Arc::new(Recipe {
        pictures: dataset.at_size(size, &config.input),
        truth: dataset.samples.iter().map(|s| s.truth.clone()).collect(),
        classes: config.labels.len(),
        input: Input { width: size, height: size, ..config.input.clone() },
        augment: config.augment.clone(),
        batch: config.optimization.batch,
        seed: config.seed,
    })
}
