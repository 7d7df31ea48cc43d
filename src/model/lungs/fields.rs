//! From a map of probabilities to the fields of two lungs, or the reason why there are none.
//!
//! What is above one half falls into parts (touching at a corner counts); the two largest are the
//! lungs, holes in them are filled, everything else is dropped. Where both lungs have become one
//! part, it is cut along the column of the middle third of its width that holds the fewest of its
//! pixels. The part further left is the patient's right lung.

use crate::imaging::Plane;
use crate::imaging::components::components;

/// A part smaller than this share of the larger one is no lung.
const SMALLEST: f32 = 0.2;

/// Why a map shows no two lungs; sentences for the reader.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ShapeError {
    #[error(
        "The lungs were not outlined: nothing in the image looks like a lung. It may be no frontal chest radiograph."
    )]
    Nothing,
    #[error(
        "The lungs were not outlined: what looks like lung covers {} % of the image, and {} to {} % were found in the \
         radiographs that the segmenter has learnt from.", percent(*.0), percent(.1[0]), percent(.1[1])
    )]
    Share(f32, [f32; 2]),
    #[error(
        "The lungs were not outlined: only one field was found where a frontal chest radiograph has two of similar size."
    )]
    OneField,
}

fn percent(share: f32) -> String {
    format!("{:.0}", 100.0 * share)
}

/// Probabilities of each lung on the network's grid; those of the other lung and of what is no lung
/// are 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    /// Of the lung on the left of the image, the patient's right one.
    pub right: Plane,
    /// Of the lung on the right of the image.
    pub left: Plane,
}

/// What a pixel belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Ground,
    Right,
    Left,
    /// Above one half, but no lung.
    Dropped,
}

impl Fields {
    /// The fields of a map; `shares` are the smallest and the largest part of an image that lungs
    /// cover.
    ///
    /// # Errors
    /// [`ShapeError`] where the map does not look like two lungs.
    pub fn of(probabilities: &Plane, shares: [f32; 2]) -> Result<Self, ShapeError> {
        let (w, h) = (probabilities.width, probabilities.height);
        let inside: Vec<bool> = probabilities.values.iter().map(|p| *p > 0.5).collect();
        let mut parts = components(&inside, w, h);
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        let mut labels: Vec<Part> =
            inside.iter().map(|inside| if *inside { Part::Dropped } else { Part::Ground }).collect();
        let Some(largest) = parts.first() else { return Err(ShapeError::Nothing) };
        let second = parts.get(1).filter(|part| part.len() as f32 >= SMALLEST * largest.len() as f32);
        if let Some(second) = second {
            let middle = |part: &[usize]| part.iter().map(|i| i % w).sum::<usize>() as f32 / part.len() as f32;
            let largest_is_right = middle(largest) < middle(second);
            largest.iter().for_each(|i| labels[*i] = if largest_is_right { Part::Right } else { Part::Left });
            second.iter().for_each(|i| labels[*i] = if largest_is_right { Part::Left } else { Part::Right });
        } else {
            let cut = waist(largest, w);
            largest.iter().for_each(|i| labels[*i] = if i % w < cut { Part::Right } else { Part::Left });
        }
        fill_holes(&mut labels, w, h);
        let count = |part: Part| labels.iter().filter(|label| **label == part).count();
        let (right, left) = (count(Part::Right), count(Part::Left));
        let share = (right + left) as f32 / labels.len().max(1) as f32;
        if !(shares[0]..=shares[1]).contains(&share) {
            return Err(ShapeError::Share(share, shares));
        }
        if (right.min(left) as f32) < SMALLEST * right.max(left) as f32 {
            return Err(ShapeError::OneField);
        }
        let of = |part: Part| {
            let value = |(label, p): (&Part, &f32)| match label {
                // A filled hole is inside, whatever the map says.
                label if *label == part => {
                    if *p > 0.5 {
                        *p
                    } else {
                        1.0
                    }
                }
                Part::Ground => *p,
                _ => 0.0,
            };
            Plane { width: w, height: h, values: labels.iter().zip(&probabilities.values).map(value).collect() }
        };
        Ok(Self { right: of(Part::Right), left: of(Part::Left) })
    }
}

