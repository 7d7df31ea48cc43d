//! What a run tells those who watch it. Events own what they carry, so that a viewer can keep them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::explain::Attribution;
use crate::imaging::Plane;

/// Is given every event; decoding sends them from several threads.
pub type Observer<'a> = &'a (dyn Fn(Event) + Sync);

/// Something that happened in a run. Epochs count from 1 wherever they are shown.
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
    /// The images that a gate learns from, is validated on, and refuses.
    GateImages {
        wanted: usize,
        validation: usize,
        others: usize,
    },
    /// A small network (of a gate, of a population detector) is fitted: epochs or steps done, mean
    /// loss since the last word.
    Fitting {
        done: usize,
        of: usize,
        loss: f64,
        images_per_second: f64,
    },
    Warning(String),
    /// The run is about to begin, or to go on from a checkpoint.
    Ready(Ready),
    /// A step was taken.
    Step(StepProgress),
    /// An epoch is done, validated and saved.
    Epoch {
        row: HistoryRow,
        best: bool,
        seconds_left: f64,
    },
    /// What the network makes of a few validation images, always the same ones, after an epoch.
    Samples {
        epoch: usize,
        samples: Vec<ImagePreview>,
    },
    Paused,
    Resumed,
    /// The model is written. (A run that fails returns its error instead.)
    Finished(Finished),
}

/// What came of an epoch: a row of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// From 1.
    pub epoch: usize,
    /// Image size of the phase.
    pub size: usize,
    pub learning_rate: f64,
    pub training_loss: f64,
    pub validation_loss: f64,
    pub accuracy: f64,
    /// AUROC of each label and group, by name; absent where validation has one side only.
    pub auroc: Vec<(String, Option<f64>)>,
    pub images_per_second: f64,
    pub seconds: f64,
}

impl HistoryRow {
    /// Mean AUROC of labels and groups.
    pub fn mean_auroc(&self) -> f64 {
        let known: Vec<f64> = self.auroc.iter().filter_map(|(_, v)| *v).collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    }
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
    pub history: Vec<HistoryRow>,
}

/// One step of the optimizer.
#[derive(Clone, Copy, Debug)]
pub struct StepProgress {
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
pub struct ImagePreview {
    /// File name.
    pub name: String,
    /// The image, grey values 0–1, at most [`super::run::preview::SIDE`] pixels a side.
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
