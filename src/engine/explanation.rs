//! What a reader asks for on top of an analysis: maps by any method, at any layer, of any subject;
//! how stable they are; how far they can be trusted.
//!
//! Everything starts from the pass that is kept of the image, so only what a method needs on top of
//! it is run. Progress goes through a callback, with rough maps that refine; a request to stop is
//! seen between batches.

use std::sync::Arc;

use super::EngineError;
use super::faithfulness::{Depth, FaithfulnessRequest, measure};
use super::pass::{Aids, Known, Pass};
use crate::cancel::CancelToken;
use crate::engine::map_request::MapRequest;
use crate::engine::progress::Progress;
use crate::explain::cam::Target;
use crate::explain::faithfulness::ControlMaps;
use crate::explain::stability::{DropoutSampling, spread};
use crate::explain::{
    Attribution, Method, MethodSettings, Scene, Scoring, Step, Subject, Watch, cam, explain, has_places,
};
use crate::model::Model;
use crate::model::background::Background;
use crate::network::Network;
use crate::study::{Frame, Unscorable};

/// Carries out a request for an image, using and adding to what is known of it with this very
/// model.
///
/// # Errors
/// A sentence on why there is no map; [`EngineError::Cancelled`] when somebody asked to stop.
pub fn explain_with(
    model: &Model,
    frame: &Frame,
    known: &mut Known,
    request: &MapRequest,
    cancel: &CancelToken,
    emit: &mut dyn FnMut(Progress),
) -> Result<(), EngineError> {
    if frame.pixels.plane.values.is_empty() {
        return Err(EngineError::EmptyImage);
    }
    if let Err(reason @ Unscorable::NotFinite { .. }) = frame.scorable() {
        return Err(reason.into());
    }
    cancel.check()?;
    let pass = match known.pass.take() {
        Some(pass) => pass,
        None => Pass::run(model, &frame.model_plane(), frame.pixels.value_range, cancel)?,
    };
    let pass = &*known.pass.insert(pass);
    let aids = Aids { background: known.background.as_deref(), regions: known.regions.as_ref() };
    let mut made = remembered(model, pass, &known.costly, request)?;
    if made.is_empty() {
        made = maps(model, pass, aids, request, cancel, emit)?;
        let costly = made.iter().filter(|map| !map.method.is_instant());
        known.costly.extend(costly.map(|map| (request.settings, map.clone())));
    }
    if request.stability_samples > 0 {
        spreads(model, pass, request, cancel, emit)?;
    }
    if request.faithfulness {
        faithfulness(model, pass, aids.background, request, &made, cancel, emit)?;
    }
    Ok(())
}

/// The maps that are to be judged, where all of them were made before; else none.
fn remembered(
    model: &Model,
    pass: &Pass,
    costly: &[(MethodSettings, Arc<Attribution>)],
    request: &MapRequest,
) -> Result<Vec<Arc<Attribution>>, EngineError> {
    if !request.faithfulness {
        return Ok(Vec::new());
    }
    let stages = stages(&model.network, &request.layers, &model.manifest.target_layer)?;
    let mut found = Vec::new();
    for &stage in &stages {
        for &method in &request.methods {
            for subject in subjects(request, pass) {
                let layer = method.place(&model.network.stages[stage].name);
                let same = |a: &Attribution| a.method == method && a.subject == subject && a.layer == layer;
                match costly.iter().find(|(settings, map)| *settings == request.settings && same(map)) {
                    Some((_, map)) => found.push(map.clone()),
                    None => return Ok(Vec::new()),
                }
            }
        }
    }
    Ok(found)
}

/// The maps of a request, against the background of `aids` or the model's own: by layer, then by method, then
/// by subject.
pub(super) fn maps(
    model: &Model,
    pass: &Pass,
    aids: Aids<'_>,
    request: &MapRequest,
    cancel: &CancelToken,
    emit: &mut dyn FnMut(Progress),
) -> Result<Vec<Arc<Attribution>>, EngineError> {
    let network = &model.network;
    let stages = stages(network, &request.layers, &model.manifest.target_layer)?;
    let scoring = Scoring::of(&model.manifest);
    let subjects = subjects(request, pass);
    let mut all: Vec<Arc<Attribution>> = Vec::new();
    let mut keep = |maps: Vec<Attribution>, emit: &mut dyn FnMut(Progress)| {
        let maps: Vec<_> = maps.into_iter().map(Arc::new).collect();
        if !maps.is_empty() {
            emit(Progress::Maps(maps.clone()));
        }
        all.extend(maps);
    };
    let instant: Vec<Method> = request.methods.iter().copied().filter(|m| m.is_instant()).collect();
    for (number, &stage) in stages.iter().enumerate() {
        keep(instant_maps(network, pass, stage, &scoring, &subjects, &instant, cancel)?, emit);
        for &method in request.methods.iter().filter(|m| !m.is_instant() && (m.has_layer() || number == 0)) {
            let black = model.black(pass.input())?;
            let outputs = |stage: usize| pass.kept(network, stage);
            let scene = Scene {
                network,
                scoring: &scoring,
                input: pass.input(),
                logits: &pass.logits,
                black: &black,
                background: aids.background.or(model.background.as_ref()),
                regions: aids.regions,
                outputs: &outputs,
            };
            let mut heard = |step: Step| {
                let Step { method, done, of, maps } = step;
                emit(Progress::Step { what: method.name(), done, of });
                if !maps.is_empty() {
                    emit(Progress::Refined(maps.into_iter().map(Arc::new).collect()));
                }
                !cancel.is_cancelled()
            };
            let found = explain(&scene, stage, &subjects, method, &request.settings, &mut Watch::new(&mut heard));
            keep(found?, emit);
        }
    }
    Ok(all)
}

