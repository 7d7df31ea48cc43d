//! The maps of one image after the other, each measured as the viewer does it
//! ([`crate::engine::faithfulness`]).
//!
//! An image is run once; every method makes its map from that pass, and all maps of the image stand
//! beside the same control maps. Each image has a seed of its own, counted from the seed of the
//! settings in the order of the images, so that random maps differ from image to image.

use std::path::Path;
use std::sync::Arc;

use super::{ImageResult, MapResult};
use crate::cancel::{CancelToken, Cancelled};
use crate::engine::EngineError;
use crate::engine::faithfulness::{self, Depth, FaithfulnessRequest};
use crate::engine::pass::Pass;
use crate::evaluation::images::{ImageError, name_below, patient, scorable_frame};
use crate::explain::faithfulness::ControlMaps;
use crate::explain::{ExplainError, Method, MethodSettings, Output, Subject};
use crate::model::Model;
use crate::model::output_head::OutputHead;
use crate::panic_guard::{Panicked, guarded};
use crate::study::ImageEntry;
use crate::study::patients::Patients;

/// Methods that are measured although they are not ready at once.
const ALSO: [Method; 5] =
    [Method::Saliency, Method::SmoothGrad, Method::IntegratedGradients, Method::GuidedBackprop, Method::GuidedGradCam];

/// The methods that are measured where none is named: those that are ready at once, and a few more.
#[must_use]
pub fn usual() -> Vec<Method> {
    Method::ALL.into_iter().filter(|m| m.is_instant() || ALSO.contains(m)).collect()
}

/// What the maps explain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Explained {
    /// What the model finds most probable in each image.
    Top,
    One(Output),
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct FaithfulnessOptions<'a> {
    pub methods: Vec<Method>,
    /// Stage that maps are taken from, where a method has one.
    pub stage: usize,
    pub explained: Explained,
    pub settings: MethodSettings,
    /// Images on which sensitivity and the randomisation check are made, too.
    pub checked: usize,
    /// Measure images, too, that the input gate refuses.
    pub force: bool,
    /// Folder of the images, below which they are named.
    pub folder: &'a Path,
    pub patients: &'a Patients,
}

/// Why an image, or one of its maps, was not measured.
#[derive(Debug, thiserror::Error)]
pub enum MapsError {
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Methods whose map could not be made; the other maps were measured.
    #[error("{0}")]
    Methods(String),
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

/// What is known on the way.
pub enum FaithfulnessProgress<'a> {
    Failed(&'a Path, MapsError),
    /// One more image is done, measured or not.
    Done,
}

/// What came of a set of images.
#[derive(Debug, Default)]
pub struct MeasuredMaps {
    /// By name.
    pub results: Vec<ImageResult>,
    /// Methods that could be made for this model; the maps of each result are those of these.
    pub methods: Vec<Method>,
    /// Images that the input gate refuses.
    pub refused: Vec<String>,
    /// Methods that cannot be made for this model, and why.
    pub impossible: Vec<(Method, String)>,
    /// Images that failed, whole or in part.
    pub failed: usize,
}

/// Measures the maps of `model` on `images`, in their order.
///
/// # Errors
/// [`Cancelled`] when somebody asked to stop; what fails on one image is passed on as progress, and
/// the others go on.
pub fn run(
    model: &Model,
    images: &[Arc<ImageEntry>],
    options: &FaithfulnessOptions<'_>,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(FaithfulnessProgress<'_>),
) -> Result<MeasuredMaps, Cancelled> {
    let mut measuring = Measuring {
        model,
        options,
        cancel,
        output_head: OutputHead::new(&model.manifest),
        unchecked: options.checked,
        found: MeasuredMaps::default(),
    };
    for (number, image) in (1..).zip(images) {
        cancel.check()?;
        let done = guarded(|| measuring.image(image, number)).map_err(MapsError::from);
        if let Err(error) = done.and_then(|done| done) {
            cancel.check()?;
            measuring.found.failed += 1;
            progress(FaithfulnessProgress::Failed(&image.path, error));
        }
        progress(FaithfulnessProgress::Done);
    }
    Ok(measuring.finish())
}

/// Whether no image of this model could be explained by the method.
fn is_impossible(error: &EngineError) -> bool {
    let EngineError::Explain(error) = error else { return false };
    matches!(
        error,
        ExplainError::NotLinear { .. }
            | ExplainError::NotSpatial { .. }
            | ExplainError::OnePlace { .. }
            | ExplainError::NoGradient { .. }
            | ExplainError::NoClassAttention { .. }
            | ExplainError::NoRival
            | ExplainError::NoBackground { .. }
            | ExplainError::BackgroundShape { .. }
    )
}

