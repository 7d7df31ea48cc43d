//! Presentation states beside their image: which are about it, and what they ask for.

use std::path::PathBuf;

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use pellucid::imaging::shutter::Shutter;
use pellucid::imaging::{Voi, Window};
use pellucid::study::{self, Frame, PresentationState, TextNote, is_presentation_state, presentation_states};

use super::display_attributes::{image, put_overlay};
use super::study::{file, folder_with, number, scanned, sequence, text};

/// A state without wishes, about the image with this UID.
fn state(uid: &str) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    text(&mut object, tags::SOP_CLASS_UID, VR::UI, uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE);
    text(&mut object, tags::SOP_INSTANCE_UID, VR::UI, "2.25.77");
    text(&mut object, tags::STUDY_INSTANCE_UID, VR::UI, "2.25.2");
    text(&mut object, tags::MODALITY, VR::CS, "PR");
    text(&mut object, tags::CONTENT_LABEL, VR::CS, "TUMOUR");
    text(&mut object, tags::CONTENT_CREATOR_NAME, VR::PN, "Roe^Rita");
    text(&mut object, tags::PRESENTATION_CREATION_DATE, VR::DA, "20261129");
    let mut reference = InMemDicomObject::new_empty();
    text(&mut reference, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, uid);
    let mut series = InMemDicomObject::new_empty();
    sequence(&mut series, tags::REFERENCED_IMAGE_SEQUENCE, reference);
    sequence(&mut object, tags::REFERENCED_SERIES_SEQUENCE, series);
    object
}

fn floats(object: &mut InMemDicomObject, tag: Tag, values: &[f32]) {
    object.put(DataElement::new(tag, VR::FL, PrimitiveValue::F32(values.into())));
}

fn longs(object: &mut InMemDicomObject, tag: Tag, values: &[i32]) {
    object.put(DataElement::new(tag, VR::SL, PrimitiveValue::I32(values.into())));
}

/// The image with what these states make of it.
fn presented(image: InMemDicomObject, states: Vec<InMemDicomObject>) -> (Frame, Vec<PresentationState>) {
    let image = file(image, uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let states: Vec<Vec<u8>> = states.into_iter().map(|state| file(state, uids::EXPLICIT_VR_LITTLE_ENDIAN)).collect();
    let names: Vec<String> = (0..states.len()).map(|i| format!("state{i}")).collect();
    let mut files: Vec<(&str, &[u8])> = vec![("image", &image)];
    files.extend(names.iter().map(String::as_str).zip(states.iter().map(Vec::as_slice)));
    let folder = folder_with(&files);
    let mut frame = study::open_image(&folder.path().join("image")).unwrap();
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
    let found = presentation_states(&mut frame, &paths);
    (frame, found)
}

fn one(state: InMemDicomObject) -> (Frame, PresentationState) {
    let (frame, mut found) = presented(image(), vec![state]);
    assert_eq!(found.len(), 1);
    (frame, found.remove(0))
}

#[test]
fn a_state_is_listed_with_its_label_and_creator_where_it_names_the_image() {
    let (_, found) = presented(image(), vec![state("2.25.1"), state("2.25.999")]);
    let [found] = &found[..] else { panic!("{found:?}") };
    assert_eq!((found.label.as_str(), found.creator.as_str(), found.date.as_str()), ("TUMOUR", "Roe^Rita", "20261129"));
}

#[test]
fn a_state_lies_in_the_catalogue_as_an_object_without_pixels() {
    let folder = folder_with(&[("state", &file(state("2.25.1"), uids::EXPLICIT_VR_LITTLE_ENDIAN))]);
    let catalogue = scanned(&[folder.path()]);
    let entry = catalogue.images().next().unwrap();
    assert!(is_presentation_state(&entry.meta) && !entry.has_pixels);
}

#[test]
fn a_state_that_names_other_frames_is_not_about_this_one() {
    let mut object = state("2.25.1");
    let mut reference = InMemDicomObject::new_empty();
    text(&mut reference, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "2.25.1");
    text(&mut reference, tags::REFERENCED_FRAME_NUMBER, VR::IS, "2\\3");
    let mut series = InMemDicomObject::new_empty();
    sequence(&mut series, tags::REFERENCED_IMAGE_SEQUENCE, reference);
    sequence(&mut object, tags::REFERENCED_SERIES_SEQUENCE, series);
    assert!(presented(image(), vec![object]).1.is_empty());
}

#[test]
fn its_window_stands_behind_those_of_the_file() {
    let mut object = state("2.25.1");
    let mut window = InMemDicomObject::new_empty();
    text(&mut window, tags::WINDOW_CENTER, VR::DS, "12");
    text(&mut window, tags::WINDOW_WIDTH, VR::DS, "5");
    sequence(&mut object, tags::SOFTCOPY_VOILUT_SEQUENCE, window);
    text(&mut object, tags::PRESENTATION_LUT_SHAPE, VR::CS, "INVERSE");
    let (frame, found) = one(object);
    assert!(frame.pixels.voi.is_empty(), "what the image opens with is the file's own");
    let window = frame.pixels.voi_at(found.voi.unwrap());
    assert!(matches!(window, Some(Voi::Window { window, .. }) if *window == Window::linear(12.0, 5.0)), "{window:?}");
    assert_eq!(found.inverted, Some(true));
}

/// An item with a table of so many entries, of 8 bits in words.
fn table(entries: &[u16]) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    let words = |tag, vr, values: &[u16]| DataElement::new(tag, vr, PrimitiveValue::U16(values.into()));
    item.put(words(tags::LUT_DESCRIPTOR, VR::US, &[entries.len() as u16, 0, 8]));
    item.put(words(tags::LUT_DATA, VR::OW, entries));
    item
}

