//! What the reader said of the model's findings, as a report files it: a row for every finding, those
//! that were not looked at too.
//!
//! The reader's own word cannot be computed again. What the model had said can, and so can whether
//! the two agree and the box around a mark: verification does.

use std::collections::BTreeMap;

use chrono::{DateTime, Local};
use serde::{Deserialize, Serialize};

use super::case::CaseReport;
use super::redact;
use crate::feedback::{
    Answer, Call, CaseFeedback, FindingAnswer, FreeRemark, Mark, MarkReason, Opinion, Said, rfc3339,
};
use crate::measurement::{Kind, Measurement, Point, Words};

/// All that was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedbackRecord {
    /// One a finding of the model, as the report lists them.
    pub answers: Vec<AnswerRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<MarkRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<FreeRemark>,
}

/// The answer to one finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerRecord {
    pub finding: String,
    /// `null` where the reader calls the finding and the model does not.
    pub answer: Option<Answer>,
    #[serde(flatten)]
    pub given: Option<Given>,
}

/// What the reader said, of a finding that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Given {
    pub opinion: Opinion,
    /// Nothing where there was no result yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    #[serde(with = "rfc3339")]
    pub at: DateTime<Local>,
    pub before_result: bool,
}

/// A region that the reader drew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarkRecord {
    /// Its number among the measurements of the report.
    pub measurement: u64,
    pub finding: String,
    pub reason: MarkReason,
    pub kind: Kind,
    pub points: Vec<Point>,
    /// Left, top, right and bottom of the upright box around it, in pixels of the image.
    #[serde(rename = "box")]
    pub bounds: [f64; 4],
    #[serde(with = "rfc3339")]
    pub at: DateTime<Local>,
    pub before_result: bool,
}

/// What a case files; nothing where the reader said nothing.
pub(super) fn record(case: &CaseReport) -> Option<FeedbackRecord> {
    let said = case.feedback.as_ref().filter(|said| !said.is_empty())?;
    let names = names(case);
    // What no label says stands in the reader's words.
    let called = |mark: &Mark| {
        if names.contains(&mark.finding) { mark.finding.clone() } else { redact::words(case, &mark.finding) }
    };
    let answers = names.iter().map(|finding| answer(case, said.of(finding), finding.clone())).collect();
    let number = |mark: &Mark| case.measurements.iter().position(|one| one.id == mark.measurement);
    let mark = |mark: &Mark| {
        Some(MarkRecord {
            measurement: number(mark).map_or(0, |at| at as u64 + 1),
            finding: called(mark),
            reason: mark.reason,
            kind: mark.kind,
            points: mark.points.clone(),
            bounds: mark.bounds()?,
            at: mark.at,
            before_result: mark.before_result,
        })
    };
    let remark = said
        .remark
        .as_ref()
        .map(|remark| FreeRemark { text: Words(redact::words(case, &remark.text.0)), ..remark.clone() });
    Some(FeedbackRecord { answers, marks: said.marks.iter().filter_map(mark).collect(), remark })
}

/// Labels and groups as the report lists them; of an image that was not scored as the model does.
fn names(case: &CaseReport) -> Vec<String> {
    let listed: Vec<String> = case.findings().into_iter().map(|finding| finding.name).collect();
    if !listed.is_empty() {
        return listed;
    }
    let manifest = &case.model.manifest;
    let groups = manifest.groups.iter().map(|group| group.name.clone());
    groups.chain(manifest.labels.iter().map(|label| label.name.clone())).collect()
}

fn answer(case: &CaseReport, given: Option<&FindingAnswer>, finding: String) -> AnswerRecord {
    let Some(given) = given else {
        return AnswerRecord { finding, answer: Some(Answer::NotLookedAt), given: None };
    };
    let own = Given { opinion: given.opinion, said: given.said, at: given.at, before_result: given.before_result };
    // What was said before the result is held against the result of this report.
    let said = given.said.or_else(|| said(case, &finding));
    let answer = FindingAnswer { said, ..given.clone() }.answer();
    AnswerRecord { finding, answer, given: Some(own) }
}

