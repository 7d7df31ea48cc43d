//! `pellucid predict --by study`: one result for each study or series, in place of one for each
//! image.
//!
//! Copies of an image, byte for byte, count once. An image that no model fits or that the gate
//! refused takes no part and is named; where images of a study are judged by different models, each
//! model has a result of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Serialize;

use super::Args;
use crate::cli::inputs::Inputs;
use crate::cli::session::Session;
use crate::cli::table::width;
use crate::cli::{Outcome, Usage, output};
use crate::engine::study_members::{self, Judged, LeftOut, Member, StudyMembers};
use crate::engine::study_result::{StudyResult, StudyScore};
use crate::engine::{AnalysisOptions, ModelInfo};
use crate::evaluation::csv_table::csv;
use crate::evaluation::truth::normal_label;
use crate::printable::printable;
use crate::study::patients::Patients;
use crate::study::unit::{GroupedBy, Unit, UnitKey};

/// What is judged as one, and how it is printed.
#[derive(Debug, clap::Args)]
pub(super) struct StudyArgs {
    /// One result for each study or series, from the pooled scores of its images: study or series.
    /// Pictures of a patient, as their names tell, are one
    #[arg(long, value_name = "UNIT", conflicts_with = "prevalence")]
    pub by: Option<Unit>,
    /// With --by: pattern whose first group in a file name is the patient, for pictures [default:
    /// file names as in public sets]
    #[arg(long, value_name = "REGEX", requires = "by")]
    patients: Option<String>,
    /// With --by: a table with one row for each study and label or group
    #[arg(long, requires = "by", conflicts_with = "json")]
    csv: bool,
}

/// One study by one model; the fields of a JSON line, in their order.
#[derive(Serialize)]
struct StudyRecord {
    study: String,
    grouped_by: GroupedBy,
    /// `null` where no image was scored.
    model: Option<ModelId>,
    images: Vec<String>,
    left_out: Vec<LeftOut>,
    /// `null` where no image was scored.
    result: Option<StudyResult>,
    #[serde(skip)]
    heading: String,
}

#[derive(Serialize)]
struct ModelId {
    name: String,
    sha256: String,
}

/// Scores every image, then prints one result a study.
pub(super) fn run(args: &Args, unit: Unit) -> anyhow::Result<Outcome> {
    let given: Vec<&String> = args.studies.patients.iter().collect();
    let patients = Patients::of(&given).map_err(|e| Usage(format!("--patients is no pattern: {e}")))?;
    let mut session = Session::with_ensemble(&args.model, &args.analysis.ensemble)?;
    let mut studies: Vec<(UnitKey, StudyMembers)> = Vec::new();
    let options = AnalysisOptions { force: args.analysis.force, ..study_members::options() };
    let mut places: BTreeMap<UnitKey, usize> = BTreeMap::new();
    let outcome = Inputs::gather(&args.paths).each("Predicting", |image| {
        let analyzed = session.analyze(|| image.load(None), |_, _| Ok(options.clone()), args.analysis.force)?;
        let key = unit.of(&analyzed.frame.entry, &patients);
        let place = *places.entry(key.clone()).or_insert(studies.len());
        if place == studies.len() {
            studies.push((key, StudyMembers::default()));
        }
        let model = analyzed.outcome.as_ref().map(|(model, _)| Arc::new(ModelInfo::of(model)));
        let outcome = model.as_ref().zip(analyzed.outcome.as_ref().map(|(_, analysis)| analysis));
        studies[place].1.push(Judged::of(image.path(), &analyzed.choice, outcome));
        match analyzed.frame.scorable() {
            Err(reason) if !analyzed.is_scored() => Err(reason.into()),
            _ => Ok(()),
        }
    })?;
    let alone = studies.iter().filter(|(key, _)| key.by == GroupedBy::Nothing).count();
    if alone > 0 {
        output::remark(format!(
            "note: {alone} images belong to no {} and to no patient that their names tell; each stands alone (--patients names a pattern).",
            unit.name()
        ));
    }
    let error_rate = args.analysis.error_rate;
    let records: Vec<StudyRecord> =
        studies.iter().flat_map(|(key, members)| records(members, key, unit, error_rate)).collect();
    print(args, &records)?;
    Ok(outcome)
}

/// One record a model, or one that says why there is none.
fn records(members: &StudyMembers, key: &UnitKey, unit: Unit, error_rate: f64) -> Vec<StudyRecord> {
    let record = |model: Option<ModelId>, images: Vec<String>, result| StudyRecord {
        study: key.name.clone(),
        grouped_by: key.by,
        model,
        images,
        left_out: members.left_out.clone(),
        result,
        heading: key.in_words(unit),
    };
    if members.by_model.is_empty() {
        return vec![record(None, Vec::new(), None)];
    }
    let of_model = |(model, scored): &(Arc<ModelInfo>, Vec<Member>)| {
        let id = ModelId { name: model.manifest.name.clone(), sha256: model.sha256.clone() };
        let result = members.result(&model.sha256, unit, error_rate, normal_label);
        record(Some(id), scored.iter().map(|member| member.path.display().to_string()).collect(), result)
    };
    members.by_model.iter().map(of_model).collect()
}

fn print(args: &Args, records: &[StudyRecord]) -> anyhow::Result<()> {
    if args.studies.csv {
        let table = table(records)?;
        output::line(String::from_utf8_lossy(&table).trim_end())?;
        return Ok(());
    }
    for record in records {
        if args.json {
            output::json(record)?;
        } else {
            output::line(record.to_text())?;
        }
    }
    Ok(())
}

