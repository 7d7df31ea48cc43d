//! Carries out what is asked of measurements: points are set and moved, steps taken back, files
//! kept.
//!
//! Every change that is finished is kept at once; a drag when the button goes up. What the pointer
//! does while a measurement is half made or in hand changes nothing that is kept. The keyboard sets
//! points too ([`cursor`]).

mod cursor;

use std::sync::Arc;

use super::effect::Effect;
use super::measuring_effect::{MeasuringEffect, MeasuringMessage};
use super::notices::notice;
use super::{feedback, impression, key_images};
use crate::app::command::MeasureCommand;
use crate::app::state::hanging::SlotImage;
use crate::app::state::impression::ImageKey;
use crate::app::state::measuring::{Draft, Grab, Measurable, Sheet, Tool};
use crate::app::state::{Level, NoticeAction, Reason, State};
use crate::language::{text, tr};
use crate::limits;
use crate::measurement::calibration::is_known_length;
use crate::measurement::cardiothoracic::proposed_thorax;
use crate::measurement::identity::ImageIdentity;
use crate::measurement::{Kind, Measurement, MeasurementId, Metric, Point, Words, shape, within};

pub(super) fn apply(state: &mut State, command: MeasureCommand) -> Vec<Effect> {
    use MeasureCommand as M;
    match command {
        M::TakeTool(tool) => take(state, tool),
        M::Press(at, reach) => {
            state.measuring.cursor = None;
            return press(state, at, reach);
        }
        M::MoveTo(at) => {
            state.measuring.cursor = None;
            move_to(state, at);
        }
        M::Cursor(by) => return cursor::apply(state, by),
        M::Release(at) => return release(state, at),
        M::Grab(id, handle, from) => {
            if let Some(before) = state.measurements().iter().find(|one| one.id == id).cloned() {
                state.measuring.selected = Some(id);
                state.measuring.grab = Some(Grab { handle, from, before });
            }
        }
        M::Select(id) => (state.measuring.selected, state.measuring.writing) = (id, None),
        M::WordsAsked => state.measuring.writing = None,
        M::DeleteSelected => {
            if let Some(id) = state.selected_measurement().map(|one| one.id) {
                return remove(state, id);
            }
        }
        M::Remove(id) => return remove(state, id),
        M::Rename(id, words) => return rename(state, id, &words),
        M::Calibrate(id, mm) => return calibrate(state, id, mm),
        M::ToggleShown => {
            state.measuring.shown ^= true;
            state.measuring.draft = None;
        }
        M::Export => return export(state),
        M::Import if state.measurable().is_some() => return vec![Effect::Measure(MeasuringEffect::AskWhatToImport)],
        M::ToggleKeyImage => return key_images::toggle(state),
        // The way back is the history's, which measurements share with the views.
        M::Import | M::Undo | M::Redo => {}
    }
    Vec::new()
}

