//! The images that the gate learns from and is validated on, by kind.

use std::path::Path;

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::canvas::{between, happens};
use super::config::GateConfig;
use super::example_kind::ExampleKind;
use super::negatives::{KINDS, NegativeKind};
use super::read::{HeldOut, KEPT, Traits, decode_folders};
use super::small_image::{SmallImage, any};
use super::{lossy, negatives, views};
use crate::imaging::Plane;
use crate::phantom::{Age, Lung, Opacity, OpacityKind, PhantomRecipe, Zone, render};
use crate::training::event::{Event, Observer};
use crate::training::random::{Purpose, stream};
use crate::training::{Error, Result};

/// Images in memory; each list once for training and once for validation.
pub struct Examples {
    wanted: [Vec<SmallImage>; 2],
    others: [Vec<SmallImage>; 2],
    /// Kinds of which there are too few to validate on.
    rare: Vec<SmallImage>,
    /// Phantoms, where there are any.
    child: [Vec<SmallImage>; 2],
    adult: [Vec<SmallImage>; 2],
    synthetic_heads: bool,
    /// Files of the validation part: wanted ones, others.
    pub held_out: [Vec<HeldOut>; 2],
    pub traits: Traits,
}

impl Examples {
    /// Decodes the folders and renders the phantoms.
    pub fn load(config: &GateConfig, root: &Path, observer: Observer<'_>) -> Result<Self> {
        let wanted = decode_folders(config, root, &config.wanted, observer)?;
        let others = decode_folders(config, root, &config.others, observer)?;
        for (list, what) in [(&wanted, "wanted"), (&others, "others")] {
            if list.parts.iter().any(Vec::is_empty) {
                return Err(Error::NoImages(format!("the folders of `{what}` need images of several patients")));
            }
        }
        let rare = decode_folders(config, root, &config.rare, observer)?.parts.into_iter().flatten().collect();
        observer(Event::GateImages {
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

    /// A source for training; where there are no phantoms, turned and varied images stand for them:
    /// slices in three planes are harder to tell upright from turned than chests. Where slices of
    /// the head are wanted, the nearest of the others are slices of the rest of the body: they come
    /// more often.
    pub fn source(&self, rng: &mut ChaCha8Rng) -> ExampleKind {
        match ExampleKind::drawn(rng) {
            ExampleKind::Child | ExampleKind::Adult if !self.has_phantoms() && happens(rng, 0.6) => ExampleKind::Turned,
            ExampleKind::Child | ExampleKind::Adult if !self.has_phantoms() => ExampleKind::Varied,
            ExampleKind::Synthetic(_) if !self.synthetic_heads && happens(rng, 0.3) => {
                ExampleKind::Synthetic(NegativeKind::Slice)
            }
            source => source,
        }
    }

    /// Every source once, in the order of reports.
    pub fn sources(&self) -> Vec<ExampleKind> {
        let phantoms = [ExampleKind::Child, ExampleKind::Adult].into_iter().filter(|_| self.has_phantoms());
        let others = [ExampleKind::Turned, ExampleKind::Inverted, ExampleKind::Pieces, ExampleKind::Other];
        let real = [ExampleKind::Plain, ExampleKind::Varied].into_iter().chain(phantoms).chain(others);
        real.chain(KINDS.map(ExampleKind::Synthetic)).collect()
    }

    /// One image of a source, from the validation part when `held_out`; now and then a lossy copy
    /// of it.
    pub fn draw(&self, source: ExampleKind, held_out: bool, side: usize, rng: &mut ChaCha8Rng) -> Plane {
        let share = match source {
            ExampleKind::Plain => 0.0,
            ExampleKind::Synthetic(_) => 0.4,
            _ => 0.2,
        };
        if happens(rng, share) {
            return lossy::copy(&self.clean(source, held_out, 2 * side, rng), rng);
        }
        self.clean(source, held_out, side, rng)
    }

    fn clean(&self, source: ExampleKind, held_out: bool, side: usize, rng: &mut ChaCha8Rng) -> Plane {
        let part = usize::from(held_out);
        let wanted = |rng: &mut ChaCha8Rng| {
            // Now and then a phantom stands for an image in what is turned, inverted and cut, adult
            // ones too.
            let phantom = self.has_phantoms() && happens(rng, 0.12);
            any(if phantom { &self.adult[part] } else { &self.wanted[part] }, rng)
        };
        match source {
            ExampleKind::Plain => views::plain(any(&self.wanted[part], rng), side),
            ExampleKind::Varied => views::upright(any(&self.wanted[part], rng), side, rng),
            ExampleKind::Child => views::upright(any(&self.child[part], rng), side, rng),
            ExampleKind::Adult => views::upright(any(&self.adult[part], rng), side, rng),
            ExampleKind::Turned => views::turned(wanted(rng), side, rng),
            ExampleKind::Inverted => views::inverted(wanted(rng), side, rng),
            ExampleKind::Pieces => views::pieces(wanted(rng), side, rng),
            ExampleKind::Other => {
                let rare = !held_out && !self.rare.is_empty() && happens(rng, 0.5);
                views::any_way(any(if rare { &self.rare } else { &self.others[part] }, rng), side, rng)
            }
            ExampleKind::Synthetic(kind) => {
                let inset = happens(rng, 0.5).then(|| wanted(rng));
                negatives::draw(kind, side, self.synthetic_heads, inset, rng)
            }
        }
    }

    /// Images to be let through, for the statistics of features and scores: each one plain, and as
    /// many varied.
    pub fn accepted(&self, held_out: bool, side: usize, seed: u64) -> Vec<Plane> {
        let part = usize::from(held_out);
        let images = &self.wanted[part];
        let count = images.len();
        let plain = images.par_iter().map(|p| views::plain(p, side));
        let varied = (0..count).into_par_iter().map(|i| {
            let mut rng = stream(seed, Purpose::Augment, usize::MAX >> 44, i);
            let source = match i % 10 {
                0 if self.has_phantoms() => ExampleKind::Child,
                1 | 2 if self.has_phantoms() => ExampleKind::Adult,
                _ => ExampleKind::Varied,
            };
            self.draw(source, held_out, side, &mut rng)
        });
        plain.chain(varied).collect()
    }

    /// Validation images of one kind: those held out as they are, 200 of what is made.
    pub fn validation(&self, source: ExampleKind, side: usize, seed: u64) -> Vec<Plane> {
        let whole = |list: &[SmallImage]| list.par_iter().map(|p| views::plain(p, side)).collect();
        match source {
            ExampleKind::Plain => whole(&self.wanted[1]),
            ExampleKind::Other => whole(&self.others[1]),
            ExampleKind::Child => whole(&self.child[1]),
            ExampleKind::Adult => whole(&self.adult[1]),
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

/// Phantoms with and without opacities, seeds from `first`.
fn phantoms(age: Age, first: u64, count: usize) -> Vec<SmallImage> {
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
            SmallImage::from_plane(&plane)
        })
        .collect()
}
