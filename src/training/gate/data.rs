//! The images that the gate learns from and is validated on, by kind.

use std::path::{Path, PathBuf};

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use regex::Regex;
use sha2::{Digest, Sha256};

use super::negatives::{self, KINDS, Kind};
use super::{GateConfig, GateEvent, any};
use super::{lossy, views};
use crate::files::walk::files_below;
use crate::imaging::auto_window::auto_window;
use crate::imaging::chroma::{MARKERS, coloured_share};
use crate::imaging::drawn::Drawn;
use crate::imaging::resample::resize;
use crate::imaging::{Plane, Window};
use crate::study::open_image;
use crate::study::phantom::{Age, Lung, Opacity, OpacityKind, PhantomRecipe, Zone, render};
use crate::training::audit::fingerprint::Fingerprint;
use crate::training::audit::grouping::groups;
use crate::training::audit::near_duplicates::near_duplicates;
use crate::training::canvas::{between, happens};
use crate::training::dataset::Picture;
use crate::training::random::{Purpose, stream};
use crate::training::{Error, Result};
use crate::uncertainty::gate::Seen;

/// Side that pictures are kept at.
const KEPT: usize = 128;

/// Where an image of a batch comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A wanted image as it is.
    Plain,
    /// A wanted image as other machines might show it.
    Varied,
    Child,
    Adult,
    Turned,
    Inverted,
    Pieces,
    /// A picture of the other folders.
    Other,
    Synthetic(Kind),
}

impl Source {
    /// One for training, by fixed shares.
    fn drawn(rng: &mut ChaCha8Rng) -> Self {
        match rng.random_range(0..100) {
            0..6 => Self::Plain,
            6..28 => Self::Varied,
            28..30 => Self::Child,
            30..36 => Self::Adult,
            36..47 => Self::Turned,
            47..55 => Self::Inverted,
            55..62 => Self::Pieces,
            62..71 => Self::Other,
            _ => Self::Synthetic(KINDS[rng.random_range(0..KINDS.len())]),
        }
    }

    /// What the gate should say to it.
    pub fn seen(self) -> Seen {
        match self {
            Self::Plain | Self::Varied | Self::Child | Self::Adult => Seen::Wanted,
            Self::Turned => Seen::Turned,
            Self::Inverted => Seen::Inverted,
            Self::Pieces | Self::Other | Self::Synthetic(_) => Seen::Other,
        }
    }

    /// Name for tables.
    pub fn name(self) -> String {
        match self {
            Self::Plain => "wanted".into(),
            Self::Varied => "wanted, varied".into(),
            Self::Child => "phantoms, child".into(),
            Self::Adult => "phantoms, adult".into(),
            Self::Turned => "wanted, turned".into(),
            Self::Inverted => "wanted, inverted".into(),
            Self::Pieces => "wanted, in pieces".into(),
            Self::Other => "other folders".into(),
            Self::Synthetic(kind) => format!("synthetic: {kind:?}"),
        }
    }
}

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

/// Pictures in memory; each list once for training and once for validation.
pub struct Examples {
    wanted: [Vec<Picture>; 2],
    others: [Vec<Picture>; 2],
    /// Kinds of which there are too few to validate on.
    rare: Vec<Picture>,
    /// Phantoms, where there are any.
    child: [Vec<Picture>; 2],
    adult: [Vec<Picture>; 2],
    synthetic_heads: bool,
    /// Files of the validation part: wanted ones, others.
    pub held_out: [Vec<HeldOut>; 2],
    pub traits: Traits,
}

impl Examples {
    /// Decodes the folders and renders the phantoms.
    pub fn load(config: &GateConfig, root: &Path, observer: &dyn Fn(GateEvent)) -> Result<Self> {
        let wanted = pictures(config, root, &config.wanted, observer)?;
        let others = pictures(config, root, &config.others, observer)?;
        for (list, what) in [(&wanted, "wanted"), (&others, "others")] {
            if list.parts.iter().any(Vec::is_empty) {
                return Err(Error::NoImages(format!("the folders of `{what}` need images of several patients")));
            }
        }
        let rare = pictures(config, root, &config.rare, observer)?.parts.into_iter().flatten().collect();
        observer(GateEvent::Loaded {
            wanted: wanted.parts[0].len(),
            validation: wanted.parts[1].len(),
            others: others.parts[0].len(),
        });
        let few = config.phantoms.div_ceil(5);
        let both = |age| [phantoms(age, 1_000, config.phantoms), phantoms(age, 900_000, few)];
        Ok(Self {
            rare,
            child: both(Age::Child),
            adult: both(Age::Adult),
            synthetic_heads: config.synthetic_heads,
            held_out: [wanted.held_out, others.held_out],
            traits: wanted.traits,
            wanted: wanted.parts,
            others: others.parts,
        })
    }

    fn has_phantoms(&self) -> bool {
        !self.child[0].is_empty()
    }

