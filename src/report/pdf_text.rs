//! The parts of the page that are words: who, on what ground, what it cannot know, the signature.

use super::case::CaseReport;
use super::file::Source;
use super::layout::{Align, BODY, Block, CAPTION, HEADING, Ink, TITLE, list, pairs, paragraph};
use super::redact;
use super::suggestions::{CAUTION, suggestions};
use super::typeface;
use crate::engine::{AnalysisOptions, ModelInfo};
use crate::fonts::{LONGEST_ATTRIBUTE, attribute, cut, lacking};
use crate::imaging::WindowFunction;
use crate::network::manifest::{Head, Metric, Normalization, Resize};
use crate::study::{SpacingProvenance, Warning, readable_name};
use crate::uncertainty::{Source as SampleSource, entropy};

pub const NOT_A_DEVICE: &str = "Not a medical device: for research and teaching, never for diagnosis.";

/// Title of the report and the day it was made.
pub fn head(case: &CaseReport, width: f32) -> Block {
    let mut block = Block::space(TITLE.line() + CAPTION.line());
    block.text(0.0, 0.0, Align::Left, TITLE, "Case report");
    block.text(0.0, TITLE.line(), Align::Left, CAPTION, "What an image classifier saw, and how sure it was");
    let made = case.created.format("%Y-%m-%d %H:%M").to_string();
    block.text(width, TITLE.line() - BODY.line() - 1.0, Align::Right, BODY, &format!("Made {made}"));
    block.text(width, TITLE.line(), Align::Right, CAPTION.ink(Ink::Warning), NOT_A_DEVICE);
    block
}

/// Whose report it is, for the pages behind the first.
pub fn running_head(case: &CaseReport) -> String {
    let meta = redact::metadata(case);
    let made = case.created.format("%Y-%m-%d %H:%M").to_string();
    let patient = if case.anonymize { "anonymised".to_owned() } else { readable_name(&meta.patient_name) };
    joined(" · ", &["Case report".to_owned(), patient, meta.patient_id, made])
}

/// Patient, study and acquisition.
pub fn who(case: &CaseReport, width: f32) -> Block {
    let meta = redact::metadata(case);
    let frame = &case.frame;
    let mut left = Vec::new();
    if case.anonymize {
        left.push((
            "Patient",
            "Anonymised: name, identifiers, dates, institution and physicians are left out".to_owned(),
        ));
    }
    left.push(("Patient", attribute(&readable_name(&meta.patient_name))));
    left.push(("ID", attribute(&meta.patient_id)));
    left.push((
        if meta.birth_date.is_empty() { "Age, sex" } else { "Born" },
        joined(", ", &[date(&meta.birth_date), age(&meta.age), sex(&meta.sex)]),
    ));
    left.push(("Institution", attribute(&meta.institution)));
    left.push(("Referred by", attribute(&readable_name(&meta.referring_physician))));

    let size = format!("{} × {} px", frame.plane.width, frame.plane.height);
    let spacing = frame.spacing.map_or_else(
        || "no pixel spacing".to_owned(),
        |s| {
            let at = match s.provenance {
                SpacingProvenance::Calibrated => "mm",
                SpacingProvenance::AtDetector => "mm at detector",
            };
            if (s.row_mm - s.column_mm).abs() < 1e-6 {
                format!("{:.3} {at}", s.row_mm)
            } else {
                format!("{:.3} × {:.3} {at}", s.row_mm, s.column_mm)
            }
        },
    );
    let kvp = if meta.kvp.is_empty() { String::new() } else { format!("{} kV", meta.kvp) };
    let number = |word: &str, n: &str| if n.is_empty() { String::new() } else { format!("{word} {n}") };
    let mut right = vec![
        (
            "Study",
            joined(
                ", ",
                &[joined(" ", &[date(&meta.study_date), time(&meta.study_time)]), meta.study_description.clone()],
            ),
        ),
        (
            "Series",
            joined(
                ", ",
                &[
                    meta.series_description.clone(),
                    number("series", &meta.series_number),
                    number("image", &meta.instance_number),
                ],
            ),
        ),
        (
            "Image",
            joined(
                ", ",
                &[
                    meta.modality.clone(),
                    meta.body_part.to_lowercase(),
                    meta.view_position.clone(),
                    meta.laterality.clone(),
                ],
            ),
        ),
        ("Device", joined(", ", &[joined(" ", &[meta.manufacturer.clone(), meta.model_name.clone()]), kvp])),
        ("Accession", attribute(&meta.accession_number)),
        ("Matrix", joined(", ", &[size, spacing])),
        ("Compression", attribute(&meta.lossy)),
    ];
    if frame.entry.frames > 1 {
        right.push(("Frame", format!("{} of {}", frame.index + 1, frame.entry.frames)));
    }
    if !case.anonymize && meta.patient_name.is_empty() && meta.patient_id.is_empty() {
        let name = frame.entry.path.file_name().map(|name| name.to_string_lossy().into_owned());
        left.insert(0, ("File", attribute(&name.unwrap_or_default())));
    }
    left.retain(|(_, value)| !value.is_empty());
    right.retain(|(_, value)| !value.is_empty());
    let column = (width - 16.0) / 2.0;
    let mut block = pairs(&left, 50.0, column);
    block.put(column + 16.0, 0.0, &pairs(&right, 54.0, column));
    block
}

