//! Names in every character set: searched for, byte by byte, in what is left.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_encoding::text::{SpecificCharacterSet, TextCodec as _};
use pellucid::study::deidentify::{Action, Dates, DeidentifyError, Options};

use super::object::{Object, Value, deidentified, image, left_of};

/// A character set with three names: of the patient, of who operated, and of a physician; each a
/// family name and a given one. Names in sets of code extensions are given as their bytes, with
/// what stands between the escapes.
struct Names {
    code: &'static str,
    bytes: [Vec<u8>; 3],
    /// What must not be in any byte of the result.
    words: Vec<Vec<u8>>,
}

fn of_text(code: &'static str, names: [&str; 3]) -> Names {
    let set = SpecificCharacterSet::from_code(code).unwrap();
    let words = names.iter().flat_map(|name| name.split('^')).map(|word| set.encode(word).unwrap()).collect();
    Names { code, bytes: names.map(|name| set.encode(name).unwrap()), words }
}

fn of_bytes(code: &'static str, names: [&[u8]; 3], words: &[&[u8]]) -> Names {
    Names { code, bytes: names.map(<[u8]>::to_vec), words: words.iter().map(|word| word.to_vec()).collect() }
}

fn all() -> Vec<Names> {
    vec![
        of_text("ISO_IR 100", ["Müller^Jürgen", "Grünwald^Käthe", "Åström^Östen"]),
        of_text("ISO_IR 101", ["Łukasiewicz^Żaneta", "Dvořák^Antonín", "Kovačić^Željko"]),
        of_text("ISO_IR 144", ["Иванов^Пётр", "Сидорова^Мария", "Кузнецов^Олег"]),
        of_text("ISO_IR 126", ["Παπαδόπουλος^Νίκος", "Γεωργίου^Ελένη", "Οικονόμου^Άννα"]),
        of_text("ISO_IR 138", ["כהן^דוד", "לוי^שרה", "מזרחי^יוסף"]),
        of_text("ISO_IR 166", ["สมชาย^ใจดี", "มานะ^รักไทย", "วิชัย^แก้วใส"]),
        of_text("ISO_IR 192", ["Nguyễn^Thị Hương", "Çelik^Gökçe", "О’Коннор^Шон"]),
        of_text("GB18030", ["王建国^小东东", "李晓明^大伟业", "张海峰^红军民"]),
        // Latin-9: Š, ž and œ are where Latin-1 has signs.
        of_bytes(
            "ISO_IR 203",
            [b"\xa6vejda^Bo\xb8ena", b"Lef\xbdvre^Am\xe9lie", b"\xb4i\xb8ka^Jan"],
            &[b"\xa6vejda", b"Bo\xb8ena", b"Lef\xbdvre", b"Am\xe9lie", b"\xb4i\xb8ka"],
        ),
        of_bytes(
            "\\ISO 2022 IR 87",
            [
                b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
                b"Suzuki^Hanako=\x1b$BNkLZ\x1b(B^\x1b$B2V;R\x1b(B",
                b"Satou^Kenji=\x1b$B:4F#\x1b(B^\x1b$B7r<!\x1b(B",
            ],
            &[b"Yamada", b"Tarou", b";3ED", b"B@O:", b"Suzuki", b"Hanako", b"NkLZ", b"Satou", b"Kenji", b":4F#"],
        ),
        of_bytes(
            "\\ISO 2022 IR 149",
            [
                b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
                b"Namgung^Minsu=\x1b$)C\xb3\xb2\xb1\xc3^\x1b$)C\xb9\xce\xbc\xf6",
                b"Seonu^Jaeduk=\x1b$)C\xbc\xb1\xbf\xec^\x1b$)C\xc0\xe7\xb4\xf6",
            ],
            &[
                b"Hong",
                b"Gildong",
                b"\xd1\xce\xd4\xd7",
                b"Namgung",
                b"\xb3\xb2\xb1\xc3",
                b"\xb9\xce\xbc\xf6",
                b"\xbc\xb1\xbf\xec",
            ],
        ),
    ]
}

