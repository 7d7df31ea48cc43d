//! The network on images that it did not learn from: logits, and the metrics made of them.

use candle_core::Device;

use super::features::Features;
use super::{features, unfreezing};
use crate::evaluation::confusion::{argmax, mean};
use crate::evaluation::roc;
use crate::model::manifest::Head;
use crate::model::output_head;
use crate::network::{Mode, Network};
use crate::training::Result;
use crate::training::batch::recipe::BatchRecipe;
use crate::training::config::Config;
use crate::training::data::truth;
use crate::training::optim::loss::Objective;

/// Images of one forward pass.
const BATCH: usize = 32;

/// Logits of some images with their truth.
#[derive(Clone, Debug)]
pub(super) struct Scores {
    pub head: Head,
    pub logits: Vec<Vec<f32>>,
    /// Truth of each image, one value a label: see [`crate::training::data::truth`].
    pub truth: Vec<Vec<f32>>,
}

/// Runs the network on the images `indices` without augmentation.
pub(super) fn score(
    network: &Network,
    recipe: &BatchRecipe,
    indices: &[usize],
    head: Head,
    device: &Device,
) -> Result<Scores> {
    let mut scores = Scores { head, logits: Vec::new(), truth: Vec::new() };
    for members in indices.chunks(BATCH) {
        let x = recipe.tensor(recipe.plain(members), members.len(), device)?;
        let logits = network.forward(&x, Mode::Inference)?.detach();
        scores.logits.extend(logits.to_vec2::<f32>()?);
        scores.truth.extend(members.iter().map(|&i| recipe.truth[i].clone()));
    }
    Ok(scores)
}

/// The same from the features of the images.
pub(super) fn score_features(
    network: &Network,
    kept: &Features,
    recipe: &BatchRecipe,
    indices: &[usize],
    head: Head,
    device: &Device,
) -> Result<Scores> {
    let mut scores = Scores { head, logits: Vec::new(), truth: Vec::new() };
    for members in indices.chunks(BATCH) {
        let x = features::tensor(kept.plain(members), members.len(), device)?;
        let logits = network.forward_range(kept.frozen..network.stages.len(), &x, Mode::Inference)?.detach();
        scores.logits.extend(logits.to_vec2::<f32>()?);
        scores.truth.extend(members.iter().map(|&i| recipe.truth[i].clone()));
    }
    Ok(scores)
}

/// Sets the running statistics of batch norm to those of plain images, batch by batch ("precise
/// BN", Wu and Johnson 2021).
///
/// Statistics gathered under augmentation and along the way of the weights fit neither plain images
/// nor averaged weights: in a trial on chest radiographs they cost 0.2 of cross entropy and called
/// twice as many images normal. The first `frozen` stages keep theirs.
pub(super) fn settle_norms(
    network: &Network,
    frozen: usize,
    recipe: &BatchRecipe,
    batches: &[Vec<usize>],
    device: &Device,
) -> candle_core::Result<()> {
    for members in batches {
        let x = recipe.tensor(recipe.plain(members), members.len(), device)?;
        let x = unfreezing::run_frozen(network, frozen, &x)?;
        network.forward_range(frozen..network.stages.len(), &x, Mode::Training { seed: 0 })?;
    }
    Ok(())
}

impl Scores {
    /// Probabilities of the labels after division by `temperature`.
    pub(super) fn probabilities(&self, temperature: f64) -> Vec<Vec<f64>> {
        self.logits.iter().map(|z| output_head::probabilities(self.head, z, temperature)).collect()
    }

    /// Mean negative log likelihood, from the logits: no probability is ever rounded to nought.
    pub(super) fn loss(&self, temperature: f64) -> f64 {
        let labels = self.logits.first().map_or(1, Vec::len);
        let objective =
            Objective { head: self.head, weights: vec![1.0; labels], smoothing: 0.0, focus: 0.0, balance: None };
        let cool: Vec<f32> = self.logits.iter().flatten().map(|z| (f64::from(*z) / temperature) as f32).collect();
        objective.evaluate(&cool, &self.truth.concat()).0
    }

    /// What the truth says to the question whether any of the labels `members` is present; `None`
    /// where it is unknown.
    pub(super) fn answers(&self, members: &[usize]) -> Vec<Option<bool>> {
        let answer = |truth: &Vec<f32>| {
            let mut asked = members.iter().map(|&k| truth[k]);
            if asked.clone().any(|q| q > 0.5) {
                Some(true)
            } else if asked.any(f32::is_nan) {
                None
            } else {
                Some(false)
            }
        };
        self.truth.iter().map(answer).collect()
    }

    /// Area under the ROC curve of the question whether any of `members` is present, over the
    /// images that know.
    pub(super) fn auroc(&self, members: &[usize]) -> Option<f64> {
        let values = self.probabilities(1.0).into_iter().map(|p| output_head::group(self.head, &p, members));
        let (values, positive): (Vec<f64>, Vec<bool>) =
            values.zip(self.answers(members)).filter_map(|(v, y)| Some((v, y?))).unzip();
        roc::auroc(&values, &positive)
    }

    /// Mean over the images that know anything of the share that is called rightly, as
    /// [`Prediction::right`](crate::evaluation::predictions::Prediction::right) has it; findings,
    /// which have no thresholds yet, are decided at 0.5.
    pub(super) fn accuracy(&self) -> f64 {
        let of_image = |(p, truth): (Vec<f64>, &Vec<f32>)| match self.head {
            Head::Softmax => truth::class(truth).map(|k| f64::from(u8::from(argmax(&p) == k))),
            Head::Sigmoid => {
                let known = p.iter().zip(truth).filter(|(_, q)| !q.is_nan());
                mean(known.map(|(p, q)| Some(f64::from(u8::from((*p >= 0.5) == (*q > 0.5))))))
            }
        };
        mean(self.probabilities(1.0).into_iter().zip(&self.truth).map(of_image)).unwrap_or(0.0)
    }
}

/// A label or a group as a yes-or-no question: its name and the labels that mean yes.
pub(super) fn targets(config: &Config) -> Vec<(String, Vec<usize>)> {
    let labels = config.labels.iter().enumerate().map(|(i, l)| (l.name.clone(), vec![i]));
    let groups = config.groups.iter().map(|g| {
        let members = g.members.iter().filter_map(|m| config.label_index(m)).collect();
        (g.name.clone(), members)
    });
    labels.chain(groups).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Scores {
        let unknown = f32::NAN;
        Scores {
            head: Head::Sigmoid,
            logits: vec![vec![2.0, -1.0], vec![-2.0, 1.0], vec![1.0, 3.0]],
            truth: vec![vec![1.0, unknown], vec![0.0, 0.0], vec![unknown, 1.0]],
        }
    }

    #[test]
    fn unknown_findings_take_no_part_in_any_figure() {
        let scores = findings();
        assert_eq!(scores.answers(&[0]), [Some(true), Some(false), None]);
        assert_eq!(scores.answers(&[0, 1]), [Some(true), Some(false), Some(true)]);
        assert!((scores.accuracy() - (1.0 + 0.5 + 1.0) / 3.0).abs() < 1e-12);
        assert_eq!(scores.auroc(&[1]), Some(1.0));
        let known: f64 = [2.0_f64, 2.0, 3.0].iter().map(|z| (-z).exp().ln_1p()).sum::<f64>() + 1_f64.exp().ln_1p();
        assert!((scores.loss(1.0) - known / 4.0).abs() < 1e-6);
    }
}
