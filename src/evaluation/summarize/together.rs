//! Which labels occur together: in truth, in scores, and in evidence.
//!
//! | figure | of two labels |
//! |---|---|
//! | truth | φ, Pearson's r of the two truths (0 or 1), over images in which both are known |
//! | scores | Spearman's ρ of the two probabilities |
//! | evidence | mean over the images of Pearson's r between the positive parts of the two maps |
//!
//! Labels that occur together in scores but not in truth are mixed up; labels whose evidence lies
//! in the same place are not told apart by where they are seen. Of labels that exclude each other
//! (softmax) truth and scores fall together by construction.

use serde::Serialize;

use super::{FEW, SEED};
use crate::evaluation::bootstrap::Bootstrap;
use crate::explain::faithfulness::rank::spearman;
use crate::imaging::Plane;

/// Most labels whose pairs are looked at.
pub const MOST: usize = 30;

/// What one image says of its labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelFacts {
    /// Its patient, or its own name.
    pub owner: String,
    /// One entry a label.
    pub truth: Vec<Option<bool>>,
    pub probability: Vec<f64>,
    /// Of each pair, in the order of [`pairs`].
    pub overlap: Vec<Option<f64>>,
}

/// A correlation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Correlation {
    /// `None` where it is not defined, or there are too few patients.
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Images.
    pub n: usize,
}

/// Two labels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelPair {
    pub a: String,
    pub b: String,
    pub truth: Correlation,
    pub scores: Correlation,
    pub evidence: Correlation,
}

/// The pairs of so many labels, the first one smaller; none beyond [`MOST`] labels.
#[must_use]
pub fn pairs(labels: usize) -> Vec<(usize, usize)> {
    if labels > MOST {
        return Vec::new();
    }
    (0..labels).flat_map(|a| (a + 1..labels).map(move |b| (a, b))).collect()
}

/// Pearson's r between the positive parts of two maps; `None` where one is the same everywhere, or
/// their sizes differ.
#[must_use]
pub fn overlap(a: &Plane, b: &Plane) -> Option<f64> {
    let positive = |plane: &Plane| -> Vec<f64> { plane.values.iter().map(|v| f64::from(v.max(0.0))).collect() };
    pearson(&positive(a), &positive(b))
}

/// Pearson's r; `None` where it is not defined.
fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() || a.is_empty() {
        return None;
    }
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let product =
        |x: &[f64], mx: f64, y: &[f64], my: f64| -> f64 { x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum() };
    let spread = product(a, ma, a, ma) * product(b, mb, b, mb);
    (spread > 0.0).then(|| (product(a, ma, b, mb) / spread.sqrt()).clamp(-1.0, 1.0))
}

/// Every pair of labels called `names`.
#[must_use]
pub fn together(images: &[LabelFacts], names: &[String]) -> Vec<LabelPair> {
    let pair = |(number, (a, b)): (usize, (usize, usize))| {
        let truths = images.iter().filter_map(|i| {
            let (x, y) = ((*i.truth.get(a)?)?, (*i.truth.get(b)?)?);
            Some((i.owner.as_str(), [f64::from(u8::from(x)), f64::from(u8::from(y))]))
        });
        let scores =
            images.iter().filter_map(|i| Some((i.owner.as_str(), [*i.probability.get(a)?, *i.probability.get(b)?])));
        let overlaps = images.iter().filter_map(|i| Some((i.owner.as_str(), [(*i.overlap.get(number)?)?, 0.0])));
        let columns = |rows: &[[f64; 2]]| -> (Vec<f64>, Vec<f64>) { rows.iter().map(|r| (r[0], r[1])).unzip() };
        let rank = |rows: &[[f64; 2]]| {
            let (x, y): (Vec<f32>, Vec<f32>) = rows.iter().map(|r| (r[0] as f32, r[1] as f32)).unzip();
            (!x.is_empty()).then(|| spearman(&x, &y))
        };
        LabelPair {
            a: names[a].clone(),
            b: names[b].clone(),
            truth: correlation(&truths.collect::<Vec<_>>(), &|rows| {
                let (x, y) = columns(rows);
                pearson(&x, &y)
            }),
            scores: correlation(&scores.collect::<Vec<_>>(), &rank),
            evidence: correlation(&overlaps.collect::<Vec<_>>(), &|rows| crate::stats::mean(rows.iter().map(|r| r[0]))),
        }
    };
    pairs(names.len()).into_iter().enumerate().map(pair).collect()
}

