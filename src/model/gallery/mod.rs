//! A gallery: images of the user's own as a model sees them, so that those most like the image on
//! screen can be shown beside it.
//!
//! Of each image the vector in front of the model's last layer is kept, `z`, in half precision and
//! of length one. Two images are as far apart as the cosine distance of their vectors,
//! `d = 1 − z₁·z₂ / (‖z₁‖ ‖z₂‖)`: 0 the same direction, 1 nothing in common. The number alone says
//! little, since features of one network may all point nearly the same way; so a gallery knows how
//! far its own images are from their nearest of another patient, and a distance is told beside
//! those ([`Gallery::farther`], [`Gallery::edge`]).
//!
//! Near to the model is not near to a radiologist: images are alike in what the model was trained
//! to tell apart, and may be alike in a marker or a border. What it does not do: find the same
//! finding, or judge.
//!
//! A gallery tells of patients. It lies in the user's data folder in private files, is bound to the
//! weights and the input of its model, and is never part of the program or of a model's folder.

pub mod file;

use std::path::PathBuf;

use half::f16;
use half::slice::HalfFloatSliceExt as _;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::files::{FileError, sha256};
use crate::limits;
use crate::model::manifest::Input;
use crate::printable::shortened;
use crate::stats::quantile;

/// Images whose distances to their nearest are looked at, evenly along the gallery.
const MEASURED: usize = 2_000;
/// Share of those distances beyond which an image is similar to none.
pub const SHARE: f64 = 0.99;
/// Fewer of those distances hardly tell where that share ends.
pub const FEW: usize = 100;
/// Images that are compared with one row of the gallery at a time.
const TOGETHER: usize = 32;

/// Why there is no gallery to look into.
#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    #[error("the gallery {path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: FileError },
    #[error("the gallery {path} cannot be written: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("the gallery is damaged ({}); make it again with `pellucid models gallery`", shortened(.0))]
    Damaged(String),
    #[error("the gallery was made with other weights than the model's; make it again with `pellucid models gallery`")]
    OtherWeights,
    #[error(
        "the gallery was made of images prepared otherwise than the model's manifest says; make it again with `pellucid models gallery`"
    )]
    OtherInput,
    #[error("a gallery holds at most {most} images, and {found} were given; take a smaller folder", most = limits::GALLERY_IMAGES)]
    TooMany { found: usize },
    #[error("a gallery needs an image at least, and none could be read")]
    Empty,
    #[error("the model has no vector in front of its last layer, so images cannot be compared by it")]
    NoFeatures,
    #[error(
        "the features of {0} are no finite numbers, so it cannot stand in a gallery; check the model with `pellucid models verify`"
    )]
    NotFinite(PathBuf),
    #[error("this account has no data folder to keep a gallery in; name a folder with --out, or set XDG_DATA_HOME")]
    NoDataFolder,
}

/// What is known of an image of a gallery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GalleryImage {
    pub path: PathBuf,
    /// Its SOP Instance UID, or the hash that stands for one.
    pub uid: String,
    /// What folders or a table say that it shows; empty where they do not tell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Whose it is; empty where nobody knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub patient: String,
}

/// What a gallery was made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GallerySource {
    /// Name of the model.
    pub model: String,
    /// SHA-256 of its weights, lower-case hex.
    pub weights_sha256: String,
    /// How images were prepared.
    pub input: Input,
    /// Folder of the images.
    pub folder: PathBuf,
    /// Day on which it was made, `2026-11-29`.
    pub made: String,
    /// Patterns that found the patient in a file name, where some were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patient_patterns: Vec<String>,
}

/// Features of images with what is known of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Gallery {
    pub source: GallerySource,
    pub images: Vec<GalleryImage>,
    /// Length of a row.
    width: usize,
    /// One row of length one an image.
    rows: Vec<f16>,
    /// Distance of images to their nearest of another patient, in rising order.
    typical: Vec<f32>,
    /// SHA-256 of the file of its features.
    features_sha256: String,
}

/// The image that similar ones are wanted of.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The vector in front of the last layer.
    pub features: &'a [f32],
    pub uid: &'a str,
    /// Empty where nobody knows.
    pub patient: &'a str,
}

/// An image of a gallery near to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour<'a> {
    pub image: &'a GalleryImage,
    /// Cosine distance, 0 to 2.
    pub distance: f32,
}

impl Gallery {
    /// A gallery of images with their features.
    ///
    /// # Errors
    /// When there is none, when there are too many, or when features are missing or no numbers.
    pub fn new(source: GallerySource, images: Vec<(GalleryImage, Vec<f32>)>) -> Result<Self, GalleryError> {
        let found = images.len();
        if found > limits::GALLERY_IMAGES {
            return Err(GalleryError::TooMany { found });
        }
        let width = images.first().ok_or(GalleryError::Empty)?.1.len();
        if width == 0 || images.iter().any(|(_, features)| features.len() != width) {
            return Err(GalleryError::NoFeatures);
        }
        let mut rows = Vec::with_capacity(found * width);
        let mut known = Vec::with_capacity(found);
        for (image, features) in images {
            let length = dot(&features, &features).sqrt();
            if !(length.is_finite() && length > 0.0) {
                return Err(GalleryError::NotFinite(image.path));
            }
            rows.extend(features.iter().map(|v| f16::from_f32(v / length)));
            known.push(image);
        }
        let features_sha256 = sha256(&file::features(&rows, known.len(), width)?);
        let mut gallery = Self { source, images: known, width, rows, typical: Vec::new(), features_sha256 };
        gallery.typical = gallery.distances_to_nearest();
        Ok(gallery)
    }

