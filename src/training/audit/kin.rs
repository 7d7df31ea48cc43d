//! Images that must not stand on both sides of a split although no name says that they belong together.
//!
//! Public sets hold neighbouring slices of one scan, and the same picture under several names. A network that has
//! learned one of them knows the other: figures on it flatter. Kin are found by [`super::pairs::alike`]; kin of kin are
//! kin, and so are all images of their patients.
//!
//! Not found: slices of one patient that do not look alike.

use std::collections::HashMap;

use super::fingerprint::Fingerprint;
use super::pairs::alike;

/// For each image the first image of its family: images of one patient and images that look alike, and so on through them.
pub fn families(images: &[&Fingerprint], patients: &[&str]) -> Vec<usize> {
    let mut heads: Vec<usize> = (0..images.len()).collect();
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (i, patient) in patients.iter().enumerate() {
        join(&mut heads, *first.entry(patient).or_insert(i), i);
    }
    for (a, b, _) in alike(images) {
        join(&mut heads, a, b);
    }
    (0..images.len()).map(|i| head(&mut heads, i)).collect()
}

/// The head of a family, with the way to it made short (union–find, path halving).
fn head(heads: &mut [usize], mut i: usize) -> usize {
    while heads[i] != i {
        heads[i] = heads[heads[i]];
        i = heads[i];
    }
    i
}

/// The smaller number heads the united family.
fn join(heads: &mut [usize], a: usize, b: usize) {
    let (a, b) = (head(heads, a), head(heads, b));
    heads[a.max(b)] = a.min(b);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Plane;

    fn waves(step: f32) -> Fingerprint {
        let value = |i: usize| 0.5 + 0.4 * ((i % 64) as f32 * step).sin() * ((i / 64) as f32 * 0.11).cos();
        Fingerprint::of(&Plane { width: 64, height: 64, values: (0..64 * 64).map(value).collect() })
    }

    #[test]
    fn kin_of_kin_are_kin() {
        let (a, near, b, c) = (waves(0.2), waves(0.2005), waves(0.35), waves(0.5));
        let images = [&a, &b, &near, &c, &b];
        // Image 2 looks like 0, image 4 like 1, and 2 and 4 are of one patient.
        assert_eq!(families(&images, &["p", "q", "r", "s", "r"]), [0, 0, 0, 3, 0]);
        assert_eq!(families(&images, &["p", "q", "r", "s", "t"]), [0, 1, 0, 3, 1]);
    }
}
