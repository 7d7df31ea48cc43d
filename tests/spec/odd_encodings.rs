//! Files that are not written as their transfer syntax says, and objects without pixels: what they
//! are is found out, and said.

use pellucid::cancel::CancelToken;
use pellucid::study::{self, Frame, StudyError};

use crate::dicom_bytes::{
    BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, JPEG_BASELINE, Object, RLE, deflated, labelled, opened, rle,
};

fn object() -> Object {
    let words = (0..4_u16).flat_map(|i| (i * 300).to_le_bytes()).collect();
    Object::new(2, 2, 16).pixels("OW", 2, words)
}

fn read(bytes: &[u8]) -> Frame {
    let frame = opened(bytes).unwrap();
    assert_eq!(frame.pixels.plane.values, [0.0, 300.0, 600.0, 900.0]);
    frame
}

fn warning(frame: &Frame) -> &str {
    frame.warnings.iter().find(|warning| warning.contains("was read as that")).map_or("", String::as_str)
}

#[test]
fn a_data_set_is_read_as_it_is_written_and_a_wrong_label_is_named() {
    let encodings = [(IMPLICIT, false, false), (EXPLICIT, true, false), (BIG_ENDIAN, true, true)];
    for (says, ..) in encodings {
        for (is, explicit, big) in encodings {
            let frame = read(&labelled(says, &object().data_set(explicit, big)));
            assert_eq!(warning(&frame).is_empty(), says == is, "says {says}, is {is}: {:?}", frame.warnings);
        }
    }
    let frame = read(&labelled(BIG_ENDIAN, &object().data_set(false, false)));
    assert!(warning(&frame).contains("Explicit VR Big Endian, but it is in implicit VR little endian"));
}

#[test]
fn a_deflated_data_set_is_known_by_what_it_is() {
    let plain = object().data_set(true, false);
    let frame = read(&labelled(DEFLATED, &plain));
    assert!(warning(&frame).contains("in explicit VR little endian"), "{:?}", frame.warnings);
    let frame = read(&labelled(EXPLICIT, &deflated(&plain)));
    assert!(warning(&frame).contains("in deflated explicit VR little endian"), "{:?}", frame.warnings);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut zlib, &plain).unwrap();
    assert_eq!(warning(&read(&labelled(DEFLATED, &zlib.finish().unwrap()))), "");
}

#[test]
fn pixel_data_is_decoded_by_what_it_is() {
    let words: Vec<u8> = (0..4_u16).flat_map(|i| (i * 300).to_le_bytes()).collect();
    let compressed = Object::new(2, 2, 16).fragments(&[], vec![rle(&words, 2, 1)]);
    for says in [JPEG_BASELINE, EXPLICIT, "1.2.3.4.5"] {
        let frame = read(&labelled(says, &compressed.data_set(true, false)));
        assert!(warning(&frame).contains("but it is RLE"), "{says}: {:?}", frame.warnings);
    }
    assert_eq!(warning(&read(&compressed.file(RLE))), "");
    let frame = read(&object().file(JPEG_BASELINE));
    assert!(warning(&frame).contains("but it is uncompressed"), "{:?}", frame.warnings);
}

#[test]
fn what_lossy_compression_puts_beyond_bits_stored_is_the_highest_value() {
    let mut stream = Vec::new();
    let pixels: Vec<u8> = (0..63).map(|i| 4 * i).collect();
    jpeg_encoder::Encoder::new(&mut stream, 90).encode(&pixels, 9, 7, jpeg_encoder::ColorType::Luma).unwrap();
    let object =
        |stored: u16| Object::new(9, 7, 8).bits(stored, stored - 1, false).fragments(&[], vec![stream.clone()]);
    let values = |object: &Object| opened(&object.file(JPEG_BASELINE)).unwrap().pixels.plane.values;
    let whole = values(&object(8));
    assert!(whole.iter().any(|value| *value > 200.0));
    assert_eq!(values(&object(7)), whole.iter().map(|value| value.min(127.0)).collect::<Vec<_>>());
    // Where an overlay stands in the bit above, that bit is no part of a value.
    let overlay = object(7).number((0x6000, 0x10), 7).number((0x6000, 0x11), 9).number((0x6000, 0x102), 7);
    assert_eq!(values(&overlay), whole.iter().map(|value| value % 128.0).collect::<Vec<_>>());
}

#[test]
fn pixels_alone_may_be_big_endian() {
    let words = (0..4_u16).flat_map(|i| (i * 300).to_be_bytes()).collect();
    let object = Object::new(2, 2, 16).pixels("OW", 2, words);
    let frame = read(&labelled("1.2.840.113619.5.2", &object.data_set(false, false)));
    assert_eq!(warning(&frame), "");
}

#[test]
fn a_stream_without_fragments_is_decoded_and_told() {
    let words: Vec<u8> = (0..4_u16).flat_map(|i| (i * 300).to_le_bytes()).collect();
    let frame = read(&Object::new(2, 2, 16).pixels("OB", 1, rle(&words, 2, 1)).file(RLE));
    assert!(frame.warnings.iter().any(|warning| warning.contains("not in fragments")), "{:?}", frame.warnings);
}

fn of_class(class: &str) -> Object {
    Object::new(2, 2, 16).text((8, 0x16), "UI", class)
}

#[test]
fn spectra_and_raw_data_are_no_images_and_not_truncated() {
    for (class, name) in
        [("1.2.840.10008.5.1.4.1.1.4.2", "MR Spectroscopy"), ("1.2.840.10008.5.1.4.1.1.66", "Raw Data")]
    {
        let bytes = of_class(class).bytes((0x5600, 0x20), "OF", vec![0; 64]).file(EXPLICIT);
        let error = opened(&bytes).unwrap_err();
        assert!(matches!(error, StudyError::NoPixels(_)), "{error}");
        assert!(error.to_string().contains(name), "{error}");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.dcm"), &bytes).unwrap();
        let listed = study::scan(&[folder.path().to_path_buf()], &CancelToken::default(), &mut |_, _| ());
        assert_eq!((listed.images().count(), listed.warnings.len()), (1, 0));
    }
}

#[test]
fn an_image_whose_pixels_are_missing_or_elsewhere_says_which() {
    let image = of_class("1.2.840.10008.5.1.4.1.1.2");
    let message = |object: &Object| opened(&object.file(EXPLICIT)).unwrap_err().to_string();
    assert!(message(&image).contains("the pixel data is missing"));
    let elsewhere = image.text((0x28, 0x7FE0), "UR", "https://example.org/jpip");
    assert!(message(&elsewhere).contains("server that holds its pixels"), "{}", message(&elsewhere));
}
