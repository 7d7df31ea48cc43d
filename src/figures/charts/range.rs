//! The range of data along an axis, linear or logarithmic: where a value lies, round ticks, and
//! their numbers.

/// Most ticks of an axis.
const MOST: i64 = 50;

/// What an axis spans, from its lower to its upper end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct AxisRange {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl AxisRange {
    /// Equal differences are equally long.
    pub(super) fn linear(low: f64, high: f64) -> Self {
        Self { low, high, logarithmic: false }
    }

    /// Equal ratios are equally long; both ends are above zero.
    pub(super) fn logarithmic(low: f64, high: f64) -> Self {
        Self { low, high, logarithmic: true }
    }

    /// Around these values with a little room, for what is drawn there is not to touch the frame.
    /// Values that lie between 0 and 1, or above 0, keep that end of the range. Not numbers (and on
    /// a logarithmic axis what is not above zero) do not count; without any value it is the unit
    /// range.
    pub(super) fn around(values: impl Iterator<Item = f64>, logarithmic: bool) -> Self {
        let counts = |v: &f64| v.is_finite() && (!logarithmic || *v > 0.0);
        let (low, high) =
            values.filter(counts).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        match (low <= high, logarithmic) {
            (false, false) => Self::linear(0.0, 1.0),
            (false, true) => Self::logarithmic(0.1, 1.0),
            (true, true) => {
                let room = (high / low).powf(0.06).max(1.1);
                Self::logarithmic(low / room, high * room)
            }
            (true, false) => {
                let room = ((high - low) * 0.08).max(0.02 * low.abs().max(high.abs())).max(1e-9);
                let ends = |v: f64| if low >= 0.0 { v.max(0.0) } else { v };
                let held = |v: f64| if low >= 0.0 && high <= 1.0 { ends(v).min(1.0) } else { ends(v) };
                Self::linear(held(low - room), held(high + room))
            }
        }
    }

    /// Where a value lies between the ends, 0–1; beyond them it is held, and no number lies at the
    /// lower.
    pub(super) fn part(&self, value: f64) -> f32 {
        let part = if self.logarithmic {
            (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (value - self.low) / (self.high - self.low)
        };
        if part.is_finite() { part.clamp(0.0, 1.0) as f32 } else { 0.0 }
    }

    /// Round numbers inside, about `wanted` of them.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<f64> {
        if self.logarithmic { self.log_ticks(wanted) } else { self.stepped(wanted, &[1.0, 2.0, 2.5, 5.0, 10.0], 0.0) }
    }

    /// Whole numbers inside, about `wanted` of them.
    pub(super) fn whole_ticks(&self, wanted: usize) -> Vec<f64> {
        self.stepped(wanted, &[1.0, 2.0, 5.0, 10.0], 1.0)
    }

    fn stepped(&self, wanted: usize, steps: &[f64], least: f64) -> Vec<f64> {
        let (low, high) = (self.low, self.high);
        let span = high - low;
        if !(span.is_finite() && span > 0.0) {
            return vec![low];
        }
        let rough = (span / wanted.max(1) as f64).max(least);
        let power = 10f64.powf(rough.log10().floor());
        let step = steps.iter().map(|m| m * power).find(|s| *s >= rough * 0.999).unwrap_or(span);
        let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
        (first..=last.min(first.saturating_add(MOST))).map(|i| i as f64 * step).collect()
    }

    /// Powers of ten; with their doubles and fives where few powers lie inside, and every second,
    /// third … power where many do. Where even those are too few, the ticks of a linear axis.
    fn log_ticks(&self, wanted: usize) -> Vec<f64> {
        let (low, high) = (self.low * (1.0 - 1e-9), self.high * (1.0 + 1e-9));
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let inside = |steps: &[f64], every: usize| -> Vec<f64> {
            let decades = (first..=last).filter(|d| d.rem_euclid(every as i32) == 0);
            let all = decades.flat_map(|d| steps.iter().map(move |s| s * 10f64.powi(d)));
            all.filter(|v| (low..=high).contains(v)).collect()
        };
        let fine = inside(&[1.0, 2.0, 5.0], 1);
        if fine.len() < 3 {
            return Self::linear(self.low, self.high).ticks(wanted);
        }
        let powers = inside(&[1.0], 1).len();
        if fine.len() <= wanted + 3 { fine } else { inside(&[1.0], powers.div_ceil(wanted.max(1)).max(1)) }
    }
}