/// What the model says of a finding; nothing where it was not scored.
fn said(case: &CaseReport, finding: &str) -> Option<Said> {
    let analysis = &case.analysis;
    let scores = analysis.labels.iter().chain(&analysis.groups);
    let score = scores.filter(|_| analysis.scored).find(|score| score.label == finding)?;
    let refused = analysis.gate.as_ref().is_some_and(|gate| !gate.accepted);
    let calls = !refused && case.outside().is_none();
    let (probability, threshold) = (score.probability, score.threshold);
    Some(Said { probability, threshold, call: calls.then(|| Call::of(probability, threshold)) })
}

/// What was said, from the record of a report that is made again: what the model said is what it says
/// now.
pub(super) fn again(record: &FeedbackRecord, case: &CaseReport) -> CaseFeedback {
    let answer = |row: &AnswerRecord| {
        let given = row.given.as_ref()?;
        Some(FindingAnswer {
            finding: row.finding.clone(),
            opinion: given.opinion,
            said: given.said.and_then(|_| said(case, &row.finding)),
            at: given.at,
            before_result: given.before_result,
        })
    };
    let mark = |mark: &MarkRecord| Mark {
        measurement: mark.measurement,
        finding: mark.finding.clone(),
        reason: mark.reason,
        kind: mark.kind,
        points: mark.points.clone(),
        at: mark.at,
        before_result: mark.before_result,
    };
    CaseFeedback {
        answers: record.answers.iter().filter_map(answer).collect(),
        marks: record.marks.iter().map(mark).collect(),
        remark: record.remark.clone(),
    }
}

/// What of a record cannot be checked, by its place: the reader's own words, and calls of scores that
/// lie so near to their threshold that rounding turns them.
pub(super) fn unchecked(record: &FeedbackRecord, allowed: f64) -> BTreeMap<String, String> {
    let mut named = BTreeMap::new();
    for (i, row) in record.answers.iter().enumerate() {
        let Some(given) = &row.given else { continue };
        for field in ["opinion", "at", "before_result"] {
            let why = "as the reader said it; what the model had said was computed again";
            named.insert(format!("feedback.answers.{i}.{field}"), why.to_owned());
        }
        let near = |said: Said| f64::from((said.probability - said.threshold).abs()) <= allowed;
        if given.said.is_some_and(near) {
            for field in ["answer", "said.call"] {
                let why = "the score lies so near to the threshold that rounding decides".to_owned();
                named.insert(format!("feedback.answers.{i}.{field}"), why);
            }
        }
    }
    for i in 0..record.marks.len() {
        for field in ["measurement", "finding", "reason", "kind", "points", "at", "before_result"] {
            let why = "as the reader drew it; the box around it was made again";
            named.insert(format!("feedback.marks.{i}.{field}"), why.to_owned());
        }
    }
    if record.remark.is_some() {
        named.insert("feedback.remark".into(), "the reader's own words, and when they were written".into());
    }
    named
}

