//! Why an image must not be scored: part of it is missing, or pixels are no numbers.

use thiserror::Error;

use super::Frame;

/// Why a frame must not be scored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unscorable {
    /// The sentence of [`Missing::in_words`](crate::imaging::missing::Missing::in_words); who
    /// insists gets scores all the same.
    #[error("{0}")]
    Incomplete(String),
    /// No network can make scores of it, whoever insists.
    #[error("{count} of {of} pixels are no finite numbers, so the image cannot be scored.")]
    NotFinite { count: usize, of: usize },
}

impl Frame {
    /// Whether the image may be scored.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub fn scorable(&self) -> Result<(), Unscorable> {
        let values = &self.pixels.plane.values;
        let count = values.iter().filter(|v| !v.is_finite()).count();
        if count > 0 {
            return Err(Unscorable::NotFinite { count, of: values.len() });
        }
        match self.pixels.missing {
            Some(missing) => Err(Unscorable::Incomplete(missing.in_words(self.pixels.plane.height))),
            None => Ok(()),
        }
    }
}
