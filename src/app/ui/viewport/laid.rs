//! Segments and maps of other files over the image: the visible part at the resolution of the screen,
//! as one transparent texture.

use std::sync::Arc;

use egui::{ColorImage, Painter, Rect, TextureOptions};

use super::part::{self, Part};
use super::placement::Placement;
use super::sample::SampleKey;
use crate::app::state::State;
use crate::app::state::result_objects::color_of;
use crate::app::ui::textures::Textures;
use crate::imaging::colormap::ColorMap;
use crate::imaging::laid::{Look, Shown, picture};
use crate::imaging::resample::Region;
use crate::results::read::layers::{LaidOver, Layer, LayerKind};
use crate::study::Frame;

/// What a texture is made of; what lies over the image is held, so that its place cannot be taken by
/// others.
#[derive(Clone)]
struct LaidKey {
    part: SampleKey,
    laid: Arc<LaidOver>,
    /// Places of the layers that are shown.
    shown: Vec<usize>,
    opacity: f32,
}

impl PartialEq for LaidKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.laid, &other.laid)
            && (&self.part, &self.shown, self.opacity) == (&other.part, &other.shown, other.opacity)
    }
}

/// Textures that were made already.
#[derive(Default)]
pub(super) struct LaidCache(Textures<LaidKey>);

impl LaidCache {
    /// At the end of every frame.
    pub(super) fn sweep(&mut self) {
        self.0.sweep();
    }

    /// How many textures were made.
    pub(super) fn made(&self) -> u64 {
        self.0.made()
    }
}

/// The colours of a map and the values at their ends: where values have a sign, zero is in the middle
/// and transparent.
pub(super) fn scale_of([low, high]: [f32; 2]) -> (ColorMap, [f32; 2]) {
    if low < 0.0 && high > 0.0 {
        let most = high.max(-low);
        (ColorMap::Difference, [-most, most])
    } else {
        (ColorMap::Viridis, [low, high])
    }
}

fn look(layer: &Layer, place: usize) -> Look {
    match &layer.kind {
        LayerKind::Area { .. } => Look::Area { color: color_of(layer, place) },
        LayerKind::Map { range, .. } => {
            let (map, [low, high]) = scale_of(*range);
            Look::Scale { map, low, high }
        }
    }
}

/// Draws what is switched on, the maps below the areas.
pub(super) fn paint(
    painter: &Painter,
    state: &State,
    cache: &mut LaidCache,
    frame: &Arc<Frame>,
    placement: &Placement,
    rect: Rect,
) {
    let Some((of, laid)) = state.result_objects.laid.as_ref().filter(|(of, _)| Arc::ptr_eq(of, frame)) else { return };
    let mut shown: Vec<usize> = state.shown_layers().map(|(place, _)| place).collect();
    if shown.is_empty() {
        return;
    }
    shown.sort_by_key(|place| matches!(laid.layers[*place].kind, LayerKind::Area { .. }));
    let ppp = painter.ctx().pixels_per_point();
    let Some(Part { region, size, .. }) = part::visible(of, placement, rect, ppp, true) else { return };
    let opacity = state.result_objects.opacity;
    let part = SampleKey { frame: Arc::clone(frame), region, size };
    let key = LaidKey { part, laid: Arc::clone(laid), shown, opacity };
    let texture = cache.0.get(&key).or_else(|| {
        let layers: Vec<Shown<'_>> = key
            .shown
            .iter()
            .map(|place| Shown { grid: &laid.layers[*place].grid, look: look(&laid.layers[*place], *place), opacity })
            .collect();
        let picture = picture(&layers, region, size)?;
        let image = ColorImage::from_rgba_unmultiplied(size, picture.as_raw());
        Some(cache.0.make(painter.ctx(), key.clone(), image, TextureOptions::NEAREST))
    });
    let Region { x, y, width, height } = region;
    if let Some(texture) = texture {
        painter.add(super::quad(placement, texture.id(), [x, y], [x + width, y + height]));
    }
}
