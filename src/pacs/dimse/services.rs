//! The services that this program has a part in, and in which: the tables of the conformance
//! statement are made from these.

use dicom_core::dictionary::UidDictionary as _;
use dicom_dictionary_std::{StandardSopClassDictionary, uids};

/// In which role a service is used or given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// This program asks.
    pub user: bool,
    /// This program is asked.
    pub provider: bool,
}

/// A service other than storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    pub uid: &'static str,
    pub roles: Roles,
    /// Messages of PS3.7 that are sent for it.
    pub messages: &'static str,
}

const ASKS: Roles = Roles { user: true, provider: false };

/// The services other than storage.
pub const SERVICES: [Service; 8] = [
    Service { uid: uids::VERIFICATION, roles: Roles { user: true, provider: true }, messages: "C-ECHO" },
    Service {
        uid: uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        roles: ASKS,
        messages: "C-FIND, C-CANCEL",
    },
    Service { uid: uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE, roles: ASKS, messages: "C-MOVE" },
    Service { uid: uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET, roles: ASKS, messages: "C-GET, C-STORE" },
    Service { uid: uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND, roles: ASKS, messages: "C-FIND, C-CANCEL" },
    Service { uid: uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE, roles: ASKS, messages: "C-MOVE" },
    Service { uid: uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET, roles: ASKS, messages: "C-GET, C-STORE" },
    Service { uid: uids::STORAGE_COMMITMENT_PUSH_MODEL, roles: ASKS, messages: "N-ACTION, N-EVENT-REPORT" },
];

/// Objects that are received, by C-STORE and by C-GET. Whatever a file holds is sent.
pub const STORAGE: [&str; 40] = [
    uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
    uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
    uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
    uids::DIGITAL_INTRA_ORAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::BREAST_TOMOSYNTHESIS_IMAGE_STORAGE,
    uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE,
    uids::ENHANCED_XA_IMAGE_STORAGE,
    uids::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE,
    uids::ENHANCED_XRF_IMAGE_STORAGE,
    uids::CT_IMAGE_STORAGE,
    uids::ENHANCED_CT_IMAGE_STORAGE,
    uids::LEGACY_CONVERTED_ENHANCED_CT_IMAGE_STORAGE,
    uids::MR_IMAGE_STORAGE,
    uids::ENHANCED_MR_IMAGE_STORAGE,
    uids::ENHANCED_MR_COLOR_IMAGE_STORAGE,
    uids::ULTRASOUND_IMAGE_STORAGE,
    uids::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE,
    uids::NUCLEAR_MEDICINE_IMAGE_STORAGE,
    uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE,
    uids::RT_IMAGE_STORAGE,
    uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_SINGLE_BIT_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_GRAYSCALE_BYTE_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_GRAYSCALE_WORD_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_TRUE_COLOR_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::VL_PHOTOGRAPHIC_IMAGE_STORAGE,
    uids::VL_MICROSCOPIC_IMAGE_STORAGE,
    uids::OPHTHALMIC_PHOTOGRAPHY8_BIT_IMAGE_STORAGE,
    uids::DERMOSCOPIC_PHOTOGRAPHY_IMAGE_STORAGE,
    uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    uids::PARAMETRIC_MAP_STORAGE,
    uids::SEGMENTATION_STORAGE,
    uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
    uids::BASIC_TEXT_SR_STORAGE,
    uids::ENHANCED_SR_STORAGE,
    uids::COMPREHENSIVE_SR_STORAGE,
    uids::COMPREHENSIVE3_DSR_STORAGE,
    uids::ENCAPSULATED_PDF_STORAGE,
];

/// Transfer syntaxes that objects are received in: all that the program decodes.
pub const TRANSFER_SYNTAXES: [&str; 19] = [
    uids::EXPLICIT_VR_LITTLE_ENDIAN,
    uids::IMPLICIT_VR_LITTLE_ENDIAN,
    uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    "1.2.840.10008.1.2.2",
    uids::JPEG_BASELINE8_BIT,
    uids::JPEG_EXTENDED12_BIT,
    uids::JPEG_LOSSLESS,
    uids::JPEG_LOSSLESS_SV1,
    uids::JPEGLS_LOSSLESS,
    uids::JPEGLS_NEAR_LOSSLESS,
    uids::JPEG2000_LOSSLESS,
    uids::JPEG2000,
    uids::HTJ2K_LOSSLESS,
    uids::HTJ2K_LOSSLESS_RPCL,
    uids::HTJ2K,
    uids::RLE_LOSSLESS,
    "1.2.840.10008.1.2.4.110",
    "1.2.840.10008.1.2.4.111",
    "1.2.840.10008.1.2.4.112",
];

/// Those of messages that are no objects.
pub(super) const PLAIN: [&str; 2] = [uids::IMPLICIT_VR_LITTLE_ENDIAN, uids::EXPLICIT_VR_LITTLE_ENDIAN];

/// The name of a SOP class, or its UID where it has none.
#[must_use]
pub fn class_name(uid: &str) -> String {
    StandardSopClassDictionary.by_uid(uid).map_or_else(|| uid.to_owned(), |class| class.name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_and_syntax_has_a_name_and_stands_there_once() {
        for uid in STORAGE.into_iter().chain(SERVICES.map(|service| service.uid)) {
            assert_ne!(class_name(uid), uid);
        }
        let once = |uids: &[&str]| uids.iter().all(|uid| uids.iter().filter(|other| *other == uid).count() == 1);
        assert!(once(&STORAGE) && once(&TRANSFER_SYNTAXES));
        for uid in TRANSFER_SYNTAXES {
            assert!(!crate::study::transfer_syntax_name(uid).contains(uid), "{uid}");
        }
    }
}
