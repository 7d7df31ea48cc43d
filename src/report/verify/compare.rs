//! A report and the same report made again, field by field.
//!
//! Both are compared as the JSON that is written, so that no field can be forgotten: whatever a
//! report holds is either the same, or a [`Difference`], or named as [`Unchecked`]. Fields are the
//! same when they are equal to the last digit; only what a network computed ([`computed`]) may be
//! off by rounding. What cannot be made again stands in [`NOT_AGAIN`]; the caller adds what cannot
//! be checked in this very report.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde_json::{Map, Value};

use crate::printable::printable;

/// Longest value that is quoted in a sentence.
const QUOTED: usize = 120;

/// A field that came out differently.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub what: String,
    pub was: String,
    pub is: String,
    /// For numbers that may be off by rounding.
    pub allowed: Option<f64>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} in the report, {} now", self.what, self.was, self.is)?;
        self.allowed.map_or(Ok(()), |allowed| write!(f, " (allowed difference {allowed:.6})"))
    }
}

/// A field that could not be checked, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unchecked {
    pub what: String,
    pub why: String,
}

impl fmt::Display for Unchecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// Fields of any report that cannot be made again from image and model, by their place, with the
/// reason.
const NOT_AGAIN: [(&str, &str); 10] = [
    ("created", "nobody else knows when the report was made"),
    ("anonymized", "the choice of who made the report; what it leaves out and what it shows were checked by it"),
    ("options", "what was asked for; everything was computed again by it"),
    ("display.classes", "the choice of who made the report"),
    ("display.method", "the choice of who made the report"),
    ("display.layer", "the choice of who made the report"),
    ("display.inverted_by_reader", "the choice of who made the report"),
    ("display.overlay", "the choice of who made the report"),
    ("display.paper", "the choice of who made the report"),
    ("timing_ms", "how long it took then"),
];
/// The same of fields that a report may lack.
const NOT_AGAIN_IF_THERE: [(&str, &str); 6] = [
    (
        "trust",
        "how faithful the map is was not measured again (it takes hundreds of runs); the map itself was compared",
    ),
    ("key_images", "the reader's choice; images other than the reported one were not looked at"),
    ("display.language", "the choice of who made the report"),
    ("display.on_screen", "the reader's choice: presentation state, overlays, shutter"),
    ("impression", "the reader's own words, and when they were written"),
    ("risk", "the choice of who made the report; the states were computed by it"),
];

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// How many values were compared.
    pub compared: usize,
    pub differences: Vec<Difference>,
    pub unchecked: Vec<Unchecked>,
}

/// How two reports are compared.
pub struct Comparison {
    /// Allowed difference of a probability.
    pub allowed: f64,
    /// Places that cannot be checked in this report, with the reason. A place covers all that lies
    /// in it.
    pub unchecked: BTreeMap<String, String>,
    /// Why a field may be known to one of the two reports alone, where another version of the
    /// program made the first.
    pub other_version: Option<String>,
}

impl Comparison {
    /// Compares the report that was written with the one that was made again.
    #[must_use]
    pub fn of(mut self, was: &Value, is: &Value) -> Found {
        let reasons = |table: &[(&str, &str)]| table.iter().map(|&(k, v)| (k.into(), v.into())).collect::<Vec<_>>();
        self.unchecked.extend(reasons(&NOT_AGAIN));
        let there =
            |place: &String| place.split('.').try_fold(was, |value, key| value.get(key)).is_some_and(|v| !v.is_null());
        self.unchecked.extend(reasons(&NOT_AGAIN_IF_THERE).into_iter().filter(|(place, _)| there(place)));
        let mut found = Found::default();
        self.value(&mut Place::default(), Some(was), Some(is), &mut found);
        let named = self.unchecked.into_iter().map(|(place, why)| Unchecked { what: words(&place), why });
        found.unchecked.extend(named);
        found
    }

    fn value(&self, place: &mut Place, was: Option<&Value>, is: Option<&Value>, found: &mut Found) {
        if self.unchecked.contains_key(&place.key) {
            return;
        }
        match (was, is) {
            (Some(Value::Object(was)), Some(Value::Object(is))) => self.members(place, was, is, found),
            (Some(Value::Array(was)), Some(Value::Array(is))) => self.items(place, was, is, found),
            (Some(Value::Number(a)), Some(Value::Number(b))) => {
                found.compared += 1;
                let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
                let allowed = computed(&place.pattern, a, self.allowed);
                // A NaN is always a difference.
                let close = was == is || (a - b).abs() <= allowed.unwrap_or(0.0);
                if !close {
                    found.differences.push(place.difference(was, is, allowed));
                }
            }
            // Nothing is said by either.
            (None | Some(Value::Null), None | Some(Value::Null)) => {}
            (None, Some(_)) | (Some(_), None) if self.other_version.is_some() => {
                let why = self.other_version.clone().unwrap_or_default();
                found.unchecked.push(Unchecked { what: place.name(), why });
            }
            _ => {
                found.compared += 1;
                if was != is {
                    found.differences.push(place.difference(was, is, None));
                }
            }
        }
    }

