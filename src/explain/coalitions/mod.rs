//! Kernel SHAP: Shapley values from a weighted regression on coalitions (Lundberg and Lee 2017).
//!
//! A player is a superpixel; a coalition is the set of players whose pixels are shown, the others
//! show the baseline. Of `M` players, the Shapley values `φ` of the game `v` minimise
//!
//! ```text
//! Σ_S π(S)·(v(∅) + Σ_{i∈S} φ_i − v(S))²     with   π(S) = (M − 1) / (C(M,s)·s·(M − s)),  s = |S|
//! ```
//!
//! under `Σ φ_i = v(N) − v(∅)`. Over all `2^M − 2` coalitions the minimum is exact; over those of a
//! [`Plan`] it is an estimate, which [`Regression`] gives for every beginning of the plan, so that
//! a map can grow sharp while the network runs.
//!
//! Coalitions are chosen as the `shap` package does it: subset sizes are taken whole, from the
//! outside (one player, all but one) to the middle, as long as the budget reaches; what is left of
//! it is drawn by the kernel's weight. Every draw comes with its complement (Covert and Lee 2021,
//! on paired sampling), which halves the work for the same variance or better; `shap` does so
//! except for the middle size. A coalition drawn again is not evaluated again, its weight grows.
//!
//! What is not here: the choice of a few players by a lasso (`l1_reg`), which `shap` applies to
//! large `M`.

mod regression;

pub(super) use regression::Regression;

use std::collections::HashMap;

use rand::Rng;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Draws per wanted coalition before the plan is content with fewer, as in `shap`.
const DRAWS: usize = 4;

/// A set of players and its weight in the regression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Coalition {
    /// For each player, whether it takes part.
    pub present: Vec<bool>,
    pub weight: f64,
}

/// The coalitions to evaluate, in order. The empty and the full one are not among them: they are
/// always needed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub players: usize,
    pub coalitions: Vec<Coalition>,
    /// How many at the front are of sizes taken whole; the rest is drawn.
    pub enumerated: usize,
}

impl Plan {
    /// Chooses at most `budget` coalitions of `players` (beside the empty and the full one).
    ///
    /// Equal arguments give equal plans. One player, or none, needs no coalition: its value is
    /// `v(N) − v(∅)`.
    #[must_use]
    pub(super) fn new(players: usize, budget: usize, seed: u64) -> Self {
        let mut plan = Self { players, coalitions: Vec::new(), enumerated: 0 };
        if players < 2 {
            return plan;
        }
        let weights = size_weights(players);
        let whole = plan.enumerate(&weights, budget);
        plan.enumerated = plan.coalitions.len();
        if whole < weights.len() {
            plan.draw(&weights, whole, budget, seed);
        }
        plan
    }

    /// Whether every coalition is there, so that the regression gives the Shapley values
    /// themselves.
    #[cfg(test)]
    fn is_exact(&self) -> bool {
        self.players < 2 || (self.players < 64 && self.coalitions.len() as u64 == (1_u64 << self.players) - 2)
    }

    /// Takes sizes whole while the budget reaches; returns how many.
    fn enumerate(&mut self, weights: &[f64], budget: usize) -> usize {
        let m = self.players;
        let mut left = budget as f64;
        let mut remaining = weights.to_vec();
        for (i, weight) in weights.iter().enumerate() {
            let size = i + 1;
            let sets = binomial(m, size);
            let total = if 2 * size == m { sets } else { 2.0 * sets };
            // The second condition keeps a huge count out of the loop whatever rounding does to the
            // first.
            if left * remaining[i] / total < 1.0 - 1e-8 || total > left + 0.5 {
                return i;
            }
            left -= total;
            let share = remaining[i];
            if share < 1.0 {
                remaining.iter_mut().for_each(|r| *r /= 1.0 - share);
            }
            each_subset(m, size, |present| {
                self.coalitions.push(Coalition { present: present.to_vec(), weight: weight / total });
                if 2 * size != m {
                    let complement = present.iter().map(|p| !p).collect();
                    self.coalitions.push(Coalition { present: complement, weight: weight / total });
                }
            });
        }
        weights.len()
    }

    /// Draws pairs of the sizes that were not taken whole.
    fn draw(&mut self, weights: &[f64], whole: usize, budget: usize, seed: u64) {
        let weight_left: f64 = weights[whole..].iter().sum();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut order: Vec<usize> = (0..self.players).collect();
        let mut seen: HashMap<Vec<bool>, usize> = HashMap::new();
        let wanted = budget.saturating_sub(self.coalitions.len());
        for _ in 0..DRAWS * wanted {
            if self.coalitions.len() + 2 > budget {
                break;
            }
            let mut at = random.random::<f64>() * weight_left;
            let mut size = whole + 1;
            while size < weights.len() && at >= weights[size - 1] {
                at -= weights[size - 1];
                size += 1;
            }
            order.shuffle(&mut random);
            let mut present = vec![false; self.players];
            order[..size].iter().for_each(|player| present[*player] = true);
            let complement: Vec<bool> = present.iter().map(|p| !p).collect();
            for set in [present, complement] {
                let next = self.coalitions.len();
                let index = *seen.entry(set.clone()).or_insert(next);
                if index == next {
                    self.coalitions.push(Coalition { present: set, weight: 0.0 });
                }
                self.coalitions[index].weight += 1.0;
            }
        }
        let drawn = &mut self.coalitions[self.enumerated..];
        let total: f64 = drawn.iter().map(|c| c.weight).sum();
        drawn.iter_mut().for_each(|c| c.weight *= weight_left / total);
    }
}

