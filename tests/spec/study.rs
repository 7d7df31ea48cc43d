//! What is opened, and what is said of what cannot be: DICOM objects of every kind are made here,
//! in temporary files.

use std::io::Write;
use std::path::{Path, PathBuf};

use dicom_core::value::{DataSetSequence, PixelFragmentSequence};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use pellucid::cancel::CancelToken;
use pellucid::imaging::{View, Voi, Window, render};
use pellucid::study::{self, Catalogue, Frame, SpacingProvenance, StudyError};
use tempfile::TempDir;

const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";

/// A grey image of one row, 16 bits allocated; tests change what they are about.
pub(crate) fn grey(words: &[u16]) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    text(&mut object, tags::SOP_CLASS_UID, VR::UI, uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION);
    text(&mut object, tags::SOP_INSTANCE_UID, VR::UI, "2.25.1");
    text(&mut object, tags::STUDY_INSTANCE_UID, VR::UI, "2.25.2");
    text(&mut object, tags::SERIES_INSTANCE_UID, VR::UI, "2.25.3");
    text(&mut object, tags::MODALITY, VR::CS, "DX");
    text(&mut object, tags::PATIENT_NAME, VR::PN, "Test^Image");
    text(&mut object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, 1),
        (tags::COLUMNS, words.len() as u16),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 16),
        (tags::HIGH_BIT, 15),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        number(&mut object, tag, value);
    }
    pixels(&mut object, VR::OW, PrimitiveValue::U16(words.into()));
    object
}

pub(crate) fn text(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

pub(crate) fn number(object: &mut InMemDicomObject, tag: Tag, value: u16) {
    object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
}

pub(crate) fn numbers(object: &mut InMemDicomObject, tag: Tag, vr: VR, values: &[u16]) {
    object.put(DataElement::new(tag, vr, PrimitiveValue::U16(values.into())));
}

pub(crate) fn pixels(object: &mut InMemDicomObject, vr: VR, value: PrimitiveValue) {
    object.put(DataElement::new(tags::PIXEL_DATA, vr, value));
}

pub(crate) fn sequence(object: &mut InMemDicomObject, tag: Tag, item: InMemDicomObject) {
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(vec![item])));
}

/// The bytes of a file, with preamble and meta information.
pub(crate) fn file(object: InMemDicomObject, syntax: &str) -> Vec<u8> {
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(syntax)
        .media_storage_sop_class_uid(uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION)
        .media_storage_sop_instance_uid("2.25.1");
    let mut bytes = Vec::new();
    object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    bytes
}

pub(crate) fn open(bytes: &[u8]) -> Result<Frame, StudyError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.dcm");
    std::fs::write(&path, bytes).unwrap();
    study::open_image(&path)
}

pub(crate) fn opened(object: InMemDicomObject) -> Frame {
    open(&file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN)).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    open(bytes).unwrap_err().to_string()
}

#[test]
fn every_native_transfer_syntax_gives_the_same_values() {
    let words = [0, 1, 256, 4660, 65_535];
    for syntax in [uids::IMPLICIT_VR_LITTLE_ENDIAN, uids::EXPLICIT_VR_LITTLE_ENDIAN, BIG_ENDIAN] {
        let frame = open(&file(grey(&words), syntax)).unwrap();
        assert_eq!(frame.pixels.plane.values, [0.0, 1.0, 256.0, 4660.0, 65_535.0], "{syntax}");
        assert_eq!(frame.entry.meta.patient_name, "Test^Image");
        assert_eq!(frame.entry.meta.transfer_syntax, syntax);
    }
}

