//! Functional groups of enhanced multi-frame objects: the frame's own, else the shared ones (PS3.3
//! C.7.6.16).

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::dataset::Dataset;

/// The macros of one frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FunctionalGroups<'a> {
    dataset: &'a Dataset,
    index: u32,
}

impl<'a> FunctionalGroups<'a> {
    /// Those of frame `index` (from 0).
    pub(crate) fn of(dataset: &'a Dataset, index: u32) -> Self {
        Self { dataset, index }
    }

    /// The item of a macro, named by its sequence; `None` where the object has no such macro.
    pub(crate) fn item(self, sequence: Tag) -> Option<&'a Dataset> {
        let of_frame = self.dataset.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).get(self.index as usize);
        let shared = self.dataset.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first();
        [of_frame, shared].into_iter().flatten().find_map(|group| group.items(sequence).first())
    }

    /// The item of a macro, else the object itself.
    pub(crate) fn item_or_object(self, sequence: Tag) -> &'a Dataset {
        self.item(sequence).unwrap_or(self.dataset)
    }
}
