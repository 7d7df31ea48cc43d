//! Numbers as people read them, the same wherever they stand.

use crate::imaging::Window;

/// No more digits than are read: whole from 10 on, three significant ones below.
pub(super) fn number(value: f32) -> String {
    let size = value.abs();
    if size >= 10.0 || value == value.round() {
        format!("{value:.0}")
    } else if size >= 1.0 {
        format!("{value:.1}")
    } else if size >= 0.01 {
        format!("{value:.2}")
    } else {
        format!("{value:.1e}")
    }
}

/// `W 1500 L -600`.
pub(super) fn window(window: Window) -> String {
    format!("W {} L {}", number(window.width), number(window.center))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_more_digits_than_are_read() {
        assert_eq!([1234.56, 12.34, 2.0, 2.34, 0.256].map(number), ["1235", "12", "2", "2.3", "0.26"]);
        assert_eq!(window(Window::linear(-600.0, 1500.0)), "W 1500 L -600");
    }
}
