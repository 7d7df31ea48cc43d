//! What a place shows, in a line: prior or current, the day, the series; and whose image it is where
//! the view has no room to say it.

use crate::app::state::hanging::SlotIndex;
use crate::app::state::{State, prior};
use crate::fonts::attribute;
use crate::language::{date, text, tr};
use crate::study::{Metadata, readable_name};

/// What the line of a place has room for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// The view below it names the patient.
    Beside,
    /// All of it and the patient.
    Wide,
    /// The day and the patient; the rest stands in the tooltip.
    Little,
}

/// `Prior · 2025-11-20 · 12 months earlier · CR chest PA`.
pub(super) fn of_place(state: &State, slot: SlotIndex, room: Room) -> String {
    let Some(entry) = state.slot_entry(slot) else { return tr!("Place {}", slot + 1) };
    let (meta, anonymous) = (&entry.meta, state.preferences.anonymize);
    let mut parts = Vec::new();
    let newer = state.newer_than(slot).and_then(|newer| state.slot_entry(newer));
    let span = newer.and_then(|newer| Some(prior::earlier(prior::day(&newer.meta)?, prior::day(meta)?)));
    if span.is_some() {
        parts.push(text!("Prior").to_owned());
    } else if is_current(state, slot) {
        parts.push(text!("Current").to_owned());
    }
    if !anonymous {
        parts.extend(prior::day(meta).map(date));
    }
    let short = room == Room::Little && !anonymous;
    parts.extend(span.filter(|_| !short));
    parts.extend(Some(kind(meta, anonymous)).filter(|kind| !kind.is_empty() && !short));
    if room != Room::Beside && !anonymous {
        parts.extend(Some(patient(meta)).filter(|patient| !patient.is_empty()));
    }
    if parts.is_empty() && !anonymous {
        parts.push(entry.title.clone());
    }
    if parts.is_empty() { tr!("Image {}", slot + 1) } else { parts.join(" · ") }
}

/// Some image of the grid is the prior of this one.
fn is_current(state: &State, slot: SlotIndex) -> bool {
    let Some(entry) = state.slot_entry(slot) else { return false };
    let others = (0..state.hanging.grid.slots()).filter_map(|other| state.slot_entry(other));
    others.into_iter().any(|other| prior::is_prior(entry, other))
}

/// Modality, what was taken, and from where.
fn kind(meta: &Metadata, anonymous: bool) -> String {
    let described = if anonymous { "" } else { meta.series_description.trim() };
    let part = if described.is_empty() { meta.body_part.trim() } else { described };
    let view = meta.view_position.trim();
    // "chest PA" says the view already.
    let view = if part.split_whitespace().any(|word| word.eq_ignore_ascii_case(view)) { "" } else { view };
    let parts = [meta.modality.trim(), part, view, meta.laterality.trim()];
    parts.iter().map(|part| attribute(part)).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Name and number.
pub(super) fn patient(meta: &Metadata) -> String {
    let parts = [readable_name(&meta.patient_name), meta.patient_id.trim().to_owned()];
    parts.iter().map(|part| attribute(part)).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether a place shows another patient than the active one, as far as both files tell.
pub(super) fn is_other_patient(state: &State, slot: SlotIndex) -> bool {
    let (Some(active), Some(own)) = (state.slot_entry(state.hanging.active), state.slot_entry(slot)) else {
        return false;
    };
    let told = [&active.meta, &own.meta].iter().all(|meta| !meta.patient_id.trim().is_empty());
    told && !prior::same_patient(&active.meta, &own.meta)
}
