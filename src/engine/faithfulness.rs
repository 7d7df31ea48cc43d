//! How far the map on screen can be trusted: the measures of [`crate::explain::faithfulness`], run
//! with the model.
//!
//! The score is the probability of what is explained, as the reader sees it (of a difference, the
//! logistic of its score). First the map stands beside a centred blob and a random map; then it is
//! made again for slightly altered images; then for a model that forgets, stage by stage. What is
//! known so far is told after each of these.

use std::sync::Arc;

use candle_core::Tensor;

use super::EngineError;
use super::map_request::MapFaithfulness;
use super::pass::Pass;
use super::progress::Progress;
use crate::cancel::CancelToken;
use crate::explain::faithfulness::input_image::InputImage;
use crate::explain::faithfulness::measure::Measured;
use crate::explain::faithfulness::randomization::Randomization;
use crate::explain::faithfulness::sensitivity::{RADIUS, max_sensitivity};
use crate::explain::faithfulness::{ControlMaps, Faithfulness, panel, randomization};
use crate::explain::{
    Attribution, Cost, Method, MethodSettings, Output, Scene, Scoring, Step, Subject, Watch, explain,
};
use crate::imaging::Plane;
use crate::model::Model;
use crate::model::background::Background;
use crate::model::cascading_randomization::CascadingRandomization;
use crate::model::output_head::OutputHead;
use crate::network::{Mode, Network};

/// Altered images whose maps are compared with the map.
const ALTERED: usize = 4;
/// Runs of the network that a method may take to be made again for altered images and forgetful
/// models.
const AFFORDABLE: usize = 60;

/// How much is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// The measures on the image.
    Figures,
    /// These, and where the method is [quick enough](is_too_costly) the sensitivity and the
    /// randomisation check.
    #[default]
    Whole,
    /// The same, and of other methods the end of the check alone, which decides it: one more map,
    /// by a model that has forgotten everything.
    Checked,
}

/// What is judged.
#[derive(Clone, Copy)]
pub struct FaithfulnessRequest<'a> {
    pub model: &'a Model,
    pub pass: &'a Pass,
    pub background: Option<&'a Background>,
    /// The map, where it is there already.
    pub map: Option<&'a Attribution>,
    pub method: Method,
    pub stage: usize,
    pub subject: Subject,
    pub settings: MethodSettings,
    pub depth: Depth,
}

/// Steps of the cascade at which the map is made again.
#[derive(Clone, Copy, PartialEq)]
enum Steps {
    All,
    Last,
}

/// Whether making the map again a dozen times is out of the question.
#[must_use]
pub fn is_too_costly(method: Method, settings: &MethodSettings) -> bool {
    match method.cost() {
        Cost::Instant => false,
        Cost::Runs(runs) => settings.evaluations.unwrap_or(runs) > AFFORDABLE,
        Cost::Channels | Cost::Background => true,
    }
}

/// Measures how faithful a map is. The measures on the image come first and are told at once, the
/// whole at the end.
///
/// `controls` holds what is known of the control maps on this image and for this subject.
///
/// # Errors
/// When the map cannot be made or judged; [`EngineError::Cancelled`] when somebody asked to stop.
pub fn measure(
    request: &FaithfulnessRequest<'_>,
    controls: &mut ControlMaps,
    cancel: &CancelToken,
    emit: &mut dyn FnMut(Progress),
) -> Result<Faithfulness, EngineError> {
    let picture = picture(request.pass)?;
    let attribution = match request.map {
        Some(map) => map.clone(),
        None => request.own(cancel)?,
    };
    let figures = request.figures(&picture, &attribution, controls, cancel, emit)?;
    let known = Faithfulness::new(figures, None, None);
    if request.depth == Depth::Figures {
        return Ok(known);
    }
    emit(request.found(known.clone(), false));
    let costly = is_too_costly(request.method, &request.settings);
    if attribution.is_flat() || (costly && request.depth != Depth::Checked) {
        return Ok(known);
    }
    if costly {
        let end = request.randomization(&attribution, Steps::Last, cancel, emit)?;
        return Ok(Faithfulness::new(known.measures, None, Some(end)));
    }
    let sensitivity = request.sensitivity(&picture, cancel, emit)?;
    let known = Faithfulness::new(known.measures, sensitivity, None);
    emit(request.found(known.clone(), false));
    let randomization = request.randomization(&attribution, Steps::All, cancel, emit)?;
    Ok(Faithfulness::new(known.measures, sensitivity, Some(randomization)))
}

