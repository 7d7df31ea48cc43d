//! Temperature scaling (Guo et al., ICML 2017): one number that logits are divided by, so that
//! probabilities mean what they say. It changes no order and no call, and must be fitted on images
//! that nobody evaluates by.
//!
//! Of an image whose class is known its probability counts; where only a group is known
//! ("pneumonia"), that of the group: for exclusive classes the sum over its members that are not
//! excluded, for findings `1 − Π(1 − p)`. Images of one kind alone fit nothing, for the likelihood
//! of always the same answer has no maximum: every temperature that is more sure of it is better.

use super::predictions::{Prediction, Predictions};
use crate::model::manifest::{Head, Manifest};
use crate::model::output_head::OutputHead;

/// Why no temperature can be fitted.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unfit {
    #[error("none of the {images} images says of which class or group it is")]
    Nothing { images: usize },
    #[error(
        "all {known} images of which something is known say the same ({what}), and a temperature needs images of two kinds"
    )]
    OneKind { known: usize, what: String },
}

/// What another temperature, fitted on other images, would change.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Recalibration {
    /// The model's own temperature, and the fitted one.
    pub own: f64,
    pub fitted: f64,
    /// Mean negative log likelihood of the evaluated images at either.
    pub nll_own: f64,
    pub nll_fitted: f64,
}

/// Why there is no other temperature.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum RecalibrationError {
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("none of the evaluated images says of which class or group it is")]
    NothingKnown,
}

impl Recalibration {
    /// Fits a temperature on the `tuning` images, and compares it on `set`.
    ///
    /// # Errors
    /// Why there is no other temperature.
    pub fn of(manifest: &Manifest, set: &Predictions, tuning: &Predictions) -> Result<Self, RecalibrationError> {
        let own = f64::from(manifest.temperature);
        let groups = OutputHead::new(manifest).groups;
        let fitted = fit(tuning, &groups)?;
        let nll = |temperature| nll(set, &groups, temperature).ok_or(RecalibrationError::NothingKnown);
        Ok(Self { own, fitted, nll_own: nll(own)?, nll_fitted: nll(fitted)? })
    }
}

/// The temperature that gives the lowest `loss`, between 1/20 and 20.
///
/// Golden-section search over its logarithm, in which the likelihood has one minimum.
pub fn lowest(loss: impl Fn(f64) -> f64) -> f64 {
    let ratio = (5_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.05_f64.ln(), 20_f64.ln());
    for _ in 0..40 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if loss(a.exp()) < loss(b.exp()) {
            high = b;
        } else {
            low = a;
        }
    }
    f64::midpoint(low, high).exp()
}

/// The temperature of the lowest mean negative log likelihood of what is known of `set`; `groups`
/// are the members of its groups.
pub fn fit(set: &Predictions, groups: &[Vec<usize>]) -> Result<f64, Unfit> {
    two_kinds(set, groups)?;
    Ok(lowest(|t| nll(set, groups, t).unwrap_or(f64::INFINITY)))
}

/// Mean negative log likelihood at a temperature, nats, from the logits: of the known classes and
/// groups (softmax), or of all known answers (sigmoid).
#[must_use]
pub fn nll(set: &Predictions, groups: &[Vec<usize>], temperature: f64) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0_usize);
    for row in &set.rows {
        match set.head {
            Head::Softmax => {
                let Some(possible) = possible(row, groups) else { continue };
                let all: Vec<usize> = (0..row.logits.len()).collect();
                sum += log_sum(row, &all, temperature) - log_sum(row, &possible, temperature);
                n += 1;
            }
            Head::Sigmoid => {
                for (z, truth) in row.logits.iter().zip(&row.truth) {
                    let Some(present) = truth else { continue };
                    sum += softplus(if *present { -z } else { *z } / temperature);
                    n += 1;
                }
                for members in groups_alone(row, groups) {
                    let absent: f64 = members.iter().map(|&k| -softplus(row.logits[k] / temperature)).sum();
                    sum -= (-absent.exp_m1()).max(f64::MIN_POSITIVE).ln();
                    n += 1;
                }
            }
        }
    }
    (n > 0).then(|| sum / n as f64)
}

