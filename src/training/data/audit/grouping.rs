//! Images that must not stand on both sides of a split although no name says that they belong
//! together.
//!
//! Public sets hold neighbouring slices of one scan, and the same image under several names. A
//! network that has learned one of them knows the other: metrics on it flatter. Near-duplicates
//! ([`super::near_duplicates`]) form a group, with all images of their patients, and with the
//! near-duplicates of those.
//!
//! Not found: slices of one patient that do not look alike.

use std::collections::HashMap;

use rayon::prelude::*;

use super::fingerprint::Fingerprint;
use super::near_duplicates::{NearDuplicate, near_duplicates};
use crate::training::Result;
use crate::training::data::sample::Sample;

/// For each image, whose patient is named, the first image of its group: images of one patient and
/// the pairs that were `found`, and so on through them.
pub fn groups(patients: &[&str], found: &[NearDuplicate]) -> Vec<usize> {
    let mut heads: Vec<usize> = (0..patients.len()).collect();
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (i, patient) in patients.iter().enumerate() {
        join(&mut heads, *first.entry(patient).or_insert(i), i);
    }
    for pair in found {
        join(&mut heads, pair.images[0], pair.images[1]);
    }
    (0..patients.len()).map(|i| head(&mut heads, i)).collect()
}

/// Makes one patient of each group of near-duplicates among `samples`, so that no split tears it,
/// and says of how many images; `progress` is called with how many were compared with all others.
///
/// # Errors
/// As [`near_duplicates`].
pub fn group_near_duplicates(samples: &mut [Sample], progress: &(dyn Fn(usize) + Sync)) -> Result<String> {
    let fingerprints: Vec<Fingerprint> = samples.par_iter().map(|s| Fingerprint::of(&s.pixels.plane())).collect();
    let found = near_duplicates(&fingerprints.iter().collect::<Vec<_>>(), progress)?;
    let patients: Vec<&str> = samples.iter().map(|s| s.patient.as_str()).collect();
    let groups = groups(&patients, &found);
    let heads: Vec<String> = groups.iter().map(|&head| samples[head].patient.clone()).collect();
    let mut moved = 0;
    for (sample, head) in samples.iter_mut().zip(heads) {
        moved += usize::from(sample.patient != head);
        sample.patient = head;
    }
    Ok(format!("{moved} images are near-duplicates of others and stay on their side of the split"))
}

/// The head of a group, with the way to it made short (union–find, path halving).
fn head(heads: &mut [usize], mut i: usize) -> usize {
    while heads[i] != i {
        heads[i] = heads[heads[i]];
        i = heads[i];
    }
    i
}

/// The smaller number heads the united group.
fn join(heads: &mut [usize], a: usize, b: usize) {
    let (a, b) = (head(heads, a), head(heads, b));
    heads[a.max(b)] = a.min(b);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Plane;
    use crate::training::data::audit::testing::radiograph;

    #[test]
    fn near_duplicates_of_near_duplicates_are_of_one_group() {
        let of = |seed| Fingerprint::of(&radiograph(seed));
        let mirrored = |image: Plane| {
            let values = image.values.chunks(image.width).flat_map(|row| row.iter().rev().copied()).collect();
            Fingerprint::of(&Plane { values, ..image })
        };
        let (a, near, b, c) = (of(1), mirrored(radiograph(1)), of(2), of(3));
        let images = [&a, &b, &near, &c, &b];
        let found = near_duplicates(&images, &|_| ()).unwrap();
        let groups = |patients: [&str; 5]| groups(&patients, &found);
        // Image 2 looks like 0, image 4 like 1, and 2 and 4 are of one patient.
        assert_eq!(groups(["p", "q", "r", "s", "r"]), [0, 0, 0, 3, 0]);
        assert_eq!(groups(["p", "q", "r", "s", "t"]), [0, 1, 0, 3, 1]);
    }
}
