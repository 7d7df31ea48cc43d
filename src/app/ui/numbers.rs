//! Numbers as people read them, the same wherever they stand.

use crate::imaging::Window;
use crate::language::decimal;

/// No more digits than are read: whole from 10 on, three significant ones below.
pub(super) fn number(value: f32) -> String {
    let size = value.abs();
    decimal(if size >= 10.0 || value == value.round() {
        format!("{value:.0}")
    } else if size >= 1.0 {
        format!("{value:.1}")
    } else if size >= 0.01 {
        format!("{value:.2}")
    } else {
        format!("{value:.1e}")
    })
}

/// `W 1500 L -600`.
pub(super) fn window(window: Window) -> String {
    format!("W {} L {}", number(window.width), number(window.center))
}

/// A value of a map with its unit, three digits that count: `3.42 g/ml`.
pub(super) fn value_and_unit(value: f32, unit: &str) -> String {
    let size = value.abs();
    let number = if value == 0.0 {
        "0".to_owned()
    } else if !(0.001..1e6).contains(&size) {
        format!("{value:.2e}")
    } else {
        let places = (2 - size.log10().floor() as i32).clamp(0, 5) as usize;
        format!("{value:.places$}")
    };
    format!("{} {unit}", decimal(number)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_a_map_has_three_digits_that_count_and_its_unit() {
        let words = |value| value_and_unit(value, "g/ml");
        assert_eq!(words(3.4161), "3.42 g/ml");
        assert_eq!([words(0.0), words(-120.4), words(0.0123)], ["0 g/ml", "-120 g/ml", "0.0123 g/ml"]);
        assert_eq!(value_and_unit(2.5e-7, ""), "2.50e-7");
    }

    #[test]
    fn numbers_have_no_more_digits_than_are_read() {
        assert_eq!([1234.56, 12.34, 2.0, 2.34, 0.256].map(number), ["1235", "12", "2", "2.3", "0.26"]);
        assert_eq!(window(Window::linear(-600.0, 1500.0)), "W 1500 L -600");
    }
}