/// `ln Σ exp(z / temperature)` over some labels.
fn log_sum(row: &Prediction, labels: &[usize], temperature: f64) -> f64 {
    let top = labels.iter().map(|&k| row.logits[k]).fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = labels.iter().map(|&k| ((row.logits[k] - top) / temperature).exp()).sum();
    top / temperature + sum.ln()
}

/// `ln(1 + eˣ)` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The exclusive classes of which an image is known to have one: its class, or what is left of the
/// smallest group that it is in.
fn possible(row: &Prediction, groups: &[Vec<usize>]) -> Option<Vec<usize>> {
    let labels = row.logits.len();
    let open = |members: &Vec<usize>| -> Vec<usize> {
        members.iter().copied().filter(|&k| row.truth[k] != Some(false)).collect()
    };
    let of_groups = groups.iter().enumerate().filter(|(g, _)| row.truth[labels + g] == Some(true));
    let class = row.class().map(|class| vec![class]);
    class.or_else(|| of_groups.map(|(_, m)| open(m)).filter(|m| !m.is_empty()).min_by_key(Vec::len))
}

/// Groups of findings that an image has without saying which of their members.
fn groups_alone<'a>(row: &'a Prediction, groups: &'a [Vec<usize>]) -> impl Iterator<Item = &'a Vec<usize>> {
    let labels = row.logits.len();
    let alone = move |(g, members): &(usize, &Vec<usize>)| {
        row.truth[labels + g] == Some(true) && members.iter().all(|&k| row.truth[k].is_none())
    };
    groups.iter().enumerate().filter(alone).map(|(_, members)| members)
}

