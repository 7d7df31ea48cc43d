//! The result of a whole study in the viewer: which images belong to it, when they are scored, what
//! stands on the screen, and that its numbers are those of `predict --by study`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pellucid::app::command::{Command, FileCommand, FindingsCommand, StudyCommand};
use pellucid::app::state::State;
use pellucid::app::state::study_scoring::StudyProgress;
use pellucid::app::ui::panels::{studies, study_result};
use pellucid::app::ui::thumbnails::Thumbnails;
use pellucid::app::update::effect::Effect;
use pellucid::app::update::message::Message;
use pellucid::cancel::CancelToken;
use pellucid::engine::progress::Progress;
use pellucid::engine::similar::Similar;
use pellucid::engine::study_members::{Judged, Member, StudyMembers};
use pellucid::engine::worker::Engine;
use pellucid::engine::{AnalysisOptions, Event, ModelInfo, Request, Score};
use pellucid::evaluation::truth::normal_label;
use pellucid::model::cache::ModelCache;
use pellucid::network::device::DeviceChoice;
use pellucid::study::unit::Unit;
use pellucid::study::{Frame, ImageEntry, load, scan};

use egui_kittest::kittest::Queryable as _;

use super::cli::{code, lines, pellucid, said};
use super::panels::Shown;
use super::viewer::common::{self, Bench, LABELS, catalogue_of, frame};
use crate::toy;

/// `n` images of one study, named by their number.
fn images(n: usize) -> Vec<Arc<ImageEntry>> {
    let image = |i: usize| {
        let known = common::entry(&format!("1.2.{i}"), 1, 64, 48);
        let (path, title) = (format!("/films/doe-{i}.dcm").into(), format!("doe-{i}.dcm"));
        Arc::new(ImageEntry { path, title, ..ImageEntry::clone(&known) })
    };
    (0..n).map(image).collect()
}

/// The first of `n` images of a study on screen, its analysis finished.
fn finished(n: usize) -> Bench {
    let images = images(n);
    let mut bench = Bench::new();
    bench.event(Event::ModelReady(common::model()));
    let catalogue = Box::new(catalogue_of(&images));
    bench.message(Message::Scanned { paths: vec!["/films".into()], catalogue });
    bench.loaded(bench.state.generation, Frame { entry: images[0].clone(), ..frame(64, 48) });
    let generation = bench.state.generation;
    bench.event(Event::Finished { generation, analysis: Arc::new(common::analysis(0)) });
    bench
}

/// How many images each request asks to be judged.
fn asked(bench: &Bench) -> Vec<usize> {
    let of = |effect: &Effect| match effect {
        Effect::Ask(Request::Study { images, .. }) => Some(images.len()),
        _ => None,
    };
    bench.effects.iter().filter_map(of).collect()
}

fn scored(image: &ImageEntry, model: &Arc<ModelInfo>, normal: f32) -> Judged {
    let score = |label: &str, probability| Score { label: label.into(), logit: None, probability, threshold: 0.5 };
    let rest = (1.0 - normal) / 2.0;
    let member = Member {
        path: image.path.clone(),
        labels: LABELS.iter().zip([normal, rest, rest]).map(|(label, p)| score(label, p)).collect(),
        groups: vec![score("Pneumonia", 1.0 - normal)],
        gate: None,
        population: None,
    };
    Judged::Scored(model.clone(), Box::new(member))
}

/// Three images: two scored by this model, one that takes no part.
fn judged() -> Bench {
    let mut bench = finished(3);
    let images = bench.state.results.study.as_ref().unwrap().images.clone();
    let model = Arc::new(common::model());
    let refused = Judged::left_out(&images[2].path, "This resembles no chest radiograph.");
    let members: StudyMembers =
        [scored(&images[0], &model, 0.9), scored(&images[1], &model, 0.2), refused].into_iter().collect();
    let generation = bench.state.generation;
    bench.event(Event::Progress { generation, progress: Progress::StudyJudged(Arc::new(members)) });
    bench
}

