//! Reader studies: from the table of cases to the report, and what a reader sees on the way.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rand_distr::{Distribution as _, StandardNormal};
use statrs::distribution::{ContinuousCDF as _, Normal};

use super::cli::{code, lines, pellucid, said};
use super::toy;
use pellucid::evaluation::multi_reader::Method as Covariance;
use pellucid::explain::Method;
use pellucid::reader_study::analysis::{self, Readings};
use pellucid::reader_study::commitment::of_plan;
use pellucid::reader_study::journal::Journal;
use pellucid::reader_study::kept_plans::KeptPlans;
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
pub(super) fn plan(readers: usize, cases: usize) -> Plan {
    let arm = |name: &str, shows, method| Arm { name: name.into(), shows, method };
    let case =
        |i: usize| Case { id: format!("c{i}"), path: "x".into(), sha256: i.to_string(), truth_sha256: i.to_string() };
    let plan = Plan {
        format: FORMAT,
        name: "Simulated".into(),
        question: "Is there a pneumonia?".into(),
        finding: "Pneumonia".into(),
        model: "toy".into(),
        weights_sha256: "ab".into(),
        design: Design::Crossover,
        seed: 3,
        washout_days: 28,
        decision: 50,
        marks: false,
        readers: (1..=readers).map(|i| format!("R{i}")).collect(),
        registered: String::new(),
        arms: vec![arm("without AI", Shows::Nothing, None), arm("with map", Shows::Map, Some(Method::GradCam))],
        cases: (0..cases).map(case).collect(),
    };
    Plan { registered: of_plan(&plan), ..plan }
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
            plan: of_plan(plan),
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
    positive.iter().map(|p| CaseTruth { positive: *p, ..CaseTruth::default() }).collect()
}

