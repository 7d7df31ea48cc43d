//! Fonts: which scripts names can be written in, on screen and in the PDF.

use super::Finding;
use crate::fonts;

/// A character of each script that the fonts of the program lack.
const SCRIPTS: [(&str, &str); 10] = [
    ("Arabic", "ش"),
    ("Armenian", "Ա"),
    ("Bengali", "ব"),
    ("Chinese and Japanese", "漢"),
    ("Devanagari", "ह"),
    ("Georgian", "ა"),
    ("Hebrew", "ש"),
    ("Korean", "한"),
    ("Tamil", "த"),
    ("Thai", "ท"),
];

pub(super) fn examine() -> Vec<Finding> {
    const PART: &str = "Fonts";
    let own = "Latin, Greek and Cyrillic by the program's own";
    let (missing, found): (Vec<_>, Vec<_>) =
        SCRIPTS.into_iter().partition(|(_, character)| !fonts::missing(character).is_empty());
    let names = |scripts: Vec<(&'static str, &str)>| scripts.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let (missing, found) = (names(missing).join(", "), names(found).join(", "));
    if missing.is_empty() {
        return vec![Finding::works(PART, format!("{own}; by fonts of the system: {found}"))];
    }
    let found = if found.is_empty() { "none".to_owned() } else { found };
    vec![Finding::limited(
        PART,
        format!("{own}; by fonts of the system: {found}\nwithout a font: {missing}\nNoto Sans has them all"),
    )]
}
