//! The files below some folders, found by what a table calls them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::files::walk::files_below;
use crate::limits;
use crate::training::data::listed::name_of;
use crate::training::{Error, Result};

/// The files below some folders, by name.
pub(super) struct FilesByName {
    folders: Vec<PathBuf>,
    by_name: HashMap<String, Vec<PathBuf>>,
}

impl FilesByName {
    pub(super) fn below(folders: Vec<PathBuf>) -> Result<Self> {
        let mut by_name: HashMap<String, Vec<PathBuf>> = HashMap::new();
        for folder in &folders {
            if let Err(source) = std::fs::read_dir(folder) {
                return Err(Error::Read { path: folder.clone(), source });
            }
            for path in files_below(folder).flatten().take(4 * limits::FILES_AT_ONCE) {
                by_name.entry(name_of(&path)).or_default().push(path);
            }
        }
        Ok(Self { folders, by_name })
    }

    /// The file that the table calls `name`.
    pub(super) fn find(&self, name: &str) -> Option<PathBuf> {
        let wanted = Path::new(name);
        // A table may name only what lies below the folders: a path that climbs out of them is
        // matched by its name.
        if wanted.components().all(|c| matches!(c, std::path::Component::Normal(_)))
            && let Some(file) = self.folders.iter().map(|f| f.join(wanted)).find(|f| f.is_file())
        {
            return Some(file);
        }
        let agree = |file: &&PathBuf| {
            let ends = file.components().rev().zip(wanted.components().rev());
            ends.take_while(|(a, b)| a == b).count()
        };
        // `max_by_key` takes the last of equals, the sorted first is wanted: the order is turned
        // round.
        self.by_name.get(&name_of(wanted))?.iter().rev().max_by_key(agree).cloned()
    }
}
