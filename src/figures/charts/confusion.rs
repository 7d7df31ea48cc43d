//! The confusion matrix: counts, shares of the true class, and a shade for the share.
//!
//! Names that do not fit above their column are replaced by numbers, which the rows explain. Cells
//! too small for numbers keep their shade.

use super::input::Confusion;
use super::panels::head;
use super::{Chart, WIDTH};
use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, Shape, TextStyle, fitted, paragraph, wrapped};

const TITLE: &str = "Confusion matrix";
const READING: &str = "True class (rows) by called class (columns): images, and below them their share of the true class. A darker cell holds \
                       a larger share; framed cells are right.";
/// Width of the names of the rows.
const NAMES: f32 = 150.0;
/// Width of the sums of the rows.
const SUMS: f32 = 38.0;
const LARGEST: f32 = 62.0;
/// Columns narrower than this are headed by numbers.
const NAMED: f32 = 58.0;
/// The shade of a share of 1.
const FULL: [f32; 3] = [8.0, 69.0, 119.0];

/// Draws the matrix; a sentence where labels do not exclude each other, or where there is nothing
/// to count.
#[must_use]
pub fn confusion(confusion: Option<&Confusion>) -> Chart {
    let mut block = head(TITLE, READING, WIDTH);
    let sentence = match confusion {
        None => {
            "No confusion matrix: the labels of this model do not exclude each other, so no image is called one class."
        }
        Some(matrix) if matrix.labels.is_empty() || matrix.counts.iter().flatten().all(|n| *n == 0) => {
            "No confusion matrix: there is no image whose class is known."
        }
        Some(matrix) => {
            block.stack(8.0, &cells(matrix));
            return Chart::new(TITLE, format!("{READING} {}", said(matrix)), block);
        }
    };
    block.stack(8.0, &paragraph(sentence, BODY, WIDTH));
    Chart::new(TITLE, sentence.into(), block)
}

/// Every row in words.
fn said(matrix: &Confusion) -> String {
    let row = |i: usize| {
        let cells: Vec<String> = matrix
            .labels
            .iter()
            .enumerate()
            .map(|(j, label)| format!("{} called {label}", count(matrix, i, j)))
            .collect();
        format!("{}: {}.", matrix.labels[i], cells.join(", "))
    };
    (0..matrix.labels.len()).map(row).collect::<Vec<_>>().join(" ")
}

fn count(matrix: &Confusion, row: usize, column: usize) -> usize {
    matrix.counts.get(row).and_then(|cells| cells.get(column)).copied().unwrap_or(0)
}

fn cells(matrix: &Confusion) -> Block {
    let n = matrix.labels.len();
    let side = ((WIDTH - NAMES - SUMS - 8.0) / n as f32).min(LARGEST);
    let named = side >= NAMED && matrix.labels.iter().all(|name| fits(name, side - 4.0));
    let mut block = Block::default();
    let top = header(matrix, side, named, &mut block);
    for (i, name) in matrix.labels.iter().enumerate() {
        let y = top + i as f32 * side;
        let name = if named { name.clone() } else { format!("{}  {name}", i + 1) };
        row_name(&name, y, side, &mut block);
        let sum: usize = (0..n).map(|j| count(matrix, i, j)).sum();
        for j in 0..n {
            cell(count(matrix, i, j), sum, [NAMES + j as f32 * side, y], side, &mut block);
        }
        let y = y + side / 2.0 - CAPTION.line() / 2.0;
        block.text(NAMES + n as f32 * side + SUMS, y, Align::Right, CAPTION, &sum.to_string());
    }
    for i in 0..n {
        let (x, y, end) = (NAMES + i as f32 * side, top + i as f32 * side, side);
        let points = vec![[x, y], [x + end, y], [x + end, y + end], [x, y + end]];
        block.shapes.push(Shape::Line { points, width: 1.2, ink: Ink::Text, closed: true });
    }
    block.height = block.height.max(top + n as f32 * side + 2.0);
    block
}

/// Whether a name is three lines or less of whole words.
fn fits(name: &str, width: f32) -> bool {
    name.split_whitespace().all(|word| CAPTION.width(word) <= width) && wrapped(name, CAPTION, width).len() <= 3
}

/// The heads of the columns; yields where the cells begin.
fn header(matrix: &Confusion, side: f32, named: bool, block: &mut Block) -> f32 {
    let lines =
        if named { matrix.labels.iter().map(|l| wrapped(l, CAPTION, side - 4.0).len()).max().unwrap_or(1) } else { 1 };
    let top = lines as f32 * CAPTION.line() + 3.0;
    for (j, label) in matrix.labels.iter().enumerate() {
        let middle = NAMES + (j as f32 + 0.5) * side;
        let text = if named { wrapped(label, CAPTION, side - 4.0) } else { vec![(j + 1).to_string()] };
        let first = top - 3.0 - text.len() as f32 * CAPTION.line();
        for (line, words) in text.iter().enumerate() {
            block.text(middle, first + line as f32 * CAPTION.line(), Align::Center, CAPTION, words);
        }
    }
    let n = matrix.labels.len();
    block.text(NAMES + n as f32 * side + SUMS, top - 3.0 - CAPTION.line(), Align::Right, CAPTION, "images");
    top
}

/// The name left of a row, in as many lines as its height holds; small where that is not enough,
/// then cut.
fn row_name(name: &str, y: f32, side: f32, block: &mut Block) {
    let width = NAMES - 8.0;
    let room = |style: TextStyle| ((side / style.line()) as usize).clamp(1, 3);
    let lines = |style: TextStyle| Some((style, wrapped(name, style, width))).filter(|(_, l)| l.len() <= room(style));
    let (style, lines) = lines(BODY)
        .or_else(|| lines(CAPTION.ink(Ink::Text)))
        .unwrap_or_else(|| (BODY, vec![fitted(name, BODY, width)]));
    let first = y + (side - lines.len() as f32 * style.line()) / 2.0;
    for (i, line) in lines.iter().enumerate() {
        block.text(width, first + i as f32 * style.line(), Align::Right, style, line);
    }
}

fn cell(count: usize, of: usize, [x, y]: [f32; 2], side: f32, block: &mut Block) {
    let share = if of > 0 { count as f32 / of as f32 } else { 0.0 };
    let shade = FULL.map(|part| (255.0 + (part - 255.0) * share) as u8);
    block.fill(x, y, side, side, Ink::Of(shade));
    let points = vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side]];
    block.shapes.push(Shape::Line { points, width: 0.3, ink: Ink::Hairline, closed: true });
    let ink = if share > 0.5 { Ink::White } else { Ink::Text };
    let size = (side * 0.24).clamp(4.5, 10.0);
    let number = TextStyle { size, ..BODY.bold() }.ink(ink);
    let small = TextStyle { size: (size * 0.8).max(4.5), ..CAPTION }.ink(ink);
    let words = count.to_string();
    if number.width(&words) > side - 1.5 || number.line() + small.line() > side + 1.0 {
        return;
    }
    let first = y + (side - number.line() - small.line()) / 2.0;
    block.text(x + side / 2.0, first, Align::Center, number, &words);
    if of > 0 {
        let percent = share * 100.0;
        let words = if count > 0 && percent < 0.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") };
        if small.width(&words) <= side - 1.0 {
            block.text(x + side / 2.0, first + number.line(), Align::Center, small, &words);
        }
    }
}
