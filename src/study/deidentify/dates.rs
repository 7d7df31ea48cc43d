//! Dates of a patient, all shifted by the same number of whole days (PS3.15 E.3.6): intervals
//! between them stay, and so do times of the day.

use chrono::{Days, NaiveDate};
use dicom_core::VR;

/// The values of a DA or DT element, going back by so many days; `None` where one of them is no
/// date, so that nobody can say what it tells.
pub(super) fn shifted(vr: VR, text: &str, days: u64) -> Option<String> {
    let values: Option<Vec<String>> = text.split('\\').map(|value| one(vr, value.trim(), days)).collect();
    values.map(|values| values.join("\\"))
}

fn one(vr: VR, value: &str, days: u64) -> Option<String> {
    if value.is_empty() {
        return Some(String::new());
    }
    // PS3.5 section 6.2: YYYYMMDD, of a DT followed by a time and an offset. ACR-NEMA wrote
    // YYYY.MM.DD.
    let digits: String = if vr == VR::DA { value.replace('.', "") } else { value.to_owned() };
    let (date, rest) = digits.split_at_checked(8)?;
    if (vr == VR::DA && !rest.is_empty()) || !rest.chars().all(|c| c.is_ascii_digit() || ".+-".contains(c)) {
        return None;
    }
    let parsed = NaiveDate::parse_from_str(date, "%Y%m%d").ok().filter(|_| date.bytes().all(|b| b.is_ascii_digit()))?;
    Some(format!("{}{rest}", parsed.checked_sub_days(Days::new(days))?.format("%Y%m%d")))
}

/// An age as a DICOM age string, 90 years and more as one group (45 CFR 164.514(b)(2)(i)(C)); what
/// is no age is gone.
pub(super) fn pooled_age(text: &str) -> String {
    let text = text.trim();
    let Some((number, unit)) = text.split_at_checked(text.len().saturating_sub(1)) else { return String::new() };
    let Ok(number) = number.parse::<u32>() else { return String::new() };
    let years = match unit {
        "Y" => number,
        "M" => number / 12,
        "W" => number / 52,
        "D" => number / 365,
        _ => return String::new(),
    };
    if years >= 90 { "090Y".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_goes_back_over_months_and_leap_years() {
        assert_eq!(shifted(VR::DA, "20240301", 1).unwrap(), "20240229");
        assert_eq!(shifted(VR::DA, "20240101\\20240111", 10).unwrap(), "20231222\\20240101");
        assert_eq!(shifted(VR::DA, "2024.03.01", 1).unwrap(), "20240229");
        assert_eq!(shifted(VR::DA, "", 7).unwrap(), "");
        assert_eq!(shifted(VR::DT, "20240301114512.33+0100", 366).unwrap(), "20230301114512.33+0100");
    }

    #[test]
    fn what_is_no_date_is_not_passed_on() {
        for (vr, text) in [
            (VR::DA, "2024"),
            (VR::DA, "20241399"),
            (VR::DA, "20240101 Doe"),
            (VR::DA, "Doe^Jane"),
            (VR::DT, "20240101Doe"),
            (VR::DT, "2024"),
            (VR::DA, "２０２４０１０１"),
        ] {
            assert_eq!(shifted(vr, text, 1), None, "{text}");
        }
    }

    #[test]
    fn ages_from_ninety_are_one_group_in_every_unit() {
        for (age, shown) in [("089Y", "089Y"), ("090Y", "090Y"), ("104Y", "090Y"), ("1104M", "090Y"), ("066Y ", "066Y")]
        {
            assert_eq!(pooled_age(age), shown);
        }
        assert_eq!((pooled_age("old").as_str(), pooled_age("").as_str()), ("", ""));
    }
}
