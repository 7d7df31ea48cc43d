//! Why something failed, as a sentence for people.
//!
//! Errors stay where they happened; what crosses from a thread to the state, and is shown, is what
//! they say.

use std::error::Error;
use std::fmt;

use crate::language::said;

/// A sentence for people on why something failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// What an error says, and its causes where it does not name them itself.
    pub fn of(error: &dyn Error) -> Self {
        let mut words = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let more = error.to_string();
            // Many messages name their cause themselves.
            if !words.contains(&more) {
                words = format!("{}: {more}", words.trim_end_matches('.'));
            }
            cause = error.source();
        }
        Self(words)
    }

    /// The sentence.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The sentence in the language of the thread, with a capital letter, where it follows no other
    /// words.
    pub fn capitalized(&self) -> String {
        let words = said(&self.0);
        let mut letters = words.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}

impl From<&str> for Reason {
    fn from(words: &str) -> Self {
        Self(words.to_owned())
    }
}

impl From<String> for Reason {
    fn from(words: String) -> Self {
        Self(words)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

/// In the language of the thread.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&said(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("The file was not written.")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_cause_that_the_message_does_not_name_is_added() {
        let reason = Reason::of(&Outer(std::io::Error::other("the disk is full")));
        assert_eq!(reason.as_str(), "The file was not written: the disk is full");
        assert_eq!(Reason::from("it is cut short").capitalized(), "It is cut short");
    }
}
