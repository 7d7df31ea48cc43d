//! Shortcuts: a classifier that learnt a marker in the place of the finding is found out on
//! phantoms, one that did not is not; and the command over a folder.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use pellucid::evaluation::predictions::{Prediction, Predictions, Target};
use pellucid::evaluation::shortcuts::associations::{Association, Associations};
use pellucid::evaluation::shortcuts::regions::{Region, removed};
use pellucid::evaluation::shortcuts::removal::{Change, Removal};
use pellucid::evaluation::shortcuts::run::{MARKER_LEFT, MARKER_RIGHT, STRIP, seen};
use pellucid::explain::faithfulness::InputImage;
use pellucid::imaging::Plane;
use pellucid::model::manifest::Head;
use pellucid::phantom::{Lung, Opacity, OpacityKind, PhantomRecipe, Zone, render};
use rayon::prelude::*;

use crate::cli::{code, lines, pellucid, said};
use crate::toy;

/// Side of the phantoms; markers are told from 134 pixels on.
const SIDE: usize = 160;
/// Cells of the classifier along a side, each of eight by eight pixels.
const GRID: usize = 20;

/// A phantom with an opacity somewhere, or without, and with or without an L in its upper right
/// corner, as a network is given it: mean 0, deviation 1.
fn image(seed: u64, sick: bool, marker: bool) -> InputImage {
    let opacity = Opacity {
        lung: if seed.is_multiple_of(2) { Lung::Left } else { Lung::Right },
        zone: [Zone::Upper, Zone::Lower, Zone::Middle][(seed / 2 % 3) as usize],
        kind: if (seed / 6).is_multiple_of(2) { OpacityKind::Lobar } else { OpacityKind::Interstitial },
        size: 1.0,
        density: 0.8,
    };
    let opacities = if sick { vec![opacity] } else { Vec::new() };
    let mut plane = render(&PhantomRecipe { seed, size: SIDE, opacities, ..PhantomRecipe::default() }).plane;
    if marker {
        letter(&mut plane);
    }
    let n = plane.values.len() as f32;
    let mean = plane.values.iter().sum::<f32>() / n;
    let sd = (plane.values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / n).sqrt();
    let values = plane.values.iter().map(|v| (v - mean) / sd).collect();
    InputImage { channels: 1, width: SIDE, height: SIDE, values }
}

/// Strokes two pixels wide: down from row 3 to 14, and across below.
fn letter(plane: &mut Plane) {
    for row in 3..15 {
        plane.values[row * SIDE + 132..][..2].fill(3900.0);
    }
    for row in 13..15 {
        plane.values[row * SIDE + 132..][..8].fill(3900.0);
    }
}

/// A logistic regression on the means of the cells, ridge 0.1, by gradient descent: the smallest
/// classifier that can learn a marker, an opacity, or both.
struct Classifier {
    centre: Vec<f64>,
    weights: Vec<f64>,
    bias: f64,
}

fn cells(image: &InputImage) -> Vec<f64> {
    let cell = SIDE / GRID;
    let mut sums = vec![0.0; GRID * GRID];
    for (i, value) in image.values.iter().enumerate() {
        sums[i / SIDE / cell * GRID + i % SIDE / cell] += f64::from(*value) / (cell * cell) as f64;
    }
    sums
}

impl Classifier {
    fn trained(images: &[(InputImage, bool)]) -> Self {
        let mut rows: Vec<Vec<f64>> = images.iter().map(|(image, _)| cells(image)).collect();
        let n = rows.len() as f64;
        let centre: Vec<f64> = (0..GRID * GRID).map(|k| rows.iter().map(|row| row[k]).sum::<f64>() / n).collect();
        rows.iter_mut().for_each(|row| row.iter_mut().zip(&centre).for_each(|(v, c)| *v -= c));
        let (mut weights, mut bias) = (vec![0.0; GRID * GRID], 0.0);
        for _ in 0..300 {
            let mut slope: Vec<f64> = weights.iter().map(|w| 0.1 * w).collect();
            let mut tilt = 0.0;
            for (row, (_, sick)) in rows.iter().zip(images) {
                let error = logistic(dot(row, &weights) + bias) - f64::from(u8::from(*sick));
                slope.iter_mut().zip(row).for_each(|(s, v)| *s += error * v / n);
                tilt += error / n;
            }
            weights.iter_mut().zip(&slope).for_each(|(w, s)| *w -= 0.5 * s);
            bias -= 0.5 * tilt;
        }
        Self { centre, weights, bias }
    }

