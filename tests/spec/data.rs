//! Training data: where they come from, how they are split, what is found wrong with them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use pellucid::model::manifest::Head;
use pellucid::phantom::{PhantomRecipe, render, write_dicom};
use pellucid::training::config::Config;
use pellucid::training::data::dataset::Dataset;
use pellucid::training::data::part::SplitPart;
use pellucid::training::data::split::{Split, split_file};
use pellucid::training::data::{list, load_dataset, split};

use crate::toy::picture;

const CONFIG: &str = r#"
name = "findings"
version = "1"
description = "For tests."
licence = "CC0-1.0"
seed = 3
head = "softmax"
target_layer = "stage2"

[data]
DATA

[[phase]]
epochs = 1
size = 32

[optimization]
batch = 4
learning_rate = 0.01
schedule = "cosine"
class_weights = "none"
criterion = "loss"

[architecture]
family = "compact-resnet"
widths = [4, 4, 8]
blocks = [1, 1]
strides = [1, 2]

[input]
width = 32
height = 32
channels = 1
resize = "squash"
normalization = "per-image"

[[labels]]
name = "Effusion"

[[labels]]
name = "Mass"
aliases = ["Lump"]

[[labels]]
name = "Nodule"

[provenance]
data = "Made by the test."
population = "None."
"#;

fn config(folder: &Path, data: &str, head: Head) -> Config {
    let path = folder.join("train.toml");
    fs::write(&path, CONFIG.replace("DATA", data)).unwrap();
    Config { head, ..Config::read(&path).unwrap() }
}

fn read(folder: &Path, config: &Config) -> Result<Dataset, pellucid::training::Error> {
    let (files, warnings) = list::list(config, folder, None)?;
    load_dataset::decode(&files, warnings, &config.input, 2, &|_| ())
}

fn truths(data: &Dataset) -> Vec<(&str, &[f32])> {
    data.samples.iter().map(|s| (s.name.as_str(), s.truth.as_slice())).collect()
}

fn pellucid(folder: &Path, arguments: &[&str]) -> Output {
    let program = Command::new(env!("CARGO_BIN_EXE_pellucid")).args(arguments).current_dir(folder).output();
    program.expect("the binary was built")
}

#[test]
fn a_table_of_label_strings_gives_findings_patients_and_views() {
    let home = tempfile::tempdir().unwrap();
    for (i, name) in ["a.png", "b.png", "c.png", "d.png"].into_iter().enumerate() {
        picture(&home.path().join("images/part1").join(name), i as u32);
    }
    let table = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position\n\
                 a.png,Effusion|Lump,0,11,058Y,M,PA\n\
                 b.png,No Finding,0,12,061Y,F,PA\n\
                 c.png,Hernia|Nodule,1,11,058Y,M,AP\n\
                 d.png,Mass,0,13,020Y,F,LL\n\
                 e.png,Mass,0,14,020Y,F,PA\n";
    fs::write(home.path().join("Data_Entry_2017.csv"), table).unwrap();
    let views = "csv = { file = \"Data_Entry_2017.csv\", images = [\"images\"], views = [\"PA\", \"AP\"] }";
    let data = read(home.path(), &config(home.path(), views, Head::Sigmoid)).unwrap();
    assert_eq!(
        truths(&data),
        [("a.png", &[1.0, 1.0, 0.0][..]), ("b.png", &[0.0, 0.0, 0.0]), ("c.png", &[0.0, 0.0, 1.0])]
    );
    let first = &data.samples[0];
    assert_eq!((first.key.as_str(), first.patient.as_str()), ("images/part1/a.png", "11"));
    assert_eq!((first.facts.age.as_str(), first.facts.sex.as_str(), first.facts.view.as_str()), ("058Y", "M", "PA"));
    let reasons: Vec<String> = data.warnings.iter().map(|w| format!("{}: {}", w.path.display(), w.reason)).collect();
    assert!(reasons[0].starts_with("e.png: no file of this name"), "{reasons:?}");
    assert!(reasons[1].contains("it also names \"Hernia\""), "{reasons:?}");
}

