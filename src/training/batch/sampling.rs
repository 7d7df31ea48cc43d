//! Which images an epoch shows: each once, or drawn with replacement so that rare classes come as
//! often as common ones.
//!
//! The draw is by the seed and the epoch, so that a resumed run repeats it.

use rand::Rng;
use rand::seq::SliceRandom;

use crate::training::config::EpochSampling;
use crate::training::data::truth;
use crate::training::random::{Purpose, stream};

/// The images of `epoch` in their order; `truth` is that of all images, `indices` those that may be
/// shown.
pub(super) fn order(kind: EpochSampling, indices: &[usize], truth: &[Vec<f32>], seed: u64, epoch: usize) -> Vec<usize> {
    let mut rng = stream(seed, Purpose::Order, epoch, 0);
    match kind {
        EpochSampling::Once => {
            let mut order = indices.to_vec();
            order.shuffle(&mut rng);
            order
        }
        EpochSampling::Weighted => {
            let weights = weights(indices, truth);
            let sums: Vec<f64> = weights
                .iter()
                .scan(0.0, |sum, w| {
                    *sum += w;
                    Some(*sum)
                })
                .collect();
            let Some(&total) = sums.last() else { return Vec::new() };
            let draw = |_| {
                let at = rng.random::<f64>() * total;
                indices[sums.partition_point(|s| *s <= at).min(indices.len() - 1)]
            };
            (0..indices.len()).map(draw).collect()
        }
    }
}

/// Weight of each image: the inverse frequency of its rarest finding. Images without any finding
/// count as a class.
pub(super) fn weights(indices: &[usize], truth: &[Vec<f32>]) -> Vec<f64> {
    let labels = indices.first().map_or(0, |&i| truth[i].len());
    let mut counts = vec![0_usize; labels + 1];
    for &i in indices {
        truth::present(&truth[i]).for_each(|k| counts[k] += 1);
        counts[labels] += usize::from(truth::present(&truth[i]).next().is_none());
    }
    let of = |&i: &usize| {
        let rarest = truth::present(&truth[i]).map(|k| counts[k]).min();
        1.0 / rarest.unwrap_or(counts[labels]).max(1) as f64
    };
    indices.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::truth::one_hot;

    fn truths() -> Vec<Vec<f32>> {
        (0..1000).map(|i| one_hot(usize::from(i % 10 == 0), 2)).collect()
    }

    #[test]
    fn weighted_epochs_show_rare_classes_as_often_as_common_ones() {
        let (truths, indices) = (truths(), (0..1000).collect::<Vec<_>>());
        let drawn: Vec<usize> =
            (0..20).flat_map(|epoch| order(EpochSampling::Weighted, &indices, &truths, 5, epoch)).collect();
        let rare = drawn.iter().filter(|&&i| truths[i][1] == 1.0).count() as f64 / drawn.len() as f64;
        // 20,000 draws of a half: the standard deviation is 0.0035.
        assert!((rare - 0.5).abs() < 0.015, "{rare}");
    }

    #[test]
    fn a_draw_is_repeated_by_seed_and_epoch_and_by_nothing_else() {
        let (truths, indices) = (truths(), (0..1000).collect::<Vec<_>>());
        let draw = |seed, epoch| order(EpochSampling::Weighted, &indices, &truths, seed, epoch);
        assert_eq!(draw(5, 1), draw(5, 1));
        assert_ne!(draw(5, 1), draw(5, 2));
        assert_ne!(draw(5, 1), draw(6, 1));
    }

    #[test]
    fn an_image_weighs_as_its_rarest_finding_and_no_finding_is_a_class() {
        let truths = vec![vec![1.0, 0.0], vec![1.0, 1.0], vec![1.0, f32::NAN], vec![0.0, 0.0]];
        assert_eq!(weights(&[0, 1, 2, 3], &truths), [1.0 / 3.0, 1.0, 1.0 / 3.0, 1.0]);
    }
}
