//! The mark across what is missing of an image: diagonal lines that no anatomy has.
//!
//! A black band could be collimation, and a blurred image could be motion. The lines say that it is
//! neither.

use image::{Rgb, RgbImage};

use super::Missing;

/// Pixels of the image between two lines across missing rows, as a part of its longer side.
const ROWS: f32 = 1.0 / 40.0;
/// The same where detail is missing everywhere: wide, for the image is to be seen through it.
const DETAIL: f32 = 1.0 / 6.0;
const COLOR: Rgb<u8> = Rgb([255, 159, 28]);

/// Draws the mark into the rendering of an image with so many rows.
pub fn hatch(picture: &mut RgbImage, missing: Missing, rows: usize) {
    let (width, height) = picture.dimensions();
    let longer = width.max(height) as f32;
    let (step, thickness) = match missing {
        Missing::Rows { .. } => (longer * ROWS, longer / 400.0),
        Missing::Detail => (longer * DETAIL, longer / 800.0),
    };
    let (step, thickness) = (step.max(6.0) as u32, thickness.max(1.0) as u32);
    let first = (missing.first_row() as u64 * u64::from(height) / rows.max(1) as u64) as u32;
    for y in first..height {
        for x in (0..width).filter(|x| (x + y) % step < thickness) {
            picture.put_pixel(x, y, COLOR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(missing: Missing) -> RgbImage {
        let mut picture = RgbImage::new(40, 80);
        hatch(&mut picture, missing, 800);
        picture
    }

    #[test]
    fn lines_run_across_the_rows_that_are_missing_and_nowhere_else() {
        let picture = marked(Missing::Rows { from: 400 });
        let lines = |row: u32| (0..40).filter(|x| *picture.get_pixel(*x, row) == COLOR).count();
        assert!((0..40).all(|row| lines(row) == 0));
        assert!((40..80).all(|row| (4..20).contains(&lines(row))));
    }

    #[test]
    fn missing_detail_is_marked_everywhere_and_seen_through() {
        let picture = marked(Missing::Detail);
        let marked = picture.pixels().filter(|p| **p == COLOR).count();
        assert!(marked > 0 && marked < 40 * 80 / 8);
    }
}
