//! JPEG, JPEG-LS and JPEG 2000: sizes without data, and scans and tables without end.

use super::Constructed;
use crate::dicom_bytes::{JPEG_BASELINE, Object};
use crate::readers::Reader;

const WIDE: u16 = 65_535;
const HIGH: u16 = 1_831;
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    [&[0xFF, marker][..], &(body.len() as u16 + 2).to_be_bytes(), body].concat()
}

fn frame(process: u8, width: u16, height: u16, components: u8) -> Vec<u8> {
    let mut body = vec![8];
    body.extend([height.to_be_bytes(), width.to_be_bytes()].concat());
    body.push(components);
    (1..=components).for_each(|id| body.extend([id, 0x11, 0]));
    segment(process, &body)
}

/// A table of codes of one bit, and one of two.
fn codes(class: u8, symbols: [u8; 2]) -> Vec<u8> {
    let mut body = vec![class << 4, 1, 1];
    body.extend([0; 14]);
    body.extend(symbols);
    segment(0xC4, &body)
}

fn scan(components: u8, first: u8, last: u8, bits: u8) -> Vec<u8> {
    let mut body = vec![components];
    (1..=components).for_each(|id| body.extend([id, 0]));
    body.extend([first, last, bits]);
    segment(0xDA, &body)
}

/// A stream of a process with tables, and scans of so many bytes.
fn stream(process: u8, (width, height): (u16, u16), components: u8, scans: &[u8]) -> Vec<u8> {
    let quantization = segment(0xDB, &[&[0][..], &[1; 64]].concat());
    // Runs of 32,767 blocks without coefficients are one code and fourteen bits.
    let parts = [&[0xFF, 0xD8][..], &quantization, &codes(0, [0, 1]), &codes(1, [0xE0, 0x01])];
    [&parts.concat()[..], &frame(process, width, height, components), scans, &[0xFF, 0xD9]].concat()
}

/// Progressive scans that go through all blocks in a hundred bytes each.
fn many_scans(size: (u16, u16), count: usize) -> Vec<u8> {
    let dc = [scan(1, 0, 0, 0), vec![0; 400]].concat();
    let ac = [scan(1, 1, 63, 0), vec![0x3F; 120]].concat();
    stream(0xC2, size, 1, &[dc, ac.repeat(count)].concat())
}

fn in_object(size: (u16, u16), components: u8, stream: Vec<u8>, syntax: &str) -> Vec<u8> {
    let object = Object::new(size.0, size.1, 8);
    let object = if components == 3 { object.colours("RGB") } else { object };
    object.fragments(&[], vec![stream]).file(syntax)
}

fn jpeg_ls(size: (u16, u16), data: &[u8]) -> Vec<u8> {
    let scan = segment(0xDA, &[1, 1, 0, 0, 0, 0]);
    [&[0xFF, 0xD8][..], &frame(0xF7, size.0, size.1, 1), &scan, data, &[0xFF, 0xD9]].concat()
}

fn jpeg_2000(size: (u16, u16), tile: u32, components: u16) -> Vec<u8> {
    let long = |values: &[u32]| values.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<u8>>();
    let mut size_segment = vec![0, 0];
    size_segment.extend(long(&[size.0.into(), size.1.into(), 0, 0, tile, tile, 0, 0]));
    size_segment.extend(components.to_be_bytes());
    size_segment.extend([7, 1, 1].repeat(components.into()));
    let coding = segment(0x52, &[0, 0, 0, 1, 0, 5, 4, 4, 0, 1]);
    let quantization = segment(0x5C, &[&[0x40][..], &[0x40; 16]].concat());
    let part = [&segment(0x90, &[0, 0, 0, 0, 0, 0, 0, 1])[..], &[0xFF, 0x93], &[0; 64], &[0xFF, 0xD9]].concat();
    [&[0xFF, 0x4F][..], &segment(0x51, &size_segment), &coding, &quantization, &part].concat()
}

