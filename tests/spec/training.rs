//! Training as a whole, on pictures that a network of a few hundred weights can tell apart.

use std::path::Path;
use std::sync::Mutex;

use candle_core::Device;
use pellucid::model::preprocess;
use pellucid::training::Error;
use pellucid::training::batch::recipe::BatchRecipe;
use pellucid::training::data::dataset::Dataset;
use pellucid::training::data::sample::Sample;
use pellucid::training::data::{list, load_dataset};
use pellucid::training::event::Event;
use pellucid::training::run::control::Control;
use pellucid::training::run::options::RunOptions;
use pellucid::training::run::trainer;
use pellucid::training::run::trainer::Outcome;

use super::toy_training::{config, images, options, train};

#[test]
fn a_run_learns_and_leaves_a_model_with_its_figures() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &|c| c).unwrap();
    let outcome = train(&config, &options(folder.path())).unwrap();
    let area = outcome.manifest.metrics.iter().find(|m| m.target == "Rightish" && m.name == "auroc").unwrap();
    assert!(area.value > 0.99, "{area:?}");
    assert!(area.low <= area.value && area.value <= area.high, "{area:?}");
    assert_eq!(outcome.history.len(), 6);
    assert_eq!((outcome.history[1].size, outcome.history[2].size), (24, 32));
    assert!(outcome.extent.epoch > 2, "only an epoch of the last phase can be the model");
    for file in ["manifest.toml", "weights.safetensors", "CARD.md"] {
        assert!(folder.path().join("model").join(file).is_file(), "{file}");
    }
    for file in ["checkpoint.safetensors", "log.csv", "curves.png"] {
        assert!(folder.path().join("run").join(file).is_file(), "{file}");
    }
    let log = std::fs::read_to_string(folder.path().join("run/log.csv")).unwrap();
    assert_eq!(log.lines().count(), 7);
}

#[test]
fn patients_who_chose_nothing_calibrate_where_there_are_enough_of_them() {
    let calibration = |dataset: &Dataset| {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &|c| c.replace("epochs = 4", "epochs = 1")).unwrap();
        let warnings = Mutex::new(Vec::new());
        let hear = |event| {
            if let Event::Warning(words) = event {
                warnings.lock().unwrap().push(words);
            }
        };
        trainer::run(&config, &options(folder.path()), dataset, &hear, &Control::default()).unwrap();
        let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
        let texts = ["model/calibration.toml", "model/CARD.md", "run/split.csv"].map(read);
        (texts, warnings.into_inner().unwrap().join(" "))
    };
    // 60 patients of either class, of whom 45 learn: nine of those calibrate.
    let mut many = Dataset::default();
    for copy in 0..5 {
        let sample = |s: Sample| Sample { patient: format!("{}, {copy}", s.patient), ..s };
        many.samples.extend(images().samples.into_iter().map(sample));
    }
    let ([file, card, split], warnings) = calibration(&many);
    assert!(file.contains("set = \"calibration part of the training of left-right\""), "{file}");
    assert!(
        file.contains("images = 36\npatients = 18\n") && file.contains("chose neither weights nor epoch"),
        "{file}"
    );
    assert!(card.contains("the calibration part, 36 images of 18 patients"), "{card}");
    assert_eq!(split.lines().filter(|l| l.ends_with(",calibration")).count(), 36);
    assert!(!warnings.contains("calibration"), "{warnings}");
    let ([file, card, split], warnings) = calibration(&images());
    assert!(file.contains("set = \"validation part") && file.contains("chose the epoch"), "{file}");
    assert!(card.contains("the validation part") && !split.contains(",calibration"), "{card}");
    assert!(
        warnings.contains("no part is set apart for calibration: \"Left\" has 9 patients to learn from"),
        "{warnings}"
    );
}

#[test]
fn a_resumed_run_repeats_an_uninterrupted_one_to_the_bit() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = config(whole.path(), &|c| c).unwrap();
    let straight = train(&config, &options(whole.path())).unwrap();
    // 36 images in batches of 8 are 5 steps an epoch: the first part ends with the third epoch.
    let first = RunOptions { max_steps: Some(15), ..options(parts.path()) };
    assert_eq!(train(&config, &first).unwrap().history.len(), 3);
    let resumed = train(&config, &RunOptions { resume: true, ..options(parts.path()) }).unwrap();
    assert_eq!(resumed.manifest, straight.manifest);
    let losses = |o: &Outcome| o.history.iter().map(|r| (r.training_loss, r.validation_loss)).collect::<Vec<_>>();
    assert_eq!(losses(&resumed), losses(&straight));
    let weights = |folder: &Path| std::fs::read(folder.join("model/weights.safetensors")).unwrap();
    assert!(weights(parts.path()) == weights(whole.path()), "the weights differ");
}

