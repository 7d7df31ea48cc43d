//! Frames other than the first, from the command line.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::cli::{code, lines, npy, pellucid, said};
use super::study::{file, grey, number, text};
use super::toy;

/// Three frames of 8 × 8 pixels; frame `n` begins at 1000 `n`.
fn object(folder: &std::path::Path) {
    let words: Vec<u16> = (0..3 * 64).map(|i: u16| 1000 * (i / 64) + i % 64).collect();
    let mut object = grey(&words);
    number(&mut object, tags::COLUMNS, 8);
    number(&mut object, tags::ROWS, 8);
    text(&mut object, tags::NUMBER_OF_FRAMES, VR::IS, "3");
    fs::write(folder.join("cine.dcm"), file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN)).unwrap();
}

#[test]
fn inspect_takes_the_frame_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    object(folder.path());
    let output = pellucid(folder.path(), &["inspect", "cine.dcm", "--json", "--frame", "3", "--pixels", "c.npy"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let line = &lines(&output)[0];
    assert_eq!((&line["frame"], &line["frames"], &line["minimum"]), (&3.into(), &3.into(), &2000.0.into()));
    assert_eq!(npy(&folder.path().join("c.npy")).1[63], 2063.0);
}

#[test]
fn every_frame_has_its_line() {
    let folder = tempfile::tempdir().unwrap();
    object(folder.path());
    let output = pellucid(folder.path(), &["inspect", "cine.dcm", "--json", "--frames"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let found: Vec<(i64, f64)> = lines(&output)
        .iter()
        .map(|line| (line["frame"].as_i64().unwrap(), line["minimum"].as_f64().unwrap()))
        .collect();
    assert_eq!(found, [(1, 0.0), (2, 1000.0), (3, 2000.0)]);
    let words = pellucid(folder.path(), &["inspect", "cine.dcm", "--frames"]);
    assert!(String::from_utf8_lossy(&words.stdout).contains("frame 2 of 3  1000 to 1063"), "{words:?}");
}

#[test]
fn a_frame_that_is_not_there_is_a_sentence_and_zero_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    object(folder.path());
    let output = pellucid(folder.path(), &["inspect", "cine.dcm", "--frame", "4"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains('4') && said(&output).contains('3'), "{}", said(&output));
    assert_eq!(code(&pellucid(folder.path(), &["inspect", "cine.dcm", "--frame", "0"])), 2);
}

#[test]
fn an_object_of_more_than_a_gigabyte_is_read_frame_by_frame() {
    const FRAMES: u64 = 120;
    const FRAME: u64 = 2 * 2000 * 2500;
    let folder = tempfile::tempdir().unwrap();
    let mut object = grey(&[0]);
    number(&mut object, tags::COLUMNS, 2000);
    number(&mut object, tags::ROWS, 2500);
    text(&mut object, tags::NUMBER_OF_FRAMES, VR::IS, &FRAMES.to_string());
    let mut bytes = file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN);
    // Pixel data of a sample end the file: now of all frames, zeros but for the last.
    let length = bytes.len() - 6;
    assert_eq!(bytes[length..length + 4], [2, 0, 0, 0]);
    bytes[length..length + 4].copy_from_slice(&((FRAMES * FRAME) as u32).to_le_bytes());
    bytes.truncate(length + 4);
    let path = folder.path().join("tomosynthesis.dcm");
    fs::write(&path, &bytes).unwrap();
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(bytes.len() as u64 + (FRAMES - 1) * FRAME)).unwrap();
    file.write_all(&vec![7; FRAME as usize]).unwrap();
    drop(file);
    let output = pellucid(folder.path(), &["inspect", "tomosynthesis.dcm", "--json", "--frame", "120"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let line = &lines(&output)[0];
    assert_eq!((&line["frames"], &line["minimum"]), (&120.into(), &f64::from(0x0707).into()));
}

#[test]
fn predict_says_which_frame_it_scored() {
    let folder = tempfile::tempdir().unwrap();
    object(folder.path());
    toy::model(folder.path());
    let model = ["--model", "toy", "--samples", "0", "--force", "--json"];
    let scored = |frame: &str| {
        let output = pellucid(folder.path(), &[&["predict", "cine.dcm", "--frame", frame], &model[..]].concat());
        assert_eq!(code(&output), 0, "{}", said(&output));
        lines(&output).remove(0)
    };
    assert_eq!(scored("2")["frame"], 2);
    let output = pellucid(folder.path(), &["predict", "cine.dcm", "--by", "study", "--frame", "2"]);
    assert_eq!(code(&output), 2);
}
