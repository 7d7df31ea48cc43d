//! Reader studies: from the table of cases to the report, and what a reader sees on the way.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rand_distr::{Distribution as _, StandardNormal};
use statrs::distribution::{ContinuousCDF as _, Normal};

use super::cli::{code, lines, pellucid, said};
use super::toy;
use super::viewer::common::{Bench, LAYERS, catalogue_of, events, frame, model};
use super::viewer::screen;
use pellucid::app::command::{
    Command, FileCommand, FindingsCommand, ImpressionCommand, OverlayCommand, ReadingCommand, StudyCommand, ViewCommand,
};
use pellucid::app::state::reading::ReadingRoom;
use pellucid::app::state::{Content, Layout};
use pellucid::app::update::begin_reading;
use pellucid::app::update::effect::Effect;
use pellucid::app::update::message::Message;
use pellucid::engine::Event;
use pellucid::engine::progress::Progress;
use pellucid::evaluation::multi_reader::Method as Covariance;
use pellucid::explain::{Attribution, Method, Output, Subject};
use pellucid::imaging::Plane;
use pellucid::reader_study::analysis::{self, Readings};
use pellucid::reader_study::journal::Journal;
use pellucid::reader_study::order::schedule;
use pellucid::reader_study::plan::{FORMAT, PlacedPlan};
use pellucid::reader_study::record::{Answer, Mark, Record};
use pellucid::reader_study::truth::CaseTruth;
use pellucid::reader_study::{Arm, Case, Design, Plan, Shows};

// ——— a study whose answer is known ———

/// Readings drawn by the model of Roe and Metz (Acad. Radiol. 4 (1997) 298), with equal variances.
struct RoeMetz {
    /// Distance of cases with and without the finding, by arm.
    separation: [f64; 2],
    /// Variances: reader, arm × reader, case, arm × case, reader × case, rest. The last four sum to 1.
    variances: [f64; 6],
}

impl RoeMetz {
    const USUAL: Self = Self { separation: [1.2, 1.9], variances: [0.03, 0.03, 0.3, 0.2, 0.2, 0.3] };

    /// Mean area over all readers and cases.
    fn area(&self, arm: usize) -> f64 {
        let [reader, interaction, ..] = self.variances;
        let spread = (2.0 * (1.0 + reader + interaction)).sqrt();
        Normal::standard().cdf(self.separation[arm] / spread)
    }

    /// Confidences (0–100) by arm, reader and case, and which cases have the finding.
    fn draw(&self, readers: usize, cases: usize, seed: u64) -> (Vec<Vec<Vec<u8>>>, Vec<bool>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut normal = |variance: f64| -> f64 {
            let value: f64 = StandardNormal.sample(&mut rng);
            value * variance.sqrt()
        };
        let [r, tr, c, tc, rc, rest] = self.variances;
        let positive: Vec<bool> = (0..cases).map(|k| k < cases / 2).collect();
        let by_case: Vec<f64> = (0..cases).map(|_| normal(c)).collect();
        let by_arm_case: Vec<Vec<f64>> = (0..2).map(|_| (0..cases).map(|_| normal(tc)).collect()).collect();
        let mut all = vec![vec![vec![0; cases]; readers]; 2];
        for reader in 0..readers {
            let of_truth = [normal(r), normal(r)];
            let of_reader: Vec<f64> = (0..cases).map(|_| normal(rc)).collect();
            for (arm, rows) in all.iter_mut().enumerate() {
                let of_arm = [normal(tr), normal(tr)];
                for case in 0..cases {
                    let truth = usize::from(positive[case]);
                    let latent = truth as f64 * self.separation[arm]
                        + of_truth[truth]
                        + of_arm[truth]
                        + by_case[case]
                        + by_arm_case[arm][case]
                        + of_reader[case]
                        + normal(rest);
                    let middle = latent - 0.5 * self.separation[arm];
                    rows[reader][case] = (100.0 * Normal::standard().cdf(middle / 1.5)).round() as u8;
                }
            }
        }
        (all, positive)
    }
}

