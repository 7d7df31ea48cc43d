//! Whether probabilities mean what they say.

use super::metrics::argmax;

/// Bins of the expected calibration error.
pub const BINS: usize = 15;

/// Expected calibration error (Guo et al. 2017): `Σ_b |b|/n · |accuracy(b) − confidence(b)|` over [`BINS`] bins
/// `(lower, upper]` of equal width, where the confidence is the largest probability.
#[must_use]
pub fn ece(probabilities: &[Vec<f64>], truth: &[usize]) -> Option<f64> {
    let n = probabilities.len();
    let mut bins = [(0.0, 0.0); BINS];
    for (p, &truth) in probabilities.iter().zip(truth) {
        let called = argmax(p);
        let bin = ((p[called] * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        bins[bin].0 += f64::from(u8::from(called == truth));
        bins[bin].1 += p[called];
    }
    (n > 0).then(|| bins.iter().map(|(right, confidence)| (right - confidence).abs()).sum::<f64>() / n as f64)
}

/// Brier score of several classes: the mean squared distance between probabilities and the truth, 0–2.
#[must_use]
pub fn brier(probabilities: &[Vec<f64>], truth: &[usize]) -> Option<f64> {
    mean(probabilities.iter().zip(truth).map(|(p, &truth)| {
        p.iter().enumerate().map(|(k, p)| (p - f64::from(u8::from(k == truth))).powi(2)).sum::<f64>()
    }))
}

/// Brier score of a yes-or-no finding, 0–1.
#[must_use]
pub fn binary_brier(scores: &[f64], positive: &[bool]) -> Option<f64> {
    mean(scores.iter().zip(positive).map(|(s, &p)| (s - f64::from(u8::from(p))).powi(2)))
}

/// Mean negative log likelihood of the truth, nats; probabilities are held above 10⁻¹² and made to sum to 1.
#[must_use]
pub fn nll(probabilities: &[Vec<f64>], truth: &[usize]) -> Option<f64> {
    mean(probabilities.iter().zip(truth).map(|(p, &truth)| {
        let sum: f64 = p.iter().map(|p| p.clamp(1e-12, 1.0)).sum();
        -(p[truth].clamp(1e-12, 1.0) / sum).ln()
    }))
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let n = values.len();
    (n > 0).then(|| values.sum::<f64>() / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::golden::{close, read};

    #[test]
    fn calibration_figures_are_those_of_the_references() {
        let golden = read();
        assert!(close(ece(&golden.probabilities, &golden.truth).unwrap(), golden.ece));
        assert!(close(brier(&golden.probabilities, &golden.truth).unwrap(), golden.brier));
        assert!(close(nll(&golden.probabilities, &golden.truth).unwrap(), golden.nll));
        assert!(close(binary_brier(&golden.binary.score, &golden.binary.positive).unwrap(), golden.binary_brier));
    }

    #[test]
    fn without_images_nothing_is_said() {
        assert_eq!(ece(&[], &[]), None);
        assert_eq!(nll(&[], &[]), None);
    }
}
