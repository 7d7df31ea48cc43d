//! Virtual-logit matching (Wang et al., CVPR 2022): how much of an image's features the
//! population's main directions leave over, set against what the classifier says.
//!
//! Features `x` in front of the last layer, whose logits are `l(x) = W x + b`, are centred on
//! `o = −W⁺ b`, where all logits vanish. Of the training images' features the `D` principal
//! directions `R` hold the most; the rest of an image, `r(x) = ‖(x − o) − R Rᵀ (x − o)‖`, becomes a
//! further, virtual logit `α r(x)` with `α` so that it is on average as large as the largest true
//! one. The score is its share in the softmax; here its logarithm against the rest, which ranks the
//! same and does not saturate: `d(x) = α r(x) − log Σₖ exp lₖ(x)`.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::covariance::CovarianceError;

/// Origin, principal directions and scale of the virtual logit.
#[derive(Clone, Debug, PartialEq)]
pub struct VirtualLogit {
    pub origin: Vec<f32>,
    /// Orthonormal rows of the origin's length.
    pub directions: Vec<f32>,
    pub scale: f32,
}

/// The last layer: logits are `weight · features + bias`, one row of weights a logit.
#[derive(Clone, Debug, PartialEq)]
pub struct LastLayer {
    pub weight: Vec<Vec<f32>>,
    pub bias: Vec<f32>,
}

impl LastLayer {
    /// The features at which every logit vanishes, the shortest ones: `−W⁺ b`.
    fn origin(&self) -> Option<DVector<f64>> {
        let columns = self.weight.first()?.len();
        let weight = DMatrix::from_fn(self.weight.len(), columns, |i, j| f64::from(self.weight[i][j]));
        let inverse = weight.pseudo_inverse(1e-9).ok()?;
        Some(-(inverse * DVector::from_iterator(self.bias.len(), self.bias.iter().map(|b| f64::from(*b)))))
    }
}

/// Principal directions that are kept of `width` features: the authors keep about half of a
/// thousand, and a quarter of few.
pub fn kept_directions(width: usize) -> usize {
    (width / 4).max(1)
}

impl VirtualLogit {
    /// Of rows of features with their logits, one an image.
    ///
    /// # Errors
    /// When there are too few images, or they do not vary.
    pub fn of(rows: &[Vec<f32>], logits: &[Vec<f32>], layer: &LastLayer) -> Result<Self, CovarianceError> {
        let (n, p) = (rows.len(), rows.first().map_or(0, Vec::len));
        if n < 2 || p < 2 {
            return Err(CovarianceError::TooFew(n));
        }
        let origin = layer.origin().filter(|o| o.len() == p).ok_or(CovarianceError::Singular)?;
        let centred = DMatrix::from_fn(n, p, |i, j| f64::from(rows[i][j]) - origin[j]);
        let eigen = SymmetricEigen::new(centred.tr_mul(&centred) / n as f64);
        let mut order: Vec<usize> = (0..p).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        let directions: Vec<f32> = order[..kept_directions(p)]
            .iter()
            .flat_map(|&k| eigen.eigenvectors.column(k).iter().map(|v| *v as f32).collect::<Vec<_>>())
            .collect();
        let origin = origin.iter().map(|v| *v as f32).collect();
        let mut made = Self { origin, directions, scale: 1.0 };
        let highest: f64 = logits.iter().map(|l| f64::from(l.iter().copied().fold(f32::NEG_INFINITY, f32::max))).sum();
        let rest: f64 = rows.iter().map(|row| made.rest(row)).sum();
        made.scale = (highest / rest) as f32;
        if made.scale.is_finite() && made.scale > 0.0 { Ok(made) } else { Err(CovarianceError::Singular) }
    }

    /// What the principal directions leave over of an image's features.
    fn rest(&self, features: &[f32]) -> f64 {
        let centred: Vec<f64> = features.iter().zip(&self.origin).map(|(f, o)| f64::from(f - o)).collect();
        let whole: f64 = centred.iter().map(|v| v * v).sum();
        let within = self
            .directions
            .chunks_exact(centred.len().max(1))
            .map(|direction| direction.iter().zip(&centred).map(|(d, c)| f64::from(*d) * c).sum::<f64>().powi(2));
        (whole - within.sum::<f64>()).max(0.0).sqrt()
    }

    /// The virtual logit against all others.
    #[must_use]
    pub fn distance(&self, features: &[f32], logits: &[f32]) -> f32 {
        let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let others = f64::from(top) + logits.iter().map(|l| f64::from(l - top).exp()).sum::<f64>().ln();
        (f64::from(self.scale) * self.rest(features) - others) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::population::golden::{assert_close, read};

    #[test]
    fn the_scale_and_the_scores_are_those_of_the_authors_formula() {
        let golden = read();
        let layer = LastLayer { weight: golden.weight, bias: golden.bias };
        let vim = VirtualLogit::of(&golden.train, &golden.train_logits, &layer).unwrap();
        assert_close(&[vim.scale], &[golden.alpha]);
        let found: Vec<f32> =
            golden.test.iter().zip(&golden.test_logits).map(|(row, logits)| vim.distance(row, logits)).collect();
        assert_close(&found, &golden.vim);
    }

    #[test]
    fn a_sure_classifier_draws_an_image_in_and_a_stranger_direction_drives_it_out() {
        let vim = VirtualLogit { origin: vec![0.0; 3], directions: vec![1.0, 0.0, 0.0], scale: 1.0 };
        let near = vim.distance(&[5.0, 0.0, 0.0], &[1.0, 0.0]);
        assert!(vim.distance(&[5.0, 0.0, 0.0], &[9.0, 0.0]) < near);
        assert!(vim.distance(&[5.0, 3.0, 0.0], &[1.0, 0.0]) > near);
    }
}
