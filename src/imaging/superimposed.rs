//! What a file lays over its image, as one transparent picture at the resolution of the screen:
//! closed shutters, and over them overlay planes (PS3.3 C.9.2).

use image::{Rgba, RgbaImage};

use super::Region;
use super::overlay_plane::OverlayPlane;
use super::shutter::Shutters;

/// Colours of overlay planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverlayInk {
    pub color: [u8; 3],
    /// Around what is drawn, so that it is seen on any grey.
    pub shadow: [u8; 3],
}

impl Default for OverlayInk {
    fn default() -> Self {
        Self { color: [255; 3], shadow: [0; 3] }
    }
}

/// Opacity of the shadow around overlays.
const SHADOW: u8 = 150;

/// Shutters and overlays over `width` × `height` cells of a region of the image; `None` where there
/// is nothing of either.
#[must_use]
pub fn picture(
    overlays: &[OverlayPlane],
    shutters: &Shutters,
    region: Region,
    [width, height]: [usize; 2],
    ink: OverlayInk,
) -> Option<RgbaImage> {
    if overlays.is_empty() && shutters.shapes.is_empty() {
        return None;
    }
    let mut picture = RgbaImage::new(width as u32, height as u32);
    if !shutters.shapes.is_empty() {
        let closed = shutters.closed(region, width, height);
        let grey = Rgba([shutters.grey, shutters.grey, shutters.grey, 255]);
        picture.pixels_mut().zip(closed).filter(|(_, closed)| *closed).for_each(|(pixel, _)| *pixel = grey);
    }
    let mut drawn = vec![false; width * height];
    for overlay in overlays {
        let cells = overlay.cells(region, width, height);
        drawn.iter_mut().zip(cells).for_each(|(drawn, cell)| *drawn |= cell);
    }
    let is_drawn = |x: usize, y: usize| x < width && drawn.get(y * width + x).copied().unwrap_or(false);
    for (i, pixel) in picture.pixels_mut().enumerate() {
        let (x, y) = (i % width, i / width);
        if is_drawn(x, y) {
            let [r, g, b] = ink.color;
            *pixel = Rgba([r, g, b, 255]);
        } else if !overlays.is_empty() && pixel.0[3] == 0 {
            let beside = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
            if beside.into_iter().any(|(x, y)| y < height && is_drawn(x, y)) {
                let [r, g, b] = ink.shadow;
                *pixel = Rgba([r, g, b, SHADOW]);
            }
        }
    }
    Some(picture)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bit_plane::BitPlane;
    use crate::shutter::Shutter;

    const WHOLE: Region = Region { x: 0.0, y: 0.0, width: 4.0, height: 1.0 };

    #[test]
    fn nothing_is_laid_over_an_image_that_has_nothing_of_the_kind() {
        assert!(picture(&[], &Shutters::default(), WHOLE, [4, 1], OverlayInk::default()).is_none());
    }

    #[test]
    fn an_overlay_lies_at_its_origin_with_a_shadow_around_it() {
        let planes = [OverlayPlane {
            group: 0x6000,
            bits: Arc::new(BitPlane::new(1, 1, [true])),
            left: 2,
            top: 0,
            name: String::new(),
        }];
        let picture = picture(&planes, &Shutters::default(), WHOLE, [4, 1], OverlayInk::default()).unwrap();
        let alphas: Vec<u8> = picture.pixels().map(|p| p.0[3]).collect();
        assert_eq!(alphas, [0, SHADOW, 255, SHADOW]);
        assert_eq!(picture.get_pixel(2, 0).0, [255; 4]);
    }

    #[test]
    fn a_closed_shutter_has_its_grey_and_is_opaque() {
        let shapes = vec![Shutter::Rectangle { left: 1.0, top: 0.0, right: 3.0, bottom: 1.0 }];
        let shutters = Shutters { shapes, grey: 128 };
        let picture = picture(&[], &shutters, WHOLE, [4, 1], OverlayInk::default()).unwrap();
        assert_eq!(picture.get_pixel(0, 0).0, [128, 128, 128, 255]);
        assert_eq!(picture.get_pixel(1, 0).0[3], 0);
    }
}
