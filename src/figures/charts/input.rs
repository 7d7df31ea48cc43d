//! What charts are drawn from: points, bins, counts and scores, already computed elsewhere.
//!
//! Nothing is judged here. What is no number is drawn as a sentence, never as an empty frame.

/// A metric with its 95 % interval; `None` where the images do not allow it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MetricValue {
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl MetricValue {
    /// A metric with its interval.
    #[must_use]
    pub fn new(value: f64, low: f64, high: f64) -> Self {
        Self { value: Some(value), low: Some(low), high: Some(high) }
    }

    /// A metric without an interval.
    #[must_use]
    pub fn alone(value: Option<f64>) -> Self {
        Self { value, ..Self::default() }
    }

    /// The value, where it is a number.
    #[must_use]
    pub fn known(self) -> Option<f64> {
        self.value.filter(|v| v.is_finite())
    }

    /// Both ends of the interval, where they are numbers.
    #[must_use]
    pub fn interval(self) -> Option<(f64, f64)> {
        self.low.zip(self.high).filter(|(low, high)| low.is_finite() && high.is_finite())
    }

    /// `0.912 (0.890–0.934)`, without the interval where there is none, a dash where there is
    /// nothing. A range that reaches below 0 is written with a word and not by a dash.
    #[must_use]
    pub fn text(self) -> String {
        let Some(value) = self.known() else { return "–".into() };
        match self.interval() {
            Some((low, high)) if low < 0.0 => format!("{} ({} to {})", short(value), short(low), short(high)),
            Some((low, high)) => format!("{} ({}–{})", short(value), short(low), short(high)),
            None => short(value),
        }
    }
}

/// Three decimals with a true minus sign.
#[must_use]
pub fn short(value: f64) -> String {
    let text = format!("{:.3}", value.abs());
    if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) { format!("−{text}") } else { text }
}

/// A curve of one target in the unit square: ROC or precision–recall.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    pub name: String,
    /// Images whose truth is known to be positive, and negative.
    pub positives: usize,
    pub negatives: usize,
    /// `(across, up)`, in the order of the threshold; empty where there is no curve.
    pub points: Vec<[f64; 2]>,
    /// Area under it.
    pub area: MetricValue,
    /// Where the operating threshold puts it.
    pub operating: Option<[f64; 2]>,
}

impl Curve {
    /// Images whose truth is known.
    #[must_use]
    pub fn images(&self) -> usize {
        self.positives + self.negatives
    }

    /// Points that are numbers.
    pub(super) fn drawable(&self) -> Vec<[f64; 2]> {
        self.points.iter().copied().filter(|p| p[0].is_finite() && p[1].is_finite()).collect()
    }

    /// Why there is nothing to draw, in a sentence.
    pub(super) fn missing(&self) -> Option<String> {
        if self.drawable().len() >= 2 {
            return None;
        }
        let n = self.images();
        Some(match (self.positives, self.negatives) {
            (0, 0) => "No curve: no image whose truth is known.".into(),
            (0, _) => format!("No curve: none of {n} images is positive."),
            (_, 0) => format!("No curve: none of {n} images is negative."),
            _ => "No curve: the scores are not all numbers.".into(),
        })
    }
}

/// Images whose probability lies between two edges.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    pub low: f64,
    pub high: f64,
    pub images: usize,
    /// Mean predicted probability.
    pub predicted: f64,
    /// Share that is really positive, and its 95 % interval.
    pub observed: f64,
    pub interval: (f64, f64),
}

/// Whether the probabilities of one target (or of the called class) are calibrated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reliability {
    pub name: String,
    pub bins: Vec<Bin>,
    /// Expected calibration error.
    pub ece: Option<f64>,
    /// The same of a perfectly calibrated model on as many images, with the range of 95 %.
    pub if_calibrated: MetricValue,
}

/// Images of each true class (rows) called each class (columns).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Confusion {
    pub labels: Vec<String>,
    pub counts: Vec<Vec<usize>>,
}

/// Probabilities of one target by truth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    pub name: String,
    pub positive: Vec<f64>,
    pub negative: Vec<f64>,
    /// Operating threshold.
    pub threshold: Option<f64>,
}

/// Risk against coverage by one signal of how sure the model is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RiskCurve {
    /// The signal.
    pub name: String,
    /// `(coverage, risk)`, from the surest on.
    pub points: Vec<[f64; 2]>,
    /// Area under it.
    pub area: MetricValue,
}

/// Risk and coverage of one question to a model: the called class, or one finding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RiskCoverage {
    pub name: String,
    /// Calls whose truth is known, and the wrong ones.
    pub calls: usize,
    pub wrong: usize,
    /// The curve of an order that puts all errors last.
    pub best: Vec<[f64; 2]>,
    pub curves: Vec<RiskCurve>,
}

/// One row of a forest plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForestRow {
    pub name: String,
    /// What stands behind it: `n = 120`; may be empty.
    pub note: String,
    pub value: MetricValue,
    /// What stands in the place of a value that there is none of; where it is empty, that the
    /// images do not allow one.
    pub absent: String,
    /// The value is absent because something failed.
    pub failed: bool,
}

/// Rows of a forest plot under one heading: the values of one subgroup.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stratum {
    /// May be empty.
    pub heading: String,
    pub rows: Vec<ForestRow>,
}

/// A forest plot: one metric in several groups of images, or of several models.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forest {
    pub title: String,
    /// What must be known to read it, after how its marks are read.
    pub reading: String,
    /// What stands there where there is no row.
    pub empty: String,
    /// Over all images; `None` where there is no such value.
    pub overall: Option<MetricValue>,
    pub strata: Vec<Stratum>,
}

/// A line of a line chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineSeries {
    pub name: String,
    /// `(across, up)`, in the order of `across`; points that are no numbers are left out.
    pub points: Vec<[f64; 2]>,
}

/// One frame of a line chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinePanel {
    pub title: String,
    /// Powers of ten are equally far apart; values that are not above zero are left out.
    pub logarithmic: bool,
    pub series: Vec<LineSeries>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_written_with_its_interval_or_as_a_dash() {
        assert_eq!(MetricValue::new(0.9123, 0.89, 0.9341).text(), "0.912 (0.890–0.934)");
        assert_eq!(MetricValue::alone(Some(-0.0412)).text(), "−0.041");
        assert_eq!(MetricValue::alone(Some(-0.0001)).text(), "0.000");
        assert_eq!(MetricValue::default().text(), "–");
        assert_eq!(MetricValue::new(f64::NAN, 0.0, 1.0).text(), "–");
        assert_eq!(MetricValue::new(0.5, f64::NAN, 1.0).text(), "0.500");
    }
}
