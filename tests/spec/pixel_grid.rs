//! Every pixel right, over the whole grid: bits allocated, bits stored, high bit, sign, slope and
//! intercept, transfer syntax. What is expected is computed here.

use pellucid::study::StudyError;

use crate::dicom_bytes::{
    BIG_ENDIAN, DEFLATED, DEFLATED_FRAMES, ENCAPSULATED, EXPLICIT, IMPLICIT, JPEG_LOSSLESS, LosslessJpeg, Object, RLE,
    deflated, opened, rle, values,
};

const COLUMNS: usize = 7;
const ROWS: usize = 5;
const PIXELS: usize = COLUMNS * ROWS;
/// Frames of an object; the last one is looked at, which begins within a byte where pixels are
/// bits.
const FRAMES: usize = 2;

/// Sample `i` of so many bits: noise, with the highest value and half the range among it.
fn raw(i: usize, bits: u32) -> u64 {
    match i {
        1 => u64::MAX >> (64 - bits),
        2 => 1 << (bits - 1),
        _ if bits <= 32 => (i as u64 * 2_654_435_761 % (1 << 32)) >> (32 - bits),
        _ => (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - bits),
    }
}

/// The number that these bits are.
fn number(raw: u64, bits: u32, signed: bool) -> f64 {
    let negative = signed && raw >> (bits - 1) == 1;
    (if negative { i128::from(raw) - (1 << bits) } else { i128::from(raw) }) as f64
}

/// One point of the grid.
#[derive(Clone, Copy, Debug)]
struct Point {
    allocated: usize,
    stored: u32,
    high: u32,
    signed: bool,
    rescale: Option<(&'static str, &'static str)>,
}

impl Point {
    fn all() -> impl Iterator<Item = Self> {
        let rescales = [None, Some(("1", "-1024")), Some(("0.5", "10.25")), Some(("-2", "3"))];
        let stored = |allocated: usize| {
            let some = [1, 2, 7, 8, 10, 12, 15, 16, 20, 24, 31, 32, 33, 64];
            some.into_iter().filter(move |stored| *stored as usize <= allocated)
        };
        let allocated = [1, 2, 4, 8, 10, 12, 16, 20, 24, 32, 40, 64];
        let bits = allocated.into_iter().flat_map(move |allocated| stored(allocated).map(move |s| (allocated, s)));
        let places = bits.flat_map(|(allocated, stored)| {
            let mut high = vec![stored - 1, allocated as u32 - 1];
            high.dedup();
            high.into_iter().map(move |high| (allocated, stored, high))
        });
        let signs = places.flat_map(|place| [false, true].map(|signed| (place, signed)));
        signs.enumerate().map(move |(i, ((allocated, stored, high), signed))| {
            let rescale = rescales[i % rescales.len()];
            Self { allocated, stored, high, signed, rescale }
        })
    }

    /// Word `i`: the sample at its place, and an overlay in the highest bit where that is free.
    fn word(&self, i: usize) -> u64 {
        let overlay = (self.high as usize + 1 < self.allocated && i.is_multiple_of(3)) as u64;
        raw(i, self.stored) << (self.high + 1 - self.stored) | overlay << (self.allocated - 1)
    }

    fn words(&self) -> Vec<u64> {
        (0..FRAMES * PIXELS).map(|i| self.word(i)).collect()
    }

    /// The words without gaps, the least significant bit first.
    fn packed(&self, words: &[u64]) -> Vec<u8> {
        if self.allocated.is_multiple_of(8) {
            return words.iter().flat_map(|word| word.to_le_bytes()[..self.allocated / 8].to_vec()).collect();
        }
        let bits: Vec<u64> =
            words.iter().flat_map(|word| (0..self.allocated).map(move |bit| word >> bit & 1)).collect();
        bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |value, bit| value << 1 | *bit as u8)).collect()
    }

    fn object(&self) -> Object {
        let object = Object::new(COLUMNS as u16, ROWS as u16, self.allocated as u16)
            .bits(self.stored as u16, self.high as u16, self.signed)
            .frames(FRAMES);
        match self.rescale {
            Some((slope, intercept)) => object.text((0x28, 0x1052), "DS", intercept).text((0x28, 0x1053), "DS", slope),
            None => object,
        }
    }

    fn native(&self) -> Object {
        let mut bytes = self.packed(&self.words());
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        let word = if self.allocated > 8 && self.allocated.is_multiple_of(8) { self.allocated / 8 } else { 2 };
        self.object().pixels("OW", word, bytes)
    }

    /// Encapsulated, each frame by itself.
    fn encapsulated(&self, encode: impl Fn(&[u64]) -> Vec<u8>) -> Object {
        self.object().fragments(&[], self.words().chunks(PIXELS).map(encode).collect())
    }

    /// The modality values of the last frame.
    fn expected(&self) -> Vec<f32> {
        let (slope, intercept) = self.rescale.map_or((1.0, 0.0), |(s, i)| (s.parse().unwrap(), i.parse().unwrap()));
        let numbers = ((FRAMES - 1) * PIXELS..FRAMES * PIXELS).map(|i| raw(i, self.stored));
        numbers.map(|raw| (slope * number(raw, self.stored, self.signed) + intercept) as f32).collect()
    }

    fn holds(&self, bytes: &[u8], syntax: &str) {
        assert_eq!(values(bytes), self.expected(), "{self:?} in {syntax}");
    }
}

