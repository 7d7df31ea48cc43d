//! DICOM files byte by byte: in every encoding, and with what no library would write.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use pellucid::study::{self, Frame, StudyError};

pub(crate) const IMPLICIT: &str = "1.2.840.10008.1.2";
pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(crate) const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
pub(crate) const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub(crate) const ENCAPSULATED: &str = "1.2.840.10008.1.2.1.98";
pub(crate) const RLE: &str = "1.2.840.10008.1.2.5";
pub(crate) const JPEG_BASELINE: &str = "1.2.840.10008.1.2.4.50";
pub(crate) const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.57";
pub(crate) const DEFLATED_FRAMES: &str = "1.2.840.10008.1.2.8.1";

pub(crate) const PIXEL_DATA: (u16, u16) = (0x7FE0, 0x0010);

/// The value of an element, in little-endian order.
#[derive(Clone)]
enum Value {
    Bytes(Vec<u8>),
    /// Basic Offset Table and fragments.
    Fragments(Vec<u32>, Vec<Vec<u8>>),
}

/// An object to be written.
#[derive(Clone)]
pub(crate) struct Object {
    elements: BTreeMap<(u16, u16), ([u8; 2], Value)>,
    /// Bytes of the words that big endian turns round in pixel data.
    pixel_word: usize,
}

impl Object {
    /// An image without pixel data yet, unsigned, whose samples use all their bits.
    pub(crate) fn new(columns: u16, rows: u16, allocated: u16) -> Self {
        let object = Self { elements: BTreeMap::new(), pixel_word: 1 };
        object
            .text((8, 0x16), "UI", "1.2.840.10008.5.1.4.1.1.7")
            .text((8, 0x18), "UI", "2.25.7")
            .text((8, 0x60), "CS", "OT")
            .number((0x28, 2), 1)
            .text((0x28, 4), "CS", "MONOCHROME2")
            .number((0x28, 0x10), rows)
            .number((0x28, 0x11), columns)
            .number((0x28, 0x100), allocated)
            .bits(allocated, allocated - 1, false)
    }

    pub(crate) fn text(self, tag: (u16, u16), vr: &str, text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(if vr == "UI" { 0 } else { b' ' });
        }
        self.bytes(tag, vr, bytes)
    }

    pub(crate) fn number(self, tag: (u16, u16), value: u16) -> Self {
        self.bytes(tag, "US", value.to_le_bytes().to_vec())
    }

    pub(crate) fn bytes(mut self, tag: (u16, u16), vr: &str, bytes: Vec<u8>) -> Self {
        self.elements.insert(tag, (vr.as_bytes().try_into().unwrap(), Value::Bytes(bytes)));
        self
    }

    pub(crate) fn bits(self, stored: u16, high: u16, signed: bool) -> Self {
        self.number((0x28, 0x101), stored).number((0x28, 0x102), high).number((0x28, 0x103), signed.into())
    }

    pub(crate) fn frames(self, frames: usize) -> Self {
        self.text((0x28, 8), "IS", &frames.to_string())
    }

    /// Three samples a pixel.
    pub(crate) fn colours(self, photometric: &str) -> Self {
        self.number((0x28, 2), 3).text((0x28, 4), "CS", photometric).number((0x28, 6), 0)
    }

    /// Native pixel data, whose big-endian words have so many bytes.
    pub(crate) fn pixels(mut self, vr: &str, word: usize, bytes: Vec<u8>) -> Self {
        self.pixel_word = word;
        self.bytes(PIXEL_DATA, vr, bytes)
    }

    pub(crate) fn fragments(mut self, table: &[u32], fragments: Vec<Vec<u8>>) -> Self {
        self.elements.insert(PIXEL_DATA, (*b"OB", Value::Fragments(table.to_vec(), fragments)));
        self
    }

    /// The data set alone.
    pub(crate) fn data_set(&self, explicit: bool, big: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let half = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        let word = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        for ((group, element), (vr, value)) in &self.elements {
            out.extend([half(*group), half(*element)].concat());
            let long = matches!(vr, b"OB" | b"OW" | b"OF" | b"OD" | b"OV" | b"UN" | b"UR" | b"SQ");
            let mut bytes = match value {
                Value::Bytes(bytes) => bytes.clone(),
                Value::Fragments(..) => Vec::new(),
            };
            if big {
                let width = match vr {
                    _ if (*group, *element) == PIXEL_DATA => self.pixel_word,
                    b"US" | b"SS" | b"OW" => 2,
                    b"OF" | b"FL" => 4,
                    b"OD" | b"FD" | b"OV" => 8,
                    _ => 1,
                };
                bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
            }
            let length = if matches!(value, Value::Fragments(..)) { u32::MAX } else { bytes.len() as u32 };
            match (explicit, long) {
                (true, false) => out.extend([&vr[..], &half(length as u16)].concat()),
                (true, true) => out.extend([&vr[..], &[0, 0], &word(length)].concat()),
                (false, _) => out.extend(word(length)),
            }
            out.extend(&bytes);
            if let Value::Fragments(table, fragments) = value {
                let table = table.iter().flat_map(|offset| word(*offset)).collect::<Vec<u8>>();
                for item in std::iter::once(&table).chain(fragments) {
                    out.extend([half(0xFFFE), half(0xE000)].concat());
                    out.extend(word(item.len() as u32));
                    out.extend(item);
                }
                out.extend([half(0xFFFE), half(0xE0DD), [0; 2], [0; 2]].concat());
            }
        }
        out
    }

    /// A file whose encoding is that of its transfer syntax.
    pub(crate) fn file(&self, syntax: &str) -> Vec<u8> {
        let data_set = self.data_set(syntax != IMPLICIT, syntax == BIG_ENDIAN);
        labelled(syntax, &if syntax == DEFLATED { deflated(&data_set) } else { data_set })
    }
}

