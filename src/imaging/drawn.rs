//! What tells drawings, pages and screenshots from images that a detector made.
//!
//! Windows, paper and charts are even areas of a few greys, equal to the last bit, with sharp steps
//! between them; a detector adds noise to every pixel, and what it sees is soft. Both are counted
//! at the full resolution: a network that looks at a small copy cannot.
//!
//! What it does not do: recognise a screenshot that was blurred or strongly compressed. That is
//! left to the gate's network.

use std::collections::HashMap;

use rayon::prelude::*;

use super::Plane;
use super::stats::percentiles;

/// How many greys count as a few.
const FEW: usize = 4;
/// Of larger images only so many pixels are looked at, in rows at equal distances.
const LOOKED_AT: usize = 4_000_000;
/// A step between neighbours, as a part of the range of all greys, that is sharp.
const SHARP: f32 = 0.35;

/// Pixels of a row that are looked at together.
const PART: usize = 64;

/// Shares of all pixels, 0–1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drawn {
    /// Pixels that are equal to their four neighbours.
    pub even: f32,
    /// The same of the four commonest greys.
    pub of_few_greys: f32,
    /// Pixels that differ sharply from the one to the right or the one below.
    pub steps: f32,
}

impl Drawn {
    /// Counts; all zero for a plane of a single value.
    #[must_use]
    pub fn of(plane: &Plane) -> Self {
        let Some(ends) = percentiles(plane, None, &[0.001, 0.999]) else { return Self::default() };
        Self::between(plane, [ends[0], ends[1]])
    }

    /// The same where the values below which 0.1 and 99.9 % of the plane lie are known.
    #[must_use]
    pub fn between(plane: &Plane, ends: [f32; 2]) -> Self {
        let sharp = SHARP * (ends[1] - ends[0]);
        if sharp <= 0.0 {
            return Self::default();
        }
        let every = (plane.values.len() / LOOKED_AT).max(1);
        let rows: Vec<usize> = (0..plane.height).step_by(every).collect();
        let looked_at = rows.len() * plane.width;
        let Counts { even, steps } = rows
            .par_iter()
            .fold(Counts::default, |counts, y| counts.with_row(plane, *y, sharp))
            .reduce(Counts::default, Counts::with);
        let share = |count: usize| count as f32 / looked_at as f32;
        let mut counts: Vec<usize> = even.into_values().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            even: share(counts.iter().sum()),
            of_few_greys: share(counts.iter().take(FEW).sum()),
            steps: share(steps),
        }
    }
}

/// Pixels of a row that differ sharply from the one to the right or the one below.
fn sharp_steps(here: &[f32], below: Option<&[f32]>, sharp: f32) -> usize {
    let is_sharp = |a: &f32, b: &f32| (a - b).abs() >= sharp;
    let Some(below) = below else {
        return here.iter().zip(here.iter().skip(1)).filter(|(v, right)| is_sharp(right, v)).count();
    };
    let Some(((last, rest), under)) = here.split_last().zip(below.last()) else { return 0 };
    let steps = rest.iter().zip(&here[1..]).zip(below);
    // A sum of 32 bits takes as many pixels at a time as a comparison.
    let steps: u32 = steps.map(|((v, right), under)| u32::from(is_sharp(right, v) | is_sharp(under, v))).sum();
    steps as usize + usize::from(is_sharp(under, last))
}

/// What was counted in some rows.
#[derive(Default)]
struct Counts {
    /// Even pixels of each grey.
    even: HashMap<u32, usize>,
    steps: usize,
}

