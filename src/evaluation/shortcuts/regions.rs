//! What is taken out of an image, and as much of its inside and of its lungs beside it.
//!
//! | region | what it is |
//! |---|---|
//! | border | a frame of 5 % of the sides |
//! | corners | four squares of 15 % of the shorter side |
//! | markers | side markers near the corners, as [`super::markers`] finds them |
//!
//! What is taken out is filled in by what surrounds it, with a little noise (ROAD's imputation,
//! [`crate::explain::faithfulness::road::imputed`]), so that the hole itself betrays nothing. Any
//! filling changes a score a little; so as many pixels are taken out elsewhere as well
//! ([`super::control_areas`]), and the two are compared.

use serde::Serialize;

use super::control_areas::{Area, in_lungs, inside};
use super::markers::{Patch, markers};
use crate::explain::faithfulness::InputImage;
use crate::explain::faithfulness::road::{NOISE, imputed};
use crate::imaging::Plane;

/// Width of the frame, as a part of the sides.
const FRAME: f64 = 0.05;
/// Side of a corner, as a part of the shorter side.
const CORNER: f64 = 0.15;
/// What the seed of the places in the lungs differs by from that of the places inside.
const LUNGS: u64 = 1 << 32;

/// A part of every image, or of those that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Region {
    Border,
    Corners,
    Markers,
}

impl Region {
    pub const ALL: [Self; 3] = [Self::Border, Self::Corners, Self::Markers];

    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Border => "border",
            Self::Corners => "corners",
            Self::Markers => "markers",
        }
    }

    /// Its parts in an image; none where the image has no such thing.
    #[must_use]
    pub fn patches(self, plane: &Plane) -> Vec<Patch> {
        let (width, height) = (plane.width, plane.height);
        let part = |side: usize, share: f64| ((side as f64 * share).round() as usize).clamp(1, side.max(1));
        match self {
            Self::Border => {
                let (across, down) = (part(width, FRAME), part(height, FRAME));
                let between = height.saturating_sub(2 * down);
                vec![
                    Patch::full(0, 0, width, down),
                    Patch::full(0, height - down, width, down),
                    Patch::full(0, down, across, between),
                    Patch::full(width - across, down, across, between),
                ]
            }
            Self::Corners => {
                let side = part(width.min(height), CORNER);
                let ends = |whole: usize| [0, whole - side];
                ends(height).into_iter().flat_map(|y| ends(width).map(|x| Patch::full(x, y, side, side))).collect()
            }
            Self::Markers => markers(plane),
        }
    }
}

/// An image without a region, and without as many pixels of its inside or of its lungs.
#[derive(Clone, Debug, PartialEq)]
pub struct Removed {
    pub without_region: InputImage,
    pub without_inside: InputImage,
    /// `None` where it is not known where the lungs lie, or they are smaller than the region.
    pub without_lungs: Option<InputImage>,
    /// Share of the image that was taken out.
    pub share: f64,
}

/// Takes `region` out of what a network is given; `None` where the image has no such thing, or no
/// room for as much inside. `lungs` marks the pixels of the lungs, where they are known. The seed
/// chooses the places inside and the noise.
#[must_use]
pub fn removed(image: &InputImage, region: Region, lungs: Option<&[bool]>, seed: u64) -> Option<Removed> {
    let (width, height) = (image.width, image.height);
    let plane = Plane { width, height, values: image.values.get(..image.pixels())?.to_vec() };
    let patches = region.patches(&plane);
    let own = marked(&patches, width, height);
    let area = Area { patches: &patches, own: &own, width, height };
    let count = area.count();
    if count == 0 {
        return None;
    }
    let inside = inside(area, seed)?;
    let of_lungs = seed.wrapping_add(LUNGS);
    let lungs = lungs.and_then(|lungs| in_lungs(area, lungs, of_lungs));
    let keep = |taken: &[bool]| taken.iter().map(|taken| !taken).collect::<Vec<bool>>();
    Some(Removed {
        without_region: imputed(image, &keep(&own), NOISE, seed),
        without_inside: imputed(image, &keep(&inside), NOISE, seed.wrapping_add(1)),
        without_lungs: lungs.map(|lungs| imputed(image, &keep(&lungs), NOISE, of_lungs)),
        share: count as f64 / image.pixels().max(1) as f64,
    })
}

