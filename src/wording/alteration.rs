//! How the whole image was altered.

use crate::engine::what_if::alteration::Alteration;
use crate::language::{decimal, digits, tr};

/// What was done, in a few words each.
pub(crate) fn in_words(alteration: &Alteration) -> Vec<String> {
    let mut words = Vec::new();
    let gamma = digits((-alteration.tone).exp2(), 2);
    if alteration.tone > 0.0 {
        words.push(tr!("brighter (gamma {})", gamma));
    } else if alteration.tone < 0.0 {
        words.push(tr!("darker (gamma {})", gamma));
    }
    if alteration.turn != 0.0 {
        words.push(tr!("turned by {}", decimal(format!("{:+.1}°", alteration.turn))));
    }
    if alteration.shift != [0.0; 2] {
        let [x, y] = alteration.shift.map(|side| decimal(format!("{:+.1} %", 100.0 * side)));
        words.push(tr!("shifted by {x} and {y}", x, y));
    }
    if alteration.crop != 0.0 {
        words.push(tr!("cropped by {} % at each border", digits(100.0 * alteration.crop, 1)));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_said_and_nothing_else_and_in_german_numbers_have_a_comma() {
        let altered = Alteration { tone: 0.5, turn: -3.5, shift: [0.1, -0.025], crop: 0.05 };
        let english =
            "brighter (gamma 0.71), turned by -3.5°, shifted by +10.0 % and -2.5 %, cropped by 5.0 % at each border";
        assert_eq!(in_words(&altered).join(", "), english);
        assert_eq!(in_words(&Alteration { tone: -0.5, ..Alteration::default() }), ["darker (gamma 1.41)"]);
        assert!(in_words(&Alteration::default()).is_empty());
        let german = crate::language::within("de", || in_words(&altered).join(", "));
        assert!(german.contains("-3,5°") && !german.contains("turned"), "{german}");
    }
}