/// An image in which three people are named wherever they can be, in the set and, of the patient,
/// in UTF-8 too.
fn full_of(names: &Names) -> Object {
    let [patient, operator, physician] = &names.bytes;
    let said = |before: &[u8], name: &[u8], behind: &[u8]| [before, name, behind].concat();
    let mut code = Object::default();
    code.text(tags::CODE_VALUE, VR::SH, "T-D3000").text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "SRT").put(
        tags::CODE_MEANING,
        VR::LO,
        &said(b"Chest of ", patient, b""),
    );
    let mut staff = Object::default();
    staff
        .put(tags::INSTITUTION_NAME, VR::LO, b"Sankt-Katharinen-Spital")
        .items(tags::PERSON_IDENTIFICATION_CODE_SEQUENCE, vec![code.clone()]);
    let mut object = image();
    object
        .text(tags::SPECIFIC_CHARACTER_SET, VR::CS, names.code)
        .put(tags::PATIENT_NAME, VR::PN, patient)
        .text(tags::PATIENT_ID, VR::LO, "MRN-4711-0815")
        .text(tags::PATIENT_BIRTH_DATE, VR::DA, "19600229")
        .put(tags::OPERATORS_NAME, VR::PN, operator)
        .put(tags::PERFORMING_PHYSICIAN_NAME, VR::PN, physician)
        .put(tags::REFERRING_PHYSICIAN_NAME, VR::PN, physician)
        .put(tags::NAME_OF_PHYSICIANS_READING_STUDY, VR::PN, operator)
        .text(tags::ACCESSION_NUMBER, VR::SH, "ACC-2026-0815")
        .text(tags::INSTITUTION_NAME, VR::LO, "Sankt-Katharinen-Spital")
        .text(tags::INSTITUTIONAL_DEPARTMENT_NAME, VR::LO, "Abteilung Rumpelstilz")
        .put(tags::STUDY_DESCRIPTION, VR::LO, &said(b"CHEST PA of ", patient, b""))
        .put(tags::SERIES_DESCRIPTION, VR::LO, &said(b"done by ", operator, b", CHEST"))
        .put(tags::IMAGE_COMMENTS, VR::LT, &said(b"asked for by ", physician, b""))
        // These stay by the table.
        .put(tags::MANUFACTURER, VR::LO, &said(b"", patient, b" X-Ray"))
        .put(tags::MANUFACTURER_MODEL_NAME, VR::LO, b"Model of Rumpelstilz")
        .put(tags::WINDOW_CENTER_WIDTH_EXPLANATION, VR::LO, &said(b"by ", operator, b""))
        .put(tags::SOFTWARE_VERSIONS, VR::LO, b"MRN-4711-0815")
        .put(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA, VR::OW, &[patient.as_slice(), b" "].concat())
        .items(tags::ANATOMIC_REGION_SEQUENCE, vec![code])
        .items(tags::PERFORMING_PHYSICIAN_IDENTIFICATION_SEQUENCE, vec![staff])
        .text(Tag(0x0011, 0x0010), VR::LO, "SOMEBODY")
        .put(Tag(0x0011, 0x1001), VR::LO, patient);
    object
}