/// The verdict of the input gate.
pub fn gate(case: &CaseReport, width: f32) -> Block {
    let Some(gate) = &case.analysis.gate else {
        return paragraph(
            "This model has no input gate: nothing has checked that the image is of its kind.",
            BODY.ink(Ink::Warning),
            width,
        );
    };
    let whole = case.frame.scorable().is_ok();
    let (word, ink) = match (gate.accepted, case.analysis.scored) {
        (true, _) => ("Input gate: accepted.", Ink::Text),
        (false, true) if !whole => ("The image is not all there. Scored because the reader insisted.", Ink::Warning),
        (false, false) if !whole => ("The image is not all there. There are no scores.", Ink::Warning),
        (false, true) => ("Input gate: refused. Scored because the reader insisted.", Ink::Warning),
        (false, false) => ("Input gate: refused. There are no scores.", Ink::Warning),
    };
    let mut block = paragraph(word, BODY.bold().ink(ink), width);
    // Of an image that no gate has looked at there are no numbers.
    let numbers = if gate.is_judged() {
        format!("Score {:.2}, let through from {:.2}.", gate.score, gate.threshold)
    } else {
        String::new()
    };
    let reason = redact::clean(case, &gate.reason);
    block.stack(0.0, &paragraph(&joined(" ", &[reason, numbers]), BODY, width));
    block
}

/// What the calls are worth at the prevalences that the reader stated.
pub fn prevalence(case: &CaseReport, width: f32) -> Block {
    let mut block = Block::default();
    for at in case.at_prevalences() {
        let words = joined(" ", &[at.in_words(), at.ground().unwrap_or_default()]);
        block.stack(0.0, &paragraph(&words, BODY, width));
    }
    block
}

/// Uncertainty in words and numbers.
pub fn doubt(case: &CaseReport, width: f32) -> Block {
    let analysis = &case.analysis;
    if !analysis.scored {
        return Block::default();
    }
    let Some(p) = &analysis.posterior else {
        let AnalysisOptions { source, samples, .. } = &analysis.options;
        let why = source.unavailable(analysis.stochastic, case.model.ensemble.len()).filter(|_| *samples > 0);
        let words = why.map_or_else(
            || {
                "No samples were asked for: the numbers are of a single pass, and nothing is known about their spread."
                    .to_owned()
            },
            |why| format!("{why} No interval can be given, and nothing is known about the spread of its numbers."),
        );
        return paragraph(&words, BODY.ink(Ink::Warning), width);
    };
    let mut block = paragraph(&entropy::words(p, &case.model.manifest), BODY.bold(), width);
    // In the order of the table above.
    let means: Vec<String> =
        case.findings().iter().filter_map(|f| f.summary.as_ref()).map(|s| format!("{:.2}", s.mean)).collect();
    let numbers = format!(
        "{}. {} {}, seed {}; means {}.",
        p.entropy_in_words(),
        if p.samples.is_empty() { analysis.options.samples } else { p.samples.len() },
        p.source.samples(),
        p.seed,
        means.join(", ")
    );
    block.stack(0.0, &paragraph(&numbers, BODY, width));
    if p.source == SampleSource::Ensemble {
        let others: Vec<&str> = case.model.ensemble.iter().map(|m| m.name.as_str()).collect();
        let words = format!("Asked beside {}: {}.", case.model.manifest.name, others.join(", "));
        block.stack(0.0, &paragraph(&words, BODY, width));
    }
    block
}

/// The suggestions, or nothing where no rule speaks.
pub fn considerations(case: &CaseReport, width: f32) -> Option<Block> {
    let said = suggestions(case);
    if said.is_empty() {
        return None;
    }
    let mut block = list(said.iter().map(|s| s.text.as_str()), BODY, width);
    block.stack(1.0, &paragraph(CAUTION, CAPTION, width));
    Some(block)
}

/// Warnings of the file, of the analysis and of the gate, and characters that the font lacks.
pub fn reservations(case: &CaseReport, source: &Source, width: f32) -> Option<Block> {
    let mut said: Vec<String> = Vec::new();
    let gate = case.analysis.gate.iter().flat_map(|gate| &gate.warnings);
    for warning in gate.chain(&case.frame.warnings).chain(&case.analysis.warnings) {
        let warning = redact::clean(case, warning);
        // Why the image is outside the population has been said first of all.
        if !said.contains(&warning) && case.outside().map(|reason| redact::clean(case, reason)) != Some(warning.clone())
        {
            said.push(warning);
        }
    }
    said.extend(source.warning.as_ref().map(|Warning { reason, .. }| redact::clean(case, reason)));
    let meta = redact::metadata(case);
    let attributes = [
        &meta.patient_name,
        &meta.institution,
        &meta.referring_physician,
        &meta.study_description,
        &meta.series_description,
        &meta.patient_id,
        &meta.manufacturer,
        &meta.model_name,
    ];
    let written = redact::impression(case);
    let written = written.iter().flat_map(|i| std::iter::once(&i.text).chain(i.remarks.iter().map(|r| &r.text)));
    let printed = attributes.map(|text| cut(text, LONGEST_ATTRIBUTE)).into_iter().chain(written.map(Into::into));
    let words = lacking(&printed.collect::<String>());
    said.extend(
        words.map(|words| {
            format!("Of the file and of the reader's words, {words}. Each is printed as {}.", typeface::BOX)
        }),
    );
    (!said.is_empty()).then(|| list(said.iter().map(String::as_str), BODY, width))
}

