//! What is kept of an image to compare it with thousands of others: a hash of its pixels, a perceptual hash, a thumbnail.
//!
//! The perceptual hash is a difference hash (Krawetz 2013) of 16 × 16 bits: is each cell darker than its right
//! neighbour? Compression, scaling and changes of brightness or contrast turn few of its bits. It only selects: films
//! of one kind are alike, so the correlation of thumbnails decides (see [`super::pairs`]).

use sha2::{Digest, Sha256};

use crate::imaging::Plane;
use crate::imaging::resample::resize;

/// Cells of the difference hash along a side.
const CELLS: usize = 16;
/// Side of the thumbnail.
pub const THUMBNAIL: usize = 48;

/// What is kept of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Fingerprint {
    /// SHA-256 of size and pixels.
    pub pixels: [u8; 32],
    pub hash: [u64; 4],
    /// 8-bit greys at [`THUMBNAIL`] × [`THUMBNAIL`], squashed.
    pub thumbnail: Vec<u8>,
    pub width: usize,
    pub height: usize,
    pub mean: f32,
    pub sd: f32,
}

impl Fingerprint {
    /// Measures a plane of values from 0 to 1.
    pub fn of(plane: &Plane) -> Self {
        let mut digest = Sha256::new();
        digest.update((plane.width as u64).to_le_bytes());
        digest.update((plane.height as u64).to_le_bytes());
        let bytes: Vec<u8> = plane.values.iter().flat_map(|v| ((v * 65_535.0).round() as u16).to_le_bytes()).collect();
        digest.update(&bytes);
        let small = resize(plane, THUMBNAIL, THUMBNAIL);
        let cells = resize(plane, CELLS + 1, CELLS);
        let mut hash = [0_u64; 4];
        for bit in 0..CELLS * CELLS {
            let (x, y) = (bit % CELLS, bit / CELLS);
            hash[bit / 64] |= u64::from(cells.at(x, y) < cells.at(x + 1, y)) << (bit % 64);
        }
        let n = plane.values.len().max(1) as f64;
        let mean = plane.values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let variance = plane.values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
        Self {
            pixels: digest.finalize().into(),
            hash,
            thumbnail: small.values.iter().map(|v| (v * 255.0).round().clamp(0.0, 255.0) as u8).collect(),
            width: plane.width,
            height: plane.height,
            mean: mean as f32,
            sd: variance.sqrt() as f32,
        }
    }

    /// Bits in which two hashes differ, of 256.
    pub fn distance(&self, other: &Self) -> u32 {
        self.hash.iter().zip(&other.hash).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// Pearson correlation of two thumbnails; `None` where one of them is a single grey.
    pub fn correlation(&self, other: &Self) -> Option<f32> {
        let n = self.thumbnail.len() as f64;
        let mean = |t: &[u8]| t.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let (a, b) = (mean(&self.thumbnail), mean(&other.thumbnail));
        let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
        for (&x, &y) in self.thumbnail.iter().zip(&other.thumbnail) {
            let (x, y) = (f64::from(x) - a, f64::from(y) - b);
            ab += x * y;
            aa += x * x;
            bb += y * y;
        }
        (aa > n && bb > n).then(|| (ab / (aa * bb).sqrt()) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::phantom::{PhantomRecipe, render};

    fn film(seed: u64) -> Plane {
        let mut plane = render(&PhantomRecipe { seed, size: 128, ..PhantomRecipe::default() }).plane;
        plane.values.iter_mut().for_each(|v| *v /= 4095.0);
        plane
    }

    fn changed(plane: &Plane, change: impl Fn(f32) -> f32) -> Plane {
        Plane { values: plane.values.iter().map(|v| change(*v).clamp(0.0, 1.0)).collect(), ..plane.clone() }
    }

    #[test]
    fn the_pixel_hash_is_of_pixels_and_size() {
        let film = film(1);
        assert_eq!(Fingerprint::of(&film).pixels, Fingerprint::of(&film.clone()).pixels);
        let other = changed(&film, |v| v + 1.0 / 255.0);
        assert_ne!(Fingerprint::of(&film).pixels, Fingerprint::of(&other).pixels);
        let turned = Plane { width: 64, height: 256, ..film.clone() };
        assert_ne!(Fingerprint::of(&film).pixels, Fingerprint::of(&turned).pixels);
    }

    #[test]
    fn scaling_and_contrast_leave_the_perceptual_hash_nearly_alone() {
        let film = film(1);
        let original = Fingerprint::of(&film);
        for copy in [resize(&film, 97, 97), changed(&film, |v| 0.1 + 0.7 * v), changed(&film, |v| v.powf(1.2))] {
            let copy = Fingerprint::of(&copy);
            assert!(original.distance(&copy) <= 16, "{}", original.distance(&copy));
            assert!(original.correlation(&copy).unwrap() > 0.99);
        }
    }

    #[test]
    fn another_film_is_another_film() {
        let (a, b) = (Fingerprint::of(&film(1)), Fingerprint::of(&film(2)));
        assert!(a.correlation(&b).unwrap() < 0.99, "{:?}", a.correlation(&b));
    }

    #[test]
    fn a_single_grey_has_no_correlation() {
        let flat = Fingerprint::of(&Plane::filled(60, 60, 0.5));
        assert_eq!(flat.correlation(&flat), None);
    }
}
