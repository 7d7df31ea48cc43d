//! What the calibration of the model is worth on the test part: whether probabilities mean what
//! they say, and whether states are as seldom wrong as they promise.
//!
//! The training calibrates: on a part of its own where there are enough patients, else on the
//! validation part. The test part is not used for it, so what is found here does not flatter.

use serde_json::json;

use super::{Context, score};
use crate::evaluation::performance::{Evaluation, EvaluationRequest};
use crate::evaluation::predictions::Predictions;
use crate::evaluation::scoring;
use crate::evaluation::state_errors::StateErrors;
use crate::figures::charts::input::MetricValue;
use crate::model::calibration::{Calibration, percent};
use crate::model::conformal::RISK;
use crate::pipeline::section::Section;
use crate::pipeline::step::Step;
use crate::pipeline::{PipelineError, Result, files};
use crate::report::evaluation::Table;

pub(super) fn run(context: &Context<'_>) -> Result<Section> {
    let model = context.model()?;
    let path = context.file(Step::Score, score::PREDICTIONS);
    let bytes = files::read(&path)?
        .ok_or_else(|| PipelineError::Read { path: path.clone(), reason: "it is not there any more".into() })?;
    let set = Predictions::from_csv(&bytes)?;
    let thresholds = scoring::targets(&model.manifest).1;
    let request = EvaluationRequest { thresholds: &thresholds, ..EvaluationRequest::default() };
    let evaluation = Evaluation::of(&set, &request);
    let mut section = Section { in_card: true, ..Section::titled("Calibration") };
    let states = match &model.calibration {
        Ok(calibration) => {
            section.sentences.push(format!(
                "The model was calibrated on the {}: {} images of {} patients. {}",
                calibration.set, calibration.images, calibration.patients, calibration.note
            ));
            let found = states(&set, calibration);
            section.remarks.extend(without_states(&set, &found));
            found
        }
        Err(reason) => {
            section.remarks.push(format!("The model has no calibration, so it has no states: {reason}."));
            Vec::new()
        }
    };
    section.tables.push(errors(&evaluation));
    if !states.is_empty() {
        section.tables.push(table_of_states(&states));
        section.verdict.push(verdict(&states));
    }
    section.charts.push(format!("{}/calibration.svg", Step::Score.folder()));
    let found: Vec<_> = states.iter().map(|(name, errors)| json!({ "name": name, "states": errors })).collect();
    let object = json!({ "error_rate": RISK, "targets": found });
    files::write_json(&context.file(Step::Calibration, "calibration.json"), &object)?;
    section.link("the shares of wrong states (JSON)", Step::Calibration, "calibration.json");
    Ok(section)
}

/// How often the states of each target are wrong, where it has any.
fn states(set: &Predictions, calibration: &Calibration) -> Vec<(String, StateErrors)> {
    let of = |(number, target): (usize, &crate::evaluation::predictions::Target)| {
        let cuts = calibration.cuts(&target.name, RISK).filter(|cuts| cuts.enough)?;
        let known = set.known(number);
        let patients: Vec<&str> = known.rows.iter().map(|&i| set.rows[i].patient.as_str()).collect();
        Some((target.name.clone(), StateErrors::of(cuts, &known.scores, &known.positive, &patients)))
    };
    set.targets.iter().enumerate().filter_map(of).collect()
}

/// Of which targets there are no states, since too few images calibrated for them.
fn without_states(set: &Predictions, states: &[(String, StateErrors)]) -> Option<String> {
    let has_some = |name: &str| states.iter().any(|(of, _)| of == name);
    let names: Vec<&str> = set.targets.iter().map(|t| t.name.as_str()).filter(|name| !has_some(name)).collect();
    let of = if states.is_empty() { String::new() } else { format!(" of {}", names.join(", ")) };
    (!names.is_empty()).then(|| {
        let rate = percent(RISK);
        format!("Too few images calibrated for states{of} at an error rate of {rate}: the model says undecided of every image.")
    })
}

