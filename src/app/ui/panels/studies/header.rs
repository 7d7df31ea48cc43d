//! A row that opens and closes what is below it: a patient, a study, pictures of a folder.

use egui::{Rect, RichText, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::rows::Header;
use crate::app::state::State;
use crate::app::state::study_scoring::StudyScoring;
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::shapes::Sign;
use crate::study::unit::{GroupedBy, Unit};

/// Draws the row; true when it was clicked.
pub(super) fn show(ui: &Ui, rect: Rect, row: &Header<'_>, state: &State, tokens: &Tokens) -> bool {
    let Header { depth, key, words, open, uid } = row;
    let (depth, open, words) = (*depth, *open, words.as_str());
    let response = ui.interact(rect, ui.scope_id().with(key), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, true, open, words));
    let painter = ui.painter_at(rect);
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 4.0, tokens.control);
    }
    let indent = depth as f32 * 8.0;
    let sign = Rect::from_min_size(rect.left_top() + vec2(indent, 4.0), vec2(16.0, 16.0));
    if open { Sign::Down } else { Sign::Right }.paint(&painter, sign, tokens.muted);
    let (font, color) = if depth == 0 {
        (egui::FontId::new(theme::TEXT, theme::semibold()), tokens.text)
    } else {
        (egui::FontId::proportional(theme::TEXT), tokens.muted)
    };
    let room = (rect.right() - sign.right() - 4.0, 1);
    let (job, cut) = lettering::cut_in_the_middle(&painter, words, &font, color, room);
    let galley = painter.layout_job(job);
    let at = pos2(sign.right() + 2.0, rect.center().y - galley.size().y / 2.0);
    painter.galley(at, galley, color);
    let clicked = response.clicked();
    let unit = [None, Some(Unit::Study), Some(Unit::Series)].get(depth).copied().flatten();
    let scored = unit.is_some_and(|unit| is_scored(state, unit, uid));
    let result = if scored { state.study_lines() } else { Vec::new() };
    if cut || !result.is_empty() {
        response.on_hover_ui(|ui| {
            if cut {
                ui.label(lettering::line(words, egui::FontId::proportional(theme::TEXT), tokens.text));
            }
            lines(ui, &result, tokens);
        });
    }
    clicked
}

/// Whether a study or series is the one whose images are judged as one.
pub(super) fn is_scored(state: &State, unit: Unit, uid: &str) -> bool {
    let scored = |study: &StudyScoring| study.key.by == GroupedBy::Uid && study.unit == unit && study.key.name == uid;
    state.results.study.as_ref().is_some_and(scored)
}

/// The result of a study, in a tooltip.
pub(super) fn lines(ui: &mut Ui, result: &[String], tokens: &Tokens) {
    for (i, line) in result.iter().enumerate() {
        let words = if i == 0 { theme::caption(line, tokens) } else { RichText::new(line).color(tokens.text) };
        ui.label(words);
    }
}
