//! The table that a study is made from: a row an image with its truth, and boxes where they are known.
//!
//! ```text
//! path,truth,x,y,width,height
//! images/0001.dcm,1,225,547,86,79
//! images/0001.dcm,1,610,300,50,40
//! images/0002.png,0,,,,
//! ```
//!
//! Columns are found by their names, without regard to case, blanks and punctuation. Boxes count the
//! pixels of the image; several rows of one image are several boxes. Relative paths begin at the
//! folder of the table. Everything that cannot be meant is an error: a study is made once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::errors::StudyError;
use super::lesion::{Lesion, answer, lesion};
use super::{CASES, LESIONS};
use crate::evaluation::vocabulary::folded;
use crate::files::lines::BoundedLines;
use crate::files::read_regular;
use crate::limits;

const PATH: [&str; 6] = ["path", "image", "file", "filename", "imageindex", "imagename"];
const TRUTH: [&str; 7] = ["truth", "label", "finding", "target", "groundtruth", "reference", "disease"];
const SIDES: [&[&str]; 4] =
    [&["x", "left", "bboxx"], &["y", "top", "bboxy"], &["w", "width", "bboxw"], &["h", "height", "bboxh"]];

/// An image with what is true of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TableCase {
    pub path: PathBuf,
    pub positive: bool,
    pub lesions: Vec<Lesion>,
}

/// Reads a table of cases, in its order.
///
/// # Errors
/// When it cannot be read, has no columns for path and truth, or holds what cannot be meant.
pub fn read(path: &Path) -> Result<Vec<TableCase>, StudyError> {
    let bytes =
        read_regular(path, limits::TABLE_BYTES).map_err(|source| StudyError::Read { path: path.to_owned(), source })?;
    let folder = path.parent().unwrap_or(Path::new("."));
    parsed(&bytes, folder, path)
}

fn parsed(bytes: &[u8], folder: &Path, table: &Path) -> Result<Vec<TableCase>, StudyError> {
    let unfit = |reason: String| StudyError::Table { path: table.to_owned(), reason };
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(BoundedLines::new(bytes));
    let header = reader.headers().map_err(|e| unfit(e.to_string()))?;
    let names: Vec<String> = header.iter().map(|h| folded(h.trim_start_matches('\u{feff}'))).collect();
    let find = |known: &[&str]| known.iter().find_map(|k| names.iter().position(|n| n == k));
    let need = |known: &[&str], what: &str| {
        let there = || header.iter().collect::<Vec<_>>().join(", ");
        find(known).ok_or_else(|| unfit(format!("it has no column \"{what}\"; its columns are {}", there())))
    };
    let (image, truth) = (need(&PATH, "path")?, need(&TRUTH, "truth")?);
    let sides: Option<Vec<usize>> = SIDES.iter().map(|known| find(known)).collect();
    let (mut cases, mut places) = (Vec::<TableCase>::new(), HashMap::<PathBuf, usize>::new());
    for row in reader.records() {
        let row = row.map_err(|e| unfit(e.to_string()))?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let fault = |reason: String| StudyError::Row { path: table.to_owned(), line, reason };
        if row.iter().all(str::is_empty) {
            continue;
        }
        if cell(image).is_empty() {
            return Err(fault("it names no image".into()));
        }
        let positive = answer(cell(truth)).map_err(&fault)?;
        let lesion = sides.as_deref().map(|sides| lesion(sides, &cell)).transpose().map_err(&fault)?.flatten();
        if lesion.is_some() && !positive {
            return Err(fault("it has a box and not the finding".into()));
        }
        let path = folder.join(cell(image));
        let place = *places.entry(path.clone()).or_insert(cases.len());
        if place == cases.len() {
            if cases.len() == CASES {
                return Err(unfit(format!("it has more than {CASES} cases")));
            }
            cases.push(TableCase { path, positive, lesions: lesion.into_iter().collect() });
        } else if cases[place].positive != positive {
            return Err(fault("the image has another truth above".into()));
        } else if let Some(lesion) = lesion {
            if cases[place].lesions.len() == LESIONS {
                return Err(fault(format!("the image has more than {LESIONS} boxes")));
            }
            cases[place].lesions.push(lesion);
        } else {
            return Err(fault("the image is there twice".into()));
        }
    }
    let positives = cases.iter().filter(|c| c.positive).count();
    if positives < 2 || cases.len() - positives < 2 {
        let negatives = cases.len() - positives;
        return Err(unfit(format!(
            "it has {positives} images with the finding and {negatives} without it, and a study needs at least two of each"
        )));
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<TableCase>, String> {
        parsed(text.as_bytes(), Path::new("/data"), Path::new("cases.csv")).map_err(|e| e.to_string())
    }

    #[test]
    fn rows_of_one_image_are_its_boxes() {
        let found = read(
            "\u{feff}Image,Truth,X,Y,W,H\na.png,1,1,2,3,4\nb.png,negative,,,,\na.png,yes,5,6,7,8\nc.png,0,,,,\nd.png,1,,,,\n",
        )
        .unwrap();
        let names: Vec<&Path> = found.iter().map(|c| c.path.as_path()).collect();
        assert_eq!(names, ["/data/a.png", "/data/b.png", "/data/c.png", "/data/d.png"].map(Path::new));
        assert_eq!(found[0].lesions.len(), 2);
        assert_eq!(found[0].lesions[1], Lesion { x: 5.0, y: 6.0, width: 7.0, height: 8.0 });
        assert!(found[3].positive && found[3].lesions.is_empty());
    }

    #[test]
    fn what_cannot_be_meant_is_said_with_its_line() {
        let rest = "c,1\nd,1\ne,0\nf,0\n";
        for (text, words) in [
            (format!("path,truth\na,maybe\n{rest}"), "line 2"),
            (format!("path,truth\na,1\na,1\n{rest}"), "twice"),
            (format!("path,truth\na,1\na,0\n{rest}"), "another truth"),
            (format!("path,truth,x,y,w,h\na,0,1,2,3,4\n{rest}"), "not the finding"),
            (format!("path,truth,x,y,w,h\na,1,1,2,0,4\n{rest}"), "wider"),
            (format!("path,truth,x,y,w,h\na,1,1,,3,4\n{rest}"), "no number"),
            ("path\na\n".to_owned(), "no column \"truth\""),
            ("path,truth\na,1\nb,1\nc,0\n".to_owned(), "at least two of each"),
        ] {
            let sentence = read(&text).unwrap_err();
            assert!(sentence.contains(words), "{sentence}");
        }
    }
}
