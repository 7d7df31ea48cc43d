//! How long before an image another one was made, in words.

/// `12 months earlier`, `3 days earlier`, `2 years 4 months earlier`, of whole days: a month is a
/// twelfth of 365.25 days here, so that it says as much where the days themselves are struck.
#[must_use]
pub(super) fn earlier(days: i64) -> String {
    let in_words = |n: i64, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    let months = ((days as f64 + 1.0) / 365.25 * 12.0).floor() as i64;
    let span = match months {
        ..1 => in_words(days, "day"),
        1..24 => in_words(months, "month"),
        _ if months % 12 == 0 => in_words(months / 12, "year"),
        _ => format!("{} {}", in_words(months / 12, "year"), in_words(months % 12, "month")),
    };
    format!("{span} earlier")
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
