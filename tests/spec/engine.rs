//! The worker: latest request wins, cancel is quick, a panic is an answer, everything carries its
//! generation.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use pellucid::cancel::CancelToken;
use pellucid::engine::analysis::analyze;
use pellucid::engine::map_request::MapRequest;
use pellucid::engine::progress::Progress;
use pellucid::engine::what_if::Removal;
use pellucid::engine::what_if::filling::Filling;
use pellucid::engine::what_if::question::Question;
use pellucid::engine::worker::Engine;
use pellucid::engine::{
    Analysis, AnalysisOptions, BesideImage, BesideOutcome, EngineError, Event, Generation, Request,
};
use pellucid::explain::{Method, MethodSettings, Subject};
use pellucid::imaging::{PixelData, Plane};
use pellucid::model::Model;
use pellucid::model::manifest::Manifest;
use pellucid::network::layers::{Dropout, GlobalAveragePool, Linear};
use pellucid::network::layout::Layout;
use pellucid::network::{Layer, Mode, Network, Result, Stage};
use pellucid::study::{Frame, Identity, ImageEntry, Metadata};
use pellucid::study::{SharedUid, StackPlace};
use pellucid::uncertainty::SampleSource;

/// A value of a pixel that makes [`Features`] panic.
const POISON: f32 = 99.0;

/// Two channels of the input; slow, counted, and not robust.
struct Features {
    slow: Duration,
    runs: Arc<AtomicUsize>,
}

impl Layer for Features {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(self.slow);
        assert!(x.max_all()?.to_scalar::<f32>()? < POISON, "the layer does not take {POISON}");
        Tensor::cat(&[x, &x.sqr()?], 1)
    }
}

/// Passes on, slowly.
struct Slow(Duration);

impl Layer for Slow {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        std::thread::sleep(self.0);
        Ok(x.clone())
    }
}

/// A model with `slow` stages of 20 ms before its feature map.
fn model(slow: usize, dropout: f32, runs: &Arc<AtomicUsize>) -> Model {
    let manifest = Manifest::parse(&format!(
        r#"
        name = "toy"
        version = "1"
        description = "Tells bright from dark."
        licence = "MIT"
        head = "softmax"
        target_layer = "stage1"
        weights_sha256 = "{:064}"
        [architecture]
        family = "compact-resnet"
        widths = [8, 8]
        blocks = [1]
        strides = [1]
        dropout = {dropout}
        [input]
        width = 32
        height = 32
        channels = 1
        resize = "squash"
        normalization = "fixed"
        mean = [0.0]
        sd = [1.0]
        [training]
        data = "none"
        population = "none"
        images = 0
        date = "2026-11-20"
        [[labels]]
        name = "Dark"
        [[labels]]
        name = "Bright"
        [[labels]]
        name = "Glaring"
        [[groups]]
        name = "Not dark"
        members = ["Bright", "Glaring"]
        "#,
        0
    ))
    .unwrap();
    let wait = Duration::from_millis(if slow > 0 { 20 } else { 0 });
    let stage = |name: &str, layout, stochastic, layer| Stage { name: name.into(), layout, stochastic, layer };
    let mut stages: Vec<Stage> = (0..slow)
        .map(|i| stage(&format!("slow{i}"), Layout::Vector, false, Box::new(Slow(wait)) as Box<dyn Layer>))
        .collect();
    let weight = Tensor::new(&[[-1f32, -1.], [1., 0.5], [0.5, 1.]], &Device::Cpu).unwrap();
    let bias = Tensor::new(&[0.5f32, 0., -0.5], &Device::Cpu).unwrap();
    stages.push(stage(
        "stage1",
        Layout::Maps { channels: 2 },
        false,
        Box::new(Features { slow: wait, runs: runs.clone() }),
    ));
    stages.push(stage("pool", Layout::Vector, false, Box::new(GlobalAveragePool { channels: 2 })));
    stages.push(stage("dropout", Layout::Vector, dropout > 0.0, Box::new(Dropout { rate: dropout, layer: 0 })));
    stages.push(stage("head", Layout::Vector, false, Box::new(Linear { weight, bias })));
    Model {
        manifest,
        network: Network { stages },
        sha256: "0".repeat(64),
        origin: "toy".into(),
        device: Device::Cpu,
        gate: None,
        background: None,
        calibration: Err(pellucid::model::calibration::CalibrationError::Missing),
        detector: Err(pellucid::model::population::detector::DetectorError::Missing),
        ensemble: Vec::new(),
    }
}

