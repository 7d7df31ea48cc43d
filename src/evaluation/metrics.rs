//! Counts of right and wrong decisions, and the rates made from them.
//!
//! A rate whose denominator is empty is `None`, never 0: sensitivity without a positive image says nothing.

/// Decisions at one threshold against the truth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Binary {
    pub true_positives: usize,
    pub false_positives: usize,
    pub true_negatives: usize,
    pub false_negatives: usize,
}

impl Binary {
    /// Calls positive what scores at least `threshold`.
    #[must_use]
    pub fn at(threshold: f64, scores: &[f64], positive: &[bool]) -> Self {
        let mut counts = Self::default();
        for (&score, &positive) in scores.iter().zip(positive) {
            *match (score >= threshold, positive) {
                (true, true) => &mut counts.true_positives,
                (true, false) => &mut counts.false_positives,
                (false, false) => &mut counts.true_negatives,
                (false, true) => &mut counts.false_negatives,
            } += 1;
        }
        counts
    }

    pub fn accuracy(self) -> Option<f64> {
        let right = self.true_positives + self.true_negatives;
        ratio(right, right + self.false_positives + self.false_negatives)
    }

    /// Share of the positive images that are called positive (recall).
    pub fn sensitivity(self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// Share of the negative images that are called negative.
    pub fn specificity(self) -> Option<f64> {
        ratio(self.true_negatives, self.true_negatives + self.false_positives)
    }

    /// Share of the calls that are right (positive predictive value at this prevalence).
    pub fn precision(self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// Harmonic mean of precision and sensitivity.
    pub fn f1(self) -> Option<f64> {
        ratio(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Index of the largest value, the first of equals.
#[must_use]
pub fn argmax(values: &[f64]) -> usize {
    (0..values.len()).fold(0, |best, k| if values[k] > values[best] { k } else { best })
}

/// Counts of each true class (rows) called each class (columns).
#[must_use]
pub fn confusion(truth: &[usize], called: &[usize], classes: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; classes]; classes];
    for (&t, &c) in truth.iter().zip(called) {
        counts[t][c] += 1;
    }
    counts
}

/// Share of images whose called class is the true one.
#[must_use]
pub fn accuracy(truth: &[usize], called: &[usize]) -> Option<f64> {
    ratio(truth.iter().zip(called).filter(|(t, c)| t == c).count(), truth.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::golden::{close, read};

    #[test]
    fn rates_at_a_threshold_are_those_of_scikit_learn() {
        let golden = read().binary;
        let counts = Binary::at(golden.threshold, &golden.score, &golden.positive);
        assert!(close(counts.accuracy().unwrap(), golden.accuracy));
        assert!(close(counts.sensitivity().unwrap(), golden.sensitivity));
        assert!(close(counts.specificity().unwrap(), golden.specificity));
        assert!(close(counts.precision().unwrap(), golden.precision));
        assert!(close(counts.f1().unwrap(), golden.f1));
    }

    #[test]
    fn accuracy_and_confusion_are_those_of_scikit_learn() {
        let golden = read();
        let called: Vec<usize> = golden.probabilities.iter().map(|p| argmax(p)).collect();
        assert!(close(accuracy(&golden.truth, &called).unwrap(), golden.accuracy));
        assert_eq!(confusion(&golden.truth, &called, 3), golden.confusion);
    }

    #[test]
    fn a_rate_without_images_is_unknown() {
        let counts = Binary::at(0.5, &[0.1, 0.9], &[false, false]);
        assert_eq!(counts.sensitivity(), None);
        assert_eq!(counts.specificity(), Some(0.5));
        assert_eq!(accuracy(&[], &[]), None);
    }
}