    /// A source for training; where there are no phantoms, turned and varied images stand for them: slices in three planes are harder
    /// to tell upright from turned than chests. Where slices of the head are wanted, the
    /// nearest rivals are slices of the rest of the body: they come more often.
    pub fn source(&self, rng: &mut ChaCha8Rng) -> Source {
        match Source::drawn(rng) {
            Source::Child | Source::Adult if !self.has_phantoms() && happens(rng, 0.6) => Source::Turned,
            Source::Child | Source::Adult if !self.has_phantoms() => Source::Varied,
            Source::Synthetic(_) if !self.synthetic_heads && happens(rng, 0.3) => Source::Synthetic(Kind::Slice),
            source => source,
        }
    }

    /// Every source once, in the order of reports.
    pub fn sources(&self) -> Vec<Source> {
        let phantoms = [Source::Child, Source::Adult].into_iter().filter(|_| self.has_phantoms());
        let others = [Source::Turned, Source::Inverted, Source::Pieces, Source::Other];
        let real = [Source::Plain, Source::Varied].into_iter().chain(phantoms).chain(others);
        real.chain(KINDS.map(Source::Synthetic)).collect()
    }

    /// One image of a source, from the validation part when `held_out`; now and then a lossy copy of it.
    pub fn draw(&self, source: Source, held_out: bool, side: usize, rng: &mut ChaCha8Rng) -> Plane {
        let share = match source {
            Source::Plain => 0.0,
            Source::Synthetic(_) => 0.4,
            _ => 0.2,
        };
        if happens(rng, share) {
            return lossy::copy(&self.clean(source, held_out, 2 * side, rng), rng);
        }
        self.clean(source, held_out, side, rng)
    }

    fn clean(&self, source: Source, held_out: bool, side: usize, rng: &mut ChaCha8Rng) -> Plane {
        let part = usize::from(held_out);
        let film = |rng: &mut ChaCha8Rng| {
            // Now and then a phantom stands for a film in what is turned, inverted and cut, adult ones too.
            let phantom = self.has_phantoms() && happens(rng, 0.12);
            any(if phantom { &self.adult[part] } else { &self.wanted[part] }, rng)
        };
        match source {
            Source::Plain => views::plain(any(&self.wanted[part], rng), side),
            Source::Varied => views::upright(any(&self.wanted[part], rng), side, rng),
            Source::Child => views::upright(any(&self.child[part], rng), side, rng),
            Source::Adult => views::upright(any(&self.adult[part], rng), side, rng),
            Source::Turned => views::turned(film(rng), side, rng),
            Source::Inverted => views::inverted(film(rng), side, rng),
            Source::Pieces => views::pieces(film(rng), side, rng),
            Source::Other => {
                let rare = !held_out && !self.rare.is_empty() && happens(rng, 0.5);
                views::any_way(any(if rare { &self.rare } else { &self.others[part] }, rng), side, rng)
            }
            Source::Synthetic(kind) => {
                let inset = happens(rng, 0.5).then(|| film(rng));
                negatives::draw(kind, side, self.synthetic_heads, inset, rng)
            }
        }
    }

    /// Images to be let through, for the statistics of features and scores: each one plain, and as many varied.
    pub fn accepted(&self, held_out: bool, side: usize, seed: u64) -> Vec<Plane> {
        let part = usize::from(held_out);
        let images = &self.wanted[part];
        let count = images.len();
        let plain = images.par_iter().map(|p| views::plain(p, side));
        let varied = (0..count).into_par_iter().map(|i| {
            let mut rng = stream(seed, Purpose::Augment, usize::MAX >> 44, i);
            let source = match i % 10 {
                0 if self.has_phantoms() => Source::Child,
                1 | 2 if self.has_phantoms() => Source::Adult,
                _ => Source::Varied,
            };
            self.draw(source, held_out, side, &mut rng)
        });
        plain.chain(varied).collect()
    }

    /// Validation images of one kind: held-out images and pictures as they are, 200 of what is made.
    pub fn validation(&self, source: Source, side: usize, seed: u64) -> Vec<Plane> {
        let whole = |list: &[Picture]| list.par_iter().map(|p| views::plain(p, side)).collect();
        match source {
            Source::Plain => whole(&self.wanted[1]),
            Source::Other => whole(&self.others[1]),
            Source::Child => whole(&self.child[1]),
            Source::Adult => whole(&self.adult[1]),
            _ => (0..200)
                .into_par_iter()
                .map(|i| {
                    let mut rng = stream(seed, Purpose::Augment, usize::MAX >> 43, i);
                    self.draw(source, true, side, &mut rng)
                })
                .collect(),
        }
    }
}

/// Decoded pictures, apart by patient.
struct Decoded {
    /// For training, for validation.
    parts: [Vec<Picture>; 2],
    held_out: Vec<HeldOut>,
    traits: Traits,
}

/// One decoded file: the picture as it is kept, sharp steps at its full size, whether it is in colour.
type One = (Picture, f32, bool);

