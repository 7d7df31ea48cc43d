//! Every kind of grey pixel that is stored, shown by the formula of PS3.3 C.11.2 within one grey, and
//! its modality values exactly: allocated × stored × signed × slope × transfer syntax.

use dicom_core::value::PixelFragmentSequence;
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use pellucid::imaging::{View, render};

use super::study::{file, grey, number, open, pixels, text};

const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
const SYNTAXES: [&str; 4] =
    [uids::IMPLICIT_VR_LITTLE_ENDIAN, uids::EXPLICIT_VR_LITTLE_ENDIAN, BIG_ENDIAN, uids::RLE_LOSSLESS];

/// A kind of stored pixel.
#[derive(Clone, Copy, Debug)]
struct Kind {
    allocated: u16,
    stored: u16,
    signed: bool,
    slope: f64,
    intercept: f64,
}

impl Kind {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (allocated, stored) in [(8, 8), (8, 7), (16, 8), (16, 10), (16, 12), (16, 15), (16, 16)] {
            for signed in [false, true] {
                for (slope, intercept) in [(1.0, 0.0), (1.0, -1024.0), (-2.0, 10.0), (0.25, 3.5)] {
                    all.push(Self { allocated, stored, signed, slope, intercept });
                }
            }
        }
        all
    }

    fn range(self) -> (i64, i64) {
        if self.signed {
            (-(1 << (self.stored - 1)), (1 << (self.stored - 1)) - 1)
        } else {
            (0, (1 << self.stored) - 1)
        }
    }

    /// Both ends, the middle, and what lies between.
    fn values(self) -> Vec<i64> {
        let (low, high) = self.range();
        (0..16).map(|i| low + (high - low) * i / 15).collect()
    }

    fn modality(self, stored: i64) -> f64 {
        self.slope * stored as f64 + self.intercept
    }

    /// A window that lies within the values, so that both ends are cut.
    fn window(self) -> (f64, f64) {
        let (a, b) = (self.modality(self.range().0), self.modality(self.range().1));
        let width = ((a - b).abs() * 0.75).max(1.0).round();
        (f64::midpoint(a, b).round(), width)
    }

    fn object(self, syntax: &str) -> InMemDicomObject {
        let values = self.values();
        let mut object = grey(&vec![0; values.len()]);
        number(&mut object, tags::BITS_ALLOCATED, self.allocated);
        number(&mut object, tags::BITS_STORED, self.stored);
        number(&mut object, tags::HIGH_BIT, self.stored - 1);
        number(&mut object, tags::PIXEL_REPRESENTATION, u16::from(self.signed));
        text(&mut object, tags::RESCALE_SLOPE, VR::DS, &self.slope.to_string());
        text(&mut object, tags::RESCALE_INTERCEPT, VR::DS, &self.intercept.to_string());
        let (center, width) = self.window();
        text(&mut object, tags::WINDOW_CENTER, VR::DS, &center.to_string());
        text(&mut object, tags::WINDOW_WIDTH, VR::DS, &width.to_string());
        let mask = (1_u32 << self.stored) - 1;
        let words: Vec<u16> = values.iter().map(|v| (*v as u32 & mask) as u16).collect();
        if syntax == uids::RLE_LOSSLESS {
            let frame = rle(&words, self.allocated == 16);
            let fragments = PixelFragmentSequence::new_fragments(vec![frame]);
            object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, fragments));
        } else if self.allocated == 8 {
            let bytes: Vec<u8> = words.iter().map(|word| *word as u8).collect();
            pixels(&mut object, VR::OB, PrimitiveValue::U8(bytes.into()));
        } else {
            pixels(&mut object, VR::OW, PrimitiveValue::U16(words.as_slice().into()));
        }
        object
    }
}

/// PS3.5 annex G with literal runs: a segment for each byte of a sample, the highest first.
fn rle(words: &[u16], two_bytes: bool) -> Vec<u8> {
    let run = |bytes: Vec<u8>| [vec![bytes.len() as u8 - 1], bytes].concat();
    let low = run(words.iter().map(|word| *word as u8).collect());
    let high = run(words.iter().map(|word| (*word >> 8) as u8).collect());
    let segments = if two_bytes { vec![high, low] } else { vec![low] };
    let mut header = [0_u32; 16];
    header[0] = segments.len() as u32;
    let mut offset = 64;
    for (i, segment) in segments.iter().enumerate() {
        header[i + 1] = offset;
        offset += segment.len() as u32;
    }
    let mut frame: Vec<u8> = header.iter().flat_map(|v| v.to_le_bytes()).collect();
    frame.extend(segments.concat());
    if frame.len() % 2 == 1 {
        frame.push(0);
    }
    frame
}

/// PS3.3 C.11.2.1.2.1 with an output of 0 to 255.
fn linear(x: f64, center: f64, width: f64) -> f64 {
    let (c, w) = (center - 0.5, width - 1.0);
    if x <= c - w / 2.0 {
        0.0
    } else if x > c + w / 2.0 {
        255.0
    } else {
        ((x - c) / w + 0.5) * 255.0
    }
}

#[test]
fn every_kind_of_grey_pixel_has_its_values_and_is_shown_as_the_standard_says() {
    for kind in Kind::all() {
        let (center, width) = kind.window();
        for syntax in SYNTAXES {
            let frame = open(&file(kind.object(syntax), syntax)).unwrap_or_else(|e| panic!("{kind:?} {syntax}: {e}"));
            let shown = render(&frame.pixels, &View::initial(&frame.pixels)).into_raw();
            for (i, stored) in kind.values().into_iter().enumerate() {
                let value = kind.modality(stored);
                assert_eq!(frame.pixels.plane.values[i], value as f32, "{kind:?} {syntax} stored {stored}");
                let grey = f64::from(shown[i]);
                assert!(
                    (grey - linear(value, center, width)).abs() <= 1.0,
                    "{kind:?} {syntax} stored {stored}: {grey}"
                );
            }
        }
    }
}

#[test]
fn a_low_value_is_bright_where_the_file_says_so_and_the_window_is_the_same() {
    let kind = Kind { allocated: 16, stored: 12, signed: false, slope: 1.0, intercept: 0.0 };
    let (center, width) = kind.window();
    for (photometric, shape) in [("MONOCHROME1", ""), ("MONOCHROME1", "INVERSE"), ("MONOCHROME2", "INVERSE")] {
        let mut object = kind.object(uids::EXPLICIT_VR_LITTLE_ENDIAN);
        text(&mut object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
        text(&mut object, tags::PRESENTATION_LUT_SHAPE, VR::CS, shape);
        let frame = open(&file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN)).unwrap();
        let shown = render(&frame.pixels, &View::initial(&frame.pixels)).into_raw();
        for (grey, stored) in shown.into_iter().zip(kind.values()) {
            let expected = 255.0 - linear(kind.modality(stored), center, width);
            assert!((f64::from(grey) - expected).abs() <= 1.0, "{photometric} {shape} stored {stored}");
        }
    }
}
