//! Which files are images, and which of them are the same: identity, copies, special files, links,
//! names with escapes in them.

use std::path::Path;

use pellucid::cancel::CancelToken;
use pellucid::phantom::PhantomRecipe;
use pellucid::study::Catalogue;
use pellucid::{phantom, study};

use crate::cli::{code, lines, pellucid, said};
use crate::study::{file, folder_with, grey, scanned, text};
use crate::toy;

fn recipe(size: u32) -> PhantomRecipe {
    PhantomRecipe { size: size as usize, ..PhantomRecipe::default() }
}

/// Two images under one UID, and a copy of the first.
fn claimants(folder: &Path) {
    let one = phantom::render(&recipe(64));
    let mut other = phantom::render(&recipe(64));
    other.plane.values.iter_mut().take(64).for_each(|v| *v = 0.0);
    phantom::write_dicom(&folder.join("a.dcm"), &one, &recipe(64)).unwrap();
    phantom::write_dicom(&folder.join("b.dcm"), &other, &recipe(64)).unwrap();
    std::fs::copy(folder.join("a.dcm"), folder.join("c.dcm")).unwrap();
}

#[test]
fn files_with_one_uid_and_other_pixels_are_two_images_with_a_warning_each() {
    let folder = tempfile::tempdir().unwrap();
    claimants(folder.path());
    let found = scanned(&[folder.path()]);
    let images: Vec<_> = found.images().collect();
    assert_eq!(images.len(), 2);
    assert_eq!(images[0].identity.sop_instance_uid, images[1].identity.sop_instance_uid);
    assert_ne!(images[0].key(), images[1].key());
    assert_eq!(found.warnings.len(), 2, "{:?}", found.warnings);
    for image in images {
        let frame = study::load(image, 0).unwrap();
        assert!(
            frame.warnings[0].contains("the same SOP Instance UID and holds something else"),
            "{:?}",
            frame.warnings
        );
    }
}

#[test]
fn copies_byte_for_byte_are_one_image_and_are_named() {
    let folder = tempfile::tempdir().unwrap();
    claimants(folder.path());
    std::fs::remove_file(folder.path().join("b.dcm")).unwrap();
    let found = scanned(&[folder.path()]);
    let images: Vec<_> = found.images().collect();
    assert_eq!((images.len(), found.warnings.len()), (1, 0));
    assert_eq!(images[0].shared_uid.copies, [folder.path().join("c.dcm")]);
}

#[test]
fn what_is_opened_later_is_told_apart_from_what_is_open() {
    let folder = tempfile::tempdir().unwrap();
    claimants(folder.path());
    let at = |name: &str| folder.path().join(name);
    let open = scanned(&[&at("a.dcm")]);
    let beside = |name: &str| study::scan_beside(&open, &[at(name)], &CancelToken::default(), &mut |_, _| ());
    let first = open.images().next().unwrap();
    let keys = |found: &Catalogue| found.images().map(|e| e.key()).collect::<Vec<_>>();
    assert_eq!(keys(&beside("a.dcm")), [first.key()], "the same file again");
    let copy = beside("c.dcm");
    assert_eq!(copy.images().count(), 0);
    assert!(copy.warnings[0].reason.contains("a copy of a.dcm, byte for byte"), "{:?}", copy.warnings);
    let other = beside("b.dcm");
    assert_ne!(keys(&other), [first.key()]);
    assert_eq!((other.images().count(), other.warnings.len()), (1, 1));
}

