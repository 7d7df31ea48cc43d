//! Carries out a reader study: shows the case that is next, as its arm says, and has what is said
//! kept before the next one is shown.
//!
//! What else the viewer can do rests: only how the image lies and is windowed, how the map lies over
//! it, and the interface may be changed ([`allows`]). The model is asked when an arm shows something of
//! it, and not before: what was computed could be shown, and would slow down the reading without it.

use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;

use super::effect::Effect;
use super::{analysis, catalogue, map_requests, show_image};
use crate::app::command::{
    Command, FileCommand, HelpCommand, OverlayCommand, ReadingCommand, SessionCommand, ViewCommand,
};
use crate::app::state::reading::ReadingRoom;
use crate::app::state::{Layout, Phase, Reason, ShownImage, State};
use crate::evaluation::truth::{Truth, named};
use crate::language::tr;
use crate::reader_study::MARKS;
use crate::reader_study::Shows;
use crate::reader_study::commitment::of_plan;
use crate::reader_study::record::{Mark, Record};
use crate::study::Catalogue;

/// Begins a study: its images are listed.
pub fn begin(state: &mut State, room: ReadingRoom) -> Vec<Effect> {
    let session = room.session;
    let mut cases: Vec<usize> = room.schedule.iter().filter(|r| r.session == session).map(|r| r.case).collect();
    cases.sort_unstable();
    cases.dedup();
    let paths = cases.into_iter().map(|case| room.images[case].clone()).collect();
    state.layout = Layout::Single;
    state.preferences.anonymize = true;
    state.preferences.read_first = false;
    // Samples are not shown, so they are not waited for.
    state.options.samples = 0;
    state.scanning = true;
    state.reading = Some(Box::new(room));
    vec![Effect::Scan { paths, open: Arc::default() }]
}

/// Whether a command may be carried out while cases are read.
pub(super) fn allows(state: &State, command: &Command) -> bool {
    use ViewCommand as V;
    let mapped = state.arm().is_some_and(|arm| arm.shows == Shows::Map);
    match command {
        Command::View(command) => !matches!(
            command,
            V::SetLayout(_)
                | V::ToggleSolo(_)
                | V::ToggleSecondWindow
                | V::Present(_)
                | V::ToggleGraphics
                | V::ToggleShutter
                | V::ToggleStudies
                | V::ToggleFindings
                | V::SetPanelWidths(..)
        ),
        Command::Overlay(
            OverlayCommand::ToggleHeatMap
            | OverlayCommand::SetOpacity(_)
            | OverlayCommand::LessOpacity
            | OverlayCommand::MoreOpacity
            | OverlayCommand::SetThreshold(_)
            | OverlayCommand::LowerThreshold
            | OverlayCommand::RaiseThreshold,
        ) => mapped,
        Command::Reading(_)
        | Command::Window(_)
        | Command::Overlay(OverlayCommand::HideOverlays(_))
        | Command::Session(
            SessionCommand::LargerInterface
            | SessionCommand::SmallerInterface
            | SessionCommand::UsualInterface
            | SessionCommand::SetLanguage(_),
        )
        | Command::File(FileCommand::Quit)
        | Command::Help(HelpCommand::DismissNotice(_)) => true,
        _ => false,
    }
}

pub(super) fn apply(state: &mut State, command: ReadingCommand) -> Vec<Effect> {
    use ReadingCommand as R;
    let ready = state.shows_case() && !state.awaits_model();
    let size = state.frame().map(|frame| [frame.pixels.plane.width as f32, frame.pixels.plane.height as f32]);
    if let R::Next(place) = command {
        return confirm(state, place);
    }
    let Some(room) = state.reading.as_deref_mut().filter(|room| ready && !room.keeping) else { return Vec::new() };
    match command {
        R::SetConfidence(confidence) => room.confidence = Some(confidence.min(100)),
        R::Mark([x, y]) => {
            let inside = size.is_some_and(|[w, h]| (0.0..w).contains(&x) && (0.0..h).contains(&y));
            if room.plan.marks && inside && room.marks.len() < MARKS {
                let confidence = room.confidence.unwrap_or(50).max(1);
                room.marks.push(Mark { at: [x, y].map(f64::from), confidence });
            }
        }
        R::RateMark(number, confidence) => {
            if let Some(mark) = room.marks.get_mut(number) {
                mark.confidence = confidence.min(100);
            }
        }
        R::RemoveMark(number) if number < room.marks.len() => drop(room.marks.remove(number)),
        R::RemoveMark(_) | R::Next(_) => {}
    }
    Vec::new()
}