    fn score(&self, image: &InputImage) -> f64 {
        let row: Vec<f64> = cells(image).iter().zip(&self.centre).map(|(v, c)| v - c).collect();
        logistic(dot(&row, &self.weights) + self.bias)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Sixty phantoms to learn from. Planted: whoever has an opacity has the marker. Else half of both.
fn learnt(planted: bool) -> Classifier {
    let one = |i: u64| {
        let sick = i.is_multiple_of(2);
        let marker = if planted { sick } else { (i / 2).is_multiple_of(2) };
        (image(1000 + i, sick, marker), sick)
    };
    Classifier::trained(&(0..60).into_par_iter().map(one).collect::<Vec<_>>())
}

/// What is found of a classifier on forty other phantoms, half of both with the marker: whether the
/// marker predicts its score, and how far that moves without markers.
fn found(classifier: &Classifier) -> (Association, Removal) {
    let one = |i: u64| {
        let (sick, marker) = (i.is_multiple_of(2), (i / 2).is_multiple_of(2));
        (sick, marker, image(2000 + i, sick, marker))
    };
    let images: Vec<(bool, bool, InputImage)> = (0..40_u64).into_par_iter().map(one).collect();
    let mut set = Predictions {
        head: Head::Sigmoid,
        targets: vec![Target { name: "Opacity".into(), group: false }],
        rows: Vec::new(),
    };
    let mut changes = Vec::new();
    for (i, (sick, marker, image)) in images.iter().enumerate() {
        let (score, facts, patient) = (classifier.score(image), seen(image), format!("phantom-{i}"));
        // The detector sees what was planted.
        assert_eq!(facts[MARKER_RIGHT] == "yes", *marker, "phantom {i}: {facts:?}");
        if let Some(removed) = removed(image, Region::Markers, None, 100 + i as u64) {
            let moved = |to: &InputImage| (classifier.score(to) - score).abs();
            let (region, inside) = (moved(&removed.without_region), moved(&removed.without_inside));
            changes.push(Change { patient: patient.clone(), region, inside, lungs: None, share: removed.share });
        }
        set.rows.push(Prediction {
            image: format!("{i}.png"),
            patient,
            truth: vec![Some(*sick)],
            says: vec![score >= 0.5],
            probability: vec![score],
            logits: vec![(score / (1.0 - score)).ln()],
            facts,
        });
    }
    let associations = Associations::of(&set, &[0], 7);
    let right = associations.found.into_iter().find(|a| a.attribute == MARKER_RIGHT).expect("20 of each");
    (right, Removal::of("Opacity", Region::Markers, &changes, 7).expect("20 and more have a marker"))
}

#[test]
fn a_planted_shortcut_is_found_and_without_one_none_is() {
    let (predicts, moves) = found(&learnt(true));
    assert_eq!((predicts.group.as_str(), predicts.images, predicts.others), ("yes", 20, 20));
    assert!(predicts.given_truth && predicts.is_found() && predicts.estimate.0.unwrap() > 0.65, "{predicts:?}");
    assert!(moves.is_found() && !moves.is_little(), "{moves:?}");
    let (honest, stays) = found(&learnt(false));
    assert!(!honest.is_found(), "{honest:?}");
    // A hundredth of the image is filled in, which always moves a score a little.
    let p95 = |removal: &Removal| removal.without_region.p95.0.unwrap();
    assert!(p95(&stays) < 0.1 && p95(&stays) < p95(&moves) / 2.0, "{stays:?} {moves:?}");
}

#[test]
fn what_is_seen_in_the_pixels_is_an_attribute() {
    let mut strip = image(3, false, true);
    for y in 0..SIDE {
        strip.values[y * SIDE..y * SIDE + 8].fill(-1.0);
    }
    let facts = seen(&strip);
    assert_eq!((facts[MARKER_RIGHT].as_str(), facts[STRIP].as_str()), ("yes", "yes"));
    assert!(facts.contains_key(MARKER_LEFT));
}

/// The toy model with forty pictures of twenty patients; a table says which machine made them, and
/// how old the patients are, and masks where two lungs lie.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    let lung = |x: u32, y: u32| (15..85).contains(&y) && ((15..50).contains(&x) || (70..105).contains(&x));
    let mask = image::GrayImage::from_fn(120, 100, |x, y| image::Luma([if lung(x, y) { 255 } else { 0 }]));
    fs::create_dir(folder.path().join("masks")).unwrap();
    let mut facts = "image,machine,kV,Age\n".to_owned();
    for i in 0..40_u32 {
        let class = if i % 4 < 2 { "Normal" } else { "Viral pneumonia" };
        let name = format!("person{}_{i}.png", i / 2);
        toy::picture(&folder.path().join("films").join(class).join(&name), i);
        let machine = if i % 2 == 0 { "A" } else { "B" };
        let age = if i / 2 % 2 == i / 20 { 3 + i / 20 } else { 20 + i % 13 };
        writeln!(facts, "{name},{machine},{},{age}", 60 + i % 13).unwrap();
        mask.save(folder.path().join("masks").join(&name)).unwrap();
    }
    fs::write(folder.path().join("facts.csv"), facts).unwrap();
    folder
}

fn table(path: &Path) -> Vec<HashMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(|row| row.unwrap()).collect()
}

