//! The header of a presentation state: what it is called, who made it, which images it is about. What
//! it does to an image is read by [`crate::study::presentation_states`].

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::Serialize;

use super::code::shortened;
use super::item::moment;
use super::reference::{Reference, distinct};
use super::structured_report::equipment;
use crate::study::dicom::Dicom;
use crate::study::readable_name;

/// A presentation state, without what it does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Presentation {
    pub object: String,
    pub label: String,
    pub description: String,
    pub creator: String,
    pub date: String,
    /// How many items with graphics or texts it has.
    pub annotations: usize,
    pub equipment: Vec<String>,
    pub references: Vec<Reference>,
}

impl Presentation {
    pub(super) fn read(dicom: &Dicom) -> Self {
        let (dataset, sets) = (&dicom.dataset, &dicom.sets);
        let text = |tag: Tag| shortened(&dataset.text(tag, sets), 300);
        let series = dataset.items(tags::REFERENCED_SERIES_SEQUENCE).iter();
        let images = series.flat_map(|one| Reference::all(one, tags::REFERENCED_IMAGE_SEQUENCE));
        let created = format!("{}{}", text(tags::PRESENTATION_CREATION_DATE), text(tags::PRESENTATION_CREATION_TIME));
        Self {
            object: dicom.kind(),
            label: text(tags::CONTENT_LABEL),
            description: text(tags::CONTENT_DESCRIPTION),
            creator: readable_name(&text(tags::CONTENT_CREATOR_NAME)),
            date: moment(&created),
            annotations: dataset.items(tags::GRAPHIC_ANNOTATION_SEQUENCE).len(),
            equipment: equipment(dataset, sets),
            references: distinct(images.collect()),
        }
    }
}