#[test]
fn a_table_of_columns_follows_its_policies_for_uncertain_and_empty_cells() {
    let home = tempfile::tempdir().unwrap();
    for patient in ["patient00001", "patient00002"] {
        picture(&home.path().join("train").join(patient).join("study1/view1_frontal.jpg"), 3);
    }
    let table = "Path,Sex,Age,Frontal/Lateral,No Finding,Effusion,Mass,Nodule\n\
                 Set-v1/train/patient00001/study1/view1_frontal.jpg,Male,50,Frontal,,1.0,-1.0,\n\
                 Set-v1/train/patient00002/study1/view1_frontal.jpg,Female,60,Frontal,,0.0,,-1.0\n";
    fs::write(home.path().join("train.csv"), table).unwrap();
    let with = |policies: &str| {
        let text =
            format!("patient = ['(patient\\d+)']\ncsv = {{ file = \"train.csv\", images = [\"train\"]{policies} }}");
        read(home.path(), &config(home.path(), &text, Head::Sigmoid)).unwrap()
    };
    let all = |data: &Dataset| data.samples.iter().map(|s| format!("{:?}", s.truth)).collect::<Vec<_>>().join(" ");
    assert_eq!(all(&with("")), "[1.0, NaN, 0.0] [0.0, 0.0, NaN]");
    assert_eq!(all(&with(", uncertain = \"ones\"")), "[1.0, 1.0, 0.0] [0.0, 0.0, 1.0]");
    assert_eq!(all(&with(", uncertain = \"zeros\"")), "[1.0, 0.0, 0.0] [0.0, 0.0, 0.0]");
    assert_eq!(all(&with(", blank = \"unknown\"")), "[1.0, NaN, NaN] [0.0, NaN, NaN]");
    let data = with("");
    // Every file is called view1_frontal.jpg: the path that agrees longest wins.
    let patients: Vec<(&str, &str)> = data.samples.iter().map(|s| (s.patient.as_str(), s.key.as_str())).collect();
    assert_eq!(patients[0], ("patient00001", "train/patient00001/study1/view1_frontal.jpg"));
    assert_eq!(patients[1], ("patient00002", "train/patient00002/study1/view1_frontal.jpg"));
}

