//! The table of the standard, walked row by row, and what no table says.

use std::collections::BTreeMap;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};
use pellucid::study::deidentify::{Action, Dates, Options};

use super::object::{Object, Value, deidentified, image, left_of};

/// PS3.15 Table E.1-1 as the program has it; its own test holds that every row is there.
const TABLE: &str = include_str!("../../../src/study/deidentify/table_e1_1.tsv");

/// A row: tag, and the codes of the columns by their names.
struct Row {
    tag: Tag,
    vr: VR,
    codes: BTreeMap<&'static str, &'static str>,
}

const COLUMNS: [&str; 10] = [
    "basic",
    "UIDs",
    "device",
    "institution",
    "patient",
    "full dates",
    "modified dates",
    "descriptors",
    "structured content",
    "graphics",
];

/// Every row of an attribute that a data set may hold.
fn rows() -> Vec<Row> {
    let rows = TABLE.lines().filter(|line| line.starts_with('(') && !line[..11].contains('x')).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        let number = |text: &str| u16::from_str_radix(text, 16).unwrap();
        let tag = Tag(number(&cells[0][1..5]), number(&cells[0][6..10]));
        let vr = StandardDataDictionary.by_tag(tag).map_or(VR::LO, |entry| entry.vr().relaxed());
        Row { tag, vr, codes: COLUMNS.into_iter().zip(cells[2..].iter().copied()).collect() }
    });
    // Commands, file meta information and directories are no part of a data set.
    rows.filter(|row| row.tag.0 > 4 && row.tag.0 < 0xFFFA).collect()
}

/// A value of a representation, another for each tag, and none that a dummy has.
fn value(tag: Tag, vr: VR) -> Value {
    let number = u32::from(tag.0) << 16 | u32::from(tag.1);
    let text = match vr {
        VR::UI => format!("1.2.3.{number}"),
        VR::DA => "20240117".into(),
        VR::DT => "20240117114512.5".into(),
        VR::TM => "114512".into(),
        VR::AS => "066Y".into(),
        VR::IS | VR::DS => "17".into(),
        VR::SQ => {
            let mut item = Object::default();
            item.text(tags::CODE_VALUE, VR::SH, &format!("VV{number:08X}"));
            return Value::Items(vec![item]);
        }
        VR::PN => format!("N{number:08X}^G{number:08X}"),
        VR::US | VR::SS => return Value::Bytes(vec![17, 1]),
        VR::UL | VR::SL | VR::FL | VR::AT | VR::OB | VR::OW | VR::OL | VR::OF | VR::UN => {
            return Value::Bytes(number.to_be_bytes().to_vec());
        }
        VR::FD | VR::OD | VR::SV | VR::UV | VR::OV => return Value::Bytes(number.to_be_bytes().repeat(2)),
        _ => format!("V{number:08X}"),
    };
    Value::Bytes(text.into_bytes())
}

/// An image with every attribute of the table.
fn everything(class: &str) -> Object {
    let mut object = image();
    for Row { tag, vr, .. } in rows() {
        object.0.insert(tag, (vr, value(tag, vr)));
    }
    object.text(tags::SOP_CLASS_UID, VR::UI, class);
    object
}

/// What became of an attribute.
fn outcome(was: &Object, is: &Object, tag: Tag) -> &'static str {
    let old = &was.0[&tag].1;
    match is.0.get(&tag).map(|(_, value)| value) {
        None => "X",
        Some(Value::Bytes(bytes)) if bytes.is_empty() => "Z",
        Some(Value::Items(items)) if items.is_empty() => "Z",
        Some(new) => {
            let trimmed = |value: &Value| match value {
                Value::Bytes(bytes) => {
                    Value::Bytes(bytes.trim_ascii_end().strip_suffix(b"\0").unwrap_or(bytes.trim_ascii_end()).to_vec())
                }
                other => other.clone(),
            };
            if trimmed(new) == trimmed(old) {
                "K"
            } else if is.text_of(tag).is_some_and(|text| text.starts_with("2.25.") && text != "2.25.0") {
                "U"
            } else {
                "D"
            }
        }
    }
}

