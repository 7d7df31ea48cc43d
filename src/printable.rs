//! Text of strangers, made fit for a terminal.
//!
//! An attribute, a file name or an error may hold escape sequences that clear the screen, colour an
//! error green or move the cursor, marks that turn the direction of writing, and line breaks that
//! forge a line of ours. Such characters are written as what they are: `\u{1b}` instead of an
//! escape.

use std::borrow::Cow;

/// Characters of a file that an error quotes at most.
const QUOTED: usize = 1000;

/// Whether a terminal acts on a character instead of showing it: the control characters C0, DEL and
/// C1, and what breaks a line or turns its direction (Unicode UAX #9, embeddings, overrides and
/// isolates).
#[must_use]
pub fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The text in one line, with every character that acts written out.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    written_out(text, acts)
}

/// The same for text of several lines, whose line breaks and tabs stay.
#[must_use]
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    written_out(text, |c| acts(c) && !matches!(c, '\n' | '\t'))
}

fn written_out(text: &str, is_written_out: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_written_out) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_written_out(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out.into()
}

/// The text, cut where it is longer than a person reads in an error: a file may have put megabytes
/// where a word is quoted.
#[must_use]
pub fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// JSON in which no character acts, neither in a terminal nor in a log: the same value, written
/// with more escapes.
#[must_use]
pub fn printable_json(json: &str) -> Cow<'_, str> {
    if !json.contains(acts) {
        return json.into();
    }
    let mut out = String::with_capacity(json.len() + 8);
    let mut units = [0; 2];
    for c in json.chars() {
        if acts(c) {
            // Such characters stand in strings only, where any character may be written so (RFC
            // 8259 section 7).
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out.into()
}

/// An error with its causes in one line: `what: why: why`.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_ends() {
        assert_eq!(shortened("short"), "short");
        let long = shortened(&"ä".repeat(QUOTED + 1)).into_owned();
        assert!(long.ends_with("ä…") && long.chars().count() == QUOTED + 1);
    }

    #[test]
    fn what_a_terminal_would_act_on_is_written_out() {
        assert_eq!(printable("a\u{1b}[31mb\r\nc\u{9b}d\u{7f}"), "a\\u{1b}[31mb\\u{d}\\u{a}c\\u{9b}d\\u{7f}");
        assert_eq!(printable("user\u{202e}gpj.exe\u{2066}\u{2028}"), "user\\u{202e}gpj.exe\\u{2066}\\u{2028}");
        assert_eq!(printable_lines("a\n\tb\u{7}"), "a\n\tb\\u{7}");
    }

    #[test]
    fn ordinary_text_of_any_script_stays_as_it_is() {
        for text in ["Müller", "山田 太郎", "אבג دكتور", "e\u{301}", "5–95 %"] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn json_keeps_its_value() {
        let value = serde_json::json!({ "name": "a\u{1b}b\u{9b}c\u{202e}d\n" });
        let written = serde_json::to_string(&value).unwrap();
        let shown = printable_json(&written);
        assert_eq!(shown, r#"{"name":"a\u001bb\u009bc\u202ed\n"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
