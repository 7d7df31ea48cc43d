//! Sentences of rooms that stay English, known again by their form.
//!
//! A verdict, a warning or an error comes from the rooms below as one English sentence, its values
//! filled in. A language has such a sentence by its form: what an error declares (`#[error("…")]`), and
//! what is named with [`form!`](crate::form), as `The file says {what}; this model is meant for
//! {wanted} only.` The form that fits is found, what stands in its places is taken out, said in the
//! language where it is known itself, and put into the places of the translation; the form with the
//! most letters comes first. A sentence with its cause behind a colon is known by either of the two.
//!
//! What no form fits stays English. Names of classes that stand in a place stay as they are.

/// Context of forms in a file of a language.
pub(super) const CONTEXT: &str = "sentence";
/// Deepest that sentences stand in sentences.
const DEEPEST: usize = 3;

/// A sentence with places, and what a language makes of it.
pub(super) struct Form {
    /// What stands between the places, one more than there are places.
    pieces: Vec<String>,
    /// Names of the places; empty where they go by their order.
    places: Vec<String>,
    translation: String,
}

/// Pieces and places of a text.
fn split(words: &str) -> (Vec<String>, Vec<String>) {
    let (mut pieces, mut places) = (vec![String::new()], Vec::new());
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((place, after)) = after.split_once('}') else { break };
        if let Some(piece) = pieces.last_mut() {
            piece.push_str(before);
        }
        places.push(place.trim().to_owned());
        pieces.push(String::new());
        rest = after;
    }
    if let Some(piece) = pieces.last_mut() {
        piece.push_str(rest);
    }
    (pieces, places)
}

impl Form {
    pub(super) fn new(english: &str, translation: &str) -> Self {
        let (pieces, places) = split(english);
        Self { pieces, places, translation: translation.to_owned() }
    }

    /// How much of it is given.
    pub(super) fn letters(&self) -> usize {
        self.pieces.iter().map(|piece| piece.chars().filter(|c| c.is_alphabetic()).count()).sum()
    }

    /// What stands in its places, where it fits.
    fn taken<'w>(&self, words: &'w str) -> Option<Vec<&'w str>> {
        let (first, others) = self.pieces.split_first()?;
        let mut rest = words.strip_prefix(first.as_str())?;
        let Some((last, middle)) = others.split_last() else { return rest.is_empty().then(Vec::new) };
        let mut taken = Vec::new();
        for piece in middle {
            let (before, after) = rest.split_once(piece.as_str())?;
            taken.push(before);
            rest = after;
        }
        taken.push(rest.strip_suffix(last.as_str())?);
        Some(taken)
    }

    /// The translation with its places filled.
    fn filled(&self, values: &[String]) -> String {
        let (pieces, places) = split(&self.translation);
        let by_order = |n: usize| self.places.iter().enumerate().filter(|(_, place)| place.is_empty()).nth(n);
        let mut unnamed = 0;
        let mut out = String::new();
        for (i, piece) in pieces.iter().enumerate() {
            out.push_str(piece);
            let Some(place) = places.get(i) else { break };
            let named = || self.places.iter().position(|own| own == place);
            let numbered = || by_order(place.parse().ok()?).map(|(number, _)| number);
            let number = if place.is_empty() {
                unnamed += 1;
                by_order(unnamed - 1).map(|(number, _)| number)
            } else {
                named().or_else(numbered)
            };
            out.push_str(number.and_then(|number| values.get(number)).map_or("", String::as_str));
        }
        out
    }
}

/// What a sentence is by these forms, the most given ones first; `whole` knows texts without places.
pub(super) fn said(words: &str, forms: &[Form], whole: &dyn Fn(&str) -> Option<&'static str>) -> String {
    let one = |words: &str| at_depth(words, forms, whole, 0);
    if let Some(said) = one(words) {
        return said;
    }
    // Several sentences one behind the other.
    let several: Vec<&str> = words.split_inclusive(". ").collect();
    if several.len() < 2 {
        return words.to_owned();
    }
    let say = |part: &str| one(part.trim_end()).unwrap_or_else(|| part.trim_end().to_owned());
    several.into_iter().map(say).collect::<Vec<_>>().join(" ")
}

