//! Frames of a segmentation or a map: where each lies, and which images it was made of (PS3.3
//! C.7.6.16.2.6).

use std::collections::HashMap;
use std::sync::Arc;

use dicom_dictionary_std::tags;
use serde::{Serialize, Serializer};

use super::geometry::PlanePlace;
use super::reference::{Reference, distinct};
use crate::study::dataset::Dataset;
use crate::study::functional_groups::FunctionalGroups;

/// So many sources of a frame are told.
const TOLD: usize = 16;

/// One frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResultFrame {
    /// From 0.
    pub index: u32,
    /// Where it lies in the patient, where the file says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<PlanePlace>,
    /// The images that it was made of; of thousands the first ones are told.
    #[serde(skip_serializing_if = "is_empty", serialize_with = "the_first")]
    pub sources: Arc<Vec<Reference>>,
}

/// What is read of an item of the header that several frames share: once, however many they are. Items
/// are told apart by where they lie.
pub(super) struct Shared<T>(HashMap<*const Dataset, Arc<T>>);

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Shared<T> {
    pub(super) fn of(&mut self, item: &Dataset, read: impl FnOnce(&Dataset) -> T) -> Arc<T> {
        self.0.entry(std::ptr::from_ref(item)).or_insert_with(|| Arc::new(read(item))).clone()
    }
}

/// What is shared, as if it were not.
pub(super) fn shared<T: Serialize, S: Serializer>(value: &Arc<T>, to: S) -> Result<S::Ok, S::Error> {
    value.as_ref().serialize(to)
}

/// What each of thousands of frames may name, at the length of a few.
fn the_first<S: Serializer>(sources: &Arc<Vec<Reference>>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(sources.iter().take(TOLD).map(Reference::in_short))
}

fn is_empty(sources: &Arc<Vec<Reference>>) -> bool {
    sources.is_empty()
}

impl ResultFrame {
    pub(super) fn read(dataset: &Dataset, index: u32, known: &mut Shared<Vec<Reference>>) -> Self {
        let derivation = FunctionalGroups::of(dataset, index).item(tags::DERIVATION_IMAGE_SEQUENCE);
        let sources = derivation
            .map(|item| known.of(item, |item| Reference::all(item, tags::SOURCE_IMAGE_SEQUENCE)))
            .unwrap_or_default();
        Self { index, place: PlanePlace::of(dataset, index), sources }
    }
}

/// Which images the object as a whole names, and the series that they are of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NamedImages {
    pub series: Vec<String>,
    pub images: Vec<Reference>,
}

impl NamedImages {
    pub(super) fn read(dataset: &Dataset) -> Self {
        let items = dataset.items(tags::REFERENCED_SERIES_SEQUENCE);
        let mut images: Vec<Reference> =
            items.iter().flat_map(|one| Reference::all(one, tags::REFERENCED_INSTANCE_SEQUENCE)).collect();
        images.extend(Reference::all(dataset, tags::SOURCE_IMAGE_SEQUENCE));
        images.extend(Reference::all(dataset, tags::REFERENCED_IMAGE_SEQUENCE));
        let series = items.iter().map(|one| one.code(tags::SERIES_INSTANCE_UID)).filter(|uid| !uid.is_empty());
        Self { series: series.collect(), images: distinct(images) }
    }
}
