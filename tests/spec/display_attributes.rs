//! What a file says of showing its image beyond its greys: sides, shape of pixels, overlays, shutters,
//! and what of it a model is never given.

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use pellucid::imaging::resample::Region;
use pellucid::imaging::shutter::Shutter;
use pellucid::imaging::{View, render};
use pellucid::study::{self, Frame};

use super::study::{file, folder_with, grey, number, numbers, opened, sequence, text};

/// An image of 6 columns and 4 rows whose values are 0 to 23.
pub(crate) fn image() -> InMemDicomObject {
    let words: Vec<u16> = (0..24).collect();
    let mut object = grey(&words);
    number(&mut object, tags::COLUMNS, 6);
    number(&mut object, tags::ROWS, 4);
    object
}

/// An overlay of 2 rows and 3 columns, all set but the first, whose first pixel lies at this row and
/// column of the image, counted from 1.
pub(crate) fn put_overlay(object: &mut InMemDicomObject, group: u16, row: i16, column: i16) {
    number(object, Tag(group, 0x0010), 2);
    number(object, Tag(group, 0x0011), 3);
    text(object, Tag(group, 0x0040), VR::CS, "G");
    let origin = PrimitiveValue::I16([row, column].as_slice().into());
    object.put(DataElement::new(Tag(group, 0x0050), VR::SS, origin));
    number(object, Tag(group, 0x0100), 1);
    number(object, Tag(group, 0x0102), 0);
    text(object, Tag(group, 0x1500), VR::LO, "side marker");
    numbers(object, Tag(group, 0x3000), VR::OW, &[0b11_1110]);
}

/// The pixels of the image that are drawn over, row by row.
fn drawn(frame: &Frame) -> Vec<String> {
    let (width, height) = (frame.pixels.plane.width, frame.pixels.plane.height);
    let whole = Region::whole(&frame.pixels.plane);
    let mut cells = vec![false; width * height];
    for overlay in &frame.display.overlays {
        cells.iter_mut().zip(overlay.cells(whole, width, height)).for_each(|(cell, set)| *cell |= set);
    }
    cells.chunks(width).map(|row| row.iter().map(|set| if *set { '#' } else { '.' }).collect()).collect()
}

#[test]
fn the_sides_of_the_patient_are_those_that_the_file_names() {
    let mut object = image();
    assert!(opened(object.clone()).display.orientation.is_none());
    text(&mut object, tags::PATIENT_ORIENTATION, VR::CS, "L\\F");
    let sides = opened(object).display.orientation.unwrap();
    assert_eq!([sides.left, sides.right, sides.top, sides.bottom], ["R", "L", "H", "F"]);
}

#[test]
fn each_frame_has_its_own_sides_and_shape() {
    let plane = |cosines: &str, spacing: &str| {
        let mut group = InMemDicomObject::new_empty();
        let mut orientation = InMemDicomObject::new_empty();
        text(&mut orientation, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, cosines);
        sequence(&mut group, tags::PLANE_ORIENTATION_SEQUENCE, orientation);
        let mut measures = InMemDicomObject::new_empty();
        text(&mut measures, tags::PIXEL_SPACING, VR::DS, spacing);
        sequence(&mut group, tags::PIXEL_MEASURES_SEQUENCE, measures);
        group
    };
    let mut object = image();
    text(&mut object, tags::MODALITY, VR::CS, "MR");
    number(&mut object, tags::ROWS, 2);
    text(&mut object, tags::NUMBER_OF_FRAMES, VR::IS, "2");
    let frames = vec![plane("1\\0\\0\\0\\1\\0", "1\\1"), plane("0\\1\\0\\0\\0\\-1", "2\\1")];
    object.put(DataElement::new(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, VR::SQ, DataSetSequence::from(frames)));
    let folder = folder_with(&[("x", &file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN))]);
    let first = study::open_image(&folder.path().join("x")).unwrap();
    let second = study::load(&first.entry, 1).unwrap();
    let sides = |frame: &Frame| frame.display.orientation.as_ref().map(|o| (o.left.clone(), o.top.clone()));
    assert_eq!(sides(&first), Some(("R".into(), "A".into())));
    assert_eq!(sides(&second), Some(("A".into(), "H".into())));
    assert_eq!((first.display.pixel_aspect, second.display.pixel_aspect), (1.0, 2.0));
}

#[test]
fn pixels_that_are_not_square_keep_their_values_and_say_their_shape() {
    let mut object = image();
    text(&mut object, tags::PIXEL_ASPECT_RATIO, VR::IS, "2\\1");
    let frame = opened(object);
    assert_eq!(frame.display.pixel_aspect, 2.0);
    assert_eq!((frame.model_plane().width, frame.model_plane().height), (6, 4));
    assert!(frame.warnings[0].contains("not square"), "{:?}", frame.warnings);
}

