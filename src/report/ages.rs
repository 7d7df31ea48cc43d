//! Ages of an anonymised report: 90 years and more are one group, however they are written.
//!
//! The oldest are few, so that an age above 89 may name a patient (45 CFR 164.514(b)(2)(i)(C)).
//! Files write `092Y` and `1104M`, people write "92 years", "92-jährig", "aged 92".

use crate::language::{named, translated};

/// Where ages are one group.
const POOLED: f64 = 90.0;
/// What stands in place of such an age in a text.
const SHOWN: &str = named!("90+ years");
/// Days, weeks and months of a year.
const UNITS: [(f64, &[&str]); 4] = [
    (
        1.0,
        &[
            "y",
            "yo",
            "y/o",
            "yr",
            "yrs",
            "year",
            "years",
            "yearold",
            "j",
            "jahr",
            "jahre",
            "jahren",
            "jährig",
            "jährige",
            "jähriger",
            "jährigen",
            "ans",
            "años",
            "anni",
            "lat",
            "år",
        ],
    ),
    (12.0, &["m", "mo", "mos", "month", "months", "monat", "monate", "monaten", "mois", "meses", "mesi"]),
    (365.2425 / 7.0, &["w", "wk", "wks", "week", "weeks", "woche", "wochen", "semaines", "semanas"]),
    (365.2425, &["d", "day", "days", "tag", "tage", "tagen", "jours", "días", "giorni"]),
];
/// Words that an age without a unit stands behind.
const BEFORE: [&str; 6] = ["age", "aged", "alter", "âge", "edad", "età"];

/// The age of a file: `090Y+` from 90 years on.
pub(super) fn pooled(age: &str) -> String {
    let text = age.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let Ok(number) = number.parse::<u32>() else { return pooled_in(age) };
    let unit = unit.trim_start_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    // A number alone is read as years.
    let years = if unit.is_empty() { Some(1.0) } else { per_year(&unit) };
    match years {
        Some(per_year) if f64::from(number) / per_year >= POOLED => "090Y+".to_owned(),
        _ => age.to_owned(),
    }
}

fn per_year(unit: &str) -> Option<f64> {
    UNITS.iter().find(|(_, words)| words.contains(&unit)).map(|(per_year, _)| *per_year)
}

/// A text with its ages from 90 years on as one group.
pub(super) fn pooled_in(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(begin);
        out.push_str(before);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (number, behind) = from.split_at(end);
        rest = behind;
        let part_of_more = out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | '-' | '–' | '/'))
            || behind.starts_with(['.', ',']) && behind[1..].starts_with(|c: char| c.is_ascii_digit());
        let age = number.parse::<u32>().ok().filter(|_| !part_of_more).map(f64::from);
        let unit = age.and_then(|age| unit_behind(behind).filter(|(per_year, _)| age / per_year >= POOLED));
        let told = age.is_some_and(|age| (POOLED..130.0).contains(&age) && is_told(&out));
        if let Some((_, length)) = unit {
            out.push_str(translated(SHOWN));
            rest = &behind[length..];
        } else if told {
            out.push_str("90+");
        } else {
            out.push_str(number);
        }
    }
    out + rest
}

/// The unit of an age at the beginning of a text: how many of it make a year, and its length in
/// bytes.
fn unit_behind(text: &str) -> Option<(f64, usize)> {
    let gap =
        text.find(|c: char| !matches!(c, ' ' | '-' | '\u{2010}' | '\u{2011}' | '\u{a0}')).filter(|gap| *gap <= 4)?;
    let word = &text[gap..];
    let end = word.find(|c: char| !c.is_alphabetic() && c != '/').unwrap_or(word.len());
    let unit = word[..end].trim_end_matches('/');
    let per_year = per_year(&unit.to_lowercase())?;
    // "92 m high" is no age, "1104M" is one: a month needs more than a thousand, which heights have
    // not.
    Some((per_year, gap + unit.len()))
}

/// Whether a text ends in a word that tells of an age: "aged ", "Alter: ".
fn is_told(text: &str) -> bool {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || c == ':' || c == '=');
    let begin = text
        .rfind(|c: char| !c.is_alphabetic())
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    BEFORE.contains(&text[begin..].to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_file_is_pooled_in_every_unit_and_spelling() {
        for age in
            ["090Y", "097Y", "92Y", "092y", "92 years", " 092Y ", "1104M", "1080M", "4700W", "33000D", "92", "92 J"]
        {
            assert_eq!(pooled(age), "090Y+", "{age}");
        }
        for age in ["089Y", "066Y", "003M", "1068M", "089", "", "old", "045D"] {
            assert_eq!(pooled(age), age);
        }
    }

    #[test]
    fn ages_in_a_text_are_pooled_as_people_write_them() {
        for (text, shown) in [
            ("a 92-year-old man", "a 90+ years-old man"),
            ("92 years, 1.80 m", "90+ years, 1.80 m"),
            ("92 y/o, smoker", "90+ years, smoker"),
            ("die 94-jährige Patientin", "die 90+ years Patientin"),
            ("1104M", "90+ years"),
            ("patient aged 101.", "patient aged 90+."),
            ("Alter: 93", "Alter: 90+"),
            ("99 ans", "90+ years"),
        ] {
            assert_eq!(pooled_in(text), shown);
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "at most 95 % wrong",
            "a nodule of 92 mm",
            "aged 45 years",
            "patients of 1–5 years",
            "125 kV, 320 mAs, 1200 × 1500 px",
            "0.95 years",
            "120 days later",
            "page 95",
            "1990-2020 years",
            "the mean of 100 samples",
        ] {
            assert_eq!(pooled_in(text), text);
        }
    }
}
