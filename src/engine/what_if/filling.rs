//! What is put where something was taken away.
//!
//! | filling | what stands in the hole |
//! |---|---|
//! | `road` | what the surroundings suggest, and a little noise: ROAD's noisy linear imputation (Rong et al., ICML 2022), see [`crate::explain::faithfulness::road`] |
//! | `mean` | the mean of what lies around each part of the hole |
//! | `blur` | the image itself, blurred until no detail is left |
//! | `mirror` | the same place of the other side, for organs that come in pairs |
//!
//! No filling is neutral: a hole of any kind is an image that the network never saw. Hence the
//! random places of [`super::random_places`] beside every result.
//!
//! Holes are filled on a copy whose longer side has at most [`FINEST`] pixels, and the filling grows
//! from there to the size of the image: networks see less, and ROAD's system of equations has an
//! unknown for each missing pixel. A mirrored filling keeps every pixel.
//!
//! What it does not do: paint anything that a radiologist would take for anatomy.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::explain::faithfulness::InputImage;
use crate::explain::faithfulness::road::{NOISE, imputed};
use crate::imaging::Plane;
use crate::imaging::blur::gaussian;
use crate::imaging::components::components;
use crate::imaging::resample::{bilinear_part, resize};

/// Longest side of the copy on which holes are filled, pixels.
pub const FINEST: usize = 512;
/// How far around a part its mean is taken, pixels of that copy.
const AROUND: usize = 4;
/// Standard deviation of the blur, share of the longer side.
const BLUR: f32 = 0.05;

/// What is put into a hole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filling {
    #[default]
    Road,
    Mean,
    Blur,
    Mirror,
}

impl Filling {
    pub const ALL: [Self; 4] = [Self::Road, Self::Mean, Self::Blur, Self::Mirror];

    /// As it is written on the command line.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Road => "road",
            Self::Mean => "mean",
            Self::Blur => "blur",
            Self::Mirror => "mirror",
        }
    }

    /// As it is read on screen and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Road => "its surroundings (ROAD)",
            Self::Mean => "the mean around it",
            Self::Blur => "its own blur",
            Self::Mirror => "the other side",
        }
    }
}

/// The copy of a plane on which its holes are filled: made once for all of them.
#[derive(Debug)]
pub struct SmallCopy {
    plane: Plane,
    blurred: OnceLock<Plane>,
    deviation: OnceLock<f64>,
}

impl SmallCopy {
    #[must_use]
    pub fn of(plane: &Plane) -> Self {
        let (w, h) = copy_size(plane.width, plane.height);
        Self { plane: resize(plane, w, h), blurred: OnceLock::new(), deviation: OnceLock::new() }
    }

    fn blurred(&self) -> &Plane {
        let sigma = BLUR * self.plane.width.max(self.plane.height) as f32;
        self.blurred.get_or_init(|| gaussian(&self.plane, sigma))
    }

    /// Standard deviation of its values.
    fn deviation(&self) -> f64 {
        *self.deviation.get_or_init(|| deviation(&self.plane.values))
    }
}

/// `plane` with everything filled in that is `taken` (`width × height`, row by row); the rest stays
/// as it is. `copy` is that of this plane; the seed is that of ROAD's noise.
///
/// `None` for a plane and a mask that do not agree, and where too little is left to fill from.
#[must_use]
pub fn filled(plane: &Plane, copy: &SmallCopy, taken: &[bool], filling: Filling, seed: u64) -> Option<Plane> {
    let (width, height) = (plane.width, plane.height);
    let (columns, rows) = bounds(taken, width)?;
    let (w, h) = (copy.plane.width, copy.plane.height);
    if taken.len() != plane.values.len() || (w, h) != copy_size(width, height) {
        return None;
    }
    let part = if filling == Filling::Mirror {
        if taken.iter().all(|taken| *taken) {
            return None;
        }
        mirrored(plane, &columns, &rows)
    } else {
        let hole = shrunk(taken, (width, height), (w, h), &columns, &rows);
        if hole.iter().all(|hole| *hole) {
            return None;
        }
        let filled = match filling {
            Filling::Mean => Cow::Owned(means(&copy.plane, &hole)),
            Filling::Blur => Cow::Borrowed(copy.blurred()),
            _ => Cow::Owned(road(copy, &hole, seed)),
        };
        bilinear_part(&filled, width, height, columns.clone(), rows.clone())
    };
    let mut out = plane.clone();
    for (y, new) in rows.zip(part.values.chunks_exact(part.width)) {
        let row = y * width + columns.start..y * width + columns.end;
        for ((value, new), _) in out.values[row.clone()].iter_mut().zip(new).zip(&taken[row]).filter(|(_, t)| **t) {
            *value = *new;
        }
    }
    Some(out)
}