impl FaithfulnessRequest<'_> {
    /// What is known so far, as it is told.
    pub(super) fn found(&self, trust: Faithfulness, whole: bool) -> Progress {
        let layer = self.method.place(&self.model.network.stages[self.stage].name).to_owned();
        let (method, subject) = (self.method, self.subject);
        Progress::Faithfulness(Arc::new(MapFaithfulness { method, subject, layer, measured: trust, whole }))
    }

    /// The measures on the image.
    fn figures(
        &self,
        picture: &InputImage,
        attribution: &Attribution,
        controls: &mut ControlMaps,
        cancel: &CancelToken,
        emit: &mut dyn FnMut(Progress),
    ) -> Result<Vec<Measured>, EngineError> {
        let Self { model, pass, settings, .. } = *self;
        let readout = OutputHead::new(&model.manifest);
        let black = model.black(pass.input())?;
        let area = picture.pixels();
        let baseline = InputImage { values: (0..picture.values.len()).map(|i| black[i / area]).collect(), ..*picture };
        let grid = match self.method {
            Method::KernelShap => {
                let side = (settings.superpixels as f64).sqrt().round() as usize;
                Some((side, side))
            }
            Method::Occlusion => Some((2 * settings.patches, 2 * settings.patches)),
            Method::Rise => Some((7, 7)),
            _ => None,
        };
        let measured =
            panel::FaithfulnessSettings { grid, seed: settings.seed, ..panel::FaithfulnessSettings::default() };
        let (mut done, of) = (0, measured.evaluations());
        let mut score = |pictures: &[InputImage]| -> Result<Vec<f64>, EngineError> {
            let mut all = Vec::with_capacity(pictures.len());
            // Few at a time: a request to stop is heard in between.
            for few in pictures.chunks(4) {
                cancel.check()?;
                let rows: Vec<f32> = few.iter().flat_map(|p| p.values.iter().copied()).collect();
                let shape = (few.len(), picture.channels, picture.height, picture.width);
                let x = Tensor::from_vec(rows, shape, pass.input().device())?;
                let logits = logits(&model.network, x, cancel)?.to_vec2::<f32>()?;
                all.extend(logits.iter().map(|l| probability(&readout, self.subject, l)));
                done += few.len();
                emit(Progress::Step { what: "measures", done: done.min(of), of });
            }
            Ok(all)
        };
        panel::figures_beside(controls, picture, &baseline, &attribution.raw, &measured, &mut score)
    }

    /// How much the map changes for slightly altered images.
    fn sensitivity(
        &self,
        picture: &InputImage,
        cancel: &CancelToken,
        emit: &mut dyn FnMut(Progress),
    ) -> Result<Option<f64>, EngineError> {
        let mut made = 0;
        let mut altered = |picture: &InputImage| -> Result<Plane, EngineError> {
            cancel.check()?;
            emit(Progress::Step { what: "altered images", done: made, of: ALTERED + 1 });
            made += 1;
            let shape = (1, picture.channels, picture.height, picture.width);
            let x = Tensor::from_vec(picture.values.clone(), shape, self.pass.input().device())?;
            Ok(self.map(&self.model.network, &x, cancel)?.raw)
        };
        max_sensitivity(picture, RADIUS, ALTERED, self.settings.seed, &mut altered)
    }

    /// Whether the map outlives the weights.
    fn randomization(
        &self,
        attribution: &Attribution,
        steps: Steps,
        cancel: &CancelToken,
        emit: &mut dyn FnMut(Progress),
    ) -> Result<Randomization, EngineError> {
        let cascade = CascadingRandomization::of(self.model, self.settings.seed)?;
        let stages = cascade.stages();
        let first = if steps == Steps::Last { stages.len().saturating_sub(1) } else { 0 };
        let mut maps: Vec<(String, Plane)> = Vec::with_capacity(stages.len());
        for (i, stage) in stages.iter().enumerate().skip(first) {
            cancel.check()?;
            emit(Progress::Step { what: "forgetful models", done: i, of: stages.len() });
            let network = cascade.network(i + 1)?;
            let Ok(map) = self.map(&network, self.pass.input(), cancel) else {
                cancel.check()?;
                // Weights that were never trained may overflow: there is no map to compare.
                continue;
            };
            maps.push((stage.clone(), map.raw));
        }
        Ok(randomization::judged(&attribution.raw, &maps)?)
    }

    /// The map that is judged, from the pass that is kept.
    fn own(&self, cancel: &CancelToken) -> Result<Attribution, EngineError> {
        let network = &self.model.network;
        let kept = |stage: usize| self.pass.kept(network, stage);
        self.of(network, self.pass.input(), &self.pass.logits, &kept, cancel)
    }

    /// The map of an input by a network of this architecture.
    fn map(&self, network: &Network, input: &Tensor, cancel: &CancelToken) -> Result<Attribution, EngineError> {
        let outputs = outputs(network, input, cancel)?;
        let logits = outputs.last().map(|x| x.flatten_all()?.to_vec1::<f32>()).transpose()?.unwrap_or_default();
        if logits.iter().any(|l| !l.is_finite()) {
            return Err(EngineError::NotFinite);
        }
        let kept = |stage: usize| Ok(outputs.get(stage).cloned());
        self.of(network, input, &logits, &kept, cancel)
    }

    /// The map of a finished pass.
    fn of(
        &self,
        network: &Network,
        input: &Tensor,
        logits: &[f32],
        outputs: &dyn Fn(usize) -> candle_core::Result<Option<Tensor>>,
        cancel: &CancelToken,
    ) -> Result<Attribution, EngineError> {
        let black = self.model.black(input)?;
        let scoring = Scoring::of(&self.model.manifest);
        let background = self.background.or(self.model.background.as_ref());
        let (scoring, black, regions) = (&scoring, black.as_slice(), None);
        let scene = Scene { network, scoring, input, logits, black, background, regions, outputs };
        let mut heard = |_: Step| !cancel.is_cancelled();
        let subjects = [self.subject];
        let mut watch = Watch::new(&mut heard);
        let maps = explain(&scene, self.stage, &subjects, self.method, &self.settings, &mut watch)?;
        maps.into_iter().next().ok_or(EngineError::EmptyImage)
    }
}

