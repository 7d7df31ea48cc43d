//! Tables of names and figures: intervals go below their value, and columns into a second table,
//! where the page is too narrow.

use serde::{Deserialize, Serialize};

use crate::figures::layout::{Align, BODY, Block, CAPTION, HEADING, Ink, TextStyle, hairline, paragraph, wrapped};

/// Widest first column.
const NAMES: f32 = 150.0;
const GAP: f32 = 9.0;
const HEAD: TextStyle = CAPTION;

/// Rows of cells under headings; the first cell of a row is its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub title: String,
    /// What must be known to read it; may be empty.
    pub note: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// A part of a table that fits the width: its head, which is repeated on every page, and its rows.
pub struct TablePart {
    pub head: Block,
    pub rows: Vec<Block>,
}

impl Table {
    /// The table in parts of at most `width` points.
    pub fn parts(&self, width: f32) -> Vec<TablePart> {
        let figures = self.columns.len().saturating_sub(1);
        let names = self.names_width();
        let one_line: Vec<f32> = (1..=figures).map(|c| self.width_of(c, false)).collect();
        let fits = names + one_line.iter().map(|w| w + GAP).sum::<f32>() <= width;
        let widths = if fits { one_line } else { (1..=figures).map(|c| self.width_of(c, true)).collect() };
        let mut parts = Vec::new();
        let mut first = 0;
        loop {
            let mut end = first;
            let mut used = names;
            while end < figures && (end == first || used + widths[end] + GAP <= width) {
                used += widths[end] + GAP;
                end += 1;
            }
            parts.push(self.part(first + 1..end + 1, &widths[first..end], names, !fits, width));
            first = end;
            if first >= figures {
                return parts;
            }
        }
    }

    fn part(
        &self,
        columns: std::ops::Range<usize>,
        widths: &[f32],
        names: f32,
        stacked: bool,
        width: f32,
    ) -> TablePart {
        let mut head = paragraph(&self.title, HEADING, width);
        if !self.note.is_empty() {
            head.stack(0.5, &paragraph(&self.note, CAPTION, width));
        }
        let right = |i: usize| names + widths[..=i].iter().map(|w| w + GAP).sum::<f32>();
        let titles: Vec<Vec<String>> =
            columns.clone().zip(widths).map(|(c, w)| wrapped(&self.columns[c], HEAD, *w)).collect();
        let tallest = titles.iter().map(Vec::len).max().unwrap_or(1).max(1);
        let mut line = Block::space(tallest as f32 * HEAD.line());
        for (i, title) in titles.iter().enumerate() {
            let top = (tallest - title.len()) as f32 * HEAD.line();
            for (k, words) in title.iter().enumerate() {
                line.text(right(i), top + k as f32 * HEAD.line(), Align::Right, HEAD, words);
            }
        }
        let name = self.columns.first().map_or("", String::as_str);
        line.text(0.0, (tallest - 1) as f32 * HEAD.line(), Align::Left, HEAD, name);
        line.stack(1.5, &hairline(width));
        head.stack(4.0, &line);
        let empty = String::new();
        let row = |cells: &Vec<String>| {
            let mut block = Block::space(2.0);
            block.put(0.0, 2.0, &paragraph(cells.first().unwrap_or(&empty), BODY, names));
            for (i, c) in columns.clone().enumerate() {
                let cell = cells.get(c).unwrap_or(&empty);
                for (k, (words, style)) in lines(cell, stacked).into_iter().enumerate() {
                    let top = 2.0 + k as f32 * BODY.line() * 0.95;
                    block.text(right(i), top, Align::Right, style, words);
                    block.height = block.height.max(top + style.line());
                }
            }
            block
        };
        TablePart { head, rows: self.rows.iter().map(row).collect() }
    }

    fn names_width(&self) -> f32 {
        let cells = self.rows.iter().filter_map(|row| row.first()).map(|cell| BODY.width(cell));
        cells.fold(60.0, f32::max).min(NAMES)
    }

    /// Width of a column: its cells, and its longest word of heading.
    fn width_of(&self, column: usize, stacked: bool) -> f32 {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let widest = cells.flat_map(|cell| lines(cell, stacked)).map(|(words, style)| style.width(words));
        let word = self.columns[column].split_whitespace().map(|word| HEAD.width(word)).fold(0.0, f32::max);
        widest.fold(word, f32::max).clamp(24.0, 160.0)
    }
}

/// A cell in lines: the interval below its value where `stacked`.
fn lines(cell: &str, stacked: bool) -> Vec<(&str, TextStyle)> {
    match cell.split_once(" (").filter(|_| stacked) {
        Some((value, _)) => vec![(value, BODY), (&cell[value.len() + 1..], CAPTION.ink(Ink::Muted))],
        None => vec![(cell, BODY)],
    }
}
