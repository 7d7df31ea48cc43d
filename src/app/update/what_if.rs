//! Carries out what is asked of a changed image: marks, steps back, questions to the model, changes
//! that are kept.
//!
//! While the hand moves one question is on its way at a time, without random places, and the newest
//! state is asked about when it is answered. When the hand rests the whole question follows: with
//! the map and the random places.

use std::sync::Arc;

use super::effect::Effect;
use super::notices::notice;
use super::what_if_effect::{PartsFound, WhatIfEffect};
use crate::app::command::WhatIfCommand;
use crate::app::state::what_if::{Changed, DRAWS, FoundPart, KeptChange, Marker, RADII, SEED, STEPS};
use crate::app::state::{Layout, Level, State};
use crate::engine::Request;
use crate::engine::what_if::question::{Answer, Question};
use crate::engine::what_if::runs::Runs;
use crate::engine::what_if::{Change, Removal};
use crate::language::{named, text, tr};
use crate::limits;
use crate::measurement::region::Region;
use crate::measurement::{Point, Words, within};
use crate::report::what_if::ChangeRecord;

/// How a brush is named among the words of a change.
const BY_BRUSH: &str = named!("a brushed part");

pub(super) fn apply(state: &mut State, command: WhatIfCommand) -> Vec<Effect> {
    use WhatIfCommand as W;
    match command {
        W::TakeTool(tool) => return take(state, tool),
        W::Press(at) => return press(state, at),
        W::MoveTo(at) => return move_to(state, at),
        W::Release(at) => return release(state, at),
        W::SetRadius(radius) if radius.is_finite() => state.what_if.radius = radius.clamp(RADII.0, RADII.1),
        W::SetRadius(_) => {}
        W::Take(part) => return take_part(state, part),
        W::Fill(filling) => {
            state.what_if.filling = filling;
            return ask(state, true);
        }
        W::Alter(alteration) => {
            let alteration = alteration.bounded();
            if alteration != state.what_if.changed.alteration {
                remember(state);
                state.what_if.changed.alteration = alteration;
                return ask(state, true);
            }
        }
        W::Undo => return step(state, true),
        W::Redo => return step(state, false),
        W::Clear => {
            if !state.what_if.changed.is_nothing() {
                remember(state);
                return stand(state, Changed::default());
            }
        }
        W::Keep => keep(state),
        W::Rename(number, name) => {
            let kept_changes = kept_changes_mut(state);
            if let Some(kept) = kept_changes.and_then(|all| all.iter_mut().find(|one| one.record.number == number)) {
                kept.record.name = Words::new(&name.0);
            }
        }
        W::Show(number) => {
            if let Some(kept) = state.kept_changes().iter().find(|one| one.record.number == number).cloned() {
                remember(state);
                state.what_if.filling = kept.record.filling;
                state.layout = Layout::WhatIf;
                return stand(state, kept.changed);
            }
        }
        W::Forget(number) => {
            if let Some(kept_changes) = kept_changes_mut(state) {
                kept_changes.retain(|one| one.record.number != number);
            }
        }
    }
    Vec::new()
}

/// The image is questioned from here on, or was analysed anew: parts are looked for, and what stands
/// is asked about.
pub(super) fn look(state: &mut State) -> Vec<Effect> {
    if !state.is_questioned() {
        state.what_if.tool = None;
        end_stroke(state);
        return Vec::new();
    }
    let mut effects = Vec::new();
    if let (Some(frame), None) = (state.frame().cloned(), &state.what_if.parts) {
        effects.push(Effect::WhatIf(WhatIfEffect::FindParts { generation: state.generation, frame }));
    }
    if state.what_if.answer.is_none() {
        effects.extend(ask(state, true));
    }
    effects
}

/// Another map is on screen: that of the changed image is asked for, too.
pub(super) fn follow(state: &mut State) -> Vec<Effect> {
    let settled = state.is_questioned() && state.settled_answer().is_some();
    let wanted = state.wanted_change_map();
    if settled && wanted.is_some() && wanted != state.what_if.asked_map { ask(state, true) } else { Vec::new() }
}

/// Parts of the image were looked for.
pub(super) fn parts_found(state: &mut State, found: PartsFound) {
    if found.generation == state.generation {
        state.what_if.parts = found.parts;
    }
}

/// Another image comes on screen: what stands is of the one before.
pub(super) fn let_go(state: &mut State) {
    let what_if = &mut state.what_if;
    (what_if.changed, what_if.mask, what_if.parts) = (Changed::default(), None, None);
    (what_if.back, what_if.forth) = (Vec::new(), Vec::new());
    end_stroke(state);
    forget_answer(state);
}