/// Refuses a set that says always the same.
fn two_kinds(set: &Predictions, groups: &[Vec<usize>]) -> Result<(), Unfit> {
    let name = |k: usize| set.targets[k].name.as_str();
    let (mut known, mut kinds): (usize, Vec<Vec<usize>>) = (0, Vec::new());
    let mut answers = [0_usize; 2];
    for row in &set.rows {
        match set.head {
            Head::Softmax => {
                let Some(possible) = possible(row, groups) else { continue };
                known += 1;
                if !kinds.contains(&possible) {
                    kinds.push(possible);
                }
            }
            Head::Sigmoid => {
                let labels = row.truth[..row.logits.len()].iter().flatten();
                let before = answers;
                labels.for_each(|present| answers[usize::from(*present)] += 1);
                answers[1] += groups_alone(row, groups).count();
                known += usize::from(before != answers);
            }
        }
    }
    let apart = |a: &Vec<usize>, b: &Vec<usize>| a.iter().all(|k| !b.contains(k));
    let two = match set.head {
        Head::Softmax => kinds.iter().any(|a| kinds.iter().any(|b| apart(a, b))),
        Head::Sigmoid => answers[0] > 0 && answers[1] > 0,
    };
    match (known, two) {
        (0, _) => Err(Unfit::Nothing { images: set.rows.len() }),
        (_, true) => Ok(()),
        (known, false) => {
            let of_kind = |kind: &Vec<usize>| kind.iter().map(|&k| name(k)).collect::<Vec<_>>().join(" or ");
            let what = match set.head {
                Head::Softmax => kinds.iter().max_by_key(|k| k.len()).map(of_kind).unwrap_or_default(),
                Head::Sigmoid if answers[1] > 0 => "everything present".to_owned(),
                Head::Sigmoid => "everything absent".to_owned(),
            };
            Err(Unfit::OneKind { known, what })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::predictions::tests::three;

    const GROUP: [usize; 1] = [1];

    fn groups() -> Vec<Vec<usize>> {
        vec![GROUP.to_vec()]
    }

    /// Of 100 images with odds 3 : 1, 75 are as the logits say, which claim thrice as much in
    /// logarithms.
    fn overconfident(head: Head) -> Predictions {
        let mut set = three();
        set.head = head;
        let z = 3.0 * 3.0_f64.ln();
        let sample = set.rows[0].clone();
        set.rows = (0..100)
            .map(|i| {
                let mut row = sample.clone();
                row.logits = if head == Head::Softmax { vec![z, 0.0] } else { vec![z, -z] };
                row.truth = vec![Some(i < 75), Some(i >= 75), None];
                row
            })
            .collect();
        set
    }

    #[test]
    fn the_temperature_undoes_a_known_sharpening() {
        for head in [Head::Softmax, Head::Sigmoid] {
            let temperature = fit(&overconfident(head), &groups()).unwrap();
            assert!((temperature - 3.0).abs() < 1e-3, "{head:?}: {temperature}");
        }
    }

    #[test]
    fn where_only_a_group_is_known_its_probability_counts() {
        let mut set = overconfident(Head::Softmax);
        // The third label is improbable, so that the group of the last two is as good as the
        // second.
        set.targets.insert(2, crate::evaluation::predictions::Target { name: "Other".into(), group: false });
        for row in &mut set.rows {
            row.logits.push(-80.0);
            let normal = row.truth[0] == Some(true);
            row.truth = vec![
                Some(normal),
                if normal { Some(false) } else { None },
                if normal { Some(false) } else { None },
                Some(!normal),
            ];
        }
        let temperature = fit(&set, &[vec![1, 2]]).unwrap();
        assert!((temperature - 3.0).abs() < 1e-3, "{temperature}");
        let row = &set.rows[99];
        let p = 1.0 - 1.0 / (1.0 + (-row.logits[0]).exp() + (-80.0 - row.logits[0]).exp());
        let one = Predictions { rows: vec![row.clone()], ..set.clone() };
        assert!((nll(&one, &[vec![1, 2]], 1.0).unwrap() + p.ln()).abs() < 1e-9);
    }

    #[test]
    fn a_group_of_findings_without_its_members_counts_as_at_least_one_of_them() {
        let mut set = overconfident(Head::Sigmoid);
        set.rows.truncate(1);
        set.rows[0].logits = vec![0.4, -0.3];
        set.rows[0].truth = vec![None, None, Some(true)];
        let p = |z: f64| 1.0 / (1.0 + (-z / 2.0).exp());
        let both = 1.0 - (1.0 - p(0.4)) * (1.0 - p(-0.3));
        assert!((nll(&set, &[vec![0, 1]], 2.0).unwrap() + both.ln()).abs() < 1e-12);
    }

    #[test]
    fn the_likelihood_is_that_of_the_probabilities() {
        let set = three();
        // Of the third image the group alone is known, which has one member here.
        let expected = -(0.9_f64.ln() + 0.8_f64.ln() + 0.4_f64.ln()) / 3.0;
        assert!((nll(&set, &groups(), 1.0).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn images_of_one_kind_fit_no_temperature() {
        let mut set = overconfident(Head::Softmax);
        set.rows.truncate(75);
        let said = fit(&set, &groups()).unwrap_err().to_string();
        assert!(said.contains("all 75 images") && said.contains("(Normal)"), "{said}");
        let mut set = overconfident(Head::Sigmoid);
        set.rows.iter_mut().for_each(|r| r.truth = vec![Some(false), Some(false), Some(false)]);
        assert!(matches!(fit(&set, &groups()), Err(Unfit::OneKind { known: 100, .. })));
        set.rows.iter_mut().for_each(|r| r.truth = vec![None; 3]);
        assert_eq!(fit(&set, &groups()), Err(Unfit::Nothing { images: 100 }));
    }
}
