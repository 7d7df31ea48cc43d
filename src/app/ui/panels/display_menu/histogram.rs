//! How often the values of the image occur, and which of them the window spends its greys on.

use std::sync::Arc;

use egui::{Align2, FontId, Id, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::app::state::State;
use crate::app::state::histogram::{BINS, Histogram};
use crate::app::ui::numbers::number;
use crate::app::ui::theme::{self, Tokens};
use crate::language::{text, tr};
use crate::study::Frame;

const HEIGHT: f32 = 56.0;

/// The histogram that was made last, and of which frame.
type Made = Option<(Arc<Frame>, Option<Arc<Histogram>>)>;

/// Draws the counts on a scale of square roots, the window as a brighter band; nothing of an image in
/// colour.
pub(super) fn show(ui: &mut Ui, state: &State, tokens: &Tokens) {
    let Some(frame) = state.drawn().filter(|frame| frame.pixels.color.is_none()) else { return };
    let Some(histogram) = of(ui, frame) else { return };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT + 14.0), Sense::hover());
    let (low, high) = histogram.range;
    let (from, to) = state.view(0).window.bounds();
    let words = tr!("Histogram: values from {} to {}", number(low), number(high));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &words));
    let room = Rect::from_min_size(rect.min, vec2(rect.width(), HEIGHT));
    let x_of = |value: f32| room.left() + room.width() * ((value - low) / (high - low)).clamp(0.0, 1.0);
    let painter = ui.painter_at(rect);
    painter.rect_filled(room, 2.0, tokens.background);
    let band = Rect::from_min_max(pos2(x_of(from), room.top()), pos2(x_of(to).max(x_of(from) + 1.0), room.bottom()));
    painter.rect_filled(band, 0.0, tokens.selected);
    let most = f64::from(histogram.counts.iter().copied().max().unwrap_or(1)).sqrt().max(1.0);
    let step = room.width() / BINS as f32;
    for (bin, count) in histogram.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = (HEIGHT * (f64::from(*count).sqrt() / most) as f32).max(1.0);
        let left = room.left() + step * bin as f32;
        let bar = Rect::from_min_max(pos2(left, room.bottom() - height), pos2(left + step, room.bottom()));
        painter.rect_filled(bar, 0.0, tokens.muted);
    }
    let font = FontId::proportional(theme::CAPTION);
    let y = rect.bottom();
    painter.text(pos2(room.left(), y), Align2::LEFT_BOTTOM, number(low), font.clone(), tokens.muted);
    painter.text(pos2(room.right(), y), Align2::RIGHT_BOTTOM, number(high), font, tokens.muted);
    response.on_hover_text(text!("How often values occur (square roots); the band is the window"));
}

/// The histogram of a frame, made once.
fn of(ui: &Ui, frame: &Arc<Frame>) -> Option<Arc<Histogram>> {
    let key = Id::unique("histogram");
    let made: Made = ui.data(|data| data.get_temp(key)).unwrap_or_default();
    if let Some((_, histogram)) = made.filter(|(of, _)| Arc::ptr_eq(of, frame)) {
        return histogram;
    }
    let histogram = Histogram::of(&frame.pixels.plane, frame.pixels.padding).map(Arc::new);
    let made: Made = Some((frame.clone(), histogram.clone()));
    ui.data_mut(|data| data.insert_temp(key, made));
    histogram
}
