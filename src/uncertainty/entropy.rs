//! Entropies of sampled predictions, and the words for them.
//!
//! With `p̄` the mean of the sampled probabilities: the predictive entropy `H(p̄)` is all the doubt there is; the expected
//! entropy `E[H(p)]` is doubt about the image (every sample finds it hard); their difference, the mutual information
//! (BALD: Houlsby et al. 2011; Gal and Ghahramani 2016), is doubt about whatever differs between the samples (they contradict
//! each other): the model under dropout and in an ensemble, the presentation of the image under test-time augmentation. For a
//! sigmoid head each label has a Bernoulli entropy, and the mean over the labels is taken. All in nats.
//!
//! What it does not do: a network far outside its training data can be wrong with little entropy. That is the gate's task.

use super::{Posterior, Source, Summary};
use crate::network::manifest::Head;

/// Share of the largest entropy from which the mutual information is called high.
///
/// A rule of thumb, not a measured operating point: 0.1·ln 3 is reached when samples swing by about ±0.22 around an even
/// call between two classes.
pub const MODEL_DOUBT_HIGH: f32 = 0.10;
/// Share from which the mutual information is worth a word.
pub const MODEL_DOUBT_SOME: f32 = 0.04;
/// Share of the largest entropy from which the prediction is called undecided: three classes at 0.66, 0.17, 0.17.
pub const ENTROPY_HIGH: f32 = 0.80;
/// Share from which the prediction is called hesitant: about 0.9, 0.08, 0.02.
pub const ENTROPY_SOME: f32 = 0.35;

/// Entropies of a set of samples, nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Entropies {
    /// `H(p̄)`.
    pub predictive: f32,
    /// `E[H(p)]`.
    pub expected: f32,
    /// `H(p̄) − E[H(p)]`, clamped at 0.
    pub mutual_information: f32,
}

/// Entropies of `samples` (`T` rows of `K` probabilities).
#[must_use]
pub fn entropies(samples: &[Vec<f32>], head: Head) -> Entropies {
    let Some(first) = samples.first() else { return Entropies::default() };
    let t = samples.len() as f64;
    let mut mean = vec![0f64; first.len()];
    let mut expected = 0.0;
    for sample in samples {
        let row: Vec<f64> = sample.iter().map(|&p| f64::from(p)).collect();
        expected += entropy(&row, head) / t;
        for (m, p) in mean.iter_mut().zip(&row) {
            *m += p / t;
        }
    }
    let predictive = entropy(&mean, head);
    Entropies {
        predictive: predictive as f32,
        expected: expected as f32,
        mutual_information: (predictive - expected).max(0.0) as f32,
    }
}

/// The largest entropy of `k` labels: `ln k`, or `ln 2` for a sigmoid head.
#[must_use]
pub fn max_entropy(k: usize, head: Head) -> f32 {
    match head {
        Head::Softmax => (k as f32).ln(),
        Head::Sigmoid => std::f32::consts::LN_2,
    }
}

fn entropy(p: &[f64], head: Head) -> f64 {
    let term = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    match head {
        Head::Softmax => p.iter().map(|&p| term(p)).sum(),
        Head::Sigmoid => p.iter().map(|&p| term(p) + term(1.0 - p)).sum::<f64>() / p.len().max(1) as f64,
    }
}

/// Degree of doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    Low,
    Some,
    High,
}

impl Posterior {
    /// Doubt about the image, nats: the expected entropy.
    #[must_use]
    pub fn expected_entropy(&self) -> f32 {
        (self.predictive_entropy - self.mutual_information).max(0.0)
    }

    /// Doubt about the model: mutual information against [`MODEL_DOUBT_SOME`] and [`MODEL_DOUBT_HIGH`].
    #[must_use]
    pub fn model_doubt(&self) -> Doubt {
        degree(self.share(self.mutual_information), MODEL_DOUBT_SOME, MODEL_DOUBT_HIGH)
    }

    /// All doubt: predictive entropy against [`ENTROPY_SOME`] and [`ENTROPY_HIGH`].
    #[must_use]
    pub fn total_doubt(&self) -> Doubt {
        degree(self.share(self.predictive_entropy), ENTROPY_SOME, ENTROPY_HIGH)
    }

    /// True when a finding must be worded as doubtful: its interval crosses the threshold, or doubt is high.
    #[must_use]
    pub fn doubtful(&self, finding: &Summary, threshold: f32) -> bool {
        finding.crosses(threshold) || self.model_doubt() == Doubt::High || self.total_doubt() == Doubt::High
    }

