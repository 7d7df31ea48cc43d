//! Which contexts a retrieval over one association (C-GET) proposes, and in how many associations.
//!
//! A node takes one transfer syntax of each context (PS3.8, 9.3.3.2) before it is known which object is to
//! come in it, and sends an object in another one only where it can transcode: few do, and fewer from
//! JPEG 2000 or JPEG-LS. So each class has a context for every syntax that is read here, and the node sends
//! each object as it lies. An association has numbers for 128 contexts, which is room for
//! [`CLASSES`] classes. Those of the study come first: the node is asked for its classes (SOP Classes in
//! Study), or for its modalities, which say them nearly. Where that is not enough, further associations ask
//! again with other classes; an object comes in the one that proposes its class. Some nodes (Orthanc) end
//! a retrieval at the first object without a context: what is of more classes than one association has
//! room for is fetched series by series, each with the classes of its own images.

use dicom_dictionary_std::{tags, uids};

use super::ae::Node;
use super::connect::Caller;
use super::error::DimseError;
use super::find::{Level, Query, find};
use super::negotiate::{MOST_CONTEXTS, Proposal};
use super::services::{STORAGE, TRANSFER_SYNTAXES};
use super::wanted::Wanted;
use crate::pacs::uid::Uid;

/// Classes of one association: one context is that of the retrieval itself.
const CLASSES: usize = (MOST_CONTEXTS - 1) / TRANSFER_SYNTAXES.len();

/// Classes that images of a modality have (PS3.3, C.7.3.1.1.1).
static BY_MODALITY: [(&str, &[&str]); 16] = [
    ("CR", &[uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE]),
    (
        "DX",
        &[
            uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
            uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
            uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
        ],
    ),
    (
        "MG",
        &[
            uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
            uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
            uids::BREAST_TOMOSYNTHESIS_IMAGE_STORAGE,
        ],
    ),
    ("IO", &[uids::DIGITAL_INTRA_ORAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION]),
    ("XA", &[uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE, uids::ENHANCED_XA_IMAGE_STORAGE]),
    ("RF", &[uids::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE, uids::ENHANCED_XRF_IMAGE_STORAGE]),
    (
        "CT",
        &[uids::CT_IMAGE_STORAGE, uids::ENHANCED_CT_IMAGE_STORAGE, uids::LEGACY_CONVERTED_ENHANCED_CT_IMAGE_STORAGE],
    ),
    ("MR", &[uids::MR_IMAGE_STORAGE, uids::ENHANCED_MR_IMAGE_STORAGE, uids::ENHANCED_MR_COLOR_IMAGE_STORAGE]),
    ("US", &[uids::ULTRASOUND_IMAGE_STORAGE, uids::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE]),
    ("NM", &[uids::NUCLEAR_MEDICINE_IMAGE_STORAGE]),
    ("PT", &[uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE]),
    ("RTIMAGE", &[uids::RT_IMAGE_STORAGE]),
    ("PR", &[uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE]),
    ("SEG", &[uids::SEGMENTATION_STORAGE]),
    ("SR", &[uids::COMPREHENSIVE_SR_STORAGE, uids::COMPREHENSIVE3_DSR_STORAGE, uids::ENHANCED_SR_STORAGE]),
    ("DOC", &[uids::ENCAPSULATED_PDF_STORAGE]),
];

/// The classes of each association, in the order in which they are to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offers {
    pub rounds: Vec<Vec<&'static str>>,
    /// The node has named the classes, and they are more than one association has room for.
    pub is_split: bool,
}

