//! Looks for the parts of an image that a reader can take away without drawing: superpixels, and
//! what looks like a side marker near the corners.
//!
//! Both are looked for on a copy whose longer side has at most [`SIDE`] pixels.

use crate::app::state::what_if::Parts;
use crate::engine::what_if::runs::Runs;
use crate::evaluation::shortcuts::markers::markers;
use crate::explain::superpixels::Superpixels;
use crate::imaging::resample::resize;
use crate::study::Frame;

/// Longer side of the copy, pixels.
const SIDE: usize = 512;
/// About how many superpixels an image has.
const SUPERPIXELS: usize = 120;
/// Patches follow edges, and stay compact where there are none.
const COMPACTNESS: f32 = 10.0;

/// The parts of the image.
pub(super) fn found(frame: &Frame) -> Parts {
    let plane = frame.model_plane();
    let (width, height) = (plane.width, plane.height);
    let scale = (SIDE as f64 / width.max(height).max(1) as f64).min(1.0);
    let side = |n: usize| ((n as f64 * scale).round() as usize).max(1);
    let copy = resize(&plane, side(width), side(height));
    let superpixels = Superpixels::slic(&copy, SUPERPIXELS, COMPACTNESS);
    let mut marked = vec![false; copy.values.len()];
    for patch in markers(&copy) {
        patch
            .places()
            .filter(|(x, y)| *x < copy.width && *y < copy.height)
            .for_each(|(x, y)| marked[y * copy.width + x] = true);
    }
    let at = |i: usize| (i / width * copy.height / height) * copy.width + i % width * copy.width / width;
    let taken: Vec<bool> = (0..plane.values.len()).map(|i| marked[at(i)]).collect();
    Parts { superpixels: superpixels.labels, grid: [copy.width, copy.height], side_markers: Runs::of(&taken) }
}
