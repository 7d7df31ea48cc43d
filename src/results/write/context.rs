//! What all objects of a case have in common: whose they are, the study, the series and equipment,
//! and how an object gets its UID.
//!
//! Patient and study are those of the image (PS3.3 C.7.1.1, C.7.2.1), in UTF-8 where they are not
//! plain ASCII. Attributes of type 2 that the image lacks are empty. The UID of an object is derived
//! from the bytes of everything else in it, dates and times included, which are those of the case.

use dicom_core::value::Value;
use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;

use super::item::Item;
use super::source::Source;
use super::{ObjectKind, ResultObject, WriteOptions};
use crate::engine::Timing;
use crate::files::sha256;
use crate::report::overlay_image::reservation;
use crate::report::sidecar::Sidecar;
use crate::report::{CaseReport, record};
use crate::results::{ResultsError, codes, uids as derived};
use crate::study::IMPLEMENTATION_CLASS_UID;
use crate::study::deidentify::Key;

/// A case that objects are made of.
pub(super) struct Context<'a> {
    pub case: &'a CaseReport,
    /// What the report says of it; anonymised when the case is.
    pub record: Sidecar,
    pub source: Source,
    /// SHA-256 of the record: identifiers within these results follow from it.
    pub digest: String,
    /// What speaks against the result, in a sentence that stands in every object.
    pub reservation: Option<String>,
    /// Pseudonym of an anonymised patient.
    pseudonym: String,
}

impl<'a> Context<'a> {
    pub(super) fn of(case: &'a CaseReport, options: &WriteOptions) -> Self {
        let record = record(case);
        // How long it took and where the file lies are no part of what was found.
        let mut found = Sidecar { timing_ms: Timing::default(), ..record.clone() };
        found.source.path = None;
        let digest = sha256(&serde_json::to_vec(&found).unwrap_or_default());
        let key = options.key.as_ref().filter(|_| case.anonymize);
        let source = Source::of(case, key, &digest);
        let pseudonym = key.map(|key| pseudonym(case, key)).unwrap_or_default();
        Self { source, digest, reservation: reservation(case), pseudonym, record, case }
    }

    /// An identifier within these results.
    pub(super) fn uid(&self, what: &str, name: &str) -> String {
        derived::of(what, &[self.digest.as_bytes(), name.as_bytes()])
    }

    pub(super) fn date(&self) -> String {
        self.case.created.format("%Y%m%d").to_string()
    }

    pub(super) fn time(&self) -> String {
        self.case.created.format("%H%M%S%.6f").to_string()
    }

