//! On what ground the numbers stand: method, model and software, and what they cannot know.

use crate::engine::ModelInfo;
use crate::figures::layout::{BODY, Block, list, pairs};
use crate::model::manifest::{Head, Metric, Normalization, Resize};
use crate::report::NOT_A_DEVICE;
use crate::report::case::CaseReport;
use crate::report::image_file::ImageFile;
use crate::report::redact;
use crate::uncertainty::SampleSource;

/// Method, model and software: what is needed to weigh the numbers, and to make them again.
pub(super) fn ground(case: &CaseReport, source: &ImageFile, width: f32) -> Block {
    let ModelInfo { manifest, sha256, device, .. } = &case.model;
    let input = &manifest.input;
    let head = match manifest.head {
        Head::Softmax => "softmax",
        Head::Sigmoid => "sigmoid",
    };
    let resize = match input.resize {
        Resize::Squash => "each side scaled on its own",
        Resize::Letterbox => "aspect ratio kept, with borders",
        Resize::CenterCrop => "middle part only",
    };
    let normalization = match input.normalization {
        Normalization::PerImage => "standardised per image",
        Normalization::Equalize => "histogram equalised",
        Normalization::Fixed => "standardised by fixed values",
    };
    let mut rows = Vec::new();
    if case.analysis.scored {
        let size = case.maps().next().map_or(String::new(), |map| format!(", {} × {}", map.raw.width, map.raw.height));
        let place = if case.method.has_layer() { format!("layer {}", case.layer) } else { "the input".to_owned() };
        let sums: Vec<String> = case
            .classes
            .iter()
            .filter_map(|&class| {
                Some(format!("{}: {}", case.class_name(class), case.attribution(class)?.residual?.words()))
            })
            .collect();
        let sums = if sums.is_empty() { String::new() } else { format!(". {}", sums.join("; ")) };
        let name = case.method.name();
        rows.push(("Map", format!("{name} at {place}{size}, of the logit before {head}; scaled bilinearly{sums}")));
    }
    rows.push((
        "Input",
        format!("{} × {} px of modality values, {resize}; {normalization}", input.width, input.height),
    ));
    rows.push(("Model", format!("{} {}. {}", manifest.name, manifest.version, manifest.description)));
    if !case.analysis.chosen_because.is_empty() {
        rows.push(("Chosen", redact::clean(case, &case.analysis.chosen_because)));
    }
    rows.push(("Weights", format!("SHA-256 {sha256}")));
    let training = &manifest.training;
    rows.push((
        "Trained on",
        format!("{} images, {}. {}", training.images, training.population.trim_end_matches('.'), training.data),
    ));
    let measured = measured(&manifest.metrics);
    rows.push(("Measured", measured));
    let timing = &case.analysis.timing;
    let total = timing.preprocess + timing.forward + timing.explain + timing.uncertainty;
    rows.push((
        "Software",
        format!("Pellucid {}, commit {}, on {device}, {total:.0} ms", crate::VERSION, crate::COMMIT),
    ));
    if let Some(hash) = &source.sha256 {
        rows.push(("Image file", format!("SHA-256 {hash}")));
    }
    pairs(&rows, 50.0, width)
}

/// Metrics by what they were measured on, then by finding.
fn measured(metrics: &[Metric]) -> String {
    if metrics.is_empty() {
        return "nothing is known about how well it does".to_owned();
    }
    let distinct = |key: fn(&Metric) -> &str, of: &[&Metric]| {
        let mut keys: Vec<String> = Vec::new();
        for key in of.iter().map(|m| key(m).to_owned()) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    };
    let all: Vec<&Metric> = metrics.iter().collect();
    let mut sets = Vec::new();
    for on in distinct(|m| m.on.as_str(), &all) {
        let here: Vec<&Metric> = all.iter().copied().filter(|m| m.on == on).collect();
        let mut findings = Vec::new();
        for target in distinct(|m| m.target.as_str(), &here) {
            let values = here.iter().filter(|m| m.target == target).map(|m| {
                let name = if m.name.eq_ignore_ascii_case("auroc") { "AUROC" } else { m.name.as_str() };
                format!("{name} {:.3} ({:.3}–{:.3})", m.value, m.low, m.high)
            });
            findings.push(format!("{target} {}", values.collect::<Vec<_>>().join(", ")));
        }
        sets.push(format!("{}; 95 % intervals of {on}", findings.join(" · ")));
    }
    sets.join(". ")
}

/// What the model and the maps cannot know.
pub(super) fn limits(case: &CaseReport, width: f32) -> Block {
    let intervals = match case.analysis.posterior.as_ref().map(|p| p.source).unwrap_or_default() {
        SampleSource::McDropout => {
            "Intervals are the model's own spread under dropout; they do not cover images unlike those it was trained on."
        }
        SampleSource::TestTime => {
            "Intervals are the spread over small shifts, turns and tones of this image; they say nothing of the model's weights."
        }
        SampleSource::Ensemble => {
            "Intervals are where a few models disagree; they do not cover what all of them get wrong alike."
        }
    };
    let fixed = [
        "A map shows what moved the score, not the outline of a lesion; a plausible map is no proof of a right score.",
        intervals,
    ];
    let own = case.model.manifest.limits.iter().map(String::as_str);
    list(own.chain(fixed).chain([NOT_A_DEVICE]), BODY, width)
}
