//! How well each measure, and the detector as it was made, tells the population from others: on
//! images that decided nothing.
//!
//! AUROC: the chance that an image of others lies farther out than one of the population. FPR at 95
//! % TPR: the share of others that are taken for the population's at the distance that keeps 95 %
//! of its images inside. Intervals by bootstrap over patients.

use super::candidates::{Candidate, area_between};
use super::images::{Member, MemberParts, Others, patients};
use crate::evaluation::bootstrap::{Bootstrap, Estimate};
use crate::model::population::detector::Detector;
use crate::training::Result;

/// Seed of the resamples.
const SEED: u64 = 7;

/// A measure, or the detector, against one kind of others.
#[derive(Clone, Debug)]
pub struct SeparationRow {
    pub measure: String,
    pub others: String,
    pub images: usize,
    pub patients: usize,
    pub auroc: Estimate,
    /// Share of others inside where 95 % of the population's are.
    pub fpr: Estimate,
    /// Distances of the population's images and of the others', for a curve.
    pub inside: Vec<f64>,
    pub outside: Vec<f64>,
}

/// All metrics of a detector that was made.
#[derive(Clone, Debug, Default)]
pub struct DetectorMetrics {
    pub rows: Vec<SeparationRow>,
    /// Share of the population's test images that the detector calls inside, with their number and
    /// that of their patients.
    pub kept: Estimate,
    pub images: usize,
    pub patients: usize,
    /// Share of each kind of others that it calls outside.
    pub caught: Vec<(String, Estimate)>,
}

impl DetectorMetrics {
    /// Of all that was tried and of the detector.
    pub fn of(
        tried: &[Candidate],
        detector: &Detector,
        own: &MemberParts,
        others: &[Others],
        share: f64,
    ) -> Result<Self> {
        let tested: Vec<&Others> = others.iter().filter(|o| !o.parts.test.is_empty()).collect();
        let look = |members: &[Member]| -> Result<Vec<f64>> {
            let far = |m: &Member| Ok(f64::from(detector.look(&m.features, &m.image.plane())?.distance));
            members.iter().map(far).collect()
        };
        let mut metrics = Self { images: own.test.len(), patients: patients(&own.test), ..Self::default() };
        let inside = look(&own.test)?;
        metrics.kept = self::share(&own.test, &inside, |d| d <= 1.0);
        for candidate in tried {
            let inside = candidate.distances(&own.test)?;
            for other in &tested {
                let outside = candidate.distances(&other.parts.test)?;
                metrics.rows.push(row(candidate.measure.name(), own, other, inside.clone(), outside, share));
            }
        }
        for other in &tested {
            let outside = look(&other.parts.test)?;
            metrics.caught.push((other.name.clone(), self::share(&other.parts.test, &outside, |d| d > 1.0)));
            metrics.rows.push(row("the detector", own, other, inside.clone(), outside, share));
        }
        Ok(metrics)
    }
}

fn row(
    measure: &str,
    own: &MemberParts,
    other: &Others,
    inside: Vec<f64>,
    outside: Vec<f64>,
    share: f64,
) -> SeparationRow {
    let all: Vec<&Member> = own.test.iter().chain(&other.parts.test).collect();
    let distances: Vec<f64> = inside.iter().chain(&outside).copied().collect();
    let split = inside.len();
    let apart = |drawn: &[usize]| -> (Vec<f64>, Vec<f64>) {
        let of = |inside: bool| drawn.iter().filter(|&&i| (i < split) == inside).map(|&i| distances[i]).collect();
        (of(true), of(false))
    };
    let both = |drawn: &[usize]| {
        let (inside, outside) = apart(drawn);
        vec![area_between(&inside, &outside), false_inside(&inside, &outside, share)]
    };
    let bootstrap = Bootstrap::new(&all.iter().map(|m| m.patient.as_str()).collect::<Vec<_>>(), SEED);
    let values = both(&(0..distances.len()).collect::<Vec<_>>());
    let intervals = bootstrap.intervals(both);
    let estimate = |i: usize| {
        let (low, high) = intervals.get(i).copied().flatten().unzip();
        Estimate(values[i], low, high)
    };
    SeparationRow {
        measure: measure.to_owned(),
        others: other.name.clone(),
        images: other.parts.test.len(),
        patients: patients(&other.parts.test),
        auroc: estimate(0),
        fpr: estimate(1),
        inside,
        outside,
    }
}

/// Share of `outside` that lies no farther than the nearest `share` of `inside`.
fn false_inside(inside: &[f64], outside: &[f64], share: f64) -> Option<f64> {
    let mut sorted = inside.to_vec();
    sorted.sort_by(f64::total_cmp);
    let edge = sorted.get((sorted.len() as f64 * share).ceil().max(1.0) as usize - 1)?;
    let within = outside.iter().filter(|d| *d <= edge).count();
    (!outside.is_empty()).then(|| within as f64 / outside.len() as f64)
}

/// Share of images of which something holds, over patients.
fn share(members: &[Member], distances: &[f64], holds: fn(f64) -> bool) -> Estimate {
    let bootstrap = Bootstrap::new(&members.iter().map(|m| m.patient.as_str()).collect::<Vec<_>>(), SEED);
    let values: Vec<f64> = distances.iter().map(|d| f64::from(u8::from(holds(*d)))).collect();
    if values.is_empty() {
        return Estimate::default();
    }
    let mean = bootstrap.mean(&values);
    Estimate(Some(mean.mean), mean.low, mean.high)
}
