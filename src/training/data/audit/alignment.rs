//! Lays one image over another: the shift, turn, scale and shear by which their details agree best.
//!
//! Lucas–Kanade registration, inverse compositional (Baker and Matthews 2004), of an affine map
//! with the correlation as its measure: gradient and Hessian are those of the template and are made
//! once, each step reads the moving image once. It finds the best place near its start and no
//! other; [`super::candidates`] knows where to start.
//!
//! Coordinates are those of the square, −1 to 1 from edge to edge, so that a map found on a coarse
//! square holds on a fine one.

use nalgebra::{Cholesky, Matrix6, Vector6};

/// Least share of the template that the moving image must cover.
const OVERLAP: f32 = 0.6;
/// Farthest that a corner may lie from where it started: 5 % cut off at each side and a turn of 5°
/// together are 0.28.
const FAR: f32 = 0.4;
/// Blocks along a side that agree each for itself.
const BLOCKS: usize = 8;
/// Share of the blocks that are left out, those that agree least: text, a marker, a border, what a
/// turn brought in.
const LEFT_OUT: f32 = 0.25;
/// Gain of correlation below which a step was the last.
const SMALL: f32 = 2e-4;

/// `(u, v) → (a u + b v + c, d u + e v + f)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine(pub [f32; 6]);

impl Affine {
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    /// A turn by `degrees` (clockwise on the screen), a scale, and then a shift.
    pub fn similarity(degrees: f32, scale: f32, shift: [f32; 2]) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Self([scale * cos, -scale * sin, shift[0], scale * sin, scale * cos, shift[1]])
    }

    pub fn at(&self, u: f32, v: f32) -> (f32, f32) {
        let [a, b, c, d, e, f] = self.0;
        (a * u + b * v + c, d * u + e * v + f)
    }

    /// `self` after `first`.
    pub fn after(&self, first: &Self) -> Self {
        let [a, b, c, d, e, f] = self.0;
        let [p, q, r, s, t, w] = first.0;
        Self([a * p + b * s, a * q + b * t, a * r + b * w + c, d * p + e * s, d * q + e * t, d * r + e * w + f])
    }

    /// `None` where it flattens the plane.
    pub fn inverse(&self) -> Option<Self> {
        let [a, b, c, d, e, f] = self.0;
        let det = a * e - b * d;
        (det.abs() > 1e-6).then(|| {
            let (a, b, d, e) = (e / det, -b / det, -d / det, a / det);
            Self([a, b, -(a * c + b * f), d, e, -(d * c + e * f)])
        })
    }

    /// Root of the area that a unit square becomes, below 0 where it is mirrored.
    pub fn scale(&self) -> f32 {
        let [a, b, _, d, e, _] = self.0;
        let det = a * e - b * d;
        det.abs().sqrt().copysign(det)
    }

    /// The turn of a map that does not mirror, in degrees.
    pub fn degrees(&self) -> f32 {
        let [a, b, _, d, e, _] = self.0;
        (d - b).atan2(a + e).to_degrees()
    }

    /// The largest distance between a corner of the square and its image under `other`.
    fn corner_distance(&self, other: &Self) -> f32 {
        let far = |(u, v): (f32, f32)| {
            let ((x, y), (z, w)) = (self.at(u, v), other.at(u, v));
            (x - z).hypot(y - w)
        };
        [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)].into_iter().map(far).fold(0.0, f32::max)
    }

    /// Whether it is near enough to `start` to be believed: nothing but a crop, a border, a small
    /// turn or shift lies between.
    pub fn is_near(&self, start: &Self) -> bool {
        self.corner_distance(start) < FAR
    }
}

/// A square that others are laid over, with what the steps need of it.
pub(super) struct Template {
    side: usize,
    values: Vec<f32>,
    /// Steepest descent images: how each pixel changes with each of the six numbers.
    steepest: Vec<[f32; 6]>,
    solver: Cholesky<f32, nalgebra::Const<6>>,
}

/// How well two images agree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreement {
    /// Correlation of the template with the moving image where both are, 0 where that is too
    /// little.
    pub correlation: f32,
    /// The same without the blocks that agree least.
    pub trimmed: f32,
    /// From places of the template to places of the moving image.
    pub map: Affine,
}

impl Template {
    /// `None` where the square has too little structure to hold anything to it.
    pub(super) fn new(side: usize, values: Vec<f32>) -> Option<Self> {
        let at = |x: usize, y: usize| values[y * side + x];
        let slope = |low: f32, high: f32, span: usize| (high - low) / span as f32 * side as f32 / 2.0;
        let mut steepest = Vec::with_capacity(side * side);
        let mut hessian = Matrix6::<f32>::zeros();
        for y in 0..side {
            let (above, below) = (y.saturating_sub(1), (y + 1).min(side - 1));
            let v = coordinate(y, side);
            for x in 0..side {
                let (left, right) = (x.saturating_sub(1), (x + 1).min(side - 1));
                let u = coordinate(x, side);
                let across = slope(at(left, y), at(right, y), right - left);
                let down = slope(at(x, above), at(x, below), below - above);
                let row = [across * u, across * v, across, down * u, down * v, down];
                steepest.push(row);
                let row = Vector6::from(row);
                hessian += row * row.transpose();
            }
        }
        let damping = 1e-3 * hessian.trace() / 6.0;
        let solver = (hessian + Matrix6::identity() * damping).cholesky()?;
        Some(Self { side, values, steepest, solver })
    }

