//! Distance to the k-th nearest image of the population, on features of length one.
//!
//! `z = x / ‖x‖`, `d(x) = ‖z − z₍ₖ₎‖`, where `z₍ₖ₎` is the k-th nearest of the kept images (Sun et
//! al., ICML 2022): no shape of the population is assumed. Of the training images a bank is kept
//! that covers them: it begins with the one nearest to the mean and takes the image farthest from
//! all that it has (Gonzalez 1985, "k-center"), so that rare kinds stay in it.

/// Which neighbour counts.
pub const NEIGHBOUR: usize = 5;

/// The kept images, of length one, in rows of `width` values.
#[derive(Clone, Debug, PartialEq)]
pub struct Bank {
    pub width: usize,
    pub rows: Vec<f32>,
}

impl Bank {
    /// At most `most` of the images, so that every other is near to one of them.
    #[must_use]
    pub fn of(rows: &[Vec<f32>], most: usize) -> Self {
        let width = rows.first().map_or(0, Vec::len);
        let units: Vec<Vec<f32>> = rows.iter().map(|r| unit(r)).collect();
        let mut mean = vec![0.0; width];
        for row in &units {
            mean.iter_mut().zip(row).for_each(|(m, v)| *m += v / units.len() as f32);
        }
        let nearest = |gaps: &[f32]| (0..gaps.len()).min_by(|&a, &b| gaps[a].total_cmp(&gaps[b]));
        let mut kept = Vec::new();
        let mut next = nearest(&units.iter().map(|u| square(u, &mean)).collect::<Vec<_>>());
        let mut gaps = vec![f32::INFINITY; units.len()];
        while let Some(chosen) = next.filter(|_| kept.len() < most.min(units.len()) * width) {
            kept.extend_from_slice(&units[chosen]);
            for (gap, row) in gaps.iter_mut().zip(&units) {
                *gap = gap.min(square(row, &units[chosen]));
            }
            next = (0..gaps.len()).max_by(|&a, &b| gaps[a].total_cmp(&gaps[b]));
        }
        Self { width, rows: kept }
    }

    /// The distance of an image's features to its k-th nearest in the bank, or to the farthest
    /// where the bank is smaller.
    #[must_use]
    pub fn distance(&self, features: &[f32]) -> f32 {
        let z = unit(features);
        let mut gaps: Vec<f32> = self.rows.chunks_exact(self.width.max(1)).map(|row| square(row, &z)).collect();
        gaps.sort_by(f32::total_cmp);
        gaps.get(NEIGHBOUR - 1).or(gaps.last()).map_or(f32::INFINITY, |gap| gap.sqrt())
    }
}

fn unit(row: &[f32]) -> Vec<f32> {
    let length = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
    row.iter().map(|v| v / length).collect()
}

fn square(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::population::golden::{assert_close, read};

    #[test]
    fn the_fifth_nearest_is_scikit_learns() {
        let golden = read();
        let bank = Bank::of(&golden.train, golden.train.len());
        let found: Vec<f32> = golden.test.iter().map(|row| bank.distance(row)).collect();
        assert_close(&found, &golden.fifth_nearest);
    }

    #[test]
    fn a_thinned_bank_covers_the_images_and_keeps_the_rare_ones() {
        // A hundred images near one direction, one far from them.
        let mut rows: Vec<Vec<f32>> = (0..100).map(|i| vec![1.0, i as f32 * 1e-4]).collect();
        rows.push(vec![0.0, 1.0]);
        let bank = Bank::of(&rows, 3);
        assert_eq!(bank.rows.len(), 6);
        assert!(bank.rows.chunks(2).any(|row| row == [0.0, 1.0]));
    }

    #[test]
    fn a_bank_of_fewer_images_than_neighbours_takes_the_farthest() {
        let bank = Bank::of(&[vec![1.0, 0.0], vec![0.0, 1.0]], 10);
        assert!((bank.distance(&[3.0, 0.0]) - 2.0_f32.sqrt()).abs() < 1e-6);
        assert_eq!(Bank { width: 2, rows: Vec::new() }.distance(&[1.0, 0.0]), f32::INFINITY);
    }
}