/// Takes in what the threads report.
pub(super) fn on_message(state: &mut State, message: MeasuringMessage) -> Vec<Effect> {
    use MeasuringMessage as M;
    match message {
        M::Marked { image, identity, key_image } => key_images::see(state, &image, &identity, Some(key_image)),
        M::MarkedBefore(marked) => Arc::make_mut(&mut state.measuring.key_images).keep_known(marked),
        M::Found { image, identity, result } => {
            key_images::see(state, &image, &identity, None);
            if state.image_key() != Some(image.clone()) || state.frame().is_none() {
                found_beside(state, image, identity, result);
                return Vec::new();
            }
            let known = state.measuring.sheets.contains_key(&identity);
            state.measuring.unkept = result.is_err();
            match result {
                // What was done in this session has its way back.
                Ok(list) if !known => {
                    Arc::make_mut(&mut state.measuring.sheets)
                        .insert(identity.clone(), Sheet { list, ..Sheet::default() });
                }
                Ok(_) => {}
                Err(reason) => {
                    Arc::make_mut(&mut state.measuring.sheets).entry(identity.clone()).or_default();
                    let words = format!(
                        "The measurements that are kept of this image could not be read: {reason}. New ones are not \
                         kept, so that nothing of the file is lost."
                    );
                    notice(state, Level::Error, words, None);
                }
            }
            let impression = impression::look_for(state, &image, &identity);
            let feedback = feedback::look_for(state, &identity);
            state.measuring.at = Some(Measurable { image, identity });
            return impression.into_iter().chain(feedback).collect();
        }
        M::NotKept(reason) | M::Exported(Err(reason)) => notice(state, Level::Error, reason.capitalized(), None),
        M::ExportTo(Some(path)) => return export_to(state, path),
        M::ExportTo(None) => {
            let words =
                text!("This desktop offers no file dialog. `pellucid measurements export` writes the same file.");
            notice(state, Level::Warning, words, None);
        }
        M::ImportFrom(Some(path)) => return import_from(state, path),
        M::ImportFrom(None) => {
            let words = text!("This desktop offers no file dialog. Drop the file of measurements onto the window.");
            notice(state, Level::Warning, words, None);
        }
        M::Exported(Ok(path)) => {
            let words = tr!("Measurements written: {}", path.display());
            notice(state, Level::Info, words, Some(NoticeAction::Open(path)));
        }
        M::Imported { identity, result } => match result {
            Ok(list) if state.measurable().is_some_and(|at| at.identity == identity) => return import(state, list),
            Ok(_) => {}
            Err(reason) => notice(state, Level::Error, reason.capitalized(), None),
        },
    }
    Vec::new()
}

/// Another image is on screen: its measurements are looked for, and what was half made is put away.
pub(super) fn look_for(state: &mut State) -> Vec<Effect> {
    let_go(state);
    // What was drawn, written or answered about a case before is none of this reading's.
    if state.reading.is_some() {
        return Vec::new();
    }
    let (Some(image), Some(frame)) = (state.image_key(), state.frame().cloned()) else { return Vec::new() };
    vec![Effect::Measure(MeasuringEffect::Find { image, frame })]
}

/// Measurements of an image that stands beside the one on screen: they are shown there. What could
/// not be read is told once it is the one on screen.
fn found_beside(state: &mut State, image: ImageKey, identity: ImageIdentity, result: Result<Vec<Measurement>, Reason>) {
    let is_it = |slot: &&mut SlotImage| slot.index == image.1 && slot.entry.key() == image.0;
    let (Some(slot), Ok(list)) = (state.hanging.slots.iter_mut().flatten().find(is_it), result) else { return };
    slot.at = Some(Measurable { image, identity: identity.clone() });
    let sheets = Arc::make_mut(&mut state.measuring.sheets);
    sheets.entry(identity).or_insert_with(|| Sheet { list, ..Sheet::default() });
}

/// An image passes by, or none is on screen: no measurements are shown.
pub(super) fn let_go(state: &mut State) {
    let measuring = &mut state.measuring;
    (measuring.draft, measuring.grab, measuring.selected, measuring.writing) = (None, None, None, None);
    (measuring.at, measuring.unkept, measuring.cursor) = (None, false, None);
    feedback::stop_marking(state);
}

/// Reads measurements from a file for the image on screen.
pub(super) fn import_from(state: &mut State, path: std::path::PathBuf) -> Vec<Effect> {
    let Some((identity, size)) = state.measurable().map(|at| at.identity.clone()).zip(size(state)) else {
        notice(state, Level::Info, text!("Measurements belong to an image: open it first."), None);
        return Vec::new();
    };
    vec![Effect::Measure(MeasuringEffect::Import { path, identity, size })]
}

/// Puts away what is half made, else the tool, else the selection; false where there is none.
pub(super) fn put_away(state: &mut State) -> bool {
    let measuring = &mut state.measuring;
    if let Some(grab) = measuring.grab.take() {
        replace(state, &grab.before);
        return true;
    }
    if measuring.draft.take().is_some() || measuring.writing.take().is_some() {
        return true;
    }
    if measuring.tool != Tool::Window {
        (measuring.tool, measuring.cursor) = (Tool::Window, None);
        feedback::stop_marking(state);
        return true;
    }
    measuring.selected.take().is_some()
}