/// Method, model and software: what is needed to judge the numbers, and to make them again.
pub fn ground(case: &CaseReport, source: &Source, width: f32) -> Block {
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
        Normalization::Fixed => "standardised by fixed figures",
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

/// Figures by what they were measured on, then by finding.
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
            let figures = here.iter().filter(|m| m.target == target).map(|m| {
                let name = if m.name.eq_ignore_ascii_case("auroc") { "AUROC" } else { m.name.as_str() };
                format!("{name} {:.3} ({:.3}–{:.3})", m.value, m.low, m.high)
            });
            findings.push(format!("{target} {}", figures.collect::<Vec<_>>().join(", ")));
        }
        sets.push(format!("{}; 95 % intervals of {on}", findings.join(" · ")));
    }
    sets.join(". ")
}

/// What the model and the maps cannot know.
pub fn limits(case: &CaseReport, width: f32) -> Block {
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

/// Places for the reader's name, signature and day.
pub fn signature(width: f32) -> Block {
    let mut block = Block::space(34.0);
    let gap = 16.0;
    let column = (width - 2.0 * gap) / 3.0;
    for (i, word) in ["Read by", "Signature", "Date"].into_iter().enumerate() {
        let x = i as f32 * (column + gap);
        block.line([x, 23.0], [x + column, 23.0], 0.5, Ink::Muted);
        block.text(x, 24.0, Align::Left, CAPTION, word);
    }
    block
}

/// A heading in its own column left of the content.
pub fn section(heading: &str, content: &Block, column: f32) -> Block {
    let mut block = paragraph(heading, HEADING, column - 8.0);
    block.put(column, 0.0, content);
    block
}

/// Window and polarity of the printed image.
pub fn display(case: &CaseReport) -> String {
    if case.frame.color.is_some() {
        return "Own colours of the file".to_owned();
    }
    let function = match case.window.function {
        WindowFunction::Linear => "",
        WindowFunction::LinearExact => " (exact)",
        WindowFunction::Sigmoid => " (sigmoid)",
    };
    let inverted = if case.inverted_by_reader { ", inverted by the reader" } else { "" };
    format!("W {} L {}{function}{inverted}", plain(case.window.width), plain(case.window.center))
}

fn plain(value: f32) -> String {
    if value.fract() == 0.0 || value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// `20261120` as `2026-11-20`; anything else as it is.
pub fn date(text: &str) -> String {
    let text = text.trim();
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])
    } else {
        text.to_owned()
    }
}

/// `114512.33` as `11:45`.
fn time(text: &str) -> String {
    let text = text.trim();
    match text.get(..4) {
        Some(start) if start.bytes().all(|b| b.is_ascii_digit()) => format!("{}:{}", &start[..2], &start[2..]),
        _ => text.to_owned(),
    }
}

fn sex(text: &str) -> String {
    match text.trim() {
        "F" => "female".into(),
        "M" => "male".into(),
        "O" => "other".into(),
        other => other.to_owned(),
    }
}

/// `066Y` as `66 years`.
fn age(text: &str) -> String {
    let text = text.trim();
    let (number, more) = text.strip_suffix('+').map_or((text, ""), |rest| (rest, " or more"));
    let unit = match number.chars().last() {
        Some('Y') => "years",
        Some('M') => "months",
        Some('W') => "weeks",
        Some('D') => "days",
        _ => return text.to_owned(),
    };
    match number[..number.len() - 1].parse::<u32>() {
        Ok(n) => format!("{n} {unit}{more}"),
        Err(_) => text.to_owned(),
    }
}

fn joined<const N: usize>(with: &str, parts: &[String; N]) -> String {
    let said = parts.iter().filter(|part| !part.trim().is_empty());
    said.map(|part| attribute(part)).collect::<Vec<_>>().join(with)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_ages_are_written_for_people() {
        assert_eq!(date("20261120"), "2026-11-20");
        assert_eq!(date("2026"), "2026");
        assert_eq!(time("114512.33"), "11:45");
        assert_eq!(age("066Y"), "66 years");
        assert_eq!(age("003M"), "3 months");
        assert_eq!(age("090Y+"), "90 years or more");
        assert_eq!(age("old"), "old");
    }
}
