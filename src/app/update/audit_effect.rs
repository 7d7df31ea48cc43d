//! What the audit journal is told, and what comes back.

use std::path::PathBuf;

use crate::app::state::Reason;
use crate::audit::{Entry, ImageHash, ModelHash};

/// What must happen outside the state.
#[derive(Clone, Debug)]
pub enum AuditEffect {
    Write(Entry),
    /// A report was written: its files are hashed.
    Exported {
        pdf: PathBuf,
        image: Option<ImageHash>,
        model: Option<ModelHash>,
    },
    /// Nothing more will be written.
    End,
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum AuditMessage {
    /// A torn end was cut off: so many bytes.
    Mended(u64),
    NotWritten(Reason),
}
