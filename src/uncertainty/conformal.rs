//! Present, absent or undecided at a stated risk: split conformal prediction, class by class.
//!
//! For one finding there are two hypotheses. Images with the finding are strange in so far as the model gives it little
//! (nonconformity `1 − p`), images without it in so far as the model gives it much (`p`), `p` being the calibrated probability
//! of the pass with dropout off. Of `n` calibration images of a kind, the strangeness that is still put up with at risk `α` is
//! the `⌈(n + 1)(1 − α)⌉`-th smallest (Vovk, Gammerman and Shafer 2005; label-conditional, "Mondrian": Vovk 2012). An image
//! that is stranger than that is rejected as one of the kind. So two cuts on `p` are all that is kept of the calibration set.
//!
//! What is promised: among images drawn like the calibration images, at most `α` of those with the finding are called absent
//! on average, and at most `α` of those without it present, whatever the network and its temperature are worth. A bad network
//! pays with *undecided*.
//!
//! *Undecided* is said of three different things, which [`Verdict`] keeps apart: the image fits both kinds; it fits neither; or
//! there are too few calibration images of one kind, `n < (1 − α)/α`, to reject anything.
//!
//! What it does not do: the promise is an average over images *exchangeable* with the calibration set. It is no probability for
//! the patient at hand, says nothing of images from elsewhere, and is weakened where a patient has several images, which are
//! less than as many independent ones. Labels are judged one by one: exclusive classes may all be absent, or two present.

use serde::{Deserialize, Serialize};

/// Risks for which cuts are kept.
pub const RISKS: [f64; 6] = [0.01, 0.02, 0.05, 0.10, 0.15, 0.20];
/// The risk that is taken where none is asked for.
pub const RISK: f64 = 0.10;

/// What may be said of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Present,
    Absent,
    Undecided,
    /// The image is outside the population that the model was measured on: nothing is said.
    Withheld,
}

impl State {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
            Self::Undecided => "undecided",
            Self::Withheld => "withheld",
        }
    }
}

/// What may be said of a finding, and why not more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Present,
    Absent,
    /// The image could be of either kind.
    FitsBoth,
    /// The image is unlike those with the finding and unlike those without it.
    FitsNeither,
    /// So few calibration images of one kind that nothing can be rejected at this risk.
    TooFew,
    /// Outside the population.
    Withheld,
}

impl Verdict {
    /// The three states that a reader is shown.
    #[must_use]
    pub fn state(self) -> State {
        match self {
            Self::Present => State::Present,
            Self::Absent => State::Absent,
            Self::FitsBoth | Self::FitsNeither | Self::TooFew => State::Undecided,
            Self::Withheld => State::Withheld,
        }
    }
}

/// The two cuts on the probability of a finding at one risk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuts {
    /// Above it an image is too strange for one without the finding; 1 where nothing is.
    pub present_above: f32,
    /// Below it an image is too strange for one with the finding; 0 where nothing is.
    pub absent_below: f32,
    /// There are enough calibration images of both kinds.
    pub enough: bool,
}

impl Cuts {
    /// Cuts at `risk` from the probabilities of calibration images with and without the finding, in any order.
    #[must_use]
    pub fn of(with: &[f32], without: &[f32], risk: f64) -> Self {
        // The k-th smallest of 1 − p is the k-th largest of p; p itself is kept, so that equal images stay equal.
        let kth = |values: &[f32], descending: bool| {
            let mut sorted = values.to_vec();
            sorted.sort_by(|a, b| if descending { b.total_cmp(a) } else { a.total_cmp(b) });
            rank(values.len(), risk).and_then(|k| sorted.get(k - 1).copied())
        };
        let (absent_below, present_above) = (kth(with, true), kth(without, false));
        Self {
            present_above: present_above.unwrap_or(1.0),
            absent_below: absent_below.unwrap_or(0.0),
            enough: present_above.is_some() && absent_below.is_some(),
        }
    }

    /// What may be said of an image with this probability of the finding.
    #[must_use]
    pub fn judge(&self, probability: f32) -> Verdict {
        let strange_for_absent = probability > self.present_above;
        let strange_for_present = probability < self.absent_below;
        match (strange_for_absent, strange_for_present) {
            _ if !self.enough || !probability.is_finite() => Verdict::TooFew,
            (true, false) => Verdict::Present,
            (false, true) => Verdict::Absent,
            (false, false) => Verdict::FitsBoth,
            (true, true) => Verdict::FitsNeither,
        }
    }
}

/// `⌈(n + 1)(1 − α)⌉`, where that many images there are.
#[must_use]
pub fn rank(n: usize, risk: f64) -> Option<usize> {
    // The small allowance keeps 50 · 0.98 from becoming 50 by rounding.
    let rank = ((n + 1) as f64 * (1.0 - risk) - 1e-9).ceil().max(1.0) as usize;
    (rank <= n).then_some(rank)
}

