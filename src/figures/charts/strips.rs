//! Strips of points: the values of each row as a swarm around its line, those of two kinds in two
//! marks. The summary plot of `shap` without its colours.

use super::panels::{Panel, panel_chart};
use super::{Chart, input::short};
use crate::figures::layout::{Align, Block, CAPTION, Ink, fitted};

/// Most points of a row; of more an even selection is drawn.
const POINTS: usize = 300;
const ROW: f32 = 17.0;
/// Side of a point.
const POINT: f32 = 1.9;
/// Room for the name of a row.
const NAMES: f32 = 78.0;
/// Share of the values beyond either end of the scale, which are drawn at its ends.
const TAIL: f64 = 0.01;

/// A row of a strip chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strip {
    pub name: String,
    /// Filled points.
    pub first: Vec<f64>,
    /// Hollow points.
    pub second: Vec<f64>,
}

/// The rows of one panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strips {
    pub name: String,
    pub words: String,
    pub rows: Vec<Strip>,
}

/// Draws one panel for each set of rows; `reading` says what the points are.
#[must_use]
pub fn strips(title: &str, reading: &str, all: &[Strips]) -> Chart {
    let panel = |one: &Strips| {
        let (name, words, one) = (one.name.clone(), one.words.clone(), one.clone());
        Panel { name, words, draw: Box::new(move |width| drawn(&one, width)) }
    };
    panel_chart(title, reading, &all.iter().map(panel).collect::<Vec<_>>())
}

/// Half the width of the scale: of the sizes of all values the one that few exceed.
fn reach(strips: &Strips) -> f64 {
    let values = strips.rows.iter().flat_map(|row| row.first.iter().chain(&row.second));
    let mut sizes: Vec<f64> = values.filter(|v| v.is_finite()).map(|v| v.abs()).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    crate::stats::lower_quantile(&sizes, 1.0 - TAIL).filter(|top| *top > 0.0).unwrap_or(1.0)
}

fn drawn(strips: &Strips, width: f32) -> Block {
    let mut block = Block::default();
    let reach = reach(strips);
    let (left, right) = (NAMES + 4.0, width - 4.0);
    let across = |value: f64| {
        let part = f64::midpoint((value / reach).clamp(-1.0, 1.0), 1.0);
        left + part as f32 * (right - left)
    };
    let height = strips.rows.len() as f32 * ROW;
    block.line([across(0.0), 0.0], [across(0.0), height], 0.5, Ink::Muted);
    for (i, row) in strips.rows.iter().enumerate() {
        let middle = (i as f32 + 0.5) * ROW;
        block.line([left, middle], [right, middle], 0.3, Ink::Hairline);
        let name = fitted(&row.name, CAPTION, NAMES);
        block.text(NAMES, middle - CAPTION.line() / 2.0, Align::Right, CAPTION.ink(Ink::Text), &name);
        swarm(&mut block, &row.first, middle, &across, false);
        swarm(&mut block, &row.second, middle, &across, true);
    }
    for value in [-reach, 0.0, reach] {
        block.text(across(value), height + 1.0, Align::Center, CAPTION, &short(value));
    }
    block.height = height + 1.0 + CAPTION.line();
    block
}

/// Points that fall on each other are moved up and down by turns, as far as the row reaches.
fn swarm(block: &mut Block, values: &[f64], middle: f32, across: &dyn Fn(f64) -> f32, hollow: bool) {
    let mut taken: std::collections::BTreeMap<i64, usize> = std::collections::BTreeMap::new();
    let step = values.len().div_ceil(POINTS).max(1);
    for value in values.iter().step_by(step).filter(|v| v.is_finite()) {
        let x = across(*value);
        let place = taken.entry((x / POINT) as i64).or_default();
        let away = (place.div_ceil(2) as f32 * 1.3).min(ROW / 2.0 - POINT);
        let y = middle + if place.is_multiple_of(2) { away } else { -away };
        *place += 1;
        let (left, top) = (x - POINT / 2.0, y - POINT / 2.0);
        let ink = if hollow { Ink::Warning } else { Ink::Accent };
        block.fill(left, top, POINT, POINT, ink);
        if hollow {
            block.fill(left + 0.5, top + 0.5, POINT - 1.0, POINT - 1.0, Ink::White);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::layout::Shape;

    fn one(first: Vec<f64>, second: Vec<f64>) -> Strips {
        let rows = vec![Strip { name: "right lower zone".into(), first, second }];
        Strips { name: "Pneumonia".into(), words: "2 right, 1 wrong".into(), rows }
    }

    fn points(block: &Block, ink: Ink) -> Vec<f32> {
        let x = |shape: &Shape| match shape {
            Shape::Fill { x, width, ink: of, .. } if *of == ink && *width == POINT => Some(x + POINT / 2.0),
            _ => None,
        };
        block.shapes.iter().filter_map(x).collect()
    }

    #[test]
    fn points_lie_left_and_right_of_zero_by_their_sign() {
        let block = drawn(&one(vec![-1.0, 1.0], vec![0.0]), 260.0);
        let (first, second) = (points(&block, Ink::Accent), points(&block, Ink::Warning));
        assert_eq!((first.len(), second.len()), (2, 1));
        assert!(first[0] < second[0] && second[0] < first[1], "{first:?} {second:?}");
        assert!((second[0] - first[0] - (first[1] - second[0])).abs() < 1e-3);
    }

    #[test]
    fn many_points_are_thinned_and_stay_in_their_row() {
        let block = drawn(&one(vec![0.5; 5000], Vec::new()), 260.0);
        assert!(points(&block, Ink::Accent).len() <= POINTS);
        let low = |shape: &Shape| match shape {
            Shape::Fill { y, height, .. } => *y >= 0.0 && y + height <= ROW,
            _ => true,
        };
        assert!(block.shapes.iter().all(low));
    }

    #[test]
    fn rows_without_a_number_are_drawn_empty() {
        let block = drawn(&one(vec![f64::NAN], Vec::new()), 260.0);
        assert!(points(&block, Ink::Accent).is_empty());
        let chart = strips("T", "R.", &[one(vec![1.0], vec![])]);
        assert!(chart.description.contains("Pneumonia: 2 right, 1 wrong"));
    }
}
