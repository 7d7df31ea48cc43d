//! A table of image, patient and part, as `pellucid data split` and a run write it, for images that
//! lie wherever they lie.
//!
//! The table names images by their path below the folder of the data. They are found from any
//! folder: an image is that of a row when its own name is the row's, or when its whole path ends in
//! it; of several such rows the longest is meant.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::files::lines::BoundedLines;
use crate::files::open_regular;
use crate::limits;
use crate::printable::shortened;
use crate::training::data::part::SplitPart;
use crate::training::{Error, Result};

/// Part and patient of an image.
pub type SplitRow = (SplitPart, Option<String>);

/// Part and patient of images by their path below the folder of the data.
#[derive(Clone, Debug, Default)]
pub struct SplitTable {
    path: PathBuf,
    rows: HashMap<String, SplitRow>,
    /// The rows whose images have this file name.
    by_file_name: HashMap<String, Vec<String>>,
}

impl SplitTable {
    /// Reads a table.
    ///
    /// # Errors
    /// When it cannot be read, has no column of images or of parts, or names no part.
    pub fn read(path: &Path) -> Result<Self> {
        let refuse = |why: String| Error::Split(format!("the split table {} {why}", path.display()));
        let opened = open_regular(path, limits::TABLE_BYTES).map_err(|e| refuse(format!("cannot be read: {e}")))?;
        let mut table =
            csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(BoundedLines::new(opened.file));
        let header = table.headers().map_err(|e| refuse(format!("cannot be read: {e}")))?.clone();
        let column = |wanted: &str| header.iter().position(|h| h.eq_ignore_ascii_case(wanted));
        let missing = |wanted: &str| {
            let there: Vec<&str> = header.iter().collect();
            refuse(format!("has no column \"{wanted}\"; its columns are {}", shortened(&there.join(", "))))
        };
        let image = column("image").ok_or_else(|| missing("image"))?;
        let split = column("split").ok_or_else(|| missing("split"))?;
        let patient = column("patient");
        let mut read = Self { path: path.to_owned(), ..Self::default() };
        for (number, row) in table.records().enumerate() {
            let row = row.map_err(|e| refuse(format!("cannot be read: {e}")))?;
            let name = row.get(split).unwrap_or_default();
            let part = SplitPart::named(name).ok_or_else(|| {
                refuse(format!("says \"{}\" in row {}; a part is {}", shortened(name), number + 2, SplitPart::NAMES))
            })?;
            let patient = patient.and_then(|p| row.get(p)).filter(|p| !p.is_empty()).map(str::to_owned);
            let image = row.get(image).unwrap_or_default().replace('\\', "/");
            let image = image.trim_start_matches("./").to_owned();
            read.by_file_name.entry(file_name(&image)).or_default().push(image.clone());
            read.rows.insert(image, (part, patient));
        }
        Ok(read)
    }

    /// Whether it names no image.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Every row, without its image.
    pub fn values(&self) -> impl Iterator<Item = &SplitRow> {
        self.rows.values()
    }

    /// The row of an image that is called `image` and lies at `path`, with the name that it has in
    /// the table.
    #[must_use]
    pub fn find(&self, image: &str, path: &Path) -> Option<(&str, &SplitRow)> {
        if let Some((name, row)) = self.rows.get_key_value(image) {
            return Some((name, row));
        }
        let named = self.by_file_name.get(&file_name(image))?;
        let lies_there = |name: &&String| path.ends_with(Path::new(name.as_str())) || self.beside(name) == *path;
        let name = named.iter().filter(lies_there).max_by_key(|name| name.len())?;
        self.rows.get_key_value(name.as_str()).map(|(name, row)| (name.as_str(), row))
    }

    /// Rows of a part.
    #[must_use]
    pub fn count(&self, part: SplitPart) -> usize {
        self.rows.values().filter(|(own, _)| *own == part).count()
    }

