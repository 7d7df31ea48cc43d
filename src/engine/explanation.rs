//! What a reader asks for on top of an analysis: maps by any method, at any layer, of any subject; how stable they are; how far they
//! can be trusted.
//!
//! Everything starts from the pass that is kept of the image, so only what a method needs on top of it is run. Progress goes through a
//! callback, with rough maps that refine; a wish to stop is heard between batches.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pass::{Known, Pass};
use super::trust::{Depth, News, Question, judge};
use super::{AnalysisOptions, CancelToken, EngineError};
use crate::explain::cam::{self, Target};
use crate::explain::faithfulness::{Rivals, Trust};
use crate::explain::spread::{Sampling, Spread, spread};
use crate::explain::{
    Attribution, ExplainError, Method, Scene, Scoring, Settings, Step, Subject, Watch, explain, has_places,
};
use crate::network::background::Background;
use crate::network::{Model, Network};
use crate::study::Frame;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    pub methods: Vec<Method>,
    /// Stages; empty means the manifest's target layer. Methods without a layer run once.
    pub layers: Vec<String>,
    /// Empty means every class.
    pub subjects: Vec<Subject>,
    pub settings: Settings,
    /// Dropout samples of each map, to tell how stable it is; 0 for none.
    pub spread: usize,
    /// Judge the maps, too.
    pub trust: bool,
}

/// How far a map can be trusted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trusted {
    pub method: Method,
    pub subject: Subject,
    /// The stage, or [`crate::explain::INPUT`].
    pub layer: String,
    pub trust: Trust,
    /// False while parts are still to come.
    pub whole: bool,
}

impl Wish {
    /// The maps of an analysis.
    #[must_use]
    pub fn of(options: &AnalysisOptions) -> Self {
        Self {
            methods: options.methods.clone(),
            layers: options.layers.clone(),
            subjects: options.subjects.clone(),
            settings: options.explanation,
            spread: 0,
            trust: false,
        }
    }
}

/// What is heard on the way.
#[derive(Clone)]
pub enum Told {
    Maps(Vec<Arc<Attribution>>),
    /// Unfinished maps of a method that refines them.
    Rough(Vec<Arc<Attribution>>),
    Step {
        what: &'static str,
        done: usize,
        of: usize,
    },
    Spread(Arc<Spread>),
    Trusted(Arc<Trusted>),
}

/// Carries out a wish for an image, using and adding to what is known of it with this very model.
///
/// # Errors
/// A sentence on why there is no map; [`EngineError::Cancelled`] when somebody wished to stop.
pub fn explain_with(
    model: &Model,
    frame: &Frame,
    known: &mut Known,
    wish: &Wish,
    cancel: &CancelToken,
    emit: &mut dyn FnMut(Told),
) -> Result<(), EngineError> {
    if frame.plane.values.is_empty() {
        return Err(EngineError::EmptyImage);
    }
    cancel.check()?;
    let pass = match known.pass.take() {
        Some(pass) => pass,
        None => Pass::run(model, &frame.model_plane(), frame.value_range, cancel)?,
    };
    let pass = &*known.pass.insert(pass);
    let background = known.background.as_deref();
    let mut made = remembered(model, pass, &known.costly, wish)?;
    if made.is_empty() {
        made = maps(model, pass, background, wish, cancel, emit)?;
        let costly = made.iter().filter(|map| !map.method.is_instant());
        known.costly.extend(costly.map(|map| (wish.settings, map.clone())));
    }
    if wish.spread > 0 {
        spreads(model, pass, wish, cancel, emit)?;
    }
    if wish.trust {
        trust(model, pass, background, wish, &made, cancel, emit)?;
    }
    Ok(())
}

/// The maps that are to be judged, where all of them were made before; else none.
fn remembered(
    model: &Model,
    pass: &Pass,
    costly: &[(Settings, Arc<Attribution>)],
    wish: &Wish,
) -> Result<Vec<Arc<Attribution>>, EngineError> {
    if !wish.trust {
        return Ok(Vec::new());
    }
    let stages = stages(&model.network, &wish.layers, &model.manifest.target_layer)?;
    let mut found = Vec::new();
    for &stage in &stages {
        for &method in &wish.methods {
            for subject in subjects(wish, pass) {
                let layer = method.place(&model.network.stages[stage].name);
                let same = |a: &Attribution| a.method == method && a.subject == subject && a.layer == layer;
                match costly.iter().find(|(settings, map)| *settings == wish.settings && same(map)) {
                    Some((_, map)) => found.push(map.clone()),
                    None => return Ok(Vec::new()),
                }
            }
        }
    }
    Ok(found)
}

