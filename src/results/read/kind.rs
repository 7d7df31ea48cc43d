//! Which objects are results, by their SOP class (PS3.4 B.5).

use dicom_dictionary_std::uids;
use serde::Serialize;

use crate::study::Metadata;

/// Label Map Segmentation Storage (PS3.4 2024d), younger than the dictionary.
const LABEL_MAP_SEGMENTATION: &str = "1.2.840.10008.5.1.4.1.1.66.7";
/// The root of the SOP classes of structured reports.
const STRUCTURED_REPORTS: &str = "1.2.840.10008.5.1.4.1.1.88.";

/// What a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResultKind {
    StructuredReport,
    Segmentation,
    ParametricMap,
    /// An encapsulated PDF, CDA or other file.
    Document,
    /// How somebody wanted images to be seen.
    Presentation,
}

impl ResultKind {
    /// The kind of an object of this SOP class; nothing where it is no result that is read here.
    #[must_use]
    pub fn of_class(sop_class: &str) -> Option<Self> {
        // Among them are mammography and chest CAD, key object selections, dose reports.
        if sop_class.starts_with(STRUCTURED_REPORTS) {
            return Some(Self::StructuredReport);
        }
        match sop_class {
            uids::SEGMENTATION_STORAGE | LABEL_MAP_SEGMENTATION => Some(Self::Segmentation),
            uids::PARAMETRIC_MAP_STORAGE => Some(Self::ParametricMap),
            uids::ENCAPSULATED_PDF_STORAGE
            | uids::ENCAPSULATED_CDA_STORAGE
            | uids::ENCAPSULATED_STL_STORAGE
            | uids::ENCAPSULATED_OBJ_STORAGE
            | uids::ENCAPSULATED_MTL_STORAGE => Some(Self::Document),
            uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE | uids::COLOR_SOFTCOPY_PRESENTATION_STATE_STORAGE => {
                Some(Self::Presentation)
            }
            _ => None,
        }
    }

    /// The kind of a listed object.
    #[must_use]
    pub fn of(meta: &Metadata) -> Option<Self> {
        Self::of_class(&meta.sop_class_uid)
    }

    /// Whether it is opened in a window of its own.
    #[must_use]
    pub fn is_opened(self) -> bool {
        matches!(self, Self::StructuredReport | Self::Document)
    }

    /// Whether it lies over an image.
    #[must_use]
    pub fn is_laid_over(self) -> bool {
        matches!(self, Self::Segmentation | Self::ParametricMap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_told_by_their_class() {
        assert_eq!(ResultKind::of_class(uids::COMPREHENSIVE3_DSR_STORAGE), Some(ResultKind::StructuredReport));
        assert_eq!(ResultKind::of_class(uids::CHEST_CADSR_STORAGE), Some(ResultKind::StructuredReport));
        assert_eq!(ResultKind::of_class(uids::X_RAY_RADIATION_DOSE_SR_STORAGE), Some(ResultKind::StructuredReport));
        assert_eq!(ResultKind::of_class(uids::SEGMENTATION_STORAGE), Some(ResultKind::Segmentation));
        assert_eq!(ResultKind::of_class(LABEL_MAP_SEGMENTATION), Some(ResultKind::Segmentation));
        assert_eq!(ResultKind::of_class(uids::CT_IMAGE_STORAGE), None);
        assert_eq!(ResultKind::of_class(""), None);
    }
}