#[test]
fn native_pixels_of_every_depth_are_right_in_every_encoding() {
    for point in Point::all() {
        for syntax in [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED] {
            point.holds(&point.native().file(syntax), syntax);
        }
    }
}

#[test]
fn pixels_in_fragments_are_right_at_every_depth() {
    for point in Point::all() {
        let bytes = |words: &[u64]| point.packed(words);
        point.holds(&point.encapsulated(bytes).file(ENCAPSULATED), ENCAPSULATED);
        point.holds(&point.encapsulated(|words| deflated(&bytes(words))).file(DEFLATED_FRAMES), DEFLATED_FRAMES);
        if point.allocated.is_multiple_of(8) {
            let encode = |words: &[u64]| rle(&bytes(words), point.allocated / 8, 1);
            point.holds(&point.encapsulated(encode).file(RLE), RLE);
        }
    }
}

/// RLE packs bytes: of single bits eight pixels each, or one.
#[test]
fn single_bits_in_rle_are_read_packed_or_one_a_byte() {
    let point = Point { allocated: 1, stored: 1, high: 0, signed: false, rescale: None };
    let packed = point.encapsulated(|words| rle(&point.packed(words), 1, 1));
    point.holds(&packed.file(RLE), RLE);
    let bytes = point.encapsulated(|words| rle(&words.iter().map(|word| *word as u8).collect::<Vec<_>>(), 1, 1));
    point.holds(&bytes.file(RLE), RLE);
}

#[test]
fn lossless_jpeg_of_every_precision_keeps_its_sign() {
    for point in Point::all().filter(|point| (2..=16).contains(&point.stored) && point.allocated <= 16) {
        // A stream of the stored bits alone, and one of the words as they would stand in native data.
        for (precision, whole_word) in [(point.stored, false), (point.allocated as u32, true)] {
            if precision < 2 {
                continue;
            }
            let jpeg = LosslessJpeg {
                columns: COLUMNS as u16,
                precision: precision as u8,
                point_transform: 0,
                restart_rows: 0,
            };
            let shift = point.high + 1 - point.stored;
            let mask = (1 << point.stored) - 1;
            let sample = |word: &u64| if whole_word { *word } else { word >> shift & mask };
            let encode = |words: &[u64]| jpeg.encode(&words.iter().map(|word| sample(word) as u16).collect::<Vec<_>>());
            point.holds(&point.encapsulated(encode).file(JPEG_LOSSLESS), JPEG_LOSSLESS);
        }
    }
}

/// A stream that another implementation has written: `tests/golden/transfer_syntaxes.py`.
struct Golden {
    syntax: String,
    bits: u32,
    signed: bool,
    components: usize,
    stream: Vec<u8>,
}

fn golden() -> Vec<Golden> {
    let mut rest: &[u8] = include_bytes!("../golden/transfer_syntaxes.bin");
    let mut take = |count: usize| {
        let (bytes, behind) = rest.split_at_checked(count)?;
        rest = behind;
        Some(bytes.to_vec())
    };
    let mut all = Vec::new();
    while let Some(length) = take(1) {
        let syntax = String::from_utf8(take(length[0].into()).unwrap()).unwrap();
        let [bits, signed, components] = take(3).unwrap()[..] else { unreachable!() };
        let length = u32::from_le_bytes(take(4).unwrap().try_into().unwrap());
        let (signed, components) = (signed == 1, components.into());
        all.push(Golden { syntax, bits: bits.into(), signed, components, stream: take(length as usize).unwrap() });
    }
    all
}