/// Another tool is taken.
pub(super) fn put_tool_away(state: &mut State) {
    while state.measuring.grab.is_some() || state.measuring.draft.is_some() || state.measuring.tool != Tool::Window {
        put_away(state);
    }
}

/// A tool that is taken again is put away.
fn take(state: &mut State, tool: Tool) {
    state.what_if.tool = None;
    let measuring = &mut state.measuring;
    measuring.tool = if measuring.tool == tool { Tool::Window } else { tool };
    (measuring.draft, measuring.grab, measuring.cursor) = (None, None, None);
    measuring.shown |= matches!(measuring.tool, Tool::Measure(_));
}

fn size(state: &State) -> Option<[usize; 2]> {
    let plane = &state.frame()?.pixels.plane;
    Some([plane.width, plane.height])
}

fn sheet_mut(state: &mut State) -> Option<&mut Sheet> {
    let identity = state.measurable()?.identity.clone();
    Arc::make_mut(&mut state.measuring.sheets).get_mut(&identity)
}

fn press(state: &mut State, at: Point, reach: f64) -> Vec<Effect> {
    let (Tool::Measure(kind), Some(size)) = (state.measuring.tool, size(state)) else { return Vec::new() };
    if state.sheet().is_none() {
        return Vec::new();
    }
    let at = within(at, size);
    let reach = if reach.is_finite() { reach.max(0.0) } else { 0.0 };
    let fresh = || Draft { kind, points: Vec::new(), next: None, pressed: None, reach };
    let mut draft = state.measuring.draft.take().filter(|draft| draft.kind == kind).unwrap_or_else(fresh);
    draft.points.push(at);
    (draft.pressed, draft.next, draft.reach) = (Some(at), None, reach);
    go_on(state, draft)
}

fn move_to(state: &mut State, at: Point) {
    let Some(size) = size(state) else { return };
    let at = within(at, size);
    if let Some(Grab { handle, from, before }) = &state.measuring.grab {
        let metric = state.metric().unwrap_or(Metric::PIXELS);
        let moved = before.moved(*handle, *from, at, size, &metric);
        replace(state, &moved);
        return;
    }
    let Some(draft) = &mut state.measuring.draft else { return };
    draft.next = Some(at);
    if draft.kind == Kind::Freehand && draft.pressed.is_some() {
        let far = |last: &Point| (last[0] - at[0]).hypot(last[1] - at[1]) >= draft.reach / 3.0;
        if draft.points.last().is_none_or(far) {
            draft.points.push(at);
        }
        if draft.points.len() >= limits::OUTLINE_POINTS {
            // Every second one: the outline stays, with points twice as far apart.
            let mut keep = false;
            draft.points.retain(|_| {
                keep = !keep;
                keep
            });
            draft.reach *= 2.0;
        }
    }
}

fn release(state: &mut State, at: Point) -> Vec<Effect> {
    if let Some(grab) = state.measuring.grab.take() {
        return dropped(state, &grab);
    }
    let Some(mut draft) = state.measuring.draft.take() else { return Vec::new() };
    let Some(pressed) = draft.pressed.take() else {
        state.measuring.draft = Some(draft);
        return Vec::new();
    };
    let Some(size) = size(state) else { return Vec::new() };
    let at = within(at, size);
    if draft.kind == Kind::Freehand {
        // A click without a drag is no outline.
        return if draft.points.len() < Kind::Freehand.points().0 { Vec::new() } else { finish(state, draft, false) };
    }
    if (at[0] - pressed[0]).hypot(at[1] - pressed[1]) >= draft.reach {
        draft.points.push(at);
        draft.next = None;
    }
    go_on(state, draft)
}

