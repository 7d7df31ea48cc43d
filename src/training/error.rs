//! What can stop training work, in sentences that say what to do about it.

use std::path::PathBuf;

use crate::printable::shortened;

/// What can stop a training run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the configuration {path} cannot be used: {}", shortened(reason))]
    Config { path: PathBuf, reason: String },
    #[error("{path} cannot be read: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} cannot be written ({reason}); free some space or choose another folder with --out, then --resume")]
    Write { path: PathBuf, reason: String },
    #[error("the data cannot be used: {}", shortened(.0))]
    Data(String),
    #[error("no labelled image was found: {}", shortened(.0))]
    NoImages(String),
    #[error("the data cannot be split: {}", shortened(.0))]
    Split(String),
    #[error(
        "the loss became {loss} at step {step} of epoch {epoch}, so the run was stopped; {kept}. \
         Lower the learning rate, or clip the gradients, and start it again"
    )]
    Diverged { loss: f32, step: u64, epoch: usize, kept: String },
    #[error("the checkpoint {path} does not fit this run: {reason}")]
    Checkpoint { path: PathBuf, reason: String },
    #[error("the run cannot start from {from}: {reason}")]
    Start { from: String, reason: String },
    #[error("{} is the folder of no run: there is no {}", .folder.display(), .missing.file_name().unwrap_or_default().display())]
    NoRun { folder: PathBuf, missing: PathBuf },
    #[error("the run in {} does not remember where its data lay; name their folder, too", .folder.display())]
    NoRoot { folder: PathBuf },
    #[error("the data of the run lay in {}, which is not there; name the folder that they lie in now", .root.display())]
    DataMoved { root: PathBuf },
    #[error(
        "the {part} part of the run is empty{}",
        if *.wanted > 0 { format!(": none of its {} images is there any more", .wanted) } else { format!("; `{part} = 0.2` under [data] sets one apart") }
    )]
    EmptyPart { part: &'static str, wanted: usize },
    #[error("the network could not be computed: {0}")]
    Network(#[from] candle_core::Error),
    #[error("the gate cannot be used: {0}")]
    Gate(#[from] crate::model::gate::GateError),
    #[error("the lung segmenter cannot be used: {0}")]
    Segmenter(#[from] crate::model::lungs::SegmenterError),
    #[error("the manifest could not be written: {0}")]
    Manifest(String),
    #[error("the run was stopped before its first epoch was over, so it leaves no model; start it again")]
    Stopped,
    #[error("the figure could not be drawn: {0}")]
    Figure(#[from] crate::figures::FigureError),
    #[error("the model that was made cannot be read again: {0}")]
    Model(#[source] Box<crate::model::registry::ModelError>),
    #[error("{path} holds no predictions: {reason}")]
    Predictions { path: PathBuf, reason: String },
    #[error("{folder} {reason}")]
    Occupied { folder: PathBuf, reason: String },
    #[error("{what} was stopped; add --resume to go on with what lies in {folder}")]
    Unfinished { what: String, folder: PathBuf },
    #[error("the grid {path} cannot be used: {}", shortened(reason))]
    Grid { path: PathBuf, reason: String },
    #[error(
        "the run would need about {needed} of memory, and {available} are to be had; make `size` or `batch` smaller, or the \
         architecture narrower"
    )]
    Memory { needed: String, available: String },
    #[error(
        "no learning rate made the loss fall; look whether labels and images belong together, or give it more images (`batch`, \
         --limit)"
    )]
    NoRate,
    #[error("a loader thread stopped before its last batch")]
    Loader,
}

/// Result of training work.
pub type Result<T> = std::result::Result<T, Error>;
