//! The metric of every cell with its interval, one row a cell, best at a glance: a forest plot.

use super::table::{CellRow, State, Table};
use crate::figures::charts::input::{Forest, ForestRow, MetricValue, Stratum};
use crate::figures::charts::{Chart, forest};
use crate::training::Result;

/// Names of the files.
pub(super) const PNG: &str = "plot.png";
pub(super) const SVG: &str = "plot.svg";

/// Width of the PNG in pixels.
const WIDTH: f32 = 1000.0;

/// The plot as the bytes of a PNG file.
pub(super) fn png(table: &Table) -> Result<Vec<u8>> {
    Ok(chart(table).png(WIDTH / Chart::FULL_WIDTH)?)
}

/// The plot as SVG.
#[must_use]
pub(super) fn svg(table: &Table) -> String {
    chart(table).svg()
}

fn chart(table: &Table) -> Chart {
    let of = table.target.as_ref().map_or_else(String::new, |t| format!(" of {t}"));
    forest(&Forest {
        title: format!("{}: {}{of}, 95 % intervals", table.name, table.metric.title()),
        reading: "One row for each cell of the grid.".into(),
        empty: "The grid has no cell.".into(),
        overall: None,
        strata: vec![Stratum {
            heading: String::new(),
            rows: table.rows.iter().map(|row| forest_row(table, row)).collect(),
        }],
    })
}

fn forest_row(table: &Table, row: &CellRow) -> ForestRow {
    let value = table.shown(row).filter(|_| row.state == State::Done);
    let absent = match row.state {
        State::Failed => "failed",
        State::Waiting => "waiting",
        State::Done => "unknown",
    };
    ForestRow {
        name: row.levels.join(", "),
        note: String::new(),
        value: value.map_or_else(MetricValue::default, |m| MetricValue { value: m.value, low: m.low, high: m.high }),
        absent: absent.into(),
        failed: row.state == State::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::layout::{Ink, Shape};
    use crate::training::experiments::ablation::table::tests::table;

    #[test]
    fn the_plot_has_a_marker_for_what_is_done_and_a_word_for_the_rest() {
        let svg = svg(&table());
        for word in ["films: AUROC", "custom-cnn, off", "0.900", "failed", "waiting"] {
            assert!(svg.contains(word), "{word}: {svg}");
        }
        let chart = chart(&table());
        let markers = chart.block().shapes.iter().filter(|shape| matches!(shape, Shape::Polygon { .. }));
        assert_eq!(markers.count(), 2, "one marker and its white rim");
    }

    /// Lowest and highest place across of the lines that `wanted` finds.
    fn ends(chart: &Chart, wanted: impl Fn(&Ink, bool) -> bool) -> (f32, f32) {
        let points = chart.block().shapes.iter().filter_map(|shape| match shape {
            Shape::Line { points, ink, closed, .. } if wanted(ink, *closed) => Some(points),
            _ => None,
        });
        points.flatten().fold((f32::INFINITY, 0.0), |(low, high), p| (low.min(p[0]), high.max(p[0])))
    }

    #[test]
    fn the_interval_is_drawn_where_its_ends_are() {
        let chart = chart(&table());
        let (left, right) = ends(&chart, |_, closed| closed);
        let (low, high) = ends(&chart, |ink, closed| !closed && matches!(ink, Ink::Of(_)));
        // The whiskers go from 0.85 to 0.92, the scale two hundredths of 0.92 farther at both ends.
        let place = |v: f32| left + (v - 0.8316) / (0.9384 - 0.8316) * (right - left);
        assert!((low - place(0.85)).abs() < 0.1 && (high - place(0.92)).abs() < 0.1, "{low} {high}");
    }

    #[test]
    fn the_picture_is_a_thousand_pixels_wide_and_grows_with_the_rows() {
        let size = |table: &Table| image::load_from_memory(&png(table).unwrap()).unwrap().to_rgb8().dimensions();
        let (width, height) = size(&table());
        assert!((1000..=1001).contains(&width) && height > 100, "{width} × {height}");
        let mut long = table();
        long.rows = (0..40).map(|_| long.rows[0].clone()).collect();
        assert!(size(&long).1 > height + 37 * 20);
    }

    #[test]
    fn an_empty_table_is_drawn_all_the_same() {
        let mut table = table();
        table.rows.remove(0);
        assert!(svg(&table).contains("failed"));
        table.rows.clear();
        assert!(svg(&table).contains("The grid has no cell."));
    }

    /// `PELLUCID_LOOK=folder cargo test --lib plot_to_look_at -- --ignored`
    #[test]
    #[ignore = "writes a picture for the eyes into the folder PELLUCID_LOOK"]
    fn plot_to_look_at() {
        let folder = std::path::PathBuf::from(std::env::var("PELLUCID_LOOK").expect("PELLUCID_LOOK names a folder"));
        let mut table = table();
        std::fs::write(folder.join(PNG), png(&table).unwrap()).unwrap();
        table.rows[1].levels = vec!["densenet121 of TorchXRayVision, all layers".into(), "strong, with mix-up".into()];
        let mut other = table.rows[0].clone();
        other.levels = vec!["convnext-tiny".into(), "focal loss".into(), "class-balanced".into()];
        other.metrics[0].value = Some(0.871);
        (other.metrics[0].low, other.metrics[0].high) = (Some(0.79), Some(0.93));
        table.rows.push(other);
        std::fs::write(folder.join("plot-long.png"), png(&table).unwrap()).unwrap();
        std::fs::write(folder.join("plot-long.svg"), svg(&table)).unwrap();
        assert!(folder.join(PNG).is_file());
    }
}
