//! The maps of every marked image of a set, measured one image after the other.
//!
//! The map of the marked finding, a class or a group, is laid on the image, as the viewer does it,
//! and measured beside two blobs of its size: one in the centre of the image, and the mean of
//! several at random places. Every marked image counts, also one that the input gate refuses or
//! whose finding the model does not say; both are noted.

use std::path::Path;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::marked_region::{MarkNotes, MaskError, region};
use super::marks::Mark;
use super::region::Region;
use super::summary::{MapResult, RegionResult};
use super::{Yardstick, measure};
use crate::cancel::{CancelToken, Cancelled};
use crate::engine::analysis::analyze;
use crate::engine::{Analysis, AnalysisOptions, EngineError, Score};
use crate::evaluation::images::{name_below, patient};
use crate::evaluation::truth::Truth;
use crate::explain::faithfulness::control_maps;
use crate::explain::scale;
use crate::explain::{Attribution, Method, Output, Subject};
use crate::imaging::Plane;
use crate::model::Model;
use crate::study::patients::Patients;
use crate::study::{Frame, StudyError, Unscorable, open_image};

/// Blobs at random places for each map.
const RANDOM: usize = 10;
/// Seed of these places.
const SEED: u64 = 7;

/// Why the marks of an image were not measured.
#[derive(Debug, thiserror::Error)]
pub enum LocalizationError {
    #[error("nothing is marked")]
    NothingMarked,
    #[error(transparent)]
    Study(#[from] StudyError),
    #[error(transparent)]
    Unscorable(#[from] Unscorable),
    #[error(transparent)]
    Mask(#[from] MaskError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the model has no score for the finding")]
    NoScore,
    #[error("no map was made by {0}")]
    NoMap(&'static str),
}

/// What is known on the way.
pub enum LocalizationProgress<'a> {
    Failed(&'a Path, LocalizationError),
    /// So many more marks are done, measured or not.
    Done(usize),
}

/// Measures maps against marks.
pub struct Localizer<'a> {
    model: &'a Model,
    patients: &'a Patients,
    /// Folder of the images.
    folder: &'a Path,
    options: AnalysisOptions,
    yardstick: Yardstick,
    /// File names begin with the patient.
    nih: bool,
}

/// One finding of an image, measured, with what it was measured on.
pub struct LocalizedFinding {
    pub result: RegionResult,
    pub region: Region,
    /// One a method.
    pub maps: Vec<Attribution>,
}

/// What was noted about images and their marks.
#[derive(Debug, Default)]
pub struct LocalizationNotes {
    pub marks: MarkNotes,
    /// Images that the input gate refuses; they were measured all the same.
    pub refused: Vec<String>,
}

/// What came of a set.
#[derive(Default)]
pub struct LocalizedSet {
    pub results: Vec<RegionResult>,
    /// The number of the mark of each result.
    pub marks: Vec<usize>,
    pub notes: LocalizationNotes,
    /// Marks that failed, and all of which something lies on their image.
    pub failed: usize,
    pub all: usize,
}

impl<'a> Localizer<'a> {
    /// For maps of these methods, at this layer or the model's own; file names begin with the
    /// patient where `nih` is set.
    #[must_use]
    pub fn new(
        model: &'a Model,
        (folder, patients, nih): (&'a Path, &'a Patients, bool),
        methods: Vec<Method>,
        layer: Option<String>,
        yardstick: Yardstick,
    ) -> Self {
        let layers = layer.into_iter().collect();
        let options = AnalysisOptions { layers, methods, samples: 0, seed: SEED, force: true, ..Default::default() };
        Self { model, patients, folder, options, yardstick, nih }
    }

    /// Methods whose maps are measured.
    #[must_use]
    pub fn methods(&self) -> &[Method] {
        &self.options.methods
    }

    /// The stage that maps are taken from.
    #[must_use]
    pub fn layer(&self) -> &str {
        self.options.layers.first().unwrap_or(&self.model.manifest.target_layer)
    }

    /// What is measured.
    #[must_use]
    pub fn yardstick(&self) -> &Yardstick {
        &self.yardstick
    }

    /// The model whose maps they are.
    #[must_use]
    pub fn model(&self) -> &Model {
        self.model
    }

    /// Measures all `marks`, in which those of one image stand together.
    ///
    /// # Errors
    /// [`Cancelled`] when somebody asked to stop; what fails in one image is passed on as progress,
    /// and the others go on.
    pub fn run(
        &self,
        marks: &[Mark],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(LocalizationProgress<'_>),
    ) -> Result<LocalizedSet, Cancelled> {
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        let mut set = LocalizedSet { all: marks.len(), ..LocalizedSet::default() };
        let mut first = 0;
        for own in marks.chunk_by(|a, b| a.image == b.image) {
            cancel.check()?;
            match self.image(own, &mut set.notes, &mut random, cancel) {
                Ok(found) => {
                    set.all -= own.len() - found.len();
                    for (found, at) in found {
                        set.results.push(found.result);
                        set.marks.push(first + at);
                    }
                }
                Err(error) => {
                    cancel.check()?;
                    set.failed += own.len();
                    progress(LocalizationProgress::Failed(&own[0].image, error));
                }
            }
            progress(LocalizationProgress::Done(own.len()));
            first += own.len();
        }
        Ok(set)
    }

    /// Measures one mark again, for whoever draws it: maps of a whole set are too large to keep.
    ///
    /// # Errors
    /// As on the first time; `None` when nothing of the mark lies on its image.
    pub fn again(&self, mark: &Mark) -> Result<Option<LocalizedFinding>, LocalizationError> {
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        let mut notes = LocalizationNotes::default();
        let found = self.image(std::slice::from_ref(mark), &mut notes, &mut random, &CancelToken::default())?;
        Ok(found.into_iter().next().map(|(found, _)| found))
    }

    /// Measures every finding that is marked in one image; each with the number of its mark.
    fn image(
        &self,
        marks: &[Mark],
        notes: &mut LocalizationNotes,
        random: &mut ChaCha8Rng,
        cancel: &CancelToken,
    ) -> Result<Vec<(LocalizedFinding, usize)>, LocalizationError> {
        let first = marks.first().ok_or(LocalizationError::NothingMarked)?;
        let frame = open_image(&first.image)?;
        frame.scorable()?;
        let size = (frame.pixels.plane.width, frame.pixels.plane.height);
        let name = name_below(self.folder, &first.image);
        let mut regions = Vec::new();
        for (at, mark) in marks.iter().enumerate() {
            if let Some(region) = region(mark, size, &name, &mut notes.marks)? {
                regions.push((at, mark.finding, region));
            }
        }
        if regions.is_empty() {
            return Ok(Vec::new());
        }
        let mut options = self.options.clone();
        for (_, finding, _) in &regions {
            let subject = subject(*finding);
            if !options.subjects.contains(&subject) {
                options.subjects.push(subject);
            }
        }
        let analysis = analyze(self.model, &frame, &options, cancel, &mut |_| {})?;
        if analysis.gate.as_ref().is_some_and(|g| !g.accepted) {
            notes.refused.push(name.clone());
        }
        let measured = regions.into_iter().map(|(at, finding, region)| {
            let score = score(&analysis, finding).ok_or(LocalizationError::NoScore)?;
            let maps = self.maps(&analysis, subject(finding))?;
            let result = RegionResult {
                image: name.clone(),
                patient: self.patient(&frame, &first.image),
                finding: score.label.clone(),
                probability: f64::from(score.probability),
                says: score.probability >= score.threshold,
                size,
                marks: region.boxes.len(),
                share: region.share(),
                maps: maps.iter().map(|map| self.measured(map, &frame, &region, random)).collect(),
            };
            Ok((LocalizedFinding { result, region, maps }, at))
        });
        measured.collect()
    }

    /// The maps of a subject, one a method.
    fn maps(&self, analysis: &Analysis, subject: Subject) -> Result<Vec<Attribution>, LocalizationError> {
        let of = |method: &Method| {
            let map = analysis.attributions.iter().find(|a| a.subject == subject && a.method == *method);
            map.map(|m| m.as_ref().clone()).ok_or_else(|| LocalizationError::NoMap(method.name()))
        };
        self.options.methods.iter().map(of).collect()
    }

    /// One map against the region, beside its control maps.
    fn measured(&self, map: &Attribution, frame: &Frame, region: &Region, random: &mut ChaCha8Rng) -> MapResult {
        let measured = measure(&self.on_grid(map, frame, region.width, region.height), region, &self.yardstick);
        let area = if measured.point.is_some() { measured.area } else { control_maps::AREA };
        let at = |center: (f64, f64)| {
            let blob = control_maps::blob(region.width, region.height, center, area);
            measure(&blob, region, &self.yardstick).values(&self.yardstick)
        };
        let centers: Vec<(f64, f64)> = (0..RANDOM).map(|_| (random.random(), random.random())).collect();
        let blobs: Vec<Vec<f64>> = centers.into_par_iter().map(at).collect();
        let mean = |m: usize| blobs.iter().map(|b| b[m]).sum::<f64>() / RANDOM as f64;
        let map = measured.values(&self.yardstick);
        MapResult { random: (0..map.len()).map(mean).collect(), centred: at((0.5, 0.5)), map, measured }
    }

    /// The positive part of a map on the pixels of a grid that covers the image.
    #[must_use]
    pub fn on_grid(&self, map: &Attribution, frame: &Frame, width: usize, height: usize) -> Plane {
        let area = scale::area(&self.model.manifest.input, frame.pixels.plane.width, frame.pixels.plane.height);
        scale::evidence(map, area, width, height)
    }

    /// By the file's header, else by its name.
    fn patient(&self, frame: &Frame, path: &Path) -> String {
        let before = || {
            let name = path.file_name()?.to_string_lossy();
            name.split_once('_').map(|(patient, _)| patient.to_owned()).filter(|_| self.nih)
        };
        patient(frame, path, self.patients).or_else(before).unwrap_or_default()
    }
}

/// What a map of the finding explains.
fn subject(finding: Truth) -> Subject {
    Subject::One(match finding {
        Truth::Class(k) => Output::Class(k),
        Truth::Group(g) => Output::Group(g),
    })
}

/// The score of a finding.
fn score(analysis: &Analysis, finding: Truth) -> Option<&Score> {
    match finding {
        Truth::Class(k) => analysis.labels.get(k),
        Truth::Group(g) => analysis.groups.get(g),
    }
}
