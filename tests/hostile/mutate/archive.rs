//! Changes within the entries of a ZIP archive, whose check sums are right again.

use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::{bytes, text};

/// Changes an entry: the description of the archive more often than its values.
pub(crate) fn entry(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    let Some(mut entries) = entries(file).filter(|entries| !entries.is_empty()) else { return false };
    let described: Vec<usize> = (0..entries.len()).filter(|i| is_description(&entries[*i].0)).collect();
    let which = if described.is_empty() || rng.random_bool(0.4) {
        rng.random_range(0..entries.len())
    } else {
        described[rng.random_range(0..described.len())]
    };
    let (name, content) = &mut entries[which];
    let changed = match rng.random_range(0..5) {
        0 if ends_with(name, "pkl") => bytes::pickle(content, rng),
        1 if ends_with(name, "json") => text::number(content, rng),
        0..=2 => bytes::first(content, rng),
        3 => {
            ["../out", "data.pkl", "about.json", "train_images.npy"][rng.random_range(0..4)].clone_into(name);
            true
        }
        _ => {
            let other = content.clone();
            bytes::any(content, &other, rng);
            true
        }
    };
    let method = if rng.random_bool(0.5) { CompressionMethod::Stored } else { CompressionMethod::Deflated };
    if let Some(bytes) = written(&entries, method) {
        *file = bytes;
    }
    changed
}

fn is_description(name: &str) -> bool {
    ["pkl", "json", "h5", "npy"].iter().any(|ending| ends_with(name, ending))
}

fn ends_with(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|own| own == ending)
}

/// Names and contents; `None` where it is no archive.
fn entries(file: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).ok()?;
    let mut all = Vec::new();
    for i in 0..archive.len().min(100) {
        let entry = archive.by_index(i).ok()?;
        let name = entry.name().ok()?.into_owned();
        let mut content = Vec::new();
        entry.take(1 << 20).read_to_end(&mut content).ok()?;
        all.push((name, content));
    }
    Some(all)
}

/// An archive of these entries; `None` where two have one name.
pub(crate) fn written(entries: &[(String, Vec<u8>)], method: CompressionMethod) -> Option<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        archive.start_file(name, SimpleFileOptions::default().compression_method(method)).ok()?;
        archive.write_all(content).ok()?;
    }
    Some(archive.finish().ok()?.into_inner())
}
