//! Labelled images in memory, kept as [`Pixels`] at the model's size.
//!
//! As pixels are in memory before the first step, a file that becomes unreadable in the middle of a
//! run does not touch it.

use super::pixels::Pixels;
use super::sample::Sample;
use crate::model::manifest::Input;
use crate::study::Warning;
use crate::study::patients::Recognition;

/// All images of a run, in the order of their paths.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    pub samples: Vec<Sample>,
    pub warnings: Vec<Warning>,
}

impl Dataset {
    /// How the patients were recognised, and what follows where none was, in sentences.
    pub fn patients(&self) -> Vec<String> {
        let recognition: Recognition = self.samples.iter().map(|s| s.recognised_by).collect();
        let how = "name a pattern with `patient` under [data], or a column of the table";
        [Some(recognition.sentence()), recognition.warning(how)].into_iter().flatten().collect()
    }

    /// The images at another size, for a phase of training.
    pub fn at_size(&self, size: usize, input: &Input) -> Vec<Pixels> {
        use rayon::prelude::*;
        self.samples.par_iter().map(|s| s.pixels.resized(input.resize, size, size)).collect()
    }
}