/// What was answered is of another analysis.
pub(super) fn forget_answer(state: &mut State) {
    let what_if = &mut state.what_if;
    (what_if.answer, what_if.failure, what_if.asked, what_if.next) = (None, None, None, None);
}

/// Puts the tool away; false where there is none in hand.
pub(super) fn put_away(state: &mut State) -> bool {
    end_stroke(state);
    state.is_questioned() && state.what_if.tool.take().is_some()
}

/// What the model says of the changed image, so far. Answers to an older state are shown while the
/// hand moves, and none where nothing stands any more.
pub(super) fn answered(state: &mut State, answer: Arc<Answer>) {
    let is_newer = state.what_if.answer.as_ref().is_none_or(|before| before.number <= answer.number);
    if is_newer && !state.what_if.changed.is_nothing() {
        // A quick answer has no map: the one before stays until the whole one is there.
        let maps = answer.found.analysis.attributions.is_empty();
        let before = state.what_if.answer.as_ref().filter(|_| maps && answer.drawn.1 == 0);
        let mut answer = answer;
        if let Some(before) = before.filter(|before| !before.found.analysis.attributions.is_empty()) {
            let kept = before.found.analysis.attributions.clone();
            Arc::make_mut(&mut answer).found.analysis.attributions = kept;
        }
        state.what_if.answer = Some(answer);
        state.what_if.failure = None;
    }
}

/// A question is answered as far as it can be.
pub(super) fn done(state: &mut State, number: u64, failure: Option<String>) -> Vec<Effect> {
    if state.what_if.asked.is_none_or(|(asked, _)| asked != number) {
        return Vec::new();
    }
    state.what_if.asked = None;
    if failure.is_some() {
        (state.what_if.answer, state.what_if.failure) = (None, failure);
    }
    match state.what_if.next.take() {
        Some(whole) => ask(state, whole),
        None => Vec::new(),
    }
}

/// A step back or forth.
pub(super) fn step(state: &mut State, back: bool) -> Vec<Effect> {
    end_stroke(state);
    let what_if = &mut state.what_if;
    let (from, to) =
        if back { (&mut what_if.back, &mut what_if.forth) } else { (&mut what_if.forth, &mut what_if.back) };
    let Some(changed) = from.pop() else { return Vec::new() };
    to.push(what_if.changed.clone());
    stand(state, changed)
}

/// A tool that is taken again is put away. Where the image is not questioned yet it is from here on.
fn take(state: &mut State, tool: Marker) -> Vec<Effect> {
    end_stroke(state);
    let in_hand = state.what_if.tool == Some(tool) && state.is_questioned();
    if in_hand {
        state.what_if.tool = None;
        return Vec::new();
    }
    state.layout = Layout::WhatIf;
    let effects = look(state);
    if state.is_questioned() {
        super::measuring::put_tool_away(state);
        state.what_if.tool = Some(tool);
    }
    effects
}

fn press(state: &mut State, at: Point) -> Vec<Effect> {
    let (true, Some(size), Some(tool)) = (state.is_marking(), size(state), state.what_if.tool) else {
        return Vec::new();
    };
    let at = within(at, size);
    match tool {
        Marker::Brush | Marker::Eraser => {
            remember(state);
            state.what_if.stroke = Some(at);
            paint(state, at, at, tool == Marker::Brush);
            ask(state, false)
        }
        Marker::Lasso => {
            state.what_if.lasso = vec![at];
            Vec::new()
        }
        Marker::Superpixel => superpixel(state, at, size),
    }
}

fn move_to(state: &mut State, at: Point) -> Vec<Effect> {
    let Some(size) = size(state) else { return Vec::new() };
    let at = within(at, size);
    if let Some(last) = state.what_if.lasso.last() {
        if (last[0] - at[0]).hypot(last[1] - at[1]) >= 1.0 && state.what_if.lasso.len() < limits::OUTLINE_POINTS {
            state.what_if.lasso.push(at);
        }
        return Vec::new();
    }
    let Some(from) = state.what_if.stroke else { return Vec::new() };
    state.what_if.stroke = Some(at);
    paint(state, from, at, state.what_if.tool == Some(Marker::Brush));
    ask(state, false)
}