/// A picture of one value with a brighter corner.
fn frame(value: f32) -> Arc<Frame> {
    let mut plane = Plane::filled(32, 32, value);
    plane.values[0] = value * 2.0;
    let entry = ImageEntry {
        path: "toy.png".into(),
        identity: Identity::default(),
        meta: Metadata::default(),
        columns: 32,
        rows: 32,
        frames: 1,
        has_pixels: true,
        title: "toy".into(),
        shared_uid: SharedUid::default(),
        place: StackPlace::default(),
    };
    Arc::new(Frame {
        entry: Arc::new(entry),
        index: 0,
        pixels: PixelData::grey(plane, (0.0, 1.0)),
        spacing: None,
        display: pellucid::study::DisplayAttributes::default(),
        warnings: Vec::new(),
    })
}

/// An engine whose models are called by their number of slow stages; "broken" and "panics" do not
/// load.
struct Bench {
    engine: Engine,
    runs: Arc<AtomicUsize>,
    woken: Arc<AtomicUsize>,
}

impl Bench {
    fn new(name: &str) -> Self {
        let (runs, woken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, waked) = (runs.clone(), woken.clone());
        let load = move |name: &str| match name {
            "broken" => Err("the file is cut short"),
            "panics" => panic!("no such tensor"),
            slow => Ok(model(slow.parse().unwrap(), 0.5, &counted)),
        };
        let wake = move || {
            waked.fetch_add(1, Ordering::SeqCst);
        };
        let engine = Engine::spawn(load, wake).unwrap();
        engine.send(Request::LoadModel { name: name.into() });
        Self { engine, runs, woken }
    }

    /// Waits for the model before asking, as [`Request::LoadModel`] and `Analyze` would otherwise
    /// race in the counts.
    fn ready(name: &str) -> Self {
        let bench = Self::new(name);
        assert!(matches!(bench.next(), Event::ModelReady(_)));
        bench
    }

    fn next(&self) -> Event {
        self.engine.events().recv_timeout(Duration::from_secs(10)).expect("an event within ten seconds")
    }

    fn analyze(&self, generation: Generation, frame: &Arc<Frame>) {
        let options = AnalysisOptions::default();
        self.engine.send(Request::Analyze { generation, frame: frame.clone(), options });
    }

    /// Events up to and with the one that ends `generation`.
    fn until_end_of(&self, generation: Generation) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            events.push(self.next());
            if ends(events.last().unwrap()) == Some(generation) {
                return events;
            }
        }
    }
}

/// The generation that an event ends.
fn ends(event: &Event) -> Option<Generation> {
    match event {
        Event::Finished { generation, .. } | Event::Cancelled { generation } | Event::Failed { generation, .. } => {
            Some(*generation)
        }
        _ => None,
    }
}

fn run(model: &Model, options: &AnalysisOptions) -> std::result::Result<Analysis, EngineError> {
    analyze(model, &frame(0.3), options, &CancelToken::default(), &mut |_| {})
}

