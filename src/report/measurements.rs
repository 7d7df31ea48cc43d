//! The reader's measurements as a report files them: what was drawn, what it comes to, and how much
//! of each printed map's evidence lies inside.
//!
//! What was drawn is the reader's; everything else is measured again by verification, of the same
//! points on the same image.

use serde::{Deserialize, Serialize};

use super::case::CaseReport;
use super::redact;
use crate::engine::lungs::Lungs;
use crate::measurement::calibration::{self, Calibration};
use crate::measurement::cardiothoracic::proposed_thorax;
use crate::measurement::evidence_inside::EvidenceInside;
use crate::measurement::geometry::Metric;
use crate::measurement::{Kind, Measured, Measurement, Words};
use crate::study::Frame;

/// A proposed border of the thorax may lie so many pixels away from where it is proposed again.
const ROUNDING: f64 = 2.0;

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasurementRecord {
    /// Numbered from 1, as it is printed.
    #[serde(flatten)]
    pub drawn: Measurement,
    pub values: Measured,
    /// Of each printed map that holds evidence; only of regions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

/// The evidence of one map inside a region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRecord {
    pub label: String,
    #[serde(flatten)]
    pub inside: EvidenceInside,
}

/// The measurements of a case, in the order in which they were made.
pub(super) fn records(case: &CaseReport) -> Vec<MeasurementRecord> {
    let plane = &case.frame.pixels.plane;
    let input = &case.model.manifest.input;
    let calibration = Calibration::among(&case.measurements);
    let record = |(i, one): (usize, &Measurement)| {
        let region = one.kind.region(&one.points);
        let inside = |&class: &usize| {
            let map = case.attribution(class).filter(|_| case.analysis.scored)?;
            let inside = EvidenceInside::of(map, input, region.as_ref()?, [plane.width, plane.height])?;
            Some(EvidenceRecord { label: case.class_name(class), inside })
        };
        let name = Words(redact::words(case, &one.name.0));
        MeasurementRecord {
            drawn: Measurement { id: i as u64 + 1, name, ..one.clone() },
            values: Measured::of(one, &case.frame, calibration),
            evidence: case.classes.iter().filter_map(inside).collect(),
        }
    };
    case.measurements.iter().enumerate().map(record).collect()
}

/// The measurements of a report for measuring them again. A width of the thorax that nothing
/// proposes any more is no proposal.
pub(super) fn again(records: &[MeasurementRecord], frame: &Frame, lungs: Option<&Lungs>) -> Vec<Measurement> {
    let all: Vec<Measurement> = records.iter().map(|record| record.drawn.clone()).collect();
    let metric = calibration::metric(frame, Calibration::among(&all));
    let drawn = |mut one: Measurement| {
        if let Some(lungs) = lungs {
            one.thorax_proposed &= is_proposed(&one, &metric, lungs);
        }
        one
    };
    all.into_iter().map(drawn).collect()
}

