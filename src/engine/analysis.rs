//! One analysis from pixels to posterior, step by step: gate → scores → maps → samples.
//!
//! The same function serves the viewer's worker, the command line and `report --verify`, so they
//! cannot disagree. It is synchronous; progress goes through a callback, and a request to stop is
//! heard between stages, maps and batches of samples.

use std::cell::LazyCell;
use std::time::Instant;

use super::map_request::MapRequest;
use super::pass::{Aids, Known, Pass, milliseconds};
use super::{Analysis, AnalysisOptions, EngineError, Score, Timing, explanation};
use crate::cancel::CancelToken;
use crate::engine::progress::Progress;
use crate::imaging::Plane;
use crate::model::Model;
use crate::model::gate::GateVerdict;
use crate::model::manifest::Manifest;
use crate::model::output_head::OutputHead;
use crate::model::population::PopulationVerdict;
use crate::model::population::detector::DetectorError;
use crate::study::{Frame, Unscorable};
use crate::uncertainty::sampling::Sampler;
use crate::uncertainty::{Posterior, SampleSource, ensemble, mc_dropout, test_time};

/// Analyses `frame` with `model`.
///
/// When the gate refuses, or the image is not all there, and `options.force` is not set, the
/// analysis ends there with `scored: false`. Pixels that are no numbers are never scored. Decoding
/// is not timed here: the frame comes decoded; the gate counts as preprocessing.
pub fn analyze(
    model: &Model,
    frame: &Frame,
    options: &AnalysisOptions,
    cancel: &CancelToken,
    emit: &mut dyn FnMut(Progress),
) -> Result<Analysis, EngineError> {
    analyze_with(model, frame, &mut Known::default(), options, cancel, emit)
}

/// The same, using and adding to what is `known` of this very image with this very model.
pub fn analyze_with(
    model: &Model,
    frame: &Frame,
    known: &mut Known,
    options: &AnalysisOptions,
    cancel: &CancelToken,
    emit: &mut dyn FnMut(Progress),
) -> Result<Analysis, EngineError> {
    if frame.pixels.plane.values.is_empty() {
        return Err(EngineError::EmptyImage);
    }
    let network = &model.network;
    explanation::stages(&model.network, &options.layers, &model.manifest.target_layer)?;
    let mut analysis =
        Analysis { stochastic: network.first_stochastic().is_some(), options: options.clone(), ..Analysis::default() };
    if options.layers.is_empty() {
        analysis.options.layers.push(model.manifest.target_layer.clone());
    }
    cancel.check()?;
    let plane = LazyCell::new(|| frame.pixels.model_values());
    let mut gate_ms = 0.0;
    if let Err(reason) = frame.scorable() {
        // What is not all there is refused before any gate looks at it.
        let verdict = GateVerdict::without_a_look(reason.to_string());
        emit(Progress::Gated(verdict.clone()));
        analysis.gate = Some(verdict);
        match reason {
            _ if !options.force => return Ok(analysis),
            Unscorable::NotFinite { .. } => return Err(reason.into()),
            Unscorable::Incomplete(_) => {
                analysis.warnings.push("Scored although a part of the image is missing.".into());
            }
        }
    } else {
        let started = Instant::now();
        let verdict = match known.gate.take() {
            Some(verdict) => Some(verdict),
            None => model.judge(frame, &plane)?,
        };
        known.gate.clone_from(&verdict);
        gate_ms = milliseconds(started);
        analysis.timing.preprocess = gate_ms;
        analysis.gate = verdict;
        match &analysis.gate {
            Some(verdict) => {
                emit(Progress::Gated(verdict.clone()));
                analysis.warnings.extend(verdict.warnings.iter().cloned());
                if !verdict.accepted {
                    if !options.force {
                        return Ok(analysis);
                    }
                    analysis.warnings.push(format!("Scored although the input gate refused: {}", verdict.reason));
                }
            }
            None => {
                analysis.warnings.push("This model has no input gate: any image is scored, suitable or not.".into());
            }
        }
    }
    if options.layers.is_empty() || options.layers.contains(&model.manifest.target_layer) {
        analysis.warnings.extend(model.manifest.other_target());
    }

    cancel.check()?;
    let pass = match known.pass.take() {
        Some(pass) => pass,
        None => Pass::run(model, &plane, frame.pixels.value_range, cancel)?,
    };
    let pass = &*known.pass.insert(pass);
    analysis.timing = Timing { preprocess: pass.timing.preprocess + gate_ms, ..pass.timing };

    let readout = OutputHead::new(&model.manifest);
    (analysis.labels, analysis.groups) = scores(&model.manifest, &readout, &pass.logits);
    analysis.scored = true;
    analysis.population = match known.population.take() {
        Some(verdict) => Some(verdict),
        None => model.judge_population(&frame.entry.meta, &plane, || pass.features(network))?,
    };
    known.population.clone_from(&analysis.population);
    if let Err(error) = model.detector.as_ref()
        && *error != DetectorError::Missing
    {
        analysis.warnings.push(error.to_string());
    }
    analysis.warnings.extend(analysis.population.as_ref().and_then(PopulationVerdict::reservation));
    emit(Progress::Scored {
        labels: analysis.labels.clone(),
        groups: analysis.groups.clone(),
        population: analysis.population.clone(),
    });

    let started = Instant::now();
    let request = MapRequest::of(options);
    let aids = Aids { background: known.background.as_deref(), regions: known.regions.as_ref() };
    analysis.attributions = explanation::maps(model, pass, aids, &request, cancel, emit)?;
    analysis.timing.explain = milliseconds(started);

    if options.samples > 0 {
        let started = Instant::now();
        let image = Image { plane: &plane, range: frame.pixels.value_range };
        match options.source.unavailable(analysis.stochastic, model.ensemble.len()) {
            Some(why) => analysis.warnings.push(why.into()),
            None => analysis.posterior = sample(model, image, pass, &readout, options, cancel, emit)?,
        }
        analysis.timing.uncertainty = milliseconds(started);
    }
    Ok(analysis)
}

