//! Present, absent or undecided at a stated risk: split conformal prediction, class by class.
//!
//! For one finding there are two hypotheses. Images with the finding are strange in so far as the
//! model gives it little (nonconformity `1 − p`), images without it in so far as the model gives it
//! much (`p`), `p` being the calibrated probability of the pass with dropout off. The p-value of a
//! hypothesis is the share of its `n` calibration images that are at least as strange, the image at
//! hand counted in: `(1 + #{stranger or equal}) / (n + 1)`. At risk `α` a hypothesis is rejected
//! when its p-value is at most `α` (Vovk, Gammerman and Shafer 2005; label-conditional, "Mondrian":
//! Vovk 2012).
//!
//! **The better hypothesis is never rejected.** Where the kinds hardly overlap an image between
//! them is strange for both, and rejecting both would make a state at 5 % into *undecided* at 10 %.
//! So the hypothesis of the larger p-value stays, whatever the risk (forced prediction, Vovk et al.
//! 2005, 3.4; completion of empty sets, Sadinle, Lei and Wasserman, JASA 114 (2019) 223). Two
//! things follow. The set is a superset of the conformal one, so the promise below is kept. And the
//! state of an image is *undecided* below the smaller of its two p-values, the better hypothesis
//! from there on: as the risk falls, states only go back to *undecided*, and no wrong *present* is
//! ever gained.
//!
//! So two cuts on `p` are all that is kept for a risk: the `⌈(n + 1)(1 − α)⌉`-th smallest
//! strangeness of either kind, drawn back to the place where the two p-values are equal if they lie
//! beyond it. No number lies beyond both cuts of a target.
//!
//! What is promised: among images drawn like the calibration images, at most `α` of those with the
//! finding are called absent on average, and at most `α` of those without it present, whatever the
//! network and its temperature are worth. A bad network pays with *undecided*.
//!
//! *Undecided* is said of three different things, which [`Verdict`] keeps apart: the image fits
//! both kinds; there are too few calibration images of one kind, `n < (1 − α)/α`, to reject
//! anything; or a state would contradict what is said of the other labels (see [`super::joint`],
//! which makes one statement of those of all labels and groups).
//!
//! What it does not do: the promise is an average over images *exchangeable* with the calibration
//! set. It is no probability for the patient at hand, says nothing of images from elsewhere, and is
//! weakened where a patient has several images, which are less than as many independent ones.

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
    /// The image is unlike those with the finding and unlike those without it: said up to version
    /// 0.5, whose records hold it.
    FitsNeither,
    /// So few calibration images of one kind that nothing can be rejected at this risk.
    TooFew,
    /// Outside the population.
    Withheld,
    /// By itself it would be present or absent, which contradicts what is said of the other labels.
    HeldBack,
}

impl Verdict {
    /// The three states that a reader is shown.
    #[must_use]
    pub fn state(self) -> State {
        match self {
            Self::Present => State::Present,
            Self::Absent => State::Absent,
            Self::FitsBoth | Self::FitsNeither | Self::TooFew | Self::HeldBack => State::Undecided,
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
    /// Cuts at `risk` from the probabilities of calibration images with and without the finding, in
    /// any order.
    #[must_use]
    pub fn of(with: &[f32], without: &[f32], risk: f64) -> Self {
        let (with, without) = (sorted(with), sorted(without));
        // The k-th smallest of 1 − p is the k-th largest of p; p itself is kept, so that equal
        // images stay equal.
        let absent_below = rank(with.len(), risk).map(|k| with[with.len() - k]);
        let present_above = rank(without.len(), risk).map(|k| without[k - 1]);
        let (Some(present_above), Some(absent_below)) = (present_above, absent_below) else {
            return Self {
                present_above: present_above.unwrap_or(1.0),
                absent_below: absent_below.unwrap_or(0.0),
                enough: false,
            };
        };
        let (absent_up_to, present_from) = crossing(&with, &without);
        let (present_above, absent_below) = (present_above.max(present_from), absent_below.min(absent_up_to));
        Self { present_above, absent_below, enough: true }
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
            // No number lies beyond both cuts, once they are drawn back; see `uncrossed`.
            (false, false) | (true, true) => Verdict::FitsBoth,
        }
    }
}

fn sorted(values: &[f32]) -> Vec<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    sorted
}