/// A crossover study of two arms.
fn plan(readers: usize, cases: usize) -> Plan {
    let arm = |name: &str, shows, method| Arm { name: name.into(), shows, method };
    Plan {
        format: FORMAT,
        name: "Simulated".into(),
        question: "Is there a pneumonia?".into(),
        finding: "Pneumonia".into(),
        model: "toy".into(),
        design: Design::Crossover,
        seed: 3,
        washout_days: 28,
        decision: 50,
        marks: false,
        readers: (1..=readers).map(|i| format!("R{i}")).collect(),
        arms: vec![arm("without AI", Shows::Nothing, None), arm("with map", Shows::Map, Some(Method::GradCam))],
        cases: (0..cases).map(|i| Case { id: format!("c{i}"), path: "x".into(), sha256: i.to_string() }).collect(),
    }
}

fn then() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// The readings of all readers with these confidences; the model errs on every tenth case.
fn readings(plan: &Plan, drawn: &[Vec<Vec<u8>>], positive: &[bool]) -> Readings {
    let record = |reader: usize, place: usize| {
        let reading = schedule(plan, reader)[place];
        let yes = positive[reading.case] != reading.case.is_multiple_of(10);
        let answer = Answer { score: if yes { 0.8 } else { 0.2 }, threshold: 0.5, model: "toy 1".into() };
        Record {
            study: plan.fingerprint(),
            reader: plan.readers[reader].clone(),
            session: reading.session + 1,
            case: plan.cases[reading.case].id.clone(),
            arm: plan.arms[reading.arm].name.clone(),
            confidence: drawn[reading.arm][reader][reading.case],
            seconds: 10.0 + 5.0 * reading.arm as f64 + reader as f64,
            read_at: then() + TimeDelta::days(40 * reading.session as i64),
            marks: Vec::new(),
            answer: (reading.arm == 1).then_some(answer),
        }
    };
    let all = |reader: usize| (0..2 * plan.cases.len()).map(|place| record(reader, place)).collect();
    (0..plan.readers.len()).map(|reader| (reader, all(reader))).collect()
}

fn truths(positive: &[bool]) -> Vec<CaseTruth> {
    positive.iter().map(|p| CaseTruth { positive: *p, lesions: Vec::new() }).collect()
}

#[test]
fn over_many_studies_the_areas_are_those_that_they_were_drawn_with() {
    const STUDIES: u64 = 12;
    let drawn_by = RoeMetz::USUAL;
    let plan = plan(8, 60);
    let mut areas = [0.0; 2];
    for seed in 1..=STUDIES {
        let (drawn, positive) = drawn_by.draw(8, 60, seed);
        let found =
            analysis::analyse(&plan, &truths(&positive), &readings(&plan, &drawn, &positive), Covariance::DeLong)
                .unwrap();
        let random = found.auroc.random.unwrap();
        areas.iter_mut().zip(&random.modalities).for_each(|(sum, arm)| *sum += arm.value / STUDIES as f64);
    }
    for (arm, area) in areas.into_iter().enumerate() {
        // One study of sixty cases varies by about 0.05, and twelve of them by about 0.015.
        assert!((area - drawn_by.area(arm)).abs() < 0.04, "arm {arm}: {area}, drawn with {}", drawn_by.area(arm));
    }
}

#[test]
fn a_study_of_eight_readers_and_sixty_cases_finds_the_answer_that_it_was_drawn_with() {
    let drawn_by = RoeMetz::USUAL;
    let plan = plan(8, 60);
    let (drawn, positive) = drawn_by.draw(8, 60, 1);
    let found =
        analysis::analyse(&plan, &truths(&positive), &readings(&plan, &drawn, &positive), Covariance::Jackknife)
            .unwrap();
    let random = found.auroc.random.as_ref().unwrap();
    for arm in 0..2 {
        let [low, high] = random.modalities[arm].interval.unwrap();
        let truth = drawn_by.area(arm);
        assert!((low..=high).contains(&truth), "arm {arm}: {truth} lies outside {low}–{high}");
    }
    let difference = &random.differences[0];
    let [low, high] = difference.estimate.interval.unwrap();
    let truth = drawn_by.area(1) - drawn_by.area(0);
    assert!((low..=high).contains(&truth) && low > 0.0, "{truth}: {low} to {high}");
    assert!(difference.test.unwrap().p < 0.05);
    assert!(difference.estimate.degrees_of_freedom.is_some_and(|df| df > 7.0));
    let reliance = found.reliance.as_ref().unwrap();
    assert_eq!((reliance.answered, reliance.false_alarms + reliance.misses), (60, 6));
    let ratio = found.times.log_seconds.unwrap().random.unwrap().differences[0].estimate;
    let [low, high] = ratio.interval.unwrap().map(f64::exp);
    assert!(low < 1.4 && high > 1.3, "{low} {high}");
    let areas = |a: &pellucid::evaluation::multi_reader::Analysis| a.random.as_ref().unwrap().differences[0].estimate;
    let by_delong =
        analysis::analyse(&plan, &truths(&positive), &readings(&plan, &drawn, &positive), Covariance::DeLong).unwrap();
    let (jackknife, delong) = (areas(&found.auroc), areas(&by_delong.auroc));
    assert_eq!(jackknife.value, delong.value);
    assert!((jackknife.standard_error / delong.standard_error - 1.0).abs() < 0.05);
}