#[test]
fn a_checkpoint_of_another_configuration_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = RunOptions { max_steps: Some(5), ..options(folder.path()) };
    train(&config(folder.path(), &|c| c).unwrap(), &first).unwrap();
    let other = config(folder.path(), &|c| c.replace("learning_rate = 0.02", "learning_rate = 0.03")).unwrap();
    let error = train(&other, &RunOptions { resume: true, ..options(folder.path()) }).unwrap_err();
    assert!(error.to_string().contains("have changed since"), "{error}");
    let outcome = train(&other, &RunOptions { resume: true, changed: true, ..options(folder.path()) }).unwrap();
    assert_eq!(outcome.history.len(), 6);
}

#[test]
fn the_published_preparation_is_the_same_in_training_and_at_prediction() {
    let folder = tempfile::tempdir().unwrap();
    // Files of 40 × 36 pixels: the crop cuts, and each channel has its own mean and deviation.
    for (i, sample) in images().samples.iter().enumerate() {
        let side = if sample.class() == Some(1) { "right" } else { "left" };
        let grey = |x: u32, y: u32| sample.pixels.values()[(y * 32 / 36 * 32 + x * 32 / 40) as usize] as u8;
        let file = folder.path().join(side).join(format!("{}_{side}{i}.png", sample.patient));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        image::GrayImage::from_fn(40, 36, |x, y| image::Luma([grey(x, y)])).save(file).unwrap();
    }
    let config = config(folder.path(), &|c| {
        c.replace("channels = 1\nresize = \"squash\"\nnormalization = \"per-image\"", PUBLISHED)
    })
    .unwrap();
    let dataset = load_dataset::load_dataset(&config, folder.path(), None, &Device::Cpu, &|_| ()).unwrap();
    let recipe = BatchRecipe::of(&config, &dataset, &[], 32);
    let sample = &dataset.samples[7];
    let trained = recipe.tensor(recipe.plain(&[7]), 1, &Device::Cpu).unwrap();
    let path = folder.path().join(&sample.key);
    let frame = pellucid::study::open_image(&path).unwrap();
    let plane = preprocess::to_input(&frame.pixels.plane, &config.input, (0.0, 255.0));
    let predicted = preprocess::channels(&plane, &config.input);
    assert_eq!(trained.flatten_all().unwrap().to_vec1::<f32>().unwrap(), predicted);
    let (red, blue) = (predicted[0], predicted[2 * 32 * 32]);
    assert!((red * 0.229 + 0.485 - (blue * 0.225 + 0.406)).abs() < 1e-5 && red != blue);
}

const PUBLISHED: &str = "channels = 3
resize = \"center-crop\"
crop = 0.875
normalization = \"fixed\"
mean = [0.485, 0.456, 0.406]
sd = [0.229, 0.224, 0.225]";

#[test]
fn early_stopping_waits_for_its_patience() {
    let folder = tempfile::tempdir().unwrap();
    // Without a learning rate to speak of, and the weights themselves, no epoch is better than the
    // first.
    let config = config(folder.path(), &|c| {
        c.replace("learning_rate = 0.02", "learning_rate = 1e-9\npatience = 2")
            .replace("epochs = 4", "epochs = 40")
            .replace("average_decay = 0.8", "average_decay = 0.999")
            .replace("criterion = \"loss\"", "criterion = \"auroc\"")
    })
    .unwrap();
    let outcome = train(&config, &options(folder.path())).unwrap();
    assert!(outcome.stopped_early);
    assert!(outcome.history.len() < 42);
}

