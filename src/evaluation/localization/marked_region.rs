//! What was marked in an image, as a region on the grid on which the image is measured.
//!
//! Images are measured on a grid of at most 1,024 pixels a side: a map is far coarser.

use std::path::{Path, PathBuf};

use super::marks::Mark;
use super::rectangle::{Placed, Rectangle};
use super::region::Region;
use crate::study::{StudyError, open_image};

/// Longer side of the grid on which images are measured.
const GRID: usize = 1024;
/// How far the aspect ratios of a mask and its image may differ: rounding of sides.
const ASPECT: f64 = 0.01;

/// Why a mask is of no use.
#[derive(Debug, thiserror::Error)]
pub enum MaskError {
    #[error("the mask {} was not read", path.display())]
    Unreadable { path: PathBuf, source: StudyError },
    #[error(
        "the mask {} has {} × {} pixels and the image {} × {}: they do not show the same",
        path.display(), mask.0, mask.1, image.0, image.1
    )]
    OtherShape { path: PathBuf, mask: (usize, usize), image: (usize, usize) },
}

/// Marks that were not used as they are.
#[derive(Debug, Default)]
pub struct MarkNotes {
    /// Boxes that reach out of their image.
    pub cut: Vec<String>,
    /// Boxes that lie outside of their image.
    pub outside: Vec<String>,
    /// Masks without a marked pixel.
    pub empty: Vec<String>,
}

/// The grid on which an image of this width and height is measured.
#[must_use]
pub fn grid((width, height): (usize, usize)) -> (usize, usize) {
    let scale = (GRID as f64 / width.max(height).max(1) as f64).min(1.0);
    let side = |n: usize| ((n as f64 * scale).round() as usize).max(1);
    (side(width), side(height))
}

/// What was marked in an image of this size called `name`, on its grid; `None` when nothing of it
/// lies there.
///
/// # Errors
/// When a mask cannot be read, or is of another shape than the image.
pub fn region(
    mark: &Mark,
    size: (usize, usize),
    name: &str,
    notes: &mut MarkNotes,
) -> Result<Option<Region>, MaskError> {
    let (width, height) = grid(size);
    let mut kept: Vec<Rectangle> = Vec::new();
    for row in &mark.boxes {
        let place = || format!("{name} (row {})", row.line);
        let kept_box = match row.in_pixels(size.0, size.1).on(size.0, size.1) {
            Placed::Outside => {
                notes.outside.push(place());
                continue;
            }
            Placed::Cut(b) => {
                notes.cut.push(place());
                b
            }
            Placed::Whole(b) => b,
        };
        kept.push(kept_box.scaled(width as f64 / size.0 as f64, height as f64 / size.1 as f64));
    }
    if mark.masks.is_empty() {
        return Ok(Region::of_boxes(width, height, &kept));
    }
    let mut inside = vec![false; width * height];
    for path in &mark.masks {
        if !add_mask(path, size, &mut inside, (width, height))? {
            notes.empty.push(path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default());
        }
    }
    Ok(Region::of_mask(width, height, inside))
}

/// Adds what a mask marks to `inside`, on the grid; false where it marks nothing.
fn add_mask(
    path: &Path,
    image: (usize, usize),
    inside: &mut [bool],
    (width, height): (usize, usize),
) -> Result<bool, MaskError> {
    let mask = open_image(path).map_err(|source| MaskError::Unreadable { path: path.to_owned(), source })?.pixels.plane;
    let aspect = |w: usize, h: usize| w as f64 / h.max(1) as f64;
    if (aspect(mask.width, mask.height) / aspect(image.0, image.1) - 1.0).abs() > ASPECT {
        return Err(MaskError::OtherShape { path: path.to_owned(), mask: (mask.width, mask.height), image });
    }
    let top = mask.values.iter().copied().fold(0.0, f32::max);
    let mut marked = false;
    for (i, inside) in inside.iter_mut().enumerate() {
        let (x, y) = (i % width * mask.width / width, i / width * mask.height / height);
        let here = top > 0.0 && mask.at(x, y) > top / 2.0;
        marked |= here;
        *inside |= here;
    }
    Ok(marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_images_are_measured_on_a_smaller_grid_of_their_shape() {
        assert_eq!(grid((3000, 1500)), (1024, 512));
        assert_eq!(grid((640, 480)), (640, 480));
        assert_eq!(grid((100_000, 1)), (1024, 1));
    }
}
