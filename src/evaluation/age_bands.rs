//! Bands of ages: what is judged by age is judged by these, wherever it is.

use crate::model::population::age;

/// First year of each band, with the band's name; the last has no end.
pub const BANDS: [(f32, &str); 7] = [
    (0.0, "under 1 year"),
    (1.0, "1–5 years"),
    (6.0, "6–17 years"),
    (18.0, "18–39 years"),
    (40.0, "40–64 years"),
    (65.0, "65–79 years"),
    (80.0, "80 years and over"),
];

/// The number of the band that an age belongs to: one that DICOM writes (`066Y`), one with its unit
/// in words, or a number of years. `None` where it cannot be read.
#[must_use]
pub fn band(age: &str) -> Option<usize> {
    let years = age.trim().parse::<f32>().ok().filter(|years| years.is_finite());
    let years = years.or_else(|| age::stated(age).map(|years| years.0))?;
    BANDS.iter().rposition(|(from, _)| years >= *from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_fall_into_bands_whoever_writes_them() {
        for (text, name) in
            [("066Y", "65–79 years"), ("66", "65–79 years"), ("008M", "under 1 year"), (" 5.5 ", "1–5 years")]
        {
            assert_eq!(band(text).map(|b| BANDS[b].1), Some(name), "{text}");
        }
        for text in ["old", "", "-3", "NaN"] {
            assert_eq!(band(text), None, "{text}");
        }
    }
}
