//! Small pictures of one kind side by side, one a target, their frames on one line.

use super::{Chart, WIDTH};
use crate::figures::layout::{Align, BODY, Block, CAPTION, HEADING, fitted, paragraph, wrapped};

const GAP: f32 = 14.0;
/// Lines that a name may take.
const LINES: usize = 2;

/// Title of a chart and how to read it.
pub(super) fn head(title: &str, reading: &str, width: f32) -> Block {
    let mut block = paragraph(title, HEADING, width);
    block.stack(1.0, &paragraph(reading, CAPTION, width));
    block
}

/// One picture: a name, words below it, and what is drawn at the width that it is given.
pub(super) struct Panel<'a> {
    pub name: String,
    pub words: String,
    pub draw: Box<dyn Fn(f32) -> Block + 'a>,
}

/// A chart of one panel a target, whose names and words a reader that sees no chart is told too.
pub(super) fn panel_chart(title: &str, reading: &str, all: &[Panel<'_>]) -> Chart {
    let mut block = head(title, reading, WIDTH);
    if all.is_empty() {
        block.stack(8.0, &paragraph("There is no target to draw.", BODY, WIDTH));
    } else {
        block.stack(8.0, &panels(all, WIDTH));
    }
    let said: Vec<String> = all.iter().map(|panel| format!("{}: {}", panel.name, panel.words)).collect();
    Chart::new(title, format!("{reading} {}", said.join(" ")), block)
}

/// The panels in rows of up to four.
pub(super) fn panels(panels: &[Panel<'_>], width: f32) -> Block {
    let columns = match panels.len() {
        0 | 1 => 1,
        2 => 2,
        3..=6 => 3,
        _ => 4,
    };
    // One panel alone would be larger than it needs.
    let own = ((width - (columns - 1) as f32 * GAP) / columns as f32).min(260.0);
    let mut block = Block::default();
    for row in panels.chunks(columns) {
        let heads: Vec<Block> = row.iter().map(|panel| titled(&panel.name, &panel.words, own)).collect();
        let tallest = heads.iter().map(|head| head.height).fold(0.0, f32::max);
        let mut line = Block::default();
        for (i, (panel, head)) in row.iter().zip(&heads).enumerate() {
            let x = i as f32 * (own + GAP);
            // Words stand right above what they speak of.
            line.put(x, tallest - head.height, head);
            line.put(x, tallest + 5.0, &(panel.draw)(own));
        }
        block.stack(GAP - 4.0, &line);
    }
    block
}

/// A name of at most two lines and the words below it.
fn titled(name: &str, words: &str, width: f32) -> Block {
    let mut block = Block::default();
    let style = BODY.bold();
    let lines = wrapped(name, style, width);
    for (i, line) in lines.iter().take(LINES).enumerate() {
        let cut = i + 1 == LINES && lines.len() > LINES;
        let line = if cut { fitted(&format!("{line} {}", lines[LINES]), style, width) } else { line.clone() };
        block.text(0.0, block.height, Align::Left, style, &line);
        block.height += style.line();
    }
    block.stack(0.0, &paragraph(words, CAPTION, width));
    block
}
