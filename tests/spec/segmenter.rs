//! The lung segmenter: its training on phantoms, whose masks are exact, and what `segment` writes
//! and refuses.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use candle_core::Device;
use image::GrayImage;
use pellucid::imaging::Plane;
use pellucid::model::lungs::{LungSegmenter, SegmenterError};
use pellucid::phantom::{Age, PhantomRecipe, lung_fields, picture, render};
use pellucid::training::segmenter::config::SegmenterConfig;
use pellucid::training::segmenter::examples::SegmenterExamples;
use pellucid::training::segmenter::settle::{install, settle};
use pellucid::training::segmenter::train::train;
use pellucid::training::segmenter::{EpochRow, SegmenterEvent};

use super::cli::pellucid;

const CONFIG: &str = "
    name = 'toy'
    version = '1'
    seed = 4
    side = 64
    folds = 3
    phantoms = 2
    phantom_share = 0.2
    epochs = 3
    images_per_epoch = 40
    batch = 8
    learning_rate = 1e-2
    weight_decay = 0.0
    average_decay = 0.9
    architecture = { widths = [8, 16, 16], blocks = [0, 0, 0], decoder = [16, 16, 8] }
    [[set]]
    name = 'phantoms'
    images = 'images'
    masks = 'masks'
    table = 'labels.csv'
";

/// Six phantoms with masks, two of each patient.
fn films(folder: &Path) {
    fs::create_dir_all(folder.join("images")).unwrap();
    fs::create_dir_all(folder.join("masks")).unwrap();
    let mut table = "file,patient\n".to_owned();
    for seed in 1..=6 {
        let recipe = PhantomRecipe { seed, size: 96, age: Age::Child, ..PhantomRecipe::default() };
        let name = format!("film-{seed}.png");
        picture(&render(&recipe)).save(folder.join("images").join(&name)).unwrap();
        let mask = lung_fields(&recipe).iter().map(|lung| if lung.is_some() { 255 } else { 0 }).collect();
        GrayImage::from_raw(96, 96, mask).unwrap().save(folder.join("masks").join(&name)).unwrap();
        writeln!(table, "{name},patient-{}", seed / 2).unwrap();
    }
    fs::write(folder.join("labels.csv"), table).unwrap();
    fs::write(folder.join("train.toml"), CONFIG).unwrap();
}

/// A segmenter trained on the phantoms of a folder, the rows of its epochs, and the bytes of its
/// weights.
fn trained(folder: &Path, run: &str, resume: bool) -> (PathBuf, Vec<EpochRow>, Vec<u8>) {
    let config = SegmenterConfig::read(&folder.join("train.toml")).unwrap();
    let rows = Mutex::new(Vec::new());
    let (out, first) = (folder.join(run), folder.join("after-one"));
    fs::create_dir_all(&out).unwrap();
    let watch = |event: SegmenterEvent| {
        if let SegmenterEvent::Epoch(row) = event {
            if row.epoch == 1 && !resume {
                // What a run leaves that is killed after its first epoch.
                fs::create_dir_all(&first).unwrap();
                fs::copy(out.join("checkpoint.safetensors"), first.join("checkpoint.safetensors")).unwrap();
            }
            rows.lock().unwrap().push(row);
        }
    };
    let examples = SegmenterExamples::load(&config, folder, &watch).unwrap();
    let weights = train(&config, &examples, &out, resume, &watch).unwrap();
    let manifest = settle(&config, &examples, &weights, &watch).unwrap();
    install(&manifest, &weights, &out.join("model")).unwrap();
    (out.join("model"), rows.into_inner().unwrap(), weights)
}

#[test]
fn a_training_learns_and_goes_on_where_it_was_broken_off() {
    let folder = tempfile::tempdir().unwrap();
    films(folder.path());
    let (model, rows, weights) = trained(folder.path(), "run", false);
    assert_eq!(rows.len(), 3);
    assert!(rows[2].loss < rows[0].loss, "{rows:?}");
    let split = fs::read_to_string(folder.path().join("run/split.csv")).unwrap();
    assert_eq!(split.lines().count(), 7, "{split}");
    for part in ["training", "validation", "held-out"] {
        assert!(split.contains(part), "{split}");
    }
    // The same, from what the first epoch left.
    let (_, later, resumed) = trained(folder.path(), "after-one", true);
    assert_eq!(later.iter().map(|row| row.epoch).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(weights, resumed, "a resumed training has other numbers");
    // Another run does not write over one that is there.
    let config = SegmenterConfig::read(&folder.path().join("train.toml")).unwrap();
    let examples = SegmenterExamples::load(&config, folder.path(), &|_| ()).unwrap();
    let error = train(&config, &examples, &folder.path().join("run"), false, &|_| ()).unwrap_err();
    assert!(error.to_string().contains("--resume"), "{error}");
    // Weights of another description are not taken.
    let text = fs::read_to_string(model.join("segmenter.toml")).unwrap();
    let hash = text.lines().find(|line| line.starts_with("weights_sha256")).unwrap();
    fs::write(model.join("segmenter.toml"), text.replace(hash, "weights_sha256 = \"00\"")).unwrap();
    assert!(matches!(LungSegmenter::of_folder(&model, &Device::Cpu), Err(SegmenterError::WrongHash { .. })));
}

#[test]
fn masks_have_the_image_s_size_and_what_shows_no_lungs_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    films(folder.path());
    let (model, _, _) = trained(folder.path(), "run", false);
    // An even image, and one of noise: nothing to find, whatever was learnt.
    GrayImage::from_pixel(120, 90, image::Luma([90])).save(folder.path().join("even.png")).unwrap();
    let said = pellucid(
        folder.path(),
        &[
            "segment",
            "images/film-1.png",
            "even.png",
            "--out",
            "masks-found",
            "--segmenter",
            model.to_str().unwrap(),
            "--force",
            "--json",
        ],
    );
    let text = String::from_utf8(said.stdout).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{text} {}", String::from_utf8_lossy(&said.stderr));
    if let Some(mask) = lines[0]["mask"].as_str() {
        let mask = image::open(folder.path().join(mask)).unwrap().into_luma8();
        assert_eq!(mask.dimensions(), (96, 96));
        assert!(mask.pixels().all(|p| [0, 255].contains(&p.0[0])));
    }
    let agreement = lines[0]["expected_dice"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&agreement));
    assert!(lines[1]["refusal"].as_str().is_some_and(|reason| reason.contains("not outlined")), "{text}");
}

#[test]
fn an_image_of_no_numbers_is_an_error_and_no_mask() {
    let folder = tempfile::tempdir().unwrap();
    films(folder.path());
    let (model, _, _) = trained(folder.path(), "run", false);
    let segmenter = LungSegmenter::of_folder(&model, &Device::Cpu).unwrap();
    let plane = Plane::filled(80, 80, f32::NAN);
    assert!(matches!(segmenter.look(&plane), Err(SegmenterError::NoImage)));
    assert!(matches!(segmenter.segment(&Plane::default()), Err(SegmenterError::NoImage)));
}