    fn members(&self, place: &mut Place, was: &Map<String, Value>, is: &Map<String, Value>, found: &mut Found) {
        for (key, value) in was {
            place.within(key, None, |place| self.value(place, Some(value), is.get(key), found));
        }
        for (key, value) in is.iter().filter(|(key, _)| !was.contains_key(*key)) {
            place.within(key, None, |place| self.value(place, None, Some(value), found));
        }
    }

    fn items(&self, place: &mut Place, was: &[Value], is: &[Value], found: &mut Found) {
        if ["maps.*.values", "prior.maps.*.values"].contains(&place.pattern.as_str()) {
            found.compared += was.len();
            found.differences.extend(self.map(place, was, is));
            return;
        }
        if was.len() != is.len() {
            let count = |all: &[Value]| Value::from(all.len());
            let difference = place.difference(Some(&count(was)), Some(&count(is)), None);
            found.differences.push(Difference { what: format!("{}, count", difference.what), ..difference });
        }
        found.compared += 1;
        for (i, (was, is)) in was.iter().zip(is).enumerate() {
            place.within(&i.to_string(), Some(was), |place| self.value(place, Some(was), Some(is), found));
        }
    }

    /// The largest difference of a map, as a part of its largest value.
    fn map(&self, place: &Place, was: &[Value], is: &[Value]) -> Option<Difference> {
        let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
        let top = was.iter().map(|v| number(v).abs()).fold(f64::from(f32::MIN_POSITIVE), f64::max);
        let gaps = was.iter().zip(is).map(|(was, is)| (number(was) - number(is)).abs() / top);
        let most = gaps.fold(0.0, |most: f64, gap| if gap.is_nan() { gap } else { most.max(gap) });
        let allowed = self.allowed * 10.0;
        let what = place.name();
        if was.len() != is.len() {
            let count = |all: &[Value]| format!("{} values", all.len());
            return Some(Difference { what, was: count(was), is: count(is), allowed: None });
        }
        (most.is_nan() || most > allowed).then(|| {
            let is = format!("up to {most:.6} of its largest value away");
            Difference { what, was: "the map".into(), is, allowed: Some(allowed) }
        })
    }
}

/// How far a number that a network computed may be off, by its place; nothing for numbers that are
/// only written down.
fn computed(pattern: &str, was: f64, allowed: f64) -> Option<f64> {
    let (of, field) = pattern.rsplit_once('.')?;
    match (of, field) {
        // A map is compared to ten times as much of its largest value.
        (
            "maps.*.lungs.evidence"
            | "maps.*.lungs.area"
            | "measurements.*.evidence.*"
            | "prior.measurements.*.evidence.*",
            _,
        ) => Some(allowed * 10.0),
        ("prior.scores.*", "change") => Some(allowed * 2.0),
        ("gate" | "study.result.scores.*", "score")
        | ("prior.scores.*", "before" | "now")
        | ("labels.*" | "groups.*" | "study.images.*.scores.*" | "feedback.answers.*.said", "probability")
        | ("labels.*" | "groups.*", "mean" | "sd" | "p05" | "p95")
        | ("uncertainty", "predictive_entropy" | "mutual_information")
        | ("similar.cases.*", "distance")
        | ("similar.gallery", "nearest") => Some(allowed),
        // A share of images, which are counted.
        ("similar.cases.*", "farther") => Some(allowed * 100.0),
        // These have no bounds; a part of their size is allowed.
        ("labels.*" | "groups.*" | "maps.*" | "prior.maps.*", "logit")
        | ("maps.*.residual" | "prior.maps.*.residual", "expected" | "found")
        | ("population", "distance") => Some(allowed * 10.0 * was.abs().max(1.0)),
        _ => None,
    }
}

/// Where in a report a value stands.
#[derive(Default)]
struct Place {
    /// `labels.0.probability`.
    key: String,
    /// `labels.*.probability`.
    pattern: String,
    /// `labels, Pneumonia, probability`.
    names: Vec<String>,
}

