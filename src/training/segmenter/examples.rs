//! What a segmenter learns from: radiographs with masks, phantoms, images without lungs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::augment::{TrainingView, drawn};
use super::config::{MaskedSet, SegmenterConfig};
use super::picture::{KEPT, Picture};
use super::split::{self, RadiographPart};
use super::{SegmenterEvent, SegmenterObserver};
use crate::files::lines::BoundedLines;
use crate::files::read_regular;
use crate::files::walk::files_below;
use crate::imaging::Plane;
use crate::limits;
use crate::phantom::{Age, Lung, Opacity, OpacityKind, PhantomRecipe, Zone, lung_fields, render};
use crate::study::{may_be_an_image, open_image};
use crate::training::gate::canvas::between;
use crate::training::gate::negatives::{KINDS, draw};
use crate::training::random::{Purpose, stream};
use crate::training::{Error, Result};

/// Most images without lungs that are kept; of more, some from all of them.
const MOST_WITHOUT: usize = 1000;
/// Side that images without lungs are drawn at.
const DRAWN: usize = 160;

/// An image with its mask.
#[derive(Clone, Debug)]
pub struct Radiograph {
    /// Number of its set.
    pub set: usize,
    pub image: PathBuf,
    pub mask: PathBuf,
    pub patient: String,
    pub part: RadiographPart,
    /// As training keeps it.
    pub(super) picture: Picture,
}

/// Everything that a segmenter learns from.
pub struct SegmenterExamples {
    pub radiographs: Vec<Radiograph>,
    pub(super) phantoms: Vec<Picture>,
    pub(super) without: Vec<Picture>,
    /// Numbers of the radiographs that train, and the sum of their weights up to each.
    training: Vec<(usize, f64)>,
    phantom_share: f64,
    without_share: f64,
}

impl SegmenterExamples {
    /// Reads the folders of a configuration below `root`.
    ///
    /// # Errors
    /// When a folder or table cannot be read, or no image with a mask trains, validates or is held
    /// out. Single images that cannot be used are left out with a warning.
    pub fn load(config: &SegmenterConfig, root: &Path, observer: SegmenterObserver<'_>) -> Result<Self> {
        let mut radiographs = Vec::new();
        for (number, set) in config.sets.iter().enumerate() {
            radiographs.extend(radiographs_of(config, number, set, root, observer)?);
        }
        let count = |part| radiographs.iter().filter(|radiograph| radiograph.part == part).count();
        for part in [RadiographPart::Training, RadiographPart::Validation, RadiographPart::HeldOut] {
            if count(part) == 0 {
                let name = part.name();
                return Err(Error::NoImages(format!(
                    "the part “{name}” has none; add images with masks, or use fewer folds"
                )));
            }
        }
        let mut weight = 0.0;
        let training =
            radiographs.iter().enumerate().filter(|(_, radiograph)| radiograph.part == RadiographPart::Training);
        let training: Vec<(usize, f64)> = training
            .map(|(i, radiograph)| {
                weight += config.sets[radiograph.set].weight;
                (i, weight)
            })
            .collect();
        if weight <= 0.0 {
            return Err(Error::NoImages("the weights of all sets are 0, so none would be seen".into()));
        }
        let phantoms: Vec<Picture> = (0..2 * config.phantoms as u64).into_par_iter().map(|i| phantom(i + 1)).collect();
        let without = without_lungs(&config.without, root, observer)?;
        observer(SegmenterEvent::Images {
            training: count(RadiographPart::Training),
            validation: count(RadiographPart::Validation),
            held_out: count(RadiographPart::HeldOut),
            phantoms: phantoms.len(),
            without: without.len(),
        });
        let phantom_share = if phantoms.is_empty() { 0.0 } else { config.phantom_share };
        Ok(Self { radiographs, phantoms, without, training, phantom_share, without_share: config.without_share })
    }

    /// The radiographs of a part.
    pub fn of(&self, part: RadiographPart) -> impl Iterator<Item = &Radiograph> {
        self.radiographs.iter().filter(move |radiograph| radiograph.part == part)
    }

