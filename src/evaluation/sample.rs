//! Which images of many are taken: drawn by a seed, or evenly along the list.

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

/// Numbers of at most `most` of `n` images, drawn without replacement, in the order of the draw;
/// the same seed draws the same ones.
#[must_use]
pub fn drawn(n: usize, most: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order.truncate(most);
    order
}

/// About `most` of `all`, evenly spaced; all of them where nothing is asked, or no more are there.
#[must_use]
pub fn evenly<T: Clone>(all: Vec<T>, most: Option<usize>) -> Vec<T> {
    match most.filter(|most| *most > 0 && *most < all.len()) {
        Some(most) => (0..most).map(|i| all[i * all.len() / most].clone()).collect(),
        None => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_repeats_and_holds_each_image_once() {
        let first = drawn(20, 5, 7);
        assert_eq!(first, drawn(20, 5, 7));
        assert_ne!(first, drawn(20, 5, 8));
        let mut all = drawn(20, 50, 7);
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn an_even_selection_spans_the_list() {
        let all: Vec<usize> = (0..10).collect();
        assert_eq!(evenly(all.clone(), Some(4)), [0, 2, 5, 7]);
        assert_eq!(evenly(all.clone(), Some(0)), all);
        assert_eq!(evenly(all.clone(), Some(10)), all);
        assert_eq!(evenly(all.clone(), None), all);
    }
}
