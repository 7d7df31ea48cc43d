//! What the publisher of weights says of them: for the manifest and the card.

use std::fmt::Write as _;

use crate::model::population::Population;
use crate::model::source::Source;

/// What is known of published weights beside the file itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    pub title: String,
    pub source: Source,
    /// Data sets that they were trained on.
    pub data: String,
    /// The patients that they were measured on, where that is stated.
    pub population: Option<Population>,
    /// Operating points, one an output; NaN where there is none.
    pub thresholds: Option<Vec<f32>>,
    /// Share of the shorter side that a centre crop keeps, where it is not the preset's.
    pub crop: Option<f32>,
    /// Sentences on what is peculiar to them.
    pub notes: Vec<String>,
}

impl Published {
    /// The part of the card that says where they come from.
    pub(super) fn words(&self) -> String {
        let Source { page, address, sha256, identity, citation } = &self.source;
        let mut words = String::new();
        let _ = writeln!(words, "{}: <{page}>.\n\nThe file was published at <{address}>.", self.title);
        let _ = writeln!(words, "Its SHA-256 is {sha256}: {}.\n\nTo be cited: {citation}.", identity.words());
        words
    }
}
