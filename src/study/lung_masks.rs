//! Lung masks of the reader's own: a folder of images, each named like the image whose lungs it
//! marks.
//!
//! A mask may be of another size or shape than its image: public sets hold images that somebody
//! squashed to a square, and masks at the original's. It is stretched to the image.

use std::path::{Path, PathBuf};

use super::image_names::{FolderError, Found, ImagesByName};
use super::{StudyError, open_image};
use crate::files::{FileError, sha256_of_file};
use crate::imaging::lung_fields::{LungFields, LungFieldsError};
use crate::limits;

/// Why there are no lung fields where a mask should tell them.
#[derive(Debug, thiserror::Error)]
pub enum LungMaskError {
    #[error("the folder of lung masks is of no use")]
    Folder(#[from] FolderError),
    #[error(
        "{count} lung masks are called like {}, and nothing tells which is meant; keep them in folders like those of the \
         images",
        image.display()
    )]
    Several { image: PathBuf, count: usize },
    #[error("the lung mask {} was not read", path.display())]
    Unreadable { path: PathBuf, source: StudyError },
    #[error("the lung mask {} was not read", path.display())]
    File { path: PathBuf, source: FileError },
    #[error("the lung mask {} cannot be used", path.display())]
    Fields { path: PathBuf, source: LungFieldsError },
}

/// A folder of masks.
pub struct LungMasks {
    masks: ImagesByName,
}

/// A mask of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct LungMask {
    pub path: PathBuf,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    pub fields: LungFields,
}

impl LungMasks {
    /// Looks through a folder and all below it.
    ///
    /// # Errors
    /// When it cannot be read, or holds no image or too many.
    pub fn below(folder: &Path) -> Result<Self, LungMaskError> {
        Ok(Self { masks: ImagesByName::below(folder)? })
    }

    /// The mask of an image of `width × height` pixels; `None` where there is none of its name.
    ///
    /// # Errors
    /// When there are several, or the one cannot be read or shows no two lungs.
    pub fn of(&self, image: &Path, size: (usize, usize)) -> Result<Option<LungMask>, LungMaskError> {
        match self.masks.find(image) {
            // An image is no mask of itself.
            Found::One(path) if path != image => LungMask::read(path, size).map(Some),
            Found::One(_) | Found::Nothing => Ok(None),
            Found::Several(count) => Err(LungMaskError::Several { image: image.to_owned(), count }),
        }
    }
}

impl LungMask {
    /// Reads a mask for an image of `width × height` pixels.
    ///
    /// # Errors
    /// When it cannot be read, or shows no two lungs.
    pub fn read(path: &Path, (width, height): (usize, usize)) -> Result<Self, LungMaskError> {
        let of = path.to_owned();
        let sha256 = sha256_of_file(path, limits::FILE_BYTES)
            .map_err(|source| LungMaskError::File { path: of.clone(), source })?;
        let frame = open_image(path).map_err(|source| LungMaskError::Unreadable { path: of.clone(), source })?;
        let fields = LungFields::of_mask(&frame.pixels.plane, width, height);
        let fields = fields.map_err(|source| LungMaskError::Fields { path: of.clone(), source })?;
        Ok(Self { path: of, sha256, fields })
    }
}

#[cfg(test)]
mod tests {
    use image::GrayImage;

    use super::*;

    fn write(path: &Path, lung: impl Fn(u32, u32) -> bool) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        GrayImage::from_fn(40, 20, |x, y| image::Luma([if lung(x, y) { 255 } else { 0 }])).save(path).unwrap();
    }

    fn lungs(x: u32, y: u32) -> bool {
        (4..16).contains(&y) && ((6..16).contains(&x) || (24..34).contains(&x))
    }

    #[test]
    fn a_mask_is_found_by_the_name_of_its_image_and_stretched_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("masks/one.png"), lungs);
        let masks = LungMasks::below(&at("masks")).unwrap();
        let mask = masks.of(&at("films/ONE.jpeg"), (100, 100)).unwrap().unwrap();
        assert_eq!((mask.path.clone(), mask.fields.width(), mask.fields.height()), (at("masks/one.png"), 100, 100));
        assert_eq!(mask.sha256.len(), 64);
        assert_eq!(mask.fields.bounds(), [0.15, 0.2, 0.85, 0.8]);
        assert!(masks.of(&at("films/two.png"), (100, 100)).unwrap().is_none());
        assert!(masks.of(&at("masks/one.png"), (100, 100)).unwrap().is_none(), "an image is no mask of itself");
    }

    #[test]
    fn masks_of_one_name_are_told_apart_by_their_folders_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("masks/a/one.png"), lungs);
        write(&at("masks/b/one.png"), lungs);
        let masks = LungMasks::below(&at("masks")).unwrap();
        assert_eq!(masks.of(&at("films/b/one.png"), (40, 20)).unwrap().unwrap().path, at("masks/b/one.png"));
        let error = masks.of(&at("films/one.png"), (40, 20)).unwrap_err().to_string();
        assert!(error.starts_with("2 lung masks are called like") && error.contains("one.png"), "{error}");
    }

    #[test]
    fn masks_that_cannot_be_used_say_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.png");
        write(&path, |_, _| false);
        let error = LungMask::read(&path, (40, 20)).unwrap_err();
        assert!(matches!(error, LungMaskError::Fields { source: LungFieldsError::Empty, .. }), "{error}");
        std::fs::write(&path, b"no image").unwrap();
        assert!(matches!(LungMask::read(&path, (40, 20)), Err(LungMaskError::Unreadable { .. })));
        assert!(LungMasks::below(&folder.path().join("nowhere")).is_err());
    }
}
