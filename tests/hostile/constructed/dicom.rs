//! Pixel data that is not there, comes in too many pieces, or unpacks to gigabytes.

use super::{Constructed, deflated_zeros};
use crate::dicom_bytes::{DEFLATED_FRAMES, ENCAPSULATED, EXPLICIT, IMPLICIT, Object, PIXEL_DATA, RLE, labelled, rle};
use crate::readers::Reader;
use crate::seeds::dicom::words;

/// As wide and high as an image may be.
const WIDE: u16 = 65_535;
const HIGH: u16 = 1_831;

/// What follows the header of an object: its pixel data, of which the length is told.
fn with_pixel_data(object: &Object, told: u32, held: &[u8]) -> Vec<u8> {
    let mut data_set = object.data_set(true, false);
    data_set.extend([0xE0, 0x7F, 0x10, 0, b'O', b'W', 0, 0]);
    data_set.extend(told.to_le_bytes());
    data_set.extend(held);
    labelled(EXPLICIT, &data_set)
}

/// Many fragments of a few bytes each, without the object's own way of writing them.
fn fragments(object: &Object, syntax: &str, table: &[u8], fragment: &[u8], count: usize) -> Vec<u8> {
    let mut data_set = object.data_set(true, false);
    data_set.extend([0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
    let item = |bytes: &[u8]| [&[0xFE, 0xFF, 0, 0xE0][..], &(bytes.len() as u32).to_le_bytes(), bytes].concat();
    data_set.extend(item(table));
    data_set.extend(item(fragment).repeat(count));
    data_set.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    labelled(syntax, &data_set)
}

/// An image as large as one may be, with little of its data.
fn claims() -> Vec<Constructed> {
    let mut all = Vec::new();
    for (name, allocated, colours) in [
        ("1 bit", 1, None),
        ("8 bits", 8, None),
        ("12 bits", 12, None),
        ("16 bits", 16, None),
        ("32 bits", 32, None),
        ("64 bits", 64, None),
        ("RGB of 8 bits", 8, Some("RGB")),
        ("RGB of 16 bits", 16, Some("RGB")),
        ("RGB of 32 bits", 32, Some("RGB")),
        ("YBR_FULL_422", 8, Some("YBR_FULL_422")),
    ] {
        let make = move || {
            let object = Object::new(WIDE, HIGH, allocated);
            let object = if let Some(photometric) = colours { object.colours(photometric) } else { object };
            with_pixel_data(&object, u32::MAX - 1, &vec![0x55; 2 << 20])
        };
        all.push(Constructed::large(Reader::Dicom, format!("120 million pixels, {name}, 2 MB of data"), make));
    }
    all.push(Constructed::large(Reader::Dicom, "120 million pixels of floats, 2 MB of data", || {
        let mut data_set = Object::new(WIDE, HIGH, 32).data_set(true, false);
        data_set.extend([0xE0, 0x7F, 8, 0, b'O', b'F', 0, 0, 0xFE, 0xFF, 0xFF, 0xFF]);
        data_set.extend(vec![0x55; 2 << 20]);
        labelled(EXPLICIT, &data_set)
    }));
    all.push(Constructed::large(Reader::Dicom, "120 million pixels in RLE", || {
        let planes = rle(&vec![7; usize::from(WIDE) * usize::from(HIGH)], 1, 1);
        Object::new(WIDE, HIGH, 8).fragments(&[], vec![planes]).file(RLE)
    }));
    all
}

pub(crate) fn all() -> Vec<Constructed> {
    let mut all = claims();
    let of = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Dicom, name, make);
    all.extend([
        of("20,000 frames of no data", || with_pixel_data(&Object::new(9, 7, 16).frames(20_000), 0xFFFF_FFF0, &[1; 4])),
        of("a billion frames", || {
            with_pixel_data(&Object::new(9, 7, 16).text((0x28, 8), "IS", "1000000000"), 126, &[1; 126])
        })
        .says("1000000000 frames"),
        of("half a million fragments of one frame", || fragments(&Object::new(9, 7, 16), RLE, &[], &[1, 0], 500_000)),
        of("half a million fragments of 10,000 frames", || {
            fragments(&Object::new(9, 7, 16).frames(10_000), RLE, &[], &[1, 0], 500_000)
        }),
        of("half a million streams of 10,000 frames", || {
            let object = Object::new(9, 7, 8).frames(10_000);
            fragments(&object, "1.2.840.10008.1.2.4.50", &[], &[0xFF, 0xD8, 0xFF, 0xC0], 500_000)
        }),
        of("an offset table to anywhere", || {
            let table = words(&[7, 0, 0xFFFF, 0xFFFF, 16, 0, 16, 0, 0, 0x8000]);
            fragments(&Object::new(9, 7, 16).frames(5), RLE, &table, &[1, 0, 0, 0], 9)
        }),
        of("an offset table of half a million offsets", || {
            let table = [16, 0, 0, 0].repeat(500_000);
            fragments(&Object::new(9, 7, 16).frames(20_000), RLE, &table, &[1, 0, 0, 0], 30_000)
        }),
        of("a data set that is deflated to a gigabyte", || {
            let mut data_set = Object::new(9, 7, 16).data_set(true, false);
            data_set.extend([0xE0, 0x7F, 0x10, 0, b'O', b'W', 0, 0, 0xF0, 0xFF, 0xFF, 0x3F]);
            labelled("1.2.840.10008.1.2.1.99", &deflated_zeros(&data_set, 1 << 30))
        })
        .says("inflates to more than"),
        of("a header that is deflated to a gigabyte", || {
            let mut data_set = Object::new(9, 7, 16).data_set(true, false);
            data_set.truncate(data_set.len() - 8);
            data_set.extend(crate::seeds::dicom::text((0x28, 0x4000), "LT", "x"));
            labelled("1.2.840.10008.1.2.1.99", &deflated_zeros(&data_set, 1 << 30))
        })
        .says("inflates to more than"),
        of("a frame that is deflated to a gigabyte", || {
            Object::new(9, 7, 16).fragments(&[], vec![deflated_zeros(&[], 1 << 30)]).file(DEFLATED_FRAMES)
        }),
        of("a fragment of more than the file", || {
            let mut file = fragments(&Object::new(9, 7, 16), ENCAPSULATED, &[], &[1; 20], 1);
            let at = file.len() - 8 - 24;
            file[at..at + 4].copy_from_slice(&0xFFFF_FFF0u32.to_le_bytes());
            file
        }),
        of("floats that are no numbers", || {
            let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e38, -1e38, 1e-42];
            let bytes = (0..63).flat_map(|i| values[i % 6].to_le_bytes()).collect();
            Object::new(9, 7, 32).bytes((0x7FE0, 8), "OF", bytes).file(EXPLICIT)
        }),
        of("floats of which none is a number", || {
            Object::new(9, 7, 64).bytes((0x7FE0, 9), "OD", f64::NAN.to_le_bytes().repeat(63)).file(IMPLICIT)
        }),
        of("a rescale beyond all numbers", || {
            let object = Object::new(9, 7, 16).text((0x28, 0x1052), "DS", "1e308").text((0x28, 0x1053), "DS", "-1e308");
            object.pixels("OW", 2, (0..126).collect()).file(EXPLICIT)
        }),
        of("windows beyond all numbers", || {
            let object = Object::new(9, 7, 16).text((0x28, 0x1050), "DS", "1e300\\-1e300\\nan\\0").text(
                (0x28, 0x1051),
                "DS",
                "1e300\\1e-300\\1\\inf",
            );
            object.pixels("OW", 2, (0..126).collect()).file(EXPLICIT)
        }),
        of("pixel data in an item of pixel data", || {
            let inner = Object::new(9, 7, 16).bytes(PIXEL_DATA, "SQ", vec![0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0]);
            inner.file(EXPLICIT)
        }),
    ]);
    all
}
