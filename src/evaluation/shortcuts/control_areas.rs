//! As many pixels as a region has, taken out elsewhere: what a score owes to a region is compared
//! with what it owes to as much of the patient.
//!
//! Two controls. *Inside*: the same parts at random places away from the border, which is what most
//! of a radiograph is. *Lungs*: the same area inside the lung fields, where a finding of the lungs
//! is to be seen; a score that moves more without a corner than without as much of the lungs looks
//! at the wrong place. None of the pixels lies in the region itself.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::markers::Patch;

/// How far from the border the inside begins, as a part of the sides.
const INSIDE: f64 = 0.15;
/// Side of the squares that make two areas equal, as a part of the shorter side.
const CRUMB: f64 = 0.04;
/// Random places that are tried before an area is given up.
const TRIES: usize = 2_000;

/// A region of an image.
#[derive(Clone, Copy)]
pub(super) struct Area<'a> {
    pub patches: &'a [Patch],
    /// Its pixels, row by row.
    pub own: &'a [bool],
    pub width: usize,
    pub height: usize,
}

impl Area<'_> {
    /// Number of its pixels.
    pub(super) fn count(&self) -> usize {
        self.own.iter().filter(|own| **own).count()
    }

    /// Side of a square that makes two areas equal.
    fn crumb(&self) -> usize {
        ((self.width.min(self.height) as f64 * CRUMB).round() as usize).max(1)
    }
}

/// The same parts at random places inside the image. A part that is longer than the inside crosses
/// the image. Where parts overlap each other or the region, small squares make up for it; `None`
/// where there is no room.
pub(super) fn inside(area: Area<'_>, seed: u64) -> Option<Vec<bool>> {
    let Area { patches, width, height, .. } = area;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut taken = Taken::of(area, |i| !area.own[i]);
    for patch in patches {
        let x = place(patch.x, patch.width, width, &mut random);
        let y = place(patch.y, patch.height, height, &mut random);
        let moved = Patch { x, y, ..patch.clone() };
        moved.places().for_each(|(x, y)| taken.take(x, y));
    }
    let side = area.crumb();
    for _ in 0..TRIES {
        if taken.left == 0 {
            break;
        }
        let (x, y) = (place(0, side, width, &mut random), place(0, side, height, &mut random));
        Patch::full(x, y, side, side).places().for_each(|(x, y)| taken.take(x, y));
    }
    taken.all()
}

/// The same area inside the lungs (`lungs` row by row): the parts around random places of the
/// lungs, as far as they lie in them, and small squares. `None` where the lungs beside the region
/// are smaller than the region.
pub(super) fn in_lungs(area: Area<'_>, lungs: &[bool], seed: u64) -> Option<Vec<bool>> {
    let width = area.width.max(1);
    let free = |i: usize| !area.own[i] && lungs.get(i) == Some(&true);
    let places: Vec<usize> = (0..area.own.len()).filter(|i| free(*i)).collect();
    let mut taken = Taken::of(area, free);
    if places.is_empty() || places.len() < taken.left {
        return None;
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut around = |patch: &Patch, taken: &mut Taken| {
        let centre = places[random.random_range(0..places.len())];
        let (across, down) = (centre % width, centre / width);
        // Where it would reach beyond the first column or row, it is cut.
        let moved = |at: usize, to: usize, from: usize, length: usize| (at + to).checked_sub(from + length / 2);
        for (x, y) in patch.places() {
            if let (Some(x), Some(y)) = (moved(x, across, patch.x, patch.width), moved(y, down, patch.y, patch.height))
            {
                taken.take(x, y);
            }
        }
    };
    area.patches.iter().for_each(|patch| around(patch, &mut taken));
    let side = area.crumb();
    let crumb = Patch::full(0, 0, side, side);
    for _ in 0..TRIES {
        if taken.left == 0 {
            break;
        }
        around(&crumb, &mut taken);
    }
    // Little is left where nearly the whole of the lungs is wanted.
    places.iter().for_each(|i| taken.take(i % width, i / width));
    taken.all()
}

/// Where a part of this length begins: anywhere inside, or where it was where it is too long.
fn place(from: usize, length: usize, whole: usize, random: &mut ChaCha8Rng) -> usize {
    let first = (whole as f64 * INSIDE).round() as usize;
    match (whole - first).checked_sub(length).filter(|last| *last >= first) {
        Some(last) => random.random_range(first..=last),
        None => from,
    }
}

/// Pixels that are being taken, until there are enough.
struct Taken {
    marked: Vec<bool>,
    left: usize,
    free: Vec<bool>,
    width: usize,
}

impl Taken {
    fn of(area: Area<'_>, free: impl Fn(usize) -> bool) -> Self {
        let free = (0..area.own.len()).map(free).collect();
        Self { marked: vec![false; area.own.len()], left: area.count(), free, width: area.width }
    }

    fn take(&mut self, x: usize, y: usize) {
        let i = y * self.width + x;
        let free = x < self.width && i < self.marked.len() && !self.marked[i] && self.free[i];
        if free && self.left > 0 {
            self.marked[i] = true;
            self.left -= 1;
        }
    }

    /// The pixels, if there are enough.
    fn all(self) -> Option<Vec<bool>> {
        (self.left == 0).then_some(self.marked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 100;

    /// A corner of ten by ten, and two lungs of twenty by fifty of which the left one reaches into
    /// the corner.
    fn with_lungs(lungs: impl Fn(usize, usize) -> bool, test: impl Fn(Area<'_>, &[bool])) {
        let patches = [Patch::full(0, 0, 10, 10)];
        let at = |i: usize| (i % SIDE, i / SIDE);
        let own: Vec<bool> = (0..SIDE * SIDE).map(at).map(|(x, y)| x < 10 && y < 10).collect();
        let lungs: Vec<bool> = (0..SIDE * SIDE).map(at).map(|(x, y)| lungs(x, y)).collect();
        test(Area { patches: &patches, own: &own, width: SIDE, height: SIDE }, &lungs);
    }

    fn two(x: usize, y: usize) -> bool {
        (5..25).contains(&x) && y < 50 || (60..80).contains(&x) && (20..70).contains(&y)
    }

    #[test]
    fn as_many_pixels_are_taken_in_the_lungs_and_none_of_the_region() {
        with_lungs(two, |area, lungs| {
            let taken = in_lungs(area, lungs, 3).unwrap();
            assert_eq!(taken.iter().filter(|t| **t).count(), 100);
            for (i, _) in taken.iter().enumerate().filter(|(_, taken)| **taken) {
                assert!(lungs[i] && !area.own[i], "{i}");
            }
            assert_eq!(in_lungs(area, lungs, 3), Some(taken), "a seed gives the same places");
            assert_ne!(in_lungs(area, lungs, 4), in_lungs(area, lungs, 3));
        });
    }

    #[test]
    fn lungs_that_are_smaller_than_the_region_are_no_control() {
        // Ten by ten, of which one pixel lies in the region.
        with_lungs(
            |x, y| (9..19).contains(&x) && (9..19).contains(&y),
            |area, lungs| {
                assert_eq!(in_lungs(area, lungs, 3), None);
            },
        );
        // Just enough: all of it is taken.
        with_lungs(
            |x, y| (20..30).contains(&x) && (20..30).contains(&y),
            |area, lungs| {
                assert_eq!(in_lungs(area, lungs, 3).as_deref(), Some(lungs));
            },
        );
    }
}
