//! Headers: nesting, numbers of elements, tables, overlays and annotations.

use super::Constructed;
use crate::dicom_bytes::{EXPLICIT, Object, labelled};
use crate::readers::Reader;
use crate::seeds::dicom::{element, items, text, words};

fn image() -> Object {
    Object::new(9, 7, 16).pixels("OW", 2, (0..126).collect())
}

/// The elements `more` before an image's own.
fn before_image(more: &[u8]) -> Vec<u8> {
    labelled(EXPLICIT, &[&text((8, 5), "CS", "ISO_IR 192"), more, &image().data_set(true, false)].concat())
}

fn undefined_sequences(depth: usize) -> Vec<u8> {
    let open =
        [8, 0, 0x40, 0x11, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF];
    before_image(&open.repeat(depth))
}

fn told_sequences(depth: usize) -> Vec<u8> {
    let all = (0..depth).fold(Vec::new(), |inner, _| element((8, 0x1140), "SQ", &items(&[inner])));
    before_image(&all)
}

fn palette(segments: &[u16]) -> Vec<u8> {
    let mut object = Object::new(9, 7, 8).text((0x28, 4), "CS", "PALETTE COLOR").pixels("OB", 1, (0..64).collect());
    for colour in 0..3 {
        object = object.bytes((0x28, 0x1101 + colour), "US", words(&[0, 0, 16]));
        object = object.bytes((0x28, 0x1221 + colour), "OW", words(segments));
    }
    object.file(EXPLICIT)
}

/// Copies of many segments without entries, again and again.
fn copies_of_nothing() -> Vec<u8> {
    let mut segments = vec![0, 1, 7];
    segments.resize(140_000, 0);
    // 65,535 segments from the third word on.
    segments.extend([2, 65_535, 6, 0].repeat(90_000));
    palette(&segments)
}

fn overlays(rows: u16, columns: u16, bytes: usize) -> Vec<u8> {
    let mut object = image();
    for group in (0x6000..=0x601E).step_by(2) {
        object = object
            .number((group, 0x10), rows)
            .number((group, 0x11), columns)
            .bytes((group, 0x50), "SS", words(&[1, 1]))
            .bytes((group, 0x3000), "OW", vec![0xA5; bytes]);
    }
    object.file(EXPLICIT)
}

fn lut(reader: Reader, name: &str, descriptor: [u16; 3], bytes: usize) -> Constructed {
    Constructed::of(reader, format!("a VOI LUT with {name}"), move || {
        let item = [element((0x28, 0x3002), "US", &words(&descriptor)), element((0x28, 0x3006), "OW", &vec![9; bytes])];
        image().bytes((0x28, 0x3010), "SQ", items(&vec![item.concat(); 3])).file(EXPLICIT)
    })
}

/// A presentation state about the image of the bench, with these elements.
fn state(more: &[u8]) -> Vec<u8> {
    let series = element((8, 0x1140), "SQ", &items(&[text((8, 0x1155), "UI", "2.25.1")]));
    let head = [
        text((8, 0x16), "UI", "1.2.840.10008.5.1.4.1.1.11.1"),
        text((8, 0x18), "UI", "2.25.77"),
        element((8, 0x1115), "SQ", &items(&[series])),
    ];
    labelled(EXPLICIT, &[&head.concat(), more].concat())
}

fn drawings(kind: &str, points: usize, count: usize) -> Vec<u8> {
    let drawing = [
        text((0x70, 5), "CS", "PIXEL"),
        element((0x70, 0x20), "US", &[2, 0]),
        element((0x70, 0x21), "US", &(points as u16).to_le_bytes()),
        element((0x70, 0x22), "FL", &1e30f32.to_le_bytes().repeat(2 * points)),
        text((0x70, 0x23), "CS", kind),
    ]
    .concat();
    let layer = element((0x70, 9), "SQ", &items(&vec![drawing; count]));
    state(&element((0x70, 1), "SQ", &items(&vec![layer; 4])))
}

