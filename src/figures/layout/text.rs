//! Text in blocks: running text in lines, lists, columns of names, and names cut to a width.

use super::{Align, BODY, Block, Ink, TextStyle};
use crate::figures::text_runs;
use crate::fonts::cut;

/// Running text in lines of at most `width` points.
#[must_use]
pub fn paragraph(text: &str, style: TextStyle, width: f32) -> Block {
    let mut block = Block::default();
    for line in wrapped(text, style, width) {
        let top = block.height;
        block.text(0.0, top, Align::Left, style, &line);
        block.height = top + style.line();
    }
    block
}

/// A list: each item behind a dash, its further lines indented.
pub fn list<'a>(items: impl IntoIterator<Item = &'a str>, style: TextStyle, width: f32) -> Block {
    const INDENT: f32 = 9.0;
    let mut block = Block::default();
    for item in items {
        let mut entry = paragraph(item, style, width - INDENT);
        entry = {
            let mut row = Block::default();
            row.text(0.0, 0.0, Align::Left, style.ink(Ink::Muted), "–");
            row.put(INDENT, 0.0, &entry);
            row
        };
        block.stack(1.0, &entry);
    }
    block
}

/// Names in one column, what they stand for in the other.
#[must_use]
pub fn pairs(rows: &[(&str, String)], key_width: f32, width: f32) -> Block {
    /// Between the longest name and what it stands for.
    const GAP: f32 = 4.0;
    let key_width = rows.iter().map(|(key, _)| BODY.width(key) + GAP).fold(key_width, f32::max);
    let mut block = Block::default();
    for (key, value) in rows {
        let mut row = Block::default();
        row.text(0.0, 0.0, Align::Left, BODY.ink(Ink::Muted), key);
        row.put(key_width, 0.0, &paragraph(value, BODY, width - key_width));
        block.stack(0.5, &row);
    }
    block
}

/// Longest text that is set, in characters: no paragraph of a report needs more.
const LONGEST: usize = 5000;

