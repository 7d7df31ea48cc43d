//! How long before an image another one was made, in words.

use crate::language::tr;

/// `12 months earlier`, `3 days earlier`, `2 years 4 months earlier`, of whole days: a month is a
/// twelfth of 365.25 days here, so that it says as much where the days themselves are struck.
#[must_use]
pub(crate) fn earlier(days: i64) -> String {
    let months = ((days as f64 + 1.0) / 365.25 * 12.0).floor() as i64;
    let span = match months {
        ..1 => in_days(days),
        1..24 => in_months(months),
        _ => in_years_and_months(months),
    };
    tr!("{span} earlier", span)
}

pub(crate) fn in_days(n: i64) -> String {
    tr!("1 day" | "{n} days" % n)
}

pub(crate) fn in_months(n: i64) -> String {
    tr!("1 month" | "{n} months" % n)
}

/// So many months, as years and what is left of them.
pub(crate) fn in_years_and_months(months: i64) -> String {
    let years = months / 12;
    let years = tr!("1 year" | "{n} years" % years);
    if months % 12 == 0 { years } else { format!("{years} {}", in_months(months % 12)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_the_largest_whole_units() {
        for (days, words) in [
            (1, "1 day earlier"),
            (29, "29 days earlier"),
            (31, "1 month earlier"),
            (365, "12 months earlier"),
            (731, "2 years earlier"),
            (1604, "4 years 4 months earlier"),
        ] {
            assert_eq!(earlier(days), words);
        }
    }
}