/// All methods that need one pass back, from the same one: by method, then by subject.
fn instant_maps(
    network: &Network,
    pass: &Pass,
    stage: usize,
    scoring: &Scoring,
    subjects: &[Subject],
    methods: &[Method],
    cancel: &CancelToken,
) -> Result<Vec<Attribution>, EngineError> {
    if methods.is_empty() {
        return Ok(Vec::new());
    }
    has_places(network, pass.input(), stage)?;
    let Some(activation) = pass.output(network, stage)? else { return Ok(Vec::new()) };
    let size = pass.size()?;
    let target = Target { network, stage, activation: &activation, size, logits: &pass.logits, scoring };
    let mut maps = Vec::with_capacity(subjects.len() * methods.len());
    for subjects in subjects.chunks(cam::at_once(&activation)) {
        cancel.check()?;
        maps.extend(cam::explain(&target, subjects, methods)?);
    }
    let place = |map: &Attribution| {
        (methods.iter().position(|m| *m == map.method), subjects.iter().position(|s| *s == map.subject))
    };
    maps.sort_by_key(place);
    Ok(maps)
}

/// How stable each map of the request is.
fn spreads(
    model: &Model,
    pass: &Pass,
    request: &MapRequest,
    cancel: &CancelToken,
    emit: &mut dyn FnMut(Progress),
) -> Result<(), EngineError> {
    let network = &model.network;
    let first_stochastic = network.first_stochastic().ok_or(EngineError::NotStochastic)?;
    let before = pass.input_of(network, first_stochastic)?.ok_or(EngineError::NotStochastic)?;
    let scoring = Scoring::of(&model.manifest);
    let sampling = DropoutSampling {
        first_stochastic,
        before: &before,
        samples: request.stability_samples,
        seed: request.settings.seed,
    };
    for stage in stages(network, &request.layers, &model.manifest.target_layer)? {
        has_places(network, pass.input(), stage)?;
        let Some(activation) = pass.output(network, stage)? else { continue };
        let (size, logits) = (pass.size()?, &pass.logits);
        let target = Target { network, stage, activation: &activation, size, logits, scoring: &scoring };
        for &method in &request.methods {
            for subject in subjects(request, pass) {
                let told = std::cell::RefCell::new(&mut *emit);
                let mut heard = |step: Step| {
                    (told.borrow_mut())(Progress::Step { what: "stability", done: step.done, of: step.of });
                    !cancel.is_cancelled()
                };
                let mut refined = |spread| (told.borrow_mut())(Progress::Stability(Arc::new(spread)));
                let mut watch = Watch::new(&mut heard);
                spread(&target, subject, method, &sampling, &mut watch, &mut refined)?;
            }
        }
    }
    Ok(())
}

/// How faithful each map of the request is.
fn faithfulness(
    model: &Model,
    pass: &Pass,
    background: Option<&Background>,
    request: &MapRequest,
    made: &[Arc<Attribution>],
    cancel: &CancelToken,
    emit: &mut dyn FnMut(Progress),
) -> Result<(), EngineError> {
    for stage in stages(&model.network, &request.layers, &model.manifest.target_layer)? {
        let layer = &model.network.stages[stage].name;
        for &method in &request.methods {
            for subject in subjects(request, pass) {
                let place = method.place(layer);
                let map = made.iter().find(|a| a.method == method && a.subject == subject && a.layer == place);
                let Some(map) = map else { continue };
                let (settings, depth, map) = (request.settings, Depth::Whole, Some(map.as_ref()));
                let asked =
                    FaithfulnessRequest { model, pass, background, map, method, stage, subject, settings, depth };
                let found = measure(&asked, &mut ControlMaps::default(), cancel, emit)?;
                emit(asked.found(found, true));
            }
        }
    }
    Ok(())
}

fn subjects(request: &MapRequest, pass: &Pass) -> Vec<Subject> {
    if request.subjects.is_empty() { Subject::classes(pass.logits.len()) } else { request.subjects.clone() }
}

/// Numbers of the stages to explain.
pub(super) fn stages(network: &Network, layers: &[String], target: &String) -> Result<Vec<usize>, EngineError> {
    let asked = if layers.is_empty() { std::slice::from_ref(target) } else { layers };
    let number = |layer: &String| {
        network.stage(layer).filter(|&i| network.stages[i].is_spatial()).ok_or_else(|| EngineError::UnknownLayer {
            layer: layer.clone(),
            known: network.spatial_stages().into_iter().map(str::to_owned).collect(),
        })
    };
    asked.iter().map(number).collect()
}
