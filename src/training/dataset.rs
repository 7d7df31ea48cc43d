//! Labelled images in memory: every file is decoded once, brought to the model's size, and kept as 8-bit greys.
//!
//! 5,000 images of 224 × 224 take 250 MB. Decoding runs on threads of its own. What cannot be read is a warning
//! with its reason; a run stops only when nothing is left.
//!
//! Not done here: DICOM. Radiographs for training are exported as pictures first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use regex::Regex;

use super::config::{Config, same_name};
use super::{Error, Result, truth};
use crate::imaging::Plane;
use crate::limits;
use crate::network::manifest::Input;
use crate::network::preprocess;
use crate::study::Warning;

/// An 8-bit square picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    pub size: usize,
    pub greys: Vec<u8>,
}

impl Picture {
    /// Grey values from 0 to 1.
    pub fn plane(&self) -> Plane {
        let values = self.greys.iter().map(|&g| f32::from(g) / 255.0).collect();
        Plane { width: self.size, height: self.size, values }
    }

    /// Rounds values from 0 to 1 to 8 bits.
    pub fn from_plane(plane: &Plane) -> Self {
        let greys = plane.values.iter().map(|v| (v * 255.0).round().clamp(0.0, 255.0) as u8).collect();
        Self { size: plane.width, greys }
    }
}

/// One labelled image.
#[derive(Clone, Debug)]
pub struct Sample {
    /// File name, without its folder.
    pub name: String,
    /// One value a label of the configuration: see [`super::truth`].
    pub truth: Vec<f32>,
    pub patient: String,
    pub picture: Picture,
}

impl Sample {
    /// The only label that is present: the class, where classes exclude each other.
    pub fn class(&self) -> Option<usize> {
        truth::class(&self.truth)
    }
}

/// All images of a run, in the order of their paths.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    pub samples: Vec<Sample>,
    pub warnings: Vec<Warning>,
}

impl Dataset {
    /// The pictures at another size, for a phase of training.
    pub fn at_size(&self, size: usize, input: &Input) -> Vec<Picture> {
        use rayon::prelude::*;
        self.samples
            .par_iter()
            .map(|s| {
                if s.picture.size == size {
                    s.picture.clone()
                } else {
                    Picture::from_plane(&preprocess::resize(&s.picture.plane(), input.resize, size, size))
                }
            })
            .collect()
    }
}

/// A file with its label and patient, not yet decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub path: PathBuf,
    pub truth: Vec<f32>,
    pub patient: String,
}

/// Lists the labelled files below `root`; with a `limit`, an even selection of about as many.
pub fn list(config: &Config, root: &Path, limit: Option<usize>) -> Result<(Vec<Listed>, Vec<Warning>)> {
    let refuse = |e: regex::Error| Error::Config { path: root.into(), reason: e.to_string() };
    let patterns: Vec<Regex> =
        config.data.patient.iter().map(|p| Regex::new(p)).collect::<std::result::Result<_, _>>().map_err(refuse)?;
    let mut files = Vec::new();
    let mut warnings = Vec::new();
    for folder in &config.data.folders {
        let folder = root.join(folder);
        let entries = std::fs::read_dir(&folder).map_err(|source| Error::Read { path: folder.clone(), source })?;
        let mut classes: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_dir()).collect();
        classes.sort();
        for class in classes {
            let class_name = name_of(&class);
            let by_folder = config
                .labels
                .iter()
                .position(|l| same_name(&l.name, &class_name) || l.aliases.iter().any(|a| same_name(a, &class_name)));
            for entry in walkdir::WalkDir::new(&class).sort_by_file_name().into_iter().take(limits::FILES_AT_ONCE) {
                let Ok(entry) = entry else { continue };
                if !entry.file_type().is_file() {
                    continue;
                }
                let file_name = name_of(entry.path());
                let rule = config.data.label_rules.iter().find(|r| file_name.contains(&r.contains));
                match rule.and_then(|r| config.label_index(&r.label)).or(by_folder) {
                    Some(label) => files.push(Listed {
                        path: entry.path().to_owned(),
                        truth: truth::one_hot(label, config.labels.len()),
                        patient: patient_of(&file_name, &patterns),
                    }),
                    None => warnings.push(Warning {
                        path: entry.path().to_owned(),
                        reason: format!("neither a rule nor the folder name \"{class_name}\" gives it a label"),
                    }),
                }
            }
        }
    }
    files.sort_by(|a: &Listed, b| a.path.cmp(&b.path));
    if let Some(limit) = limit.filter(|&l| l > 0 && l < files.len()) {
        files = (0..limit).map(|i| files[i * files.len() / limit].clone()).collect();
    }
    Ok((files, warnings))
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn patient_of(file_name: &str, patterns: &[Regex]) -> String {
    patterns
        .iter()
        .find_map(|p| p.captures(file_name)?.get(1).map(|m| m.as_str().to_owned()))
        .unwrap_or_else(|| file_name.to_owned())
}

/// Decodes the listed files on `threads` threads; `progress` is called with the number done so far.
pub fn decode(
    files: &[Listed],
    warnings: Vec<Warning>,
    input: &Input,
    threads: usize,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Dataset> {
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let mut decoded: BTreeMap<usize, std::result::Result<Picture, String>> = BTreeMap::new();
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for number in 0..threads.max(1) {
            let work = || {
                let mut own = Vec::new();
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(i) else { return own };
                    own.push((i, decode_one(&file.path, input)));
                    progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                }
            };
            let builder = std::thread::Builder::new().name(format!("decode-{number}"));
            workers.push(builder.spawn_scoped(scope, work));
        }
        for worker in workers.into_iter().flatten() {
            decoded.extend(worker.join().unwrap_or_default());
        }
    });
    let mut dataset = Dataset { samples: Vec::with_capacity(files.len()), warnings };
    for (i, file) in files.iter().enumerate() {
        match decoded.remove(&i) {
            Some(Ok(picture)) => dataset.samples.push(Sample {
                name: name_of(&file.path),
                truth: file.truth.clone(),
                patient: file.patient.clone(),
                picture,
            }),
            Some(Err(reason)) => dataset.warnings.push(Warning { path: file.path.clone(), reason }),
            None => dataset
                .warnings
                .push(Warning { path: file.path.clone(), reason: "its decoder gave up on the way".into() }),
        }
    }
    if dataset.samples.is_empty() {
        let first = dataset.warnings.first().map_or_else(
            || "the folders hold no files".to_owned(),
            |w| format!("{} files were left out, the first because {}", dataset.warnings.len(), w.reason),
        );
        return Err(Error::NoImages(first));
    }
    Ok(dataset)
}

fn decode_one(path: &Path, input: &Input) -> std::result::Result<Picture, String> {
    let mut reader = image::ImageReader::open(path)
        .and_then(image::ImageReader::with_guessed_format)
        .map_err(|e| format!("it cannot be read: {e}"))?;
    let mut budget = image::Limits::default();
    budget.max_alloc = Some(limits::DECODED_BYTES / 4);
    reader.limits(budget);
    let decoded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| reader.decode()))
        .map_err(|_| "its decoder panicked".to_owned())?
        .map_err(|e| format!("it cannot be decoded: {e}"))?;
    let grey = decoded.into_luma16();
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    if width == 0 || height == 0 {
        return Err("it has no pixels".into());
    }
    let plane = Plane { width, height, values: grey.into_raw().iter().map(|&v| f32::from(v) / 65535.0).collect() };
    Ok(Picture::from_plane(&preprocess::resize(&plane, input.resize, input.width, input.height)))
}
