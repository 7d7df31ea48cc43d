//! The elements of a file as a list for people: tag, representation, name, short value.

use std::path::Path;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use super::StudyError;
use super::dataset::{Dataset, Element, Value};
use super::dicom::Dicom;
use crate::panic_guard::guarded;

/// Longest value that is written out, in characters.
const VALUE_LENGTH: usize = 64;

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementLine {
    /// "(0028,0010)", indented by two blanks for every sequence around it.
    pub tag: String,
    pub vr: String,
    pub name: String,
    pub value: String,
}

/// All elements of a DICOM file up to its pixel data, the file meta information first.
pub fn list_elements(path: &Path) -> Result<Vec<ElementLine>, StudyError> {
    guarded(|| {
        let dicom = Dicom::open(path)?;
        let mut lines = Vec::new();
        write_lines(&dicom.meta, &dicom, 0, &mut lines);
        write_lines(&dicom.dataset, &dicom, 0, &mut lines);
        Ok(lines)
    })?
}

fn write_lines(dataset: &Dataset, dicom: &Dicom, depth: usize, lines: &mut Vec<ElementLine>) {
    for (tag, element) in &dataset.elements {
        lines.push(ElementLine {
            tag: format!("{}{tag}", "  ".repeat(depth)),
            vr: element.vr.to_string().to_owned(),
            name: name(*tag),
            value: value(dataset, *tag, element, dicom),
        });
        if let Value::Items(items) = &element.value {
            for item in items {
                write_lines(item, dicom, depth + 1, lines);
            }
        }
    }
}

fn name(tag: Tag) -> String {
    if tag.0 % 2 == 1 {
        return "Private".into();
    }
    StandardDataDictionary.by_tag(tag).map_or("Unknown", DataDictionaryEntry::alias).to_owned()
}

fn value(dataset: &Dataset, tag: Tag, element: &Element, dicom: &Dicom) -> String {
    let text = match &element.value {
        Value::Items(items) => return format!("{} item(s)", items.len()),
        Value::Stored { length, .. } => return format!("{length} bytes"),
        Value::Fragments { items } => return format!("{} fragment(s)", items.len().saturating_sub(1)),
        Value::Bytes(bytes) => match element.vr {
            VR::OB | VR::OW | VR::UN | VR::OF | VR::OD | VR::OL | VR::OV => return format!("{} bytes", bytes.len()),
            VR::US | VR::SS | VR::UL | VR::SL | VR::FL | VR::FD => {
                dataset.numbers(tag).iter().take(VALUE_LENGTH).map(f64::to_string).collect::<Vec<_>>().join("\\")
            }
            VR::AT => return format!("{} tag(s)", bytes.len() / 4),
            _ => dataset.text(tag, &dicom.sets),
        },
    };
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(VALUE_LENGTH).collect();
    if text.chars().count() > VALUE_LENGTH { line + "…" } else { line }
}
