//! TIFF: directories that claim parts without number, or lead all parts to one.

use super::{Constructed, deflated_zeros, packed_zeros};
use crate::readers::Reader;

/// An entry of a directory: tag, type, count, value.
type Entry = (u16, u16, u32, u32);

const SHORT: u16 = 3;
const LONG: u16 = 4;

/// A little-endian file: header, `data` from byte 8 on, and a directory.
fn file(data: &[u8], entries: &[Entry]) -> Vec<u8> {
    let at = (8 + data.len()).next_multiple_of(2);
    let mut bytes = [&b"II*\0"[..], &(at as u32).to_le_bytes(), data].concat();
    bytes.resize(at, 0);
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.extend([0; 4]);
    bytes
}

/// A grey picture: size, depth, compression, and more entries.
fn grey(width: u32, height: u32, bits: u32, compression: u32, more: &[Entry]) -> Vec<Entry> {
    let mut entries = vec![
        (256, LONG, 1, width),
        (257, LONG, 1, height),
        (258, SHORT, 1, bits),
        (259, SHORT, 1, compression),
        (262, SHORT, 1, 1),
        (277, SHORT, 1, 1),
    ];
    entries.extend(more);
    entries.sort_unstable();
    entries
}

/// Many strips of a row each that all lie in one place.
fn strips_in_one_place(place: &[u8], count: u32, told: u32) -> Vec<u8> {
    let mut data = place.to_vec();
    data.resize(data.len().next_multiple_of(4), 0);
    let table = 8 + data.len() as u32;
    data.extend(8u32.to_le_bytes().repeat(count as usize));
    data.extend(told.to_le_bytes().repeat(count as usize));
    let more = [(273, LONG, count, table), (278, LONG, 1, 1), (279, LONG, count, table + 4 * count)];
    file(&data, &grey(16, count, 8, 8, &more))
}

/// Deflate data of many blocks that hold nothing.
fn empty_blocks(count: usize) -> Vec<u8> {
    [&[0x78, 0x01][..], &[0, 0, 0, 0xFF, 0xFF].repeat(count)].concat()
}

pub(crate) fn all() -> Vec<Constructed> {
    let of = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Raster, name, make);
    vec![
        of("four billion strips", || {
            file(
                &[0; 64],
                &grey(16, 16, 8, 1, &[(273, LONG, u32::MAX, 8), (278, LONG, 1, 1), (279, LONG, u32::MAX, 8)]),
            )
        }),
        of("60,000 strips that unpack nothing, all in one place", || {
            let blocks = empty_blocks(200_000);
            strips_in_one_place(&blocks, 60_000, blocks.len() as u32)
        })
        .says("more memory than is allowed"),
        of("60,000 strips of a megabyte, all in one place", || {
            let packed = packed_zeros(1 << 20);
            strips_in_one_place(&packed, 60_000, packed.len() as u32)
        })
        .says("more memory than is allowed"),
        of("a strip that unpacks to a gigabyte", || {
            let packed = [&[0x78, 0x01][..], &deflated_zeros(&[], 1 << 30)].concat();
            strips_in_one_place(&packed, 1, packed.len() as u32)
        }),
        of("tiles of two billion pixels", || {
            let more = [(322, LONG, 1, 1 << 31), (323, LONG, 1, 1 << 31), (324, LONG, 1, 8), (325, LONG, 1, 16)];
            file(&[0; 64], &grey(16, 16, 8, 1, &more))
        }),
        of("a wide picture in tiles of 16 pixels", || {
            let more = [(322, LONG, 1, 16), (323, LONG, 1, 16), (324, LONG, 460_000, 8), (325, LONG, 460_000, 8)];
            file(&[8; 4096], &grey(11_000, 10_900, 8, 1, &more))
        }),
        of("65,535 samples a pixel", || {
            let entries: Vec<Entry> = grey(16, 16, 8, 1, &[(273, LONG, 1, 8), (279, LONG, 1, 256)]);
            let entries: Vec<Entry> =
                entries.into_iter().map(|e| if e.0 == 277 { (277, SHORT, 1, 65_535) } else { e }).collect();
            file(&[0; 64], &entries)
        }),
        of("a strip behind the end", || {
            file(&[0; 64], &grey(5000, 5000, 16, 1, &[(273, LONG, 1, 0xFFFF_FF00), (279, LONG, 1, 0xFFFF_FFFF)]))
        }),
        of("a strip of four gigabytes", || {
            file(&[0; 64], &grey(5000, 5000, 16, 1, &[(273, LONG, 1, 8), (279, LONG, 1, 0xFFFF_FFFF)]))
        }),
        of("no strips", || file(&[0; 64], &grey(16, 16, 8, 1, &[]))),
        of("a picture without rows", || file(&[0; 64], &grey(16, 0, 8, 1, &[(273, LONG, 1, 8), (279, LONG, 1, 8)]))),
        Constructed::large(Reader::Raster, "120 million floats, of which none is there", || {
            let more = [(273, LONG, 1, 8), (279, LONG, 1, 480_000_000), (339, SHORT, 1, 3)];
            file(&[0; 64], &grey(11_000, 10_900, 32, 1, &more))
        }),
        Constructed::large(Reader::Raster, "120 million doubles, of which none is there", || {
            let more = [(273, LONG, 1, 8), (279, LONG, 1, 960_000_000), (339, SHORT, 1, 3)];
            file(&[0; 64], &grey(11_000, 10_900, 64, 1, &more))
        }),
        Constructed::large(Reader::Raster, "120 million pixels of 16 bits in a strip", || {
            let packed = packed_zeros(2 * 11_000 * 10_900);
            let length = packed.len() as u32;
            let more = [(273, LONG, 1, 8), (278, LONG, 1, 10_900), (279, LONG, 1, length)];
            file(&packed, &grey(11_000, 10_900, 16, 8, &more))
        }),
    ]
}