#[test]
fn deflated_objects_are_inflated() {
    let plain = file(grey(&[7, 8]), uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let declared = b"1.2.840.10008.1.2.1\0";
    let at = plain.windows(declared.len()).position(|w| w == declared).unwrap();
    // The UID grows by two bytes; the meta information ends where group 0008 begins.
    let mut meta = plain[..at].to_vec();
    meta[at - 2] = 22;
    meta.extend(DEFLATED.as_bytes());
    let rest = &plain[at + declared.len()..];
    let data_set = rest.windows(6).position(|w| w == b"\x08\0\x16\0UI").unwrap();
    meta.extend(&rest[..data_set]);
    let mut deflater = flate2::write::DeflateEncoder::new(meta, flate2::Compression::default());
    deflater.write_all(&rest[data_set..]).unwrap();
    assert_eq!(open(&deflater.finish().unwrap()).unwrap().pixels.plane.values, [7.0, 8.0]);
}

#[test]
fn files_without_preamble_or_meta_information_are_read() {
    for (syntax, start) in [
        (uids::EXPLICIT_VR_LITTLE_ENDIAN, &b"\x08\0\x16\0UI"[..]),
        (uids::IMPLICIT_VR_LITTLE_ENDIAN, b"\x08\0\x16\0"),
        (BIG_ENDIAN, b"\0\x08\0\x16UI"),
    ] {
        let bytes = file(grey(&[3, 4]), syntax);
        let at = 132 + bytes[132..].windows(start.len()).position(|w| w == start).unwrap();
        assert_eq!(open(&bytes[at..]).unwrap().pixels.plane.values, [3.0, 4.0], "{syntax}");
        assert_eq!(open(&bytes[132..]).unwrap().pixels.plane.values, [3.0, 4.0], "no preamble, {syntax}");
    }
}

/// PS3.10 7.1 lets the preamble hold a TIFF header, and real archives do.
#[test]
fn a_preamble_with_a_tiff_header_does_not_make_it_a_tiff() {
    let mut bytes = file(grey(&[3, 4]), uids::EXPLICIT_VR_LITTLE_ENDIAN);
    bytes[..4].copy_from_slice(b"II*\0");
    let frame = open(&bytes).unwrap();
    assert_eq!((frame.pixels.plane.values, frame.entry.meta.patient_name.as_str()), (vec![3.0, 4.0], "Test^Image"));
}

#[test]
fn monochrome1_of_15_bits_is_inverted_within_its_own_range() {
    let mut object = grey(&[0, 32_767, 0x8064]);
    number(&mut object, tags::BITS_STORED, 15);
    number(&mut object, tags::HIGH_BIT, 14);
    text(&mut object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME1");
    text(&mut object, tags::PRESENTATION_LUT_SHAPE, VR::CS, "INVERSE");
    let frame = opened(object);
    assert_eq!(frame.pixels.plane.values, [0.0, 32_767.0, 100.0], "the bit above the high bit is masked");
    assert_eq!((frame.pixels.inverted, frame.pixels.value_range), (true, (0.0, 32_767.0)));
    assert_eq!(frame.model_plane().values, [32_767.0, 0.0, 32_667.0]);
    let shown = render(&frame.pixels, &View::windowed(Window::spanning(0.0, 32_767.0)));
    assert_eq!(shown.into_raw(), [255, 0, 254]);
}

#[test]
fn signed_values_with_padding_and_a_negative_slope() {
    // −2000 is padding; −1, 5 and 2047 are values of 12 bits, sign in bit 11.
    let mut object = grey(&[63_536, 0x0FFF, 5, 0x07FF]);
    number(&mut object, tags::PIXEL_REPRESENTATION, 1);
    object.put(DataElement::new(tags::PIXEL_PADDING_VALUE, VR::SS, PrimitiveValue::from(-2000_i16)));
    text(&mut object, tags::RESCALE_SLOPE, VR::DS, "-2");
    text(&mut object, tags::RESCALE_INTERCEPT, VR::DS, "10");
    let mut narrow = object.clone();
    let frame = opened(object);
    assert_eq!(frame.pixels.plane.values[0], 4010.0);
    assert_eq!((frame.pixels.padding, frame.pixels.value_range), (Some((4010.0, 4010.0)), (-65_524.0, 65_546.0)));

    number(&mut narrow, tags::BITS_STORED, 12);
    number(&mut narrow, tags::HIGH_BIT, 11);
    assert_eq!(opened(narrow).pixels.plane.values[1..], [12.0, 0.0, -4084.0]);
}

#[test]
fn a_modality_lut_replaces_the_rescale() {
    let mut object = grey(&[0, 10, 11, 12, 99]);
    let mut item = InMemDicomObject::new_empty();
    numbers(&mut item, tags::LUT_DESCRIPTOR, VR::US, &[3, 10, 16]);
    numbers(&mut item, tags::LUT_DATA, VR::OW, &[500, 700, 600]);
    sequence(&mut object, tags::MODALITY_LUT_SEQUENCE, item);
    text(&mut object, tags::RESCALE_SLOPE, VR::DS, "3");
    let frame = opened(object);
    assert_eq!(frame.pixels.plane.values, [500.0, 500.0, 700.0, 600.0, 600.0]);
    assert_eq!(frame.pixels.value_range, (500.0, 700.0));
}

#[test]
fn a_modality_lut_that_lies_about_its_length_is_refused() {
    let mut object = grey(&[0]);
    let mut item = InMemDicomObject::new_empty();
    numbers(&mut item, tags::LUT_DESCRIPTOR, VR::US, &[60_000, 0, 16]);
    numbers(&mut item, tags::LUT_DATA, VR::OW, &[1, 2]);
    sequence(&mut object, tags::MODALITY_LUT_SEQUENCE, item);
    let message = refusal(&file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN));
    assert!(message.contains("it declares 60000 entries and holds 4 bytes"), "{message}");
}

#[test]
fn the_first_window_of_the_file_is_the_initial_one_and_voi_luts_follow() {
    let mut object = grey(&[0, 255]);
    text(&mut object, tags::WINDOW_CENTER, VR::DS, "40\\80");
    text(&mut object, tags::WINDOW_WIDTH, VR::DS, "400\\10");
    let mut item = InMemDicomObject::new_empty();
    numbers(&mut item, tags::LUT_DESCRIPTOR, VR::US, &[2, 0, 8]);
    numbers(&mut item, tags::LUT_DATA, VR::OW, &[0, 255]);
    sequence(&mut object, tags::VOILUT_SEQUENCE, item);
    let frame = opened(object);
    assert_eq!(View::initial(&frame.pixels).window(&frame.pixels), Window::linear(40.0, 400.0));
    assert_eq!(frame.pixels.voi.len(), 3);
    assert!(matches!(&frame.pixels.voi[2], Voi::Lut { entries, .. } if entries[..] == [0.0, 1.0]));
}

#[test]
fn a_voi_lut_that_lies_is_left_out_with_a_warning() {
    let mut object = grey(&[0]);
    let mut item = InMemDicomObject::new_empty();
    numbers(&mut item, tags::LUT_DESCRIPTOR, VR::US, &[0, 0, 16]);
    numbers(&mut item, tags::LUT_DATA, VR::OW, &[0, 255]);
    sequence(&mut object, tags::VOILUT_SEQUENCE, item);
    let frame = opened(object);
    assert!(frame.pixels.voi.is_empty());
    assert!(frame.warnings[0].contains("VOI LUT"), "{:?}", frame.warnings);
}

/// PS3.5 annex G: the most significant byte of every sample comes first.
#[test]
fn rle_frames_are_unpacked_one_by_one() {
    let frame = |msb: u8, lsb: u8| {
        let mut bytes = [0_u8; 64].to_vec();
        bytes[0] = 2;
        bytes[4] = 64;
        bytes[8] = 66;
        // A run of three, then three literals.
        bytes.extend([254, msb, 2, lsb, lsb + 1, lsb + 2]);
        bytes
    };
    let mut object = grey(&[0, 0, 0]);
    text(&mut object, tags::NUMBER_OF_FRAMES, VR::IS, "2");
    let fragments = PixelFragmentSequence::new(vec![], vec![frame(1, 5), frame(2, 7)]);
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, fragments));
    let first = open(&file(object.clone(), uids::RLE_LOSSLESS)).unwrap();
    assert_eq!(first.pixels.plane.values, [261.0, 262.0, 263.0]);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, file(object, uids::RLE_LOSSLESS)).unwrap();
    let entry = study::open_image(&path).unwrap().entry;
    assert_eq!(study::load(&entry, 1).unwrap().pixels.plane.values, [519.0, 520.0, 521.0]);
    assert!(matches!(study::load(&entry, 2), Err(StudyError::NoSuchFrame { asked: 3, frames: 2 })));
}

