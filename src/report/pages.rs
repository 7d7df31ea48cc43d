//! Pages that fill from the top, with margins, running heads and footers: what every report of
//! Pellucid shares.

use chrono::{DateTime, Local};

use super::NOT_A_DEVICE;
use super::case::Paper;
use crate::figures::layout::{Align, Block, CAPTION, Ink, fitted, hairline};
use crate::figures::layout::{BODY, HEADING, TITLE, paragraph};
use crate::language::{date_and_time, tr, translated};

const SIDE: f32 = 48.0;
const TOP: f32 = 36.0;
const BOTTOM: f32 = 40.0;
/// Space around the lines between the sections.
pub(super) const GAP: f32 = 5.5;

/// A sheet and the part of it that is printed on, in points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sheet {
    page: (f32, f32),
    /// Width between the margins.
    pub width: f32,
    /// Height between the margins.
    pub capacity: f32,
}

impl Sheet {
    pub(super) fn of(paper: Paper) -> Self {
        let page = paper.size();
        Self { page, width: page.0 - 2.0 * SIDE, capacity: page.1 - TOP - BOTTOM }
    }
}

/// Adds a block below a hairline.
pub(super) fn divided(page: &mut Block, block: &Block, width: f32) {
    page.stack(GAP, &hairline(width));
    page.stack(GAP, block);
}

/// The title of a report with a line on what it is, when it was made, and what it must not be taken
/// for.
pub(super) fn title(name: &str, about: &str, created: DateTime<Local>, width: f32) -> Block {
    let mut block = Block::space(TITLE.line() + CAPTION.line());
    block.text(0.0, 0.0, Align::Left, TITLE, name);
    block.text(0.0, TITLE.line(), Align::Left, CAPTION, about);
    let made = date_and_time(created);
    block.text(width, TITLE.line() - BODY.line() - 1.0, Align::Right, BODY, &tr!("Made {}", made));
    block.text(width, TITLE.line(), Align::Right, CAPTION.ink(Ink::Warning), translated(NOT_A_DEVICE));
    block
}

/// A heading in its own column left of the content.
pub(super) fn section(heading: &str, content: &Block, column: f32) -> Block {
    let mut block = paragraph(heading, HEADING, column - 8.0);
    block.put(column, 0.0, content);
    block
}

/// Pages that fill from the top.
pub(super) struct Flow {
    pages: Vec<Block>,
    sheet: Sheet,
}

impl Flow {
    pub(super) fn new(sheet: Sheet) -> Self {
        Self { pages: vec![Block::default()], sheet }
    }

    /// Height that is left on the page.
    pub(super) fn room(&self) -> f32 {
        self.sheet.capacity - self.used()
    }

    /// Begins the next page.
    pub(super) fn turn(&mut self) {
        self.pages.push(Block::default());
    }

    /// Adds a block, below a hairline where `line` asks for one; on the next page where it does not
    /// fit here.
    pub(super) fn add(&mut self, block: &Block, line: bool) {
        if self.used() > 0.0 && 2.0 * GAP + 0.5 + block.height > self.room() + 0.5 {
            self.turn();
        }
        let Some(page) = self.pages.last_mut() else { return };
        if line && page.height > 0.0 {
            divided(page, block, self.sheet.width);
        } else {
            page.stack(GAP, block);
        }
    }

    /// Adds rows below their head, as many as fit, and goes on with the head repeated on the next
    /// page.
    pub(super) fn add_rows(&mut self, head: &Block, rows: &[Block]) {
        /// Fewer rows of text than these are not left alone below a head.
        const FEW: usize = 3;
        const TEXT: f32 = 40.0;
        let mut rest = rows;
        loop {
            let room = self.room() - 2.0 * GAP - 0.5;
            let mut part = head.clone();
            let mut taken = 0;
            while taken < rest.len() && part.height + rest[taken].height <= room {
                part.stack(0.0, &rest[taken]);
                taken += 1;
            }
            let fresh = self.used() == 0.0;
            let wanted = if rest.iter().take(FEW).all(|row| row.height < TEXT) { FEW } else { 1 };
            let few = taken < rest.len().min(wanted) || part.height > room;
            if few && !fresh {
                self.turn();
                continue;
            }
            if taken == 0 && !rest.is_empty() {
                // Taller than a page: it overflows rather than being lost.
                part.stack(0.0, &rest[0]);
                taken = 1;
            }
            self.add(&part, true);
            rest = &rest[taken..];
            if rest.is_empty() {
                return;
            }
            self.turn();
        }
    }

    /// Puts the last block at the foot of the last page.
    pub(super) fn close(&mut self, block: &Block) {
        if block.height > self.room() + 0.5 {
            self.turn();
        }
        let y = self.sheet.capacity - block.height;
        if let Some(page) = self.pages.last_mut() {
            page.put(0.0, y, block);
        }
    }

    fn used(&self) -> f32 {
        self.pages.last().map_or(0.0, |page| page.height)
    }

    /// The pages with margins and footers; `running` stands above all but the first.
    pub(super) fn framed(self, footer: &str, running: &str) -> Vec<Block> {
        let (page_width, page_height) = self.sheet.page;
        let width = self.sheet.width;
        let of = self.pages.len();
        let not_a_device = translated(NOT_A_DEVICE);
        let frame = |(i, content): (usize, &Block)| {
            let mut page = Block::default();
            page.put(SIDE, TOP, content);
            let y = page_height - BOTTOM + 14.0;
            page.put(SIDE, y - 5.0, &hairline(width));
            let software = format!("Pellucid {} · {footer}", crate::VERSION);
            page.text(SIDE, y, Align::Left, CAPTION, &fitted(&software, CAPTION, width - 80.0));
            if i > 0 {
                page.text(SIDE, TOP - 16.0, Align::Left, CAPTION, &fitted(running, CAPTION, width / 2.0));
                page.text(page_width - SIDE, TOP - 16.0, Align::Right, CAPTION.ink(Ink::Warning), not_a_device);
            }
            page.text(page_width - SIDE, y, Align::Right, CAPTION, &tr!("Page {} of {of}", i + 1, of));
            page
        };
        self.pages.iter().enumerate().map(frame).collect()
    }
}
