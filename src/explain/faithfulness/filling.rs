//! What would stand in the holes: each missing pixel the weighted mean of its eight neighbours.
//!
//! With the weights of Rong et al. 2022 (the same in the `grad-cam` package), 1/6 for a direct and
//! 1/12 for a diagonal neighbour, neighbours outside the image left out, the missing pixels `x`
//! solve a sparse linear system
//!
//! ```text
//! d_i x_i − Σ_{j missing} w_ij x_j = Σ_{k known} w_ik v_k,   d_i = Σ of the w_i inside the image
//! ```
//!
//! It is symmetric and, where anything at all is known, positive definite: a discrete Laplace
//! equation on the holes. It is solved by conjugate gradients, preconditioned by one symmetric
//! sweep of over-relaxation (SSOR; Axelsson 1972): the number of steps then grows with the root of
//! the width of a hole only.
//!
//! Vectors lie on the grid of the image with a frame of one pixel around it, 0 wherever nothing is
//! missing, so that the sum over the missing neighbours is the sum over all.

/// Over-relaxation; between 1.8 and 1.95 the number of steps hardly changes.
const RELAXATION: f64 = 1.9;
/// Residual, as a share of the right-hand side, at which the values are good to 1e-6 of their
/// range.
const PRECISION: f64 = 1e-7;
/// Far more steps than any image needs; there so that rounding can never keep the loop alive.
const STEPS: usize = 2_000;
const DIRECT: f64 = 1.0 / 6.0;
const DIAGONAL: f64 = 1.0 / 12.0;

/// The holes of one mask, ready to be filled in any number of planes.
pub(super) struct Holes {
    /// For each missing pixel in reading order, its place on the framed grid.
    missing: Vec<usize>,
    /// The `d` of each.
    diagonal: Vec<f64>,
    /// For each pixel of the image, its place on the framed grid.
    places: Vec<usize>,
    keep: Vec<bool>,
    grid: Grid,
}

/// A plane with a frame.
#[derive(Clone, Copy)]
struct Grid {
    stride: usize,
    size: usize,
}

impl Grid {
    /// Weighted sum of the four neighbours that come before a place in reading order.
    fn before(self, x: &[f64], i: usize) -> f64 {
        let above = i - self.stride;
        DIRECT * (x[i - 1] + x[above]) + DIAGONAL * (x[above - 1] + x[above + 1])
    }

    /// The same of the four after it.
    fn after(self, x: &[f64], i: usize) -> f64 {
        let below = i + self.stride;
        DIRECT * (x[i + 1] + x[below]) + DIAGONAL * (x[below - 1] + x[below + 1])
    }

    fn around(self, x: &[f64], i: usize) -> f64 {
        self.before(x, i) + self.after(x, i)
    }
}

impl Holes {
    /// The pixels, of an image `width` wide, that are not to be kept.
    pub(super) fn new(keep: &[bool], width: usize) -> Self {
        let height = keep.len() / width.max(1);
        let stride = width + 2;
        let grid = Grid { stride, size: stride * (height + 2) };
        let places: Vec<usize> = (0..width * height).map(|i| (i / width + 1) * stride + i % width + 1).collect();
        let mut inside = vec![0.0; grid.size];
        places.iter().for_each(|p| inside[*p] = 1.0);
        let missing: Vec<usize> = places.iter().zip(keep).filter(|(_, keep)| !**keep).map(|(p, _)| *p).collect();
        let diagonal = missing.iter().map(|p| grid.around(&inside, *p)).collect();
        Self { missing, diagonal, places, keep: keep.to_vec(), grid }
    }

    /// Fills the holes of a plane. Where nothing is known, the mean of the plane stands everywhere.
    pub(super) fn fill(&self, plane: &mut [f32]) {
        let known = || plane.iter().zip(&self.keep).filter(|(_, keep)| **keep).map(|(v, _)| f64::from(*v));
        let count = known().count();
        if count == 0 {
            let mean = plane.iter().map(|v| f64::from(*v)).sum::<f64>() / plane.len().max(1) as f64;
            plane.fill(mean as f32);
            return;
        }
        // Values are taken about their mean: the answer is the same, and a constant image needs no
        // step.
        let mean = known().sum::<f64>() / count as f64;
        let mut values = vec![0.0; self.grid.size];
        for ((value, place), keep) in plane.iter().zip(&self.places).zip(&self.keep) {
            if *keep {
                values[*place] = f64::from(*value) - mean;
            }
        }
        let mut right = vec![0.0; self.grid.size];
        self.missing.iter().for_each(|i| right[*i] = self.grid.around(&values, *i));
        let solution = self.solve(right);
        for ((value, place), keep) in plane.iter_mut().zip(&self.places).zip(&self.keep) {
            if !keep {
                *value = (solution[*place] + mean) as f32;
            }
        }
    }

    fn solve(&self, right: Vec<f64>) -> Vec<f64> {
        let zero = || vec![0.0; self.grid.size];
        let (mut x, mut image, mut swept) = (zero(), zero(), zero());
        let mut residual = right;
        let enough = self.dot(&residual, &residual) * PRECISION * PRECISION;
        self.sweep(&residual, &mut swept);
        let mut direction = swept.clone();
        let mut product = self.dot(&residual, &swept);
        for _ in 0..STEPS {
            if product <= 0.0 || self.dot(&residual, &residual) <= enough {
                break;
            }
            for (i, d) in self.missing.iter().zip(&self.diagonal) {
                image[*i] = d * direction[*i] - self.grid.around(&direction, *i);
            }
            let step = product / self.dot(&direction, &image);
            for i in &self.missing {
                x[*i] += step * direction[*i];
                residual[*i] -= step * image[*i];
            }
            self.sweep(&residual, &mut swept);
            let next = self.dot(&residual, &swept);
            for i in &self.missing {
                direction[*i] = swept[*i] + next / product * direction[*i];
            }
            product = next;
        }
        x
    }

