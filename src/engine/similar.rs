//! Similar cases: the images of the user's own gallery that are most like the one that was
//! analysed, as its model sees them.
//!
//! What is similar is decided by the gallery itself ([`crate::model::gallery`]): an image farther
//! away than 99 % of the gallery's own images are from their nearest is similar to none of them,
//! and none is shown. The image itself and others of its patient are left out.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;

use super::EngineError;
use super::pass::Known;
use crate::model::Model;
use crate::model::gallery::{FEW, Gallery, GalleryError, Query, SHARE, file};
use crate::stats::quantile;
use crate::study::Frame;
use crate::study::patients::{Patients, key_of};

/// Similar cases that are shown beside an image.
pub const SHOWN: usize = 6;

/// An image of the gallery like the one that was analysed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SimilarCase {
    pub path: PathBuf,
    /// Its SOP Instance UID, or the hash that stands for one.
    pub uid: String,
    /// What folders or a table say that it shows; empty where they do not tell.
    pub label: String,
    /// Cosine distance of the vectors in front of the last layer.
    pub distance: f32,
    /// Share (0–1) of the gallery's own images that are farther from their nearest.
    pub farther: f64,
    /// Whether its file lies there still.
    pub is_there: bool,
}

/// What a gallery says of an image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SimilarCases {
    /// Nearest first, those that are similar; empty where none is.
    pub cases: Vec<SimilarCase>,
    /// Distance of the nearest image, similar or not; `None` where all are of the same patient.
    pub nearest: Option<f32>,
    /// Half of the gallery's own images are nearer to their nearest than this.
    pub median: Option<f32>,
    /// 99 % of them are; beyond it an image is similar to none.
    pub edge: Option<f32>,
    /// Images of the gallery whose distance to their nearest is known.
    pub measured: usize,
    /// Images in the gallery.
    pub images: usize,
    /// The folder that it was made of, and when.
    pub folder: PathBuf,
    pub made: String,
    /// SHA-256 of its features.
    pub gallery_sha256: String,
    /// What the reader should know, in sentences.
    pub remarks: Vec<String>,
}

/// What there is to say of similar cases.
#[derive(Clone, Debug, PartialEq)]
pub enum Similar {
    /// The model has no gallery.
    NoGallery,
    /// It has one that cannot be used; the sentence says why.
    Unusable(String),
    Cases(SimilarCases),
}

/// How a gallery is made, for whoever has none.
#[must_use]
pub fn how_to_make(model: &str) -> String {
    format!("pellucid models gallery {model} DIR")
}

/// The galleries of models, each read once as long as its files stay the same.
#[derive(Default)]
pub struct Galleries {
    /// In the place of the data folder.
    folder: Option<PathBuf>,
    last: Option<Kept>,
}

/// A gallery with what it was read for.
struct Kept {
    folder: PathBuf,
    weights_sha256: String,
    written: Option<SystemTime>,
    gallery: Option<Arc<Gallery>>,
}

impl Galleries {
    /// The gallery in this folder for every model, and none of the data folder.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder: Some(folder), last: None }
    }

    /// The gallery of a model, where it has one.
    ///
    /// # Errors
    /// When it cannot be read, or belongs to another model.
    pub fn of(&mut self, model: &Model) -> Result<Option<Arc<Gallery>>, GalleryError> {
        let named = || file::folder(&model.manifest.name, &model.sha256);
        let Some(folder) = self.folder.clone().or_else(named) else { return Ok(None) };
        let written = written(&folder);
        if let Some(kept) = &self.last
            && kept.folder == folder
            && kept.weights_sha256 == model.sha256
            && kept.written == written
        {
            return Ok(kept.gallery.clone());
        }
        self.last = None;
        let gallery = Gallery::of_model(&folder, model)?.map(Arc::new);
        let weights_sha256 = model.sha256.clone();
        self.last = Some(Kept { folder, weights_sha256, written, gallery: gallery.clone() });
        Ok(gallery)
    }

    /// What there is to say of the image that `known` holds the pass of; `None` before it was
    /// scored.
    ///
    /// # Errors
    /// When the network cannot be run; what is wrong with the gallery is said in the answer.
    pub fn similar(
        &mut self,
        model: &Model,
        frame: &Frame,
        known: &Known,
        count: usize,
    ) -> Result<Option<Similar>, EngineError> {
        let gallery = match self.of(model) {
            Ok(Some(gallery)) => gallery,
            Ok(None) => return Ok(Some(Similar::NoGallery)),
            Err(error) => return Ok(Some(Similar::Unusable(error.to_string()))),
        };
        let Some(features) = known.before_head(&model.network)? else { return Ok(None) };
        Ok(Some(match SimilarCases::of(&gallery, frame, &features, count) {
            Ok(cases) => Similar::Cases(cases),
            Err(error) => Similar::Unusable(error.to_string()),
        }))
    }
}

