//! The forest plot: one metric with its interval in each row, against the metric of all images.

use super::axes::Axes;
use super::input::{Forest, ForestRow, MetricValue, short};
use super::panels::head;
use super::pen::{guide, series_style};
use super::range::AxisRange;
use super::{Chart, WIDTH};
use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, paragraph};

const MARKS: &str = "Marker: the value, line: its 95 % interval.";
const OVERALL: &str = "Dashed: the value of all images.";
/// What stands where there is no value, when nobody says why.
const ABSENT: &str = "not to be computed from these images";
const NAMES: f32 = 150.0;
const NOTES: f32 = 52.0;
/// Least and most room of the values.
const VALUES: [f32; 2] = [92.0, 140.0];

/// Draws the metric of every row.
#[must_use]
pub fn forest(forest: &Forest) -> Chart {
    let overall = forest.overall.map(|_| OVERALL);
    let reading = [Some(MARKS), overall, Some(forest.reading.as_str())].into_iter().flatten();
    let reading = reading.filter(|words| !words.is_empty()).collect::<Vec<_>>().join(" ");
    let mut block = head(&forest.title, &reading, WIDTH);
    let rows: Vec<&ForestRow> = forest.strata.iter().flat_map(|s| &s.rows).collect();
    if rows.is_empty() {
        let empty = if forest.empty.is_empty() { "There is nothing to compare." } else { &forest.empty };
        block.stack(8.0, &paragraph(empty, BODY, WIDTH));
    } else {
        block.stack(6.0, &lines(forest, &rows));
    }
    let said: Vec<String> = rows.iter().map(|row| words(row)).collect();
    let overall = forest.overall.map_or_else(String::new, |value| format!(" All images: {}.", value.text()));
    let description = format!("{reading}{overall} {}", said.join(" "));
    Chart::new(&forest.title, description, block)
}

/// A row in a sentence.
fn words(row: &ForestRow) -> String {
    let note = if row.note.is_empty() { String::new() } else { format!(" ({})", row.note) };
    let value = match row.value.known() {
        None if !row.absent.is_empty() => row.absent.clone(),
        _ => row.value.text(),
    };
    format!("{}{note}: {value}.", row.name)
}

/// Where the columns of a plot end.
struct Columns {
    names: f32,
    notes: f32,
    /// Where the room of the values begins.
    values: f32,
}

impl Columns {
    /// Without notes their room is the names', as far as they need it; the scale has the rest.
    fn of(rows: &[&ForestRow]) -> Self {
        let [least, most] = VALUES;
        let longest = rows.iter().map(|row| BODY.width(&row.value.text())).fold(0.0, f32::max);
        let values = WIDTH - (longest + 8.0).clamp(least, most);
        if rows.iter().any(|row| !row.note.is_empty()) {
            return Self { names: NAMES, notes: NAMES + NOTES, values };
        }
        let longest = rows.iter().map(|row| BODY.width(&row.name)).fold(0.0, f32::max);
        let names = (longest + 17.0).clamp(60.0, NAMES + NOTES);
        Self { names, notes: names, values }
    }
}

fn lines(forest: &Forest, rows: &[&ForestRow]) -> Block {
    let (across, columns) = (extent(forest, rows), Columns::of(rows));
    let mut block = Block::default();
    let axes =
        |y: f32, height: f32| Axes { across, ..Axes::unit(columns.notes, y, columns.values - columns.notes, height) };
    for (i, stratum) in forest.strata.iter().enumerate().filter(|(_, s)| !s.rows.is_empty()) {
        let gap = if i == 0 { 0.0 } else { 5.0 };
        block.stack(gap, &paragraph(&stratum.heading, BODY.bold(), WIDTH));
        for row in &stratum.rows {
            let top = block.height + 1.0;
            block.put(0.0, top, &line(row, &columns, &axes(0.0, 0.0)));
        }
    }
    let whole = axes(0.0, block.height + 3.0);
    // Guides lie below what they guide.
    let mut below = Block::default();
    whole.frame(&mut below, &whole.across.ticks(5), &[]);
    if let Some(overall) = forest.overall.and_then(MetricValue::known) {
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

/// One row: name, note, interval and value.
fn line(row: &ForestRow, columns: &Columns, axes: &Axes) -> Block {
    let mut block = Block::default();
    block.put(8.0, 0.0, &paragraph(&row.name, BODY, columns.names - 16.0));
    block.height = block.height.max(BODY.line());
    let middle = block.height / 2.0;
    let text = middle - BODY.line() / 2.0;
    block.text(columns.notes - 8.0, text, Align::Right, BODY.ink(Ink::Muted), &row.note);
    block.text(WIDTH, text, Align::Right, BODY, &row.value.text());
    if let Some((low, high)) = row.value.interval() {
        let (low, high) = (axes.across(low), axes.across(high));
        block.line([low, middle], [high, middle], 1.1, series_style(0).ink);
        for x in [low, high] {
            block.line([x, middle - 2.5], [x, middle + 2.5], 1.1, series_style(0).ink);
        }
    }
    if let Some(value) = row.value.known() {
        series_style(1).mark(&mut block, [axes.across(value), middle], 2.6);
    } else {
        let style = if row.failed { CAPTION.ink(Ink::Warning) } else { CAPTION };
        let words = paragraph(if row.absent.is_empty() { ABSENT } else { &row.absent }, style, axes.width - 8.0);
        block.put(axes.x + 4.0, middle - words.height / 2.0, &words);
    }
    block.height += 1.0;
    block
}

/// From below the lowest to above the highest number.
fn extent(forest: &Forest, rows: &[&ForestRow]) -> AxisRange {
    let values = rows.iter().map(|r| r.value).chain(forest.overall);
    let numbers = |v: MetricValue| [v.known(), v.interval().map(|i| i.0), v.interval().map(|i| i.1)];
    AxisRange::around(values.flat_map(numbers).flatten(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_beside_the_frame_however_long_they_are() {
        let row = ForestRow { value: MetricValue::new(-0.085, -0.194, -0.006), ..ForestRow::default() };
        let text = row.value.text();
        assert_eq!(text, "−0.085 (−0.194 to −0.006)");
        assert!(Columns::of(&[&row]).values + 4.0 <= WIDTH - BODY.width(&text));
    }
}
