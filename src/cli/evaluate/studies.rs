//! `pellucid evaluate DIR --studies study`: how right the results of whole studies are.

use std::fmt::Write as _;

use crate::cli::Usage;
use crate::cli::table::{Column, interval, row, width};
use crate::evaluation::scoring::Scored;
use crate::evaluation::state_errors::StateErrors;
use crate::evaluation::study_performance::{StudyEvaluation, StudyPerformanceError, study_performance};
use crate::model::Model;
use crate::model::calibration::percent;
use crate::model::conformal::RISK;
use crate::study::unit::Unit;

/// Refuses a model of whose studies nothing is known, before anything is evaluated.
pub(super) fn check(model: &Model, unit: Unit) -> Result<(), Usage> {
    let study = model.calibration.as_ref().map(|calibration| calibration.study.as_ref());
    match study {
        Ok(Some(study)) if study.unit == unit => Ok(()),
        Ok(_) => Err(Usage(StudyPerformanceError::NotCalibrated(unit).to_string())),
        Err(reason) => Err(Usage(reason.to_string())),
    }
}

/// The results of the studies of a scored set, at the usual error rate.
pub(super) fn of(model: &Model, scored: &Scored, unit: Unit) -> anyhow::Result<StudyEvaluation> {
    let calibration = model.calibration.as_ref().map_err(Clone::clone)?;
    Ok(study_performance(&model.manifest, calibration, &scored.set, &scored.identities, unit, RISK)?)
}

/// The tables.
pub(super) fn text(evaluation: &StudyEvaluation) -> String {
    let StudyEvaluation { unit, units, judged, median_images, error_rate, .. } = evaluation;
    let several = unit.several();
    let mut text = format!(
        "Whole {several}: {judged} of {units} have a number of images for which the model was calibrated; pooled by the {}\n",
        evaluation.pool.in_words()
    );
    let wide = width(evaluation.targets.iter().map(|target| target.name.as_str()), 8);
    let columns = [Column::Left(wide), Column::Right(9), Column::Right(19), Column::Right(19), Column::Right(19)];
    let header = ["", "positives", "AUROC (95 %)", "sensitivity", "specificity"];
    let _ = writeln!(text, "{}", row(&columns, header));
    for target in &evaluation.targets {
        let [auroc, found, spared] = [target.auroc, target.sensitivity, target.specificity].map(interval);
        let cells = [target.name.clone(), format!("{}/{}", target.positives, target.n), auroc, found, spared];
        let _ = writeln!(text, "{}", row(&columns, cells));
    }
    let at = percent(*error_rate);
    let _ = writeln!(
        text,
        "\nStates of whole {several} at an error rate of {at}: shares that are wrong, and undecided ones"
    );
    let columns = [Column::Left(wide), Column::Left(22), Column::Right(22), Column::Right(22), Column::Right(19)];
    let header = ["", "", "absent, though there", "present, though not", "undecided"];
    let _ = writeln!(text, "{}", row(&columns, header));
    for target in &evaluation.targets {
        let parts = [
            (target.name.clone(), "all".to_owned(), target.states),
            (String::new(), format!("at most {median_images} images"), target.states_of_fewer_images),
            (String::new(), format!("more than {median_images} images"), target.states_of_more_images),
        ];
        for (name, part, StateErrors { absent_of_with, present_of_without, undecided }) in parts {
            let [absent, present, undecided] = [absent_of_with, present_of_without, undecided].map(interval);
            let _ = writeln!(text, "{}", row(&columns, [name, part, absent, present, undecided]));
        }
    }
    text.trim_end().to_owned()
}