/// Finishes a measurement that has all its points; of a ratio whose thorax can be proposed, once the
/// heart is marked.
fn go_on(state: &mut State, mut draft: Draft) -> Vec<Effect> {
    let (_, most) = draft.kind.points();
    if draft.kind == Kind::Cardiothoracic
        && draft.points.len() == 4
        && let Some(thorax) = thorax(state, [draft.points[0], draft.points[1]])
    {
        draft.points.extend(thorax);
        return finish(state, draft, true);
    }
    if draft.kind != Kind::Freehand && draft.points.len() >= most {
        draft.points.truncate(most);
        if let Some((size, metric)) = size(state).zip(state.metric()) {
            draft.points = shape::drawn(draft.kind, &draft.points, size, &metric);
        }
        return finish(state, draft, false);
    }
    state.measuring.draft = Some(draft);
    Vec::new()
}

/// The borders of the thorax that the outline of the lungs proposes.
fn thorax(state: &State, midline: [Point; 2]) -> Option<[Point; 2]> {
    let (metric, lungs, size) = (state.metric()?, state.lungs.found()?, size(state)?);
    let outline = lungs.outline.iter().flat_map(|line| &line.points).map(|p| p.map(f64::from));
    proposed_thorax(&metric, midline, outline).map(|ends| ends.map(|end| within(end, size)))
}

fn finish(state: &mut State, draft: Draft, thorax_proposed: bool) -> Vec<Effect> {
    let kind = draft.kind;
    let Some(sheet) = sheet_mut(state) else { return Vec::new() };
    if sheet.list.len() >= limits::MEASUREMENTS {
        let words = tr!("An image has at most {} measurements: delete some first.", limits::MEASUREMENTS);
        notice(state, Level::Warning, words, None);
        return Vec::new();
    }
    let id = next_id(&sheet.list);
    sheet.remember();
    if kind == Kind::Calibration {
        // An image has one spacing, and so one line that says it.
        sheet.list.retain(|one| one.kind != kind);
    }
    let (points, name) = (draft.points, Words::default());
    sheet.list.push(Measurement { id, kind, points, name, thorax_proposed, known_mm: None });
    state.measuring.selected = Some(id);
    let mut effects = keep(state);
    effects.extend(feedback::drawn(state, id, kind));
    if kind.is_note() || kind == Kind::Calibration {
        state.measuring.writing = Some(id);
        // The field for its words stands there.
        if !state.preferences.findings_open {
            effects.extend(super::preferences::change(state, |p| p.findings_open = true));
        }
    }
    effects
}

/// Microseconds since 1970, or the next number that is free.
fn next_id(list: &[Measurement]) -> MeasurementId {
    let now = MeasurementId::try_from(chrono::Local::now().timestamp_micros()).unwrap_or_default();
    // Of so many numbers one more than there are measurements is free.
    (now..=now + list.len() as u64).find(|id| list.iter().all(|one| one.id != *id)).unwrap_or(now)
}

/// A drag has ended: the step is remembered, and the change kept.
fn dropped(state: &mut State, grab: &Grab) -> Vec<Effect> {
    let moved = state.measurements().iter().find(|one| one.id == grab.before.id).cloned();
    let Some(moved) = moved.filter(|moved| *moved != grab.before) else { return Vec::new() };
    replace(state, &grab.before);
    if let Some(sheet) = sheet_mut(state) {
        sheet.remember();
    }
    replace(state, &moved);
    keep(state)
}

fn replace(state: &mut State, with: &Measurement) {
    let sheet = sheet_mut(state);
    if let Some(one) = sheet.and_then(|sheet| sheet.list.iter_mut().find(|one| one.id == with.id)) {
        one.clone_from(with);
    }
}

fn remove(state: &mut State, id: MeasurementId) -> Vec<Effect> {
    let Some(sheet) = sheet_mut(state).filter(|sheet| sheet.list.iter().any(|one| one.id == id)) else {
        return Vec::new();
    };
    sheet.remember();
    sheet.list.retain(|one| one.id != id);
    let measuring = &mut state.measuring;
    let is_it = |chosen: &Option<MeasurementId>| *chosen == Some(id);
    measuring.grab = None;
    measuring.selected = measuring.selected.filter(|_| !is_it(&measuring.selected));
    measuring.writing = measuring.writing.filter(|_| !is_it(&measuring.writing));
    keep(state)
}

