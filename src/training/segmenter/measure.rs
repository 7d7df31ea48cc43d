//! How well a segmenter outlines: Dice and intersection over union with a reader's masks, image by
//! image and by set, and what it refuses.
//!
//! Images and masks are opened at their own size, as the viewer would; what a mask does not know is
//! not looked at. With the mask `A` and the segmenter's `B`, `Dice = 2|A∩B| / (|A| + |B|)` and
//! `IoU = |A∩B| / |A∪B|`. An image that is refused counts with the mask that the segmenter had, 0
//! where it had none. Intervals are Wilson's of the mean, by patient
//! ([`crate::evaluation::proportion`]). Phantoms have masks without a reader's hand; drawn images
//! without lungs should all be refused.

use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use super::config::SegmenterConfig;
use super::examples::{Radiograph, SegmenterExamples, planes, recipe, strangers};
use super::split::RadiographPart;
use super::{SegmenterEvent, SegmenterObserver};
use crate::evaluation::bootstrap::by_patient;
use crate::evaluation::proportion;
use crate::imaging::Plane;
use crate::model::calibration::Proportion;
use crate::model::lungs::manifest::MeasuredSet;
use crate::model::lungs::{LungSegmenter, Segmentation};
use crate::phantom::{lung_fields, render};
use crate::training::run_files::write_private;
use crate::training::{Error, Result};

/// Name of the table of images.
pub const FILE: &str = "measured.csv";

/// Phantoms that are judged, and their side.
const PHANTOMS: (usize, usize) = (40, 512);
/// First seed of the phantoms that are judged; those of training count from 1.
const FIRST_SEED: u64 = 1_000_000;
/// Drawn images without lungs that are judged.
const STRANGERS: usize = 380;

/// Overlap of two masks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Overlap {
    pub dice: f64,
    pub iou: f64,
}

/// Overlap of two masks over the pixels that are known; 1 where both are empty.
#[must_use]
pub fn overlap(found: &[bool], truth: &[bool], known: impl Fn(usize) -> bool) -> Overlap {
    let (mut shared, mut of_found, mut of_truth) = (0u64, 0u64, 0u64);
    let pixels = found.iter().zip(truth).enumerate().filter(|(i, _)| known(*i));
    for (_, (f, t)) in pixels {
        shared += u64::from(*f && *t);
        of_found += u64::from(*f);
        of_truth += u64::from(*t);
    }
    let both = of_found + of_truth;
    if both == 0 {
        return Overlap { dice: 1.0, iou: 1.0 };
    }
    Overlap { dice: 2.0 * shared as f64 / both as f64, iou: shared as f64 / (both - shared) as f64 }
}

/// A judged image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeasuredImage {
    pub set: String,
    pub part: &'static str,
    pub file: String,
    pub patient: String,
    pub overlap: Overlap,
    /// What the segmenter expected.
    pub agreement: f32,
    pub refused: bool,
    /// Its sentence where it refused.
    pub reason: String,
}

/// What a measurement found.
#[derive(Clone, Debug, Serialize)]
pub struct Measurement {
    pub images: Vec<MeasuredImage>,
    /// Held-out radiographs by set, and phantoms.
    pub sets: Vec<MeasuredSet>,
    /// Share of drawn images without lungs that were refused.
    pub strangers_refused: Option<Proportion>,
    pub strangers: usize,
}

/// Measures a segmenter on the radiographs of `part`; with `more` on phantoms and images without lungs,
/// too.
///
/// # Errors
/// When the network cannot be run. Files that cannot be opened any more are left out with a warning.
pub fn measure(
    config: &SegmenterConfig,
    examples: &SegmenterExamples,
    segmenter: &LungSegmenter,
    part: RadiographPart,
    more: bool,
    observer: SegmenterObserver<'_>,
) -> Result<Measurement> {
    let radiographs: Vec<&Radiograph> = examples.of(part).collect();
    let judged: Vec<std::result::Result<MeasuredImage, String>> =
        radiographs.par_iter().map(|radiograph| of_radiograph(config, radiograph, segmenter)).collect();
    let mut images = Vec::new();
    for image in judged {
        match image {
            Ok(image) => images.push(image),
            Err(reason) => observer(SegmenterEvent::Warning(reason)),
        }
    }
    let mut sets: Vec<MeasuredSet> = config.sets.iter().filter_map(|set| summary(&set.name, &images)).collect();
    let (mut strangers_refused, mut count) = (None, 0);
    if more {
        let phantoms = of_phantoms(segmenter)?;
        sets.extend(summary("phantoms", &phantoms));
        images.extend(phantoms);
        let refused = refusals(segmenter, config.seed)?;
        count = refused.len();
        strangers_refused = proportion::of(&refused, &vec![""; count]);
    }
    Ok(Measurement { images, sets, strangers_refused, strangers: count })
}

fn of_radiograph(
    config: &SegmenterConfig,
    radiograph: &Radiograph,
    segmenter: &LungSegmenter,
) -> std::result::Result<MeasuredImage, String> {
    let (image, mask) =
        planes(&radiograph.image, &radiograph.mask).map_err(|e| format!("{}: {e}", radiograph.image.display()))?;
    let looked = segmenter.look(&image).map_err(|e| format!("{}: {e}", radiograph.image.display()))?;
    let truth: Vec<bool> = mask.values.iter().map(|v| *v >= 192.0).collect();
    let overlap = compare(&looked, &truth, |i| mask.values[i] >= 192.0 || mask.values[i] < 64.0);
    let file = radiograph.image.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let set = config.sets[radiograph.set].name.clone();
    Ok(row(set, radiograph.part.name(), file, radiograph.patient.clone(), overlap, looked))
}

