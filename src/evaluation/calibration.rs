//! Whether probabilities mean what they say: of the images scored 0.8, are eight in ten positive?
//!
//! Binned errors depend on the bins, so both usual kinds are given: of equal width (Guo et al.,
//! ICML 2017), and of equally many images (adaptive; Nixon et al., CVPR workshops 2019). Brier
//! score and negative log likelihood need none. What chance alone makes of a binned error stands in
//! [`super::calibration_floor`].

use super::bootstrap::by_patient;
use super::confusion::argmax;
use super::proportion;
use crate::stats::mean;

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
    /// As many independent images would tell as much about that share.
    pub effective: f64,
}

impl Bin {
    /// The 95 % interval of the share.
    #[must_use]
    pub fn interval(&self) -> (f64, f64) {
        proportion::wilson(self.observed, self.effective)
    }
}

/// The bins that hold images, in rising order: `confidence` is what was claimed, `so` whether it
/// was. Every image counts as independent.
#[must_use]
pub fn reliability(confidence: &[f64], so: &[bool], binning: Binning) -> Vec<Bin> {
    let members = members(confidence, binning);
    members.iter().filter(|m| !m.is_empty()).map(|m| of(m, confidence, so)).collect()
}

/// The same where `patients` names the patient of each image.
#[must_use]
pub fn reliability_by_patient(confidence: &[f64], so: &[bool], patients: &[&str], binning: Binning) -> Vec<Bin> {
    let bin = |m: &Vec<usize>| {
        let outcomes: Vec<f64> = m.iter().map(|&i| f64::from(u8::from(so[i]))).collect();
        let names: Vec<&str> = m.iter().map(|&i| patients[i]).collect();
        Bin { effective: proportion::effective_number(&outcomes, &by_patient(&names)), ..of(m, confidence, so) }
    };
    members(confidence, binning).iter().filter(|m| !m.is_empty()).map(bin).collect()
}

fn of(members: &[usize], confidence: &[f64], so: &[bool]) -> Bin {
    let count = members.len() as f64;
    Bin {
        n: members.len(),
        confidence: members.iter().map(|&i| confidence[i]).sum::<f64>() / count,
        observed: members.iter().filter(|&&i| so[i]).count() as f64 / count,
        effective: count,
    }
}

/// The images of each bin.
pub(super) fn members(confidence: &[f64], binning: Binning) -> Vec<Vec<usize>> {
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
    members
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

/// Brier score of several classes: the mean squared distance between probabilities and the truth,
/// 0–2.
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

/// Mean negative log likelihood of the truth, nats; probabilities are held above 10⁻¹² and made to
/// sum to 1.
#[must_use]
pub fn nll(probabilities: &[Vec<f64>], truth: &[usize]) -> Option<f64> {
    mean(probabilities.iter().zip(truth).map(|(p, &truth)| {
        let sum: f64 = p.iter().map(|p| p.clamp(1e-12, 1.0)).sum();
        -(p[truth].clamp(1e-12, 1.0) / sum).ln()
    }))
}

/// Mean negative log likelihood of a yes-or-no finding, nats; probabilities are held 10⁻¹² away
/// from 0 and 1.
#[must_use]
pub fn binary_nll(scores: &[f64], positive: &[bool]) -> Option<f64> {
    mean(scores.iter().zip(positive).map(|(s, &p)| {
        let s = s.clamp(1e-12, 1.0 - 1e-12);
        -(if p { s } else { 1.0 - s }).ln()
    }))
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
    fn without_images_nothing_is_said() {
        assert_eq!(error(&reliability(&[], &[], Binning::EqualMass)), None);
        assert_eq!(nll(&[], &[]), None);
    }
}
