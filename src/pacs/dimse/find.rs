//! Queries (PS3.4 annex C, C-FIND): patients, studies, series and images of a node.

use std::time::Duration;

use dicom_core::Tag;
use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};

use super::ae::Node;
use super::association::Association;
use super::command::{Command, element, field};
use super::connect::Caller;
use super::error::DimseError;
use super::identifier::Identifier;
use super::message::Incoming;
use super::negotiate::Proposal;
use super::status;
use super::store::MEDIUM;
use crate::limits;
use crate::study::wire::WireDataset;

/// How long answers may still come that nobody wants any more.
const LATE: Duration = Duration::from_secs(2);

/// What a query or a retrieval is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    Patient,
    Study,
    Series,
    Image,
}

impl Level {
    pub const ALL: [Self; 4] = [Self::Patient, Self::Study, Self::Series, Self::Image];

    /// As the command line calls it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Study => "study",
            Self::Series => "series",
            Self::Image => "image",
        }
    }

    /// As the standard codes it (PS3.4 C.6).
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Patient => "PATIENT",
            Self::Study => "STUDY",
            Self::Series => "SERIES",
            Self::Image => "IMAGE",
        }
    }

    /// The model that is asked: only that of patients knows them (PS3.4 C.6.1 and C.6.2).
    pub(super) fn find_class(self) -> &'static str {
        match self {
            Self::Patient => uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
            _ => uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        }
    }

    /// Attributes whose values are asked for.
    #[must_use]
    pub fn returned(self) -> &'static [Tag] {
        match self {
            Self::Patient => &[
                tags::PATIENT_NAME,
                tags::PATIENT_ID,
                tags::PATIENT_BIRTH_DATE,
                tags::PATIENT_SEX,
                tags::NUMBER_OF_PATIENT_RELATED_STUDIES,
            ],
            Self::Study => &[
                tags::PATIENT_NAME,
                tags::PATIENT_ID,
                tags::PATIENT_BIRTH_DATE,
                tags::PATIENT_SEX,
                tags::STUDY_DATE,
                tags::STUDY_TIME,
                tags::ACCESSION_NUMBER,
                tags::STUDY_ID,
                tags::STUDY_DESCRIPTION,
                tags::MODALITIES_IN_STUDY,
                tags::STUDY_INSTANCE_UID,
                tags::NUMBER_OF_STUDY_RELATED_SERIES,
                tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
            ],
            Self::Series => &[
                tags::STUDY_INSTANCE_UID,
                tags::SERIES_INSTANCE_UID,
                tags::MODALITY,
                tags::SERIES_NUMBER,
                tags::SERIES_DESCRIPTION,
                tags::BODY_PART_EXAMINED,
                tags::NUMBER_OF_SERIES_RELATED_INSTANCES,
            ],
            Self::Image => &[
                tags::STUDY_INSTANCE_UID,
                tags::SERIES_INSTANCE_UID,
                tags::SOP_INSTANCE_UID,
                tags::SOP_CLASS_UID,
                tags::INSTANCE_NUMBER,
            ],
        }
    }
}

/// A question: what must match, by attribute, and what is wanted of each match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub level: Level,
    /// Values that must match (PS3.4 C.2.2.2): `*` and `?` stand for others, `A-B` is a range of
    /// dates, `A\B` a list of UIDs.
    pub matching: Vec<(Tag, String)>,
    /// Further attributes whose values are wanted.
    pub also: Vec<Tag>,
}

impl Query {
    /// One about everything on this level.
    #[must_use]
    pub fn of(level: Level) -> Self {
        Self { level, matching: Vec::new(), also: Vec::new() }
    }

    /// The same with a value that must match; an empty one matches everything.
    #[must_use]
    pub fn matching(mut self, tag: Tag, value: &str) -> Self {
        if !value.is_empty() {
            self.matching.push((tag, value.to_owned()));
        }
        self
    }

    fn identifier(&self) -> Identifier {
        let wanted = self.level.returned().iter().chain(&self.also);
        let empty = wanted.fold(Identifier::default(), |identifier, tag| identifier.with_empty(*tag));
        let of = |identifier: Identifier, (tag, value): &(Tag, String)| identifier.with(*tag, value);
        let asked = self.matching.iter().fold(empty, of);
        asked.with_text(tags::QUERY_RETRIEVE_LEVEL, self.level.code())
    }
}

/// The attribute that a keyword of the dictionary names.
///
/// # Errors
/// When there is none, or it is no text.
pub fn attribute(keyword: &str) -> Result<Tag, DimseError> {
    let found = StandardDataDictionary.by_name(keyword).map(DataDictionaryEntry::tag);
    found.filter(|tag| tag.0 >= 8).ok_or_else(|| {
        DimseError::Question(format!("“{}” is no keyword of an attribute, like PatientID", keyword.escape_debug()))
    })
}

/// Whether a query can ask for values of an attribute that are written as text.
#[must_use]
pub fn is_text(tag: Tag) -> bool {
    let vr = StandardDataDictionary.by_tag(tag).map(|entry| entry.vr().relaxed());
    vr.is_some_and(|vr| {
        use dicom_core::VR;
        matches!(
            vr,
            VR::AE
                | VR::AS
                | VR::CS
                | VR::DA
                | VR::DS
                | VR::DT
                | VR::IS
                | VR::LO
                | VR::LT
                | VR::PN
                | VR::SH
                | VR::ST
                | VR::TM
                | VR::UC
                | VR::UI
                | VR::UR
                | VR::UT
        )
    })
}