#[test]
fn a_folder_gets_both_tables_with_intervals_on_screen_as_csv_and_as_json() {
    let folder = place();
    let asked = ["shortcuts", "films", "--model", "toy", "--facts", "facts.csv", "--masks", "masks", "--out", "kept"];
    let output = pellucid(folder.path(), &[&asked[..], &["--json"]].concat());
    assert_eq!(code(&output), 0, "{}", said(&output));
    let json = lines(&output).remove(0);
    assert_eq!((&json["images"], &json["patients"], &json["with_truth"]), (&40.into(), &20.into(), &40.into()));
    let found = json["associations"]["found"].as_array().unwrap();
    let of = |name: &str| found.iter().find(|a| a["attribute"] == name).unwrap_or_else(|| panic!("{name}: {json}"));
    assert_eq!((&of("machine")["target"], &of("machine")["group"]), (&"Pneumonia".into(), &"B".into()));
    assert_eq!((&of("machine")["kind"], &of("machine")["images"]), (&"auroc".into(), &20.into()));
    assert_eq!((&of("kv")["kind"], &of("kv")["images"]), (&"spearman".into(), &40.into()));
    assert_eq!((&of("age")["kind"], &of("age")["images"]), (&"spearman".into(), &40.into()));
    assert_eq!((&of("age group")["kind"], &of("age group")["group"]), (&"auroc".into(), &"1–5 years".into()));
    assert_eq!(json["age_groups"][0], "under 1 year");
    assert!(found.iter().all(|a| a["given_truth"] == true && a["patients"] == 20));
    for a in found {
        let [value, low, high] = [0, 1, 2].map(|k| a["estimate"][k].as_f64().unwrap());
        assert!(low <= value && value <= high, "{a}");
    }
    let removals = json["removals"].as_array().unwrap();
    let regions: Vec<&str> = removals.iter().map(|r| r["region"].as_str().unwrap()).collect();
    assert_eq!(regions, ["border", "corners"]);
    for removal in removals {
        let [median, p95] = ["median", "p95"].map(|what| removal["without_region"][what][0].as_f64().unwrap());
        assert!((0.0..=1.0).contains(&median) && median <= p95, "{removal}");
    }
    // Beside as much of the inside, as much of the lungs, whose place the masks tell of every image.
    assert_eq!(json["with_lungs"], 40);
    for removal in removals {
        let lungs = &removal["lungs"];
        assert_eq!((&lungs["images"], &lungs["patients"]), (&40.into(), &20.into()), "{removal}");
        for moved in [&removal["without_region"], &removal["without_inside"], &lungs["without_lungs"]] {
            let [share, low, high] = [0, 1, 2].map(|k| moved["within"][k].as_f64().unwrap());
            assert!(0.0 <= low && low <= share && share <= high && high <= 1.0 && low < high, "{moved}");
        }
    }
    // The toy model is given 64 × 64 pixels, too few to see a marker.
    assert_eq!(json["too_few"]["markers"], 0);
    assert!(said(&output).contains("too coarse"), "{}", said(&output));

    let kept = folder.path().join("kept");
    let rows = table(&kept.join("associations.csv"));
    assert_eq!(rows.len(), found.len());
    let machine = rows.iter().find(|row| row["attribute"] == "machine").unwrap();
    assert_eq!(machine["estimate"].parse::<f64>().ok(), of("machine")["estimate"][0].as_f64());
    let corners = &table(&kept.join("removal.csv"))[1];
    assert_eq!((corners["region"].as_str(), corners["lungs images"].as_str()), ("corners", "40"));
    assert_eq!(
        corners["lungs within"].parse::<f64>().ok(),
        removals[1]["lungs"]["without_lungs"]["within"][0].as_f64()
    );
    assert_eq!(table(&kept.join("images.csv")).len(), 40);
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&fs::read(kept.join("shortcuts.json")).unwrap()).unwrap(),
        json
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = kept.join("images.csv").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "it tells of patients");
    }
    // For people, and the same again.
    let text = String::from_utf8_lossy(&pellucid(folder.path(), &asked).stdout).into_owned();
    assert!(
        text.contains("40 images of 20 patients") && text.contains("machine") && text.contains("corners"),
        "{text}"
    );
    assert!(text.contains("as much of the lungs") && text.contains("moved ≤ 0.05 (95 %)"), "{text}");
    assert!(said(&output).contains("under 1 year, 1–5 years"), "{}", said(&output));
}

