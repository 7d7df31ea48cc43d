//! Text that everyone can read: scripts that the program's own typeface lacks, and lines that run
//! from right to left.
//!
//! Inter has Latin, Greek and Cyrillic letters. Names in Chinese, Arabic, Hebrew, Thai or
//! Devanagari are set from the fonts of the system ([`system`]), which are looked for when such a
//! name first turns up. [`bidi`] brings a line into the order in which it is drawn (Unicode
//! Standard Annex 9), each attribute isolated, so that a name never turns the number beside it
//! round. [`shape`] joins and stacks the letters. The viewer and the report use the same three, and
//! say so where no font has a character.

pub mod bidi;
mod face;
pub mod shape;
pub mod system;

pub use face::Face;
pub use system::{SystemFonts, missing};

/// Inter, upright: the typeface of the program, with tabular figures.
pub const REGULAR: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.ttf");
/// The semibold face of the same family.
pub const SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.ttf");

/// Longest attribute that is set in type, in characters: a valid person name has at most 64 in each
/// of its three groups.
pub const LONGEST_ATTRIBUTE: usize = 240;

/// The text cut to so many characters, the cut said.
#[must_use]
pub fn cut(text: &str, most: usize) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => text.into(),
        Some((at, _)) => format!("{}… (cut, {} characters)", text[..at].trim_end(), text.chars().count()).into(),
    }
}

/// An attribute of a file as it stands in a line: cut where it is endless, and unable to turn round
/// what stands beside it.
#[must_use]
pub fn attribute(text: &str) -> String {
    bidi::isolated(&cut(text, LONGEST_ATTRIBUTE)).into_owned()
}

/// True where no font could show anything and none is needed: blanks, controls, joiners, marks of
/// direction.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// The words that say that some characters cannot be shown; `None` where all can.
#[must_use]
pub fn lacking(text: &str) -> Option<String> {
    const NAMED: usize = 12;
    let lacking = missing(text);
    if lacking.is_empty() {
        return None;
    }
    let codes: Vec<String> = lacking.iter().take(NAMED).map(|&c| format!("U+{:04X}", c as u32)).collect();
    let more = if lacking.len() > NAMED { " …" } else { "" };
    Some(format!("no installed font has {} of the characters: {}{more}", lacking.len(), codes.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_said() {
        assert_eq!(cut("Doe", 3), "Doe");
        assert_eq!(cut("Doe Jane", 4), "Doe… (cut, 8 characters)");
        assert_eq!(cut(&"é".repeat(1_000_000), 2).chars().count(), "éé… (cut, 1000000 characters)".chars().count());
    }

    #[test]
    fn what_no_font_has_is_said_in_words() {
        system::with(SystemFonts::none(), || {
            assert_eq!(lacking("Łukasz Жуков Ελένη – µ"), None);
            let said = lacking("山田 Tarou").unwrap();
            assert_eq!(said, "no installed font has 2 of the characters: U+5C71, U+7530");
            assert!(lacking(&('一'..'丁').chain('丐'..'両').collect::<String>()).unwrap().ends_with('…'));
        });
    }
}
