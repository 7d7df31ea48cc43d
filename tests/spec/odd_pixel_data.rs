//! Pixel data that is not as its labels say, or not as one would write it, and is read all the
//! same; and what is refused, with the true reason.

use pellucid::study::Frame;

use crate::dicom_bytes::{
    DEFLATED_FRAMES, ENCAPSULATED, EXPLICIT, JPEG_BASELINE, JPEG_LOSSLESS, LosslessJpeg, Object, RLE, deflated, opened,
    rle, values,
};

fn refusal(bytes: &[u8]) -> String {
    opened(bytes).unwrap_err().to_string()
}

fn colours(frame: &Frame) -> &[u8] {
    frame.pixels.color.as_ref().expect("colours").as_raw()
}

fn is_warned(frame: &Frame, word: &str) -> bool {
    frame.warnings.iter().any(|warning| warning.contains(word))
}

/// A gradient of 16 × 12 pixels.
fn samples(precision: u8) -> Vec<u16> {
    (0..192_u32).map(|i| (i * i * 37 % (1 << precision)) as u16).collect()
}

#[test]
fn lossless_jpeg_with_restart_markers_and_point_transforms_is_right() {
    for (restart_rows, point_transform) in [(0, 0), (1, 0), (4, 0), (0, 2), (3, 1)] {
        let image = samples(12);
        let jpeg = LosslessJpeg { columns: 16, precision: 12, point_transform, restart_rows };
        let object = Object::new(16, 12, 16).bits(12, 11, false).fragments(&[], vec![jpeg.encode(&image)]);
        let kept: Vec<f32> = image.iter().map(|v| f32::from(v >> point_transform << point_transform)).collect();
        assert_eq!(values(&object.file(JPEG_LOSSLESS)), kept, "{restart_rows} rows, point transform {point_transform}");
    }
}

/// A baseline stream of 16 × 12 pixels without markers that tell of colours.
fn baseline(sampling: jpeg_encoder::SamplingFactor) -> Vec<u8> {
    let pixels: Vec<u8> = (0..192_u32).flat_map(|i| [i, 255 - i, i * 3 % 256].map(|v| v as u8)).collect();
    let mut stream = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut stream, 95);
    encoder.set_sampling_factor(sampling);
    encoder.encode(&pixels, 16, 12, jpeg_encoder::ColorType::Rgb).unwrap();
    let app0 = stream.windows(2).position(|w| w == [0xFF, 0xE0]).unwrap();
    let length = usize::from(u16::from_be_bytes([stream[app0 + 2], stream[app0 + 3]]));
    stream.drain(app0..app0 + 2 + length);
    stream
}

#[test]
fn subsampled_jpeg_is_ycbcr_whatever_its_label_says() {
    let stream = baseline(jpeg_encoder::SamplingFactor::F_2_2);
    let of = |photometric| {
        let object = Object::new(16, 12, 8).colours(photometric).fragments(&[], vec![stream.clone()]);
        opened(&object.file(JPEG_BASELINE)).unwrap()
    };
    let (right, wrong) = (of("YBR_FULL_422"), of("RGB"));
    assert_eq!(colours(&right), colours(&wrong));
    assert!(is_warned(&wrong, "YCbCr") && !is_warned(&right, "YCbCr"));
    assert!(colours(&right)[..3].iter().zip([0, 255, 0]).all(|(v, expected)| v.abs_diff(expected) < 40));
}

#[test]
fn jpeg_that_says_nothing_of_its_colours_is_what_the_label_says() {
    let stream = baseline(jpeg_encoder::SamplingFactor::F_1_1);
    let of = |photometric| {
        let object = Object::new(16, 12, 8).colours(photometric).fragments(&[], vec![stream.clone()]);
        colours(&opened(&object.file(JPEG_BASELINE)).unwrap()).to_vec()
    };
    assert!(of("YBR_FULL")[..3].iter().zip([0, 255, 0]).all(|(v, expected)| v.abs_diff(expected) < 40));
    assert_ne!(of("RGB")[..3], of("YBR_FULL")[..3], "as stored");
}

