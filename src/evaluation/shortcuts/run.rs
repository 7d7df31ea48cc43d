//! The loop over the images of a folder: scores, attributes, and scores without each region.
//!
//! Every image is decoded once. What the network is given of it is looked at for markers and
//! border strips, and each region is taken out of that, so that what is measured is what the
//! network sees. Images are prepared side by side, and passed through the network in batches.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::associations::Associations;
use super::markers::{SMALLEST, has_border_strip, markers};
use super::regions::{Region, Removed, removed};
use super::removal::{Change, Removal};
use crate::cancel::{CancelToken, Cancelled};
use crate::engine::lungs;
use crate::evaluation::age_bands::{BANDS, band};
use crate::evaluation::bootstrap::by_patient;
use crate::evaluation::predictions::{Prediction, Predictions};
use crate::evaluation::scoring::{ImageFailure, LabelledImage, Reader, facts_of, targets};
use crate::evaluation::truth::normal_label;
use crate::explain::anatomical_regions::AnatomicalRegions;
use crate::explain::faithfulness::InputImage;
use crate::imaging::Plane;
use crate::model::Model;
use crate::model::manifest::Manifest;
use crate::panic_guard::guarded;
use crate::printable::with_causes;
use crate::study::lung_masks::LungMasks;
use crate::study::open_image;
use crate::study::patients::Patients;

/// Images that are prepared together; each has up to ten passes.
const TOGETHER: usize = 8;
/// Images of one forward pass.
const BATCH: usize = 16;
/// What is seen in the pixels, as attributes.
pub const MARKER_LEFT: &str = "marker at the left of the image";
pub const MARKER_RIGHT: &str = "marker at the right of the image";
pub const STRIP: &str = "border strip";
/// The band of the age, beside the age itself: a score may favour the youngest and the oldest alike.
pub const AGE_GROUP: &str = "age group";

