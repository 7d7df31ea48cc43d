//! How well a few letters fit a line: every word of them must be found, its letters in order.
//!
//! Letters that stand together, or begin a word, count more than scattered ones, and a short line
//! more than a long one. Case and accents of ASCII alone are equal, and × is typed as x; nothing is
//! stemmed.

/// Points for a letter behind the one before.
const TOGETHER: i32 = 8;
/// Points for a letter that begins a word.
const BEGINS: i32 = 10;

/// How well `query` fits `text`, more is better; nothing where it does not. An empty query fits
/// everything alike.
#[must_use]
pub fn score(query: &str, text: &str) -> Option<i32> {
    let typed = |text: &str| -> Vec<char> {
        text.chars().map(|letter| if letter == '×' { 'x' } else { letter }).flat_map(char::to_lowercase).collect()
    };
    let letters = typed(text);
    let mut total = 0;
    for word in query.split_whitespace() {
        total += of_word(&typed(word), &letters)?;
    }
    let length = i32::try_from(letters.len().min(200)).unwrap_or(200);
    Some(if total > 0 { total * 10 - length } else { 0 })
}

/// The best of all places where the first letter stands.
fn of_word(word: &[char], letters: &[char]) -> Option<i32> {
    let first = word.first()?;
    let starts = letters.iter().enumerate().filter(|(_, letter)| *letter == first).map(|(at, _)| at);
    starts.filter_map(|start| from(start, word, letters)).max()
}

/// The word from this place on, each letter at the next place where it stands.
fn from(start: usize, word: &[char], letters: &[char]) -> Option<i32> {
    let (mut at, mut points) = (start, 0);
    for (i, wanted) in word.iter().enumerate() {
        let found = at + letters.get(at..)?.iter().position(|letter| letter == wanted)?;
        points += 1;
        if i > 0 && found == at {
            points += TOGETHER;
        }
        if found == 0 || !letters[found - 1].is_alphanumeric() {
            points += BEGINS;
        }
        at = found + 1;
    }
    Some(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best<'a>(query: &str, lines: &[&'a str]) -> Option<&'a str> {
        let scored = lines.iter().filter_map(|line| Some((score(query, line)?, *line)));
        scored.max_by_key(|(score, _)| *score).map(|(_, line)| line)
    }

    #[test]
    fn whole_words_and_beginnings_stand_before_scattered_letters() {
        let lines = ["Invert View", "Rotate right View", "Import weights File", "Bacterial pneumonia Class"];
        assert_eq!(best("inv", &lines), Some("Invert View"));
        assert_eq!(best("imw", &lines), Some("Import weights File"));
        assert_eq!(best("bac pneu", &lines), Some("Bacterial pneumonia Class"));
        assert_eq!(best("RIGHT rot", &lines), Some("Rotate right View"));
    }

    #[test]
    fn a_letter_that_is_not_there_fits_nothing_and_no_letters_fit_all() {
        assert_eq!(score("xq", "Invert"), None);
        assert_eq!(score("tni", "Invert"), None);
        assert_eq!(score("  ", "Invert"), Some(0));
    }
}
