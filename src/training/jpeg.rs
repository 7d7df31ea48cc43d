//! An image after JPEG, encoded and decoded in memory.
//!
//! Copies of public data sets and exports of other programs are lossy, files from a scanner are
//! not. A network that has seen one kind alone reads the traces of compression.

use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, ImageFormat};

use crate::imaging::Plane;

/// `plane` (greys from 0 to 255, rounded first) after JPEG at `quality` (1–100); `None` where it
/// cannot be encoded, as beyond 65,535 pixels a side.
pub(super) fn jpeg(plane: &Plane, quality: u8) -> Option<Plane> {
    let greys = plane.values.iter().map(|v| v.round().clamp(0.0, 255.0) as u8).collect();
    let image = GrayImage::from_raw(plane.width as u32, plane.height as u32, greys)?;
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(&image).ok()?;
    let back = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).ok()?.to_luma8();
    Some(Plane { values: back.iter().map(|v| f32::from(*v)).collect(), ..*plane })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_quality_leaves_its_blocks_and_high_quality_hardly_any() {
        let spot = |i: usize| if i.is_multiple_of(61) { 255.0 } else { 90.0 };
        let plane = Plane { width: 64, height: 64, values: (0..4096).map(spot).collect() };
        let worst = |quality| {
            let after = jpeg(&plane, quality).unwrap();
            after.values.iter().zip(&plane.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        assert!(worst(5) > 20.0);
        assert!(worst(100) < worst(5) / 5.0, "{} and {}", worst(100), worst(5));
    }
}
