//! Entropies of sampled predictions, and the words for them.
//!
//! With `p̄` the mean of the sampled probabilities: the predictive entropy `H(p̄)` is the total
//! uncertainty; the expected entropy `E[H(p)]` is aleatoric, about the image (every sample finds it
//! hard); their difference, the mutual information (BALD: Houlsby et al. 2011; Gal and Ghahramani
//! 2016), is what the samples disagree about: epistemic, about the model, under dropout and in an
//! ensemble; variability under presentation in test-time augmentation. For a sigmoid head each
//! label has a Bernoulli entropy, and the mean over the labels is taken. All in nats.
//!
//! What it does not do: a network far outside its training data can be wrong with little entropy.
//! That is the gate's task.

use super::{Posterior, SampleSource, Summary};
use crate::model::manifest::{Head, Manifest};

/// Share of the largest entropy from which the mutual information is called high.
///
/// A rule of thumb, not a measured operating point: 0.1·ln 3 is reached when samples swing by about
/// ±0.22 around an even call between two classes.
pub const EPISTEMIC_HIGH: f32 = 0.10;
/// Share from which the mutual information is worth a word.
pub const EPISTEMIC_MODERATE: f32 = 0.04;
/// Share of the largest entropy from which the prediction is called undecided: three classes at
/// 0.66, 0.17, 0.17.
pub const ENTROPY_HIGH: f32 = 0.80;
/// Share from which the prediction is called hesitant: about 0.9, 0.08, 0.02.
pub const ENTROPY_MODERATE: f32 = 0.35;

/// Share of the probability that the answers hold together between which the model is said to
/// hesitate.
const CONTENDING: f32 = 0.9;
/// Most answers that a sentence names.
const MOST_NAMED: usize = 3;

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

/// Degree of uncertainty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Degree {
    Low,
    Moderate,
    High,
}

impl Posterior {
    /// Uncertainty about the image (aleatoric), nats: the expected entropy.
    #[must_use]
    pub fn expected_entropy(&self) -> f32 {
        (self.predictive_entropy - self.mutual_information).max(0.0)
    }

    /// Uncertainty about the model (epistemic): mutual information against [`EPISTEMIC_MODERATE`]
    /// and [`EPISTEMIC_HIGH`].
    #[must_use]
    pub fn epistemic_degree(&self) -> Degree {
        degree(self.share(self.mutual_information), EPISTEMIC_MODERATE, EPISTEMIC_HIGH)
    }

    /// Total uncertainty: predictive entropy against [`ENTROPY_MODERATE`] and [`ENTROPY_HIGH`].
    #[must_use]
    pub fn total_degree(&self) -> Degree {
        degree(self.share(self.predictive_entropy), ENTROPY_MODERATE, ENTROPY_HIGH)
    }

    /// True when a finding must be worded as doubtful: its interval crosses the threshold, or the
    /// uncertainty is high.
    #[must_use]
    pub fn doubtful(&self, finding: &Summary, threshold: f32) -> bool {
        finding.crosses(threshold) || self.epistemic_degree() == Degree::High || self.total_degree() == Degree::High
    }