#[test]
fn a_loss_that_is_no_number_ends_the_run_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let broken = candle_core::Tensor::new(&[f32::NAN; 4], &Device::Cpu).unwrap();
    let tensors = std::collections::HashMap::from([("stem.bn.bias".to_owned(), broken)]);
    candle_core::safetensors::save(&tensors, folder.path().join("broken.safetensors")).unwrap();
    let config = config(folder.path(), &|c| {
        c.replace("[augment]", "[transfer]\nstart_from = \"broken.safetensors\"\n\n[augment]")
    })
    .unwrap();
    let error = train(&config, &options(folder.path())).unwrap_err();
    assert!(matches!(error, Error::Diverged { step: 1, epoch: 1, .. }));
    assert!(error.to_string().contains("Lower the learning rate"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_ends_the_run_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("run"), b"a file stands where the folder should be").unwrap();
    let error = train(&config(folder.path(), &|c| c).unwrap(), &options(folder.path())).unwrap_err();
    assert!(error.to_string().contains("cannot be written"), "{error}");
}

#[test]
fn labels_and_patients_come_from_folders_and_names_and_bad_files_are_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &|c| c.replace("folders = [\".\"]", "folders = [\"data\"]")).unwrap();
    for (class, name) in [("left", "p1_a.png"), ("left", "p1_r.png"), ("right", "p2_b.png"), ("other", "p3_c.png")] {
        let class = folder.path().join("data").join(class);
        std::fs::create_dir_all(&class).unwrap();
        image::GrayImage::from_pixel(40, 20, image::Luma([90])).save(class.join(name)).unwrap();
    }
    std::fs::write(folder.path().join("data/left/p4_d.png"), b"no picture").unwrap();
    let (files, warnings) = list::list(&config, folder.path(), None).unwrap();
    let data = load_dataset::decode(&files, warnings, &config.input, 2, &|_| ()).unwrap();
    let found: Vec<(&str, Option<usize>, &str)> =
        data.samples.iter().map(|s| (s.name.as_str(), s.class(), s.patient.as_str())).collect();
    assert_eq!(found, [("p1_a.png", Some(0), "p1"), ("p1_r.png", Some(1), "p1"), ("p2_b.png", Some(1), "p2")]);
    assert!(
        data.samples
            .iter()
            .all(|s| s.pixels.width() == 32 && s.pixels.values().iter().all(|g| (g - 90.0).abs() < 1e-3))
    );
    let reasons: Vec<&str> = data.warnings.iter().map(|w| w.reason.as_str()).collect();
    assert_eq!(reasons.len(), 2);
    assert!(reasons[0].contains("\"other\" gives it a label"), "{reasons:?}");
    assert!(reasons[1].contains("cannot be decoded"), "{reasons:?}");
}

#[test]
fn faults_of_the_configuration_are_said_in_sentences() {
    let folder = tempfile::tempdir().unwrap();
    let said = |from: &str, to: &str| {
        config(folder.path(), &|c| c.replacen(from, to, 1)).expect_err("the configuration is faulty").to_string()
    };
    for (from, to, words) in [
        ("seed = 3", "sed = 3", "unknown field `sed`"),
        ("label = \"Right\"", "label = \"Up\"", "names \"Up\", which is none of the labels"),
        ("members = [\"Right\"]", "members = [\"Down\"]", "the group \"Rightish\" names \"Down\""),
        ("'^(p\\d+)_'", "'^p\\d+_'", "no group in brackets that names the patient"),
        ("'^(p\\d+)_'", "'^(p'", "a patient pattern does not parse"),
        ("batch = 8", "batch = 1", "`batch` must be at least 2"),
        ("rotation = 5.0", "rotation = 500.0", "`augment.rotation` is 500, but must lie between 0 and 180"),
        ("batch = 8", "batch = 8\nfocal_alpha = 0.25", "`focal_alpha` is for findings on their own"),
        ("batch = 8", "batch = 8\nmomentum = 1.5", "`momentum` is 1.5, but must lie between 0 and 0.999"),
        ("name = \"Right\"", "name = \"left\"", "is there twice"),
        ("target_layer = \"stage2\"", "target_layer = \"stage9\"", "stage9"),
    ] {
        let sentence = said(from, to);
        assert!(sentence.contains("train.toml cannot be used"), "{sentence}");
        assert!(sentence.contains(words), "{sentence}");
    }
}