/// How often intervals hold the truth, over many studies. By hand: it takes a minute.
#[test]
#[ignore = "measures: cargo test --test spec coverage -- --ignored --nocapture"]
fn coverage_of_the_intervals_over_many_simulated_studies() {
    const STUDIES: u64 = 500;
    let plan = plan(8, 60);
    let alike = RoeMetz { separation: [1.5, 1.5], ..RoeMetz::USUAL };
    for (name, model) in [("a difference", RoeMetz::USUAL), ("no difference", alike)] {
        let (mut singles, mut differences, mut rejected) = ([0; 2], 0, 0);
        for seed in 0..STUDIES {
            let (drawn, positive) = model.draw(8, 60, 1000 + seed);
            let all = readings(&plan, &drawn, &positive);
            let found = analysis::analyse(&plan, &truths(&positive), &all, Covariance::Jackknife).unwrap();
            let random = found.auroc.random.unwrap();
            let holds = |interval: Option<[f64; 2]>, truth: f64| {
                usize::from(interval.is_some_and(|[low, high]| (low..=high).contains(&truth)))
            };
            for (arm, count) in singles.iter_mut().enumerate() {
                *count += holds(random.modalities[arm].interval, model.area(arm));
            }
            differences += holds(random.differences[0].estimate.interval, model.area(1) - model.area(0));
            rejected += usize::from(random.differences[0].test.unwrap().p < 0.05);
        }
        let share = |n: usize| n as f64 / STUDIES as f64;
        println!(
            "{name} ({:.3} and {:.3}): areas held {:.3} and {:.3}, difference held {:.3}, rejected {:.3}",
            model.area(0),
            model.area(1),
            share(singles[0]),
            share(singles[1]),
            share(differences),
            share(rejected)
        );
        assert!(share(differences) > 0.92 && singles.iter().all(|s| share(*s) > 0.90), "{name}");
    }
}

// ——— the commands ———

/// Eight images, a model, a table of cases.
fn material(folder: &Path) {
    toy::model(folder);
    let mut table = "path,truth,x,y,width,height\n".to_owned();
    for i in 0..8 {
        toy::picture(&folder.join(format!("{i}.png")), i);
        let lesion = if i % 2 == 0 { "1,5,5,20,20" } else { "0,,,," };
        writeln!(table, "{i}.png,{lesion}").unwrap();
    }
    fs::write(folder.join("cases.csv"), table).unwrap();
}

const NEW: [&str; 9] = ["study", "new", "study", "--cases", "cases.csv", "--finding", "Pneumonia", "--model", "toy"];

fn new(folder: &Path, more: &[&str]) -> std::process::Output {
    pellucid(folder, &[&NEW[..], more].concat())
}

