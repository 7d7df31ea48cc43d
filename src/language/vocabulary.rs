//! The words that texts of the program are made of, in English and in its own languages.
//!
//! A name is looked for in sentences of the program where it must not stand. A short one stands in
//! many of their words ("Doe" in "does"), and a word that has lost a part of itself tells the name
//! that was taken out.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::{EMBEDDED, KNOWN, prepare};

/// Whether the program itself uses this word, without regard to the case of letters.
#[must_use]
pub fn is_own_word(word: &str) -> bool {
    static WORDS: OnceLock<HashSet<String>> = OnceLock::new();
    WORDS.get_or_init(words).contains(&word.to_lowercase())
}

fn words() -> HashSet<String> {
    prepare();
    let known = KNOWN.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let own = known.iter().filter(|language| EMBEDDED.iter().any(|(code, _)| *code == language.code));
    let texts = own.flat_map(|language| language.texts.iter());
    let texts = texts.flat_map(|(english, said)| said.iter().chain(std::iter::once(english)));
    texts.flat_map(|text| text.split(|c: char| !c.is_alphabetic())).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_every_language_of_the_program_are_its_own_and_names_are_not() {
        for word in ["does", "Measured", "gemessen", "Untersuchung"] {
            assert!(is_own_word(word), "{word}");
        }
        for word in ["Doe", "Doejane", "Müllerova"] {
            assert!(!is_own_word(word), "{word}");
        }
    }
}
