//! From logits to probabilities there is one way: what the viewer shows of an image is what an
//! evaluation counts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use candle_core::Device;
use pellucid::cancel::CancelToken;
use pellucid::engine::AnalysisOptions;
use pellucid::engine::analysis::analyze;
use pellucid::evaluation::scoring::{LabelledImage, score, targets};
use pellucid::model::registry;
use pellucid::phantom::{PhantomRecipe, render, write_dicom};
use pellucid::study::open_image;
use pellucid::study::patients::Patients;

/// A computed radiograph on the disk, with nothing known of it.
fn phantom(folder: &tempfile::TempDir, seed: u64, targets: usize) -> LabelledImage {
    let recipe = PhantomRecipe { seed, size: 256, ..PhantomRecipe::default() };
    let image = format!("phantom-{seed}.dcm");
    let path: PathBuf = folder.path().join(&image);
    write_dicom(&path, &render(&recipe), &recipe).unwrap();
    LabelledImage { path, image, truth: vec![None; targets], patient: None, facts: BTreeMap::new() }
}

#[test]
fn viewer_and_evaluation_give_an_image_the_same_probabilities_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let model = registry::load(registry::DEFAULT, &Device::Cpu).unwrap();
    let targets = targets(&model.manifest).0.len();
    let images: Vec<LabelledImage> = (1..=3).map(|seed| phantom(&folder, seed, targets)).collect();
    let cancel = CancelToken::default();
    let scored = score(&model, &images, &Patients::default(), 0, &cancel, &mut |_| {}).unwrap();
    assert!(scored.failures.is_empty(), "{:?}", scored.failures);
    let options = AnalysisOptions { methods: Vec::new(), samples: 0, force: true, ..AnalysisOptions::default() };
    for (image, row) in images.iter().zip(&scored.set.rows) {
        let frame = open_image(&image.path).unwrap();
        let analysis = analyze(&model, &frame, &options, &cancel, &mut |_| {}).unwrap();
        let shown: Vec<f64> =
            analysis.labels.iter().chain(&analysis.groups).map(|s| f64::from(s.probability)).collect();
        assert_eq!(row.image, image.image);
        assert_eq!(shown, row.probability, "{}", image.image);
        let logits: Vec<f64> = analysis.labels.iter().filter_map(|s| s.logit).map(f64::from).collect();
        assert_eq!(logits, row.logits, "{}", image.image);
        let says: Vec<bool> =
            analysis.labels.iter().chain(&analysis.groups).map(|s| s.probability >= s.threshold).collect();
        assert_eq!(says, row.says, "{}", image.image);
    }
}