/// A file that says this of what it holds.
pub(crate) fn labelled(syntax: &str, data_set: &[u8]) -> Vec<u8> {
    let mut uid = syntax.as_bytes().to_vec();
    uid.resize(uid.len().next_multiple_of(2), 0);
    let mut bytes = [&[0; 128][..], b"DICM"].concat();
    bytes.extend(b"\x02\0\0\0UL\x04\0");
    bytes.extend((8 + uid.len() as u32).to_le_bytes());
    bytes.extend(b"\x02\0\x10\0UI");
    bytes.extend((uid.len() as u16).to_le_bytes());
    bytes.extend([&uid, data_set].concat());
    bytes
}

pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut deflater = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    deflater.write_all(bytes).unwrap();
    deflater.finish().unwrap()
}

/// The last frame of a file.
pub(crate) fn opened(bytes: &[u8]) -> Result<Frame, StudyError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.dcm");
    std::fs::write(&path, bytes).unwrap();
    let first = study::open_image(&path)?;
    if first.entry.frames == 1 { Ok(first) } else { study::load(&first.entry, first.entry.frames - 1) }
}

/// The modality values of the last frame of a file.
pub(crate) fn values(bytes: &[u8]) -> Vec<f32> {
    opened(bytes).unwrap_or_else(|error| panic!("{error}")).pixels.plane.values
}

/// RLE (PS3.5 annex G) in literal runs: interleaved little-endian samples of so many bytes.
pub(crate) fn rle(samples: &[u8], sample_bytes: usize, components: usize) -> Vec<u8> {
    let mut header = vec![0_u32; 16];
    let mut body = Vec::new();
    header[0] = (sample_bytes * components) as u32;
    for component in 0..components {
        for significance in (0..sample_bytes).rev() {
            header[1 + component * sample_bytes + sample_bytes - 1 - significance] = 64 + body.len() as u32;
            let first = component * sample_bytes + significance;
            let plane: Vec<u8> = samples.iter().skip(first).step_by(sample_bytes * components).copied().collect();
            for run in plane.chunks(128) {
                body.push(run.len() as u8 - 1);
                body.extend(run);
            }
            body.resize(body.len().next_multiple_of(2), 128);
        }
    }
    [header.into_iter().flat_map(u32::to_le_bytes).collect(), body].concat()
}

/// Lossless JPEG (ITU-T T.81 annex H) with the first predictor; restart intervals are whole rows.
pub(crate) struct LosslessJpeg {
    pub columns: u16,
    pub precision: u8,
    pub point_transform: u8,
    /// Rows between restart markers, 0 without them.
    pub restart_rows: usize,
}

impl LosslessJpeg {
    pub(crate) fn encode(&self, samples: &[u16]) -> Vec<u8> {
        let columns = usize::from(self.columns);
        let [r0, r1] = ((samples.len() / columns) as u16).to_be_bytes();
        let [c0, c1] = self.columns.to_be_bytes();
        // Seventeen codes of five bits, one for each length of a difference.
        let mut stream = vec![0xFF, 0xD8, 0xFF, 0xC4, 0, 36, 0, 0, 0, 0, 0, 17];
        stream.extend([0; 11]);
        stream.extend(0..17);
        let [d0, d1] = ((self.restart_rows * columns) as u16).to_be_bytes();
        stream.extend([0xFF, 0xDD, 0, 4, d0, d1]);
        stream.extend([0xFF, 0xC3, 0, 11, self.precision, r0, r1, c0, c1, 1, 1, 0x11, 0]);
        stream.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 0, self.point_transform]);
        let rows: Vec<&[u16]> = samples.chunks(columns).collect();
        let interval = if self.restart_rows == 0 { rows.len() } else { self.restart_rows };
        for (number, rows) in rows.chunks(interval).enumerate() {
            if number > 0 {
                stream.extend([0xFF, 0xD0 + (number as u8 - 1) % 8]);
            }
            stream.extend(self.interval(rows));
        }
        stream.extend([0xFF, 0xD9]);
        stream
    }

    fn interval(&self, rows: &[&[u16]]) -> Vec<u8> {
        let mut bits = String::new();
        for (y, row) in rows.iter().enumerate() {
            for (x, sample) in row.iter().enumerate() {
                let at = |y: usize, x: usize| rows[y][x] >> self.point_transform;
                let prediction = match (y, x) {
                    (0, 0) => 1 << (self.precision - self.point_transform - 1),
                    (_, 0) => at(y - 1, 0),
                    _ => at(y, x - 1),
                };
                let difference = i32::from((sample >> self.point_transform).wrapping_sub(prediction) as i16);
                let length = 32 - difference.unsigned_abs().leading_zeros();
                write!(bits, "{length:05b}").unwrap();
                if (1..16).contains(&length) {
                    let code = if difference < 0 { difference + (1 << length) - 1 } else { difference };
                    write!(bits, "{code:0width$b}", width = length as usize).unwrap();
                }
            }
        }
        bits.push_str(&"1".repeat(bits.len().next_multiple_of(8) - bits.len()));
        let bytes = bits.as_bytes().chunks(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | (bit & 1)));
        // A byte of ones is followed by zeros, lest it be taken for a marker.
        bytes.flat_map(|byte: u8| if byte == 0xFF { vec![0xFF, 0] } else { vec![byte] }).collect()
    }
}
