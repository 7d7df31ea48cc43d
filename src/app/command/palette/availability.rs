//! Why a command cannot be carried out now, as a short sentence.

use crate::app::command::{
    Command, FeedbackCommand, FileCommand, FindingsCommand, HangingCommand, ImpressionCommand, MapCommand,
    MeasureCommand, OverlayCommand, ResultCommand, SessionCommand, StudyCommand, TagCommand, TrainingCommand,
    UncertaintyCommand, ViewCommand, WhatIfCommand, WindowCommand, WorklistCommand,
};
use crate::app::state::measuring::Tool;
use crate::app::state::training::run::Run;
use crate::app::state::{Layout, Phase, State};
use crate::language::{named, said, text, translated};

const NO_IMAGE: &str = named!("No image is open");
const NO_STACK: &str = named!("The image is no part of a stack");
const HIDDEN: &str = named!("The model's result is hidden until you have written your impression");

/// Why a command cannot be carried out now; nothing where it can.
#[must_use]
pub fn why_not(state: &State, command: &Command) -> Option<String> {
    let unless = |possible: bool, why: &str| (!possible).then(|| translated(why).to_owned());
    let shown = state.drawn().is_some();
    match command {
        Command::File(command) => file(state, command),
        Command::Study(command) => match command {
            StudyCommand::Reload => unless(state.current().is_some(), NO_IMAGE),
            StudyCommand::PreviousImage
            | StudyCommand::NextImage
            | StudyCommand::PreviousSeries
            | StudyCommand::NextSeries => unless(shown, NO_IMAGE)
                .or_else(|| unless(state.images.len() > 1 || state.is_stack(), named!("There is one image only"))),
            StudyCommand::PreviousKeyImage | StudyCommand::NextKeyImage => {
                unless(shown, NO_IMAGE).or_else(|| no_key_image(state, *command == StudyCommand::PreviousKeyImage))
            }
            _ => unless(shown, NO_IMAGE).or_else(|| unless(state.is_stack(), NO_STACK)),
        },
        Command::Worklist(WorklistCommand::SendResults) => state.why_not_sent().map(str::to_owned),
        Command::Tags(TagCommand::Toggle) => unless(state.current().is_some(), NO_IMAGE),
        Command::View(command) => view(state, command),
        Command::Hanging(command) => hanging(state, command),
        Command::WhatIf(command) => what_if(state, command),
        Command::Results(ResultCommand::ToggleLaid) => unless(shown, NO_IMAGE).or_else(|| {
            let any = state.laid_over().is_some_and(|over| !over.layers.is_empty());
            unless(any, named!("No other file that is open has something to lay over this image"))
        }),
        Command::Window(WindowCommand::Preset(index)) => unless(shown, NO_IMAGE).or_else(|| {
            unless(
                state.window_presets().len() > *index,
                named!("Windows of this number belong to CT in Hounsfield units"),
            )
        }),
        Command::Measure(command) => measure(state, command),
        Command::Overlay(OverlayCommand::ToggleLungs) => {
            unless(state.lungs.found().is_some(), named!("It is not known where the lungs lie"))
        }
        Command::Maps(MapCommand::UsualMethods | MapCommand::ToggleSameDisplay) => None,
        Command::Overlay(_) | Command::Maps(_) => no_map(state),
        Command::Findings(command) => findings(state, command),
        Command::Uncertainty(UncertaintyCommand::ToggleReliability) => match state.model_info() {
            _ if state.result_hidden() => Some(translated(HIDDEN).to_owned()),
            Some(info) => info.calibration.as_ref().as_ref().err().map(|why| said(&why.to_string())),
            None => Some(text!("There is no model for this image").to_owned()),
        },
        Command::Feedback(FeedbackCommand::StopMarking) => {
            unless(state.feedback.marking.is_some(), named!("No mark is being drawn"))
        }
        Command::Feedback(_) if state.result_hidden() => Some(translated(HIDDEN).to_owned()),
        Command::Feedback(_) => {
            unless(state.can_answer(), named!("There is no image with a model whose findings could be answered"))
        }
        Command::Impression(command) => match command {
            ImpressionCommand::ToggleReadFirst => None,
            ImpressionCommand::Focus => unless(
                state.result_hidden() || state.impression().is_some(),
                named!("No impression belongs to this image: Read first is off"),
            ),
            ImpressionCommand::KeepRemark => {
                unless(state.page().is_some_and(|p| p.remark.is_some()), named!("No remark is being written"))
            }
            _ => unless(state.result_hidden(), named!("The result is not hidden")),
        },
        Command::Training(TrainingCommand::Pause | TrainingCommand::Stop) => {
            unless(state.training.is_running(), named!("No training goes on"))
        }
        Command::Training(TrainingCommand::Judge) => {
            let ready = state.training.run.as_ref().is_some_and(Run::can_be_judged);
            unless(ready, named!("No finished run waits to be measured"))
        }
        Command::Session(SessionCommand::OpenLast) => {
            unless(!state.last_session.studies.is_empty(), named!("Nothing is kept of the last session"))
        }
        _ => None,
    }
}

/// Why there is no map to change.
#[must_use]
pub fn no_map(state: &State) -> Option<String> {
    if state.drawn().is_none() {
        return Some(translated(NO_IMAGE).to_owned());
    }
    if state.result_hidden() {
        return Some(translated(HIDDEN).to_owned());
    }
    (state.is_mapless() || state.model_info().is_none()).then(|| text!("There is no map of this image").to_owned())
}

