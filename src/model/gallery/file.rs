//! A gallery as files: features in half precision (`gallery.safetensors`), and an index
//! (`gallery.json`) with what is known of each image.
//!
//! Both are private: they tell of patients. The index holds the SHA-256 of the features and is
//! written last, so that two files that do not belong together are never taken for one gallery.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use half::f16;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use super::{Gallery, GalleryError, GalleryImage, GallerySource};
use crate::files::{FileError, read_regular, sha256, writing};
use crate::limits;
use crate::model::Model;
use crate::model::registry;

/// File of the features.
pub const FEATURES: &str = "gallery.safetensors";
/// File of the index.
pub const INDEX: &str = "gallery.json";
/// Name of the tensor, `(images, width)`.
const TENSOR: &str = "features";
/// Digits of the weights' hash in the name of a gallery's folder.
const DIGITS: usize = 16;
/// Longest part of a model's name in the name of a gallery's folder.
const NAME: usize = 64;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    source: GallerySource,
    features_sha256: String,
    width: usize,
    typical: Vec<f32>,
    images: Vec<GalleryImage>,
}

/// Where the gallery of a model lies: in `galleries` beside the user's own models, by name and
/// weights. `None` where the account has no data folder.
#[must_use]
pub fn folder(model: &str, weights_sha256: &str) -> Option<PathBuf> {
    let data = registry::user_folder()?;
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = model.chars().take(NAME).map(plain).collect();
    let digits: String = weights_sha256.chars().take(DIGITS).collect();
    Some(data.parent()?.join("galleries").join(format!("{name}-{digits}")))
}

impl Gallery {
    /// Writes the gallery into a folder, which is made if it is not there; one that lies there is
    /// replaced.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write(&self, folder: &Path) -> Result<(), GalleryError> {
        let failed = |source| GalleryError::Write { path: folder.to_owned(), source };
        let damaged = |reason: String| GalleryError::Damaged(reason);
        let features = features(&self.rows, self.images.len(), self.width)?;
        let index = Index {
            source: self.source.clone(),
            features_sha256: self.features_sha256.clone(),
            width: self.width,
            typical: self.typical.clone(),
            images: self.images.clone(),
        };
        let index = serde_json::to_vec_pretty(&index).map_err(|e| damaged(e.to_string()))?;
        std::fs::create_dir_all(folder).map_err(failed)?;
        writing::private(&folder.join(FEATURES), &features).map_err(failed)?;
        writing::private(&folder.join(INDEX), &index).map_err(failed)
    }

    /// The gallery in a folder, whichever model it is of; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn read(folder: &Path) -> Result<Option<Self>, GalleryError> {
        let Some(index) = bytes(folder, INDEX, limits::GALLERY_INDEX_BYTES)? else { return Ok(None) };
        let damaged = |reason: &str| GalleryError::Damaged(reason.to_owned());
        let index: Index = serde_json::from_slice(&index).map_err(|e| GalleryError::Damaged(e.to_string()))?;
        let Index { source, features_sha256, width, typical, images } = index;
        if images.is_empty() || images.len() > limits::GALLERY_IMAGES || width == 0 {
            return Err(damaged("its index names no image, or too many"));
        }
        let features = bytes(folder, FEATURES, limits::GALLERY_BYTES)?;
        let features = features.ok_or_else(|| damaged("its features are missing"))?;
        if sha256(&features) != features_sha256 {
            return Err(damaged("its features are not those of its index"));
        }
        let tensors = SafeTensors::deserialize(&features).map_err(|e| GalleryError::Damaged(e.to_string()))?;
        let tensor = tensors.tensor(TENSOR).map_err(|e| GalleryError::Damaged(e.to_string()))?;
        if tensor.dtype() != Dtype::F16 || tensor.shape() != [images.len(), width] {
            return Err(damaged("its features have another shape than its index says"));
        }
        let rows: Vec<f16> = tensor.data().chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]])).collect();
        let sound = rows.iter().all(|v| v.is_finite()) && typical.iter().all(|d| d.is_finite()) && typical.is_sorted();
        if !sound {
            return Err(damaged("it holds numbers that are none"));
        }
        Ok(Some(Self { source, images, width, rows, typical, features_sha256 }))
    }

    /// The gallery in a folder, which must be one of this model.
    ///
    /// # Errors
    /// As [`Self::read`], and when it was made with other weights or another input.
    pub fn of_model(folder: &Path, model: &Model) -> Result<Option<Self>, GalleryError> {
        let Some(gallery) = Self::read(folder)? else { return Ok(None) };
        if gallery.source.weights_sha256 != model.sha256 {
            return Err(GalleryError::OtherWeights);
        }
        if gallery.source.input != model.manifest.input {
            return Err(GalleryError::OtherInput);
        }
        Ok(Some(gallery))
    }
}