/// When the index in a folder was last written.
fn written(folder: &Path) -> Option<SystemTime> {
    std::fs::metadata(folder.join(file::INDEX)).and_then(|about| about.modified()).ok()
}

impl SimilarCases {
    /// The `count` images of `gallery` most like `frame`, whose vector in front of the last layer
    /// is given.
    ///
    /// # Errors
    /// When the vector is of another length than those of the gallery.
    pub fn of(gallery: &Gallery, frame: &Frame, features: &[f32], count: usize) -> Result<Self, GalleryError> {
        let uid = &frame.entry.identity.sop_instance_uid;
        let patient = patient(gallery, frame);
        let found = gallery.nearest(&Query { features, uid, patient: &patient }, count.max(1))?;
        let nearest = found.first().map(|neighbour| neighbour.distance);
        let edge = gallery.edge();
        let typical = gallery.typical();
        let similar = found.iter().filter(|n| edge.is_some_and(|edge| n.distance <= edge)).take(count);
        let cases = similar.map(|neighbour| SimilarCase {
            path: neighbour.image.path.clone(),
            uid: neighbour.image.uid.clone(),
            label: neighbour.image.label.clone(),
            distance: neighbour.distance,
            farther: gallery.farther(neighbour.distance).unwrap_or(0.0),
            is_there: neighbour.image.path.is_file(),
        });
        Ok(Self {
            cases: cases.collect(),
            nearest,
            median: (!typical.is_empty()).then(|| quantile(typical, 0.5) as f32),
            edge,
            measured: typical.len(),
            images: gallery.images.len(),
            folder: gallery.source.folder.clone(),
            made: gallery.source.made.clone(),
            gallery_sha256: gallery.sha256().to_owned(),
            remarks: remarks(gallery, &patient),
        })
    }

    /// Why no case is shown; `None` where one is.
    #[must_use]
    pub fn none(&self) -> Option<String> {
        if !self.cases.is_empty() {
            return None;
        }
        Some(match (self.nearest, self.edge) {
            (Some(nearest), Some(edge)) => format!(
                "No similar case: the nearest of {} images is {nearest:.4} away, farther than {:.0} % of the gallery's own \
                 images are from their nearest ({edge:.4}).",
                self.images,
                SHARE * 100.0
            ),
            (Some(_), None) => "No similar case can be told: no two images of the gallery can be compared.".into(),
            (None, _) => "No similar case: the gallery holds no image of another patient.".into(),
        })
    }
}

impl SimilarCase {
    /// `nearer than 63 % of the gallery's own images are to their nearest`
    #[must_use]
    pub fn in_words(&self) -> String {
        let percent = (self.farther * 100.0).round();
        format!("nearer than {percent:.0} % of the gallery's own images are to their nearest")
    }
}

/// Whose the image is, as the gallery has it or recognises patients; empty where nobody knows.
fn patient(gallery: &Gallery, frame: &Frame) -> String {
    let entry = &frame.entry;
    let uid = &entry.identity.sop_instance_uid;
    if let Some(own) = gallery.images.iter().find(|image| image.uid == *uid && !image.patient.is_empty()) {
        return own.patient.clone();
    }
    // Patterns were checked when the gallery was made; one that no longer parses finds nobody.
    let patients = Patients::of(&gallery.source.patient_patterns).unwrap_or_default();
    let name = entry.path.file_name().unwrap_or_default().to_string_lossy();
    let lead = patients.lead(&name, &key_of(Path::new(""), &entry.path), None);
    lead.with_header(&entry.meta.patient_id).0.unwrap_or_default()
}

