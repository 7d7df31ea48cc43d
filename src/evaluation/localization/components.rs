//! Connected parts of a mask and the boxes around them. Pixels that touch at a corner are connected, as in
//! `skimage.measure.label(connectivity=2)`.

use super::region::Rectangle;

/// The boxes around the connected parts of `inside`, in the order in which rows meet them.
#[must_use]
pub fn parts(inside: &[bool], width: usize, height: usize) -> Vec<Rectangle> {
    let mut seen = vec![false; inside.len()];
    let mut found = Vec::new();
    let mut waiting = Vec::new();
    for start in 0..inside.len().min(width * height) {
        if !inside[start] || seen[start] {
            continue;
        }
        seen[start] = true;
        waiting.push(start);
        let (mut left, mut top, mut right, mut bottom) = (width, height, 0, 0);
        while let Some(at) = waiting.pop() {
            let (x, y) = (at % width, at / width);
            (left, right) = (left.min(x), right.max(x + 1));
            (top, bottom) = (top.min(y), bottom.max(y + 1));
            for row in y.saturating_sub(1)..(y + 2).min(height) {
                for column in x.saturating_sub(1)..(x + 2).min(width) {
                    let next = row * width + column;
                    if inside[next] && !seen[next] {
                        seen[next] = true;
                        waiting.push(next);
                    }
                }
            }
        }
        found.push(Rectangle {
            x: left as f64,
            y: top as f64,
            width: (right - left) as f64,
            height: (bottom - top) as f64,
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(picture: &[&str]) -> Vec<[f64; 4]> {
        let inside: Vec<bool> = picture.iter().flat_map(|row| row.chars().map(|c| c == '#')).collect();
        let found = parts(&inside, picture[0].len(), picture.len());
        found.iter().map(|r| [r.x, r.y, r.width, r.height]).collect()
    }

    #[test]
    fn parts_that_touch_at_a_corner_are_one() {
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
    fn nothing_has_no_parts() {
        assert!(boxes(&["....", "...."]).is_empty());
        assert!(parts(&[], 0, 0).is_empty());
    }
}
