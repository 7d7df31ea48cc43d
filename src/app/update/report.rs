//! The report of the case on screen: when there is one, and what it holds.

use std::sync::Arc;

use super::effect::Effect;
use super::maps::with_later_maps;
use super::notices::notice;
use super::{audit, impression};
use crate::app::state::what_if::KeptChange;
use crate::app::state::{Layout, Level, Phase, ShownImage, State, View};
use crate::engine::Analysis;
use crate::engine::lungs::LungSearch;
use crate::engine::similar::SHOWN;
use crate::language::{ENGLISH, text};
use crate::report::case::{CaseReport, Paper, SimilarSection};
use crate::report::case_study::CaseStudy;
use crate::report::on_screen::OnScreen;
use crate::report::prior::CasePrior;
use crate::report::what_if::ChangeRecord;

/// Writes the report, or the result as DICOM objects, asks for a folder first, or says why there is nothing to write.
pub(super) fn export(state: &mut State) -> Vec<Effect> {
    if impression::report_waits(state) {
        return Vec::new();
    }
    let Some(case) = case(state) else {
        let why = match (&state.image, &state.results.phase) {
            (ShownImage::Ready(_), Phase::Finished | Phase::Refused) if matches!(state.lungs, LungSearch::Awaited) => {
                text!("The lungs are still being looked for: export in a moment.")
            }
            (ShownImage::Ready(_), Phase::Waiting | Phase::Running) => {
                text!("The analysis is still running: export when it is done.")
            }
            (ShownImage::Ready(_), Phase::Unfit) => {
                text!("No model fits this image: choose one by hand to report its refusal.")
            }
            (ShownImage::Ready(_), _) => text!("There is no finished analysis to report: analyse the image first."),
            _ => text!("There is nothing to report: open an image first."),
        };
        notice(state, Level::Info, why, None);
        return Vec::new();
    };
    if state.exporting {
        return Vec::new();
    }
    if let Some(folder) = state.preferences.report_folder.clone() {
        state.exporting = true;
        audit::exporting(state);
        impression::caution(state, &case);
        let case = Box::new(case);
        return vec![if state.as_dicom {
            Effect::WriteDicom { case, folder }
        } else {
            Effect::WriteReport { case, folder }
        }];
    }
    state.export_when_chosen = true;
    vec![Effect::AskForReportFolder]
}

/// The case on screen, once its analysis is finished and it is known where its lungs lie.
pub(super) fn case(state: &State) -> Option<CaseReport> {
    if matches!(state.lungs, LungSearch::Awaited) {
        return None;
    }
    let (frame, finished, model) = (state.frame()?, state.results.finished.as_ref()?, state.model_info()?);
    let layer = state.layer().to_owned();
    let analysis = with_later_maps(state, finished, &layer);
    let classes = if state.ticked.is_empty() {
        match state.layout {
            Layout::ClassGrid => (0..state.labels().len()).collect(),
            Layout::Compare if state.labels().len() > 1 => vec![state.compared().0, state.compared().1],
            _ => vec![state.selected],
        }
    } else {
        state.ticked.clone()
    };
    let trust = state.faithfulness_in_report(&classes);
    let view = state.view(0);
    Some(CaseReport {
        frame: frame.clone(),
        analysis,
        model: model.clone(),
        impression: state.impression().cloned(),
        feedback: state.case_feedback(),
        classes,
        method: state.method,
        layer,
        faithfulness: trust,
        lungs: state.lungs.found().cloned(),
        similar: similar(state),
        study: study(state, &model.sha256),
        prior: prior(state, &model.sha256),
        measurements: state.measurements().to_vec(),
        key_images: Some(state.key_images_of_case()),
        kept_changes: kept_changes(state, &model.sha256),
        window: view.window,
        inverted_by_reader: view.invert,
        on_screen: OnScreen {
            presentation: state.presentation().cloned(),
            graphics: state.display.graphics,
            shutter: state.display.shutter,
            table: view.table,
            turned: view.axes() != View::default().axes(),
        },
        overlay: state.overlay().clone(),
        anonymize: state.preferences.anonymize,
        paper: Paper::A4,
        language: report_language(state),
        created: chrono::Local::now(),
        error_rate: state.preferences.error_rate,
        prevalences: state.prevalence().into_iter().collect(),
    })
}

/// Code of the language that reports are printed in: that of the screen unless English was asked for.
fn report_language(state: &State) -> String {
    let preferences = &state.preferences;
    if preferences.reports_in_english { ENGLISH.to_owned() } else { preferences.language.clone() }
}

/// What was asked of changed images, as far as this model answered.
fn kept_changes(state: &State, sha256: &str) -> Vec<ChangeRecord> {
    let own = state.kept_changes().iter().filter(|kept| kept.model_sha256 == sha256);
    let record = |(number, kept): (u64, &KeptChange)| ChangeRecord { number, ..kept.record.clone() };
    (1..).zip(own).map(record).collect()
}

/// Similar cases, where the reader wants them in reports.
fn similar(state: &State) -> Option<SimilarSection> {
    let found = state.results.similar.as_ref().filter(|_| state.preferences.similar_in_report)?;
    Some(SimilarSection { asked: SHOWN, found: found.as_ref().clone() })
}

/// The prior that stands beside the image, where it was judged by the same model and its result is not
/// hidden.
fn prior(state: &State, sha256: &str) -> Option<CasePrior> {
    let (newer, older) = state.compared_slots().filter(|_| state.layout == Layout::Hanging)?;
    let image = state.hanging.slot(older).filter(|_| newer == state.hanging.active)?;
    let model = image.judged.model.as_ref().filter(|model| model.sha256 == sha256);
    let results = &image.judged.results;
    let hidden = state.keeps_hidden(&(image.entry.key(), image.index), results);
    let judged = model.is_some() && !results.labels.is_empty() || results.phase == Phase::Refused;
    if hidden || !judged {
        return None;
    }
    let analysis = Analysis {
        gate: results.gate.clone(),
        population: results.population.clone(),
        scored: !results.labels.is_empty(),
        labels: results.labels.clone(),
        groups: results.groups.clone(),
        attributions: results.attributions.clone(),
        ..Analysis::default()
    };
    let sheet = image.at.as_ref().and_then(|at| state.measuring.sheets.get(&at.identity));
    let measurements = sheet.map_or_else(Vec::new, |sheet| sheet.list.clone());
    Some(CasePrior { frame: image.ready()?.frame.clone(), analysis: Arc::new(analysis), measurements })
}

/// The study on screen, where all of its images are judged.
fn study(state: &State, sha256: &str) -> Option<CaseStudy> {
    let study = state.results.study.as_ref()?;
    CaseStudy::of(study.members()?, sha256, study.unit, study.key.clone(), state.preferences.error_rate)
}