/// Calibration errors beside what chance makes of a perfectly calibrated model.
fn errors(evaluation: &Evaluation) -> Table {
    let row = |t: &crate::evaluation::performance::TargetEvaluation| {
        let values = ["ece", "ece if calibrated", "brier", "nll"].map(|name| MetricValue::from(t.metric(name)).text());
        [t.name.clone()].into_iter().chain(values).collect()
    };
    Table {
        title: "How far probabilities are off".into(),
        note: "If calibrated: what a perfectly calibrated model would show on as many images with these probabilities."
            .into(),
        columns: ["Class", "ECE", "If calibrated", "Brier score", "Log loss"].map(str::to_owned).to_vec(),
        rows: evaluation.targets.iter().map(row).collect(),
    }
}

fn table_of_states(states: &[(String, StateErrors)]) -> Table {
    let row = |(name, errors): &(String, StateErrors)| {
        let values = [errors.absent_of_with, errors.present_of_without, errors.undecided];
        [name.clone()].into_iter().chain(values.map(|value| MetricValue::from(value).text())).collect()
    };
    Table {
        title: format!("States at an error rate of {}", percent(RISK)),
        note: format!("On average at most {} of either kind are to be wrong.", percent(RISK)),
        columns: ["Class", "Called absent, though there", "Called present, though not", "Undecided"]
            .map(str::to_owned)
            .to_vec(),
        rows: states.iter().map(row).collect(),
    }
}

/// Whether the promise was kept, as far as so many images can tell.
fn verdict(states: &[(String, StateErrors)]) -> String {
    let shares = |errors: &StateErrors| [errors.absent_of_with, errors.present_of_without];
    let broken: Vec<&str> = states
        .iter()
        .filter(|(_, errors)| shares(errors).iter().any(|share| share.1.is_some_and(|low| low > RISK)))
        .map(|(name, _)| name.as_str())
        .collect();
    let kept =
        states.iter().flat_map(|(_, errors)| shares(errors)).all(|share| share.2.is_some_and(|high| high <= RISK));
    let rate = percent(RISK);
    if !broken.is_empty() {
        format!("States are wrong more often than the {rate} that they promise for: {}.", broken.join(", "))
    } else if kept {
        format!("States (present, absent) are wrong no more often than the {rate} that they promise.")
    } else {
        format!(
            "Whether states (present, absent) are wrong no more often than the {rate} that they promise, so few images cannot \
             tell; the shares stand under Calibration."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::bootstrap::Estimate;
    use crate::evaluation::predictions::Target;
    use crate::model::manifest::Head;

    #[test]
    fn targets_without_states_are_named() {
        let target = |name: &str| Target { name: name.into(), group: false };
        let set =
            Predictions { head: Head::Sigmoid, targets: ["Mass", "Edema"].map(target).to_vec(), rows: Vec::new() };
        let share = Estimate(Some(0.1), Some(0.0), Some(0.2));
        let errors = StateErrors { absent_of_with: share, present_of_without: share, undecided: share };
        let of = |names: &[&str]| {
            let states: Vec<_> = names.iter().map(|name| ((*name).to_owned(), errors)).collect();
            without_states(&set, &states)
        };
        assert_eq!(of(&["Mass", "Edema"]), None);
        assert!(of(&["Mass"]).unwrap().contains("for states of Edema at an error rate of 10 %"));
        assert!(of(&[]).unwrap().contains("for states at an error rate of 10 %"));
    }

    #[test]
    fn a_promise_is_kept_broken_or_beyond_what_so_few_images_tell() {
        let errors = |low: f64, high: f64| {
            let share = Estimate(Some(f64::midpoint(low, high)), Some(low), Some(high));
            StateErrors { absent_of_with: share, present_of_without: share, undecided: share }
        };
        let said = |errors: StateErrors| verdict(&[("Mass".into(), errors)]);
        assert!(said(errors(0.0, 0.08)).contains("no more often than the 10 % that they promise."));
        assert!(said(errors(0.05, 0.3)).contains("so few images cannot tell"));
        assert!(said(errors(0.2, 0.4)).ends_with("promise for: Mass."));
        let two = verdict(&[("Mass".into(), errors(0.0, 0.05)), ("Nodule".into(), errors(0.2, 0.5))]);
        assert!(two.ends_with("promise for: Nodule."), "{two}");
    }
}
