//! The split as a table, `image,patient,split`: what was trained on what can be read, kept, and
//! used again.
//!
//! Images go by their key (the path below the data folder); a file name alone is enough where it is
//! the only one, and so is the end of a path: a table may begin in another folder.

use std::collections::HashMap;
use std::path::Path;

use super::Split;
use crate::files::lines::BoundedLines;
use crate::files::read_regular;
use crate::limits;
use crate::training::data::part::SplitPart;
use crate::training::data::sample::Sample;
use crate::training::run_files::write_private;
use crate::training::{Error, Result};

/// Name of the file in the run's folder.
pub const FILE: &str = "split.csv";

/// Writes the split of `samples`.
pub fn write(path: &Path, samples: &[Sample], split: &Split) -> Result<()> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let refuse = |e: &dyn std::fmt::Display| Error::Write { path: path.into(), reason: e.to_string() };
    table.write_record(["image", "patient", "split"]).map_err(|e| refuse(&e))?;
    for (i, sample) in samples.iter().enumerate() {
        if let Some(part) = split.of(i) {
            table.write_record([name(sample), &sample.patient, part.name()]).map_err(|e| refuse(&e))?;
        }
    }
    write_private(path, &table.into_inner().map_err(|e| refuse(&e))?)
}

fn name(sample: &Sample) -> &str {
    if sample.key.is_empty() { &sample.name } else { &sample.key }
}

/// The part of each of `samples`, by the table `path`; what of either is not in the other goes into
/// `remarks`.
pub fn read(path: &Path, samples: &[Sample], remarks: &mut Vec<String>) -> Result<Vec<Option<SplitPart>>> {
    let refuse = |reason: String| Error::Split(format!("the split file {} {reason}", path.display()));
    let bytes = read_regular(path, limits::TABLE_BYTES)
        .map_err(|error| Error::Read { path: path.into(), source: error.into() })?;
    let mut rows =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(BoundedLines::new(&bytes[..]));
    let header = rows.headers().map_err(|e| refuse(format!("cannot be read: {e}")))?.clone();
    let column = |wanted: &str| {
        let there: Vec<&str> = header.iter().collect();
        let found = there.iter().position(|h| h.eq_ignore_ascii_case(wanted));
        found.ok_or_else(|| refuse(format!("has no column `{wanted}`; its columns are {}", there.join(", "))))
    };
    let (image, split) = (column("image")?, column("split")?);
    let mut parts: HashMap<String, SplitPart> = HashMap::new();
    for (number, row) in rows.records().enumerate() {
        let row = row.map_err(|e| refuse(format!("cannot be read: {e}")))?;
        let said = row.get(split).unwrap_or_default();
        let part = SplitPart::named(said)
            .ok_or_else(|| refuse(format!("says \"{said}\" in row {}; a part is {}", number + 2, SplitPart::NAMES)))?;
        let image = row.get(image).unwrap_or_default().to_owned();
        if parts.insert(image.clone(), part).is_some_and(|before| before != part) {
            return Err(refuse(format!("puts \"{image}\" into two parts")));
        }
    }
    let mut names: HashMap<&str, usize> = HashMap::new();
    samples.iter().for_each(|s| *names.entry(s.name.as_str()).or_default() += 1);
    let mut by_file_name: HashMap<&str, Vec<(&str, &SplitPart)>> = HashMap::new();
    for (row, part) in &parts {
        by_file_name.entry(last(row)).or_default().push((row, part));
    }
    let of = |s: &Sample| {
        let by_name = || (names.get(s.name.as_str()) == Some(&1)).then(|| parts.get(&s.name)).flatten();
        parts.get(&s.key).or_else(by_name).or_else(|| from_elsewhere(&s.key, &by_file_name)).copied()
    };
    let found: Vec<Option<SplitPart>> = samples.iter().map(of).collect();
    let known = found.iter().flatten().count();
    if known == 0 {
        let (theirs, ours) = (parts.keys().min(), samples.first().map(name));
        return Err(refuse(format!(
            "names none of the images: it says \"{}\", the data say \"{}\"",
            theirs.map_or("", String::as_str),
            ours.unwrap_or_default()
        )));
    }
    if known < samples.len() {
        remarks.push(format!("{} images are not in {} and take no part", samples.len() - known, path.display()));
    }
    if known < parts.len() {
        remarks.push(format!("{} images of {} are not in the data", parts.len() - known, path.display()));
    }
    Ok(found)
}

/// The part of the only row whose path ends like that of an image, where both begin in different
/// folders.
fn from_elsewhere<'a>(key: &str, by_file_name: &HashMap<&str, Vec<(&str, &'a SplitPart)>>) -> Option<&'a SplitPart> {
    let ends = |(row, _): &&(&str, &SplitPart)| {
        Path::new(row).ends_with(key) || (row.contains('/') && Path::new(key).ends_with(row))
    };
    let mut alike = by_file_name.get(last(key))?.iter().filter(ends);
    let (_, part) = alike.next()?;
    alike.next().is_none().then_some(part)
}

fn last(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<Sample> {
        ["a/1.png", "a/2.png", "b/2.png", "b/3, right.png"]
            .map(|key| Sample {
                name: key[2..].into(),
                key: key.into(),
                patient: format!("patient of {key}"),
                ..Sample::default()
            })
            .to_vec()
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("split.csv");
        let split = Split { training: vec![0, 3], validation: vec![1], test: vec![2], ..Split::default() };
        write(&path, &samples(), &split).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("image,patient,split\na/1.png,patient of a/1.png,training\n"), "{text}");
        let mut remarks = Vec::new();
        let parts = read(&path, &samples(), &mut remarks).unwrap();
        assert_eq!(parts, (0..4).map(|i| split.of(i)).collect::<Vec<_>>());
        assert!(remarks.is_empty());
    }

    #[test]
    fn a_name_that_stands_alone_needs_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("split.csv");
        std::fs::write(&path, "image,split\n1.png,test\n2.png,train\n9.png,val\n").unwrap();
        let mut remarks = Vec::new();
        let parts = read(&path, &samples(), &mut remarks).unwrap();
        assert_eq!(parts, [Some(SplitPart::Test), None, None, None]);
        assert!(remarks[0].starts_with("3 images are not in"), "{remarks:?}");
    }

    #[test]
    fn a_table_that_begins_in_another_folder_names_the_same_images() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("split.csv");
        for text in
            ["image,split\nset/a/2.png,test\nset/b/2.png,train\n", "image,split\n/x/a/2.png,test\n/x/b/2.png,train\n"]
        {
            std::fs::write(&path, text).unwrap();
            let parts = read(&path, &samples(), &mut Vec::new()).unwrap();
            assert_eq!(parts, [None, Some(SplitPart::Test), Some(SplitPart::Training), None]);
        }
    }

    #[test]
    fn faults_are_named_with_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("split.csv");
        for (text, words) in [
            ("file,split\n1.png,test\n", "no column `image`; its columns are file, split"),
            ("image,split\n1.png,maybe\n", "says \"maybe\" in row 2"),
            ("image,split\n1.png,test\n1.png,train\n", "puts \"1.png\" into two parts"),
            ("image,split\nx.png,test\n", "it says \"x.png\", the data say \"a/1.png\""),
        ] {
            std::fs::write(&path, text).unwrap();
            let said = read(&path, &samples(), &mut Vec::new()).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }
}
