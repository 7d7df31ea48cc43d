//! What has been learnt of each context: error sums, bias and counts (T.87 A.3 to A.7).

use super::coding::Coding;

/// Contexts are numbered 81 Q1 + 9 Q2 + Q3 by size, 0 to 364; the power of two spares a check.
const CONTEXTS: usize = 512;
/// Bounds of the bias.
const MIN_C: i32 = -128;
const MAX_C: i32 = 127;

/// All contexts of a scan. Its components share them.
#[derive(Clone, Debug)]
pub(super) struct Contexts {
    regular: [Regular; CONTEXTS],
    /// Of samples that end a run: the left and the upper neighbour differ, or they do not.
    pub(super) interruptions: [Interruption; 2],
}

impl Contexts {
    /// A.2.1.
    pub(super) fn new(coding: &Coding) -> Self {
        let a = ((coding.range + 32) / 64).max(2) as u32;
        Self {
            regular: [Regular { a, b: 0, c: 0, n: 1 }; CONTEXTS],
            interruptions: [false, true].map(|flat| Interruption { a, n: 1, negative: 0, flat: flat.into() }),
        }
    }

    #[inline]
    pub(super) fn regular(&mut self, number: u32) -> &mut Regular {
        &mut self.regular[number as usize % CONTEXTS]
    }
}

/// The smallest k with n 2ᵏ ≥ a (A.5.1).
#[inline]
fn golomb_parameter(n: u32, a: u32) -> u32 {
    let shift = n.leading_zeros().saturating_sub(a.leading_zeros());
    shift + u32::from((n << shift) < a)
}

/// One of the 365 contexts of regular mode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Regular {
    /// Sum of the sizes of errors.
    a: u32,
    /// Sum of errors, within one occurrence of 0.
    b: i32,
    /// What the prediction is corrected by.
    pub(super) c: i32,
    /// Occurrences.
    n: u32,
}

impl Regular {
    #[inline]
    pub(super) fn golomb_parameter(&self) -> u32 {
        golomb_parameter(self.n, self.a)
    }

    /// The error behind a mapped one (A.5.2).
    #[inline]
    pub(super) fn unmap(&self, mapped: u32, k: u32, near: i32) -> i32 {
        let error = (mapped >> 1) as i32 ^ -((mapped & 1) as i32);
        // Where small errors tend to be negative, these come first.
        if k == 0 && near == 0 && 2 * self.b <= -(self.n as i32) { !error } else { error }
    }

    /// Learns from an error (A.6).
    #[inline]
    pub(super) fn learn(&mut self, error: i32, coding: &Coding) {
        let mut b = self.b + error * coding.step;
        let mut a = self.a + error.unsigned_abs();
        let mut n = self.n;
        if n == coding.reset {
            (a, b, n) = (a >> 1, b >> 1, n >> 1);
        }
        n += 1;
        let count = n as i32;
        if b <= -count {
            b = (b + count).max(1 - count);
            self.c = (self.c - 1).max(MIN_C);
        } else if b > 0 {
            b = (b - count).min(0);
            self.c = (self.c + 1).min(MAX_C);
        }
        (self.a, self.b, self.n) = (a, b, n);
    }
}

/// One of the two contexts of run interruption (A.7.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Interruption {
    a: u32,
    n: u32,
    /// Occurrences of negative errors.
    negative: u32,
    /// `RItype`: 1 where left and upper neighbour are alike.
    flat: u32,
}

impl Interruption {
    #[inline]
    pub(super) fn golomb_parameter(&self) -> u32 {
        golomb_parameter(self.n, self.a + if self.flat == 1 { self.n >> 1 } else { 0 })
    }

    /// The error behind a mapped one; learns from it.
    #[inline]
    pub(super) fn unmap_and_learn(&mut self, mapped: u32, k: u32, coding: &Coding) -> i32 {
        let odd = (mapped + self.flat) & 1;
        let size = (mapped + self.flat + odd) >> 1;
        let mostly_negative = k != 0 || 2 * self.negative >= self.n;
        let is_negative = mostly_negative == (odd == 1);
        if is_negative && size > 0 {
            self.negative += 1;
        }
        self.a += (mapped + 1 - self.flat) >> 1;
        if self.n == coding.reset {
            self.a >>= 1;
            self.n >>= 1;
            self.negative >>= 1;
        }
        self.n += 1;
        if is_negative { -(size as i32) } else { size as i32 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::presets::Presets;
    use super::*;

    #[test]
    fn k_is_the_smallest_that_reaches_the_mean_error() {
        for n in (1..70).chain([255, 65_535]) {
            for a in (0..300).chain([4_095, 65_536, 2_000_000_000]) {
                let wanted = (0..32).find(|k| u64::from(n) << k >= u64::from(a)).unwrap();
                assert_eq!(golomb_parameter(n, a), wanted, "n = {n}, a = {a}");
            }
        }
    }

    #[test]
    fn mapped_errors_alternate_in_sign() {
        let coding = Coding::new(&Presets::default().resolve(8, 0).unwrap());
        let mut contexts = Contexts::new(&coding);
        let context = contexts.regular(5);
        let errors = |context: &Regular| [0, 1, 2, 3, 4].map(|m| context.unmap(m, 0, 0));
        assert_eq!(errors(context), [0, -1, 1, -2, 2]);
        context.learn(-1, &coding);
        context.learn(-1, &coding);
        assert_eq!(errors(context), [-1, 0, -2, 1, -3], "where errors are mostly negative");
        assert_eq!(context.unmap(0, 1, 0), 0, "with low bits they are not exchanged");
        assert_eq!(context.unmap(0, 0, 1), 0, "nor in near-lossless coding");
    }

    #[test]
    fn bias_follows_the_errors_and_sums_are_halved() {
        let coding = Coding::new(&Presets { reset: 4, ..Presets::default() }.resolve(8, 0).unwrap());
        let mut contexts = Contexts::new(&coding);
        let context = contexts.regular(1);
        for _ in 0..3 {
            context.learn(8, &coding);
        }
        assert_eq!((context.a, context.b, context.c, context.n), (4 + 24, 0, 3, 4));
        context.learn(8, &coding);
        assert_eq!((context.a, context.c, context.n), (18, 4, 3));
        for _ in 0..500 {
            context.learn(8, &coding);
        }
        assert_eq!(context.c, MAX_C);
    }
}
