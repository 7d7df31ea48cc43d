//! Words that a description may hold without telling who the patient is: what is shown, from where,
//! how it was made, and by what.
//!
//! Cleaning a description keeps the words of this list and short numbers, and drops everything else
//! (PS3.15 E.3.5, note 2: "extract and retain only values known to be useful and safe and discard
//! all others"). A word that was struck from the object as a name is dropped though it is in the
//! list: there is a Dr. Hand.

use std::collections::HashSet;
use std::sync::LazyLock;

const LIST: &str = include_str!("words.txt");

static WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| LIST.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect());

/// Whether a word, in lower case, is in the list.
pub(super) fn knows(word: &str) -> bool {
    WORDS.contains(word)
}

/// Whether some word of the list holds these letters.
pub(super) fn holds(part: &str) -> bool {
    WORDS.iter().any(|word| word.contains(part))
}

/// The description without what is not in the list. `struck` says whether a word, in lower case,
/// was a name.
pub(super) fn cleaned(text: &str, struck: impl Fn(&str) -> bool) -> String {
    let kept = text.split(|c: char| !c.is_alphanumeric()).filter(|word| {
        let lower = word.to_lowercase();
        let number = word.len() < 4 && word.bytes().all(|b| b.is_ascii_digit());
        !word.is_empty() && (number || knows(&lower)) && !struck(&lower)
    });
    let words: Vec<&str> = kept.collect();
    // Numbers alone describe nothing, and may be somebody's.
    if words.iter().all(|word| word.bytes().all(|b| b.is_ascii_digit())) { String::new() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_keeps_what_is_shown() {
        let text = "CT chest abdomen pelvis - 55F Dr. Smith";
        assert_eq!(cleaned(text, |_| false), "CT chest abdomen pelvis");
    }

    #[test]
    fn a_word_of_the_list_that_is_a_name_is_dropped() {
        assert_eq!(cleaned("Hand PA 2 views, seen by Hand", |word| word == "hand"), "PA 2 views");
    }

    #[test]
    fn numbers_alone_and_long_numbers_are_dropped() {
        assert_eq!(cleaned("12 34 4711", |_| false), "");
        assert_eq!(cleaned("T2 axial 4711 3 mm", |_| false), "T2 axial 3 mm");
    }

    #[test]
    fn the_list_is_plain_lower_case_and_holds_no_word_twice() {
        let words: Vec<&str> = LIST.lines().filter(|l| !l.starts_with('#')).flat_map(str::split_whitespace).collect();
        assert!(words.iter().all(|w| w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())));
        assert_eq!(WORDS.len(), words.len(), "a word stands twice");
        assert!(words.len() > 400, "{}", words.len());
    }
}
