//! Connected components of a mask. Pixels that touch at a corner are connected, as in
//! `skimage.measure.label(connectivity=2)`.

/// The numbers of the pixels of each component of `inside` (`width × height`, row by row), in the
/// order in which rows meet them.
#[must_use]
pub fn components(inside: &[bool], width: usize, height: usize) -> Vec<Vec<usize>> {
    let mut seen = vec![false; inside.len()];
    let mut found = Vec::new();
    let mut waiting = Vec::new();
    for start in 0..inside.len().min(width * height) {
        if !inside[start] || seen[start] {
            continue;
        }
        seen[start] = true;
        waiting.push(start);
        let mut pixels = Vec::new();
        while let Some(at) = waiting.pop() {
            pixels.push(at);
            let (x, y) = (at % width, at / width);
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
        found.push(pixels);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(rows: &[&str]) -> Vec<usize> {
        let inside: Vec<bool> = rows.iter().flat_map(|row| row.chars().map(|c| c == '#')).collect();
        components(&inside, rows[0].len(), rows.len()).iter().map(Vec::len).collect()
    }

    #[test]
    fn components_that_touch_at_a_corner_are_one() {
        assert_eq!(sizes(&["#..#", ".#..", "...#"]), [2, 1, 1]);
    }

    #[test]
    fn rows_do_not_run_into_each_other() {
        assert_eq!(sizes(&["...#", "#..."]), [1, 1]);
    }

    #[test]
    fn nothing_has_no_components() {
        assert!(sizes(&["....", "...."]).is_empty());
        assert!(components(&[], 0, 0).is_empty());
    }
}
