//! The memory that a run will need, estimated before it starts.
//!
//! A step keeps for its way back what the forward pass made: for each output of a convolution its input to the norm and the output of the
//! activation, and for a while their gradients. The factors below were fitted to measured peaks and err on the side of more by up
//! to a half; the estimate is there to refuse what cannot work, not to fill the machine to the last byte.
//!
//! What it does not do: know the memory of a graphics card.

use candle_core::Device;

use super::config::{Config, Freeze};
use super::{Error, Result};
use crate::limits;
use crate::memory::available;
use crate::network::extent::extent;

/// How often a step holds each output of a convolution at its peak.
const KEPT: f64 = 3.0;
/// How often a pass without a way back holds the outputs of its largest stage.
const PASSING: f64 = 4.0;
/// How often the weights are held: themselves, gradients, two moments, running average, best, and a copy that is written.
const WEIGHTS: f64 = 7.0;
/// Bytes of a value.
const VALUE: f64 = 4.0;
/// The program itself.
const PROGRAM: f64 = 200e6;

/// Bytes that a run of `config` needs beside its images.
///
/// # Errors
/// When the architecture cannot be built.
pub fn needed(config: &Config) -> Result<u64> {
    let side = config.phases.iter().map(|p| p.size).chain([config.input.width]).max().unwrap_or(0);
    let extent = extent(&config.architecture, config.input.channels, config.labels.len(), side)
        .map_err(candle_core::Error::wrap)?;
    let batch = config.optimization.batch as f64;
    let passing = PASSING * extent.largest * batch;
    let trained = if config.transfer.freeze == Freeze::Backbone { 0.0 } else { KEPT * extent.values * batch };
    Ok((PROGRAM + VALUE * (trained.max(passing) + WEIGHTS * extent.weights as f64)) as u64)
}

/// Bytes of `images` pictures in memory: each at the model's size, and once more at the size of a phase that has another.
#[must_use]
pub fn of_images(config: &Config, images: usize) -> u64 {
    let area = |side: usize| (side as u64).saturating_mul(side as u64);
    let other = config.phases.iter().map(|p| p.size).filter(|size| *size != config.input.width).max().unwrap_or(0);
    area(config.input.width).saturating_add(area(other)).saturating_mul(images as u64)
}

/// Refuses a run of `config` on `images` pictures that has not enough memory.
///
/// # Errors
/// A sentence with both numbers.
pub fn check(config: &Config, images: usize, device: &Device) -> Result<()> {
    // What is computed on a graphics card needs its memory there, and only the images here.
    let step = if device.is_cpu() { needed(config)? } else { 0 };
    let needed = step.saturating_add(of_images(config, images));
    let there = available().unwrap_or(limits::TRAINING_BYTES).min(limits::TRAINING_BYTES);
    if needed > there { Err(Error::Memory { needed: gigabytes(needed), available: gigabytes(there) }) } else { Ok(()) }
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}