    /// In a few words what speaks against the result; empty where nothing does.
    pub(super) fn mark(&self) -> &'static str {
        let refused = self.case.analysis.gate.as_ref().is_some_and(|gate| !gate.accepted);
        match (refused, self.case.outside(), self.case.analysis.scored) {
            (true, ..) => "REFUSED BY GATE: ",
            (false, Some(_), _) => "OUTSIDE POPULATION: ",
            (false, None, false) => "NOT SCORED: ",
            (false, None, true) => "",
        }
    }

    /// What an object is, with what speaks against it in front.
    pub(super) fn marked(&self, words: &str) -> String {
        format!("{}{words}", self.mark())
    }

    /// Name, version and weights of the model.
    pub(super) fn model_in_words(&self) -> String {
        let model = &self.record.model;
        format!("{} {}, weights {}", model.name, model.version, model.sha256)
    }

    /// Patient, study, series and equipment of an object that is made of the results. `words` say
    /// what it is.
    pub(super) fn result(&self, kind: ObjectKind, modality: &str, words: &str) -> Item {
        let (date, time) = (self.date(), self.time());
        let item = self
            .patient_and_study()
            .with(&self.series(kind, modality, words))
            .with(&self.equipment(true))
            .text(tags::INSTANCE_CREATION_DATE, VR::DA, &date)
            .text(tags::INSTANCE_CREATION_TIME, VR::TM, &time)
            .text(tags::SERIES_DATE, VR::DA, &date)
            .text(tags::SERIES_TIME, VR::TM, &time);
        if kind == ObjectKind::PresentationState {
            // It has a date of its own.
            return item;
        }
        item.text(tags::CONTENT_DATE, VR::DA, &date).text(tags::CONTENT_TIME, VR::TM, &time)
    }

    /// Patient and General Study, with the marks of de-identification where there are some.
    pub(super) fn patient_and_study(&self) -> Item {
        let header = &self.source.header;
        let anonymous = self.case.anonymize;
        let text = |tag| if anonymous { "" } else { header.text(tag) };
        let named = |tag| if anonymous { self.pseudonym.as_str() } else { header.text(tag) };
        let sex = self.record.image.sex.as_str();
        let item = Item::new()
            .words(tags::PATIENT_NAME, VR::PN, named(tags::PATIENT_NAME))
            .words(tags::PATIENT_ID, VR::LO, named(tags::PATIENT_ID))
            .words_if_any(tags::ISSUER_OF_PATIENT_ID, VR::LO, text(tags::ISSUER_OF_PATIENT_ID))
            .text(tags::PATIENT_BIRTH_DATE, VR::DA, &date(text(tags::PATIENT_BIRTH_DATE)))
            .text(tags::PATIENT_SEX, VR::CS, if ["M", "F", "O"].contains(&sex) { sex } else { "" })
            .uid(tags::STUDY_INSTANCE_UID, &self.source.study_uid)
            .text(tags::STUDY_DATE, VR::DA, &date(text(tags::STUDY_DATE)))
            .text(tags::STUDY_TIME, VR::TM, &time(text(tags::STUDY_TIME)))
            .words(tags::REFERRING_PHYSICIAN_NAME, VR::PN, text(tags::REFERRING_PHYSICIAN_NAME))
            .words(tags::STUDY_ID, VR::SH, text(tags::STUDY_ID))
            .words(tags::ACCESSION_NUMBER, VR::SH, text(tags::ACCESSION_NUMBER))
            .words_if_any(tags::STUDY_DESCRIPTION, VR::LO, text(tags::STUDY_DESCRIPTION));
        let age = Some(self.record.image.age.as_str()).filter(|age| is_age(age));
        let item = item.and(age, |item, age| item.text(tags::PATIENT_AGE, VR::AS, age));
        if anonymous {
            // In words, since no profile of PS3.15 is what is done: sex and age stay, and when the
            // result was made; names in pixels are not looked for.
            let method = [
                format!("Pellucid {} anonymized results", crate::VERSION),
                "Attributes that name somebody or a date of the study left out".into(),
                "Sex, age, kind of device and date of the result kept".into(),
                "Names that are burned into pixels not looked for".into(),
            ];
            return item
                .text(tags::PATIENT_IDENTITY_REMOVED, VR::CS, if self.source.is_burned_in() { "NO" } else { "YES" })
                .text(tags::DEIDENTIFICATION_METHOD, VR::LO, &method.join("\\"));
        }
        let removed = header.text(tags::PATIENT_IDENTITY_REMOVED);
        if !["YES", "NO"].contains(&removed) {
            return item;
        }
        item.text(tags::PATIENT_IDENTITY_REMOVED, VR::CS, removed).words_if_any(
            tags::DEIDENTIFICATION_METHOD,
            VR::LO,
            header.text(tags::DEIDENTIFICATION_METHOD),
        )
    }

    fn series(&self, kind: ObjectKind, modality: &str, words: &str) -> Item {
        let number = 9001 + ObjectKind::ALL.iter().position(|one| *one == kind).unwrap_or_default();
        Item::new()
            .text(tags::MODALITY, VR::CS, modality)
            .uid(tags::SERIES_INSTANCE_UID, &self.uid("series", kind.key()))
            .text(tags::SERIES_NUMBER, VR::IS, &number.to_string())
            .words(tags::SERIES_DESCRIPTION, VR::LO, &self.marked(&format!("AI, research use only: {words}")))
    }

    /// This program as the maker of the object (C.7.5.1, C.7.5.2), and all that contributed to it
    /// (C.12.1): the model too, where the object is its result.
    pub(super) fn equipment(&self, of_model: bool) -> Item {
        let own = || {
            Item::new()
                .text(tags::MANUFACTURER, VR::LO, "Pellucid")
                .text(tags::MANUFACTURER_MODEL_NAME, VR::LO, "Pellucid")
                .words(tags::DEVICE_SERIAL_NUMBER, VR::LO, crate::COMMIT)
                .text(tags::SOFTWARE_VERSIONS, VR::LO, crate::VERSION)
        };
        let model = of_model.then(|| format!("Model {}", self.model_in_words()));
        let processing = own()
            .code(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, &codes::PROCESSING_EQUIPMENT)
            .and(model, |item, model| item.words(tags::CONTRIBUTION_DESCRIPTION, VR::ST, &model));
        let image = &self.record.image;
        let acquisition = Item::new()
            .code(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, &codes::ACQUISITION_EQUIPMENT)
            .words(tags::MANUFACTURER, VR::LO, &image.manufacturer)
            .words_if_any(tags::MANUFACTURER_MODEL_NAME, VR::LO, &image.model_name);
        let contributing = if image.manufacturer.is_empty() { vec![processing] } else { vec![processing, acquisition] };
        own().items(tags::CONTRIBUTING_EQUIPMENT_SEQUENCE, contributing)
    }

    /// The object of a data set: with its character set, its UID, and file meta information.
    pub(super) fn finished(&self, kind: ObjectKind, item: Item) -> Result<ResultObject, ResultsError> {
        let failed = |reason: String| ResultsError::Encode { kind: kind.name(), reason };
        let item = item.uid(tags::SOP_CLASS_UID, kind.sop_class_uid());
        let item =
            if is_ascii(item.object()) { item } else { item.text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192") };
        let mut content = Vec::new();
        let syntax = EXPLICIT_VR_LITTLE_ENDIAN.erased();
        item.object().write_dataset_with_ts(&mut content, &syntax).map_err(|e| failed(e.to_string()))?;
        let uid = derived::of(kind.key(), &[&content]);
        let item = item.uid(tags::SOP_INSTANCE_UID, &uid);
        let series = item.object().element(tags::SERIES_INSTANCE_UID).ok();
        let series = series.and_then(|element| element.to_str().ok()).map(std::borrow::Cow::into_owned);
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
            .media_storage_sop_class_uid(kind.sop_class_uid())
            .media_storage_sop_instance_uid(&uid)
            .implementation_class_uid(IMPLEMENTATION_CLASS_UID)
            .implementation_version_name("PELLUCID");
        Ok(ResultObject {
            kind,
            sop_class_uid: kind.sop_class_uid().into(),
            sop_instance_uid: uid,
            series_instance_uid: series.unwrap_or_default(),
            study_instance_uid: self.source.study_uid.clone(),
            object: item.into_object().with_meta(meta).map_err(|e| failed(e.to_string()))?,
        })
    }
}

