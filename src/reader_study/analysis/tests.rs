//! Readings that are made up so that the answer is known.

use chrono::DateTime;

use super::*;
use crate::reader_study::lesion::Lesion;
use crate::reader_study::plan::tests::plan;
use crate::reader_study::record::{Answer, Mark};

/// What a reader says of a case (number, whether it has the finding) in an arm: confidence, marks.
type Say<'a> = dyn Fn(usize, usize, usize, bool) -> (u8, Vec<Mark>) + 'a;

/// Sixteen cases, every other one with the finding; the model is wrong on the first four.
fn made(readers: usize, finished: impl Fn(usize) -> usize, say: &Say<'_>) -> (Plan, Vec<CaseTruth>, Readings) {
    let mut plan = plan(Design::Crossover);
    plan.cases = (0..16)
        .map(|i| crate::reader_study::Case { id: format!("c{i}"), path: "a".into(), sha256: format!("{i}") })
        .collect();
    let truth: Vec<CaseTruth> = (0..16)
        .map(|i| CaseTruth {
            positive: i % 2 == 0,
            lesions: (i % 2 == 0).then_some(Lesion { x: 0.0, y: 0.0, width: 10.0, height: 10.0 }).into_iter().collect(),
        })
        .collect();
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
    let found = analyse(&plan, &truth, &readings, Method::Jackknife).unwrap();
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
    let found = analyse(&plan, &truth, &readings, Method::Jackknife).unwrap();
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
    let found = analyse(&plan, &truth, &readings, Method::Jackknife).unwrap();
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
    let found = analyse(&plan, &truth, &readings, Method::Jackknife).unwrap();
    assert_eq!(found.readers, ["R1", "R3"]);
    let said = found.remarks.join(" ");
    assert!(said.contains("R2 has read 5 of 32") && said.contains("Not begun: R4"), "{said}");
    let (plan, truth, readings) = made(2, |n| n - 3, say);
    let found = analyse(&plan, &truth, &readings, Method::Jackknife).unwrap();
    assert!(found.cases < 16 && found.remarks.iter().any(|r| r.contains("Nobody has finished")));
    let (plan, truth, readings) = made(2, |_| 3, say);
    let none = analyse(&plan, &truth, &readings, Method::Jackknife);
    assert!(matches!(none, Err(StudyError::NothingCrossed)));
}