/// The column of the middle third of a part's width that holds the fewest of its pixels.
fn waist(part: &[usize], width: usize) -> usize {
    let mut columns = vec![0usize; width];
    part.iter().for_each(|i| columns[i % width] += 1);
    let low = columns.iter().position(|n| *n > 0).unwrap_or(0);
    let high = columns.iter().rposition(|n| *n > 0).unwrap_or(0) + 1;
    let third = (high - low) / 3;
    (low + third..(high - third).max(low + third + 1)).min_by_key(|x| columns[*x]).unwrap_or(low)
}

/// Gives ground (and what was dropped) that no way leads to from the border to the lung that
/// surrounds it.
fn fill_holes(labels: &mut [Part], w: usize, h: usize) {
    let open = |part: Part| matches!(part, Part::Ground | Part::Dropped);
    let mut outside = vec![false; labels.len()];
    let edge = |i: &usize| i.is_multiple_of(w) || i % w == w - 1 || *i < w || i / w == h - 1;
    let mut waiting: Vec<usize> = (0..labels.len()).filter(|i| edge(i) && open(labels[*i])).collect();
    waiting.iter().for_each(|i| outside[*i] = true);
    while let Some(at) = waiting.pop() {
        let (x, y) = (at % w, at / w);
        let near = [
            (x > 0).then(|| at - 1),
            (x + 1 < w).then_some(at + 1),
            (y > 0).then(|| at - w),
            (y + 1 < h).then_some(at + w),
        ];
        for next in near.into_iter().flatten() {
            if !outside[next] && open(labels[next]) {
                outside[next] = true;
                waiting.push(next);
            }
        }
    }
    for (i, outside) in outside.iter().enumerate() {
        if open(labels[i]) && !outside {
            // The lung that the row met last surrounds the hole.
            labels[i] = labels[..i].iter().rev().copied().find(|part| !open(*part)).unwrap_or(labels[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(rows: &[&str]) -> Plane {
        let value = |c: char| match c {
            '#' => 0.9,
            '+' => 0.3,
            _ => 0.05,
        };
        let values = rows.iter().flat_map(|row| row.chars().map(value)).collect();
        Plane { width: rows[0].len(), height: rows.len(), values }
    }

    const ANY: [f32; 2] = [0.05, 0.9];

    fn drawn(plane: &Plane) -> Vec<String> {
        let row = |row: &[f32]| row.iter().map(|p| if *p > 0.5 { '#' } else { '.' }).collect();
        plane.values.chunks_exact(plane.width).map(row).collect()
    }

    #[test]
    fn the_two_largest_parts_are_the_lungs_and_their_holes_are_filled() {
        let fields = Fields::of(&map(&["###..##.", "#.#..##.", "###..##.", "........", "...#...."]), ANY).unwrap();
        assert_eq!(drawn(&fields.right), ["###.....", "###.....", "###.....", "........", "........"]);
        assert_eq!(drawn(&fields.left), [".....##.", ".....##.", ".....##.", "........", "........"]);
    }

    #[test]
    fn lungs_that_touch_are_cut_where_they_are_narrowest() {
        let fields = Fields::of(&map(&["###..###", "########", "###..###"]), ANY).unwrap();
        assert_eq!(drawn(&fields.right), ["###.....", "###.....", "###....."]);
        assert_eq!(drawn(&fields.left), [".....###", "...#####", ".....###"]);
    }

    #[test]
    fn ground_keeps_its_probabilities_so_that_outlines_run_between_pixels() {
        let fields = Fields::of(&map(&["##+.##", "##+.##"]), ANY).unwrap();
        assert_eq!((fields.right.at(2, 0), fields.right.at(4, 0), fields.left.at(4, 0)), (0.3, 0.0, 0.9));
    }

    #[test]
    fn what_is_no_pair_of_lungs_is_refused_with_a_sentence() {
        assert_eq!(Fields::of(&map(&["....", "...."]), ANY), Err(ShapeError::Nothing));
        let small = Fields::of(&map(&["#..#", "....", "....", "....", "...."]), [0.2, 0.6]).unwrap_err();
        assert!(small.to_string().contains("covers 10 % of the image, and 20 to 60 %"), "{small}");
        // A single block is cut into halves; a hook is not.
        assert_eq!(Fields::of(&map(&["######..", "######..", "######.#"]), ANY).map(|_| ()), Ok(()));
        let lopsided = map(&["######....", "######....", "######....", "######....", "##########"]);
        assert_eq!(Fields::of(&lopsided, ANY), Err(ShapeError::OneField));
    }
}