/// Has every reader of a study read all of it, at times that keep to the washout.
fn read_all(folder: &Path) {
    let study = PlacedPlan::read(&folder.join("study")).unwrap();
    let truth = pellucid::reader_study::truth::read(&folder.join("study/truth.csv"), &study.plan).unwrap();
    for (number, reader) in study.plan.readers.iter().enumerate() {
        let (mut journal, before) = Journal::open(&study, reader).unwrap();
        assert!(before.is_empty());
        for (place, reading) in schedule(&study.plan, number).into_iter().enumerate() {
            let positive = truth[reading.case].positive;
            let confidence = if positive { 50 + (place * 7 + number * 3) % 50 } else { (place * 11 + number * 5) % 70 };
            let arm = &study.plan.arms[reading.arm];
            let answer = Answer { score: 0.3 + 0.05 * reading.case as f64, threshold: 0.6, model: "toy 1".into() };
            let mark = Mark { at: [if place % 3 == 0 { 50.0 } else { 10.0 }, 10.0], confidence: confidence as u8 };
            journal
                .append(&Record {
                    study: study.plan.fingerprint(),
                    reader: reader.clone(),
                    session: reading.session + 1,
                    case: study.plan.cases[reading.case].id.clone(),
                    arm: arm.name.clone(),
                    confidence: confidence as u8,
                    seconds: 5.0 + place as f64,
                    read_at: then() + TimeDelta::days(40 * reading.session as i64),
                    marks: (confidence > 40).then_some(mark).into_iter().collect(),
                    answer: (arm.shows != Shows::Nothing).then_some(answer),
                })
                .unwrap();
        }
    }
}

#[test]
fn a_study_goes_from_a_table_to_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    material(at);
    let made = new(at, &["--readers", "3", "--marks"]);
    assert_eq!(code(&made), 0, "{}", said(&made));
    assert!(said(&made).contains("multiple of 6"), "{}", said(&made));
    let plan = fs::read_to_string(at.join("study/study.toml")).unwrap();
    assert!(plan.contains("# Days between") && !plan.contains("truth = "), "{plan}");
    let none = pellucid(at, &["study", "analyse", "study"]);
    assert_eq!(code(&none), 1);
    assert!(said(&none).contains("no reader has read"), "{}", said(&none));
    let again = new(at, &[]);
    assert!(code(&again) == 1 && said(&again).contains("never overwritten"), "{}", said(&again));
    read_all(at);
    let found = pellucid(at, &["study", "analyse", "study", "--out", "result", "--json"]);
    assert_eq!(code(&found), 0, "{}", said(&found));
    let json = &lines(&found)[0];
    assert_eq!(json["readers"].as_array().unwrap().len(), 3);
    assert_eq!((json["cases"].as_u64(), json["positives"].as_u64()), (Some(8), Some(4)));
    assert_eq!(json["auroc"]["figures"].as_array().unwrap().len(), 3);
    assert!(json["marking"]["wafroc"]["figures"][0][0].as_f64().is_some());
    assert!(json["reliance"]["followed_wrong"]["random"]["differences"].as_array().unwrap().len() == 3);
    let pdf = fs::read(at.join("result/study.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF"));
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(at.join("result/study.json")).unwrap()).unwrap();
    assert_eq!(&kept, json);
    let text = pellucid(at, &["study", "analyse", "study", "--covariance", "delong"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("AUROC, score against without AI"), "{text}");
    assert!(text.contains("The model's wrong answers were given"), "{text}");
    assert!(text.contains("times as long"), "{text}");
}

#[test]
fn where_a_reader_stands_is_said_and_what_cannot_be_read_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    material(at);
    assert_eq!(code(&new(at, &["--arm", "none", "--arm", "map:grad-cam", "--readers", "A,B"])), 0);
    let run = |more: &[&str]| pellucid(at, &[&["study", "run", "study", "--reader"], more].concat());
    let status = run(&["A", "--status"]);
    assert_eq!(String::from_utf8_lossy(&status.stdout), "A has read 0 of 16.\n");
    let stranger = run(&["Jane", "--status"]);
    assert!(code(&stranger) == 1 && said(&stranger).contains("there is no reader Jane"), "{}", said(&stranger));
    // Half of it, a moment ago: the washout holds.
    let study = PlacedPlan::read(&at.join("study")).unwrap();
    let (mut journal, _) = Journal::open(&study, "A").unwrap();
    for reading in schedule(&study.plan, 0).iter().take(8) {
        let record = Record {
            study: study.plan.fingerprint(),
            reader: "A".into(),
            session: reading.session + 1,
            case: study.plan.cases[reading.case].id.clone(),
            arm: study.plan.arms[reading.arm].name.clone(),
            confidence: 50,
            seconds: 1.0,
            read_at: Utc::now(),
            marks: Vec::new(),
            answer: None,
        };
        journal.append(&record).unwrap();
    }
    let open = run(&["A", "--status"]);
    assert!(said(&open).contains("is open already"), "{}", said(&open));
    drop(journal);
    let waits = run(&["A"]);
    assert!(code(&waits) == 1 && said(&waits).contains("session 2 can begin on"), "{}", said(&waits));
    // An image is another one.
    fs::write(at.join("3.png"), "something else").unwrap();
    let changed = run(&["B"]);
    assert!(said(&changed).contains("is not the one that the plan was made with"), "{}", said(&changed));
    let text = fs::read_to_string(at.join("study/study.toml")).unwrap();
    fs::write(at.join("study/study.toml"), text.replace("seed = 7", "seed = 8")).unwrap();
    let other = run(&["A", "--status"]);
    assert!(said(&other).contains("of another plan"), "{}", said(&other));
    fs::write(at.join("study/study.toml"), "format = 1\nname = ").unwrap();
    let broken = run(&["A", "--status"]);
    assert!(said(&broken).contains("no plan of a study"), "{}", said(&broken));
}

