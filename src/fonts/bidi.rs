//! Lines that run both ways (Unicode Standard Annex 9, "Unicode Bidirectional Algorithm").
//!
//! [`isolated`] wraps an attribute in FSI … PDI, so that what stands beside it keeps its order;
//! [`visual`] brings a line into the order in which it is drawn, from left to right. The line
//! itself always runs from left to right: the words around the attributes are English.

use std::borrow::Cow;
use std::ops::Range;

use unicode_bidi::{BidiClass, BidiInfo, Level, bidi_class};

const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_ISOLATE: char = '\u{2069}';

/// A part of a line that is drawn in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// In the order of reading; brackets are mirrored where they run from right to left.
    pub text: String,
    pub right_to_left: bool,
}

/// An attribute that may stand in a line without turning anything round. Marks of direction of its
/// own are dropped.
#[must_use]
pub fn isolated(text: &str) -> Cow<'_, str> {
    if !turns(text) {
        return text.into();
    }
    let plain: String = text.chars().filter(|&c| !is_mark(c)).collect();
    if plain.chars().any(runs_left) {
        format!("{FIRST_STRONG_ISOLATE}{plain}{POP_ISOLATE}").into()
    } else {
        plain.into()
    }
}

/// True where the order of drawing may be another than that of reading.
#[must_use]
pub fn turns(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(|c| runs_left(c) || is_mark(c))
}

fn runs_left(c: char) -> bool {
    c >= '\u{590}' && matches!(bidi_class(c), BidiClass::R | BidiClass::AL | BidiClass::AN)
}

/// Embeddings, overrides, isolates and their ends, and the marks that lean a line one way.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The line in the order of drawing, marks of direction left out. Text that runs to the left comes
/// word by word, so that whoever draws the pieces one after the other, each in a font of its own,
/// keeps the order.
#[must_use]
pub fn visual(line: &str) -> Vec<Piece> {
    if !turns(line) {
        return vec![Piece { text: line.to_owned(), right_to_left: false }];
    }
    let info = BidiInfo::new(line, Some(Level::ltr()));
    let mut pieces = Vec::new();
    for paragraph in &info.paragraphs {
        let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
        for run in runs {
            let right_to_left = levels[run.start].is_rtl();
            let text = &line[run];
            if right_to_left {
                pieces.extend(words(text).into_iter().rev().map(|word| backwards(&text[word])));
            } else {
                pieces.push(Piece { text: text.chars().filter(|&c| !is_mark(c)).collect(), right_to_left });
            }
        }
    }
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

/// Letters with their marks, and everything else one by one.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut in_word = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let joins = matches!(bidi_class(c), BidiClass::NSM | BidiClass::BN);
        let letter = runs_left(c);
        match words.last_mut() {
            Some(word) if joins || (letter && in_word) => word.end = end,
            _ => words.push(at..end),
        }
        in_word = letter || (joins && in_word);
    }
    words
}

fn backwards(word: &str) -> Piece {
    let letters = word.chars().any(runs_left);
    Piece { text: word.chars().filter(|&c| !is_mark(c)).map(mirrored).collect(), right_to_left: letters }
}

/// The other one of a pair of brackets or quotation marks.
fn mirrored(c: char) -> char {
    const PAIRS: [(char, char); 8] =
        [('(', ')'), ('[', ']'), ('{', '}'), ('<', '>'), ('«', '»'), ('‹', '›'), ('≤', '≥'), ('⟨', '⟩')];
    let other = |&(open, close): &(char, char)| match c {
        c if c == open => Some(close),
        c if c == close => Some(open),
        _ => None,
    };
    PAIRS.iter().find_map(other).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(line: &str) -> Vec<String> {
        visual(line).into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn a_name_from_right_to_left_does_not_turn_the_number_and_the_date_beside_it() {
        let line = format!("{} · 4711-12 · 2026-11-20", isolated("محمد علي"));
        assert_eq!(drawn(&line), ["علي", " ", "محمد", " · 4711-12 · 2026-11-20"]);
        let line = format!("{}  {}  2026-11-20", isolated("4711"), isolated("כהן דוד"));
        assert_eq!(drawn(&line).concat(), "4711  דוד כהן  2026-11-20");
        // Without the isolation the number would run into the name.
        assert_ne!(
            drawn("محمد علي · 4711-12 · 2026-11-20"),
            drawn(&format!("{} · 4711-12 · 2026-11-20", isolated("محمد علي")))
        );
    }

    #[test]
    fn numbers_within_a_name_keep_their_order_and_brackets_face_the_other_way() {
        assert_eq!(drawn(&isolated("דוד 12")), ["12", " ", "דוד"]);
        let pieces = drawn(&isolated("דוד (אבי)"));
        assert_eq!(pieces, ["(", "אבי", ")", " ", "דוד"]);
    }

    #[test]
    fn marks_of_direction_in_an_attribute_are_dropped() {
        assert_eq!(isolated("\u{202e}4711"), "4711");
        assert_eq!(isolated("Doe^Jane"), "Doe^Jane");
        assert_eq!(isolated("דוד\u{2069}\u{2069}"), "\u{2068}דוד\u{2069}");
        assert_eq!(drawn("a\u{200e}b"), ["ab"]);
    }

    #[test]
    fn vowel_signs_stay_with_their_letters() {
        assert_eq!(drawn(&isolated("שָׁלוֹם עַל")), ["עַל", " ", "שָׁלוֹם"]);
    }
}