fn rename(state: &mut State, id: MeasurementId, words: &Words) -> Vec<Effect> {
    let Some(sheet) = sheet_mut(state) else { return Vec::new() };
    if !sheet.list.iter().any(|one| one.id == id && one.name != *words) {
        return Vec::new();
    }
    if sheet.naming != Some(id) {
        sheet.remember();
        sheet.naming = Some(id);
    }
    for one in sheet.list.iter_mut().filter(|one| one.id == id) {
        one.name = Words::new(&words.0);
    }
    keep(state)
}

/// The reader says how long a calibration line is, or that it is not known.
fn calibrate(state: &mut State, id: MeasurementId, mm: Option<f64>) -> Vec<Effect> {
    let mm = mm.filter(|mm| is_known_length(*mm));
    let Some(sheet) = sheet_mut(state) else { return Vec::new() };
    let is_it = |one: &Measurement| one.id == id && one.kind == Kind::Calibration;
    if !sheet.list.iter().any(|one| is_it(one) && one.known_mm != mm) {
        return Vec::new();
    }
    if sheet.naming != Some(id) {
        sheet.remember();
        sheet.naming = Some(id);
    }
    sheet.list.iter_mut().filter(|one| is_it(one)).for_each(|one| one.known_mm = mm);
    keep(state)
}

/// Takes back what is in hand: a half-made measurement loses its last point, a drag is undone;
/// nothing where nothing is in hand.
pub(super) fn step_in_hand(state: &mut State, back: bool) -> Option<Vec<Effect>> {
    if back && let Some(draft) = &mut state.measuring.draft {
        draft.points.pop();
        draft.pressed = None;
        if draft.points.is_empty() || draft.kind == Kind::Freehand {
            state.measuring.draft = None;
        }
        return Some(Vec::new());
    }
    let grab = state.measuring.grab.take()?;
    replace(state, &grab.before);
    Some(Vec::new())
}

/// Takes a change of the measurements of the image on screen back, or makes it again.
pub(super) fn step_sheet(state: &mut State, back: bool) -> Vec<Effect> {
    if sheet_mut(state).is_some_and(|sheet| sheet.step(back)) {
        state.measuring.selected = state.selected_measurement().map(|one| one.id);
        return keep(state);
    }
    Vec::new()
}

fn keep(state: &State) -> Vec<Effect> {
    let (Some(at), Some(size)) = (state.measurable().filter(|_| !state.measuring.unkept), size(state)) else {
        return Vec::new();
    };
    let (identity, list) = (at.identity.clone(), state.measurements().to_vec());
    vec![Effect::Measure(MeasuringEffect::Keep { identity, size, list })]
}

fn export(state: &mut State) -> Vec<Effect> {
    if state.measurements().is_empty() {
        notice(state, Level::Info, text!("There is nothing to export: nothing was measured on this image."), None);
        return Vec::new();
    }
    vec![Effect::Measure(MeasuringEffect::AskWhereToExport)]
}

fn export_to(state: &State, path: std::path::PathBuf) -> Vec<Effect> {
    let (Some(at), Some(frame)) = (state.measurable(), state.frame()) else { return Vec::new() };
    vec![Effect::Measure(MeasuringEffect::Export {
        path,
        identity: at.identity.clone(),
        frame: frame.clone(),
        list: state.measurements().to_vec(),
        anonymized: state.preferences.anonymize,
    })]
}

/// Adds what was read; what is there already under the same number is replaced.
fn import(state: &mut State, list: Vec<Measurement>) -> Vec<Effect> {
    let Some(sheet) = sheet_mut(state) else { return Vec::new() };
    sheet.remember();
    let count = list.len();
    for one in list {
        match sheet.list.iter_mut().find(|there| there.id == one.id) {
            Some(there) => *there = one,
            None => sheet.list.push(one),
        }
    }
    sheet.list.truncate(limits::MEASUREMENTS);
    state.measuring.shown = true;
    let words = tr!("1 measurement was read." | "{n} measurements were read." % count);
    notice(state, Level::Info, words, None);
    keep(state)
}
