//! The curves of a run as an image: losses above, accuracy and AUROC of the validation part below,
//! one point an epoch.

use std::path::Path;

use crate::figures::charts::input::{LinePanel, LineSeries};
use crate::figures::charts::{Chart, line_chart};
use crate::training::Result;
use crate::training::event::HistoryRow;
use crate::training::run_files::write_whole;

/// Width of the image in pixels.
const WIDTH: f32 = 1000.0;
/// Losses that differ by more than this factor are drawn on a logarithmic scale; on a linear one
/// the small ones would be one flat line.
const FAR: f64 = 30.0;

/// Draws the curves of `rows` into the PNG file `path`.
pub(super) fn write_png(path: &Path, rows: &[HistoryRow]) -> Result<()> {
    write_whole(path, &chart(rows).png(WIDTH / Chart::FULL_WIDTH)?)
}

/// The curves of `rows`.
#[must_use]
pub fn chart(rows: &[HistoryRow]) -> Chart {
    let series = |name: &str, value: &dyn Fn(&HistoryRow) -> Option<f64>| LineSeries {
        name: name.to_owned(),
        points: rows.iter().filter_map(|row| Some([row.epoch as f64, value(row)?])).collect(),
    };
    let losses = vec![
        series("training loss", &|r| Some(r.training_loss)),
        series("validation loss", &|r| Some(r.validation_loss)),
    ];
    let mut metrics = vec![series("accuracy", &|r| Some(r.accuracy))];
    let names = rows.first().map_or(&[][..], |row| &row.auroc);
    for (k, (name, _)) in names.iter().enumerate() {
        metrics.push(series(&format!("AUROC {name}"), &|r| r.auroc.get(k).and_then(|a| a.1)));
    }
    let panels = [
        LinePanel { title: "Loss".into(), logarithmic: are_far_apart(&losses), series: losses },
        LinePanel { title: "Validation".into(), logarithmic: false, series: metrics },
    ];
    line_chart("Curves of a training run", "epoch", &panels)
}

/// Whether all values are above zero and the largest is many times the smallest.
fn are_far_apart(series: &[LineSeries]) -> bool {
    let values = || series.iter().flat_map(|s| &s.points).map(|p| p[1]).filter(|v| v.is_finite());
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    low > 0.0 && high > FAR * low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(epoch: usize, loss: f64) -> HistoryRow {
        HistoryRow {
            epoch,
            size: 64,
            learning_rate: 1e-3,
            training_loss: loss,
            validation_loss: loss * 1.2,
            accuracy: 0.8,
            auroc: vec![("Mass".into(), Some(0.875)), ("Hernia".into(), None)],
            images_per_second: 12.5,
            seconds: 30.5,
        }
    }

    #[test]
    fn every_curve_is_named_with_its_last_value() {
        let rows: Vec<HistoryRow> = (1..=12).map(|epoch| row(epoch, 1.0 / epoch as f64)).collect();
        let chart = chart(&rows);
        let svg = chart.svg();
        for words in ["Loss", "Validation", "epoch", "training loss", "validation loss", "accuracy", "AUROC Mass"] {
            assert!(svg.contains(words), "{words}");
        }
        assert!(chart.description.contains("AUROC Mass: 0.875. AUROC Hernia: –."), "{}", chart.description);
        assert!(!svg.contains("Logarithmic"));
        let steep: Vec<HistoryRow> = (1..=5).map(|epoch| row(epoch, 10f64.powi(-(epoch as i32)))).collect();
        assert!(self::chart(&steep).svg().contains("Logarithmic scale."));
    }

    #[test]
    fn the_file_is_a_thousand_pixels_wide_whatever_there_is_to_draw() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("curves.png");
        for rows in [vec![], vec![row(1, f64::NAN)], vec![row(1, 0.5), row(2, 0.0)]] {
            write_png(&path, &rows).unwrap();
            let image = image::open(&path).unwrap();
            assert!((1000..=1001).contains(&image.width()) && (700..1000).contains(&image.height()));
        }
    }

    /// `PELLUCID_LOOK=folder cargo test --lib curves_to_look_at -- --ignored`
    #[test]
    #[ignore = "writes pictures for the eyes into the folder PELLUCID_LOOK"]
    fn curves_to_look_at() {
        let folder = std::path::PathBuf::from(std::env::var("PELLUCID_LOOK").expect("PELLUCID_LOOK names a folder"));
        let labels = |n: usize| (0..n).map(|k| format!("Interstitial lung disease, organising {k:02}"));
        let of = |epochs: usize, n: usize, rate: f64| -> Vec<HistoryRow> {
            let at = |epoch: usize| {
                let left = (-rate * epoch as f64).exp();
                let auroc =
                    |k: usize| Some(0.95 - 0.02 * k as f64 - 0.3 * left + 0.01 * ((epoch * (k + 3)) % 7) as f64);
                HistoryRow {
                    auroc: labels(n).enumerate().map(|(k, name)| (name, auroc(k).filter(|_| k != 3))).collect(),
                    accuracy: 0.9 - 0.4 * left,
                    validation_loss: 0.05 + 0.7 * left + 0.004 * epoch as f64 * rate,
                    ..row(epoch, 0.7 * left + 0.01)
                }
            };
            (1..=epochs).map(at).collect()
        };
        for (name, rows) in [
            ("empty", vec![]),
            ("one", of(1, 2, 0.2)),
            ("few", of(8, 3, 0.2)),
            ("many", of(60, 15, 0.1)),
            ("log", of(30, 2, 0.5)),
            ("labels", of(30, 60, 0.2)),
        ] {
            let path = folder.join(format!("curves-{name}.png"));
            write_png(&path, &rows).unwrap();
            assert!(path.is_file());
        }
    }
}