fn release(state: &mut State, at: Point) -> Vec<Effect> {
    if !state.what_if.lasso.is_empty() {
        let line = std::mem::take(&mut state.what_if.lasso);
        // A click without a drag goes around nothing.
        return if line.len() < 3 {
            Vec::new()
        } else {
            mark(state, &[Region::Freehand(line)], named!("an outlined part"))
        };
    }
    let mut effects = move_to(state, at);
    if state.what_if.stroke.take().is_some() {
        settle(state, BY_BRUSH);
        effects.extend(ask(state, true));
    }
    effects
}

/// A patch is taken away, or brought back where it was.
fn superpixel(state: &mut State, at: Point, [width, height]: [usize; 2]) -> Vec<Effect> {
    let Some(parts) = state.what_if.parts.clone() else {
        notice(state, Level::Info, text!("Superpixels are still being looked for."), None);
        return Vec::new();
    };
    let [columns, rows] = parts.grid;
    let cell = |x: usize, y: usize| parts.superpixels[(y * rows / height) * columns + x * columns / width];
    let (x, y) = ((at[0] as usize).min(width - 1), (at[1] as usize).min(height - 1));
    let chosen = cell(x, y);
    let back = state.what_if.mask.as_ref().is_some_and(|mask| mask[y * width + x]);
    remember(state);
    let mask = mask_mut(state);
    for (i, taken) in mask.iter_mut().enumerate() {
        if cell(i % width, i / width) == chosen {
            *taken = !back;
        }
    }
    settle(state, named!("superpixels"));
    ask(state, true)
}

fn take_part(state: &mut State, part: FoundPart) -> Vec<Effect> {
    if !state.is_questioned() || state.part_missing(part).is_some() {
        return Vec::new();
    }
    let Some([width, height]) = size(state) else { return Vec::new() };
    match part {
        FoundPart::Region => {
            let region = state.selected_measurement().and_then(|one| one.kind.region(&one.points));
            region.map_or(Vec::new(), |region| mark(state, &[region], named!("a measured region")))
        }
        FoundPart::OutsideLungs | FoundPart::Lungs => {
            let Some(lungs) = state.lungs.found().cloned() else { return Vec::new() };
            let inside = part == FoundPart::Lungs;
            let regions = lungs.fields.on_grid(width, height);
            let taken = regions.iter().map(|region| region.is_lung() == inside);
            add(state, taken, if inside { named!("the lungs") } else { named!("everything outside the lungs") })
        }
        FoundPart::SideMarkers => {
            let parts = state.what_if.parts.clone();
            let taken = parts.and_then(|parts| parts.side_markers.taken(width * height));
            taken.map_or(Vec::new(), |taken| add(state, taken.into_iter(), named!("side markers")))
        }
    }
}

/// Takes regions away, as a step.
fn mark(state: &mut State, regions: &[Region], by: &'static str) -> Vec<Effect> {
    let Some(size) = size(state) else { return Vec::new() };
    remember(state);
    let mask = mask_mut(state);
    for region in regions {
        region.rows(size, |y, columns| mask[y * size[0] + columns.start..y * size[0] + columns.end].fill(true));
    }
    settle(state, by);
    ask(state, true)
}

/// Takes these pixels away, too, as a step.
fn add(state: &mut State, taken: impl Iterator<Item = bool>, by: &'static str) -> Vec<Effect> {
    remember(state);
    mask_mut(state).iter_mut().zip(taken).for_each(|(mask, taken)| *mask |= taken);
    settle(state, by);
    ask(state, true)
}

/// A piece of a stroke.
fn paint(state: &mut State, from: Point, to: Point, taken: bool) {
    let Some(size) = size(state) else { return };
    let radius = f64::from(state.what_if.radius) * size[0].max(size[1]) as f64;
    let length = (to[0] - from[0]).hypot(to[1] - from[1]);
    let steps = (length / (0.25 * radius).max(0.5)).ceil().max(1.0) as usize;
    let mask = mask_mut(state);
    for step in 0..=steps {
        let part = step as f64 / steps as f64;
        let [x, y] = [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];
        let disc = Region::Ellipse([x - radius, y - radius, x + radius, y + radius]);
        disc.rows(size, |y, columns| mask[y * size[0] + columns.start..y * size[0] + columns.end].fill(taken));
    }
}

/// What the mask says becomes what stands.
fn settle(state: &mut State, by: &'static str) {
    let taken = state.what_if.mask.as_ref().map_or_else(Runs::default, |mask| Runs::of(mask));
    let changed = &mut state.what_if.changed;
    if taken.is_empty() {
        changed.by.clear();
        state.what_if.mask = None;
    } else if !changed.by.contains(&by) {
        changed.by.push(by);
    }
    changed.taken = Arc::new(taken);
}

