//! Figures of merit for marks on the image: JAFROC.
//!
//! A reader marks what looks like a lesion and rates each mark. With `x_i` the highest rating of a
//! mark on negative case `i` and `y_jl` that of the mark on lesion `l` of positive case `j` (both
//! −∞ without a mark), the figure is the area under the alternative free-response curve,
//!
//! ```text
//! θ = Σ_i Σ_j Σ_l W_jl ψ(x_i, y_jl) / (n₀ Σ_j Σ_l W_jl),   ψ = 1, ½, 0 for x < y, x = y, x > y
//! ```
//!
//! (Chakraborty and Berbaum, Med. Phys. 31 (2004) 2313; weights: Chakraborty and Zhai, Med. Phys. 43
//! (2016) 2548). Weighted by case (wAFROC) every positive case counts once, however many lesions it
//! has; by lesion (AFROC, the JAFROC figure of merit) every lesion does. Marks beside the lesions of
//! positive cases do not count, as in both papers: what is near a lesion is no fair false alarm.

use super::area::share_below;
use super::errors::MultiReaderError;
use super::figure::Figure;

/// What counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Weight {
    /// Each positive case (wAFROC).
    Case,
    /// Each lesion (AFROC).
    Lesion,
}

/// What a reader marked on one case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marked {
    /// Highest rating of a mark on each lesion, `None` where it has no mark; empty on a case without
    /// the finding.
    pub lesions: Vec<Option<f64>>,
    /// Ratings of marks beside all lesions.
    pub elsewhere: Vec<f64>,
}

/// The figure of one reader; `positive` says which cases have the finding.
pub fn figure(cases: &[Marked], positive: &[bool], weight: Weight) -> Result<Figure, MultiReaderError> {
    if cases.len() != positive.len() {
        return Err(MultiReaderError::Unequal { readings: cases.len(), cases: positive.len() });
    }
    let numbers = |c: &Marked| c.lesions.iter().flatten().chain(&c.elsewhere).all(|r| !r.is_nan());
    if !cases.iter().all(numbers) {
        return Err(MultiReaderError::NotANumber);
    }
    let with = |wanted: bool| cases.iter().zip(positive).filter(move |(_, p)| **p == wanted).map(|(c, _)| c);
    if with(true).any(|c| c.lesions.is_empty()) {
        return Err(MultiReaderError::NoLesion);
    }
    if with(false).any(|c| !c.lesions.is_empty()) {
        return Err(MultiReaderError::LesionWithoutFinding);
    }
    let alarms: Vec<f64> = with(false).map(|c| c.elsewhere.iter().copied().fold(f64::NEG_INFINITY, f64::max)).collect();
    let mut sorted_alarms = alarms.clone();
    sorted_alarms.sort_unstable_by(f64::total_cmp);
    let weights: Vec<f64> = with(true)
        .map(|c| match weight {
            Weight::Case => 1.0,
            Weight::Lesion => c.lesions.len() as f64,
        })
        .collect();
    let rating = |lesion: &Option<f64>| lesion.unwrap_or(f64::NEG_INFINITY);
    let positives: Vec<f64> = with(true)
        .map(|c| c.lesions.iter().map(|l| share_below(&sorted_alarms, rating(l))).sum::<f64>() / c.lesions.len() as f64)
        .collect();
    // Weight of the lesions up to each rating, for the components of the negatives.
    let mut lesions: Vec<(f64, f64)> = (with(true).zip(&weights))
        .flat_map(|(c, w)| c.lesions.iter().map(move |l| (rating(l), w / c.lesions.len() as f64)))
        .collect();
    lesions.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut sums = vec![0.0];
    for (_, w) in &lesions {
        sums.push(sums[sums.len() - 1] + w);
    }
    let all = sums[lesions.len()];
    let negatives = (alarms.iter())
        .map(|x| {
            let below = sums[lesions.partition_point(|(y, _)| y < x)];
            let not_above = sums[lesions.partition_point(|(y, _)| y <= x)];
            1.0 - (below + not_above) / (2.0 * all)
        })
        .collect();
    Figure::of_pairs(&positives, negatives, &weights)
}
