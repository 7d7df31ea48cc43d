//! Results on the disk between being made and being done: a folder an image, a private file a result.

use std::path::{Path, PathBuf};

use super::entry::MadeResult;
use super::{ResultFile, ServeError};
use crate::files::{sha256, sha256_of_file, writing};
use crate::limits;
use crate::pacs::uid::Uid;
use crate::study::wire::StoredObject;

/// The folder of all results.
#[derive(Debug)]
pub(super) struct Outbox(PathBuf);

impl Outbox {
    pub(super) fn at(folder: PathBuf) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Write { what: "the outbox", source };
        crate::files::kept_folder::make_private(&folder).map_err(failed)?;
        Ok(Self(folder))
    }

    fn of(&self, image: &str) -> PathBuf {
        // A file of an inbox may have no sound UID; the hash is always a name.
        self.0.join(&sha256(image.as_bytes())[..32])
    }

    /// Where a result lies.
    fn place(&self, image: &str, result: &str) -> PathBuf {
        self.of(image).join(format!("{}.dcm", &sha256(result.as_bytes())[..32]))
    }

    /// Writes all results of an image; what a killed process left of it is removed before.
    pub(super) fn fill(&self, image: &str, results: &[ResultFile]) -> Result<Vec<MadeResult>, ServeError> {
        let failed = |source| ServeError::Write { what: "a result", source };
        self.empty(image);
        crate::files::kept_folder::make_private(&self.of(image)).map_err(failed)?;
        let mut made = Vec::new();
        for result in results {
            let instance = Uid::of(&result.sop_instance).map_err(|e| failed(std::io::Error::other(e)))?;
            writing::private(&self.place(image, instance.as_str()), &result.bytes).map_err(failed)?;
            made.push(MadeResult {
                sop_class: result.sop_class.clone(),
                sop_instance: instance.as_str().to_owned(),
                sha256: sha256(&result.bytes),
            });
        }
        #[cfg(unix)]
        for folder in [self.of(image).as_path(), &self.0] {
            std::fs::File::open(folder).and_then(|f| f.sync_all()).map_err(failed)?;
        }
        Ok(made)
    }

    /// A result that lies there as it was made.
    ///
    /// # Errors
    /// Why it does not.
    pub(super) fn open(&self, image: &str, result: &MadeResult) -> Result<StoredObject, String> {
        let path = self.place(image, &result.sop_instance);
        match sha256_of_file(&path, limits::FILE_BYTES) {
            Err(error) => Err(error.to_string()),
            Ok(found) if found != result.sha256 => Err("it is not what was made".into()),
            Ok(_) => StoredObject::open(&path).map_err(|error| error.to_string()),
        }
    }

    /// Removes what lies there of an image.
    pub(super) fn empty(&self, image: &str) {
        let folder = self.of(image);
        if folder.starts_with(&self.0) && folder != Path::new(&self.0) {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