#[test]
fn an_analysis_streams_scores_then_maps_then_samples() {
    let bench = Bench::ready("0");
    bench.analyze(4, &frame(0.3));
    let events = bench.until_end_of(4);
    let order: String = events
        .iter()
        .map(|e| match e {
            Event::Started { generation: 4 } => 'S',
            Event::Progress { generation: 4, progress: Progress::Scored { .. } } => 's',
            Event::Progress { generation: 4, progress: Progress::Maps(_) } => 'e',
            Event::Progress { generation: 4, progress: Progress::Sampled { .. } } => 'd',
            Event::Progress { generation: 4, progress: Progress::Similar(_) } => 'n',
            Event::Finished { generation: 4, .. } => 'F',
            _ => '?',
        })
        .collect();
    assert_eq!(order, "SsedddddnF");
    let counts: Vec<_> = events
        .iter()
        .filter_map(|e| {
            if let Event::Progress { progress: Progress::Sampled { done, of, .. }, .. } = e {
                Some((*done, *of))
            } else {
                None
            }
        })
        .collect();
    assert_eq!(counts, [(20, 100), (40, 100), (60, 100), (80, 100), (100, 100)]);
    let Some(Event::Finished { analysis, .. }) = events.last() else { panic!("not finished") };
    assert!(analysis.scored && analysis.stochastic);
    assert_eq!(analysis.attributions.len(), 6);
    assert_eq!(analysis.labels.len(), 3);
    let sum = analysis.labels[1].probability + analysis.labels[2].probability;
    assert!((analysis.groups[0].probability - sum).abs() < 1e-6);
    assert_eq!(analysis.posterior.as_ref().unwrap().samples.len(), 100);
    // One wake for each event and the one for the model; the last may still be on its way.
    let expected = events.len() + 1;
    let deadline = Instant::now() + Duration::from_secs(5);
    while bench.woken.load(Ordering::SeqCst) < expected && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert_eq!(bench.woken.load(Ordering::SeqCst), expected);
}

#[test]
fn the_latest_request_wins_and_every_request_ends_once() {
    let bench = Bench::ready("10");
    for generation in 1..=5 {
        bench.analyze(generation, &frame(0.1 * generation as f32));
        std::thread::sleep(Duration::from_millis(5));
    }
    let events = bench.until_end_of(5);
    assert!(matches!(events.last(), Some(Event::Finished { generation: 5, .. })));
    let mut ended: Vec<_> = events.iter().filter_map(ends).collect();
    ended.sort_unstable();
    assert_eq!(ended, [1, 2, 3, 4, 5]);
    let finished = events.iter().filter(|e| matches!(e, Event::Finished { .. })).count();
    assert_eq!(finished, 1);
}

#[test]
fn images_beside_are_analysed_behind_the_analysed_one_and_begun_again_where_that_interrupts() {
    let bench = Bench::ready("5");
    let beside = [frame(0.7), frame(POISON), frame(0.2)];
    let options = AnalysisOptions {
        methods: vec![Method::GradCam],
        // Of what another model may not have, nothing is asked.
        layers: vec!["stage1".into(), "stage9".into()],
        subjects: vec![Subject::class(1), Subject::class(7)],
        samples: 0,
        ..AnalysisOptions::default()
    };
    let image = |frame: &Arc<Frame>| BesideImage { frame: frame.clone(), options: options.clone() };
    bench.engine.send(Request::Beside { images: Arc::new(beside.iter().map(image).collect()) });
    std::thread::sleep(Duration::from_millis(30));
    bench.analyze(1, &frame(0.3));
    let finished = bench.until_end_of(1);
    assert!(matches!(finished.last(), Some(Event::Finished { .. })));
    assert!(!finished.iter().any(|event| matches!(event, Event::Beside { .. })), "it waits");
    let outcome = |asked: &Arc<Frame>| match bench.next() {
        Event::Beside { frame, outcome } => {
            assert!(Arc::ptr_eq(&frame, asked), "in their order");
            outcome
        }
        _ => panic!("nothing else is said"),
    };
    let BesideOutcome::Analyzed { model, analysis, .. } = outcome(&beside[0]) else { panic!("analysed") };
    assert_eq!((model.manifest.name.as_str(), analysis.labels.len(), analysis.posterior.is_none()), ("toy", 3, true));
    let made: Vec<_> = analysis.attributions.iter().map(|map| (map.method, map.subject, map.layer.as_str())).collect();
    assert_eq!(made, [(Method::GradCam, Subject::class(1), "stage1")]);
    // One that fails does not hold up the next.
    assert!(matches!(outcome(&beside[1]), BesideOutcome::Failed { .. }));
    assert!(matches!(outcome(&beside[2]), BesideOutcome::Analyzed { .. }));
    // A map of another class of an image that is known needs no other pass.
    let runs = bench.runs.load(Ordering::Relaxed);
    let subjects = vec![Subject::class(0)];
    let more = BesideImage { frame: beside[2].clone(), options: AnalysisOptions { subjects, ..options } };
    bench.engine.send(Request::Beside { images: Arc::new(vec![more]) });
    assert!(matches!(bench.next(), Event::Beside { .. }));
    assert_eq!(bench.runs.load(Ordering::Relaxed), runs);
}

