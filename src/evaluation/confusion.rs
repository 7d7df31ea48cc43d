//! Counts of right and wrong decisions, and the rates made from them.
//!
//! A rate whose denominator is empty is `None`, never 0: sensitivity without a positive image says
//! nothing.

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

    /// Share of the negative calls that are right (negative predictive value at this prevalence).
    pub fn negative_predictive_value(self) -> Option<f64> {
        ratio(self.true_negatives, self.true_negatives + self.false_negatives)
    }

    /// The decisions of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            true_positives: self.true_positives + other.true_positives,
            false_positives: self.false_positives + other.false_positives,
            true_negatives: self.true_negatives + other.true_negatives,
            false_negatives: self.false_negatives + other.false_negatives,
        }
    }

    /// Counts of all images.
    pub fn n(self) -> usize {
        self.true_positives + self.false_positives + self.true_negatives + self.false_negatives
    }

    /// Rows: absent, present; columns: called absent, called present.
    pub fn confusion(self) -> Confusion {
        Confusion(vec![
            vec![self.true_negatives, self.false_positives],
            vec![self.false_negatives, self.true_positives],
        ])
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion(pub Vec<Vec<usize>>);

impl Confusion {
    /// Counts decisions among `classes` classes.
    #[must_use]
    pub fn of(truth: &[usize], called: &[usize], classes: usize) -> Self {
        let mut counts = vec![vec![0; classes]; classes];
        for (&t, &c) in truth.iter().zip(called) {
            counts[t][c] += 1;
        }
        Self(counts)
    }

    /// Share of the images that are called what they are.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.right(), self.n())
    }

    /// Mean over the classes that occur of the share that is called rightly (macro recall).
    #[must_use]
    pub fn balanced_accuracy(&self) -> Option<f64> {
        mean((0..self.0.len()).map(|k| ratio(self.0[k][k], self.0[k].iter().sum())))
    }

    /// Cohen's kappa (1960): agreement beyond what the margins alone give, `(pₒ − pₑ) / (1 − pₑ)`.
    #[must_use]
    pub fn kappa(&self) -> Option<f64> {
        let n = self.n() as f64;
        let (rows, columns) = self.margins();
        let chance = rows.iter().zip(&columns).map(|(r, c)| r * c).sum::<f64>() / (n * n);
        (n > 0.0 && chance < 1.0).then(|| (self.right() as f64 / n - chance) / (1.0 - chance))
    }

    /// Matthews' correlation of truth and call for any number of classes (Gorodkin 2004); `None`
    /// where either never varies.
    #[must_use]
    pub fn mcc(&self) -> Option<f64> {
        let n = self.n() as f64;
        let (rows, columns) = self.margins();
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let spread = (n * n - product(&rows, &rows)) * (n * n - product(&columns, &columns));
        (spread > 0.0).then(|| (self.right() as f64 * n - product(&rows, &columns)) / spread.sqrt())
    }

    /// Decisions about one class against all others.
    #[must_use]
    pub fn against_rest(&self, class: usize) -> Binary {
        let row: usize = self.0[class].iter().sum();
        let column: usize = self.0.iter().map(|r| r[class]).sum();
        let hits = self.0[class][class];
        Binary {
            true_positives: hits,
            false_positives: column - hits,
            true_negatives: self.n() + hits - row - column,
            false_negatives: row - hits,
        }
    }

    fn n(&self) -> usize {
        self.0.iter().flatten().sum()
    }

    fn right(&self) -> usize {
        (0..self.0.len()).map(|k| self.0[k][k]).sum()
    }

    /// Images of each true class, and of each called class.
    fn margins(&self) -> (Vec<f64>, Vec<f64>) {
        let rows = self.0.iter().map(|r| r.iter().sum::<usize>() as f64).collect();
        let columns = (0..self.0.len()).map(|k| self.0.iter().map(|r| r[k]).sum::<usize>() as f64).collect();
        (rows, columns)
    }
}

/// Mean of what is known; `None` where nothing is.
#[must_use]
pub fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    crate::stats::mean(values.flatten())
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
        assert!(close(counts.negative_predictive_value().unwrap(), golden.npv));
        assert!(close(counts.confusion().mcc().unwrap(), golden.mcc));
        assert!(close(counts.confusion().kappa().unwrap(), golden.kappa));
    }

    #[test]
    fn figures_of_several_classes_are_those_of_scikit_learn() {
        let golden = read();
        let called: Vec<usize> = golden.probabilities.iter().map(|p| argmax(p)).collect();
        let confusion = Confusion::of(&golden.truth, &called, 3);
        assert_eq!(confusion.0, golden.confusion);
        assert!(close(confusion.accuracy().unwrap(), golden.accuracy));
        assert!(close(confusion.balanced_accuracy().unwrap(), golden.balanced_accuracy));
        assert!(close(confusion.kappa().unwrap(), golden.kappa));
        assert!(close(confusion.mcc().unwrap(), golden.mcc));
        let each: Vec<Binary> = (0..3).map(|k| confusion.against_rest(k)).collect();
        for (k, class) in each.iter().enumerate() {
            assert!(close(class.precision().unwrap(), golden.precision[k]));
            assert!(close(class.sensitivity().unwrap(), golden.recall[k]));
            assert!(close(class.f1().unwrap(), golden.f1[k]));
        }
        assert!(close(mean(each.iter().map(|c| c.f1())).unwrap(), golden.macro_f1));
    }

    #[test]
    fn agreement_that_cannot_be_told_from_chance_is_unknown() {
        let one_class = Confusion(vec![vec![5, 0], vec![0, 0]]);
        assert_eq!((one_class.kappa(), one_class.mcc()), (None, None));
        assert_eq!(one_class.balanced_accuracy(), Some(1.0));
        let never_called = Confusion(vec![vec![5, 0], vec![3, 0]]);
        assert_eq!((never_called.kappa(), never_called.mcc()), (Some(0.0), None));
    }

    #[test]
    fn a_rate_without_images_is_unknown() {
        let counts = Binary::at(0.5, &[0.1, 0.9], &[false, false]);
        assert_eq!(counts.sensitivity(), None);
        assert_eq!(counts.specificity(), Some(0.5));
        assert_eq!(Confusion::default().accuracy(), None);
    }
}
