//! The labelled images of a folder: by the folders that they lie in, by rules on their names, with
//! facts from a table.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::scoring::LabelledImage;
use super::truth::{Rules, answers};
use super::vocabulary::{folded, means_normal};
use crate::files::lines::BoundedLines;
use crate::files::walk::{WalkError, files_below};
use crate::files::{FileError, open_regular};
use crate::limits;
use crate::model::manifest::{Head, Manifest};
use crate::printable::shortened;
use crate::study::image_names::{MASK, stem};
use crate::study::may_be_an_image;
use crate::study::patients::key_of;

/// What the names of the column with the images are, folded.
const IMAGE_COLUMN: [&str; 5] = ["image", "imageindex", "file", "filename", "path"];

/// A folder with more images than are evaluated at once.
#[derive(Debug, thiserror::Error)]
#[error("{} holds more than {most} images", folder.display())]
pub struct TooManyImages {
    folder: PathBuf,
    most: usize,
}

/// A table of facts that is of no use.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    #[error("the table of facts {} cannot be read: {source}", path.display())]
    File { path: PathBuf, source: FileError },
    #[error("the table of facts {} cannot be read: {source}", path.display())]
    Csv { path: PathBuf, source: csv::Error },
    #[error("the table of facts {} has no column \"image\"; its columns are {there}", path.display())]
    Column { path: PathBuf, there: String },
    #[error("the table of facts {} names none of the images", .0.display())]
    OtherImages(PathBuf),
}

/// The images of a folder, in the order of their paths.
#[derive(Debug, Default)]
pub struct LabelledFolders {
    pub images: Vec<LabelledImage>,
    /// First folders whose images no label is known of, and how many images they hold.
    pub left_out: BTreeMap<String, usize>,
    /// Places that were not looked into.
    pub passed_over: Vec<WalkError>,
}

/// Every image below `dir` of which `rules` or the names of folders say something.
///
/// # Errors
/// When there are too many.
pub fn of_folders(dir: &Path, manifest: &Manifest, rules: &Rules) -> Result<LabelledFolders, TooManyImages> {
    listed(dir, manifest, rules, false)
}

/// Every image below `dir`, masks apart; of which `rules` and the names of folders say nothing, the
/// truth is unknown.
///
/// # Errors
/// When there are too many.
pub fn all_in_folders(dir: &Path, manifest: &Manifest, rules: &Rules) -> Result<LabelledFolders, TooManyImages> {
    listed(dir, manifest, rules, true)
}

fn listed(dir: &Path, manifest: &Manifest, rules: &Rules, unlabelled: bool) -> Result<LabelledFolders, TooManyImages> {
    let mut found = LabelledFolders::default();
    for file in files_below(dir) {
        let path = match file {
            Ok(path) => path,
            Err(error) => {
                found.passed_over.push(error);
                continue;
            }
        };
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden || !may_be_an_image(&path) || (unlabelled && stem(&path).ends_with(MASK)) {
            continue;
        }
        let image = key_of(dir, &path);
        let truth = match rules.truth(manifest, dir, &path) {
            Some(truth) => Some(answers(manifest, truth)),
            None => (manifest.head == Head::Sigmoid && means_nothing_found(dir, &path))
                .then(|| vec![Some(false); manifest.labels.len() + manifest.groups.len()]),
        };
        let unknown = || unlabelled.then(|| vec![None; manifest.labels.len() + manifest.groups.len()]);
        if let Some(truth) = truth.or_else(unknown) {
            found.images.push(LabelledImage { path, image, truth, patient: None, facts: BTreeMap::new() });
        } else {
            let first = image.split_once('/').map_or(".", |(first, _)| first);
            *found.left_out.entry(first.to_owned()).or_default() += 1;
        }
        if found.images.len() > limits::FILES_AT_ONCE {
            return Err(TooManyImages { folder: dir.to_owned(), most: limits::FILES_AT_ONCE });
        }
    }
    Ok(found)
}

/// Whether a folder of the image says that there is nothing to find: of independent findings, all
/// are absent then.
fn means_nothing_found(dir: &Path, file: &Path) -> bool {
    let folders = file.ancestors().skip(1).take_while(|f| f.starts_with(dir));
    folders.filter_map(Path::file_name).any(|n| means_normal(&n.to_string_lossy()))
}

/// Adds the columns of a table to the images that it names, by path or by name; the number of those
/// that it does not name.
///
/// # Errors
/// When the table cannot be read, or names none of them.
pub fn add_facts(images: &mut [LabelledImage], path: &Path) -> Result<usize, FactsError> {
    let csv = |source| FactsError::Csv { path: path.to_owned(), source };
    let opened =
        open_regular(path, limits::TABLE_BYTES).map_err(|source| FactsError::File { path: path.to_owned(), source })?;
    let mut table =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(BoundedLines::new(opened.file));
    let header = table.headers().map_err(csv)?.clone();
    let Some(column) = header.iter().position(|h| IMAGE_COLUMN.contains(&folded(h).as_str())) else {
        let there: Vec<String> = header.iter().map(|h| format!("\"{h}\"")).collect();
        return Err(FactsError::Column { path: path.to_owned(), there: shortened(&there.join(", ")).into_owned() });
    };
    let mut rows: HashMap<String, csv::StringRecord> = HashMap::new();
    for row in table.records() {
        let row = row.map_err(csv)?;
        rows.insert(row.get(column).unwrap_or_default().to_owned(), row);
    }
    let mut missing = 0;
    for image in images.iter_mut() {
        let name = Path::new(&image.image).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(row) = rows.get(&image.image).or_else(|| rows.get(&name)) else {
            missing += 1;
            continue;
        };
        let known = header.iter().zip(row).enumerate().filter(|(i, (_, value))| *i != column && !value.is_empty());
        image.facts.extend(known.map(|(_, (name, value))| (name.to_lowercase(), value.to_owned())));
    }
    if missing == images.len() { Err(FactsError::OtherImages(path.to_owned())) } else { Ok(missing) }
}
