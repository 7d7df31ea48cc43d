//! Where the lungs of an image lie, for everything that speaks of them: the reader's mask, where
//! one was given; else what the lung segmenter outlines, where the file may be a chest radiograph
//! and the segmenter trusts its outline.
//!
//! [`of_frame`] is the one place that is asked; viewer, command line, report and evaluations all
//! take its answer. Where nothing is known of the lungs nothing is said of them, but in the viewer
//! why the segmenter refused.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use candle_core::Device;
use serde::{Deserialize, Serialize};

use crate::imaging::contour::Contour;
use crate::imaging::lung_fields::LungFields;
use crate::model::lungs::LungSegmenter;
use crate::study::lung_masks::{LungMask, LungMaskError, LungMasks};
use crate::study::{Frame, Metadata};

/// What the fields are known from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "from")]
pub enum FieldsSource {
    /// A mask that the reader gave.
    Mask {
        /// Nothing in an anonymised report.
        path: Option<PathBuf>,
        /// SHA-256 of the file, lower-case hex.
        sha256: String,
    },
    /// The segmenter that comes with the program.
    Segmenter {
        version: String,
        /// SHA-256 of its weights, lower-case hex.
        sha256: String,
        /// Expected Dice of the outline, 0–1: see [`crate::model::lungs`].
        expected_dice: f32,
    },
}

impl FieldsSource {
    /// In a few words: "mask person1.png".
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::Mask { path, .. } => match path.as_ref().and_then(|p| p.file_name()) {
                Some(name) => format!("mask {}", name.to_string_lossy()),
                None => "a mask of the reader's".to_owned(),
            },
            Self::Segmenter { expected_dice, .. } => {
                format!("outlined by the program, expected Dice {expected_dice:.2}")
            }
        }
    }

    /// The same without the name of a file, and without its hash: whoever has the mask would know
    /// whose it is.
    #[must_use]
    pub fn without_names(&self) -> Self {
        match self {
            Self::Mask { .. } => Self::Mask { path: None, sha256: String::new() },
            Self::Segmenter { .. } => self.clone(),
        }
    }
}

/// The lungs of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Lungs {
    /// At the resolution of the image.
    pub fields: LungFields,
    /// The lines around them, in pixels of the image.
    pub outline: Vec<Contour>,
    pub source: FieldsSource,
}

impl Lungs {
    /// Fields with their outline.
    #[must_use]
    pub fn new(fields: LungFields, source: FieldsSource) -> Self {
        Self { outline: fields.outline(), fields, source }
    }

    /// As a mask says.
    #[must_use]
    pub fn of_mask(mask: LungMask) -> Self {
        let path = std::path::absolute(&mask.path).unwrap_or(mask.path);
        Self::new(mask.fields, FieldsSource::Mask { path: Some(path), sha256: mask.sha256 })
    }
}

/// What came of looking for the lungs of an image.
#[derive(Clone, Debug)]
pub enum LungSearch {
    Found(Arc<Lungs>),
    /// The segmenter does not trust its outline; a sentence.
    Refused(String),
    /// The file says that it is no chest radiograph, or there is no segmenter.
    NotLookedFor,
    /// They are still to be looked for.
    Awaited,
}

impl LungSearch {
    /// The lungs, where it is known where they lie.
    #[must_use]
    pub fn found(&self) -> Option<&Arc<Lungs>> {
        match self {
            Self::Found(lungs) => Some(lungs),
            Self::Refused(_) | Self::NotLookedFor | Self::Awaited => None,
        }
    }

    /// Why it is not known where they lie; a sentence.
    #[must_use]
    pub fn why_not(&self) -> Option<&str> {
        match self {
            Self::Found(_) => None,
            Self::Refused(reason) => Some(reason),
            Self::Awaited => Some("The lungs are still being looked for."),
            Self::NotLookedFor => {
                Some("The file says that it is no chest radiograph, or this program has no lung segmenter.")
            }
        }
    }
}

/// What a file of a chest radiograph may say of its modality and body part; nothing is as good.
const MODALITIES: [&str; 4] = ["CR", "DX", "DR", "RG"];
const BODY_PARTS: [&str; 3] = ["CHEST", "THORAX", "LUNG"];

/// The segmenter that comes with the program, where there is one.
static SEGMENTER: LazyLock<Option<LungSegmenter>> = LazyLock::new(|| {
    LungSegmenter::embedded(&Device::Cpu).inspect_err(|error| log::warn!("no lungs are outlined: {error}")).ok()
});

/// Whether what the file says of itself allows a chest radiograph.
fn may_be_a_chest_radiograph(meta: &Metadata) -> bool {
    let allows = |said: &str, known: &[&str]| {
        let said = said.to_uppercase();
        said.is_empty() || known.iter().any(|word| said.contains(word))
    };
    allows(&meta.modality, &MODALITIES) && allows(&meta.body_part, &BODY_PARTS)
}

/// The lungs as the segmenter outlines them.
fn segmented(frame: &Frame) -> LungSearch {
    let Some(segmenter) = SEGMENTER.as_ref().filter(|_| may_be_a_chest_radiograph(&frame.entry.meta)) else {
        return LungSearch::NotLookedFor;
    };
    let lungs = match segmenter.segment(&frame.model_plane()) {
        Ok(lungs) => lungs,
        Err(reason) => return LungSearch::Refused(reason.to_string()),
    };
    let fields = match LungFields::of_lung(&lungs.mask(), lungs.width, lungs.height) {
        Ok(fields) => fields,
        Err(reason) => return LungSearch::Refused(reason.to_string()),
    };
    let manifest = segmenter.manifest();
    let (version, sha256) = (manifest.version.clone(), manifest.weights_sha256.clone());
    let source = FieldsSource::Segmenter { version, sha256, expected_dice: lungs.agreement };
    LungSearch::Found(Arc::new(Lungs::new(fields, source)))
}

/// What can be said before anything was looked for: nothing need be done where there is neither a
/// mask nor, by what the file says, a chest radiograph.
#[must_use]
pub fn before_looking(frame: &Frame, masks: Option<&LungMasks>) -> LungSearch {
    let may_be_found = masks.is_some() || may_be_a_chest_radiograph(&frame.entry.meta);
    if may_be_found { LungSearch::Awaited } else { LungSearch::NotLookedFor }
}

/// The lungs of an image: those of the mask of its name, else those that the segmenter outlines.
///
/// # Errors
/// When there is a mask that cannot be used: it is never passed over in silence.
pub fn of_frame(frame: &Frame, masks: Option<&LungMasks>) -> Result<LungSearch, LungMaskError> {
    let plane = &frame.pixels.plane;
    let mask = match masks {
        Some(masks) => masks.of(&frame.entry.path, (plane.width, plane.height))?,
        None => None,
    };
    Ok(mask.map_or_else(|| segmented(frame), |mask| LungSearch::Found(Arc::new(Lungs::of_mask(mask)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_named_and_its_name_can_be_left_out() {
        let source = FieldsSource::Mask { path: Some("masks/doe-jane.png".into()), sha256: "ab".into() };
        assert_eq!(source.in_words(), "mask doe-jane.png");
        assert_eq!(source.without_names().in_words(), "a mask of the reader's");
        let json = serde_json::to_string(&source.without_names()).unwrap();
        assert_eq!(json, r#"{"from":"mask","path":null,"sha256":""}"#);
        assert_eq!(serde_json::from_str::<FieldsSource>(&json).unwrap(), source.without_names());
    }
}