/// The file of the features: `images` rows of this width.
pub(super) fn features(rows: &[f16], images: usize, width: usize) -> Result<Vec<u8>, GalleryError> {
    let bytes: Vec<u8> = rows.iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F16, vec![images, width], &bytes);
    let view = view.map_err(|e| GalleryError::Damaged(e.to_string()))?;
    safetensors::tensor::serialize([(TENSOR, view)], None).map_err(|e| GalleryError::Damaged(e.to_string()))
}

/// Removes the gallery in a folder, and the folder where nothing else is in it; whether there was
/// one.
///
/// # Errors
/// When a file cannot be removed.
pub fn remove(folder: &Path) -> Result<bool, GalleryError> {
    let mut found = false;
    // The index goes first: features alone are no gallery.
    for name in [INDEX, FEATURES] {
        let path = folder.join(name);
        match std::fs::remove_file(&path) {
            Ok(()) => found = true,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(GalleryError::Write { path, source }),
        }
    }
    if found {
        // A folder that holds anything else stays.
        let _ = std::fs::remove_dir(folder);
    }
    Ok(found)
}

fn bytes(folder: &Path, name: &str, most: u64) -> Result<Option<Vec<u8>>, GalleryError> {
    let path = folder.join(name);
    match read_regular(&path, most) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(FileError::Unreadable(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(GalleryError::Unreadable { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gallery::tests::fan;

    #[test]
    fn a_gallery_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("galleries").join("toy");
        assert_eq!(Gallery::read(&place).unwrap(), None);
        fan().write(&place).unwrap();
        assert_eq!(Gallery::read(&place).unwrap(), Some(fan()));
        assert!(remove(&place).unwrap() && !place.exists());
        assert!(!remove(&place).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn both_files_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        fan().write(folder.path()).unwrap();
        for name in [FEATURES, INDEX] {
            let mode = folder.path().join(name).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn files_that_do_not_belong_together_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |change: &dyn Fn()| {
            fan().write(folder.path()).unwrap();
            change();
            Gallery::read(folder.path()).unwrap_err().to_string()
        };
        let features = folder.path().join(FEATURES);
        let index = folder.path().join(INDEX);
        assert!(refused(&|| std::fs::write(&features, b"other").unwrap()).contains("not those of its index"));
        assert!(refused(&|| std::fs::remove_file(&features).unwrap()).contains("missing"));
        assert!(refused(&|| std::fs::write(&index, b"{}").unwrap()).contains("make it again"));
        let text = |from: &str, to: &str| {
            let text = std::fs::read_to_string(&index).unwrap();
            assert!(text.contains(from), "{text}");
            std::fs::write(&index, text.replace(from, to)).unwrap();
        };
        assert!(refused(&|| text("\"width\": 3", "\"width\": 2")).contains("another shape"));
    }

    #[test]
    fn the_name_of_the_folder_cannot_lead_elsewhere() {
        if let Some(folder) = folder("../../x y", &"ab".repeat(32)) {
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            assert_eq!(name, "______x_y-abababababababab");
            assert!(folder.parent().unwrap().ends_with("galleries"));
        }
    }
}
