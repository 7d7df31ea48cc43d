//! Takes in the messages of the threads.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::effect::Effect;
use super::message::Message;
use super::notices::notice;
use super::{
    audit, catalogue, feedback, hanging, impression, lungs, measuring, model_changes, published, reading,
    result_objects, session, show_image, slots, study, tags, training, view_capture, what_if, worklist,
};
use crate::app::command::{FileCommand, ResultCommand};
use crate::app::state::weights_form::WeightsForm;
use crate::app::state::{Level, NoticeAction, State};
use crate::language::{text, tr};
use crate::results::read::kind::ResultKind;
use crate::study::{Catalogue, ImageEntry, is_presentation_state};

/// Takes in a message.
pub(super) fn on_message(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::FilesChosen(Some(paths)) => return super::apply(state, FileCommand::OpenPaths(paths)),
        Message::FilesChosen(None) => notice(
            state,
            Level::Warning,
            text!(
                "This desktop offers no file dialog. Drop files onto the window, or type a path into the menu Open or the command palette."
            ),
            None,
        ),
        Message::ReportFolderChosen(folder) => return folder_chosen(state, folder),
        Message::DialogCancelled => {
            state.export_when_chosen = false;
            view_capture::give_up(state);
        }
        Message::ViewSaved(result) => view_capture::written(state, result),
        Message::Scanning { found, read } if state.scanning => state.scanned = (found, read),
        Message::Scanned { catalogue, .. } if state.reading.is_some() => return reading::listed(state, *catalogue),
        Message::ReadingKept(result) => return reading::kept(state, result),
        Message::Scanned { paths, catalogue } => return scanned(state, &paths, *catalogue),
        Message::ScanFailed(reason) => {
            (state.scanning, state.hanging.restored) = (false, None);
            notice(state, Level::Error, tr!("The files could not be listed: {reason}", reason), None);
        }
        Message::DemoFailed(reason) => {
            state.scanning = false;
            notice(state, Level::Error, tr!("The demo could not be made: {reason}", reason), None);
        }
        Message::FrameLoaded { generation, result } => return show_image::loaded(state, generation, result),
        Message::LungsFound { frame, result } => lungs::found(state, &frame, &result),
        Message::Prefetched { entry, loaded } => return show_image::prefetched(state, &entry, *loaded),
        // Closed meanwhile.
        Message::Scanning { .. } => {}
        Message::SlotLoaded { serial, entry, result } => return slots::loaded(state, serial, &entry, result),
        Message::HangingRules(rules) => hanging::rules_read(state, rules),
        Message::TagsRead(path, list) => tags::listed(state, path, list),
        Message::ReportWritten(Ok(path)) => {
            state.exporting = false;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            notice(
                state,
                Level::Info,
                tr!("Report written: {name}, in {}", path.parent().unwrap_or(&path).display(), name),
                Some(NoticeAction::Open(path.clone())),
            );
            let mut effects: Vec<Effect> = audit::exported(state, &path).into_iter().collect();
            if std::mem::take(&mut state.printing) {
                effects.push(Effect::OpenExternally(path));
            }
            return effects;
        }
        Message::ReportWritten(Err(reason)) | Message::DicomWritten(Err(reason)) => {
            state.exporting = false;
            notice(state, Level::Error, reason.capitalized(), Some(NoticeAction::ChooseReportFolder));
        }
        Message::DicomWritten(Ok(written)) => {
            state.exporting = false;
            let mut words =
                tr!("{count} DICOM objects written, in {}", written.folder.display(), count = written.hashes.len());
            if !written.left_out.is_empty() {
                words = format!("{words}. {}", tr!("Left out: {}", written.left_out.join("; ")));
            }
            if written.anonymized {
                let own = text!(
                    "Anonymised, they are a study of their own: their UIDs are new and the same among them, and the image itself is not with them."
                );
                words = format!("{words}. {own}");
            }
            notice(state, Level::Info, words, Some(NoticeAction::Open(written.folder.clone())));
            return audit::exported_objects(state, &written).into_iter().collect();
        }
        Message::WeightsChosen(Some(path)) => state.weights = Some(WeightsForm::new(path)),
        Message::WeightsChosen(None) => notice(
            state,
            Level::Warning,
            text!(
                "This desktop offers no file dialog. Drop the weights onto the window, or type their path into the field."
            ),
            None,
        ),
        Message::Imported(Ok(name)) => {
            state.weights = None;
            let words = tr!("Imported as {name}. Nothing about its quality was measured here.", name);
            notice(state, Level::Info, words, Some(NoticeAction::UseModel(name)));
        }
        Message::Imported(Err(reason)) => match &mut state.weights {
            Some(form) if form.running => (form.running, form.refusal) = (false, Some(reason.capitalized())),
            _ => notice(state, Level::Error, tr!("The weights were not imported: {reason}", reason), None),
        },
        Message::Failed(reason) => notice(state, Level::Warning, reason, None),
        Message::Published(message) => return published::on_message(state, message),
        Message::Worklist(message) => return worklist::on_message(state, message),
        Message::Models(names) => state.models = names,
        Message::PartsFound(found) => what_if::parts_found(state, found),
        Message::Measuring(message) => return measuring::on_message(state, message),
        Message::Audit(message) => audit::on_message(state, message),
        Message::Comparing(done, of) => model_changes::progressed(state, done, of),
        Message::ModelsCompared(result) => model_changes::compared(state, result),
        Message::Feedback(message) => return feedback::on_message(state, message),
        Message::Impression(message) => return impression::on_message(state, message),
        Message::Results(message) => return result_objects::on_message(state, message),
        Message::Training(message) => return training::on_message(state, message),
    }
    Vec::new()
}

