//! Where the evidence lies: maps against the lungs of phantoms, which are known exactly, and against
//! masks of the reader's on the command line, in the report and in the viewer.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use pellucid::app::command::{Command, FileCommand, OverlayCommand, StudyCommand};
use pellucid::app::state::{Model, Reason};
use pellucid::app::update::effect::Effect;
use pellucid::app::update::message::Message;
use pellucid::engine::Event;
use pellucid::engine::lungs::{FieldsSource, LungSearch, Lungs};
use pellucid::evaluation::summarize::together::overlap;
use pellucid::explain::evidence_shares::{EvidenceShares, OUTSIDE};
use pellucid::explain::focus::entropy;
use pellucid::explain::{Attribution, Method, Subject};
use pellucid::imaging::Plane;
use pellucid::imaging::lung_fields::{LungFields, LungRegion};
use pellucid::model::manifest::{Input, Normalization, Resize};
use pellucid::phantom::{self, Age, Lung, PhantomRecipe, render};
use pellucid::study::Frame;
use serde_json::Value;

use crate::cli::{code, lines, pellucid, said};
use crate::toy;
use crate::viewer::common::{self, Bench};

fn recipe(seed: u64, age: Age, opacity: &str) -> PhantomRecipe {
    PhantomRecipe { seed, size: 128, age, opacities: vec![opacity.parse().unwrap()], ..PhantomRecipe::default() }
}

fn fields(recipe: &PhantomRecipe) -> LungFields {
    let lung: Vec<bool> = phantom::lung_fields(recipe).iter().map(Option::is_some).collect();
    LungFields::of_lung(&lung, recipe.size, recipe.size).unwrap()
}

fn input() -> Input {
    Input {
        width: 128,
        height: 128,
        channels: 1,
        resize: Resize::Squash,
        crop: 1.0,
        smoothing: 0.0,
        normalization: Normalization::PerImage,
        value_range: [0.0, 1.0],
        mean: Vec::new(),
        sd: Vec::new(),
    }
}

fn map(values: Vec<f32>) -> Attribution {
    let raw = Plane { width: 128, height: 128, values };
    Attribution::new(Method::GradCam, Subject::class(0), "stage".into(), 1.0, raw).unwrap()
}

/// What `tests/golden/anatomy.py` wrote by numpy, scipy and torch.
#[test]
fn shares_entropy_and_overlap_are_those_of_numpy_scipy_and_torch() {
    let golden: Value = serde_json::from_str(include_str!("../golden/anatomy.json")).unwrap();
    let plane = |key: &str| {
        let values = golden[key].as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect();
        Plane { width: 14, height: 14, values }
    };
    let ellipse = |x: f64, y: f64, [cx, cy, rx, ry]: [f64; 4]| ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2) < 1.0;
    let lung: Vec<bool> = (0..240 * 200)
        .map(|i| (f64::from(i % 200), f64::from(i / 200)))
        .map(|(x, y)| ellipse(x, y, [60.0, 120.0, 28.0, 80.0]) || ellipse(x, y, [141.0, 112.0, 25.0, 70.0]))
        .collect();
    let fields = LungFields::of_lung(&lung, 200, 240).unwrap();
    let map = Attribution::new(Method::GradCam, Subject::class(0), "stage".into(), 1.0, plane("map")).unwrap();
    let found = EvidenceShares::of(&map, &input(), &fields).unwrap();
    assert_eq!(found.peak.key(), golden["peak"]);
    for (kind, shares) in [("evidence", &found.evidence), ("area", &found.area)] {
        let regions = LungRegion::ALL.map(|region| (region.key(), shares.share(region)));
        let sums = [("inside", shares.inside), ("right", shares.right), ("left", shares.left)];
        for (name, share) in regions.into_iter().chain(sums) {
            let expected = golden[kind][name].as_f64().unwrap();
            assert!((share - expected).abs() < 1e-5, "{kind} {name}: {share}, not {expected}");
        }
    }
    let near = |found: Option<f64>, key: &str| {
        let expected = golden[key].as_f64().unwrap();
        assert!(found.is_some_and(|v| (v - expected).abs() < 1e-6), "{key}: {found:?}, not {expected}");
    };
    near(entropy(&map.raw), "entropy");
    near(overlap(&map.raw, &plane("other")), "overlap");
}

