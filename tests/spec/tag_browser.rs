//! The tag browser: every element of a file as a row, found by search, beside another file.

use dicom_core::{PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use egui::Key;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::study::{file, folder_with, grey, sequence, text};
use super::viewer::common::{Bench, frame};
use super::viewer::screen;
use pellucid::app::command::{FileCommand, HelpCommand, TagCommand};
use pellucid::app::update::effect::Effect;
use pellucid::app::update::message::Message;
use pellucid::limits;
use pellucid::study::{TagList, TagRow, tag_list};

/// A file with a sequence, a private block, long and hostile values.
fn object(name: &str) -> InMemDicomObject {
    let mut object = grey(&[1, 2, 3, 4]);
    text(&mut object, tags::PATIENT_NAME, VR::PN, name);
    let mut item = InMemDicomObject::new_empty();
    text(&mut item, tags::REQUESTED_PROCEDURE_DESCRIPTION, VR::LO, "Chest PA");
    sequence(&mut object, tags::REQUEST_ATTRIBUTES_SEQUENCE, item);
    text(&mut object, Tag(0x0029, 0x0010), VR::LO, "SOME VENDOR");
    text(&mut object, Tag(0x0029, 0x1001), VR::LO, "secret sauce");
    text(&mut object, tags::STUDY_DESCRIPTION, VR::LO, "red\u{1b}[31m alert");
    text(&mut object, tags::IMAGE_COMMENTS, VR::LT, &"long ".repeat(2000));
    object.put(dicom_core::DataElement::new(Tag(0x0029, 0x1002), VR::OB, PrimitiveValue::U8(vec![0; 512].into())));
    object
}

fn listed(name: &str) -> TagList {
    let folder = folder_with(&[("x.dcm", &file(object(name), uids::EXPLICIT_VR_LITTLE_ENDIAN))]);
    tag_list(&folder.path().join("x.dcm")).unwrap()
}

fn row<'a>(list: &'a TagList, tag: &str) -> &'a TagRow {
    list.rows.iter().find(|row| row.tag == tag).unwrap_or_else(|| panic!("{tag}"))
}

#[test]
fn sequences_are_a_tree_and_private_elements_have_their_creator() {
    let list = listed("Doe^Jane");
    let sequence = row(&list, "(0040,0275)");
    assert_eq!(
        (sequence.name.as_str(), sequence.value.as_str(), sequence.inside),
        ("RequestAttributesSequence", "1 item", 2)
    );
    let inner = row(&list, "(0032,1060)");
    assert_eq!((inner.depth, inner.place.as_str()), (2, "(0040,0275)/00001/(0032,1060)"));
    assert_eq!(row(&list, "(0029,1001)").name, "Private: SOME VENDOR");
    assert_eq!(row(&list, "(0029,0010)").name, "PrivateCreator");
    assert!(row(&list, "(0029,1001)").private && !inner.private);
    // The file meta information stands first.
    assert!(list.rows[0].tag.starts_with("(0002,"));
}

#[test]
fn hostile_values_do_not_act_long_ones_are_cut_and_bulk_data_is_only_sized() {
    let list = listed("Doe^Jane");
    // An escape that leads to no character set is passed over where text is decoded.
    assert_eq!(row(&list, "(0008,1030)").value, "red[31m alert");
    let long = row(&list, "(0020,4000)");
    assert!(long.cut && long.value.chars().count() == limits::TAG_VALUE);
    assert_eq!(row(&list, "(0029,1002)").value, "512 bytes");
    assert!(row(&list, "(7FE0,0010)").value.ends_with("bytes"));
    assert_eq!(row(&list, "(0028,0010)").vr, "US");
}

/// The browser open on a file, with its elements.
fn bench() -> Bench {
    let mut bench = Bench::with_image(frame(64, 48));
    let effects = bench.command(TagCommand::Toggle);
    let [Effect::ReadTags(path)] = &effects[..] else { panic!("the elements are read") };
    bench.message(Message::TagsRead(path.clone(), Ok(listed("Doe^Jane").into())));
    bench
}

