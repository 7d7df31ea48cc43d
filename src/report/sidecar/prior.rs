//! The prior of the reported image as a report files it: scores of both, what was measured on both.
//!
//! ```text
//! change = probability now − probability before         size change = size now − size before
//! ```
//!
//! Scores are compared only where both images were accepted by the gate and lie within the population
//! of the model; else the reason stands there. Sizes are compared where both images have a
//! measurement of the same kind and name, or one each of a kind without names, in the same unit. A
//! change of a score is no change of the disease, and a size is only as good as its spacing: what is
//! measured at the detector differs with the distance of the patient.
//!
//! The prior is filed as an image of its own: verification scores it again and measures on it again.

use std::path::PathBuf;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::MapRecord;
use crate::engine::Score;
use crate::engine::conformal::OUTSIDE;
use crate::imaging::auto_window::initial_window;
use crate::language::named;
use crate::measurement::geometry::LengthUnit;
use crate::measurement::{Kind, Words};
use crate::report::case::CaseReport;
use crate::report::image_file::ImageFile;
use crate::report::measurements::{self, MeasurementRecord};
use crate::report::on_screen::OnScreen;
use crate::report::redact;
use crate::study::Metadata;

/// The prior as a report files it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriorRecord {
    /// Absolute path; nothing in an anonymised report.
    pub path: Option<PathBuf>,
    /// SHA-256 of the file; nothing in an anonymised report.
    pub sha256: Option<String>,
    pub sop_instance_uid: Option<String>,
    /// From 0.
    pub frame: u32,
    pub image: Metadata,
    /// Days from the study of the prior to that of the image; nothing where a day is not known.
    pub days_earlier: Option<i64>,
    /// Why scores are not compared, a sentence.
    pub not_compared: Option<String>,
    pub scores: Vec<ScoreChange>,
    /// The printed classes' maps of the prior.
    pub maps: Vec<MapRecord>,
    pub measurements: Vec<MeasurementRecord>,
    pub sizes: Vec<SizeChange>,
}

/// A label or group of both images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreChange {
    pub label: String,
    pub group: bool,
    pub before: f32,
    pub now: f32,
    pub change: f32,
}

/// What was measured on both images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeChange {
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub name: Words,
    /// What of it.
    pub size: Size,
    /// Numbers of the measurements, from 1.
    pub number_before: u64,
    pub number_now: u64,
    pub before: f64,
    pub now: f64,
    pub change: f64,
    /// Nothing of an angle and of a ratio.
    pub unit: Option<LengthUnit>,
}

/// What of a measurement is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Size {
    Length,
    LongAxis,
    ShortAxis,
    Diameter,
    Area,
    /// Degrees.
    Angle,
    CardiothoracicRatio,
}

impl Size {
    /// In a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Length => named!("length"),
            Self::LongAxis => named!("long axis"),
            Self::ShortAxis => named!("short axis"),
            Self::Diameter => named!("diameter"),
            Self::Area => named!("area"),
            Self::Angle => named!("angle"),
            Self::CardiothoracicRatio => named!("ratio"),
        }
    }
}

/// The prior as a case of its own: printed and measured as the reported one is.
pub(in crate::report) fn as_case(case: &CaseReport) -> Option<CaseReport> {
    let prior = case.prior.as_ref()?;
    Some(CaseReport {
        window: initial_window(&prior.frame.pixels),
        frame: prior.frame.clone(),
        analysis: prior.analysis.clone(),
        measurements: prior.measurements.clone(),
        prior: None,
        impression: None,
        lungs: None,
        faithfulness: None,
        similar: None,
        study: None,
        key_images: None,
        kept_changes: Vec::new(),
        inverted_by_reader: false,
        on_screen: OnScreen::default(),
        ..case.clone()
    })
}