/// The maps of a wish, against `background` or the model's own: by layer, then by method, then by subject.
pub(super) fn maps(
    model: &Model,
    pass: &Pass,
    background: Option<&Background>,
    wish: &Wish,
    cancel: &CancelToken,
    emit: &mut dyn FnMut(Told),
) -> Result<Vec<Arc<Attribution>>, EngineError> {
    let network = &model.network;
    let stages = stages(network, &wish.layers, &model.manifest.target_layer)?;
    let scoring = Scoring::of(&model.manifest);
    let subjects = subjects(wish, pass);
    let mut all: Vec<Arc<Attribution>> = Vec::new();
    let mut keep = |maps: Vec<Attribution>, emit: &mut dyn FnMut(Told)| {
        let maps: Vec<_> = maps.into_iter().map(Arc::new).collect();
        if !maps.is_empty() {
            emit(Told::Maps(maps.clone()));
        }
        all.extend(maps);
    };
    let instant: Vec<Method> = wish.methods.iter().copied().filter(|m| m.is_instant()).collect();
    for (number, &stage) in stages.iter().enumerate() {
        keep(instant_maps(network, pass, stage, &scoring, &subjects, &instant, cancel)?, emit);
        for &method in wish.methods.iter().filter(|m| !m.is_instant() && (m.has_layer() || number == 0)) {
            let black = model.black(pass.input())?;
            let outputs = |stage: usize| pass.kept(network, stage);
            let scene = Scene {
                network,
                scoring: &scoring,
                input: pass.input(),
                logits: &pass.logits,
                black: &black,
                background: background.or(model.background.as_ref()),
                outputs: &outputs,
            };
            let mut heard = |step: Step| {
                let Step { method, done, of, maps } = step;
                emit(Told::Step { what: method.name(), done, of });
                if !maps.is_empty() {
                    emit(Told::Rough(maps.into_iter().map(Arc::new).collect()));
                }
                !cancel.is_cancelled()
            };
            let found = explain(&scene, stage, &subjects, method, &wish.settings, &mut Watch::new(&mut heard));
            keep(found.map_err(stopped)?, emit);
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
    let target = Target { network, stage, activation: &activation, logits: &pass.logits, scoring };
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

/// How stable each map of the wish is.
fn spreads(
    model: &Model,
    pass: &Pass,
    wish: &Wish,
    cancel: &CancelToken,
    emit: &mut dyn FnMut(Told),
) -> Result<(), EngineError> {
    let network = &model.network;
    let first_stochastic = network.first_stochastic().ok_or(EngineError::NotStochastic)?;
    let before = pass.input_of(network, first_stochastic)?.ok_or(EngineError::NotStochastic)?;
    let scoring = Scoring::of(&model.manifest);
    let sampling = Sampling { first_stochastic, before: &before, samples: wish.spread, seed: wish.settings.seed };
    for stage in stages(network, &wish.layers, &model.manifest.target_layer)? {
        has_places(network, pass.input(), stage)?;
        let Some(activation) = pass.output(network, stage)? else { continue };
        let target = Target { network, stage, activation: &activation, logits: &pass.logits, scoring: &scoring };
        for &method in &wish.methods {
            for subject in subjects(wish, pass) {
                let told = std::cell::RefCell::new(&mut *emit);
                let mut heard = |step: Step| {
                    (told.borrow_mut())(Told::Step { what: "stability", done: step.done, of: step.of });
                    !cancel.is_cancelled()
                };
                let mut refined = |spread| (told.borrow_mut())(Told::Spread(Arc::new(spread)));
                let mut watch = Watch::new(&mut heard);
                spread(&target, subject, method, &sampling, &mut watch, &mut refined).map_err(stopped)?;
            }
        }
    }
    Ok(())
}

/// How far each map of the wish can be trusted.
fn trust(
    model: &Model,
    pass: &Pass,
    background: Option<&Background>,
    wish: &Wish,
    made: &[Arc<Attribution>],
    cancel: &CancelToken,
    emit: &mut dyn FnMut(Told),
) -> Result<(), EngineError> {
    for stage in stages(&model.network, &wish.layers, &model.manifest.target_layer)? {
        let layer = &model.network.stages[stage].name;
        for &method in &wish.methods {
            for subject in subjects(wish, pass) {
                let place = method.place(layer);
                let map = made.iter().find(|a| a.method == method && a.subject == subject && a.layer == place);
                let Some(map) = map else { continue };
                let (settings, depth, map) = (wish.settings, Depth::Whole, Some(map.as_ref()));
                let question = Question { model, pass, background, map, method, stage, subject, settings, depth };
                let told = |trust, whole| {
                    let layer = method.place(layer).to_owned();
                    Told::Trusted(Arc::new(Trusted { method, subject, layer, trust, whole }))
                };
                let mut heard = |news| {
                    emit(match news {
                        News::Step { what, done, of } => Told::Step { what, done, of },
                        News::Known(trust) => told(trust, false),
                    });
                };
                let trust = judge(&question, &mut Rivals::default(), cancel, &mut heard)?;
                emit(told(trust, true));
            }
        }
    }
    Ok(())
}

fn subjects(wish: &Wish, pass: &Pass) -> Vec<Subject> {
    if wish.subjects.is_empty() { Subject::classes(pass.logits.len()) } else { wish.subjects.clone() }
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

/// A method that was stopped is a cancelled computation.
pub(super) fn stopped(error: ExplainError) -> EngineError {
    match error {
        ExplainError::Stopped => EngineError::Cancelled,
        error => error.into(),
    }
}
