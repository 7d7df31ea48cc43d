//! Changes of a file: of its bytes, and of what its format is made of.

#![expect(clippy::ptr_arg, reason = "changes are of one type, whether they change the length or not")]

mod archive;
mod bytes;
mod chunks;
mod dicom;
mod protobuf;
mod text;

pub(crate) use chunks::png_chunk;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use crate::readers::Reader;
use crate::seeds::Seed;

/// Most changes of one file.
const CHANGES: u32 = 4;

/// A change that may find nothing to change.
type Change = fn(&mut Vec<u8>, &mut ChaCha8Rng) -> bool;

/// The changes that know the format of what a reader reads.
fn of_format(reader: Reader, file: &[u8]) -> &'static [Change] {
    match reader {
        Reader::Dicom | Reader::Deidentify | Reader::PresentationState | Reader::Results => {
            &[dicom::header, dicom::value, dicom::length]
        }
        Reader::Codec => &[dicom::value, bytes::marker, bytes::in_second_half],
        Reader::Raster if file.starts_with(b"\x89PNG") => &[chunks::png],
        Reader::Raster if file.starts_with(b"II") || file.starts_with(b"MM") => &[chunks::tiff],
        Reader::Raster => &[bytes::marker],
        _ if file.starts_with(b"PK") => &[archive::entry],
        Reader::Safetensors | Reader::Gate | Reader::Detector | Reader::GalleryFeatures => {
            &[text::number, bytes::first]
        }
        Reader::Import => &[bytes::pickle],
        Reader::Onnx => &[protobuf::number, protobuf::name, protobuf::twice],
        Reader::Npz | Reader::Background => &[],
        _ => &[text::number, text::word, text::line, text::nested],
    }
}

/// A changed copy of `seed`, and what was done; `other` is one that parts may come from.
pub(crate) fn mutated(seed: &Seed, other: &Seed, rng: &mut ChaCha8Rng) -> (Vec<u8>, String) {
    let mut file = seed.bytes.clone();
    let mut how = Vec::new();
    for _ in 0..rng.random_range(1..=CHANGES) {
        let known = of_format(seed.reader, &file);
        if !known.is_empty() && rng.random_bool(0.6) {
            let which = rng.random_range(0..known.len());
            if known[which](&mut file, rng) {
                how.push(format!("part {which}"));
                continue;
            }
        }
        how.push(bytes::any(&mut file, &other.bytes, rng).to_owned());
    }
    (file, how.join(", "))
}
