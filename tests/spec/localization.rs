//! Does the heat map lie on the finding? `pellucid evaluate DIR --localization PATH` against masks
//! and boxes.

use std::fs;
use std::path::Path;
use std::process::Output;

use image::{GrayImage, Luma};
use serde_json::Value;

use crate::cli::{code, lines, npy, pellucid, said};
use crate::toy;

const NIH: &str = "Image Index,Finding Label,Bbox [x,y,w,h],,,\n";

/// Runs the evaluation of `films` with the toy model.
fn localize(folder: &Path, marks: &str, more: &[&str]) -> Output {
    let mut arguments = vec!["evaluate", "films", "--model", "toy", "--localization", marks];
    arguments.extend(more);
    pellucid(folder, &arguments)
}

/// A folder with the toy model and two pictures of 120 × 100 pixels.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    for (name, seed) in [("00000001_000.png", 1), ("00000001_001.png", 2), ("00000002_000.png", 3)] {
        toy::picture(&folder.path().join("films").join(name), seed);
    }
    folder
}

fn boxes(folder: &Path, table: &str) -> String {
    fs::write(folder.join("boxes.csv"), table).unwrap();
    "boxes.csv".into()
}

/// The rows of a table by the names of its columns.
fn table(path: &Path) -> Vec<std::collections::HashMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(|row| row.unwrap()).collect()
}

fn number(row: &std::collections::HashMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: {:?}", row.get(column)))
}