#[test]
fn its_presentation_lut_follows_its_window_and_says_what_is_bright() {
    let mut object = state("2.25.1");
    let mut window = InMemDicomObject::new_empty();
    text(&mut window, tags::WINDOW_CENTER, VR::DS, "12");
    text(&mut window, tags::WINDOW_WIDTH, VR::DS, "5");
    sequence(&mut object, tags::SOFTCOPY_VOILUT_SEQUENCE, window);
    sequence(&mut object, tags::PRESENTATION_LUT_SEQUENCE, table(&[255, 51, 102]));
    let (frame, found) = one(object);
    let Some(Voi::Lut { first, entries, .. }) = frame.pixels.voi_at(found.voi.unwrap()) else { panic!() };
    // The window goes from 9.5 to 13.5: black below, white above, the middle at 11.5.
    let at = |value: f32| entries[(value - first) as usize];
    assert_eq!([at(9.0), at(11.0), at(12.0), at(14.0)], [1.0, 0.2, 0.2, 0.4]);
    assert_eq!((found.inverted, found.notes.len()), (Some(false), 0), "{:?}", found.notes);
}

#[test]
fn a_presentation_lut_without_a_window_takes_all_values() {
    let mut object = state("2.25.1");
    sequence(&mut object, tags::PRESENTATION_LUT_SEQUENCE, table(&[0, 0, 255]));
    let (frame, found) = one(object);
    let Some(Voi::Lut { first, entries, .. }) = frame.pixels.voi_at(found.voi.unwrap()) else { panic!() };
    let (low, high) = frame.pixels.value_range;
    assert_eq!((*first, entries.len() as f32), (low, high - low + 1.0));
    assert_eq!((entries[0], entries.last().copied()), (0.0, Some(1.0)));
}

