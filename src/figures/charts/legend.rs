//! The legend of a chart: the line and marker of each series, its name, and words on it.

use super::pen::SeriesStyle;
use crate::figures::layout::{Align, BODY, Block, CAPTION, paragraph};

/// Room for the sample of a line.
const SAMPLE: f32 = 32.0;
/// Between two entries with words below them.
const GAP: f32 = 7.0;
/// Between two entries with words beside them.
const NARROW: f32 = 2.0;

/// One entry of a legend.
pub(super) struct LegendEntry {
    /// `None` where there is nothing to draw.
    pub style: Option<SeriesStyle>,
    pub name: String,
    /// May be empty.
    pub words: String,
}

/// The entries below each other in `width` points, words below the names.
pub(super) fn legend(entries: &[LegendEntry], width: f32) -> Block {
    let mut legend = Block::default();
    for LegendEntry { style, name, words } in entries {
        let mut entry = Block::default();
        if let Some(style) = style {
            style.sample(&mut entry, 0.0, BODY.line() / 2.0);
        }
        let mut text = paragraph(name, BODY.bold(), width - SAMPLE);
        text.stack(0.0, &paragraph(words, CAPTION, width - SAMPLE));
        entry.put(SAMPLE, 0.0, &text);
        legend.stack(GAP, &entry);
    }
    legend
}

/// The entries below each other in `width` points, words right of the names: for many series.
pub(super) fn narrow(entries: &[LegendEntry], width: f32) -> Block {
    let column = entries.iter().map(|entry| BODY.width(&entry.words)).fold(0.0, f32::max);
    let mut legend = Block::default();
    for LegendEntry { style, name, words } in entries {
        let mut entry = Block::default();
        if let Some(style) = style {
            style.sample(&mut entry, 0.0, BODY.line() / 2.0);
        }
        entry.put(SAMPLE, 0.0, &paragraph(name, BODY, width - SAMPLE - column - 6.0));
        entry.text(width, 0.0, Align::Right, BODY, words);
        entry.height = entry.height.max(BODY.line());
        legend.stack(NARROW, &entry);
    }
    legend
}