    /// Moves `start` to where the moving square, `sign` times its values, agrees best; gives up
    /// where two steps have not brought it to `hope`.
    pub(super) fn align(&self, moving: &[f32], sign: f32, start: Affine, steps: usize, hope: f32) -> Agreement {
        let mut best = Agreement { correlation: 0.0, trimmed: 0.0, map: start };
        let mut map = start;
        let mut warped = vec![f32::NAN; self.values.len()];
        for step in 0..=steps {
            let Some(laid) = self.lay(moving, sign, &map, &mut warped) else { break };
            let gain = laid.correlation - best.correlation;
            if gain > 0.0 {
                best = Agreement { correlation: laid.correlation, trimmed: 0.0, map };
            }
            if step == steps || (step > 1 && (gain < SMALL || best.correlation < hope)) {
                break;
            }
            let Some(inverse) = self.step(&laid, &warped).inverse() else { break };
            map = map.after(&inverse);
        }
        if self.lay(moving, sign, &best.map, &mut warped).is_some() {
            best.trimmed = self.trimmed(&warped);
        }
        best
    }

    /// Correlation within blocks, over all but the blocks that agree least.
    fn trimmed(&self, warped: &[f32]) -> f32 {
        let edge = |i: usize| i * self.side / BLOCKS;
        let mut blocks = Vec::with_capacity(BLOCKS * BLOCKS);
        for (row, column) in (0..BLOCKS).flat_map(|row| (0..BLOCKS).map(move |column| (row, column))) {
            let mut sums = Sums::default();
            for y in edge(row)..edge(row + 1) {
                let line = y * self.side + edge(column)..y * self.side + edge(column + 1);
                self.values[line.clone()].iter().zip(&warped[line]).for_each(|(t, m)| sums.add(*t, *m));
            }
            let pixels = (edge(row + 1) - edge(row)) * (edge(column + 1) - edge(column));
            if 2.0 * sums.n >= pixels as f32 {
                blocks.push(sums.centred());
            }
        }
        blocks.sort_by(|a, b| correlation(*b).total_cmp(&correlation(*a)));
        blocks.truncate(blocks.len() - (blocks.len() as f32 * LEFT_OUT) as usize);
        correlation(blocks.into_iter().fold([0.0; 3], |sum, block| [0, 1, 2].map(|i| sum[i] + block[i])))
    }

    /// Reads the moving image at the places of the template into `warped`, NaN where it is not;
    /// `None` where it covers too little.
    fn lay(&self, moving: &[f32], sign: f32, map: &Affine, warped: &mut [f32]) -> Option<Laid> {
        let side = self.side;
        let half = side as f32 / 2.0;
        let last = (side - 1) as f32;
        let [a, _, _, d, _, _] = map.0;
        let (step_x, step_y) = (a, d);
        let mut sums = Sums::default();
        for y in 0..side {
            let (u, v) = map.at(coordinate(0, side), coordinate(y, side));
            let (first_x, first_y) = ((u + 1.0) * half - 0.5, (v + 1.0) * half - 0.5);
            let row = y * side..(y + 1) * side;
            for (x, (out, template)) in warped[row.clone()].iter_mut().zip(&self.values[row]).enumerate() {
                let (px, py) = (first_x + step_x * x as f32, first_y + step_y * x as f32);
                if !(px >= 0.0 && py >= 0.0 && px <= last && py <= last) {
                    *out = f32::NAN;
                    continue;
                }
                let (i, j) = ((px as usize).min(side - 2), (py as usize).min(side - 2));
                let (s, r) = (px - i as f32, py - j as f32);
                let place = j * side + i;
                let top = moving[place] + s * (moving[place + 1] - moving[place]);
                let bottom = moving[place + side] + s * (moving[place + side + 1] - moving[place + side]);
                let value = sign * (top + r * (bottom - top));
                *out = value;
                sums.add(*template, value);
            }
        }
        if sums.n < OVERLAP * self.values.len() as f32 {
            return None;
        }
        let [tt, mm, tm] = sums.centred();
        if tt < 1e-3 * sums.n || mm < 1e-3 * sums.n {
            return None;
        }
        Some(Laid {
            correlation: correlation([tt, mm, tm]),
            template: sums.template / sums.n,
            moving: sums.moving / sums.n,
            gain: (tt / mm).sqrt(),
        })
    }

