//! Making models: from folders of images to a model folder with manifest, weights and card.
//!
//! ```text
//! config ─► dataset ─► split ─► loader (augment, mix-up) ─► trainer ─► finish (temperature, thresholds) ─► produce
//!                                                       ▲  loss, schedule, optimizer, average
//!                                                       └── checkpoint
//! ```
//!
//! [`crossval`] runs it once for each fold, [`ablation`] once for each cell of a grid of configurations.
//!
//! Every random number is drawn from a stream named by seed, epoch and place ([`random`]), never from a running
//! generator. So a checkpoint needs no generator state, and a resumed run repeats an uninterrupted one to the bit.
//!
//! Nothing here prints: progress goes as [`event::Event`]s to a [`trainer::Observer`], wishes come by a [`control::Control`].

pub mod ablation;
pub mod audit;
pub mod augment;
pub mod balance;
mod calibration_part;
pub mod canvas;
pub mod checkpoint;
pub mod config;
pub mod control;
pub mod crossval;
pub mod curves;
pub mod data;
pub mod dataset;
pub mod elastic;
pub mod event;
pub mod features;
pub mod finish;
pub mod gate;
pub mod images;
pub mod intake;
pub mod journal;
pub mod loader;
pub mod loss;
pub mod memory;
pub mod optimizer;
mod pace;
pub mod parameters;
pub mod pixels;
pub mod population;
pub mod predict;
pub mod preview;
pub mod produce;
pub mod random;
pub mod sampling;
pub mod schedule;
pub mod sheet;
pub mod smote;
pub mod split;
pub mod split_file;
pub mod start;
pub mod stratify;
pub mod trainer;
pub mod truth;
pub mod unfreezing;
pub mod validation;
pub mod variants;

use std::path::PathBuf;

/// What can stop a training run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the configuration {path} cannot be used: {reason}")]
    Config { path: PathBuf, reason: String },
    #[error("{path} cannot be read: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} cannot be written ({reason}); free some space or choose another folder with --out, then --resume")]
    Write { path: PathBuf, reason: String },
    #[error("the data cannot be used: {0}")]
    Data(String),
    #[error("no labelled image was found: {0}")]
    NoImages(String),
    #[error("the data cannot be split: {0}")]
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
    #[error("the network could not be computed: {0}")]
    Network(#[from] candle_core::Error),
    #[error("the gate cannot be used: {0}")]
    Gate(#[from] crate::uncertainty::gate::GateError),
    #[error("the manifest could not be written: {0}")]
    Manifest(String),
    #[error("the curves could not be drawn: {0}")]
    Curves(String),
    #[error("the run was stopped before its first epoch was over, so it leaves no model; start it again")]
    Stopped,
    #[error("the picture could not be drawn: {0}")]
    Picture(String),
    #[error("the model that was made cannot be read again: {0}")]
    Model(#[source] Box<crate::network::registry::ModelError>),
    #[error("{path} holds no predictions: {reason}")]
    Predictions { path: PathBuf, reason: String },
    #[error("{folder} {reason}")]
    Occupied { folder: PathBuf, reason: String },
    #[error("{what} was stopped; add --resume to go on with what lies in {folder}")]
    Unfinished { what: String, folder: PathBuf },
    #[error("the grid {path} cannot be used: {reason}")]
    Grid { path: PathBuf, reason: String },
    #[error(
        "the run would need about {needed} of memory, and {available} are to be had; make `size` or `batch` smaller, or the \
         architecture narrower"
    )]
    Memory { needed: String, available: String },
    #[error("a loader thread stopped before its last batch")]
    Loader,
}

/// Result of training work.
pub type Result<T> = std::result::Result<T, Error>;
