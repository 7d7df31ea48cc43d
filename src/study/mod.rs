//! What was opened: files become images with their identity, meta data and grey values.
//!
//! [`open`] turns paths into a [`Catalogue`] of light [`ImageEntry`]s (headers only: a folder of
//! 2,000 files is listed without decoding a pixel), and [`load`] turns one entry into a [`Frame`].
//! DICOM parsing, guards and decoding live in the files beside this one.

mod annotations;
mod cielab;
mod codec;
mod color;
pub(crate) mod dataset;
pub mod deidentify;
pub(crate) mod dicom;
mod directory;
mod display_attributes;
mod error;
pub mod foreign;
mod fragments;
mod frame_timing;
pub(crate) mod functional_groups;
mod geometry;
mod grey;
mod group;
mod guard;
pub mod identifiers;
pub mod image_names;
mod inflate;
mod joined_streams;
mod load;
pub mod lung_masks;
mod native;
mod natural_order;
mod open;
mod orientation;
mod overlay_planes;
mod overshoot;
mod packed_cells;
mod palette;
pub mod patients;
mod pixels;
mod presentation_lut;
mod presentation_state;
mod raster;
mod reader;
mod room;
mod scorable;
mod segmented_palette;
mod shared_uid;
mod shutter_module;
mod slice_plane;
mod slice_position;
pub mod source_header;
mod stack_place;
mod stored_bits;
mod stored_plane;
mod syntax_name;
mod tags;
pub(crate) mod text;
pub mod unit;
mod vocabulary;
pub mod wire;
mod writer;

pub use annotations::{Annotations, Drawing, TextNote, ellipse};
pub use directory::images_of_directory;
pub use display_attributes::DisplayAttributes;
pub use error::StudyError;
pub use frame_timing::{FrameTiming, TimingSource};
pub use load::{FrameReader, load, open_image};
pub use open::{entry_of, is_named_like_an_image, may_be_an_image, scan, scan_beside};
pub use orientation::Orientation;
pub use presentation_state::{PresentationState, is_presentation_state, presentation_states};
pub use scorable::Unscorable;
pub use shared_uid::SharedUid;
pub use slice_plane::SlicePlane;
pub use slice_position::{SlicePosition, SliceSource};
pub use stack_place::{SeriesOrder, StackPlace, in_order};
pub(crate) use stored_plane::stored_plane;
pub use syntax_name::transfer_syntax_name;
pub use tags::{PairedRow, TagList, TagRow, paired, tag_list};
pub use text::readable_name;
pub use writer::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::identifiers::Identifiers;
use crate::imaging::{PixelData, Plane};

/// Text attributes of an image, as the file gave them (decoded by its Specific Character Set).
///
/// Empty strings mean "absent". PNG, JPEG and TIFF files have only what the file name tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    pub patient_name: String,
    pub patient_id: String,
    /// Who gave the Patient ID; two patients of two hospitals may have one number. Never written.
    #[serde(skip)]
    pub patient_id_issuer: String,
    pub birth_date: String,
    pub sex: String,
    pub age: String,
    pub accession_number: String,
    pub study_date: String,
    pub study_time: String,
    pub study_description: String,
    pub series_description: String,
    #[serde(default)]
    pub protocol: String,
    pub series_number: String,
    pub instance_number: String,
    pub modality: String,
    pub body_part: String,
    pub view_position: String,
    pub laterality: String,
    pub institution: String,
    pub referring_physician: String,
    pub manufacturer: String,
    pub model_name: String,
    pub kvp: String,
    pub transfer_syntax: String,
    /// Method and ratio of a lossy compression that the image went through ("JPEG 10:1"), else
    /// empty.
    pub lossy: String,
    pub sop_class_uid: String,
    /// Names, numbers and places of the whole header, those in attributes that are shown nowhere
    /// too: what an anonymised report looks for in its texts. Never written.
    #[serde(skip)]
    pub identifiers: Identifiers,
}

/// What identifies an image: its SOP Instance UID, or a stable hash of the content where there is
/// none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    pub study_uid: String,
    pub series_uid: String,
    pub sop_instance_uid: String,
}

