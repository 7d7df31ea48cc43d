//! From a listed image to its pixels: what the network will see at prediction, before it is scaled
//! down and normalised.
//!
//! The scale on which augmentation reads them is the range of the stored bits. Of more than 8 bits
//! (DICOM, 16-bit PNG) few are used, so there it lies between the 0.1 and 99.9 percentiles; where
//! the input is normalised by fixed numbers, the range of the bits stays.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::listed::{ImageFacts, ListedImage, Origin};
use super::npz;
use super::pixels::Pixels;
use super::unusable::UnusableImage;
use crate::imaging::stats;
use crate::model::manifest::Normalization;
use crate::study::open_image;

/// Share of the pixels at each end that a wide range is cut by.
const TAIL: f64 = 0.001;

/// A decoded image.
pub(super) struct DecodedImage {
    /// At the image's own size, bright is dense.
    pub pixels: Pixels,
    /// Patient ID of a DICOM file; empty where there is none.
    pub patient: String,
    /// Age, sex and view of a DICOM file.
    pub facts: ImageFacts,
}

/// What a visitor is given for an image: pixels, or the reason why there are none.
type Result<T = DecodedImage> = std::result::Result<T, UnusableImage>;

/// Decodes `files` on `threads` threads and hands each to `visit` with its number, in no order.
pub(super) fn each(
    files: &[ListedImage],
    normalization: Normalization,
    threads: usize,
    visit: &(dyn Fn(usize, Result) + Sync),
) {
    // One job a file; one job a whole array of an archive, for it can only be read from its start.
    let mut jobs: Vec<Vec<usize>> = Vec::new();
    let mut arrays: BTreeMap<(&std::path::Path, &str), Vec<usize>> = BTreeMap::new();
    for (number, file) in files.iter().enumerate() {
        match &file.origin {
            Origin::File(_) => jobs.push(vec![number]),
            Origin::Archive { file, array, .. } => arrays.entry((file, array)).or_default().push(number),
        }
    }
    jobs.splice(0..0, arrays.into_values());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let work = || {
            while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                match &files[job[0]].origin {
                    Origin::File(path) => visit(job[0], file(path, normalization)),
                    Origin::Archive { .. } => archive(files, job, visit),
                }
            }
        };
        for number in 1..threads.max(1) {
            // Where no further thread can be had, this one does the work.
            let _ = std::thread::Builder::new().name(format!("decode-{number}")).spawn_scoped(scope, work);
        }
        work();
    });
}

/// Decodes `files` and keeps what `take` makes of each, in their order.
pub(super) fn map<T: Send>(
    files: &[ListedImage],
    normalization: Normalization,
    threads: usize,
    progress: &(dyn Fn(usize) + Sync),
    take: &(dyn Fn(usize, DecodedImage) -> T + Sync),
) -> Vec<Result<T>> {
    let done = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Result<T>>>> = files.iter().map(|_| Mutex::new(None)).collect();
    each(files, normalization, threads, &|i, decoded| {
        let made = decoded.map(|d| take(i, d));
        if let Ok(mut slot) = slots[i].lock() {
            *slot = Some(made);
        }
        progress(done.fetch_add(1, Ordering::Relaxed) + 1);
    });
    let made = slots.into_iter().map(|slot| slot.into_inner().ok().flatten());
    made.map(|m| m.unwrap_or_else(|| Err(UnusableImage::GaveUp))).collect()
}

/// Reads one file: the first frame of a DICOM object, or an image.
fn file(path: &std::path::Path, normalization: Normalization) -> Result {
    let frame = open_image(path).map_err(UnusableImage::Undecodable)?;
    frame.scorable()?;
    let plane = frame.model_plane();
    if plane.values.is_empty() {
        return Err(UnusableImage::Empty);
    }
    let range = frame.pixels.value_range;
    let mut scale = range;
    let wide = range.1 - range.0 > 255.0;
    if wide
        && normalization != Normalization::Fixed
        && let Some(cut) = stats::percentiles(&frame.pixels.plane, frame.pixels.padding, &[TAIL, 1.0 - TAIL])
    {
        let (low, high) = (cut[0], cut[1]);
        // Percentiles are of the stored polarity, the plane is of the model's.
        scale = if frame.pixels.inverted { (range.0 + range.1 - high, range.0 + range.1 - low) } else { (low, high) };
    }
    let meta = &frame.entry.meta;
    Ok(DecodedImage {
        pixels: Pixels::new(plane, range, scale),
        patient: meta.patient_id.clone(),
        facts: ImageFacts { age: meta.age.clone(), sex: meta.sex.clone(), view: meta.view_position.clone() },
    })
}

/// Reads the images `job` of one array.
fn archive(files: &[ListedImage], job: &[usize], visit: &(dyn Fn(usize, Result) + Sync)) {
    let number = |i: &usize| match &files[*i].origin {
        Origin::Archive { index, .. } => *index,
        Origin::File(_) => 0,
    };
    let wanted: Vec<usize> = job.iter().map(number).collect();
    let Origin::Archive { file, array, .. } = &files[job[0]].origin else { return };
    let mut done = 0;
    let read = npz::read(file, array, &wanted, &mut |place, plane| {
        let pixels = Pixels::new(plane, (0.0, 1.0), (0.0, 1.0));
        visit(job[place], Ok(DecodedImage { pixels, patient: String::new(), facts: ImageFacts::default() }));
        done = place + 1;
    });
    if let Err(error) = read {
        let source = Arc::new(error);
        for &i in &job[done..] {
            visit(i, Err(UnusableImage::Array { array: array.clone(), source: Arc::clone(&source) }));
        }
    }
}
