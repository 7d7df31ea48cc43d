//! What was marked: the rows of a table of boxes, or the masks in a folder, each with its image and its finding.
//!
//! What cannot be used is counted and named, never passed over in silence.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::super::output;
use super::images::{Found, Images, MASK, stem};
use crate::evaluation::localization::boxes::{self, Row};
use crate::evaluation::truth::{Rules, Truth, known, named};
use crate::files::read_regular;
use crate::files::walk::files_below;
use crate::limits;
use crate::network::manifest::Manifest;

/// Most of a kind that are named one by one.
const NAMED: usize = 5;

/// Everything that was marked for one finding in one image.
pub struct Mark {
    pub image: PathBuf,
    pub finding: Truth,
    pub boxes: Vec<Row>,
    pub masks: Vec<PathBuf>,
}

/// Every mark, in the order of the images, and the number of those that are faulty.
pub struct Marks {
    pub list: Vec<Mark>,
    pub failed: usize,
    /// File names begin with the patient, as those of the NIH do.
    pub nih: bool,
}

/// Who is asked what a mark shows.
pub struct Findings<'a> {
    pub manifest: &'a Manifest,
    /// Folder of the images.
    pub dir: &'a Path,
    /// What marks show that do not say themselves.
    pub otherwise: Option<Truth>,
}

impl Findings<'_> {
    /// What a mark shows that does not say itself: what the command line says, what the image's folder is called, or the
    /// only group of the model.
    fn of_image(&self, image: &Path) -> Option<Truth> {
        let folder = || Rules::default().truth(self.manifest, self.dir, image);
        let only = || (self.manifest.groups.len() == 1).then_some(Truth::Group(0));
        self.otherwise.or_else(folder).or_else(only)
    }
}

/// Collects marks, and what has to be said of the others.
#[derive(Default)]
struct Gathered {
    marks: BTreeMap<(PathBuf, Truth), Mark>,
    /// Names that the model does not know, and how often they occur.
    unknown: BTreeMap<String, usize>,
    missing: Vec<String>,
    ambiguous: Vec<String>,
    nameless: Vec<String>,
}

impl Gathered {
    fn mark(&mut self, image: &Path, finding: Truth) -> &mut Mark {
        let mark = Mark { image: image.to_owned(), finding, boxes: Vec::new(), masks: Vec::new() };
        self.marks.entry((image.to_owned(), finding)).or_insert(mark)
    }

    /// The image called `name`; one that is not there, or not alone, is noted.
    fn image<'a>(&mut self, images: &'a Images, name: &Path) -> Option<&'a Path> {
        match images.find(name) {
            Found::One(image) => return Some(image),
            Found::Nothing => note(&mut self.missing, name),
            Found::Several(_) => note(&mut self.ambiguous, name),
        }
        None
    }

    /// Says what was left out.
    fn remark(&self, findings: &Findings<'_>) {
        let model = &findings.manifest.name;
        if !self.unknown.is_empty() {
            let names: Vec<String> = self.unknown.iter().map(|(n, count)| format!("\"{n}\" ({count})")).collect();
            output::remark(format!(
                "note: left out, for {model} knows no such finding: {}. It knows {}.",
                names.join(", "),
                known(findings.manifest)
            ));
        }
        for (list, why) in [
            (&self.missing, "no image of the name lies in the folder"),
            (&self.ambiguous, "several images have the name, and nothing tells which is meant"),
            (&self.nameless, "nothing says which finding is marked; --finding does"),
        ] {
            if !list.is_empty() {
                output::remark(format!("note: left out, for {why}: {}.", some(list)));
            }
        }
    }
}

fn note(list: &mut Vec<String>, name: &Path) {
    let name = name.display().to_string();
    if list.last() != Some(&name) {
        list.push(name);
    }
}

/// The first of a list, and how many more there are.
pub fn some(list: &[String]) -> String {
    let mut words = list[..list.len().min(NAMED)].join(", ");
    if list.len() > NAMED {
        words.push_str(" and ");
        words.push_str(&(list.len() - NAMED).to_string());
        words.push_str(" more");
    }
    words
}

