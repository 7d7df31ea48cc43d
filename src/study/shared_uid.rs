//! Files with one SOP Instance UID: copies of one image, or several images that claim to be one.
//!
//! The UID should tell every image from all others. Files that were changed by hand, by an
//! anonymiser or by a broken scanner share it all the same. So files with one UID are compared byte
//! for byte (by their SHA-256): what is the same is one image, whose copies are named; everything
//! else is an image of its own, with a warning on each. Only files that share a UID are read for
//! it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::group::Listed;
use super::{ImageEntry, Warning};
use crate::{files, limits};

/// Other files with the SOP Instance UID of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedUid {
    /// Files that are the same byte for byte.
    pub copies: Vec<PathBuf>,
    /// Files that hold something else.
    pub others: Vec<PathBuf>,
    /// The beginning of the SHA-256 of the file, where another image had the UID first.
    pub content: String,
}

impl SharedUid {
    /// The warning that stands with the image, if there is one.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let first = self.others.first()?;
        let more = match self.others.len() {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        Some(format!(
            "Another file has the same SOP Instance UID and holds something else ({}{more}): one of them is not what it \
             says.",
            name(first)
        ))
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Makes one image of copies and tells apart what only shares its UID. `known` are images that are
/// open already: they stay as they are, and what is a copy of one of them is left out and named in
/// a warning.
pub(super) fn told_apart(listed: Vec<Listed>, known: &[&ImageEntry], warnings: &mut Vec<Warning>) -> Vec<Listed> {
    let open: HashMap<&Path, &ImageEntry> = known.iter().map(|entry| (entry.path.as_path(), *entry)).collect();
    let (again, listed): (Vec<Listed>, Vec<Listed>) =
        listed.into_iter().partition(|one| open.contains_key(one.entry.path.as_path()));
    let mut by_uid: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, one) in listed.iter().enumerate() {
        by_uid.entry(&one.entry.identity.sop_instance_uid).or_default().push(i);
    }
    let mut opened: HashMap<&str, Vec<&ImageEntry>> = HashMap::new();
    for entry in known {
        opened.entry(&entry.identity.sop_instance_uid).or_default().push(entry);
    }
    let shared: Vec<(Vec<&ImageEntry>, Vec<usize>)> = by_uid
        .into_iter()
        .map(|(uid, numbers)| (opened.remove(uid).unwrap_or_default(), numbers))
        .filter(|(opened, numbers)| opened.len() + numbers.len() > 1)
        .collect();
    let resolved: Vec<Vec<(usize, Fate)>> =
        shared.into_par_iter().map(|(opened, numbers)| compared(&listed, &opened, &numbers)).collect();
    let mut fates: HashMap<usize, Fate> = resolved.into_iter().flatten().collect();
    let reopened = |one: Listed| match open.get(one.entry.path.as_path()) {
        Some(entry) => Listed { entry: ImageEntry::clone(entry), ..one },
        None => one,
    };
    let mut kept: Vec<Listed> = again.into_iter().map(reopened).collect();
    for (i, mut one) in listed.into_iter().enumerate() {
        match fates.remove(&i) {
            None => kept.push(one),
            Some(Fate::CopyOfOpen(of)) => {
                let reason = format!("It is a copy of {}, byte for byte, which is open already.", name(&of));
                warnings.push(Warning { path: one.entry.path, reason });
            }
            Some(Fate::Copy) => {}
            Some(Fate::Image(shared_uid)) => {
                if let Some(reason) = shared_uid.warning() {
                    warnings.push(Warning { path: one.entry.path.clone(), reason });
                }
                one.entry.shared_uid = shared_uid;
                kept.push(one);
            }
        }
    }
    kept
}

/// What becomes of a file that shares its UID.
enum Fate {
    Image(SharedUid),
    /// Named with the image that it is a copy of.
    Copy,
    CopyOfOpen(PathBuf),
}

/// An image that is told apart from those before it.
struct Distinct {
    hash: String,
    path: PathBuf,
    /// Its number in the list; `None` where it is open already.
    number: Option<usize>,
    copies: Vec<PathBuf>,
}

/// The files of one UID, `opened` ones first.
fn compared(listed: &[Listed], opened: &[&ImageEntry], numbers: &[usize]) -> Vec<(usize, Fate)> {
    let mut distinct: Vec<Distinct> = Vec::new();
    let mut fates = Vec::new();
    let entries = opened.iter().map(|e| (None, *e)).chain(numbers.iter().map(|n| (Some(*n), &listed[*n].entry)));
    for (number, entry) in entries {
        // A file that cannot be read any more is like no other.
        let hash = files::sha256_of_file(&entry.path, limits::OBJECT_BYTES)
            .unwrap_or_else(|_| entry.path.to_string_lossy().into_owned());
        match (distinct.iter_mut().find(|d| d.hash == hash), number) {
            (Some(same), Some(number)) if same.number.is_some() => {
                same.copies.push(entry.path.clone());
                fates.push((number, Fate::Copy));
            }
            (Some(same), Some(number)) => fates.push((number, Fate::CopyOfOpen(same.path.clone()))),
            (Some(_), None) => {}
            (None, number) => distinct.push(Distinct { hash, path: entry.path.clone(), number, copies: Vec::new() }),
        }
    }
    for (place, one) in distinct.iter().enumerate() {
        let Some(number) = one.number else { continue };
        let others = distinct.iter().enumerate().filter(|(i, _)| *i != place).map(|(_, d)| d.path.clone()).collect();
        let content = if place == 0 { String::new() } else { one.hash.chars().take(16).collect() };
        fates.push((number, Fate::Image(SharedUid { copies: one.copies.clone(), others, content })));
    }
    fates
}