pub(crate) fn all() -> Vec<Constructed> {
    let small = (900, 700);
    let huge = (WIDE, HIGH);
    let mut all = Vec::new();
    for (size, name) in [(small, "small"), (huge, "huge")] {
        let of = |what: String, make: Box<dyn Fn() -> Vec<u8>>| Constructed {
            name: format!("{what}, {name}"),
            reader: Reader::Codec,
            make,
            large: size == huge,
            says: "",
        };
        for (process, what) in [(0xC0, "baseline"), (0xC1, "extended"), (0xC2, "progressive"), (0xC3, "lossless")] {
            for components in [1, 3] {
                let data =
                    move || [scan(components, 0, if process == 0xC2 { 0 } else { 63 }, 0), vec![0x55; 999]].concat();
                let make =
                    move || in_object(size, components, stream(process, size, components, &data()), JPEG_BASELINE);
                all.push(of(format!("{what} JPEG of {components} components with little data"), Box::new(make)));
            }
        }
        let scans = move || in_object(size, 1, many_scans(size, 5000), JPEG_BASELINE);
        all.push(of("5,000 progressive scans".into(), Box::new(scans)));
        all.push(of("5,000 progressive scans in a file".into(), Box::new(move || many_scans(size, 5000))));
        let runs = move || in_object(size, 1, jpeg_ls(size, &[0x7F; 4000]), JPEG_LS);
        all.push(of("JPEG-LS with little data".into(), Box::new(runs)));
        for tile in [1 << 20, 512] {
            let make = move || in_object(size, 1, jpeg_2000(size, tile, 1), JPEG_2000);
            all.push(of(format!("JPEG 2000 in tiles of {tile} with little data"), Box::new(make)));
        }
        all.push(of(
            "a JPEG of inks with little data".into(),
            Box::new(move || stream(0xC0, size, 4, &[scan(4, 0, 63, 0), vec![0x55; 999]].concat())),
        ));
    }
    for codec in all.iter_mut().filter(|c| c.name.contains("in a file") || c.name.contains("of inks")) {
        codec.reader = Reader::Raster;
    }
    all.push(Constructed::of(Reader::Codec, "400,000 tables of codes", || {
        let lengths = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16];
        let table = segment(0xC4, &[&[0][..], &lengths, &[1; 16]].concat());
        let tables = [&[0xFF, 0xD8][..], &table.repeat(400_000)].concat();
        in_object((9, 7), 1, [&tables[..], &stream(0xC0, (9, 7), 1, &[])[2..]].concat(), JPEG_BASELINE)
    }));
    all.push(Constructed::of(Reader::Codec, "400,000 scans of nothing", || {
        in_object((9, 7), 1, stream(0xC0, (9, 7), 1, &scan(1, 0, 63, 0).repeat(400_000)), JPEG_BASELINE)
    }));
    all.push(Constructed::of(Reader::Codec, "JPEG 2000 of 16,000 components", || {
        in_object((9, 7), 1, jpeg_2000((9, 7), 64, 16_000), JPEG_2000)
    }));
    all.push(
        Constructed::of(Reader::Codec, "JPEG 2000 in tiles of one pixel", || {
            in_object((255, 255), 1, jpeg_2000((255, 255), 1, 1), JPEG_2000)
        })
        .says("tiles"),
    );
    all.extend(without_guard_bits());
    all
}

/// Streams of JPEG 2000 whose quantisation has no guard bits and a style that there is none of: their
/// bands have one bit fewer than none, and a sum without a sign goes round.
fn without_guard_bits() -> impl Iterator<Item = Constructed> {
    const QUANTIZATION: [u8; 2] = [0xFF, 0x5C];
    let seeds = crate::seeds::all().into_iter().filter(|seed| matches!(seed.reader, Reader::Codec));
    seeds.filter_map(|mut seed| {
        let start = seed.bytes.windows(4).position(|window| window == [0xFF, 0x4F, 0xFF, 0x51])?;
        let marker = seed.bytes[start..].windows(2).position(|window| window == QUANTIZATION)?;
        seed.bytes[start + marker + 4] = 0x1F;
        let name = format!("{}, without guard bits", seed.name);
        Some(Constructed::of(Reader::Codec, name, move || seed.bytes.clone()))
    })
}
