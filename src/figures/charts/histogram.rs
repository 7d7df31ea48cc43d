//! Probabilities of the images that have the target and of those that have not, over each other;
//! and shares of evidence of right calls and false positives in the same way.
//!
//! Bars are shares of their own kind, so that five positives among five hundred negatives are still
//! seen.

use super::Chart;
use super::axes::Axes;
use super::input::{Scores, short};
use super::panels::{Panel, panel_chart};
use super::pen::{guide, series_style};
use super::range::AxisRange;
use crate::figures::layout::{Align, Block, CAPTION, Ink, Shape};

const TITLE: &str = "Probabilities by truth";
const READING: &str = "Share of the images (up) by predicted probability (across). Grey bars: the target is absent. Dark outline: \
                       it is present. Dashed: operating threshold.";
const MISSING: [&str; 2] = ["No image with the target", "No image without the target"];
const SHARES: &str = "Evidence in the lungs";
const SHARES_READING: &str = "Share of the maps (up) by the part of their evidence that lies in the lungs (across). Grey bars: right \
                              calls. Dark outline: false positives. Dashed: a map that knows nothing.";
const SHARES_MISSING: [&str; 2] = ["No false positive", "No right call"];
const BINS: usize = 20;
const LEFT: f32 = 22.0;

/// Draws one histogram a target.
#[must_use]
pub fn histogram(targets: &[Scores]) -> Chart {
    let panel = |target: &Scores| {
        let (name, words, target) = (target.name.clone(), words(target), target.clone());
        Panel { name, words, draw: Box::new(move |width| bars(&target, MISSING, width)) }
    };
    panel_chart(TITLE, READING, &targets.iter().map(panel).collect::<Vec<_>>())
}

/// Draws one histogram a target of shares of evidence: of right calls (`negative`) and false
/// positives (`positive`); the threshold is what a map has that knows nothing.
#[must_use]
pub fn share_histogram(targets: &[Scores]) -> Chart {
    let panel = |target: &Scores| {
        let (right, wrong) = (numbers(&target.negative), numbers(&target.positive));
        let even = target.threshold.map_or_else(String::new, |even| format!(", even map {}", short(even)));
        let words = format!("{right} right calls, {wrong} false positives{even}.");
        let (name, target) = (target.name.clone(), target.clone());
        Panel { name, words, draw: Box::new(move |width| bars(&target, SHARES_MISSING, width)) }
    };
    panel_chart(SHARES, SHARES_READING, &targets.iter().map(panel).collect::<Vec<_>>())
}

fn words(target: &Scores) -> String {
    let (absent, present) = (numbers(&target.negative), numbers(&target.positive));
    let lost = target.negative.len() + target.positive.len() - absent - present;
    let mut words = format!("{present} present, {absent} absent");
    if let Some(threshold) = target.threshold.filter(|t| t.is_finite()) {
        words = format!("{words}, threshold {}", short(threshold));
    }
    if lost > 0 {
        words = format!("{words}; {lost} without a number");
    }
    words + "."
}

fn numbers(values: &[f64]) -> usize {
    values.iter().filter(|v| v.is_finite()).count()
}

/// Share of the values in each bin; `None` where there is no value.
fn shares(values: &[f64]) -> Option<Vec<f64>> {
    let mut counts = [0_usize; BINS];
    for value in values.iter().filter(|v| v.is_finite()) {
        counts[((value * BINS as f64) as usize).min(BINS - 1)] += 1;
    }
    let all: usize = counts.iter().sum();
    (all > 0).then(|| counts.iter().map(|c| *c as f64 / all as f64).collect())
}

/// `without` is said where there is no outline, and where there are no bars.
fn bars(target: &Scores, without: [&str; 2], width: f32) -> Block {
    let mut block = Block::default();
    let (absent, present) = (shares(&target.negative), shares(&target.positive));
    let most = absent.iter().chain(&present).flatten().copied().fold(0.0, f64::max);
    // Rounded up to a tenth, so that panels can be compared.
    let top = if most > 0.0 { ((most * 10.0).ceil() / 10.0).min(1.0) } else { 1.0 };
    let frame = width - LEFT - 4.0;
    let axes = Axes { up: AxisRange::linear(0.0, top), ..Axes::unit(LEFT, 0.0, frame, frame * 0.62) };
    let across: &[f64] = if frame > 130.0 { &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0] } else { &[0.0, 0.5, 1.0] };
    axes.frame(&mut block, across, &[0.0, top / 2.0, top]);
    let outline = |shares: &[f64]| -> Vec<[f32; 2]> {
        let edge = |i: usize| i as f64 / BINS as f64;
        let steps = shares.iter().enumerate().flat_map(|(i, s)| [[edge(i), *s], [edge(i + 1), *s]]);
        [[0.0, 0.0]].into_iter().chain(steps).chain([[1.0, 0.0]]).map(|p| axes.at(p)).collect()
    };
    if let Some(shares) = &absent {
        // As one area: paper would shine through where single bars meet within a pixel.
        block.shapes.push(Shape::Polygon { points: outline(shares), ink: Ink::Hairline });
    }
    if let Some(shares) = &present {
        let points = outline(shares);
        block.shapes.push(Shape::Line { points, width: 1.3, ink: series_style(0).ink, closed: false });
    }
    if let Some(threshold) = target.threshold.filter(|t| t.is_finite()) {
        let x = axes.across(threshold);
        guide(&mut block, [x, axes.y], [x, axes.bottom()], Ink::Text);
    }
    match (absent.is_some(), present.is_some()) {
        (true, true) => {}
        (false, false) => axes.sentence(&mut block, "No probability to draw", CAPTION),
        (known, _) => {
            let missing = if known { without[0] } else { without[1] };
            let (middle, half) = (axes.x + axes.width / 2.0, CAPTION.width(missing) / 2.0 + 2.0);
            block.fill(middle - half, axes.y + 3.0, 2.0 * half, CAPTION.line(), Ink::White);
            block.text(middle, axes.y + 3.0, Align::Center, CAPTION, missing);
        }
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_shares_of_their_own_kind() {
        let shares = shares(&[0.0, 0.01, 0.5, 1.0, f64::NAN]).unwrap();
        assert_eq!((shares[0], shares[10], shares[19]), (0.5, 0.25, 0.25));
        assert_eq!(super::shares(&[f64::NAN]), None);
    }
}
