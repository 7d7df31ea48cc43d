//! Risk and coverage: how often a model is wrong where it answers only what it is sure of, one
//! frame a question, one line a signal of how sure it is.
//!
//! The frames hold ranges of their own upwards, for risks of a few in a hundred would lie on the
//! floor of the unit square.

use super::Chart;
use super::axes::Axes;
use super::input::{RiskCoverage, RiskCurve, short};
use super::legend::{LegendEntry, narrow};
use super::panels::{Panel, panel_chart};
use super::pen::{guide_curve, series_style};
use super::range::{AxisRange, labels};
use crate::figures::layout::{Block, CAPTION, Ink};

const TITLE: &str = "Risk and coverage";
const READING: &str = "Share of wrong calls (up) among the share of calls that are made (across), the surest first. Dashed grey: all \
                       errors last, the best there is. Numbers: AURC, the lower the better.";

/// Draws one frame a question.
#[must_use]
pub fn risk_coverage(questions: &[RiskCoverage]) -> Chart {
    let panel = |question: &RiskCoverage| {
        let (name, words, question) = (question.name.clone(), words(question), question.clone());
        Panel { name, words, draw: Box::new(move |width| frame(&question, width)) }
    };
    let chart = panel_chart(TITLE, READING, &questions.iter().map(panel).collect::<Vec<_>>());
    // What the legends show, for those who cannot see them.
    let said: Vec<String> = questions.iter().map(described).collect();
    Chart { description: format!("{READING} {}", said.join(" ")), ..chart }
}

fn words(question: &RiskCoverage) -> String {
    format!("{} of {} calls wrong.", question.wrong, question.calls)
}

fn described(question: &RiskCoverage) -> String {
    let said = |curve: &RiskCurve| format!("AURC by {} {}.", curve.name, curve.area.text());
    let areas: Vec<String> = question.curves.iter().map(said).collect();
    format!("{}: {} {}", question.name, words(question), areas.join(" "))
}

/// Points of a curve that are numbers.
fn drawable(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    points.iter().copied().filter(|p| p.iter().all(|v| v.is_finite())).collect()
}

fn frame(question: &RiskCoverage, width: f32) -> Block {
    let mut block = Block::default();
    let curves: Vec<Vec<[f64; 2]>> = question.curves.iter().map(|curve| drawable(&curve.points)).collect();
    let risks = curves.iter().chain([&question.best]).flatten().map(|point| point[1]);
    let up = AxisRange::around(risks.chain([0.0]), false);
    let ticks = up.ticks(4);
    let left = labels(&ticks).iter().map(|label| CAPTION.width(label)).fold(12.0, f32::max) + 6.0;
    let side = width - left - 4.0;
    let axes = Axes { up, ..Axes::unit(left, 0.0, side, side * 0.8) };
    let across: &[f64] = if side > 130.0 { &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0] } else { &[0.0, 0.5, 1.0] };
    axes.frame(&mut block, across, &ticks);
    if curves.iter().all(Vec::is_empty) {
        axes.sentence(&mut block, "No call to judge by", CAPTION);
        return block;
    }
    guide_curve(&mut block, &axes.curve(&drawable(&question.best)), Ink::Below);
    for (i, points) in curves.iter().enumerate().rev() {
        series_style(i).line(&mut block, &axes.curve(points), 1.3);
        // A signal that says the same of all has one point, and no line.
        let alone = points.first().filter(|_| points.len() == 1);
        alone.iter().for_each(|point| series_style(i).mark(&mut block, axes.at(**point), 2.4));
    }
    let entry = |(i, curve): (usize, &RiskCurve)| LegendEntry {
        style: Some(series_style(i)),
        name: curve.name.clone(),
        words: curve.area.known().map_or_else(|| "–".into(), short),
    };
    let entries: Vec<LegendEntry> = question.curves.iter().enumerate().map(entry).collect();
    block.stack(4.0, &narrow(&entries, width));
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::charts::input::MetricValue;
    use crate::figures::layout::Shape;

    fn question(points: &[[f64; 2]]) -> RiskCoverage {
        RiskCoverage {
            name: "Pneumonia".into(),
            calls: 200,
            wrong: 20,
            best: vec![[0.9, 0.0], [1.0, 0.1]],
            curves: vec![RiskCurve {
                name: "confidence".into(),
                points: points.to_vec(),
                area: MetricValue::new(0.021, 0.014, 0.03),
            }],
        }
    }

    fn lines(chart: &Chart) -> Vec<Vec<[f32; 2]>> {
        let of = |shape: &Shape| match shape {
            Shape::Line { points, ink, width, .. } if *ink == series_style(0).ink && *width == 1.3 => {
                Some(points.clone())
            }
            _ => None,
        };
        chart.block().shapes.iter().filter_map(of).collect()
    }

    #[test]
    fn the_curve_rises_with_the_coverage_and_its_area_is_said() {
        let chart = risk_coverage(&[question(&[[0.2, 0.0], [0.6, 0.05], [1.0, 0.1]])]);
        let line = &lines(&chart)[0];
        assert_eq!(line.len(), 3);
        assert!(line.windows(2).all(|w| w[1][0] > w[0][0] && w[1][1] < w[0][1]), "{line:?}");
        let svg = chart.svg();
        assert!(svg.contains(">0.021<") && svg.contains(">confidence<"));
        assert!(chart.description.contains("20 of 200 calls wrong. AURC by confidence 0.021 (0.014–0.030)."));
    }

    #[test]
    fn a_signal_with_one_point_is_a_marker_and_none_is_a_sentence() {
        let one = risk_coverage(&[question(&[[1.0, 0.1]])]);
        let marks = one.block().shapes.iter().filter(|s| matches!(s, Shape::Polygon { .. })).count();
        assert_eq!(marks, 4, "a marker in the frame and one in the legend, each with its rim");
        let none = RiskCoverage { curves: Vec::new(), best: Vec::new(), ..question(&[]) };
        assert!(risk_coverage(&[none]).svg().contains("No call to judge by"));
        assert!(risk_coverage(&[]).svg().contains("There is no target to draw."));
    }
}