#[test]
fn layers_are_drawn_in_their_order() {
    let mut object = state("2.25.1");
    let named = |name: &str| {
        let mut item = InMemDicomObject::new_empty();
        text(&mut item, tags::GRAPHIC_LAYER, VR::CS, name);
        item
    };
    let layer = |name, order: i32| {
        let mut item = named(name);
        text(&mut item, tags::GRAPHIC_LAYER_ORDER, VR::IS, &order.to_string());
        item
    };
    let point = |name, column: f32| {
        let mut point = InMemDicomObject::new_empty();
        text(&mut point, tags::GRAPHIC_ANNOTATION_UNITS, VR::CS, "PIXEL");
        text(&mut point, tags::GRAPHIC_TYPE, VR::CS, "POINT");
        floats(&mut point, tags::GRAPHIC_DATA, &[column, 1.0]);
        let mut item = named(name);
        sequence(&mut item, tags::GRAPHIC_OBJECT_SEQUENCE, point);
        item
    };
    let all = |items: Vec<InMemDicomObject>| dicom_core::value::DataSetSequence::from(items);
    object.put(DataElement::new(tags::GRAPHIC_LAYER_SEQUENCE, VR::SQ, all(vec![layer("UPPER", 2), layer("LOWER", 1)])));
    let drawn = all(vec![point("UPPER", 7.0), point("LOWER", 3.0)]);
    object.put(DataElement::new(tags::GRAPHIC_ANNOTATION_SEQUENCE, VR::SQ, drawn));
    let (_, found) = one(object);
    let columns: Vec<f32> = found.annotations.drawings.iter().map(|drawing| drawing.points[0][0]).collect();
    assert_eq!(columns, [3.0, 7.0]);
}

#[test]
fn a_window_in_the_units_of_its_own_rescale_is_brought_to_those_of_the_image() {
    let mut image = image();
    text(&mut image, tags::RESCALE_SLOPE, VR::DS, "2");
    text(&mut image, tags::RESCALE_INTERCEPT, VR::DS, "-100");
    let mut object = state("2.25.1");
    text(&mut object, tags::RESCALE_SLOPE, VR::DS, "1");
    text(&mut object, tags::RESCALE_INTERCEPT, VR::DS, "0");
    let mut window = InMemDicomObject::new_empty();
    text(&mut window, tags::WINDOW_CENTER, VR::DS, "10");
    text(&mut window, tags::WINDOW_WIDTH, VR::DS, "8");
    sequence(&mut object, tags::SOFTCOPY_VOILUT_SEQUENCE, window);
    let folder = folder_with(&[
        ("image", &file(image, uids::EXPLICIT_VR_LITTLE_ENDIAN)),
        ("state", &file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN)),
    ]);
    let mut frame = study::open_image(&folder.path().join("image")).unwrap();
    let found = presentation_states(&mut frame, &[folder.path().join("state")]);
    let window = frame.pixels.voi_at(found[0].voi.unwrap());
    // A stored value of 10 is −80 in the image.
    assert!(matches!(window, Some(Voi::Window { window, .. }) if *window == Window::linear(-80.0, 16.0)), "{window:?}");
}

#[test]
fn turns_area_and_shutter_are_read() {
    let mut object = state("2.25.1");
    number(&mut object, tags::IMAGE_ROTATION, 270);
    text(&mut object, tags::IMAGE_HORIZONTAL_FLIP, VR::CS, "Y");
    let mut area = InMemDicomObject::new_empty();
    // The upper left corner on the screen is the lower right one of the image.
    longs(&mut area, tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER, &[5, 4]);
    longs(&mut area, tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER, &[2, 1]);
    text(&mut area, tags::PRESENTATION_SIZE_MODE, VR::CS, "SCALE TO FIT");
    sequence(&mut object, tags::DISPLAYED_AREA_SELECTION_SEQUENCE, area);
    text(&mut object, tags::SHUTTER_SHAPE, VR::CS, "BITMAP");
    number(&mut object, tags::SHUTTER_OVERLAY_GROUP, 0x6002);
    put_overlay(&mut object, 0x6002, 1, 1);
    let (_, found) = one(object);
    assert_eq!((found.turns, found.mirrored, found.area), (3, true, Some([[1.0, 0.0], [5.0, 4.0]])));
    assert!(matches!(&found.shutters.shapes[..], [Shutter::Bitmap(_)]) && found.overlays.is_empty());
    assert!(found.notes.is_empty(), "{:?}", found.notes);
}

