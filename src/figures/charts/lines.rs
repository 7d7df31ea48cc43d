//! Line charts: values that run along an axis, each series a line of its own, several frames below
//! each other on one scale across.
//!
//! A frame holds its own range upwards, linear or logarithmic. Every line ends in its marker, which
//! the legend shows too, with the value that it marks.

use super::axes::Axes;
use super::input::{LinePanel, LineSeries, short};
use super::legend::{LegendEntry, narrow};
use super::panels::head;
use super::pen::{DISTINCT, series_style};
use super::range::{AxisRange, labels};
use super::{Chart, WIDTH};
use crate::figures::layout::{BODY, Block, CAPTION, Ink, Shape};

/// Height of a frame in points.
const HEIGHT: f32 = 168.0;
/// Width of a legend beside its frame.
const LEGEND: f32 = 158.0;
/// Between a frame and its legend.
const GAP: f32 = 18.0;
/// Most series whose legend stands beside the frame; longer ones stand below it, in two columns.
const BESIDE: usize = 8;
/// Width of a line.
const LINE: f32 = 1.3;

/// Draws the panels below each other; `across` names what runs across, in whole numbers.
#[must_use]
pub fn line_chart(title: &str, across: &str, panels: &[LinePanel]) -> Chart {
    let all = || panels.iter().flat_map(|panel| &panel.series).flat_map(numbers);
    let (first, last) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(p[0]), h.max(p[0])));
    // One point alone still needs a range to stand in.
    let range =
        if first <= last { AxisRange::linear(first, last.max(first + 1.0)) } else { AxisRange::linear(0.0, 1.0) };
    let up: Vec<AxisRange> = panels.iter().map(upwards).collect();
    let ticks: Vec<Vec<f64>> = up.iter().map(|range| range.ticks(5)).collect();
    // Numbers of all frames have the same room, so that the frames stand below each other.
    let widths = ticks.iter().flat_map(|ticks| labels(ticks)).map(|label| CAPTION.width(&label));
    let left = widths.fold(12.0, f32::max) + 6.0;
    let beside = panels.iter().all(|panel| panel.series.len() <= BESIDE);
    let wide = if beside { WIDTH - left - LEGEND - GAP } else { WIDTH - left - 4.0 };
    let mut block = Block::default();
    for ((panel, up), ticks) in panels.iter().zip(up).zip(&ticks) {
        let axes = Axes { across: range, up, ..Axes::unit(left, 0.0, wide, HEIGHT) };
        let scale = if panel.logarithmic { "Logarithmic scale. " } else { "" };
        let mut part = head(&panel.title, &format!("{scale}Marker and number: the last value."), WIDTH);
        let mut drawn = frame(panel, &axes, ticks, across);
        let entries = entries(panel);
        if beside {
            drawn.put(axes.right() + GAP, 0.0, &narrow(&entries, LEGEND));
        } else {
            drawn.stack(5.0, &columns(&entries));
        }
        part.stack(4.0, &drawn);
        block.stack(12.0, &part);
    }
    let said = panels.iter().flat_map(|panel| panel.series.iter().map(|s| format!("{}: {}.", s.name, words(s))));
    Chart::new(title, said.collect::<Vec<_>>().join(" "), block)
}

fn frame(panel: &LinePanel, axes: &Axes, ticks: &[f64], across: &str) -> Block {
    let mut block = Block::default();
    let series: Vec<Vec<[f64; 2]>> = panel.series.iter().map(|s| drawable(panel, s)).collect();
    axes.frame(&mut block, &axes.across.whole_ticks(8), ticks);
    axes.name_across(&mut block, across);
    if series.iter().all(Vec::is_empty) {
        axes.sentence(&mut block, "There is no value to draw.", BODY);
    }
    // Beyond those that can be told apart, lines are thin and grey.
    for points in series.iter().skip(DISTINCT) {
        let (points, ink) = (axes.curve(points), Ink::Hairline);
        block.shapes.push(Shape::Line { points, width: 0.4, ink, closed: false });
    }
    for (i, points) in series.iter().enumerate().take(DISTINCT).rev() {
        series_style(i).line(&mut block, &axes.curve(points), LINE);
    }
    for (i, last) in series.iter().enumerate().take(DISTINCT).filter_map(|(i, points)| Some((i, points.last()?))) {
        series_style(i).mark(&mut block, axes.at(*last), 2.6);
    }
    block
}

/// One entry for each series that can be told apart, and one for the rest.
fn entries(panel: &LinePanel) -> Vec<LegendEntry> {
    let entry = |(i, series): (usize, &LineSeries)| LegendEntry {
        style: (!drawable(panel, series).is_empty()).then(|| series_style(i)),
        name: series.name.clone(),
        words: words(series),
    };
    let mut entries: Vec<LegendEntry> = panel.series.iter().enumerate().take(DISTINCT).map(entry).collect();
    if let Some(more) = panel.series.len().checked_sub(DISTINCT).filter(|more| *more > 0) {
        entries.push(LegendEntry { style: None, name: format!("{more} more"), words: "grey".into() });
    }
    entries
}

