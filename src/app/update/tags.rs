//! Carries out what is asked of the tag browser. It follows the image on screen.

use std::path::PathBuf;

use super::effect::Effect;
use crate::app::command::TagCommand;
use crate::app::state::State;
use crate::app::state::tags::{Listed, TagBrowser};

pub(super) fn apply(state: &mut State, command: TagCommand) -> Vec<Effect> {
    use TagCommand as T;
    if command == T::Toggle {
        return toggle(state);
    }
    let Some(browser) = &mut state.tags else { return Vec::new() };
    match command {
        T::Toggle => {}
        T::Search(words) => browser.search = words.chars().take(LONGEST).collect(),
        T::CompareWith(path) => {
            browser.other = path;
            browser.refresh();
            return read_what_is_missing(state);
        }
        T::ToggleDifferences => browser.differences_only ^= true,
        T::ToggleOpen(place) => {
            if !browser.closed.remove(&place) {
                browser.closed.insert(place);
            }
        }
        T::Select(place) => browser.selected = place,
    }
    browser.refresh();
    Vec::new()
}

/// Longest text that is looked for.
const LONGEST: usize = 200;

fn toggle(state: &mut State) -> Vec<Effect> {
    if state.tags.take().is_some() {
        return Vec::new();
    }
    let Some(file) = state.current().map(|(entry, _)| entry.path.clone()) else { return Vec::new() };
    state.tags = Some(TagBrowser::new(file));
    read_what_is_missing(state)
}

/// Another image is on screen: its elements are shown, with the same search and beside the same
/// file.
pub(super) fn follow(state: &mut State) -> Vec<Effect> {
    let file = state.current().map(|(entry, _)| entry.path.clone());
    let (Some(browser), Some(file)) = (&mut state.tags, file) else { return Vec::new() };
    if browser.file == file {
        return Vec::new();
    }
    browser.file = file;
    let TagBrowser { file, other, lists, .. } = browser;
    lists.retain(|path, _| path == file || Some(path) == other.as_ref());
    browser.selected = None;
    browser.refresh();
    read_what_is_missing(state)
}

/// Takes in the elements of a file.
pub(super) fn listed(state: &mut State, path: PathBuf, list: Listed) {
    let Some(browser) = &mut state.tags else { return };
    if browser.file == path || browser.other.as_ref() == Some(&path) {
        browser.lists.insert(path, list);
        browser.refresh();
    }
}

fn read_what_is_missing(state: &State) -> Vec<Effect> {
    let Some(browser) = &state.tags else { return Vec::new() };
    let wanted = std::iter::once(&browser.file).chain(&browser.other);
    wanted.filter(|path| browser.list(path).is_none()).map(|path| Effect::ReadTags(path.clone())).collect()
}