/// A row for each study and label or group.
fn table(records: &[StudyRecord]) -> anyhow::Result<Vec<u8>> {
    let header = [
        "study",
        "grouped_by",
        "model",
        "images",
        "left_out",
        "label",
        "kind",
        "pool",
        "score",
        "threshold",
        "state",
        "error_rate",
        "condition",
        "no_states",
        "decisive_image",
    ];
    let rows = records.iter().flat_map(|record| {
        let ground = vec![
            record.study.clone(),
            serde_json::to_value(record.grouped_by)
                .ok()
                .and_then(|v| v.as_str().map(str::to_owned))
                .unwrap_or_default(),
            record.model.as_ref().map_or_else(String::new, |model| model.name.clone()),
            record.images.len().to_string(),
            record.left_out.len().to_string(),
        ];
        let Some(result) = &record.result else {
            let empty = header.len() - ground.len();
            return vec![ground.into_iter().chain(vec![String::new(); empty]).collect()];
        };
        let row = |score: &StudyScore| {
            let cells = [
                score.label.clone(),
                if score.group { "group" } else { "label" }.to_owned(),
                result.pool.to_string(),
                score.score.to_string(),
                score.threshold.map_or_else(String::new, |threshold| threshold.to_string()),
                score.state.map_or_else(|| "not calibrated".to_owned(), |state| state.word().to_owned()),
                result.error_rate.to_string(),
                result.condition.clone().unwrap_or_default(),
                result.no_states.clone().unwrap_or_default(),
                record.images.get(score.decisive_image).cloned().unwrap_or_default(),
            ];
            ground.iter().cloned().chain(cells).collect::<Vec<String>>()
        };
        result.scores.iter().map(row).collect()
    });
    Ok(csv(header, rows)?)
}

impl StudyRecord {
    /// A heading, the pool, a line for each group and label, what it rests on.
    fn to_text(&self) -> String {
        let mut text = format!("{}\n", printable(&self.heading));
        match (&self.model, &self.result) {
            (Some(model), Some(result)) => self.result(&mut text, model, result),
            _ => {
                let _ = writeln!(text, "  No image was scored.");
            }
        }
        for LeftOut { image, reason } in &self.left_out {
            let _ = writeln!(text, "  Left out: {}. {}", printable(image), printable(reason));
        }
        text.trim_end().to_owned()
    }

    fn result(&self, text: &mut String, model: &ModelId, result: &StudyResult) {
        let _ = writeln!(text, "  By {}: {}", printable(&model.name), result.pooled_in_words());
        let wide = width(result.scores.iter().map(|score| score.label.as_str()), 0);
        for score in result.groups_first() {
            let _ = write!(text, "  {:wide$}  {:.3}", score.label, score.score);
            if let Some(threshold) = score.threshold {
                let side = if score.score >= threshold { "at or above" } else { "below" };
                let _ = write!(text, "  ({side} its threshold {threshold:.2})");
            }
            let _ = write!(text, "  {}", result.state_in_words(score));
            if let Some(image) = self.images.get(score.decisive_image).filter(|_| result.images > 1) {
                let _ = write!(text, "  [{}]", printable(image));
            }
            let _ = writeln!(text);
        }
        for sentence in result.calibration.iter().chain(&result.no_states) {
            let _ = writeln!(text, "  {}", printable(sentence));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::conformal::{State, Verdict};
    use crate::model::study_pool::StudyPool;

    fn record(state: Option<State>) -> StudyRecord {
        let score = StudyScore {
            label: "Pneumonia".into(),
            group: true,
            score: 0.912,
            decisive_image: 1,
            threshold: state.map(|_| 0.7),
            state,
            verdict: state.map(|_| Verdict::Present),
        };
        let result = StudyResult {
            unit: Unit::Study,
            images: 2,
            pool: StudyPool::TopMean(3),
            pool_is_calibrated: state.is_some(),
            scores: vec![score],
            error_rate: 0.1,
            calibration: state.map(|_| "States of whole studies.".into()),
            no_states: if state.is_none() { Some("Not calibrated for studies, by anyone.".into()) } else { None },
            condition: None,
        };
        StudyRecord {
            study: "1.2.3".into(),
            grouped_by: GroupedBy::Uid,
            model: Some(ModelId { name: "toy".into(), sha256: "ab".into() }),
            images: vec!["a.dcm".into(), "b, left.dcm".into()],
            left_out: vec![LeftOut { image: "c.dcm".into(), reason: "A hand.".into() }],
            result: Some(result),
            heading: "Study 1.2.3".into(),
        }
    }

    #[test]
    fn a_study_is_told_in_words_with_the_image_that_decides() {
        let text = record(Some(State::Present)).to_text();
        assert_eq!(
            text,
            "Study 1.2.3\n  By toy: 2 images, pooled by the mean of the 3 highest, set on labelled studies\n  Pneumonia  0.912  (at or above its threshold 0.70)  \
             present at an error rate of 10 %  [b, left.dcm]\n  States of whole studies.\n  Left out: c.dcm. A hand."
        );
        let text = record(None).to_text();
        assert!(
            text.contains("for want of a calibration") && text.contains("0.912  not calibrated for studies"),
            "{text}"
        );
    }

    #[test]
    fn the_table_has_a_row_for_each_study_and_finding() {
        let none = StudyRecord { model: None, images: Vec::new(), result: None, ..record(None) };
        let table = String::from_utf8(table(&[record(Some(State::Present)), record(None), none]).unwrap()).unwrap();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[1], "1.2.3,uid,toy,2,1,Pneumonia,group,top-3,0.912,0.7,present,0.1,,,\"b, left.dcm\"");
        assert!(lines[2].contains(",not calibrated,0.1,,\"Not calibrated for studies, by anyone.\","), "{}", lines[2]);
        assert_eq!(lines[3], "1.2.3,uid,,0,1,,,,,,,,,,");
    }
}
