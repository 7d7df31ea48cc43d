//! The images that the gate learns from and is validated on, by kind.

use std::path::{Path, PathBuf};

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use regex::Regex;
use sha2::{Digest, Sha256};

use super::canvas::{between, happens};
use super::dataset::Picture;
use super::gate::{GateConfig, GateEvent, any};
use super::gate_negatives::{self as negatives, KINDS, Kind};
use super::gate_views as views;
use super::random::{Purpose, stream};
use super::{Error, Result};
use crate::imaging::auto_window::auto_window;
use crate::imaging::resample::resize;
use crate::imaging::{Plane, Window};
use crate::limits;
use crate::study::open_image;
use crate::study::phantom::{Age, Lung, Opacity, OpacityKind, PhantomRecipe, Zone, render};
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
            6..30 => Self::Varied,
            30..32 => Self::Child,
            32..38 => Self::Adult,
            38..49 => Self::Turned,
            49..58 => Self::Inverted,
            58..67 => Self::Pieces,
            67..79 => Self::Other,
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
}

impl Examples {
    /// Decodes the folders and renders the phantoms.
    pub fn load(config: &GateConfig, root: &Path, observer: &dyn Fn(GateEvent)) -> Result<Self> {
        let wanted = pictures(config, root, &config.wanted, observer)?;
        let others = pictures(config, root, &config.others, observer)?;
        for (list, what) in [(&wanted, "wanted"), (&others, "others")] {
            if list.iter().any(Vec::is_empty) {
                return Err(Error::NoImages(format!("the folders of `{what}` need images of several patients")));
            }
        }
        let rare = pictures(config, root, &config.rare, observer)?.into_iter().flatten().collect();
        observer(GateEvent::Loaded { wanted: wanted[0].len(), validation: wanted[1].len(), others: others[0].len() });
        let few = config.phantoms.div_ceil(5);
        let both = |age| [phantoms(age, 1_000, config.phantoms), phantoms(age, 900_000, few)];
        let synthetic_heads = config.synthetic_heads;
        Ok(Self { wanted, others, rare, child: both(Age::Child), adult: both(Age::Adult), synthetic_heads })
    }

    fn has_phantoms(&self) -> bool {
        !self.child[0].is_empty()
    }

    /// A source for training; where there are no phantoms, varied images stand for them. Where slices of the head are wanted, the
    /// nearest rivals are slices of the rest of the body: they come more often.
    pub fn source(&self, rng: &mut ChaCha8Rng) -> Source {
        match Source::drawn(rng) {
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

    /// One image of a source, from the validation part when `held_out`.
    pub fn draw(&self, source: Source, held_out: bool, side: usize, rng: &mut ChaCha8Rng) -> Plane {
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
            Source::Synthetic(kind) => negatives::draw(kind, side, self.synthetic_heads, rng),
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

/// Decodes the pictures below `folders`, apart by patient.
fn pictures(
    config: &GateConfig,
    root: &Path,
    folders: &[PathBuf],
    observer: &dyn Fn(GateEvent),
) -> Result<[Vec<Picture>; 2]> {
    let patterns: Vec<Regex> = config
        .patient
        .iter()
        .map(|p| Regex::new(p))
        .collect::<std::result::Result<_, _>>()
        .map_err(|e| Error::Config { path: root.into(), reason: e.to_string() })?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let folder = root.join(folder);
        if let Err(source) = std::fs::metadata(&folder) {
            return Err(Error::Read { path: folder, source });
        }
        let files = walkdir::WalkDir::new(&folder).into_iter().flatten().take(limits::FILES_AT_ONCE);
        paths.extend(files.filter(|e| e.file_type().is_file()).map(walkdir::DirEntry::into_path));
    }
    paths.sort();
    let decoded: Vec<std::result::Result<Picture, String>> = paths.par_iter().map(|p| decode(p)).collect();
    let mut parts = [Vec::new(), Vec::new()];
    for (path, picture) in paths.iter().zip(decoded) {
        match picture {
            Ok(picture) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let patient = patterns.iter().find_map(|p| Some(p.captures(&name)?.get(1)?.as_str())).unwrap_or(&name);
                parts[usize::from(validates(patient, config))].push(picture);
            }
            Err(reason) => observer(GateEvent::Warning(format!("{} is left out: {reason}", path.display()))),
        }
    }
    Ok(parts)
}

/// Whether a patient belongs to the validation part: by a hash, so that more data do not move anyone.
fn validates(patient: &str, config: &GateConfig) -> bool {
    let digest = Sha256::digest(format!("{}/{patient}", config.seed));
    f64::from(u16::from_be_bytes([digest[0], digest[1]])) / 65_536.0 < config.validation
}

fn decode(path: &Path) -> std::result::Result<Picture, String> {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("dcm")) {
        let frame = open_image(path).map_err(|e| e.to_string())?;
        let mut plane = frame.model_plane();
        // A picture has 8 bits: they are spent on the values that most pixels have.
        let Window { center, width, .. } = auto_window(&plane, frame.padding);
        plane.values.iter_mut().for_each(|v| *v = ((*v - center) / width.max(1e-6) + 0.5).clamp(0.0, 1.0));
        return Ok(Picture::from_plane(&resize(&plane, KEPT, KEPT)));
    }
    let mut reader =
        image::ImageReader::open(path).and_then(image::ImageReader::with_guessed_format).map_err(|e| e.to_string())?;
    reader.limits(image::Limits::default());
    let grey = reader.decode().map_err(|e| e.to_string())?.to_luma8();
    let values = grey.as_raw().iter().map(|v| f32::from(*v) / 255.0).collect();
    let plane = Plane { width: grey.width() as usize, height: grey.height() as usize, values };
    Ok(Picture::from_plane(&resize(&plane, KEPT, KEPT)))
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