#[test]
fn lossy_jpeg_that_is_called_lossless_is_told() {
    let object = Object::new(16, 12, 8).colours("YBR_FULL");
    let object = object.fragments(&[], vec![baseline(jpeg_encoder::SamplingFactor::F_1_1)]);
    assert!(is_warned(&opened(&object.file(JPEG_LOSSLESS)).unwrap(), "compressed with loss"));
}

#[test]
fn the_length_tells_which_colours_are_shared() {
    let every: Vec<u8> = (0..16).flat_map(|i| [10 * i, 128, 128]).collect();
    let shared: Vec<u8> = (0..8).flat_map(|i| [20 * i, 20 * i + 10, 128, 128]).collect();
    let expected: Vec<u8> = (0..16).flat_map(|i| [10 * i; 3]).collect();
    for (photometric, pixels, contradicts) in [
        ("YBR_FULL", &every, false),
        ("YBR_FULL_422", &shared, false),
        ("YBR_FULL_422", &every, true),
        ("YBR_FULL", &shared, true),
    ] {
        let object = Object::new(4, 4, 8).colours(photometric).pixels("OB", 1, pixels.clone());
        let frame = opened(&object.file(EXPLICIT)).unwrap();
        assert_eq!(colours(&frame), expected, "{photometric} in {} bytes", pixels.len());
        assert_eq!(is_warned(&frame, photometric), contradicts);
    }
}

#[test]
fn narrow_ybr_is_spread_over_the_range() {
    let pixels = [16, 235, 128, 128, 126, 126, 128, 128].to_vec();
    let frame =
        opened(&Object::new(2, 2, 8).colours("YBR_PARTIAL_422").pixels("OB", 1, pixels).file(EXPLICIT)).unwrap();
    assert_eq!(colours(&frame), [0, 0, 0, 255, 255, 255, 128, 128, 128, 128, 128, 128]);
}

#[test]
fn colours_with_a_sign_are_shown_without_one_and_that_is_said() {
    let pixels = vec![0, 127, 128, 255, 200, 1];
    let of = |signed| {
        let object = Object::new(2, 1, 8).colours("RGB").bits(8, 7, signed).pixels("OB", 1, pixels.clone());
        opened(&object.file(EXPLICIT)).unwrap()
    };
    assert_eq!(colours(&of(true)), pixels);
    assert!(is_warned(&of(true), "have a sign") && !is_warned(&of(false), "have a sign"));
}

/// Two frames of RLE in these fragments, of which the second begins at `second`.
fn in_fragments(fragments: Vec<Vec<u8>>, table: &[u32]) -> Object {
    Object::new(4, 4, 8).frames(2).fragments(table, fragments)
}

#[test]
fn frames_are_found_among_their_fragments() {
    let frames: Vec<Vec<u8>> =
        (0..2_u8).map(|f| rle(&(0..16).map(|i| 100 * f + i).collect::<Vec<_>>(), 1, 1)).collect();
    let expected: Vec<f32> = (0..16).map(|i| (100 + i) as f32).collect();
    let halves: Vec<Vec<u8>> = frames.iter().flat_map(|frame| frame.chunks(70).map(<[u8]>::to_vec)).collect();
    let second = (halves[0].len() + halves[1].len() + 16) as u32;
    let parts = halves.len();
    assert_eq!(parts, 4);
    for (fragments, table, what) in [
        (frames.clone(), vec![], "one each, no table"),
        (frames.clone(), vec![7, 3, 9], "one each, a table that is wrong"),
        (halves.clone(), vec![0, second], "two each, with a table"),
        (halves.clone(), vec![], "two each, no table"),
        (halves.clone(), vec![0, second - 8], "two each, a table that forgot the headers"),
        (halves.clone(), vec![0, second - 20], "two each, a table that leads to another fragment"),
        ([frames.clone(), vec![vec![]]].concat(), vec![], "an empty fragment behind"),
    ] {
        assert_eq!(values(&in_fragments(fragments, &table).file(RLE)), expected, "{what}");
    }
    let extended: Vec<u8> = [0, u64::from(second)].into_iter().flat_map(u64::to_le_bytes).collect();
    let object = in_fragments(halves, &[]).bytes((0x7FE0, 1), "OV", extended);
    assert_eq!(values(&object.file(RLE)), expected, "an extended table");
}

