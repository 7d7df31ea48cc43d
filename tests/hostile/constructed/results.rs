//! Results of others: content without end, more frames, segments and references than there can be,
//! areas as large as an image may be.

use super::Constructed;
use crate::dicom_bytes::{EXPLICIT, Object, labelled};
use crate::readers::Reader;
use crate::seeds::dicom::{element, items, text, words};

const SEGMENTATION: &str = "1.2.840.10008.5.1.4.1.1.66.4";
const MAP: &str = "1.2.840.10008.5.1.4.1.1.30";
const REPORT: &str = "1.2.840.10008.5.1.4.1.1.88.33";
const DOCUMENT: &str = "1.2.840.10008.5.1.4.1.1.104.1";

/// UID of the radiograph of the bench.
const RADIOGRAPH: &str = "2.25.2026113021.3.1";

fn code(value: &str) -> Vec<u8> {
    [text((8, 0x100), "SH", value), text((8, 0x102), "SH", "DCM"), text((8, 0x104), "LO", value)].concat()
}

/// An item of a report, with others below it.
fn container(inside: &[Vec<u8>]) -> Vec<u8> {
    [
        text((0x40, 0xA010), "CS", "CONTAINS"),
        text((0x40, 0xA040), "CS", "CONTAINER"),
        element((0x40, 0xA043), "SQ", &items(&[code("126000")])),
        element((0x40, 0xA730), "SQ", &items(inside)),
    ]
    .concat()
}

fn report(content: &[Vec<u8>]) -> Vec<u8> {
    let head = [
        text((8, 0x16), "UI", REPORT),
        text((8, 0x18), "UI", "2.25.3"),
        text((8, 0x60), "CS", "SR"),
        text((0x40, 0xA040), "CS", "CONTAINER"),
        element((0x40, 0xA043), "SQ", &items(&[code("126000")])),
        element((0x40, 0xA730), "SQ", &items(content)),
    ];
    labelled(EXPLICIT, &head.concat())
}

fn number(value: &str) -> Vec<u8> {
    let measured = element((0x40, 0xA300), "SQ", &items(&[text((0x40, 0xA30A), "DS", value)]));
    let name = element((0x40, 0xA043), "SQ", &items(&[code("410668003")]));
    [text((0x40, 0xA010), "CS", "CONTAINS"), text((0x40, 0xA040), "CS", "NUM"), name, measured].concat()
}

fn region(points: usize) -> Vec<u8> {
    [
        text((0x40, 0xA010), "CS", "CONTAINS"),
        text((0x40, 0xA040), "CS", "SCOORD"),
        element((0x70, 0x22), "FL", &1e30f32.to_le_bytes().repeat(2 * points)),
        text((0x70, 0x23), "CS", "POLYLINE"),
    ]
    .concat()
}

/// A segmentation or a map of the radiograph of the bench, with so many frames; `shared` is the item
/// of the shared functional groups, `each` that of every frame.
fn frames(class: &str, object: Object, frames: usize, shared: &[u8], each: &[Vec<u8>]) -> Object {
    let image = items(&[text((8, 0x1155), "UI", RADIOGRAPH)]);
    let object = object.text((8, 0x16), "UI", class).text((8, 0x60), "CS", "SEG").frames(frames);
    let object = object.bytes((8, 0x1140), "SQ", image);
    object.bytes((0x5200, 0x9229), "SQ", items(&[shared.to_vec()])).bytes((0x5200, 0x9230), "SQ", items(each))
}

fn segments(count: u16) -> Vec<u8> {
    let one = |number: u16| [element((0x62, 4), "US", &words(&[number])), text((0x62, 5), "LO", "x")].concat();
    items(&(1..=count).map(one).collect::<Vec<_>>())
}

fn segment_of_frame(number: u16) -> Vec<u8> {
    element((0x62, 0xA), "SQ", &items(&[element((0x62, 0xB), "US", &words(&[number]))]))
}

fn references(count: usize) -> Vec<u8> {
    let one = |i: usize| text((8, 0x1155), "UI", &format!("2.25.{i}"));
    let source = element((8, 0x2112), "SQ", &items(&(0..count).map(one).collect::<Vec<_>>()));
    element((8, 0x9124), "SQ", &items(&[source]))
}