/// The prior of a case, as it is filed and printed.
pub(in crate::report) fn record(case: &CaseReport) -> Option<PriorRecord> {
    let (prior, own) = (case.prior.as_ref()?, as_case(case)?);
    let source = ImageFile::of(&own);
    let identity = &prior.frame.entry.identity;
    let scores = scores(case, &own);
    let mut measurements = measurements::records(&own);
    for record in &mut measurements {
        // Words about either image may stand with either.
        record.drawn.name = Words(redact::words(case, &record.drawn.name.0));
    }
    let days = day(&case.frame.entry.meta).zip(day(&prior.frame.entry.meta));
    Some(PriorRecord {
        path: source.path,
        sha256: source.sha256,
        sop_instance_uid: Some(identity.sop_instance_uid.clone()).filter(|uid| !case.anonymize && !uid.is_empty()),
        frame: prior.frame.index,
        image: redact::metadata(&own),
        days_earlier: days.map(|(now, before)| (now - before).num_days()),
        not_compared: scores.as_ref().err().map(|why| redact::clean(case, &redact::clean(&own, why))),
        maps: if scores.is_ok() { MapRecord::all(&own) } else { Vec::new() },
        scores: scores.unwrap_or_default(),
        sizes: sizes(&measurements::records(case), &measurements),
        measurements,
    })
}

/// The day of a study, where its file gives one.
fn day(meta: &Metadata) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(meta.study_date.trim(), "%Y%m%d").ok()
}

/// The scores of both images, groups first.
fn scores(now: &CaseReport, before: &CaseReport) -> Result<Vec<ScoreChange>, String> {
    for (case, name) in [(now, "the image"), (before, "the prior")] {
        let analysis = &case.analysis;
        match &analysis.gate {
            Some(gate) if !gate.accepted => return Err(format!("The input gate refused {name}: {}", gate.reason)),
            _ if !analysis.scored => return Err(format!("There are no scores of {name}.")),
            _ => {}
        }
        if case.outside().is_some() {
            return Err(format!("Not compared: {name} is {OUTSIDE}."));
        }
    }
    let pairs = |group: bool, now: &[Score], before: &[Score]| -> Vec<ScoreChange> {
        let both = now.iter().filter_map(|score| Some((score, before.iter().find(|b| b.label == score.label)?)));
        both.map(|(now, before)| ScoreChange {
            label: now.label.clone(),
            group,
            before: before.probability,
            now: now.probability,
            change: now.probability - before.probability,
        })
        .collect()
    };
    let (a, b) = (&now.analysis, &before.analysis);
    let mut all = pairs(true, &a.groups, &b.groups);
    all.extend(pairs(false, &a.labels, &b.labels));
    Ok(all)
}

/// What was measured on both.
fn sizes(now: &[MeasurementRecord], before: &[MeasurementRecord]) -> Vec<SizeChange> {
    let mut all = Vec::new();
    for record in now {
        let Some(other) = counterpart(record, now, before) else { continue };
        let (a, b) = (parts(record), parts(other));
        for (size, value, unit) in a {
            let same = b.iter().find(|(other, _, its)| *other == size && *its == unit);
            all.extend(same.map(|(_, was, _)| SizeChange {
                kind: record.drawn.kind,
                name: record.drawn.name.clone(),
                size,
                number_before: other.drawn.id,
                number_now: record.drawn.id,
                before: *was,
                now: value,
                change: value - was,
                unit,
            }));
        }
    }
    all
}

/// The measurement of the prior that is of the same thing: of the same kind and name, or where
/// neither has a name the only one of its kind on either image.
fn counterpart<'a>(
    record: &MeasurementRecord,
    now: &[MeasurementRecord],
    before: &'a [MeasurementRecord],
) -> Option<&'a MeasurementRecord> {
    let name = |of: &MeasurementRecord| of.drawn.name.0.trim().to_lowercase();
    let alike = |other: &&MeasurementRecord| other.drawn.kind == record.drawn.kind && name(other) == name(record);
    let (own, theirs) = (now.iter().filter(alike).count(), before.iter().filter(alike).count());
    let only = own == 1 && theirs == 1 && record.drawn.kind != Kind::Calibration;
    before.iter().find(alike).filter(|_| only)
}

