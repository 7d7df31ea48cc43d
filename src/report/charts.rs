//! The charts of an evaluation: their data, and the files that they are written to.
//!
//! How a chart is drawn is the business of [`figures::charts`](crate::figures::charts).

mod of_evaluation;

use std::path::{Path, PathBuf};

pub(super) use of_evaluation::{groups_first, named};

use super::{ReportError, file};
use crate::figures::charts::input::{Confusion, Curve, Forest, Reliability, RiskCoverage, Scores};
use crate::figures::charts::{
    Chart, PRINT_SCALE, calibration, confusion, forest, histogram, precision_recall, risk_coverage, roc,
    share_histogram,
};

/// Everything that is drawn of one evaluation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Charts {
    pub roc: Vec<Curve>,
    pub precision_recall: Vec<Curve>,
    pub calibration: Vec<Reliability>,
    /// `None` where labels do not exclude each other.
    pub confusion: Option<Confusion>,
    pub histograms: Vec<Scores>,
    /// Shares of evidence in the lungs, of right calls and false positives; empty where nobody asked.
    pub evidence: Vec<Scores>,
    pub subgroups: Vec<Forest>,
    pub risk_coverage: Vec<RiskCoverage>,
}

/// Every chart with the stem of its file name.
fn all(charts: &Charts) -> Vec<(String, Chart)> {
    let mut named = vec![
        ("roc".to_owned(), roc(&charts.roc)),
        ("precision-recall".into(), precision_recall(&charts.precision_recall)),
        ("calibration".into(), calibration(&charts.calibration)),
        ("confusion".into(), confusion(charts.confusion.as_ref())),
        ("histogram".into(), histogram(&charts.histograms)),
        ("risk-coverage".into(), risk_coverage(&charts.risk_coverage)),
    ];
    if !charts.evidence.is_empty() {
        named.push(("evidence".into(), share_histogram(&charts.evidence)));
    }
    for (i, subgroups) in charts.subgroups.iter().enumerate() {
        let name = if i == 0 { "subgroups".to_owned() } else { format!("subgroups-{}", i + 1) };
        named.push((name, forest(subgroups)));
    }
    named
}

/// Writes every chart into the folder as SVG and as PNG for print; files of the same names are
/// replaced. Yields the paths.
pub fn write_all(dir: &Path, charts: &Charts) -> Result<Vec<PathBuf>, ReportError> {
    let mut written = Vec::new();
    for (name, chart) in all(charts) {
        for (extension, bytes) in [("svg", chart.svg().into_bytes()), ("png", chart.png(PRINT_SCALE)?)] {
            let path = dir.join(format!("{name}.{extension}"));
            file::write(&path, &bytes)?;
            written.push(path);
        }
    }
    Ok(written)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::figures::charts::sample::{Sample, sample};

    /// Charts of `n` targets with long names, of which number 3 has no positive image.
    pub(crate) fn charts(n: usize, images: usize) -> Charts {
        let Sample { roc, precision_recall, calibration, confusion, histograms, subgroups, risk_coverage } =
            sample(n, images);
        Charts {
            roc,
            precision_recall,
            calibration,
            confusion,
            histograms,
            evidence: Vec::new(),
            subgroups,
            risk_coverage,
        }
    }

    #[test]
    fn every_chart_is_written_twice() {
        let folder = tempfile::tempdir().unwrap();
        let written = write_all(folder.path(), &charts(2, 60)).unwrap();
        let names: Vec<String> =
            written.iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect();
        for stem in ["roc", "precision-recall", "calibration", "confusion", "histogram", "risk-coverage", "subgroups"] {
            assert!(names.contains(&format!("{stem}.svg")) && names.contains(&format!("{stem}.png")), "{names:?}");
        }
        let said = write_all(&folder.path().join("not there"), &Charts::default()).unwrap_err().to_string();
        assert!(said.contains("choose a folder that you may write to"), "{said}");
    }

    /// `PELLUCID_LOOK=folder cargo test --lib pictures_to_look_at -- --ignored`
    #[test]
    #[ignore = "writes pictures for the eyes into the folder PELLUCID_LOOK"]
    fn pictures_to_look_at() {
        let folder = PathBuf::from(std::env::var("PELLUCID_LOOK").expect("PELLUCID_LOOK names a folder"));
        for (n, charts) in [1, 4, 15].map(|n| (n, charts(n, 400))).into_iter().chain([(0, Charts::default())]) {
            let folder = folder.join(n.to_string());
            std::fs::create_dir_all(&folder).unwrap();
            assert!(write_all(&folder, &charts).unwrap().len() >= 10);
        }
    }
}