#[test]
fn jpeg_ls_jpeg_2000_and_htj2k_of_every_precision_keep_their_sign() {
    let grey = golden().into_iter().filter(|golden| golden.components == 1);
    for Golden { syntax, bits, signed, stream, .. } in grey {
        let signs = if syntax.ends_with(".80") { vec![false, true] } else { vec![signed] };
        for signed in signs {
            let allocated = if bits <= 8 { 8 } else { 16 };
            let object = Object::new(COLUMNS as u16, ROWS as u16, allocated)
                .bits(bits as u16, bits as u16 - 1, signed)
                .fragments(&[], vec![stream.clone()]);
            let expected: Vec<f32> = (0..PIXELS).map(|i| number(raw(i, bits), bits, signed) as f32).collect();
            assert_eq!(values(&object.file(&syntax)), expected, "{syntax}, {bits} bits, signed: {signed}");
            // What the object says of a depth beyond that of the stream changes nothing.
            let object = object.number((0x28, 0x100), 16).bits(16, 15, signed);
            assert_eq!(values(&object.file(&syntax)), expected, "{syntax}, {bits} of 16 bits, signed: {signed}");
        }
    }
}

/// Red, green and blue of pixel `i`, of so many bits.
fn colour(i: usize, bits: u32) -> [u64; 3] {
    [0, 1, 2].map(|sample| raw(3 * i + sample, bits))
}

fn picture(bytes: &[u8]) -> Result<Vec<u8>, StudyError> {
    Ok(opened(bytes)?.pixels.color.expect("colours").as_raw().clone())
}

#[test]
fn colours_of_every_depth_and_order_are_right() {
    for bits in [8, 16, 32] {
        let word = bits as usize / 8;
        let pixels: Vec<[u64; 3]> = (0..PIXELS).map(|i| colour(i, bits)).collect();
        let high = (u64::MAX >> (64 - bits)) as f32;
        let expected: Vec<u8> = pixels.iter().flatten().map(|v| (*v as f32 * (255.0 / high)).round() as u8).collect();
        let bytes = |value: &u64| value.to_le_bytes()[..word].to_vec();
        let interleaved: Vec<u8> = pixels.iter().flatten().flat_map(bytes).collect();
        let planes: Vec<u8> = (0..3).flat_map(|plane| pixels.iter().flat_map(move |p| bytes(&p[plane]))).collect();
        let object = Object::new(COLUMNS as u16, ROWS as u16, bits as u16).colours("RGB");
        for syntax in [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED] {
            let vr = if bits == 8 { "OB" } else { "OW" };
            let mut padded = interleaved.clone();
            padded.resize(padded.len().next_multiple_of(2), 0);
            let file = object.clone().pixels(vr, word, padded).file(syntax);
            assert_eq!(picture(&file).unwrap(), expected, "{bits} bits in {syntax}");
            let mut padded = planes.clone();
            padded.resize(padded.len().next_multiple_of(2), 0);
            let file = object.clone().number((0x28, 6), 1).pixels(vr, word, padded).file(syntax);
            assert_eq!(picture(&file).unwrap(), expected, "{bits} bits in {syntax}, planes");
        }
        let file = object.clone().fragments(&[], vec![rle(&interleaved, word, 3)]).file(RLE);
        assert_eq!(picture(&file).unwrap(), expected, "{bits} bits in RLE");
        let file = object.fragments(&[], vec![deflated(&interleaved)]).file(DEFLATED_FRAMES);
        assert_eq!(picture(&file).unwrap(), expected, "{bits} bits, deflated");
    }
}

#[test]
fn colours_of_jpeg_ls_and_jpeg_2000_are_right() {
    let expected: Vec<u8> = (0..PIXELS).flat_map(|i| colour(i, 8)).map(|v| v as u8).collect();
    for golden in golden().into_iter().filter(|golden| golden.components == 3) {
        let photometric = if golden.syntax.ends_with(".90") { "YBR_RCT" } else { "RGB" };
        let object = Object::new(COLUMNS as u16, ROWS as u16, 8).colours(photometric);
        let file = object.fragments(&[], vec![golden.stream]).file(&golden.syntax);
        assert_eq!(picture(&file).unwrap(), expected, "{}", golden.syntax);
    }
}

#[test]
fn floating_point_pixels_are_right() {
    let floats: Vec<f64> = (0..FRAMES * PIXELS).map(|i| i as f64 * 0.375 - 9.0).collect();
    let expected: Vec<f32> = floats[PIXELS..].iter().map(|v| (v * 2.0 - 1.0) as f32).collect();
    let object = |allocated| {
        let object = Object::new(COLUMNS as u16, ROWS as u16, allocated).frames(FRAMES);
        object.text((0x28, 0x1052), "DS", "-1").text((0x28, 0x1053), "DS", "2")
    };
    let single = floats.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect();
    let single = object(32).bytes((0x7FE0, 8), "OF", single);
    let double = object(64).bytes((0x7FE0, 9), "OD", floats.iter().flat_map(|v| v.to_le_bytes()).collect());
    for syntax in [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED] {
        assert_eq!(values(&single.file(syntax)), expected, "single in {syntax}");
        assert_eq!(values(&double.file(syntax)), expected, "double in {syntax}");
    }
}