pub(crate) fn all() -> Vec<Constructed> {
    let of = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Results, name, make);
    let large = |name: &str, make: fn() -> Vec<u8>| Constructed::large(Reader::Results, name, make);
    vec![
        of("a report 2,000 deep", || report(&[(0..2_000).fold(Vec::new(), |inner, _| container(&[inner]))])),
        of("a report 60 deep", || report(&[(0..60).fold(number("1"), |inner, _| container(&[inner]))])),
        of("a report of 60,000 numbers", || report(&vec![number("1e400"); 60_000])),
        of("a report of numbers that are none", || report(&["nan", "-inf", "1e-400", "", "1\\2", "0x10"].map(number))),
        of("a report of 10,000 regions", || report(&vec![region(100); 10_000])),
        of("a segmentation of 60,000 segments", || {
            let object = Object::new(32, 24, 8).bytes((0x62, 2), "SQ", segments(60_000));
            let each: Vec<Vec<u8>> = (1..=500).map(segment_of_frame).collect();
            frames(SEGMENTATION, object, 500, &[], &each).pixels("OB", 1, vec![1; 500 * 32 * 24]).file(EXPLICIT)
        }),
        of("a segmentation of a billion frames", || {
            let object = Object::new(32, 24, 1).bytes((0x62, 2), "SQ", segments(1));
            frames(SEGMENTATION, object, 1_000_000_000, &segment_of_frame(1), &[])
                .pixels("OB", 1, vec![0xA5; 96])
                .file(EXPLICIT)
        }),
        of("20,000 frames of 20,000 references that they share", || {
            let object = Object::new(32, 24, 1).bytes((0x62, 2), "SQ", segments(1));
            let shared = [references(20_000), segment_of_frame(1)].concat();
            frames(SEGMENTATION, object, 20_000, &shared, &[]).pixels("OB", 1, vec![0xA5; 20_000 * 96]).file(EXPLICIT)
        }),
        of("500 frames of 500 references each", || {
            let object = Object::new(32, 24, 1).bytes((0x62, 2), "SQ", segments(1));
            let each = vec![[references(500), segment_of_frame(1)].concat(); 500];
            frames(SEGMENTATION, object, 500, &[], &each).pixels("OB", 1, vec![0xA5; 500 * 96]).file(EXPLICIT)
        }),
        large("a label map of 120 million pixels", || {
            let object =
                Object::new(65_535, 1_831, 16).text((0x62, 1), "CS", "LABELMAP").bytes((0x62, 2), "SQ", segments(200));
            frames(SEGMENTATION, object, 1, &[], &[]).pixels("OW", 2, vec![1; 65_535 * 1_831 * 2]).file(EXPLICIT)
        }),
        large("eight areas of 120 million pixels", || {
            let object = Object::new(65_535, 1_831, 1).bytes((0x62, 2), "SQ", segments(8));
            let each: Vec<Vec<u8>> = (1..=8).map(segment_of_frame).collect();
            frames(SEGMENTATION, object, 8, &[], &each).pixels("OB", 1, vec![0xA5; 65_535 * 1_831]).file(EXPLICIT)
        }),
        of("a map of floats of which none is a number", || {
            let object = Object::new(32, 24, 32).bytes((0x7FE0, 8), "OF", f32::NAN.to_le_bytes().repeat(32 * 24));
            frames(MAP, object, 1, &[], &[]).file(EXPLICIT)
        }),
        of("a map of values beyond all numbers", || {
            let real = [
                element((0x40, 0x9224), "FD", &1e308f64.to_le_bytes()),
                element((0x40, 0x9225), "FD", &(-1e308f64).to_le_bytes()),
            ];
            let shared = element((0x40, 0x9096), "SQ", &items(&[real.concat()]));
            frames(MAP, Object::new(32, 24, 16), 1, &shared, &[])
                .pixels("OW", 2, vec![0xFF; 32 * 24 * 2])
                .file(EXPLICIT)
        }),
        of("a document of more than the file", || {
            let mut data_set = [text((8, 0x16), "UI", DOCUMENT), text((0x42, 0x12), "LO", "application/pdf")].concat();
            data_set.extend([0x42, 0, 0x11, 0, b'O', b'B', 0, 0, 0xF0, 0xFF, 0xFF, 0xFF]);
            data_set.extend(b"%PDF-1.7");
            labelled(EXPLICIT, &data_set)
        }),
    ]
}