/// Whether the outline of the lungs proposes this width of the thorax.
fn is_proposed(one: &Measurement, metric: &Metric, lungs: &Lungs) -> bool {
    let (Kind::Cardiothoracic, [upper, lower, _, _, thorax @ ..]) = (one.kind, one.points.as_slice()) else {
        return false;
    };
    let outline = lungs.outline.iter().flat_map(|line| &line.points).map(|p| p.map(f64::from));
    let Some(proposed) = proposed_thorax(metric, [*upper, *lower], outline) else { return false };
    let near = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) <= ROUNDING;
    thorax.len() == 2 && thorax.iter().zip(&proposed).all(|(a, b)| near(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::image_file::ImageFile;
    use crate::report::sample_case::{again as computed, case, lungs, on_disk};
    use crate::report::sidecar::Sidecar;
    use crate::report::{export, pdf, verify};

    fn measurement(kind: Kind, points: &[[f64; 2]], name: &str) -> Measurement {
        let (points, name) = (points.to_vec(), Words::new(name));
        Measurement { id: 99, kind, points, name, thorax_proposed: false, known_mm: None }
    }

    fn measured(folder: &std::path::Path) -> CaseReport {
        let mut case = on_disk(case(), folder);
        let lungs = lungs(folder);
        let midline = [[150.0, 20.0], [150.0, 220.0]];
        let outline = lungs.outline.iter().flat_map(|line| &line.points).map(|p| p.map(f64::from));
        let thorax = proposed_thorax(&calibration::metric(&case.frame, None), midline, outline).unwrap();
        let mut ratio = measurement(
            Kind::Cardiothoracic,
            &[midline[0], midline[1], [130.0, 150.0], [200.0, 150.0], thorax[0], thorax[1]],
            "",
        );
        ratio.thorax_proposed = true;
        case.lungs = Some(lungs);
        case.measurements = vec![
            measurement(Kind::Length, &[[10.0, 10.0], [110.0, 10.0]], "Nodule of Jane Doe"),
            ratio,
            measurement(Kind::Ellipse, &[[180.0, 130.0], [240.0, 170.0]], "opacity"),
            measurement(Kind::Arrow, &[[210.0, 150.0], [250.0, 100.0]], "Opacity"),
        ];
        case
    }

    fn page_text(case: &CaseReport) -> String {
        let bytes = pdf::pdf(case, &ImageFile::default()).unwrap();
        let options = printpdf::PdfParseOptions::default();
        let document = printpdf::PdfDocument::parse(&bytes, &options, &mut Vec::new()).unwrap();
        document.extract_text().into_iter().flatten().collect::<Vec<_>>().join(" ").replace('\n', " ")
    }

    #[test]
    fn they_are_filed_with_values_units_and_the_evidence_inside() {
        let folder = tempfile::tempdir().unwrap();
        let records = records(&measured(folder.path()));
        // 100 columns of 0.143 mm at the detector.
        assert!((records[0].values.length.unwrap() - 14.3).abs() < 1e-9);
        assert!(records[0].values.cautions[0].contains("magnification"));
        let ratio = records[1].values.cardiothoracic.unwrap();
        assert!((ratio.heart - 70.0 * 0.143).abs() < 1e-9 && ratio.thorax > 200.0 * 0.143);
        let [evidence] = records[2].evidence.as_slice() else { panic!("one printed map") };
        assert_eq!(evidence.label, "Bacterial pneumonia");
        assert!(evidence.inside.share > evidence.inside.area, "{evidence:?}");
        assert_eq!(records.iter().map(|r| r.drawn.id).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }

    #[test]
    fn the_page_prints_the_same_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let case = measured(folder.path());
        let text = page_text(&case);
        for record in records(&case) {
            for line in record.values.lines() {
                assert!(text.contains(&line), "{line} is missing in {text}");
            }
            for evidence in record.evidence {
                assert!(text.contains(&crate::wording::measured::evidence(&evidence.inside)), "{text}");
            }
        }
        for words in ["Nodule of Jane Doe", "at the detector", "proposed by the outline of the lungs", "Measurements"] {
            assert!(text.to_lowercase().contains(&words.to_lowercase()), "{words} is missing in {text}");
        }
        assert!(!page_text(&crate::report::sample_case::case()).contains("Measurements"));
    }

    #[test]
    fn many_of_them_flow_over_pages_and_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let mut case = measured(folder.path());
        case.measurements =
            (0..120).map(|i| measurement(Kind::Probe, &[[f64::from(i), 1.0]], &format!("place {i}."))).collect();
        let text = page_text(&case);
        assert!((0..120).all(|i| text.contains(&format!("place {i}."))), "{text}");
        for words in ["What it cannot know", "Signature"] {
            assert!(text.contains(words));
        }
    }

    #[test]
    fn an_anonymised_report_strikes_the_patient_from_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let case = CaseReport { anonymize: true, ..measured(folder.path()) };
        let file = serde_json::to_string(&Sidecar::of(&case, &ImageFile::default())).unwrap();
        for said in [page_text(&case), file] {
            assert!(said.contains("Nodule of") && said.contains("free text"), "{said}");
            assert!(!said.contains("Jane") && !said.contains("Doe"), "{said}");
        }
    }

    #[test]
    fn verification_measures_again() {
        let folder = tempfile::tempdir().unwrap();
        let case = measured(folder.path());
        let json = export(&case, folder.path()).unwrap().with_extension("json");
        let again = |text: &str| {
            std::fs::write(&json, text).unwrap();
            verify::verify(&json, None, |_, _| Ok(computed(&case))).unwrap()
        };
        let text = std::fs::read_to_string(&json).unwrap();
        let outcome = again(&text);
        assert!(outcome.holds(), "{:?}", outcome.differences);
        assert!(outcome.unchecked.iter().any(|u| u.what.contains("measurements") && u.why.contains("reader")));
        let field = |of: &str| {
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            value.pointer(of).unwrap_or_else(|| panic!("{of}")).to_string()
        };
        for place in [
            "/measurements/0/values/length",
            "/measurements/1/values/cardiothoracic/ratio",
            "/measurements/2/values/statistics/mean",
            "/measurements/2/evidence/0/share",
        ] {
            let was = field(place);
            let forged = text.replace(&was, "0.123");
            assert!(!again(&forged).holds(), "a forged {place} was not noticed");
        }
        let mm = text.replace("\"unit\": \"mm-at-detector\"", "\"unit\": \"mm\"");
        assert!(mm != text && !again(&mm).holds());
        // A width that nobody proposed may not pass for a proposal.
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value["measurements"][1]["points"][4][0] = 60.0.into();
        let outcome = again(&value.to_string());
        assert!(outcome.differences.iter().any(|d| d.what.contains("thorax proposed")), "{:?}", outcome.differences);
    }

    #[test]
    fn what_cannot_be_a_measurement_is_refused_before_anything_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let case = measured(folder.path());
        let json = export(&case, folder.path()).unwrap().with_extension("json");
        let mut value: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
        value["measurements"][0]["points"][0][0] = 1e300.into();
        std::fs::write(&json, value.to_string()).unwrap();
        assert!(verify::read(&json).unwrap_err().to_string().contains("nowhere near"));
    }
}