#[test]
fn cancel_is_heard_within_200_milliseconds() {
    let bench = Bench::ready("200");
    bench.analyze(1, &frame(0.3));
    assert!(matches!(bench.next(), Event::Started { generation: 1 }));
    std::thread::sleep(Duration::from_millis(50));
    let asked = Instant::now();
    bench.engine.cancel();
    assert!(matches!(bench.next(), Event::Cancelled { generation: 1 }));
    assert!(asked.elapsed() < Duration::from_millis(200), "{:?}", asked.elapsed());
    drop(bench);
}

#[test]
fn closing_while_the_model_runs_takes_less_than_200_milliseconds() {
    let bench = Bench::ready("200");
    bench.analyze(1, &frame(0.3));
    assert!(matches!(bench.next(), Event::Started { .. }));
    let asked = Instant::now();
    drop(bench);
    assert!(asked.elapsed() < Duration::from_millis(200), "{:?}", asked.elapsed());
}

#[test]
fn a_panic_becomes_failed_and_the_worker_lives_on() {
    let bench = Bench::ready("0");
    bench.analyze(1, &frame(POISON));
    let Some(Event::Failed { generation: 1, reason }) = bench.until_end_of(1).pop() else { panic!("not failed") };
    assert!(reason.starts_with("The analysis broke off.") && reason.contains("report it"), "{reason}");
    bench.analyze(2, &frame(0.3));
    assert!(matches!(bench.until_end_of(2).last(), Some(Event::Finished { .. })));
}

#[test]
fn a_model_that_does_not_load_is_named_and_the_old_one_stays() {
    let bench = Bench::new("panics");
    let Event::ModelFailed { name, reason } = bench.next() else { panic!("loaded") };
    assert_eq!(name, "panics");
    assert!(reason.contains("report it"), "{reason}");
    bench.analyze(1, &frame(0.3));
    let Some(Event::Failed { reason, .. }) = bench.until_end_of(1).pop() else { panic!("not failed") };
    assert!(reason.contains("No model is loaded"), "{reason}");

    bench.engine.send(Request::LoadModel { name: "0".into() });
    let Event::ModelReady(info) = bench.next() else { panic!("not loaded") };
    assert_eq!((info.layers, info.device.as_str(), info.stochastic), (vec!["stage1".to_owned()], "CPU", true));
    bench.engine.send(Request::LoadModel { name: "broken".into() });
    assert!(matches!(bench.next(), Event::ModelFailed { reason, .. } if reason == "the file is cut short"));
    bench.analyze(2, &frame(0.3));
    assert!(matches!(bench.until_end_of(2).last(), Some(Event::Finished { .. })));
}

#[test]
fn another_method_or_seed_for_the_same_image_needs_no_second_pass() {
    let bench = Bench::ready("0");
    let image = frame(0.3);
    bench.analyze(1, &image);
    bench.until_end_of(1);
    let options = AnalysisOptions { methods: vec![Method::GradCam], seed: 8, ..AnalysisOptions::default() };
    bench.engine.send(Request::Analyze { generation: 2, frame: image, options });
    bench.until_end_of(2);
    assert_eq!(bench.runs.load(Ordering::Relaxed), 1);
    bench.analyze(3, &frame(0.3));
    bench.until_end_of(3);
    assert_eq!(bench.runs.load(Ordering::Relaxed), 2);
}

#[test]
fn a_seed_gives_the_same_numbers_in_the_worker_and_on_the_command_line() {
    let bench = Bench::ready("0");
    bench.analyze(1, &frame(0.3));
    let Some(Event::Finished { analysis, .. }) = bench.until_end_of(1).pop() else { panic!("not finished") };
    let again = run(&model(0, 0.5, &Arc::default()), &AnalysisOptions::default()).unwrap();
    assert_eq!(again.posterior, analysis.posterior);
    assert_eq!(again.labels, analysis.labels);
    assert_eq!(again.attributions, analysis.attributions);
}

