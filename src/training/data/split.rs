//! Training, validation, calibration and test, apart by patient.
//!
//! Images of one patient are alike in ways that no other patient shares; a split by file lets a
//! network recognise patients and flatters every metric. What decides, in this order: a split file,
//! the parts that the data themselves give (a column, an archive), shares. Shares of exclusive
//! classes: patients are grouped by their majority class, shuffled by the seed, and cut into
//! consecutive shares of as nearly equal numbers of patients as can be: share `fold` validates, the
//! last one is for tests. Shares of findings that may coincide: see [`self::stratify`]. Who
//! calibrates is taken out of training at the end: see [`self::calibration_part`].

pub mod calibration_part;
mod majority;
pub mod make;
pub mod processing;
pub mod split_file;
pub mod split_table;
mod stratify;

use super::part::SplitPart;

/// Numbers of samples, each list in rising order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    pub training: Vec<usize>,
    pub validation: Vec<usize>,
    /// Empty where none is set apart: the validation part calibrates then.
    pub calibration: Vec<usize>,
    pub test: Vec<usize>,
    /// Why nobody calibrates apart, where that was wanted.
    pub no_calibration: Option<String>,
    /// What should be known of this split, in sentences.
    pub remarks: Vec<String>,
}

/// Shares of the patients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    pub validation: f64,
    pub test: f64,
    /// Which of the shares validates.
    pub fold: usize,
}

impl Split {
    /// The samples of a part.
    pub fn part(&self, part: SplitPart) -> &[usize] {
        match part {
            SplitPart::Training => &self.training,
            SplitPart::Validation => &self.validation,
            SplitPart::Calibration => &self.calibration,
            SplitPart::Test => &self.test,
        }
    }

    /// The part of a sample.
    pub fn of(&self, sample: usize) -> Option<SplitPart> {
        SplitPart::ALL.into_iter().find(|p| self.part(*p).binary_search(&sample).is_ok())
    }

    pub(super) fn push(&mut self, part: SplitPart, sample: usize) {
        match part {
            SplitPart::Training => self.training.push(sample),
            SplitPart::Validation => self.validation.push(sample),
            SplitPart::Calibration => self.calibration.push(sample),
            SplitPart::Test => self.test.push(sample),
        }
    }

    pub(super) fn sort(&mut self) {
        self.training.sort_unstable();
        self.validation.sort_unstable();
        self.calibration.sort_unstable();
        self.test.sort_unstable();
    }
}