    /// Part of the largest entropy, 0–1.
    fn share(&self, entropy: f32) -> f32 {
        if self.max_entropy > 0.0 { (entropy / self.max_entropy).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// The doubt in one plain sentence.
#[must_use]
pub fn words(posterior: &Posterior) -> &'static str {
    let among = |dropout, test_time, ensemble| match posterior.source {
        Source::McDropout => dropout,
        Source::TestTime => test_time,
        Source::Ensemble => ensemble,
    };
    match (posterior.model_doubt(), posterior.total_doubt()) {
        (Doubt::High, _) => among(
            "The model disagrees with itself (mutual information high): read without it.",
            "The answer turns with small shifts and turns of the image (mutual information high): read without it.",
            "The models disagree with each other (mutual information high): read without them.",
        ),
        (_, Doubt::High) => among(
            "The model cannot decide (entropy high): this image fits several answers equally well.",
            "The model cannot decide (entropy high): this image fits several answers equally well.",
            "The models cannot decide (entropy high): this image fits several answers equally well.",
        ),
        (Doubt::Some, _) => among(
            "The model partly disagrees with itself (mutual information moderate): rely on it little.",
            "The answer moves with small shifts and turns of the image (mutual information moderate): rely on it little.",
            "The models partly disagree (mutual information moderate): rely on them little.",
        ),
        (_, Doubt::Some) => among(
            "The model hesitates (entropy moderate): more than one answer remains possible.",
            "The model hesitates (entropy moderate): more than one answer remains possible.",
            "The models hesitate (entropy moderate): more than one answer remains possible.",
        ),
        (Doubt::Low, Doubt::Low) => among(
            "The model agrees with itself. That makes it steady, not right.",
            "The answer hardly depends on how the image is presented. That makes it steady, not right.",
            "The models agree. That makes them alike, not right.",
        ),
    }
}

fn degree(share: f32, some: f32, high: f32) -> Doubt {
    if share >= high {
        Doubt::High
    } else if share >= some {
        Doubt::Some
    } else {
        Doubt::Low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posterior(samples: Vec<Vec<f32>>) -> Posterior {
        let e = entropies(&samples, Head::Softmax);
        Posterior {
            max_entropy: max_entropy(samples[0].len(), Head::Softmax),
            predictive_entropy: e.predictive,
            mutual_information: e.mutual_information,
            samples,
            ..Posterior::default()
        }
    }

    #[test]
    fn equal_samples_carry_no_mutual_information() {
        let e = entropies(&vec![vec![0.5, 0.5]; 9], Head::Softmax);
        assert!((e.predictive - 2f32.ln()).abs() < 1e-6);
        assert!(e.mutual_information.abs() < 1e-6 && e.mutual_information >= 0.0);
    }

    #[test]
    fn samples_that_contradict_each_other_are_all_mutual_information() {
        let e = entropies(&[vec![1.0, 0.0], vec![0.0, 1.0]], Head::Softmax);
        assert_eq!(e.expected, 0.0);
        assert!((e.mutual_information - 2f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn a_sigmoid_head_has_bernoulli_entropies_averaged_over_labels() {
        let e = entropies(&[vec![0.5, 0.0, 1.0, 0.5]], Head::Sigmoid);
        assert!((e.predictive - 2f32.ln() / 2.0).abs() < 1e-6);
        assert_eq!(max_entropy(4, Head::Sigmoid), 2f32.ln());
    }

    #[test]
    fn doubt_is_spoken_plainly() {
        let torn = posterior(vec![vec![0.95, 0.05, 0.0], vec![0.05, 0.95, 0.0]]);
        assert!(words(&torn).starts_with("The model disagrees with itself"));
        let undecided = posterior(vec![vec![0.4, 0.3, 0.3]; 4]);
        assert!(words(&undecided).contains("entropy high"));
        let sure = posterior(vec![vec![0.98, 0.01, 0.01]; 4]);
        assert!(words(&sure).contains("steady, not right"));
        assert!(torn.doubtful(&Summary::of(&[0.9, 0.9]), 0.5));
        assert!(!sure.doubtful(&Summary::of(&[0.9, 0.9]), 0.5));
        assert!(sure.doubtful(&Summary::of(&[0.4, 0.9]), 0.5));
    }
}
