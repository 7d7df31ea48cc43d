//! Connected components of a mask, with the boxes around them.

use super::rectangle::Rectangle;
use crate::imaging::components;

/// A connected component.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Component {
    /// The box around it.
    pub bounds: Rectangle,
    /// Numbers of its pixels, row by row.
    pub pixels: Vec<usize>,
}

/// The connected components of `inside`, in the order in which rows meet them.
#[must_use]
pub(super) fn components(inside: &[bool], width: usize, height: usize) -> Vec<Component> {
    let bounded = |pixels: Vec<usize>| {
        let (mut left, mut top, mut right, mut bottom) = (width, height, 0, 0);
        for (x, y) in pixels.iter().map(|at| (at % width, at / width)) {
            (left, right) = (left.min(x), right.max(x + 1));
            (top, bottom) = (top.min(y), bottom.max(y + 1));
        }
        let bounds =
            Rectangle { x: left as f64, y: top as f64, width: (right - left) as f64, height: (bottom - top) as f64 };
        Component { bounds, pixels }
    };
    components::components(inside, width, height).into_iter().map(bounded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(rows: &[&str]) -> Vec<[f64; 4]> {
        let inside: Vec<bool> = rows.iter().flat_map(|row| row.chars().map(|c| c == '#')).collect();
        let found = components(&inside, rows[0].len(), rows.len());
        assert_eq!(found.iter().map(|p| p.pixels.len()).sum::<usize>(), inside.iter().filter(|i| **i).count());
        found.iter().map(|p| [p.bounds.x, p.bounds.y, p.bounds.width, p.bounds.height]).collect()
    }

    #[test]
    fn components_that_touch_at_a_corner_are_one() {
        assert_eq!(
            boxes(&["#..#", ".#..", "...#"]),
            [[0.0, 0.0, 2.0, 2.0], [3.0, 0.0, 1.0, 1.0], [3.0, 2.0, 1.0, 1.0]]
        );
    }

    #[test]
    fn rows_do_not_run_into_each_other() {
        assert_eq!(boxes(&["...#", "#..."]).len(), 2);
    }

    #[test]
    fn nothing_has_no_components() {
        assert!(boxes(&["....", "...."]).is_empty());
        assert!(components(&[], 0, 0).is_empty());
    }
}