#[test]
fn what_cannot_be_meant_makes_no_study() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    material(at);
    for (more, words, exit) in [
        (&["--arm", "picture"][..], "is no arm", 2),
        (&["--readers", "Dr. Jane Doe"], "is no code", 1),
        (&["--design", "sequential", "--arm", "score", "--arm", "none"], "read first", 1),
        (&["--decision", "0"], "decision", 1),
    ] {
        let made = new(at, more);
        assert!(code(&made) == exit && said(&made).contains(words), "{}", said(&made));
        assert!(!at.join("study/study.toml").exists());
    }
    let mut unknown = NEW;
    unknown[6] = "Fracture";
    let unknown = pellucid(at, &unknown);
    assert!(code(&unknown) == 2 && said(&unknown).contains("knows no \"Fracture\""), "{}", said(&unknown));
}

// ——— the window ———

/// A study of the viewer's test images: three cases that are on screen one after the other.
struct Room {
    bench: Bench,
    plan: Plan,
}

impl Room {
    fn begun(design: Design, marks: bool) -> Self {
        let arm = |name: &str, shows, method| Arm { name: name.into(), shows, method };
        let arms = vec![
            arm("without AI", Shows::Nothing, None),
            arm("score", Shows::Score, None),
            arm("score and map", Shows::Map, Some(Method::GradCam)),
        ];
        let plan = Plan { design, marks, arms, readers: vec!["R1".into()], ..plan(1, 3) };
        let mut bench = Bench::new();
        let images: Vec<PathBuf> = (0..3).map(Self::path).collect();
        let order = schedule(&plan, 0);
        let room = ReadingRoom::new(plan.clone(), images, ("R1".into(), order), 0, None);
        let effects = begin_reading(&mut bench.state, room);
        assert!(matches!(&effects[..], [Effect::Scan { paths, .. }] if paths.len() == 3));
        bench.event(Event::ModelReady(model()));
        let mut room = Self { bench, plan };
        let entries: Vec<_> = (0..3).map(Self::entry).collect();
        room.bench.message(Message::Scanned { paths: Vec::new(), catalogue: Box::new(catalogue_of(&entries)) });
        room
    }

    fn path(case: usize) -> PathBuf {
        format!("/study/case{case}.dcm").into()
    }

    fn entry(case: usize) -> Arc<pellucid::study::ImageEntry> {
        let entry = super::viewer::common::entry(&format!("1.2.{case}"), 1, 256, 256);
        let mut entry = Arc::unwrap_or_clone(entry);
        entry.path = Self::path(case);
        entry.meta.patient_name = "DOE^JANE".into();
        Arc::new(entry)
    }

    /// The frame of the case that was asked for comes, and the analysis of it.
    fn loaded(&mut self) {
        let (entry, _) = self.bench.state.current().map(|(e, i)| (e.clone(), i)).expect("a case was asked for");
        let mut frame = frame(256, 256);
        frame.entry = entry;
        self.bench.loaded(self.bench.state.generation, frame);
    }

    /// The analysis, and the map of the finding of the study, which is a group of the model.
    fn analysed(&mut self) {
        let generation = self.bench.state.generation;
        for event in events(generation, 0) {
            self.bench.event(event);
        }
        let group = Subject::One(Output::Group(0));
        let map = |layer: &str| {
            let raw = Plane { width: 14, height: 14, values: (0..14 * 14).map(|i| i as f32).collect() };
            Arc::new(Attribution::new(Method::GradCam, group, layer.into(), 2.31, raw).unwrap())
        };
        let progress = Progress::Maps(LAYERS.into_iter().map(map).collect());
        self.bench.event(Event::Progress { generation, progress });
        self.bench.event(Event::ExplanationDone { generation });
    }