#[test]
fn palettes_become_colours() {
    let mut object = grey(&[0, 1]);
    text(&mut object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "PALETTE COLOR");
    for (descriptor, data, values) in [
        (tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA, [0, 0xFF00]),
        (tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA, [0, 0x8000]),
        (tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA, [0x0300, 0]),
    ] {
        numbers(&mut object, descriptor, VR::US, &[2, 0, 16]);
        numbers(&mut object, data, VR::OW, &values);
    }
    assert_eq!(opened(object).pixels.color.unwrap().as_raw(), &[0, 0, 3, 255, 128, 0]);
}

#[test]
fn a_compressed_frame_of_another_size_than_declared_is_refused_before_decoding() {
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut jpeg).encode(&[9; 64], 8, 8, image::ExtendedColorType::L8).unwrap();
    let mut object = grey(&[0; 4]);
    number(&mut object, tags::BITS_ALLOCATED, 8);
    number(&mut object, tags::BITS_STORED, 8);
    number(&mut object, tags::HIGH_BIT, 7);
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, PixelFragmentSequence::new(vec![], vec![jpeg.clone()])));
    let message = refusal(&file(object.clone(), uids::JPEG_BASELINE8_BIT));
    assert!(message.contains("8 × 8") && message.contains("4 × 1"), "{message}");

    number(&mut object, tags::ROWS, 8);
    number(&mut object, tags::COLUMNS, 8);
    let frame = open(&file(object.clone(), uids::JPEG_BASELINE8_BIT)).unwrap();
    assert!(frame.pixels.plane.values.iter().all(|v| (v - 9.0).abs() <= 1.0));
    assert!(frame.warnings.iter().any(|w| w.contains("compressed with loss")));

    let cut = jpeg[..jpeg.len() - 4].to_vec();
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, PixelFragmentSequence::new(vec![], vec![cut])));
    let message = refusal(&file(object, uids::JPEG_BASELINE8_BIT));
    assert!(message.contains("ends before the first row does"), "{message}");
}

