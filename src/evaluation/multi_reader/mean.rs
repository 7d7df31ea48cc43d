//! A figure that is the mean of one value a case: a share of cases (values 0 and 1), the logarithm
//! of reading times.
//!
//! How often a model's wrong answers were followed is such a share, over the cases on which it was
//! wrong. Its mean over readers has an interval for other readers and other cases like any area.

use super::errors::MultiReaderError;
use super::figure::Figure;

/// The mean of `values`, one a case.
pub fn figure(values: &[f64]) -> Result<Figure, MultiReaderError> {
    Figure::of_values(values, false)
}

/// The share of cases of which `values` say 1, and of the others 0.
pub fn share(values: &[f64]) -> Result<Figure, MultiReaderError> {
    Figure::of_values(values, true)
}
