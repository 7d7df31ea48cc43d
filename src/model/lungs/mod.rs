//! Where the lungs are: a small network that outlines both fields of a frontal chest radiograph,
//! the part that the heart hides included, and says how sure it is.
//!
//! The image is squashed to a square, its tails are clipped, its greys standardised; the network
//! ([`crate::network::segmentation`]) sees it four times: as it is, mirrored, and with two other
//! tone curves ([`views`]). The mean of the four probability maps is cut at one half, the two
//! largest parts become the fields ([`fields`]), and the **expected Dice** between the mask and
//! each view's probabilities tells how far they agree: below a threshold that was chosen on
//! validation images, or where the shape is none of two lungs, the segmenter refuses with a
//! sentence.
//!
//! A segmenter is a folder with `segmenter.toml` and `weights.safetensors`; the one that comes with
//! the program lies in `models/lungs`. It is no model that classifies: nobody selects it.
//!
//! What it does not do: lateral views, lungs apart from lobes or the heart, the parts of the lung
//! behind the diaphragm. Sides are those of an image that is not mirrored: the patient's right lung
//! stands on the left. Someone without two lungs is refused.

pub mod fields;
pub mod manifest;
pub mod views;

use std::borrow::Cow;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};

use self::fields::{Fields, ShapeError};
use self::manifest::{SegmenterManifest, SegmenterManifestError};
use self::views::{COUNT, Views};
use crate::files::{FileError, read_regular, sha256};
use crate::imaging::{Plane, bilinear};
use crate::limits;
use crate::network::segmentation::SegmentationArchitecture;
use crate::network::weights::{TensorFile, WeightError};
use crate::network::{Mode, Network};
use crate::printable::shortened;

/// Name of the file that describes a segmenter.
pub const MANIFEST: &str = "segmenter.toml";
/// Name of the file with its weights.
pub const WEIGHTS: &str = "weights.safetensors";

static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/embedded_segmenter.rs"));

/// Why lungs are not segmented.
#[derive(Debug, thiserror::Error)]
pub enum SegmenterError {
    #[error("this program was built without a lung segmenter; train one with train-segmenter and name its folder")]
    NotEmbedded,
    #[error("the lung segmenter has no {0}; it needs segmenter.toml and weights.safetensors")]
    Incomplete(&'static str),
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: FileError },
    #[error("the description of the lung segmenter is not usable: {0}")]
    Manifest(#[from] SegmenterManifestError),
    #[error(
        "the weights of the lung segmenter are not those that it describes (SHA-256 {found}, stated {}); install it again",
        shortened(stated)
    )]
    WrongHash { found: String, stated: String },
    #[error("the weights of the lung segmenter cannot be used: {0}")]
    Weights(#[from] WeightError),
    #[error("the lungs could not be computed: {0}")]
    Compute(#[from] candle_core::Error),
    #[error("the image is empty or holds values that are no numbers, so no lungs were outlined")]
    NoImage,
    #[error("{0}")]
    Refused(String),
}

/// The lungs of an image.
///
/// Held as probabilities on the network's grid, from which masks of any size are cut: an outline is
/// no finer than the grid, however large the image.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentedLungs {
    /// Size of the image in pixels.
    pub width: usize,
    pub height: usize,
    /// Probabilities of the patient's right and left lung, which in an image that is not mirrored
    /// stand on the left and on the right.
    pub right: Plane,
    pub left: Plane,
    /// Expected Dice of the mask, 0–1: see [`views`].
    pub agreement: f32,
    /// Mean entropy, in bits, of the pixels along the outline, and the entropy of every pixel of
    /// the grid.
    pub outline_entropy: f32,
    pub entropy: Plane,
}

impl SegmentedLungs {
    /// Both lungs at the image's size, row by row.
    #[must_use]
    pub fn mask(&self) -> Vec<bool> {
        self.mask_at(self.width, self.height)
    }

