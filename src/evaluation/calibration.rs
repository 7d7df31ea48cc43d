//! Whether probabilities mean what they say: of the images scored 0.8, are eight in ten positive?
//!
//! Binned errors depend on the bins, so both usual kinds are given: of equal width (Guo et al., ICML 2017), and of equally
//! many images (adaptive; Nixon et al., CVPR workshops 2019). Brier score and negative log likelihood need none.

use super::metrics::argmax;

/// Bins of the calibration errors.
pub const BINS: usize = 15;

/// How images are put into bins by their confidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binning {
    /// `(lower, upper]` of equal width.
    EqualWidth,
    /// Equally many images, in the order of their confidence.
    EqualMass,
}

/// Images of similar confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    pub n: usize,
    /// Mean confidence.
    pub confidence: f64,
    /// Share of the images for which what is claimed is so.
    pub observed: f64,
}

/// The bins that hold images, in rising order: `confidence` is what was claimed, `so` whether it was.
#[must_use]
pub fn reliability(confidence: &[f64], so: &[bool], binning: Binning) -> Vec<Bin> {
    let n = confidence.len();
    let mut order: Vec<usize> = (0..n).collect();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); BINS];
    match binning {
        Binning::EqualWidth => {
            for i in order {
                members[((confidence[i] * BINS as f64).ceil() as usize).clamp(1, BINS) - 1].push(i);
            }
        }
        Binning::EqualMass => {
            order.sort_by(|a, b| confidence[*a].total_cmp(&confidence[*b]));
            // The first `n mod BINS` bins take one more.
            let mut rest = &order[..];
            for (b, bin) in members.iter_mut().enumerate() {
                let (own, others) = rest.split_at(n / BINS + usize::from(b < n % BINS));
                bin.extend_from_slice(own);
                rest = others;
            }
        }
    }
    let of = |m: &Vec<usize>| {
        let count = m.len() as f64;
        Bin {
            n: m.len(),
            confidence: m.iter().map(|&i| confidence[i]).sum::<f64>() / count,
            observed: m.iter().filter(|&&i| so[i]).count() as f64 / count,
        }
    };
    members.iter().filter(|m| !m.is_empty()).map(of).collect()
}

/// Expected calibration error, `Σ_b |b|/n · |observed(b) − confidence(b)|`; `None` without images.
#[must_use]
pub fn error(bins: &[Bin]) -> Option<f64> {
    let n: usize = bins.iter().map(|b| b.n).sum();
    (n > 0).then(|| bins.iter().map(|b| b.n as f64 * (b.observed - b.confidence).abs()).sum::<f64>() / n as f64)
}

/// Largest probability of each image, and whether its class is the true one.
#[must_use]
pub fn top(probabilities: &[Vec<f64>], truth: &[usize]) -> (Vec<f64>, Vec<bool>) {
    probabilities.iter().zip(truth).map(|(p, truth)| (p[argmax(p)], argmax(p) == *truth)).unzip()
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

/// Mean negative log likelihood of a yes-or-no finding, nats; probabilities are held 10⁻¹² away from 0 and 1.
#[must_use]
pub fn binary_nll(scores: &[f64], positive: &[bool]) -> Option<f64> {
    mean(scores.iter().zip(positive).map(|(s, &p)| {
        let s = s.clamp(1e-12, 1.0 - 1e-12);
        -(if p { s } else { 1.0 - s }).ln()
    }))
}

/// Wilson's 95 % interval (1927) of a share of `n` images, `(p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)`.
#[must_use]
pub fn wilson(share: f64, n: usize) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    let n = n as f64;
    let z2 = Z * Z;
    let middle = share + z2 / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).max(0.0).sqrt();
    ((middle - half) / (1.0 + z2 / n), (middle + half) / (1.0 + z2 / n))
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let n = values.len();
    (n > 0).then(|| values.sum::<f64>() / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::golden::{close, read};

    fn ece(confidence: &[f64], so: &[bool], binning: Binning) -> f64 {
        error(&reliability(confidence, so, binning)).unwrap()
    }

    #[test]
    fn calibration_figures_of_several_classes_are_those_of_the_references() {
        let golden = read();
        let (confidence, right) = top(&golden.probabilities, &golden.truth);
        assert!(close(ece(&confidence, &right, Binning::EqualWidth), golden.ece));
        assert!(close(ece(&confidence, &right, Binning::EqualMass), golden.adaptive_ece));
        assert!(close(brier(&golden.probabilities, &golden.truth).unwrap(), golden.brier));
        assert!(close(nll(&golden.probabilities, &golden.truth).unwrap(), golden.nll));
    }

    #[test]
    fn calibration_figures_of_a_finding_are_those_of_the_references() {
        let golden = read();
        let (score, positive) = (&golden.binary.score, &golden.binary.positive);
        assert!(close(binary_brier(score, positive).unwrap(), golden.binary_brier));
        assert!(close(binary_nll(score, positive).unwrap(), golden.binary.nll));
        assert!(close(ece(score, positive, Binning::EqualWidth), golden.binary.ece));
        assert!(close(ece(score, positive, Binning::EqualMass), golden.binary.adaptive_ece));
    }

    #[test]
    fn bins_of_equal_mass_hold_equally_many_images() {
        let scores: Vec<f64> = (0..32).map(|i| f64::from(i).powi(2) / 1024.0).collect();
        let bins = reliability(&scores, &[true; 32], Binning::EqualMass);
        assert_eq!(bins.iter().map(|b| b.n).collect::<Vec<_>>(), [3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
        assert!(bins.is_sorted_by(|a, b| a.confidence < b.confidence));
    }

    #[test]
    fn wilson_is_that_of_the_textbook() {
        // The formula above, worked out apart from this code for 5 of 20.
        let (low, high) = wilson(0.25, 20);
        assert!((low - 0.111_862).abs() < 1e-5 && (high - 0.468_701).abs() < 1e-5, "{low} {high}");
        assert!(wilson(0.0, 3).0.abs() < 1e-12 && wilson(1.0, 3).1 <= 1.0 + 1e-12);
    }

    #[test]
    fn without_images_nothing_is_said() {
        assert_eq!(error(&reliability(&[], &[], Binning::EqualMass)), None);
        assert_eq!(nll(&[], &[]), None);
    }
}