impl Offers {
    /// Those for what is wanted, as far as the node says what that is.
    ///
    /// # Errors
    /// When it was cancelled meanwhile. A node that answers no query is no error.
    pub(super) fn ask(caller: &Caller, node: &Node, wanted: &Wanted) -> Result<Self, DimseError> {
        let series = wanted.series.as_ref().map_or("", Uid::as_str);
        let of = |level| Query::of(level).matching(tags::STUDY_INSTANCE_UID, wanted.study.as_str());
        let mut study = of(Level::Study);
        study.also.push(tags::SOP_CLASSES_IN_STUDY);
        let images = of(Level::Image).matching(tags::SERIES_INSTANCE_UID, series);
        let images = images.matching(tags::SOP_INSTANCE_UID, wanted.instance.as_ref().map_or("", Uid::as_str));
        let series = of(Level::Series).matching(tags::SERIES_INSTANCE_UID, series);
        let questions = if wanted.series.is_none() { vec![study] } else { vec![images, series] };
        let (mut classes, mut modalities) = (Vec::new(), Vec::new());
        for question in questions {
            let said = find(caller, node, &question, &mut |answer| {
                let codes = |tags: [_; 2]| tags.into_iter().flat_map(|tag| answer.codes(tag)).collect::<Vec<String>>();
                for class in codes([tags::SOP_CLASSES_IN_STUDY, tags::SOP_CLASS_UID]) {
                    if !classes.contains(&class) {
                        classes.push(class);
                    }
                }
                modalities.extend(codes([tags::MODALITIES_IN_STUDY, tags::MODALITY]));
                // There is one study, or series, of these UIDs.
                question.level == Level::Image && classes.len() <= CLASSES
            });
            match said {
                Err(error @ DimseError::Cancelled(_)) => return Err(error),
                Err(error) => log::info!("which classes there are is not said: {}", error.for_log()),
                Ok(_) => {}
            }
            if !classes.is_empty() {
                break;
            }
        }
        Ok(Self::of(&classes, &modalities))
    }

    /// Those for a study of these classes; where they are not known, of these modalities.
    fn of(classes: &[String], modalities: &[String]) -> Self {
        let known: Vec<&str> = STORAGE.into_iter().filter(|uid| classes.iter().any(|class| class == uid)).collect();
        if !known.is_empty() {
            return Self { is_split: known.len() > CLASSES, ..Self::in_rounds(&known) };
        }
        let mut order: Vec<&'static str> = Vec::with_capacity(STORAGE.len());
        let of_modalities = modalities.iter().filter_map(|code| BY_MODALITY.iter().find(|(known, _)| known == code));
        // Secondary captures have any modality.
        let likely = of_modalities.flat_map(|(_, classes)| classes.iter().copied());
        for class in likely.chain([uids::SECONDARY_CAPTURE_IMAGE_STORAGE]).chain(STORAGE) {
            if !order.contains(&class) {
                order.push(class);
            }
        }
        Self::in_rounds(&order)
    }

    fn in_rounds(classes: &[&'static str]) -> Self {
        Self { rounds: classes.chunks(CLASSES).map(<[_]>::to_vec).collect(), is_split: false }
    }
}

/// A retrieval of objects of these classes, each in every syntax that is read here.
pub(super) fn proposals(retrieval: &str, classes: &[&str]) -> Vec<Proposal> {
    let of = |class: &str, syntax: &str| Proposal {
        abstract_syntax: class.to_owned(),
        transfer_syntaxes: vec![syntax.to_owned()],
    };
    let storage = classes.iter().flat_map(|class| TRANSFER_SYNTAXES.map(|syntax| of(class, syntax)));
    std::iter::once(Proposal::plain(retrieval)).chain(storage).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(classes: &[&str], modalities: &[&str]) -> Vec<Vec<&'static str>> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Offers::of(&owned(classes), &owned(modalities)).rounds
    }

    #[test]
    fn every_round_fits_into_an_association() {
        for classes in [of(&[], &[]), of(&[], &["DX", "SR", "?"]), of(&STORAGE, &[])] {
            assert_eq!(classes.iter().map(Vec::len).sum::<usize>(), STORAGE.len());
            for round in classes {
                let proposals = proposals("1.2", &round);
                assert!(proposals.len() <= MOST_CONTEXTS, "{}", proposals.len());
                assert!(proposals.iter().all(|proposal| proposal.transfer_syntaxes.len() == 1));
            }
        }
    }

    #[test]
    fn classes_that_the_node_names_are_all_that_is_proposed() {
        let named = [uids::CT_IMAGE_STORAGE, uids::ENCAPSULATED_PDF_STORAGE, "1.2.840.10008.5.1.4.1.1.66"];
        assert_eq!(of(&named, &["MR"]), [[uids::CT_IMAGE_STORAGE, uids::ENCAPSULATED_PDF_STORAGE]]);
    }

    #[test]
    fn classes_of_its_modalities_come_first() {
        let rounds = of(&[], &["MG", "SR"]);
        let likely = [
            uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
            uids::BREAST_TOMOSYNTHESIS_IMAGE_STORAGE,
            uids::COMPREHENSIVE_SR_STORAGE,
        ];
        assert!(likely.iter().all(|class| rounds[0].contains(class)), "{rounds:?}");
        let every = BY_MODALITY.iter().flat_map(|(_, classes)| classes.iter());
        assert!(every.into_iter().all(|class| STORAGE.contains(class)));
    }
}
