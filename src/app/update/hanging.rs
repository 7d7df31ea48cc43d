//! Carries out what is asked of the layout of several images: grids, places, the prior beside the
//! current image, and the rules of the reader's file.

use std::sync::Arc;

use super::effect::Effect;
use super::notices::notice;
use super::{linked_stacks, preferences, slots};
use crate::app::command::HangingCommand;
use crate::app::state::hanging::{Follows, Grid, SlotImage, SlotIndex};
use crate::app::state::hanging_rules::{HangingRule, HangingRules, active_place};
use crate::app::state::session::{KeptGrid, KeptPlace};
use crate::app::state::{Layout, Level, Reason, State, prior};
use crate::language::{text, tr};
use crate::study::ImageEntry;

pub(super) fn apply(state: &mut State, command: HangingCommand) -> Vec<Effect> {
    use HangingCommand as H;
    match command {
        H::PriorBeside => return prior_beside(state),
        H::HangByRules => return hang_by_rules(state),
        H::NextSlot => return next(state),
        H::ToggleMapsOfChange => {
            state.hanging.maps_of_change ^= true;
            state.heat_map |= state.hanging.maps_of_change;
        }
        H::ToggleReferenceLines => return preferences::change(state, |p| p.reference_lines ^= true),
        H::SetGrid(grid) => return set_grid(state, grid),
        H::Activate(slot) => return slots::activate(state, slot),
        H::ChooseTarget(slot) => {
            let empty = state.slot_entry(slot).is_none();
            state.hanging.target = Some(slot).filter(|slot| empty && state.hanging.target != Some(*slot));
        }
        H::Put(slot, entry, index) => {
            state.hanging.follows = Follows::Nothing;
            return slots::put(state, slot, entry, index);
        }
        H::Swap(a, b) => swap(state, a, b),
        H::Clear(slot) => {
            if slot != state.hanging.active && slot < state.hanging.slots.len() {
                state.hanging.slots[slot] = None;
                state.hanging.follows = Follows::Nothing;
                state.solo = state.solo.filter(|solo| *solo != slot);
            }
        }
        H::ScrollSlot(slot, by) => {
            let mut effects = slots::scroll(state, slot, by);
            effects.extend(linked_stacks::follow(state, slot));
            return effects;
        }
        H::PointIn(slot, at) => state.cursor = at.and_then(|at| value_in(state, slot, at)),
    }
    Vec::new()
}