/// Columns and rows of the box around what is taken; nothing where nothing is.
fn bounds(taken: &[bool], width: usize) -> Option<(Range<usize>, Range<usize>)> {
    let rows = || taken.chunks_exact(width.max(1));
    let top = rows().position(|row| row.contains(&true))?;
    let bottom = rows().rposition(|row| row.contains(&true))?;
    let (mut left, mut right) = (width, 0);
    for row in rows().take(bottom + 1).skip(top) {
        left = left.min(row.iter().position(|taken| *taken).unwrap_or(width));
        right = right.max(row.iter().rposition(|taken| *taken).map_or(0, |last| last + 1));
    }
    Some((left..right, top..bottom + 1))
}

/// Sides of the copy on which holes are filled.
fn copy_size(width: usize, height: usize) -> (usize, usize) {
    let scale = FINEST as f64 / width.max(height).max(1) as f64;
    if scale >= 1.0 {
        return (width, height);
    }
    let side = |n: usize| ((n as f64 * scale).round() as usize).max(1);
    (side(width), side(height))
}

/// Pixels of the copy that hold anything of the hole: what is taken away must not colour what is
/// put in its place. All of the hole lies in these columns and rows.
fn shrunk(
    taken: &[bool],
    (width, height): (usize, usize),
    (w, h): (usize, usize),
    columns: &Range<usize>,
    rows: &Range<usize>,
) -> Vec<bool> {
    if (w, h) == (width, height) {
        return taken.to_vec();
    }
    let mut hole = vec![false; w * h];
    let to_column: Vec<usize> = columns.clone().map(|x| x * w / width).collect();
    for y in rows.clone() {
        let to = &mut hole[y * h / height * w..][..w];
        let row = &taken[y * width..][columns.clone()];
        to_column.iter().zip(row).for_each(|(x, taken)| to[*x] |= *taken);
    }
    // Scaling down looks a pixel further than its own.
    let wide = hole.clone();
    for (i, _) in wide.iter().enumerate().filter(|(_, hole)| **hole) {
        let (x, y) = (i % w, i / w);
        for row in y.saturating_sub(1)..(y + 2).min(h) {
            hole[row * w + x.saturating_sub(1)..row * w + (x + 2).min(w)].fill(true);
        }
    }
    hole
}

/// A part of the plane as it lies on the other side.
fn mirrored(plane: &Plane, columns: &Range<usize>, rows: &Range<usize>) -> Plane {
    let lines = plane.values.chunks_exact(plane.width.max(1)).take(rows.end).skip(rows.start);
    let values = lines.flat_map(|line| columns.clone().map(|x| line[plane.width - 1 - x])).collect();
    Plane { width: columns.len(), height: rows.len(), values }
}

fn road(copy: &SmallCopy, hole: &[bool], seed: u64) -> Plane {
    let plane = &copy.plane;
    let keep: Vec<bool> = hole.iter().map(|hole| !hole).collect();
    let image = InputImage { channels: 1, width: plane.width, height: plane.height, values: plane.values.clone() };
    // The noise is stated for images of standard deviation one.
    let values = imputed(&image, &keep, NOISE * copy.deviation(), seed).values;
    Plane { values, ..*plane }
}

