//! The metrics that runs are compared by, of any rows of a table of predictions.
//!
//! Over all labels: accuracy ([`Prediction::right`](super::predictions::Prediction::right)), and
//! means over the labels of AUROC, sensitivity and specificity at the model's own thresholds;
//! negative log likelihood, Brier score and calibration error of exclusive classes as
//! [`super::calibration`] has them, of findings the mean over the labels, each read as present or
//! absent. For one target: the same as a yes-or-no question.

use serde::{Deserialize, Serialize};

use super::calibration::Binning;
use super::confusion::Binary;
use super::predictions::Predictions;
use super::{calibration, roc};
use crate::model::manifest::Head;
use crate::stats::mean;

/// A kind of metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    Auroc,
    Accuracy,
    Sensitivity,
    Specificity,
    Nll,
    Brier,
    Ece,
}

impl Metric {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 7] =
        [Self::Auroc, Self::Accuracy, Self::Sensitivity, Self::Specificity, Self::Nll, Self::Brier, Self::Ece];

    /// Name on the command line and in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auroc => "auroc",
            Self::Accuracy => "accuracy",
            Self::Sensitivity => "sensitivity",
            Self::Specificity => "specificity",
            Self::Nll => "nll",
            Self::Brier => "brier",
            Self::Ece => "ece",
        }
    }

    /// Name in sentences and on plots.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Auroc => "AUROC",
            Self::Nll => "negative log likelihood",
            Self::Brier => "Brier score",
            Self::Ece => "calibration error",
            other => other.name(),
        }
    }

    /// The same of one target, which is a yes-or-no question: its accuracy is another thing than
    /// that of the model.
    #[must_use]
    pub fn title_of(self, target: Option<&str>) -> String {
        match (self, target) {
            (metric, None) => metric.title().to_owned(),
            (Self::Accuracy, Some(target)) => format!("accuracy at the threshold of {target}"),
            (metric, Some(target)) => format!("{} of {target}", metric.title()),
        }
    }

    /// False for errors.
    #[must_use]
    pub fn higher_is_better(self) -> bool {
        !matches!(self, Self::Nll | Self::Brier | Self::Ece)
    }

    /// Whether tables list it for every target too.
    #[must_use]
    pub fn of_targets(self) -> bool {
        self.higher_is_better()
    }
}

/// A name that no metric has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no metric \"{0}\"; there are {known}", known = Metric::ALL.map(Metric::name).join(", "))]
pub struct UnknownMetric(String);

impl std::str::FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(name: &str) -> Result<Self, UnknownMetric> {
        let found = Self::ALL.into_iter().find(|m| m.name().eq_ignore_ascii_case(name.trim()));
        found.ok_or_else(|| UnknownMetric(name.to_owned()))
    }
}

/// The value of a metric of a model or of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricValue {
    pub metric: Metric,
    /// A label or group; `None` for the model as a whole.
    pub target: Option<String>,
    /// `None` where it cannot be computed: no positive image, say.
    pub value: Option<f64>,
}

impl MetricValue {
    /// Whether it is `metric` of `target`.
    #[must_use]
    pub fn is(&self, metric: Metric, target: Option<&str>) -> bool {
        self.metric == metric && self.target.as_deref() == target
    }
}

/// Every metric of all rows.
#[must_use]
pub fn values(predictions: &Predictions) -> Vec<MetricValue> {
    let rows: Vec<usize> = (0..predictions.rows.len()).collect();
    asked(predictions)
        .map(|(metric, target)| MetricValue {
            metric,
            target: target.map(|t| predictions.targets[t].name.clone()),
            value: value(predictions, &rows, metric, target),
        })
        .collect()
}

/// What is listed of a model: each kind over all, then the kinds of each target.
pub fn asked(predictions: &Predictions) -> impl Iterator<Item = (Metric, Option<usize>)> {
    let targets = predictions.targets.len();
    let of_targets = || Metric::ALL.into_iter().filter(|m| m.of_targets());
    let each = (0..targets).flat_map(move |t| of_targets().map(move |m| (m, Some(t))));
    Metric::ALL.into_iter().map(|m| (m, None)).chain(each)
}

/// `metric` of `rows`, over all labels or of one target.
#[must_use]
pub fn value(predictions: &Predictions, rows: &[usize], metric: Metric, target: Option<usize>) -> Option<f64> {
    match (target, metric, predictions.head) {
        (Some(target), ..) => of_target(predictions, rows, metric, target),
        (None, Metric::Accuracy, head) => mean(rows.iter().filter_map(|&i| predictions.rows[i].right(head))),
        (None, Metric::Nll | Metric::Brier | Metric::Ece, Head::Softmax) => of_classes(predictions, rows, metric),
        _ => mean((0..predictions.labels().count()).filter_map(|k| of_target(predictions, rows, metric, k))),
    }
}

