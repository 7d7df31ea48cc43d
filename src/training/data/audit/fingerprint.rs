//! What is kept of an image to compare it with thousands of others: a hash of its pixels, its
//! detail at two sizes, a thumbnail.

use sha2::{Digest, Sha256};

use super::detail::{COARSE, Detail, FINE};
use crate::imaging::Plane;
use crate::imaging::resample::resize;

/// Side of the thumbnail.
pub const THUMBNAIL: usize = 48;

/// What is kept of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Fingerprint {
    /// SHA-256 of size and pixels.
    pub pixels: [u8; 32],
    /// `None` where there is none to compare, and then for both.
    pub coarse: Option<Detail>,
    pub fine: Option<Detail>,
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
        let n = plane.values.len().max(1) as f64;
        let mean = plane.values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let variance = plane.values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
        let details = Detail::of(plane, COARSE).zip(Detail::of(plane, FINE));
        let (coarse, fine) = details.unzip();
        Self {
            pixels: digest.finalize().into(),
            coarse,
            fine,
            thumbnail: small.values.iter().map(|v| (v * 255.0).round().clamp(0.0, 255.0) as u8).collect(),
            width: plane.width,
            height: plane.height,
            mean: mean as f32,
            sd: variance.sqrt() as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::audit::testing::radiograph;

    #[test]
    fn the_pixel_hash_is_of_pixels_and_size() {
        let image = radiograph(1);
        assert_eq!(Fingerprint::of(&image).pixels, Fingerprint::of(&image.clone()).pixels);
        let brighter = Plane { values: image.values.iter().map(|v| v + 1.0 / 255.0).collect(), ..image };
        assert_ne!(Fingerprint::of(&image).pixels, Fingerprint::of(&brighter).pixels);
        let reshaped = Plane { width: image.width / 2, height: image.height * 2, ..image.clone() };
        assert_ne!(Fingerprint::of(&image).pixels, Fingerprint::of(&reshaped).pixels);
    }

    #[test]
    fn an_image_of_one_grey_has_nothing_to_compare() {
        let flat = Fingerprint::of(&Plane::filled(60, 60, 0.5));
        assert_eq!((flat.coarse, flat.fine), (None, None));
    }
}