pub(crate) fn all() -> Vec<Constructed> {
    let of = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Dicom, name, make);
    let mut all = vec![
        of("sequences 10,000 deep", || undefined_sequences(10_000)).says("nest deeper"),
        of("sequences 60 deep", || undefined_sequences(60)),
        of("sequences 2,000 deep, lengths told", || told_sequences(2_000)),
        of("300,000 elements", || {
            let tag = |i: u32| (9 + 2 * (i >> 14) as u16, i as u16 & 0x3FFF);
            before_image(&(0..300_000).flat_map(|i| text(tag(i), "LO", "Doe")).collect::<Vec<u8>>())
        }),
        of("250,000 empty items", || before_image(&element((8, 0x1140), "SQ", &items(&vec![Vec::new(); 250_000])))),
        of("400 values of a megabyte", || {
            let values = (0..400).flat_map(|i| element((9, 0x1000 + i), "UN", &vec![b'x'; 1 << 20]));
            before_image(&values.collect::<Vec<u8>>())
        }),
        of("a palette that copies nothing", copies_of_nothing).says("segments"),
        of("a palette that copies itself", || palette(&[0, 1, 5, 2, 1, 6, 0])),
        of("a palette without entries", || palette(&[])),
        of("overlays of more than is there", || overlays(65_535, 1_831, 100)),
        of("overlays of no rows", || overlays(0, 65_535, 100)),
        Constructed::large(Reader::Dicom, "sixteen overlays of 120 million pixels", || {
            overlays(65_535, 1_831, 15_000_000)
        }),
        lut(Reader::Dicom, "65,536 entries", [0, 0, 16], 131_072),
        lut(Reader::Dicom, "more entries than it holds", [0, 0, 16], 10),
        lut(Reader::Dicom, "entries of no bits", [9, 0, 0], 18),
        lut(Reader::Dicom, "a megabyte", [9, 0, 255], 1 << 20),
    ];
    let shutter = |vertices: usize| {
        let object = image().text((0x18, 0x1600), "CS", "POLYGONAL");
        object.bytes((0x18, 0x1620), "IS", "1\\9\\7\\1\\".repeat(vertices / 2).into_bytes()).file(EXPLICIT)
    };
    all.push(Constructed::of(Reader::Dicom, "a shutter of 4,000 corners", move || shutter(4_000)));
    let names = || {
        let people: Vec<Vec<u8>> =
            (0..40_000).map(|i| text((0x40, 0xA123), "PN", &format!("Doe{i}^Jane{i}"))).collect();
        before_image(&element((0x40, 0xA073), "SQ", &items(&people)))
    };
    all.push(Constructed::of(Reader::Dicom, "40,000 names", names));
    all.push(Constructed::of(Reader::Deidentify, "40,000 names", names));
    let words = || {
        let people: Vec<Vec<u8>> = (0..600).map(|i| text((0x40, 0xA123), "PN", &format!("Doe{i}^Jane"))).collect();
        let sentences = "The patient was seen again by nobody at all. ".repeat(20_000);
        let texts = vec![text((0x40, 0xA160), "UT", &sentences); 50];
        let sequence = |tag, all: &[Vec<u8>]| element(tag, "SQ", &items(all));
        before_image(&[sequence((0x40, 0xA073), &people), sequence((0x40, 0xA730), &texts)].concat())
    };
    all.push(Constructed::of(Reader::Deidentify, "600 names to find in 50 megabytes", words));
    for (name, elements) in [("300,000 elements", 300_000_u32), ("900,000 elements", 900_000)] {
        all.push(Constructed::of(Reader::Deidentify, name, move || {
            let tag = |i: u32| (9 + 2 * (i >> 14) as u16, i as u16 & 0x3FFF);
            before_image(&(0..elements).flat_map(|i| text(tag(i), "LO", "Doe")).collect::<Vec<u8>>())
        }));
    }
    for (kind, points, count) in [("POLYLINE", 8_000, 20), ("INTERPOLATED", 8_000, 10), ("CIRCLE", 2, 20_000)] {
        all.push(Constructed::of(
            Reader::PresentationState,
            format!("{} {kind} of {points} points", 4 * count),
            move || drawings(kind, points, count),
        ));
    }
    all
}