    /// The step that takes the template to what was read.
    fn step(&self, laid: &Laid, warped: &[f32]) -> Affine {
        let mut sum = [0.0_f32; 6];
        for ((value, template), row) in warped.iter().zip(&self.values).zip(&self.steepest) {
            if value.is_nan() {
                continue;
            }
            let rest = (value - laid.moving) * laid.gain - (template - laid.template);
            sum.iter_mut().zip(row).for_each(|(s, r)| *s += rest * r);
        }
        let by = self.solver.solve(&Vector6::from(sum));
        let mut step = Affine::IDENTITY.0;
        step.iter_mut().zip(by.iter()).for_each(|(s, b)| *s += b);
        Affine(step)
    }
}

/// Sums over pixels of a template and of what was read.
#[derive(Default)]
struct Sums {
    n: f32,
    template: f32,
    moving: f32,
    squares: [f32; 2],
    product: f32,
}

impl Sums {
    /// Leaves out what was not read.
    fn add(&mut self, template: f32, moving: f32) {
        if moving.is_nan() {
            return;
        }
        self.n += 1.0;
        self.template += template;
        self.moving += moving;
        self.squares[0] += template * template;
        self.squares[1] += moving * moving;
        self.product += template * moving;
    }

    /// Squares of both and their product, without the means.
    fn centred(&self) -> [f32; 3] {
        let (t, m) = (self.template / self.n, self.moving / self.n);
        let [tt, mm] = self.squares;
        [tt - self.n * t * t, mm - self.n * m * m, self.product - self.n * t * m]
    }
}

/// Of centred sums: squares of both and their product.
fn correlation([tt, mm, tm]: [f32; 3]) -> f32 {
    let length = (tt.max(0.0) * mm.max(0.0)).sqrt();
    if length > 1e-6 { tm / length } else { 0.0 }
}

/// What was read of a moving image at a place: means over the common part, and the template's
/// deviation by that of the moving image.
struct Laid {
    correlation: f32,
    template: f32,
    moving: f32,
    gain: f32,
}

/// The coordinate of a pixel's centre.
pub(super) fn coordinate(i: usize, side: usize) -> f32 {
    (i as f32 + 0.5) / side as f32 * 2.0 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::audit::detail::{COARSE, Detail};
    use crate::training::data::audit::testing::radiograph;

    fn near(a: &Affine, b: &Affine, by: f32) -> bool {
        a.0.iter().zip(&b.0).all(|(a, b)| (a - b).abs() < by)
    }

    #[test]
    fn a_map_after_its_inverse_is_none_at_all() {
        let map = Affine([1.1, 0.2, 0.05, -0.3, 0.9, -0.1]);
        assert!(near(&map.after(&map.inverse().unwrap()), &Affine::IDENTITY, 1e-6));
        assert_eq!(Affine([1.0, 1.0, 0.0, 1.0, 1.0, 0.0]).inverse(), None);
        let similarity = Affine::similarity(4.0, 1.06, [0.02, 0.0]);
        assert!((similarity.degrees() - 4.0).abs() < 1e-3 && (similarity.scale() - 1.06).abs() < 1e-5);
        assert!(Affine([-1.0, 0.0, 0.0, 0.0, 1.0, 0.0]).scale() < 0.0);
    }

    #[test]
    fn an_image_finds_its_way_back_to_itself() {
        let values = Detail::of(&radiograph(1), COARSE).unwrap().values();
        let template = Template::new(COARSE.side, values.clone()).unwrap();
        for start in [Affine::similarity(3.0, 1.06, [0.0; 2]), Affine::similarity(-2.0, 0.94, [0.05, -0.05])] {
            let found = template.align(&values, 1.0, start, 20, 0.0);
            assert!(near(&found.map, &Affine::IDENTITY, 0.005), "{:?}", found.map);
            assert!(found.correlation > 0.99 && found.trimmed > 0.99, "{found:?}");
        }
        assert!(template.align(&values, -1.0, Affine::IDENTITY, 0, 0.0).correlation <= 0.0);
    }

    #[test]
    fn what_hardly_covers_the_template_is_not_compared() {
        let values = Detail::of(&radiograph(1), COARSE).unwrap().values();
        let template = Template::new(COARSE.side, values.clone()).unwrap();
        let far = Affine::similarity(0.0, 1.0, [1.2, 0.0]);
        assert_eq!(template.align(&values, 1.0, far, 5, 0.0).correlation, 0.0);
    }

    #[test]
    fn blocks_that_agree_least_are_left_out() {
        let values = Detail::of(&radiograph(1), COARSE).unwrap().values();
        let template = Template::new(COARSE.side, values.clone()).unwrap();
        let mut marked = values;
        marked.chunks_mut(COARSE.side).take(10).for_each(|row| row[..20].fill(3.0));
        let found = template.align(&marked, 1.0, Affine::IDENTITY, 0, 0.0);
        assert!(found.trimmed > 0.999 && found.correlation < 0.95, "{found:?}");
    }
}
