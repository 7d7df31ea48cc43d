//! The weighted regression, in double precision, for several outputs at once.
//!
//! The constraint is kept exactly by elimination: with `Δ = v(N) − v(∅)` and the last player's
//! value `Δ − Σ φ_j`, what is left are `M − 1` unknowns, the rows `z_j − z_M` and the targets
//! `v(S) − v(∅) − z_M Δ`. So the values always add up to `Δ`, however few coalitions were
//! evaluated.

use nalgebra::{DMatrix, DVector};

use super::Plan;

/// Least ratio of pivots of a system that is taken for regular.
const REGULAR: f64 = 1e-10;

/// The normal equations `ZᵀWZ φ = ZᵀWy`, summed over the coalitions that were evaluated so far.
///
/// A beginning of the plan gives the sizes that are drawn less weight than they have in the end:
/// the first draws must not outvote what is known for certain.
#[derive(Clone, Debug)]
pub(crate) struct Regression<'a> {
    plan: &'a Plan,
    /// `v(∅)` of each output.
    empty: Vec<f64>,
    /// `v(N) − v(∅)` of each output.
    gain: Vec<f64>,
    matrix: DMatrix<f64>,
    /// One column for each output.
    targets: DMatrix<f64>,
    evaluated: usize,
}

impl<'a> Regression<'a> {
    /// Begins with the scores of the empty and the full coalition, one for each output (the shorter
    /// list counts).
    #[must_use]
    pub(crate) fn new(plan: &'a Plan, empty: &[f64], full: &[f64]) -> Self {
        let gain: Vec<f64> = full.iter().zip(empty).map(|(f, e)| f - e).collect();
        let unknowns = plan.players.saturating_sub(1);
        let (matrix, targets) = (DMatrix::zeros(unknowns, unknowns), DMatrix::zeros(unknowns, gain.len()));
        Self { plan, empty: empty[..gain.len()].to_vec(), gain, matrix, targets, evaluated: 0 }
    }

    /// Coalitions of the plan that have been added.
    #[must_use]
    pub(crate) fn evaluated(&self) -> usize {
        self.evaluated
    }

    /// Adds the scores of the next coalition of the plan, one for each output. False when the plan
    /// has no more, or when a score is missing or not finite: then nothing is added.
    pub(crate) fn add(&mut self, scores: &[f64]) -> bool {
        let Some(coalition) = self.plan.coalitions.get(self.evaluated) else { return false };
        if scores.len() != self.gain.len() || scores.iter().any(|s| !s.is_finite()) {
            return false;
        }
        let (last, others) = match coalition.present.split_last() {
            Some((last, others)) => (f64::from(u8::from(*last)), others),
            None => return false,
        };
        let row = DVector::from_iterator(others.len(), others.iter().map(|p| f64::from(u8::from(*p)) - last));
        let target = |(k, score): (usize, &f64)| score - self.empty[k] - last * self.gain[k];
        let targets = DVector::from_iterator(scores.len(), scores.iter().enumerate().map(target));
        self.matrix.ger(coalition.weight, &row, &row, 1.0);
        self.targets.ger(coalition.weight, &row, &targets, 1.0);
        self.evaluated += 1;
        true
    }

    /// The Shapley values `[output][player]` as far as they are known; `None` while the coalitions
    /// do not determine them.
    #[must_use]
    pub(crate) fn solve(&self) -> Option<Vec<Vec<f64>>> {
        match self.plan.players {
            0 => return Some(vec![Vec::new(); self.gain.len()]),
            1 => return Some(self.gain.iter().map(|g| vec![*g]).collect()),
            _ => {}
        }
        let factor = self.matrix.clone().cholesky()?;
        let pivots = factor.l_dirty().diagonal();
        // Pivots are square roots, so the ratio is squared.
        if (pivots.min() / pivots.max()).powi(2).partial_cmp(&REGULAR) != Some(std::cmp::Ordering::Greater) {
            return None;
        }
        let values = factor.solve(&self.targets);
        let output = |(k, gain): (usize, &f64)| {
            let mut own: Vec<f64> = values.column(k).iter().copied().collect();
            own.push(gain - own.iter().sum::<f64>());
            own
        };
        Some(self.gain.iter().enumerate().map(output).collect())
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// A random game of `players`: one value for each set, its members the bits of the index.
    fn game(players: usize, seed: u64) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        (0..1 << players).map(|_| random.random_range(-1.0..1.0)).collect()
    }

    fn index(present: &[bool]) -> usize {
        present.iter().enumerate().map(|(i, p)| usize::from(*p) << i).sum()
    }

