//! Readings that are made up so that the answer is known.

use chrono::DateTime;

use super::*;
use crate::reader_study::Case;
use crate::reader_study::commitment::{of_plan, of_truth};
use crate::reader_study::lesion::Lesion;
use crate::reader_study::plan::tests::plan;
use crate::reader_study::record::{Answer, Mark};

/// What a reader says of a case (number, whether it has the finding) in an arm: confidence, marks.
type Say<'a> = dyn Fn(usize, usize, usize, bool) -> (u8, Vec<Mark>) + 'a;

/// Sixteen cases, every other one with the finding; the model is wrong on the first four.
fn made(readers: usize, finished: impl Fn(usize) -> usize, say: &Say<'_>) -> (Plan, Vec<CaseTruth>, Readings) {
    let mut plan = plan(Design::Crossover);
    let truth: Vec<CaseTruth> = (0..16)
        .map(|i| CaseTruth {
            positive: i % 2 == 0,
            lesions: (i % 2 == 0).then_some(Lesion { x: 0.0, y: 0.0, width: 10.0, height: 10.0 }).into_iter().collect(),
            salt: i.to_string(),
        })
        .collect();
    let case = |(i, truth): (usize, &CaseTruth)| {
        let id = format!("c{i}");
        Case { truth_sha256: of_truth(&id, truth), id, path: "a".into(), sha256: format!("{i}") }
    };
    plan.cases = truth.iter().enumerate().map(case).collect();
    plan.registered = of_plan(&plan);
    let mut all = Readings::new();
    for reader in 0..readers {
        let order = schedule(&plan, reader);
        let records = order.iter().take(finished(order.len())).map(|reading| {
            let positive = truth[reading.case].positive;
            let (confidence, marks) = say(reading.arm, reader, reading.case, positive);
            let yes = if reading.case < 4 { !positive } else { positive };
            let answer = Answer { score: if yes { 0.9 } else { 0.1 }, threshold: 0.5, model: "toy 1.0".into() };
            Record {
                study: plan.fingerprint(),
                plan: of_plan(&plan),
                reader: plan.readers[reader].clone(),
                session: reading.session + 1,
                case: plan.cases[reading.case].id.clone(),
                arm: plan.arms[reading.arm].name.clone(),
                confidence,
                seconds: if reading.arm == 0 { 10.0 } else { 20.0 } + reader as f64 + reading.case as f64,
                read_at: DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
                marks,
                answer: (reading.arm == 1).then_some(answer),
            }
        });
        all.insert(reader, records.collect());
    }
    (plan, truth, all)
}

fn mark(x: f64, confidence: u8) -> Vec<Mark> {
    vec![Mark { at: [x, 5.0], confidence }]
}

#[test]
fn readers_who_follow_a_wrong_model_are_counted() {
    // Without the model all is right; with it, readers 0 and 1 follow it everywhere.
    let (plan, truth, readings) = made(4, |n| n, &|arm, reader, case, positive| {
        let follows = arm == 1 && reader < 2 && case < 4;
        let sure = if reader % 2 == 0 { 80 } else { 90 };
        (if positive == follows { 10 + case as u8 } else { sure }, Vec::new())
    });
    let found = analyse(&plan, &truth, &readings, &KeptPlans::new(), Method::Jackknife).unwrap();
    let reliance = found.reliance.as_ref().unwrap();
    assert_eq!((reliance.answered, reliance.false_alarms, reliance.misses), (16, 2, 2));
    let wrong = reliance.followed_wrong.as_ref().unwrap();
    assert_eq!(wrong.figures, [[0.0; 4].to_vec(), vec![1.0, 1.0, 0.0, 0.0]]);
    let right = reliance.followed_right.as_ref().unwrap();
    assert!(right.figures.iter().flatten().all(|share| *share == 1.0));
    let misled = reliance.changes[0].misled;
    assert_eq!((misled.count, misled.of), (8, 16));
    let share = misled.share.unwrap();
    assert!(share.value == 0.5 && share.low < 0.5 && share.high > 0.5);
    assert_eq!(reliance.changes[0].corrected.of, 0);
    assert_eq!(reliance.by_error[1].misses.unwrap().value, 0.5);
    let difference = &wrong.random.as_ref().unwrap().differences[0];
    assert_eq!(difference.estimate.value, 0.5);
}