#[test]
fn several_frames_in_one_fragment_are_told_apart() {
    let frame = |f: u8| (0..16).map(|i| 100 * f + i).collect::<Vec<u8>>();
    let expected: Vec<f32> = frame(1).into_iter().map(f32::from).collect();
    let lossless = LosslessJpeg { columns: 4, precision: 8, point_transform: 0, restart_rows: 0 };
    let jpeg = |f| lossless.encode(&frame(f).into_iter().map(u16::from).collect::<Vec<_>>());
    let both = |a: Vec<u8>, b: Vec<u8>| vec![[a, b].concat()];
    assert_eq!(values(&in_fragments(both(jpeg(0), jpeg(1)), &[]).file(JPEG_LOSSLESS)), expected);
    let native = in_fragments(both(frame(0), frame(1)), &[]);
    assert_eq!(values(&native.file(ENCAPSULATED)), expected);
    let first = rle(&frame(0), 1, 1);
    let second = first.len() as u32;
    let runs = in_fragments(both(first, rle(&frame(1), 1, 1)), &[0, second]);
    assert_eq!(values(&runs.file(RLE)), expected, "by the offsets");
    let three = in_fragments(both(jpeg(0), jpeg(1)), &[]).frames(3);
    assert!(refusal(&three.file(JPEG_LOSSLESS)).contains("fragment"));
}

#[test]
fn frames_that_nothing_tells_apart_are_refused_with_that_reason() {
    let noise: Vec<u8> = samples(8).into_iter().map(|sample| sample as u8).collect();
    let parts = deflated(&noise).chunks(30).map(<[u8]>::to_vec).collect();
    let message = refusal(&in_fragments(parts, &[]).file(DEFLATED_FRAMES));
    assert!(message.contains("neither an offset table nor the data tells where each begins"), "{message}");
}

#[test]
fn rle_in_several_fragments_and_with_bytes_behind_is_one_frame() {
    let pixels: Vec<u8> = (0..16).collect();
    let expected: Vec<f32> = (0..16).map(|i| i as f32).collect();
    let whole = rle(&pixels, 1, 1);
    let object = |fragments| Object::new(4, 4, 8).fragments(&[], fragments).file(RLE);
    assert_eq!(values(&object(vec![whole[..30].to_vec(), whole[30..].to_vec()])), expected);
    assert_eq!(values(&object(vec![whole.clone(), vec![0; 10]])), expected);
    assert_eq!(values(&object(vec![[&whole[..], &[9; 7]].concat()])), expected);
}

#[test]
fn rle_tells_its_own_depth() {
    let pixels: Vec<u8> = (0..16).collect();
    let object = Object::new(4, 4, 16).bits(12, 11, false).fragments(&[], vec![rle(&pixels, 1, 1)]);
    let frame = opened(&object.file(RLE)).unwrap();
    assert_eq!(frame.pixels.plane.values[5], 5.0);
    assert!(is_warned(&frame, "16 bits allocated"), "{:?}", frame.warnings);
}

#[test]
fn a_high_bit_that_cannot_be_is_told_and_the_lowest_bits_are_read() {
    let words = (0..4_u16).flat_map(|i| (i * 1000).to_le_bytes()).collect();
    let object = Object::new(2, 2, 16).bits(12, 7, false).pixels("OW", 2, words);
    let frame = opened(&object.file(EXPLICIT)).unwrap();
    assert_eq!(frame.pixels.plane.values, [0.0, 1000.0, 2000.0, 3000.0]);
    assert!(is_warned(&frame, "bit 7 is the highest of 12 in 16"), "{:?}", frame.warnings);
}