    /// Writes which radiographs were used for what.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub fn write_split(&self, config: &SegmenterConfig, folder: &Path) -> Result<()> {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let rows = self.radiographs.iter().map(|radiograph| {
            (
                config.sets[radiograph.set].name.as_str(),
                name(&radiograph.image),
                radiograph.patient.as_str(),
                radiograph.part,
            )
        });
        split::write(&folder.join(split::FILE), rows)
    }

    /// A view to learn from.
    pub(super) fn draw(&self, side: usize, rng: &mut ChaCha8Rng) -> TrainingView {
        let chance = rng.random::<f64>();
        if chance < self.without_share {
            // Drawn ones as often as those of folders, where there are any.
            let drawn_one = self.without.is_empty() || rng.random::<bool>();
            if drawn_one {
                let picture = drawn_without(rng);
                return drawn(&picture, side, rng);
            }
            return drawn(&self.without[rng.random_range(0..self.without.len())], side, rng);
        }
        if chance < self.without_share + self.phantom_share {
            return drawn(&self.phantoms[rng.random_range(0..self.phantoms.len())], side, rng);
        }
        let all = self.training.last().map_or(0.0, |(_, weight)| *weight);
        let place = rng.random::<f64>() * all;
        let i = self.training.partition_point(|(_, weight)| *weight <= place).min(self.training.len() - 1);
        drawn(&self.radiographs[self.training[i].0].picture, side, rng)
    }
}

/// A synthetic image without lungs.
fn drawn_without(rng: &mut ChaCha8Rng) -> Picture {
    let kind = KINDS[rng.random_range(0..KINDS.len())];
    Picture::without(&draw(kind, DRAWN, true, None, rng), DRAWN)
}

/// Synthetic images without lungs that no training draws, for whoever judges a segmenter.
pub(super) fn strangers(count: usize, seed: u64) -> Vec<Plane> {
    let one = |i: usize| {
        let mut rng = stream(seed.wrapping_add(1), Purpose::Augment, usize::MAX >> 42, i);
        draw(KINDS[i % KINDS.len()], DRAWN, true, None, &mut rng)
    };
    (0..count).into_par_iter().map(one).collect()
}

/// A recipe of a phantom, of either age by turns, with up to two opacities.
pub(super) fn recipe(seed: u64, size: usize) -> PhantomRecipe {
    let mut rng = stream(seed, Purpose::Augment, usize::MAX >> 43, 0);
    let opacity = |rng: &mut ChaCha8Rng| Opacity {
        lung: if rng.random() { Lung::Right } else { Lung::Left },
        zone: [Zone::Upper, Zone::Middle, Zone::Lower][rng.random_range(0..3)],
        kind: if rng.random() { OpacityKind::Lobar } else { OpacityKind::Interstitial },
        size: between(rng, 0.5, 1.8),
        density: between(rng, 0.3, 1.0),
    };
    let opacities = (0..rng.random_range(0..3)).map(|_| opacity(&mut rng)).collect();
    let age = if seed.is_multiple_of(2) { Age::Adult } else { Age::Child };
    PhantomRecipe { seed, size, age, opacities, ..PhantomRecipe::default() }
}

/// A phantom with its mask, as training keeps it.
fn phantom(seed: u64) -> Picture {
    let recipe = recipe(seed, KEPT);
    let image = render(&recipe).plane;
    let values = lung_fields(&recipe).iter().map(|lung| if lung.is_some() { 255.0 } else { 0.0 }).collect();
    Picture::of(&image, &Plane { values, ..Plane::filled(KEPT, KEPT, 0.0) })
}

/// The images of a set with their masks.
fn radiographs_of(
    config: &SegmenterConfig,
    number: usize,
    set: &MaskedSet,
    root: &Path,
    observer: SegmenterObserver<'_>,
) -> Result<Vec<Radiograph>> {
    let folder = root.join(&set.images);
    if let Err(source) = std::fs::metadata(&folder) {
        return Err(Error::Read { path: folder, source });
    }
    let mut paths: Vec<PathBuf> = files_below(&folder).flatten().filter(|path| may_be_an_image(path)).collect();
    paths.sort();
    let patients = match &set.table {
        Some(table) => patients_of(&root.join(table), set)?,
        None => HashMap::new(),
    };
    let read: Vec<std::result::Result<(PathBuf, PathBuf, Picture), String>> = paths
        .into_par_iter()
        .map(|image| {
            let mask = root.join(&set.masks).join(image.file_stem().unwrap_or_default()).with_extension("png");
            let picture =
                read_pair(&image, &mask).map_err(|reason| format!("{} is left out: {reason}", image.display()))?;
            Ok((image, mask, picture))
        })
        .collect();
    let mut radiographs = Vec::new();
    for radiograph in read {
        match radiograph {
            Ok((image, mask, picture)) => {
                let name = image.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let patient = patients.get(&name).filter(|p| !p.is_empty()).cloned().unwrap_or(name);
                radiographs.push(Radiograph {
                    set: number,
                    image,
                    mask,
                    patient,
                    part: RadiographPart::Training,
                    picture,
                });
            }
            Err(reason) => observer(SegmenterEvent::Warning(reason)),
        }
    }
    let names: Vec<String> = radiographs.iter().map(|radiograph| radiograph.patient.clone()).collect();
    let parts = split::parts(config, number, &names);
    radiographs.iter_mut().zip(parts).for_each(|(radiograph, part)| radiograph.part = part);
    Ok(radiographs)
}