#[test]
fn a_table_that_fits_nothing_says_what_is_there() {
    let home = tempfile::tempdir().unwrap();
    picture(&home.path().join("a.png"), 1);
    let said = |table: &str, options: &str| {
        fs::write(home.path().join("t.csv"), table).unwrap();
        let config = config(home.path(), &format!("csv = {{ file = \"t.csv\"{options} }}"), Head::Softmax);
        read(home.path(), &config).unwrap_err().to_string()
    };
    for (table, options, words) in [
        (
            "scan,Finding Labels\na.png,Mass\n",
            "",
            "(name it with `image`); its columns are \"scan\", \"Finding Labels\"",
        ),
        (
            "image,finding\na.png,Mass\n",
            ", labels = \"Labels\"",
            "no column \"Labels\"; its columns are \"image\", \"finding\"",
        ),
        ("image,Effusion,Mass\na.png,1,0\n", "", "nor a column for \"Nodule\""),
        (
            "image,labels\na.png,Fracture|Hernia\n",
            "",
            "names none of the labels \"Effusion\", \"Mass\", \"Nodule\"; it names \"Fracture\", \"Hernia\"",
        ),
        ("image,labels\nb.png,Mass\n", "", "yields nothing; b.png: no file of this name"),
        ("image,labels\na.png,Mass|Nodule\n", "", "labels of a softmax head exclude each other"),
    ] {
        let said = said(table, options);
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn medmnist_archives_bring_their_parts() {
    let home = tempfile::tempdir().unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for name in ["data.npz", "data_rgb.npz"] {
        fs::copy(golden.join(name), home.path().join(name)).unwrap();
    }
    let grey = config(home.path(), "npz = [\"data.npz\"]", Head::Softmax);
    let data = read(home.path(), &grey).unwrap();
    assert_eq!(data.samples.len(), 11);
    for (sample, (part, number, i)) in data.samples.iter().zip(
        [(SplitPart::Training, 0, 6), (SplitPart::Validation, 1, 3), (SplitPart::Test, 2, 2)]
            .into_iter()
            .flat_map(|(part, number, n)| (0..n).map(move |i| (part, number, i))),
    ) {
        assert_eq!((sample.part, sample.class()), (Some(part), Some(i % 3)), "{}", sample.key);
        let grey = (10 * i + number) as f32 / 255.0;
        assert!(sample.pixels.values().iter().all(|g| (g - grey).abs() < 1e-6), "{}", sample.key);
    }
    let parts = split::make::of_config(&grey, &data.samples, home.path()).unwrap();
    assert_eq!((parts.training.len(), parts.validation.len(), parts.test.len()), (6, 3, 2));

    let colour = config(home.path(), "npz = [\"data_rgb.npz\"]", Head::Sigmoid);
    let data = read(home.path(), &colour).unwrap();
    assert_eq!(data.samples[5].truth, [1.0, 0.0, 1.0]);
    let luma = (0.299 * 50.0 + 0.587 * 25.0 + 0.114 * 12.0) / 255.0;
    assert!(data.samples[5].pixels.values().iter().all(|g| (g - luma).abs() < 1e-6), "{:?}", data.samples[5].pixels);
    let wrong = Config { head: Head::Softmax, ..colour };
    let said = read(home.path(), &wrong).unwrap_err().to_string();
    assert!(said.contains("need not exclude each other; write head = \"sigmoid\""), "{said}");
}

#[test]
fn a_broken_archive_is_a_sentence() {
    let home = tempfile::tempdir().unwrap();
    let whole = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/data.npz")).unwrap();
    let config = config(home.path(), "npz = [\"cut.npz\"]", Head::Softmax);
    for length in [0, 10, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(home.path().join("cut.npz"), &whole[..length]).unwrap();
        let said = read(home.path(), &config).unwrap_err().to_string();
        assert!(said.contains("cut.npz"), "{said}");
    }
    // Whatever a byte is changed to: an error or other pixels, never a panic.
    for i in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[i] ^= 0xFF;
        fs::write(home.path().join("cut.npz"), &bytes).unwrap();
        let _ = read(home.path(), &config);
    }
}

#[test]
fn dicom_files_are_read_with_their_patients() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("data/mass");
    fs::create_dir_all(&folder).unwrap();
    let recipe = PhantomRecipe { seed: 4, size: 64, ..PhantomRecipe::default() };
    let phantom = render(&recipe);
    write_dicom(&folder.join("film"), &phantom, &recipe).unwrap();
    let data = read(home.path(), &config(home.path(), "folders = [\"data\"]", Head::Softmax)).unwrap();
    let entry = pellucid::study::open_image(&folder.join("film")).unwrap().entry;
    assert!(!entry.meta.patient_id.is_empty());
    assert_eq!(data.samples[0].patient, entry.meta.patient_id);
    let greys = data.samples[0].pixels.plane().values;
    let most = |start: f32, of: fn(f32, f32) -> f32| greys.iter().copied().fold(start, of);
    assert!(most(0.0, f32::max) - most(1.0, f32::min) > 0.6, "the range of the image is used");
}

