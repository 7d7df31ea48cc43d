//! Labelled images in memory: every image is decoded once, brought to the model's size, and kept as 8-bit greys.
//!
//! 5,000 images of 224 × 224 take 250 MB. As pixels are in memory before the first step, a file that becomes
//! unreadable in the middle of a run does not touch it. What cannot be read is a warning with its reason; a run stops
//! only when nothing is left.

pub use super::data::{Facts, Listed, Part, list};

use super::audit::fingerprint::Fingerprint;
use super::audit::grouping::groups;
use super::audit::near_duplicates::near_duplicates;
use super::data::{Origin, decode, name_of};
use super::{Error, Result, truth};
use crate::imaging::Plane;
use crate::network::manifest::Input;
use crate::network::preprocess;
use crate::study::Warning;

/// An 8-bit square picture.
#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// File name, without its folder.
    pub name: String,
    /// Path below the data folder: the image's own name within the data.
    pub key: String,
    /// One value a label of the configuration: see [`super::truth`].
    pub truth: Vec<f32>,
    pub patient: String,
    /// Side of the split that the data themselves give.
    pub part: Option<Part>,
    pub facts: Facts,
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
    /// Makes one patient of each group of near-duplicates, so that no split tears it, and says of how many images; `progress` hears how many
    /// were compared with all others. See [`super::audit::grouping`].
    ///
    /// # Errors
    /// As [`near_duplicates`].
    pub fn group_near_duplicates(&mut self, progress: &(dyn Fn(usize) + Sync)) -> Result<String> {
        use rayon::prelude::*;
        let fingerprints: Vec<Fingerprint> =
            self.samples.par_iter().map(|s| Fingerprint::of(&s.picture.plane())).collect();
        let found = near_duplicates(&fingerprints.iter().collect::<Vec<_>>(), progress)?;
        let patients: Vec<&str> = self.samples.iter().map(|s| s.patient.as_str()).collect();
        let groups = groups(&patients, &found);
        let heads: Vec<String> = groups.iter().map(|&head| self.samples[head].patient.clone()).collect();
        let mut moved = 0;
        for (sample, head) in self.samples.iter_mut().zip(heads) {
            moved += usize::from(sample.patient != head);
            sample.patient = head;
        }
        Ok(format!("{moved} images are near-duplicates of others and stay on their side of the split"))
    }

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

/// Decodes the listed images on `threads` threads; `progress` is called with the number done so far.
pub fn decode(
    files: &[Listed],
    warnings: Vec<Warning>,
    input: &Input,
    threads: usize,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Dataset> {
    let decoded = decode::map(files, input.normalization, threads, progress, &|_, decoded| {
        let small = preprocess::resize(&decoded.plane, input.resize, input.width, input.height);
        (Picture::from_plane(&small), decoded.patient, decoded.facts)
    });
    let mut dataset = Dataset { samples: Vec::with_capacity(files.len()), warnings };
    for (file, decoded) in files.iter().zip(decoded) {
        match decoded {
            Ok((picture, patient, facts)) => {
                let or = |ours: &String, theirs: String| if ours.is_empty() { theirs } else { ours.clone() };
                let name = match &file.origin {
                    Origin::File(path) => name_of(path),
                    Origin::Archive { .. } => file.key.clone(),
                };
                dataset.samples.push(Sample {
                    patient: file.patient.clone().or(patient).unwrap_or_else(|| name.clone()),
                    name,
                    key: file.key.clone(),
                    truth: file.truth.clone(),
                    part: file.part,
                    facts: Facts {
                        age: or(&file.facts.age, facts.age),
                        sex: or(&file.facts.sex, facts.sex),
                        view: or(&file.facts.view, facts.view),
                    },
                    picture,
                });
            }
            Err(reason) => {
                let reason = format!("{reason}, so it was left out");
                dataset.warnings.push(Warning { path: file.origin.path().to_owned(), reason });
            }
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