#[test]
fn heat_maps_are_measured_against_the_masks_of_phantoms() {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    let films = ["phantom", "--out", "films", "--count", "3", "--size", "96", "--opacity", "right-lower"];
    assert_eq!(code(&pellucid(folder.path(), &films)), 0);
    let healthy = ["phantom", "--out", "films", "--seed", "9", "--size", "96", "--healthy", "--format", "png"];
    assert_eq!(code(&pellucid(folder.path(), &healthy)), 0);
    let output = localize(folder.path(), "films", &["--json", "--out", "judged"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(
        said(&output).contains("masks without a marked pixel were left out: phantom-9-mask.png"),
        "{}",
        said(&output)
    );
    let figures = lines(&output).remove(0);
    assert_eq!((&figures["regions"], &figures["images"]), (&3.into(), &3.into()));
    let methods: Vec<&str> =
        figures["methods"].as_array().unwrap().iter().filter_map(|m| m["method"].as_str()).collect();
    assert_eq!(methods, ["grad-cam", "grad-cam++"]);
    let measures = &figures["methods"][0]["measures"];
    for measure in
        ["pointing", "energy", "iou_otsu", "iou_0.5", "hit_iou_0.1", "hit_iou_0.25", "hit_iou_0.5", "hit_iobb_0.1"]
    {
        for of in ["map", "centred_blob", "random_blob"] {
            let mean = measures[measure][of]["mean"].as_f64().unwrap_or_else(|| panic!("{measure} {of}"));
            assert!((0.0..=1.0).contains(&mean), "{measure} {of}: {mean}");
        }
    }
    assert!(figures["methods"][0]["verdict"].as_str().unwrap().contains("3 patients cannot tell"), "{figures}");

    // What is written beside: a row for each region and method, whose means are those figures.
    let judged = folder.path().join("judged");
    let rows = table(&judged.join("localization.csv"));
    assert_eq!(rows.len(), 6);
    let of_first: Vec<f64> = rows.iter().filter(|r| r["method"] == "grad-cam").map(|r| number(r, "energy")).collect();
    let mean = of_first.iter().sum::<f64>() / of_first.len() as f64;
    assert!((mean - measures["energy"]["map"]["mean"].as_f64().unwrap()).abs() < 1e-9);
    let mask = image::open(folder.path().join("films/phantom-1-mask.png")).unwrap().into_luma8();
    let share = mask.pixels().filter(|p| p.0[0] > 0).count() as f64 / (96.0 * 96.0);
    let first = rows.iter().find(|r| r["image"] == "phantom-1.dcm").expect("the film, not its mask");
    assert!((number(first, "share") - share).abs() < 1e-9);
    assert_eq!(first["finding"], "Pneumonia");
    let written: Value = serde_json::from_slice(&fs::read(judged.join("localization.json")).unwrap()).unwrap();
    assert_eq!(written, figures);
    let sheet = image::open(judged.join("localization.png")).unwrap().into_rgb8();
    let green = sheet.pixels().filter(|p| p.0 == [60, 220, 90]).count();
    assert!(green > 100, "what was marked is drawn: {green}");
}

#[test]
fn a_group_is_measured_by_the_map_of_the_group() {
    let folder = place();
    let table = boxes(folder.path(), "image,finding,x,y,w,h\n00000001_000.png,Pneumonia,10,10,50,50\n");
    let output = localize(folder.path(), &table, &["--method", "saliency,grad-cam", "--out", "judged"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let row = self::table(&folder.path().join("judged/localization.csv")).remove(0);
    assert_eq!((row["finding"].as_str(), row["method"].as_str()), ("Pneumonia", "saliency"));

    let film = "films/00000001_000.png";
    let peak = |class: &str| {
        let class = ["--method", "saliency", "--class", class, "--raw", "map.npy", "--samples", "0"];
        let output = pellucid(folder.path(), &[&["explain", film, "--model", "toy"][..], &class].concat());
        assert_eq!(code(&output), 0, "{}", said(&output));
        let (shape, values) = npy(&folder.path().join("map.npy"));
        let width: usize = shape.rsplit(", ").next().unwrap().parse().unwrap();
        let place = (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap();
        // The network's square, stretched to the picture of 120 × 100.
        let share = |at: usize| (at as f64 + 0.5) / width as f64;
        (share(place % width) * 120.0, share(place / width) * 100.0)
    };
    let measured = (number(&row, "x"), number(&row, "y"));
    let apart = |peak: (f64, f64)| (peak.0 - measured.0).abs().max((peak.1 - measured.1).abs());
    assert!(apart(peak("Pneumonia")) < 3.0, "{measured:?} and not {:?}", peak("Pneumonia"));
}

#[test]
fn boxes_that_cannot_be_used_are_named_and_the_others_count() {
    let folder = place();
    let table = format!(
        "{NIH}00000001_000.png,Pneumonia,100,200,300,400,,,\n00000001_001.png,bacteria,900,900,300,300,,,\n\
         00000002_000.png,Pneumonia,1500,100,50,50,,,\n00000001_000.png,Hernia,1,1,5,5,,,\n\
         00000009_000.png,Pneumonia,1,1,5,5,,,\n00000002_000.png,Pneumonia,10,10,-3,5,,,\n"
    );
    let output = localize(folder.path(), &boxes(folder.path(), &table), &["--json"]);
    let said = said(&output);
    assert_eq!(code(&output), 3, "{said}");
    let figures = lines(&output).remove(0);
    assert_eq!((&figures["regions"], &figures["patients"]), (&2.into(), &1.into()));
    assert!(said.contains("row 7 of the table of boxes (00000002_000.png): the width of the box is -3"), "{said}");
    assert!(said.contains("boxes that reach out of their image were cut to it: 00000001_001.png (row 3)"), "{said}");
    assert!(said.contains("boxes that lie outside of their image were left out: 00000002_000.png (row 4)"), "{said}");
    assert!(said.contains("toy knows no such finding: \"Hernia\" (1)"), "{said}");
    assert!(said.contains("no image of the name lies in the folder: 00000009_000.png"), "{said}");
    assert_eq!(figures["boxes_outside"][0], "00000002_000.png (row 4)");
}

#[test]
fn anonymised_regions_have_numbers_for_images_and_patients() {
    let folder = place();
    let marks =
        "image,finding,x,y,w,h\n00000001_000.png,Pneumonia,10,10,40,40\n00000002_000.png,Pneumonia,90,80,90,90\n";
    let marks = boxes(folder.path(), marks);
    let output = localize(folder.path(), &marks, &["--out", "judged", "--anonymize", "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let rows = table(&folder.path().join("judged/localization.csv"));
    let first = rows.iter().find(|row| row["image"] == "image-0001").unwrap();
    assert_eq!(first["patient"], "patient-0001");
    assert_eq!(lines(&output)[0]["boxes_cut"], serde_json::json!(["image-0002"]));
    for name in ["localization.csv", "localization.json"] {
        let text = fs::read_to_string(folder.path().join("judged").join(name)).unwrap();
        assert!(!text.contains("0000000"), "{name}: {text}");
    }
}

#[test]
fn boxes_of_the_nih_count_the_pixels_of_films_of_1024() {
    let folder = place();
    let table = format!("{NIH}00000001_000.png,Pneumonia,256,256,512,512,,,\n");
    let output = localize(folder.path(), &boxes(folder.path(), &table), &["--out", "judged"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let nih = self::table(&folder.path().join("judged/localization.csv"));
    assert!((number(&nih[0], "share") - 0.25).abs() < 1e-9);
    assert_eq!(nih[0]["patient"], "00000001");
    // The same numbers in a table of the image's own pixels reach out of its 120 × 100.
    let own = boxes(folder.path(), "image,finding,x,y,w,h\n00000001_000,Pneumonia,60,50,512,512\n");
    let output = localize(folder.path(), &own, &["--out", "judged"]);
    assert!(said(&output).contains("cut to it: 00000001_000.png (row 2)"), "{}", said(&output));
    assert!((number(&self::table(&folder.path().join("judged/localization.csv"))[0], "share") - 0.25).abs() < 1e-9);
}

#[test]
fn a_map_against_the_whole_image_is_right_unless_it_shows_nothing() {
    let folder = place();
    let whole = boxes(
        folder.path(),
        "image,finding,x,y,w,h\n00000001_000.png,bacteria,0,0,120,100\n00000002_000.png,normal,0,0,120,100\n",
    );
    let output = localize(folder.path(), &whole, &["--out", "judged", "--overlap-at", "0.25,0.75"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let rows = table(&folder.path().join("judged/localization.csv"));
    assert_eq!(rows.len(), 4);
    for row in rows {
        let shows = number(&row, "evidence");
        assert_eq!((number(&row, "pointing"), number(&row, "energy"), number(&row, "share")), (shows, shows, 1.0));
        assert_eq!((number(&row, "centred_pointing"), number(&row, "random_energy")), (1.0, 1.0));
        assert!(number(&row, "iou_0.25") >= number(&row, "iou_0.75"));
        assert_eq!(row["x"].is_empty(), shows == 0.0);
    }
}

#[test]
fn masks_lie_in_folders_of_their_labels() {
    let folder = place();
    let mask = |path: &str, width: u32, height: u32| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let inside = |x: u32, y: u32| x < width / 2 && y < height / 2;
        GrayImage::from_fn(width, height, |x, y| Luma([u8::from(inside(x, y))])).save(path).unwrap();
    };
    mask("masks/Viral pneumonia/00000001_000.png", 60, 50);
    mask("masks/Viral pneumonia/00000001_001.png", 60, 60);
    mask("masks/Hernia/00000002_000.png", 60, 50);
    let output = localize(folder.path(), "masks", &["--out", "judged"]);
    let said = said(&output);
    assert_eq!(code(&output), 3, "{said}");
    assert!(said.contains("has 60 × 60 pixels and the image 120 × 100: they do not show the same"), "{said}");
    assert!(said.contains("\"Hernia\" (1)"), "{said}");
    let rows = table(&folder.path().join("judged/localization.csv"));
    assert_eq!((rows.len(), rows[0]["finding"].as_str()), (2, "Viral pneumonia"));
    assert!((number(&rows[0], "share") - 0.25).abs() < 1e-9);
}

#[test]
fn a_table_of_something_else_is_told_what_is_there_and_what_is_wanted() {
    let folder = place();
    let wrong = boxes(folder.path(), "image,score\n00000001_000.png,0.5\n");
    let output = localize(folder.path(), &wrong, &[]);
    assert_eq!(code(&output), 1);
    let said = said(&output);
    assert!(said.contains("no column for the left edge (x)") && said.contains("\"image\", \"score\""), "{said}");
    let none = boxes(folder.path(), &format!("{NIH}other.png,Pneumonia,1,1,5,5,,,\n"));
    let output = localize(folder.path(), &none, &[]);
    assert_eq!(code(&output), 1);
    assert!(self::said(&output).contains("marks no finding of toy in any image"), "{}", self::said(&output));
}

#[test]
fn options_that_cannot_be_meant_are_usage_errors() {
    let folder = place();
    let table = boxes(folder.path(), &format!("{NIH}00000001_000.png,Pneumonia,1,1,500,500,,,\n"));
    for wrong in [["--finding", "Hernia"], ["--overlap-at", "1.5"], ["--tolerance", "NaN"], ["--method", "guess"]] {
        assert_eq!(code(&localize(folder.path(), &table, &wrong)), 2, "{wrong:?}");
    }
    let alone = pellucid(folder.path(), &["evaluate", "films", "--model", "toy", "--tolerance", "15"]);
    assert_eq!(code(&alone), 2, "an option of the localisation means nothing without it");
}
