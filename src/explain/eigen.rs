//! Eigen-CAM (Muhammad and Yeasin 2020): what is strongest in a layer, whatever the class.
//!
//! The activation as a matrix of pixels by channels, `X` (`hw × C`), loses the mean of each channel
//! and is projected on its first right singular vector: `X v₁ = σ₁ u₁`, where `u₁` is the first
//! eigenvector of `X Xᵀ` and `v₁` that of `Xᵀ X`. The smaller of the two is decomposed. The sign of
//! a singular vector is arbitrary: the map is flipped where its minimum is larger in size than its
//! maximum (Chung and Ying 2025).

use nalgebra::{DMatrix, SymmetricEigen};

/// The projection of the activation (channel by channel, `area` pixels each), one value a pixel.
/// Zeros for a layer without contrast.
pub(super) fn projection(activation: &[f32], area: usize) -> Vec<f32> {
    let channels = activation.len() / area.max(1);
    if channels == 0 {
        return Vec::new();
    }
    // One column a channel: nalgebra stores columns one behind the other.
    let mut x = DMatrix::from_iterator(area, channels, activation.iter().map(|v| f64::from(*v)));
    for mut column in x.column_iter_mut() {
        let mean = column.mean();
        column.add_scalar_mut(-mean);
    }
    let by_pixels = area <= channels;
    let gram = if by_pixels { &x * x.transpose() } else { x.transpose() * &x };
    if !gram.iter().all(|v| v.is_finite()) {
        return vec![f32::NAN; area];
    }
    let eigen = SymmetricEigen::new(gram);
    let top = eigen.eigenvalues.imax();
    let first = eigen.eigenvectors.column(top);
    let projected = if by_pixels { first * eigen.eigenvalues[top].max(0.0).sqrt() } else { &x * first };
    let sign = if projected.min().abs() > projected.max().abs() { -1.0 } else { 1.0 };
    projected.iter().map(|v| (sign * v) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_pattern_is_found_by_pixels_and_by_channels() {
        // Two channels with the same pattern at different strength: X is of rank one, σ₁ u₁ = the
        // pattern times √(1² + 3²).
        let pattern = [-1.0f32, -1.0, -1.0, 3.0];
        let few: Vec<f32> = [1.0, 3.0].iter().flat_map(|s| pattern.map(|p| p * s + 5.0)).collect();
        let many: Vec<f32> = (0..10).flat_map(|_| pattern).collect();
        for (activation, size) in [(few, 10f32.sqrt()), (many, 10f32.sqrt())] {
            for (found, p) in projection(&activation, 4).iter().zip(pattern) {
                assert!((found - p * size).abs() < 1e-4, "{found} {p}");
            }
        }
    }

    #[test]
    fn a_layer_without_contrast_gives_zeros() {
        assert!(projection(&[2.0; 12], 4).iter().all(|v| v.abs() < 1e-6));
        assert_eq!(projection(&[3.0; 5], 1), [0.0]);
    }
}
