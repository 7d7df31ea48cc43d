//! The command: where files go, what is printed, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use pellucid::files::walk::files_below;

use super::object::{Object, image, key};
use crate::cli::{code, lines, pellucid, said};

/// Two studies of one patient and one of another, in folders and files that are named like them.
fn archive(folder: &Path) {
    for (name, patient, study, series, instance) in [
        ("Doe_Jane/ct/1.dcm", "4711-0815", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1"),
        ("Doe_Jane/ct/2.dcm", "4711-0815", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.2"),
        ("Doe_Jane/later.dcm", "4711-0815", "1.2.3.2", "1.2.3.2.1", "1.2.3.2.1.1"),
        ("Roe_Richard.dcm", "4712-0816", "1.2.3.3", "1.2.3.3.1", "1.2.3.3.1.1"),
    ] {
        let mut reference = Object::default();
        reference.text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.3.1.1.1");
        let mut object = image();
        object
            .text(tags::PATIENT_NAME, VR::PN, if patient.contains("4711") { "Doe^Jane" } else { "Roe^Richard" })
            .text(tags::PATIENT_ID, VR::LO, patient)
            .text(tags::STUDY_DATE, VR::DA, if name.contains("later") { "20240301" } else { "20240201" })
            .text(tags::STUDY_INSTANCE_UID, VR::UI, study)
            .text(tags::SERIES_INSTANCE_UID, VR::UI, series)
            .text(tags::SOP_INSTANCE_UID, VR::UI, instance)
            .text(tags::FRAME_OF_REFERENCE_UID, VR::UI, "1.2.3.9")
            .items(tags::REFERENCED_IMAGE_SEQUENCE, vec![reference]);
        let path = folder.join("in").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, object.file(uids::EXPLICIT_VR_LITTLE_ENDIAN)).unwrap();
    }
}

fn written(folder: &Path) -> Vec<PathBuf> {
    files_below(folder).map(Result::unwrap).collect()
}

fn read(path: &Path) -> Object {
    Object::read(&fs::read(path).unwrap(), true).1
}

#[test]
fn a_folder_keeps_its_order_under_names_that_name_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    archive(path);
    // A key that gives no figures of an id by chance.
    key(path);
    let output = pellucid(path, &["deidentify", "in", "out", "--key", "key", "--retain-dates", "modified"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let files = written(&path.join("out"));
    assert_eq!(files.len(), 4);
    let depth = |file: &Path| file.strip_prefix(path.join("out")).unwrap().components().count();
    assert!(files.iter().all(|file| depth(file) == 4), "patient, study, series, image: {files:?}");
    for file in &files {
        let name = file.display().to_string();
        assert!(!name.contains("Doe") && !name.contains("Roe") && !name.contains("4711"), "{name}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    let objects: Vec<Object> = files.iter().map(|file| read(file)).collect();
    let all = |tag| objects.iter().map(|object| object.text_of(tag).unwrap()).collect::<Vec<_>>();
    let distinct = |tag| {
        let mut values = all(tag);
        values.sort();
        values.dedup();
        values.len()
    };
    assert_eq!((distinct(tags::PATIENT_ID), distinct(tags::STUDY_INSTANCE_UID)), (2, 3));
    assert_eq!((distinct(tags::SERIES_INSTANCE_UID), distinct(tags::SOP_INSTANCE_UID)), (3, 4));
    assert_eq!(distinct(tags::FRAME_OF_REFERENCE_UID), 1, "one value has one replacement");
    assert_eq!(all(tags::PATIENT_ID), all(tags::PATIENT_NAME));
    // A reference leads to the image that it led to.
    let instances = all(tags::SOP_INSTANCE_UID);
    for object in &objects {
        let to =
            object.items_of(tags::REFERENCED_IMAGE_SEQUENCE)[0].text_of(tags::REFERENCED_SOP_INSTANCE_UID).unwrap();
        assert!(instances.contains(&to), "{to}");
    }
    // The month between the studies of one patient is still a month, and the other patient's dates
    // went elsewhere.
    let date = |object: &Object| {
        chrono::NaiveDate::parse_from_str(&object.text_of(tags::STUDY_DATE).unwrap(), "%Y%m%d").unwrap()
    };
    let patients = all(tags::PATIENT_ID);
    let doe = patients.iter().find(|id| patients.iter().filter(|other| other == id).count() == 3).unwrap();
    let mut dates: Vec<_> = objects.iter().filter(|o| o.text_of(tags::PATIENT_ID).unwrap() == *doe).map(date).collect();
    dates.sort();
    assert_eq!((dates[1] - dates[0]).num_days() + (dates[2] - dates[1]).num_days(), 29);
}

#[test]
fn runs_with_one_key_agree_and_runs_without_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    archive(path);
    let run = |out: &str, more: &[&str]| {
        let output = pellucid(path, &[&["deidentify", "in", out], more].concat());
        assert_eq!(code(&output), 0, "{}", said(&output));
        let files = written(&path.join(out));
        files.iter().map(|file| file.strip_prefix(path.join(out)).unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = run("a", &["--key", "secret.key"]);
    assert!(path.join("secret.key").is_file(), "the key was made");
    assert_eq!(first, run("b", &["--key", "secret.key"]));
    assert_eq!(fs::read(path.join("a").join(&first[0])).unwrap(), fs::read(path.join("b").join(&first[0])).unwrap());
    assert_ne!(first, run("c", &["--key", "other.key"]));
    let (one, another) = (run("d", &[]), run("e", &[]));
    assert_ne!(one, another, "a key that nobody keeps");
}

#[test]
fn json_holds_tags_and_counts_and_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    archive(path);
    let output = pellucid(path, &["anonymize", "in/Roe_Richard.dcm", "clean.dcm", "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let line = &lines(&output)[0];
    assert_eq!(line["written"], "clean.dcm");
    let attributes = line["attributes"].as_array().unwrap();
    let name = attributes.iter().find(|entry| entry["tag"] == "(0010,0010)").unwrap();
    assert_eq!(
        (name["name"].as_str(), name["done"].as_str(), name["count"].as_u64()),
        (Some("PatientName"), Some("replaced"), Some(1))
    );
    let text = line["attributes"].to_string();
    assert!(!text.contains("Richard") && !text.contains("4712") && !text.contains("1.2.3"), "{text}");
}

#[test]
fn originals_and_files_that_are_there_are_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    archive(path);
    let file = "in/Roe_Richard.dcm";
    let original = fs::read(path.join(file)).unwrap();
    fs::write(path.join("there.dcm"), "something").unwrap();
    let refused = pellucid(path, &["deidentify", file, "there.dcm"]);
    assert_eq!(code(&refused), 1);
    assert!(said(&refused).contains("is there already; --force replaces it"), "{}", said(&refused));
    assert_eq!(fs::read(path.join("there.dcm")).unwrap(), b"something");
    assert_eq!(code(&pellucid(path, &["deidentify", file, "there.dcm", "--force"])), 0);
    for more in [&[][..], &["--force"]] {
        let refused = pellucid(path, &[&["deidentify", file, file], more].concat());
        assert_eq!(code(&refused), 1);
        assert!(said(&refused).contains("is the original"), "{}", said(&refused));
    }
    let mixed = pellucid(path, &["deidentify", "in", "in/clean"]);
    assert_eq!(code(&mixed), 2);
    assert!(said(&mixed).contains("lie in each other"), "{}", said(&mixed));
    assert_eq!(fs::read(path.join(file)).unwrap(), original);
}

#[test]
fn what_is_no_dicom_image_is_refused_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    archive(path);
    let mut report = image();
    report.text(tags::SOP_CLASS_UID, VR::UI, uids::BASIC_TEXT_SR_STORAGE).0.remove(&tags::PIXEL_DATA);
    report.0.retain(|tag, _| tag.0 < 0x28);
    fs::write(path.join("in/report.dcm"), report.file(uids::EXPLICIT_VR_LITTLE_ENDIAN)).unwrap();
    image::GrayImage::new(4, 4).save(path.join("in/Doe.png")).unwrap();
    fs::write(path.join("in/notes.txt"), "Doe, Jane").unwrap();
    let whole = fs::read(path.join("in/Roe_Richard.dcm")).unwrap();
    fs::write(path.join("in/cut.dcm"), &whole[..whole.len() - 9]).unwrap();
    let output = pellucid(path, &["deidentify", "in", "out"]);
    assert_eq!(code(&output), 3, "{}", said(&output));
    let words = said(&output);
    for part in [
        "Basic Text SR, whose content is free text",
        "no DICOM file but a PNG image",
        "cut.dcm was not de-identified. Cause: The file is truncated",
        "1 other file(s) of in are no DICOM images",
    ] {
        assert!(words.contains(part), "{part} is missing in\n{words}");
    }
    assert_eq!(written(&path.join("out")).len(), 4);
    let nothing = pellucid(path, &["deidentify", "in/notes.txt", "x.dcm"]);
    assert_eq!(code(&nothing), 1);
    assert!(!path.join("x.dcm").exists());
}

#[test]
fn options_that_no_program_can_keep_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    for flag in ["--clean-graphics", "--clean-structured-content"] {
        let output = pellucid(folder.path(), &["deidentify", "in", "out", flag]);
        assert_eq!(code(&output), 2);
        assert!(said(&output).contains("no program can know"), "{}", said(&output));
    }
    let region = pellucid(folder.path(), &["deidentify", "in", "out", "--blank", "1,2,3"]);
    assert_eq!(code(&region), 2);
    assert!(said(&region).contains("X,Y,WIDTH,HEIGHT"), "{}", said(&region));
}

#[test]
fn copies_are_one_file_and_images_that_share_a_uid_are_two() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir(path.join("in")).unwrap();
    let mut object = image();
    fs::write(path.join("in/a.dcm"), object.file(uids::EXPLICIT_VR_LITTLE_ENDIAN)).unwrap();
    fs::write(path.join("in/b.dcm"), object.file(uids::EXPLICIT_VR_LITTLE_ENDIAN)).unwrap();
    object.put(tags::PIXEL_DATA, VR::OW, &[7; 48]);
    fs::write(path.join("in/c.dcm"), object.file(uids::EXPLICIT_VR_LITTLE_ENDIAN)).unwrap();
    let output = pellucid(path, &["deidentify", "in", "out"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert_eq!(written(&path.join("out")).len(), 2);
    assert!(String::from_utf8_lossy(&output.stdout).contains("a copy, byte for byte"));
}
