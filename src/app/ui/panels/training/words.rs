//! Numbers of a run in words.

use crate::language::{decimal, said, tr};

/// A time: `40 s`, `12 min`, `1 h 20 min`, `2 d 3 h`.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "–".to_owned();
    }
    let s = seconds.max(0.0).round() as u64;
    match s {
        0..=89 => format!("{s} s"),
        90..=5399 => format!("{} min", (s + 30) / 60),
        5400..=172_799 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        _ => format!("{} d {} h", s / 86_400, s % 86_400 / 3600),
    }
}

/// A whole number with its thousands apart: `12,345`.
pub(super) fn whole(n: usize) -> String {
    let digits = n.to_string();
    let sign = tr!("between thousands" => ",");
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push_str(&sign);
        }
        out.push(c);
    }
    out
}

/// A learning rate: `0.003`, or `3.0e-5` where it is small.
pub(super) fn rate(rate: f64) -> String {
    decimal(if rate >= 0.001 { format!("{rate:.4}") } else { format!("{rate:.1e}") })
}

/// A metric with its interval: `0.931 (0.902–0.955)`.
pub(super) fn interval(value: f64, low: f64, high: f64) -> String {
    decimal(format!("{value:.3} ({low:.3}–{high:.3})"))
}

/// `1 epoch`, `1,200 epochs`.
pub(super) fn epochs(n: usize) -> String {
    tr!("1 epoch" | "{epochs} epochs" % n, epochs = whole(n))
}

/// A message as a sentence of its own.
pub(super) fn sentence(words: &str) -> String {
    let words = said(words.trim());
    let mut letters = words.chars();
    let mut out = letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    if !out.ends_with(['.', '?', '`', '^']) {
        out.push('.');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_long_as_they_must_be() {
        let words = [3.2, 89.0, 90.0, 750.0, 5400.0, 200_000.0].map(duration);
        assert_eq!(words, ["3 s", "89 s", "2 min", "13 min", "1 h 30 min", "2 d 7 h"]);
        assert_eq!(duration(f64::INFINITY), "–");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([whole(0), whole(999), whole(1000), whole(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
    }
}