#[test]
fn marks_on_boxes_and_beside_them_are_told_apart_and_marks_in_the_right_place_are_worth_more() {
    let (plan, truth, readings) = made(3, |n| n, &|arm, reader, case, positive| {
        let x = if arm == 1 || case % 4 == 0 { 5.0 } else { 50.0 };
        let marks = if positive {
            mark(x, 70 + reader as u8)
        } else if case == 1 {
            mark(99.0, 60)
        } else {
            Vec::new()
        };
        (if positive { 80 } else { 20 + case as u8 }, marks)
    });
    let found = analyse(&plan, &truth, &readings, &KeptPlans::new(), Method::Jackknife).unwrap();
    let marking = found.marking.as_ref().unwrap();
    assert_eq!((marking.positives, marking.lesions, marking.negatives), (8, 8, 8));
    // Half of the lesions are missed: each ties with the seven unmarked negatives.
    let missed = 0.5 * 7.0 / 8.0;
    let [without, with] = [0, 1].map(|arm| marking.wafroc.figures[arm][0]);
    assert!((without - f64::midpoint(1.0, missed)).abs() < 1e-12 && with == 1.0, "{without} {with}");
    assert_eq!(marking.wafroc.figures, marking.afroc.figures, "one lesion a case");
    let record = &readings[&0][0];
    let both = Record { marks: [mark(5.0, 30), mark(10.0, 60), mark(11.0, 20)].concat(), ..record.clone() };
    let told = marking::marked(&both, &[Lesion { x: 0.0, y: 0.0, width: 10.0, height: 10.0 }]);
    assert_eq!((told.lesions, told.elsewhere), (vec![Some(60.0)], vec![20.0]));
}

#[test]
fn times_are_compared_by_their_ratio_and_agreement_is_by_arm() {
    let (plan, truth, readings) = made(4, |n| n, &|arm, reader, case, positive| {
        let yes = positive != (arm == 0 && reader == 1 && case < 8);
        (if yes { 60 } else { 40 }, Vec::new())
    });
    let found = analyse(&plan, &truth, &readings, &KeptPlans::new(), Method::Jackknife).unwrap();
    let times = found.times.log_seconds.as_ref().unwrap().random.as_ref().unwrap().differences[0].estimate;
    let [low, high] = times.interval.unwrap().map(f64::exp);
    assert!(low > 1.0 && low < times.value.exp() && high < 2.0, "{low} {high}");
    assert!(found.times.medians[1] > found.times.medians[0]);
    let kappa = |arm: usize| found.agreement[arm].decisions.unwrap().value;
    assert!(kappa(0) < 0.8 && kappa(1) == 1.0);
    let area: f64 = found.curves[0].windows(2).map(|p| (p[1][0] - p[0][0]) * f64::midpoint(p[0][1], p[1][1])).sum();
    assert!((area - found.auroc.random.as_ref().unwrap().modalities[0].value).abs() < 0.01);
    assert!(found.sensitivity.unwrap().figures[1] == [1.0; 4]);
}

#[test]
fn who_has_not_finished_is_left_out_and_where_nobody_has_it_is_said() {
    let say: &Say<'_> = &|_, _, case, positive| (if positive { 60 + case as u8 } else { 40 }, Vec::new());
    let (plan, truth, mut readings) = made(3, |n| n, say);
    readings.get_mut(&1).unwrap().truncate(5);
    let found = analyse(&plan, &truth, &readings, &KeptPlans::new(), Method::Jackknife).unwrap();
    assert_eq!(found.readers, ["R1", "R3"]);
    let said = found.remarks.join(" ");
    assert!(said.contains("R2 has read 5 of 32") && said.contains("Not begun: R4"), "{said}");
    let (plan, truth, readings) = made(2, |n| n - 3, say);
    let found = analyse(&plan, &truth, &readings, &KeptPlans::new(), Method::Jackknife).unwrap();
    assert!(found.cases < 16 && found.remarks.iter().any(|r| r.contains("Nobody has finished")));
    let (plan, truth, readings) = made(2, |_| 3, say);
    let none = analyse(&plan, &truth, &readings, &KeptPlans::new(), Method::Jackknife);
    assert!(matches!(none, Err(StudyError::NothingCrossed)));
}