/// Of a combined code, what a classic image object gets, and what any other gets.
fn expected(code: &str, tag: Tag, vr: VR, classic: bool) -> &'static str {
    match (code, classic) {
        // Without items a sequence is right for type 2 alone.
        ("X/Z", _) if vr == VR::SQ && tag != tags::ACQUISITION_CONTEXT_SEQUENCE => "X",
        ("X", _) | ("X/D" | "X/Z/D", true) => "X",
        ("Z" | "X/Z", _) | ("Z/D", true) => "Z",
        ("D" | "Z/D" | "X/D" | "X/Z/D", _) => "D",
        ("U", _) if vr == VR::UI => "U",
        ("X/Z/U*", _) => "K",
        ("U", _) => "Z",
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_attribute_of_the_table_is_dealt_with_as_the_table_says() {
    for (class, classic) in
        [(uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION, true), (uids::ENHANCED_CT_IMAGE_STORAGE, false)]
    {
        let was = everything(class);
        let is = left_of(&was, Options::default());
        let mut walked = 0;
        for Row { tag, vr, codes } in rows() {
            let mut due = expected(codes["basic"], tag, vr, classic);
            // A pseudonym is a dummy, which zero length allows; marks are the program's own.
            if [tags::PATIENT_NAME, tags::PATIENT_ID].contains(&tag) {
                due = "D";
            }
            assert_eq!(outcome(&was, &is, tag), due, "{tag} {vr:?} is {} in the table, {class}", codes["basic"]);
            walked += 1;
        }
        assert!(walked > 640, "{walked}");
    }
}

#[test]
fn every_option_keeps_what_its_column_says_and_nothing_else() {
    let options = [
        ("UIDs", Options { uids: true, ..Options::default() }),
        ("device", Options { device: true, ..Options::default() }),
        ("institution", Options { institution: true, ..Options::default() }),
        ("patient", Options { patient_characteristics: true, ..Options::default() }),
        ("full dates", Options { dates: Dates::Full, ..Options::default() }),
    ];
    let was = everything(uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION);
    for (column, options) in options {
        let is = left_of(&was, options);
        let (mut kept, mut wrong) = (0, Vec::new());
        for Row { tag, vr, codes } in rows() {
            if [tags::PATIENT_NAME, tags::PATIENT_ID].contains(&tag) {
                continue;
            }
            let due = if codes[column] == "K" { "K" } else { expected(codes["basic"], tag, vr, true) };
            kept += usize::from(codes[column] == "K");
            // Sequences are kept with what the profile keeps of them; here all of it.
            let found = outcome(&was, &is, tag);
            if found != due && codes[column] != "C" {
                wrong.push(format!("{tag} {vr:?}: {found}, {due} is due"));
            }
        }
        assert!(wrong.is_empty(), "{column}:\n{}", wrong.join("\n"));
        assert!(kept >= 10, "{column}: {kept}");
    }
}

#[test]
fn modified_dates_go_back_alike_and_times_stay() {
    let was = everything(uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION);
    let is = left_of(&was, Options { dates: Dates::Modified, ..Options::default() });
    let mut dates = Vec::new();
    for Row { tag, vr, codes } in rows().into_iter().filter(|row| row.codes["modified dates"] == "C") {
        match vr {
            VR::DA | VR::DT => dates.push(is.text_of(tag).unwrap()[..8].to_owned()),
            VR::TM => assert_eq!(is.text_of(tag).as_deref(), Some("114512"), "{tag}"),
            _ => assert_ne!(codes["basic"], "K"),
        }
    }
    assert!(dates.len() > 80 && dates.iter().all(|date| *date == dates[0]), "{dates:?}");
    assert!(dates[0].as_str() < "20240117" && dates[0].as_str() > "20140101", "{}", dates[0]);
    assert_eq!(is.text_of(tags::PATIENT_BIRTH_DATE).unwrap(), "", "a birth date is never kept");
    assert_eq!(is.text_of(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED).unwrap(), "MODIFIED");
}

#[test]
fn descriptions_are_removed_or_keep_known_words() {
    let mut object = image();
    object
        .text(tags::PATIENT_NAME, VR::PN, "Hand^Jane")
        .text(tags::STUDY_DESCRIPTION, VR::LO, "Hand PA 2 views - 55F Dr. Smith")
        .text(tags::SERIES_DESCRIPTION, VR::LO, "Mrs Hand");
    assert_eq!(left_of(&object, Options::default()).text_of(tags::STUDY_DESCRIPTION), None);
    let is = left_of(&object, Options { clean_descriptors: true, ..Options::default() });
    assert_eq!(is.text_of(tags::STUDY_DESCRIPTION).unwrap(), "PA 2 views");
    assert_eq!(is.text_of(tags::SERIES_DESCRIPTION), None, "nothing is left of it");
}

#[test]
fn an_age_that_is_kept_is_pooled_from_ninety() {
    for (age, kept) in [("066Y", "066Y"), ("090Y", "090Y"), ("101Y", "090Y"), ("1104M", "090Y"), ("Doe", "")] {
        let mut object = image();
        object.text(tags::PATIENT_AGE, VR::AS, age);
        let is = left_of(&object, Options { patient_characteristics: true, ..Options::default() });
        assert_eq!(is.text_of(tags::PATIENT_AGE).unwrap(), kept);
    }
}

#[test]
fn what_no_table_lists_goes_where_it_can_name_somebody() {
    let mut item = image();
    item.0.retain(|tag, _| *tag == tags::MODALITY);
    item.text(tags::REFERRING_PHYSICIAN_NAME, VR::PN, "Smith^Ann")
        .put(Tag(0x0019, 0x1010), VR::LO, b"private in a sequence ")
        .text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.3.9");
    let mut object = image();
    object
        // Private, with its creator.
        .text(Tag(0x0009, 0x0010), VR::LO, "SOMEBODY")
        .text(Tag(0x0009, 0x1001), VR::LO, "Doe^Jane")
        // Curves and overlays, whole groups.
        .put(Tag(0x5000, 0x3000), VR::OW, &[1, 2])
        .number(Tag(0x5000, 0x0005), 2)
        .put(Tag(0x6002, 0x3000), VR::OW, &[1, 2])
        .number(Tag(0x6002, 0x0010), 4)
        // A number that no dictionary has, the length of a group, an evaluator, a birth date by
        // another calendar.
        .text(Tag(0x0018, 0xFFFE), VR::LO, "Doe^Jane")
        .put(Tag(0x0008, 0x0000), VR::UL, &[9, 9, 0, 0])
        .text(Tag(0x0014, 0x2006), VR::PN, "Doe^Jane")
        .text(tags::PATIENT_BIRTH_DATE_IN_ALTERNATIVE_CALENDAR, VR::LO, "Reiwa 1")
        .text(tags::CONCATENATION_UID, VR::UI, "1.2.3.7")
        .items(tags::REFERENCED_IMAGE_SEQUENCE, vec![item]);
    let is = left_of(&object, Options::default());
    let gone = [
        Tag(0x0009, 0x0010),
        Tag(0x0009, 0x1001),
        Tag(0x5000, 0x3000),
        Tag(0x5000, 0x0005),
        Tag(0x6002, 0x3000),
        Tag(0x6002, 0x0010),
        Tag(0x0018, 0xFFFE),
        Tag(0x0008, 0x0000),
        tags::PATIENT_BIRTH_DATE_IN_ALTERNATIVE_CALENDAR,
    ];
    for tag in gone {
        assert!(!is.0.contains_key(&tag), "{tag} is still there");
    }
    assert_eq!(is.text_of(Tag(0x0014, 0x2006)).unwrap(), "");
    let inner = &is.items_of(tags::REFERENCED_IMAGE_SEQUENCE)[0];
    assert_eq!(inner.text_of(tags::MODALITY).unwrap(), "DX");
    assert_eq!(inner.text_of(tags::REFERRING_PHYSICIAN_NAME).unwrap(), "");
    assert!(!inner.0.contains_key(&Tag(0x0019, 0x1010)));
    assert!(inner.text_of(tags::REFERENCED_SOP_INSTANCE_UID).unwrap().starts_with("2.25."));
}

#[test]
fn the_object_says_what_was_done_to_it() {
    let object = image();
    let options = Options { clean_descriptors: true, dates: Dates::Full, ..Options::default() };
    let done = deidentified(&object.file(uids::EXPLICIT_VR_LITTLE_ENDIAN), options).unwrap();
    let (meta, is) = Object::read(&done.bytes, true);
    assert_eq!(is.text_of(tags::PATIENT_IDENTITY_REMOVED).unwrap(), "YES");
    assert!(is.text_of(tags::DEIDENTIFICATION_METHOD).unwrap().contains("PS3.15 2026c"));
    assert_eq!(is.text_of(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED).unwrap(), "UNMODIFIED");
    let codes = is.items_of(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE).iter();
    let codes: Vec<String> = codes.map(|item| item.text_of(tags::CODE_VALUE).unwrap()).collect();
    assert_eq!(codes, ["113100", "113105", "113106"]);
    // The file meta information says nothing of where the file came from.
    assert_eq!(meta.text_of(tags::MEDIA_STORAGE_SOP_INSTANCE_UID), is.text_of(tags::SOP_INSTANCE_UID));
    assert!(meta.text_of(tags::SOURCE_APPLICATION_ENTITY_TITLE).is_none());
    assert_ne!(meta.text_of(tags::IMPLEMENTATION_CLASS_UID).unwrap(), "1.2.3.4");
    let removed = done.account.count(Action::Remove);
    assert_eq!(removed, 0, "there was nothing to remove: {:?}", done.account.entries());
    assert_eq!(done.account.count(Action::Uid), 3);
}

#[test]
fn safe_private_attributes_stay_when_asked() {
    let mut object = image();
    object.text(Tag(0x0019, 0x0010), VR::LO, "SIEMENS MR HEADER").text(Tag(0x0019, 0x100C), VR::IS, "1000").text(
        Tag(0x0019, 0x1008),
        VR::CS,
        "IMAGE NUM 4",
    );
    let is = left_of(&object, Options { safe_private: true, ..Options::default() });
    assert_eq!(is.text_of(Tag(0x0019, 0x0010)).unwrap(), "SIEMENS MR HEADER");
    assert_eq!(is.text_of(Tag(0x0019, 0x100C)).unwrap(), "1000");
    assert!(!is.0.contains_key(&Tag(0x0019, 0x1008)));
    assert!(!left_of(&object, Options::default()).0.contains_key(&Tag(0x0019, 0x100C)));
}