fn at_depth(words: &str, forms: &[Form], whole: &dyn Fn(&str) -> Option<&'static str>, depth: usize) -> Option<String> {
    if let Some(said) = known(words, forms, whole, depth) {
        return Some(said);
    }
    if depth > 0 && words.contains("; ") {
        let say = |part: &str| at_depth(part, forms, whole, depth).unwrap_or_else(|| part.to_owned());
        return Some(words.split("; ").map(say).collect::<Vec<_>>().join("; "));
    }
    if let Some(said) = with_cause(words, forms, whole, depth) {
        return Some(said);
    }
    let is_number = words.contains('.') && words.chars().all(|c| c.is_ascii_digit() || "., %–−+<>".contains(c));
    is_number.then(|| super::decimal(words.to_owned()))
}

/// A text as it is, or the form that fits with what stands in its places.
fn known(words: &str, forms: &[Form], whole: &dyn Fn(&str) -> Option<&'static str>, depth: usize) -> Option<String> {
    if let Some(text) = whole(words) {
        return Some(text.to_owned());
    }
    // A place holds no end of a sentence: behind it another one begins.
    let one_sentence = |taken: &Vec<&str>| taken.iter().all(|part| !part.contains(". "));
    let (form, taken) = forms.iter().find_map(|form| Some((form, form.taken(words).filter(one_sentence)?)))?;
    let inner = |part: &str| if depth < DEEPEST { at_depth(part, forms, whole, depth + 1) } else { None };
    let values = taken.into_iter().map(|part| inner(part).unwrap_or_else(|| part.to_owned()));
    Some(form.filled(&values.collect::<Vec<_>>()))
}

/// A sentence with its cause behind a colon, where one of the two is known: `x.dcm: it has no data`.
fn with_cause(
    words: &str,
    forms: &[Form],
    whole: &dyn Fn(&str) -> Option<&'static str>,
    depth: usize,
) -> Option<String> {
    // Of several sentences each is said by itself.
    if depth >= DEEPEST || words.contains(". ") {
        return None;
    }
    words.match_indices(": ").find_map(|(at, colon)| {
        let (before, behind) = (&words[..at], &words[at + colon.len()..]);
        let (what, cause) = (known(before, forms, whole, DEEPEST), at_depth(behind, forms, whole, depth + 1));
        let is_known = what.is_some() || cause.is_some();
        let part = |said: Option<String>, words: &str| said.unwrap_or_else(|| words.to_owned());
        is_known.then(|| format!("{}: {}", part(what, before), part(cause, behind)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms() -> Vec<Form> {
        let mut forms = vec![
            Form::new("a frontal view of {}", "eine Frontalansicht von {}"),
            Form::new("This resembles {kind}.", "Das gleicht {kind}."),
            Form::new("This resembles {kind} of {}, {} of {}.", "{2} von {1}: {kind} ({0})."),
            Form::new("line {0} of {path} is cut", "{path}: Zeile {0} ist abgeschnitten"),
        ];
        forms.sort_by_key(|form| std::cmp::Reverse(form.letters()));
        forms
    }

    fn say(words: &str) -> String {
        said(words, &forms(), &|words| (words == "nothing").then_some("nichts"))
    }

    #[test]
    fn the_form_that_fits_is_filled_with_what_is_said_of_its_places() {
        assert_eq!(say("This resembles nothing."), "Das gleicht nichts.");
        assert_eq!(say("This resembles a frontal view of A."), "Das gleicht eine Frontalansicht von A.");
        assert_eq!(say("This resembles x of A, 2 of 3."), "3 von 2: x (A).");
        assert_eq!(say("This resembles x. Here. This resembles y."), "Das gleicht x. Here. Das gleicht y.");
    }

    #[test]
    fn places_of_an_error_have_numbers_of_their_own() {
        assert_eq!(say("line 7 of x.csv is cut"), "x.csv: Zeile 7 ist abgeschnitten");
    }

    #[test]
    fn a_cause_behind_a_colon_is_said_and_what_it_happened_to_stays() {
        assert_eq!(say("C:/x.dcm: line 7 of y is cut"), "C:/x.dcm: y: Zeile 7 ist abgeschnitten");
        assert_eq!(say("nothing: nothing"), "nichts: nichts");
        assert_eq!(say("line 7 of y is cut: the disk is full"), "y: Zeile 7 ist abgeschnitten: the disk is full");
    }

    #[test]
    fn what_no_form_fits_stays_as_it_is() {
        for words in ["", "Nobody knows.", "This resembles x", "Here. And there. This too"] {
            assert_eq!(say(words), words);
        }
    }
}
