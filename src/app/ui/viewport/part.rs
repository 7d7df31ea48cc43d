//! Which part of the image is in sight, and how many pixels of the screen it takes.

use egui::Rect;

use super::placement::Placement;
use crate::imaging::resample::Region;
use crate::study::Frame;

/// The part of the image that is in sight, and the size of its texture.
pub(super) struct Part {
    /// In pixels of the image.
    pub region: Region,
    pub size: [usize; 2],
    /// Interpolated; otherwise pixels are shown as squares.
    pub smooth: bool,
}

/// The part of the image that lies in `rect`, at `ppp` pixels of the screen per point; nothing
/// where none does.
pub(super) fn visible(frame: &Frame, placement: &Placement, rect: Rect, ppp: f32, smooth: bool) -> Option<Part> {
    let (w, h) = (frame.pixels.plane.width as f32, frame.pixels.plane.height as f32);
    let corners = [placement.to_screen([0.0, 0.0]), placement.to_screen([w, h])];
    let whole = Rect::from_two_pos(corners[0].into(), corners[1].into());
    let seen = whole.intersect(rect);
    if !seen.is_positive() || w < 1.0 || h < 1.0 {
        return None;
    }
    // On whole pixels of the screen, a texel is a pixel and nothing is blurred.
    let snap = |v: f32| (v * ppp).round() / ppp;
    let (min, max) = ([snap(seen.min.x), snap(seen.min.y)], [snap(seen.max.x), snap(seen.max.y)]);
    let (a, b) = (placement.to_image(min), placement.to_image(max));
    let (x0, x1) = (a[0].min(b[0]), a[0].max(b[0]));
    let (y0, y1) = (a[1].min(b[1]), a[1].max(b[1]));
    let magnified = placement.scale[0].min(placement.scale[1]) * ppp >= 1.0;
    if !smooth && magnified {
        let (x0, y0) = (x0.floor().max(0.0), y0.floor().max(0.0));
        let (x1, y1) = (x1.ceil().min(w), y1.ceil().min(h));
        let region = Region { x: x0, y: y0, width: (x1 - x0).max(1.0), height: (y1 - y0).max(1.0) };
        return Some(Part { region, size: [region.width as usize, region.height as usize], smooth: false });
    }
    let region = Region { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
    let size = [
        ((region.width * placement.scale[0] * ppp).round() as usize).max(1),
        ((region.height * placement.scale[1] * ppp).round() as usize).max(1),
    ];
    (region.width > 0.0 && region.height > 0.0).then_some(Part { region, size, smooth: true })
}