/// Where some of the words stand, without regard to the case of ASCII letters.
fn found(bytes: &[u8], words: &[Vec<u8>]) -> Vec<String> {
    let lower = bytes.to_ascii_lowercase();
    let holds = |word: &&Vec<u8>| {
        let word = word.to_ascii_lowercase();
        lower.windows(word.len()).any(|window| window == word)
    };
    words.iter().filter(holds).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

#[test]
fn no_name_is_in_any_byte_whatever_the_character_set() {
    let sets = all();
    assert!(sets.len() >= 9);
    let fixed =
        ["4711", "Katharinen", "Rumpelstilz", "19600229", "0815", "SOMEBODY"].map(|word| word.as_bytes().to_vec());
    for names in sets {
        let object = full_of(&names);
        for (name, options) in [
            ("basic", Options::default()),
            ("descriptors", Options { clean_descriptors: true, ..Options::default() }),
            ("dates", Options { dates: Dates::Modified, patient_characteristics: true, ..Options::default() }),
        ] {
            let done = deidentified(&object.file(uids::EXPLICIT_VR_LITTLE_ENDIAN), options).unwrap();
            let still = found(&done.bytes, &[&names.words[..], &fixed[..]].concat());
            assert!(still.is_empty(), "{}, {name}: {still:?} in what is left", names.code);
            assert!(done.account.count(Action::Strike) >= 4, "{}: {:?}", names.code, done.account.entries());
            let place = done.place.display().to_string();
            assert!(found(place.as_bytes(), &names.words).is_empty() && !place.contains("doe"), "{place}");
        }
        // The pixels stay.
        let is = left_of(&object, Options::default());
        assert_eq!(is.bytes_of(tags::PIXEL_DATA), object.bytes_of(tags::PIXEL_DATA));
        assert_eq!(is.text_of(tags::BODY_PART_EXAMINED).unwrap(), "CHEST");
    }
}

#[test]
fn the_same_holds_of_implicit_and_deflated_files() {
    use std::io::Write as _;

    let names = &all()[0];
    let implicit = full_of(names).file(uids::IMPLICIT_VR_LITTLE_ENDIAN);
    let explicit = full_of(names).file(uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN);
    // The data set behind the file meta information is deflated.
    let begin = explicit.windows(8).position(|w| w == b"\x08\0\x05\0CS\x0a\0").unwrap();
    let mut deflated = flate2::write::DeflateEncoder::new(explicit[..begin].to_vec(), flate2::Compression::default());
    deflated.write_all(&explicit[begin..]).unwrap();
    for (bytes, is_explicit) in [(implicit, false), (deflated.finish().unwrap(), true)] {
        let done = deidentified(&bytes, Options::default()).unwrap();
        assert!(found(&done.bytes, &names.words).is_empty());
        let (_, is) = Object::read(&done.bytes, is_explicit);
        assert_eq!(is.bytes_of(tags::PIXEL_DATA), full_of(names).bytes_of(tags::PIXEL_DATA));
    }
}

#[test]
fn a_name_in_the_bytes_of_a_compressed_image_is_refused_and_named_by_its_tag() {
    let mut object = image();
    object.text(tags::PATIENT_NAME, VR::PN, "Rumpelstilz^Jane");
    // A comment of a JPEG stream, as some scanners write.
    let stream = [&b"\xff\xd8\xff\xfe\0\x14by RUMPELSTILZ, J"[..], &[0; 40], b"\xff\xd9"].concat();
    object.0.insert(tags::PIXEL_DATA, (VR::OB, Value::Fragments(vec![Vec::new(), stream])));
    let error = deidentified(&object.file(uids::JPEG_BASELINE8_BIT), Options::default()).unwrap_err();
    assert!(matches!(error, DeidentifyError::Survives { .. }), "{error}");
    let words = error.to_string();
    assert!(words.contains("(0010,0010)") && words.contains("(7FE0,0010)"), "{words}");
    assert!(!words.contains("Rumpel"), "no value in a message: {words}");
}

#[test]
fn a_patient_who_is_called_like_what_is_shown_is_struck_from_text_and_not_from_codes() {
    let mut object = image();
    object.text(tags::PATIENT_NAME, VR::PN, "Chest^Siemens").text(tags::MANUFACTURER, VR::LO, "SIEMENS").text(
        tags::MANUFACTURER_MODEL_NAME,
        VR::LO,
        "Ysio Max",
    );
    let is = left_of(&object, Options::default());
    assert_eq!(is.text_of(tags::BODY_PART_EXAMINED).unwrap(), "CHEST");
    assert_eq!(is.text_of(tags::MANUFACTURER).unwrap(), "REMOVED");
    assert_eq!(is.text_of(tags::MANUFACTURER_MODEL_NAME).unwrap(), "Ysio Max");
}

#[test]
fn an_image_that_was_de_identified_before_is_so_again() {
    let mut object = image();
    object
        .text(tags::SOP_CLASS_UID, VR::UI, uids::ENHANCED_CT_IMAGE_STORAGE)
        .text(tags::REFERRING_PHYSICIAN_NAME, VR::PN, "REMOVED")
        .text(tags::INSTITUTION_NAME, VR::LO, "Sankt-Katharinen-Spital");
    let once = deidentified(&object.file(uids::EXPLICIT_VR_LITTLE_ENDIAN), Options::default()).unwrap();
    let twice = deidentified(&once.bytes, Options::default()).unwrap();
    let (once, twice) = (Object::read(&once.bytes, true).1, Object::read(&twice.bytes, true).1);
    assert_eq!(twice.text_of(tags::INSTITUTION_NAME).unwrap(), "REMOVED");
    assert_ne!(twice.text_of(tags::SOP_INSTANCE_UID), once.text_of(tags::SOP_INSTANCE_UID));
}

#[test]
fn more_names_than_anybody_has_are_refused_before_they_are_looked_for() {
    let mut object = image();
    let name: Vec<String> = (0..3000).map(|i| format!("Name{i}")).collect();
    object.put(tags::OTHER_PATIENT_NAMES, VR::PN, name.join("^").as_bytes());
    let error = deidentified(&object.file(uids::EXPLICIT_VR_LITTLE_ENDIAN), Options::default()).unwrap_err();
    assert!(error.to_string().contains("at most 2000 are looked for"), "{error}");
}
