//! The measurements that are kept in the user's data folder, one private file an image.
//!
//! Written as they change, whole or not at all ([`crate::files::writing`]), so that a killed process
//! loses nothing that was finished. The name of a file is a hash and says nothing of a patient.
//!
//! Two viewers may be open on one image: what a file holds that this process has never seen was
//! added by another one and is kept ([`Store::keep`]). Of a measurement that both changed the one
//! that was written last stays.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::identity::ImageIdentity;
use super::kept::{KeptError, MeasurementFile};
use super::{Measurement, MeasurementId};
use crate::files::kept_folder::{self, KeptFolder, make_private};
use crate::limits;

/// A folder of measurements, and what this process has seen of it.
#[derive(Debug)]
pub struct Store {
    kept: KeptFolder,
    seen: HashMap<ImageIdentity, HashSet<MeasurementId>>,
}

/// The folder of the user's measurements; nothing where the system has none.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    kept_folder::of_user("measurements")
}

impl Store {
    /// A store in `folder`, which need not be there yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { kept: KeptFolder::new(folder), seen: HashMap::new() }
    }

    /// Where the measurements of an image lie.
    #[must_use]
    pub fn path(&self, image: &ImageIdentity) -> PathBuf {
        self.kept.path(&image.file_stem())
    }

    /// What is kept of an image of `width × height`; nothing where there is no file.
    ///
    /// # Errors
    /// When there is a file that cannot be used; it is not touched.
    pub fn find(&mut self, image: &ImageIdentity, size: [usize; 2]) -> Result<Vec<Measurement>, KeptError> {
        let found = read(&self.path(image), image, size)?.measurements;
        self.seen.insert(image.clone(), found.iter().map(|one| one.id).collect());
        Ok(found)
    }

    /// Whether an image is kept as a key image.
    ///
    /// # Errors
    /// When there is a file that cannot be used; it is not touched.
    pub fn is_key_image(&self, image: &ImageIdentity, size: [usize; 2]) -> Result<bool, KeptError> {
        Ok(read(&self.path(image), image, size)?.key_image)
    }

    /// The images that are kept as key images, as far as their files can be used, are small and not
    /// very many ([`limits::KEY_IMAGE_FILES`]).
    #[must_use]
    pub fn key_images(&self) -> Vec<ImageIdentity> {
        let marked = |path: &Path| {
            let small =
                std::fs::symlink_metadata(path).is_ok_and(|m| m.is_file() && m.len() <= limits::KEY_IMAGE_BYTES);
            let file = small.then(|| MeasurementFile::read(path).ok()).flatten()?;
            file.key_image.then_some(file.image)
        };
        self.kept.files(limits::KEY_IMAGE_FILES).filter_map(|path| marked(&path)).collect()
    }

    /// Keeps whether an image is a key image; what was measured on it stays.
    ///
    /// # Errors
    /// As of [`Store::keep`].
    pub fn mark(&self, image: &ImageIdentity, size: [usize; 2], key_image: bool) -> Result<(), KeptError> {
        let there = read(&self.path(image), image, size)?;
        self.write(image, size, &Kept { key_image, ..there })
    }

    /// Keeps the measurements of an image; where there are none, and it is no key image, its file is
    /// removed.
    ///
    /// # Errors
    /// When the folder or the file cannot be written, or a file that is there cannot be used: it is
    /// not replaced then.
    pub fn keep(
        &mut self,
        image: &ImageIdentity,
        size: [usize; 2],
        measurements: &[Measurement],
    ) -> Result<(), KeptError> {
        let there = read(&self.path(image), image, size)?;
        let seen = self.seen.entry(image.clone()).or_default();
        let ours: HashSet<MeasurementId> = measurements.iter().map(|one| one.id).collect();
        let mut all = measurements.to_vec();
        all.extend(there.measurements.into_iter().filter(|one| !seen.contains(&one.id) && !ours.contains(&one.id)));
        all.truncate(limits::MEASUREMENTS);
        seen.extend(ours);
        self.write(image, size, &Kept { measurements: all, key_image: there.key_image })
    }

    fn write(&self, image: &ImageIdentity, size: [usize; 2], kept: &Kept) -> Result<(), KeptError> {
        let path = self.path(image);
        let failed = |source| KeptError::Write { path: path.clone(), source };
        if kept.measurements.is_empty() && !kept.key_image {
            return self.kept.remove(&image.file_stem()).map_err(failed);
        }
        make_private(self.kept.folder()).map_err(failed)?;
        let file = MeasurementFile::new(image.clone(), size, &kept.measurements);
        MeasurementFile { key_image: kept.key_image, ..file }.write(&path)
    }
}