    /// The preconditioner, but for a factor that does not matter: one sweep forward and one
    /// backward.
    fn sweep(&self, residual: &[f64], z: &mut [f64]) {
        // What stands there from the last step must not be taken for a neighbour before it is
        // overwritten; `before` and `after` only look at places that this sweep has passed.
        for (i, d) in self.missing.iter().zip(&self.diagonal) {
            z[*i] = (residual[*i] + self.grid.before(z, *i)) * RELAXATION / d;
        }
        for (i, d) in self.missing.iter().zip(&self.diagonal).rev() {
            z[*i] += self.grid.after(z, *i) * RELAXATION / d;
        }
    }

    fn dot(&self, a: &[f64], b: &[f64]) -> f64 {
        self.missing.iter().map(|i| a[*i] * b[*i]).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `v[y, x] = ((7x² + 3y + xy) mod 11)/10` of 8 rows and 9 columns.
    fn plane() -> Vec<f32> {
        (0..72).map(|i| (i % 9, i / 9)).map(|(x, y)| ((7 * x * x + 3 * y + x * y) % 11) as f32 / 10.0).collect()
    }

    /// `NoisyLinearImputer(noise=0)(torch.tensor(v)[None], torch.tensor(keep))` of grad-cam 1.5.7,
    /// at the first eight missing pixels, for keeping a scatter of pixels, the columns at the
    /// right, two pixels in the corner.
    #[test]
    fn filling_matches_grad_cam() {
        type Kept = fn(usize, usize) -> bool;
        let cases: [(Kept, [f32; 8]); 4] = [
            (
                |x, y| (5 * x + 3 * y) % 7 < 1,
                [0.389_311, 0.558_608, 0.637_575, 0.654_669, 0.606_588, 0.472_902, 0.336_772, 0.396_352],
            ),
            (
                |x, y| (5 * x + 3 * y) % 7 < 4,
                [0.250_923, 0.805_623, 0.810_153, 0.42, 0.507_383, 0.724_679, 0.569_979, 0.522_079],
            ),
            (|x, _| x > 6, [0.513_974, 0.509_096, 0.496_51, 0.473_017, 0.432_574, 0.366_262, 0.273_211, 0.518_574]),
            (
                |x, y| x < 2 && y < 1,
                [0.563_427, 0.530_899, 0.518_75, 0.513_133, 0.510_279, 0.508_847, 0.508_309, 0.376_986],
            ),
        ];
        for (n, (kept, expected)) in cases.into_iter().enumerate() {
            let keep: Vec<bool> = (0..72).map(|i| kept(i % 9, i / 9)).collect();
            let mut filled = plane();
            Holes::new(&keep, 9).fill(&mut filled);
            let missing = keep.iter().zip(&filled).filter(|(k, _)| !**k).map(|(_, v)| *v);
            for (a, b) in missing.zip(expected) {
                assert!((a - b).abs() < 1e-5, "{n}: {a} {b}");
            }
        }
    }

    #[test]
    fn every_filled_pixel_is_the_mean_of_its_neighbours() {
        let (width, height) = (224, 224);
        let mut plane: Vec<f32> = (0..width * height)
            .map(|i| ((i % width) as f32 / 30.0).sin() + ((i * 7919) % 101) as f32 / 101.0)
            .collect();
        // One hole of 80 % of the image: the hardest that ROAD makes.
        let apart = |i: usize| ((i % width) as f64 - 111.5).hypot((i / width) as f64 - 111.5);
        let keep: Vec<bool> = (0..width * height).map(|i| apart(i) > 113.0).collect();
        Holes::new(&keep, width).fill(&mut plane);
        for i in (0..keep.len()).filter(|i| !keep[*i]) {
            let (x, y) = ((i % width) as isize, (i / width) as isize);
            let (mut sum, mut weights) = (0.0, 0.0);
            for (dx, dy) in [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)] {
                let (nx, ny) = (x + dx, y + dy);
                if (0..224).contains(&nx) && (0..224).contains(&ny) {
                    let weight = if dx == 0 || dy == 0 { DIRECT } else { DIAGONAL };
                    sum += weight * f64::from(plane[(ny * 224 + nx) as usize]);
                    weights += weight;
                }
            }
            assert!((f64::from(plane[i]) - sum / weights).abs() < 1e-5, "{x} {y}");
        }
    }

    #[test]
    fn constant_pictures_stay_and_nothing_known_gives_the_mean() {
        let keep: Vec<bool> = (0..72).map(|i| i == 40).collect();
        let mut flat = vec![0.25; 72];
        Holes::new(&keep, 9).fill(&mut flat);
        assert_eq!(flat, [0.25; 72]);
        let mut nothing_known = vec![1.0, 3.0];
        Holes::new(&[false; 2], 2).fill(&mut nothing_known);
        assert_eq!(nothing_known, [2.0; 2]);
        let mut one = vec![5.0];
        Holes::new(&[false], 1).fill(&mut one);
        assert_eq!(one, [5.0]);
        let mut all_known = plane();
        Holes::new(&[true; 72], 9).fill(&mut all_known);
        assert_eq!(all_known, plane());
    }
}