#[test]
fn a_model_without_dropout_has_no_posterior_and_says_so() {
    let analysis = run(&model(0, 0.0, &Arc::default()), &AnalysisOptions::default()).unwrap();
    assert!(!analysis.stochastic && analysis.posterior.is_none());
    assert!(analysis.warnings.iter().any(|w| w.contains("no stochastic layer")));
}

#[test]
fn an_unknown_layer_is_an_error_that_lists_the_known_ones() {
    let options = AnalysisOptions { layers: vec!["pool".into()], ..AnalysisOptions::default() };
    let error = run(&model(0, 0.5, &Arc::default()), &options).unwrap_err();
    assert_eq!(error.to_string(), "The model has no layer “pool” that a heat map can be laid over; there are: stage1.");
}

#[test]
fn a_cancelled_token_stops_before_the_first_stage() {
    let (runs, cancel) = (Arc::new(AtomicUsize::new(0)), CancelToken::default());
    cancel.cancel();
    let outcome = analyze(&model(0, 0.5, &runs), &frame(0.3), &AnalysisOptions::default(), &cancel, &mut |_| {});
    assert!(matches!(outcome, Err(EngineError::Cancelled)));
    assert_eq!(runs.load(Ordering::Relaxed), 0);
}

#[test]
fn varied_images_give_a_posterior_without_any_dropout() {
    let options = AnalysisOptions { source: SampleSource::TestTime, samples: 12, ..AnalysisOptions::default() };
    let model = model(0, 0.0, &Arc::default());
    let analysis = run(&model, &options).unwrap();
    let posterior = analysis.posterior.clone().unwrap();
    assert_eq!((posterior.source, posterior.samples.len(), posterior.seed), (SampleSource::TestTime, 12, 7));
    assert!(analysis.warnings.iter().all(|w| !w.contains("stochastic")));
    // Sample 0 is the image as it is.
    let plain: Vec<f32> = analysis.labels.iter().map(|l| l.probability).collect();
    for (sample, score) in posterior.samples[0].iter().zip(&plain) {
        assert!((sample - score).abs() < 1e-5, "{sample} {score}");
    }
    assert!(posterior.labels[1].sd > 0.0, "another tone is another answer");
    assert_eq!(run(&model, &options).unwrap().posterior, analysis.posterior);
    let other = run(&model, &AnalysisOptions { seed: 8, ..options }).unwrap();
    assert_ne!(other.posterior, analysis.posterior);
}

#[test]
fn an_ensemble_asks_each_model_and_matches_labels_by_name() {
    let options = AnalysisOptions { source: SampleSource::Ensemble, ..AnalysisOptions::default() };
    let mut first = model(0, 0.5, &Arc::default());
    let alone = run(&first, &options).unwrap();
    assert!(alone.posterior.is_none());
    assert!(alone.warnings.iter().any(|w| w.contains("--ensemble")), "{:?}", alone.warnings);

    // The same network with its labels and outputs the other way round says the same by name.
    let mut turned = model(0, 0.5, &Arc::default());
    turned.manifest.labels.reverse();
    let weight = Tensor::new(&[[0.5f32, 1.], [1., 0.5], [-1., -1.]], &Device::Cpu).unwrap();
    let bias = Tensor::new(&[-0.5f32, 0., 0.5], &Device::Cpu).unwrap();
    turned.network.stages.last_mut().unwrap().layer = Box::new(Linear { weight, bias });
    let mut hotter = model(0, 0.5, &Arc::default());
    hotter.manifest.temperature = 5.0;
    first.ensemble = vec![Arc::new(turned), Arc::new(hotter)];
    let analysis = run(&first, &options).unwrap();
    let posterior = analysis.posterior.unwrap();
    assert_eq!((posterior.source, posterior.samples.len()), (SampleSource::Ensemble, 3));
    for k in 0..3 {
        assert!((posterior.samples[0][k] - analysis.labels[k].probability).abs() < 1e-6);
        assert!((posterior.samples[0][k] - posterior.samples[1][k]).abs() < 1e-6);
    }
    assert_ne!(posterior.samples[0], posterior.samples[2], "each model has its own temperature");

    let mut stranger = model(0, 0.5, &Arc::default());
    stranger.manifest.labels[0].name = "Fracture".into();
    first.ensemble = vec![Arc::new(stranger)];
    let error = run(&first, &options).unwrap_err().to_string();
    assert!(error.contains("Fracture"), "{error}");
}

