//! Archives of the form of `MedMNIST` (Yang et al., Scientific Data 2023): per part `train`, `val`
//! and `test` an array `…_images` of (n, side, side) or (n, side, side, 3) bytes, and `…_labels` of
//! (n, 1) class numbers or (n, k) findings.
//!
//! Labels have no names in the file: number 0 is the first label of the configuration. Every image
//! is a patient of its own, for the file names none. Colours become grey by their luma.

use std::path::Path;
use std::sync::Arc;

use super::archive::{ArchiveEntry, Array, entries};
use super::listed::{ImageFacts, ListedImage, Origin, name_of, quoted};
use super::part::SplitPart;
use crate::imaging::Plane;
use crate::limits;
use crate::model::manifest::Head;
use crate::study::patients::Lead;
use crate::training::config::Config;
use crate::training::data::truth;
use crate::training::{Error, Result};

/// Adds the images of an archive.
pub(super) fn list(config: &Config, path: &Path, files: &mut Vec<ListedImage>) -> Result<()> {
    let read = |source| Error::Read { path: path.into(), source };
    let found = entries(path).map_err(read)?;
    let shared = Arc::new(path.to_owned());
    let before = files.len();
    for (part, prefix) in [(SplitPart::Training, "train"), (SplitPart::Validation, "val"), (SplitPart::Test, "test")] {
        let array = format!("{prefix}_images");
        let (Some(images), Some(labels)) = (named(&found, &array), named(&found, &format!("{prefix}_labels"))) else {
            continue;
        };
        let images = Array::open(path, images).map_err(read)?;
        let Some((n, ..)) = extent(&images) else {
            return Err(Error::Data(format!(
                "{} holds {array} of the shape {:?}, but images are (n, height, width) or (n, height, width, 3) bytes, at most {} \
                 of at most {} pixels",
                path.display(),
                images.shape,
                limits::ARRAY_IMAGES,
                limits::ARRAY_PIXELS
            )));
        };
        let truths = truths(config, path, &mut Array::open(path, labels).map_err(read)?, n)?;
        for (index, truth) in truths.into_iter().enumerate() {
            let key = format!("{}/{prefix}/{index:06}", name_of(path));
            files.push(ListedImage {
                origin: Origin::Archive { file: Arc::clone(&shared), array: array.clone(), index },
                key,
                truth,
                patient: Lead::default(),
                part: Some(part),
                facts: ImageFacts::default(),
            });
        }
    }
    if files.len() == before {
        let names = quoted(found.iter().map(|e| e.name.trim_end_matches(".npy")));
        return Err(Error::Data(format!(
            "{} holds no pair of arrays like train_images and train_labels; it holds {names}",
            path.display()
        )));
    }
    Ok(())
}

fn named<'a>(found: &'a [ArchiveEntry], array: &str) -> Option<&'a ArchiveEntry> {
    found.iter().find(|e| e.name.strip_suffix(".npy") == Some(array))
}

/// Number of images, height, width and channels, where the shape and the bytes are those of images.
fn extent(array: &Array) -> Option<(usize, usize, usize, usize)> {
    let (n, h, w, channels) = match array.shape[..] {
        [n, h, w] => (n, h, w, 1),
        [n, h, w, c @ (1 | 3)] => (n, h, w, c),
        _ => return None,
    };
    let pixels = (h as u64).saturating_mul(w as u64);
    let fits = (1..=limits::ARRAY_IMAGES).contains(&n) && (1..=limits::ARRAY_PIXELS).contains(&pixels);
    (fits && array.kind == super::archive::NumberType::Unsigned(1)).then_some((n, h, w, channels))
}

fn truths(config: &Config, path: &Path, array: &mut Array, n: usize) -> Result<Vec<Vec<f32>>> {
    let refuse = |reason: String| Error::Data(format!("{}: {reason}", path.display()));
    let width = match array.shape[..] {
        [rows] if rows == n => 1,
        [rows, width] if rows == n => width,
        _ => return Err(refuse(format!("the labels have the shape {:?} for {n} images", array.shape))),
    };
    if width > limits::LABELS {
        return Err(refuse(format!("it has {width} findings an image; at most {} make sense", limits::LABELS)));
    }
    let known = config.labels.len();
    // Checked above and in `extent`: no product here goes beyond 64 bits.
    let held = n * width.max(known);
    if held > limits::ARRAY_LABELS {
        let most = limits::ARRAY_LABELS;
        return Err(refuse(format!("it has {held} labels of all images together; at most {most} are held")));
    }
    let values = array.next(n * width).map_err(|source| Error::Read { path: path.into(), source })?;
    if width > 1 || (config.head == Head::Sigmoid && known == 1) {
        if width != known {
            return Err(refuse(format!("it has {width} findings an image, but the configuration has {known} labels")));
        }
        if config.head == Head::Softmax {
            return Err(refuse(format!(
                "it has {width} findings an image that need not exclude each other; write head = \"sigmoid\""
            )));
        }
        return Ok(values.chunks_exact(width).map(|row| row.iter().map(|&v| v as f32).collect()).collect());
    }
    let class = |&v: &f64| {
        if v >= 0.0 && (v as usize) < known {
            Ok(truth::one_hot(v as usize, known))
        } else {
            Err(refuse(format!("it has the class number {v}, but the configuration has only {known} labels")))
        }
    };
    values.iter().map(class).collect()
}

/// Hands the images `wanted` (rising numbers) of an array to `visit`, one after the other, values
/// from 0 to 1.
pub(super) fn read(
    path: &Path,
    array: &str,
    wanted: &[usize],
    visit: &mut dyn FnMut(usize, Plane),
) -> std::io::Result<()> {
    let found = entries(path)?;
    let invalid = || std::io::Error::new(std::io::ErrorKind::InvalidData, format!("{array} is no array of images"));
    let mut stream = Array::open(path, named(&found, array).ok_or_else(invalid)?)?;
    let (_, height, width, channels) = extent(&stream).ok_or_else(invalid)?;
    let count = height * width * channels;
    let mut at = 0;
    for (place, &index) in wanted.iter().enumerate() {
        stream.skip((index - at) * count)?;
        at = index + 1;
        let values = stream.next(count)?;
        let grey = |p: &[f64]| match p {
            [r, g, b] => (0.299 * r + 0.587 * g + 0.114 * b) as f32 / 255.0,
            _ => p[0] as f32 / 255.0,
        };
        visit(place, Plane { width, height, values: values.chunks_exact(channels).map(grey).collect() });
    }
    Ok(())
}
