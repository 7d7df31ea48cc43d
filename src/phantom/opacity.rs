//! Opacities: parts of the lung where fluid stands instead of air.
//!
//! A lesion is a field between 0 and 1, the part of the air that is gone; what it adds to the line
//! integral is that part of the lung's chord times the difference of attenuation. So it ends at the
//! pleura and hides vessels by itself.

use libm::{cosf, sinf};

use super::anatomy::{Torso, mu, side};
use super::rng::{Chance, cloud, ease, hash};
use super::tube::{Layer, Node, Tube};
use super::vessels::hilum;
use super::{Opacity, OpacityKind, Zone};

/// An opacity laid into a torso.
pub(super) struct Lesion {
    kind: OpacityKind,
    x: f32,
    z: f32,
    rx: f32,
    rz: f32,
    density: f32,
    seed: u64,
    /// Shifts and relative radii of the ellipses that make the shape.
    lobes: [(f32, f32, f32); 3],
    /// Air bronchogram (dark) or streaks (bright); drawn where the lesion is.
    pub tubes: Vec<Tube>,
}

impl Lesion {
    /// Places the opacity number `index` of the recipe.
    pub(super) fn new(torso: &Torso, opacity: Opacity, seed: u64, index: usize) -> Self {
        let seed = hash(seed ^ hash(index as u64 + 77));
        let mut chance = Chance::new(seed, 5);
        let sign = side(opacity.lung);
        let down = match opacity.zone {
            Zone::Upper => 0.26,
            Zone::Middle => 0.55,
            Zone::Lower => 0.84,
        } + 0.02 * chance.bell();
        let z = torso.apex + down * (torso.dome_level - torso.apex);
        // The heart hides the inner part of the left lung.
        let inner = match (opacity.zone, sign > 0.0) {
            (Zone::Upper, _) => 0.07,
            (_, false) => 0.10,
            (Zone::Middle, true) => 0.14,
            (Zone::Lower, true) => 0.19,
        };
        let outer = torso.lung_lateral.at(z);
        let x = sign * (inner + (0.48 + 0.05 * chance.bell()) * (outer - inner));
        let size = opacity.size.clamp(0.1, 3.0);
        let (rx, rz) = match opacity.kind {
            OpacityKind::Lobar => (0.105 * size, 0.095 * size),
            OpacityKind::Interstitial => (0.13 * size, 0.14 * size),
        };
        let mut lobe = |r: f32| (0.55 * rx * chance.bell(), 0.55 * rz * chance.bell(), r);
        let mut lesion = Self {
            kind: opacity.kind,
            x,
            z,
            rx,
            rz,
            density: opacity.density.clamp(0.0, 1.0),
            seed,
            lobes: [(0.0, 0.0, 0.85), lobe(0.55), lobe(0.65)],
            tubes: Vec::new(),
        };
        lesion.tubes = match opacity.kind {
            OpacityKind::Lobar => lesion.bronchi(hilum(torso, sign), &mut chance),
            OpacityKind::Interstitial => lesion.streaks(hilum(torso, sign), &mut chance),
        };
        lesion
    }

    /// How much of the lesion is at a place, 0–1: what the mask is made of.
    pub(super) fn envelope(&self, x: f32, z: f32) -> f32 {
        let warp = 0.42 * cloud(self.seed, x * 10.0, z * 10.0);
        let mut empty = 1.0;
        for (dx, dz, r) in self.lobes {
            let (u, v) = ((x - self.x - dx) / (r * self.rx), (z - self.z - dz) / (r * self.rz));
            let d = (u * u + v * v).sqrt() + warp;
            empty *= 1.0 - ease((1.50 - d) / 1.15);
        }
        1.0 - empty
    }

    /// Part of the air that is gone at a place.
    pub(super) fn filled(&self, x: f32, z: f32) -> f32 {
        let envelope = self.envelope(x, z);
        if envelope <= 0.0 {
            return 0.0;
        }
        let texture = cloud(self.seed ^ 0x33, x * 26.0, z * 26.0);
        match self.kind {
            OpacityKind::Lobar => (self.density * envelope * (0.90 + 0.16 * texture)).clamp(0.0, 1.0),
            OpacityKind::Interstitial => (0.26 * self.density * envelope * (1.0 + 0.7 * texture)).clamp(0.0, 1.0),
        }
    }

    /// What the mask's threshold is applied to: optical depth without its texture.
    pub(super) fn optical_depth(&self, x: f32, z: f32, lung_cm: f32) -> f32 {
        self.density * self.envelope(x, z) * lung_cm * (mu::SOFT - mu::LUNG)
    }

    /// How strongly the tubes of the lesion show at a place.
    pub(super) fn tube_weight(&self, x: f32, z: f32) -> f32 {
        self.density * self.envelope(x, z)
    }

    fn bronchi(&self, hilum: (f32, f32), chance: &mut Chance) -> Vec<Tube> {
        (0..9)
            .map(|_| {
                let to = (self.x + 1.1 * self.rx * chance.bell(), self.z + 1.1 * self.rz * chance.bell());
                let bow = 0.015 * chance.bell();
                let nodes = (0..=16)
                    .map(|i| {
                        let t = i as f32 / 16.0;
                        let side = bow * 4.0 * t * (1.0 - t);
                        Node {
                            x: hilum.0 + t * (to.0 - hilum.0) + side,
                            z: hilum.1 + t * (to.1 - hilum.1) - side,
                            r: 0.0075 * (1.0 - 0.65 * t),
                            stretch: 1.0,
                        }
                    })
                    .collect();
                Tube { nodes, wall: 1.0, wall_mu: -0.75 * mu::SOFT, core_mu: 0.0, layer: Layer::InLung }
            })
            .collect()
    }

    fn streaks(&self, hilum: (f32, f32), chance: &mut Chance) -> Vec<Tube> {
        let count = 150;
        (0..count)
            .map(|i| {
                let (x, z) = (self.x + 0.65 * self.rx * chance.bell(), self.z + 0.65 * self.rz * chance.bell());
                // Most run outwards from the hilum, the others across, which makes a net.
                let away = libm::atan2f(z - hilum.1, x - hilum.0);
                let angle = if i % 3 == 0 { 3.2 * chance.bell() } else { away + 0.4 * chance.bell() };
                let length = 0.016 + 0.032 * chance.unit();
                let bow = 0.25 * length * chance.bell();
                let r = 0.0017 + 0.0022 * chance.unit();
                let nodes = (0..=6)
                    .map(|k| {
                        let t = k as f32 / 6.0;
                        let side = bow * 4.0 * t * (1.0 - t);
                        Node {
                            x: x + (t - 0.5) * length * cosf(angle) - side * sinf(angle),
                            z: z + (t - 0.5) * length * sinf(angle) + side * cosf(angle),
                            r,
                            stretch: 2.6,
                        }
                    })
                    .collect();
                Tube { nodes, wall: 1.0, wall_mu: mu::SOFT - mu::LUNG, core_mu: 0.0, layer: Layer::InLung }
            })
            .collect()
    }
}
