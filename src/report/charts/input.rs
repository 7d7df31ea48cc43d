//! What charts are drawn from: points, bins, counts and scores, already computed elsewhere.
//!
//! Nothing is judged here. What is no number is drawn as a sentence, never as an empty frame.

/// A figure with its 95 % interval; `None` where the images do not allow it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figure {
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl Figure {
    #[must_use]
    pub fn new(value: f64, low: f64, high: f64) -> Self {
        Self { value: Some(value), low: Some(low), high: Some(high) }
    }

    /// A figure without an interval.
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

    /// `0.912 (0.890–0.934)`, without the interval where there is none, a dash where there is nothing.
    #[must_use]
    pub fn text(self) -> String {
        let Some(value) = self.known() else { return "–".into() };
        match self.interval() {
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
    pub area: Figure,
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
    /// Mean probability that was said.
    pub said: f64,
    /// Share that is really positive, and its 95 % interval.
    pub seen: f64,
    pub interval: (f64, f64),
}

/// Whether the probabilities of one target (or of the called class) mean what they say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reliability {
    pub name: String,
    pub bins: Vec<Bin>,
    /// Expected calibration error.
    pub ece: Option<f64>,
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

/// One line of a forest plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    pub name: String,
    /// What stands behind it: `n = 120`.
    pub note: String,
    pub figure: Figure,
}

/// Lines of a forest plot under one heading: the values of one subgroup.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stratum {
    pub heading: String,
    pub rows: Vec<Part>,
}

/// A forest plot: one figure in several groups of images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forest {
    /// What is drawn: `AUROC of Pneumonia`.
    pub figure: String,
    /// Over all images.
    pub overall: Figure,
    pub strata: Vec<Stratum>,
}

/// Everything that is drawn of one judgement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Charts {
    pub roc: Vec<Curve>,
    pub precision_recall: Vec<Curve>,
    pub calibration: Vec<Reliability>,
    /// `None` where labels do not exclude each other.
    pub confusion: Option<Confusion>,
    pub histograms: Vec<Scores>,
    pub subgroups: Vec<Forest>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_written_with_its_interval_or_as_a_dash() {
        assert_eq!(Figure::new(0.9123, 0.89, 0.9341).text(), "0.912 (0.890–0.934)");
        assert_eq!(Figure::alone(Some(-0.0412)).text(), "−0.041");
        assert_eq!(Figure::alone(Some(-0.0001)).text(), "0.000");
        assert_eq!(Figure::default().text(), "–");
        assert_eq!(Figure::new(f64::NAN, 0.0, 1.0).text(), "–");
        assert_eq!(Figure::new(0.5, f64::NAN, 1.0).text(), "0.500");
    }
}
