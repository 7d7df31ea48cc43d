//! The gallery of errors: images that a model got wrong, beside the heat map of what it wrongly
//! called or missed.

use std::path::Path;

use image::{DynamicImage, RgbImage, imageops};

use crate::evaluation::errors::most_confident;
use crate::evaluation::explained_errors::{ExplainedError, MapOfError, explained};
use crate::evaluation::predictions::Predictions;
use crate::explain::Evidence;
use crate::explain::scale::{Scale, under};
use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, Shape, paragraph};
use crate::imaging::display::{View, render_rgb};
use crate::model::Model;
use crate::model::manifest::Manifest;
use crate::report::pdf::document::EmbeddedImage;

/// Longest side of a printed image in pixels: 300 dpi at the size of the page.
const LONGEST: u32 = 500;
const GAP: f32 = 14.0;
/// Between the two images of a case.
const BETWEEN: f32 = 5.0;

/// A wrong call.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorCase {
    /// Path of the image below the folder of its set.
    pub image: String,
    /// What is known: `Normal`.
    pub truth: String,
    /// What was called: `Pneumonia (false positive)`.
    pub call: String,
    /// Probability of the target that was wrongly called or missed.
    pub probability: f64,
    pub threshold: Option<f64>,
    /// `None` where the image could not be read again.
    pub original: Option<RgbImage>,
    pub overlay: Option<RgbImage>,
    /// What the map is of, or why there is none.
    pub note: String,
}

/// How the images of a set are opened again.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Folder of the set.
    pub dir: &'a Path,
    /// Of each row, the path of its image below the folder, whatever results call it.
    pub files: &'a [String],
    /// Operating threshold of each target.
    pub thresholds: &'a [f64],
}

impl ErrorCase {
    /// At most so many errors of `model` on `set`, the most confident first, each with its image
    /// and map, under the names that the set has.
    #[must_use]
    pub fn of_set(model: &Model, set: &Predictions, shown: &Shown<'_>, most: usize) -> Vec<Self> {
        let errors = most_confident(set, most);
        // They are opened by their own names and printed by those of the results.
        let mut named = set.clone();
        named.rows.iter_mut().zip(shown.files).for_each(|(row, file)| row.image.clone_from(file));
        let explained = explained(model, shown.dir, &named, &errors, shown.thresholds);
        let cases = explained.zip(&errors).map(|(error, wrong)| Self {
            image: set.rows[wrong.row].image.clone(),
            ..Self::of(&error, &model.manifest)
        });
        cases.collect()
    }

    /// An explained error with its images at print size; one whose image could not be read again
    /// has the reason instead.
    #[must_use]
    pub fn of(error: &ExplainedError, manifest: &Manifest) -> Self {
        let (original, overlay, note) = match &error.shown {
            Ok((frame, map)) => {
                let original = small(render_rgb(&frame.pixels, &View::initial(&frame.pixels)));
                let (overlay, note) = overlaid(&original, map, manifest);
                (Some(original), overlay, note)
            }
            Err(reason) => (None, None, format!("The image could not be read again: {reason}")),
        };
        let ExplainedError { image, truth, call, probability, threshold, .. } = error;
        let (image, truth, call) = (image.clone(), truth.clone(), call.clone());
        Self { image, truth, call, probability: *probability, threshold: *threshold, original, overlay, note }
    }
}

/// The image under its map, and what the map is of, or why there is none.
fn overlaid(original: &RgbImage, map: &MapOfError, manifest: &Manifest) -> (Option<RgbImage>, String) {
    match map {
        Ok(Some(map)) => {
            let of = map.subject.name(manifest);
            if map.evidence == Evidence::NonePositive {
                return (None, format!("No positive evidence for {of}"));
            }
            (Some(under(original, &manifest.input, map, Scale::PerClass)), format!("Grad-CAM of {of}"))
        }
        Ok(None) => (None, "No map: the model has no layer that one can be laid over".into()),
        Err(error) => (None, format!("No map: {error}")),
    }
}