/// Has what is said kept; the place tells a second click on the same button from one on the next.
fn confirm(state: &mut State, place: usize) -> Vec<Effect> {
    let answer = state.study_answer();
    let ready = state.shows_case() && !state.awaits_model();
    let Some(room) = state.reading.as_deref_mut().filter(|room| ready && !room.keeping && room.read == place) else {
        return Vec::new();
    };
    let (Some(current), Some(confidence), Some(shown)) = (room.current(), room.confidence, room.shown) else {
        return Vec::new();
    };
    let record = Record {
        study: room.plan.fingerprint(),
        plan: of_plan(&room.plan),
        reader: room.reader.clone(),
        session: current.reading.session + 1,
        case: room.plan.cases[current.reading.case].id.clone(),
        arm: current.arm.name.clone(),
        confidence,
        seconds: shown.elapsed().as_secs_f64(),
        read_at: Utc::now(),
        marks: room.marks.clone(),
        answer,
    };
    (room.keeping, room.failure) = (true, None);
    vec![Effect::KeepReading(Box::new(record))]
}

/// A reading was kept, or could not be.
pub(super) fn kept(state: &mut State, result: Result<chrono::DateTime<Utc>, Reason>) -> Vec<Effect> {
    let Some(room) = state.reading.as_deref_mut() else { return Vec::new() };
    room.keeping = false;
    match result {
        Err(reason) => room.failure = Some(reason),
        Ok(at) => {
            (room.read, room.last, room.shown) = (room.read + 1, Some(at), None);
            // On the same case, what was said stays as the beginning.
            if !room.current().is_some_and(|c| c.is_continued) {
                (room.confidence, room.marks) = (None, Vec::new());
            }
        }
    }
    follow(state)
}

/// The images of the study are listed.
pub(super) fn listed(state: &mut State, found: Catalogue) -> Vec<Effect> {
    state.scanning = false;
    catalogue::merge(Arc::make_mut(&mut state.catalogue), found);
    state.images = state.catalogue.images().filter(|e| e.has_pixels).cloned().collect();
    follow(state)
}

/// Shows the case that is next, and the map of its arm; notes when all of it is there.
pub(super) fn follow(state: &mut State) -> Vec<Effect> {
    let Some(room) = state.reading.as_deref() else { return Vec::new() };
    let mut effects = Vec::new();
    if let Some(current) = room.current().filter(|_| !state.scanning) {
        let path = room.images[current.reading.case].clone();
        let is_shown = state.current().is_some_and(|(entry, _)| entry.path == path);
        if !is_shown {
            match state.images.iter().find(|entry| entry.path == path).cloned() {
                Some(entry) => effects.extend(show_image::show(state, entry, 0)),
                None => missing(state),
            }
        }
        choose(state);
        if state.shows_case() && state.may_ask_model() {
            let begun = state.results.phase != Phase::Idle;
            effects.extend(if begun { map_requests::explain_more(state) } else { analysis::analyze(state) });
        }
    }
    if state.shows_case()
        && !state.awaits_model()
        && let Some(room) = state.reading.as_deref_mut()
    {
        room.shown.get_or_insert_with(Instant::now);
    }
    effects
}

/// The image of the case was not found among those that were listed.
fn missing(state: &mut State) {
    super::notices::forget_image(state);
    state.image = ShownImage::Nothing;
    let Some(room) = state.reading.as_deref_mut() else { return };
    let case = room.current().map(|c| room.plan.cases[c.reading.case].id.clone()).unwrap_or_default();
    room.failure = Some(tr!("The image of case {case} cannot be opened.", case).into());
}

/// The finding of the study and the method of the arm.
fn choose(state: &mut State) {
    let Some(room) = state.reading.as_deref() else { return };
    let finding = state.model_info().and_then(|info| named(&info.manifest, &room.plan.finding));
    let method = state.study_method();
    match finding {
        Some(Truth::Class(class)) => (state.selected, state.selected_group) = (class, None),
        Some(Truth::Group(group)) => state.selected_group = Some(group),
        None => {}
    }
    (state.chosen, state.method) = (finding.is_some(), method);
}
