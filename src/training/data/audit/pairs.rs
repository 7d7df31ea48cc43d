//! Pairs of images that are the same, or show the same exposure, and what is wrong with them.

use std::cmp::Reverse;

use serde::Serialize;

use super::near_duplicates::NearDuplicate;
use super::{AuditedImage, NAMED};
use crate::training::data::part::SplitPart;

/// Two images that should not both be there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    pub first: String,
    pub second: String,
    /// Correlation of their details, laid over each other; 1 for the same pixels.
    pub correlation: f32,
    /// They stand in different parts of the split.
    pub leak: bool,
    /// They have different labels.
    pub conflict: bool,
    pub parts: [Option<SplitPart>; 2],
    /// Numbers of the images, for images.
    #[serde(skip)]
    pub images: [usize; 2],
    /// What makes the second of the first, in words; empty where nothing can be seen.
    pub change: String,
}

impl Pair {
    fn of(images: &[AuditedImage], pair: &NearDuplicate) -> Self {
        let [a, b] = pair.images;
        let (x, y) = (&images[a], &images[b]);
        // What is unknown contradicts nothing.
        let differ = |(x, y): (&f32, &f32)| (x - y).abs() > 0.5;
        Self {
            first: x.listed.key.clone(),
            second: y.listed.key.clone(),
            correlation: pair.correlation,
            leak: x.part.is_some() && y.part.is_some() && x.part != y.part,
            conflict: x.listed.truth.iter().zip(&y.listed.truth).any(differ),
            parts: [x.part, y.part],
            images: [a, b],
            change: pair.change.words(),
        }
    }
}

/// The pairs that were `found`: of the same pixels, and the others; worst first.
pub fn pairs(images: &[AuditedImage], found: &[NearDuplicate]) -> (Vec<Pair>, Vec<Pair>) {
    let same = |pair: &NearDuplicate| {
        let [a, b] = pair.images.map(|i| images[i].fingerprint.pixels);
        a == b
    };
    let (mut exact, mut near): (Vec<Pair>, Vec<Pair>) = (Vec::new(), Vec::new());
    for pair in found {
        if same(pair) { exact.push(Pair::of(images, pair)) } else { near.push(Pair::of(images, pair)) }
    }
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
    use crate::training::data::audit::fingerprint::Fingerprint;
    use crate::training::data::audit::near_duplicates::near_duplicates;
    use crate::training::data::audit::testing::radiograph;
    use crate::training::data::listed::{ImageFacts, ListedImage, Origin};

    fn image(key: &str, truth: [f32; 2], part: SplitPart, plane: &Plane) -> AuditedImage {
        AuditedImage {
            listed: ListedImage {
                origin: Origin::File(PathBuf::from(key)),
                key: key.into(),
                truth: truth.to_vec(),
                patient: crate::study::patients::Lead::default(),
                part: Some(part),
                facts: ImageFacts::default(),
            },
            patient: key.into(),
            recognised_by: crate::study::patients::PatientSource::Nothing,
            part: Some(part),
            fingerprint: Fingerprint::of(plane),
        }
    }

    fn found(images: &[AuditedImage]) -> (Vec<Pair>, Vec<Pair>) {
        let fingerprints: Vec<&Fingerprint> = images.iter().map(|i| &i.fingerprint).collect();
        pairs(images, &near_duplicates(&fingerprints, &|_| ()).unwrap())
    }

    #[test]
    fn leaks_and_conflicts_come_first() {
        let darker = Plane { values: radiograph(1).values.iter().map(|v| v * 0.8).collect(), ..radiograph(1) };
        let images = [
            image("a", [1.0, 0.0], SplitPart::Training, &radiograph(1)),
            image("copy of a", [1.0, 0.0], SplitPart::Training, &radiograph(1)),
            image("a in test", [1.0, 0.0], SplitPart::Test, &radiograph(1)),
            image("a, darker, as another class", [0.0, 1.0], SplitPart::Training, &darker),
            image("b", [0.0, 1.0], SplitPart::Training, &radiograph(2)),
        ];
        let (exact, near) = found(&images);
        let names = |p: &Pair| (p.first.clone(), p.second.clone(), p.leak, p.conflict);
        assert_eq!(exact.len(), 3);
        assert_eq!(names(&exact[0]), ("a".into(), "a in test".into(), true, false));
        assert_eq!(names(&exact[2]), ("a".into(), "copy of a".into(), false, false));
        assert_eq!(near.len(), 3);
        assert_eq!(names(&near[0]), ("a in test".into(), "a, darker, as another class".into(), true, true));
        assert!(near.iter().all(|p| p.conflict && p.correlation > 0.98 && p.change.is_empty()));
    }

    #[test]
    fn what_is_unknown_contradicts_nothing() {
        let images = [
            image("a", [1.0, f32::NAN], SplitPart::Training, &radiograph(1)),
            image("b", [1.0, 1.0], SplitPart::Training, &radiograph(1)),
        ];
        let (exact, _) = found(&images);
        assert!(!exact[0].conflict && !exact[0].leak);
    }
}
