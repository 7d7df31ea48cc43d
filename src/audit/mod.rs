//! The audit journal: which image was judged by which model and version, what of it was shown, and
//! what went out.
//!
//! Why: who runs a model on patients must be able to say later what a reader could see. The journal
//! stays on this machine and holds no patient data: images stand in it by the SHA-256 of their
//! pixels, models by that of their weights, and of results only their kind, never their values, which
//! the same image, model and version give again.
//!
//! It is a text of one JSON object a line, only ever added to. Each line holds the SHA-256 of the line
//! before it (all bytes between two line breaks; of the first line 64 zeros stand in its place), so a
//! line that was changed, removed, inserted or moved breaks the chain behind it (Schneier and Kelsey
//! 1999, "Secure audit logs to support computer forensics", ACM TISSEC 2(2): 159–176, of which this
//! is the part without keys).
//!
//! **What a chain cannot show.** Nothing comes behind the last line, so lines that are cut off at the
//! end leave a chain that holds; and whoever may write the file may write all of it anew. The number
//! of lines and the last hash, the *head*, are therefore kept in a second file beside it, which shows
//! what is cut off by somebody who does not know of it, and [`verify::verify`] prints the head: noted
//! somewhere else, on paper or in another system, it shows every later change of what it stood for.
//!
//! ```text
//! Entry ─► Journal::append: lock, mend a torn end, chain, write, sync, head ─► journal.jsonl
//!                                                                   verify ◄──┘
//! ```

pub mod entry;
pub mod head;
pub mod journal;
pub mod line;
pub mod verify;

use std::io;
use std::path::PathBuf;

pub use entry::{Entry, Event, ImageHash, ModelHash, What};
pub use journal::Journal;

/// Why a journal could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("the audit journal {} could not be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("the audit journal {} could not be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the audit journal {} is {what}, not a file", path.display())]
    NotAFile { path: PathBuf, what: &'static str },
    #[error(
        "the last line of the audit journal {} is none that this program wrote, so nothing can follow it; check it with \
         `pellucid audit verify`, and move it away to begin a new one",
        path.display()
    )]
    Broken { path: PathBuf },
    #[error("an entry for the audit journal is longer than {0} bytes; this is a fault of Pellucid")]
    Long(usize),
}