/// The pixels of these parts.
fn marked(patches: &[Patch], width: usize, height: usize) -> Vec<bool> {
    let mut marked = vec![false; width * height];
    for (x, y) in patches.iter().flat_map(Patch::places) {
        if x < width && y < height {
            marked[y * width + x] = true;
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 200;

    /// A ramp, in two channels.
    fn ramp() -> InputImage {
        let height = 160;
        let values: Vec<f32> = (0..WIDTH * height).map(|i| (i % WIDTH + i / WIDTH) as f32 / 360.0).collect();
        InputImage { channels: 2, width: WIDTH, height, values: values.repeat(2) }
    }

    /// The ramp with a stroke in its upper right corner.
    fn image() -> InputImage {
        let mut image = ramp();
        for start in [0, image.pixels()] {
            for i in 0..20 {
                image.values[start + (12 + i / 2) * WIDTH + 170 + i % 2] = 3.0;
            }
        }
        image
    }

    fn changed(before: &InputImage, after: &InputImage) -> Vec<bool> {
        let area = before.pixels();
        let differs = |i: usize| before.values[i] != after.values[i];
        let first: Vec<bool> = (0..area).map(differs).collect();
        assert_eq!(first, (area..2 * area).map(differs).collect::<Vec<_>>(), "the same pixels in every channel");
        first
    }

    #[test]
    fn as_many_pixels_are_taken_inside_and_none_of_the_region() {
        for (region, expected) in [(Region::Border, 2 * WIDTH * 8 + 2 * 10 * 144), (Region::Corners, 4 * 24 * 24)] {
            let removed = removed(&image(), region, None, 3).unwrap();
            let [own, inside] = [&removed.without_region, &removed.without_inside].map(|i| changed(&image(), i));
            let count = |marked: &[bool]| marked.iter().filter(|m| **m).count();
            assert_eq!((count(&own), count(&inside)), (expected, expected), "{region:?}");
            assert!(own.iter().zip(&inside).all(|(own, inside)| !(own & inside)), "{region:?}");
            assert!((removed.share - expected as f64 / 32_000.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_marker_is_filled_in_by_what_surrounds_it() {
        let removed = removed(&image(), Region::Markers, None, 3).unwrap();
        let own = changed(&image(), &removed.without_region);
        let value = |x: usize, y: usize| removed.without_region.values[y * WIDTH + x];
        assert!(own[14 * WIDTH + 170]);
        // The ramp is harmonic: the filling finds it again, but for noise of 0.01.
        assert!((value(170, 14) - (170.0 + 14.0) / 360.0).abs() < 0.06, "{}", value(170, 14));
        assert_eq!(super::removed(&ramp(), Region::Markers, None, 3), None, "an image without a marker");
    }

    #[test]
    fn as_many_pixels_of_the_lungs_are_taken_where_they_are_known() {
        let lungs: Vec<bool> = (0..image().pixels()).map(|i| (30..100).contains(&(i % WIDTH))).collect();
        let removed = removed(&image(), Region::Corners, Some(&lungs), 3).unwrap();
        let taken = changed(&image(), removed.without_lungs.as_ref().unwrap());
        assert_eq!(taken.iter().filter(|taken| **taken).count(), 4 * 24 * 24);
        assert!(taken.iter().zip(&lungs).all(|(taken, lung)| !taken || *lung));
        assert_eq!(super::removed(&image(), Region::Corners, None, 3).unwrap().without_lungs, None);
    }

    #[test]
    fn a_seed_gives_the_same_places() {
        let of = |seed| removed(&image(), Region::Corners, None, seed).unwrap();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1).without_inside, of(2).without_inside);
    }

    #[test]
    fn what_lies_inside_begins_well_away_from_the_border() {
        let removed = removed(&image(), Region::Corners, None, 9).unwrap();
        for (i, inside) in changed(&image(), &removed.without_inside).into_iter().enumerate() {
            let (x, y) = (i % WIDTH, i / WIDTH);
            assert!(!inside || ((30..170).contains(&x) && (24..136).contains(&y)), "{x} {y}");
        }
    }
}
