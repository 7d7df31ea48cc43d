//! The cases of the gallery: each wrongly called image once more through the model, with the map of what it wrongly saw or missed.

use std::path::Path;

use image::RgbImage;

use super::Case;
use super::gallery::small;
use crate::engine::pass::Pass;
use crate::engine::{CancelToken, EngineError};
use crate::evaluation::failures::{Failure, by_highest};
use crate::evaluation::predictions::Predictions;
use crate::explain::cam::{self, Target};
use crate::explain::scale::{Scale, under};
use crate::explain::{Attribution, Evidence, Method, Output, Scoring, Subject, has_places};
use crate::imaging::display::{View, render_rgb};
use crate::network::Model;
use crate::study::open_image;

/// Makes the pictures of errors, in their order: each image below `folder` through the model again, with a Grad-CAM map of
/// the target that was wrongly called or missed.
///
/// An image that cannot be read again stays in the gallery with the reason instead of pictures.
#[must_use]
pub fn cases(model: &Model, folder: &Path, set: &Predictions, failures: &[Failure], thresholds: &[f64]) -> Vec<Case> {
    failures.iter().map(|failure| case(model, folder, set, failure, thresholds)).collect()
}

fn case(model: &Model, folder: &Path, set: &Predictions, failure: &Failure, thresholds: &[f64]) -> Case {
    let row = &set.rows[failure.row];
    let target = &set.targets[failure.target].name;
    let labels = row.logits.len();
    let present: Vec<&str> =
        (0..set.targets.len()).filter(|t| row.truth[*t] == Some(true)).map(|t| set.targets[t].name.as_str()).collect();
    let truth = match (present.is_empty(), row.truth[..labels].iter().all(Option::is_some)) {
        (false, _) => present.join(", "),
        (true, true) => "none of the targets".into(),
        (true, false) => format!("no {target}"),
    };
    let said = if failure.false_positive {
        format!("{target} (false positive)")
    } else {
        format!("no {target} (false negative)")
    };
    let (original, overlay, note) = match pictures(model, &folder.join(&row.image), failure.target, labels) {
        Ok((film, map, note)) => (Some(film), map, note),
        Err(reason) => (None, None, reason),
    };
    let threshold = thresholds.get(failure.target).copied().filter(|_| !by_highest(set, failure.target));
    let probability = row.probability[failure.target];
    Case { image: row.image.clone(), truth, said, probability, threshold, original, overlay, note }
}

type Pictures = (RgbImage, Option<RgbImage>, String);

fn pictures(model: &Model, path: &Path, target: usize, labels: usize) -> Result<Pictures, String> {
    let frame = open_image(path).map_err(|e| format!("The image could not be read again: {e}"))?;
    let film = small(render_rgb(&frame, &View::initial(&frame)));
    let map = Pass::run(model, &frame.model_plane(), frame.value_range, &CancelToken::default())
        .and_then(|pass| map(model, &pass, target, labels));
    Ok(match map {
        Ok(Some(map)) => {
            let of = map.subject.name(&model.manifest);
            if map.evidence == Evidence::NonePositive {
                (film, None, format!("No positive evidence for {of}"))
            } else {
                let overlay = under(&film, &model.manifest.input, &map, Scale::PerClass);
                (film, Some(overlay), format!("Grad-CAM of {of}"))
            }
        }
        Ok(None) => (film, None, "No map: the model has no layer that one can be laid over".into()),
        Err(error) => (film, None, format!("No map: {error}")),
    })
}

/// The map of a target, a label or a group, at the model's own layer.
fn map(model: &Model, pass: &Pass, target: usize, labels: usize) -> Result<Option<Attribution>, EngineError> {
    let manifest = &model.manifest;
    let output = if target < labels { Output::Class(target) } else { Output::Group(target - labels) };
    let Some(stage) = model.network.stage(&manifest.target_layer) else { return Ok(None) };
    has_places(&model.network, pass.input(), stage)?;
    let Some(activation) = pass.output(&model.network, stage)? else { return Ok(None) };
    let (logits, scoring) = (&pass.logits, &Scoring::of(manifest));
    let target = Target { network: &model.network, stage, activation: &activation, logits, scoring };
    Ok(cam::explain(&target, &[Subject::One(output)], &[Method::GradCam])?.pop())
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};
    use image::GrayImage;

    use super::*;
    use crate::evaluation::predictions::{Prediction, Target as Asked};
    use crate::network::layers::{GlobalAveragePool, Linear};
    use crate::network::manifest::{Head, Manifest};
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
        let stage = |name: &str, channels, layer: Box<dyn Layer>| Stage {
            name: name.into(),
            channels,
            stochastic: false,
            layer,
        };
        let stages = vec![
            stage("stem", Some(1), Box::new(Same)),
            stage("pool", None, Box::new(GlobalAveragePool { channels: 1 })),
            stage("head", None, Box::new(head)),
        ];
        Model {
            manifest,
            network: Network { stages },
            sha256: String::new(),
            origin: String::new(),
            device: Device::Cpu,
            gate: None,
            background: None,
            calibration: Err(crate::uncertainty::calibration::CalibrationError::Missing),
            detector: Err(crate::uncertainty::population::detector::DetectorError::Missing),
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
        let failure = |row, target| Failure { row, target, false_positive: true };
        let cases = cases(&model(), folder.path(), &set, &[failure(0, 0), failure(0, 1), failure(1, 0)], &[0.5, 0.6]);
        let (label, group, gone) = (&cases[0], &cases[1], &cases[2]);
        assert_eq!((label.truth.as_str(), label.said.as_str()), ("none of the targets", "Bright (false positive)"));
        assert_eq!((group.said.as_str(), group.threshold), ("Any (false positive)", Some(0.6)));
        for case in [label, group] {
            assert_eq!(case.note, format!("Grad-CAM of {}", case.said.split(" (").next().unwrap_or_default()));
            let (film, map) = (case.original.as_ref().unwrap(), case.overlay.as_ref().unwrap());
            assert_eq!(film.dimensions(), (64, 48));
            assert_eq!(map.get_pixel(4, 20), film.get_pixel(4, 20), "nothing speaks for it in the dark half");
            assert_ne!(map.get_pixel(60, 20), film.get_pixel(60, 20), "the bright half does");
        }
        assert!(gone.original.is_none() && gone.note.starts_with("The image could not be read again"), "{}", gone.note);
    }
}
