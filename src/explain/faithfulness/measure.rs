//! The measures of faithfulness, and what each found for one map and its control maps.

use serde::{Deserialize, Serialize};

/// What is measured on the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Area under the deletion curve.
    Deletion,
    /// Area under the insertion curve.
    Insertion,
    /// ROAD, combined.
    Road,
    /// Drop in confidence.
    Drop,
}

impl Measure {
    /// Every measure, in the order of the panel.
    pub const ALL: [Self; 4] = [Self::Deletion, Self::Insertion, Self::Road, Self::Drop];

    /// Name in the panel and in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deletion => "Deletion",
            Self::Insertion => "Insertion",
            Self::Road => "ROAD",
            Self::Drop => "Drop in confidence",
        }
    }

    /// Name in JSON and CSV.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Deletion => "deletion",
            Self::Insertion => "insertion",
            Self::Road => "road",
            Self::Drop => "drop",
        }
    }

    /// Which way is better.
    #[must_use]
    pub fn better(self) -> Better {
        match self {
            Self::Deletion | Self::Drop => Better::Lower,
            Self::Insertion | Self::Road => Better::Higher,
        }
    }
}

/// Which way a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    Lower,
    Higher,
}

/// One measure of one map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    pub value: f64,
    /// What the value sums up: `[share of pixels, score]` of deletion and insertion,
    /// `[percentile, (LeRF − MoRF)/2]` of ROAD; empty for the drop.
    pub curve: Vec<[f64; 2]>,
}

/// One measure of the map and of its control maps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    pub measure: Measure,
    pub better: Better,
    pub map: Measurement,
    /// The centred Gaussian that is as large as the map.
    pub blob: Measurement,
    /// The random map as coarse as the map.
    pub random: Measurement,
}
