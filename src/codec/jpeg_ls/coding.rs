//! What is derived from the parameters of a scan (T.87 A.2.1), the quantisation of gradients
//! (A.3.3), the prediction (A.4.1) and the reconstruction of a sample (A.4.4, A.4.5).

use super::presets::Parameters;

/// A scan's numbers as its loops need them.
#[derive(Clone, Debug)]
pub(super) struct Coding {
    pub(super) maxval: i32,
    pub(super) near: i32,
    /// 2 NEAR + 1: the distance between two reconstructed errors.
    pub(super) step: i32,
    /// Number of errors that are told apart.
    pub(super) range: i32,
    /// Bits of a mapped error.
    pub(super) qbpp: u32,
    /// The greatest length of a code.
    pub(super) limit: u32,
    pub(super) reset: u32,
    /// Lossless, and samples fill all their bits: reconstruction is a bit mask.
    pub(super) whole: bool,
    levels: Levels,
}

impl Coding {
    pub(super) fn new(parameters: &Parameters) -> Self {
        let &Parameters { maxval, near, thresholds, reset } = parameters;
        let step = 2 * near + 1;
        let range = (maxval + 2 * near) / step + 1;
        let bpp = bits_for(maxval + 1).max(2);
        Self {
            maxval,
            near,
            step,
            range,
            qbpp: bits_for(range),
            limit: 2 * (bpp + bpp.max(8)),
            reset,
            whole: near == 0 && (maxval + 1).count_ones() == 1,
            levels: Levels::new(near, thresholds),
        }
    }

    /// Q of a gradient, −4 to 4.
    #[inline]
    pub(super) fn level(&self, gradient: i32) -> i32 {
        self.levels.of(gradient)
    }

    /// Zeros that announce an uncoded value, in a code of so much greatest length.
    #[inline]
    pub(super) fn escape(&self, limit: u32) -> u32 {
        limit.saturating_sub(self.qbpp + 1)
    }

    /// The sample at a prediction and an error.
    #[inline]
    pub(super) fn reconstruct<const WHOLE: bool>(&self, predicted: i32, error: i32) -> i32 {
        if WHOLE {
            return (predicted + error) & self.maxval;
        }
        let mut sample = predicted + error * self.step;
        if sample < -self.near {
            sample += self.range * self.step;
        } else if sample > self.maxval + self.near {
            sample -= self.range * self.step;
        }
        sample.clamp(0, self.maxval)
    }
}

/// ⌈log₂ n⌉.
fn bits_for(n: i32) -> u32 {
    i32::BITS - (n - 1).leading_zeros()
}

/// The median edge detector: the left or the upper neighbour across an edge, their plane elsewhere.
#[inline]
pub(super) fn predict(left: i32, above: i32, corner: i32) -> i32 {
    let (low, high) = (left.min(above), left.max(above));
    // What lies beyond the two is cut to them.
    (left + above - corner).clamp(low, high)
}

/// Gradients up to the greatest threshold, and their levels.
#[derive(Clone, Debug)]
struct Levels {
    reach: i32,
    levels: Vec<i8>,
}

impl Levels {
    fn new(near: i32, thresholds: [i32; 3]) -> Self {
        let reach = thresholds[2];
        let level = |gradient: i32| {
            let size = gradient.abs();
            let passed = thresholds.iter().filter(|t| size >= **t).count() as i32;
            (i32::from(size > near) + passed) * gradient.signum()
        };
        Self { reach, levels: (-reach..=reach).map(|g| level(g) as i8).collect() }
    }

    #[inline]
    fn of(&self, gradient: i32) -> i32 {
        let at = gradient.clamp(-self.reach, self.reach) + self.reach;
        self.levels.get(at as usize).map_or(0, |level| i32::from(*level))
    }
}

#[cfg(test)]
mod tests {
    use super::super::presets::Presets;
    use super::*;

    fn coding(precision: u8, near: u8, maxval: u16) -> Coding {
        Coding::new(&Presets { maxval, ..Presets::default() }.resolve(precision, near).unwrap())
    }

    #[test]
    fn derived_parameters_are_those_of_the_standard() {
        let numbers = |c: Coding| (c.range, c.qbpp, c.limit);
        assert_eq!(numbers(coding(8, 0, 0)), (256, 8, 32));
        assert_eq!(numbers(coding(8, 3, 0)), (38, 6, 32));
        assert_eq!(numbers(coding(12, 0, 0)), (4096, 12, 48));
        assert_eq!(numbers(coding(16, 0, 0)), (65536, 16, 64));
        assert_eq!(numbers(coding(2, 0, 0)), (4, 2, 20));
        assert_eq!(numbers(coding(8, 0, 128)), (129, 8, 32), "128 takes eight bits");
        assert_eq!(numbers(coding(16, 0, 4095)), (4096, 12, 48), "MAXVAL counts, not the precision");
    }

    #[test]
    fn gradients_fall_into_nine_regions() {
        let coding = coding(8, 1, 0);
        let [t1, t2, t3] = Presets::default().resolve(8, 1).unwrap().thresholds;
        let wanted = |g: i32| match g.abs() {
            size if size >= t3 => 4,
            size if size >= t2 => 3,
            size if size >= t1 => 2,
            size if size > 1 => 1,
            _ => 0,
        };
        for gradient in -255..=255 {
            assert_eq!(coding.level(gradient), wanted(gradient) * gradient.signum(), "{gradient}");
        }
    }

    #[test]
    fn an_edge_is_predicted_from_its_side() {
        assert_eq!(predict(10, 90, 90), 10, "an edge above");
        assert_eq!(predict(90, 10, 90), 10);
        assert_eq!(predict(10, 90, 10), 90);
        assert_eq!(predict(10, 20, 15), 15, "a plane");
    }

    #[test]
    fn errors_wrap_around_the_range() {
        let lossless = coding(8, 0, 0);
        assert_eq!(lossless.reconstruct::<true>(250, 10), 4);
        assert_eq!(lossless.reconstruct::<false>(250, 10), 4);
        assert_eq!(coding(8, 0, 199).reconstruct::<false>(190, 15), 5, "modulo 200");
        let near = coding(8, 2, 0);
        assert_eq!(near.reconstruct::<false>(254, 0), 254);
        assert_eq!(near.reconstruct::<false>(255, 1), 0, "260 − 52 · 5");
        assert_eq!(near.reconstruct::<false>(252, 1), 255, "257 is within NEAR of 255");
    }
}
