//! Training of the input gate ([`crate::model::gate`]).
//!
//! Positives are the images that the model was trained on, in many [`views`], and for a model of
//! chest radiographs phantoms of both ages; what is to be refused are the same images turned,
//! inverted and in pieces, images of another kind, and [synthetic](negatives) ones; [lossy] copies
//! are among all of them. After the last epoch the features of the training images give mean and
//! precision, and the validation images, of other patients and unlike those of training, give the
//! distance and the threshold ([`settle`]). [`evaluate`] then measures the gate on what it has not
//! seen.

pub mod config;
pub mod evaluate;
pub mod examples;
pub mod file;
pub mod train;

pub(super) mod canvas;
pub(super) mod negatives;
pub(super) mod small_image;
pub(super) mod views;

mod bones;
mod example_kind;
mod lookalikes;
mod lossy;
mod read;
mod screens;
mod settle;
