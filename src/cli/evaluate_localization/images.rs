//! The images that a table of boxes or a folder of masks speaks of, found by name.
//!
//! A table may name files with or without their ending, with or without folders. Where a name stands for several files, the
//! path that agrees longest from its end wins; files of one name in one folder (a film as DICOM and as PNG) are one film.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::super::inputs::looks_like_an_image;
use super::super::output;
use crate::files::walk::files_below;
use crate::limits;

/// What the name of a mask ends in, before `.png`.
pub const MASK: &str = "-mask";

/// Images below a folder by their names without ending, in lower case.
pub struct Images(HashMap<String, Vec<PathBuf>>);

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    One(&'a Path),
    Nothing,
    /// So many files of that name, and nothing tells which is meant.
    Several(usize),
}

impl Images {
    /// Looks for images; masks are none.
    pub fn below(dir: &Path) -> anyhow::Result<Self> {
        std::fs::read_dir(dir).with_context(|| format!("the folder {} cannot be read", dir.display()))?;
        let mut images: HashMap<String, Vec<PathBuf>> = HashMap::new();
        let mut count = 0;
        for file in files_below(dir) {
            let path = match file {
                Ok(path) => path,
                Err(error) => {
                    output::remark(format!("note: {error}"));
                    continue;
                }
            };
            let name = stem(&path);
            if name.starts_with('.') || name.ends_with(MASK) || !looks_like_an_image(&path) {
                continue;
            }
            count += 1;
            if count > limits::FILES_AT_ONCE {
                bail!("{} holds more than {} images", dir.display(), limits::FILES_AT_ONCE);
            }
            images.entry(name).or_default().push(path);
        }
        if images.is_empty() {
            bail!("there is no image in {}", dir.display());
        }
        Ok(Self(images))
    }

    /// The file that is called `name`.
    pub fn find(&self, name: &Path) -> Found<'_> {
        let Some(mut files) = self.0.get(&stem(name)).map(|f| f.iter().map(PathBuf::as_path).collect::<Vec<_>>())
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
    let name = if looks_like_an_image(path) { path.file_stem() } else { path.file_name() };
    name.map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default()
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
            ["a/one.png", "a/two.png", "b/two.png", "b/film.dcm", "b/film.png", "b/film-mask.png", "b/notes.txt"]
        {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), b"x").unwrap();
        }
        let images = Images::below(folder.path()).unwrap();
        let find = |name: &str| images.find(Path::new(name));
        assert_eq!(find("one.png"), Found::One(&at("a/one.png")));
        assert_eq!(find("ONE"), Found::One(&at("a/one.png")));
        assert_eq!(find("one.dcm"), Found::One(&at("a/one.png")));
        assert_eq!(find("two.png"), Found::Several(2));
        assert_eq!(find("b/two.png"), Found::One(&at("b/two.png")));
        assert_eq!(find("film"), Found::One(&at("b/film.dcm")));
        assert_eq!(find("film.png"), Found::One(&at("b/film.png")));
        assert_eq!(find("film-mask.png"), Found::Nothing);
        assert_eq!(find("notes.txt"), Found::Nothing);
        assert_eq!(find(""), Found::Nothing);
        assert!(Images::below(&at("nowhere")).is_err());
    }
}
