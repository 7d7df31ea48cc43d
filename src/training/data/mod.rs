//! Where training images come from: folders, tables, archives. All become one list, then one kind
//! of image.
//!
//! ```text
//! folders (a class each) ─┐
//! table (CSV) ────────────┼─► ListedImage ─► decode ─► Decoded (values 0–1) ─► Sample at the model's size
//! npz (MedMNIST) ─────────┘
//! ```
//!
//! What has no label or cannot be read is a warning with its reason. What makes the whole source
//! unusable (a column that is not there, labels that fit nothing, a label that no image bears) is
//! an error that names what is there instead.

pub mod audit;
pub mod dataset;
pub mod list;
pub mod listed;
pub mod load_dataset;
pub mod lung_cover;
pub mod part;
pub mod pixels;
pub mod run_images;
pub mod sample;
pub mod split;
pub mod table;
pub mod truth;

pub(crate) mod outline_lungs;

pub(super) mod image_list;
pub(super) mod unusable;

mod archive;
mod decode;
mod folders;
mod npz;
