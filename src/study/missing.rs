//! What of an image is not there, and why an image must not be scored.
//!
//! Decoders fill what is missing with grey, and a model scores the grey: a radiograph whose copy was interrupted often gets
//! another top class. So what is missing is data of the frame: it is blanked, shown with a mark, and never scored
//! unless somebody insists.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Frame;

/// What of an image is not there because its data ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// The rows from this one on (from 0) are not there, or not whole.
    Rows { from: usize },
    /// Data that gives the whole image coarsely first ended before its last parts.
    Detail,
}

impl Missing {
    /// A sentence on an image of so many rows.
    #[must_use]
    pub fn in_words(self, rows: usize) -> String {
        match self {
            Self::Rows { from } => {
                // Rounded down: what lacks a row is never all there.
                let share = match 100 * from / rows.max(1) {
                    0 => "less than 1 %".to_owned(),
                    percent => format!("{percent} %"),
                };
                format!(
                    "The image data ends early or is damaged: {share} of the rows are there, nothing is known from row \
                     {} of {rows} on. Get the file again.",
                    from + 1
                )
            }
            Self::Detail => {
                "The image data ends early or is damaged: only its first scans are there, and fine detail is \
                             missing from the whole image. Get the file again."
                    .into()
            }
        }
    }

    /// The first row that is covered by a mark.
    #[must_use]
    pub fn first_row(self) -> usize {
        match self {
            Self::Rows { from } => from,
            Self::Detail => 0,
        }
    }

    /// A few words for the mark itself.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Rows { .. } => "No data: the file ends early",
            Self::Detail => "Detail is missing: the file ends early",
        }
    }
}

/// Why a frame must not be scored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unscorable {
    /// The sentence of [`Missing::in_words`]; who insists gets scores all the same.
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
        let values = &self.plane.values;
        let count = values.iter().filter(|v| !v.is_finite()).count();
        if count > 0 {
            return Err(Unscorable::NotFinite { count, of: values.len() });
        }
        match self.missing {
            Some(missing) => Err(Unscorable::Incomplete(missing.in_words(self.plane.height))),
            None => Ok(()),
        }
    }

    /// Makes what is missing black, so that nothing is shown that a decoder made up.
    ///
    /// Black is the darkest value that is there, not that of the value range, which may be far from it.
    pub(super) fn blank_missing(&mut self) {
        let Some(Missing::Rows { from }) = self.missing else { return };
        let begin = (from * self.plane.width).min(self.plane.values.len());
        let (there, missing) = self.plane.values.split_at_mut(begin);
        let finite = there.iter().copied().filter(|v| v.is_finite());
        let darkest = if self.inverted { finite.reduce(f32::max) } else { finite.reduce(f32::min) };
        missing.fill(darkest.unwrap_or(0.0));
        if let Some(color) = &mut self.color {
            let color = std::sync::Arc::make_mut(color);
            let there = from * color.width() as usize * 3;
            color.iter_mut().skip(there).for_each(|v| *v = 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_the_rows_is_never_rounded_up() {
        let words = |from, rows| Missing::Rows { from }.in_words(rows);
        assert!(words(999, 1000).contains("99 % of the rows are there, nothing is known from row 1000 of 1000 on"));
        assert!(words(1, 1000).contains("less than 1 % of the rows"));
    }
}