/// One image that can be shown, known by its header only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageEntry {
    pub path: PathBuf,
    pub identity: Identity,
    pub meta: Metadata,
    pub columns: u32,
    pub rows: u32,
    pub frames: u32,
    /// False for objects without pixels (SR, RT plan …), which are listed by type and cannot be
    /// shown.
    pub has_pixels: bool,
    /// Words for the list: file name, or the kind of a pixel-less object.
    pub title: String,
    /// Other files with the same identity.
    pub shared_uid: SharedUid,
    /// Where it belongs among the images of its series, and how fast it plays.
    pub place: StackPlace,
}

impl ImageEntry {
    /// What tells the image from all others that are open: its UID, and where another image had
    /// that UID first, its content as well.
    #[must_use]
    pub fn key(&self) -> String {
        let uid = &self.identity.sop_instance_uid;
        if self.shared_uid.content.is_empty() { uid.clone() } else { format!("{uid} {}", self.shared_uid.content) }
    }
}

/// A series: images in order ([`in_order`]).
#[derive(Clone, Debug, Default)]
pub struct Series {
    pub uid: String,
    pub description: String,
    pub modality: String,
    pub images: Vec<Arc<ImageEntry>>,
    /// By what they stand in order.
    pub order: SeriesOrder,
}

/// A study of one patient.
#[derive(Clone, Debug, Default)]
pub struct Study {
    pub uid: String,
    pub description: String,
    pub date: String,
    pub series: Vec<Series>,
}

/// A patient with all studies that were opened.
#[derive(Clone, Debug, Default)]
pub struct Patient {
    pub id: String,
    pub name: String,
    pub studies: Vec<Study>,
}

/// Everything that was opened, grouped patient → study → series → image, with the reasons for what
/// was not.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub patients: Vec<Patient>,
    pub warnings: Vec<Warning>,
}

impl Catalogue {
    /// All images in the order in which they stand.
    pub fn images(&self) -> impl Iterator<Item = &Arc<ImageEntry>> {
        let studies = self.patients.iter().flat_map(|patient| &patient.studies);
        studies.flat_map(|study| &study.series).flat_map(|series| &series.images)
    }
}

/// A file that could not be read, or that was read with a reservation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    pub path: PathBuf,
    pub reason: String,
}

/// Where a pixel spacing comes from; a length in mm is only as good as this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpacingProvenance {
    /// Pixel Spacing, calibrated or of a cross-sectional image: millimetres in the patient.
    Calibrated,
    /// Imager Pixel Spacing: millimetres at the detector.
    AtDetector,
    /// A line of known length that the reader drew; no file says it.
    ByReader,
}

/// Distance of neighbouring pixel centres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spacing {
    /// mm between rows (vertical).
    pub row_mm: f64,
    /// mm between columns (horizontal).
    pub column_mm: f64,
    pub provenance: SpacingProvenance,
}

/// One decoded frame of an image, with what its file says of it.
#[derive(Clone, Debug)]
pub struct Frame {
    pub entry: Arc<ImageEntry>,
    /// Number of the frame within its object, from 0.
    pub index: u32,
    pub pixels: PixelData,
    pub spacing: Option<Spacing>,
    /// Shape of pixels, sides, overlays, shutters.
    pub display: DisplayAttributes,
    /// Reservations about this frame (lossy, burned-in annotation, unusual values …).
    pub warnings: Vec<String>,
}

impl Frame {
    /// What a model sees: see [`PixelData::model_plane`].
    #[must_use]
    pub fn model_plane(&self) -> Plane {
        self.pixels.model_plane()
    }

    /// The same with other grey values, without a copy of those that it has.
    #[must_use]
    pub fn with_plane(&self, plane: Plane) -> Self {
        Self {
            entry: self.entry.clone(),
            index: self.index,
            pixels: self.pixels.with_plane(plane),
            spacing: self.spacing,
            display: self.display.clone(),
            warnings: self.warnings.clone(),
        }
    }
}
