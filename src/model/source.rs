//! Where the weights of a model were published: `[source]` of a manifest.

use serde::{Deserialize, Serialize};

/// `[source]`: the file that the weights came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Page of the publisher.
    pub page: String,
    /// Where the file was published.
    pub address: String,
    /// SHA-256 of the file as it came, lower-case hex; that of the weights as they are kept is another.
    pub sha256: String,
    /// What the hash was compared with.
    pub identity: Identity,
    /// What is to be cited.
    pub citation: String,
}

/// What the hash of a file was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Identity {
    /// A whole SHA-256.
    Stated,
    /// The first digits of a SHA-256.
    Digits,
    /// Nothing; nobody is known to state one.
    Recorded,
}

impl Identity {
    /// What the hash of the file says, as the end of a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Stated => "the one that is known of this file",
            Self::Digits => "it begins with the digits that the publisher put into the file's name",
            Self::Recorded => {
                "recorded, for nobody is known to state one; whether the file is the one that was published cannot be told"
            }
        }
    }
}
