//! What is marked on an image that is questioned, and the mark that a changed image bears as long as
//! it stands.

pub(super) mod pointer;

use std::sync::Arc;

use egui::{
    Align2, Color32, ColorImage, FontId, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, TextureOptions, Ui, pos2, vec2,
};

use super::placement::Placement;
use crate::app::state::what_if::Marker;
use crate::app::state::{Content, State};
use crate::app::ui::textures::Textures;
use crate::app::ui::theme::{self, Tokens};
use crate::language::text;
use crate::study::Frame;

/// Longer side of the texture of what is marked.
const SIDE: usize = 512;
/// Opacity of what is marked on the image as it is.
const TINT: f32 = 0.3;
/// Width of the frame around a changed image.
const FRAME: f32 = 3.0;
/// Height of the strip that says so.
pub(super) const STRIP: f32 = 22.0;

/// What a texture is made of.
#[derive(Clone)]
struct MarkKey {
    mask: Arc<Vec<bool>>,
    tinted: bool,
    color: Color32,
}

impl PartialEq for MarkKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.mask, &other.mask) && (self.tinted, self.color) == (other.tinted, other.color)
    }
}

/// Textures that were made already.
#[derive(Default)]
pub(super) struct MarkCache(Textures<MarkKey>);

impl MarkCache {
    /// At the end of every frame.
    pub(super) fn sweep(&mut self) {
        self.0.sweep();
    }

    /// How many textures were made.
    pub(super) fn made(&self) -> u64 {
        self.0.made()
    }
}

/// The frame that a view of `content` shows the pixels of.
pub(super) fn shown<'a>(state: &'a State, frame: &'a Arc<Frame>, content: Content) -> &'a Arc<Frame> {
    match content {
        Content::Changed(..) => state.changed_answer().map_or(frame, |answer| &answer.found.frame),
        _ => frame,
    }
}

/// Draws what is marked: tinted on the image as it is, outlined on the changed one.
pub(super) fn paint(
    ui: &Ui,
    painter: &Painter,
    state: &State,
    cache: &mut MarkCache,
    (frame, content): (&Frame, Content),
    placement: &Placement,
) {
    if !state.is_questioned() {
        return;
    }
    let tokens = theme::tokens(state.preferences.theme);
    let size = [frame.pixels.plane.width, frame.pixels.plane.height];
    let tinted = !matches!(content, Content::Changed(..));
    // A turned or shifted image has the hole elsewhere.
    let in_place = tinted || state.what_if.changed.alteration.is_none();
    if let Some(mask) = state.what_if.mask.clone().filter(|mask| in_place && mask.len() == size[0] * size[1]) {
        let key = MarkKey { mask, tinted, color: tokens.image_chosen };
        let texture = cache
            .0
            .get(&key)
            .unwrap_or_else(|| cache.0.make(painter.ctx(), key.clone(), marked(&key, size), TextureOptions::LINEAR));
        painter.add(super::quad(placement, texture.id(), [0.0, 0.0], size.map(|side| side as f32)));
    }
    let at = |[x, y]: [f64; 2]| super::on_screen(placement, [x as f32, y as f32]);
    let lasso: Vec<Pos2> = state.what_if.lasso.iter().map(|point| at(*point)).collect();
    for (width, color) in [(3.0, tokens.image_shadow), (1.5, tokens.image_chosen)] {
        painter.add(Shape::line(lasso.clone(), Stroke::new(width, color)));
    }
    if matches!(state.what_if.tool, Some(Marker::Brush | Marker::Eraser))
        && let Some(pointer) =
            ui.input(|input| input.pointer.hover_pos()).filter(|at| painter.clip_rect().contains(*at))
    {
        let radius = state.what_if.radius * size[0].max(size[1]) as f32 * placement.scale[0];
        for (width, color) in [(2.5, tokens.image_shadow), (1.0, tokens.image_chosen)] {
            painter.circle_stroke(pointer, radius, Stroke::new(width, color));
        }
    }
}

/// What is marked as a picture: a tint where `tinted`, and its edge.
fn marked(key: &MarkKey, [width, height]: [usize; 2]) -> ColorImage {
    let scale = (SIDE as f64 / width.max(height) as f64).min(1.0);
    let [w, h] = [width, height].map(|side| ((side as f64 * scale).round() as usize).max(1));
    let columns: Vec<usize> = (0..w).map(|x| ((2 * x + 1) * width / (2 * w)).min(width - 1)).collect();
    let cells: Vec<bool> = (0..h)
        .flat_map(|y| {
            let row = ((2 * y + 1) * height / (2 * h)).min(height - 1) * width;
            columns.iter().map(move |x| row + x)
        })
        .map(|i| key.mask[i])
        .collect();
    let inside = key.color.gamma_multiply(if key.tinted { TINT } else { 0.0 });
    let edge = key.color.gamma_multiply(if key.tinted { 1.0 } else { 0.7 });
    let pixel = |i: usize| {
        let (x, y) = (i % w, i / w);
        if !cells[i] {
            return Color32::TRANSPARENT;
        }
        let border = x > 0 && !cells[i - 1]
            || x + 1 < w && !cells[i + 1]
            || y > 0 && !cells[i - w]
            || y + 1 < h && !cells[i + w];
        if border { edge } else { inside }
    };
    ColorImage::new([w, h], (0..w * h).map(pixel).collect())
}

/// The whole sentence where it has room, in whatever language; it is never cut.
fn words_of_mark(wide: impl Fn(&str) -> f32, room: f32) -> &'static str {
    let whole = text!("CHANGED IMAGE: not what was taken of the patient");
    if wide(whole) <= room { whole } else { text!("CHANGED IMAGE") }
}

/// Marks a changed image as one, across the view.
pub(super) fn paint_mark(painter: &Painter, state: &State, tokens: &Tokens, content: Content, rect: Rect) {
    if !matches!(content, Content::Changed(..)) || state.changed_answer().is_none() {
        return;
    }
    painter.rect_stroke(rect, 0.0, Stroke::new(FRAME, tokens.warning), StrokeKind::Inside);
    let strip = Rect::from_min_max(pos2(rect.left(), rect.bottom() - STRIP), rect.max);
    painter.rect_filled(strip, 0.0, tokens.warning);
    let font = FontId::new(theme::TEXT, theme::semibold());
    let wide = |words: &str| painter.layout_no_wrap(words.to_owned(), font.clone(), Color32::BLACK).size().x;
    let words = words_of_mark(wide, strip.width() - 16.0);
    painter.text(strip.center(), Align2::CENTER_CENTER, words, font.clone(), Color32::BLACK);
    // Again at the upper edge: a screenshot may be cut.
    let top = Rect::from_min_size(rect.min, vec2(rect.width(), FRAME * 2.0));
    painter.rect_filled(top, 0.0, tokens.warning);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_a_changed_image_is_never_cut() {
        for code in ["en", "de"] {
            crate::language::within(code, || {
                let wide = |words: &str| 7.0 * words.chars().count() as f32;
                for room in [120.0, 280.0, 340.0, 380.0, 700.0] {
                    assert!(wide(words_of_mark(wide, room)) <= room, "{code}, {room}");
                }
                assert!(words_of_mark(wide, 700.0).contains(": "));
            });
        }
    }
}