fn remarks(gallery: &Gallery, patient: &str) -> Vec<String> {
    let mut remarks = Vec::new();
    let unknown = gallery.without_patient();
    if patient.is_empty() {
        remarks.push("Whose image this is is not known, so the same patient may be among them.".into());
    } else if unknown > 0 {
        let of = gallery.images.len();
        remarks.push(format!(
            "Of {unknown} of the {of} images of the gallery the patient is not known, so the same one may be among them."
        ));
    }
    let measured = gallery.typical().len();
    if measured > 0 && measured < FEW {
        remarks.push(format!("How far is far is known from {measured} images only."));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::{PixelData, Plane};
    use crate::model::gallery::{GalleryImage, GallerySource};
    use crate::study::{Identity, ImageEntry, Metadata, SharedUid, StackPlace};

    fn source() -> GallerySource {
        let text = r#"{
            "model": "toy", "weights_sha256": "ab", "folder": "/images", "made": "2026-11-29",
            "input": { "width": 8, "height": 8, "channels": 1, "resize": "squash", "normalization": "per-image" }
        }"#;
        serde_json::from_str(text).unwrap()
    }

    /// `n` images of as many patients on a quarter circle, 90°/n apart.
    fn quarter(n: usize) -> Gallery {
        let image = |i: usize| {
            let angle = (90.0 * i as f32 / n as f32).to_radians();
            let image = GalleryImage {
                path: format!("/images/person{i}_a.png").into(),
                uid: i.to_string(),
                label: if i < n / 2 { "Normal".into() } else { String::new() },
                patient: format!("person{i}"),
            };
            (image, vec![angle.cos(), angle.sin(), 0.0])
        };
        Gallery::new(source(), (0..n).map(image).collect()).unwrap()
    }

    /// 1.2° from the first image and 1.8° from the second.
    fn between() -> [f32; 3] {
        let angle = 1.2_f32.to_radians();
        [angle.cos(), angle.sin(), 0.0]
    }

    fn frame(path: &str, uid: &str) -> Frame {
        let entry = ImageEntry {
            path: path.into(),
            identity: Identity { sop_instance_uid: uid.into(), ..Identity::default() },
            meta: Metadata::default(),
            columns: 1,
            rows: 1,
            frames: 1,
            has_pixels: true,
            title: String::new(),
            shared_uid: SharedUid::default(),
            place: StackPlace::default(),
        };
        Frame {
            entry: Arc::new(entry),
            index: 0,
            pixels: PixelData::grey(Plane { width: 1, height: 1, values: vec![0.0] }, (0.0, 1.0)),
            spacing: None,
            display: crate::study::DisplayAttributes::default(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn the_nearest_come_with_their_labels_and_what_their_distance_means() {
        let found = SimilarCases::of(&quarter(30), &frame("/x/new.png", "new"), &between(), 3).unwrap();
        let uids: Vec<&str> = found.cases.iter().map(|c| c.uid.as_str()).collect();
        // All are 3° apart; the third lies at 4.8°, farther than any image is from its nearest.
        assert_eq!(uids, ["0", "1"]);
        assert_eq!(found.cases[0].label, "Normal");
        assert_eq!(found.cases[0].farther, 1.0);
        assert!((found.median.unwrap() - (1.0 - 3.0_f32.to_radians().cos())).abs() < 1e-3);
        assert_eq!((found.images, found.measured, found.none()), (30, 30, None));
        assert!(found.remarks[0].contains("not known") && found.remarks[1].contains("30 images only"));
    }

    #[test]
    fn an_image_unlike_all_is_similar_to_none() {
        let found = SimilarCases::of(&quarter(30), &frame("/x/new.png", "new"), &[0.1, 0.0, 1.0], 3).unwrap();
        assert!(found.cases.is_empty());
        let words = found.none().unwrap();
        assert!(words.starts_with("No similar case: the nearest of 30 images is 0.9"), "{words}");
        assert!(words.contains("farther than 99 %"), "{words}");
    }

    #[test]
    fn the_patient_is_known_by_the_gallery_or_by_the_name_of_the_file() {
        let gallery = quarter(30);
        let nearest = |path: &str, uid: &str| {
            let found = SimilarCases::of(&gallery, &frame(path, uid), &between(), 1).unwrap();
            found.cases.first().map(|case| case.uid.clone())
        };
        assert_eq!(nearest("/x/new.png", "new"), Some("0".into()));
        // Another image of the patient of image 0, and image 0 under another name.
        assert_eq!(nearest("/x/person0_b.png", "new"), Some("1".into()));
        assert_eq!(nearest("/x/renamed.png", "0"), Some("1".into()));
    }
}