/// Fills the places anew where the current image is another one, as the reader asked for before.
pub(super) fn follow(state: &mut State) -> Vec<Effect> {
    let Some(entry) = state.current().map(|(entry, _)| entry.clone()) else { return Vec::new() };
    let before = state.hanging.hung.clone();
    let at_home = state.layout != Layout::Hanging || state.hanging.active == state.hanging.home;
    if !at_home || before.as_ref().is_some_and(|before| before.key() == entry.key()) {
        return Vec::new();
    }
    let same_study = before.is_some_and(|before| {
        !entry.identity.study_uid.is_empty() && before.identity.study_uid == entry.identity.study_uid
    });
    state.hanging.hung = Some(entry.clone());
    if !same_study && !state.hanging.rules.rules.is_empty() {
        let rules = state.hanging.rules.clone();
        if let Some(rule) = rules.suiting(&entry.meta, state.prior_of(&entry).is_ok()) {
            return hang(state, rule, &entry);
        }
    }
    match state.hanging.follows {
        Follows::Prior if state.layout == Layout::Hanging => put_prior(state, &entry),
        // What hung by a rule belonged to another study.
        Follows::Rules if !same_study => {
            clear(state);
            (state.hanging.follows, state.layout) = (Follows::Nothing, state.hanging.back);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// The rules of the reader's file were read.
pub(super) fn rules_read(state: &mut State, rules: Result<Arc<HangingRules>, Reason>) {
    match rules {
        Ok(rules) => state.hanging.rules = rules,
        Err(reason) => {
            let words = tr!("The hanging rules were not read, and none is used: {reason}", reason);
            notice(state, Level::Warning, words, None);
        }
    }
}

/// The prior stands right of the current image; asked again, the layout of before comes back.
fn prior_beside(state: &mut State) -> Vec<Effect> {
    let shown = state.layout == Layout::Hanging && state.hanging.follows == Follows::Prior;
    if shown {
        let home = state.hanging.home;
        let effects = slots::activate(state, home);
        (state.layout, state.solo) = (state.hanging.back, None);
        state.hanging.follows = Follows::Nothing;
        return effects;
    }
    let Some(entry) = state.current().map(|(entry, _)| entry.clone()) else { return Vec::new() };
    if let Err(reason) = state.prior_of(&entry) {
        notice(state, Level::Info, tr!("There is no prior to show beside this image: {reason}.", reason), None);
        return Vec::new();
    }
    enter_layout(state);
    clear_but_prior(state, &entry);
    (state.hanging.active, state.hanging.home, state.hanging.grid) = (0, 0, Grid::PAIR);
    (state.hanging.follows, state.hanging.hung) = (Follows::Prior, Some(entry.clone()));
    put_prior(state, &entry)
}

/// Keeps a prior that is decoded and judged already for the place beside the current image.
fn clear_but_prior(state: &mut State, entry: &Arc<ImageEntry>) {
    let active = state.hanging.active;
    let is_prior = |image: &SlotImage| prior::is_prior(entry, &image.entry);
    let kept = state.hanging.slots.iter_mut().enumerate().find_map(|(slot, image)| {
        (slot != active && image.as_ref().is_some_and(is_prior)).then(|| image.take()).flatten()
    });
    clear(state);
    state.hanging.slots[1] = kept;
}

/// The prior of the current image comes into the place beside it, which is left empty where there is
/// none. A prior whose stack is gone through already stays where it is.
fn put_prior(state: &mut State, entry: &Arc<ImageEntry>) -> Vec<Effect> {
    let slot = usize::from(state.hanging.active == 0);
    let Ok(found) = state.prior_of(entry) else {
        state.hanging.slots[slot] = None;
        return Vec::new();
    };
    let of_series = |image: &SlotImage| {
        let (a, b) = (&image.entry.identity, &found.identity);
        a == b || (!a.series_uid.is_empty() && (&a.study_uid, &a.series_uid) == (&b.study_uid, &b.series_uid))
    };
    if state.hanging.slot(slot).is_some_and(of_series) { Vec::new() } else { slots::put(state, slot, found, 0) }
}

/// Fills the places as the rule says that suits the current image.
fn hang_by_rules(state: &mut State) -> Vec<Effect> {
    let Some(entry) = state.current().map(|(entry, _)| entry.clone()) else { return Vec::new() };
    let rules = state.hanging.rules.clone();
    let words = if rules.rules.is_empty() {
        text!("There are no hanging rules. They are kept in hanging.toml, in the folder of the settings.")
    } else if let Some(rule) = rules.suiting(&entry.meta, state.prior_of(&entry).is_ok()) {
        return hang(state, rule, &entry);
    } else {
        text!("No hanging rule suits this image.")
    };
    notice(state, Level::Info, words, None);
    Vec::new()
}

fn hang(state: &mut State, rule: &HangingRule, entry: &Arc<ImageEntry>) -> Vec<Effect> {
    let images = state.hung_by(rule, entry);
    let Some(active) = active_place(&images, entry) else { return Vec::new() };
    enter_layout(state);
    clear(state);
    (state.hanging.grid, state.hanging.active, state.hanging.home) = (rule.grid, active, active);
    state.hanging.follows = Follows::Rules;
    let mut effects = Vec::new();
    for (slot, image) in images.into_iter().enumerate() {
        match image {
            Some(image) if slot == active && Arc::ptr_eq(&image, entry) => {}
            Some(image) => effects.extend(slots::put(state, slot, image, 0)),
            None => {}
        }
    }
    state.hanging.hung = state.current().map(|(entry, _)| entry.clone());
    effects
}

/// The images hang as they did when the last session ended; what is not there any more leaves its
/// place empty.
pub(super) fn restore(state: &mut State) -> Vec<Effect> {
    let Some(KeptGrid { grid, active, places }) = state.hanging.restored.take() else { return Vec::new() };
    let of_path = |place: &KeptPlace| {
        let is_it = |entry: &&Arc<ImageEntry>| std::path::absolute(&entry.path).is_ok_and(|path| path == place.path);
        let entry = state.images.iter().find(is_it)?;
        Some((entry.clone(), place.frame.min(entry.frames.saturating_sub(1))))
    };
    let mut found: Vec<_> = places.iter().filter_map(|(slot, place)| Some((*slot, of_path(place)?))).collect();
    if found.is_empty() {
        return Vec::new();
    }
    enter_layout(state);
    clear(state);
    (state.hanging.grid, state.hanging.active, state.hanging.home) = (grid, active, active);
    state.hanging.follows = Follows::Nothing;
    // What stands in the active place is the image of the viewer.
    found.sort_by_key(|(slot, _)| *slot != active);
    let mut effects = Vec::new();
    for (slot, (entry, frame)) in found {
        effects.extend(slots::put(state, slot, entry, frame));
    }
    state.hanging.hung = state.current().map(|(entry, _)| entry.clone());
    effects
}

fn enter_layout(state: &mut State) {
    if state.layout != Layout::Hanging {
        state.hanging.back = state.layout;
    }
    (state.layout, state.solo) = (Layout::Hanging, None);
}

fn clear(state: &mut State) {
    state.hanging.slots.fill(None);
    state.hanging.target = None;
}

/// Another grid; an active image that it has no place for comes into its last one.
fn set_grid(state: &mut State, grid: Grid) -> Vec<Effect> {
    enter_layout(state);
    state.hanging.grid = grid;
    state.hanging.target = state.hanging.target.filter(|target| *target < grid.slots());
    let last = grid.slots() - 1;
    if state.hanging.active > last {
        swap(state, state.hanging.active, last);
    }
    Vec::new()
}

fn swap(state: &mut State, a: SlotIndex, b: SlotIndex) {
    let hanging = &mut state.hanging;
    if a.max(b) >= hanging.slots.len() {
        return;
    }
    hanging.slots.swap(a, b);
    let moved = |slot: SlotIndex| match slot {
        slot if slot == a => b,
        slot if slot == b => a,
        slot => slot,
    };
    (hanging.active, hanging.home) = (moved(hanging.active), moved(hanging.home));
    hanging.target = None;
}

/// The next place with an image becomes the active one.
fn next(state: &mut State) -> Vec<Effect> {
    if state.layout != Layout::Hanging {
        return Vec::new();
    }
    let (of, active) = (state.hanging.grid.slots(), state.hanging.active);
    let next = (1..of).map(|step| (active + step) % of).find(|slot| state.hanging.slot(*slot).is_some());
    let Some(next) = next else { return Vec::new() };
    state.solo = state.solo.map(|_| next);
    slots::activate(state, next)
}

fn value_in(state: &State, slot: SlotIndex, (x, y): (u32, u32)) -> Option<(u32, u32, f32)> {
    let plane = &state.hanging.slot(slot)?.image.as_ref()?.frame.pixels.plane;
    let inside = (x as usize) < plane.width && (y as usize) < plane.height;
    inside.then(|| (x, y, plane.at(x as usize, y as usize)))
}
