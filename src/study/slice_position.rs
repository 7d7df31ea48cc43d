//! Where a slice lies along the normal of its plane, and which attribute says so.

use dicom_dictionary_std::tags;

use super::dataset::Dataset;
use super::functional_groups::FunctionalGroups;
use super::geometry;

/// Which attribute tells where a slice lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SliceSource {
    /// Image Position along the normal of Image Orientation: millimetres in the patient.
    ImagePosition,
    /// Slice Location, whose origin is the device's own (PS3.3 C.7.6.2.1.2).
    SliceLocation,
}

impl SliceSource {
    /// Name of the attribute.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ImagePosition => "Image Position",
            Self::SliceLocation => "Slice Location",
        }
    }
}

/// Where a slice lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlicePosition {
    pub mm: f64,
    pub source: SliceSource,
}

impl SlicePosition {
    /// What the frame's functional groups, or the object, say; nothing where they say nothing.
    pub(super) fn read(dataset: &Dataset, groups: FunctionalGroups<'_>) -> Option<Self> {
        let orientation = groups.item_or_object(tags::PLANE_ORIENTATION_SEQUENCE);
        let position = groups.item_or_object(tags::PLANE_POSITION_SEQUENCE);
        if let Some((mm, _)) = geometry::position(orientation, position) {
            return Some(Self { mm, source: SliceSource::ImagePosition });
        }
        dataset.number(tags::SLICE_LOCATION).map(|mm| Self { mm, source: SliceSource::SliceLocation })
    }

    /// `slice at −42.5 mm (Image Position)`.
    #[must_use]
    pub fn words(&self) -> String {
        // A tenth of a millimetre at most, and no −0.0.
        let tenths = (self.mm * 10.0).round() / 10.0 + 0.0;
        let sign = if tenths < 0.0 { "−" } else { "" };
        format!("slice at {sign}{:.1} mm ({})", tenths.abs(), self.source.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dicom_core::{Tag, VR};

    use super::*;
    use crate::study::dataset::{Element, Value};

    fn words(elements: &[(Tag, &str)]) -> Option<String> {
        let element = |text: &str| Element { vr: VR::DS, big_endian: false, value: Value::Bytes(text.into()) };
        let elements: BTreeMap<_, _> = elements.iter().map(|(tag, text)| (*tag, element(text))).collect();
        let dataset = Dataset { elements };
        SlicePosition::read(&dataset, FunctionalGroups::of(&dataset, 0)).map(|position| position.words())
    }

    #[test]
    fn a_position_is_said_with_the_attribute_that_it_comes_from() {
        let location = (tags::SLICE_LOCATION, "17.25");
        let place = [
            (tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0"),
            (tags::IMAGE_POSITION_PATIENT, "-100\\-90\\-42.46"),
            location,
        ];
        assert_eq!(words(&place).as_deref(), Some("slice at −42.5 mm (Image Position)"));
        assert_eq!(words(&place[1..]).as_deref(), Some("slice at 17.3 mm (Slice Location)"), "no orientation");
        assert_eq!(words(&[(tags::SLICE_LOCATION, "-0.01")]).as_deref(), Some("slice at 0.0 mm (Slice Location)"));
        assert_eq!(words(&[]), None);
        assert_eq!(words(&[(tags::SLICE_LOCATION, "inf")]), None);
    }
}
