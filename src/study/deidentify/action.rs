//! From the codes of PS3.15 Table E.1-1 to what is done.
//!
//! A combined code asks for the type of the attribute in the object: "X unless Z is required to
//! maintain IOD conformance". Where only zero length is in question (X/Z), zero length is right for
//! type 2 and allowed for type 3. Where a value is in question (Z/D, X/D, X/Z/D), the classic image
//! objects have the attributes in question as type 2 or 3, so that nothing need stand there; of
//! every other object a dummy is taken, which is right for all types.
//!
//! "Clean" is done where a program can do it: dates are shifted, and of descriptions the words of a
//! [list](crate::study::vocabulary) are kept. Everywhere else the code of the basic profile holds,
//! which removes more.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};

use super::code::Code;
use super::options::{Dates, Options};
use super::table::Row;

/// What is done with an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    Remove,
    Empty,
    /// A value that says nothing.
    Dummy,
    /// A new UID, the same for the same.
    Uid,
    /// A date shifted with all others of the patient.
    Shift,
    /// A description of which only known words are left.
    Clean,
    /// Something that held a struck word.
    Strike,
    Keep,
}

impl Action {
    /// What was done, in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Remove => "removed",
            Self::Empty => "emptied",
            Self::Dummy => "replaced",
            Self::Uid => "new UID",
            Self::Shift => "shifted",
            Self::Clean => "cleaned",
            Self::Strike => "struck",
            Self::Keep => "kept",
        }
    }
}

impl Row {
    /// What is done with an attribute of this row.
    pub(super) fn action(self, tag: Tag, vr: VR, options: &Options, classic: bool) -> Action {
        let temporal = matches!(vr, VR::DA | VR::DT | VR::TM);
        if options.uids && self.uids.is_some() {
            return Action::Keep;
        }
        match options.dates {
            Dates::Full if self.full_dates.is_some() => return Action::Keep,
            // Whole days: times of the day, and the offset from UTC, stay right.
            Dates::Modified if self.modified_dates.is_some() => match vr {
                VR::DA | VR::DT => return Action::Shift,
                VR::TM | VR::SH | VR::SQ => return Action::Keep,
                _ => {}
            },
            _ => {}
        }
        let keeps = |code: Option<Code>| code == Some(Code::K);
        // A day on which a device was serviced tells no more than the device; with shifted dates it
        // would tell by how much they were.
        let device = options.device && keeps(self.device) && !(temporal && options.dates == Dates::Modified);
        if device
            || (options.institution && keeps(self.institution))
            || (options.patient_characteristics && keeps(self.patient))
        {
            return Action::Keep;
        }
        let is_text = matches!(vr, VR::LO | VR::SH | VR::ST | VR::LT | VR::UT | VR::UC);
        let cleaned = (options.clean_descriptors && self.descriptors == Some(Code::C))
            || (options.patient_characteristics && self.patient == Some(Code::C));
        if cleaned && is_text { Action::Clean } else { self.basic_action(tag, vr, classic) }
    }

    /// The same by the basic profile alone.
    pub(super) fn basic_action(self, tag: Tag, vr: VR, classic: bool) -> Action {
        match self.basic {
            Code::X => Action::Remove,
            // A sequence without items is right for type 2 alone, and one of these has it.
            Code::XOrZ if vr == VR::SQ && tag != tags::ACQUISITION_CONTEXT_SEQUENCE => Action::Remove,
            Code::D => Action::Dummy,
            Code::U if vr == VR::UI => Action::Uid,
            Code::XOrZOrU if vr == VR::SQ => Action::Keep,
            Code::ZOrD => {
                if classic {
                    Action::Empty
                } else {
                    Action::Dummy
                }
            }
            Code::XOrD | Code::XOrZOrD => {
                if classic {
                    Action::Remove
                } else {
                    Action::Dummy
                }
            }
            // The last four only in a representation that the table does not expect.
            Code::Z | Code::XOrZ | Code::U | Code::XOrZOrU | Code::K | Code::C => Action::Empty,
        }
    }
}

/// What is done with an attribute that the table does not list: dates, times and names are known by
/// their representation (PS3.15 E.1.1, note 4).
pub(super) fn unlisted(vr: VR, options: &Options) -> Action {
    match (vr, options.dates) {
        (VR::PN, _) | (VR::DA | VR::DT | VR::TM, Dates::Removed) => Action::Empty,
        (VR::DA | VR::DT, Dates::Modified) => Action::Shift,
        _ => Action::Keep,
    }
}

/// Whether the object is of a class whose image module is one of the classic ones, in which nothing
/// that the profile leaves open is of type 1.
pub(super) fn is_classic(sop_class: &str) -> bool {
    [
        uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
        uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
        uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
        uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
        uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
        uids::DIGITAL_INTRA_ORAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
        uids::DIGITAL_INTRA_ORAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
        uids::CT_IMAGE_STORAGE,
        uids::MR_IMAGE_STORAGE,
        uids::ULTRASOUND_IMAGE_STORAGE,
        uids::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE,
        uids::NUCLEAR_MEDICINE_IMAGE_STORAGE,
        uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE,
        uids::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE,
        uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
    ]
    .contains(&sop_class)
}