#[test]
fn a_map_on_a_planted_opacity_lies_in_the_lung_and_zone_where_it_was_planted() {
    for (seed, age) in [(1, Age::Child), (2, Age::Adult), (3, Age::Child), (4, Age::Adult)] {
        for (place, zone) in [
            ("right-lower", LungRegion::RightLower),
            ("left-middle", LungRegion::LeftMiddle),
            ("right-upper", LungRegion::RightUpper),
        ] {
            let recipe = recipe(seed, age, place);
            let opacity = render(&recipe).mask.iter().map(|inside| f32::from(u8::from(*inside))).collect();
            let shares = EvidenceShares::of(&map(opacity), &input(), &fields(&recipe)).unwrap();
            let side = if zone.is_right() { shares.evidence.right } else { shares.evidence.left };
            assert!(shares.evidence.inside > 0.7 && side > 0.7, "{seed} {place}: {shares:?}");
            let same_side = shares.peak.is_lung() && shares.peak.is_right() == zone.is_right();
            assert!(same_side && shares.caution().is_none(), "{seed} {place}: {shares:?}");
            assert!(shares.evidence.share(zone) > 2.0 * shares.area.share(zone), "{seed} {place}: {shares:?}");
        }
    }
}

#[test]
fn a_map_on_the_marker_in_the_corner_lies_outside() {
    let recipe = recipe(1, Age::Child, "right-lower");
    let corner = (0..128 * 128).map(|i| f32::from(u8::from(i % 128 < 20 && i / 128 < 12))).collect();
    let shares = EvidenceShares::of(&map(corner), &input(), &fields(&recipe)).unwrap();
    assert_eq!((shares.caution(), shares.peak_inside), (Some(OUTSIDE), false), "{shares:?}");
    assert!(shares.evidence.inside < 0.02, "{shares:?}");
}

#[test]
fn sides_told_by_connected_parts_are_those_of_the_phantom() {
    for (seed, age) in (0..12).flat_map(|seed| [(seed, Age::Child), (seed, Age::Adult)]) {
        let recipe = recipe(seed, age, "left-lower");
        let (known, fields) = (phantom::lung_fields(&recipe), fields(&recipe));
        let told = fields.regions().iter().zip(&known).filter(|(region, lung)| match lung {
            Some(Lung::Right) => region.is_right(),
            Some(Lung::Left) => region.is_left(),
            None => !region.is_lung(),
        });
        // Specks are no lung.
        assert!(told.count() as f64 > 0.995 * known.len() as f64, "{seed} {age:?}");
        assert!(fields.regions().contains(&LungRegion::Between), "{seed} {age:?}");
    }
}

/// A folder with the toy model, phantoms in `films` and their lungs in `masks`.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    let films = ["phantom", "--out", "films", "--lungs", "masks", "--count", "2", "--size", "96", "--format", "png"];
    let output = pellucid(folder.path(), &films);
    assert_eq!(code(&output), 0, "{}", said(&output));
    folder
}

fn add_up(shares: &Value) -> f64 {
    ["inside", "between", "border", "elsewhere"].iter().map(|key| shares[*key].as_f64().unwrap()).sum()
}