/// Where the better hypothesis changes: below the first number "with the finding" has the smaller
/// p-value, above the second "without" has. Between them both are equal, and neither is better.
/// Values come in rising order.
fn crossing(with: &[f32], without: &[f32]) -> (f32, f32) {
    // Of "with" minus that of "without", times (n + 1)(m + 1): whole numbers, so that equal is
    // equal.
    let lead = |p: f32| {
        let at_most = with.partition_point(|w| *w <= p) as i128 + 1;
        let at_least = (without.len() - without.partition_point(|w| *w < p)) as i128 + 1;
        at_most * (without.len() as i128 + 1) - at_least * (with.len() as i128 + 1)
    };
    // The lead rises, at a value of `with` and behind one of `without`.
    let places = with.iter().copied().chain(without.iter().map(|w| w.next_up())).chain([0.0]);
    let places = sorted(&places.collect::<Vec<_>>());
    let first = |from: i128| places.get(places.partition_point(|p| lead(*p) < from)).copied();
    (first(0).unwrap_or(1.0), first(1).map_or(1.0, f32::next_down).max(0.0))
}

/// Cuts of rising risks that were kept by version 0.5, whose cuts may cross: from the first risk at
/// which they do both are drawn back to what is known of the place where the better hypothesis
/// changes.
///
/// It lies beyond the cuts of the risk before and between the crossed ones, so an image there stays
/// undecided at every risk: a little less is said than the calibration images would allow, and
/// states stay monotone in the risk.
#[must_use]
pub fn uncrossed(present_above: &[f32], absent_below: &[f32]) -> Vec<(f32, f32)> {
    let mut cuts: Vec<(f32, f32)> = present_above.iter().copied().zip(absent_below.iter().copied()).collect();
    // Where the better hypothesis changes from one number to the next there is nothing between the
    // two cuts.
    if let Some(k) = cuts.iter().position(|(present, absent)| present.next_up() < *absent) {
        let (before, crossed) = (if k == 0 { (1.0, 0.0) } else { cuts[k - 1] }, cuts[k]);
        let drawn_back = (before.0.min(crossed.1), before.1.max(crossed.0));
        cuts[k..].fill(drawn_back);
    }
    cuts
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
        // Nine with the finding: the 9th largest is the smallest, 0.40. Nine without: the 9th
        // smallest is the largest, 0.55.
        let with = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.4];
        let without = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.45, 0.55];
        let cuts = Cuts::of(&with, &without, 0.1);
        assert_eq!(cuts, Cuts { present_above: 0.55, absent_below: 0.4, enough: true });
        assert_eq!(cuts.judge(0.56), Verdict::Present);
        assert_eq!(cuts.judge(0.39), Verdict::Absent);
        assert_eq!(cuts.judge(0.4), Verdict::FitsBoth);
        assert_eq!(cuts.judge(0.55), Verdict::FitsBoth);
        // At 20 % the 8th of either, (9 + 1) · 0.8 = 8, would be 0.45 and 0.6: between them an
        // image is unlike either kind. Up to 0.45 the p-values are 2/10 with and 3/10 without, up
        // to 0.55 both are 2/10, then 2/10 and 1/10.
        let cuts = Cuts::of(&with, &without, 0.2);
        assert_eq!(cuts.judge(0.45), Verdict::Absent);
        assert_eq!(cuts.judge(0.45_f32.next_up()), Verdict::FitsBoth);
        assert_eq!(cuts.judge(0.5).state(), State::Undecided);
        assert_eq!(cuts.judge(0.55), Verdict::FitsBoth);
        assert_eq!(cuts.judge(0.55_f32.next_up()), Verdict::Present);
    }

    /// The definition, without cuts: the better p-value is never rejected.
    fn by_p_values(with: &[f32], without: &[f32], risk: f64, p: f32) -> State {
        let share = |n: usize, of: usize| (n + 1) as f64 / (of + 1) as f64;
        let present = share(with.iter().filter(|w| **w <= p).count(), with.len());
        let absent = share(without.iter().filter(|w| **w >= p).count(), without.len());
        let rejected = present.min(absent) <= risk + 1e-12 && with.len().min(without.len()) >= fewest(risk);
        match present.total_cmp(&absent) {
            std::cmp::Ordering::Greater if rejected => State::Present,
            std::cmp::Ordering::Less if rejected => State::Absent,
            _ => State::Undecided,
        }
    }

    /// Calibration sets of every size and overlap, with ties, and probabilities to judge by them.
    fn drawn(seed: u64) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (shift, steps) = (rng.random::<f32>() - 0.3, if seed.is_multiple_of(2) { 20.0 } else { 1e6 });
        let mut some = |shift: f32, most: usize| -> Vec<f32> {
            let n = rng.random_range(0..most);
            (0..n).map(|_| ((rng.random::<f32>() + shift).clamp(0.0, 1.0) * steps).round() / steps).collect()
        };
        (some(shift, 150), some(-shift, 150), some(0.0, 60))
    }

    #[test]
    fn cuts_say_what_the_p_values_say() {
        for seed in 0..300 {
            let (with, without, images) = drawn(seed);
            for risk in RISKS {
                let cuts = Cuts::of(&with, &without, risk);
                assert!(!cuts.enough || cuts.absent_below <= cuts.present_above.next_up(), "{seed}: {cuts:?}");
                for p in images.iter().chain(&with).chain(&without).filter(|p| **p > 0.0) {
                    let expected = by_p_values(&with, &without, risk, *p);
                    assert_eq!(cuts.judge(*p).state(), expected, "seed {seed}, risk {risk}, p {p}, {cuts:?}");
                }
            }
        }
    }

    #[test]
    fn a_smaller_risk_only_makes_states_undecided() {
        for seed in 0..300 {
            let (with, without, images) = drawn(seed);
            for p in images {
                let states = RISKS.map(|risk| Cuts::of(&with, &without, risk).judge(p).state());
                for pair in states.windows(2) {
                    assert!(pair[0] == pair[1] || pair[0] == State::Undecided, "seed {seed}, p {p}: {states:?}");
                }
            }
        }
    }

    #[test]
    fn crossed_cuts_of_old_files_are_drawn_back_without_a_state_that_moves() {
        for seed in 0..300 {
            let (with, without, images) = drawn(seed);
            let old = |risk: f64| {
                let (with, without) = (sorted(&with), sorted(&without));
                let present = rank(without.len(), risk).map_or(1.0, |k| without[k - 1]);
                (present, rank(with.len(), risk).map_or(0.0, |k| with[with.len() - k]))
            };
            let (present, absent): (Vec<f32>, Vec<f32>) = RISKS.map(old).into_iter().unzip();
            let cuts = uncrossed(&present, &absent);
            for p in images {
                let judge = |(i, (present_above, absent_below)): (usize, &(f32, f32))| {
                    let enough = with.len().min(without.len()) >= fewest(RISKS[i]);
                    Cuts { present_above: *present_above, absent_below: *absent_below, enough }.judge(p).state()
                };
                let states: Vec<State> = cuts.iter().enumerate().map(judge).collect();
                for (i, state) in states.iter().enumerate() {
                    let exact = by_p_values(&with, &without, RISKS[i], p);
                    assert!(*state == exact || *state == State::Undecided, "seed {seed}, p {p}: {states:?}");
                    assert!(i == 0 || states[i - 1] == *state || states[i - 1] == State::Undecided, "{states:?}");
                }
            }
        }
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

    /// Share of wrong calls of either kind over `rounds` calibration sets, each with one fresh
    /// image of either kind.
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
        // Present is rejected for 2 of 20 ranks exactly, so in a tenth of all cases; four standard
        // errors of 8,000 rounds are 0.013.
        for share in wrong(19, 0.1, 1.0, 8000) {
            assert!((share - 0.1).abs() < 0.0134, "{share}");
        }
    }
}
