//! Compressed streams of other encoders: the golden files of the codecs, each in an object.

use super::Seed;
use crate::dicom_bytes::{JPEG_BASELINE, Object, RLE};
use crate::readers::Reader;

/// Streams longer than this are left out: more of the same.
const LONGEST: usize = 8000;

/// Takes parts from the front of a golden file.
struct Parts(&'static [u8]);

impl Parts {
    fn take(&mut self, count: usize) -> Option<&'static [u8]> {
        let (part, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(part)
    }

    fn number(&mut self, width: usize) -> Option<usize> {
        Some(self.take(width)?.iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte)))
    }

    fn text(&mut self) -> Option<String> {
        let length = self.number(1)?;
        Some(String::from_utf8(self.take(length)?.to_vec()).unwrap())
    }
}

fn object(columns: usize, rows: usize, components: usize, precision: usize, stream: &[u8]) -> Object {
    let allocated = (precision as u16).next_multiple_of(8);
    let object =
        Object::new(columns as u16, rows as u16, allocated).bits(precision as u16, precision as u16 - 1, false);
    let object = if components == 3 { object.colours("RGB") } else { object };
    object.fragments(&[], vec![stream.to_vec()])
}

/// `tests/golden/transfer_syntaxes.py`: JPEG-LS, JPEG 2000 and HTJ2K, all of 7 × 5 pixels.
fn by_syntax() -> Vec<Seed> {
    let mut parts = Parts(include_bytes!("../../golden/transfer_syntaxes.bin"));
    let mut all = Vec::new();
    while let Some(syntax) = parts.text() {
        let [bits, _signed, components, length] = [1, 1, 1, 4].map(|width| parts.number(width).unwrap());
        let stream = parts.take(length).unwrap();
        let name = format!("DICOM, {syntax}, {bits} bits, {components} components");
        all.push(Seed::of(Reader::Codec, name, object(7, 5, components, bits, stream).file(&syntax)));
    }
    all
}

/// Golden files of a name, columns, rows, components, precision, a hash and a stream.
fn by_name(golden: &'static [u8], syntax: &str) -> Vec<Seed> {
    let mut parts = Parts(golden);
    let mut all = Vec::new();
    while let Some(name) = parts.text() {
        let [columns, rows, components, precision, _hash, length] =
            [2, 2, 1, 1, 8, 4].map(|width| parts.number(width).unwrap());
        let stream = parts.take(length).unwrap();
        if length <= LONGEST && matches!(components, 1 | 3) {
            let file = object(columns, rows, components, precision, stream).file(syntax);
            all.push(Seed::of(Reader::Codec, format!("DICOM, {name}"), file));
        }
    }
    all
}

/// JPEG of every process: `tests/golden/codecs_jpeg.py` says how the file is laid out.
fn jpeg() -> Vec<Seed> {
    let mut parts = Parts(include_bytes!("../../golden/codecs_jpeg.bin"));
    let mut all = Vec::new();
    while let Some(name) = parts.text() {
        all.extend(jpeg_case(&mut parts, &name));
    }
    all
}

fn jpeg_case(parts: &mut Parts, name: &str) -> Option<Seed> {
    let [columns, rows, components, precision] = [2, 2, 1, 1].map(|width| parts.number(width).unwrap());
    let length = parts.number(4)?;
    let stream = parts.take(length)?;
    let samples = columns * rows * components;
    parts.take(if precision > 8 { 2 * samples } else { samples })?;
    let fits = length <= LONGEST && matches!(components, 1 | 3);
    let file = object(columns, rows, components, precision, stream).file(JPEG_BASELINE);
    fits.then(|| Seed::of(Reader::Codec, format!("DICOM, JPEG {name}"), file))
}

/// JPEG XL: `tests/golden/jpeg_xl.py` says how the file is laid out.
fn jpeg_xl() -> Vec<Seed> {
    let mut parts = Parts(include_bytes!("../../golden/jpeg_xl.bin"));
    let mut all = Vec::new();
    while let Some((name, syntax)) = parts.text().zip(parts.text()) {
        let [bits, components, columns, rows, _tolerance] = [1, 1, 2, 2, 1].map(|width| parts.number(width).unwrap());
        let samples = parts.number(4).unwrap();
        parts.take(samples).unwrap();
        let length = parts.number(4).unwrap();
        let stream = parts.take(length).unwrap();
        let file = object(columns, rows, components, bits, stream).file(&syntax);
        all.push(Seed::of(Reader::Codec, format!("DICOM, JPEG XL {name}"), file));
    }
    all
}

pub(crate) fn all() -> Vec<Seed> {
    let mut all = by_syntax();
    all.extend(by_name(include_bytes!("../../golden/codecs/jpeg_ls.bin"), "1.2.840.10008.1.2.4.80"));
    all.extend(by_name(include_bytes!("../../golden/codecs/rle.bin"), RLE));
    all.extend(jpeg());
    all.extend(jpeg_xl());
    all
}