    fn say(&mut self, command: ReadingCommand) -> Vec<Effect> {
        self.bench.command(command)
    }

    /// Says and confirms; what was kept.
    fn confirm(&mut self, confidence: u8) -> Record {
        self.say(ReadingCommand::SetConfidence(confidence));
        let place = self.bench.state.reading.as_ref().unwrap().read;
        let effects = self.say(ReadingCommand::Next(place));
        let [Effect::KeepReading(record)] = &effects[..] else { panic!("nothing is kept") };
        let record = (**record).clone();
        assert!(self.say(ReadingCommand::Next(place)).is_empty(), "one click keeps one reading");
        self.bench.message(Message::ReadingKept(Ok(record.read_at)));
        record
    }
}

#[test]
fn a_sequential_study_asks_first_without_the_model_and_then_shows_more() {
    let mut room = Room::begun(Design::Sequential, false);
    room.loaded();
    room.analysed();
    let state = &room.bench.state;
    assert!(state.shows_case() && state.results.finished.is_some());
    let shown = state.for_reading();
    assert!(shown.results.labels.is_empty() && shown.panes() == [Content::Image]);
    assert!(state.study_answer().is_none());
    assert!(room.say(ReadingCommand::Next(0)).is_empty(), "nothing was said yet");
    let first = room.confirm(30);
    assert_eq!((first.arm.as_str(), first.confidence, first.answer), ("without AI", 30, None));
    // The same case, with the score: what was said stands.
    let state = &room.bench.state;
    assert!(state.shows_case() && state.for_reading().panes() == [Content::Image]);
    assert_eq!(state.reading.as_ref().unwrap().confidence, Some(30));
    let second = room.confirm(60);
    let answer = second.answer.unwrap();
    assert_eq!((second.arm.as_str(), second.case.as_str()), ("score", first.case.as_str()));
    assert!(answer.score > 0.0 && answer.model.starts_with("test"));
    let state = &room.bench.state;
    assert!(matches!(state.for_reading().panes()[..], [Content::Map(_, Method::GradCam)]));
    let third = room.confirm(80);
    assert_eq!(third.arm, "score and map");
    // Another case: nothing is said of it, and nothing of it was shown yet.
    assert!(!room.bench.state.shows_case());
    assert_eq!(room.bench.state.reading.as_ref().unwrap().confidence, None);
    assert!(room.say(ReadingCommand::SetConfidence(5)).is_empty());
    assert_eq!(room.bench.state.reading.as_ref().unwrap().confidence, None, "the case is not there yet");
    room.loaded();
    assert!(room.bench.state.shows_case());
    room.analysed();
    let next = room.confirm(1).case;
    assert_eq!(next, room.plan.cases[schedule(&room.plan, 0)[3].case].id);
}

#[test]
fn the_next_case_waits_until_what_was_said_is_on_the_disk() {
    let mut room = Room::begun(Design::Crossover, false);
    room.loaded();
    room.analysed();
    room.say(ReadingCommand::SetConfidence(70));
    let effects = room.say(ReadingCommand::Next(0));
    assert!(matches!(effects[..], [Effect::KeepReading(_)]));
    assert!(room.say(ReadingCommand::SetConfidence(10)).is_empty());
    room.bench.message(Message::ReadingKept(Err("The disk is full.".into())));
    let study = room.bench.state.reading.as_ref().unwrap();
    assert_eq!((study.read, study.confidence), (0, Some(70)));
    assert!(study.failure.is_some() && room.bench.state.shows_case());
    assert!(matches!(room.say(ReadingCommand::Next(0))[..], [Effect::KeepReading(_)]), "it can be tried again");
}