#[test]
fn overlays_are_drawn_where_the_state_activates_them() {
    let mut with_overlay = image();
    put_overlay(&mut with_overlay, 0x6000, 1, 1);
    let silent = state("2.25.1");
    let mut active = state("2.25.1");
    text(&mut active, tags::CONTENT_LABEL, VR::CS, "WITH");
    text(&mut active, Tag(0x6000, 0x1001), VR::CS, "LAYER1");
    let (_, found) = presented(with_overlay, vec![silent, active]);
    let drawn: Vec<(&str, usize)> = found.iter().map(|s| (s.label.as_str(), s.overlays.len())).collect();
    assert_eq!(drawn, [("TUMOUR", 0), ("WITH", 1)]);
}

#[test]
fn annotations_in_pixels_and_in_parts_of_the_area_lie_on_the_image() {
    let mut object = state("2.25.1");
    let mut line = InMemDicomObject::new_empty();
    text(&mut line, tags::GRAPHIC_ANNOTATION_UNITS, VR::CS, "PIXEL");
    text(&mut line, tags::GRAPHIC_TYPE, VR::CS, "POLYLINE");
    floats(&mut line, tags::GRAPHIC_DATA, &[1.0, 1.0, 3.0, 2.0]);
    let mut words = InMemDicomObject::new_empty();
    text(&mut words, tags::UNFORMATTED_TEXT_VALUE, VR::ST, "nodule");
    text(&mut words, tags::BOUNDING_BOX_ANNOTATION_UNITS, VR::CS, "DISPLAY");
    floats(&mut words, tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER, &[0.5, 0.25]);
    text(&mut words, tags::ANCHOR_POINT_ANNOTATION_UNITS, VR::CS, "PIXEL");
    floats(&mut words, tags::ANCHOR_POINT, &[2.0, 2.0]);
    text(&mut words, tags::ANCHOR_POINT_VISIBILITY, VR::CS, "Y");
    let mut annotation = InMemDicomObject::new_empty();
    sequence(&mut annotation, tags::GRAPHIC_OBJECT_SEQUENCE, line);
    sequence(&mut annotation, tags::TEXT_OBJECT_SEQUENCE, words);
    sequence(&mut object, tags::GRAPHIC_ANNOTATION_SEQUENCE, annotation);
    let (_, found) = one(object);
    assert_eq!(found.annotations.drawings[0].points, [[1.0, 1.0], [3.0, 2.0]]);
    let note = TextNote { text: "nodule".into(), at: [3.0, 1.0], anchor: Some([2.0, 2.0]), color: None };
    assert_eq!(found.annotations.texts, [note]);
}

#[test]
fn what_cannot_be_drawn_or_applied_is_noted() {
    let mut object = state("2.25.1");
    let mut star = InMemDicomObject::new_empty();
    text(&mut star, tags::GRAPHIC_ANNOTATION_UNITS, VR::CS, "PIXEL");
    text(&mut star, tags::GRAPHIC_TYPE, VR::CS, "STAR");
    floats(&mut star, tags::GRAPHIC_DATA, &[f32::NAN, 1.0]);
    let mut annotation = InMemDicomObject::new_empty();
    sequence(&mut annotation, tags::GRAPHIC_OBJECT_SEQUENCE, star);
    sequence(&mut object, tags::GRAPHIC_ANNOTATION_SEQUENCE, annotation);
    sequence(&mut object, tags::PRESENTATION_LUT_SEQUENCE, InMemDicomObject::new_empty());
    let (_, found) = one(object);
    assert!(found.annotations.drawings.is_empty());
    assert_eq!(found.notes.len(), 2, "{:?}", found.notes);
}