    /// Shapley values by their definition.
    fn brute_force(v: &[f64], players: usize) -> Vec<f64> {
        let factorial = |n: usize| (1..=n).map(|i| i as f64).product::<f64>();
        (0..players)
            .map(|i| {
                let without = (0..v.len()).filter(|s| s & (1 << i) == 0);
                let share = |s: usize| {
                    let size = s.count_ones() as usize;
                    factorial(size) * factorial(players - size - 1) / factorial(players) * (v[s | 1 << i] - v[s])
                };
                without.map(share).sum()
            })
            .collect()
    }

    fn solved(plan: &Plan, games: &[Vec<f64>], evaluations: usize) -> Option<Vec<Vec<f64>>> {
        let at = |s: usize| games.iter().map(|g| g[s]).collect::<Vec<f64>>();
        let mut regression = Regression::new(plan, &at(0), &at((1 << plan.players) - 1));
        for c in plan.coalitions.iter().take(evaluations) {
            assert!(regression.add(&at(index(&c.present))));
        }
        regression.solve()
    }

    #[test]
    fn all_coalitions_give_the_exact_values_of_several_outputs() {
        for players in 2..=7 {
            let games = [game(players, 1), game(players, 2)];
            let values = solved(&Plan::new(players, 1 << players, 0), &games, usize::MAX).unwrap();
            for (own, v) in values.iter().zip(&games) {
                for (a, b) in own.iter().zip(brute_force(v, players)) {
                    assert!((a - b).abs() < 1e-9, "{players}: {own:?}");
                }
            }
        }
    }

    #[test]
    fn values_add_up_for_every_beginning_of_the_plan() {
        let (players, v) = (12, game(12, 3));
        let plan = Plan::new(players, 400, 7);
        let mut solutions = 0;
        for n in 0..=plan.coalitions.len() {
            if let Some(values) = solved(&plan, std::slice::from_ref(&v), n) {
                let sum: f64 = values[0].iter().sum();
                assert!((sum - (v[4095] - v[0])).abs() < 1e-9);
                assert!(values[0].iter().all(|x| x.is_finite()));
                solutions += 1;
            } else {
                assert!(n < 2 * players, "{n} coalitions determine {players} players");
            }
        }
        assert!(solutions > 300);
    }

    #[test]
    fn a_game_without_interactions_is_found_from_few_coalitions() {
        let worth = [0.5, -2.0, 3.0, 0.0, 1.0, 0.25, -0.75, 4.0, 0.1, 0.2, 0.3, 0.4];
        let v: Vec<f64> =
            (0..4096_usize).map(|s| (0..12).filter(|i| s & (1 << i) != 0).map(|i| worth[i]).sum()).collect();
        let values = solved(&Plan::new(12, 40, 1), &[v], usize::MAX).unwrap();
        for (a, b) in values[0].iter().zip(worth) {
            assert!((a - b).abs() < 1e-9);
        }
    }

    #[test]
    fn more_coalitions_come_closer() {
        let v: Vec<f64> =
            game(12, 5).iter().enumerate().map(|(s, r)| f64::from(s.count_ones()).sqrt() + 0.3 * r).collect();
        let truth = brute_force(&v, 12);
        let error = |budget: usize| -> f64 {
            let own = |seed| {
                let values = solved(&Plan::new(12, budget, seed), std::slice::from_ref(&v), usize::MAX).unwrap();
                values[0].iter().zip(&truth).map(|(a, b)| (a - b).powi(2)).sum::<f64>()
            };
            (0..8).map(own).sum()
        };
        assert!(error(1500) < error(300) && error(300) < error(60));
    }

    #[test]
    fn too_few_coalitions_determine_nothing() {
        assert_eq!(solved(&Plan::new(6, 62, 0), &[game(6, 1)], 3), None);
        assert_eq!(solved(&Plan::new(6, 0, 0), &[game(6, 1)], 0), None);
    }

    #[test]
    fn one_player_has_all_the_gain_and_none_has_nothing() {
        assert_eq!(
            Regression::new(&Plan::new(1, 9, 0), &[1.0, 0.0], &[3.5, -1.0]).solve(),
            Some(vec![vec![2.5], vec![-1.0]])
        );
        assert_eq!(Regression::new(&Plan::new(0, 9, 0), &[1.0], &[1.0]).solve(), Some(vec![vec![]]));
    }

    #[test]
    fn scores_that_are_no_numbers_are_refused() {
        let plan = Plan::new(4, 14, 0);
        let mut regression = Regression::new(&plan, &[0.0], &[1.0]);
        assert!(!regression.add(&[f64::NAN]));
        assert!(!regression.add(&[]));
        assert_eq!(regression.evaluated(), 0);
        for _ in 0..14 {
            assert!(regression.add(&[0.5]));
        }
        assert!(!regression.add(&[0.5]), "the plan has no more");
    }
}
