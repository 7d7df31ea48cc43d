//! A folder without a configuration: `PART/CLASS/…` or `CLASS/…`, as public sets are laid out.

use std::path::Path;

use crate::files::walk::files_below;
use crate::limits;
use crate::study::patients::{Patients, key_of};
use crate::training::data::listed::{ImageFacts, ListedImage, Origin, name_of};
use crate::training::data::part::SplitPart;
use crate::training::data::truth;
use crate::training::{Error, Result};

/// Extensions of images; a file without any is looked into as well, for DICOM files often have
/// none.
const EXTENSIONS: [&str; 9] = ["png", "jpg", "jpeg", "tif", "tiff", "dcm", "dicom", "dic", "ima"];

/// The images below `root` and the names of their classes.
pub fn list(root: &Path, patients: &Patients) -> Result<(Vec<ListedImage>, Vec<String>)> {
    if let Err(source) = std::fs::read_dir(root) {
        return Err(Error::Read { path: root.into(), source });
    }
    let mut found = Vec::new();
    for path in files_below(root).flatten().take(limits::FILES_AT_ONCE) {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let name = name_of(&path);
        if name.starts_with('.') || extension.is_some_and(|e| !EXTENSIONS.contains(&e.as_str()) && !is_number(&e)) {
            continue;
        }
        let key = key_of(root, &path);
        let mut folders: Vec<&str> = key.split('/').collect();
        folders.pop();
        let part = folders.first().and_then(|f| SplitPart::named(f));
        let class = folders.get(usize::from(part.is_some())).copied().unwrap_or("(no folder)").to_owned();
        let patient = patients.lead(&name, &key, None);
        found.push((path, key, part, class, patient));
    }
    let mut labels: Vec<String> = found.iter().map(|f| f.3.clone()).collect();
    labels.sort();
    labels.dedup();
    let number = |class: &str| labels.binary_search_by(|l| l.as_str().cmp(class)).unwrap_or(0);
    let listed = found.into_iter().map(|(path, key, part, class, patient)| ListedImage {
        origin: Origin::File(path),
        key,
        truth: truth::one_hot(number(&class), labels.len()),
        patient,
        part,
        facts: ImageFacts::default(),
    });
    let listed: Vec<ListedImage> = listed.collect();
    if listed.is_empty() {
        return Err(Error::NoImages(format!("{} holds no DICOM, PNG, JPEG or TIFF file", root.display())));
    }
    Ok((listed, labels))
}

/// DICOM files are often named by UIDs, whose last part looks like an extension.
fn is_number(extension: &str) -> bool {
    extension.chars().all(|c| c.is_ascii_digit())
}
