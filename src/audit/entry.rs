//! What an entry of the journal says. Its types hold nothing that could name a patient.

use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A program began to write.
    Started,
    /// A program ended by itself.
    Ended,
    /// A model's result was on the screen.
    Shown,
    /// A result was computed and not shown.
    Scored,
    /// A result, or something that holds one, was written to a file.
    Exported,
    /// It was sent to another system.
    Sent,
    /// The model or a threshold is another one than before.
    Changed,
    /// A reader answered a finding, drew a mark or wrote a remark.
    Answered,
    /// The end of the journal was torn and was cut off.
    Mended,
    /// Lines at the end of the journal were gone, or others, when a program went on writing.
    Shortened,
}

/// An image, by its pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageHash {
    /// SHA-256 of size and modality values, lower-case hex.
    pub pixels_sha256: String,
    /// From 0.
    pub frame: u32,
}

/// A model, by its weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelHash {
    pub name: String,
    pub version: String,
    /// SHA-256 of the weights, lower-case hex.
    pub sha256: String,
}

/// What was shown, written or sent: a kind, and of which label or file format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct What {
    /// A word of the program: `scores`, `map`, `report`, `dicom-sr`.
    pub kind: String,
    /// A label or group of the model, a method, a name of a peer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub of: String,
    /// SHA-256 of the file that was written, where one was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
}

/// An entry, before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub event: Event,
    /// `viewer`, `serve`, `report` …
    pub program: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageHash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelHash>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what: Vec<What>,
}

impl What {
    /// A kind alone.
    #[must_use]
    pub fn new(kind: &'static str) -> Self {
        Self { kind: kind.to_owned(), of: String::new(), sha256: String::new() }
    }

    /// Of a label, a method or a peer. Never of anything that a patient's file says.
    #[must_use]
    pub fn of(self, of: &str) -> Self {
        Self { of: of.chars().take(300).collect(), ..self }
    }

    /// Of a file with this SHA-256.
    #[must_use]
    pub fn with_sha256(self, sha256: &str) -> Self {
        Self { sha256: sha256.to_owned(), ..self }
    }
}

impl Entry {
    /// Of no image and no model.
    #[must_use]
    pub fn new(event: Event, program: &'static str) -> Self {
        Self { event, program: program.to_owned(), image: None, model: None, what: Vec::new() }
    }

    /// About an image and the model that judged it.
    #[must_use]
    pub fn about(self, image: ImageHash, model: ModelHash) -> Self {
        Self { image: Some(image), model: Some(model), ..self }
    }

    /// With what was shown, written or sent.
    #[must_use]
    pub fn with(self, what: Vec<What>) -> Self {
        Self { what, ..self }
    }
}
