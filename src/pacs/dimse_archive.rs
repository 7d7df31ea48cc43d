//! A node of associations as an archive.

use std::path::Path;

use chrono::NaiveDate;
use dicom_dictionary_std::tags;

use super::archive::{
    Archive, ArchiveError, ArchivedSeries, ArchivedStudy, Fetched, Found, FoundSeries, MOST_SERIES, MOST_STUDIES,
    Moved, Query, Sent, Wanted, body_parts_of,
};
use super::dimse::ae::Node;
use super::dimse::find::{Asking, Level, Query as Question, find};
use super::dimse::receiver::Inbox;
use super::dimse::retrieve::get;
use super::dimse::store::store;
use super::dimse::wanted::Wanted as Retrieval;
use super::dimse::{Caller, DimseError, echo};
use super::peers::DimsePeer;
use super::uid::Uid;
use crate::cancel::CancelToken;
use crate::printable::printable;
use crate::study::wire::{StoredObject, WireDataset};

/// A node of associations.
pub(super) struct DimseArchive {
    caller: Caller,
    node: Node,
}

impl DimseArchive {
    /// Of a peer. Nothing is sent yet.
    ///
    /// # Errors
    /// When a file that secures its associations cannot be used.
    pub(super) fn new(peer: &DimsePeer) -> Result<Self, ArchiveError> {
        let mut caller = Caller::new(peer.calling_ae.clone());
        if let Some(tls) = &peer.tls {
            caller.tls = Some(tls.calling().map_err(ArchiveError::failed)?);
        }
        Ok(Self { caller, node: peer.node() })
    }

    /// A caller that ends with this token.
    fn caller(&self, cancel: &CancelToken) -> Caller {
        Caller { cancel: cancel.clone(), ..self.caller.clone() }
    }
}

impl From<DimseError> for ArchiveError {
    fn from(error: DimseError) -> Self {
        match error {
            DimseError::Cancelled(_) => Self::Cancelled,
            other => Self::failed(other),
        }
    }
}

impl Archive for DimseArchive {
    fn echo(&self, cancel: &CancelToken) -> Result<(), ArchiveError> {
        echo(&self.caller(cancel), &self.node)?;
        Ok(())
    }

    fn find(&self, query: &Query, cancel: &CancelToken) -> Result<Found, ArchiveError> {
        let question = Question::of(Level::Study)
            .matching(tags::PATIENT_NAME, &query.patient_name)
            .matching(tags::PATIENT_ID, &query.patient_id)
            .matching(tags::STUDY_DATE, &query.dates())
            .matching(tags::MODALITIES_IN_STUDY, &query.modality)
            .matching(tags::ACCESSION_NUMBER, &query.accession)
            .matching(tags::STUDY_INSTANCE_UID, &query.study_uid);
        let mut found = Found::default();
        find(&self.caller(cancel), &self.node, &question, &mut |answer| {
            if found.studies.len() >= MOST_STUDIES {
                found.more = true;
                return false;
            }
            match study(&answer) {
                Some(study) => found.studies.push(study),
                None => found.unreadable += 1,
            }
            true
        })?;
        Ok(found)
    }

    fn series(&self, study_uid: &str, cancel: &CancelToken) -> Result<FoundSeries, ArchiveError> {
        let question = of_study(study_uid)?;
        let mut found = FoundSeries::default();
        find(&self.caller(cancel), &self.node, &question, &mut |answer| {
            take_series(&mut found, &answer);
            true
        })?;
        Ok(found)
    }

    /// One association for all of them: series are asked for within a study (PS3.4, C.4.1.2.1).
    fn body_parts(
        &self,
        study_uids: &[String],
        cancel: &CancelToken,
        told: &mut dyn FnMut(&str, Vec<String>),
    ) -> Result<(), ArchiveError> {
        let mut asking = Asking::of(&self.caller(cancel), &self.node, Level::Series)?;
        for study in study_uids {
            let mut found = FoundSeries::default();
            asking.ask(&of_study(study)?, &mut |answer| {
                take_series(&mut found, &answer);
                true
            })?;
            told(study, body_parts_of(&found.series));
        }
        asking.end();
        Ok(())
    }