    /// Length of the vectors.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// SHA-256 of its features, lower-case hex: the same for the same images by the same weights.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.features_sha256
    }

    /// The `count` images nearest to `query`, the nearest first: neither itself nor another of its
    /// patient.
    ///
    /// # Errors
    /// When the vectors are of another length, or no numbers.
    pub fn nearest(&self, query: &Query<'_>, count: usize) -> Result<Vec<Neighbour<'_>>, GalleryError> {
        let length = dot(query.features, query.features).sqrt();
        if query.features.len() != self.width || !(length.is_finite() && length > 0.0) {
            return Err(GalleryError::NoFeatures);
        }
        let mut row = vec![0.0; self.width];
        let mut found = Vec::new();
        for (image, half) in self.images.iter().zip(self.rows.chunks_exact(self.width)) {
            if image.uid == query.uid || (!query.patient.is_empty() && image.patient == query.patient) {
                continue;
            }
            half.convert_to_f32_slice(&mut row);
            found.push(Neighbour { image, distance: distance(query.features, length, &row) });
        }
        found.sort_by(|a, b| a.distance.total_cmp(&b.distance));
        found.truncate(count);
        Ok(found)
    }

    /// The distances of the gallery's own images to their nearest of another patient, in rising
    /// order; of a large gallery, of an even selection.
    #[must_use]
    pub fn typical(&self) -> &[f32] {
        &self.typical
    }

    /// The distance beyond which an image is similar to none: farther than 99 % of the gallery's
    /// own images are from their nearest. `None` where no two images can be compared.
    #[must_use]
    pub fn edge(&self) -> Option<f32> {
        (!self.typical.is_empty()).then(|| quantile(&self.typical, SHARE) as f32)
    }

    /// The share (0–1) of the gallery's own images that are farther from their nearest than this.
    #[must_use]
    pub fn farther(&self, distance: f32) -> Option<f64> {
        let nearer = self.typical.partition_point(|d| *d <= distance);
        (!self.typical.is_empty()).then(|| (self.typical.len() - nearer) as f64 / self.typical.len() as f64)
    }

    /// Images whose patient nobody knows.
    #[must_use]
    pub fn without_patient(&self) -> usize {
        self.images.iter().filter(|image| image.patient.is_empty()).count()
    }

    fn distances_to_nearest(&self) -> Vec<f32> {
        let n = self.images.len();
        let asked = n.min(MEASURED);
        let numbers: Vec<usize> = (0..asked).map(|i| i * n / asked).collect();
        let mut all: Vec<f32> = numbers.par_chunks(TOGETHER).flat_map_iter(|some| self.nearest_of_each(some)).collect();
        all.retain(|d| d.is_finite());
        all.sort_by(f32::total_cmp);
        all
    }

    /// The distance of each of these images to its nearest of another patient; infinite without
    /// one.
    fn nearest_of_each(&self, numbers: &[usize]) -> Vec<f32> {
        let unpacked = |i: usize| {
            let mut row = vec![0.0; self.width];
            self.rows[i * self.width..(i + 1) * self.width].convert_to_f32_slice(&mut row);
            let length = dot(&row, &row).sqrt();
            (row, length)
        };
        let asked: Vec<_> = numbers.iter().map(|i| unpacked(*i)).collect();
        let mut nearest = vec![f32::INFINITY; numbers.len()];
        let mut row = vec![0.0; self.width];
        for (image, half) in self.images.iter().zip(self.rows.chunks_exact(self.width)) {
            half.convert_to_f32_slice(&mut row);
            for ((number, (own, length)), nearest) in numbers.iter().zip(&asked).zip(&mut nearest) {
                let other = &self.images[*number];
                if other.uid != image.uid && (other.patient.is_empty() || other.patient != image.patient) {
                    *nearest = nearest.min(distance(own, *length, &row));
                }
            }
        }
        nearest
    }
}

/// Cosine distance of a vector of this length to a row.
fn distance(vector: &[f32], length: f32, row: &[f32]) -> f32 {
    // Rounding must not make an image nearer than the same one.
    (1.0 - dot(vector, row) / (length * dot(row, row).sqrt())).clamp(0.0, 2.0)
}

