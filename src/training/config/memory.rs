//! The memory that a run will need, estimated before it starts.
//!
//! A step keeps for its way back what the forward pass made: the output of each convolution, and
//! the input of each norm or, without norms, the output of each activation. The factors below were
//! fitted to the peaks of one step, which they exceed by a tenth to a double: the estimate is there
//! to refuse what cannot work, not to fill the machine to the last byte.
//!
//! | network, side, batch | measured | estimated |
//! |---|---|---|
//! | custom-cnn, 512², 8 | 1.20 GB | 1.9 GB |
//! | resnet18, 256², 8 | 0.43 GB | 0.9 GB |
//! | densenet121, 224², 4 | 0.75 GB | 1.1 GB |
//! | efficientnet-b0, 256², 8 | 1.14 GB | 1.3 GB |
//! | vgg16, 128², 4 | 4.28 GB | 4.6 GB |
//! | vit-s-16, 224², 4 | 0.84 GB | 1.6 GB |
//!
//! What it does not do: know the memory of a graphics card.

use candle_core::Device;

use super::{Config, Freeze};
use crate::limits;
use crate::memory::available;
use crate::network::activation_sizes::extent;
use crate::training::{Error, Result};

/// How often a step holds, at its peak, each value that is kept for the way back.
const KEPT: f64 = 1.7;
/// How often a pass without a way back holds the outputs of its largest stage.
const PASSING: f64 = 4.0;
/// How often the weights are held: themselves, gradients, two moments, running average, best, and
/// copies that are written.
const WEIGHTS: f64 = 7.5;
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
    let trained = if config.transfer.freeze == Freeze::Backbone {
        0.0
    } else {
        KEPT * (extent.outputs + extent.normed.max(extent.outputs)) * batch
    };
    Ok((PROGRAM + VALUE * (trained.max(passing) + WEIGHTS * extent.weights as f64)) as u64)
}

/// Bytes of so many images in memory: each at the model's size, and once more at the size of a
/// phase that has another.
#[must_use]
pub fn of_images(config: &Config, images: usize) -> u64 {
    let area = |side: usize| (side as u64).saturating_mul(side as u64);
    let other = config.phases.iter().map(|p| p.size).filter(|size| *size != config.input.width).max().unwrap_or(0);
    area(config.input.width).saturating_add(area(other)).saturating_mul(images as u64)
}

/// Refuses a run of `config` on so many images that has not enough memory.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn config(folder: &std::path::Path, architecture: &str, side: usize, batch: usize) -> Config {
        for class in ["a", "b"] {
            std::fs::create_dir_all(folder.join("images").join(class)).unwrap();
        }
        let text = format!(
            "size = {side}\n[data]\nfolders = [\"images\"]\n[architecture]\nfamily = \"{architecture}\"\n[optimization]\nbatch = {batch}\n"
        );
        let path = folder.join("run.toml");
        std::fs::write(&path, text).unwrap();
        Config::read(&path).unwrap()
    }

    #[test]
    fn the_estimate_is_above_what_was_measured_and_within_a_little_more_than_its_double() {
        let folder = tempfile::tempdir().unwrap();
        for (family, side, batch, measured) in [
            ("custom-cnn", 512, 8, 1.20),
            ("resnet18", 256, 8, 0.43),
            ("densenet121", 224, 4, 0.75),
            ("efficientnet-b0", 256, 8, 1.14),
            ("vgg16", 128, 4, 4.28),
            ("vit-s-16", 224, 4, 0.84),
        ] {
            let estimated = needed(&config(folder.path(), family, side, batch)).unwrap() as f64 / 1e9;
            assert!((1.0..2.2).contains(&(estimated / measured)), "{family}: {estimated} GB for {measured} GB");
        }
    }

    #[test]
    fn images_are_counted_at_every_size_that_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "custom-cnn", 2048, 16);
        assert_eq!(of_images(&config, 300_000), 300_000 << 22);
        let error = check(&config, 300_000, &Device::Cpu).unwrap_err().to_string();
        assert!(error.contains("GB of memory"), "{error}");
    }
}
