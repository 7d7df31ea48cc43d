//! The training of a segmenter's network: batches of drawn views, the way back recorded layer by
//! layer, `AdamW` on a cosine, a running average of the weights, a checkpoint after every epoch.

use std::path::Path;
use std::time::Instant;

use candle_core::{Device, Tensor};
use candle_nn::VarMap;
use rayon::prelude::*;

use super::augment::{TrainingView, plain};
use super::checkpoint::{self, State};
use super::config::SegmenterConfig;
use super::examples::SegmenterExamples;
use super::loss::loss;
use super::picture::Picture;
use super::split::RadiographPart;
use super::{EpochRow, SegmenterEvent, SegmenterObserver};
use crate::network::segmentation::SegmentationArchitecture;
use crate::network::{Mode, Network};
use crate::training::config::{Precision, ScheduleKind};
use crate::training::optim::average::average;
use crate::training::optim::optimizer::{Optimizer, Rule};
use crate::training::optim::parameters::Parameters;
use crate::training::optim::schedule::Schedule;
use crate::training::random::{Purpose, stream};
use crate::training::run_files::write_whole;
use crate::training::tensor_file::to_safetensors;
use crate::training::{Error, Result};

/// Part of the pixels that smooths soft Dice.
const SMOOTH: f32 = 0.01;
/// Global norm that gradients are scaled down to.
const CLIP: f64 = 5.0;
/// Steps over which the learning rate rises.
const WARMUP: f64 = 60.0;
/// Images that validate at a time.
const AT_ONCE: usize = 8;

/// Name of the table of epochs in the run's folder.
pub const HISTORY: &str = "history.csv";

/// Trains a network and gives the bytes of its weights, half precision.
///
/// With `resume` a training that was broken off goes on where its last epoch ended, with the numbers
/// that it would have had.
///
/// # Errors
/// When the folder holds another training, the loss is no number, or something cannot be written.
pub fn train(
    config: &SegmenterConfig,
    examples: &SegmenterExamples,
    folder: &Path,
    resume: bool,
    observer: SegmenterObserver<'_>,
) -> Result<Vec<u8>> {
    let device = Device::Cpu;
    let vars = VarMap::new();
    let network = config.architecture.trainable(1, &vars, &device, config.seed)?;
    let parameters = Parameters::new(&vars);
    let mut optimizer = Optimizer::new(&parameters, Rule::AdamW, config.weight_decay, CLIP);
    let fingerprint = checkpoint::fingerprint(config, examples.radiographs.len());
    let saved = checkpoint::load(folder, &fingerprint, &parameters, &mut optimizer);
    let (mut state, mut running, mut best) = match (saved, resume) {
        (Ok(Some(saved)), true) => (saved.state, saved.average, saved.best),
        (Err(error), true) => return Err(error),
        (Ok(None), _) => (State { fingerprint, ..State::default() }, parameters.values()?, None),
        (Ok(Some(_)) | Err(_), false) => {
            let reason = "holds a training already; add --resume to go on with it, or name another folder with --out";
            return Err(Error::Occupied { folder: folder.into(), reason: reason.into() });
        }
    };
    examples.write_split(config, folder)?;
    let steps = (config.images_per_epoch / config.batch).max(1);
    let schedule = Schedule {
        kind: ScheduleKind::Cosine,
        peak: config.learning_rate,
        warmup: WARMUP.min((steps * config.epochs) as f64 / 4.0),
        steps: (steps * config.epochs) as u64,
        steps_an_epoch: steps as u64,
        final_share: 0.01,
        every: 1,
        factor: 1.0,
        plateau: 1.0,
    };
    for epoch in state.epoch..config.epochs {
        let started = Instant::now();
        let mut sum = 0.0;
        for step in 0..steps {
            let number = (epoch * steps + step) as u64;
            let (x, target, known) = batch(config, examples, epoch, step, &device)?;
            let pass = network.record(0, &x, Mode::Training { seed: number }, false)?;
            let smooth = SMOOTH * (target.len() / config.batch) as f32;
            let found = loss(&pass.logits, &target, &known, smooth)?;
            if !found.value.is_finite() {
                let kept = if epoch > 0 { "the checkpoint of the epoch before is kept" } else { "nothing is kept" };
                return Err(Error::Diverged { loss: found.value, step: number, epoch: epoch + 1, kept: kept.into() });
            }
            let rate = schedule.rate(number);
            optimizer.step(&parameters, &pass.back(&found.gradient)?, &|_| Some(rate))?;
            average(&mut running, &parameters, config.average_decay, number + 1)?;
            sum += f64::from(found.value);
        }
        let seconds = started.elapsed().as_secs_f64();
        let own = parameters.values()?;
        parameters.assign(&running)?;
        let dice = validation_dice(config, examples, &network, &device)?;
        parameters.assign(&own)?;
        if state.best.is_none_or(|(_, before)| dice >= before) {
            state.best = Some((epoch + 1, dice));
            best = Some(running.clone());
        }
        let row = EpochRow {
            epoch: epoch + 1,
            epochs: config.epochs,
            loss: sum / steps as f64,
            dice,
            images_per_second: (steps * config.batch) as f64 / seconds,
            seconds_left: started.elapsed().as_secs_f64() * (config.epochs - epoch - 1) as f64,
        };
        state.epoch = epoch + 1;
        state.history.push(row);
        checkpoint::save(folder, &state, &parameters, &running, best.as_ref(), &optimizer)?;
        write_history(folder, &state.history)?;
        observer(SegmenterEvent::Epoch(row));
    }
    parameters.keep(best.as_ref(), Precision::F16)?;
    bytes_of(&parameters)
}

