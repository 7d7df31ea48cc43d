//! How old the patient was, as far as the file says.

use chrono::NaiveDate;

use crate::study::Metadata;

/// An age in years, with its fraction.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Years(pub f32);

/// The age at the study: Patient's Age (`nnnD`, `W`, `M` or `Y`, PS3.5 6.2), else from birth and study date.
#[must_use]
pub fn at_study(meta: &Metadata) -> Option<Years> {
    stated(meta.age.trim()).or_else(|| {
        let date = |text: &str| NaiveDate::parse_from_str(text.trim(), "%Y%m%d").ok();
        let days = (date(&meta.study_date)? - date(&meta.birth_date)?).num_days();
        (days >= 0).then(|| Years(days as f32 / 365.25))
    })
}

/// An age as DICOM writes it (`nnnD`, `W`, `M` or `Y`), or a bare number of years.
#[must_use]
pub fn stated(text: &str) -> Option<Years> {
    // Some archives drop the unit; a bare number is then years.
    if let Ok(years) = text.parse::<u16>() {
        return Some(Years(f32::from(years)));
    }
    let unit = text.chars().last()?;
    let number: u16 = text.get(..text.len().checked_sub(unit.len_utf8())?)?.parse().ok()?;
    let years = match unit {
        'D' => 1.0 / 365.25,
        'W' => 7.0 / 365.25,
        'M' => 1.0 / 12.0,
        'Y' => 1.0,
        _ => return None,
    };
    Some(Years(f32::from(number) * years))
}

/// "66 years old", or "7 months old" below two years.
#[must_use]
pub fn in_words(age: Years) -> String {
    let months = (age.0 * 12.0 + 0.01).floor() as u32;
    match months {
        1 => "1 month old".into(),
        0..24 => format!("{months} months old"),
        _ => format!("{} years old", months / 12),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(age: &str, birth: &str, study: &str) -> Metadata {
        Metadata { age: age.into(), birth_date: birth.into(), study_date: study.into(), ..Metadata::default() }
    }

    #[test]
    fn the_stated_age_has_four_units() {
        assert_eq!(at_study(&meta("066Y", "", "")), Some(Years(66.0)));
        assert_eq!(at_study(&meta("62", "", "")), Some(Years(62.0)));
        assert_eq!(in_words(at_study(&meta("018M", "", "")).unwrap()), "18 months old");
        assert!(at_study(&meta("004W", "", "")).unwrap().0 < 0.1);
        assert!(at_study(&meta("730D", "", "")).unwrap().0 > 1.9);
    }

    #[test]
    fn without_it_birth_and_study_date_tell() {
        let years = at_study(&meta("", "20200101", "20230701")).unwrap();
        assert!((years.0 - 3.5).abs() < 0.01);
        assert_eq!(in_words(years), "3 years old");
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        for text in ["", "Y", "abcY", "12Ä", "-03Y"] {
            assert_eq!(at_study(&meta(text, "", "20230101")), None, "{text}");
        }
        assert_eq!(at_study(&meta("", "20240101", "20230101")), None);
    }
}
