//! The images that a population detector is made of, as it sees them: the classifier's features,
//! and a small copy.

use std::path::{Path, PathBuf};

use candle_core::Tensor;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::imaging::Plane;
use crate::imaging::resample::resize;
use crate::model::Model;
use crate::model::population::features;
use crate::model::population::features::Features;
use crate::study::open_image;
use crate::study::patients::{Patients, key_of};
use crate::training::data::unusable::UnusableImage;
use crate::training::gate::small_image::SmallImage;
use crate::training::{Error, Result};

/// Images of one forward pass.
const BATCH: usize = 32;
/// Side that small copies are kept at.
const KEPT: usize = 128;

/// An image as the detector sees it.
#[derive(Clone, Debug)]
pub struct Member {
    pub patient: String,
    pub features: Features,
    /// A small copy; empty where no network looks at it.
    pub image: SmallImage,
}

impl Member {
    /// A number from 0 to 1 for the patient, by a hash: more images do not move anyone.
    fn place(&self) -> f64 {
        let digest = Sha256::digest(format!("population/{}", self.patient));
        f64::from(u16::from_be_bytes([digest[0], digest[1]])) / 65_536.0
    }
}

/// Images by what they are for; no patient has images in two parts.
#[derive(Clone, Debug, Default)]
pub struct MemberParts {
    /// Measures are fitted to these.
    pub fit: Vec<Member>,
    /// These say where the middle and the edge of a measure are.
    pub edge: Vec<Member>,
    /// These say how good the detector is, and nothing else.
    pub test: Vec<Member>,
}

impl MemberParts {
    /// Seven tenths of the patients to fit, the rest halved.
    #[must_use]
    pub fn by_patient(members: Vec<Member>) -> Self {
        let mut parts = Self::default();
        for member in members {
            match member.place() {
                ..0.7 => parts.fit.push(member),
                ..0.85 => parts.edge.push(member),
                _ => parts.test.push(member),
            }
        }
        parts
    }

    /// Images that a model was trained on to fit, and others, halved by patient.
    #[must_use]
    pub fn of_training(training: Vec<Member>, kept_aside: Vec<Member>) -> Self {
        let (edge, test) = kept_aside.into_iter().partition(|member| member.place() < 0.5);
        Self { fit: training, edge, test }
    }

    /// Images that only judge.
    #[must_use]
    pub fn of_test(members: Vec<Member>) -> Self {
        Self { test: members, ..Self::default() }
    }
}

/// Images of others, under a name for tables.
pub struct Others {
    pub name: String,
    pub parts: MemberParts,
}

/// Patients of some images.
#[must_use]
pub fn patients(members: &[Member]) -> usize {
    members.iter().map(|m| m.patient.as_str()).collect::<std::collections::HashSet<_>>().len()
}

/// A file that takes no part, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub path: PathBuf,
    pub reason: String,
}

/// An image that is ready for the network.
struct Prepared {
    input: Vec<f32>,
    image: SmallImage,
    patient: String,
}

/// Runs the model on files, each with its patient where a list tells; else the file may, or
/// `patients` finds it in the file's name, and a name in which it finds none is a patient of its
/// own. `done` is called with how many files are through.
///
/// # Errors
/// When the network cannot be run.
pub fn gather(
    model: &Model,
    files: &[(PathBuf, Option<String>)],
    patients: &Patients,
    done: &dyn Fn(usize),
) -> Result<(Vec<Member>, Vec<LeftOut>)> {
    let (mut members, mut left_out) = (Vec::with_capacity(files.len()), Vec::new());
    for (i, chunk) in files.chunks(BATCH).enumerate() {
        let prepared: Vec<_> =
            chunk.par_iter().map(|(path, patient)| prepare(model, path, patient.as_deref(), patients)).collect();
        let mut ready = Vec::with_capacity(BATCH);
        for ((path, _), prepared) in chunk.iter().zip(prepared) {
            match prepared {
                Ok(prepared) => ready.push(prepared),
                Err(reason) => left_out.push(LeftOut { path: path.clone(), reason: reason.to_string() }),
            }
        }
        members.extend(run(model, ready)?);
        done(i * BATCH + chunk.len());
    }
    Ok((members, left_out))
}

fn prepare(
    model: &Model,
    path: &Path,
    listed: Option<&str>,
    patients: &Patients,
) -> std::result::Result<Prepared, UnusableImage> {
    let frame = open_image(path)?;
    frame.scorable()?;
    let plane = frame.model_plane();
    let input = model.input_tensor(&plane, frame.pixels.value_range).and_then(|x| x.flatten_all()?.to_vec1());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let lead = patients.lead(&name, &key_of(Path::new(""), path), listed);
    let patient = lead.with_header(&frame.entry.meta.patient_id).0.unwrap_or_else(|| name.to_string());
    Ok(Prepared { input: input?, image: small(&plane), patient })
}

/// A small copy in 8 bits between its own darkest and brightest grey: the order of the greys is all
/// that is looked at.
fn small(plane: &Plane) -> SmallImage {
    let mut copy = resize(plane, KEPT, KEPT);
    let low = copy.values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = copy.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let span = (high - low).max(f32::MIN_POSITIVE);
    copy.values.iter_mut().for_each(|v| *v = (*v - low) / span);
    SmallImage::from_plane(&copy)
}

fn run(model: &Model, ready: Vec<Prepared>) -> Result<Vec<Member>> {
    if ready.is_empty() {
        return Ok(Vec::new());
    }
    let input = &model.manifest.input;
    let values: Vec<f32> = ready.iter().flat_map(|p| p.input.iter().copied()).collect();
    let x = Tensor::from_vec(values, (ready.len(), input.channels, input.height, input.width), &model.device)?;
    let (_, features) = features::run(&model.network, &x)?;
    if features.iter().any(|f| f.logits.iter().chain(&f.pooled).any(|v| !v.is_finite())) {
        return Err(Error::Data(
            "the network's features are not numbers; its weights may be damaged (`pellucid models verify`)".into(),
        ));
    }
    let members = ready.into_iter().zip(features);
    Ok(members.map(|(p, features)| Member { patient: p.patient, features, image: p.image }).collect())
}
