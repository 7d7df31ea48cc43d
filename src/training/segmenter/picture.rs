//! An image with its mask as training keeps it: square, small, 8 bits.

use crate::imaging::{Plane, resize};
use crate::training::gate::small_image::SmallImage;

/// Side that images are kept at; views zoom in, so it is larger than what the network sees.
pub(super) const KEPT: usize = 288;

/// Values of a mask that stand for “not looked at”.
const UNKNOWN: std::ops::Range<f32> = 64.0..192.0;

/// A square image with its mask.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub side: usize,
    pub greys: Vec<u8>,
    /// Coverage by lung, 255 for all; empty where there is no lung.
    pub lung: Vec<u8>,
    /// 255 where the mask is known; empty where all of it is.
    pub known: Vec<u8>,
}

impl Picture {
    /// From an image and a mask of the same size with values 0–255.
    pub(super) fn of(image: &Plane, mask: &Plane) -> Self {
        let kept = |value: &dyn Fn(f32) -> bool| {
            let values = mask.values.iter().map(|v| f32::from(u8::from(value(*v)))).collect();
            SmallImage::from_plane(&resize(&Plane { values, ..*mask }, KEPT, KEPT)).greys
        };
        let lung = kept(&|v| v >= UNKNOWN.end);
        let some_unknown = mask.values.iter().any(|v| UNKNOWN.contains(v));
        let known = if some_unknown { kept(&|v| !UNKNOWN.contains(&v)) } else { Vec::new() };
        Self { side: KEPT, greys: greys(image, KEPT), lung, known }
    }

    /// An image without lungs at `side`.
    pub(super) fn without(image: &Plane, side: usize) -> Self {
        Self { side, greys: greys(image, side), lung: Vec::new(), known: Vec::new() }
    }
}

/// The image squashed to a square, its values spread from 0 to 255.
fn greys(image: &Plane, side: usize) -> Vec<u8> {
    let mut small = resize(image, side, side);
    let (low, high) = small.values.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    let span = (high - low).max(f32::MIN_POSITIVE);
    small.values.iter_mut().for_each(|v| *v = (*v - low) / span);
    SmallImage::from_plane(&small).greys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_becomes_coverage_and_what_is_known_of_it() {
        // Left third lung, middle third not looked at.
        let value = |i: usize| [255.0, 127.0, 0.0][i % 60 / 20];
        let mask = Plane { width: 60, height: 40, values: (0..2400).map(value).collect() };
        let image = Plane { width: 60, height: 40, values: (0..2400).map(|i| i as f32).collect() };
        let picture = Picture::of(&image, &mask);
        let at = |values: &[u8], x: usize| values[100 * KEPT + x];
        assert_eq!((at(&picture.lung, 20), at(&picture.lung, 140), at(&picture.lung, 280)), (255, 0, 0));
        assert_eq!((at(&picture.known, 20), at(&picture.known, 140), at(&picture.known, 280)), (255, 0, 255));
        assert_eq!((picture.greys[0] < 4, picture.greys[KEPT * KEPT - 1] > 251), (true, true));
        assert!(Picture::without(&image, 32).lung.is_empty());
    }
}