/// Adds what was found, and shows its first image.
fn scanned(state: &mut State, paths: &[PathBuf], found: Catalogue) -> Vec<Effect> {
    state.scanning = false;
    state.scanned = (0, 0);
    let fresh = state.catalogue.patients.is_empty();
    // What is opened again may have changed, and presentation states may have come to what is open.
    state.stack.cache.clear();
    (state.stack.laid, state.stack.settles, state.stack.cine.playing) = (None, None, None);
    // An image comes before what lies over it.
    let lies_over = |entry: &ImageEntry| ResultKind::of(&entry.meta).is_some_and(ResultKind::is_laid_over);
    let image = found.images().find(|e| e.has_pixels && !lies_over(e)).cloned();
    let first = image.or_else(|| found.images().find(|e| e.has_pixels && state.drawn().is_none()).cloned());
    let results =
        found.images().any(|e| ResultKind::of(&e.meta).is_some_and(|kind| kind.is_laid_over() || kind.is_opened()));
    let report = found.images().find(|e| ResultKind::of(&e.meta).is_some_and(ResultKind::is_opened)).cloned();
    let presented = found.images().any(|e| is_presentation_state(&e.meta));
    if !found.warnings.is_empty() {
        let text = match found.warnings.as_slice() {
            [one] => format!("{}: {}", one.path.file_name().unwrap_or_default().to_string_lossy(), one.reason),
            many => {
                let read = |path: &Path| found.images().any(|image| image.path == path);
                if many.iter().any(|warning| read(&warning.path)) {
                    tr!("{} files were read with a warning, or not at all; the list of studies names them.", many.len())
                } else {
                    tr!("{} files could not be read; the list of studies names them.", many.len())
                }
            }
        };
        notice(state, Level::Warning, text, None);
    } else if first.is_none() && !presented && !results {
        notice(state, Level::Warning, text!("No image was found there."), None);
    }
    catalogue::merge(Arc::make_mut(&mut state.catalogue), found);
    state.images = state.catalogue.images().filter(|e| e.has_pixels).cloned().collect();
    result_objects::opened(state);
    let Some(first) = first else {
        state.hanging.restored = None;
        if !presented {
            let mut effects = result_objects::follow(state);
            // A report that is opened by itself is shown.
            if let Some(report) = report {
                effects.extend(result_objects::apply(state, ResultCommand::Open(Some(report))));
            }
            return effects;
        }
        // Presentation states that came after their image are looked for again.
        let words = text!("Presentation states stand in the menu Display of the image that they name.");
        notice(state, Level::Info, words, None);
        return study::reload(state);
    };
    let mut effects = session::opened(state, paths, fresh);
    // The catalogue keeps the copy that it had, if it had one.
    let entry = state.images.iter().find(|e| e.key() == first.key()).cloned().unwrap_or(first);
    effects.extend(show_image::show(state, entry, 0));
    effects.extend(hanging::restore(state));
    effects
}

fn folder_chosen(state: &mut State, folder: Option<PathBuf>) -> Vec<Effect> {
    let Some(folder) = folder else {
        state.export_when_chosen = false;
        view_capture::give_up(state);
        notice(state, Level::Error, text!("No folder for reports could be found."), None);
        return Vec::new();
    };
    state.preferences.report_folder = Some(folder);
    let mut effects = vec![Effect::SavePreferences];
    effects.extend(view_capture::folder_chosen(state));
    if std::mem::take(&mut state.export_when_chosen) {
        let command = match (state.as_dicom, state.printing) {
            (true, _) => FileCommand::ExportDicom,
            (false, true) => FileCommand::Print,
            (false, false) => FileCommand::ExportReport,
        };
        effects.extend(super::apply(state, command));
    }
    effects
}