/// Why a folder was not looked at.
#[derive(Debug, thiserror::Error)]
pub enum ShortcutError {
    #[error(transparent)]
    Network(#[from] candle_core::Error),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// What to ask.
#[derive(Clone)]
pub struct ShortcutOptions<'a> {
    /// Numbers of the targets: the manifest's labels, then its groups.
    pub targets: Vec<usize>,
    /// Of the places inside and in the lungs, the noise and the intervals.
    pub seed: u64,
    /// Where the lungs lie, in the place of the segmenter's outline.
    pub masks: Option<&'a LungMasks>,
}

/// What came of a folder.
#[derive(Clone, Debug, Serialize)]
pub struct Shortcuts {
    pub images: usize,
    pub patients: usize,
    /// Images of which the truth of a target is known.
    pub with_truth: usize,
    /// Images of which it is known where the lungs lie.
    pub with_lungs: usize,
    /// The bands of ages that are compared, youngest first.
    pub age_groups: Vec<&'static str>,
    pub associations: Associations,
    pub removals: Vec<Removal>,
    /// Whether the network is given too few pixels for markers to be told.
    pub too_coarse: bool,
    /// Regions that too few images have, and how many.
    pub too_few: BTreeMap<Region, usize>,
    #[serde(skip)]
    pub set: Predictions,
    #[serde(skip)]
    pub failures: Vec<ImageFailure>,
}

/// The targets that are looked at unless others are named: the groups, or else the labels that say
/// that something is found.
#[must_use]
pub fn usual_targets(manifest: &Manifest) -> Vec<usize> {
    let labels = manifest.labels.len();
    if !manifest.groups.is_empty() {
        return (labels..labels + manifest.groups.len()).collect();
    }
    let normal = normal_label(&manifest.labels);
    (0..labels).filter(|k| labels == 1 || Some(*k) != normal).collect()
}

/// An image ready for the network, with each region taken out that it has.
struct Prepared {
    values: Vec<f32>,
    without: Vec<(Region, Removed)>,
    has_lungs: bool,
    patient: String,
    facts: BTreeMap<String, String>,
}

/// Looks at `files`, whose patients are recognised as `patients` has it.
///
/// # Errors
/// When the network fails or somebody asked to stop; an image that fails is no error of the folder.
pub fn examine(
    model: &Model,
    files: &[LabelledImage],
    patients: &Patients,
    options: &ShortcutOptions<'_>,
    cancel: &CancelToken,
    done: &mut dyn FnMut(usize),
) -> Result<Shortcuts, ShortcutError> {
    let reader = Reader::of(&model.manifest);
    let (names, _) = targets(&model.manifest);
    let mut set = Predictions { head: model.manifest.head, targets: names, rows: Vec::new() };
    let mut failures: Vec<ImageFailure> = Vec::new();
    let mut changes: BTreeMap<(Region, usize), Vec<Change>> = BTreeMap::new();
    let mut with_lungs = 0;
    for (chunk, first) in files.chunks(TOGETHER).zip((0..).step_by(TOGETHER)) {
        cancel.check()?;
        let seed = |i: usize| options.seed.wrapping_add(8 * (first + i) as u64);
        let prepared: Vec<_> =
            chunk.par_iter().enumerate().map(|(i, file)| prepare(model, file, patients, options, seed(i))).collect();
        let mut fine = Vec::new();
        for (file, prepared) in chunk.iter().zip(prepared) {
            match prepared {
                Ok(prepared) => fine.push((file, prepared)),
                Err(reason) => failures.push(ImageFailure { path: file.path.clone(), reason }),
            }
        }
        let inputs = fine.iter().flat_map(|(_, prepared)| {
            let without = prepared.without.iter().map(|(_, removed)| removed);
            let images = without
                .flat_map(|r| [&r.without_region, &r.without_inside].into_iter().chain(r.without_lungs.as_ref()))
                .map(|image| &image.values);
            std::iter::once(&prepared.values).chain(images)
        });
        let mut logits = passes(model, &inputs.collect::<Vec<_>>())?.into_iter();
        for (file, prepared) in fine {
            let own = logits.next().unwrap_or_default();
            let (probability, says) = reader.read(&own);
            let without: Vec<Without> = prepared
                .without
                .iter()
                .map(|(region, removed)| {
                    let mut next = || reader.read(&logits.next().unwrap_or_default()).0;
                    let (own, inside) = (next(), next());
                    let lungs = removed.without_lungs.as_ref().map(|_| next());
                    Without { region: *region, own, inside, lungs, share: removed.share }
                })
                .collect();
            let all = without.iter().flat_map(|w| w.own.iter().chain(&w.inside).chain(w.lungs.iter().flatten()));
            if probability.iter().chain(all).any(|p| !p.is_finite()) {
                failures.push(ImageFailure { path: file.path.clone(), reason: NOT_FINITE.into() });
                continue;
            }
            for Without { region, own, inside, lungs, share } in without {
                for target in &options.targets {
                    let moved = |to: &[f64]| (to[*target] - probability[*target]).abs();
                    let (patient, region_moved, inside) = (prepared.patient.clone(), moved(&own), moved(&inside));
                    let lungs = lungs.as_deref().map(moved);
                    let change = Change { patient, region: region_moved, inside, lungs, share };
                    changes.entry((region, *target)).or_default().push(change);
                }
            }
            with_lungs += usize::from(prepared.has_lungs);
            set.rows.push(Prediction {
                image: file.image.clone(),
                patient: prepared.patient,
                truth: file.truth.clone(),
                probability,
                says,
                logits: own.iter().map(|z| f64::from(*z)).collect(),
                facts: prepared.facts,
            });
        }
        done(chunk.len());
    }
    let input = &model.manifest.input;
    let too_coarse = input.width.min(input.height) < SMALLEST;
    Ok(Shortcuts { with_lungs, too_coarse, ..Shortcuts::of(set, failures, &changes, options) })
}

/// Probabilities of an image without a region, and without as much of its inside and of its lungs.
struct Without {
    region: Region,
    own: Vec<f64>,
    inside: Vec<f64>,
    lungs: Option<Vec<f64>>,
    share: f64,
}

const NOT_FINITE: &str =
    "the network's score of it is not a number; the weights may be damaged (`pellucid models verify`)";

impl Shortcuts {
    fn of(
        set: Predictions,
        failures: Vec<ImageFailure>,
        changes: &BTreeMap<(Region, usize), Vec<Change>>,
        options: &ShortcutOptions<'_>,
    ) -> Self {
        let (mut removals, mut too_few) = (Vec::new(), BTreeMap::new());
        for target in &options.targets {
            for region in Region::ALL {
                let of = changes.get(&(region, *target)).map_or(&[][..], Vec::as_slice);
                match Removal::of(&set.targets[*target].name, region, of, options.seed) {
                    Some(removal) => removals.push(removal),
                    None => {
                        too_few.insert(region, of.len());
                    }
                }
            }
        }
        let whose: Vec<&str> = set.rows.iter().map(|row| row.patient.as_str()).collect();
        let known = |row: &&Prediction| options.targets.iter().any(|target| row.truth[*target].is_some());
        Self {
            images: set.rows.len(),
            patients: by_patient(&whose).len(),
            with_truth: set.rows.iter().filter(known).count(),
            with_lungs: 0,
            age_groups: BANDS.iter().map(|(_, name)| *name).collect(),
            associations: Associations::of(&set, &options.targets, options.seed),
            removals,
            too_coarse: false,
            too_few,
            set,
            failures,
        }
    }
}

/// The logits of each input.
fn passes(model: &Model, inputs: &[&Vec<f32>]) -> Result<Vec<Vec<f32>>, ShortcutError> {
    let mut all = Vec::with_capacity(inputs.len());
    for batch in inputs.chunks(BATCH) {
        let values: Vec<f32> = batch.iter().flat_map(|input| input.iter().copied()).collect();
        let logits = model.logits(&model.input_batch(values, batch.len())?)?;
        all.extend(logits.to_vec2::<f32>()?);
    }
    Ok(all)
}

/// Decodes an image and takes each region out of it; else the reason why it takes no part.
fn prepare(
    model: &Model,
    file: &LabelledImage,
    patients: &Patients,
    options: &ShortcutOptions<'_>,
    seed: u64,
) -> Result<Prepared, String> {
    let frame = guarded(|| open_image(&file.path)).map_err(|e| e.to_string())?.map_err(|e| with_causes(&e))?;
    frame.scorable().map_err(|e| e.to_string())?;
    let values = model.input_values(&frame.model_plane(), frame.pixels.value_range);
    let meta = &frame.entry.meta;
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    let lead = patients.lead(&name, &file.image, file.patient.as_deref());
    let mut facts = facts_of(meta);
    facts.extend(file.facts.clone());
    if let Some(band) = facts.get("age").and_then(|age| band(age)) {
        // A table's own column of that name stays.
        facts.entry(AGE_GROUP.to_owned()).or_insert_with(|| BANDS[band].1.to_owned());
    }
    let input = &model.manifest.input;
    // A mask that cannot be used is never passed over in silence.
    let lungs = lungs::of_frame(&frame, options.masks).map_err(|e| with_causes(&e))?;
    let lungs = lungs.found().map(|lungs| AnatomicalRegions::of(&lungs.fields, input).lungs());
    let image = InputImage { channels: input.channels, width: input.width, height: input.height, values };
    facts.extend(seen(&image));
    let without = Region::ALL
        .into_iter()
        .zip(0..)
        .filter_map(|(region, n)| Some((region, removed(&image, region, lungs.as_deref(), seed.wrapping_add(2 * n))?)));
    Ok(Prepared {
        has_lungs: lungs.is_some(),
        without: without.collect(),
        patient: lead.with_header(&meta.patient_id).0.unwrap_or_default(),
        facts,
        values: image.values,
    })
}

/// Attributes that are seen in the pixels that a network is given.
#[must_use]
pub fn seen(image: &InputImage) -> BTreeMap<String, String> {
    let values = image.values.iter().take(image.pixels()).copied().collect();
    let plane = Plane { width: image.width, height: image.height, values };
    let found = markers(&plane);
    let at_left = |left: bool| found.iter().any(|marker| marker.is_left(plane.width) == left);
    let told = plane.width.min(plane.height) >= SMALLEST;
    let mut all = vec![(STRIP, has_border_strip(&plane))];
    // Where none is looked for, nobody knows whether there is one.
    all.extend([(MARKER_LEFT, at_left(true)), (MARKER_RIGHT, at_left(false))].into_iter().filter(|_| told));
    let word = |there: bool| if there { "yes" } else { "no" }.to_owned();
    all.into_iter().map(|(name, there)| (name.to_owned(), word(there))).collect()
}

/// The images that a pattern finds a source in the path of get it as a fact: its first group, or
/// all that it matched.
pub fn add_sources(images: &mut [LabelledImage], pattern: &regex::Regex) {
    for image in images {
        if let Some(found) = pattern.captures(&image.image)
            && let Some(source) = found.get(1).or_else(|| found.get(0))
        {
            image.facts.insert("source".into(), source.as_str().to_owned());
        }
    }
}
