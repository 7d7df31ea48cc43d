//! Files that were made to do harm: few bytes that claim, unpack to, or lead through more than
//! anybody has time and memory for.

mod archives;
mod dicom;
mod elements;
mod envelopes;
mod implicit;
mod jpeg;
mod kept;
mod media;
mod multi_frame;
mod onnx;
mod onnx_graphs;
mod png;
mod reports;
mod results;
mod texts;
mod tiff;

use std::io::Write as _;

use crate::case::Case;
use crate::figures;
use crate::readers::Reader;

/// A file, made when it is needed.
pub(crate) struct Constructed {
    name: String,
    reader: Reader,
    make: Box<dyn Fn() -> Vec<u8>>,
    /// The largest there are: only where they are asked for, and in a build that is optimised.
    large: bool,
    /// Words of the sentence with which it must be refused; empty where it need not be.
    says: &'static str,
}

impl Constructed {
    fn of(reader: Reader, name: impl Into<String>, make: impl Fn() -> Vec<u8> + 'static) -> Self {
        Self { name: name.into(), reader, make: Box::new(make), large: false, says: "" }
    }

    /// The same among the largest.
    fn large(reader: Reader, name: impl Into<String>, make: impl Fn() -> Vec<u8> + 'static) -> Self {
        Self { large: true, ..Self::of(reader, name, make) }
    }

    /// The same, which must be refused with these words.
    fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    pub(crate) fn case(&self) -> Case {
        let bytes = (self.make)();
        let format = figures::format(self.reader, &bytes);
        Case { name: self.name.clone(), reader: self.reader, bytes, format, says: self.says }
    }
}

/// Every file, the largest where `PELLUCID_HOSTILE_LARGE` is set.
pub(crate) fn all() -> Vec<Constructed> {
    let with_large = std::env::var_os("PELLUCID_HOSTILE_LARGE").is_some();
    let mut all = dicom::all();
    all.extend(elements::all());
    all.extend(jpeg::all());
    all.extend(onnx::all());
    all.extend(onnx_graphs::all());
    all.extend(png::all());
    all.extend(tiff::all());
    all.extend(archives::all());
    all.extend(texts::all());
    all.extend(reports::all());
    all.extend(multi_frame::all());
    all.extend(envelopes::all());
    all.extend(results::all());
    all.extend(kept::all());
    all.extend(media::all());
    all.retain(|constructed| with_large || !constructed.large);
    all
}

/// So many zeros, packed by zlib.
fn packed_zeros(count: u64) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zeros(&mut packer, count);
    packer.finish().unwrap()
}

/// The same without the header of zlib.
fn deflated_zeros(before: &[u8], count: u64) -> Vec<u8> {
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(before).unwrap();
    zeros(&mut packer, count);
    packer.finish().unwrap()
}

fn zeros(into: &mut impl std::io::Write, count: u64) {
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), count), into).unwrap();
}