impl Place {
    /// Goes into a member, or into an item of a list, which is named by its label where it has one.
    fn within(&mut self, key: &str, item: Option<&Value>, inside: impl FnOnce(&mut Self)) {
        let (key_length, pattern_length) = (self.key.len(), self.pattern.len());
        let dot = if self.key.is_empty() { "" } else { "." };
        let _ = write!(self.key, "{dot}{key}");
        let _ = write!(self.pattern, "{dot}{}", if item.is_some() { "*" } else { key });
        let label = item.and_then(|item| item.get("label")).and_then(Value::as_str);
        let number = || item.and(key.parse::<usize>().ok()).map(|i| (i + 1).to_string());
        self.names.push(label.map(|label| shown(label, QUOTED)).or_else(number).unwrap_or_else(|| words(key)));
        inside(self);
        self.names.pop();
        self.key.truncate(key_length);
        self.pattern.truncate(pattern_length);
    }

    fn name(&self) -> String {
        self.names.join(", ")
    }

    fn difference(&self, was: Option<&Value>, is: Option<&Value>, allowed: Option<f64>) -> Difference {
        Difference { what: self.name(), was: quoted(was), is: quoted(is), allowed }
    }
}

/// `display.window.center` as `display, window, center`.
fn words(key: &str) -> String {
    shown(&key.replace('_', " ").replace('.', ", "), QUOTED)
}

/// A value in a sentence.
fn quoted(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".into(),
        Some(Value::String(text)) if text.is_empty() => "empty".into(),
        Some(Value::String(text)) => format!("“{}”", shown(text, QUOTED)),
        Some(Value::Bool(true)) => "yes".into(),
        Some(Value::Bool(false)) => "no".into(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Array(all)) => format!("a list of {}", all.len()),
        Some(Value::Object(_)) => "an entry".into(),
    }
}

/// The text cut to so many characters, fit for a terminal.
pub fn shown(text: &str, most: usize) -> String {
    let end = text.char_indices().nth(most).map(|(at, _)| at);
    let cut = end.map_or_else(|| text.to_owned(), |at| format!("{}…", &text[..at]));
    printable(&cut).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compared(was: &Value, is: &Value) -> Found {
        Comparison { allowed: 1e-4, unchecked: BTreeMap::new(), other_version: None }.of(was, is)
    }

    fn differences(was: &Value, is: &Value) -> Vec<String> {
        compared(was, is).differences.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn computed_numbers_may_round_and_written_ones_may_not() {
        let label =
            |p: f64, threshold: f64| json!({"labels": [{"label": "A", "probability": p, "threshold": threshold}]});
        assert!(differences(&label(0.5, 0.4), &label(0.500_09, 0.4)).is_empty());
        let said = differences(&label(0.5, 0.4), &label(0.500_09, 0.400_01));
        assert_eq!(said, ["labels, A, threshold: 0.4 in the report, 0.40001 now"]);
        let said = differences(&label(0.5, 0.4), &label(0.6, 0.4));
        assert_eq!(said, ["labels, A, probability: 0.5 in the report, 0.6 now (allowed difference 0.000100)"]);
        let logit = |v: f64| json!({"maps": [{"label": "A", "logit": v}]});
        assert!(differences(&logit(100.0), &logit(100.05)).is_empty());
    }

    #[test]
    fn what_only_one_of_the_two_holds_is_a_difference_or_of_another_version() {
        let (was, is) = (json!({"image": {"kvp": "125", "note": 1}}), json!({"image": {"kvp": "125", "view": "PA"}}));
        let said = ["image, note: 1 in the report, nothing now", "image, view: nothing in the report, “PA” now"];
        assert_eq!(differences(&was, &is), said);
        let other_version = Some("another version made it".to_owned());
        let found = Comparison { allowed: 1e-4, unchecked: BTreeMap::new(), other_version }.of(&was, &is);
        assert!(found.differences.is_empty());
        let named: Vec<&str> = found.unchecked.iter().map(|u| u.what.as_str()).collect();
        assert!(named.contains(&"image, note") && named.contains(&"image, view"), "{named:?}");
    }

    #[test]
    fn lists_of_other_lengths_differ() {
        let said = differences(&json!({"warnings": ["a", "b"]}), &json!({"warnings": ["a"]}));
        assert_eq!(said, ["warnings, count: 2 in the report, 1 now"]);
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_long_words_are_cut() {
        let was = json!({"image": {"modality": "\u{1b}[31mDX\u{202e}"}});
        let said = differences(&was, &json!({"image": {"modality": "DX"}})).join("");
        assert!(said.contains("\\u{1b}[31mDX\\u{202e}") && !said.contains('\u{1b}'), "{said}");
        let long = differences(&json!({"notice": "x".repeat(100_000)}), &json!({"notice": "y"})).join("");
        assert!(long.len() < 300, "{long}");
    }
}