#[test]
fn predict_prints_a_line_for_every_file_that_it_is_given_or_finds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    std::fs::create_dir(path.join("set")).unwrap();
    claimants(&path.join("set"));
    let predict = |paths: &[&str]| {
        let output = pellucid(path, &[&["predict", "--model", "toy", "--samples", "0", "--json"], paths].concat());
        assert_eq!(code(&output), 0, "{}", said(&output));
        let line = |line: &serde_json::Value| {
            let copy = line["copy_of"].as_str().map(|c| format!(" = {c}")).unwrap_or_default();
            format!("{}{copy}", line["image"].as_str().unwrap())
        };
        lines(&output).iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(predict(&["set/b.dcm", "set/a.dcm", "set/c.dcm"]), ["set/b.dcm", "set/a.dcm", "set/c.dcm = set/a.dcm"]);
    let mut found = predict(&["set"]);
    found.sort();
    assert_eq!(found, ["set/a.dcm", "set/b.dcm", "set/c.dcm = set/a.dcm"]);
    assert_eq!(predict(&["set/a.dcm", "set"]).len(), 3, "no file twice");
}

#[test]
fn files_that_cannot_be_read_are_reported_one_by_one_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    std::fs::create_dir(path.join("set")).unwrap();
    toy::picture(&path.join("set/a.png"), 1);
    std::fs::write(path.join("set/b.png"), "no picture").unwrap();
    let output = pellucid(path, &["predict", "set", "gone.png", "--model", "toy", "--samples", "0", "--json"]);
    assert_eq!((code(&output), lines(&output).len()), (3, 1));
    for name in ["set/b.png was not read", "gone.png was not read"] {
        assert!(said(&output).contains(name), "{}", said(&output));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn pipes_and_devices_are_named_and_never_waited_for() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    std::fs::create_dir(path.join("set")).unwrap();
    toy::picture(&path.join("set/a.png"), 1);
    rustix::fs::mknodat(rustix::fs::CWD, path.join("set/pipe.dcm"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    symlink("/dev/zero", path.join("set/endless.png")).unwrap();
    let output = pellucid(path, &["predict", "set", "--model", "toy", "--samples", "0", "--json"]);
    assert_eq!((code(&output), lines(&output).len()), (3, 1), "{}", said(&output));
    assert!(
        said(&output).contains("pipe.dcm was not read. Cause: The path leads to a named pipe"),
        "{}",
        said(&output)
    );
    assert!(said(&output).contains("endless.png was not read. Cause: The path leads to a device"), "{}", said(&output));
}

#[cfg(unix)]
#[test]
fn folders_that_link_to_each_other_are_listed_once() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    for level in 0..30 {
        let here = folder.path().join(format!("d{level:02}"));
        std::fs::create_dir(&here).unwrap();
        for link in ["a", "b"] {
            symlink(format!("../d{:02}", level + 1), here.join(link)).unwrap();
        }
    }
    std::fs::create_dir(folder.path().join("d30")).unwrap();
    toy::picture(&folder.path().join("d30/x.png"), 1);
    assert_eq!(scanned(&[&folder.path().join("d00")]).images().count(), 1);
}

#[test]
fn escapes_in_attributes_and_names_never_reach_the_terminal() {
    use dicom_core::VR;
    use dicom_dictionary_std::{tags, uids};

    let mut object = grey(&[1, 2, 3, 4]);
    text(&mut object, tags::MODALITY, VR::CS, "\x1b[31mX\x07");
    text(&mut object, tags::PATIENT_NAME, VR::PN, "A\x1b]0;pwned\x07B\nerror: forged line");
    let bytes = file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let name = "a\x1b[2J\u{202e}.dcm";
    let folder = folder_with(&[(name, &bytes), ("b\x1b[2J.dcm", b"no image")]);
    toy::model(folder.path());
    for arguments in [&["inspect", "."][..], &["inspect", ".", "--json"], &["predict", ".", "--samples", "0"]] {
        let output = pellucid(folder.path(), arguments);
        let all = [String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap()].concat();
        assert!(!all.contains(['\x1b', '\x07', '\u{202e}']), "{all:?}");
        assert!(!all.lines().any(|line| line.trim_start().starts_with("error: forged")), "{all}");
        assert!(all.contains("1b"), "what was there is written out: {all}");
    }
}
