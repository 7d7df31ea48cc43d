//! Held to a computation case by case, and to the published figures of Van Dyke's study as far as areas
//! and covariances decide them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::agreement::{self, Weights};
use super::covariance::Covariances;
use super::inference::Inference;
use super::marks::{Marked, Weight};
use super::*;

#[derive(Deserialize)]
struct Golden {
    published: Published,
    studies: Vec<Study>,
    kappa: Vec<Kappas>,
}

#[derive(Deserialize)]
struct Published {
    areas: Vec<Vec<f64>>,
    means: Vec<f64>,
    mean_squares: BTreeMap<String, f64>,
    reader_by_modality: Vec<f64>,
    components: BTreeMap<String, f64>,
    random: Printed,
    fixed_readers: Printed,
    fixed_cases: Printed,
}

#[derive(Deserialize)]
struct Printed {
    statistic: f64,
    df: Option<f64>,
    p: f64,
    difference: f64,
    standard_error: f64,
    interval: [f64; 2],
    /// Standard error and interval of each modality.
    #[serde(default)]
    single: Vec<[f64; 3]>,
}

/// Ratings of lesions and of other marks.
type MarksOfCase = (Vec<Option<f64>>, Vec<f64>);

#[derive(Deserialize)]
struct Study {
    kind: String,
    #[serde(default)]
    ratings: Vec<Vec<Vec<f64>>>,
    #[serde(default)]
    marks: Vec<Vec<Vec<MarksOfCase>>>,
    positive: Vec<bool>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    figures: Vec<Vec<f64>>,
    components: BTreeMap<String, f64>,
    random: ExpectedTest,
    fixed_readers: ExpectedTest,
    fixed_cases: ExpectedTest,
    /// Difference, standard error and p of each reader, between the first two modalities.
    readers: Vec<[f64; 3]>,
    delong_error: Option<f64>,
}

#[derive(Deserialize)]
struct ExpectedTest {
    statistic: f64,
    df: Option<f64>,
    p: f64,
    #[serde(default)]
    differences: Vec<[f64; 4]>,
    /// Mean, standard error and interval of each modality.
    single: Vec<[f64; 4]>,
}

#[derive(Deserialize)]
struct Kappas {
    categories: usize,
    readers: Vec<Vec<usize>>,
    cohen: BTreeMap<String, [f64; 2]>,
    fleiss: BTreeMap<String, [f64; 4]>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/golden/multi_reader.json")).expect("the golden file fits")
}

/// Equal as far as `digits` after the point are printed.
#[track_caller]
fn printed(found: f64, printed: f64, digits: i32) {
    assert!((found - printed).abs() <= 0.6 * 10_f64.powi(-digits), "{found} is not {printed}");
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{found} is not {expected}");
}

fn areas(ratings: &[Vec<Vec<f64>>], positive: &[bool]) -> Vec<Vec<Figure>> {
    let row = |readers: &Vec<Vec<f64>>| readers.iter().map(|r| area::figure(r, positive).unwrap()).collect();
    ratings.iter().map(row).collect()
}

/// The published areas and covariances, analysed. Covariances within a modality and of single readers
/// were not published; what they decide is not looked at.
fn of_van_dyke() -> (Analysis, Published) {
    let published = golden().published;
    let part = |name: &str| published.components[name];
    let covariances = Covariances {
        variance: part("error"),
        cov1: part("cov1"),
        cov2: part("cov2"),
        cov3: part("cov3"),
        by_modality: vec![[part("error"), part("cov2")]; 2],
        of_differences: vec![vec![2.0 * (part("error") - part("cov1")); 5]],
    };
    (analysis::of_figures(published.areas.clone(), &covariances, false, (114, Method::Jackknife)), published)
}

fn as_printed(found: &Inference, expected: &Printed, digits: i32) {
    let overall = found.overall.unwrap();
    printed(overall.statistic, expected.statistic, digits);
    printed(overall.p, expected.p, 4);
    if let Some(df) = expected.df {
        printed(overall.degrees_of_freedom[1].unwrap(), df, 2);
    }
    let difference = &found.differences[0];
    printed(difference.estimate.value, expected.difference, 5);
    printed(difference.estimate.standard_error, expected.standard_error, 5);
    let [low, high] = difference.estimate.interval.unwrap();
    printed(low, expected.interval[0], 5);
    printed(high, expected.interval[1], 5);
    printed(difference.test.unwrap().p, expected.p, 4);
    for (found, [error, low, high]) in found.modalities.iter().zip(&expected.single) {
        let interval = found.interval.unwrap();
        [(found.standard_error, error), (interval[0], low), (interval[1], high)]
            .into_iter()
            .for_each(|(f, e)| printed(f, *e, 7));
    }
}