/// The pseudonym by which `pellucid deidentify` calls the patient.
fn pseudonym(case: &CaseReport, key: &Key) -> String {
    let (meta, identity) = (&case.frame.entry.meta, &case.frame.entry.identity);
    let known = [&meta.patient_id, &meta.patient_name, &identity.study_uid, &identity.sop_instance_uid];
    key.pseudonym("P", known.into_iter().find(|text| !text.is_empty()).map_or("", String::as_str))
}

/// Whether all texts of a data set are plain ASCII.
fn is_ascii(object: &InMemDicomObject) -> bool {
    object.iter().all(|element| match element.value() {
        Value::Primitive(PrimitiveValue::Str(text)) => text.is_ascii(),
        Value::Primitive(PrimitiveValue::Strs(texts)) => texts.iter().all(|text| text.is_ascii()),
        Value::Sequence(items) => element.vr() != VR::SQ || items.items().iter().all(is_ascii),
        Value::Primitive(_) | Value::PixelSequence(_) => true,
    })
}

/// A date as the standard writes it, also of one with points, as before DICOM (PS3.5 table 6.2-1); nothing
/// of what is none.
fn date(text: &str) -> String {
    let is_old = text.len() == 10 && text.bytes().enumerate().all(|(i, b)| (b == b'.') == (i == 4 || i == 7));
    let text = if is_old { text.replace('.', "") } else { text.to_owned() };
    let is_written = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) && text.starts_with(['1', '2']);
    let is_date = is_written && chrono::NaiveDate::parse_from_str(&text, "%Y%m%d").is_ok();
    if is_date { text } else { String::new() }
}

/// The same of a time of day, whose parts stood between colons.
fn time(text: &str) -> String {
    let is_old = [5, 8].contains(&text.split('.').next().unwrap_or_default().len())
        && text.bytes().enumerate().all(|(i, b)| (b == b':') == (i == 2 || i == 5));
    let text = if is_old { text.replace(':', "") } else { text.to_owned() };
    let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_time = digits(whole) && digits(part) && [2, 4, 6].contains(&whole.len()) && part.len() <= 6;
    if is_time { text } else { String::new() }
}

/// Three digits and a unit (PS3.5 6.2, AS).
fn is_age(text: &str) -> bool {
    text.len() == 4 && text.bytes().take(3).all(|b| b.is_ascii_digit()) && text.ends_with(['D', 'W', 'M', 'Y'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_times_and_ages_that_are_none_are_left_out() {
        assert_eq!(["20261130", "2026.11.30"].map(date), ["20261130", "20261130"]);
        for none in ["", "2026-11-30", "2026.11.3", "30.11.2026", "20261399", "0095.07.24"] {
            assert_eq!(date(none), "", "{none}");
        }
        let times = ["114512.5", "11:45", "11:45:12.25", "1145", "11451", "1:45", "11:4512"].map(time);
        assert_eq!(times, ["114512.5", "1145", "114512.25", "1145", "", "", ""]);
        assert!(is_age("066Y") && !is_age("66Y") && !is_age("over 89"));
    }
}
