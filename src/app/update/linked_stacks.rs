//! Stacks that stand side by side go together: where one is scrolled, the others show the slice that
//! lies nearest in the patient.
//!
//! Only what lies in the same coordinates is comparable: slices with the same Frame of Reference UID
//! whose planes are parallel (PS3.3 C.7.4.1, C.7.6.2). A stack that does not reach there stays where
//! it is: its last slice would pass for the one that was asked for. Stacks of another examination
//! have coordinates of their own and are not linked; nothing here registers one with the other.

use std::sync::Arc;

use super::effect::Effect;
use super::{show_image, slots};
use crate::app::state::hanging::SlotIndex;
use crate::app::state::{Layout, State};
use crate::study::ImageEntry;

/// Cosine of the angle up to which planes count as parallel: a quarter of a degree, which moves a
/// corner a quarter of a metre away by one millimetre.
const PARALLEL: f64 = 0.999_99;

/// Has the other places show what lies where the slice of this place lies.
pub(super) fn follow(state: &mut State, from: SlotIndex) -> Vec<Effect> {
    if state.layout != Layout::Hanging || !state.preferences.linked {
        return Vec::new();
    }
    let Some(entry) = state.slot_entry(from).cloned() else { return Vec::new() };
    let mut effects = Vec::new();
    for slot in (0..state.hanging.grid.slots()).filter(|slot| *slot != from) {
        let Some(shown) = state.slot_entry(slot).cloned() else { continue };
        let Some(found) = nearest(state, &entry, &shown).filter(|found| !Arc::ptr_eq(found, &shown)) else { continue };
        effects.extend(if slot == state.hanging.active {
            show_image::show(state, found, 0)
        } else {
            slots::turn_to(state, slot, found, 0)
        });
    }
    effects
}

/// The slice of the series of `shown` that lies nearest to `entry`, where it lies no farther from it
/// than slices lie apart there.
fn nearest(state: &State, entry: &ImageEntry, shown: &Arc<ImageEntry>) -> Option<Arc<ImageEntry>> {
    // The frames of a file lie elsewhere than its first.
    if entry.frames != 1 {
        return None;
    }
    let here = &entry.place;
    let (mm, normal) = here.position?;
    let comparable = |other: &ImageEntry| -> Option<f64> {
        let (along, direction) = other.place.position?;
        let cosine: f64 = normal.iter().zip(direction).map(|(a, b)| a * b).sum();
        let same = !here.frame_of_reference.is_empty()
            && here.frame_of_reference == other.place.frame_of_reference
            && other.frames == 1
            && cosine.abs() > PARALLEL;
        same.then_some(along * cosine.signum())
    };
    let places = slots::stack(state, shown);
    let known: Vec<(f64, &Arc<ImageEntry>)> =
        places.iter().filter_map(|(other, _)| Some((comparable(other)?, other))).collect();
    // Of several images at one place (phases, b-values) the one that is shown stays.
    let is_another = |other: &Arc<ImageEntry>| !Arc::ptr_eq(other, shown);
    let nearer = |a: &&(f64, &Arc<ImageEntry>), b: &&(f64, &Arc<ImageEntry>)| {
        let by_distance = (a.0 - mm).abs().total_cmp(&(b.0 - mm).abs());
        by_distance.then_with(|| is_another(a.1).cmp(&is_another(b.1)))
    };
    let (at, found) = known.iter().min_by(nearer)?;
    let apart =
        known.iter().map(|(other, _)| (other - at).abs()).filter(|gap| *gap > 1e-6).fold(f64::INFINITY, f64::min);
    let reach = if apart.is_finite() { apart } else { 1e-6 };
    ((at - mm).abs() <= reach).then(|| (*found).clone())
}