/// Patterns of the configuration whose first group is the patient.
pub fn patterns(config: &GateConfig, root: &Path) -> Result<Vec<Regex>> {
    let read: std::result::Result<_, _> = config.patient.iter().map(|p| Regex::new(p)).collect();
    read.map_err(|e| Error::Config { path: root.into(), reason: e.to_string() })
}

/// The patient that the name of a file tells, else the name.
pub fn patient(path: &Path, patterns: &[Regex]) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    patterns.iter().find_map(|p| Some(p.captures(&name)?.get(1)?.as_str())).unwrap_or(&name).to_owned()
}

/// The files below `folders`, in the order of their paths.
pub fn files(root: &Path, folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
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

/// Decodes the pictures below `folders`, apart by patient; images that look alike count as one patient's.
fn pictures(config: &GateConfig, root: &Path, folders: &[PathBuf], observer: &dyn Fn(GateEvent)) -> Result<Decoded> {
    let patterns = patterns(config, root)?;
    let paths = files(root, folders)?;
    let decoded: Vec<std::result::Result<One, String>> = paths.par_iter().map(|p| decode(p)).collect();
    let mut read: Vec<(PathBuf, One)> = Vec::new();
    for (path, one) in paths.into_iter().zip(decoded) {
        match one {
            Ok(one) => read.push((path, one)),
            Err(reason) => observer(GateEvent::Warning(format!("{} is left out: {reason}", path.display()))),
        }
    }
    let patients: Vec<String> = read.iter().map(|(path, _)| patient(path, &patterns)).collect();
    let prints: Vec<Fingerprint> = read.par_iter().map(|(_, one)| Fingerprint::of(&one.0.plane())).collect();
    let found = near_duplicates(&prints.iter().collect::<Vec<_>>(), &|_| ())?;
    let heads = groups(&patients.iter().map(String::as_str).collect::<Vec<_>>(), &found);
    let (mut parts, mut held_out, mut traits) = ([Vec::new(), Vec::new()], Vec::new(), Traits::default());
    let count = read.len().max(1) as f64;
    for ((path, (picture, steps, coloured)), head) in read.into_iter().zip(heads) {
        let patient = patients[head].clone();
        traits.coloured += f64::from(u8::from(coloured)) / count;
        if validates(&patient, config) {
            parts[1].push(picture);
            held_out.push(HeldOut { path, patient });
        } else {
            traits.steps = traits.steps.max(steps);
            parts[0].push(picture);
        }
    }
    Ok(Decoded { parts, held_out, traits })
}

/// Whether a patient belongs to the validation part: by a hash, so that more data do not move anyone.
fn validates(patient: &str, config: &GateConfig) -> bool {
    let digest = Sha256::digest(format!("{}/{patient}", config.seed));
    f64::from(u16::from_be_bytes([digest[0], digest[1]])) / 65_536.0 < config.validation
}

fn decode(path: &Path) -> std::result::Result<One, String> {
    let frame = open_image(path).map_err(|e| e.to_string())?;
    frame.scorable().map_err(|e| e.to_string())?;
    let mut plane = frame.model_plane();
    let steps = Drawn::of(&plane).steps;
    let coloured = frame.color.as_deref().is_some_and(|picture| coloured_share(picture) > MARKERS);
    if frame.value_range == (0.0, 255.0) {
        plane.values.iter_mut().for_each(|v| *v /= 255.0);
    } else {
        // A picture has 8 bits: they are spent on the values that most pixels have.
        let Window { center, width, .. } = auto_window(&plane, frame.padding);
        plane.values.iter_mut().for_each(|v| *v = ((*v - center) / width.max(1e-6) + 0.5).clamp(0.0, 1.0));
    }
    Ok((Picture::from_plane(&resize(&plane, KEPT, KEPT)), steps, coloured))
}

/// Phantoms with and without opacities, seeds from `first`.
fn phantoms(age: Age, first: u64, count: usize) -> Vec<Picture> {
    (0..count as u64)
        .into_par_iter()
        .map(|i| {
            let mut rng = stream(first + i, Purpose::Augment, 0, 0);
            let mut opacities = Vec::new();
            while happens(&mut rng, 0.5) && opacities.len() < 3 {
                opacities.push(Opacity {
                    lung: if happens(&mut rng, 0.5) { Lung::Left } else { Lung::Right },
                    zone: [Zone::Upper, Zone::Middle, Zone::Lower][rng.random_range(0..3)],
                    kind: if happens(&mut rng, 0.5) { OpacityKind::Lobar } else { OpacityKind::Interstitial },
                    size: between(&mut rng, 0.5, 1.6),
                    density: between(&mut rng, 0.2, 0.95),
                });
            }
            let recipe = PhantomRecipe { seed: first + i, size: KEPT, age, opacities, ..PhantomRecipe::default() };
            let mut plane = render(&recipe).plane;
            plane.values.iter_mut().for_each(|v| *v /= 4095.0);
            Picture::from_plane(&plane)
        })
        .collect()
}