/// Eight sums side by side, which the compiler makes one.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = left.remainder().iter().zip(right.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in left.zip(right) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::manifest::{Normalization, Resize};

    pub(crate) fn source() -> GallerySource {
        GallerySource {
            model: "toy".into(),
            weights_sha256: "ab".repeat(32),
            input: Input {
                width: 8,
                height: 8,
                channels: 1,
                resize: Resize::Squash,
                crop: 1.0,
                smoothing: 0.0,
                normalization: Normalization::PerImage,
                mean: Vec::new(),
                sd: Vec::new(),
                value_range: [0.0, 1.0],
            },
            folder: "/images".into(),
            made: "2026-11-29".into(),
            patient_patterns: Vec::new(),
        }
    }

    fn image(uid: &str, patient: &str) -> GalleryImage {
        let (path, label) = (format!("/images/{uid}.png").into(), format!("label of {uid}"));
        GalleryImage { path, uid: uid.into(), label, patient: patient.into() }
    }

    /// Vectors at 0°, 10°, 20°, 60° and 60°, the last two of one patient; of lengths that do not
    /// matter.
    pub(crate) fn fan() -> Gallery {
        let at = |degrees: f32, length: f32| {
            vec![length * degrees.to_radians().cos(), length * degrees.to_radians().sin(), 0.0]
        };
        Gallery::new(
            source(),
            vec![
                (image("a", "1"), at(0.0, 1.0)),
                (image("b", "2"), at(10.0, 7.0)),
                (image("c", ""), at(20.0, 0.1)),
                (image("d", "3"), at(60.0, 2.0)),
                (image("e", "3"), at(60.0, 3.0)),
            ],
        )
        .unwrap()
    }

    fn one_minus_cos(degrees: f32) -> f32 {
        1.0 - degrees.to_radians().cos()
    }

    #[test]
    fn the_nearest_are_those_of_the_smallest_angle() {
        let gallery = fan();
        let query = Query { features: &[5.0, 0.0, 0.0], uid: "new", patient: "" };
        let found = gallery.nearest(&query, 3).unwrap();
        let uids: Vec<&str> = found.iter().map(|n| n.image.uid.as_str()).collect();
        assert_eq!(uids, ["a", "b", "c"]);
        for (neighbour, angle) in found.iter().zip([0.0, 10.0, 20.0]) {
            // Half precision: about 5e-4 of each component.
            assert!((neighbour.distance - one_minus_cos(angle)).abs() < 5e-4, "{neighbour:?}");
        }
    }

    #[test]
    fn the_image_itself_and_its_patient_are_left_out() {
        let gallery = fan();
        let of = |uid, patient| {
            let query = Query { features: &[1.0, 0.0, 0.0], uid, patient };
            let found = gallery.nearest(&query, 9).unwrap();
            found.iter().map(|n| n.image.uid.clone()).collect::<Vec<_>>()
        };
        assert_eq!(of("a", ""), ["b", "c", "d", "e"]);
        assert_eq!(of("new", "3"), ["a", "b", "c"]);
        // Who is not known is nobody's patient: "c" stays.
        assert_eq!(of("b", "2"), ["a", "c", "d", "e"]);
    }

    #[test]
    fn distances_inside_are_to_the_nearest_of_another_patient() {
        let gallery = fan();
        // a–b, b–a (or b–c), c–b at 10°; d and e are one patient, and nearest to c at 40°.
        let expected = [10.0, 10.0, 10.0, 40.0, 40.0].map(one_minus_cos);
        assert_eq!(gallery.typical().len(), 5);
        for (found, expected) in gallery.typical().iter().zip(expected) {
            assert!((found - expected).abs() < 1e-3, "{:?}", gallery.typical());
        }
        assert!((gallery.edge().unwrap() - one_minus_cos(40.0)).abs() < 1e-3);
        assert_eq!(gallery.farther(one_minus_cos(20.0)), Some(0.4));
        assert_eq!(gallery.farther(one_minus_cos(90.0)), Some(0.0));
        assert_eq!(gallery.without_patient(), 1);
    }

    #[test]
    fn one_image_has_no_typical_distance() {
        let gallery = Gallery::new(source(), vec![(image("a", "1"), vec![1.0, 2.0])]).unwrap();
        assert_eq!((gallery.edge(), gallery.farther(0.1)), (None, None));
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let two = |features: Vec<f32>| Gallery::new(source(), vec![(image("a", ""), features)]);
        assert!(matches!(Gallery::new(source(), Vec::new()), Err(GalleryError::Empty)));
        assert!(matches!(two(Vec::new()), Err(GalleryError::NoFeatures)));
        assert!(matches!(two(vec![0.0, 0.0]), Err(GalleryError::NotFinite(_))));
        assert!(matches!(two(vec![f32::NAN, 0.0]), Err(GalleryError::NotFinite(_))));
        let query = Query { features: &[1.0, 0.0], uid: "", patient: "" };
        assert!(matches!(fan().nearest(&query, 1), Err(GalleryError::NoFeatures)));
    }

    #[test]
    fn sums_side_by_side_are_the_sum() {
        let a: Vec<f32> = (0..19).map(|i| i as f32).collect();
        assert_eq!(dot(&a, &a), 2109.0);
    }
}
