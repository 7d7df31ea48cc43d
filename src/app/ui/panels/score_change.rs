//! The scores of the current image against those of its prior: for each group and label before, now,
//! and the change; or why they are not compared.

use egui::{Align2, Color32, FontId, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::app::state::score_change::ScoreChange;
use crate::app::state::{Layout, State, prior};
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::confidence_bar::probability;
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::text::paragraph;
use crate::language::{decimal, text, tr};

const ROW: f32 = 18.0;
/// Right ends of the numbers, from the right edge.
const CHANGE: f32 = 2.0;
const NOW: f32 = 48.0;
const BEFORE: f32 = 92.0;

/// Draws the section, where an image and its prior stand side by side.
pub fn show(ui: &mut Ui, state: &State) {
    let Some(comparison) = Some(state).filter(|state| state.layout == Layout::Hanging).and_then(State::comparison)
    else {
        return;
    };
    let tokens = theme::tokens(state.preferences.theme);
    let day = |slot| state.slot_entry(slot).and_then(|entry| prior::day(&entry.meta));
    let span = day(comparison.newer).zip(day(comparison.older)).map(|(now, before)| prior::earlier(now, before));
    controls::rule(ui, &tokens);
    controls::title(ui, text!("AGAINST THE PRIOR"), &span.unwrap_or_default(), &tokens);
    match &comparison.changes {
        Ok(changes) => {
            line(ui, "", [text!("prior"), text!("current"), text!("change")], false, tokens.muted);
            for change in changes {
                row(ui, change, &tokens);
            }
            ui.label(theme::caption(text!("Projection, exposure and breath move scores, too."), &tokens));
        }
        Err(why) => paragraph(ui, why, &tokens),
    }
}

fn row(ui: &mut Ui, change: &ScoreChange, tokens: &Tokens) {
    let numbers = [probability(change.before), probability(change.now), decimal(change.signed())];
    let response = line(ui, &change.name, [&numbers[0], &numbers[1], &numbers[2]], change.group, tokens.text);
    let words = tr!("{} against the prior: {}", change.name, decimal(change.words()));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
    response.on_hover_text(words);
}

fn line(ui: &mut Ui, name: &str, numbers: [&str; 3], group: bool, color: Color32) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let painter = ui.painter_at(rect);
    let font = if group { FontId::new(theme::TEXT, theme::semibold()) } else { FontId::proportional(theme::TEXT) };
    let room = ((rect.width() - BEFORE - 40.0).max(16.0), 1);
    let (job, _) = lettering::cut_in_the_middle(&painter, name, &font, color, room);
    let galley = painter.layout_job(job);
    painter.galley(pos2(rect.left() + 2.0, rect.center().y - galley.size().y / 2.0), galley, color);
    let size = if name.is_empty() { theme::CAPTION } else { theme::TEXT };
    for (words, at) in numbers.into_iter().zip([BEFORE, NOW, CHANGE]) {
        let at = pos2(rect.right() - at, rect.center().y);
        painter.text(at, Align2::RIGHT_CENTER, words, FontId::proportional(size), color);
    }
    response
}