/// The regions of the marks, as measurements that can be checked.
pub(super) fn regions(record: &FeedbackRecord) -> Vec<Measurement> {
    let region = |(i, mark): (usize, &MarkRecord)| Measurement {
        id: i as u64 + 1,
        kind: mark.kind,
        points: mark.points.clone(),
        name: Words::default(),
        thorax_proposed: false,
        known_mm: None,
    };
    record.marks.iter().enumerate().map(region).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::image_file::ImageFile;
    use crate::report::sample_case::{again as computed, case, on_disk};
    use crate::report::{export, pdf, verify};

    fn answered(folder: &std::path::Path) -> CaseReport {
        let mut case = on_disk(case(), folder);
        let at = case.created;
        let answer = |finding: &str, opinion, said, before_result| FindingAnswer {
            finding: finding.into(),
            opinion,
            said,
            at,
            before_result,
        };
        let seen = said(&case, "Pneumonia");
        assert!(seen.is_some_and(|said| said.call.is_some()), "the sample is called");
        let points = vec![[180.0, 130.0], [240.0, 170.0]];
        let name = Words::default();
        case.measurements = vec![Measurement {
            id: 77,
            kind: Kind::Ellipse,
            points: points.clone(),
            name,
            thorax_proposed: false,
            known_mm: None,
        }];
        case.feedback = Some(CaseFeedback {
            answers: vec![
                answer("Pneumonia", Opinion::Present, seen, false),
                answer("Normal", Opinion::Absent, None, true),
                answer("Viral pneumonia", Opinion::Unsure, said(&case, "Viral pneumonia"), false),
            ],
            marks: vec![Mark {
                measurement: 77,
                finding: "Pneumonia".into(),
                reason: MarkReason::Misplaced,
                kind: Kind::Ellipse,
                points,
                at,
                before_result: false,
            }],
            remark: Some(FreeRemark { text: Words("Jane Doe's old scar".into()), at, before_result: false }),
        });
        case
    }

    fn page_text(case: &CaseReport) -> String {
        let bytes = pdf::pdf(case, &ImageFile::default()).unwrap();
        let options = printpdf::PdfParseOptions::default();
        let document = printpdf::PdfDocument::parse(&bytes, &options, &mut Vec::new()).unwrap();
        document.extract_text().into_iter().flatten().collect::<Vec<_>>().join(" ").replace('\n', " ")
    }

    #[test]
    fn every_finding_has_a_row_and_says_whether_it_was_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let record = record(&answered(folder.path())).unwrap();
        let of = |finding: &str| record.answers.iter().find(|row| row.finding == finding).unwrap();
        assert_eq!(record.answers.len(), 4);
        assert_eq!(of("Bacterial pneumonia").answer, Some(Answer::NotLookedAt));
        assert_eq!(of("Viral pneumonia").answer, Some(Answer::Unsure));
        // Said before the result: held against it now.
        assert!(matches!(of("Normal").answer, Some(Answer::Agree | Answer::Disagree)));
        assert!(of("Normal").given.as_ref().is_some_and(|given| given.said.is_none() && given.before_result));
        assert_eq!((record.marks[0].measurement, record.marks[0].bounds), (1, [180.0, 130.0, 240.0, 170.0]));
        assert!(super::record(&case()).is_none());
    }

    #[test]
    fn the_page_says_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let case = answered(folder.path());
        let text = page_text(&case);
        for words in ["Reader's answers", "Pneumonia", "Not looked at: Bacterial pneumonia", "misplaced", "old scar"] {
            assert!(text.contains(words), "{words} is missing in {text}");
        }
        assert!(text.contains("before the model's result was shown"), "{text}");
        let nameless = CaseReport { anonymize: true, ..case };
        let text = page_text(&nameless);
        assert!(text.contains("old scar") && text.contains("free text") && !text.contains("Jane"), "{text}");
    }

    #[test]
    fn verification_computes_what_the_model_had_said_again() {
        let folder = tempfile::tempdir().unwrap();
        let case = answered(folder.path());
        let json = export(&case, folder.path()).unwrap().with_extension("json");
        let text = std::fs::read_to_string(&json).unwrap();
        let again = |value: &serde_json::Value| {
            std::fs::write(&json, value.to_string()).unwrap();
            verify::verify(&json, None, |_, _| Ok(computed(&case)))
        };
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let outcome = again(&value).unwrap();
        assert!(outcome.holds(), "{:?}", outcome.differences);
        assert!(outcome.unchecked.iter().any(|u| u.what.contains("remark")));
        let row = value["feedback"]["answers"].as_array().unwrap().iter().position(|r| r["opinion"] == "present");
        let row = row.unwrap();
        for (place, forged) in [
            (format!("/feedback/answers/{row}/said/probability"), serde_json::json!(0.01)),
            (format!("/feedback/answers/{row}/said/threshold"), serde_json::json!(0.99)),
            (format!("/feedback/answers/{row}/answer"), serde_json::json!("unsure")),
            (format!("/feedback/answers/{row}/opinion"), serde_json::json!("absent")),
            ("/feedback/marks/0/box/0".to_owned(), serde_json::json!(3.0)),
        ] {
            let mut altered = value.clone();
            *altered.pointer_mut(&place).unwrap() = forged;
            assert!(!again(&altered).unwrap().holds(), "a forged {place} was not noticed");
        }
        let mut far = value.clone();
        *far.pointer_mut("/feedback/marks/0/points/0/0").unwrap() = 1e300.into();
        assert!(again(&far).is_err());
    }
}
