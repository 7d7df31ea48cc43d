//! What a cross-validation came to: metrics by fold and how much they vary, as `crossval.json`
//! keeps them.

use serde::{Deserialize, Serialize};

use super::metric::{Metric, MetricValue};
use super::paired::{mean_and_sd, t_test};
use super::predictions::{Prediction, Predictions};
use crate::files;

/// One fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fold {
    /// From 1.
    pub fold: usize,
    /// Epoch that the weights are of.
    pub epoch: usize,
    /// Images that were learnt from or chosen by.
    pub n_train: usize,
    /// Images that were held out.
    pub n_test: usize,
    pub patients_test: usize,
    /// SHA-256 of the names and truths of the images held out: two runs with the same ones had the
    /// same folds.
    pub images_sha256: String,
    pub figures: Vec<MetricValue>,
}

impl Fold {
    #[must_use]
    pub fn value(&self, metric: Metric, target: Option<&str>) -> Option<f64> {
        self.figures.iter().find(|f| f.is(metric, target)).and_then(|f| f.value)
    }
}

/// A metric over the folds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricOverFolds {
    pub metric: Metric,
    pub target: Option<String>,
    /// Folds that have it.
    pub folds: usize,
    pub mean: Option<f64>,
    pub sd: Option<f64>,
    /// 95 % interval of the mean that knows of shared training images (Nadeau and Bengio).
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// All folds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crossval {
    pub pellucid: String,
    /// Name of the model in the configuration.
    pub name: String,
    pub folds: usize,
    pub seed: u64,
    /// Labels, then groups.
    pub targets: Vec<String>,
    pub by_fold: Vec<Fold>,
    pub summary: Vec<MetricOverFolds>,
    /// What should be known of it, in sentences.
    pub remarks: Vec<String>,
}

impl Crossval {
    /// Values of a metric by fold; `None` where a fold has none.
    #[must_use]
    pub fn values(&self, metric: Metric, target: Option<&str>) -> Vec<Option<f64>> {
        self.by_fold.iter().map(|f| f.value(metric, target)).collect()
    }

    #[must_use]
    pub fn over_folds(&self, metric: Metric, target: Option<&str>) -> Option<&MetricOverFolds> {
        self.summary.iter().find(|s| s.metric == metric && s.target.as_deref() == target)
    }

    /// Images tested on by images trained on.
    #[must_use]
    pub fn test_share(&self) -> f64 {
        test_share(&self.by_fold)
    }
}

fn test_share(folds: &[Fold]) -> f64 {
    let sum = |of: fn(&Fold) -> usize| folds.iter().map(of).sum::<usize>() as f64;
    sum(|f| f.n_test) / sum(|f| f.n_train).max(1.0)
}

/// Mean, standard deviation and interval of every metric.
#[must_use]
pub fn summary(folds: &[Fold]) -> Vec<MetricOverFolds> {
    let Some(first) = folds.first() else { return Vec::new() };
    let share = test_share(folds);
    let over_folds = |metric: &MetricValue| {
        let values: Vec<f64> = folds.iter().filter_map(|f| f.value(metric.metric, metric.target.as_deref())).collect();
        let (mean, sd) = mean_and_sd(&values).map_or((None, None), |(mean, sd)| (Some(mean), sd));
        let test = t_test(&values, Some(share)).ok();
        MetricOverFolds {
            metric: metric.metric,
            target: metric.target.clone(),
            folds: values.len(),
            mean,
            sd,
            // No share and no error lies below 0, and only the errors may lie above 1.
            low: test.map(|t| t.low.max(0.0)),
            high: test.map(|t| if metric.metric.higher_is_better() { t.high.min(1.0) } else { t.high }),
        }
    };
    first.figures.iter().map(over_folds).collect()
}

/// A hash of the images and truths of a fold, whatever their order.
#[must_use]
pub fn images_sha256(predictions: &Predictions) -> String {
    let sign = |t: &Option<bool>| t.map_or('?', |t| if t { '1' } else { '0' });
    let line = |row: &Prediction| format!("{}\u{0}{}\n", row.image, row.truth.iter().map(sign).collect::<String>());
    let mut lines: Vec<String> = predictions.rows.iter().map(line).collect();
    lines.sort_unstable();
    files::sha256(lines.concat().as_bytes())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::evaluation::predictions::tests::three;

    /// Folds with these macro areas.
    pub(crate) fn crossval(name: &str, areas: &[f64]) -> Crossval {
        let fold = |(i, area): (usize, &f64)| Fold {
            fold: i + 1,
            epoch: 3,
            n_train: 40,
            n_test: 10,
            patients_test: 10,
            images_sha256: format!("images of fold {i}"),
            figures: vec![
                MetricValue { metric: Metric::Auroc, target: None, value: Some(*area) },
                MetricValue { metric: Metric::Auroc, target: Some("Hernia".into()), value: (i > 0).then_some(0.5) },
            ],
        };
        let by_fold: Vec<Fold> = areas.iter().enumerate().map(fold).collect();
        Crossval {
            pellucid: "test".into(),
            name: name.into(),
            folds: areas.len(),
            seed: 1,
            targets: vec!["Hernia".into()],
            summary: summary(&by_fold),
            by_fold,
            remarks: Vec::new(),
        }
    }

    #[test]
    fn the_summary_is_mean_and_sd_over_the_folds_that_have_the_figure() {
        let all = crossval("a", &[0.5, 0.6, 0.7]);
        let macro_area = all.over_folds(Metric::Auroc, None).unwrap();
        assert!((macro_area.mean.unwrap() - 0.6).abs() < 1e-12 && (macro_area.sd.unwrap() - 0.1).abs() < 1e-12);
        // 0.6 ± 4.3027 · 0.1 · √(1/3 + 1/4)
        assert!((macro_area.high.unwrap() - (0.6 + 4.302_652_73 * 0.1 * (7.0_f64 / 12.0).sqrt())).abs() < 1e-6);
        let high = crossval("a", &[0.8, 0.9, 1.0]);
        assert_eq!(high.over_folds(Metric::Auroc, None).unwrap().high, Some(1.0), "no area is above 1");
        let rare = all.over_folds(Metric::Auroc, Some("Hernia")).unwrap();
        assert_eq!((rare.folds, rare.mean, rare.sd, rare.low), (2, Some(0.5), Some(0.0), None));
    }

    #[test]
    fn the_hash_of_a_fold_knows_images_and_truths_and_not_their_order() {
        let one = three();
        let mut turned = one.clone();
        turned.rows.reverse();
        assert_eq!(images_sha256(&one), images_sha256(&turned));
        turned.rows[0].truth[0] = None;
        assert_ne!(images_sha256(&one), images_sha256(&turned));
    }
}