/// The sizes of a measurement with their units.
fn parts(record: &MeasurementRecord) -> Vec<(Size, f64, Option<LengthUnit>)> {
    let values = &record.values;
    let of = |size: Size, value: Option<f64>| value.map(|value| (size, value, values.unit));
    let bare = |size: Size, value: Option<f64>| value.map(|value| (size, value, None));
    [
        of(Size::Length, values.length),
        of(Size::LongAxis, values.axes.map(|axes| axes.long)),
        of(Size::ShortAxis, values.axes.map(|axes| axes.short)),
        of(Size::Diameter, values.diameter),
        of(Size::Area, values.area),
        bare(Size::Angle, values.angle),
        bare(Size::CardiothoracicRatio, values.cardiothoracic.map(|both| both.ratio)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::measurement::Measurement;
    use crate::report::prior::CasePrior;
    use crate::report::sample_case::{again, case, on_disk};
    use crate::report::sidecar::Sidecar;
    use crate::report::verify::PriorAgain;
    use crate::report::{export, pdf, verify};

    fn line(kind: Kind, length: f64, name: &str) -> Measurement {
        let points = vec![[10.0, 10.0], [10.0 + length, 10.0]];
        Measurement { id: 9, kind, points, name: Words::new(name), thorax_proposed: false, known_mm: None }
    }

    fn compared(folder: &Path) -> CaseReport {
        let mut prior = case();
        let frame = Arc::make_mut(&mut prior.frame);
        let entry = Arc::make_mut(&mut frame.entry);
        entry.path = folder.join("prior-of-doe.dcm");
        std::fs::write(&entry.path, b"earlier pixels").unwrap();
        entry.meta.study_date = "20250301".into();
        entry.identity.sop_instance_uid = "1.2.3.prior".into();
        Arc::make_mut(&mut prior.analysis).groups[0].probability = 0.44;
        let mut now = on_disk(case(), folder);
        Arc::make_mut(&mut Arc::make_mut(&mut now.frame).entry).meta.study_date = "20260301".into();
        now.measurements =
            vec![line(Kind::Length, 100.0, "Nodule"), line(Kind::Probe, 0.0, ""), line(Kind::Length, 9.0, "")];
        now.measurements[1].points.truncate(1);
        let measurements = vec![line(Kind::Length, 5.0, ""), line(Kind::Length, 80.0, "nodule ")];
        now.prior = Some(CasePrior { frame: prior.frame, analysis: prior.analysis, measurements });
        now
    }

    fn page_text(case: &CaseReport) -> String {
        let bytes = pdf::pdf(case, &ImageFile::default()).unwrap();
        let options = printpdf::PdfParseOptions::default();
        let document = printpdf::PdfDocument::parse(&bytes, &options, &mut Vec::new()).unwrap();
        document.extract_text().into_iter().flatten().collect::<Vec<_>>().join(" ").replace('\n', " ")
    }

    #[test]
    fn scores_and_sizes_of_both_are_filed_and_printed() {
        let folder = tempfile::tempdir().unwrap();
        let case = compared(folder.path());
        let record = record(&case).unwrap();
        assert_eq!((record.days_earlier, record.not_compared.as_deref()), (Some(365), None));
        let pneumonia = &record.scores[0];
        assert_eq!((pneumonia.label.as_str(), pneumonia.before, pneumonia.now), ("Pneumonia", 0.44, 0.94));
        assert!((pneumonia.change - 0.5).abs() < 1e-6 && record.scores.len() == 4 && record.maps.len() == 1);
        // 100 and 80 columns of 0.143 mm; those without a name are each the only one.
        let sizes: Vec<_> = record.sizes.iter().map(|s| (s.number_before, s.number_now, s.change)).collect();
        assert_eq!((sizes[0].0, sizes[0].1, sizes[1].0, sizes[1].1), (2, 1, 1, 3));
        assert!((sizes[0].2 - 2.86).abs() < 1e-9 && sizes.len() == 2, "{sizes:?}");
        let text = page_text(&case);
        for words in [
            "Prior",
            "2025-03-01",
            "12 months earlier",
            "0.44",
            "0.94",
            "+0.50",
            "11.4",
            "14.3",
            "+2.9",
            "+25 %",
            "no change of the disease",
        ] {
            assert!(text.contains(words), "{words} is missing in {text}");
        }
        assert!(!page_text(&CaseReport { prior: None, ..case }).contains("2025-03-01"));
    }

    #[test]
    fn what_was_refused_or_is_outside_is_not_subtracted() {
        let folder = tempfile::tempdir().unwrap();
        let mut case = compared(folder.path());
        let prior = case.prior.as_mut().unwrap();
        Arc::make_mut(&mut prior.analysis).gate.as_mut().unwrap().accepted = false;
        let found = record(&case).unwrap();
        assert!(found.not_compared.as_deref().unwrap().contains("refused the prior") && found.scores.is_empty());
        assert!(found.maps.is_empty() && found.sizes.len() == 2, "what was measured was measured");
        assert!(page_text(&case).contains("refused the prior"));
    }

    #[test]
    fn an_anonymised_report_holds_no_day_and_no_file_of_the_prior() {
        let folder = tempfile::tempdir().unwrap();
        let mut case = CaseReport { anonymize: true, ..compared(folder.path()) };
        case.prior.as_mut().unwrap().measurements[1].name = Words::new("nodule of Jane Doe, 1.3.2025");
        let file = serde_json::to_string(&Sidecar::of(&case, &ImageFile::default())).unwrap();
        for said in [page_text(&case), file] {
            assert!(said.contains("365") || said.contains("12 months earlier"), "{said}");
            for secret in ["2025-03-01", "20250301", "1.3.2025", "prior-of-doe", "1.2.3.prior", "Jane"] {
                assert!(!said.contains(secret), "{secret} in {said}");
            }
        }
    }

    #[test]
    fn verification_scores_the_prior_again_and_measures_on_it_again() {
        let folder = tempfile::tempdir().unwrap();
        let case = compared(folder.path());
        let json = export(&case, folder.path()).unwrap().with_extension("json");
        let text = std::fs::read_to_string(&json).unwrap();
        let outcome = |text: &str, with: bool| {
            std::fs::write(&json, text).unwrap();
            let prior = case.prior.as_ref().filter(|_| with).map(|prior| PriorAgain {
                frame: prior.frame.as_ref().clone(),
                analysis: prior.analysis.as_ref().clone(),
            });
            verify::verify(&json, None, |_, _| Ok(verify::Recomputed { prior, ..again(&case) })).unwrap()
        };
        let whole = outcome(&text, true);
        assert!(whole.holds(), "{:?}", whole.differences);
        let without = outcome(&text, false);
        assert!(without.holds() && without.unchecked.iter().any(|u| u.what == "prior" && u.why.contains("--prior")));
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (place, forged) in [
            ("/prior/scores/0/before", serde_json::json!(0.1)),
            ("/prior/scores/0/change", serde_json::json!(0.1)),
            ("/prior/sizes/0/before", serde_json::json!(1.0)),
            ("/prior/measurements/1/values/length", serde_json::json!(1.0)),
            ("/prior/days_earlier", serde_json::json!(3)),
            ("/prior/sha256", serde_json::json!("00")),
            ("/prior/image/study_date", serde_json::json!("20200101")),
        ] {
            let was = std::mem::replace(value.pointer_mut(place).unwrap_or_else(|| panic!("{place}")), forged);
            assert!(!outcome(&value.to_string(), true).holds(), "a forged {place} was not noticed");
            *value.pointer_mut(place).unwrap() = was;
        }
    }
}
