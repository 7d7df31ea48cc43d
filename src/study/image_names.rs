//! Images of a folder by their names, as tables of boxes and folders of masks name them.
//!
//! A table may name files with or without their ending, with or without folders. Where a name
//! stands for several files, the path that agrees longest from its end wins; files of one name in
//! one folder (an image as DICOM and as PNG) are one image.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::files::walk::{WalkError, files_below};
use crate::limits;
use crate::study::may_be_an_image;

/// What the name of a mask ends in, before `.png`.
pub const MASK: &str = "-mask";

/// Why a folder of images is not looked into.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("the folder {} cannot be read", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} holds more than {most} images", path.display())]
    TooMany { path: PathBuf, most: usize },
    #[error("there is no image in {}", .0.display())]
    Empty(PathBuf),
}

/// Images below a folder by their names without ending, in lower case.
pub struct ImagesByName {
    images: HashMap<String, Vec<PathBuf>>,
    /// Places that were not looked into.
    pub passed_over: Vec<WalkError>,
}

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    One(&'a Path),
    Nothing,
    /// So many files of that name, and nothing tells which is meant.
    Several(usize),
}

impl ImagesByName {
    /// Looks for images; masks are none.
    ///
    /// # Errors
    /// When the folder cannot be read, or holds no image or too many.
    pub fn below(dir: &Path) -> Result<Self, FolderError> {
        std::fs::read_dir(dir).map_err(|source| FolderError::Unreadable { path: dir.to_owned(), source })?;
        let mut images: HashMap<String, Vec<PathBuf>> = HashMap::new();
        let mut passed_over = Vec::new();
        let mut count = 0;
        for file in files_below(dir) {
            let path = match file {
                Ok(path) => path,
                Err(error) => {
                    passed_over.push(error);
                    continue;
                }
            };
            let name = stem(&path);
            if name.starts_with('.') || name.ends_with(MASK) || !may_be_an_image(&path) {
                continue;
            }
            count += 1;
            if count > limits::FILES_AT_ONCE {
                return Err(FolderError::TooMany { path: dir.to_owned(), most: limits::FILES_AT_ONCE });
            }
            images.entry(name).or_default().push(path);
        }
        if images.is_empty() {
            return Err(FolderError::Empty(dir.to_owned()));
        }
        Ok(Self { images, passed_over })
    }

    /// These images and no others.
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut images: HashMap<String, Vec<PathBuf>> = HashMap::new();
        for path in paths {
            images.entry(stem(path)).or_default().push(path.to_owned());
        }
        Self { images, passed_over: Vec::new() }
    }

    /// The file that is called `name`.
    pub fn find(&self, name: &Path) -> Found<'_> {
        let Some(mut files) = self.images.get(&stem(name)).map(|f| f.iter().map(PathBuf::as_path).collect::<Vec<_>>())
        else {
            return Found::Nothing;
        };
        let keep_best = |files: &mut Vec<&Path>, score: &dyn Fn(&Path) -> usize| {
            let best = files.iter().map(|f| score(f)).max().unwrap_or(0);
            files.retain(|f| score(f) == best);
        };
        let same_name = |f: &Path| usize::from(f.file_name() == name.file_name());
        let parents = |f: &Path| {
            let ends = f.components().rev().skip(1).zip(name.components().rev().skip(1));
            ends.take_while(|(a, b)| a == b).count()
        };
        keep_best(&mut files, &parents);
        keep_best(&mut files, &same_name);
        match files[..] {
            [] => Found::Nothing,
            [first, ..] if files.iter().all(|f| f.parent() == first.parent()) => Found::One(first),
            _ => Found::Several(files.len()),
        }
    }
}

/// The name without the ending of an image, in lower case.
pub fn stem(path: &Path) -> String {
    let name = if may_be_an_image(path) { path.file_stem() } else { path.file_name() };
    name.map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Numbers of the `paths` that are no masks, and of several files of one name in one folder (an
/// image as DICOM and as PNG) only the first.
#[must_use]
pub fn distinct_images(paths: &[&Path]) -> Vec<usize> {
    let mut seen = HashSet::new();
    let mut is_first = |path: &Path| {
        let name = stem(path);
        !name.ends_with(MASK) && seen.insert((path.parent().map(Path::to_owned), name))
    };
    (0..paths.len()).filter(|&i| is_first(paths[i])).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_image_is_found_by_name_with_or_without_ending_and_folder() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in
            ["a/one.png", "a/two.png", "b/two.png", "b/image.dcm", "b/image.png", "b/image-mask.png", "b/notes.txt"]
        {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), b"x").unwrap();
        }
        let images = ImagesByName::below(folder.path()).unwrap();
        let find = |name: &str| images.find(Path::new(name));
        assert_eq!(find("one.png"), Found::One(&at("a/one.png")));
        assert_eq!(find("ONE"), Found::One(&at("a/one.png")));
        assert_eq!(find("one.dcm"), Found::One(&at("a/one.png")));
        assert_eq!(find("two.png"), Found::Several(2));
        assert_eq!(find("b/two.png"), Found::One(&at("b/two.png")));
        assert_eq!(find("image"), Found::One(&at("b/image.dcm")));
        assert_eq!(find("image.png"), Found::One(&at("b/image.png")));
        assert_eq!(find("image-mask.png"), Found::Nothing);
        assert_eq!(find("notes.txt"), Found::Nothing);
        assert_eq!(find(""), Found::Nothing);
        assert!(ImagesByName::below(&at("nowhere")).is_err());
    }
}
