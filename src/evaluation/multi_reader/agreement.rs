//! How far readers agree beyond chance: kappa of two readers (Cohen) and of several (Fleiss), plain
//! and weighted.
//!
//! `κ = (p_a − p_e)/(1 − p_e)` with the observed agreement `p_a` and the one by chance `p_e`.
//! Weights `w_kl = 1 − (|k − l|/(K − 1))^q` count a near miss in part: `q` is 1 (linear) or 2
//! (quadratic). Standard errors are those that hold when readers do agree, not those under chance:
//! of Cohen's by Fleiss, Cohen and Everitt (Psychol. Bull. 72 (1969) 323), of Fleiss' by Gwet
//! (Handbook of Inter-Rater Reliability, 4th ed. 2014, section 5.4). Readers are taken as they are,
//! cases as a sample. Held to statsmodels and `irrCAC` by `tests/golden/multi_reader.json`.
//!
//! Kappa falls where a finding is rare or common in the cases, however well readers agree; it is
//! compared within one set of cases, not between sets.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// How a disagreement counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Weights {
    /// Every disagreement in full.
    Equal,
    /// In proportion to its distance.
    Linear,
    /// In proportion to the square of its distance.
    Quadratic,
}

impl Weights {
    /// Agreement of two of `n` categories, 0 to 1.
    fn agreement(self, a: usize, b: usize, n: usize) -> f64 {
        let distance = a.abs_diff(b) as f64 / (n.max(2) - 1) as f64;
        match self {
            Self::Equal => f64::from(a == b),
            Self::Linear => 1.0 - distance,
            Self::Quadratic => 1.0 - distance * distance,
        }
    }
}

/// Agreement beyond chance with its 95 % interval over cases. Where the cases do not differ, as where
/// readers agree in all of them, their spread tells nothing of other cases: there is no interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Kappa {
    pub value: f64,
    pub standard_error: f64,
    pub interval: Option<[f64; 2]>,
}

/// Of two readers; `a` and `b` are categories (below `categories`) of the same cases. `None` with
/// fewer than two cases, or where both used one and the same category alone.
#[must_use]
pub fn cohen(a: &[usize], b: &[usize], categories: usize, weights: Weights) -> Option<Kappa> {
    let n = a.len();
    if n < 2 || b.len() != n || a.iter().chain(b).any(|c| *c >= categories) {
        return None;
    }
    let mut table = vec![vec![0.0; categories]; categories];
    a.iter().zip(b).for_each(|(x, y)| table[*x][*y] += 1.0 / n as f64);
    let rows: Vec<f64> = table.iter().map(|row| row.iter().sum()).collect();
    let columns: Vec<f64> = (0..categories).map(|c| table.iter().map(|row| row[c]).sum()).collect();
    let w = |k: usize, l: usize| weights.agreement(k, l, categories);
    let both = || (0..categories).flat_map(|k| (0..categories).map(move |l| (k, l)));
    let observed: f64 = both().map(|(k, l)| w(k, l) * table[k][l]).sum();
    let chance: f64 = both().map(|(k, l)| w(k, l) * rows[k] * columns[l]).sum();
    if 1.0 - chance < 1e-12 {
        return None;
    }
    let kappa = (observed - chance) / (1.0 - chance);
    let of_row = |k: usize| (0..categories).map(|l| columns[l] * w(k, l)).sum::<f64>();
    let of_column = |l: usize| (0..categories).map(|k| rows[k] * w(k, l)).sum::<f64>();
    let term = |(k, l): (usize, usize)| table[k][l] * (w(k, l) - (of_row(k) + of_column(l)) * (1.0 - kappa)).powi(2);
    let spread = both().map(term).sum::<f64>() - (kappa - chance * (1.0 - kappa)).powi(2);
    let standard_error = (spread.max(0.0) / n as f64).sqrt() / (1.0 - chance);
    Some(Kappa::new(kappa, standard_error, 1.959_963_984_540_054))
}

/// Of several readers: `ratings` holds the categories of the same cases by reader. `None` with fewer
/// than two readers or cases, or where all used one and the same category alone.
#[must_use]
pub fn fleiss(ratings: &[Vec<usize>], categories: usize, weights: Weights) -> Option<Kappa> {
    let (readers, cases) = (ratings.len(), ratings.first()?.len());
    let fits = |r: &Vec<usize>| r.len() == cases && r.iter().all(|c| *c < categories);
    if readers < 2 || cases < 2 || !ratings.iter().all(fits) {
        return None;
    }
    let (m, n) = (readers as f64, cases as f64);
    let mut counts = vec![vec![0.0; categories]; cases];
    for reader in ratings {
        reader.iter().zip(&mut counts).for_each(|(category, row)| row[*category] += 1.0);
    }
    let shares: Vec<f64> = (0..categories).map(|k| counts.iter().map(|row| row[k]).sum::<f64>() / (n * m)).collect();
    let weighted = |values: &[f64], k: usize| {
        values.iter().enumerate().map(|(l, v)| weights.agreement(k, l, categories) * v).sum::<f64>()
    };
    let chance: f64 = (0..categories).map(|k| shares[k] * weighted(&shares, k)).sum();
    if 1.0 - chance < 1e-12 {
        return None;
    }
    let observed =
        |row: &Vec<f64>| (0..categories).map(|k| row[k] * (weighted(row, k) - 1.0)).sum::<f64>() / (m * (m - 1.0));
    let by_case: Vec<f64> = counts.iter().map(|row| (observed(row) - chance) / (1.0 - chance)).collect();
    let kappa = by_case.iter().sum::<f64>() / n;
    let squares: f64 = (counts.iter().zip(&by_case))
        .map(|(row, own)| {
            let by_chance = (0..categories).map(|k| weighted(&shares, k) * row[k] / m).sum::<f64>();
            (own - 2.0 * (1.0 - kappa) * (by_chance - chance) / (1.0 - chance) - kappa).powi(2)
        })
        .sum();
    let standard_error = (squares / (n * (n - 1.0))).sqrt();
    let reach = StudentsT::new(0.0, 1.0, n - 1.0).ok()?.inverse_cdf(0.975);
    Some(Kappa::new(kappa, standard_error, reach))
}

impl Kappa {
    /// The interval ends at 1, as no agreement is better.
    fn new(value: f64, standard_error: f64, reach: f64) -> Self {
        let reach = reach * standard_error;
        let interval = (standard_error > 1e-12).then(|| [(value - reach).max(-1.0), (value + reach).min(1.0)]);
        Self { value, standard_error, interval }
    }
}
