//! Decodes the folders of a gate's configuration, apart by patient: some learn, some validate.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use regex::Regex;
use sha2::{Digest, Sha256};

use super::config::GateConfig;
use super::small_image::SmallImage;
use crate::files::walk::files_below;
use crate::imaging::Window;
use crate::imaging::auto_window::auto_window;
use crate::imaging::chroma::{MARKERS, coloured_share};
use crate::imaging::drawn::Drawn;
use crate::imaging::resample::resize;
use crate::study::open_image;
use crate::training::data::audit::fingerprint::Fingerprint;
use crate::training::data::audit::grouping::groups;
use crate::training::data::audit::near_duplicates::near_duplicates;
use crate::training::data::unusable::UnusableImage;
use crate::training::event::{Event, Observer};
use crate::training::{Error, Result};

/// Side that images are kept at.
pub(super) const KEPT: usize = 128;

/// A file of the validation part.
pub struct HeldOut {
    pub path: PathBuf,
    /// Patient, or the first of the images that look alike.
    pub patient: String,
}

/// What the wanted images say of their kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traits {
    /// Largest share of sharp steps, over the training part.
    pub steps: f32,
    /// Share of images in colour.
    pub coloured: f64,
}

/// Decoded images, apart by patient.
pub(super) struct DecodedFolders {
    /// For training, for validation.
    pub parts: [Vec<SmallImage>; 2],
    pub held_out: Vec<HeldOut>,
    pub traits: Traits,
}

/// One decoded file: the image as it is kept, sharp steps at its full size, whether it is in
/// colour.
type One = (SmallImage, f32, bool);

/// Patterns of the configuration whose first group is the patient.
pub(super) fn patterns(config: &GateConfig, root: &Path) -> Result<Vec<Regex>> {
    let read: std::result::Result<_, _> = config.patient.iter().map(|p| Regex::new(p)).collect();
    read.map_err(|e| Error::Config { path: root.into(), reason: e.to_string() })
}

/// The patient that the name of a file tells, else the name.
pub(super) fn patient(path: &Path, patterns: &[Regex]) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    patterns.iter().find_map(|p| Some(p.captures(&name)?.get(1)?.as_str())).unwrap_or(&name).to_owned()
}

/// The files below `folders`, in the order of their paths.
pub(super) fn files(root: &Path, folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let folder = root.join(folder);
        if let Err(source) = std::fs::metadata(&folder) {
            return Err(Error::Read { path: folder, source });
        }
        paths.extend(files_below(&folder).flatten());
    }
    paths.sort();
    Ok(paths)
}

/// Decodes the images below `folders`, apart by patient; images that look alike count as one
/// patient's.
pub(super) fn decode_folders(
    config: &GateConfig,
    root: &Path,
    folders: &[PathBuf],
    observer: Observer<'_>,
) -> Result<DecodedFolders> {
    let patterns = patterns(config, root)?;
    let paths = files(root, folders)?;
    let decoded: Vec<std::result::Result<One, UnusableImage>> = paths.par_iter().map(|p| decode(p)).collect();
    let mut read: Vec<(PathBuf, One)> = Vec::new();
    for (path, one) in paths.into_iter().zip(decoded) {
        match one {
            Ok(one) => read.push((path, one)),
            Err(reason) => observer(Event::Warning(format!("{} is left out: {reason}", path.display()))),
        }
    }
    let patients: Vec<String> = read.iter().map(|(path, _)| patient(path, &patterns)).collect();
    let prints: Vec<Fingerprint> = read.par_iter().map(|(_, one)| Fingerprint::of(&one.0.plane())).collect();
    let found = near_duplicates(&prints.iter().collect::<Vec<_>>(), &|_| ())?;
    let heads = groups(&patients.iter().map(String::as_str).collect::<Vec<_>>(), &found);
    let (mut parts, mut held_out, mut traits) = ([Vec::new(), Vec::new()], Vec::new(), Traits::default());
    let count = read.len().max(1) as f64;
    for ((path, (image, steps, coloured)), head) in read.into_iter().zip(heads) {
        let patient = patients[head].clone();
        traits.coloured += f64::from(u8::from(coloured)) / count;
        if validates(&patient, config) {
            parts[1].push(image);
            held_out.push(HeldOut { path, patient });
        } else {
            traits.steps = traits.steps.max(steps);
            parts[0].push(image);
        }
    }
    Ok(DecodedFolders { parts, held_out, traits })
}

/// Whether a patient belongs to the validation part: by a hash, so that more data do not move
/// anyone.
fn validates(patient: &str, config: &GateConfig) -> bool {
    let digest = Sha256::digest(format!("{}/{patient}", config.seed));
    f64::from(u16::from_be_bytes([digest[0], digest[1]])) / 65_536.0 < config.validation
}

fn decode(path: &Path) -> std::result::Result<One, UnusableImage> {
    let frame = open_image(path)?;
    frame.scorable()?;
    let mut plane = frame.model_plane();
    let steps = Drawn::of(&plane).steps;
    let coloured = frame.pixels.color.as_deref().is_some_and(|image| coloured_share(image) > MARKERS);
    if frame.pixels.value_range == (0.0, 255.0) {
        plane.values.iter_mut().for_each(|v| *v /= 255.0);
    } else {
        // An image has 8 bits: they are spent on the values that most pixels have.
        let Window { center, width, .. } = auto_window(&plane, frame.pixels.padding);
        plane.values.iter_mut().for_each(|v| *v = ((*v - center) / width.max(1e-6) + 0.5).clamp(0.0, 1.0));
    }
    Ok((SmallImage::from_plane(&resize(&plane, KEPT, KEPT)), steps, coloured))
}
