//! How old the patient was, as far as the file says.

use chrono::NaiveDate;

use crate::study::Metadata;

/// Years that nobody has lived yet.
pub const OLDEST: f32 = 123.0;

/// An age in years, with its fraction.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Years(pub f32);

/// The ages that the file tells: by Patient's Age, and from birth to study. They may disagree, and
/// either may be wrong.
#[must_use]
pub fn at_study(meta: &Metadata) -> Vec<Years> {
    [stated(&meta.age), by_dates(meta)].into_iter().flatten().collect()
}

/// The age from the dates of birth and study. Whoever would be older than anyone is has a date that
/// stands for none.
fn by_dates(meta: &Metadata) -> Option<Years> {
    let date = |text: &str| NaiveDate::parse_from_str(text.trim(), "%Y%m%d").ok();
    let days = (date(&meta.study_date)? - date(&meta.birth_date)?).num_days();
    let years = days as f32 / 365.25;
    (0.0..OLDEST).contains(&years).then_some(Years(years))
}

/// An age as DICOM writes it (`nnnD`, `W`, `M` or `Y`, PS3.5 6.2), in either case and with the unit
/// written out too, or a bare number of years: some archives drop the unit.
#[must_use]
pub fn stated(text: &str) -> Option<Years> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u16 = number.parse().ok()?;
    let unit = unit.trim().trim_end_matches('.').to_ascii_uppercase();
    let years = match unit.as_str() {
        "D" | "DAY" | "DAYS" => 1.0 / 365.25,
        "W" | "WK" | "WEEK" | "WEEKS" => 7.0 / 365.25,
        "M" | "MO" | "MONTH" | "MONTHS" => 1.0 / 12.0,
        "" | "Y" | "YR" | "YRS" | "YEAR" | "YEARS" => 1.0,
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
        assert_eq!(stated("066Y"), Some(Years(66.0)));
        assert_eq!(stated("62"), Some(Years(62.0)));
        assert_eq!(in_words(stated("018M").unwrap()), "18 months old");
        assert!(stated("004W").unwrap().0 < 0.1);
        assert!(stated("730D").unwrap().0 > 1.9);
    }

    #[test]
    fn units_in_lower_case_and_written_out_are_read() {
        for text in ["055y", " 55 Y", "55 years", "55yrs.", "055Y "] {
            assert_eq!(stated(text), Some(Years(55.0)), "{text}");
        }
        assert_eq!(stated("6 months"), Some(Years(0.5)));
    }

    #[test]
    fn birth_and_study_date_tell_too() {
        let [years] = at_study(&meta("", "20200101", "20230701"))[..] else { panic!("one age") };
        assert!((years.0 - 3.5).abs() < 0.01);
        assert_eq!(in_words(years), "3 years old");
        assert_eq!(at_study(&meta("055Y", "20200101", "20230701")), [Years(55.0), years]);
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        for text in ["", "Y", "abcY", "12Ä", "-03Y", "5X", "999999Y"] {
            assert!(at_study(&meta(text, "", "20230101")).is_empty(), "{text}");
        }
        assert!(at_study(&meta("", "20240101", "20230101")).is_empty());
        assert!(at_study(&meta("", "19000101", "20260101")).is_empty(), "a date that stands for none");
    }
}