#[test]
fn what_follows_from_the_published_areas_of_van_dyke_is_what_was_published() {
    let (found, expected) = of_van_dyke();
    let squares = &found.mean_squares;
    printed(squares.modality.unwrap(), expected.mean_squares["modality"], 7);
    printed(squares.reader.unwrap(), expected.mean_squares["reader"], 7);
    printed(squares.interaction.unwrap(), expected.mean_squares["interaction"], 7);
    let within = squares.reader_by_modality.as_ref().unwrap();
    within.iter().zip(&expected.reader_by_modality).for_each(|(f, e)| printed(*f, *e, 7));
    printed(found.components.reader.unwrap(), expected.components["reader"], 7);
    printed(found.components.interaction.unwrap(), expected.components["interaction"], 7);
    let random = found.random.as_ref().unwrap();
    random.modalities.iter().zip(&expected.means).for_each(|(f, e)| printed(f.value, *e, 7));
    as_printed(random, &expected.random, 2);
    as_printed(&found.fixed_readers, &expected.fixed_readers, 3);
    as_printed(found.fixed_cases.as_ref().unwrap(), &expected.fixed_cases, 2);
}

fn figures(study: &Study) -> Vec<Vec<Figure>> {
    let positive = &study.positive;
    let weight = if study.kind == "wafroc" { Weight::Case } else { Weight::Lesion };
    let marked = |reader: &Vec<(Vec<Option<f64>>, Vec<f64>)>| {
        let cases: Vec<Marked> = (reader.iter())
            .map(|(lesions, elsewhere)| Marked { lesions: lesions.clone(), elsewhere: elsewhere.clone() })
            .collect();
        marks::figure(&cases, positive, weight).unwrap()
    };
    match study.kind.as_str() {
        "area" => areas(&study.ratings, positive),
        "share" => study.ratings.iter().map(|m| m.iter().map(|r| mean::share(r).unwrap()).collect()).collect(),
        _ => study.marks.iter().map(|m| m.iter().map(marked).collect()).collect(),
    }
}

#[test]
fn areas_shares_and_figures_of_marks_are_those_of_leaving_out_case_by_case() {
    let studies = golden().studies;
    assert_eq!(studies.len(), 6);
    for study in studies {
        let figures = figures(&study);
        let found = analyse(&figures, Method::Jackknife).unwrap();
        let expected = &study.expected;
        for (row, other) in found.figures.iter().zip(&expected.figures) {
            row.iter().zip(other).for_each(|(f, e)| near(*f, *e));
        }
        let parts = &found.components;
        let named = [("error", parts.error), ("cov1", parts.cov1), ("cov2", parts.cov2), ("cov3", parts.cov3)];
        named.iter().for_each(|(name, value)| near(*value, expected.components[*name]));
        let random = found.random.as_ref().unwrap();
        let tests = [
            (random, &expected.random),
            (&found.fixed_readers, &expected.fixed_readers),
            (found.fixed_cases.as_ref().unwrap(), &expected.fixed_cases),
        ];
        for (inference, expected) in tests {
            let overall = inference.overall.unwrap();
            near(overall.statistic, expected.statistic);
            near(overall.p, expected.p);
            if let (Some(df), Some(found)) = (expected.df, overall.degrees_of_freedom[1]) {
                near(found, df);
            }
            for (f, [value, error, low, high]) in inference.modalities.iter().zip(&expected.single) {
                let interval = f.interval.unwrap();
                near(f.value, *value);
                near(f.standard_error, *error);
                near(interval[0], *low);
                near(interval[1], *high);
            }
        }
        assert_eq!(found.readers.len(), expected.readers.len());
        for (f, [value, error, p]) in found.readers.iter().zip(&expected.readers) {
            near(f[0].estimate.value, *value);
            near(f[0].estimate.standard_error, *error);
            near(f[0].test.unwrap().p, *p);
        }
        assert_eq!(random.differences.len(), expected.random.differences.len());
        for (f, [value, low, high, p]) in random.differences.iter().zip(&expected.random.differences) {
            let interval = f.estimate.interval.unwrap();
            near(f.estimate.value, *value);
            near(interval[0], *low);
            near(interval[1], *high);
            near(f.test.unwrap().p, *p);
        }
        if let Some(delong) = expected.delong_error {
            near(analyse(&figures, Method::DeLong).unwrap().components.error, delong);
        }
    }
}

#[test]
fn kappa_is_that_of_statsmodels_and_irrcac() {
    for case in golden().kappa {
        for (name, weights) in
            [("Equal", Weights::Equal), ("Linear", Weights::Linear), ("Quadratic", Weights::Quadratic)]
        {
            let two = agreement::cohen(&case.readers[0], &case.readers[1], case.categories, weights).unwrap();
            near(two.value, case.cohen[name][0]);
            near(two.standard_error, case.cohen[name][1]);
            let several = agreement::fleiss(&case.readers, case.categories, weights).unwrap();
            let [low, high] = several.interval.unwrap();
            let found = [several.value, several.standard_error, low, high];
            found.iter().zip(case.fleiss[name]).for_each(|(f, e)| assert!((f - e).abs() < 2e-9, "{f} {e}"));
        }
    }
}