    /// Part of the largest entropy, 0–1: the form in which entropies are shown, on screen, in text
    /// and on paper.
    #[must_use]
    pub fn share(&self, nats: f32) -> f32 {
        if self.max_entropy > 0.0 { (nats / self.max_entropy).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// All of it and its two parts, in one sentence:
    /// `Entropy 0.41 of 1: 0.38 uncertainty about the image (aleatoric), 0.03 uncertainty about the model (epistemic)`.
    #[must_use]
    pub fn entropy_in_words(&self) -> String {
        format!(
            "Entropy {}: {:.2} uncertainty about the image (aleatoric), {:.2} {}",
            of_one(self.share(self.predictive_entropy)),
            self.share(self.expected_entropy()),
            self.share(self.mutual_information),
            self.source.measures()
        )
    }
}

/// A part of the largest entropy as it is shown.
#[must_use]
pub fn of_one(share: f32) -> String {
    format!("{share:.2} of 1")
}

/// The uncertainty in one plain sentence, which names the answers that it lies between; `manifest`
/// names them.
#[must_use]
pub fn words(posterior: &Posterior, manifest: &Manifest) -> String {
    let among = |dropout: &str, test_time: &str, ensemble: &str| match posterior.source {
        SampleSource::McDropout => dropout.to_owned(),
        SampleSource::TestTime => test_time.to_owned(),
        SampleSource::Ensemble => ensemble.to_owned(),
    };
    let subject = among("The model", "The model", "The models");
    let (plural, them) = if posterior.source == SampleSource::Ensemble { ("", "them") } else { ("s", "it") };
    let of = contenders(posterior, manifest);
    match (posterior.epistemic_degree(), posterior.total_degree()) {
        (Degree::High, _) => among(
            &format!("The model disagrees with itself {of} (mutual information high): read without it."),
            &format!(
                "With small shifts and turns of the image the answer changes {of} (mutual information high): read without it."
            ),
            &format!("The models disagree with each other {of} (mutual information high): read without them."),
        ),
        (_, Degree::High) => {
            format!("{subject} cannot decide {of} (entropy high): this image fits them about equally well.")
        }
        (Degree::Moderate, _) => among(
            &format!(
                "The model partly disagrees with itself {of} (mutual information moderate): rely on {them} little."
            ),
            &format!(
                "With small shifts and turns of the image the answer moves {of} (mutual information moderate): rely on it little."
            ),
            &format!("The models partly disagree {of} (mutual information moderate): rely on {them} little."),
        ),
        (_, Degree::Moderate) => {
            format!("{subject} hesitate{plural} {of} (entropy moderate).")
        }
        (Degree::Low, Degree::Low) => among(
            "The model agrees with itself. That makes it steady, not right.",
            "The answer hardly depends on how the image is presented. That makes it steady, not right.",
            "The models agree. That makes them alike, not right.",
        ),
    }
}

/// The answers that the uncertainty lies between:
/// `between Bacterial pneumonia and Viral pneumonia, both Pneumonia`. Of exclusive classes the most
/// probable ones that hold most of the probability together; of independent findings those nearest
/// to an even call, of which each is a question of its own.
fn contenders(posterior: &Posterior, manifest: &Manifest) -> String {
    let mean = |k: usize| posterior.labels.get(k).map_or(0.0, |s| s.mean);
    let mut order: Vec<usize> = (0..manifest.labels.len()).collect();
    let name = |k: &usize| manifest.labels[*k].name.clone();
    if manifest.head == Head::Sigmoid {
        order.sort_by(|&a, &b| (mean(a) - 0.5).abs().total_cmp(&(mean(b) - 0.5).abs()));
        return format!("about {}", listed(&order.iter().take(2).map(name).collect::<Vec<_>>()));
    }
    order.sort_by(|&a, &b| mean(b).total_cmp(&mean(a)));
    let mut held = 0.0;
    let mut rest = order.iter();
    let mut answers: Vec<usize> = Vec::new();
    while answers.len() < 2 || (held < CONTENDING && answers.len() < MOST_NAMED) {
        let Some(&k) = rest.next() else { break };
        held += mean(k);
        answers.push(k);
    }
    let names: Vec<String> = answers.iter().map(name).collect();
    let group = manifest.groups.iter().find(|g| names.iter().all(|n| g.members.contains(n)));
    let all = if names.len() == 2 { "both" } else { "all" };
    let same = group.map_or_else(String::new, |g| format!(", {all} {}", g.name));
    format!("between {}{same}", listed(&names))
}

/// `A`, `A and B`, `A, B and C`.
fn listed(names: &[String]) -> String {
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}

fn degree(share: f32, some: f32, high: f32) -> Degree {
    if share >= high {
        Degree::High
    } else if share >= some {
        Degree::Moderate
    } else {
        Degree::Low
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
            labels: (0..samples[0].len())
                .map(|k| Summary::of(&samples.iter().map(|s| s[k]).collect::<Vec<_>>()))
                .collect(),
            samples,
            ..Posterior::default()
        }
    }

    /// Normal, bacterial and viral pneumonia.
    fn chest() -> Manifest {
        crate::model::registry::manifest("chest-xray").unwrap()
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
    fn uncertainty_is_spoken_plainly() {
        let torn = posterior(vec![vec![0.95, 0.05, 0.0], vec![0.05, 0.95, 0.0]]);
        let said = words(&torn, &chest());
        assert!(said.starts_with("The model disagrees with itself between Normal and Bacterial pneumonia ("), "{said}");
        let undecided = posterior(vec![vec![0.4, 0.3, 0.3]; 4]);
        let said = words(&undecided, &chest());
        assert!(said.contains("between Normal, Bacterial pneumonia and Viral pneumonia (entropy high)"), "{said}");
        let sure = posterior(vec![vec![0.98, 0.01, 0.01]; 4]);
        assert!(words(&sure, &chest()).contains("steady, not right"));
        assert!(torn.doubtful(&Summary::of(&[0.9, 0.9]), 0.5));
        assert!(!sure.doubtful(&Summary::of(&[0.9, 0.9]), 0.5));
        assert!(sure.doubtful(&Summary::of(&[0.4, 0.9]), 0.5));
    }

    #[test]
    fn beside_a_group_that_is_certain_it_is_said_between_what_the_model_hesitates() {
        let kinds = posterior(vec![vec![0.003, 0.85, 0.147]; 4]);
        let said = words(&kinds, &chest());
        let expected = "hesitates between Bacterial pneumonia and Viral pneumonia, both Pneumonia (entropy moderate)";
        assert!(said.contains(expected), "{said}");
        let ensemble = Posterior { source: SampleSource::Ensemble, ..kinds.clone() };
        assert!(words(&ensemble, &chest()).starts_with("The models hesitate between"));
        let independent = Manifest { head: Head::Sigmoid, ..chest() };
        let said = words(&Posterior { max_entropy: 1.0, ..kinds }, &independent);
        assert!(said.contains("about Bacterial pneumonia and Viral pneumonia"), "{said}");
    }

    #[test]
    fn entropies_are_shown_as_a_part_of_the_largest() {
        let even = posterior(vec![vec![1.0, 0.0], vec![0.0, 1.0]]);
        assert_eq!(
            even.entropy_in_words(),
            "Entropy 1.00 of 1: 0.00 uncertainty about the image (aleatoric), 1.00 uncertainty about the model (epistemic)"
        );
    }
}