/// Lines of at most `width` points; longer words are parted behind a hyphen or, for want of one,
/// where the line ends. Texts beyond 5000 characters are cut, and the cut is said. Every word is
/// measured once.
#[must_use]
pub fn wrapped(text: &str, style: TextStyle, width: f32) -> Vec<String> {
    let text = text_runs::settable(&cut(text, LONGEST), style.weight);
    let blank_width = style.width(" ");
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut end = 0.0;
    // A space that does not break keeps two words on one line.
    let words = text.split(|c: char| c.is_whitespace() && c != '\u{a0}').filter(|word| !word.is_empty());
    for word in words {
        for (i, (piece, wide)) in pieces(word, style, width).into_iter().enumerate() {
            let blank = i == 0 && !line.is_empty();
            let longer = end + wide + if blank { blank_width } else { 0.0 };
            if line.is_empty() || longer <= width {
                if blank {
                    line.push(' ');
                }
                line.push_str(&piece);
                end = longer;
            } else {
                lines.push(std::mem::replace(&mut line, piece));
                end = wide;
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A word in pieces of at most `width` points, each with its width.
fn pieces(word: &str, style: TextStyle, width: f32) -> Vec<(String, f32)> {
    let whole = style.width(word);
    if whole <= width {
        return vec![(word.to_owned(), whole)];
    }
    let mut pieces = Vec::new();
    for part in word.split_inclusive('-') {
        let (mut piece, mut end) = (String::new(), 0.0);
        for c in part.chars() {
            let wide = style.width(c.encode_utf8(&mut [0; 4]));
            if end + wide > width && !piece.is_empty() {
                pieces.push((std::mem::take(&mut piece), end));
                end = 0.0;
            }
            piece.push(c);
            end += wide;
        }
        pieces.push((piece, end));
    }
    pieces
}

/// The text, cut with an ellipsis where it is wider than `width` points.
#[must_use]
pub fn fitted(text: &str, style: TextStyle, width: f32) -> String {
    let text = text_runs::settable(&cut(text, LONGEST), style.weight);
    if style.width(&text) <= width {
        return text;
    }
    let room = width - style.width("…");
    let (mut kept, mut end) = (String::new(), 0.0);
    for c in text.chars() {
        end += style.width(c.encode_utf8(&mut [0; 4]));
        if end > room {
            break;
        }
        kept.push(c);
    }
    let kept = kept.trim_end();
    if kept.is_empty() && room < 0.0 { String::new() } else { format!("{kept}…") }
}

/// The text, its middle cut out where it is wider than `width` points: names of files differ at
/// their ends.
#[must_use]
pub fn fitted_inside(text: &str, style: TextStyle, width: f32) -> String {
    let text = text_runs::settable(&cut(text, LONGEST), style.weight);
    if style.width(&text) <= width {
        return text;
    }
    let letters: Vec<(char, f32)> = text.chars().map(|c| (c, style.width(c.encode_utf8(&mut [0; 4])))).collect();
    let room = width - style.width("…");
    let (mut first, mut last, mut used) = (0, letters.len(), 0.0);
    // One letter at each end in turn, as long as they fit.
    while first < last {
        let at_end = first > letters.len() - last;
        let (_, wide) = letters[if at_end { last - 1 } else { first }];
        used += wide;
        if used > room {
            break;
        }
        if at_end { last -= 1 } else { first += 1 }
    }
    let kept = |part: &[(char, f32)]| part.iter().map(|(c, _)| *c).collect::<String>();
    let (head, tail) = (kept(&letters[..first]), kept(&letters[last..]));
    if room < 0.0 { String::new() } else { format!("{}…{}", head.trim_end(), tail.trim_start()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fonts;

    #[test]
    fn no_line_is_wider_than_its_column() {
        let long = "Hospital-of-the-Sisters-of-Perpetual-Administration-and-Archives Röntgen 42";
        for line in wrapped(long, BODY, 90.0) {
            assert!(BODY.width(&line) <= 90.0, "{line}");
        }
        assert_eq!(wrapped(long, BODY, 90.0).concat().replace(' ', ""), long.replace(' ', ""));
    }

    /// Characters that are measured while `run` runs.
    fn measured(run: impl FnOnce()) -> usize {
        let counter = &crate::figures::typeface::MEASURED;
        let before = counter.get();
        run();
        counter.get() - before
    }

    #[test]
    fn the_work_of_setting_a_text_is_linear_in_its_length_and_bounded() {
        let kinds = [
            ("words", "Jane Doe "),
            ("one word", "x"),
            ("hyphens", "-"),
            ("marks", "\u{301}"),
            ("blanks", " "),
            ("characters that no font has", "\u{e123}"),
            ("from right to left", "\u{202e}a"),
        ];
        fonts::system::with(fonts::SystemFonts::none(), || {
            for (what, unit) in kinds {
                let of = |characters: usize| {
                    let text = unit.repeat(characters / unit.chars().count());
                    let work = measured(|| drop(wrapped(&text, BODY, 200.0)));
                    work + measured(|| drop(fitted(&text, BODY, 200.0)))
                };
                let (short, long, endless) = (of(1_000), of(4_000), of(1_000_000));
                assert!(long <= 5 * short + 100, "{what}: {short} and {long}");
                assert!(endless <= 5 * LONGEST, "{what}: {endless}");
            }
        });
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_and_says_so() {
        let lines = wrapped(&"Doe ".repeat(250_000), BODY, 200.0);
        assert!(lines.len() < 300);
        assert!(lines.join(" ").ends_with("Doe… (cut, 1000000 characters)"));
    }

    #[test]
    fn a_long_name_is_cut_with_an_ellipsis() {
        let cut = fitted("Hubert Blaine Wolfeschlegelsteinhausenbergerdorff", BODY, 80.0);
        assert!(cut.ends_with('…') && BODY.width(&cut) <= 80.0);
        assert_eq!(fitted("Doe", BODY, 80.0), "Doe");
    }

    #[test]
    fn a_long_file_name_keeps_both_ends() {
        let cut = fitted_inside("person1_bacteria_0000000000000000000000000001", BODY, 80.0);
        assert!(cut.starts_with("person") && cut.ends_with('1') && cut.contains('…'), "{cut}");
        assert!(BODY.width(&cut) <= 80.0 && BODY.width(&cut) > 70.0, "{}", BODY.width(&cut));
        assert_eq!(fitted_inside("0001.png", BODY, 80.0), "0001.png");
        assert_eq!(fitted_inside("0001.png", BODY, 2.0), "");
    }
}