/// Why there is no key image to go to.
#[must_use]
pub fn no_key_image(state: &State, back: bool) -> Option<String> {
    if state.next_key_image(back).is_some() {
        return None;
    }
    let why = match (state.key_images().is_empty(), back) {
        (true, _) => text!("No key image is known in this study"),
        (false, true) => text!("No key image comes before this image in the study"),
        (false, false) => text!("No key image follows in the study"),
    };
    Some(why.to_owned())
}

fn file(state: &State, command: &FileCommand) -> Option<String> {
    match command {
        FileCommand::CloseAll if state.catalogue.patients.is_empty() && !state.scanning => {
            Some(text!("Nothing is open").into())
        }
        FileCommand::SaveView | FileCommand::SaveViewWithoutPatient if state.drawn().is_none() => {
            Some(translated(NO_IMAGE).into())
        }
        FileCommand::ExportReport | FileCommand::ExportDicom | FileCommand::Print => {
            if state.result_hidden() {
                Some(translated(HIDDEN).into())
            } else if state.exporting {
                Some(text!("A report is being written").into())
            } else {
                state.results.finished.is_none().then(|| text!("No analysis is finished").into())
            }
        }
        _ => None,
    }
}

fn hanging(state: &State, command: &HangingCommand) -> Option<String> {
    use HangingCommand as H;
    let unless = |possible: bool, why: &str| (!possible).then(|| translated(why).to_owned());
    match command {
        H::ToggleReferenceLines => None,
        _ if state.drawn().is_none() => Some(translated(NO_IMAGE).into()),
        H::NextSlot => unless(state.layout == Layout::Hanging, named!("The layout does not have several images")),
        H::ToggleMapsOfChange => no_map(state),
        _ => None,
    }
}

/// What the panel beside the changed image says, too.
fn what_if(state: &State, command: &WhatIfCommand) -> Option<String> {
    use WhatIfCommand as W;
    let unless = |possible: bool, why: &str| (!possible).then(|| translated(why).to_owned());
    let (back, forth) = state.what_if.steps();
    let why = match command {
        W::Undo => unless(back, named!("There is nothing to take back")),
        W::Redo => unless(forth, named!("Nothing was taken back")),
        W::Clear => unless(!state.what_if.changed.is_nothing(), named!("Nothing is marked or altered")),
        W::Keep => unless(state.settled_answer().is_some(), named!("The model has not answered to a change")),
        W::TakeTool(_) | W::Take(_) if state.results.phase != Phase::Finished => {
            Some(text!("No analysis is finished").into())
        }
        W::Take(part) => state.part_missing(*part).map(str::to_owned),
        _ => None,
    };
    no_map(state).or(why)
}

fn view(state: &State, command: &ViewCommand) -> Option<String> {
    use ViewCommand as V;
    match command {
        V::SetLayout(Layout::Hanging) => state.current().is_none().then(|| translated(NO_IMAGE).into()),
        V::SetLayout(_) => no_map(state),
        V::ToggleLinked
        | V::ToggleSmooth
        | V::ToggleStudies
        | V::ToggleFindings
        | V::ToggleFullscreen
        | V::SetTheme(_) => None,
        _ if state.drawn().is_none() => Some(translated(NO_IMAGE).into()),
        V::NextFileWindow if state.frame().is_none_or(|frame| frame.pixels.voi.len() < 2) => {
            Some(text!("The file brings no second window").into())
        }
        V::ToggleGraphics if !state.has_graphics() => Some(text!("The file has no overlay").into()),
        V::ToggleShutter if state.shutters().is_none() => Some(text!("The file has no shutter").into()),
        _ => None,
    }
}

fn measure(state: &State, command: &MeasureCommand) -> Option<String> {
    use MeasureCommand as M;
    let unless = |possible: bool, why: &str| (!possible).then(|| translated(why).to_owned());
    match command {
        M::Undo => unless(state.can_step(true), named!("There is nothing to take back")),
        M::Redo => unless(state.can_step(false), named!("Nothing was taken back")),
        M::TakeTool(Tool::Window) => None,
        M::ToggleKeyImage if state.frame().is_some() && state.measurable().is_none() => {
            Some(text!("The image has not been looked up yet").into())
        }
        _ if state.measurable().is_none() => Some(translated(NO_IMAGE).into()),
        M::DeleteSelected => unless(state.selected_measurement().is_some(), named!("No measurement is selected")),
        M::Export => unless(!state.measurements().is_empty(), named!("Nothing was measured on this image")),
        _ => None,
    }
}

fn findings(state: &State, command: &FindingsCommand) -> Option<String> {
    use FindingsCommand as F;
    let unless = |possible: bool, why: &str| (!possible).then(|| translated(why).to_owned());
    match command {
        F::PickModel | F::ToggleSimilarInReport => None,
        F::CompareModels => {
            unless(state.model_changes.change.is_some(), named!("No model has changed since the last session"))
        }
        F::CloseComparison => unless(state.model_changes.comparing.is_some(), named!("No comparison is open")),
        _ if state.current().is_none() => Some(translated(NO_IMAGE).into()),
        F::Retry => None,
        F::Cancel => unless(state.busy() || state.results.explaining.is_some(), named!("Nothing is running")),
        F::ShowAnyway => unless(state.results.phase == Phase::Refused, named!("The image was not refused")),
        F::ScoreStudy | F::StopStudy => unless(state.results.study.is_some(), named!("The study has one image only")),
        _ => no_map(state),
    }
}