/// A figure of owned rows with its interval by patient.
fn correlation(owned: &[(&str, [f64; 2])], of: &dyn Fn(&[[f64; 2]]) -> Option<f64>) -> Correlation {
    let owners: Vec<&str> = owned.iter().map(|(owner, _)| *owner).collect();
    let bootstrap = Bootstrap::new(&owners, SEED);
    let n = owned.len();
    if bootstrap.patients() < FEW {
        return Correlation { n, ..Correlation::default() };
    }
    let rows = |drawn: &[usize]| -> Vec<[f64; 2]> { drawn.iter().map(|i| owned[*i].1).collect() };
    let interval = bootstrap.interval(|drawn| of(&rows(drawn)));
    let value = of(&owned.iter().map(|(_, row)| *row).collect::<Vec<_>>());
    Correlation { value, low: interval.map(|i| i.0), high: interval.map(|i| i.1), n }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(i: usize, truth: [bool; 2], probability: [f64; 2], overlap: f64) -> LabelFacts {
        LabelFacts {
            owner: format!("p{i}"),
            truth: truth.map(Some).to_vec(),
            probability: probability.to_vec(),
            overlap: vec![Some(overlap)],
        }
    }

    #[test]
    fn labels_that_are_mixed_up_occur_together_in_scores_and_not_in_truth() {
        let images: Vec<LabelFacts> = (0..16)
            .map(|i| image(i, [i % 2 == 0, i % 4 < 2], [i as f64 / 16.0, 0.1 + i as f64 / 20.0], 0.75))
            .collect();
        let found = together(&images, &["Mass".into(), "Nodule".into()]).remove(0);
        assert_eq!((found.truth.value, found.truth.n), (Some(0.0), 16));
        assert_eq!((found.scores.value, found.evidence.value), (Some(1.0), Some(0.75)));
        assert!(found.truth.low.unwrap() < 0.0 && found.truth.high.unwrap() > 0.0);
    }

    #[test]
    fn overlap_is_pearsons_r_of_the_positive_parts() {
        let plane = |values: [f32; 4]| Plane { width: 2, height: 2, values: values.to_vec() };
        // numpy.corrcoef([0, 1, 2, 3], [0, 2, 1, 3])[0, 1]
        let r = overlap(&plane([-5.0, 1.0, 2.0, 3.0]), &plane([-1.0, 2.0, 1.0, 3.0])).unwrap();
        assert!((r - 0.8).abs() < 1e-12, "{r}");
        assert_eq!(overlap(&plane([1.0; 4]), &plane([0.0, 1.0, 0.0, 0.0])), None);
        assert_eq!(overlap(&plane([1.0; 4]), &Plane::filled(1, 1, 0.0)), None);
    }

    #[test]
    fn few_patients_unknown_truth_and_many_labels_give_nothing() {
        let images: Vec<LabelFacts> = (0..4).map(|i| image(i, [true, false], [0.1, 0.2], 0.5)).collect();
        let found = together(&images, &["A".into(), "B".into()]).remove(0);
        assert_eq!((found.scores.value, found.scores.n), (None, 4));
        let unknown: Vec<LabelFacts> = (0..8)
            .map(|i| LabelFacts { truth: vec![None, Some(true)], ..image(i, [true; 2], [0.1, 0.2], 0.5) })
            .collect();
        assert_eq!(together(&unknown, &["A".into(), "B".into()])[0].truth.n, 0);
        assert!(pairs(MOST + 1).is_empty() && pairs(3) == [(0, 1), (0, 2), (1, 2)]);
    }
}
