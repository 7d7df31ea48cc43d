//! QIDO-RS: which studies and series there are (PS3.18, 10.6).

use chrono::NaiveDate;
use ureq::http::header;
use url::Url;

use super::connection::{Answer, Connection};
use super::dicom_json::{JsonObject, JsonObjects, objects};
use super::error::WebError;
use super::multipart::media_type;
use crate::cancel::CancelToken;
use crate::pacs::archive::{
    ArchivedSeries, ArchivedStudy, Found, FoundSeries, MOST_SERIES, MOST_STUDIES, Query, body_parts_of,
};
use crate::pacs::uid::Uid;

/// Longest answer to a query, in bytes.
const ANSWER: u64 = 32 << 20;
const JSON: &str = "application/dicom+json";
/// Body parts stand with the series: they are asked for where no more studies than this were found.
const WITH_BODY_PARTS: usize = 300;
/// Most series that are looked at for body parts.
const SERIES_LOOKED_AT: usize = 10_000;

// Tags (PS3.6).
const STUDY_DATE: u32 = 0x0008_0020;
const STUDY_TIME: u32 = 0x0008_0030;
const ACCESSION: u32 = 0x0008_0050;
const MODALITY: u32 = 0x0008_0060;
const MODALITIES: u32 = 0x0008_0061;
const STUDY_DESCRIPTION: u32 = 0x0008_1030;
const SERIES_DESCRIPTION: u32 = 0x0008_103E;
const PATIENT_NAME: u32 = 0x0010_0010;
const PATIENT_ID: u32 = 0x0010_0020;
const BODY_PART: u32 = 0x0018_0015;
const STUDY_UID: u32 = 0x0020_000D;
const SERIES_UID: u32 = 0x0020_000E;
const SERIES_NUMBER: u32 = 0x0020_0011;
const STUDY_SERIES: u32 = 0x0020_1206;
const STUDY_IMAGES: u32 = 0x0020_1208;
const SERIES_IMAGES: u32 = 0x0020_1209;

