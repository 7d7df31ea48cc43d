//! Files that come to lie in the inbox, by the receiver or by another program.
//!
//! A file of another program may still be written: it is taken once it has stayed the same from one
//! look to the next. What is no DICOM file is passed over, and said once.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::SystemTime;

use super::ServeError;
use super::board::Board;
use crate::pacs::uid::Uid;
use crate::study::wire::StoredObject;

/// What was seen of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// So long, changed then.
    Lately(u64, Option<SystemTime>),
    /// It was looked into.
    Taken(u64, Option<SystemTime>),
}

/// The watch on a folder.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seen: HashMap<OsString, Seen>,
}

impl Watch {
    /// Looks once, and notes what is new. Says whether a file still changes.
    pub(super) fn look(&mut self, inbox: &Path, board: &Board) -> Result<bool, ServeError> {
        let entries = std::fs::read_dir(inbox).map_err(|source| ServeError::Write { what: "the inbox", source })?;
        let (mut now, mut changes) = (HashMap::new(), false);
        for entry in entries.flatten() {
            let name = entry.file_name();
            let hidden = name.to_string_lossy().starts_with('.');
            let Some(about) = entry.metadata().ok().filter(|about| about.is_file() && !hidden) else { continue };
            let (length, changed) = (about.len(), about.modified().ok());
            let seen = match self.seen.get(&name) {
                Some(seen @ Seen::Taken(l, c)) if (*l, *c) == (length, changed) => *seen,
                Some(Seen::Lately(l, c)) if (*l, *c) == (length, changed) => {
                    take(&entry.path(), &name.to_string_lossy(), board)?;
                    Seen::Taken(length, changed)
                }
                _ => {
                    changes = true;
                    Seen::Lately(length, changed)
                }
            };
            now.insert(name, seen);
        }
        self.seen = now;
        Ok(changes)
    }
}

fn take(path: &Path, name: &str, board: &Board) -> Result<(), ServeError> {
    match StoredObject::open(path).map(|object| Uid::of(&object.sop_instance)) {
        Ok(Ok(instance)) => {
            if board.received(instance.as_str(), name)? {
                log::info!("image {} lies in the inbox", instance.short_hash());
            }
        }
        // What stands in the place of a UID may be anything, and is not quoted.
        Ok(Err(_)) => log::warn!("a file in the inbox is passed over: its SOP Instance UID is none"),
        Err(error) => log::warn!("a file in the inbox is passed over: {error}"),
    }
    Ok(())
}