fn panel(state: State) -> Shown {
    Shown::new(state, [304.0, 400.0], study_result::show)
}

#[test]
fn the_other_images_of_the_study_are_scored_behind_the_analysis_of_the_one_on_screen() {
    let mut bench = finished(3);
    assert_eq!(asked(&bench), [3]);
    let generation = bench.state.generation;
    bench.event(Event::Progress { generation, progress: Progress::Study { done: 2, of: 3 } });
    assert!(panel(bench.state.clone()).says("2 of 3 images scored"));
    // One image is its own study, and another image ends the scoring.
    assert_eq!(asked(&finished(1)), [] as [usize; 0]);
    let next = bench.state.images[1].clone();
    bench.command(StudyCommand::ShowImage(next, 0));
    assert_eq!(asked(&bench), [3, 0]);
    assert!(bench.state.results.study.is_none());
}

#[test]
fn a_large_study_waits_until_the_reader_asks_and_can_be_stopped() {
    let mut bench = finished(61);
    assert_eq!(asked(&bench), [] as [usize; 0]);
    let mut shown = panel(bench.state.clone());
    assert!(shown.says("Not scored yet."));
    shown.click("Score the study");
    assert_eq!(shown.commands(), [Command::Findings(FindingsCommand::ScoreStudy)]);
    bench.command(FindingsCommand::ScoreStudy);
    assert_eq!(asked(&bench), [61]);
    let mut shown = panel(bench.state.clone());
    shown.click("Stop");
    bench.command(shown.commands().remove(0));
    assert_eq!(asked(&bench), [61, 0]);
    assert!(matches!(bench.state.results.study.as_ref().unwrap().progress, StudyProgress::Waiting));
}

#[test]
fn the_pooled_scores_stand_with_their_rule_and_a_click_shows_the_image_that_decides() {
    let bench = judged();
    let (result, members) = bench.state.study_result().unwrap();
    assert_eq!((result.images, members.len()), (2, 2));
    let mut shown = panel(bench.state.clone());
    assert!(shown.says("Pneumonia, whole study: 0.80, not calibrated for studies"));
    assert!(shown.says("2 images, pooled by the maximum, for want of a calibration."));
    assert!(shown.says("brings no calibration.toml") && shown.says("1 image takes no part."));
    shown.click("Pneumonia, whole study: 0.80, not calibrated for studies");
    let second = bench.state.images[1].clone();
    assert_eq!(shown.commands(), [Command::Study(StudyCommand::ShowImage(second, 0))]);
    // Normal holds for the study as far as it does for every image.
    assert!(shown.says("Normal, whole study: 0.20"));
}

#[test]
fn the_result_stands_in_the_tooltips_of_the_list_and_no_file_is_named_where_none_is_to_be() {
    let mut bench = judged();
    assert_eq!(bench.state.study_lines()[1], "Pneumonia 0.800");
    let list = |state: State| {
        let thumbnails = Thumbnails::default();
        Shown::new(state, [240.0, 700.0], move |ui, state| studies::show(ui, state, &thumbnails))
    };
    let hovered = |state: State, row: &str| {
        let mut shown = list(state);
        shown.click("Images of DX · chest PA · 3 images");
        shown.harness.get_by_label(row).hover();
        shown.harness.run_steps(40);
        shown
    };
    assert!(hovered(bench.state.clone(), "doe-1.dcm").says("Pneumonia 0.800"));
    bench.state.preferences.anonymize = true;
    let shown = hovered(bench.state.clone(), "Image 2");
    assert!(shown.says("Pneumonia 0.800") && !shown.says("doe"));
    assert!(!panel(bench.state).says("doe"));
}