const OF_STUDY: [u32; 11] = [
    STUDY_UID,
    PATIENT_NAME,
    PATIENT_ID,
    STUDY_DATE,
    STUDY_TIME,
    ACCESSION,
    MODALITIES,
    STUDY_DESCRIPTION,
    BODY_PART,
    STUDY_SERIES,
    STUDY_IMAGES,
];
const OF_SERIES: [u32; 6] = [SERIES_UID, MODALITY, BODY_PART, SERIES_DESCRIPTION, SERIES_NUMBER, SERIES_IMAGES];
/// What servers leave out unless it is asked for.
const EXTRA: [&str; 4] =
    ["StudyDescription", "BodyPartExamined", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"];

/// Asks for one study at most: whether the server is there and speaks DICOMweb.
pub(super) fn echo(connection: &Connection, cancel: &CancelToken) -> Result<(), WebError> {
    let mut url = connection.root.below(&["studies"]);
    url.query_pairs_mut().append_pair("limit", "1");
    ask(connection, url, &[STUDY_UID], 1, cancel).map(drop)
}

/// Looks for studies.
pub(super) fn studies(connection: &Connection, query: &Query, cancel: &CancelToken) -> Result<Found, WebError> {
    let mut url = connection.root.below(&["studies"]);
    narrow(&mut url, query, "ModalitiesInStudy", MOST_STUDIES + 1);
    for name in EXTRA {
        url.query_pairs_mut().append_pair("includefield", name);
    }
    let (answer, warned) = ask(connection, url, &OF_STUDY, MOST_STUDIES, cancel)?;
    let mut found = Found { more: answer.left > 0 || warned, ..Found::default() };
    for object in &answer.objects {
        match study(object) {
            Some(study) => found.studies.push(study),
            None => found.unreadable += 1,
        }
    }
    let unknown = found.studies.iter().all(|study| study.body_parts.is_none());
    if unknown && !found.studies.is_empty() && found.studies.len() <= WITH_BODY_PARTS {
        add_body_parts(connection, query, &mut found, cancel)?;
    }
    Ok(found)
}

/// The series of a study.
pub(super) fn series(connection: &Connection, study_uid: &str, cancel: &CancelToken) -> Result<FoundSeries, WebError> {
    let mut url = connection.root.below(&["studies", checked(study_uid)?.as_str(), "series"]);
    for name in ["SeriesDescription", "BodyPartExamined", "NumberOfSeriesRelatedInstances"] {
        url.query_pairs_mut().append_pair("includefield", name);
    }
    let (answer, more) = ask(connection, url, &OF_SERIES, MOST_SERIES, cancel)?;
    let read = |object: &JsonObject| {
        Some(ArchivedSeries {
            series_uid: Uid::of(&object.text(SERIES_UID)).ok()?.to_string(),
            modality: object.text(MODALITY),
            body_part: object.text(BODY_PART),
            description: object.text(SERIES_DESCRIPTION),
            number: object.number(SERIES_NUMBER),
            images: object.number(SERIES_IMAGES),
        })
    };
    let series: Vec<ArchivedSeries> = answer.objects.iter().filter_map(read).collect();
    let unreadable = answer.objects.len() - series.len();
    Ok(FoundSeries { series, left: answer.left, more, unreadable })
}

/// The body parts of studies, which stand with their series: one question for each of them.
pub(super) fn body_parts(
    connection: &Connection,
    study_uids: &[String],
    cancel: &CancelToken,
    told: &mut dyn FnMut(&str, Vec<String>),
) -> Result<(), WebError> {
    for study in study_uids {
        let mut url = connection.root.below(&["studies", checked(study)?.as_str(), "series"]);
        url.query_pairs_mut().append_pair("includefield", "BodyPartExamined");
        let (answer, _) = ask(connection, url, &[BODY_PART], MOST_SERIES, cancel)?;
        let part = |object: &JsonObject| ArchivedSeries { body_part: object.text(BODY_PART), ..Default::default() };
        let series: Vec<ArchivedSeries> = answer.objects.iter().map(part).collect();
        told(study, body_parts_of(&series));
    }
    Ok(())
}

/// A UID that a request may be made of.
pub(super) fn checked(uid: &str) -> Result<Uid, WebError> {
    Uid::of(uid).map_err(|_| WebError::Uid(uid.chars().take(64).collect::<String>().escape_debug().to_string()))
}

/// Says in the address what is looked for.
fn narrow(url: &mut Url, query: &Query, modality: &str, most: usize) {
    let mut pairs = url.query_pairs_mut();
    let dates = query.dates();
    for (name, value) in [
        ("PatientName", &query.patient_name),
        ("PatientID", &query.patient_id),
        ("StudyDate", &dates),
        (modality, &query.modality),
        ("AccessionNumber", &query.accession),
        ("StudyInstanceUID", &query.study_uid),
    ] {
        if !value.is_empty() {
            pairs.append_pair(name, value);
        }
    }
    pairs.append_pair("limit", &most.to_string());
}

/// Body parts by the series of all studies at once; a server that cannot do it says nothing of them.
fn add_body_parts(
    connection: &Connection,
    query: &Query,
    found: &mut Found,
    cancel: &CancelToken,
) -> Result<(), WebError> {
    let mut url = connection.root.below(&["series"]);
    narrow(&mut url, query, "ModalitiesInStudy", SERIES_LOOKED_AT);
    url.query_pairs_mut().append_pair("includefield", "BodyPartExamined");
    let answer = match ask(connection, url, &[STUDY_UID, BODY_PART], SERIES_LOOKED_AT, cancel) {
        // Of a study some of whose series were left out nothing is known.
        Ok((answer, more)) if more || answer.left > 0 => return Ok(()),
        Ok((answer, _)) => answer,
        Err(WebError::Cancelled) => return Err(WebError::Cancelled),
        Err(error) => {
            log::info!("the archive says no body parts: {error}");
            return Ok(());
        }
    };
    for object in &answer.objects {
        let (uid, part) = (object.text(STUDY_UID), object.text(BODY_PART));
        let Some(study) = found.studies.iter_mut().find(|study| study.study_uid == uid) else { continue };
        let parts = study.body_parts.get_or_insert_default();
        if !part.is_empty() && !parts.contains(&part) {
            parts.push(part);
        }
    }
    Ok(())
}

fn study(object: &JsonObject) -> Option<ArchivedStudy> {
    let digits: String = object.text(STUDY_DATE).chars().filter(char::is_ascii_digit).collect();
    Some(ArchivedStudy {
        study_uid: Uid::of(&object.text(STUDY_UID)).ok()?.to_string(),
        patient_name: object.text(PATIENT_NAME),
        patient_id: object.text(PATIENT_ID),
        date: NaiveDate::parse_from_str(&digits, "%Y%m%d").ok(),
        time: object.text(STUDY_TIME),
        modalities: object.texts(MODALITIES),
        // Some servers say them of studies, too.
        body_parts: Some(object.texts(BODY_PART)).filter(|parts| !parts.is_empty()),
        description: object.text(STUDY_DESCRIPTION),
        accession: object.text(ACCESSION),
        series: object.number(STUDY_SERIES),
        images: object.number(STUDY_IMAGES),
    })
}

/// Asks a question, and yields the answer and whether the server says that there is more (PS3.18, 8.3.4.4).
fn ask(
    connection: &Connection,
    url: Url,
    tags: &[u32],
    most: usize,
    cancel: &CancelToken,
) -> Result<(JsonObjects, bool), WebError> {
    connection.get(url, JSON, cancel, |answer| {
        match answer.status {
            200 | 206 => {}
            // Nothing matches.
            204 => return Ok((JsonObjects::default(), false)),
            _ => return Err(answer.refused()),
        }
        is_json(&answer)?;
        let warned = answer.header(&header::WARNING).is_some_and(|warning| warning.contains("additional results"));
        let host = answer.connection.host();
        let bytes = answer.bytes(ANSWER)?;
        // Some servers answer with nothing at all where nothing matches.
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok((JsonObjects::default(), false));
        }
        // The sentence of the parser may quote what was read.
        let malformed = |error: serde_json::Error| WebError::Malformed {
            host,
            why: format!("it is no list of the DICOM JSON model (line {}, column {})", error.line(), error.column()),
        };
        Ok((objects(&bytes, tags, most).map_err(malformed)?, warned))
    })
}

fn is_json(answer: &Answer<'_>) -> Result<(), WebError> {
    let found = answer.header(&header::CONTENT_TYPE).map(media_type).unwrap_or_default();
    if found.is_empty() || found.contains("json") {
        return Ok(());
    }
    let host = answer.connection.host();
    Err(WebError::Content { host, found: found.escape_debug().to_string(), wanted: "JSON of DICOM" })
}
