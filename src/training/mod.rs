//! Making models: from folders of images to a model folder with manifest, weights and card.
//!
//! ```text
//! config ─► data ─► batch ─► optim ─► run ─► experiments
//!                               └─► gate, population ─► run
//! ```
//!
//! | folder | what it does |
//! |---|---|
//! | [`config`] | everything that decides a run, checked before it begins |
//! | [`data`] | images are listed, decoded, audited, and split by patient |
//! | [`batch`] | from samples to tensors: order, augmentation, mix-up, loader threads |
//! | [`optim`] | loss, class weights, schedule, optimizer, running average |
//! | [`gate`], [`population`] | the two small networks that stand beside a model; a run leaves a population detector |
//! | [`run`] | the trainer, its checkpoint and history, and the model that it exports |
//! | [`experiments`] | runs of runs: a fold each ([`experiments::crossval`]), a cell of a grid each ([`experiments::ablation`]) |
//!
//! Each folder uses those to its left. Every random number is drawn from a stream named by seed,
//! epoch and place ([`random`]), never from a running generator. So a checkpoint needs no generator
//! state, and a resumed run repeats an uninterrupted one to the bit.
//!
//! Nothing here prints: progress goes as [`event::Event`]s to an [`event::Observer`], requests to
//! pause or stop come by a [`run::control::Control`].

pub mod batch;
pub mod config;
pub mod data;
pub mod event;
pub mod experiments;
pub mod gate;
pub mod population;
pub mod run;
pub mod segmenter;

mod error;
mod jpeg;
mod optim;
mod random;
mod run_files;
mod tensor_file;

pub use error::{Error, Result};