/// What a file of this image holds; nothing where there is no file.
fn read(path: &Path, image: &ImageIdentity, size: [usize; 2]) -> Result<Kept, KeptError> {
    match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Kept::default()),
        _ => {
            let file = MeasurementFile::read(path)?;
            Ok(Kept { measurements: file.for_image(path, image, size)?, key_image: file.key_image })
        }
    }
}

/// What is kept of an image.
#[derive(Default)]
struct Kept {
    measurements: Vec<Measurement>,
    key_image: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::{Kind, Words};

    const SIZE: [usize; 2] = [10, 10];

    fn image(pixels: &str, uid: &str, frame: u32) -> ImageIdentity {
        ImageIdentity { pixels_sha256: pixels.into(), sop_instance_uid: uid.into(), frame }
    }

    fn probe(id: u64, x: f64) -> Measurement {
        let (points, name) = (vec![[x, 1.0]], Words::default());
        Measurement { id, kind: Kind::Probe, points, name, thorax_proposed: false, known_mm: None }
    }

    fn ids(all: &[Measurement]) -> Vec<u64> {
        all.iter().map(|one| one.id).collect()
    }

    #[test]
    fn images_with_one_uid_pictures_and_frames_stay_apart() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::new(folder.path().join("deep/measurements"));
        let images = [image("ab", "1.2", 0), image("cd", "1.2", 0), image("ab", "1.2", 1), image("ab", "9.9", 0)];
        for (i, image) in images.iter().enumerate() {
            assert!(store.find(image, SIZE).unwrap().is_empty());
            store.keep(image, SIZE, &[probe(i as u64, 1.0)]).unwrap();
        }
        for (i, image) in images.iter().enumerate() {
            assert_eq!(ids(&Store::new(store.kept.folder().to_owned()).find(image, SIZE).unwrap()), [i as u64]);
        }
    }

    #[test]
    fn two_viewers_on_one_image_keep_what_the_other_added() {
        let folder = tempfile::tempdir().unwrap();
        let image = image("ab", "1.2", 0);
        let [mut one, mut other] = [0, 1].map(|_| Store::new(folder.path().to_owned()));
        one.keep(&image, SIZE, &[probe(1, 1.0)]).unwrap();
        assert_eq!(ids(&other.find(&image, SIZE).unwrap()), [1]);
        other.keep(&image, SIZE, &[probe(1, 1.0), probe(2, 2.0)]).unwrap();
        one.keep(&image, SIZE, &[probe(1, 5.0), probe(3, 3.0)]).unwrap();
        let kept = other.find(&image, SIZE).unwrap();
        assert_eq!(ids(&kept), [1, 3, 2]);
        assert_eq!(kept[0].points[0], [5.0, 1.0]);
        // What was seen and is not wanted any more is gone.
        other.keep(&image, SIZE, &[probe(2, 2.0)]).unwrap();
        assert_eq!(ids(&one.find(&image, SIZE).unwrap()), [2]);
        one.keep(&image, SIZE, &[]).unwrap();
        assert!(!one.path(&image).exists());
    }

    #[test]
    fn a_file_that_cannot_be_used_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let image = image("ab", "1.2", 0);
        let mut store = Store::new(folder.path().to_owned());
        std::fs::write(store.path(&image), "broken").unwrap();
        assert!(store.find(&image, SIZE).is_err());
        assert!(store.keep(&image, SIZE, &[probe(1, 1.0)]).is_err());
        assert_eq!(std::fs::read_to_string(store.path(&image)).unwrap(), "broken");
    }

    #[cfg(unix)]
    #[test]
    fn folder_and_files_are_their_owner_s_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let image = image("ab", "1.2", 0);
        let mut store = Store::new(folder.path().join("measurements"));
        store.keep(&image, SIZE, &[probe(1, 1.0)]).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(store.kept.folder()), mode(&store.path(&image))), (0o700, 0o600));
        let name = store.path(&image).file_name().unwrap().to_string_lossy().into_owned();
        assert!(!name.contains("1.2") && !name.starts_with("ab"));
    }
}