/// This stands from here on.
fn stand(state: &mut State, changed: Changed) -> Vec<Effect> {
    let pixels = state.frame().map_or(0, |frame| frame.pixels.plane.values.len());
    let mask = (!changed.taken.is_empty()).then(|| changed.taken.taken(pixels)).flatten();
    state.what_if.mask = mask.map(Arc::new);
    state.what_if.changed = changed;
    ask(state, true)
}

/// Remembers what stands, before it changes.
fn remember(state: &mut State) {
    let what_if = &mut state.what_if;
    what_if.forth.clear();
    what_if.back.push(what_if.changed.clone());
    if what_if.back.len() > STEPS {
        what_if.back.remove(0);
    }
}

/// A stroke that is being made is dropped.
fn end_stroke(state: &mut State) {
    state.what_if.lasso.clear();
    if state.what_if.stroke.take().is_some() {
        settle(state, BY_BRUSH);
    }
}

/// Asks the model about what stands, as soon as it may be asked.
fn ask(state: &mut State, whole: bool) -> Vec<Effect> {
    let marked = state.what_if.mask.as_ref().is_some_and(|mask| mask.contains(&true));
    if !marked && state.what_if.changed.alteration.is_none() {
        forget_answer(state);
        return Vec::new();
    }
    let scored = state.results.finished.clone().filter(|analysis| analysis.scored);
    let (Some(before), Some(frame)) = (scored, state.frame().cloned()) else { return Vec::new() };
    // A quick question is let be answered, so that scores come while the hand moves.
    if state.what_if.asked.is_some_and(|(_, whole)| !whole) {
        state.what_if.next = Some(whole);
        return Vec::new();
    }
    let wanted = state.wanted_change_map();
    let what_if = &mut state.what_if;
    if whole {
        what_if.asked_map.clone_from(&wanted);
    }
    what_if.number += 1;
    (what_if.asked, what_if.next) = (Some((what_if.number, whole)), None);
    let mask = what_if.mask.clone().filter(|_| marked);
    let removal = mask.map(|taken| Removal { taken, filling: what_if.filling, seed: SEED });
    let change = Change { removal, alteration: what_if.changed.alteration };
    let number = what_if.number;
    let map = wanted.filter(|_| whole);
    let question = Question { number, change, before, map, draws: if whole { DRAWS } else { 0 } };
    let generation = state.generation;
    vec![Effect::Ask(Request::WhatIf { generation, frame, question: Box::new(question) })]
}

/// Keeps what stands with its answer.
fn keep(state: &mut State) {
    let whole = state.settled_answer().cloned();
    let known = state.model_info().map(|info| info.sha256.clone());
    let (Some(answer), Some(key), Some(model_sha256)) = (whole, state.image_key(), known) else {
        if !state.what_if.changed.is_nothing() {
            notice(state, Level::Info, text!("The change can be kept once the random places are compared."), None);
        }
        return;
    };
    let changed = state.what_if.changed.clone();
    let name = Words::new(&changed.in_words());
    let kept_changes = state.what_if.kept.entry(key).or_default();
    if kept_changes.len() >= limits::KEPT_CHANGES {
        let words = tr!("An image has at most {} kept changes: delete some first.", limits::KEPT_CHANGES);
        notice(state, Level::Warning, words, None);
        return;
    }
    let number = kept_changes.iter().map(|kept| kept.record.number).max().unwrap_or(0) + 1;
    let record = ChangeRecord::of(number, name, &answer.change, &answer.found);
    kept_changes.push(KeptChange { changed, record, model_sha256 });
}

fn kept_changes_mut(state: &mut State) -> Option<&mut Vec<KeptChange>> {
    let key = state.image_key()?;
    state.what_if.kept.get_mut(&key)
}

/// The mask, made where there is none.
fn mask_mut(state: &mut State) -> &mut Vec<bool> {
    let pixels = state.frame().map_or(0, |frame| frame.pixels.plane.values.len());
    let mask = state.what_if.mask.get_or_insert_with(|| Arc::new(vec![false; pixels]));
    Arc::make_mut(mask)
}

fn size(state: &State) -> Option<[usize; 2]> {
    let plane = &state.frame()?.pixels.plane;
    (!plane.values.is_empty()).then_some([plane.width, plane.height])
}