#[test]
fn over_many_studies_the_areas_are_those_that_they_were_drawn_with() {
    const STUDIES: u64 = 12;
    let drawn_by = RoeMetz::USUAL;
    let plan = plan(8, 60);
    let mut areas = [0.0; 2];
    for seed in 1..=STUDIES {
        let (drawn, positive) = drawn_by.draw(8, 60, seed);
        let found = analysis::analyse(
            &plan,
            &truths(&positive),
            &readings(&plan, &drawn, &positive),
            &KeptPlans::new(),
            Covariance::DeLong,
        )
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
    let found = analysis::analyse(
        &plan,
        &truths(&positive),
        &readings(&plan, &drawn, &positive),
        &KeptPlans::new(),
        Covariance::Jackknife,
    )
    .unwrap();
    let random = found.auroc.random.as_ref().unwrap();
    for arm in 0..2 {
        let [low, high] = random.modalities[arm].interval.unwrap();
        let truth = drawn_by.area(arm);
        // One study of twenty lies outside by luck; how often is what the coverage is measured for.
        assert!((low - truth).max(truth - high) < 0.2 * (high - low), "arm {arm}: {truth} is far from {low}–{high}");
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
    let by_delong = analysis::analyse(
        &plan,
        &truths(&positive),
        &readings(&plan, &drawn, &positive),
        &KeptPlans::new(),
        Covariance::DeLong,
    )
    .unwrap();
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
            let found =
                analysis::analyse(&plan, &truths(&positive), &all, &KeptPlans::new(), Covariance::Jackknife).unwrap();
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
        assert!(share(differences) > 0.92 && singles.iter().all(|s| share(*s) > 0.92), "{name}");
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
                    plan: of_plan(&study.plan),
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
    assert!(String::from_utf8_lossy(&made.stdout).contains("Hash of the plan"), "{}", said(&made));
    read_all(at);
    let found = pellucid(at, &["study", "analyse", "study", "--out", "result", "--json"]);
    assert_eq!(code(&found), 0, "{}", said(&found));
    let json = &lines(&found)[0];
    assert_eq!(json["readers"].as_array().unwrap().len(), 3);
    assert_eq!((json["cases"].as_u64(), json["positives"].as_u64()), (Some(8), Some(4)));
    assert_eq!(json["auroc"]["figures"].as_array().unwrap().len(), 3);
    assert!(json["marking"]["wafroc"]["figures"][0][0].as_f64().is_some());
    assert_eq!(json["integrity"]["holds"], true);
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
    assert!(text.contains("all 72 readings were made under them"), "{text}");
}

#[test]
fn what_was_changed_after_the_readings_is_said_in_words_in_the_report_and_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    material(at);
    assert_eq!(code(&new(at, &["--arm", "none", "--arm", "score", "--readers", "3"])), 0);
    read_all(at);
    let change = |file: &str, from: &str, to: &str| {
        let path = at.join("study").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    };
    change("study.toml", "decision = 50", "decision = 40");
    // The first case without the finding gets it.
    let truth = fs::read_to_string(at.join("study/truth.csv")).unwrap();
    let negative = truth.lines().find(|line| line.contains(",0,")).unwrap();
    change("truth.csv", negative, &negative.replacen(",0,", ",1,", 1));
    let found = pellucid(at, &["study", "analyse", "study", "--out", "result"]);
    assert_eq!(code(&found), 0, "{}", said(&found));
    let words = String::from_utf8(found.stdout).unwrap();
    assert!(words.contains("This is not the analysis that was fixed before the cases were read"), "{words}");
    assert!(words.contains("decision: 50 then, 40 now") && words.contains("48 of 48 readings"), "{words}");
    let id = negative.split(',').next().unwrap();
    assert!(
        words.contains(&format!("The truth of one case is not the one that the plan was made with: {id}.")),
        "{words}"
    );
    let json: serde_json::Value = serde_json::from_slice(&fs::read(at.join("result/study.json")).unwrap()).unwrap();
    let integrity = &json["integrity"];
    assert_eq!((&integrity["holds"], &integrity["truth_changed"][0]), (&false.into(), &id.into()));
    assert_eq!(integrity["changed"][0]["changes"][0]["what"], "decision");
    // Put back, it holds again.
    change("study.toml", "decision = 40", "decision = 50");
    fs::write(at.join("study/truth.csv"), truth).unwrap();
    let found = pellucid(at, &["study", "analyse", "study", "--json"]);
    assert_eq!(lines(&found)[0]["integrity"]["holds"], true);
    // A reading that is changed afterwards breaks the chain of its reader.
    let readings = fs::read_to_string(at.join("study/results/R2.csv")).unwrap();
    let mut rows: Vec<String> = readings.lines().map(str::to_owned).collect();
    let seconds = rows[3].split(',').nth(7).unwrap().to_owned();
    rows[3] = rows[3].replacen(&format!(",{seconds},"), ",99.000,", 1);
    fs::write(at.join("study/results/R2.csv"), format!("{}\n", rows.join("\n"))).unwrap();
    let found = pellucid(at, &["study", "analyse", "study", "--json"]);
    let integrity = &lines(&found)[0]["integrity"];
    assert_eq!((&integrity["holds"], &integrity["chains"][1]["broken_at"]), (&false.into(), &5.into()), "{integrity}");
    let found = pellucid(at, &["study", "analyse", "study"]);
    let words = String::from_utf8(found.stdout).unwrap();
    assert!(words.contains("Readings of R2 were changed after they were made: line 5"), "{words}");
}

#[test]
fn nothing_in_the_folder_of_a_study_but_its_table_of_truth_tells_the_truth_by_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    toy::model(at);
    let mut table = "path,truth\n".to_owned();
    for i in 0..6 {
        let place = format!("{}/{i}.png", if i % 2 == 0 { "PNEUMONIA" } else { "NORMAL" });
        toy::picture(&at.join(&place), i);
        writeln!(table, "{place},{}", 1 - i % 2).unwrap();
    }
    fs::write(at.join("cases.csv"), table).unwrap();
    assert_eq!(code(&new(at, &["--readers", "1"])), 0);
    let tells = |text: &str| text.contains("PNEUMONIA") || text.contains("NORMAL");
    for entry in pellucid::files::walk::files_below(&at.join("study")).flatten() {
        assert!(!tells(&entry.to_string_lossy()), "{}", entry.display());
        let bytes = fs::read(&entry).unwrap();
        assert!(!tells(&String::from_utf8_lossy(&bytes)), "{}", entry.display());
    }
    // Where a study is made in place, that is said.
    let mut named = NEW;
    named[2] = "named";
    let made = pellucid(at, &[&named[..], &["--in-place"]].concat());
    assert!(code(&made) == 0 && said(&made).contains("paths of images stand in the plan"), "{}", said(&made));
    assert!(fs::read_to_string(at.join("named/study.toml")).unwrap().contains("PNEUMONIA/0.png"));
    assert!(!at.join("named/cases").exists());
}