/// The ticks as numbers: no more decimals than they need to be told from each other, with a true
/// minus sign.
pub(super) fn labels(ticks: &[f64]) -> Vec<String> {
    let steps = ticks.windows(2).map(|pair| (pair[1] - pair[0]).abs()).filter(|step| *step > 0.0);
    let step = steps.fold(f64::INFINITY, f64::min);
    ticks.iter().map(|&tick| label(tick, if step.is_finite() { step } else { tick.abs() })).collect()
}

/// `0.5`, true to a thousandth of the step.
fn label(value: f64, step: f64) -> String {
    const DECIMALS: usize = 6;
    if value.abs() < step * 1e-6 {
        return "0".into();
    }
    let near = |text: &String| text.parse::<f64>().is_ok_and(|v| (v - value).abs() <= step * 1e-3);
    let plain = (0..=DECIMALS).map(|d| format!("{value:.d$}")).find(near).filter(|_| value.abs() < 1e7);
    plain.unwrap_or_else(|| format!("{value:.1e}")).replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let unit = AxisRange::linear(0.0, 1.0);
        assert_eq!(labels(&unit.ticks(5)), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(AxisRange::linear(0.72, 0.98).ticks(4).first(), Some(&0.8));
        assert_eq!(AxisRange::linear(0.5, 0.5).ticks(4), [0.5]);
        assert_eq!(AxisRange::linear(0.845, 0.925).ticks(5).len(), 4);
        assert!(AxisRange::linear(0.0, f64::INFINITY).ticks(5).len() == 1);
    }

    #[test]
    fn numbers_have_the_decimals_that_they_need() {
        assert_eq!(labels(&[0.025, 0.05, 0.075, 0.1 + 0.2]), ["0.025", "0.05", "0.075", "0.3"]);
        assert_eq!(labels(&[-0.5, 0.0, 0.5]), ["−0.5", "0", "0.5"]);
        assert_eq!(labels(&[0.001, 0.01, 1.0, 1000.0]), ["0.001", "0.01", "1", "1000"]);
        assert_eq!([labels(&[1e-9]), labels(&[2e9])].concat(), ["1.0e−9", "2.0e9"]);
        assert_eq!(labels(&[0.5]), ["0.5"]);
    }

    #[test]
    fn epochs_are_whole() {
        assert_eq!(AxisRange::linear(1.0, 2.0).whole_ticks(8), [1.0, 2.0]);
        for epochs in [3.0, 7.0, 20.0, 33.0, 100_000.0] {
            let ticks = AxisRange::linear(1.0, epochs).whole_ticks(8);
            assert!(ticks.len() >= 3 && ticks.len() <= 11, "{epochs}: {ticks:?}");
            assert!(ticks.iter().all(|t| t.fract() == 0.0), "{ticks:?}");
        }
    }

    #[test]
    fn a_logarithmic_axis_has_equal_steps_for_equal_ratios() {
        let axis = AxisRange::logarithmic(0.01, 100.0);
        assert_eq!([0.01, 1.0, 100.0, 1e9, -1.0].map(|v| axis.part(v)), [0.0, 0.5, 1.0, 1.0, 0.0]);
        assert_eq!(labels(&axis.ticks(5)), ["0.01", "0.1", "1", "10", "100"]);
        assert_eq!(labels(&AxisRange::logarithmic(0.09, 2.5).ticks(5)), ["0.1", "0.2", "0.5", "1", "2"]);
        let far = AxisRange::logarithmic(1e-12, 1e12).ticks(6);
        assert!(far.len() >= 4 && far.len() <= 9, "{far:?}");
        assert!(AxisRange::logarithmic(0.52, 0.58).ticks(5).len() >= 3, "within a step of the decades");
    }

    #[test]
    fn a_range_leaves_room_and_does_not_leave_what_is_possible() {
        let around = |values: &[f64]| AxisRange::around(values.iter().copied(), false);
        assert_eq!(around(&[0.0, 1.0]), AxisRange::linear(0.0, 1.0));
        assert_eq!(around(&[f64::NAN]), AxisRange::linear(0.0, 1.0));
        let one = around(&[0.7]);
        assert!(one.low < 0.7 && one.high > 0.7);
        let beyond = around(&[0.1, 3.0]);
        assert!(beyond.low == 0.0 && beyond.high > 3.2);
        assert!(around(&[-1.0, 1.0]).low < -1.0);
        let log = AxisRange::around([f64::NAN, 0.0, 0.01, 1.0].into_iter(), true);
        assert!(log.logarithmic && log.low < 0.01 && log.low > 0.005 && log.high > 1.0 && log.high < 2.0);
    }
}