#[test]
fn explain_and_predict_say_where_the_evidence_lies_where_there_is_a_mask() {
    let folder = place();
    let film = "films/phantom-1.png";
    let explain = ["explain", film, "--model", "toy", "--samples", "0", "--json"];
    // Without a mask the program outlines the lungs, and says how sure it is.
    let without = lines(&pellucid(folder.path(), &explain)).remove(0);
    assert_eq!(without["lungs"]["from"], "segmenter");
    assert!(without["lungs"]["expected_dice"].as_f64().is_some_and(|dice| dice > 0.9), "{}", without["lungs"]);
    // Of what is no chest radiograph nothing is said.
    let ramp = image::GrayImage::from_fn(96, 96, |x, y| image::Luma([(x + y) as u8]));
    ramp.save(folder.path().join("ramp.png")).unwrap();
    let explain_ramp = ["explain", "ramp.png", "--model", "toy", "--samples", "0", "--json"];
    let nothing = lines(&pellucid(folder.path(), &explain_ramp)).remove(0);
    assert!(nothing.get("lungs").is_none() && nothing["maps"][0].get("lungs").is_none(), "nothing is said");
    let masked = [explain.as_slice(), &["--masks", "masks"]].concat();
    let with = lines(&pellucid(folder.path(), &masked)).remove(0);
    assert_eq!(with["lungs"]["from"], "mask");
    let maps = with["maps"].as_array().unwrap();
    let shown: Vec<&Value> = maps.iter().filter(|m| m["evidence"] == true).collect();
    assert!(!shown.is_empty());
    for shares in shown.iter().map(|m| &m["lungs"]) {
        assert!((add_up(&shares["evidence"]) - 1.0).abs() < 1e-9 && (add_up(&shares["area"]) - 1.0).abs() < 1e-9);
        assert_eq!(shares["peak_inside"].as_bool(), shares["peak"].as_str().map(|p| p.contains("t-")), "{shares}");
    }
    let predict = ["predict", film, "--model", "toy", "--samples", "0", "--masks", "masks"];
    let text = String::from_utf8(pellucid(folder.path(), &predict).stdout).unwrap();
    assert!(text.contains(" in the lungs (0."), "{text}");
    let json = lines(&pellucid(folder.path(), &[predict.as_slice(), &["--json"]].concat())).remove(0);
    assert_eq!(json["maps"][0]["label"], "Pneumonia", "groups first: {json}");
}

#[test]
fn masks_that_cannot_be_used_are_errors_and_images_without_one_are_none() {
    let folder = place();
    let run = |film: &str| {
        pellucid(folder.path(), &["explain", film, "--model", "toy", "--samples", "0", "--masks", "masks"])
    };
    image::GrayImage::new(8, 8).save(folder.path().join("masks/phantom-1.png")).unwrap();
    let output = run("films/phantom-1.png");
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("marks nothing"), "{}", said(&output));
    fs::remove_file(folder.path().join("masks/phantom-1.png")).unwrap();
    assert_eq!(code(&run("films/phantom-1.png")), 0);
    let nowhere = ["explain", "films/phantom-1.png", "--model", "toy", "--masks", "nowhere"];
    assert_eq!(code(&pellucid(folder.path(), &nowhere)), 1);
}

