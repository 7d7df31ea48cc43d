//! Training of the lung segmenter ([`crate::model::lungs`]).
//!
//! Radiographs with a reader's masks, apart by patient, are seen in many [views](augment); phantoms, whose
//! masks are exact, and images [without lungs](examples) stand between them, so that the network
//! learns where there is nothing to find. The loss is binary cross-entropy plus one minus soft Dice
//! ([`loss`]). After the last epoch the images that validate, of other patients, give the threshold
//! of the expected Dice ([`settle`]), and those held out tell how well it outlines ([`measure`]).

pub mod config;
pub mod examples;
pub mod measure;
pub mod settle;
pub mod split;
pub mod train;

mod augment;
mod checkpoint;
mod loss;
mod picture;
mod warp;

/// Something that happened in a training.
#[derive(Clone, Debug)]
pub enum SegmenterEvent {
    /// Images with masks that train, validate and are held out; phantoms; images without lungs.
    Images {
        training: usize,
        validation: usize,
        held_out: usize,
        phantoms: usize,
        without: usize,
    },
    /// An epoch is done and saved; epochs count from 1.
    Epoch(EpochRow),
    Warning(String),
}

/// What came of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct EpochRow {
    pub epoch: usize,
    pub epochs: usize,
    /// Mean training loss.
    pub loss: f64,
    /// Mean Dice of the averaged weights on the images that validate, one view, on the grid of the
    /// network.
    pub dice: f64,
    pub images_per_second: f64,
    /// To the end of the last epoch.
    pub seconds_left: f64,
}

/// Is given every event.
pub type SegmenterObserver<'a> = &'a (dyn Fn(SegmenterEvent) + Sync);
