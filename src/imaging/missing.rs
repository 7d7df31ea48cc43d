//! What of an image is not there.
//!
//! Decoders fill what is missing with grey, and a model scores the grey: a radiograph whose copy
//! was interrupted often gets another top class. So what is missing is data of the pixels: it is
//! blanked, shown with a mark, and never scored unless somebody insists.

use serde::{Deserialize, Serialize};

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