/// No side longer than what is printed.
fn small(image: RgbImage) -> RgbImage {
    if image.width().max(image.height()) <= LONGEST {
        return image;
    }
    DynamicImage::ImageRgb8(image).resize(LONGEST, LONGEST, imageops::FilterType::Triangle).into_rgb8()
}

/// The cases two by two, each row a block; images are numbered on behind those that are there.
pub(super) fn rows(cases: &[ErrorCase], width: f32, images: &mut Vec<EmbeddedImage>) -> Vec<Block> {
    let own = (width - GAP) / 2.0;
    let mut rows = Vec::new();
    for pair in cases.chunks(2) {
        let mut row = Block::default();
        for (i, case) in pair.iter().enumerate() {
            row.put(i as f32 * (own + GAP), 0.0, &block(case, own, images));
        }
        rows.push(row);
    }
    rows
}

fn block(case: &ErrorCase, width: f32, images: &mut Vec<EmbeddedImage>) -> Block {
    let side = (width - BETWEEN) / 2.0;
    let mut block = Block::default();
    let shown = |image: &Option<RgbImage>| {
        let image = image.as_ref().filter(|p| p.width() > 0 && p.height() > 0)?;
        let (w, h) = (image.width() as f32, image.height() as f32);
        let scale = (side / w).min(side / h);
        Some((small(image.clone()), w * scale, h * scale))
    };
    let mut tall = 0.0_f32;
    for (i, image) in [&case.original, &case.overlay].into_iter().enumerate() {
        let left = i as f32 * (side + BETWEEN);
        let Some((image, w, h)) = shown(image) else {
            if i == 0 || case.original.is_some() {
                // As high as the image beside it, where there is one.
                let height = if tall > 0.0 { tall } else { side / 2.0 };
                let words = paragraph(&case.note, CAPTION.ink(Ink::Text), side - 10.0);
                tall = tall.max(height).max(words.height + 4.0);
                block.fill(left, 0.0, side, tall, Ink::Track);
                block.put(left + 5.0, (tall - words.height) / 2.0, &words);
            }
            continue;
        };
        images.push(EmbeddedImage::Color(image));
        let (number, x) = (images.len() - 1, left + (side - w) / 2.0);
        block.shapes.push(Shape::Picture { number, x, y: 0.0, width: w, height: h });
        tall = tall.max(h);
    }
    block.height = tall + 2.0;
    let score = match case.threshold {
        Some(threshold) => format!("{:.3}, threshold {threshold:.3}", case.probability),
        None => format!("{:.3}, the highest class is called", case.probability),
    };
    for (key, value, style) in [
        ("Image", &case.image, CAPTION.ink(Ink::Text)),
        ("Truth", &case.truth, BODY),
        ("Called", &case.call, BODY.bold()),
        ("Score", &score, BODY),
    ] {
        let mut line = Block::default();
        line.text(0.0, style.line() - CAPTION.line(), Align::Left, CAPTION, key);
        line.put(28.0, 0.0, &paragraph(value, style, width - 28.0));
        block.stack(0.0, &line);
    }
    if case.overlay.is_some() {
        block.stack(0.0, &paragraph(&case.note, CAPTION, width));
    }
    block.height += 4.0;
    block
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};
    use image::GrayImage;

    use super::*;
    use crate::evaluation::errors::WrongCall;
    use crate::evaluation::explained_errors::explained;
    use crate::evaluation::predictions::{Prediction, Predictions, Target as Asked};
    use crate::model::Model;
    use crate::model::manifest::{Head, Manifest};
    use crate::network::layers::{GlobalAveragePool, Linear};
    use crate::network::layout::Layout;
    use crate::network::{Layer, Mode, Network, Stage};

    struct Same;
    impl Layer for Same {
        fn forward(&self, x: &Tensor, _: Mode) -> crate::network::Result<Tensor> {
            Ok(x.clone())
        }
    }

    /// A model that calls bright images, and a group of that one label.
    fn model() -> Model {
        let manifest = Manifest::parse(&format!(
            "name = 'toy'\nversion = '1'\ndescription = 'd'\nlicence = 'MIT'\nhead = 'sigmoid'\n\
             target_layer = 'stem'\nweights_sha256 = '{:064}'\nlabels = [{{ name = 'Bright' }}]\n\
             groups = [{{ name = 'Any', members = ['Bright'] }}]\n\
             architecture = {{ family = 'compact-resnet', widths = [1, 1], blocks = [1], strides = [1], dropout = 0.0 }}\n\
             input = {{ width = 32, height = 32, channels = 1, resize = 'squash', normalization = 'per-image' }}\n\
             training = {{ data = 'd', population = 'p', images = 0, date = '2026-11-20' }}\n",
            0
        ))
        .unwrap();
        let head = Linear {
            weight: Tensor::ones((1, 1), DType::F32, &Device::Cpu).unwrap(),
            bias: Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap(),
        };
        let stage =
            |name: &str, layout, layer: Box<dyn Layer>| Stage { name: name.into(), layout, stochastic: false, layer };
        let stages = vec![
            stage("stem", Layout::Maps { channels: 1 }, Box::new(Same)),
            stage("pool", Layout::Vector, Box::new(GlobalAveragePool { channels: 1 })),
            stage("head", Layout::Vector, Box::new(head)),
        ];
        Model {
            manifest,
            network: Network { stages },
            sha256: String::new(),
            origin: String::new(),
            device: Device::Cpu,
            gate: None,
            background: None,
            calibration: Err(crate::model::calibration::CalibrationError::Missing),
            detector: Err(crate::model::population::detector::DetectorError::Missing),
            ensemble: Vec::new(),
        }
    }

    #[test]
    fn a_wrong_call_is_shown_with_the_map_of_what_was_called() {
        let folder = tempfile::tempdir().unwrap();
        GrayImage::from_fn(64, 48, |x, _| image::Luma([if x < 32 { 20 } else { 220 }]))
            .save(folder.path().join("a.png"))
            .unwrap();
        let row = |image: &str| Prediction {
            image: image.into(),
            patient: String::new(),
            truth: vec![Some(false), Some(false)],
            probability: vec![0.9, 0.9],
            says: vec![true, true],
            logits: vec![2.2],
            facts: std::collections::BTreeMap::new(),
        };
        let target = |name: &str, group| Asked { name: name.into(), group };
        let set = Predictions {
            head: Head::Sigmoid,
            targets: vec![target("Bright", false), target("Any", true)],
            rows: vec![row("a.png"), row("gone.png")],
        };
        let error = |row, target| WrongCall { row, target, false_positive: true };
        let (model, errors) = (model(), [error(0, 0), error(0, 1), error(1, 0)]);
        let explained = explained(&model, folder.path(), &set, &errors, &[0.5, 0.6]);
        let cases: Vec<ErrorCase> = explained.map(|error| ErrorCase::of(&error, &model.manifest)).collect();
        let (label, group, gone) = (&cases[0], &cases[1], &cases[2]);
        assert_eq!((label.truth.as_str(), label.call.as_str()), ("none of the targets", "Bright (false positive)"));
        assert_eq!((group.call.as_str(), group.threshold), ("Any (false positive)", Some(0.6)));
        for case in [label, group] {
            assert_eq!(case.note, format!("Grad-CAM of {}", case.call.split(" (").next().unwrap_or_default()));
            let (original, map) = (case.original.as_ref().unwrap(), case.overlay.as_ref().unwrap());
            assert_eq!(original.dimensions(), (64, 48));
            assert_eq!(map.get_pixel(4, 20), original.get_pixel(4, 20), "nothing speaks for it in the dark half");
            assert_ne!(map.get_pixel(60, 20), original.get_pixel(60, 20), "the bright half does");
        }
        assert!(gone.original.is_none() && gone.note.starts_with("The image could not be read again"), "{}", gone.note);
    }
}