    /// Both lungs at any size.
    #[must_use]
    pub fn mask_at(&self, width: usize, height: usize) -> Vec<bool> {
        let (right, left) = (cut(&self.right, width, height), cut(&self.left, width, height));
        right.iter().zip(&left).map(|(r, l)| *r || *l).collect()
    }

    /// The patient's right lung at the image's size.
    #[must_use]
    pub fn right_mask(&self) -> Vec<bool> {
        cut(&self.right, self.width, self.height)
    }

    /// The patient's left lung at the image's size.
    #[must_use]
    pub fn left_mask(&self) -> Vec<bool> {
        cut(&self.left, self.width, self.height)
    }

    /// Part of the image that the lungs cover, on the grid.
    #[must_use]
    pub fn share(&self) -> f32 {
        let inside = |plane: &Plane| plane.values.iter().filter(|p| **p > 0.5).count();
        (inside(&self.right) + inside(&self.left)) as f32 / self.right.values.len().max(1) as f32
    }
}

/// Where probabilities, grown to another size, are above one half.
fn cut(plane: &Plane, width: usize, height: usize) -> Vec<bool> {
    bilinear(plane, width, height).values.iter().map(|p| *p > 0.5).collect()
}

/// What the segmenter made of an image, refused or not.
#[derive(Clone, Debug)]
pub struct Segmentation {
    /// The lungs; none where nothing like two lungs was found.
    pub lungs: Option<SegmentedLungs>,
    /// Expected Dice, 0 where there is no mask.
    pub agreement: f32,
    /// Why the lungs must not be used, in a sentence.
    pub refusal: Option<String>,
}

/// A segmenter with its weights.
pub struct LungSegmenter {
    manifest: SegmenterManifest,
    network: Network,
    device: Device,
}

impl LungSegmenter {
    /// The segmenter that comes with the program.
    ///
    /// # Errors
    /// When there is none, or its files do not fit together.
    pub fn embedded(device: &Device) -> Result<Self, SegmenterError> {
        if EMBEDDED.is_empty() {
            return Err(SegmenterError::NotEmbedded);
        }
        let file = |name: &str| EMBEDDED.iter().find(|(file, _)| *file == name).map(|(_, bytes)| Cow::Borrowed(*bytes));
        let manifest = file(MANIFEST).ok_or(SegmenterError::Incomplete(MANIFEST))?;
        let weights = file(WEIGHTS).ok_or(SegmenterError::Incomplete(WEIGHTS))?;
        Self::new(SegmenterManifest::parse(&String::from_utf8_lossy(&manifest))?, &weights, device)
    }

