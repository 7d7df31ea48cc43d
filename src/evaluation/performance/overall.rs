//! Metrics of a model as a whole: over the images whose class is known, or over all independent
//! findings.

use super::estimates::{MetricEstimate, Resampled, binned, known};
use crate::evaluation::bootstrap::Estimate;
use crate::evaluation::calibration::Binning;
use crate::evaluation::confusion::{Binary, Confusion, mean};
use crate::evaluation::performance::shares::{Decisions, with_widths};
use crate::evaluation::predictions::{Known, Prediction, Predictions};
use crate::evaluation::{calibration, proportion, roc};
use crate::model::manifest::Head;

/// Class and label probabilities of the `rows` whose class is known.
pub(super) fn classed(set: &Predictions, rows: &[usize]) -> (Vec<usize>, Vec<Vec<f64>>) {
    let known = rows.iter().filter_map(|&i| {
        let row = &set.rows[i];
        Some((row.class()?, row.probability[..row.logits.len()].to_vec()))
    });
    known.unzip()
}

/// The one class that is known of images, where of others only a group is: metrics over those alone
/// would leave out the others.
pub(super) fn only_class(set: &Predictions) -> Option<usize> {
    let labels = set.targets.iter().filter(|t| !t.group).count();
    let mut classes = set.rows.iter().filter_map(Prediction::class);
    let first = classes.next().filter(|first| classes.all(|class| class == *first))?;
    let by_group = set.rows.iter().any(|row| row.class().is_none() && row.truth[labels..].contains(&Some(true)));
    (set.head == Head::Softmax && by_group).then_some(first)
}

/// True and called classes of the `rows` whose class is known.
pub(super) fn confusion(set: &Predictions, rows: &[usize]) -> Confusion {
    let known = rows.iter().filter_map(|&i| Some((set.rows[i].class()?, set.rows[i].called())));
    let (truth, called): (Vec<usize>, Vec<usize>) = known.unzip();
    Confusion::of(&truth, &called, set.targets.iter().filter(|t| !t.group).count())
}

