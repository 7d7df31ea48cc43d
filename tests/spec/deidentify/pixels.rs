//! Pixels: the same byte for byte, or blank where that was asked for.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use pellucid::study::deidentify::{DeidentifyError, Options, Region};
use pellucid::study::{Frame, open_image};

use super::object::{Object, Value, deidentified, image, left_of};
use crate::study::{file, grey};

fn opened(bytes: &[u8]) -> Frame {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.dcm");
    std::fs::write(&path, bytes).unwrap();
    open_image(&path).unwrap()
}

fn blanking(region: &str) -> Options {
    Options { blank: vec![region.parse::<Region>().unwrap()], ..Options::default() }
}

/// 16-bit words of pixel data.
fn words(object: &Object) -> Vec<u16> {
    let bytes = object.bytes_of(tags::PIXEL_DATA).unwrap();
    bytes.chunks_exact(2).map(|word| u16::from_le_bytes([word[0], word[1]])).collect()
}

#[test]
fn every_native_transfer_syntax_keeps_its_pixels_and_its_name() {
    for syntax in [uids::IMPLICIT_VR_LITTLE_ENDIAN, uids::EXPLICIT_VR_LITTLE_ENDIAN, "1.2.840.10008.1.2.2"] {
        let was = file(grey(&[0, 1, 700, 4095, 65_535]), syntax);
        let is = deidentified(&was, Options::default()).unwrap().bytes;
        let (was, is) = (opened(&was), opened(&is));
        assert_eq!(was.pixels.plane.values, is.pixels.plane.values, "{syntax}");
        assert_eq!(is.entry.meta.transfer_syntax, syntax);
        assert!(is.entry.meta.patient_name.starts_with('P') && !is.entry.meta.patient_name.contains("Test"));
    }
}

#[test]
fn compressed_pixels_are_the_same_fragment_by_fragment() {
    let fragments = vec![vec![0, 0, 0, 0], b"\xff\xd8 a stream \xff\xd9".to_vec(), vec![1; 31 * 2]];
    let mut object = image();
    object.0.insert(tags::PIXEL_DATA, (VR::OB, Value::Fragments(fragments.clone())));
    let done = deidentified(&object.file(uids::JPEG_BASELINE8_BIT), Options::default()).unwrap();
    let (meta, is) = Object::read(&done.bytes, true);
    assert_eq!(is.0[&tags::PIXEL_DATA].1, Value::Fragments(fragments));
    assert_eq!(meta.text_of(tags::TRANSFER_SYNTAX_UID).unwrap(), uids::JPEG_BASELINE8_BIT);
}

#[test]
fn what_lies_behind_the_pixels_is_left_out() {
    let mut bytes = image().file(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    bytes.extend([0xFC, 0xFF, 0xFC, 0xFF, b'O', b'B', 0, 0, 8, 0, 0, 0]);
    bytes.extend(b"Doe^Jane");
    let done = deidentified(&bytes, Options::default()).unwrap();
    assert_eq!(Object::read(&done.bytes, true).1.0.keys().last(), Some(&tags::PIXEL_DATA));
}

#[test]
fn a_region_is_blank_in_every_frame_and_nothing_else_is() {
    let mut object = image();
    let pixels: Vec<u16> = (100..148).collect();
    object.text(tags::NUMBER_OF_FRAMES, VR::IS, "2").put(
        tags::PIXEL_DATA,
        VR::OW,
        &pixels.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>(),
    );
    let is = left_of(&object, blanking("4,1,9,2"));
    for (i, (was, now)) in pixels.iter().zip(words(&is)).enumerate() {
        let (frame, row, column) = (i / 24, i % 24 / 6, i % 6);
        let inside = (1..3).contains(&row) && column >= 4;
        // The lowest value of the frame is black.
        assert_eq!(now, if inside { 100 + 24 * frame as u16 } else { *was }, "frame {frame}, {column}, {row}");
    }
    assert_eq!(is.text_of(tags::BURNED_IN_ANNOTATION).unwrap(), "NO");
    let codes = is.items_of(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE);
    assert_eq!(codes[1].text_of(tags::CODE_VALUE).unwrap(), "113101");
}

#[test]
fn black_is_the_highest_value_of_monochrome1_and_bits_of_overlays_go() {
    let mut object = image();
    object.text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME1");
    let mut pixels: Vec<u16> = (100..124).collect();
    pixels[0] |= 0xF000;
    object.put(tags::PIXEL_DATA, VR::OW, &pixels.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>());
    let is = words(&left_of(&object, blanking("0,0,2,1")));
    assert_eq!(is[..3], [123, 123, 102]);
}

#[test]
fn colours_are_blanked_in_all_their_samples() {
    for (photometric, planar, black) in [("RGB", 0, [0, 0, 0]), ("RGB", 1, [0, 0, 0]), ("YBR_FULL", 0, [0, 128, 128])] {
        let mut object = image();
        object
            .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric)
            .number(tags::SAMPLES_PER_PIXEL, 3)
            .number(tags::PLANAR_CONFIGURATION, planar)
            .number(tags::BITS_ALLOCATED, 8)
            .number(tags::BITS_STORED, 8)
            .number(tags::HIGH_BIT, 7)
            .put(tags::PIXEL_DATA, VR::OB, &[200; 72]);
        let is = left_of(&object, blanking("1,0,1,1"));
        let bytes = is.bytes_of(tags::PIXEL_DATA).unwrap();
        let at = |pixel: usize| [0, 1, 2].map(|s| bytes[if planar == 1 { s * 24 + pixel } else { 3 * pixel + s }]);
        assert_eq!((at(0), at(1), at(2)), ([200; 3], black, [200; 3]), "{photometric}, {planar}");
    }
}