struct Measuring<'a> {
    model: &'a Model,
    options: &'a FaithfulnessOptions<'a>,
    cancel: &'a CancelToken,
    output_head: OutputHead,
    /// Images on which the checks are still to be made.
    unchecked: usize,
    found: MeasuredMaps,
}

impl Measuring<'_> {
    /// Measures every map of one image; `number` is its place among the images, from 1.
    fn image(&mut self, image: &Arc<ImageEntry>, number: u64) -> Result<(), MapsError> {
        let options = self.options;
        let frame = scorable_frame(image, options.force)?;
        if frame.pixels.plane.values.is_empty() {
            return Err(EngineError::EmptyImage.into());
        }
        let name = name_below(options.folder, &image.path);
        let plane = frame.model_plane();
        let gate = if options.force { None } else { self.model.judge(&frame, &plane).map_err(EngineError::from)? };
        if gate.is_some_and(|gate| !gate.accepted) {
            self.found.refused.push(name);
            return Ok(());
        }
        let pass = Pass::run(self.model, &plane, frame.pixels.value_range, self.cancel)?;
        let subject = self.subject(&pass);
        let checked = self.unchecked > 0;
        let depth = if checked { Depth::Checked } else { Depth::Figures };
        let (maps, failed) = self.maps(&pass, subject, number, depth);
        if maps.iter().any(Option::is_some) {
            self.unchecked -= usize::from(checked);
            self.found.results.push(ImageResult {
                image: name,
                patient: patient(&frame, &image.path, options.patients).unwrap_or_default(),
                subject: subject.name(&self.model.manifest),
                probability: faithfulness::probability(&self.output_head, subject, &pass.logits),
                checked,
                maps,
            });
        }
        if failed.is_empty() { Ok(()) } else { Err(MapsError::Methods(failed.join("; "))) }
    }

    /// What the maps of an image explain.
    fn subject(&self, pass: &Pass) -> Subject {
        match self.options.explained {
            Explained::One(output) => Subject::One(output),
            Explained::Top => {
                let probabilities = self.output_head.labels(&pass.logits);
                let top = probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
                Subject::class(top.map_or(0, |(k, _)| k))
            }
        }
    }

    /// The maps of one image, and why some could not be measured.
    fn maps(
        &mut self,
        pass: &Pass,
        subject: Subject,
        number: u64,
        depth: Depth,
    ) -> (Vec<Option<MapResult>>, Vec<String>) {
        let FaithfulnessOptions { ref methods, stage, settings, .. } = *self.options;
        let settings = MethodSettings { seed: settings.seed.wrapping_add(number), ..settings };
        let (mut maps, mut failed) = (Vec::with_capacity(methods.len()), Vec::new());
        let mut controls = ControlMaps::default();
        for (place, &method) in methods.iter().enumerate() {
            if self.found.impossible.iter().any(|(m, _)| *m == method) {
                maps.push(None);
                continue;
            }
            let model = self.model;
            let request = FaithfulnessRequest {
                model,
                pass,
                background: None,
                map: None,
                method,
                stage,
                subject,
                settings,
                depth,
            };
            match faithfulness::measure(&request, &mut controls, self.cancel, &mut |_| {}) {
                Ok(found) => maps.push(Some(MapResult::of(&found))),
                Err(error) => {
                    maps.push(None);
                    // What was made once is possible.
                    let made = self.found.results.iter().any(|result| result.maps[place].is_some());
                    if is_impossible(&error) && !made {
                        self.found.impossible.push((method, error.to_string()));
                    } else {
                        failed.push(format!("{} gave no map: {error}", method.name()));
                    }
                }
            }
        }
        (maps, failed)
    }

    /// The results by their names, of the methods that could be made.
    fn finish(self) -> MeasuredMaps {
        let mut found = self.found;
        let impossible: Vec<Method> = found.impossible.iter().map(|(method, _)| *method).collect();
        let possible = |method: &Method| !impossible.contains(method);
        for result in &mut found.results {
            let mut places = self.options.methods.iter();
            result.maps.retain(|_| places.next().is_some_and(possible));
        }
        found.results.sort_by(|a, b| a.image.cmp(&b.image));
        found.methods = self.options.methods.iter().copied().filter(possible).collect();
        found
    }
}