#[test]
fn an_overlay_lies_where_its_origin_says_and_no_model_is_given_it() {
    let mut object = image();
    put_overlay(&mut object, 0x6000, 2, 3);
    let frame = opened(object);
    assert_eq!(drawn(&frame), ["......", "...##.", "..###.", "......"]);
    assert_eq!(frame.display.overlays[0].name, "side marker");
    assert_eq!(frame.model_plane(), opened(image()).model_plane());
}

#[test]
fn an_overlay_may_begin_outside_of_the_image() {
    let mut object = image();
    put_overlay(&mut object, 0x601E, 0, -1);
    assert_eq!(drawn(&opened(object)), ["#.....", "......", "......", "......"]);
}

/// PS3.3 C.9.3.1.1: frame 1 of the overlay lies over frame Image Frame Origin of the image.
#[test]
fn an_overlay_of_several_frames_follows_the_frames_of_the_image() {
    let mut object = image();
    number(&mut object, tags::ROWS, 1);
    text(&mut object, tags::NUMBER_OF_FRAMES, VR::IS, "4");
    number(&mut object, Tag(0x6000, 0x0010), 1);
    number(&mut object, Tag(0x6000, 0x0011), 6);
    text(&mut object, Tag(0x6000, 0x0015), VR::IS, "2");
    number(&mut object, Tag(0x6000, 0x0051), 2);
    // Frames follow each other bit by bit: 100000 and then 010000.
    numbers(&mut object, Tag(0x6000, 0x3000), VR::OW, &[0b1000_0001]);
    let folder = folder_with(&[("x", &file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN))]);
    let entry = study::open_image(&folder.path().join("x")).unwrap().entry;
    let rows: Vec<String> = (0..4).map(|index| drawn(&study::load(&entry, index).unwrap()).concat()).collect();
    assert_eq!(rows, ["......", "#.....", ".#....", "......"]);
}

#[test]
fn an_overlay_in_the_high_bits_of_the_pixel_data_is_drawn_and_is_no_part_of_the_values() {
    let words: Vec<u16> = (0..24).map(|i| if i % 7 == 0 { i | 0x8000 } else { i }).collect();
    let mut object = grey(&words);
    number(&mut object, tags::COLUMNS, 6);
    number(&mut object, tags::ROWS, 4);
    number(&mut object, tags::BITS_STORED, 12);
    number(&mut object, tags::HIGH_BIT, 11);
    number(&mut object, Tag(0x6000, 0x0010), 4);
    number(&mut object, Tag(0x6000, 0x0011), 6);
    number(&mut object, Tag(0x6000, 0x0100), 16);
    number(&mut object, Tag(0x6000, 0x0102), 15);
    let frame = opened(object);
    assert_eq!(drawn(&frame), ["#.....", ".#....", "..#...", "...#.."]);
    assert_eq!(frame.pixels.plane.values[7], 7.0);
}

#[test]
fn an_overlay_that_lies_about_itself_is_left_out_with_a_sentence() {
    let lie = |change: &dyn Fn(&mut InMemDicomObject)| {
        let mut object = image();
        put_overlay(&mut object, 0x6000, 1, 1);
        change(&mut object);
        let frame = opened(object);
        assert!(frame.display.overlays.is_empty());
        frame.warnings.concat()
    };
    let short = lie(&|object| number(object, Tag(0x6000, 0x0010), 400));
    assert!(short.contains("group 6000") && short.contains("holds 2"), "{short}");
    let huge = lie(&|object| {
        number(object, Tag(0x6000, 0x0010), 65_535);
        number(object, Tag(0x6000, 0x0011), 65_535);
    });
    assert!(huge.contains("65535 columns"), "{huge}");
    let nothing = lie(&|object| {
        object.remove_element(Tag(0x6000, 0x3000));
    });
    assert!(nothing.contains("neither data nor a bit"), "{nothing}");
}

