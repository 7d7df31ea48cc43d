//! The forest plot: one figure with its interval in each subgroup, against the figure of all images.

use super::super::layout::{Align, BODY, Block, CAPTION, Ink, paragraph};
use super::axes::{Axes, plain, ticks};
use super::input::{Forest, Part, short};
use super::panels::head;
use super::pen::{guide, look};
use super::{Chart, WIDTH};

const READING: &str = "Marker: the figure, line: its 95 % interval. Dashed: the figure of all images. Intervals that overlap are no proof that \
                       groups are equal, nor the contrary.";
const NAMES: f32 = 150.0;
const NOTES: f32 = 52.0;
const FIGURES: f32 = 92.0;

/// Draws the figure of every group.
#[must_use]
pub fn forest(forest: &Forest) -> Chart {
    let title = format!("Subgroups: {}", forest.figure);
    let mut block = head(&title, READING, WIDTH);
    let rows: Vec<&Part> = forest.strata.iter().flat_map(|s| &s.rows).collect();
    if rows.is_empty() {
        block.stack(
            8.0,
            &paragraph("There are no subgroups to compare: nothing but the truth is known of the images.", BODY, WIDTH),
        );
    } else {
        block.stack(6.0, &lines(forest, &rows));
    }
    let said: Vec<String> = rows.iter().map(|r| format!("{} ({}): {}.", r.name, r.note, r.figure.text())).collect();
    let description = format!("{READING} All images: {}. {}", forest.overall.text(), said.join(" "));
    Chart::new(&title, description, block)
}

fn lines(forest: &Forest, rows: &[&Part]) -> Block {
    let across = extent(forest, rows);
    let left = NAMES + NOTES;
    let mut block = Block::default();
    let axes = |y: f32, height: f32| Axes { across, ..Axes::unit(left, y, WIDTH - left - FIGURES, height) };
    for (i, stratum) in forest.strata.iter().enumerate().filter(|(_, s)| !s.rows.is_empty()) {
        let gap = if i == 0 { 0.0 } else { 5.0 };
        block.stack(gap, &paragraph(&stratum.heading, BODY.bold(), WIDTH));
        for row in &stratum.rows {
            let top = block.height + 1.0;
            block.put(0.0, top, &line(row, &axes(0.0, 0.0)));
        }
    }
    let whole = axes(0.0, block.height + 3.0);
    // Guides lie below what they guide.
    let mut below = Block::default();
    whole.frame(&mut below, &ticks(across, 5), &[], plain);
    if let Some(overall) = forest.overall.known() {
        let x = whole.across(overall);
        guide(&mut below, [x, 0.0], [x, whole.bottom()], Ink::Text);
        let words = format!("all images {}", short(overall));
        let half = CAPTION.width(&words) / 2.0;
        let x = x.clamp(whole.x + half, whole.right().max(whole.x + half) - half.min(whole.width / 2.0));
        below.text(x, whole.bottom() + 3.0 + CAPTION.line(), Align::Center, CAPTION.ink(Ink::Text), &words);
        below.height += CAPTION.line() + 2.0;
    }
    below.put(0.0, 0.0, &block);
    below
}

/// One group: name, note, interval and figure.
fn line(row: &Part, axes: &Axes) -> Block {
    let mut block = paragraph(&row.name, BODY, NAMES - 16.0);
    let mut indented = Block::default();
    indented.put(8.0, 0.0, &block);
    block = indented;
    let middle = block.height / 2.0;
    let text = middle - BODY.line() / 2.0;
    block.text(NAMES + NOTES - 8.0, text, Align::Right, BODY.ink(Ink::Muted), &row.note);
    block.text(WIDTH, text, Align::Right, BODY, &row.figure.text());
    if let Some((low, high)) = row.figure.interval() {
        let (low, high) = (axes.across(low), axes.across(high));
        block.line([low, middle], [high, middle], 1.1, look(0).ink);
        for x in [low, high] {
            block.line([x, middle - 2.5], [x, middle + 2.5], 1.1, look(0).ink);
        }
    }
    match row.figure.known() {
        Some(value) => look(1).mark(&mut block, [axes.across(value), middle], 2.6),
        None => block.text(axes.x + 4.0, text, Align::Left, CAPTION, "not to be computed from these images"),
    }
    block.height += 1.0;
    block
}

/// From below the lowest to above the highest number; figures between 0 and 1 stay there.
fn extent(forest: &Forest, rows: &[&Part]) -> [f64; 2] {
    let figures = rows.iter().map(|r| r.figure).chain([forest.overall]);
    let numbers: Vec<f64> =
        figures.flat_map(|f| [f.known(), f.interval().map(|i| i.0), f.interval().map(|i| i.1)]).flatten().collect();
    let (low, high) = numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    if low > high {
        return [0.0, 1.0];
    }
    let room = ((high - low) * 0.08).max(0.02);
    let held = |v: f64| if low >= 0.0 && high <= 1.0 { v.clamp(0.0, 1.0) } else { v };
    [held(low - room), held(high + room)]
}
