//! Gaussian filter of a plane in double precision, separable, the border mirrored as in
//! `scipy.ndimage` (`reflect`: `d c b a | a b c d | d c b a`).

/// Half a Gaussian: the weight of the middle and of each distance, together 1.
pub(super) struct Kernel {
    weights: Vec<f64>,
}

impl Kernel {
    /// Cut off after `radius` pixels. With `sigma` 0 or less it changes nothing.
    pub(super) fn new(sigma: f64, radius: usize) -> Self {
        if sigma <= 0.0 {
            return Self { weights: vec![1.0] };
        }
        let weights: Vec<f64> = (0..=radius).map(|d| (-0.5 * (d as f64 / sigma).powi(2)).exp()).collect();
        let total = weights[0] + 2.0 * weights[1..].iter().sum::<f64>();
        Self { weights: weights.iter().map(|w| w / total).collect() }
    }

    fn at(&self, line: &[f64], i: usize) -> f64 {
        let far = self.weights.iter().enumerate().skip(1);
        let sides = far.map(|(d, w)| {
            w * (line[mirrored(i, -(d as isize), line.len())] + line[mirrored(i, d as isize, line.len())])
        });
        self.weights[0] * line[i] + sides.sum::<f64>()
    }
}

/// The index `by` away from `i` in a line that is mirrored at its ends as often as needed.
fn mirrored(i: usize, by: isize, length: usize) -> usize {
    let period = 2 * length as isize;
    let at = (i as isize + by).rem_euclid(period);
    (if at < length as isize { at } else { period - 1 - at }) as usize
}

/// The filtered plane of `height` rows of `width` values.
pub(super) fn filtered(plane: &[f64], width: usize, height: usize, kernel: &Kernel) -> Vec<f64> {
    let mut across = Vec::with_capacity(plane.len());
    for row in plane.chunks_exact(width.max(1)) {
        across.extend((0..width).map(|x| kernel.at(row, x)));
    }
    let mut out = vec![0.0; plane.len()];
    let mut column = vec![0.0; height];
    for x in 0..width {
        for y in 0..height {
            column[y] = across[y * width + x];
        }
        for y in 0..height {
            out[y * width + x] = kernel.at(&column, y);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_is_mirrored_as_often_as_needed() {
        let line: Vec<usize> = (-5..8).map(|i| mirrored(0, i, 3)).collect();
        assert_eq!(line, [1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
        assert_eq!(mirrored(0, -7, 1), 0);
    }

    #[test]
    fn the_weights_are_those_of_scipy() {
        // scipy.ndimage._filters._gaussian_kernel1d(1.5, 0, 5)
        let kernel = Kernel::new(1.5, 5);
        let expected = [0.266_011_72, 0.213_005_54, 0.109_360_69, 0.036_000_77, 0.007_598_76, 0.001_028_38];
        for (a, b) in kernel.weights.iter().zip(expected) {
            assert!((a - b).abs() < 1e-7);
        }
    }
}
