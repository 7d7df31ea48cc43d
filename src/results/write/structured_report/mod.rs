//! The findings as a Comprehensive SR: an Imaging Measurement Report (PS3.16 TID 1500).
//!
//! ```text
//! Imaging Measurement Report
//!   language, observer (the program), procedure
//!   Image Library                  the image
//!   Imaging Measurements           a group for each label and group of labels, then the reader's
//!   Qualitative Evaluations        notice, gate, population, reservations, impression, and what the
//!                                reader said of the findings
//! ```
//!
//! Numbers stand twice: as decimal strings, and exactly as Floating Point Value.

mod assessment;
mod content;
mod evaluations;
mod findings;
mod measurements;
mod observers;

use dicom_core::VR;
use dicom_dictionary_std::tags;

use self::content::{Node, Relation};
pub(super) use self::findings::parameters;
use super::context::Context;
use super::item::Item;
use super::{ObjectKind, ResultObject};
use crate::results::ResultsError;
use crate::results::codes::{self, Code, OWN, OWN_UID};

/// The structured report of a case.
pub(super) fn object(context: &Context<'_>) -> Result<ResultObject, ResultsError> {
    let own_scheme = Item::new()
        .text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, OWN)
        .uid(tags::CODING_SCHEME_UID, OWN_UID)
        .text(tags::CODING_SCHEME_NAME, VR::ST, "Concepts of Pellucid")
        .text(tags::CODING_SCHEME_RESPONSIBLE_ORGANIZATION, VR::ST, "Pellucid");
    let header = context
        .result(ObjectKind::StructuredReport, "SR", "report")
        .items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new())
        .text(tags::INSTANCE_NUMBER, VR::IS, "1")
        .text(tags::COMPLETION_FLAG, VR::CS, "COMPLETE")
        .text(tags::VERIFICATION_FLAG, VR::CS, "UNVERIFIED")
        .items(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, Vec::new())
        .items(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, vec![evidence(context)])
        .items(tags::CODING_SCHEME_IDENTIFICATION_SEQUENCE, vec![own_scheme]);
    context.finished(ObjectKind::StructuredReport, header.with(&tree(context).into_item()))
}

fn tree(context: &Context<'_>) -> Node {
    let language = Node::code(Relation::Concept, &codes::LANGUAGE, &codes::ENGLISH);
    let procedure = Node::code(Relation::Concept, &codes::PROCEDURE_REPORTED, &context.source.procedure());
    let mut groups = findings::groups(context);
    groups.extend(measurements::groups(context));
    groups.extend(assessment::groups(context));
    let root = Node::root(&codes::IMAGING_MEASUREMENT_REPORT, "1500")
        .of([language])
        .of(observers::device())
        .of([procedure, library(context)]);
    let measured = (!groups.is_empty()).then(|| Node::container(&codes::IMAGING_MEASUREMENTS).of(groups));
    let said = Node::container(&codes::QUALITATIVE_EVALUATIONS)
        .of(evaluations::evaluations(context))
        .of(assessment::assessments(context));
    root.of(measured).of([said])
}

/// The image that all of it is about (TID 1600).
fn library(context: &Context<'_>) -> Node {
    use Relation::Acquisition;
    let plane = &context.case.frame.pixels.plane;
    let number = |name: &Code, value: usize| Node::number(Acquisition, name, value as f64, &codes::PIXELS);
    let mut descriptors = Vec::new();
    descriptors
        .extend(modality(&context.record.image.modality).map(|code| Node::code(Acquisition, &codes::MODALITY, &code)));
    descriptors.push(number(&codes::PIXEL_DATA_ROWS, plane.height));
    descriptors.push(number(&codes::PIXEL_DATA_COLUMNS, plane.width));
    let image = Node::image(Relation::Contains, None, &context.source).of(descriptors);
    let group = Node::container(&codes::IMAGE_LIBRARY_GROUP).of([image]);
    Node::container(&codes::IMAGE_LIBRARY).by_template("1600").of([group])
}

/// The code of a modality (PS3.16 CID 29), as far as this program meets it.
fn modality(term: &str) -> Option<Code> {
    Some(match term {
        "CR" => Code::new("CR", "DCM", "Computed Radiography"),
        "DX" => Code::new("DX", "DCM", "Digital Radiography"),
        "MG" => Code::new("MG", "DCM", "Mammography"),
        "CT" => Code::new("CT", "DCM", "Computed Tomography"),
        "MR" => Code::new("MR", "DCM", "Magnetic Resonance"),
        "US" => Code::new("US", "DCM", "Ultrasound"),
        "XA" => Code::new("XA", "DCM", "X-Ray Angiography"),
        "RF" => Code::new("RF", "DCM", "Radiofluoroscopy"),
        "PT" => Code::new("PT", "DCM", "Positron emission tomography"),
        "NM" => Code::new("NM", "DCM", "Nuclear Medicine"),
        "RG" => Code::new("RG", "DCM", "Radiographic imaging"),
        "OT" => Code::new("OT", "DCM", "Other Modality"),
        _ => return None,
    })
}

/// The image, by study and series (C.17.2).
fn evidence(context: &Context<'_>) -> Item {
    let source = &context.source;
    // Frames are told in the tree.
    let image = Item::new()
        .uid(tags::REFERENCED_SOP_CLASS_UID, &source.sop_class_uid)
        .uid(tags::REFERENCED_SOP_INSTANCE_UID, &source.sop_instance_uid);
    let series = Item::new()
        .uid(tags::SERIES_INSTANCE_UID, &source.series_uid)
        .items(tags::REFERENCED_SOP_SEQUENCE, vec![image]);
    Item::new().uid(tags::STUDY_INSTANCE_UID, &source.study_uid).items(tags::REFERENCED_SERIES_SEQUENCE, vec![series])
}
