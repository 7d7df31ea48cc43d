//! The map over the image: a texture of its own, patches and contour lines.
//!
//! Colour, opacity and threshold only make the texture again; the attribution is never touched.

use std::sync::Arc;

use egui::{ColorImage, Painter, TextureOptions};

use super::contours::{self, ContourCache};
use super::map_source::{MapSource, PlacedKey};
use super::patches::{self, PatchCache};
use super::placement::Placement;
use super::scale_top::{TopCache, shared_top};
use crate::app::state::{Content, PaneIndex, State};
use crate::app::ui::made::Made;
use crate::app::ui::textures::{Texture, Textures};
use crate::app::ui::theme;
use crate::explain::scale;
use crate::imaging::Plane;
use crate::imaging::overlay::{Area, OverlayStyle};
use crate::study::Frame;

/// Longer side of a map's texture; the graphics card enlarges it to the screen.
const SIDE: usize = 256;

/// What a map's texture is made of.
#[derive(Clone, PartialEq)]
struct MapTextureKey {
    placed: PlacedKey,
    style: OverlayStyle,
}

/// Maps at the size of their texture, and the textures.
#[derive(Default)]
pub(super) struct MapCache {
    placed: Made<PlacedKey, Arc<Plane>>,
    textures: Textures<MapTextureKey>,
    contours: ContourCache,
    patches: PatchCache,
    pub(super) tops: TopCache,
}

impl MapCache {
    /// At the end of every frame.
    pub(super) fn sweep(&mut self) {
        self.placed.sweep();
        self.textures.sweep();
        self.contours.sweep();
        self.patches.sweep();
        self.tops.sweep();
    }

    /// How many textures were made.
    pub(super) fn made(&self) -> u64 {
        self.textures.made()
    }
}

/// Draws the map of `content`, if it is there.
pub(super) fn paint(
    painter: &Painter,
    state: &State,
    cache: &mut MapCache,
    frame: &Frame,
    pane: PaneIndex,
    content: Content,
    placement: &Placement,
) {
    let Some(source) = MapSource::of(state, content) else { return };
    let Some(model) = state.model_info() else { return };
    let top = shared_top(state, &mut cache.tops, content);
    let (w, h) = (frame.pixels.plane.width, frame.pixels.plane.height);
    let area = scale::area(&model.manifest.input, w, h);
    let placed = PlacedKey { source: source.clone(), top, size: contours::fitted(w, h, SIDE) };
    let texture = texture(painter.ctx(), cache, MapTextureKey { placed, style: state.style(pane).clone() }, area);
    painter.add(super::quad(placement, texture.id(), [0.0, 0.0], [w as f32, h as f32]));
    let tokens = theme::tokens(state.preferences.theme);
    if let MapSource::One(map) = &source
        && let Some(superpixels) = map.superpixels.as_ref().filter(|_| state.preferences.superpixels)
    {
        let color = tokens.image_text.gamma_multiply(0.6);
        patches::paint(painter, &mut cache.patches, superpixels, area, [w, h], placement, color);
    }
    if state.style(pane).contours {
        let key = PlacedKey { source, top, size: [w, h] };
        contours::paint(painter, &tokens, &mut cache.contours, key, area, placement);
    }
}

fn texture(ctx: &egui::Context, cache: &mut MapCache, key: MapTextureKey, area: Area) -> Texture {
    if let Some(texture) = cache.textures.get(&key) {
        // Keep the map for the next change of colours.
        let _ = cache.placed.get(&key.placed);
        return texture;
    }
    let PlacedKey { source, top, size } = &key.placed;
    let plane = cache.placed.get(&key.placed).unwrap_or_else(|| {
        let plane = Arc::new(source.values(*top, area, *size));
        cache.placed.put(key.placed.clone(), plane.clone());
        plane
    });
    let image = ColorImage::from_rgba_unmultiplied(*size, source.painted(&plane, area, &key.style).as_raw());
    cache.textures.make(ctx, key, image, TextureOptions::LINEAR)
}
