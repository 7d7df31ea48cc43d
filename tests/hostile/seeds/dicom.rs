//! DICOM: every encoding, depth and kind of colour, with what surrounds pixels.

use super::Seed;
use crate::dicom_bytes::{BIG_ENDIAN, DEFLATED, DEFLATED_FRAMES, ENCAPSULATED, EXPLICIT, IMPLICIT, Object, RLE};
use crate::dicom_bytes::{JPEG_BASELINE, JPEG_LOSSLESS, LosslessJpeg, deflated, rle};
use crate::readers::Reader;

const COLUMNS: u16 = 9;
const ROWS: u16 = 7;
const PIXELS: usize = COLUMNS as usize * ROWS as usize;

/// So many bytes that look like noise.
pub(crate) fn noise(count: usize) -> Vec<u8> {
    (0..count as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// An element in explicit VR little endian, for items of sequences.
pub(crate) fn element((group, element): (u16, u16), vr: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = [group.to_le_bytes(), element.to_le_bytes()].concat();
    bytes.extend(vr.as_bytes());
    if matches!(vr, "SQ" | "OW" | "OB" | "UN" | "UT") {
        bytes.extend([0, 0]);
        bytes.extend((value.len() as u32).to_le_bytes());
    } else {
        bytes.extend((value.len() as u16).to_le_bytes());
    }
    bytes.extend(value);
    bytes
}

/// A text element, filled up to an even length.
pub(crate) fn text(tag: (u16, u16), vr: &str, value: &str) -> Vec<u8> {
    let mut bytes = value.as_bytes().to_vec();
    bytes.resize(bytes.len().next_multiple_of(2), if vr == "UI" { 0 } else { b' ' });
    element(tag, vr, &bytes)
}

/// The value of a sequence with these items.
pub(crate) fn items(items: &[Vec<u8>]) -> Vec<u8> {
    let item = |bytes: &Vec<u8>| [&[0xFE, 0xFF, 0x00, 0xE0][..], &(bytes.len() as u32).to_le_bytes(), bytes].concat();
    items.iter().flat_map(item).collect()
}

pub(crate) fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn grey(allocated: u16, stored: u16, signed: bool) -> Object {
    let bytes = usize::from(allocated) * PIXELS / 8 + 1;
    let mut pixels = noise(bytes);
    pixels.resize(bytes.next_multiple_of(2), 0);
    let word = if allocated > 8 && allocated.is_multiple_of(8) { usize::from(allocated) / 8 } else { 2 };
    described(Object::new(COLUMNS, ROWS, allocated).bits(stored, stored - 1, signed)).pixels("OW", word, pixels)
}

/// Names, dates, spacings, windows: what a real object says beside its pixels.
fn described(object: Object) -> Object {
    object
        .text((8, 5), "CS", "ISO_IR 100")
        .text((8, 0x20), "DA", "20261130")
        .text((8, 0x60), "CS", "DX")
        .text((0x10, 0x10), "PN", "Doe^Jane")
        .text((0x10, 0x20), "LO", "4711")
        .text((0x10, 0x1010), "AS", "058Y")
        .text((0x18, 0x15), "CS", "CHEST")
        .text((0x18, 0x1164), "DS", "0.14\\0.14")
        .text((0x20, 0x0D), "UI", "2.25.2")
        .text((0x20, 0x20), "CS", "L\\F")
        .text((0x28, 0x34), "IS", "1\\2")
        .text((0x28, 0x1050), "DS", "100\\40")
        .text((0x28, 0x1051), "DS", "200\\80")
        .text((0x28, 0x1052), "DS", "-10")
        .text((0x28, 0x1053), "DS", "1.5")
}

/// An image that nothing is wrong with.
pub(crate) fn plain() -> Vec<u8> {
    grey(16, 12, false).text((8, 0x18), "UI", "2.25.1").file(EXPLICIT)
}

fn colours(photometric: &str, allocated: u16, samples: usize) -> Object {
    let object = described(Object::new(COLUMNS + 1, ROWS, allocated).colours(photometric));
    let bytes = samples * (PIXELS + usize::from(ROWS)) * usize::from(allocated) / 8;
    let mut pixels = noise(bytes);
    pixels.resize(bytes.next_multiple_of(2), 0);
    object.pixels("OW", usize::from(allocated) / 8, pixels)
}

fn palette(segmented: bool) -> Object {
    let mut object = grey(8, 8, false).text((0x28, 4), "CS", "PALETTE COLOR");
    for colour in 0..3 {
        object = object.bytes((0x28, 0x1101 + colour), "US", words(&[256, 0, 16]));
        if segmented {
            let segments = words(&[0, 2, 0, 256, 1, 100, 60_000, 2, 1, 0, 0, 1, 152, 0]);
            object = object.bytes((0x28, 0x1221 + colour), "OW", segments);
        } else {
            object = object.bytes((0x28, 0x1201 + colour), "OW", noise(512));
        }
    }
    object
}

fn lut(tag: (u16, u16)) -> (Vec<u8>, (u16, u16)) {
    let mut item = element((0x28, 0x3002), "US", &words(&[64, 0, 12]));
    item.extend(text((0x28, 0x3003), "LO", "soft"));
    item.extend(element((0x28, 0x3006), "OW", &noise(128)));
    (items(&[item]), tag)
}

fn overlay() -> Object {
    let object = grey(16, 12, false);
    let of_data = object
        .number((0x6000, 0x10), ROWS)
        .number((0x6000, 0x11), COLUMNS)
        .text((0x6000, 0x15), "IS", "1")
        .text((0x6000, 0x22), "LO", "marks")
        .text((0x6000, 0x40), "CS", "G")
        .bytes((0x6000, 0x50), "SS", words(&[1, 1]))
        .number((0x6000, 0x100), 1)
        .number((0x6000, 0x102), 0)
        .bytes((0x6000, 0x3000), "OW", noise(8));
    of_data.number((0x6002, 0x10), ROWS).number((0x6002, 0x11), COLUMNS).number((0x6002, 0x102), 15)
}

fn shutters() -> Object {
    grey(16, 16, false)
        .text((0x18, 0x1600), "CS", "RECTANGULAR\\CIRCULAR\\POLYGONAL")
        .text((0x18, 0x1602), "IS", "1")
        .text((0x18, 0x1604), "IS", "8")
        .text((0x18, 0x1606), "IS", "1")
        .text((0x18, 0x1608), "IS", "6")
        .text((0x18, 0x1610), "IS", "4\\4")
        .text((0x18, 0x1612), "IS", "3")
        .text((0x18, 0x1620), "IS", "1\\1\\1\\8\\6\\8")
}

/// Several frames with functional groups.
fn enhanced() -> Object {
    let pixels = items(&[text((0x28, 0x30), "DS", "0.5\\0.5")]);
    let values = items(&[[text((0x28, 0x1052), "DS", "-1024"), text((0x28, 0x1053), "DS", "2")].concat()]);
    let window = items(&[[text((0x28, 0x1050), "DS", "40"), text((0x28, 0x1051), "DS", "400")].concat()]);
    let group = [
        element((0x28, 0x9110), "SQ", &pixels),
        element((0x28, 0x9132), "SQ", &window),
        element((0x28, 0x9145), "SQ", &values),
    ]
    .concat();
    Object::new(COLUMNS, ROWS, 16)
        .frames(2)
        .bytes((0x5200, 0x9229), "SQ", items(std::slice::from_ref(&group)))
        .bytes((0x5200, 0x9230), "SQ", items(&[group.clone(), group]))
        .pixels("OW", 2, noise(4 * PIXELS))
}

fn floats(allocated: u16) -> Object {
    let (tag, vr, wide) = if allocated == 64 { ((0x7FE0, 9), "OD", 8) } else { ((0x7FE0, 8), "OF", 4) };
    let value =
        |i: usize| if wide == 8 { (i as f64).to_le_bytes().to_vec() } else { (i as f32).to_le_bytes().to_vec() };
    Object::new(COLUMNS, ROWS, allocated).bytes(tag, vr, (0..PIXELS).flat_map(value).collect())
}

/// Several frames in several fragments each.
fn fragmented(table: bool) -> Object {
    let frame = rle(&noise(2 * PIXELS), 2, 1);
    let (first, second) = frame.split_at(80);
    let second = [second, &[0][..second.len() % 2]].concat();
    let fragments = vec![first.to_vec(), second, frame.clone()];
    let third = (16 + fragments[0].len() + fragments[1].len()) as u32;
    let offsets = if table { vec![0, third] } else { Vec::new() };
    Object::new(COLUMNS, ROWS, 16).frames(2).fragments(&offsets, fragments)
}

fn baseline_jpeg(colour: bool) -> Vec<u8> {
    let (kind, samples) = if colour { (jpeg_encoder::ColorType::Rgb, 3) } else { (jpeg_encoder::ColorType::Luma, 1) };
    let mut stream = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut stream, 90);
    encoder.encode(&noise(samples * PIXELS), COLUMNS, ROWS, kind).unwrap();
    stream
}

/// Objects by name and transfer syntax.
fn objects() -> Vec<(&'static str, Object, &'static str)> {
    let lossless = LosslessJpeg { columns: COLUMNS, precision: 12, point_transform: 0, restart_rows: 2 };
    let samples: Vec<u16> = noise(PIXELS).iter().map(|v| u16::from(*v) * 16).collect();
    let (voi, voi_tag) = lut((0x28, 0x3010));
    let (modality, modality_tag) = lut((0x28, 0x3000));
    vec![
        ("8 bits", grey(8, 8, false), EXPLICIT),
        ("8 bits, implicit", grey(8, 8, false), IMPLICIT),
        ("12 of 16 bits", grey(16, 12, true), EXPLICIT),
        ("16 bits, big endian", grey(16, 16, false), BIG_ENDIAN),
        ("16 bits, deflated", grey(16, 16, true), DEFLATED),
        ("32 bits", grey(32, 32, true), IMPLICIT),
        ("64 bits", grey(64, 64, false), EXPLICIT),
        ("packed 12 bits", grey(12, 12, false), IMPLICIT),
        ("single bits", grey(1, 1, false), EXPLICIT),
        ("MONOCHROME1", grey(16, 12, false).text((0x28, 4), "CS", "MONOCHROME1"), EXPLICIT),
        ("RGB", colours("RGB", 8, 3), EXPLICIT),
        ("RGB, planes", colours("RGB", 16, 3).number((0x28, 6), 1), EXPLICIT),
        ("YBR_FULL", colours("YBR_FULL", 8, 3), IMPLICIT),
        ("YBR_FULL_422", colours("YBR_FULL_422", 8, 2), EXPLICIT),
        ("palette", palette(false), EXPLICIT),
        ("segmented palette", palette(true), EXPLICIT),
        ("VOI LUT", grey(16, 12, false).bytes(voi_tag, "SQ", voi), EXPLICIT),
        ("modality LUT", grey(16, 12, false).bytes(modality_tag, "SQ", modality), EXPLICIT),
        ("overlays", overlay(), EXPLICIT),
        ("shutters", shutters(), EXPLICIT),
        ("functional groups", enhanced(), EXPLICIT),
        ("floats", floats(32), EXPLICIT),
        ("doubles", floats(64), EXPLICIT),
        ("fragments", fragmented(true), RLE),
        ("fragments without a table", fragmented(false), RLE),
        ("native fragments", Object::new(COLUMNS, ROWS, 8).fragments(&[], vec![noise(64)]), ENCAPSULATED),
        ("deflated frames", Object::new(COLUMNS, ROWS, 8).fragments(&[], vec![deflated(&noise(64))]), DEFLATED_FRAMES),
        ("RLE", Object::new(COLUMNS, ROWS, 16).fragments(&[], vec![rle(&noise(2 * PIXELS), 2, 1)]), RLE),
        (
            "lossless JPEG",
            Object::new(COLUMNS, ROWS, 16).bits(12, 11, false).fragments(&[], vec![lossless.encode(&samples)]),
            JPEG_LOSSLESS,
        ),
        ("JPEG", Object::new(COLUMNS, ROWS, 8).fragments(&[], vec![baseline_jpeg(false)]), JPEG_BASELINE),
        (
            "JPEG in colour",
            Object::new(COLUMNS, ROWS, 8).colours("YBR_FULL_422").fragments(&[], vec![baseline_jpeg(true)]),
            JPEG_BASELINE,
        ),
    ]
}

pub(crate) fn all() -> Vec<Seed> {
    let files: Vec<(String, Vec<u8>)> =
        objects().into_iter().map(|(name, object, syntax)| (format!("DICOM, {name}"), object.file(syntax))).collect();
    let of = |reader| files.iter().map(move |(name, bytes)| Seed::of(reader, name, bytes.as_slice()));
    of(Reader::Dicom).chain(of(Reader::Deidentify)).collect()
}