#[test]
fn the_source_may_stand_in_the_path_and_the_truth_may_be_unknown() {
    let folder = place();
    fs::rename(folder.path().join("films/Normal"), folder.path().join("films/clinic")).unwrap();
    fs::rename(folder.path().join("films/Viral pneumonia"), folder.path().join("films/ward")).unwrap();
    let asked = ["shortcuts", "films", "--model", "toy", "--source", "^([a-z]+)/", "--json"];
    let output = pellucid(folder.path(), &asked);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let json = lines(&output).remove(0);
    let found = json["associations"]["found"].as_array().unwrap();
    let source = found.iter().find(|a| a["attribute"] == "source").unwrap();
    assert_eq!((&source["group"], &source["given_truth"]), (&"ward".into(), &false.into()));
    assert_eq!(json["with_truth"], 0);
    assert!(said(&output).contains("because the finding does"), "{}", said(&output));
}

#[test]
fn what_cannot_be_meant_is_said() {
    let folder = place();
    let refused = |more: &[&str]| {
        let output = pellucid(folder.path(), &[&["shortcuts", "films", "--model", "toy"][..], more].concat());
        (code(&output), said(&output))
    };
    let (exit, words) = refused(&["--target", "Fracture"]);
    assert!(exit == 2 && words.contains("it knows Normal, Bacterial pneumonia"), "{words}");
    let (exit, words) = refused(&["--source", "("]);
    assert!(exit == 2 && words.contains("--source is no pattern"), "{words}");
    assert_eq!(refused(&["--facts", "nowhere.csv"]).0, 1);
}