/// What nobody would wonder at: every reader reads alike.
const PLAIN: &Say<'static> =
    &|_, reader, case, positive| (if positive { 60 + case as u8 } else { 40 + reader as u8 }, Vec::new());

/// What is said of the plan and the truth.
fn said(plan: &Plan, truth: &[CaseTruth], readings: &Readings, kept: &[&Plan]) -> (Integrity, String) {
    let kept = kept.iter().map(|plan| (of_plan(plan), (*plan).clone())).collect();
    let found = analyse(plan, truth, readings, &kept, Method::Jackknife).unwrap().integrity;
    let words = found.sentences().join(" ");
    (found, words)
}

#[test]
fn a_study_that_was_not_changed_says_so_in_one_sentence() {
    let (plan, truth, readings) = made(3, |n| n, PLAIN);
    let (found, words) = said(&plan, &truth, &readings, &[]);
    assert!(found.holds && found.changed.is_empty() && found.registered == found.now);
    assert_eq!((found.readings.len(), found.readings[0].readings, found.sentences().len()), (1, 96, 1));
    assert!(words.contains("all 96 readings were made under them"), "{words}");
}

#[test]
fn a_truth_that_was_changed_after_the_study_was_made_is_named_by_its_case() {
    let (plan, mut truth, readings) = made(3, |n| n, PLAIN);
    truth[3].positive = true;
    truth[6].lesions[0].width += 1.0;
    let (found, words) = said(&plan, &truth, &readings, &[]);
    assert!(!found.holds);
    assert_eq!(found.truth_changed, ["c3", "c6"]);
    assert!(words.starts_with("This is not the analysis that was fixed"), "{words}");
    assert!(words.contains("truth of 2 cases") && words.contains("c3, c6"), "{words}");
    // Its hash in the plan was changed with it: then the plan is another one.
    let mut forged = plan.clone();
    for case in [3, 6] {
        forged.cases[case].truth_sha256 = of_truth(&forged.cases[case].id, &truth[case]);
    }
    let (found, words) = said(&forged, &truth, &readings, &[&plan]);
    assert!(!found.holds && found.truth_changed.is_empty());
    assert!(words.contains("truth: as fixed then, another one of c3, c6 now"), "{words}");
}

#[test]
fn a_decision_that_was_changed_after_the_readings_is_said_with_both_values() {
    let (plan, truth, readings) = made(3, |n| n, PLAIN);
    let late = Plan { decision: 65, readers: [&plan.readers[..], &["R9".into()]].concat(), ..plan.clone() };
    let (found, words) = said(&late, &truth, &readings, &[&plan]);
    assert!(!found.holds && found.changed[0].at_making);
    assert!(words.contains("decision: 50 then, 65 now"), "{words}");
    assert!(words.contains("readers: R1, R2, R3, R4 then, R1, R2, R3, R4, R9 now"), "{words}");
    assert!(words.contains("96 of 96 readings (R1, R2, R3)"), "{words}");
    // Whoever takes the new hash for that of the making is found out by the readings.
    let forged = Plan { registered: of_plan(&late), ..late.clone() };
    let (found, words) = said(&forged, &truth, &readings, &[]);
    assert!(!found.holds && words.contains("no copy of that plan is kept"), "{words}");
}

#[test]
fn a_plan_that_was_changed_before_the_first_reading_is_told_from_one_that_was_changed_after() {
    let (plan, truth, mut readings) = made(3, |n| n, PLAIN);
    let early = Plan { washout_days: 7, ..plan.clone() };
    for record in readings.values_mut().flatten() {
        record.plan = of_plan(&early);
    }
    let (found, words) = said(&early, &truth, &readings, &[&plan]);
    assert!(!found.holds);
    assert!(words.starts_with("The plan was changed after the study was made, and before the first"), "{words}");
    assert!(words.contains("Since the study was made"), "{words}");
    assert!(words.contains("days of the washout: 28 then, 7 now"), "{words}");
    // Between two readings: some carry one hash, some the other.
    readings.get_mut(&2).unwrap()[31].plan = of_plan(&plan);
    let (_, words) = said(&early, &truth, &readings, &[&plan]);
    assert!(words.contains("1 of 96 readings (R3) were made under the plan"), "{words}");
}