/// Logits of a batch, stage by stage, so that a request to stop is heard in between.
fn logits(network: &Network, mut x: Tensor, cancel: &CancelToken) -> Result<Tensor, EngineError> {
    for stage in &network.stages {
        cancel.check()?;
        x = stage.layer.forward(&x, Mode::Inference)?;
    }
    Ok(x)
}

/// Outputs of every stage as [`Network::forward_range`] hands them out, the last one the logits.
fn outputs(network: &Network, input: &Tensor, cancel: &CancelToken) -> Result<Vec<Tensor>, EngineError> {
    let mut x = input.clone();
    let mut outputs = Vec::with_capacity(network.stages.len());
    for stage in &network.stages {
        cancel.check()?;
        x = stage.layer.forward(&x, Mode::Inference)?;
        outputs.push(stage.layout.unblocked(&x)?);
    }
    Ok(outputs)
}

fn picture(pass: &Pass) -> Result<InputImage, EngineError> {
    let (_, channels, height, width) = pass.input().dims4()?;
    Ok(InputImage { channels, width, height, values: pass.input().flatten_all()?.to_vec1()? })
}

/// What the reader sees of a subject.
#[must_use]
pub fn probability(readout: &OutputHead, subject: Subject, logits: &[f32]) -> f64 {
    let labels = readout.labels(logits);
    let one = |output| match output {
        Output::Class(k) => labels[k],
        Output::Group(g) => readout.groups(&labels)[g],
    };
    match subject {
        Subject::One(output) => f64::from(one(output)),
        Subject::Difference(..) => {
            let scoring = Scoring { head: readout.head, groups: readout.groups.clone() };
            1.0 / (1.0 + (-scoring.score(subject, logits)).exp())
        }
    }
}