#[test]
fn compressed_pixels_are_uncompressed_to_be_blanked() {
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 100);
    encoder.encode(&[180; 64], 8, 8, jpeg_encoder::ColorType::Luma).unwrap();
    jpeg.resize(jpeg.len() + jpeg.len() % 2, 0);
    let mut object = image();
    object
        .number(tags::ROWS, 8)
        .number(tags::COLUMNS, 8)
        .number(tags::BITS_ALLOCATED, 8)
        .number(tags::BITS_STORED, 8)
        .number(tags::HIGH_BIT, 7);
    object.0.insert(tags::PIXEL_DATA, (VR::OB, Value::Fragments(vec![Vec::new(), jpeg])));
    let bytes = object.file(uids::JPEG_BASELINE8_BIT);
    let shown = opened(&bytes).pixels.plane.values;
    let done = deidentified(&bytes, blanking("0,0,8,3")).unwrap();
    let (meta, is) = Object::read(&done.bytes, true);
    assert_eq!(meta.text_of(tags::TRANSFER_SYNTAX_UID).unwrap(), uids::EXPLICIT_VR_LITTLE_ENDIAN);
    assert_eq!(is.text_of(tags::LOSSY_IMAGE_COMPRESSION).unwrap(), "01");
    let now = opened(&done.bytes).pixels.plane.values;
    assert_eq!(now[24..], shown[24..], "what is not blanked is what was shown");
    let lowest = shown.iter().copied().fold(f32::MAX, f32::min);
    assert!(now[..24].iter().all(|value| *value == lowest));
}

#[test]
fn a_region_beside_the_image_is_refused_and_one_that_reaches_out_is_cut() {
    let bytes = image().file(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let error = deidentified(&bytes, blanking("6,0,1,1")).unwrap_err();
    assert!(matches!(error, DeidentifyError::RegionOutside { .. }), "{error}");
    assert!(error.to_string().contains("6 × 4 pixels"), "{error}");
    assert!(deidentified(&bytes, blanking("5,3,999,999")).is_ok());
}

#[test]
fn text_that_may_be_burned_in_is_warned_of() {
    let warned = |change: &dyn Fn(&mut Object), options: Options| {
        let mut object = image();
        change(&mut object);
        deidentified(&object.file(uids::EXPLICIT_VR_LITTLE_ENDIAN), options).unwrap()
    };
    let burned = |object: &mut Object| {
        object.text(tags::BURNED_IN_ANNOTATION, VR::CS, "YES");
    };
    let said = warned(&burned, Options::default());
    assert!(said.warnings[0].contains("text is burned into its pixels"), "{:?}", said.warnings);
    let marked = Object::read(&said.bytes, true).1;
    assert_eq!(marked.text_of(tags::PATIENT_IDENTITY_REMOVED).unwrap(), "NO", "it would not be true");
    let blanked = warned(&burned, blanking("0,0,6,1"));
    assert!(blanked.warnings.is_empty());
    for class in [uids::SECONDARY_CAPTURE_IMAGE_STORAGE, uids::ULTRASOUND_IMAGE_STORAGE] {
        let of_class = |object: &mut Object| {
            object.text(tags::SOP_CLASS_UID, VR::UI, class);
        };
        let said = warned(&of_class, Options::default());
        assert!(said.warnings[0].contains("may be burned"), "{:?}", said.warnings);
    }
    assert!(warned(&|_| (), Options::default()).warnings.is_empty());
    let overlay = |object: &mut Object| {
        object.number(dicom_core::Tag(0x6000, 0x0102), 12);
    };
    assert!(warned(&overlay, Options::default()).warnings[0].contains("overlay"));
}