/// Metrics of exclusive classes, over the rows whose class is known.
fn of_classes(predictions: &Predictions, rows: &[usize], metric: Metric) -> Option<f64> {
    let labels = predictions.labels().count();
    let (mut truth, mut probabilities) = (Vec::new(), Vec::new());
    for row in rows.iter().map(|&i| &predictions.rows[i]) {
        if let Some(class) = row.class() {
            truth.push(class);
            probabilities.push(row.probability[..labels].to_vec());
        }
    }
    match metric {
        Metric::Nll => calibration::nll(&probabilities, &truth),
        Metric::Brier => calibration::brier(&probabilities, &truth),
        _ => {
            let (confidence, right) = calibration::top(&probabilities, &truth);
            calibration_error(&confidence, &right)
        }
    }
}

/// Metrics of one yes-or-no question.
fn of_target(predictions: &Predictions, rows: &[usize], metric: Metric, target: usize) -> Option<f64> {
    let known = rows.iter().map(|&i| &predictions.rows[i]).filter_map(|row| Some((row, row.truth[target]?)));
    if metric.of_targets() && metric != Metric::Auroc {
        let mut counts = Binary::default();
        for (row, positive) in known {
            *match (row.says[target], positive) {
                (true, true) => &mut counts.true_positives,
                (true, false) => &mut counts.false_positives,
                (false, false) => &mut counts.true_negatives,
                (false, true) => &mut counts.false_negatives,
            } += 1;
        }
        return match metric {
            Metric::Accuracy => counts.accuracy(),
            Metric::Sensitivity => counts.sensitivity(),
            _ => counts.specificity(),
        };
    }
    let (scores, positive): (Vec<f64>, Vec<bool>) = known.map(|(row, p)| (row.probability[target], p)).unzip();
    match metric {
        Metric::Auroc => roc::auroc(&scores, &positive),
        Metric::Nll => calibration::binary_nll(&scores, &positive),
        Metric::Brier => calibration::binary_brier(&scores, &positive),
        _ => calibration_error(&scores, &positive),
    }
}

fn calibration_error(confidence: &[f64], so: &[bool]) -> Option<f64> {
    calibration::error(&calibration::reliability(confidence, so, Binning::EqualWidth))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::predictions::tests::three;

    #[test]
    fn exclusive_classes_are_judged_where_the_class_is_known() {
        let all = three();
        let of = |metric, target| value(&all, &[0, 1, 2], metric, target);
        // Rows 0 and 1 have a class and are called rightly; of row 2 only the group is known, which
        // it misses.
        assert_eq!(of(Metric::Accuracy, None), Some(1.0));
        assert_eq!(of(Metric::Accuracy, Some(2)), Some(2.0 / 3.0));
        assert_eq!(of(Metric::Sensitivity, Some(2)), Some(0.5));
        assert_eq!(of(Metric::Auroc, Some(2)), Some(1.0));
        assert!((of(Metric::Brier, None).unwrap() - f64::midpoint(0.02, 0.08)).abs() < 1e-12);
        assert!((of(Metric::Nll, None).unwrap() + f64::midpoint(0.9_f64.ln(), 0.8_f64.ln())).abs() < 1e-12);
    }

    #[test]
    fn findings_are_the_mean_over_the_labels() {
        let mut findings = three();
        findings.head = Head::Sigmoid;
        let of = |metric| value(&findings, &[0, 1, 2], metric, None);
        // Row 2 says yes to "Normal", which is absent; its other label is unknown.
        assert_eq!(of(Metric::Accuracy), Some(2.0 / 3.0));
        assert_eq!(of(Metric::Specificity), Some(f64::midpoint(0.5, 1.0)));
        let first = (0.01 + 0.04 + 0.36) / 3.0;
        assert!((of(Metric::Brier).unwrap() - f64::midpoint(first, 0.025)).abs() < 1e-12);
    }

    #[test]
    fn what_has_one_side_only_has_no_area() {
        assert_eq!(value(&three(), &[0], Metric::Auroc, None), None);
        assert_eq!(value(&three(), &[], Metric::Accuracy, None), None);
        assert!(values(&three()).iter().all(|f| f.value.is_none_or(f64::is_finite)));
    }

    #[test]
    fn a_misspelt_metric_is_answered_with_those_there_are() {
        assert_eq!("AUROC".parse(), Ok(Metric::Auroc));
        assert!("auc".parse::<Metric>().unwrap_err().to_string().contains("there are auroc, accuracy"));
    }
}
