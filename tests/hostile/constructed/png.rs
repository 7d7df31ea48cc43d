//! PNG: chunks that unpack to gigabytes, many chunks, and pictures as large as they may be.

use super::{Constructed, packed_zeros};
use crate::mutate::png_chunk;
use crate::readers::Reader;

fn header(width: u32, height: u32, depth: u8, color: u8, interlaced: bool) -> Vec<u8> {
    let mut data = [width.to_be_bytes(), height.to_be_bytes()].concat();
    data.extend([depth, color, 0, 0, u8::from(interlaced)]);
    [&b"\x89PNG\r\n\x1a\n"[..], &png_chunk(*b"IHDR", &data)].concat()
}

/// A grey picture of 16 × 16 pixels with something before its pixels.
fn with(before: &[u8]) -> Vec<u8> {
    let pixels = png_chunk(*b"IDAT", &packed_zeros(17 * 16));
    [&header(16, 16, 8, 0, false)[..], before, &pixels, &png_chunk(*b"IEND", &[])].concat()
}

/// A picture of zeros with rows of so many bytes.
fn large(depth: u8, color: u8, bits: u64, interlaced: bool) -> Vec<u8> {
    let (width, height) = (11_000u32, 10_900u32);
    let packed = packed_zeros(u64::from(height) * (u64::from(width) * bits).div_ceil(8) + 3 * u64::from(height));
    let palette = if color == 3 {
        [png_chunk(*b"PLTE", &[7; 3 << 1]), png_chunk(*b"tRNS", &[0; 2])].concat()
    } else {
        Vec::new()
    };
    let parts = [header(width, height, depth, color, interlaced), palette, png_chunk(*b"IDAT", &packed)];
    [&parts.concat()[..], &png_chunk(*b"IEND", &[])].concat()
}

/// A grey picture of zeros, of any shape.
fn strip(width: u32, height: u32, interlaced: bool) -> Vec<u8> {
    let packed = packed_zeros((u64::from(width) + 8) * (u64::from(height) + 8) * if interlaced { 2 } else { 1 });
    let parts = [header(width, height, 8, 0, interlaced), png_chunk(*b"IDAT", &packed), png_chunk(*b"IEND", &[])];
    parts.concat()
}

pub(crate) fn all() -> Vec<Constructed> {
    let bomb = |kind: [u8; 4], head: &'static [u8]| {
        Constructed::of(
            Reader::Raster,
            format!("a {} chunk of a gigabyte", String::from_utf8_lossy(&kind)),
            move || with(&png_chunk(kind, &[head, &packed_zeros(1 << 30)].concat())),
        )
    };
    let of = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Raster, name, make);
    let mut all = vec![
        bomb(*b"zTXt", b"Comment\0\0"),
        bomb(*b"iTXt", b"Comment\0\x01\0en\0\0"),
        bomb(*b"iCCP", b"profile\0\0"),
        bomb(*b"IDAT", b""),
        of("a million chunks", || with(&png_chunk(*b"teXt", &[]).repeat(1_000_000))),
        of("a million chunks of pixels", || with(&png_chunk(*b"IDAT", &[]).repeat(1_000_000)))
            .says("parts of a few bytes"),
        of("a picture of two billion rows", || header(1, 2_000_000_000, 8, 0, false)),
        of("thirteen columns of millions of rows", || strip(13, 4_587_531, false)).says("a side has at most"),
        of("one row of millions of columns", || strip(100_000_000, 1, false)).says("a side has at most"),
        of("one column as long as it may be", || strip(1, 65_535, false)),
        of("one row as long as it may be", || strip(65_535, 1, false)),
        of("an interlaced strip", || strip(458, 65_535, true)),
        of("a strip", || strip(65_535, 458, false)),
        of("a palette of one byte", || {
            let parts =
                [header(16, 16, 4, 3, false), png_chunk(*b"PLTE", &[7]), png_chunk(*b"IDAT", &packed_zeros(9 * 16))];
            parts.concat()
        })
        .says("PLTE"),
        of("a picture without rows", || header(65_535, 0, 8, 0, false)),
        of("frames of an animation beyond the picture", || {
            let control = png_chunk(*b"acTL", &[0xFF; 8]);
            let frame =
                png_chunk(*b"fcTL", &[[0; 4], [0xFF; 4], [0xFF; 4], [0; 4], [0; 4], [0; 4], [0; 4]].concat()[..26]);
            with(&[control, frame].concat())
        }),
    ];
    for (name, interlaced) in [("an interlaced strip", true), ("a strip", false)] {
        all.push(Constructed::large(Reader::Raster, format!("{name} of 120 million pixels"), move || {
            strip(1831, 65_535, interlaced)
        }));
    }
    for (name, depth, color, bits, interlaced) in [
        ("grey", 16, 0, 16, false),
        ("grey, interlaced", 16, 0, 16, true),
        ("grey with transparency", 16, 4, 32, false),
        ("single bits", 1, 0, 1, false),
        ("palette with transparency", 1, 3, 1, false),
        ("RGB", 8, 2, 24, false),
        ("RGB", 16, 2, 48, false),
        ("RGBA", 8, 6, 32, false),
        ("RGBA", 16, 6, 64, false),
    ] {
        all.push(Constructed::large(
            Reader::Raster,
            format!("120 million pixels, {name} of {depth} bits"),
            move || large(depth, color, bits, interlaced),
        ));
    }
    all
}
