//! Mahalanobis distance with a shrunk covariance: how many deviations an image's features lie from
//! the population's mean.
//!
//! `d(x)² = (x − μ)ᵀ Σ⁻¹ (x − μ)` (Lee et al., NeurIPS 2018, with one class). The sample covariance
//! `S` of `n` images in `p` features is singular or nearly so when `n` is not much larger than `p`;
//! it is drawn towards a multiple of the identity, `Σ = (1 − s) S + s · tr(S)/p · I`, by the share
//! `s` that lowers the expected squared error most (Ledoit and Wolf, J. Multivariate Analysis 88,
//! 2004; numbers as in scikit-learn's `ledoit_wolf`). Kept is `L⁻¹` of the Cholesky factor
//! `Σ = L Lᵀ`, so that the distance is the length of `L⁻¹ (x − μ)` and never the root of a negative
//! number.

use nalgebra::{DMatrix, DVector};

/// Why no covariance can be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CovarianceError {
    #[error("a covariance needs two images at least, and there are {0}")]
    TooFew(usize),
    #[error("the features of the images do not vary, or are not finite")]
    Singular,
}

/// Mean and inverse Cholesky factor of a population's features.
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian {
    pub mean: Vec<f32>,
    /// `L⁻¹` row by row, without the zeros above its diagonal.
    pub whitening: Vec<f32>,
}

/// Values of a lower triangle of `side` rows.
pub fn triangle(side: usize) -> usize {
    side * (side + 1) / 2
}

impl Gaussian {
    /// Of rows of features, one an image.
    ///
    /// # Errors
    /// When there are fewer than two rows, or they do not vary.
    pub fn of(rows: &[Vec<f32>]) -> Result<Self, CovarianceError> {
        let (mean, covariance, _) = shrunk(rows)?;
        let p = mean.len();
        let factor = covariance.cholesky().ok_or(CovarianceError::Singular)?.l();
        let inverse = factor.solve_lower_triangular(&DMatrix::identity(p, p)).ok_or(CovarianceError::Singular)?;
        let whitening: Vec<f32> =
            (0..p).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|at| inverse[at] as f32).collect();
        let mean: Vec<f32> = mean.iter().map(|m| *m as f32).collect();
        if whitening.iter().chain(&mean).all(|v| v.is_finite()) {
            Ok(Self { mean, whitening })
        } else {
            Err(CovarianceError::Singular)
        }
    }

    /// The Mahalanobis distance of an image's features.
    #[must_use]
    pub fn distance(&self, features: &[f32]) -> f32 {
        let shifted: Vec<f64> = features.iter().zip(&self.mean).map(|(f, m)| f64::from(f - m)).collect();
        let mut square = 0.0;
        let mut row = 0;
        for i in 0..shifted.len() {
            let part: f64 = self.whitening[row..=row + i].iter().zip(&shifted).map(|(w, d)| f64::from(*w) * d).sum();
            square += part * part;
            row += i + 1;
        }
        square.sqrt() as f32
    }
}

/// Mean, Ledoit–Wolf covariance and the share by which it is drawn towards the identity.
pub(super) fn shrunk(rows: &[Vec<f32>]) -> Result<(DVector<f64>, DMatrix<f64>, f64), CovarianceError> {
    let (n, p) = (rows.len(), rows.first().map_or(0, Vec::len));
    if n < 2 || p == 0 {
        return Err(CovarianceError::TooFew(n));
    }
    let mut x = DMatrix::from_fn(n, p, |i, j| f64::from(rows[i][j]));
    let mean = x.row_mean().transpose();
    for mut row in x.row_iter_mut() {
        row -= mean.transpose();
    }
    let count = n as f64;
    let sample = x.tr_mul(&x) / count;
    let level = sample.trace() / p as f64;
    if !(level > 0.0 && level.is_finite()) {
        return Err(CovarianceError::Singular);
    }
    // ‖S − m I‖² and the mean of ‖x xᵀ − S‖²/n over the images, both divided by p.
    let spread = (sample.norm_squared() - level * level * p as f64) / p as f64;
    let fourth: f64 = x.row_iter().map(|row| row.norm_squared().powi(2)).sum();
    let error = ((fourth / count - sample.norm_squared()) / (count * p as f64)).min(spread);
    let share = if error > 0.0 { error / spread } else { 0.0 };
    let covariance = sample * (1.0 - share) + DMatrix::identity(p, p) * (share * level);
    Ok((mean, covariance, share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::population::golden::{assert_close, read};

    #[test]
    fn the_share_and_the_distances_are_scikit_learns() {
        let golden = read();
        let (.., share) = shrunk(&golden.train).unwrap();
        assert!((share - golden.shrinkage).abs() < 1e-6, "{share} {}", golden.shrinkage);
        let gaussian = Gaussian::of(&golden.train).unwrap();
        let found: Vec<f32> = golden.test.iter().map(|row| gaussian.distance(row)).collect();
        assert_close(&found, &golden.mahalanobis);
    }

    #[test]
    fn the_mean_lies_at_no_distance_and_distance_grows_along_every_ray() {
        let golden = read();
        let gaussian = Gaussian::of(&golden.train).unwrap();
        assert!(gaussian.distance(&gaussian.mean) < 1e-6);
        for row in &golden.test {
            let at = |t: f32| -> f32 {
                let point: Vec<f32> = row.iter().zip(&gaussian.mean).map(|(r, m)| m + t * (r - m)).collect();
                gaussian.distance(&point)
            };
            assert!((1..8).all(|i| at(i as f32) < at(i as f32 + 1.0)));
        }
    }

    #[test]
    fn more_features_than_images_still_have_distances() {
        let rows: Vec<Vec<f32>> = (0..5).map(|i| (0..30).map(|j| ((i * 7 + j * 3) % 11) as f32).collect()).collect();
        assert!(Gaussian::of(&rows).unwrap().distance(&[100.0; 30]).is_finite());
    }

    #[test]
    fn images_that_are_all_alike_or_damaged_have_none() {
        assert_eq!(Gaussian::of(&[vec![1.0; 3]]).unwrap_err(), CovarianceError::TooFew(1));
        assert_eq!(Gaussian::of(&vec![vec![1.0; 3]; 9]).unwrap_err(), CovarianceError::Singular);
        assert_eq!(Gaussian::of(&[vec![f32::NAN], vec![1.0]]).unwrap_err(), CovarianceError::Singular);
    }
}
