//! The measures that a detector may hold, fitted to the population.

use super::images::{Member, MemberParts, Others};
use super::network;
use super::network::FittingSchedule;
use crate::evaluation::roc;
use crate::model::Model;
use crate::model::population::covariance::{CovarianceError, Gaussian};
use crate::model::population::detector::{Fitted, Measure, Scaled};
use crate::model::population::features;
use crate::model::population::neighbours::Bank;
use crate::model::population::vim::{LastLayer, VirtualLogit};
use crate::training::event::Observer;
use crate::training::gate::small_image::SmallImage;
use crate::training::{Error, Result};

/// Values that a bank of images may hold: 200 KB of them in half precision.
const BANK: usize = 100_000;
/// Longest vector in front of the last layer whose principal directions are sought.
const DEEPEST: usize = 1_024;

/// A measure that was fitted, with its tensors' names, shapes and values.
pub struct Candidate {
    pub measure: Measure,
    pub fitted: Fitted,
    pub tensors: Vec<(String, Vec<usize>, Vec<f32>)>,
}

impl Candidate {
    /// Raw distances of some images.
    pub fn distances(&self, members: &[Member]) -> Result<Vec<f64>> {
        let distance = |m: &Member| Ok(f64::from(self.fitted.distance(&m.features, &m.image.plane())?));
        members.iter().map(distance).collect()
    }

    /// The measure that is taken where there are no others to choose by.
    pub fn is_default(&self) -> bool {
        self.measure == Measure::Mahalanobis
    }

    /// The measure with its middle, and its edge so that `share` of images like `edge` lie within.
    pub fn scaled(&self, edge: &[Member], share: f64) -> Result<Scaled> {
        let mut distances = self.distances(edge)?;
        distances.sort_by(f64::total_cmp);
        let middle = distances[distances.len() / 2] as f32;
        // The ⌈(n + 1) · share⌉-th smallest, as of a conformal set; the farthest image where there
        // are too few for it.
        let rank = ((distances.len() + 1) as f64 * share - 1e-9).ceil() as usize;
        let edge = distances[rank.clamp(1, distances.len()) - 1] as f32;
        if middle.is_finite() && edge.is_finite() && middle < edge {
            return Ok(Scaled { measure: self.measure.clone(), middle, edge });
        }
        Err(Error::Data("the images are all alike, so nothing can be said of how far others lie from them".into()))
    }
}

/// The last layer of the model, where its features are few enough.
pub(super) fn last_layer(model: &Model, own: &MemberParts) -> Result<Option<LastLayer>> {
    let width = own.fit.first().map_or(0, |m| m.features.penultimate.len());
    if width > DEEPEST {
        return Ok(None);
    }
    Ok(features::last_layer(&model.network, width, &model.device)?)
}

/// The distances in the classifier's own features; those that cannot be fitted are left out, but
/// for the first.
pub(super) fn distances(own: &MemberParts, layer: Option<&LastLayer>) -> Result<Vec<Candidate>> {
    let pooled: Vec<Vec<f32>> = own.fit.iter().map(|m| m.features.pooled.clone()).collect();
    let refuse = |e: CovarianceError| Error::Data(format!("no population detector can be fitted: {e}"));
    let gaussian = Gaussian::of(&pooled).map_err(refuse)?;
    let width = gaussian.mean.len();
    let mut all = vec![Candidate {
        measure: Measure::Mahalanobis,
        tensors: vec![
            ("mahalanobis.mean".into(), vec![1, width], gaussian.mean.clone()),
            ("mahalanobis.whitening".into(), vec![1, gaussian.whitening.len()], gaussian.whitening.clone()),
        ],
        fitted: Fitted::Mahalanobis(gaussian),
    }];
    let bank = Bank::of(&pooled, BANK / width.max(1));
    let images = bank.rows.len() / width.max(1);
    all.push(Candidate {
        measure: Measure::Neighbours { images },
        tensors: vec![("neighbours.bank".into(), vec![images, width], bank.rows.clone())],
        fitted: Fitted::Neighbours(bank),
    });
    if let Some(layer) = layer {
        let deep: Vec<Vec<f32>> = own.fit.iter().map(|m| m.features.penultimate.clone()).collect();
        let logits: Vec<Vec<f32>> = own.fit.iter().map(|m| m.features.logits.clone()).collect();
        if let Ok(vim) = VirtualLogit::of(&deep, &logits, layer) {
            let width = vim.origin.len();
            all.push(Candidate {
                measure: Measure::VirtualLogit,
                tensors: vec![
                    ("vim.origin".into(), vec![1, width], vim.origin.clone()),
                    ("vim.directions".into(), vec![vim.directions.len() / width, width], vim.directions.clone()),
                    ("vim.scale".into(), vec![1, 1], vec![vim.scale]),
                ],
                fitted: Fitted::VirtualLogit(vim),
            });
        }
    }
    Ok(all)
}

/// The network that has seen others.
pub(super) fn lookalikes(
    own: &MemberParts,
    shown: &[&Member],
    schedule: FittingSchedule,
    observer: Observer<'_>,
) -> Result<Candidate> {
    let own: Vec<&SmallImage> = own.fit.iter().map(|m| &m.image).collect();
    let shown: Vec<&SmallImage> = shown.iter().map(|m| &m.image).collect();
    let trained = network::train(&own, &shown, schedule, observer)?;
    Ok(Candidate {
        measure: Measure::Lookalikes { side: network::SIDE, architecture: Box::new(network::architecture()) },
        fitted: Fitted::Lookalikes(trained.lookalikes),
        tensors: trained.tensors,
    })
}

/// Number of the distance that tells others from the population best, by the mean area under its
/// ROC curves over the kinds of others. Images of the edge parts decide, so that those of the test
/// parts do not.
pub(super) fn best(tried: &[Candidate], own: &MemberParts, others: &[Others]) -> usize {
    let area = |candidate: &Candidate| {
        let inside = candidate.distances(&own.edge).ok()?;
        let kinds = others.iter().filter(|o| !o.parts.edge.is_empty());
        let areas: Option<Vec<f64>> =
            kinds.map(|o| area_between(&inside, &candidate.distances(&o.parts.edge).ok()?)).collect();
        let areas = areas.filter(|a| !a.is_empty())?;
        Some(areas.iter().sum::<f64>() / areas.len() as f64)
    };
    let areas: Vec<f64> = tried.iter().map(|c| area(c).unwrap_or(0.0)).collect();
    // The first of equals, which is the default.
    (0..areas.len()).rev().max_by(|&a, &b| areas[a].total_cmp(&areas[b])).unwrap_or(0)
}

/// Area under the ROC curve of distances that should be low inside and high outside.
pub(super) fn area_between(inside: &[f64], outside: &[f64]) -> Option<f64> {
    let scores: Vec<f64> = inside.iter().chain(outside).copied().collect();
    let positive: Vec<bool> = (0..scores.len()).map(|i| i >= inside.len()).collect();
    roc::auroc(&scores, &positive)
}
