//! Pairs of images that are the same, or can hardly be told apart.

use std::cmp::Reverse;
use std::collections::HashMap;

use rayon::prelude::*;
use serde::Serialize;

use super::fingerprint::Fingerprint;
use super::{Image, NAMED};
use crate::training::data::Part;

/// Most bits of 256 in which the hashes of candidates differ.
const BITS: u32 = 40;
/// Least correlation of the thumbnails of near duplicates.
const ALIKE: f32 = 0.995;

/// Two images that should not both be there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    pub first: String,
    pub second: String,
    /// Correlation of the thumbnails; 1 for the same pixels.
    pub correlation: f32,
    /// They stand in different parts of the split.
    pub leak: bool,
    /// They have different labels.
    pub conflict: bool,
    pub parts: [Option<Part>; 2],
    /// Numbers of the images, for pictures.
    #[serde(skip)]
    pub images: [usize; 2],
}

impl Pair {
    fn of(images: &[Image], a: usize, b: usize, correlation: f32) -> Self {
        let (x, y) = (&images[a], &images[b]);
        // What is unknown contradicts nothing.
        let differ = |(x, y): (&f32, &f32)| (x - y).abs() > 0.5;
        Self {
            first: x.listed.key.clone(),
            second: y.listed.key.clone(),
            correlation,
            leak: x.part.is_some() && y.part.is_some() && x.part != y.part,
            conflict: x.listed.truth.iter().zip(&y.listed.truth).any(differ),
            parts: [x.part, y.part],
            images: [a, b],
        }
    }
}

/// Every pair, in rising order, of the same pixels or of thumbnails that can hardly be told apart, with their correlation.
pub fn alike(images: &[&Fingerprint]) -> Vec<(usize, usize, f32)> {
    let of = |a: usize| {
        let mine = images[a];
        let rest = images[a + 1..].iter().enumerate().map(move |(k, other)| (a + 1 + k, *other));
        rest.filter_map(|(b, other)| {
            if other.pixels == mine.pixels {
                return Some((a, b, 1.0));
            }
            let near = mine.distance(other) <= BITS;
            let correlation = near.then(|| mine.correlation(other)).flatten().filter(|c| *c >= ALIKE)?;
            Some((a, b, correlation))
        })
        .collect::<Vec<_>>()
    };
    (0..images.len()).into_par_iter().flat_map_iter(of).collect()
}

/// Pairs of the same pixels (each copy with the first of its kind), and pairs that are nearly the same; worst first.
pub fn pairs(images: &[Image]) -> (Vec<Pair>, Vec<Pair>) {
    let mut kinds: HashMap<[u8; 32], Vec<usize>> = HashMap::new();
    for (i, image) in images.iter().enumerate() {
        kinds.entry(image.fingerprint.pixels).or_default().push(i);
    }
    let mut exact = Vec::new();
    for members in kinds.values() {
        // All pairs of a kind, so that no leak hides behind a copy in the same part; but kinds of hundreds only in a row.
        let pairs = members.len() <= 32;
        for (place, &b) in members.iter().enumerate().skip(1) {
            let before = if pairs { &members[..place] } else { &members[..1] };
            exact.extend(before.iter().map(|&a| Pair::of(images, a, b, 1.0)));
        }
    }
    let fingerprints: Vec<&Fingerprint> = images.iter().map(|i| &i.fingerprint).collect();
    let mut near: Vec<Pair> = (alike(&fingerprints).into_iter())
        .filter(|(a, b, _)| images[*a].fingerprint.pixels != images[*b].fingerprint.pixels)
        .map(|(a, b, correlation)| Pair::of(images, a, b, correlation))
        .collect();
    for list in [&mut exact, &mut near] {
        list.sort_by(|a, b| {
            let worse = |p: &Pair| Reverse((p.leak, p.conflict));
            worse(a).cmp(&worse(b)).then(b.correlation.total_cmp(&a.correlation)).then(a.images.cmp(&b.images))
        });
        list.truncate(NAMED);
    }
    (exact, near)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::imaging::Plane;
    use crate::training::data::{Facts, Listed, Origin};

    fn image(key: &str, truth: [f32; 2], part: Part, plane: &Plane) -> Image {
        Image {
            listed: Listed {
                origin: Origin::File(PathBuf::from(key)),
                key: key.into(),
                truth: truth.to_vec(),
                patient: crate::study::patients::Lead::default(),
                part: Some(part),
                facts: Facts::default(),
            },
            patient: key.into(),
            told: crate::study::patients::Told::Nothing,
            part: Some(part),
            fingerprint: Fingerprint::of(plane),
        }
    }

    fn waves(step: f32) -> Plane {
        let value = |i: usize| 0.5 + 0.4 * ((i % 64) as f32 * step).sin() * ((i / 64) as f32 * 0.11).cos();
        Plane { width: 64, height: 64, values: (0..64 * 64).map(value).collect() }
    }

    #[test]
    fn leaks_and_conflicts_come_first() {
        let darker = Plane { values: waves(0.2).values.iter().map(|v| v * 0.8).collect(), ..waves(0.2) };
        let images = [
            image("a", [1.0, 0.0], Part::Training, &waves(0.2)),
            image("copy of a", [1.0, 0.0], Part::Training, &waves(0.2)),
            image("a in test", [1.0, 0.0], Part::Test, &waves(0.2)),
            image("a, darker, as another class", [0.0, 1.0], Part::Training, &darker),
            image("b", [0.0, 1.0], Part::Training, &waves(0.35)),
        ];
        let (exact, near) = pairs(&images);
        let names = |p: &Pair| (p.first.clone(), p.second.clone(), p.leak, p.conflict);
        assert_eq!(exact.len(), 3);
        assert_eq!(names(&exact[0]), ("a".into(), "a in test".into(), true, false));
        assert_eq!(names(&exact[2]), ("a".into(), "copy of a".into(), false, false));
        assert_eq!(near.len(), 3);
        assert_eq!(names(&near[0]), ("a in test".into(), "a, darker, as another class".into(), true, true));
        assert!(near.iter().all(|p| p.conflict && p.correlation > 0.995));
    }

    #[test]
    fn what_is_unknown_contradicts_nothing() {
        let images = [
            image("a", [1.0, f32::NAN], Part::Training, &waves(0.2)),
            image("b", [1.0, 1.0], Part::Training, &waves(0.2)),
        ];
        let (exact, _) = pairs(&images);
        assert!(!exact[0].conflict && !exact[0].leak);
    }
}