/// Fewest calibration images of a kind at this risk.
#[must_use]
pub fn fewest(risk: f64) -> usize {
    ((1.0 - risk) / risk - 1e-9).ceil().max(1.0) as usize
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_rank_is_that_of_the_finite_sample_correction() {
        // By hand: (n + 1)(1 − α) = 9 for n = 9, α = 0.1; 18 for n = 19; 19.8 → 20 for n = 21.
        assert_eq!(rank(9, 0.1), Some(9));
        assert_eq!(rank(19, 0.1), Some(18));
        assert_eq!(rank(21, 0.1), Some(20));
        assert_eq!(rank(49, 0.02), Some(49));
        assert_eq!(rank(8, 0.1), None);
        assert_eq!(rank(0, 0.2), None);
    }

    #[test]
    fn the_fewest_images_are_just_enough() {
        for risk in RISKS {
            let n = fewest(risk);
            assert!(rank(n, risk).is_some() && rank(n - 1, risk).is_none(), "{risk}: {n}");
        }
        assert_eq!([fewest(0.1), fewest(0.05), fewest(0.01)], [9, 19, 99]);
    }

    #[test]
    fn cuts_are_those_counted_by_hand() {
        // Nine with the finding: the 9th largest is the smallest, 0.40. Nine without: the 9th smallest is the largest, 0.55.
        let with = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.4];
        let without = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.45, 0.55];
        let cuts = Cuts::of(&with, &without, 0.1);
        assert_eq!(cuts, Cuts { present_above: 0.55, absent_below: 0.4, enough: true });
        assert_eq!(cuts.judge(0.56), Verdict::Present);
        assert_eq!(cuts.judge(0.39), Verdict::Absent);
        assert_eq!(cuts.judge(0.4), Verdict::FitsBoth);
        assert_eq!(cuts.judge(0.55), Verdict::FitsBoth);
        // At 20 % the 8th of either: (9 + 1) · 0.8 = 8. Between 0.45 and 0.6 an image is then unlike either kind.
        let cuts = Cuts::of(&with, &without, 0.2);
        assert_eq!(cuts, Cuts { present_above: 0.45, absent_below: 0.6, enough: true });
        assert_eq!(cuts.judge(0.5), Verdict::FitsNeither);
        assert_eq!(cuts.judge(0.5).state(), State::Undecided);
        assert_eq!(cuts.judge(0.6), Verdict::Present);
        assert_eq!(cuts.judge(0.45), Verdict::Absent);
    }

    #[test]
    fn too_few_images_of_a_kind_leave_everything_undecided() {
        let cuts = Cuts::of(&[0.9; 8], &[0.1; 100], 0.1);
        assert!(!cuts.enough);
        assert_eq!(cuts.absent_below, 0.0);
        assert!([0.0, 0.3, 0.99, 1.0].into_iter().all(|p| cuts.judge(p) == Verdict::TooFew));
        assert_eq!(Cuts::of(&[], &[], 0.1).judge(0.5).state(), State::Undecided);
        assert_eq!(Cuts::of(&[0.9; 20], &[0.1; 20], 0.1).judge(f32::NAN).state(), State::Undecided);
    }

    #[test]
    fn a_network_that_tells_nothing_is_undecided_and_not_wrong() {
        let cuts = Cuts::of(&[0.5; 60], &[0.5; 60], 0.05);
        assert_eq!(cuts.judge(0.5), Verdict::FitsBoth);
    }

    /// Share of wrong calls of either kind over `rounds` calibration sets, each with one fresh image of either kind.
    fn wrong(n: usize, risk: f64, overlap: f32, rounds: usize) -> [f64; 2] {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut draw = |positive: bool| {
            let noise: f32 = (0..4).map(|_| rng.random::<f32>()).sum::<f32>() / 4.0;
            (noise * overlap + if positive { 1.0 - overlap } else { 0.0 }).clamp(0.0, 1.0)
        };
        let mut wrong = [0.0; 2];
        for _ in 0..rounds {
            let with: Vec<f32> = (0..n).map(|_| draw(true)).collect();
            let without: Vec<f32> = (0..n).map(|_| draw(false)).collect();
            let cuts = Cuts::of(&with, &without, risk);
            wrong[0] += f64::from(u8::from(cuts.judge(draw(true)).state() == State::Absent));
            wrong[1] += f64::from(u8::from(cuts.judge(draw(false)).state() == State::Present));
        }
        wrong.map(|w| w / rounds as f64)
    }

    #[test]
    fn on_exchangeable_images_the_risk_is_kept_on_either_side() {
        // 4,000 rounds: the standard error of a share of 0.1 is 0.005.
        for (n, risk, overlap) in [(9, 0.1_f64, 0.7), (40, 0.1, 0.8), (150, 0.05, 0.6), (25, 0.2, 0.9)] {
            let allowed = risk + 3.0 * (risk * (1.0 - risk) / 4000.0).sqrt();
            for share in wrong(n, risk, overlap, 4000) {
                assert!(share <= allowed, "n {n}, risk {risk}, overlap {overlap}: {share}");
            }
        }
    }

    #[test]
    fn the_risk_is_used_up_where_the_kinds_overlap_much() {
        // Present is rejected for 2 of 20 ranks exactly, so in a tenth of all cases; four standard errors of 8,000 rounds are 0.013.
        for share in wrong(19, 0.1, 1.0, 8000) {
            assert!((share - 0.1).abs() < 0.0134, "{share}");
        }
    }
}