/// A legend in two columns, read downwards.
fn columns(entries: &[LegendEntry]) -> Block {
    let own = (WIDTH - GAP) / 2.0;
    let mut block = Block::default();
    for (i, half) in entries.chunks(entries.len().div_ceil(2).max(1)).enumerate() {
        block.put(i as f32 * (own + GAP), 0.0, &narrow(half, own));
    }
    block
}

/// Points of a series that are numbers.
fn numbers(series: &LineSeries) -> impl Iterator<Item = [f64; 2]> + '_ {
    series.points.iter().copied().filter(|p| p.iter().all(|v| v.is_finite()))
}

/// Those of them that have a place in the panel.
fn drawable(panel: &LinePanel, series: &LineSeries) -> Vec<[f64; 2]> {
    numbers(series).filter(|p| !panel.logarithmic || p[1] > 0.0).collect()
}

fn upwards(panel: &LinePanel) -> AxisRange {
    AxisRange::around(panel.series.iter().flat_map(numbers).map(|p| p[1]), panel.logarithmic)
}

/// The last value; a dash where there is none.
fn words(series: &LineSeries) -> String {
    match numbers(series).last() {
        Some([_, value]) if value != 0.0 && value.abs() < 5e-4 => format!("{value:.2e}").replace('-', "−"),
        Some([_, value]) => short(value),
        None => "–".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, values: &[f64]) -> LineSeries {
        let points = values.iter().enumerate().map(|(i, v)| [(i + 1) as f64, *v]).collect();
        LineSeries { name: name.into(), points }
    }

    fn panel(series: Vec<LineSeries>) -> LinePanel {
        LinePanel { title: "Loss".into(), logarithmic: false, series }
    }

    /// Lines of the ink of series `i`, without its marker.
    fn drawn(chart: &Chart, i: usize) -> Vec<Vec<[f32; 2]>> {
        let of = |shape: &Shape| match shape {
            Shape::Line { points, ink, width, .. } if *ink == series_style(i).ink && *width == LINE => {
                Some(points.clone())
            }
            _ => None,
        };
        chart.block().shapes.iter().filter_map(of).collect()
    }

    #[test]
    fn a_line_goes_from_the_first_value_to_the_last_and_falls_where_values_fall() {
        let chart = line_chart("Run", "epoch", &[panel(vec![series("loss", &[1.0, 0.5, f64::NAN, 0.25])])]);
        let line = &drawn(&chart, 0)[0];
        assert_eq!(line.len(), 3, "what is no number is left out");
        assert!(line.windows(2).all(|w| w[1][0] > w[0][0] && w[1][1] > w[0][1]), "{line:?}");
        assert!((line[2][0] - (WIDTH - LEGEND - GAP)).abs() < 0.01, "the last epoch lies at the right end");
        let fall = |a: usize, b: usize| line[b][1] - line[a][1];
        assert!((fall(0, 1) / fall(1, 2) - 2.0).abs() < 0.01, "linear: half and a quarter");
        assert!(chart.svg().contains(">epoch<") && chart.svg().contains(">0.250<"));
    }

    #[test]
    fn on_a_logarithmic_scale_halves_are_equally_far() {
        let halves = LinePanel { logarithmic: true, ..panel(vec![series("loss", &[1.0, 0.5, 0.0, 0.25])]) };
        let chart = line_chart("Run", "epoch", &[halves]);
        let line = &drawn(&chart, 0)[0];
        assert_eq!(line.len(), 3, "zero has no place");
        let fall = |a: usize, b: usize| line[b][1] - line[a][1];
        assert!((fall(0, 1) / fall(1, 2) - 1.0).abs() < 0.01);
        assert!(chart.svg().contains("Logarithmic scale. Marker"));
    }

    #[test]
    fn one_epoch_and_none_and_a_hundred_series_are_drawn() {
        let one = line_chart("Run", "epoch", &[panel(vec![series("loss", &[0.7])])]);
        let marks = one.block().shapes.iter().filter(|s| matches!(s, Shape::Polygon { .. })).count();
        assert_eq!(marks, 4, "a marker in the frame and one in the legend, each with its rim");
        let none = line_chart("Run", "epoch", &[panel(vec![series("loss", &[])])]);
        assert!(none.svg().contains("There is no value to draw.") && none.svg().contains(">–<"));
        let many = (0..100).map(|i| series(&format!("AUROC {i}"), &[0.5, 0.6 + 0.003 * f64::from(i)])).collect();
        let many = line_chart("Run", "epoch", &[panel(many)]);
        assert!(many.svg().contains(">64 more<") && many.svg().contains(">AUROC 35<"));
    }
}