#[test]
fn truncated_pixel_data_is_a_sentence() {
    let bytes = file(grey(&[1; 100]), uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let message = refusal(&bytes[..bytes.len() - 50]);
    assert!(message.contains("ends before the first row does"), "{message}");
    let message = refusal(&bytes[..bytes.len() - 200]);
    assert!(message.contains("the pixel data ends after 0 of 200 bytes"), "{message}");
}

#[test]
fn a_file_cut_anywhere_is_an_error_and_no_panic() {
    let bytes = file(grey(&[1; 20]), uids::EXPLICIT_VR_LITTLE_ENDIAN);
    for length in 0..bytes.len() {
        assert!(open(&bytes[..length]).is_err(), "{length} of {}", bytes.len());
    }
}

#[test]
fn an_image_cut_before_its_rows_is_no_object_without_pixels() {
    let bytes = file(grey(&[1; 20]), uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let rows = bytes.windows(6).position(|w| w == b"\x28\0\x10\0US").unwrap();
    assert!(refusal(&bytes[..rows]).contains("truncated"), "{}", refusal(&bytes[..rows]));
}

#[test]
fn rows_times_columns_beyond_the_budget_are_refused_before_allocation() {
    let mut object = grey(&[0]);
    number(&mut object, tags::ROWS, 65_535);
    number(&mut object, tags::COLUMNS, 65_535);
    assert!(refusal(&file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN)).contains("65535 × 65535 pixels"));
}

#[test]
fn two_thousand_nested_sequences_are_refused() {
    let mut bytes = file(grey(&[0]), uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let at = bytes.windows(6).position(|w| w == b"\xe0\x7f\x10\0OW").unwrap();
    let nested = b"\x40\0\x75\x02SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff".repeat(2000);
    bytes.splice(at..at, nested);
    assert!(refusal(&bytes).contains("nest deeper"));
}

#[test]
fn objects_without_pixels_are_listed_by_their_type() {
    let mut object = grey(&[0]);
    object.remove_element(tags::PIXEL_DATA);
    object.remove_element(tags::ROWS);
    text(&mut object, tags::SOP_CLASS_UID, VR::UI, uids::RT_PLAN_STORAGE);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.dcm");
    std::fs::write(&path, file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN)).unwrap();
    let found = scanned(&[folder.path()]);
    let entry = found.images().next().unwrap();
    assert_eq!((entry.has_pixels, entry.title.as_str(), found.warnings.len()), (false, "RT Plan", 0));
    assert!(study::open_image(&path).unwrap_err().to_string().contains("RT Plan"));
}

#[test]
fn spacing_carries_where_it_comes_from() {
    let mut object = grey(&[0]);
    text(&mut object, tags::IMAGER_PIXEL_SPACING, VR::DS, "0.143\\0.143");
    let spacing = opened(object).spacing.unwrap();
    assert_eq!((spacing.row_mm, spacing.provenance), (0.143, SpacingProvenance::AtDetector));
    assert_eq!(opened(grey(&[0])).spacing, None);
}

/// PS3.3 C.7.6.16: a frame's own groups come before the shared ones.
#[test]
fn enhanced_objects_keep_their_attributes_in_functional_groups() {
    let group = |inner: Tag, elements: &[(Tag, &str)]| {
        let mut item = InMemDicomObject::new_empty();
        elements.iter().for_each(|(tag, value)| text(&mut item, *tag, VR::DS, value));
        let mut group = InMemDicomObject::new_empty();
        sequence(&mut group, inner, item);
        group
    };
    let rescaled = |intercept| {
        let elements = [(tags::RESCALE_SLOPE, "2"), (tags::RESCALE_INTERCEPT, intercept)];
        group(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, &elements)
    };
    let mut object = grey(&[1, 2]);
    text(&mut object, tags::MODALITY, VR::CS, "MR");
    number(&mut object, tags::COLUMNS, 1);
    text(&mut object, tags::NUMBER_OF_FRAMES, VR::IS, "2");
    let frames = DataSetSequence::from(vec![rescaled("10"), rescaled("20")]);
    object.put(DataElement::new(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, VR::SQ, frames));
    let mut shared = group(tags::PIXEL_MEASURES_SEQUENCE, &[(tags::PIXEL_SPACING, "0.5\\0.5")]);
    let mut window = InMemDicomObject::new_empty();
    text(&mut window, tags::WINDOW_CENTER, VR::DS, "7");
    text(&mut window, tags::WINDOW_WIDTH, VR::DS, "8");
    sequence(&mut shared, tags::FRAME_VOILUT_SEQUENCE, window);
    sequence(&mut object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, shared);

    let folder = folder_with(&[("x", &file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN))]);
    let first = study::open_image(&folder.path().join("x")).unwrap();
    let second = study::load(&first.entry, 1).unwrap();
    assert_eq!((first.pixels.plane.values, second.pixels.plane.values), (vec![12.0], vec![24.0]));
    assert_eq!(second.spacing.map(|s| (s.row_mm, s.provenance)), Some((0.5, SpacingProvenance::Calibrated)));
    assert!(matches!(&second.pixels.voi[..], [Voi::Window { window, .. }] if *window == Window::linear(7.0, 8.0)));
}

