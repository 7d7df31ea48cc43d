//! Spearman's ρ: the correlation of ranks, equal values sharing the mean of theirs.

/// ρ of two lists of the same length, −1 to 1, as `scipy.stats.spearmanr`.
///
/// Where a list is the same throughout it has no order, and ρ is not defined: this gives 0, "no
/// agreement", where scipy gives NaN. So it does for lists of different length and for numbers that
/// are not finite.
#[must_use]
pub fn spearman(a: &[f32], b: &[f32]) -> f64 {
    if a.len() != b.len() || a.iter().chain(b).any(|v| !v.is_finite()) {
        return 0.0;
    }
    let (a, b) = (ranks(a), ranks(b));
    // Ranks of n values always have this mean, ties or not.
    let mean = f64::midpoint(a.len() as f64, 1.0);
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let spread = product(&a, &a) * product(&b, &b);
    if spread > 0.0 { (product(&a, &b) / spread.sqrt()).clamp(-1.0, 1.0) } else { 0.0 }
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|i, j| values[*i].total_cmp(&values[*j]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    // Not by bits: −0 and 0 are equal.
    for tied in order.chunk_by(|i, j| values[*i] == values[*j]) {
        let mean = from as f64 + f64::midpoint(tied.len() as f64, 1.0);
        tied.iter().for_each(|i| ranks[*i] = mean);
        from += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, -0.0, 0.0]), [4.5, 3.0, 4.5, 1.5, 1.5]);
    }

    /// `scipy.stats.spearmanr(a, b).statistic`, scipy 1.17.
    #[test]
    fn rho_matches_scipy_with_ties() {
        let a = [0.0, 0.0, 0.5, 0.2, 0.0, 0.9, 0.2, -1.0];
        let b = [1.0, 2.0, 2.0, 3.0, 0.0, 7.0, 1.0, 1.0];
        assert!((spearman(&a, &b) - 0.683_544_303_797_468_4).abs() < 1e-12, "{}", spearman(&a, &b));
    }

    #[test]
    fn only_the_order_counts() {
        let a = [0.1, 0.5, 0.3, 0.9];
        assert_eq!(spearman(&a, &a.map(|v: f32| v.powi(3) + 7.0)), 1.0);
        assert_eq!(spearman(&a, &a.map(|v| -v)), -1.0);
    }

    #[test]
    fn maps_without_an_order_agree_with_nothing() {
        assert_eq!(spearman(&[1.0; 4], &[0.0, 1.0, 2.0, 3.0]), 0.0);
        assert_eq!(spearman(&[0.0], &[0.0]), 0.0);
        assert_eq!(spearman(&[], &[]), 0.0);
        assert_eq!(spearman(&[f32::NAN, 1.0], &[0.0, 1.0]), 0.0);
        assert_eq!(spearman(&[0.0], &[0.0, 1.0]), 0.0);
    }
}
