//! Which objects a result names: images, their frames, segments.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::Serialize;

use super::code::shortened;
use crate::limits;
use crate::study::dataset::Dataset;

/// Most frames or segments that a reference names and that are kept.
const NUMBERS: usize = 4096;
/// The same in lists in which it stands many times.
const SHORT: usize = 16;

/// An object that a result names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Reference {
    pub sop_class_uid: String,
    pub sop_instance_uid: String,
    /// Frames, counted from 1; all where none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<u32>,
    /// Segments of a segmentation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<u32>,
}

impl Reference {
    /// What one item names; nothing where it has no UID.
    pub(super) fn of_item(item: &Dataset) -> Option<Self> {
        let code = |tag: Tag| shortened(&item.code(tag), 64);
        let numbers = |tag: Tag| {
            let numbers = item.integers(tag).into_iter().filter_map(|n| u32::try_from(n).ok());
            numbers.filter(|n| *n > 0).take(NUMBERS).collect::<Vec<_>>()
        };
        let sop_instance_uid = code(tags::REFERENCED_SOP_INSTANCE_UID);
        (!sop_instance_uid.is_empty()).then(|| Self {
            sop_class_uid: code(tags::REFERENCED_SOP_CLASS_UID),
            sop_instance_uid,
            frames: numbers(tags::REFERENCED_FRAME_NUMBER),
            segments: numbers(tags::REFERENCED_SEGMENT_NUMBER),
        })
    }

    /// The same with the first of its frames and segments, for lists in which it stands many times.
    pub(super) fn in_short(&self) -> Self {
        let first = |numbers: &[u32]| numbers.iter().copied().take(SHORT).collect();
        Self { frames: first(&self.frames), segments: first(&self.segments), ..self.clone() }
    }

    /// What the items of a sequence name.
    pub(super) fn all(dataset: &Dataset, sequence: Tag) -> Vec<Self> {
        dataset.items(sequence).iter().take(limits::RESULT_REFERENCES).filter_map(Self::of_item).collect()
    }

    /// Whether it names this frame (from 0) of this object.
    #[must_use]
    pub fn names(&self, sop_instance_uid: &str, index: u32) -> bool {
        self.sop_instance_uid == sop_instance_uid && (self.frames.is_empty() || self.frames.contains(&(index + 1)))
    }
}

/// The objects of a hierarchy of study, series and instance (PS3.3 C.17.2.1, C.12.1.1.11): evidence of
/// a report, images of a segmentation.
pub(super) fn of_hierarchy(dataset: &Dataset, studies: Tag) -> Vec<Reference> {
    let series = dataset.items(studies).iter().flat_map(|study| study.items(tags::REFERENCED_SERIES_SEQUENCE));
    let instances = |series: &Dataset| {
        let one = Reference::all(series, tags::REFERENCED_SOP_SEQUENCE);
        if one.is_empty() { Reference::all(series, tags::REFERENCED_INSTANCE_SEQUENCE) } else { one }
    };
    series.flat_map(instances).take(limits::RESULT_REFERENCES).collect()
}

/// Those of all, each once, in order.
pub(super) fn distinct(mut references: Vec<Reference>) -> Vec<Reference> {
    let mut seen = std::collections::HashSet::new();
    references.retain(|one| seen.insert(one.clone()));
    references.truncate(limits::RESULT_REFERENCES);
    references
}
