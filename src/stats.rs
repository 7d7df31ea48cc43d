//! Means and quantiles, defined once: two definitions of a quantile give two numbers for the same
//! samples.

/// Mean of some numbers; `None` where there are none.
pub fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.into_iter().fold((0.0, 0_usize), |(sum, n), v| (sum + v, n + 1));
    (n > 0).then(|| sum / n as f64)
}

/// The quantile `q` (0–1) of sorted values, linear between neighbours, as numpy's default has it;
/// NaN of none.
#[must_use]
pub fn quantile<T: Copy + Into<f64>>(sorted: &[T], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = q.clamp(0.0, 1.0) * last as f64;
    let (below, above): (f64, f64) = (sorted[place.floor() as usize].into(), sorted[place.ceil() as usize].into());
    below + (above - below) * place.fract()
}

/// The largest value below which at most the share `q` (0–1) of sorted values lies: one of the
/// values themselves; `None` of none.
#[must_use]
pub fn lower_quantile<T: Copy>(sorted: &[T], q: f64) -> Option<T> {
    let last = sorted.len().checked_sub(1)?;
    Some(sorted[(q.clamp(0.0, 1.0) * last as f64).floor() as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_numpy_s() {
        // numpy.quantile([1, 2, 4, 8], [0, 0.05, 0.5, 0.9, 1])
        let values = [1.0_f64, 2.0, 4.0, 8.0];
        let found = [0.0, 0.05, 0.5, 0.9, 1.0].map(|q| quantile(&values, q));
        assert!(found.iter().zip([1.0, 1.15, 3.0, 6.8, 8.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert!(quantile::<f32>(&[], 0.5).is_nan());
    }

    #[test]
    fn a_lower_quantile_is_one_of_the_values() {
        assert_eq!(lower_quantile(&[1, 2, 4, 8], 0.99), Some(4));
        assert_eq!(lower_quantile::<f32>(&[], 0.5), None);
    }

    #[test]
    fn there_is_no_mean_of_nothing() {
        assert_eq!((mean([]), mean([1.0, 3.0])), (None, Some(2.0)));
    }
}