/// The patient of every file, by a table.
fn patients_of(path: &Path, set: &MaskedSet) -> Result<HashMap<String, String>> {
    let bytes = read_regular(path, limits::TABLE_BYTES)
        .map_err(|error| Error::Read { path: path.into(), source: error.into() })?;
    let refuse = |reason: String| Error::Data(format!("the table {} {reason}", path.display()));
    let mut rows =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(BoundedLines::new(&bytes[..]));
    let header = rows.headers().map_err(|e| refuse(format!("cannot be read: {e}")))?.clone();
    let column = |wanted: &str| {
        let there: Vec<&str> = header.iter().collect();
        let found = there.iter().position(|h| h.eq_ignore_ascii_case(wanted));
        found.ok_or_else(|| refuse(format!("has no column `{wanted}`; its columns are {}", there.join(", "))))
    };
    let (file, patient) = (column(&set.file_column)?, column(&set.patient_column)?);
    let mut patients = HashMap::new();
    for row in rows.records() {
        let row = row.map_err(|e| refuse(format!("cannot be read: {e}")))?;
        patients.insert(row.get(file).unwrap_or_default().to_owned(), row.get(patient).unwrap_or_default().to_owned());
    }
    Ok(patients)
}

/// The polarity-corrected plane of an image and the values of its mask.
pub(super) fn planes(image: &Path, mask: &Path) -> std::result::Result<(Plane, Plane), String> {
    let frame = open_image(image).map_err(|e| e.to_string())?;
    frame.scorable().map_err(|e| e.to_string())?;
    let image = frame.model_plane();
    let mask = open_image(mask).map_err(|e| format!("its mask {}: {e}", mask.display()))?.pixels.plane.clone();
    if (mask.width, mask.height) != (image.width, image.height) {
        let (w, h) = (mask.width, mask.height);
        return Err(format!("its mask is {w} × {h} pixels, the image {} × {}", image.width, image.height));
    }
    Ok((image, mask))
}

fn read_pair(image: &Path, mask: &Path) -> std::result::Result<Picture, String> {
    let (image, mask) = planes(image, mask)?;
    let picture = Picture::of(&image, &mask);
    let marked = picture.lung.iter().any(|v| *v > 127);
    if marked { Ok(picture) } else { Err("its mask marks no lung (255)".into()) }
}

/// Images without lungs of files and folders.
fn without_lungs(paths: &[PathBuf], root: &Path, observer: SegmenterObserver<'_>) -> Result<Vec<Picture>> {
    let mut files = Vec::new();
    for path in paths {
        let path = root.join(path);
        if let Err(source) = std::fs::metadata(&path) {
            return Err(Error::Read { path, source });
        }
        files.extend(files_below(&path).flatten().filter(|path| may_be_an_image(path)));
    }
    files.sort();
    let step = files.len().div_ceil(MOST_WITHOUT).max(1);
    let files: Vec<PathBuf> = files.into_iter().step_by(step).collect();
    let read = |path: &PathBuf| {
        let picture = open_image(path).map(|frame| Picture::without(&frame.model_plane(), DRAWN));
        picture.map_err(|reason| format!("{} is left out: {reason}", path.display()))
    };
    let read: Vec<_> = files.par_iter().map(read).collect();
    let mut pictures = Vec::with_capacity(read.len());
    for picture in read {
        match picture {
            Ok(picture) => pictures.push(picture),
            Err(reason) => observer(SegmenterEvent::Warning(reason)),
        }
    }
    Ok(pictures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phantom_comes_with_lungs_and_a_stranger_without() {
        let picture = phantom(3);
        let share = picture.lung.iter().filter(|v| **v > 127).count() as f32 / picture.lung.len() as f32;
        assert!((0.2..0.5).contains(&share), "{share}");
        let strangers = strangers(4, 1);
        assert_eq!((strangers.len(), strangers[0].width), (4, DRAWN));
        assert!(strangers.iter().all(|plane| plane.values.iter().all(|v| v.is_finite())));
    }
}
