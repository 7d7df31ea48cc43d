//! What was marked: the rows of a table of boxes, or the masks in a folder, each with its image and
//! its finding.
//!
//! What cannot be used is counted and named, never passed over in silence.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::boxes::{self, BoxesError, MarkedBox};
use crate::evaluation::truth::{Rules, Truth, named};
use crate::files::walk::{WalkError, files_below};
use crate::files::{FileError, read_regular};
use crate::limits;
use crate::model::manifest::Manifest;
use crate::study::image_names::{Found, ImagesByName, MASK, stem};

/// Why marks were not read.
#[derive(Debug, thiserror::Error)]
pub enum MarksError {
    #[error("the table of boxes {} was not read", path.display())]
    File { path: PathBuf, source: FileError },
    #[error("the table of boxes {} was not read", path.display())]
    Table { path: PathBuf, source: BoxesError },
    #[error("the folder {} cannot be read", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
}

/// Everything that was marked for one finding in one image.
pub struct Mark {
    pub image: PathBuf,
    pub finding: Truth,
    pub boxes: Vec<MarkedBox>,
    pub masks: Vec<PathBuf>,
}

/// Every mark, in the order of the images, and what could not be used.
#[derive(Default)]
pub struct Marks {
    pub list: Vec<Mark>,
    /// Rows of a table that are faulty: one sentence each.
    pub refused: Vec<String>,
    /// File names begin with the patient, as those of the NIH do.
    pub nih: bool,
    pub left_out: LeftOut,
}

/// Marks that belong to no image or to no finding.
#[derive(Default)]
pub struct LeftOut {
    /// Places that were not looked into.
    pub passed_over: Vec<WalkError>,
    /// Names of findings that the model does not know, and how often they occur.
    pub unknown: BTreeMap<String, usize>,
    /// Names of which there is no image.
    pub missing: Vec<String>,
    /// Names of several images.
    pub ambiguous: Vec<String>,
    /// Marks of which nothing says what they show.
    pub nameless: Vec<String>,
}

/// What decides which finding a mark shows.
pub struct Findings<'a> {
    pub manifest: &'a Manifest,
    /// Folder of the images.
    pub dir: &'a Path,
    /// What marks show that do not say themselves.
    pub otherwise: Option<Truth>,
}

impl Findings<'_> {
    /// What a mark shows that does not say itself: what was asked for, what the image's folder is
    /// called, or the only group of the model.
    fn of_image(&self, image: &Path) -> Option<Truth> {
        let folder = || Rules::default().truth(self.manifest, self.dir, image);
        let only = || (self.manifest.groups.len() == 1).then_some(Truth::Group(0));
        self.otherwise.or_else(folder).or_else(only)
    }
}

/// Reads a table of boxes, or looks through a folder of masks. Of what cannot be used nothing is in
/// the list.
///
/// # Errors
/// When the table or the folder cannot be read.
pub fn gather(path: &Path, images: &ImagesByName, findings: &Findings<'_>) -> Result<Marks, MarksError> {
    let mut gathered = Gathered::default();
    if path.is_dir() {
        gathered.masks(path, images, findings)?;
    } else {
        gathered.table(path, images, findings)?;
    }
    Ok(Marks { list: gathered.list.into_values().collect(), ..gathered.marks })
}

#[derive(Default)]
struct Gathered {
    list: BTreeMap<(PathBuf, Truth), Mark>,
    /// All but the list.
    marks: Marks,
}

impl Gathered {
    fn mark(&mut self, image: &Path, finding: Truth) -> &mut Mark {
        let mark = Mark { image: image.to_owned(), finding, boxes: Vec::new(), masks: Vec::new() };
        self.list.entry((image.to_owned(), finding)).or_insert(mark)
    }

    /// The image called `name`; one that is not there, or not alone, is noted.
    fn image<'a>(&mut self, images: &'a ImagesByName, name: &Path) -> Option<&'a Path> {
        let LeftOut { missing, ambiguous, .. } = &mut self.marks.left_out;
        match images.find(name) {
            Found::One(image) => return Some(image),
            Found::Nothing => note(missing, name),
            Found::Several(_) => note(ambiguous, name),
        }
        None
    }

    fn table(&mut self, path: &Path, images: &ImagesByName, findings: &Findings<'_>) -> Result<(), MarksError> {
        let bytes = read_regular(path, limits::TABLE_BYTES)
            .map_err(|source| MarksError::File { path: path.to_owned(), source })?;
        let table = boxes::read(&bytes).map_err(|source| MarksError::Table { path: path.to_owned(), source })?;
        for row in table.rows {
            let finding = boxes::finding(findings.manifest, &row.finding);
            if finding.is_none() && !row.finding.is_empty() {
                *self.marks.left_out.unknown.entry(row.finding).or_default() += 1;
                continue;
            }
            let Some(image) = self.image(images, Path::new(&row.image)) else { continue };
            match finding.or_else(|| findings.of_image(image)) {
                Some(finding) => self.mark(image, finding).boxes.push(row),
                None => self.marks.left_out.nameless.push(row.image),
            }
        }
        (self.marks.refused, self.marks.nih) = (table.refused, table.nih);
        Ok(())
    }

    fn masks(&mut self, folder: &Path, images: &ImagesByName, findings: &Findings<'_>) -> Result<(), MarksError> {
        let folder = folder.canonicalize().map_err(|source| MarksError::Folder { path: folder.to_owned(), source })?;
        for file in files_below(&folder) {
            let path = match file {
                Ok(path) => path,
                Err(error) => {
                    self.marks.left_out.passed_over.push(error);
                    continue;
                }
            };
            if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("png")) {
                self.mask(&folder, &path, images, findings);
            }
        }
        Ok(())
    }

    fn mask(&mut self, folder: &Path, path: &Path, images: &ImagesByName, findings: &Findings<'_>) {
        let inside = path.strip_prefix(folder).unwrap_or(path);
        let outer = inside.parent().unwrap_or(Path::new(""));
        let by_folder =
            outer.ancestors().filter_map(Path::file_name).find_map(|f| named(findings.manifest, &f.to_string_lossy()));
        let name = stem(path);
        if let Some(image) = name.strip_suffix(MASK) {
            // A mask of a folder of its own is looked for by name, one beside its image by the path
            // they share.
            let Some(image) = self.image(images, &path.with_file_name(image)) else { return };
            match by_folder.or_else(|| findings.of_image(image)) {
                Some(finding) => self.mark(image, finding).masks.push(path.to_owned()),
                None => self.marks.left_out.nameless.push(inside.display().to_string()),
            }
        } else if matches!(images.find(path), Found::One(image) if image == path) {
            // An image, and no mask.
        } else if let Some(finding) = by_folder {
            let Some(image) = self.image(images, Path::new(path.file_name().unwrap_or_default())) else { return };
            self.mark(image, finding).masks.push(path.to_owned());
        } else if let Some(first) = outer.components().next() {
            *self.marks.left_out.unknown.entry(first.as_os_str().to_string_lossy().into_owned()).or_default() += 1;
        }
    }
}

fn note(list: &mut Vec<String>, name: &Path) {
    let name = name.display().to_string();
    if list.last() != Some(&name) {
        list.push(name);
    }
}