/// Metrics of the model as a whole on some rows.
pub(super) fn overall(set: &Predictions, thresholds: &[f64], rows: &[usize]) -> Vec<Resampled> {
    let labels: Vec<usize> = (0..set.targets.len()).filter(|&t| !set.targets[t].group).collect();
    let known: Vec<Known> = labels.iter().map(|&t| known(set, t, rows)).collect();
    let pooled = Known {
        rows: Vec::new(),
        scores: known.iter().flat_map(|k| k.scores.iter().copied()).collect(),
        positive: known.iter().flat_map(|k| k.positive.iter().copied()).collect(),
    };
    let (mut metrics, each) = match set.head {
        Head::Softmax => {
            let confusion = confusion(set, rows);
            let (truth, probabilities) = classed(set, rows);
            let (confidence, right) = calibration::top(&probabilities, &truth);
            let error = |binning| calibration::error(&calibration::reliability(&confidence, &right, binning));
            let metrics = vec![
                ("accuracy", confusion.accuracy()),
                ("balanced accuracy", confusion.balanced_accuracy()),
                ("kappa", confusion.kappa()),
                ("mcc", confusion.mcc()),
                ("brier", calibration::brier(&probabilities, &truth)),
                ("nll", calibration::nll(&probabilities, &truth)),
                ("ece", error(Binning::EqualWidth)),
                ("adaptive ece", error(Binning::EqualMass)),
            ];
            // The highest class is called, whatever the thresholds of single labels say.
            (metrics, labels.iter().map(|&k| confusion.against_rest(k)).collect::<Vec<Binary>>())
        }
        Head::Sigmoid => {
            let at = |(k, t): (&Known, &usize)| Binary::at(thresholds[*t], &k.scores, &k.positive);
            let each: Vec<Binary> = known.iter().zip(&labels).map(at).collect();
            let exact = rows.iter().map(|&i| {
                let row = &set.rows[i];
                let right =
                    labels.iter().map(|&t| row.truth[t].map(|y| y == row.says[t])).collect::<Option<Vec<_>>>()?;
                Some(f64::from(u8::from(right.into_iter().all(|r| r))))
            });
            let metrics = vec![
                ("accuracy", mean(rows.iter().map(|&i| set.rows[i].right(set.head)))),
                ("all labels right", mean(exact)),
                ("brier", mean(known.iter().map(|k| calibration::binary_brier(&k.scores, &k.positive)))),
                ("nll", calibration::binary_nll(&pooled.scores, &pooled.positive)),
                ("ece", mean(known.iter().map(|k| binned(k, Binning::EqualWidth)))),
                ("adaptive ece", mean(known.iter().map(|k| binned(k, Binning::EqualMass)))),
            ];
            (metrics, each)
        }
    };
    let all = each.iter().fold(Binary::default(), |a, b| a.plus(*b));
    let rate = |rate: fn(Binary) -> Option<f64>| mean(each.iter().map(|c| rate(*c)));
    metrics.extend([
        ("macro auroc", mean(known.iter().map(|k| roc::auroc(&k.scores, &k.positive)))),
        ("macro average precision", mean(known.iter().map(|k| roc::average_precision(&k.scores, &k.positive)))),
        ("macro precision", rate(Binary::precision)),
        ("macro sensitivity", rate(Binary::sensitivity)),
        ("macro specificity", rate(Binary::specificity)),
        ("macro npv", rate(Binary::negative_predictive_value)),
        ("macro f1", rate(Binary::f1)),
        ("micro auroc", roc::auroc(&pooled.scores, &pooled.positive)),
        ("micro average precision", roc::average_precision(&pooled.scores, &pooled.positive)),
        ("micro precision", all.precision()),
        ("micro sensitivity", all.sensitivity()),
        ("micro specificity", all.specificity()),
        ("micro npv", all.negative_predictive_value()),
        ("micro f1", all.f1()),
    ]);
    metrics
}

/// The metrics of the whole, the shares among them with their own intervals.
pub(super) fn with_shares_of_all(
    set: &Predictions,
    thresholds: &[f64],
    mut metrics: Vec<MetricEstimate>,
) -> Vec<MetricEstimate> {
    let labels = set.targets.iter().filter(|t| !t.group).count();
    let mut pooled = Decisions::default();
    let (mut right, mut whose) = (Vec::new(), Vec::new());
    for row in &set.rows {
        let class = row.class();
        let known = (0..labels).filter_map(|t| Some((t, row.truth[t]?)));
        let decided: Vec<(bool, bool)> = match set.head {
            Head::Softmax => {
                class.map_or_else(Vec::new, |c| (0..labels).map(|k| (row.called() == k, c == k)).collect())
            }
            Head::Sigmoid => known.map(|(t, truth)| (row.probability[t] >= thresholds[t], truth)).collect(),
        };
        decided.iter().for_each(|(called, truth)| pooled.push(*called, *truth, &row.patient));
        if decided.len() == labels {
            right.push(f64::from(u8::from(decided.iter().all(|(called, truth)| called == truth))));
            whose.push(row.patient.as_str());
        }
    }
    with_widths(metrics.iter_mut().map(MetricEstimate::named), &pooled, "micro ");
    let (shares, of): (Vec<f64>, Vec<&str>) =
        set.rows.iter().filter_map(|r| Some((r.right(set.head)?, r.patient.as_str()))).unzip();
    let metric = [("accuracy", proportion::of(&shares, &of)), ("all labels right", proportion::of(&right, &whose))];
    for (name, share) in metric {
        if let Some((metric, share)) = metrics.iter_mut().find(|f| f.name == name).zip(share) {
            metric.estimate = Estimate(metric.estimate.0, Some(share.low), Some(share.high));
        }
    }
    metrics
}
