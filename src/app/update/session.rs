//! Carries out what is asked of the session: the studies of last time, the scale, sections; and
//! remembers what is open and where the window is.

use std::path::PathBuf;

use super::effect::Effect;
use super::notices::notice;
use super::{audit, file, preferences};
use crate::app::command::{FileCommand, SessionCommand};
use crate::app::state::hanging::SlotIndex;
use crate::app::state::session::{KeptGrid, KeptPlace, LastSession, MOST_LAST, MOST_RECENT, SCALES, WindowPlace};
use crate::app::state::{Layout, Level, NoticeAction, Preferences, State};
use crate::language::{text, tr};

/// Step of the scale of the interface.
const STEP: f32 = 0.25;

pub(super) fn apply(state: &mut State, command: SessionCommand) -> Vec<Effect> {
    use SessionCommand as S;
    match command {
        S::OpenLast => {
            let LastSession { studies, grid } = std::mem::take(&mut state.last_session);
            state.hanging.restored = grid;
            file::apply(state, FileCommand::OpenPaths(studies))
        }
        S::ToggleKeepStudies => preferences::change(state, |p| {
            p.keep_studies ^= true;
            if !p.keep_studies {
                (p.recent, p.last, p.grid) = (Vec::new(), Vec::new(), None);
            }
        }),
        S::ToggleAudit => audit::toggle(state),
        S::Forget => forget(state),
        S::LargerInterface => scale(state, |now| (now / STEP).floor() * STEP + STEP),
        S::SmallerInterface => scale(state, |now| (now / STEP).ceil() * STEP - STEP),
        S::UsualInterface => scale(state, |_| 1.0),
        S::SetLanguage(code) => {
            crate::language::enter(code);
            preferences::change(state, |p| code.clone_into(&mut p.language))
        }
        S::ToggleEnglishReports => preferences::change(state, |p| p.reports_in_english ^= true),
        S::ToggleSection(section) => preferences::change(state, |p| p.toggle(section)),
    }
}

fn scale(state: &mut State, change: impl Fn(f32) -> f32) -> Vec<Effect> {
    let scale = change(state.preferences.interface_scale()).clamp(SCALES.0, SCALES.1);
    preferences::change(state, |p| p.scale = scale)
}

fn forget(state: &mut State) -> Vec<Effect> {
    state.last_session = LastSession::default();
    let usual = Preferences::default();
    let effects = preferences::change(state, |p| {
        (p.recent, p.last, p.grid, p.window) = (Vec::new(), Vec::new(), None, None);
        (p.layout, p.closed) = (usual.layout, usual.closed);
    });
    let words = text!(
        "The session is forgotten: lists of studies, place of the window, layout and closed sections. Measurements and \
         impressions belong to their images and stay."
    );
    notice(state, Level::Info, words, None);
    effects
}

/// Remembers how several images hang, while there are some.
pub(super) fn remember_grid(state: &mut State) -> Vec<Effect> {
    // Until something is open the grid of last time is on offer; cases of a reader study are not the reader's.
    if state.reading.is_some()
        || state.current().is_none()
        || state.hanging.restored.is_some()
        || !state.preferences.keep_studies
    {
        return Vec::new();
    }
    let now = (state.layout == Layout::Hanging).then(|| kept_grid(state));
    if state.preferences.grid == now { Vec::new() } else { preferences::change(state, |p| p.grid = now) }
}

fn kept_grid(state: &State) -> KeptGrid {
    let hanging = &state.hanging;
    let place = |slot: SlotIndex| {
        let (entry, frame) = if slot == hanging.active {
            state.current()?
        } else {
            hanging.slot(slot).map(|image| (&image.entry, image.index))?
        };
        Some((slot, KeptPlace { path: absolute(&entry.path), frame }))
    };
    let places = (0..hanging.grid.slots()).filter_map(place).collect();
    KeptGrid { grid: hanging.grid, active: hanging.active, places }
}

fn absolute(path: &PathBuf) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.clone())
}

/// These paths were opened; `fresh` where nothing was open before.
pub(super) fn opened(state: &mut State, paths: &[PathBuf], fresh: bool) -> Vec<Effect> {
    if paths.is_empty() || !state.preferences.keep_studies {
        return Vec::new();
    }
    // Relative paths would mean something else at the next start.
    let paths: Vec<PathBuf> = paths.iter().map(absolute).collect();
    preferences::change(state, |p| {
        // Newest first, each once.
        p.recent.retain(|known| !paths.contains(known));
        p.recent.splice(0..0, paths.iter().cloned());
        p.recent.truncate(MOST_RECENT);
        if fresh {
            p.last.clear();
        }
        p.last.retain(|known| !paths.contains(known));
        p.last.extend(paths);
        let surplus = p.last.len().saturating_sub(MOST_LAST);
        p.last.drain(..surplus);
    })
}

/// The studies of last time are offered where something else is opened at the start; the empty
/// screen offers them itself.
pub fn offer_last(state: &mut State, opening: &[PathBuf]) {
    let opening: Vec<PathBuf> = opening.iter().map(absolute).collect();
    state.last_session.studies.retain(|study| !opening.contains(study));
    if state.last_session.studies.is_empty() {
        return;
    }
    let words = tr!("The last studies can be opened again: {}.", state.last_session.words(state.preferences.anonymize));
    notice(state, Level::Info, words, Some(NoticeAction::OpenLast));
}

/// The window was moved or has another size.
pub fn on_window(state: &mut State, place: WindowPlace) -> Vec<Effect> {
    let before = state.preferences.window;
    // A maximized window remembers the size that it goes back to.
    let place = match before.filter(|_| place.maximized) {
        Some(before) => WindowPlace { maximized: true, ..before },
        None => place,
    };
    if before == Some(place) {
        return Vec::new();
    }
    preferences::change(state, |p| p.window = Some(place))
}