/// The bytes of a weights file, kernels in half precision.
fn bytes_of(parameters: &Parameters) -> Result<Vec<u8>> {
    let values = parameters.values()?;
    let tensors: Vec<(String, Vec<usize>, &[f32])> =
        parameters.iter().zip(&values).map(|(p, v)| (p.name.clone(), p.var.dims().to_vec(), v.as_slice())).collect();
    to_safetensors(&tensors, None, Precision::F16).map_err(|e| Error::Manifest(e.to_string()))
}

/// Images, coverage and what is known of a step.
fn batch(
    config: &SegmenterConfig,
    examples: &SegmenterExamples,
    epoch: usize,
    step: usize,
    device: &Device,
) -> Result<(Tensor, Vec<f32>, Vec<f32>)> {
    let (side, n) = (config.side, config.batch);
    let views: Vec<TrainingView> = (0..n)
        .into_par_iter()
        .map(|i| examples.draw(side, &mut stream(config.seed, Purpose::Augment, epoch, step * n + i)))
        .collect();
    stacked(&views, side, device)
}

fn stacked(views: &[TrainingView], side: usize, device: &Device) -> Result<(Tensor, Vec<f32>, Vec<f32>)> {
    let all = |of: fn(&TrainingView) -> &[f32]| views.iter().flat_map(of).copied().collect::<Vec<f32>>();
    let x = Tensor::from_vec(all(|view| &view.input), (views.len(), 1, side, side), device)?;
    Ok((x, all(|view| &view.target), all(|view| &view.known)))
}

/// Mean Dice on the radiographs that validate, one view, at the grid of the logits.
fn validation_dice(
    config: &SegmenterConfig,
    examples: &SegmenterExamples,
    network: &Network,
    device: &Device,
) -> Result<f64> {
    let pictures: Vec<&Picture> =
        examples.of(RadiographPart::Validation).map(|radiograph| &radiograph.picture).collect();
    let half = SegmentationArchitecture::logits_side(config.side);
    let mut found = Vec::with_capacity(pictures.len());
    for some in pictures.chunks(AT_ONCE) {
        let views: Vec<TrainingView> = some.par_iter().map(|picture| plain(picture, config.side)).collect();
        let (x, target, known) = stacked(&views, config.side, device)?;
        let logits = network.forward(&x, Mode::Inference)?.flatten_all()?.to_vec1::<f32>()?;
        let images =
            logits.chunks_exact(half * half).zip(target.chunks_exact(half * half).zip(known.chunks_exact(half * half)));
        found.extend(images.map(|(z, (t, known))| {
            let pixels = z.iter().zip(t).zip(known).filter(|(_, known)| **known > 0.0);
            let (mut shared, mut both) = (0.0, 0.0);
            for ((z, t), _) in pixels {
                let (inside, lung) = (*z > 0.0, *t > 0.5);
                shared += f64::from(u8::from(inside && lung));
                both += f64::from(u8::from(inside) + u8::from(lung));
            }
            if both > 0.0 { 2.0 * shared / both } else { 1.0 }
        }));
    }
    Ok(found.iter().sum::<f64>() / found.len().max(1) as f64)
}

fn write_history(folder: &Path, history: &[EpochRow]) -> Result<()> {
    let path = folder.join(HISTORY);
    let refuse = |e: &dyn std::fmt::Display| Error::Write { path: path.clone(), reason: e.to_string() };
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["epoch", "loss", "validation_dice", "images_per_second"]).map_err(|e| refuse(&e))?;
    for row in history {
        let values = [row.loss, row.dice, row.images_per_second].map(|v| format!("{v:.5}"));
        let [loss, dice, pace] = &values;
        table.write_record([&row.epoch.to_string(), loss, dice, pace]).map_err(|e| refuse(&e))?;
    }
    write_whole(&path, &table.into_inner().map_err(|e| refuse(&e))?)
}
