//! What is wrong with a data set before anything is trained on it: files that cannot be read, the
//! same image twice, the same patient on both sides of a split, classes that hardly exist.
//!
//! A leak is an image (or one that can hardly be told from it) or a patient in more than one part:
//! metrics on such a split flatter. A conflict is one image under different labels: no network can
//! learn both.
//!
//! Not found: the same patient under two names, where no two images show the same exposure.

mod alignment;
mod candidates;
mod detail;
pub mod examine;
pub mod fingerprint;
pub mod folder;
pub mod grouping;
pub mod near_duplicates;
pub mod pairs;
pub mod sheets;
mod statistics;

use std::collections::BTreeMap;

use serde::Serialize;

use self::fingerprint::Fingerprint;
use self::near_duplicates::NearDuplicate;
use self::pairs::{Pair, pairs};
use self::statistics::Statistics;
use super::listed::{ListedImage, Origin};
use super::part::SplitPart;
use super::{decode, truth};
use crate::model::manifest::Normalization;
use crate::study::Warning;
use crate::study::patients::PatientSource;

/// Most pairs that are named one by one in a report.
pub const NAMED: usize = 10_000;

/// A readable image with what was measured on it.
#[derive(Clone, Debug)]
pub struct AuditedImage {
    pub listed: ListedImage,
    pub patient: String,
    /// By what the patient was recognised.
    pub recognised_by: PatientSource,
    pub part: Option<SplitPart>,
    pub fingerprint: Fingerprint,
}

/// Everything that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    pub images: usize,
    pub patients: usize,
    pub labels: Vec<LabelCount>,
    /// Images without any of the labels.
    pub without_label: usize,
    pub unreadable: Vec<Warning>,
    /// What else was said on the way: files without a label, remarks on the split.
    pub remarks: Vec<String>,
    /// Pairs of the same pixels, worst first.
    pub exact: Vec<Pair>,
    /// Near-duplicates, worst first.
    pub near: Vec<Pair>,
    /// Patients in more than one part.
    pub shared_patients: Vec<String>,
    pub statistics: Statistics,
}

/// Images of a label, in all and by part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelCount {
    pub name: String,
    pub images: usize,
    pub unknown: usize,
    pub parts: BTreeMap<SplitPart, usize>,
}

/// Decodes and measures `files`; `threads` at a time, `progress` is called with the number done.
pub fn measure(
    files: &[ListedImage],
    threads: usize,
    progress: &(dyn Fn(usize) + Sync),
) -> (Vec<AuditedImage>, Vec<Warning>) {
    let made = decode::map(files, Normalization::PerImage, threads, progress, &|i, decoded| {
        let file = &files[i];
        let own = || match &file.origin {
            Origin::File(path) => super::listed::name_of(path),
            Origin::Archive { .. } => file.key.clone(),
        };
        let (patient, recognised_by) = file.patient.with_header(&decoded.patient);
        AuditedImage {
            patient: patient.unwrap_or_else(own),
            recognised_by,
            part: file.part,
            fingerprint: Fingerprint::of(&decoded.pixels.plane()),
            listed: file.clone(),
        }
    });
    let mut images = Vec::new();
    let mut unreadable = Vec::new();
    for (file, image) in files.iter().zip(made) {
        match image {
            Ok(image) => images.push(image),
            Err(reason) => {
                unreadable.push(Warning { path: file.origin.path().into(), reason: reason.to_string() });
            }
        }
    }
    (images, unreadable)
}

/// Compares and counts; `labels` names the places of the truths, `found` are the near-duplicates
/// among the images.
pub fn audit(
    images: &[AuditedImage],
    labels: &[String],
    found: &[NearDuplicate],
    unreadable: Vec<Warning>,
    remarks: Vec<String>,
) -> Audit {
    let (exact, near) = pairs(images, found);
    let count = |(k, name): (usize, &String)| {
        let having = || images.iter().filter(|i| i.listed.truth[k] > 0.5);
        let mut parts = BTreeMap::new();
        having().filter_map(|i| i.part).for_each(|p| *parts.entry(p).or_default() += 1);
        LabelCount {
            name: name.clone(),
            images: having().count(),
            unknown: images.iter().filter(|i| i.listed.truth[k].is_nan()).count(),
            parts,
        }
    };
    let mut parts: BTreeMap<&str, std::collections::BTreeSet<SplitPart>> = BTreeMap::new();
    for image in images {
        parts.entry(&image.patient).or_default().extend(image.part);
    }
    Audit {
        images: images.len(),
        patients: parts.len(),
        labels: labels.iter().enumerate().map(count).collect(),
        without_label: images.iter().filter(|i| truth::present(&i.listed.truth).next().is_none()).count(),
        unreadable,
        remarks,
        exact,
        near,
        shared_patients: parts.into_iter().filter(|(_, p)| p.len() > 1).map(|(name, _)| name.to_owned()).collect(),
        statistics: Statistics::of(images),
    }
}

impl Audit {
    /// Whether anything was found that should be mended before training.
    pub fn has_faults(&self) -> bool {
        let bad = |p: &Pair| p.leak || p.conflict;
        !self.unreadable.is_empty()
            || !self.shared_patients.is_empty()
            || self.exact.iter().any(bad)
            || self.near.iter().any(bad)
    }
}

#[cfg(test)]
mod testing {
    use crate::imaging::Plane;
    use crate::phantom::{PhantomRecipe, render};

    /// A chest radiograph of its own patient, values from 0 to 1.
    pub(super) fn radiograph(seed: u64) -> Plane {
        let mut plane = render(&PhantomRecipe { seed, size: 192, ..PhantomRecipe::default() }).plane;
        plane.values.iter_mut().for_each(|v| *v /= 4095.0);
        plane
    }
}
