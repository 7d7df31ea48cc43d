//! On what ground the numbers stand: method, model and software, and what they cannot know.

use crate::engine::ModelInfo;
use crate::figures::layout::{BODY, Block, list, pairs};
use crate::language::{digits, listed, said, text, tr, translated};
use crate::model::manifest::{Head, Metric, Normalization, Resize};
use crate::report::NOT_A_DEVICE;
use crate::report::case::CaseReport;
use crate::report::image_file::ImageFile;
use crate::report::redact;
use crate::uncertainty::SampleSource;
use crate::wording::{metric, residual};

/// Method, model and software: what is needed to weigh the numbers, and to make them again.
pub(super) fn ground(case: &CaseReport, source: &ImageFile, width: f32) -> Block {
    let ModelInfo { manifest, sha256, device, .. } = &case.model;
    let input = &manifest.input;
    let head = match manifest.head {
        Head::Softmax => "softmax",
        Head::Sigmoid => "sigmoid",
    };
    let resize = match input.resize {
        Resize::Squash => text!("each side scaled on its own"),
        Resize::Letterbox => text!("aspect ratio kept, with borders"),
        Resize::CenterCrop => text!("middle part only"),
    };
    let normalization = match input.normalization {
        Normalization::PerImage => text!("standardised per image"),
        Normalization::Equalize => text!("histogram equalised"),
        Normalization::Fixed => text!("standardised by fixed values"),
    };
    let mut rows = Vec::new();
    if case.analysis.scored {
        let size = case.maps().next().map_or(String::new(), |map| format!(", {} × {}", map.raw.width, map.raw.height));
        let place =
            if case.method.has_layer() { tr!("at layer {}", case.layer) } else { text!("at the input").to_owned() };
        let sums: Vec<String> = case
            .classes
            .iter()
            .filter_map(|&class| {
                let sum = residual::in_words(case.attribution(class)?.residual?);
                Some(format!("{}: {sum}", case.class_name(class)))
            })
            .collect();
        let sums = if sums.is_empty() { String::new() } else { format!(". {}", sums.join("; ")) };
        let name = case.method.name();
        let map = tr!("{name} {place}{size}, of the logit before {head}; scaled bilinearly", name, place, size, head);
        rows.push((text!("Map"), format!("{map}{sums}")));
    }
    let size = format!("{} × {}", input.width, input.height);
    rows.push((
        text!("Input"),
        tr!("{size} px of modality values, {resize}; {normalization}", size, resize, normalization),
    ));
    rows.push((text!("Model"), format!("{} {}. {}", manifest.name, manifest.version, said(&manifest.description))));
    if !case.analysis.chosen_because.is_empty() {
        rows.push((text!("Chosen"), said(&redact::clean(case, &case.analysis.chosen_because))));
    }
    rows.push((text!("Weights"), format!("SHA-256 {sha256}")));
    let training = &manifest.training;
    rows.push((
        text!("Trained on"),
        tr!(
            "{images} images, {population}. {data}",
            images = training.images,
            population = said(&training.population).trim_end_matches('.'),
            data = said(&training.data)
        ),
    ));
    let measured = measured(&manifest.metrics);
    rows.push((text!("Measured"), measured));
    let timing = &case.analysis.timing;
    let total = timing.preprocess + timing.forward + timing.explain + timing.uncertainty;
    let total = digits(total, 0);
    let (version, commit) = (crate::VERSION, crate::COMMIT);
    rows.push((
        text!("Software"),
        tr!("Pellucid {version}, commit {commit}, on {device}, {total} ms", version, commit, device, total),
    ));
    if let Some(hash) = &source.sha256 {
        rows.push((text!("Image file"), format!("SHA-256 {hash}")));
    }
    pairs(&rows, 50.0, width)
}

/// Metrics by what they were measured on, then by finding.
fn measured(metrics: &[Metric]) -> String {
    if metrics.is_empty() {
        return text!("nothing is known about how well it does").to_owned();
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
                let name = metric::title(m);
                let [value, low, high] = [m.value, m.low, m.high].map(|figure| digits(figure, 3));
                format!("{name} {value} ({low}–{high})")
            });
            findings.push(format!("{target} {}", listed(&values.collect::<Vec<_>>())));
        }
        sets.push(tr!("{findings}; 95 % intervals of {set}", findings = findings.join(" · "), set = said(&on)));
    }
    sets.join(". ")
}

/// What the model and the maps cannot know.
pub(super) fn limits(case: &CaseReport, width: f32) -> Block {
    let intervals = match case.analysis.posterior.as_ref().map(|p| p.source).unwrap_or_default() {
        SampleSource::McDropout => text!(
            "Intervals are the model's own spread under dropout; they do not cover images unlike those it was trained on."
        ),
        SampleSource::TestTime => text!(
            "Intervals are the spread over small shifts, turns and tones of this image; they say nothing of the model's weights."
        ),
        SampleSource::Ensemble => {
            text!("Intervals are where a few models disagree; they do not cover what all of them get wrong alike.")
        }
    };
    let fixed = [
        text!(
            "A map shows what moved the score, not the outline of a lesion; a plausible map is no proof of a right score."
        ),
        intervals,
        translated(NOT_A_DEVICE),
    ];
    let own: Vec<String> = case.model.manifest.limits.iter().map(|limit| said(limit)).collect();
    list(own.iter().map(String::as_str).chain(fixed), BODY, width)
}
