//! A chest radiograph made by us: the demo study, the ground truth of localisation tests, and test
//! data for every machine.
//!
//! An analytic torso ([`anatomy`], [`skeleton`], [`vessels`]) is projected by Beer–Lambert's law,
//! `I = I₀ exp(−∫ μ ds)`, with one effective energy and parallel rays; scatter, quantum noise and
//! the processing of a "for presentation" image follow ([`projection`]). Opacities ([`opacity`])
//! stand at known places and come with their mask.
//!
//! All random choices come from the recipe's seed through ChaCha and integer hashes, and all
//! transcendental functions from `libm`, so that a recipe gives the same values on every machine,
//! whatever the number of threads.
//!
//! What it does not do: beam hardening, heel effect, lateral views, diseases other than the two
//! kinds of opacity.

mod anatomy;
pub mod demo;
mod files;
mod lungs;
mod opacity;
mod projection;
mod rng;
mod skeleton;
mod tube;
mod vessels;

use serde::{Deserialize, Serialize};

pub use files::{PhantomFileError, mask_image, picture, write_dicom, write_lungs, write_mask, write_png};
pub use lungs::lung_fields;

use crate::imaging::Plane;

/// Largest side of a phantom, in pixels.
pub const MAX_SIZE: usize = 8192;
/// Smallest side of a phantom, in pixels.
pub const MIN_SIZE: usize = 16;

/// Everything that determines a phantom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhantomRecipe {
    /// Chooses habitus, rotation, inspiration, exposure, heart size, texture and noise.
    pub seed: u64,
    /// Side of the square image in pixels ([`MIN_SIZE`]–[`MAX_SIZE`]; other values are clamped).
    pub size: usize,
    pub age: Age,
    pub opacities: Vec<Opacity>,
    /// Photons for each square of 1/1024 of the image's side, in air; sets the noise.
    pub dose: f32,
    /// How far the seed moves the anatomy from its mean: 0 (not at all) to 1.
    pub variation: f32,
}

impl Default for PhantomRecipe {
    fn default() -> Self {
        Self { seed: 1, size: 1024, age: Age::Child, opacities: Vec::new(), dose: 60_000.0, variation: 1.0 }
    }
}

/// Whose proportions the torso has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Age {
    /// About three years: what the default model was trained on.
    Child,
    Adult,
}

/// An opacity at a known place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opacity {
    pub lung: Lung,
    pub zone: Zone,
    pub kind: OpacityKind,
    /// 1 is about a third of a lung's height across.
    pub size: f32,
    /// 0 (nothing) to 1 (no air left in its middle).
    pub density: f32,
}

/// The patient's side: the right lung stands left in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lung {
    Right,
    Left,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Zone {
    Upper,
    Middle,
    Lower,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OpacityKind {
    /// Dense consolidation with soft edges and an air bronchogram.
    Lobar,
    /// Streaks and thickened bronchial walls that spread from the hilum.
    Interstitial,
}

/// A place or kind of opacity that could not be understood.
#[derive(Debug, thiserror::Error)]
#[error(
    "“{0}” is no opacity; write a place and, if you like, a kind: right-lower, left-upper:lobar, right-middle:interstitial"
)]
pub struct UnknownOpacity(String);

impl std::str::FromStr for Opacity {
    type Err = UnknownOpacity;

    fn from_str(text: &str) -> Result<Self, UnknownOpacity> {
        let unknown = || UnknownOpacity(text.to_owned());
        let lower = text.to_lowercase();
        let (place, kind) = lower.split_once(':').unwrap_or((&lower, "lobar"));
        let (lung, zone) = place.split_once('-').ok_or_else(unknown)?;
        let lung = match lung {
            "right" => Lung::Right,
            "left" => Lung::Left,
            _ => return Err(unknown()),
        };
        let zone = match zone {
            "upper" => Zone::Upper,
            "middle" => Zone::Middle,
            "lower" => Zone::Lower,
            _ => return Err(unknown()),
        };
        let kind = match kind {
            "lobar" => OpacityKind::Lobar,
            "interstitial" => OpacityKind::Interstitial,
            _ => return Err(unknown()),
        };
        Ok(Opacity { lung, zone, kind, size: 1.0, density: 0.8 })
    }
}

/// A rendered phantom.
#[derive(Clone, Debug, PartialEq)]
pub struct Phantom {
    /// 12-bit values (0–4095), bright = dense.
    pub plane: Plane,
    /// True where an opacity adds visible density; row by row like the plane, all false without
    /// one.
    pub mask: Vec<bool>,
    /// Distance of neighbouring pixels at the detector.
    pub spacing_mm: f64,
}

/// Renders the image of a recipe.
#[must_use]
pub fn render(recipe: &PhantomRecipe) -> Phantom {
    projection::expose(recipe)
}