/// Asks a node; `found` hears of every match until it says that it has enough. Yields how many
/// there were.
///
/// # Errors
/// When the node cannot be reached, does not answer queries, or answers with a failure.
pub fn find(
    caller: &Caller,
    node: &Node,
    query: &Query,
    found: &mut dyn FnMut(WireDataset) -> bool,
) -> Result<usize, DimseError> {
    let mut asking = Asking::of(caller, node, query.level)?;
    let answered = asking.ask(query, found);
    asking.end();
    answered
}

/// An association over which one question after the other is asked, of one model.
#[derive(Debug)]
pub struct Asking {
    /// Nothing once it is over.
    association: Option<Association>,
    class: &'static str,
    context: u8,
    message: u16,
    /// How long one question may take, whatever comes.
    most: Duration,
}

impl Asking {
    /// For questions about this level.
    ///
    /// # Errors
    /// When the node cannot be reached, or does not answer queries.
    pub fn of(caller: &Caller, node: &Node, level: Level) -> Result<Self, DimseError> {
        let class = level.find_class();
        let association = caller.associate(node, &[Proposal::plain(class)], &[])?;
        let context = association.context_of(class)?.id;
        Ok(Self { association: Some(association), class, context, message: 0, most: caller.waits.query })
    }

    /// Asks; `found` hears of every match until it says that it has enough. Yields how many there were.
    ///
    /// # Errors
    /// As [`find`]; after all but a failure of the node's there is no further question.
    pub fn ask(&mut self, query: &Query, found: &mut dyn FnMut(WireDataset) -> bool) -> Result<usize, DimseError> {
        let Some(mut association) = self.association.take() else {
            return Err(DimseError::Question("the association is over".into()));
        };
        self.message += 1;
        association.begin_exchange("the answers to a query", self.most);
        let answered = self.answers(&mut association, query, found);
        if matches!(answered, Ok(_) | Err(DimseError::Status { .. })) {
            self.association = Some(association);
        }
        answered
    }

    /// Ends the association in good order.
    pub fn end(self) {
        self.association.into_iter().for_each(Association::release);
    }

    fn answers(
        &self,
        association: &mut Association,
        query: &Query,
        found: &mut dyn FnMut(WireDataset) -> bool,
    ) -> Result<usize, DimseError> {
        let request = Command::request(field::FIND, self.message)
            .with_text(element::AFFECTED_CLASS, self.class)
            .with(element::PRIORITY, MEDIUM)
            .with_data_set(true);
        let data = query.identifier().to_bytes();
        association.send_command(self.context, &request)?;
        association.send_data(self.context, &mut &data[..], data.len() as u64)?;
        let mut matches = 0;
        loop {
            let (context, answer) = association.answer(field::FIND, self.message)?;
            let status = association.status_of(&answer)?;
            let data = if answer.has_data_set() { Some(association.small_data(context)?) } else { None };
            if !status::is_pending(status) {
                return if status::is_done(status) {
                    Ok(matches)
                } else {
                    Err(association.failure("the query", &answer, status))
                };
            }
            let Some(data) = data else { return Err(association.violation("a match without a data set".into())) };
            matches += 1;
            if matches > limits::PACS_MATCHES {
                return Err(association.too_many("answers to one query", limits::PACS_MATCHES));
            }
            if !found(data) {
                cancel(association, context, self.message);
                return Ok(matches);
            }
        }
    }
}

/// Asks for no more (PS3.7 section 9.3.2.3), and lets pass for a moment what was on its way. What was
/// asked for is there: a node that goes on all the same is hung up on, and that is no error.
fn cancel(association: &mut Association, context: u8, message: u16) {
    let cancel = Command::default()
        .with(element::COMMAND, field::CANCEL)
        .with(element::ANSWERED_ID, message)
        .with_data_set(false);
    association.begin_exchange("the answers to a query", LATE);
    let mut pass = || -> Result<(), DimseError> {
        association.send_command(context, &cancel)?;
        loop {
            let Incoming::Command(context, answer) = association.next()? else { return Ok(()) };
            if answer.has_data_set() {
                association.small_data(context)?;
            }
            if !answer.status().is_some_and(status::is_pending) {
                return Ok(());
            }
        }
    };
    if let Err(error) = pass() {
        log::debug!("after a query was cancelled: {}", error.for_log());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_its_level_and_what_it_wants() {
        let query = Query::of(Level::Study).matching(tags::PATIENT_NAME, "MÜLLER*").matching(tags::MODALITY, "");
        let read = WireDataset::read(&query.identifier().to_bytes(), uids::IMPLICIT_VR_LITTLE_ENDIAN).unwrap();
        assert_eq!(read.code(tags::QUERY_RETRIEVE_LEVEL), "STUDY");
        assert_eq!(read.text(tags::PATIENT_NAME), "MÜLLER*");
        assert!(read.to_json().contains_key("StudyInstanceUID"));
        assert!(!read.to_json().contains_key("Modality"));
    }

    #[test]
    fn attributes_are_named_by_their_keywords() {
        assert_eq!(attribute("PatientID").unwrap(), tags::PATIENT_ID);
        assert!(is_text(tags::STUDY_DATE) && !is_text(tags::ROWS) && !is_text(tags::REFERENCED_STUDY_SEQUENCE));
        assert!(attribute("Nonsense").is_err() && attribute("TransferSyntaxUID").is_err());
    }
}