pub(crate) fn scanned(paths: &[&Path]) -> Catalogue {
    let paths: Vec<PathBuf> = paths.iter().map(|p| p.to_path_buf()).collect();
    study::scan(&paths, &CancelToken::default(), &mut |_, _| ())
}

pub(crate) fn folder_with(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let picture = image::ImageBuffer::<image::Luma<u16>, _>::from_fn(width, height, |x, y| {
        image::Luma([((x + y) as u16).wrapping_mul(300)])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn folders_are_searched_and_what_cannot_be_read_is_a_warning() {
    let image = file(grey(&[1]), uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let folder = folder_with(&[
        ("a/b/one", &image),
        ("copy-of-one.dcm", &image),
        ("picture.png", &png(3, 2)),
        ("notes.txt", b"nothing to see"),
        ("text.dcm", b"a text file named .dcm"),
        ("empty.png", b""),
        (".hidden.dcm", b"x"),
    ]);
    let found = scanned(&[folder.path()]);
    assert_eq!(found.images().count(), 2, "a DICOM image, its copy being the same, and a picture");
    let reasons: Vec<&str> = found.warnings.iter().map(|w| w.reason.as_str()).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons.iter().any(|r| r.contains("0 bytes")) && reasons.iter().any(|r| r.contains("text file")));
    assert_eq!(scanned(&[&folder.path().join("notes.txt")]).warnings.len(), 1, "named by the reader");
    let missing = scanned(&[&folder.path().join("missing.dcm")]);
    assert!(missing.warnings[0].reason.contains("does not exist"));
}

#[test]
fn a_cancelled_scan_returns_at_once() {
    let folder = folder_with(&[("a.png", &png(1, 1))]);
    let cancelled = CancelToken::default();
    cancelled.cancel();
    let found = study::scan(&[folder.path().to_path_buf()], &cancelled, &mut |_, _| ());
    assert_eq!(found.images().count(), 0);
}

#[test]
fn grey_pictures_of_16_bits_keep_their_values() {
    let folder = folder_with(&[("x.bin", &png(3, 2))]);
    let frame = study::open_image(&folder.path().join("x.bin")).unwrap();
    assert_eq!(frame.pixels.plane.values, [0.0, 300.0, 600.0, 300.0, 600.0, 900.0]);
    assert_eq!((frame.pixels.value_range, frame.pixels.color.is_some()), ((0.0, 65_535.0), false));
    assert!(frame.entry.identity.sop_instance_uid.starts_with("2.25."));
}

#[test]
fn grey_saved_as_colour_is_grey() {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(2, 1, image::Rgb([77; 3])).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let folder = folder_with(&[("x.png", bytes.get_ref())]);
    let frame = study::open_image(folder.path()).unwrap();
    assert_eq!((frame.pixels.plane.values, frame.pixels.color), (vec![77.0; 2], None));
}

#[test]
fn a_png_header_of_30000_by_30000_is_refused_before_allocation() {
    let mut bytes = png(4, 4);
    bytes[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&30_000_u32.to_be_bytes());
    // The checksum of the header chunk must be right for the size to be believed.
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    let message = refusal(&bytes);
    assert!(message.contains("30000 × 30000 pixels"), "{message}");
}

#[test]
fn a_png_cut_off_before_its_pixels_is_an_error() {
    let bytes = png(200, 200);
    assert!(matches!(open(&bytes[..45]), Err(StudyError::Truncated(_) | StudyError::Decode(_))));
}

#[test]
fn elements_are_listed_by_name() {
    let folder = folder_with(&[("x.dcm", &file(grey(&[1]), uids::EXPLICIT_VR_LITTLE_ENDIAN))]);
    let list = study::tag_list(&folder.path().join("x.dcm")).unwrap();
    let name = list.rows.iter().find(|row| row.tag == "(0010,0010)").unwrap();
    assert_eq!((name.vr.as_str(), name.name.as_str(), name.value.as_str()), ("PN", "PatientName", "Test^Image"));
}
