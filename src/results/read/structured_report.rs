//! A structured report: what it is called, who answers for it, its content (PS3.3 A.35, C.17).

use std::collections::HashSet;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::Serialize;

use super::ReadError;
use super::code::{Code, shortened};
use super::findings::{Finding, findings};
use super::item::{Value, clock, moment};
use super::reference::{Reference, distinct, of_hierarchy};
use super::tree::ReportTree;
use crate::study::dataset::Dataset;
use crate::study::dicom::Dicom;
use crate::study::readable_name;
use crate::study::text::CharacterSets;

/// Most characters of a name or a description.
const WORDS: usize = 200;

/// Who or what says something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Observer {
    /// A device, not a person.
    pub is_device: bool,
    pub name: String,
}

/// A structured report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StructuredReport {
    /// What kind of object it is: "Comprehensive 3D SR" …
    pub object: String,
    /// The name of its root.
    pub title: String,
    /// The template that it follows: `TID 1500 (DCMR)`; empty where it names none.
    pub template: String,
    /// COMPLETE or PARTIAL; with PRELIMINARY or FINAL.
    pub completion: String,
    /// VERIFIED or UNVERIFIED.
    pub verification: String,
    /// Who verified it, and when.
    pub verified_by: Vec<String>,
    /// Who wrote it.
    pub authors: Vec<Observer>,
    /// Date and time of its content.
    pub date: String,
    /// The device and the software that made the object, and those that contributed.
    pub equipment: Vec<String>,
    pub tree: ReportTree,
    pub findings: Vec<Finding>,
    /// Every object that it names, as evidence or in its content.
    pub references: Vec<Reference>,
}

impl StructuredReport {
    pub(super) fn read(dicom: &Dicom) -> Result<Self, ReadError> {
        let (dataset, sets) = (&dicom.dataset, &dicom.sets);
        if dataset.items(tags::CONTENT_SEQUENCE).is_empty() && dataset.code(tags::VALUE_TYPE).is_empty() {
            return Err(ReadError::NoContent);
        }
        let tree = ReportTree::read(dataset, sets);
        let text = |tag: Tag| shortened(&dataset.text(tag, sets), WORDS);
        let named = tree.items.first().map(|root| root.name().to_owned()).unwrap_or_default();
        let completion = [text(tags::COMPLETION_FLAG), text(tags::PRELIMINARY_FLAG)];
        let when = moment(&format!("{}{}", text(tags::CONTENT_DATE), text(tags::CONTENT_TIME)));
        let date = if text(tags::CONTENT_DATE).is_empty() { clock(&text(tags::CONTENT_TIME)) } else { when };
        Ok(Self {
            object: dicom.kind(),
            title: if named.is_empty() { text(tags::SERIES_DESCRIPTION) } else { named },
            template: template(dataset),
            completion: completion.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(", "),
            verification: text(tags::VERIFICATION_FLAG),
            verified_by: dataset.items(tags::VERIFYING_OBSERVER_SEQUENCE).iter().take(16).map(verifier(sets)).collect(),
            authors: dataset.items(tags::AUTHOR_OBSERVER_SEQUENCE).iter().take(16).filter_map(author(sets)).collect(),
            date,
            equipment: equipment(dataset, sets),
            findings: findings(&tree),
            references: references(dataset, &tree),
            tree,
        })
    }
}

fn template(dataset: &Dataset) -> String {
    let Some(item) = dataset.items(tags::CONTENT_TEMPLATE_SEQUENCE).first() else { return String::new() };
    let identifier = shortened(&item.code(tags::TEMPLATE_IDENTIFIER), 32);
    let resource = shortened(&item.code(tags::MAPPING_RESOURCE), 32);
    match (identifier.is_empty(), resource.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!("TID {identifier}"),
        (false, false) => format!("TID {identifier} ({resource})"),
    }
}

fn verifier(sets: &CharacterSets) -> impl Fn(&Dataset) -> String + '_ {
    move |item| {
        let name = readable_name(&shortened(&item.text(tags::VERIFYING_OBSERVER_NAME, sets), WORDS));
        let organization = shortened(&item.text(tags::VERIFYING_ORGANIZATION, sets), WORDS);
        let when = moment(&shortened(&item.code(tags::VERIFICATION_DATE_TIME), 32));
        [name, organization, when].into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

fn author(sets: &CharacterSets) -> impl Fn(&Dataset) -> Option<Observer> + '_ {
    move |item| {
        let text = |tag: Tag| shortened(&item.text(tag, sets), WORDS);
        let person = readable_name(&text(tags::PERSON_NAME));
        let device = [tags::STATION_NAME, tags::MANUFACTURER_MODEL_NAME, tags::MANUFACTURER].map(text);
        let device = device.into_iter().find(|w| !w.is_empty()).unwrap_or_default();
        let is_device = item.code(tags::OBSERVER_TYPE) == "DEV" || person.is_empty();
        let name = if is_device { device } else { person };
        (!name.is_empty()).then_some(Observer { is_device, name })
    }
}

/// The device of the object, then those of Contributing Equipment with what they did (PS3.3 C.12.1).
pub(super) fn equipment(dataset: &Dataset, sets: &CharacterSets) -> Vec<String> {
    let one = |item: &Dataset| {
        let text = |tag: Tag| shortened(&item.text(tag, sets), WORDS);
        let purpose = Code::of(item, tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, sets);
        let parts = [
            text(tags::MANUFACTURER),
            text(tags::MANUFACTURER_MODEL_NAME),
            text(tags::SOFTWARE_VERSIONS).replace('\\', ", "),
            purpose.map(|code| format!("({})", code.words())).unwrap_or_default(),
            text(tags::CONTRIBUTION_DESCRIPTION),
        ];
        parts.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let contributed = dataset.items(tags::CONTRIBUTING_EQUIPMENT_SEQUENCE).iter().take(16);
    let mut all: Vec<String> = std::iter::once(dataset).chain(contributed).map(one).collect();
    all.retain(|words| !words.is_empty());
    all.dedup();
    all
}

fn references(dataset: &Dataset, tree: &ReportTree) -> Vec<Reference> {
    let in_content = tree.items.iter().filter_map(|item| match &item.value {
        Value::Object(reference) => Some(reference.clone()),
        _ => None,
    });
    let evidence = [
        tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE,
        tags::PERTINENT_OTHER_EVIDENCE_SEQUENCE,
        tags::PREDECESSOR_DOCUMENTS_SEQUENCE,
    ];
    let mut all: Vec<Reference> = in_content.collect();
    // What the content names with its frames is not named again as a whole.
    let mut known: HashSet<String> = all.iter().map(|one| one.sop_instance_uid.clone()).collect();
    let more = evidence.into_iter().flat_map(|sequence| of_hierarchy(dataset, sequence));
    all.extend(more.filter(|one| known.insert(one.sop_instance_uid.clone())));
    distinct(all)
}