impl Counts {
    fn with_row(mut self, plane: &Plane, y: usize, sharp: f32) -> Self {
        let width = plane.width;
        let row = |y: usize| &plane.values[y * width..][..width];
        let (here, below) = (row(y), (y + 1 < plane.height).then(|| row(y + 1)));
        self.steps += sharp_steps(here, below, sharp);
        // What lies at the border has no four neighbours.
        let (Some(above), Some(below)) = (y.checked_sub(1).map(row), below) else { return self };
        // Runs of one grey are counted at once, and parts of a row without any are passed over.
        let mut run = (0_u32, 0_usize);
        for start in (1..width.saturating_sub(1)).step_by(PART) {
            let end = (start + PART).min(width - 1);
            let [left, right] = [&here[start - 1..end - 1], &here[start + 1..=end]];
            let [over, under] = [&above[start..end], &below[start..end]];
            let here = &here[start..end];
            let is_even = |x: &usize| {
                let v = here[*x];
                v == left[*x] && v == right[*x] && v == over[*x] && v == under[*x]
            };
            // A sum, and no search: it takes several pixels at a time.
            if (0..here.len()).map(|x| u32::from(is_even(&x))).sum::<u32>() == 0 {
                continue;
            }
            for v in (0..here.len()).filter(is_even).map(|x| here[x]) {
                if run.0 != v.to_bits() {
                    *self.even.entry(run.0).or_default() += run.1;
                    run = (v.to_bits(), 0);
                }
                run.1 += 1;
            }
        }
        *self.even.entry(run.0).or_default() += run.1;
        self
    }

    fn with(mut self, other: Self) -> Self {
        self.steps += other.steps;
        for (grey, count) in other.even {
            *self.even.entry(grey).or_default() += count;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(value: impl Fn(usize, usize) -> f32) -> Plane {
        Plane { width: 100, height: 100, values: (0..10_000).map(|i| value(i % 100, i / 100)).collect() }
    }

    #[test]
    fn a_frame_around_noise_is_even_only_where_it_is_drawn() {
        let noise = |x: usize, y: usize| ((x * 7919 + y * 104_729) % 251) as f32;
        let drawn = Drawn::of(&plane(|x, y| if y < 50 { 40.0 } else { noise(x, y) }));
        // The rim has neighbours missing, the last row of the even part has noise below.
        assert!((drawn.even - 0.98 * 0.48).abs() < 1e-6 && drawn.of_few_greys == drawn.even, "{drawn:?}");
    }

    #[test]
    fn bars_have_steps_and_ramps_have_none() {
        assert_eq!(Drawn::of(&plane(|x, _| x as f32)).steps, 0.0);
        assert!((Drawn::of(&plane(|x, _| if x / 10 % 2 == 0 { 0.0 } else { 9.0 })).steps - 0.09).abs() < 1e-6);
    }

    #[test]
    fn many_even_greys_are_not_a_few() {
        let stairs = Drawn::of(&plane(|x, y| (x / 10 * 10 + y / 10) as f32));
        assert!(stairs.even > 0.6 && stairs.of_few_greys < 0.03, "{stairs:?}");
    }

    #[test]
    fn rows_are_counted_as_pixel_by_pixel() {
        for (width, height) in [(1, 1), (1, 9), (9, 1), (2, 7), (3, 3), (65, 20), (67, 40), (200, 30)] {
            let blocks = |i: usize| ((i % width / 7 * 31 + i / width / 5 * 17) % 3) as f32;
            let specks = |i: usize| if (i * 7919).is_multiple_of(23) { f32::NAN } else { blocks(i) };
            let plane = Plane { width, height, values: (0..width * height).map(specks).collect() };
            let at = |x: isize, y: isize| {
                let inside = (0..width as isize).contains(&x) && (0..height as isize).contains(&y);
                inside.then(|| plane.values[y as usize * width + x as usize])
            };
            let (mut even, mut steps) = (HashMap::new(), 0);
            for (y, x) in (0..height as isize).flat_map(|y| (0..width as isize).map(move |x| (y, x))) {
                let v = at(x, y).unwrap();
                let apart = |n: Option<f32>| n.is_some_and(|n| (n - v).abs() >= 1.5);
                steps += usize::from(apart(at(x + 1, y)) || apart(at(x, y + 1)));
                if [at(x - 1, y), at(x + 1, y), at(x, y - 1), at(x, y + 1)].into_iter().all(|n| n == Some(v)) {
                    *even.entry(v.to_bits()).or_insert(0) += 1;
                }
            }
            let counts = (0..height).fold(Counts::default(), |counts, y| counts.with_row(&plane, y, 1.5));
            let found: HashMap<u32, usize> = counts.even.into_iter().filter(|(_, count)| *count > 0).collect();
            assert_eq!((found, counts.steps), (even, steps), "{width} × {height}");
        }
    }

    #[test]
    fn one_value_has_no_traits() {
        assert_eq!(Drawn::of(&Plane::filled(9, 9, 3.0)), Drawn::default());
    }
}
