//! What a run tells those who watch it. Events own what they carry, so that a viewer can keep them.

use std::path::PathBuf;

use super::journal::Row;
use crate::explain::Attribution;
use crate::imaging::Plane;

/// A piece of news. Epochs count from 1 wherever they are shown.
#[derive(Clone, Debug)]
pub enum Event {
    /// Images are read, from several threads.
    Decoded {
        done: usize,
        total: usize,
    },
    /// The features of a frozen backbone are computed.
    Features {
        done: usize,
        total: usize,
    },
    Warning(String),
    /// The run is about to begin, or to go on from a checkpoint.
    Ready(Ready),
    /// A step was taken.
    Step(Step),
    /// An epoch is done, validated and saved.
    Epoch {
        row: Row,
        best: bool,
        seconds_left: f64,
    },
    /// What the network makes of a few validation images, always the same ones, after an epoch.
    Samples {
        epoch: usize,
        samples: Vec<Reading>,
    },
    Paused,
    Resumed,
    /// The model is written. (A run that fails returns its error instead.)
    Finished(Finished),
}

/// How large a run is, and how far it is already.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Name of the model that is made.
    pub name: String,
    pub labels: Vec<String>,
    /// Images.
    pub training: usize,
    pub validation: usize,
    /// Values that are learnt.
    pub weights: usize,
    /// Epochs done.
    pub epoch: usize,
    pub epochs: usize,
    /// The epochs done, when the run goes on from a checkpoint.
    pub history: Vec<Row>,
}

/// One step of the optimizer.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub epoch: usize,
    pub epochs: usize,
    /// Within the epoch, from 1.
    pub step: usize,
    pub steps: usize,
    pub loss: f32,
    pub learning_rate: f64,
    /// Mean of the epoch so far, pauses left out.
    pub images_per_second: f64,
    /// To the end of the last epoch.
    pub seconds_left: f64,
}

/// A validation image with what the network makes of it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// File name.
    pub name: String,
    /// The picture, grey values 0–1, at most [`super::preview::SIDE`] pixels a side.
    pub thumbnail: Plane,
    /// One value a label: 1 present, 0 absent, NaN unknown.
    pub truth: Vec<f32>,
    /// One value a label, before calibration.
    pub probabilities: Vec<f32>,
    /// Number of the label with the highest probability.
    pub predicted: usize,
    /// Grad-CAM of the predicted label at the configuration's target layer, if it could be made.
    pub heat_map: Option<Attribution>,
}

/// What a run left.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Epoch whose weights the model has.
    pub epoch: usize,
    pub epochs: usize,
    /// No better epoch came for as long as the configuration waits.
    pub stopped_early: bool,
    /// Somebody stopped it.
    pub stopped: bool,
    /// Folder of the model.
    pub model: PathBuf,
}
