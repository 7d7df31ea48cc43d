//! Randomness that is the same on every machine: a ChaCha stream for the anatomy, hashes for
//! textures and noise.

use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// A stream of choices for one part of the anatomy.
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream number `stream` of `seed`; streams do not disturb each other.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Uniform in 0–1 (1 excluded).
    pub(super) fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / 16_777_216.0
    }

    /// Uniform in `low`–`high`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// About normal with standard deviation 1: the sum of six uniforms, never beyond ±4.3.
    pub(super) fn bell(&mut self) -> f32 {
        let sum: f32 = (0..6).map(|_| self.unit()).sum();
        (sum - 3.0) * std::f32::consts::SQRT_2
    }
}

/// SplitMix64's finaliser: a well-mixed number for a counter.
pub(super) fn hash(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// About standard normal noise for pixel `index`: the sum of four 16-bit uniforms.
pub(super) fn pixel_bell(seed: u64, index: u64) -> f32 {
    let bits = hash(hash(seed) ^ index);
    let sum = (bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48);
    (sum as f32 / 65_536.0 - 2.0) * 1.732_050_8
}

/// Smooth noise in −1–1 with details of about 1 unit: hashed lattice values, joined by cubic steps.
pub(super) fn lattice_noise(seed: u64, x: f32, y: f32) -> f32 {
    let (x0, y0) = (x.floor(), y.floor());
    let (fx, fy) = (ease(x - x0), ease(y - y0));
    let (ix, iy) = (x0 as i64, y0 as i64);
    let corner = |dx: i64, dy: i64| {
        let key = ((ix + dx) as u64 & 0xFFFF_FFFF) << 32 | ((iy + dy) as u64 & 0xFFFF_FFFF);
        (hash(key ^ seed.wrapping_mul(0xD6E8_FEB8_6659_FD93)) >> 40) as f32 / 8_388_608.0 - 1.0
    };
    let top = corner(0, 0) + fx * (corner(1, 0) - corner(0, 0));
    let bottom = corner(0, 1) + fx * (corner(1, 1) - corner(0, 1));
    top + fy * (bottom - top)
}

/// Three octaves of [`lattice_noise`].
pub(super) fn cloud(seed: u64, x: f32, y: f32) -> f32 {
    0.57 * lattice_noise(seed, x, y)
        + 0.29 * lattice_noise(seed ^ 0x51, 2.03 * x, 2.03 * y)
        + 0.14 * lattice_noise(seed ^ 0xA7, 4.1 * x, 4.1 * y)
}

/// The cubic step: 0 below 0, 1 above 1, flat at both ends.
pub(super) fn ease(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