#[test]
fn a_report_holds_the_shares_and_verification_makes_them_again() {
    let folder = place();
    let report =
        ["report", "films/phantom-1.png", "-o", "case.pdf", "--model", "toy", "--samples", "0", "--masks", "masks"];
    let output = pellucid(folder.path(), &report);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let path = folder.path().join("case.json");
    let written: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(written["lungs"]["path"].as_str().is_some_and(|p| Path::new(p).is_absolute()), "{}", written["lungs"]);
    let verify = |more: &[&str]| pellucid(folder.path(), &[&["report", "--verify", "case.json"], more].concat());
    // The mask is found where the report says that it lies.
    let output = verify(&[]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    if written["maps"][0]["evidence"] == "Positive" {
        let mut altered = written.clone();
        altered["maps"][0]["lungs"]["evidence"]["inside"] = 0.99.into();
        fs::write(&path, altered.to_string()).unwrap();
        assert_eq!(code(&verify(&[])), 1, "an altered share is noticed");
        fs::write(&path, written.to_string()).unwrap();
    }
    fs::rename(folder.path().join("masks"), folder.path().join("elsewhere")).unwrap();
    let text = String::from_utf8(verify(&[]).stdout).unwrap();
    assert!(text.contains("not checked: lungs: the mask that says where the lungs lie is not at hand"), "{text}");
    let output = verify(&["--masks", "elsewhere"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
}

#[test]
fn the_viewer_says_where_the_evidence_lies_and_draws_the_lungs() {
    let mut bench = Bench::finished();
    let lung: Vec<bool> = (0..256 * 256)
        .map(|i| (40..210).contains(&(i / 256)) && ((30..110).contains(&(i % 256)) || (146..226).contains(&(i % 256))))
        .collect();
    let source = FieldsSource::Mask { path: Some("masks/image.png".into()), sha256: "ab".into() };
    let lungs = Lungs::new(LungFields::of_lung(&lung, 256, 256).unwrap(), source);
    assert_eq!(lungs.outline.len(), 2);
    bench.command(Command::Overlay(OverlayCommand::ToggleLungs));
    assert!(bench.state.preferences.lung_outline);
    let mut harness = Harness::builder()
        .with_size([1280.0, 1200.0])
        .with_accessibility_check(false)
        .build_ui_state(|ui, bench: &mut Bench| bench.frame(ui), bench);
    harness.run_steps(4);
    assert!(harness.query_by_label_contains("Lung outline").is_none(), "nothing is known, nothing is said");
    harness.state_mut().state.lungs = LungSearch::Found(Arc::new(lungs));
    harness.run_steps(4);
    assert!(harness.query_by_label("Lung outline").is_some());
    assert!(harness.query_by_label_contains("Evidence in the lungs: ").is_some());
}

/// The frames whose lungs were asked for.
fn searches(bench: &mut Bench) -> Vec<Arc<Frame>> {
    let asked = |effect| if let Effect::FindLungs(frame) = effect { Some(frame) } else { None };
    std::mem::take(&mut bench.effects).into_iter().filter_map(asked).collect()
}

#[test]
fn a_radiograph_is_on_screen_before_its_lungs_are_found_and_goes_into_no_report_without_them() {
    let mut bench = Bench::new();
    bench.event(Event::ModelReady(common::model()));
    let images: Vec<_> = (0..2).map(|i| common::entry(&format!("1.2.{i}"), 1, 64, 48)).collect();
    let catalogue = Box::new(common::catalogue_of(&images));
    bench.message(Message::Scanned { paths: vec!["/films".into()], catalogue });
    let of = |image: usize| Frame { entry: images[image].clone(), ..common::frame(64, 48) };
    bench.loaded_with(bench.state.generation, of(0), LungSearch::Awaited);
    assert!(bench.state.frame().is_some(), "it is shown");
    for event in common::events(bench.state.generation, 100) {
        bench.event(event);
    }
    let asked = searches(&mut bench);
    assert_eq!(asked.len(), 1);

    bench.command(Command::File(FileCommand::ExportReport));
    assert!(bench.effects.is_empty(), "a report would be silent on its lungs");
    assert!(bench.state.notices.iter().any(|n| n.text.contains("still being looked for")), "{:?}", bench.state.notices);

    // The reader went on before they were found: they are kept with their image.
    bench.command(Command::Study(StudyCommand::NextImage));
    bench.loaded_with(bench.state.generation, of(1), LungSearch::Awaited);
    let lung: Vec<bool> = (0..64 * 48).map(|i| (4..28).contains(&(i % 64)) || (36..60).contains(&(i % 64))).collect();
    let source = FieldsSource::Mask { path: None, sha256: "ab".into() };
    let fields = LungFields::of_lung(&lung, 64, 48).unwrap();
    let found = LungSearch::Found(Arc::new(Lungs::new(fields, source)));
    bench.message(Message::LungsFound { frame: asked[0].clone(), result: Ok(found) });
    assert!(bench.state.lungs.found().is_none(), "they are those of another image");
    assert_eq!(searches(&mut bench).len(), 1, "those of the second");
    bench.command(Command::Study(StudyCommand::PreviousImage));
    assert!(bench.state.lungs.found().is_some());
    assert!(searches(&mut bench).is_empty(), "they are known");

    // A mask that cannot be used is named.
    bench.command(Command::Study(StudyCommand::NextImage));
    let second = searches(&mut bench).remove(0);
    let result = Err(Reason::from("The mask has another size."));
    bench.message(Message::LungsFound { frame: second, result });
    assert!(matches!(bench.state.lungs, LungSearch::NotLookedFor));
    assert!(bench.state.notices.iter().any(|n| n.text.contains("The mask has another size.")));
}

#[test]
fn where_the_segmenter_refuses_the_viewer_says_why_beside_a_model_for_the_chest_alone() {
    let mut bench = Bench::finished();
    bench.state.lungs = LungSearch::Refused("The lungs were not outlined: they stand upside down.".to_owned());
    let mut harness = Harness::builder()
        .with_size([1280.0, 1200.0])
        .with_accessibility_check(false)
        .build_ui_state(|ui, bench: &mut Bench| bench.frame(ui), bench);
    harness.run_steps(4);
    assert!(harness.query_by_label_contains("not outlined").is_none(), "the model asks for no part of the body");
    let Model::Ready(info) = &mut harness.state_mut().state.model else { panic!("no model") };
    Arc::make_mut(&mut info.manifest).fits.body_parts = vec!["CHEST".to_owned()];
    harness.run_steps(4);
    assert!(harness.query_by_label_contains("not outlined: they stand upside down").is_some());
}

/// A folder with the toy model, labelled phantoms in `films` and their lungs in `masks`.
fn labelled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    for (class, seed, kind) in [("Normal", "1", "--healthy"), ("Viral pneumonia", "101", "--opacity=right-lower")] {
        let out = format!("films/{class}");
        let films =
            ["phantom", "--out", &out, "--lungs", "masks", "--seed", seed, "--count", "6", "--size", "96", kind];
        let output = pellucid(folder.path(), &[films.as_slice(), &["--format", "png"]].concat());
        assert_eq!(code(&output), 0, "{}", said(&output));
        for file in fs::read_dir(folder.path().join(out)).unwrap().flatten().map(|e| e.path()) {
            if file.to_string_lossy().ends_with("-mask.png") {
                fs::remove_file(file).unwrap();
            }
        }
    }
    folder
}

#[test]
fn evaluate_says_where_the_evidence_lies_over_a_folder() {
    let folder = labelled();
    fs::remove_file(folder.path().join("masks/phantom-1.png")).unwrap();
    let arguments =
        ["evaluate", "films", "--model", "toy", "--anatomy", "--masks", "masks", "--out", "judged", "--json"];
    let output = pellucid(folder.path(), &arguments);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let anatomy = &lines(&output)[0]["anatomy"];
    // Where there is no mask the segmenter is asked.
    assert_eq!((anatomy["images"].as_u64(), anatomy["without_lungs"].as_u64()), (Some(12), Some(0)));
    // Every image is called something, right or wrong.
    let targets = anatomy["targets"].as_object().unwrap();
    assert!(!targets.is_empty(), "{anatomy}");
    for call in targets.values().flat_map(|calls| calls.as_object().unwrap().values()) {
        let maps = call["maps"].as_u64().unwrap();
        let bars: u64 = call["histogram_inside"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(maps, bars, "{call}");
    }
    let table: Vec<std::collections::HashMap<String, String>> =
        csv::Reader::from_path(folder.path().join("judged/anatomy.csv"))
            .unwrap()
            .deserialize()
            .map(|r| r.unwrap())
            .collect();
    // Twelve images, three labels and a group.
    assert_eq!(table.len(), 48);
    for row in table.iter().filter(|row| row["evidence"] == "1") {
        let number = |column: &str| row[column].parse::<f64>().unwrap();
        let all: f64 = LungRegion::ALL.iter().map(|r| number(&r.key().replace('-', "_"))).sum();
        assert!((all - 1.0).abs() < 1e-9 && (number("right") + number("left") - number("inside")).abs() < 1e-9);
    }
    // A chart of right calls and false positives, where there are maps with evidence of either.
    let drawn = targets.values().any(|calls| {
        ["right", "false-positive"].iter().any(|call| calls[call]["maps"].as_u64().is_some_and(|maps| maps > 0))
    });
    for (file, is_there) in [("evidence.svg", drawn), ("evidence.png", drawn), ("report.pdf", true)] {
        assert_eq!(folder.path().join("judged").join(file).is_file(), is_there, "{file}: {anatomy}");
    }
    // Of images that show no lungs nothing can be said.
    fs::create_dir_all(folder.path().join("ramps/Normal")).unwrap();
    for i in 0..3 {
        let ramp = image::GrayImage::from_fn(96, 96, |x, y| image::Luma([(x + y + i) as u8]));
        ramp.save(folder.path().join(format!("ramps/Normal/{i}.png"))).unwrap();
    }
    let unknown = pellucid(folder.path(), &["evaluate", "ramps", "--model", "toy", "--anatomy"]);
    assert_eq!(code(&unknown), 1);
    assert!(said(&unknown).contains("--masks"), "{}", said(&unknown));
}

#[test]
fn shapley_values_of_regions_add_up_exactly_on_the_command_line() {
    let folder = place();
    let explain = ["explain", "films/phantom-1.png", "--model", "toy", "--samples", "0", "--method", "kernel-shap"];
    let anatomy = [explain.as_slice(), &["--regions", "anatomy", "--masks", "masks", "--json"]].concat();
    let output = pellucid(folder.path(), &anatomy);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let record = lines(&output).remove(0);
    for map in record["maps"].as_array().unwrap() {
        let regions = map["regions"].as_object().unwrap();
        assert_eq!(regions.len(), 9, "{map}");
        let sum: f64 = regions.values().map(|v| v.as_f64().unwrap()).sum();
        let expected = map["additivity"]["expected"].as_f64().unwrap();
        assert!((sum - expected).abs() < 1e-3 * expected.abs().max(1.0), "{sum} of {expected}");
        // Every coalition of nine players, the empty one among them.
        assert_eq!(map["evaluations"], 511);
        assert!(map.get("lungs").is_none());
    }
    image::GrayImage::new(96, 96).save(folder.path().join("black.png")).unwrap();
    let without = ["explain", "black.png", "--model", "toy", "--method", "kernel-shap", "--regions", "anatomy"];
    assert!(said(&pellucid(folder.path(), &without)).contains("--masks"));
    let cam = ["explain", "films/phantom-1.png", "--model", "toy", "--regions", "anatomy", "--masks", "masks"];
    assert_eq!(code(&pellucid(folder.path(), &cam)), 2, "a class activation map adds up to nothing");
}

#[test]
fn summarize_writes_what_a_model_goes_by() {
    let folder = labelled();
    for method in ["kernel-shap", "occlusion"] {
        let arguments = [
            "summarize",
            "films",
            "--model",
            "toy",
            "--masks",
            "masks",
            "--method",
            method,
            "--evaluations",
            "40",
            "--out",
            method,
            "--json",
        ];
        let output = pellucid(folder.path(), &arguments);
        assert_eq!(code(&output), 0, "{}", said(&output));
        let found = lines(&output).remove(0);
        assert_eq!((found["images"].as_u64(), found["method"].as_str()), (Some(12), Some(method)));
        let calls: Vec<&Value> =
            found["targets"].as_object().unwrap().values().flat_map(|c| c.as_object().unwrap().values()).collect();
        assert!(!calls.is_empty());
        for call in calls {
            for region in call["regions"].as_object().unwrap().values() {
                let (size, value) = (&region["mean_size"]["mean"], &region["mean_value"]["mean"]);
                assert!(size.as_f64().unwrap() >= value.as_f64().unwrap().abs() - 1e-9, "{region}");
            }
        }
        // Three labels have three pairs.
        assert_eq!(found["labels_together"].as_array().unwrap().len(), 3);
        for file in ["summary.json", "regions.csv", "summary.png", "summary.svg", "average.png"] {
            assert!(folder.path().join(method).join(file).is_file(), "{file}");
        }
    }
    let text = pellucid(folder.path(), &["summarize", "films", "--model", "toy", "--masks", "masks", "--limit", "4"]);
    assert!(String::from_utf8(text.stdout).unwrap().contains("right lower zone"));
    let wrong = ["summarize", "films", "--model", "toy", "--masks", "masks", "--method", "grad-cam"];
    assert_eq!(code(&pellucid(folder.path(), &wrong)), 2);
}
