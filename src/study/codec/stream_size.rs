//! The size that a stream tells of its image, held against that of the object.

use crate::study::StudyError;
use crate::study::guard::PixelLayout;

/// What a stream says of the image in it.
pub(super) struct StreamSize {
    pub columns: usize,
    pub rows: usize,
    pub samples: usize,
}

impl StreamSize {
    /// Refuses a stream whose image has another size than the object says.
    pub(super) fn must_be_that_of(&self, layout: &PixelLayout) -> Result<(), StudyError> {
        if (self.columns, self.rows, self.samples) == (layout.columns, layout.rows, layout.samples) {
            return Ok(());
        }
        Err(StudyError::Malformed(format!(
            "the compressed frame has {} × {} pixels of {} sample(s), the object {} × {} of {}",
            self.columns, self.rows, self.samples, layout.columns, layout.rows, layout.samples
        )))
    }
}
