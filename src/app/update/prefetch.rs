//! Which frames are decoded ahead: those of the stack around the one on screen, more of them in the
//! direction of travel, as many as the memory for images holds; beyond a stack its neighbours in
//! the list.

use std::path::PathBuf;
use std::sync::Arc;

use super::effect::{Effect, WantedFrame};
use crate::app::state::State;
use crate::app::state::frame_cache::MOST_FRAMES;
use crate::study::{ImageEntry, is_presentation_state};

/// Images decoded ahead on either side where they are no stack.
const NEIGHBOURS: usize = 2;
/// Frames decoded ahead in the direction of travel for one behind.
const AHEAD: usize = 3;

/// The presentation states of the study of an image; which of them are about it, their files say.
pub(super) fn presentations(state: &State, image: &ImageEntry) -> Vec<PathBuf> {
    if !state.shows_words_of_file() {
        return Vec::new();
    }
    let of_study = |one: &&Arc<ImageEntry>| one.identity.study_uid == image.identity.study_uid;
    let all = state.catalogue.images().filter(|one| is_presentation_state(&one.meta));
    all.filter(of_study).map(|one| one.path.clone()).collect()
}

/// Has decoded what may be looked at next and is not there. It takes the place of the plan before.
pub(super) fn plan(state: &mut State) -> Vec<Effect> {
    let Some(frame) = state.drawn() else { return Vec::new() };
    // As large as those that are kept are on average, and this one.
    let cache = &state.stack.cache;
    let one = (4 * frame.pixels.plane.values.len() as u64).max(cache.bytes() / cache.len().max(1) as u64).max(1);
    let room = usize::try_from(cache.budget() / one).unwrap_or(usize::MAX).min(MOST_FRAMES).saturating_sub(2);
    let wanted: Vec<(Arc<ImageEntry>, u32)> = match state.stack_position() {
        Some(position) if position.of > 1 => {
            let images = state.stack_images();
            let places: Vec<(&Arc<ImageEntry>, u32)> =
                images.into_iter().flat_map(|image| (0..image.frames).map(move |index| (image, index))).collect();
            let round = state.stack.cine.is_playing();
            let order = around(position.at, places.len(), state.stack.heading, round).take(room);
            order.map(|at| (places[at].0.clone(), places[at].1)).collect()
        }
        Some(_) => {
            let Some(at) = state.place_in_list().map(|place| place - 1) else { return Vec::new() };
            let near = around(at, state.images.len(), state.stack.heading, false);
            let near = near.filter(|other| other.abs_diff(at) <= NEIGHBOURS).take(room);
            near.map(|other| (state.images[other].clone(), 0)).collect()
        }
        None => return Vec::new(),
    };
    // The nearest are used last, and so the last to go.
    let there: Vec<bool> = wanted.iter().rev().map(|(entry, index)| state.stack.cache.touch(entry, *index)).collect();
    if let Some((entry, index)) = state.current().map(|(entry, index)| (entry.clone(), index)) {
        state.stack.cache.touch(&entry, index);
    }
    let missing: Vec<_> =
        wanted.into_iter().zip(there.into_iter().rev()).filter(|(_, there)| !there).map(|(wanted, _)| wanted).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let mut known: Option<(String, Arc<[PathBuf]>)> = None;
    let mut frames = Vec::with_capacity(missing.len());
    for (entry, index) in missing {
        let study = &entry.identity.study_uid;
        let presentations = match &known {
            Some((of, presentations)) if of == study => presentations.clone(),
            _ => {
                let found: Arc<[PathBuf]> = presentations(state, &entry).into();
                known = Some((study.clone(), found.clone()));
                found
            }
        };
        frames.push(WantedFrame { entry, index, presentations });
    }
    vec![Effect::Prefetch(frames)]
}

/// Places around `at` without itself, nearest first, more of them where `heading` points; `round`
/// is ahead alone, and begins anew at the end.
fn around(at: usize, of: usize, heading: i64, round: bool) -> impl Iterator<Item = usize> {
    let place = move |steps: usize, ahead: bool| {
        let way = if ahead == (heading >= 0) { steps as i64 } else { -(steps as i64) };
        let to = at as i64 + way;
        let to = if round && steps < of { to.rem_euclid(of as i64) } else { to };
        usize::try_from(to).ok().filter(|to| *to < of && *to != at)
    };
    (0..of)
        .flat_map(move |block| {
            let ahead = (1..=AHEAD).map(move |i| (block * AHEAD + i, true));
            ahead.chain([(block + 1, false)].into_iter().filter(move |_| !round))
        })
        .filter_map(move |(steps, ahead)| place(steps, ahead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_decoded_ahead_than_behind_and_every_place_once() {
        let order: Vec<usize> = around(10, 100, 1, false).take(8).collect();
        assert_eq!(order, [11, 12, 13, 9, 14, 15, 16, 8]);
        let back: Vec<usize> = around(10, 100, -1, false).take(4).collect();
        assert_eq!(back, [9, 8, 7, 11]);
        for (at, of) in [(0, 1), (0, 7), (6, 7), (3, 7)] {
            let mut all: Vec<usize> = around(at, of, 1, false).collect();
            all.sort_unstable();
            let others: Vec<usize> = (0..of).filter(|other| *other != at).collect();
            assert_eq!(all, others, "{at} of {of}");
        }
    }

    #[test]
    fn what_plays_round_is_decoded_ahead_over_the_end() {
        assert_eq!(around(5, 8, 1, true).collect::<Vec<_>>(), [6, 7, 0, 1, 2, 3, 4]);
        assert_eq!(around(1, 4, -1, true).collect::<Vec<_>>(), [0, 3, 2]);
    }
}