#[test]
fn a_run_can_be_watched_paused_and_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &|c| c).unwrap();
    let (control, seen) = (Control::default(), Mutex::new(Vec::new()));
    let watch = |event| {
        match &event {
            Event::Step(step) if (step.epoch, step.step) == (1, 2) => control.pause(),
            Event::Paused => control.resume(),
            _ => {}
        }
        seen.lock().unwrap().push(event);
    };
    let outcome = trainer::run(&config, &options(folder.path()), &images(), &watch, &control).unwrap();
    assert!(!outcome.stopped);
    let seen = seen.into_inner().unwrap();
    let count = |kind: fn(&Event) -> bool| seen.iter().filter(|e| kind(e)).count();
    assert_eq!(count(|e| matches!(e, Event::Step(_))), 6 * 5);
    assert_eq!(count(|e| matches!(e, Event::Epoch { .. })), 6);
    assert_eq!(count(|e| matches!(e, Event::Samples { .. })), 6);
    assert!(matches!(&seen[..], [Event::Ready(ready), .., Event::Finished(end)]
        if ready.training == 36 && ready.labels == ["Left", "Right"] && end.epoch == outcome.extent.epoch));
    let place = |kind: fn(&Event) -> bool| seen.iter().position(kind).unwrap();
    let paused = place(|e| matches!(e, Event::Paused));
    assert_eq!(place(|e| matches!(e, Event::Resumed)), paused + 1);
    assert!(
        matches!(&seen[paused - 1], Event::Step(step) if step.step == 2),
        "a pause is granted before the next step"
    );

    let Some(Event::Samples { epoch: 6, samples }) = seen.iter().rfind(|e| matches!(e, Event::Samples { .. })) else {
        panic!("the last epoch shows samples")
    };
    assert_eq!(samples.len(), 6);
    for sample in samples {
        assert_eq!(sample.truth[sample.predicted], 1.0, "{} is called wrongly", sample.name);
        assert!((sample.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert_eq!((sample.thumbnail.width, sample.thumbnail.height), (32, 32));
        let map = sample.heat_map.as_ref().unwrap();
        assert_eq!((map.class(), map.layer.as_str()), (Some(sample.predicted), "stage2"));
    }
    let truths: Vec<f32> = samples.iter().map(|s| s.truth[0]).collect();
    assert_eq!(truths, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0], "labels are shown in turn");
}

#[test]
fn a_stopped_run_leaves_the_model_of_its_whole_epochs_and_can_be_resumed() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = config(whole.path(), &|c| c).unwrap();
    let straight = train(&config, &options(whole.path())).unwrap();
    let control = Control::default();
    let watch = |event| {
        if matches!(event, Event::Step(step) if (step.epoch, step.step) == (4, 3)) {
            control.stop();
        }
    };
    let stopped = trainer::run(&config, &options(parts.path()), &images(), &watch, &control).unwrap();
    assert!(stopped.stopped);
    assert_eq!((stopped.history.len(), stopped.extent.epoch), (3, 3));
    let resumed = train(&config, &RunOptions { resume: true, ..options(parts.path()) }).unwrap();
    assert_eq!(resumed.manifest, straight.manifest);
}

#[test]
fn a_run_stopped_in_its_first_epoch_says_that_it_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (config, control) = (config(folder.path(), &|c| c).unwrap(), Control::default());
    control.stop();
    let error = trainer::run(&config, &options(folder.path()), &images(), &|_| (), &control).unwrap_err();
    assert!(error.to_string().contains("stopped before its first epoch"), "{error}");
    assert!(!folder.path().join("model").exists());
}

#[test]
fn weights_in_half_precision_are_judged_as_they_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let half = config(folder.path(), &|c| format!("precision = \"f16\"\n{c}")).unwrap();
    let outcome = train(&half, &options(folder.path())).unwrap();
    let file = options(folder.path()).model.join("weights.safetensors");
    let stored = candle_core::safetensors::load(&file, &Device::Cpu).unwrap();
    let kinds: std::collections::BTreeSet<_> =
        stored.values().map(|t| (t.rank() > 1, format!("{:?}", t.dtype()))).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [(false, "F32".to_owned()), (true, "F16".to_owned())]);
    let whole = tempfile::tempdir().unwrap();
    train(&config(whole.path(), &|c| c).unwrap(), &options(whole.path())).unwrap();
    let full = std::fs::metadata(options(whole.path()).model.join("weights.safetensors")).unwrap().len();
    assert!(std::fs::metadata(&file).unwrap().len() < full);
    // The model that is read again is the one whose figures stand in the manifest.
    let model = pellucid::model::registry::load(&file.parent().unwrap().to_string_lossy(), &Device::Cpu).unwrap();
    assert_eq!(model.manifest, outcome.manifest);
}