#[test]
fn sampling_of_varied_images_is_cancelled_within_200_milliseconds_even_in_a_slow_network() {
    // One pass takes 240 ms: the wish is heard between its stages.
    let bench = Bench::ready("12");
    let options = AnalysisOptions { source: SampleSource::TestTime, samples: 1000, ..AnalysisOptions::default() };
    bench.engine.send(Request::Analyze { generation: 1, frame: frame(0.3), options });
    while !matches!(bench.next(), Event::Progress { progress: Progress::Sampled { .. }, .. }) {}
    std::thread::sleep(Duration::from_millis(30));
    let asked = Instant::now();
    bench.engine.cancel();
    while !matches!(bench.next(), Event::Cancelled { generation: 1 }) {}
    assert!(asked.elapsed() < Duration::from_millis(200), "{:?}", asked.elapsed());
}

fn judged(bench: &Bench, method: Method) {
    let image = frame(0.3);
    bench.analyze(1, &image);
    bench.until_end_of(1);
    let wish = MapRequest {
        methods: vec![method],
        subjects: vec![Subject::class(1)],
        faithfulness: true,
        ..MapRequest::default()
    };
    bench.engine.send(Request::Explain { generation: 1, frame: image, request: wish });
}

/// What was heard until the wish ended, and the event that ended it.
fn until_explained(bench: &Bench) -> (Vec<Event>, Event) {
    let mut heard = Vec::new();
    loop {
        match bench.next() {
            event @ (Event::ExplanationDone { .. } | Event::ExplanationFailed { .. }) => return (heard, event),
            event => heard.push(event),
        }
    }
}

#[test]
fn a_request_for_faithfulness_ends_with_every_measure() {
    let bench = Bench::ready("0");
    // Too costly to be made a dozen times, so that the weights, which this model has nowhere on the
    // disk, are not needed.
    judged(&bench, Method::Occlusion);
    let (heard, end) = until_explained(&bench);
    assert!(matches!(end, Event::ExplanationDone { generation: 1 }));
    let answers: Vec<_> = heard
        .iter()
        .filter_map(|e| {
            if let Event::Progress { progress: Progress::Faithfulness(trusted), .. } = e { Some(trusted) } else { None }
        })
        .collect();
    assert!(!answers[0].whole && answers.last().unwrap().whole);
    let trust = &answers.last().unwrap().measured;
    assert_eq!(trust.measures.len(), 4);
    assert!(trust.sensitivity.is_none() && trust.randomization.is_none() && !trust.sentence.is_empty());
    assert!(
        heard.iter().any(|e| matches!(e, Event::Progress { progress: Progress::Step { what: "measures", .. }, .. }))
    );
}

#[test]
fn measures_that_are_known_are_told_before_the_rest_fails() {
    let bench = Bench::ready("0");
    judged(&bench, Method::GradCam);
    let (heard, end) = until_explained(&bench);
    assert!(matches!(end, Event::ExplanationFailed { reason: Some(_), .. }), "there are no weights to forget");
    let last = heard.iter().rev().find_map(|e| {
        if let Event::Progress { progress: Progress::Faithfulness(trusted), .. } = e { Some(trusted) } else { None }
    });
    let last = last.expect("the measures were told");
    assert!(!last.whole && last.measured.measures.len() == 4 && last.measured.sensitivity.is_some());
}