    /// The segmenter of a folder.
    ///
    /// # Errors
    /// When a file is missing or cannot be read, or they do not fit together.
    pub fn of_folder(folder: &Path, device: &Device) -> Result<Self, SegmenterError> {
        let read = |name: &'static str, most: u64| {
            let path = folder.join(name);
            read_regular(&path, most).map_err(|source| match source {
                FileError::Unreadable(error) if error.kind() == ErrorKind::NotFound => SegmenterError::Incomplete(name),
                source => SegmenterError::Unreadable { path, source },
            })
        };
        let manifest = read(MANIFEST, limits::MANIFEST_BYTES)?;
        let weights = read(WEIGHTS, limits::GATE_BYTES)?;
        Self::new(SegmenterManifest::parse(&String::from_utf8_lossy(&manifest))?, &weights, device)
    }

    /// A segmenter of a description and the bytes of its weights.
    ///
    /// # Errors
    /// When the two do not fit together.
    pub fn new(manifest: SegmenterManifest, weights: &[u8], device: &Device) -> Result<Self, SegmenterError> {
        let found = sha256(weights);
        if found != manifest.weights_sha256 {
            return Err(SegmenterError::WrongHash { found, stated: manifest.weights_sha256 });
        }
        let network = manifest.architecture.folded(1, &TensorFile::parse(weights)?, device)?;
        Ok(Self { manifest, network, device: device.clone() })
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &SegmenterManifest {
        &self.manifest
    }

    /// The lungs of a polarity-corrected plane of modality values.
    ///
    /// # Errors
    /// [`SegmenterError::Refused`] with the reason where it does not trust its own outline.
    pub fn segment(&self, plane: &Plane) -> Result<SegmentedLungs, SegmenterError> {
        let Segmentation { lungs, refusal, .. } = self.look(plane)?;
        match (lungs, refusal) {
            (Some(lungs), None) => Ok(lungs),
            (_, refusal) => Err(SegmenterError::Refused(refusal.unwrap_or_else(|| ShapeError::Nothing.to_string()))),
        }
    }

    /// The same with the lungs that are refused, for whoever measures the segmenter.
    ///
    /// # Errors
    /// When the image is empty or the network cannot be run.
    pub fn look(&self, plane: &Plane) -> Result<Segmentation, SegmenterError> {
        let views = self.views(plane)?;
        let agreement = views.agreement();
        let SegmenterManifest { threshold, least_share, most_share, .. } = &self.manifest;
        let refused = |refusal: String, agreement| Segmentation { lungs: None, agreement, refusal: Some(refusal) };
        let fields = match Fields::of(views.mean(), [*least_share, *most_share]) {
            Ok(fields) => fields,
            Err(shape) => return Ok(refused(shape.to_string(), 0.0)),
        };
        let (entropy, outline_entropy) = views.entropy();
        let lungs = SegmentedLungs {
            width: plane.width,
            height: plane.height,
            right: fields.right,
            left: fields.left,
            agreement,
            outline_entropy,
            entropy,
        };
        let refusal = (agreement < *threshold).then(|| {
            format!(
                "The lungs were not outlined: {COUNT} looks at the image agree with an expected Dice of {agreement:.2} only, \
                 and at least {threshold:.2} is asked for. It may be no frontal chest radiograph, or one that is hard to read."
            )
        });
        Ok(Segmentation { lungs: Some(lungs), agreement, refusal })
    }

    /// What the network makes of all views.
    fn views(&self, plane: &Plane) -> Result<Views, SegmenterError> {
        if plane.values.is_empty() || plane.values.iter().any(|v| !v.is_finite()) {
            return Err(SegmenterError::NoImage);
        }
        let side = self.manifest.side;
        let x = Tensor::from_vec(views::inputs(plane, side), (COUNT, 1, side, side), &self.device)?;
        let logits = self.network.forward(&x, Mode::Inference)?.to_device(&Device::Cpu)?;
        let logits = logits.flatten_all()?.to_vec1::<f32>()?;
        Ok(Views::of_logits(&logits, SegmentationArchitecture::logits_side(side)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_cut_at_any_size_from_the_grid() {
        // The left half of the grid is the right lung, the lower right quarter the left one.
        let plane = |inside: &dyn Fn(usize, usize) -> bool| Plane {
            width: 8,
            height: 8,
            values: (0..64).map(|i| f32::from(u8::from(inside(i % 8, i / 8)))).collect(),
        };
        let lungs = SegmentedLungs {
            width: 16,
            height: 32,
            right: plane(&|x, _| x < 3),
            left: plane(&|x, y| x > 4 && y > 3),
            agreement: 0.9,
            outline_entropy: 0.0,
            entropy: Plane::filled(8, 8, 0.0),
        };
        let (right, left, both) = (lungs.right_mask(), lungs.left_mask(), lungs.mask());
        assert_eq!((right.len(), both.len()), (512, 512));
        assert!(right[0] && !left[0] && both[0]);
        assert!(!right[31 * 16 + 15] && left[31 * 16 + 15] && both[31 * 16 + 15]);
        assert!(both.iter().zip(right.iter().zip(&left)).all(|(b, (r, l))| *b == (*r || *l)));
        assert!((lungs.share() - (24.0 + 12.0) / 64.0).abs() < 1e-6);
    }
}