    /// The file that a row names from the table's own folder, where it goes up from there.
    fn beside(&self, name: &str) -> PathBuf {
        let climbs = name.split('/').any(|part| part == "..");
        let folder = self.path.parent().unwrap_or(Path::new(""));
        if climbs { folder.join(name).canonicalize().unwrap_or_default() } else { PathBuf::new() }
    }

    /// Which of the images called `image`, at `path`, the table has, each with its number and row.
    ///
    /// # Errors
    /// When a row is that of several images: no one knows which is meant.
    pub fn matched<'a>(&self, images: impl Iterator<Item = (&'a str, &'a Path)>) -> Result<Vec<(usize, &SplitRow)>> {
        let mut taken: HashMap<&str, String> = HashMap::new();
        let mut found = Vec::new();
        for (number, (image, path)) in images.enumerate() {
            let Some((name, row)) = self.find(image, path) else { continue };
            if let Some(other) = taken.insert(name, image.to_owned()) {
                let table = self.path.display();
                let (other, image) = (shortened(&other).into_owned(), shortened(image).into_owned());
                return Err(Error::Split(format!(
                    "the split table {table} names {}, and both {other} and {image} are called so; choose the folder that its paths begin in",
                    shortened(name)
                )));
            }
            found.push((number, row));
        }
        Ok(found)
    }
}

fn file_name(image: &str) -> String {
    image.rsplit('/').next().unwrap_or(image).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> (tempfile::TempDir, SplitTable) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("split.csv");
        std::fs::write(&path, text).unwrap();
        let table = SplitTable::read(&path).unwrap();
        (folder, table)
    }

    #[test]
    fn an_image_is_found_from_whatever_folder_it_is_named() {
        let (_folder, table) = table("image,patient,split\nset/a/1.png,p1,training\nset/b/1.png,p2,test\n2.png,,val\n");
        let of =
            |image: &str, path: &str| table.find(image, Path::new(path)).map(|(name, row)| (name.to_owned(), row.0));
        let test = Some(("set/b/1.png".to_owned(), SplitPart::Test));
        assert_eq!(of("set/b/1.png", "/data/set/b/1.png"), test, "from the folder of the data");
        assert_eq!(of("b/1.png", "/data/set/b/1.png"), test, "from a folder inside");
        assert_eq!(of("data/set/b/1.png", "/data/set/b/1.png"), test, "from a folder above");
        assert_eq!(of("1.png", "/data/set/b/1.png"), test);
        assert_eq!(of("b/1.png", "/data/other/b/1.png"), None);
        assert_eq!(of("x/2.png", "/data/x/2.png").map(|(_, part)| part), Some(SplitPart::Validation));
    }

    #[test]
    fn a_row_that_several_images_may_be_is_refused() {
        let (_folder, table) = table("image,split\n1.png,test\n");
        let images = [("a/1.png", Path::new("/d/a/1.png")), ("b/1.png", Path::new("/d/b/1.png"))];
        let said = table.matched(images.into_iter()).unwrap_err().to_string();
        assert!(said.contains("both a/1.png and b/1.png are called so"), "{said}");
        assert_eq!(table.matched(images.into_iter().take(1)).unwrap().len(), 1);
    }

    #[test]
    fn a_path_that_goes_up_begins_at_the_table() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("runs")).unwrap();
        std::fs::write(folder.path().join("1.png"), b"x").unwrap();
        let path = folder.path().join("runs/split.csv");
        std::fs::write(&path, "image,split\n../1.png,test\n").unwrap();
        let table = SplitTable::read(&path).unwrap();
        let image = folder.path().join("1.png").canonicalize().unwrap();
        assert_eq!(table.find("1.png", &image).map(|(_, row)| row.0), Some(SplitPart::Test));
    }

    #[test]
    fn a_table_without_the_columns_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("split.csv");
        for (text, words) in [("file,split\n1,test\n", "no column \"image\""), ("image,split\n1,maybe\n", "in row 2")] {
            std::fs::write(&path, text).unwrap();
            let said = SplitTable::read(&path).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }
}
