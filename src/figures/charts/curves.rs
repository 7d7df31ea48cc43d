//! Curves in the unit square: up to six in one frame with a legend, more each in a frame of its own
//! before the others.

use super::axes::Axes;
use super::input::Curve;
use super::legend::{LegendEntry, legend};
use super::panels::{Panel, head, panels};
use super::pen::{guide, series_style};
use super::{Chart, WIDTH};
use crate::figures::layout::{BODY, Block, CAPTION, Ink, Shape, paragraph};

/// Most curves that are told apart in one frame.
const TOGETHER: usize = 6;
const TICKS: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
const FEW: [f64; 3] = [0.0, 0.5, 1.0];
/// Room left of a frame for the numbers.
const LEFT: f32 = 20.0;

/// What kind of curve it is.
pub(super) struct CurveKind {
    pub title: &'static str,
    pub area: &'static str,
    pub across: &'static str,
    pub up: &'static str,
    /// What the dashed guides stand for.
    pub guides: &'static str,
    /// The guide of a curve without skill.
    pub chance: fn(&Curve) -> [[f64; 2]; 2],
}

/// Draws curves of one kind.
pub(super) fn chart(kind: &CurveKind, curves: &[Curve]) -> Chart {
    let mut reading = format!("{} (up) against {} (across). {}", kind.up, kind.across, kind.guides);
    if curves.iter().any(|c| c.operating.is_some()) {
        reading.push_str(" Marker: operating threshold.");
    }
    let mut block = head(kind.title, &reading, WIDTH);
    if curves.is_empty() {
        block.stack(8.0, &paragraph("There is no target to draw.", BODY, WIDTH));
    } else if curves.len() <= TOGETHER {
        block.stack(8.0, &together(kind, curves));
    } else {
        block.stack(8.0, &apart(kind, curves));
    }
    let said: Vec<String> = curves.iter().map(|c| format!("{}: {}", c.name, words(kind, c))).collect();
    Chart::new(kind.title, format!("{reading} {}", said.join(" ")), block)
}

/// The area and what it rests on, or why there is none.
fn words(kind: &CurveKind, curve: &Curve) -> String {
    curve.missing().unwrap_or_else(|| {
        format!("{} {}, {} of {} positive.", kind.area, curve.area.text(), curve.positives, curve.images())
    })
}

fn together(kind: &CurveKind, curves: &[Curve]) -> Block {
    const SIDE: f32 = 226.0;
    let mut block = Block::default();
    let axes = Axes::unit(LEFT, 0.0, SIDE, SIDE);
    axes.frame(&mut block, &TICKS, &TICKS);
    if curves.iter().all(|c| c.missing().is_some()) {
        axes.sentence(&mut block, "No target has a curve; the legend says why.", BODY);
    }
    guides(kind, curves, &axes, &mut block);
    for (i, curve) in curves.iter().enumerate() {
        series_style(i).line(&mut block, &axes.curve(&curve.drawable()), 1.4);
    }
    for (i, curve) in curves.iter().enumerate() {
        mark(curve, &axes, i, &mut block, 3.2);
    }
    let x = axes.right() + 18.0;
    let entry = |(i, curve): (usize, &Curve)| LegendEntry {
        style: curve.missing().is_none().then(|| series_style(i)),
        name: curve.name.clone(),
        words: words(kind, curve),
    };
    let entries: Vec<LegendEntry> = curves.iter().enumerate().map(entry).collect();
    block.put(x, 0.0, &legend(&entries, WIDTH - x));
    block
}

fn apart(kind: &CurveKind, curves: &[Curve]) -> Block {
    let drawn: Vec<Vec<[f64; 2]>> = curves.iter().map(Curve::drawable).collect();
    let panel = |(i, curve): (usize, &Curve)| {
        let drawn = &drawn;
        let curve = curve.clone();
        let (name, words) = (curve.name.clone(), words(kind, &curve));
        let draw = move |width: f32| {
            let mut block = Block::default();
            let side = width - LEFT - 4.0;
            let axes = Axes::unit(LEFT, 0.0, side, side);
            axes.frame(&mut block, &FEW, &FEW);
            if curve.missing().is_some() {
                axes.sentence(&mut block, "No curve", CAPTION);
                return block;
            }
            for other in drawn.iter().filter(|d| d.len() > 1) {
                let points = axes.curve(other);
                block.shapes.push(Shape::Line { points, width: 0.4, ink: Ink::Hairline, closed: false });
            }
            guides(kind, std::slice::from_ref(&curve), &axes, &mut block);
            series_style(0).line(&mut block, &axes.curve(&drawn[i]), 1.4);
            mark(&curve, &axes, 0, &mut block, 2.8);
            block
        };
        Panel { name, words, draw: Box::new(draw) }
    };
    let all: Vec<Panel<'_>> = curves.iter().enumerate().map(panel).collect();
    panels(&all, WIDTH)
}

/// One dashed line for each guide that differs from the others.
fn guides(kind: &CurveKind, curves: &[Curve], axes: &Axes, block: &mut Block) {
    let mut seen: Vec<[[f64; 2]; 2]> = Vec::new();
    for curve in curves.iter().filter(|c| c.missing().is_none()) {
        let line = (kind.chance)(curve);
        if !seen.contains(&line) {
            guide(block, axes.at(line[0]), axes.at(line[1]), Ink::Below);
            seen.push(line);
        }
    }
}

fn mark(curve: &Curve, axes: &Axes, i: usize, block: &mut Block, radius: f32) {
    let at = curve.operating.filter(|p| curve.missing().is_none() && p[0].is_finite() && p[1].is_finite());
    if let Some(point) = at {
        series_style(i).mark(block, axes.at(point), radius);
    }
}