#[test]
fn a_shutter_closes_the_display_and_not_what_a_model_is_given() {
    let mut object = image();
    text(&mut object, tags::SHUTTER_SHAPE, VR::CS, "RECTANGULAR\\CIRCULAR");
    for (tag, edge) in [
        (tags::SHUTTER_LEFT_VERTICAL_EDGE, "2"),
        (tags::SHUTTER_RIGHT_VERTICAL_EDGE, "5"),
        (tags::SHUTTER_UPPER_HORIZONTAL_EDGE, "1"),
        (tags::SHUTTER_LOWER_HORIZONTAL_EDGE, "3"),
        (tags::CENTER_OF_CIRCULAR_SHUTTER, "2\\3"),
        (tags::RADIUS_OF_CIRCULAR_SHUTTER, "2"),
    ] {
        text(&mut object, tag, VR::IS, edge);
    }
    number(&mut object, tags::SHUTTER_PRESENTATION_VALUE, 0x8000);
    let frame = opened(object);
    let shutters = &frame.display.shutters;
    assert_eq!(shutters.shapes[0], Shutter::Rectangle { left: 1.0, top: 0.0, right: 5.0, bottom: 3.0 });
    assert_eq!(shutters.shapes[1], Shutter::Ellipse { center: [2.5, 1.5], radius: [2.0, 2.0] });
    assert_eq!(shutters.grey, 128);
    let closed = shutters.closed(Region::whole(&frame.pixels.plane), 6, 4);
    let rows: Vec<String> = closed.chunks(6).map(|r| r.iter().map(|c| if *c { '.' } else { 'o' }).collect()).collect();
    assert_eq!(rows, [".ooo..", ".oooo.", ".ooo..", "......"]);
    assert_eq!(frame.model_plane(), opened(image()).model_plane());
}

#[test]
fn a_shutter_that_cannot_be_is_not_applied_and_said() {
    let mut object = image();
    text(&mut object, tags::SHUTTER_SHAPE, VR::CS, "RECTANGULAR\\POLYGONAL\\BITMAP\\STAR");
    text(&mut object, tags::VERTICES_OF_THE_POLYGONAL_SHUTTER, VR::IS, "1\\1\\2\\2");
    number(&mut object, tags::SHUTTER_OVERLAY_GROUP, 0x6000);
    let frame = opened(object);
    assert!(frame.display.shutters.shapes.is_empty());
    assert_eq!(frame.warnings.iter().filter(|w| w.contains("shutter")).count(), 4, "{:?}", frame.warnings);
}

/// PS3.3 C.8.7.1.1.2: the LUT leads back to X-ray intensity, for what measures it.
#[test]
fn the_modality_lut_of_an_angiogram_is_not_for_the_display() {
    let mut object = grey(&[0, 1, 2, 3]);
    text(&mut object, tags::SOP_CLASS_UID, VR::UI, uids::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE);
    text(&mut object, tags::PIXEL_INTENSITY_RELATIONSHIP, VR::CS, "LOG");
    number(&mut object, tags::BITS_STORED, 2);
    number(&mut object, tags::HIGH_BIT, 1);
    text(&mut object, tags::WINDOW_CENTER, VR::DS, "2");
    text(&mut object, tags::WINDOW_WIDTH, VR::DS, "4");
    let mut item = InMemDicomObject::new_empty();
    numbers(&mut item, tags::LUT_DESCRIPTOR, VR::US, &[4, 0, 16]);
    numbers(&mut item, tags::LUT_DATA, VR::OW, &[1000, 100, 10, 1]);
    sequence(&mut object, tags::MODALITY_LUT_SEQUENCE, item);
    let frame = opened(object);
    assert_eq!(render(&frame.pixels, &View::initial(&frame.pixels)).into_raw(), [0, 85, 170, 255]);
    assert_eq!(frame.pixels.modality_plane().values, [1000.0, 100.0, 10.0, 1.0]);
    assert_eq!(frame.model_plane().values, [1000.0, 100.0, 10.0, 1.0]);
    assert!(frame.warnings.iter().any(|w| w.contains("angiogram")), "{:?}", frame.warnings);
}

#[test]
fn grey_values_have_the_unit_that_the_file_states() {
    let unit = |change: &dyn Fn(&mut InMemDicomObject)| {
        let mut object = image();
        change(&mut object);
        opened(object).display.value_unit
    };
    let rescaled = |object: &mut InMemDicomObject| {
        text(object, tags::RESCALE_SLOPE, VR::DS, "1");
        text(object, tags::RESCALE_INTERCEPT, VR::DS, "-1024");
    };
    assert_eq!(unit(&|_| {}), "");
    let said = |words: &'static str| {
        unit(&|o| {
            rescaled(o);
            text(o, tags::RESCALE_TYPE, VR::LO, words);
        })
    };
    assert_eq!((said("OD"), said("US"), said("HU")), ("OD".into(), String::new(), "HU".into()));
    assert_eq!(said("a unit that is longer than any unit is"), "");
    // A slice of CT is in Hounsfield units, a localiser is not.
    let ct = |kind: &'static str| {
        unit(&|o| {
            rescaled(o);
            text(o, tags::MODALITY, VR::CS, "CT");
            text(o, tags::IMAGE_TYPE, VR::CS, kind);
        })
    };
    assert_eq!((ct("ORIGINAL\\PRIMARY\\AXIAL"), ct("ORIGINAL\\PRIMARY\\LOCALIZER")), ("HU".into(), String::new()));
}