#[test]
fn readers_who_agree_in_all_cases_have_a_kappa_of_1_and_no_interval() {
    let same = vec![0, 1, 1];
    let two = agreement::cohen(&same, &same, 2, Weights::Equal).unwrap();
    let several = agreement::fleiss(&[same.clone(), same.clone(), same], 2, Weights::Equal).unwrap();
    assert!(two.value == 1.0 && two.interval.is_none() && several.value == 1.0 && several.interval.is_none());
}

#[test]
fn readers_who_do_not_differ_leave_no_interval_to_claim_certainty() {
    let positive = [true, true, true, false, false, false];
    let perfect = area::figure(&[9.0, 8.0, 7.0, 1.0, 2.0, 3.0], &positive).unwrap();
    let found = analyse(&vec![vec![perfect; 3]; 2], Method::Jackknife).unwrap();
    let random = found.random.unwrap();
    assert_eq!((random.overall, random.modalities[0].interval), (None, None));
    assert_eq!((random.differences[0].estimate.interval, random.differences[0].test), (None, None));
}

#[test]
fn one_reader_is_fixed_and_one_modality_has_no_difference() {
    let positive = [true, true, true, false, false, false];
    let one = |ratings: [f64; 6]| area::figure(&ratings, &positive).unwrap();
    let (a, b) = (one([5.0, 2.0, 7.0, 3.0, 2.0, 1.0]), one([5.0, 4.0, 2.0, 3.0, 1.0, 1.0]));
    let alone = analyse(&[vec![a.clone()], vec![b.clone()]], Method::Jackknife).unwrap();
    assert!(alone.random.is_none() && alone.fixed_cases.is_none());
    let difference = &alone.fixed_readers.differences[0];
    assert_eq!(difference.estimate.interval, alone.readers[0][0].estimate.interval);
    let together = analyse(&[vec![a, b]], Method::Jackknife).unwrap();
    assert!(together.random.as_ref().unwrap().differences.is_empty());
    assert!(together.random.unwrap().modalities[0].interval.is_some());
}

#[test]
fn an_interval_of_a_share_stays_between_0_and_1_and_one_of_other_values_is_symmetric() {
    let high = [vec![1.0, 1.0, 1.0, 1.0, 0.0], vec![1.0, 1.0, 1.0, 1.0, 1.0], vec![1.0, 1.0, 1.0, 1.0, 1.0]];
    let of = |figure: fn(&[f64]) -> Result<Figure, MultiReaderError>| {
        let row: Vec<Figure> = high.iter().map(|values| figure(values).unwrap()).collect();
        analyse(&[row.clone(), row], Method::Jackknife).unwrap().random.unwrap().modalities[0]
    };
    let (share, value) = (of(mean::share), of(mean::figure));
    assert_eq!((share.value, share.standard_error), (value.value, value.standard_error));
    let ([low, high], [least, most]) = (share.interval.unwrap(), value.interval.unwrap());
    assert!(0.0 < low && low < share.value && share.value < high && high < 1.0, "{low} {high}");
    assert!(most > 1.0 && (most - value.value - (value.value - least)).abs() < 1e-12, "{least} {most}");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let few = area::figure(&[1.0, 2.0, 3.0], &[true, false, false]);
    assert_eq!(few.unwrap_err(), MultiReaderError::TooFewCases { positive: 1, negative: 2 });
    assert_eq!(area::figure(&[f64::NAN; 4], &[true, true, false, false]).unwrap_err(), MultiReaderError::NotANumber);
    assert_eq!(analyse(&[], Method::Jackknife).unwrap_err(), MultiReaderError::Nothing);
    let (short, long) = (mean::figure(&[0.0, 1.0]).unwrap(), mean::figure(&[0.0, 1.0, 1.0]).unwrap());
    let uneven = analyse(&[vec![short.clone()], vec![short.clone(), short.clone()]], Method::Jackknife);
    assert_eq!(uneven.unwrap_err(), MultiReaderError::NotCrossed);
    let other = analyse(&[vec![short], vec![long]], Method::Jackknife);
    assert_eq!(other.unwrap_err(), MultiReaderError::Unequal { readings: 3, cases: 2 });
    let lesion = Marked { lesions: vec![None], elsewhere: Vec::new() };
    let found = marks::figure(&[lesion], &[false], Weight::Case);
    assert_eq!(found.unwrap_err(), MultiReaderError::LesionWithoutFinding);
    assert_eq!(marks::figure(&[Marked::default()], &[true], Weight::Case).unwrap_err(), MultiReaderError::NoLesion);
    assert_eq!(agreement::fleiss(&[vec![0, 0], vec![0, 0]], 2, Weights::Equal), None);
    assert_eq!(agreement::cohen(&[3, 0], &[0, 0], 2, Weights::Equal), None);
}