fn shown(bench: &Bench) -> Vec<String> {
    let browser = bench.state.tags.as_ref().unwrap();
    browser.rows().filter_map(|(_, a, b)| a.or(b).map(|row| row.tag.clone())).collect()
}

#[test]
fn another_file_stands_beside_it_and_only_differences_can_be_shown() {
    let mut bench = bench();
    let all = shown(&bench).len();
    let effects = bench.command(TagCommand::CompareWith(Some("other.dcm".into())));
    assert!(matches!(&effects[..], [Effect::ReadTags(path)] if path.ends_with("other.dcm")));
    let mut other = listed("Roe^Richard");
    other.rows.retain(|row| row.tag != "(0029,1001)");
    bench.message(Message::TagsRead("other.dcm".into(), Ok(other.into())));
    assert_eq!(shown(&bench).len(), all);
    bench.command(TagCommand::ToggleDifferences);
    let different = shown(&bench);
    assert!(different.contains(&"(0010,0010)".into()) && different.contains(&"(0029,1001)".into()), "{different:?}");
    // Of a value that is cut nobody knows whether the rest is the same.
    assert!(different.contains(&"(0020,4000)".into()) && !different.contains(&"(0032,1060)".into()), "{different:?}");
    bench.command(TagCommand::CompareWith(None));
    assert_eq!(shown(&bench).len(), all);
}

#[test]
fn late_elements_of_a_file_that_is_no_longer_wanted_are_dropped() {
    let mut bench = bench();
    bench.command(TagCommand::CompareWith(Some("other.dcm".into())));
    bench.command(TagCommand::CompareWith(None));
    let before = shown(&bench);
    bench.message(Message::TagsRead("other.dcm".into(), Ok(listed("Roe").into())));
    assert_eq!(shown(&bench), before);
    bench.command(HelpCommand::Escape);
    assert!(bench.state.tags.is_none());
}

#[test]
fn the_window_shows_searches_and_closes() {
    let mut harness = screen(bench());
    harness.run_steps(3);
    assert!(harness.query_all_by_label_contains("PatientName").next().is_some());
    harness.get_by_label("Search tags").focus();
    harness.run_steps(2);
    harness.get_by_label("Search tags").type_text("chest");
    harness.run_steps(4);
    assert!(harness.query_all_by_label_contains("RequestedProcedureDescription").next().is_some());
    assert!(harness.query_all_by_label_contains("PatientName").next().is_none());
    harness.get_by_label("Close (0040,0275)").click();
    harness.run_steps(3);
    assert!(!harness.state().state.tags.as_ref().unwrap().is_open("(0040,0275)"));
    harness.state_mut().command(TagCommand::Search(String::new()));
    harness.run_steps(3);
    assert!(!shown(harness.state()).contains(&"(0032,1060)".to_owned()), "what lies in a closed sequence is hidden");
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(harness.state().state.tags.is_none());
}

#[test]
fn the_rows_stay_in_a_low_window() {
    let mut harness = Harness::builder()
        .with_size([640.0, 360.0])
        .with_accessibility_check(false)
        .build_ui_state(|ui, bench: &mut Bench| bench.frame(ui), bench());
    harness.run_steps(6);
    let rows: Vec<egui::Rect> = harness.query_all_by_label_contains("(00").map(|node| node.rect()).collect();
    assert!(rows.len() >= 3, "{rows:?}");
    assert!(rows.iter().all(|row| row.top() < 360.0), "{rows:?}");
}

#[test]
fn while_anonymised_no_element_is_on_the_screen() {
    let mut bench = bench();
    bench.command(FileCommand::ToggleAnonymize);
    let mut harness = screen(bench);
    harness.run_steps(3);
    assert!(harness.query_all_by_label_contains("PatientName").next().is_none());
    assert!(harness.query_all_by_label_contains("not shown while").next().is_some());
}

#[test]
fn a_picture_has_no_tags_and_says_so() {
    let mut png = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(4, 4).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let folder = folder_with(&[("x.png", png.get_ref())]);
    let said = tag_list(&folder.path().join("x.png")).unwrap_err().to_string();
    assert!(said.contains("DICOM"), "{said}");
}
