//! Sums, places and ranks of made-up maps.

use super::*;
use crate::evaluation::faithfulness::testing::{case, checked, trial};

const METHODS: [Method; 3] = [Method::GradCam, Method::Saliency, Method::EigenCam];

/// A map that passes the check.
fn passing(leads: [f64; 4]) -> MapResult {
    checked(trial(leads), Outcome::Passes)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

#[test]
fn means_and_gains_are_those_of_hand() {
    let cases: Vec<ImageResult> = [0.1, 0.2, 0.3, 0.0]
        .into_iter()
        .enumerate()
        .map(|(i, lead)| case(i, vec![Some(trial([lead, -lead, lead, 0.0]))]))
        .collect();
    let standing = FaithfulnessSummary::of(&cases, &METHODS[..1]).standings.remove(0);
    let [deletion, insertion, road, drop] = standing.measures[..] else { panic!("four measures") };
    assert!(near(deletion.map.mean, 0.5) && near(deletion.blob.mean, 0.65) && near(insertion.blob.mean, 0.65));
    assert!(near(deletion.over_blob.mean, 0.15) && near(insertion.over_blob.mean, -0.15));
    assert!(near(road.over_random.mean, 0.15) && near(drop.over_blob.mean, 0.0));
    assert!(near(deletion.beats_both, 0.75) && near(insertion.beats_both, 0.0));
    let (low, high) = deletion.over_blob.low.zip(deletion.over_blob.high).unwrap();
    assert!((0.0..0.15).contains(&low) && high > 0.15 && high <= 0.3, "{low} {high}");
}

#[test]
fn methods_rank_by_the_blob_first_and_then_by_their_places() {
    let leads = [[0.1, 0.1, -0.1, -0.1], [0.1; 4], [0.0; 4]];
    let cases: Vec<ImageResult> = (0..6).map(|i| case(i, leads.iter().map(|l| Some(passing(*l))).collect())).collect();
    let standings = FaithfulnessSummary::of(&cases, &METHODS).standings;
    let found: Vec<_> = standings.iter().map(|s| (s.method, s.rank, s.better_than_blob(), s.place)).collect();
    assert_eq!(
        found,
        [
            (Method::Saliency, Some(1), Some(4), Some(1.25)),
            (Method::GradCam, Some(2), Some(2), Some(2.25)),
            (Method::EigenCam, Some(3), Some(0), Some(2.5)),
        ]
    );
}

#[test]
fn alike_methods_share_a_rank_and_places_decide_between_those_that_the_blob_cannot_tell_apart() {
    let better = |mut t: MapResult| {
        t.measures[0].map -= 0.2;
        t.measures[1].map += 0.2;
        t
    };
    let cases: Vec<ImageResult> = (0..6)
        .map(|i| case(i, vec![Some(passing([0.1; 4])), Some(passing([0.1; 4])), Some(better(passing([0.1; 4])))]))
        .collect();
    let standings = FaithfulnessSummary::of(&cases, &METHODS).standings;
    // On deletion and insertion the third method is first and the others share places 2 and 3.
    let found: Vec<_> = standings.iter().map(|s| (s.method, s.rank, s.place)).collect();
    assert_eq!(found[0], (Method::EigenCam, Some(1), Some(1.5)));
    assert_eq!(found[1], (Method::GradCam, Some(2), Some(2.25)));
    assert_eq!(found[2], (Method::Saliency, Some(2), Some(2.25)));
}

#[test]
fn methods_that_differ_by_rounding_share_a_rank() {
    let cases: Vec<ImageResult> =
        (0..6).map(|i| case(i, vec![Some(passing([0.1; 4])), Some(passing([0.1 + 1e-7; 4]))])).collect();
    let standings = FaithfulnessSummary::of(&cases, &METHODS[..2]).standings;
    assert_eq!(standings.iter().map(|s| (s.rank, s.place)).collect::<Vec<_>>(), [(Some(1), Some(1.5)); 2]);
}

#[test]
fn a_map_that_marks_nothing_is_in_no_mean_and_counts_as_beaten() {
    let nothing = MapResult { measures: Vec::new(), sensitivity: None, randomization: None };
    let cases: Vec<ImageResult> = (0..8)
        .map(|i| {
            case(i, vec![Some(if i < 2 { nothing.clone() } else { passing([0.1; 4]) }), Some(nothing.clone()), None])
        })
        .collect();
    let standings = FaithfulnessSummary::of(&cases, &METHODS).standings;
    assert_eq!((standings[0].images, standings[0].silent, standings[0].patients), (8, 2, 6));
    assert!(near(standings[0].measures[0].over_blob.mean, 0.1) && near(standings[0].measures[0].beats_both, 0.75));
    assert_eq!((standings[1].silent, standings[1].rank, standings[1].measures.len()), (8, None, 0));
    assert_eq!((standings[2].images, standings[2].rank), (0, None));
}

#[test]
fn images_of_one_patient_are_one_patient_and_few_patients_have_no_rank() {
    let mut cases: Vec<ImageResult> = (0..8).map(|i| case(i, vec![Some(passing([0.1; 4]))])).collect();
    assert_eq!(FaithfulnessSummary::of(&cases, &METHODS[..1]).patients, 8);
    cases.iter_mut().enumerate().for_each(|(i, c)| c.patient = format!("p{}", i % 4));
    let summary = FaithfulnessSummary::of(&cases, &METHODS[..1]);
    let standing = &summary.standings[0];
    assert_eq!((summary.patients, standing.rank, standing.better_than_blob()), (4, None, None));
    assert_eq!(summary.to_json()["methods"][0]["rank"], Value::Null);
}

#[test]
fn a_method_that_fails_the_randomisation_check_has_no_rank_whatever_its_measures() {
    let methods = [Method::Saliency, Method::GradCam, Method::GuidedBackprop, Method::Rise, Method::Occlusion];
    let of = |i: usize| {
        let outcome = if i < 3 { Outcome::Fails } else { Outcome::Passes };
        vec![
            Some(checked(trial([0.4; 4]), outcome)),
            Some(passing([0.1, 0.1, -0.1, -0.1])),
            Some(passing([0.4; 4])),
            Some(trial([0.4; 4])),
            Some(checked(trial([0.4; 4]), Outcome::Undecided)),
        ]
    };
    let cases: Vec<ImageResult> = (0..6).map(|i| case(i, of(i))).collect();
    let summary = FaithfulnessSummary::of(&cases, &methods);
    let found: Vec<_> = summary.standings.iter().map(|s| (s.method, s.rank, s.place, s.apart())).collect();
    assert_eq!(
        found,
        [
            (Method::GradCam, Some(1), Some(1.0), None),
            (Method::Rise, None, None, Some(NoRank::NotChecked)),
            (Method::Occlusion, None, None, Some(NoRank::Undecided)),
            (Method::GuidedBackprop, None, None, Some(NoRank::KnownToFail)),
            (Method::Saliency, None, None, Some(NoRank::Fails)),
        ]
    );
    let json = summary.to_json();
    assert_eq!(json["methods"][0]["without_rank"], Value::Null);
    assert_eq!(json["methods"][4]["without_rank"], "fails-the-check");
    assert_eq!(json["methods"][4]["rank"], Value::Null);
}

#[test]
fn checks_are_counted_where_they_were_made() {
    let outcomes = [Outcome::Passes, Outcome::Fails, Outcome::Passes, Outcome::Undecided];
    let mut cases: Vec<ImageResult> = (0..6).map(|i| case(i, vec![Some(trial([0.1; 4]))])).collect();
    for (i, outcome) in outcomes.into_iter().enumerate() {
        cases[i] = case(i, vec![Some(checked(trial([0.1; 4]), outcome))]);
    }
    let summary = FaithfulnessSummary::of(&cases, &METHODS[..1]);
    assert_eq!(summary.checked, 4);
    let standing = &summary.standings[0];
    assert_eq!(standing.checks, RandomizationCounts { passes: 2, fails: 1, undecided: 1 });
    assert_eq!(standing.sensitivity.map(|(mean, n)| (mean.mean, n)), Some((0.25, 4)));
    let json = summary.to_json();
    assert_eq!(
        json["methods"][0]["measures"]["deletion"]["gain_over_blob"]["low"].as_f64().map(|v| near(v, 0.1)),
        Some(true)
    );
    assert_eq!(json["methods"][0]["randomization"]["fails"], 1);
}

#[test]
fn no_images_give_no_figures() {
    let summary = FaithfulnessSummary::of(&[], &METHODS);
    assert_eq!((summary.images, summary.patients), (0, 0));
    assert!(summary.standings.iter().all(|s| s.measures.is_empty() && s.rank.is_none()));
}
