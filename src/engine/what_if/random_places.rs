//! As many pixels as were taken away, at random places: what a change of a score is compared with.
//!
//! A part that fits somewhere else is moved there as it is. One that does not (a frame, everything
//! outside the lungs) has no other place: then patches of the same area are taken, where smoothed
//! noise is highest, beside the part as far as there is room.
//!
//! What it does not do: places that look alike, or that matter as much. A small change at random
//! places says that this part matters more than others of its size, not why.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::imaging::Plane;
use crate::imaging::blur::gaussian;
use crate::imaging::resample::bilinear;

/// Tries to move a part.
const TRIES: usize = 40;
/// Most of a moved part that may lie on the part itself.
const OVERLAP: f64 = 0.25;
/// Side of the grid of noise.
const GRID: usize = 64;
/// Standard deviation of its blur, cells.
const BLUR: f32 = 4.0;

/// One random place for what is `taken` of an image of this width: as many pixels. Nothing where
/// nothing or everything is taken.
#[must_use]
pub fn random_place(taken: &[bool], width: usize, seed: u64) -> Option<Vec<bool>> {
    let count = taken.iter().filter(|taken| **taken).count();
    if width == 0 || count == 0 || count == taken.len() {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Some(moved(taken, width, count, &mut rng).unwrap_or_else(|| patches(taken, width, count, &mut rng)))
}

/// The part at another place, where it finds one.
fn moved(taken: &[bool], width: usize, count: usize, rng: &mut ChaCha8Rng) -> Option<Vec<bool>> {
    let height = taken.len() / width;
    let places: Vec<(usize, usize)> =
        taken.iter().enumerate().filter(|(_, taken)| **taken).map(|(i, _)| (i % width, i / width)).collect();
    let bounds = |of: fn(&(usize, usize)) -> usize| {
        let values = places.iter().map(of);
        Some((values.clone().min()?, values.max()?))
    };
    let ((left, right), (top, bottom)) = (bounds(|p| p.0)?, bounds(|p| p.1)?);
    let (across, down) = (width - (right - left), height - (bottom - top));
    for _ in 0..TRIES {
        let (x, y) = (rng.random_range(0..across), rng.random_range(0..down));
        let at = |p: &(usize, usize)| (p.1 - top + y) * width + p.0 - left + x;
        let overlap = places.iter().filter(|p| taken[at(p)]).count();
        if overlap as f64 <= OVERLAP * count as f64 {
            let mut there = vec![false; taken.len()];
            places.iter().for_each(|p| there[at(p)] = true);
            return Some(there);
        }
    }
    None
}

/// The pixels where smoothed noise is highest, those of the part last.
fn patches(taken: &[bool], width: usize, count: usize, rng: &mut ChaCha8Rng) -> Vec<bool> {
    let noise = (0..GRID * GRID).map(|_| rng.sample::<f32, _>(StandardNormal)).collect();
    let field = gaussian(&Plane { width: GRID, height: GRID, values: noise }, BLUR);
    let mut field = bilinear(&field, width, taken.len() / width).values;
    // Below every value of the field.
    field.iter_mut().zip(taken).filter(|(_, taken)| **taken).for_each(|(v, _)| *v -= 1e3);
    let mut order: Vec<u32> = (0..field.len() as u32).collect();
    order.select_nth_unstable_by(count - 1, |a, b| field[*b as usize].total_cmp(&field[*a as usize]));
    let mut there = vec![false; taken.len()];
    order[..count].iter().for_each(|i| there[*i as usize] = true);
    there
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 100;

    fn marked(inside: impl Fn(usize, usize) -> bool) -> Vec<bool> {
        (0..WIDTH * 80).map(|i| inside(i % WIDTH, i / WIDTH)).collect()
    }

    fn count(mask: &[bool]) -> usize {
        mask.iter().filter(|m| **m).count()
    }

    fn overlap(a: &[bool], b: &[bool]) -> usize {
        a.iter().zip(b).filter(|(a, b)| **a && **b).count()
    }

    #[test]
    fn a_small_part_is_moved_as_it_is() {
        let part = marked(|x, y| x < 20 && y < 10 && (x + y) % 2 == 0);
        for seed in 0..20 {
            let there = random_place(&part, WIDTH, seed).unwrap();
            assert_eq!(count(&there), count(&part));
            assert!(overlap(&there, &part) <= count(&part) / 4);
            let rows: Vec<usize> = (0..80).map(|y| count(&there[y * WIDTH..][..WIDTH])).filter(|n| *n > 0).collect();
            assert_eq!(rows, [10; 10], "its shape");
        }
    }

    #[test]
    fn what_fits_nowhere_else_has_patches_of_its_area_beside_it() {
        let frame = marked(|x, y| !(8..92).contains(&x) || !(8..72).contains(&y));
        let there = random_place(&frame, WIDTH, 3).unwrap();
        assert_eq!(count(&there), count(&frame));
        assert_eq!(overlap(&there, &frame), 0, "there is room beside it");
        let most = marked(|x, _| x < 70);
        let there = random_place(&most, WIDTH, 3).unwrap();
        assert_eq!(count(&there), count(&most));
        assert_eq!(overlap(&there, &most), count(&most) - 30 * 80, "only what finds no room lies on it");
    }

    #[test]
    fn a_seed_gives_its_place_and_nothing_and_everything_have_none() {
        let part = marked(|x, y| x < 20 && y < 10);
        assert_eq!(random_place(&part, WIDTH, 5), random_place(&part, WIDTH, 5));
        assert_ne!(random_place(&part, WIDTH, 5), random_place(&part, WIDTH, 6));
        assert_eq!(random_place(&marked(|_, _| false), WIDTH, 5), None);
        assert_eq!(random_place(&marked(|_, _| true), WIDTH, 5), None);
    }
}
