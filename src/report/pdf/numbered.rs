//! Lines of a section with numbers before them.

use crate::figures::layout::{Align, BODY, Block, TextStyle, wrapped};

/// Room for the numbers.
const NUMBER: f32 = 16.0;

/// The lines so far.
pub(super) struct NumberedLines {
    rows: Vec<Block>,
    column: f32,
    width: f32,
}

impl NumberedLines {
    /// None yet, from `column` to `width`.
    pub(super) fn new(width: f32, column: f32) -> Self {
        Self { rows: Vec::new(), column, width }
    }

    /// Adds a text in as many lines as it takes; the number, which may be nothing, stands before the
    /// first.
    pub(super) fn add(&mut self, number: &str, text: &str, style: TextStyle) {
        for (i, line) in wrapped(text, style, self.width - self.column - NUMBER).into_iter().enumerate() {
            let mut row = Block::space(style.line());
            if i == 0 {
                row.text(self.column, 0.0, Align::Left, BODY.bold(), number);
            }
            row.text(self.column + NUMBER, 0.0, Align::Left, style, &line);
            self.rows.push(row);
        }
    }

    /// The lines, one below the other.
    pub(super) fn rows(self) -> Vec<Block> {
        self.rows
    }
}
