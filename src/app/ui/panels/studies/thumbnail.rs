//! A small image at the left of a row, or its empty frame, and lines of words beside it.

use std::sync::Arc;

use egui::{Color32, FontId, Rect, Ui, pos2, vec2};

use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::thumbnails::Thumbnails;
use crate::app::ui::widgets::shapes::Sign;
use crate::study::ImageEntry;

/// Draws the thumbnail of an image, or its frame while there is none.
pub(in crate::app::ui::panels) fn thumbnail(
    ui: &Ui,
    square: Rect,
    entry: &Arc<ImageEntry>,
    thumbnails: &Thumbnails,
    tokens: &Tokens,
) {
    let painter = ui.painter_at(square);
    let texture = if entry.has_pixels { thumbnails.get(entry) } else { None };
    if let Some(texture) = texture {
        let size = texture.size_vec2();
        let scale = (square.width() / size.x).min(square.height() / size.y);
        let rect = Rect::from_center_size(square.center(), size * scale);
        painter.rect_filled(square, 2.0, tokens.image_ground);
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(texture.id(), rect, whole, Color32::WHITE);
    } else {
        painter.rect_filled(square, 2.0, tokens.control);
        Sign::Image.paint(&painter, square, tokens.below);
    }
}

/// The star of a key image, in the corner of its thumbnail.
pub(super) fn star(ui: &Ui, square: Rect, tokens: &Tokens) {
    let center = pos2(square.right() - 9.0, square.top() + 9.0);
    let painter = ui.painter_at(square);
    painter.circle_filled(center, 8.0, tokens.image_ground);
    Sign::Star.paint(&painter, Rect::from_center_size(center, vec2(16.0, 16.0)), tokens.image_text);
}

/// The ground of a row: of the image on screen, under the pointer, or plain.
pub(super) fn ground(ui: &Ui, rect: Rect, current: bool, lit: bool, tokens: &Tokens) -> Rect {
    let painter = ui.painter_at(rect);
    let inner = rect.shrink2(vec2(0.0, 2.0));
    if current {
        painter.rect_filled(inner, 4.0, tokens.selected);
        painter.rect_filled(Rect::from_min_size(inner.min, vec2(2.0, inner.height())), 0.0, tokens.accent);
    } else if lit {
        painter.rect_filled(inner, 4.0, tokens.control);
    }
    inner
}

/// Where the thumbnail of a row lies, as wide as `side`.
pub(super) fn square(inner: Rect, side: f32) -> Rect {
    Rect::from_min_size(inner.min + vec2(6.0, 2.0), vec2(side, side.min(inner.height() - 4.0)))
}

/// Lines beside a thumbnail: words, colour, and how many rows they may take. Whether any was cut.
pub(super) fn lines(ui: &Ui, rect: Rect, square: Rect, lines: &[(String, Color32, usize)]) -> bool {
    let painter = ui.painter_at(rect);
    let x = square.right() + theme::GRID;
    let room = (rect.right() - x - 4.0).max(0.0);
    let (mut y, mut any_cut) = (square.top(), false);
    for (text, color, rows) in lines.iter().filter(|(text, ..)| !text.is_empty()) {
        let font = FontId::proportional(theme::CAPTION);
        let (job, cut) = lettering::cut_in_the_middle(&painter, text, &font, *color, (room, *rows));
        let galley = painter.layout_job(job);
        let height = galley.size().y;
        painter.galley(pos2(x, y), galley, *color);
        y += height + 2.0;
        any_cut |= cut;
    }
    any_cut
}
