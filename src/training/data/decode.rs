//! From a listed image to values from 0 to 1: what the network will see at prediction, before it is scaled down.
//!
//! Films of 8 bits keep their greys exactly. Wider ones (DICOM, 16-bit PNG) are stretched between their 0.1 and 99.9
//! percentiles, for 8 bits would not hold a CT's range; where the input is normalised by fixed figures, the range that
//! the stored bits can take is kept instead, as at prediction.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Facts, Listed, Origin, npz};
use crate::imaging::{Plane, stats};
use crate::network::manifest::Normalization;
use crate::study::open_image;

/// Share of the pixels at each end that a wide range is cut by.
const TAIL: f64 = 0.001;

/// A decoded image.
pub struct Decoded {
    /// Values from 0 to 1, bright is dense, at the image's own size.
    pub plane: Plane,
    /// Patient of a DICOM file.
    pub patient: Option<String>,
    /// Age, sex and view of a DICOM file.
    pub facts: Facts,
}

/// What a visitor is given for an image: pixels, or the reason why there are none.
pub type Result = std::result::Result<Decoded, String>;

/// Decodes `files` on `threads` threads and hands each to `visit` with its number, in no order.
pub fn each(files: &[Listed], normalization: Normalization, threads: usize, visit: &(dyn Fn(usize, Result) + Sync)) {
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
pub fn map<T: Send>(
    files: &[Listed],
    normalization: Normalization,
    threads: usize,
    progress: &(dyn Fn(usize) + Sync),
    take: &(dyn Fn(usize, Decoded) -> T + Sync),
) -> Vec<std::result::Result<T, String>> {
    let done = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<std::result::Result<T, String>>>> = files.iter().map(|_| Mutex::new(None)).collect();
    each(files, normalization, threads, &|i, decoded| {
        let made = decoded.map(|d| take(i, d));
        if let Ok(mut slot) = slots[i].lock() {
            *slot = Some(made);
        }
        progress(done.fetch_add(1, Ordering::Relaxed) + 1);
    });
    let made = slots.into_iter().map(|slot| slot.into_inner().ok().flatten());
    made.map(|m| m.unwrap_or_else(|| Err("its decoder gave up on the way".into()))).collect()
}

/// Reads one file: the first frame of a DICOM object, or a picture.
fn file(path: &std::path::Path, normalization: Normalization) -> Result {
    let frame = open_image(path).map_err(|e| format!("it cannot be decoded: {e}"))?;
    let mut plane = frame.model_plane();
    if plane.values.is_empty() {
        return Err("it has no pixels".into());
    }
    let mut range = frame.value_range;
    let wide = range.1 - range.0 > 255.0;
    if wide
        && normalization != Normalization::Fixed
        && let Some(cut) = stats::percentiles(&frame.plane, frame.padding, &[TAIL, 1.0 - TAIL])
    {
        let (low, high) = (cut[0], cut[1]);
        // Percentiles are of the stored polarity, the plane is of the model's.
        range = if frame.inverted { (range.0 + range.1 - high, range.0 + range.1 - low) } else { (low, high) };
    }
    let span = range.1 - range.0;
    let (low, span) = (range.0, if span > 0.0 { span } else { 1.0 });
    for v in &mut plane.values {
        *v = if v.is_finite() { ((*v - low) / span).clamp(0.0, 1.0) } else { 0.0 };
    }
    let meta = &frame.entry.meta;
    Ok(Decoded {
        plane,
        patient: Some(meta.patient_id.clone()).filter(|p| !p.is_empty()),
        facts: Facts { age: meta.age.clone(), sex: meta.sex.clone(), view: meta.view_position.clone() },
    })
}

/// Reads the images `job` of one array.
fn archive(files: &[Listed], job: &[usize], visit: &(dyn Fn(usize, Result) + Sync)) {
    let number = |i: &usize| match &files[*i].origin {
        Origin::Archive { index, .. } => *index,
        Origin::File(_) => 0,
    };
    let wanted: Vec<usize> = job.iter().map(number).collect();
    let Origin::Archive { file, array, .. } = &files[job[0]].origin else { return };
    let mut done = 0;
    let read = npz::read(file, array, &wanted, &mut |place, plane| {
        visit(job[place], Ok(Decoded { plane, patient: None, facts: Facts::default() }));
        done = place + 1;
    });
    if let Err(error) = read {
        for &i in &job[done..] {
            visit(i, Err(format!("{array} cannot be read from here on: {error}")));
        }
    }
}