    fn fetch(
        &self,
        wanted: &Wanted,
        folder: &Path,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Moved),
    ) -> Result<Fetched, ArchiveError> {
        let uid = |uid: &str| Uid::of(uid).map_err(ArchiveError::failed);
        let retrieval = Retrieval {
            study: uid(&wanted.study_uid)?,
            series: wanted.series_uid.as_deref().map(uid).transpose()?,
            instance: None,
        };
        let of = wanted.images.map(|images| images as usize);
        let retrieved = get(&self.caller(cancel), &self.node, &retrieval, &Inbox::at(folder)?, &mut |counts| {
            progress(Moved { objects: counts.completed as usize, of, bytes: 0 });
        })?;
        let bytes = retrieved.files.iter().filter_map(|file| Some(file.metadata().ok()?.len())).sum();
        Ok(Fetched { files: retrieved.files, bytes, refused: retrieved.refused })
    }

    fn send(
        &self,
        objects: &[StoredObject],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Moved),
    ) -> Result<Vec<Sent>, ArchiveError> {
        let mut moved = Moved { objects: 0, of: Some(objects.len()), bytes: 0 };
        let unheard = |object: &StoredObject| Sent {
            sop_instance_uid: object.sop_instance.clone(),
            refusal: Some("the archive does not say that it has it".to_owned()),
        };
        let mut sent: Vec<Sent> = objects.iter().map(unheard).collect();
        let mut heard = vec![false; objects.len()];
        let stored = store(&self.caller(cancel), &self.node, objects, &mut |at, result| {
            (heard[at], sent[at].refusal) = (true, result.err().map(|error| error.to_string()));
            moved = Moved { objects: moved.objects + 1, bytes: moved.bytes + objects[at].length, ..moved };
            progress(moved);
        });
        match stored {
            // What became of the others is known, and stays known.
            Err(error) if heard.contains(&true) && !cancel.is_cancelled() => {
                let unheard = sent.iter_mut().zip(&heard).filter(|(_, heard)| !**heard);
                unheard.for_each(|(sent, _)| sent.refusal = Some(error.to_string()));
                Ok(sent)
            }
            stored => stored.map(|()| sent).map_err(ArchiveError::from),
        }
    }
}

/// The series of a study.
fn of_study(study_uid: &str) -> Result<Question, ArchiveError> {
    let study = Uid::of(study_uid).map_err(ArchiveError::failed)?;
    Ok(Question::of(Level::Series).matching(tags::STUDY_INSTANCE_UID, study.as_str()))
}

fn take_series(found: &mut FoundSeries, answer: &WireDataset) {
    match series(answer) {
        None => found.unreadable += 1,
        Some(_) if found.series.len() >= MOST_SERIES => found.left += 1,
        Some(one) => found.series.push(one),
    }
}

fn study(answer: &WireDataset) -> Option<ArchivedStudy> {
    let text = |tag| printable(answer.text(tag).trim()).into_owned();
    let number = |tag| answer.integer(tag).and_then(|number| u32::try_from(number).ok());
    let digits: String = answer.code(tags::STUDY_DATE).chars().filter(char::is_ascii_digit).collect();
    let modalities = answer.codes(tags::MODALITIES_IN_STUDY).into_iter().filter(|code| !code.is_empty());
    Some(ArchivedStudy {
        study_uid: Uid::of(&answer.code(tags::STUDY_INSTANCE_UID)).ok()?.to_string(),
        patient_name: text(tags::PATIENT_NAME),
        patient_id: text(tags::PATIENT_ID),
        date: NaiveDate::parse_from_str(&digits, "%Y%m%d").ok(),
        time: text(tags::STUDY_TIME),
        modalities: modalities.map(|code| printable(&code).into_owned()).collect(),
        // They stand with the series (PS3.4, C.6.2.1), which are asked for later.
        body_parts: None,
        description: text(tags::STUDY_DESCRIPTION),
        accession: text(tags::ACCESSION_NUMBER),
        series: number(tags::NUMBER_OF_STUDY_RELATED_SERIES),
        images: number(tags::NUMBER_OF_STUDY_RELATED_INSTANCES),
    })
}

fn series(answer: &WireDataset) -> Option<ArchivedSeries> {
    let text = |tag| printable(answer.text(tag).trim()).into_owned();
    let number = |tag| answer.integer(tag);
    Some(ArchivedSeries {
        series_uid: Uid::of(&answer.code(tags::SERIES_INSTANCE_UID)).ok()?.to_string(),
        modality: text(tags::MODALITY),
        body_part: text(tags::BODY_PART_EXAMINED),
        description: text(tags::SERIES_DESCRIPTION),
        number: number(tags::SERIES_NUMBER).and_then(|number| i32::try_from(number).ok()),
        images: number(tags::NUMBER_OF_SERIES_RELATED_INSTANCES).and_then(|number| u32::try_from(number).ok()),
    })
}
