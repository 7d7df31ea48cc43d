//! Who reads what when: balanced over readers, drawn by the seed, and the same on every machine.
//!
//! In a crossover study each session has one arm. Which arm comes when is a Latin square over the
//! readers in which, beside that, every arm follows every other equally often, so that what is
//! carried over from the session before falls on all alike (Williams, Aust. J. Sci. Res. A 2 (1949)
//! 149): `0, 1, n−1, 2, n−2, …` and its shifts, with the mirror image of each where `n` is odd. Which
//! reader has which row is drawn. Cases come in an order of their own in every session of every
//! reader, so that none is always read tired.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use super::plan::{Design, Plan};

/// One reading: a case in an arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// From 0.
    pub session: usize,
    pub case: usize,
    pub arm: usize,
}

/// All readings of a reader, in their order.
#[must_use]
pub fn schedule(plan: &Plan, reader: usize) -> Vec<Reading> {
    let cases = |session: usize| {
        let mut order: Vec<usize> = (0..plan.cases.len()).collect();
        shuffle(&mut order, &mut drawn(plan.seed, 1 + reader as u64, session as u64));
        order
    };
    let arms = plan.arms.len();
    match plan.design {
        Design::Sequential => {
            let steps = |case| (0..arms).map(move |arm| Reading { session: 0, case, arm });
            cases(0).into_iter().flat_map(steps).collect()
        }
        Design::Crossover => (row_of(plan, reader).into_iter().enumerate())
            .flat_map(|(session, arm)| cases(session).into_iter().map(move |case| Reading { session, case, arm }))
            .collect(),
    }
}

/// Number of readers of which a multiple balances the order of the arms; 1 where every number does.
#[must_use]
pub fn balanced_number(plan: &Plan) -> usize {
    match plan.design {
        Design::Sequential => 1,
        Design::Crossover => square(plan.arms.len()).len(),
    }
}

/// The numbers below `n` in an order that the seed draws.
pub(super) fn drawn_order(seed: u64, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    shuffle(&mut order, &mut drawn(seed, u64::MAX, 0));
    order
}

/// The order of the arms of a reader.
fn row_of(plan: &Plan, reader: usize) -> Vec<usize> {
    let square = square(plan.arms.len());
    let (round, place) = (reader / square.len(), reader % square.len());
    let mut rows: Vec<usize> = (0..square.len()).collect();
    shuffle(&mut rows, &mut drawn(plan.seed, 0, round as u64));
    square[rows[place]].clone()
}

/// Rows of the square of `n` arms.
fn square(n: usize) -> Vec<Vec<usize>> {
    let first: Vec<usize> = (0..n).map(|i| if i % 2 == 1 { i.div_ceil(2) } else { (n - i / 2) % n }).collect();
    let mut rows: Vec<Vec<usize>> = (0..n).map(|shift| first.iter().map(|a| (a + shift) % n).collect()).collect();
    if n % 2 == 1 && n > 1 {
        let mirrored: Vec<Vec<usize>> = rows.iter().map(|row| row.iter().rev().copied().collect()).collect();
        rows.extend(mirrored);
    }
    rows
}

/// Numbers for one purpose: `what` and `which` tell it from all others of the seed.
fn drawn(seed: u64, what: u64, which: u64) -> ChaCha8Rng {
    let mut key = [0_u8; 32];
    for (place, number) in key.chunks_exact_mut(8).zip([seed, what, which, 0x7265_6164]) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// Fisher and Yates, by the bits of the generator alone: an order must not change with a library.
fn shuffle(values: &mut [usize], rng: &mut ChaCha8Rng) {
    for last in (1..values.len()).rev() {
        let n = last as u64 + 1;
        // The numbers below the largest multiple of n are taken.
        let most = u64::MAX - u64::MAX % n;
        let number = std::iter::repeat_with(|| rng.next_u64()).find(|v| *v < most).unwrap_or_default();
        values.swap(last, (number % n) as usize);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::plan::tests::plan;
    use super::*;

    #[test]
    fn every_arm_has_every_place_and_follows_every_other_equally_often() {
        for n in 2..=8 {
            let rows = square(n);
            let (mut places, mut follows) = (HashMap::new(), HashMap::new());
            for row in &rows {
                row.iter().enumerate().for_each(|(place, arm)| *places.entry((place, *arm)).or_insert(0) += 1);
                row.windows(2).for_each(|pair| *follows.entry((pair[0], pair[1])).or_insert(0) += 1);
            }
            assert_eq!((places.len(), follows.len()), (n * n, n * (n - 1)), "{n} arms");
            assert!(places.values().all(|count| *count == rows.len() / n), "{n} arms");
            let times = rows.len() / n;
            assert!(follows.values().all(|count| *count == times), "{n} arms: {follows:?}");
        }
        assert_eq!(square(1), [[0]]);
    }

    #[test]
    fn each_reader_reads_every_case_in_every_arm_once() {
        for design in [Design::Sequential, Design::Crossover] {
            let plan = plan(design);
            let mut first_arms = Vec::new();
            for reader in 0..plan.readers.len() {
                let schedule = schedule(&plan, reader);
                let mut pairs: Vec<(usize, usize)> = schedule.iter().map(|r| (r.case, r.arm)).collect();
                pairs.sort_unstable();
                pairs.dedup();
                assert_eq!((schedule.len(), pairs.len()), (12, 12));
                first_arms.push(schedule[0].arm);
                assert!(schedule.windows(2).all(|two| two[0].session <= two[1].session));
            }
            first_arms.sort_unstable();
            let expected = if design == Design::Sequential { [0, 0, 0, 0] } else { [0, 0, 1, 1] };
            assert_eq!(first_arms, expected);
        }
    }

    #[test]
    fn the_seed_decides_the_order_and_nothing_else_does() {
        let one = plan(Design::Crossover);
        assert_eq!(schedule(&one, 2), schedule(&one, 2));
        let cases = |plan: &Plan, reader: usize| schedule(plan, reader).iter().map(|r| r.case).collect::<Vec<_>>();
        assert_ne!(cases(&one, 0), cases(&one, 1));
        assert_ne!(cases(&one, 0), cases(&Plan { seed: 2, ..one.clone() }, 0));
        // Kept by hand: another order would make results that are half read of no use.
        assert_eq!(cases(&one, 0), KEPT);
    }

    const KEPT: [usize; 12] = [2, 1, 3, 0, 4, 5, 5, 2, 1, 0, 3, 4];
}