#[test]
fn the_report_of_the_viewer_holds_the_study_and_similar_cases_only_where_they_are_wanted() {
    let mut bench = judged();
    bench.state.preferences.report_folder = Some("/reports".into());
    bench.state.results.similar = Some(Arc::new(Similar::NoGallery));
    let mut case = || {
        bench.state.exporting = false;
        let effects = bench.command(FileCommand::ExportReport);
        let written = effects.into_iter().find_map(|effect| match effect {
            Effect::WriteReport { case, .. } => Some(case),
            _ => None,
        });
        let similar = bench.state.preferences.similar_in_report;
        bench.command(FindingsCommand::ToggleSimilarInReport);
        (written.expect("a report"), similar)
    };
    let (plain, wanted) = case();
    assert!(!wanted && plain.similar.is_none());
    let study = plain.study.unwrap();
    assert_eq!((study.result.images, study.left_out.len()), (2, 1));
    assert_eq!(study.others_in_words().as_deref(), Some("1 image takes no part."));
    let (with, wanted) = case();
    assert!(wanted && with.similar.unwrap().found == Similar::NoGallery);
}

/// Everything that the engine says until all images are judged.
fn until_judged(engine: &Engine) -> Arc<StudyMembers> {
    let started = Instant::now();
    loop {
        let event = engine.events().recv_timeout(Duration::from_mins(1)).expect("an event");
        if let Event::Progress { progress: Progress::StudyJudged(members), .. } = event {
            return members;
        }
        assert!(started.elapsed() < Duration::from_mins(1));
    }
}

#[test]
fn the_worker_pools_what_predict_by_study_pools() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let home = toy::model(path);
    for i in 0..3 {
        toy::picture(&path.join(format!("set/person7_{i}.png")), 5 + i);
    }
    std::fs::write(path.join("set/person7_3.png"), b"\x89PNG\r\n\x1a\nbroken").unwrap();
    let engine = Engine::spawn(ModelCache::new(DeviceChoice::Cpu), || ()).unwrap();
    engine.send(Request::LoadModel { name: home.display().to_string() });
    let catalogue = scan(&[path.join("set")], &CancelToken::default(), &mut |_, _| {});
    let images: Vec<Arc<ImageEntry>> = catalogue.images().cloned().collect();
    assert_eq!(images.len(), 3, "what cannot be read is no image");
    let frame = Arc::new(load(&images[0], 0).unwrap());
    let gone = ImageEntry { path: path.join("set/person7_9.png"), ..ImageEntry::clone(&images[2]) };
    let gone = ImageEntry {
        identity: pellucid::study::Identity { sop_instance_uid: "gone".into(), ..gone.identity.clone() },
        ..gone
    };
    let mut all = images.clone();
    all.push(Arc::new(gone));
    let options = AnalysisOptions { samples: 0, ..AnalysisOptions::default() };
    engine.send(Request::Analyze { generation: 1, frame, options });
    // The analysis ends a study that was asked for before it.
    let finished = |event: Event| matches!(event, Event::Finished { .. });
    while !finished(engine.events().recv_timeout(Duration::from_mins(1)).unwrap()) {}
    engine.send(Request::Study { generation: 1, images: Arc::new(all) });
    let members = until_judged(&engine);
    assert!(members.left_out[0].image.ends_with("person7_9.png"), "{:?}", members.left_out);
    let sha256 = members.by_model[0].0.sha256.clone();
    let found = members.result(&sha256, Unit::Study, 0.1, normal_label).unwrap();
    assert_eq!(found.images, 3);
    let output = pellucid(path, &["predict", "set", "--model", "toy", "--by", "study", "--json"]);
    assert!(matches!(code(&output), 0 | 3), "{}", said(&output));
    let told = lines(&output).remove(0);
    assert_eq!(told["study"], "person7");
    // By way of the text, so that both hold the digits that are written.
    let written: serde_json::Value = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
    assert_eq!(told["result"], written, "{}", said(&output));
    let order: Vec<&str> = told["images"].as_array().unwrap().iter().map(|image| image.as_str().unwrap()).collect();
    let own = members.scored_by(&sha256);
    assert!(order.iter().zip(own).all(|(told, own)| own.path.ends_with(Path::new(told))), "{order:?}");
}