/// Weight of the sizes 1, 2, … up to the middle, each with its complements, together 1.
fn size_weights(players: usize) -> Vec<f64> {
    let m = players as f64;
    let sizes = players / 2;
    let weight = |size: usize| {
        let s = size as f64;
        let both = if 2 * size == players { 1.0 } else { 2.0 };
        both * (m - 1.0) / (s * (m - s))
    };
    let total: f64 = (1..=sizes).map(weight).sum();
    (1..=sizes).map(|s| weight(s) / total).collect()
}

/// `n` over `k`; infinite where it does not fit.
fn binomial(n: usize, k: usize) -> f64 {
    (0..k).fold(1.0, |product: f64, i| product * (n - i) as f64 / (i + 1) as f64).round()
}

/// Calls `f` with every subset of this size, in lexicographic order.
fn each_subset(players: usize, size: usize, mut f: impl FnMut(&[bool])) {
    let mut members: Vec<usize> = (0..size).collect();
    let mut present = vec![false; players];
    loop {
        present.fill(false);
        members.iter().for_each(|p| present[*p] = true);
        f(&present);
        // The last member that can still move up.
        let Some(i) = (0..size).rev().find(|i| members[*i] < players - size + i) else { return };
        members[i] += 1;
        for j in i + 1..size {
            members[j] = members[j - 1] + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_budget_for_everything_takes_every_coalition_once() {
        for players in 2..9 {
            let plan = Plan::new(players, 1 << players, 0);
            let all: HashSet<&Vec<bool>> = plan.coalitions.iter().map(|c| &c.present).collect();
            assert_eq!(all.len(), (1 << players) - 2, "{players}");
            assert_eq!(plan.coalitions.len(), all.len());
            assert!(plan.is_exact());
            let total: f64 = plan.coalitions.iter().map(|c| c.weight).sum();
            assert!((total - 1.0).abs() < 1e-12);
        }
    }

    fn weight_of_size(plan: &Plan, size: usize) -> f64 {
        plan.coalitions.iter().filter(|c| c.present.iter().filter(|p| **p).count() == size).map(|c| c.weight).sum()
    }

    /// `e = shap.KernelExplainer(lambda x: x.sum(1), np.zeros((1, M))); e.shap_values(np.ones((1, M)), nsamples=n, l1_reg=False)`,
    /// then the sums of `e.kernelWeights` by the size in `e.maskMatrix` (shap 0.51).
    #[test]
    fn sizes_are_taken_whole_from_the_outside_in_with_the_weights_of_shap() {
        let plan = Plan::new(6, 62, 0);
        for (size, weight) in [(1, 0.262_773_722_6), (2, 0.164_233_576_6), (3, 0.145_985_401_5), (5, 0.262_773_722_6)] {
            assert!((weight_of_size(&plan, size) - weight).abs() < 1e-9, "{size}");
        }
        for (players, budget, enumerated, outermost) in [
            (10, 200, 20, 0.196_380_979_1),
            (12, 400, 24, 0.180_621_423_7),
            (5, 20, 10, 0.3),
            (30, 2000, 60, 0.130_561_983_9),
        ] {
            let plan = Plan::new(players, budget, 3);
            assert_eq!((plan.enumerated, plan.coalitions.len()), (enumerated, budget), "{players}");
            assert!((weight_of_size(&plan, 1) - outermost).abs() < 1e-9);
            let total: f64 = plan.coalitions.iter().map(|c| c.weight).sum();
            assert!((total - 1.0).abs() < 1e-12);
            assert!(!plan.is_exact());
        }
        let plan = Plan::new(10, 1000, 3);
        assert_eq!((plan.enumerated, plan.coalitions.len()), (770, 1000));
        assert!((weight_of_size(&plan, 5) - 0.070_697_152_5).abs() < 1e-9);
    }

    #[test]
    fn what_is_drawn_comes_in_pairs_and_once() {
        let plan = Plan::new(30, 301, 5);
        assert_eq!(plan.coalitions.len(), 300);
        let drawn = &plan.coalitions[plan.enumerated..];
        for pair in drawn.chunks(2) {
            assert!(pair[0].present.iter().zip(&pair[1].present).all(|(a, b)| a != b));
            assert_eq!(pair[0].weight, pair[1].weight);
        }
        let once: HashSet<&Vec<bool>> = plan.coalitions.iter().map(|c| &c.present).collect();
        assert_eq!(once.len(), plan.coalitions.len());
    }

    #[test]
    fn a_seed_is_a_plan() {
        assert_eq!(Plan::new(40, 500, 1), Plan::new(40, 500, 1));
        assert_ne!(Plan::new(40, 500, 1), Plan::new(40, 500, 2));
    }

    #[test]
    fn few_players_and_small_budgets_are_survived() {
        for players in [0, 1] {
            assert!(Plan::new(players, 100, 0).coalitions.is_empty());
        }
        for budget in 0..6 {
            assert!(Plan::new(50, budget, 0).coalitions.len() <= budget);
        }
        assert_eq!(Plan::new(2, 2, 0).coalitions.len(), 2);
        assert!(Plan::new(2000, 64, 0).coalitions.len() <= 64);
    }
}