fn compare(looked: &Segmentation, truth: &[bool], known: impl Fn(usize) -> bool) -> Overlap {
    match &looked.lungs {
        Some(lungs) => overlap(&lungs.mask(), truth, known),
        None => Overlap::default(),
    }
}

fn row(
    set: String,
    part: &'static str,
    file: String,
    patient: String,
    overlap: Overlap,
    looked: Segmentation,
) -> MeasuredImage {
    let (refused, reason) = (looked.refusal.is_some(), looked.refusal.unwrap_or_default());
    MeasuredImage { set, part, file, patient, overlap, agreement: looked.agreement, refused, reason }
}

fn of_phantoms(segmenter: &LungSegmenter) -> Result<Vec<MeasuredImage>> {
    let (count, size) = PHANTOMS;
    let one = |i: usize| {
        let recipe = recipe(FIRST_SEED + i as u64, size);
        let truth: Vec<bool> = lung_fields(&recipe).iter().map(Option::is_some).collect();
        let looked = segmenter.look(&render(&recipe).plane)?;
        let overlap = compare(&looked, &truth, |_| true);
        Ok(row("phantoms".into(), "phantom", format!("seed {}", recipe.seed), String::new(), overlap, looked))
    };
    (0..count).into_par_iter().map(one).collect()
}

/// 1 for every drawn image without lungs that is refused, 0 for one that is not.
fn refusals(segmenter: &LungSegmenter, seed: u64) -> Result<Vec<f64>> {
    let refused = |plane: &Plane| {
        let looked = segmenter.look(plane)?;
        Ok(f64::from(u8::from(looked.refusal.is_some())))
    };
    strangers(STRANGERS, seed.wrapping_add(1)).par_iter().map(refused).collect()
}

/// The figures of one set.
fn summary(name: &str, images: &[MeasuredImage]) -> Option<MeasuredSet> {
    let own: Vec<&MeasuredImage> = images.iter().filter(|image| image.set == name).collect();
    let patients: Vec<&str> = own.iter().map(|image| image.patient.as_str()).collect();
    let mean = |of: fn(&Overlap) -> f64| {
        proportion::of(&own.iter().map(|image| of(&image.overlap)).collect::<Vec<f64>>(), &patients)
    };
    Some(MeasuredSet {
        set: name.to_owned(),
        images: own.len(),
        patients: by_patient(&patients).len(),
        refused: own.iter().filter(|image| image.refused).count(),
        dice: mean(|overlap| overlap.dice)?,
        iou: mean(|overlap| overlap.iou)?,
    })
}

/// Writes the table of images.
///
/// # Errors
/// When it cannot be written.
pub fn write(folder: &Path, measurements: &[&Measurement]) -> Result<()> {
    let path = folder.join(FILE);
    let refuse = |e: &dyn std::fmt::Display| Error::Write { path: path.clone(), reason: e.to_string() };
    let mut table = csv::Writer::from_writer(Vec::new());
    let head = ["set", "part", "file", "patient", "dice", "iou", "expected_dice", "refused", "reason"];
    table.write_record(head).map_err(|e| refuse(&e))?;
    for image in measurements.iter().flat_map(|measurement| &measurement.images) {
        let [dice, iou, expected] =
            [image.overlap.dice, image.overlap.iou, f64::from(image.agreement)].map(|v| format!("{v:.4}"));
        let refused = if image.refused { "yes" } else { "no" };
        let row: [&str; 9] =
            [&image.set, image.part, &image.file, &image.patient, &dice, &iou, &expected, refused, &image.reason];
        table.write_record(row).map_err(|e| refuse(&e))?;
    }
    write_private(&path, &table.into_inner().map_err(|e| refuse(&e))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_and_iou_are_those_of_scikit_learn() {
        // f1_score and jaccard_score of [1, 1, 0, 1, 0] against [1, 0, 0, 1, 1]: 2/3 and 1/2.
        let found = [true, true, false, true, false];
        let truth = [true, false, false, true, true];
        let all = overlap(&found, &truth, |_| true);
        assert!((all.dice - 2.0 / 3.0).abs() < 1e-12 && (all.iou - 0.5).abs() < 1e-12);
        // Without the second and the last: all alike.
        assert_eq!(overlap(&found, &truth, |i| i != 1 && i != 4), Overlap { dice: 1.0, iou: 1.0 });
        assert_eq!(overlap(&[false; 3], &[false; 3], |_| true).dice, 1.0);
    }

    #[test]
    fn a_set_is_summed_up_with_its_refusals() {
        let image = |patient: &str, dice: f64, refused| MeasuredImage {
            set: "s".into(),
            part: "held-out",
            file: "f".into(),
            patient: patient.into(),
            overlap: Overlap { dice, iou: dice - 0.1 },
            agreement: 0.9,
            refused,
            reason: String::new(),
        };
        let images = [image("a", 0.9, false), image("a", 0.8, true), image("b", 1.0, false)];
        let set = summary("s", &images).unwrap();
        assert_eq!((set.images, set.patients, set.refused), (3, 2, 1));
        assert!((set.dice.value - 0.9).abs() < 1e-12 && set.dice.low < 0.9 && set.dice.high > 0.9);
        assert_eq!(summary("none", &images), None);
    }
}