/// Reads a table of boxes, or looks through a folder of masks.
pub fn gather(path: &Path, images: &Images, findings: &Findings<'_>) -> anyhow::Result<Marks> {
    let mut gathered = Gathered::default();
    let folder = path.is_dir();
    let (failed, nih) = if folder {
        masks(path, images, findings, &mut gathered)?;
        (0, false)
    } else {
        table(path, images, findings, &mut gathered)?
    };
    gathered.remark(findings);
    if gathered.marks.is_empty() {
        let hint = if folder {
            "a folder of masks holds NAME-mask.png for an image called NAME, or LABEL/NAME.png"
        } else {
            "a table of boxes names images of the folder and findings of the model"
        };
        bail!("{} marks no finding of {} in any image: {hint}", path.display(), findings.manifest.name);
    }
    Ok(Marks { list: gathered.marks.into_values().collect(), failed, nih })
}

/// Yields the number of rows that were refused, and whether the table is that of the NIH.
fn table(
    path: &Path,
    images: &Images,
    findings: &Findings<'_>,
    gathered: &mut Gathered,
) -> anyhow::Result<(usize, bool)> {
    let unread = || format!("the table of boxes {} was not read", path.display());
    let table = boxes::read(&read_regular(path, limits::TABLE_BYTES).with_context(unread)?).with_context(unread)?;
    for refused in &table.refused {
        output::remark(format!("error: {refused}."));
    }
    for row in table.rows {
        let told = boxes::finding(findings.manifest, &row.finding);
        if told.is_none() && !row.finding.is_empty() {
            *gathered.unknown.entry(row.finding).or_default() += 1;
            continue;
        }
        let Some(image) = gathered.image(images, Path::new(&row.image)) else { continue };
        match told.or_else(|| findings.of_image(image)) {
            Some(finding) => gathered.mark(image, finding).boxes.push(row),
            None => gathered.nameless.push(row.image),
        }
    }
    Ok((table.refused.len(), table.nih))
}

fn masks(folder: &Path, images: &Images, findings: &Findings<'_>, gathered: &mut Gathered) -> anyhow::Result<()> {
    let folder = folder.canonicalize().with_context(|| format!("the folder {} cannot be read", folder.display()))?;
    for file in files_below(&folder) {
        let path = match file {
            Ok(path) => path,
            Err(error) => {
                output::remark(format!("note: {error}"));
                continue;
            }
        };
        let path = path.as_path();
        let png = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("png"));
        if !png {
            continue;
        }
        let inside = path.strip_prefix(&folder).unwrap_or(path);
        let outer = inside.parent().unwrap_or(Path::new(""));
        let told =
            outer.ancestors().filter_map(Path::file_name).find_map(|f| named(findings.manifest, &f.to_string_lossy()));
        let name = stem(path);
        if let Some(image) = name.strip_suffix(MASK) {
            // A mask of a folder of its own is looked for by name, one beside its image by the path they share.
            let Some(image) = gathered.image(images, &path.with_file_name(image)) else { continue };
            match told.or_else(|| findings.of_image(image)) {
                Some(finding) => gathered.mark(image, finding).masks.push(path.to_owned()),
                None => gathered.nameless.push(inside.display().to_string()),
            }
        } else if matches!(images.find(path), Found::One(image) if image == path) {
            // An image, and no mask.
        } else if let Some(finding) = told {
            let Some(image) = gathered.image(images, Path::new(path.file_name().unwrap_or_default())) else { continue };
            gathered.mark(image, finding).masks.push(path.to_owned());
        } else if let Some(first) = outer.components().next() {
            *gathered.unknown.entry(first.as_os_str().to_string_lossy().into_owned()).or_default() += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_shortened() {
        let list: Vec<String> = (0..7).map(|i| format!("{i}.png")).collect();
        assert_eq!(some(&list), "0.png, 1.png, 2.png, 3.png, 4.png and 2 more");
        assert_eq!(some(&list[..2]), "0.png, 1.png");
    }
}