#[test]
fn nothing_but_the_image_and_its_window_can_be_changed() {
    let mut room = Room::begun(Design::Crossover, true);
    room.loaded();
    room.analysed();
    let before = room.bench.state.current().map(|(e, _)| e.key());
    for command in [
        Command::View(ViewCommand::SetLayout(Layout::ClassGrid)),
        FileCommand::ExportReport.into(),
        FileCommand::OpenFiles.into(),
        FileCommand::ToggleAnonymize.into(),
        StudyCommand::NextImage.into(),
        FindingsCommand::NextClass.into(),
        OverlayCommand::NextMethod.into(),
        ImpressionCommand::ToggleReadFirst.into(),
        pellucid::app::command::PaletteCommand::Toggle.into(),
    ] {
        assert!(room.bench.command(command.clone()).is_empty(), "{command:?}");
    }
    let state = &room.bench.state;
    assert!(state.palette.is_none() && state.layout == Layout::Single && state.preferences.anonymize);
    assert_eq!(state.current().map(|(e, _)| e.key()), before);
    room.bench.command(ViewCommand::Invert);
    assert!(room.bench.state.views[0].invert);
    // Marks stay on the image, and can be rated and taken away.
    room.say(ReadingCommand::SetConfidence(40));
    room.say(ReadingCommand::Mark([10.0, 20.0]));
    room.say(ReadingCommand::Mark([-1.0, 20.0]));
    room.say(ReadingCommand::Mark([30.0, 40.0]));
    room.say(ReadingCommand::RateMark(1, 90));
    room.say(ReadingCommand::RemoveMark(0));
    let record = room.confirm(40);
    assert_eq!(record.marks, [Mark { at: [30.0, 40.0], confidence: 90 }]);
}

#[test]
fn the_screen_shows_the_question_and_no_patient_and_of_the_model_what_the_arm_allows() {
    let mut room = Room::begun(Design::Sequential, true);
    let mut harness = screen(std::mem::replace(&mut room.bench, Bench::new()));
    harness.get_by_label("Loading the case…");
    let deliver = |bench: &mut Bench| {
        let (entry, _) = bench.state.current().map(|(e, i)| (e.clone(), i)).unwrap();
        let mut frame = frame(256, 256);
        frame.entry = entry;
        bench.loaded(bench.state.generation, frame);
        for event in events(bench.state.generation, 0) {
            bench.event(event);
        }
    };
    deliver(harness.state_mut());
    harness.run_steps(4);
    harness.get_by_label("Is there a pneumonia?");
    harness.get_by_label("Case 1 of 3");
    harness.get_by_label("Arm: without AI");
    assert!(harness.query_by_label("THE MODEL").is_none());
    assert!(harness.query_all_by_label_contains("DOE").next().is_none());
    for gone in ["Findings panel", "Menu", "Studies", "YOUR IMPRESSION"] {
        assert!(harness.query_by_label(gone).is_none(), "{gone}");
    }
    let next = harness.get_by_label("Confirm and go on");
    assert!(next.accesskit_node().is_disabled());
    harness.state_mut().command(ReadingCommand::SetConfidence(20));
    harness.run_steps(3);
    harness.get_by_label("Confirm and go on").click();
    harness.run_steps(3);
    let kept = harness.state().effects.iter().find_map(|e| match e {
        Effect::KeepReading(record) => Some(record.read_at),
        _ => None,
    });
    harness.state_mut().message(Message::ReadingKept(Ok(kept.expect("the button keeps what was said"))));
    harness.run_steps(3);
    harness.get_by_label("Arm: score");
    harness.get_by_label("THE MODEL");
    let read = harness.state().state.reading.as_ref().unwrap().read;
    assert_eq!(read, 1);
}

#[test]
fn a_click_marks_the_place_under_it() {
    let mut room = Room::begun(Design::Crossover, true);
    room.loaded();
    room.analysed();
    let mut harness = screen(std::mem::replace(&mut room.bench, Bench::new()));
    harness.run_steps(4);
    let at = harness.get_all_by_role(egui::accesskit::Role::Image).next().unwrap().rect().center();
    harness.drag_at(at);
    harness.run_steps(1);
    harness.drop_at(at);
    harness.run_steps(3);
    let marks = &harness.state().state.reading.as_ref().unwrap().marks;
    assert_eq!(marks.len(), 1);
    assert!(marks[0].at.iter().all(|v| (v - 128.0).abs() < 4.0), "{marks:?}");
    harness.get_by_label("Confidence of mark 1");
    harness.get_by_label("Remove the mark").click();
    harness.run_steps(3);
    assert!(harness.state().state.reading.as_ref().unwrap().marks.is_empty());
}