#[test]
fn deflated_frames_may_be_cut_or_have_the_header_of_zlib() {
    let pixels: Vec<u8> = (0..160).map(|i| (i * i % 251) as u8).collect();
    let object = |stream| Object::new(16, 10, 8).fragments(&[], vec![stream]).file(DEFLATED_FRAMES);
    let expected: Vec<f32> = pixels.iter().map(|v| f32::from(*v)).collect();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut zlib, &pixels).unwrap();
    assert_eq!(values(&object(zlib.finish().unwrap())), expected);
    let whole = deflated(&pixels);
    let cut = opened(&object(whole[..whole.len() / 2].to_vec())).unwrap();
    assert!(cut.pixels.missing.is_some());
    assert_eq!(cut.pixels.plane.values[..16], expected[..16]);
}

#[test]
fn palettes_with_wrong_descriptors_and_in_segments_become_colours() {
    let object = |descriptor: [u16; 3], data: &[u8], segmented: bool| {
        let mut object = Object::new(2, 2, 8).text((0x28, 4), "CS", "PALETTE COLOR").pixels("OB", 1, vec![0, 1, 2, 3]);
        for colour in 0..3 {
            let words = descriptor.into_iter().flat_map(u16::to_le_bytes).collect();
            let tag = if segmented { 0x1221 } else { 0x1201 };
            object =
                object.bytes((0x28, 0x1101 + colour), "US", words).bytes((0x28, tag + colour), "OW", data.to_vec());
        }
        opened(&object.file(EXPLICIT))
    };
    let grey = [10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40];
    let high = [0, 10, 0, 20, 0, 30, 0, 40];
    assert_eq!(colours(&object([4, 0, 16], &high, false).unwrap()), grey);
    assert_eq!(colours(&object([4, 0, 8], &high, false).unwrap()), grey, "says 8, holds 16");
    assert_eq!(colours(&object([4, 0, 16], &[10, 20, 30, 40], false).unwrap()), grey, "says 16, holds 8");
    let segments: Vec<u8> = [0, 1, 2560, 1, 3, 10_240].into_iter().flat_map(u16::to_le_bytes).collect();
    assert_eq!(colours(&object([4, 0, 16], &segments, true).unwrap()), grey, "an entry and a line");
    let short = object([4, 0, 16], &[0, 10], false).unwrap_err().to_string();
    assert!(short.contains("palette ends before the entries that the image uses"), "{short}");
}

#[test]
fn what_is_not_decoded_is_named() {
    let object = |fragment: &[u8]| Object::new(2, 2, 8).fragments(&[], vec![fragment.to_vec()]);
    let unknown = refusal(&object(&[1, 2, 3, 4]).file("1.2.840.10008.1.2.4.777"));
    assert!(unknown.contains("1.2.840.10008.1.2.4.777"), "{unknown}");
    let video = refusal(&object(&[0, 0, 1, 0xB3]).file("1.2.840.10008.1.2.4.100"));
    assert!(video.contains("video"), "{video}");
    let arithmetic = [0xFF, 0xD8, 0xFF, 0xC9, 0, 11, 8, 0, 2, 0, 2, 1, 1, 0x11, 0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0];
    let message = refusal(&object(&arithmetic).file(JPEG_BASELINE));
    assert!(message.contains("arithmetic coding"), "{message}");
    let size = LosslessJpeg { columns: 16, precision: 8, point_transform: 0, restart_rows: 0 }.encode(&samples(8));
    assert!(refusal(&object(&size).file(JPEG_LOSSLESS)).contains("16 × 12 pixels of 1 sample(s), the object 2 × 2"));
}