#[test]
fn a_measurement_of_faithfulness_is_stopped_within_200_milliseconds() {
    let bench = Bench::ready("20");
    judged(&bench, Method::GradCam);
    while !matches!(bench.next(), Event::Progress { progress: Progress::Step { what: "measures", .. }, .. }) {}
    let asked = Instant::now();
    bench.engine.cancel();
    let (_, end) = until_explained(&bench);
    assert!(matches!(end, Event::ExplanationFailed { generation: 1, reason: None }));
    assert!(asked.elapsed() < Duration::from_millis(200), "{:?}", asked.elapsed());
}

#[test]
fn a_costly_map_is_not_made_again_to_be_measured() {
    let bench = Bench::ready("0");
    let image = frame(0.3);
    bench.analyze(1, &image);
    bench.until_end_of(1);
    let wish =
        MapRequest { methods: vec![Method::Occlusion], subjects: vec![Subject::class(1)], ..MapRequest::default() };
    let ask = |wish| bench.engine.send(Request::Explain { generation: 1, frame: image.clone(), request: wish });
    ask(wish.clone());
    let (heard, _) = until_explained(&bench);
    assert!(heard.iter().any(|e| matches!(e, Event::Progress { progress: Progress::Maps(_), .. })));
    ask(MapRequest { faithfulness: true, ..wish });
    let (heard, _) = until_explained(&bench);
    assert!(!heard.iter().any(|e| matches!(e, Event::Progress { progress: Progress::Maps(_), .. })));
    assert!(heard.iter().any(|e| matches!(e, Event::Progress { progress: Progress::Faithfulness(_), .. })));
}

fn question(number: u64, frame: &Frame, before: &Arc<Analysis>, draws: usize) -> Box<Question> {
    let taken = (0..frame.pixels.plane.values.len()).map(|i| i % 5 == 0).collect();
    let removal = Removal { taken: Arc::new(taken), filling: Filling::Mean, seed: 1 };
    Box::new(Question { number, change: removal.into(), before: before.clone(), map: None, draws })
}

#[test]
fn a_question_comes_before_an_explanation_which_is_begun_anew() {
    let bench = Bench::ready("1");
    let frame = frame(1.0);
    bench.analyze(1, &frame);
    let events = bench.until_end_of(1);
    let Some(Event::Finished { analysis, .. }) = events.last() else { panic!("the analysis ends") };
    let slow = MapRequest {
        methods: vec![Method::Rise],
        layers: vec!["stage1".into()],
        subjects: vec![Subject::class(0)],
        settings: MethodSettings { evaluations: Some(12), ..MethodSettings::default() },
        ..MapRequest::default()
    };
    bench.engine.send(Request::Explain { generation: 1, frame: frame.clone(), request: slow });
    std::thread::sleep(Duration::from_millis(60));
    let asked = question(1, &frame, analysis, 0);
    bench.engine.send(Request::WhatIf { generation: 1, frame: frame.clone(), question: asked });
    let mut order = Vec::new();
    while !order.contains(&"map") {
        match bench.next() {
            Event::WhatIfDone { number: 1, failure: None, .. } => order.push("question"),
            Event::ExplanationDone { .. } => order.push("map"),
            Event::ExplanationFailed { .. } => panic!("what was interrupted did not fail"),
            _ => {}
        }
    }
    assert_eq!(order, ["question", "map"]);
}

#[test]
fn a_newer_question_ends_the_random_places_of_the_one_before_and_never_a_quick_one() {
    let bench = Bench::ready("1");
    let frame = frame(1.0);
    bench.analyze(1, &frame);
    let events = bench.until_end_of(1);
    let Some(Event::Finished { analysis, .. }) = events.last() else { panic!("the analysis ends") };
    let ask = |number, draws| {
        let question = question(number, &frame, analysis, draws);
        bench.engine.send(Request::WhatIf { generation: 1, frame: frame.clone(), question });
    };
    ask(1, 500);
    std::thread::sleep(Duration::from_millis(60));
    ask(2, 0);
    std::thread::sleep(Duration::from_millis(5));
    ask(3, 0);
    let mut ended = Vec::new();
    while ended.last() != Some(&3) {
        if let Event::WhatIfDone { number, failure, .. } = bench.next() {
            assert_eq!(failure, None);
            ended.push(number);
        }
    }
    assert!(!ended.contains(&1), "{ended:?}");
}