fn deviation(values: &[f32]) -> f64 {
    let n = values.len().max(1) as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    (values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// Each part of the hole with the mean of what is kept around it; the mean of all that is kept where
/// a part has no surroundings.
fn means(plane: &Plane, hole: &[bool]) -> Plane {
    let (w, h) = (plane.width, plane.height);
    let mut out = plane.clone();
    let mean = |sum: f64, count: usize| (sum / count as f64) as f32;
    let kept = || plane.values.iter().zip(hole).filter(|(_, hole)| !**hole).map(|(v, _)| f64::from(*v));
    let of_all = mean(kept().sum(), kept().count());
    let mut part_of = vec![0_u32; hole.len()];
    for (part, pixels) in (1..).zip(components(hole, w, h)) {
        let (mut sum, mut count) = (0.0, 0);
        for pixel in &pixels {
            let (x, y) = (pixel % w, pixel / w);
            for row in y.saturating_sub(AROUND)..(y + AROUND + 1).min(h) {
                for at in row * w + x.saturating_sub(AROUND)..row * w + (x + AROUND + 1).min(w) {
                    if !hole[at] && part_of[at] != part {
                        part_of[at] = part;
                        sum += f64::from(plane.values[at]);
                        count += 1;
                    }
                }
            }
        }
        let grey = if count == 0 { of_all } else { mean(sum, count) };
        pixels.iter().for_each(|pixel| out.values[*pixel] = grey);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ramp to the right with a bright square in it, and the square.
    fn image(side: usize) -> (Plane, Vec<bool>) {
        let square =
            |i: usize| (side / 4..side / 2).contains(&(i % side)) && (side / 4..side / 2).contains(&(i / side));
        let ramp = |i: usize| (i % side) as f32 / side as f32;
        let values = (0..side * side).map(|i| if square(i) { 9.0 } else { ramp(i) }).collect();
        (Plane { width: side, height: side, values }, (0..side * side).map(square).collect())
    }

    #[test]
    fn what_was_taken_away_leaves_no_trace_and_the_rest_stays() {
        for side in [64, 1024] {
            let (plane, taken) = image(side);
            for filling in [Filling::Road, Filling::Mean, Filling::Mirror] {
                let without = filled(&plane, &SmallCopy::of(&plane), &taken, filling, 1).unwrap();
                for (i, (new, old)) in without.values.iter().zip(&plane.values).enumerate() {
                    if taken[i] {
                        assert!((-0.2..1.2).contains(new), "{filling:?} {side}: {new} at {i}");
                    } else {
                        assert_eq!(new, old);
                    }
                }
            }
        }
    }

    #[test]
    fn road_continues_a_ramp_and_the_mean_is_that_of_the_surroundings() {
        let (plane, taken) = image(64);
        let middle = 24 * 64 + 24;
        let of = |filling| filled(&plane, &SmallCopy::of(&plane), &taken, filling, 1).unwrap().values[middle];
        let spread = deviation(&plane.values) as f32;
        assert!((of(Filling::Road) - 24.0 / 64.0).abs() < 0.05 * spread, "{}", of(Filling::Road));
        assert!((of(Filling::Mean) - 23.5 / 64.0).abs() < 1e-3, "{}", of(Filling::Mean));
        assert_eq!(of(Filling::Mirror), plane.values[24 * 64 + 39]);
    }

    #[test]
    fn a_blur_keeps_the_grey_of_a_place_and_none_of_its_detail() {
        let side = 128;
        let values = (0..side * side).map(|i| if (i + i / side) % 2 == 0 { 0.0 } else { 1.0 }).collect();
        let plane = Plane { width: side, height: side, values };
        let taken: Vec<bool> = (0..side * side).map(|i| i % side < 64).collect();
        let without = filled(&plane, &SmallCopy::of(&plane), &taken, Filling::Blur, 1).unwrap();
        // At the border the blur repeats what stands there.
        let well_inside = |i: &usize| (24..60).contains(&(i % side)) && (24..104).contains(&(i / side));
        assert!((0..side * side).filter(well_inside).all(|i| (without.values[i] - 0.5).abs() < 0.01));
    }

    #[test]
    fn with_nothing_left_to_fill_from_nothing_is_filled() {
        let (plane, _) = image(64);
        for filling in Filling::ALL {
            assert_eq!(filled(&plane, &SmallCopy::of(&plane), &[true; 64 * 64], filling, 1), None);
            assert_eq!(filled(&plane, &SmallCopy::of(&plane), &[true; 3], filling, 1), None, "a mask of another image");
        }
    }
}