/// Scores of labels and groups from the logits of the pass with dropout off.
pub(super) fn scores(manifest: &Manifest, readout: &OutputHead, logits: &[f32]) -> (Vec<Score>, Vec<Score>) {
    let probabilities = readout.labels(logits);
    let labels =
        manifest.labels.iter().zip(logits.iter().zip(&probabilities)).map(|(label, (&logit, &probability))| Score {
            label: label.name.clone(),
            logit: Some(logit),
            probability,
            threshold: label.threshold,
        });
    let groups = manifest.groups.iter().zip(readout.groups(&probabilities)).map(|(group, probability)| Score {
        label: group.name.clone(),
        logit: None,
        probability,
        threshold: group.threshold,
    });
    (labels.collect(), groups.collect())
}

/// The image as samples that begin at its grey values need it.
#[derive(Clone, Copy)]
struct Image<'a> {
    plane: &'a Plane,
    range: (f32, f32),
}

/// The posterior from the source that was asked for, which must be available.
fn sample(
    model: &Model,
    image: Image<'_>,
    pass: &Pass,
    readout: &OutputHead,
    options: &AnalysisOptions,
    cancel: &CancelToken,
    emit: &mut dyn FnMut(Progress),
) -> Result<Option<Posterior>, EngineError> {
    let Image { plane, range } = image;
    let (samples, seed) = (options.samples, options.seed);
    let mut sampler: Box<dyn Sampler + '_> = match options.source {
        SampleSource::McDropout => {
            let Some(stage) = model.network.first_stochastic() else { return Ok(None) };
            let Some(activation) = pass.input_of(&model.network, stage)? else { return Ok(None) };
            Box::new(mc_dropout::McDropout::new(&model.network, stage, &activation, readout, samples, seed))
        }
        SampleSource::TestTime => Box::new(test_time::TestTime::new(model, plane, range, readout, samples, seed)),
        SampleSource::Ensemble => Box::new(ensemble::Ensemble::new(model, plane, range, readout)),
    };
    cancel.check()?;
    let stop = || cancel.is_cancelled();
    while sampler.advance(&stop).map_err(|e| if stop() { EngineError::Cancelled } else { e.into() })? {
        emit(Progress::Sampled { done: sampler.done(), of: sampler.total(), posterior: sampler.posterior() });
        cancel.check()?;
    }
    Ok(Some(sampler.posterior()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::imaging::Missing;
    use crate::imaging::PixelData;
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::network::layers::{GlobalAveragePool, Linear};
    use crate::network::layout::Layout;
    use crate::network::{Layer, Network, Stage};
    use crate::study::{Identity, ImageEntry, Metadata};
    use crate::study::{SharedUid, StackPlace};

    fn model() -> Model {
        let manifest = Manifest::parse(&format!(
            "name = 'toy'\nversion = '1'\ndescription = 'd'\nlicence = 'MIT'\nhead = 'sigmoid'\n\
             target_layer = 'stem'\nweights_sha256 = '{:064}'\nlabels = [{{ name = 'Bright' }}]\n\
             architecture = {{ family = 'compact-resnet', widths = [1, 1], blocks = [1], strides = [1], dropout = 0.0 }}\n\
             input = {{ width = 32, height = 32, channels = 1, resize = 'squash', normalization = 'per-image' }}\n\
             training = {{ data = 'd', population = 'p', images = 0, date = '2026-11-20' }}\n",
            0
        ))
        .unwrap();
        let linear = || Linear {
            weight: Tensor::ones((1, 1), candle_core::DType::F32, &Device::Cpu).unwrap(),
            bias: Tensor::zeros(1, candle_core::DType::F32, &Device::Cpu).unwrap(),
        };
        let stage = |name: &str, layer: Box<dyn Layer>| Stage {
            name: name.into(),
            layout: Layout::Vector,
            stochastic: false,
            layer,
        };
        let mut stages =
            vec![stage("stem", Box::new(Same)), stage("pool", Box::new(GlobalAveragePool { channels: 1 }))];
        stages[0].layout = Layout::Maps { channels: 1 };
        stages.push(stage("head", Box::new(linear())));
        Model {
            manifest,
            network: Network { stages },
            sha256: String::new(),
            origin: String::new(),
            device: Device::Cpu,
            gate: None,
            background: None,
            calibration: Err(crate::model::calibration::CalibrationError::Missing),
            detector: Err(crate::model::population::detector::DetectorError::Missing),
            ensemble: Vec::new(),
        }
    }

    struct Same;
    impl Layer for Same {
        fn forward(&self, x: &Tensor, _: crate::network::Mode) -> crate::network::Result<Tensor> {
            Ok(x.clone())
        }
    }

    fn frame() -> Frame {
        let plane = crate::imaging::Plane { width: 2, height: 2, values: vec![0.0, 1.0, 2.0, 3.0] };
        let entry = ImageEntry {
            path: "hand.png".into(),
            identity: Identity::default(),
            meta: Metadata::default(),
            columns: 2,
            rows: 2,
            frames: 1,
            has_pixels: true,
            title: String::new(),
            shared_uid: SharedUid::default(),
            place: StackPlace::default(),
        };
        Frame {
            entry: Arc::new(entry),
            index: 0,
            pixels: PixelData::grey(plane, (0.0, 3.0)),
            spacing: None,
            display: crate::study::DisplayAttributes::default(),
            warnings: Vec::new(),
        }
    }

    /// An analysis of an image that the gate has refused, and the kinds of progress it told.
    fn refused(force: bool) -> (Analysis, Known, usize) {
        let verdict = GateVerdict {
            accepted: false,
            score: 0.1,
            threshold: 0.5,
            reason: "This is a hand.".into(),
            warnings: Vec::new(),
        };
        let mut known = Known { gate: Some(verdict), ..Known::default() };
        let options = AnalysisOptions { force, ..AnalysisOptions::default() };
        let mut told = 0;
        let cancel = CancelToken::default();
        let analysis = analyze_with(&model(), &frame(), &mut known, &options, &cancel, &mut |_| told += 1).unwrap();
        (analysis, known, told)
    }

    #[test]
    fn a_refused_image_gets_a_verdict_and_nothing_else() {
        let (analysis, known, told) = refused(false);
        assert!(!analysis.scored && analysis.labels.is_empty() && analysis.attributions.is_empty());
        assert!(!analysis.gate.unwrap().accepted);
        assert!(known.pass.is_none(), "the network is not even run");
        assert_eq!(told, 1);
    }

    /// An analysis of this image by a model without a gate.
    fn analyzed(frame: &Frame, force: bool) -> Result<Analysis, EngineError> {
        let options = AnalysisOptions { force, ..AnalysisOptions::default() };
        analyze(&model(), frame, &options, &CancelToken::default(), &mut |_| ())
    }

    #[test]
    fn an_image_whose_data_ends_early_is_refused_with_the_rows_that_are_there() {
        let mut cut = frame();
        cut.pixels.missing = Some(Missing::Rows { from: 1 });
        let analysis = analyzed(&cut, false).unwrap();
        assert!(!analysis.scored && analysis.labels.is_empty());
        let verdict = analysis.gate.unwrap();
        assert!(!verdict.accepted && verdict.reason.contains("50 % of the rows are there"), "{}", verdict.reason);
        assert!(verdict.score.is_nan(), "no gate has looked at it");
        let insisted = analyzed(&cut, true).unwrap();
        assert!(insisted.scored && insisted.warnings.iter().any(|w| w.contains("a part of the image is missing")));
    }

    #[test]
    fn pixels_that_are_no_numbers_are_never_scored() {
        for value in [f32::NAN, f32::INFINITY] {
            let mut damaged = frame();
            damaged.pixels.plane.values[2] = value;
            let analysis = analyzed(&damaged, false).unwrap();
            assert!(!analysis.scored && analysis.gate.unwrap().reason.contains("1 of 4 pixels are no finite numbers"));
            let error = analyzed(&damaged, true).unwrap_err();
            assert!(error.to_string().contains("cannot be scored"), "{error}");
        }
    }

    #[test]
    fn a_refused_image_is_scored_when_the_reader_insists_and_it_is_said() {
        let (analysis, ..) = refused(true);
        assert!(analysis.scored && analysis.labels.len() == 1 && analysis.attributions.len() == 2);
        assert!(analysis.warnings.iter().any(|w| w.contains("refused: This is a hand.")), "{:?}", analysis.warnings);
    }
}
