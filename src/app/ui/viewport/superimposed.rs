//! Overlay planes and display shutters over the image: the visible part at the resolution of the
//! screen, as one transparent texture.

use std::sync::Arc;

use egui::{ColorImage, Painter, Rect, TextureOptions};

use super::part::{self, Part};
use super::placement::Placement;
use super::sample::SampleKey;
use crate::app::state::State;
use crate::app::ui::textures::Textures;
use crate::app::ui::theme;
use crate::imaging::overlay_plane::OverlayPlane;
use crate::imaging::resample::Region;
use crate::imaging::shutter::Shutters;
use crate::imaging::superimposed::{OverlayInk, picture};
use crate::study::Frame;

/// What a texture is made of.
#[derive(Clone, PartialEq)]
struct SuperimposedKey {
    part: SampleKey,
    presented: Option<usize>,
    overlays: bool,
    shutter: bool,
    ink: OverlayInk,
}

/// Textures that were made already.
#[derive(Default)]
pub(super) struct SuperimposedCache(Textures<SuperimposedKey>);

impl SuperimposedCache {
    /// At the end of every frame.
    pub(super) fn sweep(&mut self) {
        self.0.sweep();
    }

    /// How many textures were made.
    pub(super) fn made(&self) -> u64 {
        self.0.made()
    }
}

/// Draws what is to be seen of them. The shutter stays while O is held: what it hides is not for the
/// eye.
pub(super) fn paint(
    painter: &Painter,
    state: &State,
    cache: &mut SuperimposedCache,
    frame: &Arc<Frame>,
    placement: &Placement,
    rect: Rect,
) {
    let nothing = Shutters::default();
    let shutters = state.shutters().filter(|_| state.display.shutter).unwrap_or(&nothing);
    let shown = state.display.graphics && !state.overlays_hidden;
    let overlays: &[OverlayPlane] = if shown { state.overlay_planes() } else { &[] };
    if overlays.is_empty() && shutters.shapes.is_empty() {
        return;
    }
    let ppp = painter.ctx().pixels_per_point();
    let Some(Part { region, size, .. }) = part::visible(frame, placement, rect, ppp, true) else { return };
    let tokens = theme::tokens(state.preferences.theme);
    let [r, g, b, _] = tokens.image_text.to_array();
    let key = SuperimposedKey {
        part: SampleKey { frame: Arc::clone(frame), region, size },
        presented: state.presented,
        overlays: !overlays.is_empty(),
        shutter: !shutters.shapes.is_empty(),
        ink: OverlayInk { color: [r, g, b], ..OverlayInk::default() },
    };
    let texture = cache.0.get(&key).or_else(|| {
        let picture = picture(overlays, shutters, region, size, key.ink)?;
        let image = ColorImage::from_rgba_unmultiplied(size, picture.as_raw());
        Some(cache.0.make(painter.ctx(), key.clone(), image, TextureOptions::NEAREST))
    });
    let Region { x, y, width, height } = region;
    if let Some(texture) = texture {
        painter.add(super::quad(placement, texture.id(), [x, y], [x + width, y + height]));
    }
}
