//! How good a model is, with the uncertainty that a finite test set leaves.
//!
//! Metrics are arithmetic on probabilities and truths. Each is held to scikit-learn by
//! `tests/golden/metrics.json` and the script beside it. Probabilities are `f64`, so that ties and
//! bin edges fall where the references put them. The loops over the images of a set stand here, too
//! ([`scoring`], [`faithfulness::run`], [`localization::run`], [`explained_errors`]): given a
//! model, images and options they give plain results, and know neither a command line nor a page.

pub mod age_bands;
pub mod anatomy;
pub mod bootstrap;
mod bounded_mean;
pub mod calibrate;
pub mod calibration;
pub mod calibration_floor;
pub mod comparison;
pub mod confusion;
pub(crate) mod csv_table;
mod delong;
pub mod errors;
pub mod explained_errors;
pub mod exposure;
pub mod faithfulness;
pub mod folds;
pub mod gallery;
pub mod images;
pub mod labelled_folders;
pub mod localization;
pub mod matching;
mod mcnemar;
pub mod metric;
pub mod model_diff;
pub mod multi_reader;
pub mod paired;
pub mod performance;
pub mod population;
pub mod predictions;
pub mod prevalence;
pub mod proportion;
pub mod pseudonyms;
pub mod purpose;
pub mod result_table;
pub mod roc;
mod running_share;
pub mod sample;
pub mod scoring;
mod selective;
pub mod shortcuts;
pub mod signal;
pub mod state_errors;
pub mod studies;
pub mod study_performance;
pub mod summarize;
pub mod temperature;
pub mod thresholds;
pub mod truth;
pub mod vocabulary;

#[cfg(test)]
pub(crate) mod golden {
    //! The numbers that scikit-learn wrote.

    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(crate) struct Golden {
        pub truth: Vec<usize>,
        pub probabilities: Vec<Vec<f64>>,
        pub accuracy: f64,
        pub confusion: Vec<Vec<usize>>,
        pub auroc: Vec<f64>,
        pub brier: f64,
        pub binary_brier: f64,
        pub nll: f64,
        pub ece: f64,
        pub adaptive_ece: f64,
        pub balanced_accuracy: f64,
        pub kappa: f64,
        pub mcc: f64,
        pub precision: Vec<f64>,
        pub recall: Vec<f64>,
        pub f1: Vec<f64>,
        pub macro_f1: f64,
        pub macro_auroc: f64,
        pub micro_auroc: f64,
        pub binary: Binary,
        pub ece_floor: EceFloor,
    }

    /// Calibration errors of truths that numpy drew from the probabilities.
    #[derive(Deserialize)]
    pub(crate) struct EceFloor {
        pub ece: Floor,
        pub adaptive_ece: Floor,
        pub binary_ece: Floor,
        pub binary_adaptive_ece: Floor,
    }

    #[derive(Deserialize)]
    pub(crate) struct Floor {
        pub mean: f64,
        pub sd: f64,
        pub low: f64,
        pub high: f64,
    }

    #[derive(Deserialize)]
    pub(crate) struct Binary {
        pub positive: Vec<bool>,
        pub score: Vec<f64>,
        pub threshold: f64,
        pub auroc: f64,
        pub accuracy: f64,
        pub sensitivity: f64,
        pub specificity: f64,
        pub precision: f64,
        pub f1: f64,
        pub npv: f64,
        pub mcc: f64,
        pub kappa: f64,
        pub average_precision: f64,
        pub nll: f64,
        pub ece: f64,
        pub adaptive_ece: f64,
        pub lowest_cost: usize,
        pub false_positive_rate: Vec<f64>,
        pub true_positive_rate: Vec<f64>,
    }

    pub(crate) fn read() -> Golden {
        serde_json::from_str(include_str!("../../tests/golden/metrics.json")).expect("the golden file fits")
    }

    pub(crate) fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }
}

#[cfg(test)]
pub(crate) mod comparison_golden {
    //! The tests that scipy wrote.

    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(crate) struct Golden {
        pub paired: Vec<Paired>,
        pub wilcoxon: Vec<Wilcoxon>,
        pub delong: Vec<Delong>,
        pub mcnemar: Vec<McNemar>,
        pub holm: Holm,
    }

    #[derive(Deserialize)]
    pub(crate) struct Paired {
        pub differences: Vec<f64>,
        pub test_share: f64,
        pub t: f64,
        pub p: f64,
        pub low: f64,
        pub high: f64,
        pub corrected_t: f64,
        pub corrected_p: f64,
    }

    #[derive(Deserialize)]
    pub(crate) struct Wilcoxon {
        pub differences: Vec<f64>,
        pub statistic: f64,
        pub p: f64,
    }

    #[derive(Deserialize)]
    pub(crate) struct Delong {
        pub first: Vec<f64>,
        pub second: Vec<f64>,
        pub positive: Vec<bool>,
        pub auroc: [f64; 2],
        pub variance: [f64; 2],
        pub covariance: f64,
        pub z: f64,
        pub p: f64,
    }

    #[derive(Deserialize)]
    pub(crate) struct McNemar {
        pub counts: [u64; 2],
        pub p: f64,
        pub chi_square: Option<f64>,
    }

    #[derive(Deserialize)]
    pub(crate) struct Holm {
        pub p: Vec<f64>,
        pub held: Vec<f64>,
    }

    pub(crate) fn read() -> Golden {
        serde_json::from_str(include_str!("../../tests/golden/comparison.json")).expect("the golden file fits")
    }

    /// Equal to eight digits.
    pub(crate) fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-8 * b.abs().max(1e-3)
    }
}
