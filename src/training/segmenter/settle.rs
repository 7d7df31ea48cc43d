//! What a trained network still needs to be a segmenter: how much of an image lungs may cover, and
//! from which expected Dice on it is trusted.
//!
//! The shares are those of the training masks with room for other crops. The threshold is the larger
//! of two: the smallest that lets at most `may_pass` of drawn images without lungs through, and the
//! one that refuses `may_refuse` of the radiographs that validate, so that what is less certain than
//! nearly all of them is refused even where nobody drew its kind.

use std::path::Path;

use candle_core::Device;
use rayon::prelude::*;

use super::config::SegmenterConfig;
use super::examples::{SegmenterExamples, planes, strangers};
use super::split::RadiographPart;
use super::{SegmenterEvent, SegmenterObserver};
use crate::files::sha256;
use crate::model::lungs::manifest::SegmenterManifest;
use crate::model::lungs::{LungSegmenter, MANIFEST, WEIGHTS};
use crate::training::run_files::write_whole;
use crate::training::{Error, Result};

/// Drawn images without lungs that the threshold is chosen by.
const STRANGERS: usize = 380;

/// A segmenter's description for weights that have been trained; nothing is measured yet.
///
/// # Errors
/// When the network cannot be run, or no radiograph validates.
pub fn settle(
    config: &SegmenterConfig,
    examples: &SegmenterExamples,
    weights: &[u8],
    observer: SegmenterObserver<'_>,
) -> Result<SegmenterManifest> {
    let [least_share, most_share] = shares(examples);
    let open = SegmenterManifest {
        name: config.name.clone(),
        version: config.version.clone(),
        description: config.description.clone(),
        licence: config.licence.clone(),
        weights_sha256: sha256(weights),
        side: config.side,
        threshold: 0.0,
        least_share,
        most_share,
        architecture: config.architecture.clone(),
        measured: Vec::new(),
    };
    let segmenter = LungSegmenter::new(open.clone(), weights, &Device::Cpu)?;
    let radiographs: Vec<_> = examples.of(RadiographPart::Validation).collect();
    let own: Vec<std::result::Result<f32, String>> = radiographs
        .par_iter()
        .map(|radiograph| {
            let (image, _) = planes(&radiograph.image, &radiograph.mask)?;
            segmenter.look(&image).map(|looked| looked.agreement).map_err(|e| e.to_string())
        })
        .collect();
    let mut known = Vec::new();
    for agreement in own {
        match agreement {
            Ok(agreement) => known.push(agreement),
            Err(reason) => observer(SegmenterEvent::Warning(reason)),
        }
    }
    let foreign: Vec<f32> = strangers(STRANGERS, config.seed)
        .par_iter()
        .map(|plane| Ok(segmenter.look(plane)?.agreement))
        .collect::<Result<_>>()?;
    let threshold = threshold(known, foreign, config.may_refuse, config.may_pass);
    let threshold =
        threshold.ok_or_else(|| Error::NoImages("no radiograph validates, so no threshold can be chosen".into()))?;
    Ok(SegmenterManifest { threshold, ..open })
}

/// Puts a segmenter into a folder; its description comes last, so that it never names weights that
/// are not there.
///
/// # Errors
/// When the folder cannot be written.
pub fn install(manifest: &SegmenterManifest, weights: &[u8], folder: &Path) -> Result<()> {
    let text = manifest.to_toml().map_err(|e| Error::Manifest(e.to_string()))?;
    write_whole(&folder.join(WEIGHTS), weights)?;
    write_whole(&folder.join(MANIFEST), text.as_bytes())
}

/// The smallest and the largest part of an image that lungs may cover: half of the smallest and one
/// and a half of the largest in training, and never all of it.
fn shares(examples: &SegmenterExamples) -> [f32; 2] {
    let share = |lung: &[u8]| lung.iter().map(|v| f32::from(*v) / 255.0).sum::<f32>() / lung.len().max(1) as f32;
    let radiographs = examples.of(RadiographPart::Training).map(|radiograph| share(&radiograph.picture.lung));
    let (low, high) = radiographs.fold((1.0f32, 0.0f32), |(low, high), share| (low.min(share), high.max(share)));
    [(0.5 * low).max(0.01), (1.5 * high).min(0.9)]
}

/// The threshold for expected Dice of radiographs and of images without lungs; `None` without radiographs.
fn threshold(mut radiographs: Vec<f32>, mut foreign: Vec<f32>, may_refuse: f64, may_pass: f64) -> Option<f32> {
    radiographs.sort_by(f32::total_cmp);
    foreign.sort_by(f32::total_cmp);
    let refused = (may_refuse * radiographs.len() as f64).floor() as usize;
    let of_radiographs = *radiographs.get(refused.min(radiographs.len().checked_sub(1)?))?;
    // The largest that has to be refused; just above it nothing of it passes.
    let passing = (may_pass * foreign.len() as f64).floor() as usize;
    let of_foreign = foreign.len().checked_sub(passing + 1).and_then(|i| foreign.get(i)).map_or(0.0, |v| v + 1e-4);
    Some(of_radiographs.max(of_foreign).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_refuses_what_is_foreign_and_the_least_certain_radiographs() {
        let radiographs: Vec<f32> = (0..100).map(|i| 0.80 + 0.001 * i as f32).collect();
        // Two of a hundred radiographs are refused: the third smallest is the threshold.
        assert_eq!(threshold(radiographs.clone(), vec![0.1; 50], 0.02, 0.0), Some(radiographs[2]));
        // A foreign image at 0.9 pushes it up, unless it may pass.
        let foreign = || [vec![0.1; 99], vec![0.9]].concat();
        assert!((threshold(radiographs.clone(), foreign(), 0.02, 0.0).unwrap() - 0.9001).abs() < 1e-6);
        assert_eq!(threshold(radiographs.clone(), foreign(), 0.02, 0.01), Some(radiographs[2]));
        assert_eq!(threshold(Vec::new(), foreign(), 0.02, 0.01), None);
    }
}
