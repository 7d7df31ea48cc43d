//! Which image measurements belong to: its pixels, its UID and its frame together.
//!
//! A UID alone does not do: files share one by mistake, and pictures have none of their own. Pixels
//! alone do not either: two blank images are equal. Where the same file is opened again from
//! another place all three agree.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::files::{hex, sha256};
use crate::study::Frame;

/// Values that are hashed at once.
const CHUNK: usize = 1 << 14;

/// What tells an image from all others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ImageIdentity {
    /// SHA-256 of size and modality values, lower-case hex; empty in a file that names nobody.
    pub pixels_sha256: String,
    /// Of a picture, which has none, the hash of its file; empty in a file that names nobody.
    pub sop_instance_uid: String,
    /// From 0.
    pub frame: u32,
}

impl ImageIdentity {
    /// Of a decoded frame. It takes as long as reading its pixels once.
    #[must_use]
    pub fn of(frame: &Frame) -> Self {
        Self {
            pixels_sha256: pixels_sha256(frame),
            sop_instance_uid: frame.entry.identity.sop_instance_uid.clone(),
            frame: frame.index,
        }
    }

    /// A name for a file that tells nobody whose image it is.
    #[must_use]
    pub fn file_stem(&self) -> String {
        sha256(format!("{}\n{}\n{}", self.pixels_sha256, self.sop_instance_uid, self.frame).as_bytes())
    }
}

/// SHA-256 of columns, rows, modality values (32-bit floats) and colours, all little-endian.
fn pixels_sha256(frame: &Frame) -> String {
    let plane = &frame.pixels.plane;
    let mut hasher = Sha256::new();
    hasher.update((plane.width as u64).to_le_bytes());
    hasher.update((plane.height as u64).to_le_bytes());
    let mut bytes = Vec::with_capacity(4 * CHUNK);
    for values in plane.values.chunks(CHUNK) {
        bytes.clear();
        bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        hasher.update(&bytes);
    }
    if let Some(color) = &frame.pixels.color {
        hasher.update(color.as_raw());
    }
    hex(&hasher.finalize())
}