#[cfg(test)]
mod tests {
    use super::super::table::find;
    use super::*;

    #[test]
    fn a_combined_code_leaves_nothing_in_a_classic_image_and_a_dummy_elsewhere() {
        let basic = |tag, vr, classic| find(tag).unwrap().basic_action(tag, vr, classic);
        for (tag, vr, classic, other) in [
            (tags::CONTENT_DATE, VR::DA, Action::Empty, Action::Dummy),
            (tags::SERIES_DATE, VR::DA, Action::Remove, Action::Dummy),
            (tags::DEVICE_SERIAL_NUMBER, VR::LO, Action::Remove, Action::Dummy),
            (tags::ACQUISITION_DATE, VR::DA, Action::Empty, Action::Empty),
            (tags::REFERENCED_STUDY_SEQUENCE, VR::SQ, Action::Remove, Action::Remove),
            (tags::ACQUISITION_CONTEXT_SEQUENCE, VR::SQ, Action::Empty, Action::Empty),
            (tags::SOURCE_IMAGE_SEQUENCE, VR::SQ, Action::Keep, Action::Keep),
            (tags::FRAME_OF_REFERENCE_UID, VR::UI, Action::Uid, Action::Uid),
        ] {
            assert_eq!((basic(tag, vr, true), basic(tag, vr, false)), (classic, other), "{tag}");
        }
    }

    #[test]
    fn an_option_overrides_the_profile_and_no_other_option() {
        let basic = Options::default();
        let action = |tag, vr, options: &Options| find(tag).unwrap().action(tag, vr, options, true);
        let (sex, age, name) = (tags::PATIENT_SEX, tags::PATIENT_AGE, tags::INSTITUTION_NAME);
        assert_eq!(action(sex, VR::CS, &basic), Action::Empty);
        let patient = Options { patient_characteristics: true, ..Options::default() };
        assert_eq!((action(sex, VR::CS, &patient), action(age, VR::AS, &patient)), (Action::Keep, Action::Keep));
        assert_eq!(action(tags::ALLERGIES, VR::LO, &patient), Action::Clean);
        assert_eq!(action(name, VR::LO, &patient), Action::Remove);
        let institution = Options { institution: true, ..Options::default() };
        assert_eq!(
            (action(name, VR::LO, &institution), action(sex, VR::CS, &institution)),
            (Action::Keep, Action::Empty)
        );
        let words = Options { clean_descriptors: true, ..Options::default() };
        assert_eq!(action(tags::STUDY_DESCRIPTION, VR::LO, &words), Action::Clean);
        // Codes are not words that a list could know.
        assert_eq!(action(tags::ADMITTING_DIAGNOSES_CODE_SEQUENCE, VR::SQ, &words), Action::Remove);
        let uids = Options { uids: true, ..Options::default() };
        assert_eq!(action(tags::SOP_INSTANCE_UID, VR::UI, &uids), Action::Keep);
    }

    #[test]
    fn dates_are_kept_shifted_or_gone_and_a_birth_date_is_always_gone() {
        let action =
            |tag, vr, dates| find(tag).unwrap().action(tag, vr, &Options { dates, ..Options::default() }, true);
        for (tag, vr, removed, shifted, full) in [
            (tags::STUDY_DATE, VR::DA, Action::Empty, Action::Shift, Action::Keep),
            (tags::STUDY_TIME, VR::TM, Action::Empty, Action::Keep, Action::Keep),
            (tags::PATIENT_BIRTH_DATE, VR::DA, Action::Empty, Action::Empty, Action::Empty),
        ] {
            let found = [Dates::Removed, Dates::Modified, Dates::Full].map(|dates| action(tag, vr, dates));
            assert_eq!(found, [removed, shifted, full], "{tag}");
        }
        let device = Options { device: true, dates: Dates::Modified, ..Options::default() };
        let calibrated = find(tags::DATE_OF_LAST_CALIBRATION).unwrap();
        assert_eq!(calibrated.action(tags::DATE_OF_LAST_CALIBRATION, VR::DA, &device, true), Action::Shift);
    }

    #[test]
    fn names_and_dates_that_no_table_lists_are_known_by_their_representation() {
        assert_eq!(unlisted(VR::PN, &Options::default()), Action::Empty);
        assert_eq!(unlisted(VR::DT, &Options::default()), Action::Empty);
        assert_eq!(unlisted(VR::DT, &Options { dates: Dates::Full, ..Options::default() }), Action::Keep);
        assert_eq!(unlisted(VR::DS, &Options::default()), Action::Keep);
    }
}
