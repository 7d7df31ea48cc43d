//! What a map adds up to that should add up to a score: [`Residual::words`] has it in English for files.

use crate::explain::Residual;
use crate::language::{digits, text, tr};

/// What a map adds up to, and how far that is off where it is notable.
pub(crate) fn in_words(sum: Residual) -> String {
    let words = sum.words();
    let number = |v: f64| format!("{}{}", if v < 0.0 { "−" } else { "" }, digits(v.abs(), 2));
    let (found, expected) = (number(sum.found), number(sum.expected));
    let sentence = tr!("adds up to {found} of {expected}", found, expected);
    // What is off stands behind a comma there.
    match words.rsplit_once(", ").map(|(_, off)| off) {
        None => sentence,
        Some("far off") => format!("{sentence}, {}", text!("far off")),
        Some(_) => format!("{sentence}, {}", tr!("{} % off", format!("{:.0}", sum.share() * 100.0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_map_adds_up_to_is_said_as_everywhere() {
        for (found, expected) in [(2.4, 2.5), (-2.0, -2.5), (3.0, 2.5), (0.4, 0.0)] {
            let sum = Residual { expected, found };
            assert_eq!(in_words(sum), sum.words());
        }
    }
}
