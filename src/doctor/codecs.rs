//! Decoders: one small image in each compressed transfer syntax is decoded, by the way that files
//! take, and compared with the pixels that it was made from.
//!
//! `tests/golden/sample_streams.py` made the streams with other implementations.

use std::fs;
use std::path::Path;

use dicom_core::value::PixelFragmentSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_encoding::transfer_syntax::TransferSyntaxIndex as _;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::Finding;
use crate::study::{foreign, open_image};

const STREAMS: &[u8] = include_bytes!("../../assets/sample-streams.bin");
const COLUMNS: u16 = 7;
const ROWS: u16 = 5;

/// A stream with what it must become.
struct Sample {
    uid: String,
    bits: u16,
    /// Highest difference that a lossy syntax may make.
    difference: f32,
    stream: Vec<u8>,
}

pub(super) fn examine() -> Vec<Finding> {
    const PART: &str = "Decoders";
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => {
            return vec![Finding::fails(PART, format!("no temporary folder ({}); see Folders", error.kind()))];
        }
    };
    let (mut right, mut findings) = (Vec::new(), Vec::new());
    for sample in samples() {
        let name = TransferSyntaxRegistry.get(&sample.uid).map_or(sample.uid.as_str(), |syntax| syntax.name());
        match decode(&sample, folder.path()) {
            Ok(()) => right.push(name.to_owned()),
            Err(reason) => findings.push(Finding::fails(PART, format!("{name}: {reason}"))),
        }
    }
    if !right.is_empty() {
        let place = if foreign::pool().is_some() { "in a process of their own" } else { "in a guarded thread" };
        let text = format!("{} images decoded to their pixels:\n{}", right.len(), right.join("\n"));
        findings.insert(0, Finding::works(PART, format!("{text}\nthose of other authors run {place}")));
    }
    findings
}

fn samples() -> Vec<Sample> {
    let (mut rest, mut samples) = (STREAMS, Vec::new());
    let mut take = |count: usize| {
        let part;
        (part, rest) = rest.split_at(count.min(rest.len()));
        part.to_vec()
    };
    while let [length] = take(1)[..] {
        let uid = String::from_utf8_lossy(&take(usize::from(length))).into_owned();
        let numbers = take(2);
        let bytes = take(4).iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        let stream = take(bytes);
        samples.push(Sample { uid, bits: numbers[0].into(), difference: numbers[1].into(), stream });
    }
    samples
}

/// Writes the sample as a DICOM file, opens it, and compares.
fn decode(sample: &Sample, folder: &Path) -> Result<(), String> {
    let path = folder.join(format!("{}.dcm", sample.uid));
    write(sample, &path)?;
    let frame = open_image(&path).map_err(|error| error.to_string())?;
    let found = frame.model_plane().values;
    let largest = (1_u32 << sample.bits) - 1;
    let pixels = u32::from(COLUMNS) * u32::from(ROWS);
    let made = (0..pixels).map(|i| (i * largest / (pixels - 1)) as f32);
    let wrong = found.iter().zip(made).filter(|(found, made)| (*found - made).abs() > sample.difference).count();
    match wrong {
        0 if found.len() == pixels as usize => Ok(()),
        _ => Err(format!("{wrong} of {pixels} pixels are not those of the image: do not use it for such files")),
    }
}

fn write(sample: &Sample, path: &Path) -> Result<(), String> {
    let number = |tag: Tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
    let mut stream = sample.stream.clone();
    stream.resize(stream.len().next_multiple_of(2), 0);
    let object = InMemDicomObject::from_element_iter([
        DataElement::new(tags::SOP_CLASS_UID, VR::UI, PrimitiveValue::from(uids::SECONDARY_CAPTURE_IMAGE_STORAGE)),
        DataElement::new(tags::SOP_INSTANCE_UID, VR::UI, PrimitiveValue::from("2.25.1")),
        DataElement::new(tags::MODALITY, VR::CS, PrimitiveValue::from("OT")),
        DataElement::new(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, PrimitiveValue::from("MONOCHROME2")),
        number(tags::SAMPLES_PER_PIXEL, 1),
        number(tags::ROWS, ROWS),
        number(tags::COLUMNS, COLUMNS),
        number(tags::BITS_ALLOCATED, sample.bits.next_multiple_of(8)),
        number(tags::BITS_STORED, sample.bits),
        number(tags::HIGH_BIT, sample.bits - 1),
        number(tags::PIXEL_REPRESENTATION, 0),
        DataElement::new(tags::PIXEL_DATA, VR::OB, PixelFragmentSequence::new_fragments(vec![stream])),
    ]);
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(sample.uid.as_str())
        .media_storage_sop_class_uid(uids::SECONDARY_CAPTURE_IMAGE_STORAGE)
        .media_storage_sop_instance_uid("2.25.1");
    let object = object.with_meta(meta).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    object.write_all(&mut bytes).map_err(|error| error.to_string())?;
    fs::write(path, bytes).map_err(|error| error.to_string())
}
