//! The share of errors of a growing set of images, with its 95 % interval by patient at every step.
//!
//! A risk–coverage curve asks for the interval of the share at each of its thresholds. Counting the
//! patients anew each time would cost the square of the images; the design effect of
//! [`super::proportion`] needs sums over the patients alone, and an image changes each of them by a
//! known amount:
//!
//! ```text
//! Σ_c (y_c − p·m_c)² = Σ_c y_c² − 2p·Σ_c y_c·m_c + p²·Σ_c m_c²
//! ```
//!
//! with `m_c` images of patient `c`, `y_c` of them in the share `p`. Interval and effective number
//! are those of [`super::proportion::of`].

use super::proportion::wilson;
use crate::model::calibration::Proportion;

/// Counts of the images so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunningShare {
    /// Of each patient: images, and those in the share.
    patients: Vec<(u32, u32)>,
    /// Patients with an image so far.
    present: usize,
    n: usize,
    held: usize,
    /// `Σ y²`, `Σ y·m` and `Σ m²` over the patients.
    squares: [f64; 3],
}

impl RunningShare {
    /// Without images; there will be those of `patients`, called by their numbers.
    pub(crate) fn of(patients: usize) -> Self {
        Self { patients: vec![(0, 0); patients], ..Self::default() }
    }

    /// Adds an image of a patient.
    pub(crate) fn push(&mut self, patient: usize, held: bool) {
        let Some((m, y)) = self.patients.get_mut(patient) else { return };
        let (before_m, before_y) = (f64::from(*m), f64::from(*y));
        self.present += usize::from(*m == 0);
        *m += 1;
        *y += u32::from(held);
        let (m, y) = (f64::from(*m), f64::from(*y));
        self.squares[0] += y * y - before_y * before_y;
        self.squares[1] += y * m - before_y * before_m;
        self.squares[2] += m * m - before_m * before_m;
        self.n += 1;
        self.held += usize::from(held);
    }

    /// Images so far, and those in the share.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.n, self.held)
    }

    /// The share with its interval; `None` without images.
    pub(crate) fn proportion(&self) -> Option<Proportion> {
        if self.n == 0 {
            return None;
        }
        let value = self.held as f64 / self.n as f64;
        let (low, high) = wilson(value, self.effective_number(value));
        Some(Proportion { value, low, high })
    }

    fn effective_number(&self, p: f64) -> f64 {
        let (n, k) = (self.n as f64, self.present as f64);
        let independent = p * (1.0 - p);
        if independent < 1e-12 || k < 2.0 {
            return k;
        }
        let [y2, ym, m2] = self.squares;
        let between = k / (k - 1.0) * (y2 - 2.0 * p * ym + p * p * m2).max(0.0) / (n * n);
        (n / (between * (n - 1.0) / independent).max(1.0)).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::proportion;

    #[test]
    fn at_every_step_it_is_the_proportion_of_the_images_so_far() {
        let names = ["a", "b", "a", "c", "a", "b", "d", "d", "c", "a"];
        let held = [true, false, true, false, false, true, false, true, true, false];
        let mut running = RunningShare::of(4);
        assert_eq!(running.proportion(), None);
        for (i, (name, own)) in names.iter().zip(held).enumerate() {
            running.push(usize::from(name.as_bytes()[0] - b'a'), own);
            let outcomes: Vec<f64> = held[..=i].iter().map(|h| f64::from(u8::from(*h))).collect();
            let (ours, theirs) = (running.proportion().unwrap(), proportion::of(&outcomes, &names[..=i]).unwrap());
            let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
            assert!(
                near(ours.value, theirs.value) && near(ours.low, theirs.low) && near(ours.high, theirs.high),
                "{i}: {ours:?} {theirs:?}"
            );
        }
        assert_eq!(running.counts(), (10, 5));
    }
}
