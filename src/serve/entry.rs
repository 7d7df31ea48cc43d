//! What the journal says: one step of one image a line.

use serde::{Deserialize, Serialize};

use super::drift::Observation;

/// A result that lies in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeResult {
    pub sop_class: String,
    pub sop_instance: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// The image lies in the inbox, in this file.
    Received { file: String },
    /// Its scoring began.
    Begun,
    /// Its results lie in the outbox; none where nothing can be sent of it.
    Made {
        results: Vec<MadeResult>,
        /// What the model made of it, for the watch on drift.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<Observation>,
        /// SHA-256 of the image's file when it was scored.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image_sha256: Option<String>,
    },
    /// It cannot be scored.
    Refused { because: String },
    /// A peer took a result.
    Sent { result: String, peer: String },
    /// A peer did not take a result, for good.
    GivenUp { result: String, because: String },
    /// A peer answers for the results.
    Committed { results: Vec<String> },
    /// A peer does not answer for results: they are sent once more.
    Uncommitted { results: Vec<String> },
    /// A wish for storage commitment went out under this transaction.
    Asked { transaction: String },
    /// Everything of it was sent, given up, or there was nothing to send.
    Done,
    /// A notice on drift, of no image.
    Notice { text: String },
    /// It is to be done once more, because somebody asked for it.
    Again,
}

/// A line, before it has its number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// SOP Instance UID of the image; empty for a notice.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub image: String,
    #[serde(flatten)]
    pub step: Step,
}

impl Entry {
    /// A step of an image.
    #[must_use]
    pub fn new(image: &str, step: Step) -> Self {
        Self { image: image.to_owned(), step }
    }
}