/// Eight readers read sixty cases in two arms with confidences that were drawn with known areas; a model
/// that errs on six of them is followed there by every other reader. All through the files of a study.
#[test]
fn a_study_of_eight_readers_and_sixty_cases_goes_through_its_files_to_the_answer_that_it_was_drawn_with() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    toy::model(at);
    let mut table = "path,truth\n".to_owned();
    for i in 0..60_u32 {
        image::GrayImage::from_pixel(4, 4, image::Luma([i as u8])).save(at.join(format!("{i}.png"))).unwrap();
        writeln!(table, "{i}.png,{}", u8::from(i < 30)).unwrap();
    }
    fs::write(at.join("cases.csv"), table).unwrap();
    assert_eq!(code(&new(at, &["--arm", "none", "--arm", "map:grad-cam"])), 0);
    let study = PlacedPlan::read(&at.join("study")).unwrap();
    let plan = &study.plan;
    let truth = pellucid::reader_study::truth::read(&at.join("study/truth.csv"), plan).unwrap();
    let positive: Vec<bool> = truth.iter().map(|t| t.positive).collect();
    let drawn_by = RoeMetz::USUAL;
    let (drawn, drawn_positive) = &drawn_by.draw(8, 60, 1);
    // The cases of the plan stand in another order than those that were drawn.
    let mut of_truth = [true, false].map(|yes| (0..60).filter(move |k| drawn_positive[*k] == yes).collect::<Vec<_>>());
    let places: Vec<usize> = positive.iter().map(|yes| of_truth[usize::from(!yes)].pop().unwrap()).collect();
    let mut by_plan: Vec<Vec<Vec<u8>>> =
        drawn.iter().map(|arm| arm.iter().map(|row| places.iter().map(|k| row[*k]).collect()).collect()).collect();
    for (reader, row) in by_plan[1].iter_mut().enumerate().filter(|(reader, _)| reader % 2 == 0) {
        for case in (0..60).step_by(10) {
            row[case] = if positive[case] { 10 + reader as u8 } else { 80 + reader as u8 };
        }
    }
    for (number, records) in readings(plan, &by_plan, &positive) {
        let (mut journal, _) = Journal::open(&study, &plan.readers[number]).unwrap();
        records.iter().for_each(|record| journal.append(record).unwrap());
    }
    let found = pellucid(at, &["study", "analyse", "study", "--json"]);
    assert_eq!(code(&found), 0, "{}", said(&found));
    let json = &lines(&found)[0];
    assert_eq!((&json["integrity"]["holds"], json["readers"].as_array().unwrap().len()), (&true.into(), 8));
    let random = &json["auroc"]["random"];
    let unaided = &random["modalities"][0];
    println!("without AI {}, drawn with {:.3}", unaided["interval"], drawn_by.area(0));
    println!(
        "difference {}, drawn with {:.3}",
        random["differences"][0]["estimate"],
        drawn_by.area(1) - drawn_by.area(0)
    );
    println!("wrong answers followed {}", json["reliance"]["followed_wrong"]["random"]["differences"][0]["estimate"]);
    let ends = |value: &serde_json::Value| [0, 1].map(|end| value["interval"][end].as_f64().unwrap());
    let [low, high] = ends(unaided);
    // One study of twenty lies outside by luck; how often is what the coverage is measured for.
    let truth = drawn_by.area(0);
    assert!((low - truth).max(truth - high) < 0.2 * (high - low), "{low} {high}");
    // Those who follow are wrong on six cases: the aided area is at most the one that was drawn.
    let [low, high] = ends(&random["differences"][0]["estimate"]);
    assert!(low < drawn_by.area(1) - drawn_by.area(0) && high > 0.0, "{low} {high}");
    let wrong = &json["reliance"]["followed_wrong"];
    // On the six cases the model says what is not true: a decision that is not true either follows it.
    for (arm, rows) in by_plan.iter().enumerate() {
        for (reader, row) in rows.iter().enumerate() {
            let follows = (0..60).step_by(10).filter(|case| (row[*case] >= 50) != positive[*case]).count();
            let found = wrong["figures"][arm][reader].as_f64().unwrap();
            assert!(
                (found - follows as f64 / 6.0).abs() < 1e-12,
                "arm {arm}, reader {reader}: {found}, {follows} of 6"
            );
            assert!(arm == 0 || reader % 2 == 1 || follows == 6);
        }
    }
    let own = &json["reliance"];
    assert_eq!(own["false_alarms"].as_u64().unwrap() + own["misses"].as_u64().unwrap(), 6);
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
            plan: of_plan(&study.plan),
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
    let image = at.join("study/cases/c003.png");
    let bytes = fs::read(&image).unwrap();
    fs::write(&image, "something else").unwrap();
    let changed = run(&["B"]);
    assert!(said(&changed).contains("the file of case c003 is not the one"), "{}", said(&changed));
    assert!(!said(&changed).contains(".png"), "{}", said(&changed));
    fs::write(&image, bytes).unwrap();
    // The model has other weights.
    let hash = toy::other_weights(&at.join("toy"));
    let manifest = at.join("toy/manifest.toml");
    let before = fs::read_to_string(&manifest).unwrap();
    let line = before.lines().find(|line| line.starts_with("weights_sha256")).unwrap();
    fs::write(&manifest, before.replace(line, &format!("weights_sha256 = \"{hash}\""))).unwrap();
    let other = run(&["B"]);
    assert!(code(&other) == 1 && said(&other).contains("it has other weights"), "{}", said(&other));
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
