//! A probability before and after a change of the image, on an axis from 0 to 1.
//!
//! ```text
//! ├────▮━━━━━━━━━▯──▒▒──┤   0.80 → 0.31
//! ```
//!
//! Hollow mark: before. Full mark: after. Grey band: where as much area at random places leads.
//! Tick: operating threshold. The words are those of the numbers.

use egui::{Align2, FontId, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Widget, WidgetInfo, pos2, vec2};

use super::confidence_bar::probability;
use crate::app::ui::theme::{self, Tokens};
use crate::engine::what_if::ScoreChange;
use crate::language::{decimal, tr};

const HEIGHT: f32 = 18.0;
/// Room for the numbers.
const NUMBERS: f32 = 96.0;

/// What the bar shows.
pub(crate) struct ChangeBar<'a> {
    change: &'a ScoreChange,
    threshold: Option<f32>,
    tokens: Tokens,
}

/// A change with its sign.
fn signed(change: f32) -> String {
    decimal(format!("{change:+.2}"))
}

impl<'a> ChangeBar<'a> {
    /// The bar of a class or group.
    pub(crate) fn new(change: &'a ScoreChange, threshold: Option<f32>, tokens: Tokens) -> Self {
        Self { change, threshold, tokens }
    }

    /// The bar as a sentence, for screen readers, tooltips and tests.
    pub(crate) fn words(&self) -> String {
        let ScoreChange { label, before, after, random, .. } = self.change;
        let sentence = tr!(
            "{label}: probability {before} before, {after} after ({change})",
            label,
            before = probability(*before),
            after = probability(*after),
            change = signed(self.change.change())
        );
        let places = self.change.random_range().map(|(low, high)| {
            tr!(
                "as much area at {} random places changes it by {low} to {high}",
                random.len(),
                low = signed(low),
                high = signed(high)
            )
        });
        std::iter::once(sentence).chain(places).collect::<Vec<_>>().join("; ")
    }
}

impl Widget for ChangeBar<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let width = ui.available_width().max(NUMBERS + 48.0);
        let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::hover());
        let words = self.words();
        response.widget_info(|| WidgetInfo::labeled(Role::Meter, ui.is_enabled(), &words));
        if ui.is_rect_visible(rect) {
            self.paint(ui, rect);
        }
        response.on_hover_text(words)
    }
}

impl ChangeBar<'_> {
    fn paint(&self, ui: &Ui, rect: Rect) {
        let t = &self.tokens;
        let painter = ui.painter();
        let y = rect.center().y;
        let (left, right) = (rect.left() + 2.0, rect.right() - NUMBERS - 8.0);
        let x = |p: f32| left + (right - left) * p.clamp(0.0, 1.0);
        painter.rect_filled(Rect::from_min_max(pos2(left, y - 1.0), pos2(right, y + 1.0)), 1.0, t.groove);
        for end in [left, right] {
            painter.line_segment([pos2(end, y - 4.0), pos2(end, y + 4.0)], Stroke::new(1.0, t.line));
        }
        let ScoreChange { before, after, .. } = *self.change;
        if let Some((low, high)) = self.change.random_range() {
            let band = Rect::from_min_max(
                pos2(x(before + low), y - 7.0),
                pos2(x(before + high).max(x(before + low) + 1.0), y + 7.0),
            );
            painter.rect_filled(band, 1.0, t.below.gamma_multiply(0.5));
        }
        if let Some(threshold) = self.threshold {
            let tick = x(threshold);
            painter.line_segment([pos2(tick, rect.top()), pos2(tick, rect.bottom())], Stroke::new(1.5, t.muted));
        }
        let way = Rect::from_two_pos(pos2(x(before), y - 1.5), pos2(x(after), y + 1.5));
        painter.rect_filled(way, 1.0, t.text);
        let mark = |p: f32| Rect::from_center_size(pos2(x(p), y), vec2(6.0, 12.0));
        painter.rect_filled(mark(before), 1.0, t.panel);
        painter.rect_stroke(mark(before), 1.0, Stroke::new(1.2, t.text), StrokeKind::Inside);
        painter.rect_filled(mark(after), 1.0, t.text);
        let words = format!("{} → {}", probability(before), probability(after));
        painter.text(
            pos2(rect.right(), y),
            Align2::RIGHT_CENTER,
            words,
            FontId::new(theme::TEXT, theme::semibold()),
            t.text,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::Theme;

    #[test]
    fn the_words_give_both_scores_and_what_random_places_do() {
        let change =
            ScoreChange { label: "Pneumonia".into(), group: true, before: 0.8, after: 0.31, random: vec![-0.02, 0.01] };
        let words = ChangeBar::new(&change, Some(0.5), theme::tokens(Theme::Dark)).words();
        assert_eq!(
            words,
            "Pneumonia: probability 0.80 before, 0.31 after (-0.49); as much area at 2 random places changes it by \
             -0.02 to +0.01"
        );
    }
}