#[test]
fn a_split_file_is_written_and_obeyed() {
    let home = tempfile::tempdir().unwrap();
    for i in 0..60_u32 {
        let class = ["effusion", "mass", "nodule"][(i / 2 % 3) as usize];
        picture(&home.path().join("data").join(class).join(format!("p{}_{i}.png", i / 2)), i);
    }
    let shares = "folders = [\"data\"]\npatient = ['^(p\\d+)_']\nvalidation = 0.2\ntest = 0.2";
    let config = config(home.path(), shares, Head::Softmax);
    let output = pellucid(home.path(), &["data", "split", "train.toml", "--out", "split.csv"]);
    assert!(output.status.success(), "{output:?}");
    let data = read(home.path(), &config).unwrap();
    let first = split::make::of_config(&config, &data.samples, home.path()).unwrap();
    assert_eq!((first.training.len(), first.validation.len(), first.test.len()), (36, 12, 12));
    let patients = |side: &[usize]| side.iter().map(|&i| data.samples[i].patient.clone()).collect::<BTreeSet<_>>();
    assert!(patients(&first.test).is_disjoint(&patients(&first.training)));
    assert!(patients(&first.test).is_disjoint(&patients(&first.validation)));

    let mut later = config.clone();
    later.data.split = Some("split.csv".into());
    later.seed = 99;
    let again = split::make::of_config(&later, &data.samples, home.path()).unwrap();
    let lists = |split: &Split| [&split.training, &split.validation, &split.calibration, &split.test].map(Clone::clone);
    assert_eq!(lists(&again), lists(&first));
    let parts = split_file::read(&home.path().join("split.csv"), &data.samples, &mut Vec::new()).unwrap();
    assert!(parts.iter().all(Option::is_some));
}

#[test]
fn a_check_names_leaks_conflicts_and_unreadable_files_and_exits_with_3() {
    let home = tempfile::tempdir().unwrap();
    let at = |path: &str| home.path().join("set").join(path);
    for i in 0..6 {
        picture(&at(&format!("train/mass/p{i}_a.png")), i);
        picture(&at(&format!("train/nodule/p{}_a.png", i + 10)), i + 10);
    }
    let clean = pellucid(home.path(), &["data", "check", "set", "--out", "report"]);
    let text = String::from_utf8_lossy(&clean.stdout).into_owned();
    assert_eq!(clean.status.code(), Some(0), "{text}");
    assert!(text.contains("Nothing to mend was found."), "{text}");
    let sheet = image::open(home.path().join("report/contact.png")).unwrap();
    assert!(sheet.width() > 1000 && sheet.height() > 300);

    picture(&at("test/mass/p3_b.png"), 3);
    picture(&at("train/mass/p12_b.png"), 12);
    fs::write(at("train/mass/p9_c.png"), b"no picture").unwrap();
    let output =
        pellucid(home.path(), &["data", "check", "set", "--patient", "^(p\\d+)_", "--json", "--out", "report"]);
    assert_eq!(output.status.code(), Some(3));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["images"], 14);
    assert_eq!(
        found["unreadable"][0]["path"],
        at("train/mass/p9_c.png").strip_prefix(home.path()).unwrap().to_str().unwrap()
    );
    assert_eq!(found["exact"][0]["leak"], true);
    assert_eq!(found["exact"][0]["first"], "test/mass/p3_b.png");
    assert_eq!(found["exact"][0]["second"], "train/mass/p3_a.png");
    assert_eq!(found["exact"][1]["conflict"], true);
    assert_eq!(found["shared_patients"], serde_json::json!(["p3"]));
    assert!(home.path().join("report/duplicates.png").is_file());
}

#[test]
fn a_preview_is_a_row_an_image_and_a_column_a_variant() {
    let home = tempfile::tempdir().unwrap();
    for (i, class) in ["effusion", "mass", "nodule"].into_iter().enumerate() {
        picture(&home.path().join("data").join(class).join("1.png"), i as u32);
    }
    config(home.path(), "folders = [\"data\"]", Head::Softmax);
    let asked = ["data", "preview", "train.toml", "--out", "sheet.png", "--images", "2", "--variants", "3"];
    let output = pellucid(home.path(), &asked);
    assert!(output.status.success(), "{output:?}");
    let sheet = image::open(home.path().join("sheet.png")).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (4 * 152 + 8, 28 + 2 * 168 + 8));
}
