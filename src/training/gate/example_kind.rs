//! What an example of a batch is: a wanted image as it is or changed, or one of the kinds to be
//! refused.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use super::negatives::{KINDS, NegativeKind};
use crate::model::gate::GateClass;

/// Where an image of a batch comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExampleKind {
    /// A wanted image as it is.
    Plain,
    /// A wanted image as other machines might show it.
    Varied,
    Child,
    Adult,
    Turned,
    Inverted,
    Pieces,
    /// An image of the other folders.
    Other,
    Synthetic(NegativeKind),
}

impl ExampleKind {
    /// One for training, by fixed shares.
    pub(super) fn drawn(rng: &mut ChaCha8Rng) -> Self {
        match rng.random_range(0..100) {
            0..6 => Self::Plain,
            6..28 => Self::Varied,
            28..30 => Self::Child,
            30..36 => Self::Adult,
            36..47 => Self::Turned,
            47..55 => Self::Inverted,
            55..62 => Self::Pieces,
            62..71 => Self::Other,
            _ => Self::Synthetic(KINDS[rng.random_range(0..KINDS.len())]),
        }
    }

    /// What the gate should say to it.
    pub fn seen(self) -> GateClass {
        match self {
            Self::Plain | Self::Varied | Self::Child | Self::Adult => GateClass::Wanted,
            Self::Turned => GateClass::Turned,
            Self::Inverted => GateClass::Inverted,
            Self::Pieces | Self::Other | Self::Synthetic(_) => GateClass::Other,
        }
    }

    /// Name for tables.
    pub fn name(self) -> String {
        match self {
            Self::Plain => "wanted".into(),
            Self::Varied => "wanted, varied".into(),
            Self::Child => "phantoms, child".into(),
            Self::Adult => "phantoms, adult".into(),
            Self::Turned => "wanted, turned".into(),
            Self::Inverted => "wanted, inverted".into(),
            Self::Pieces => "wanted, in pieces".into(),
            Self::Other => "other folders".into(),
            Self::Synthetic(kind) => format!("synthetic: {kind:?}"),
        }
    }
}
