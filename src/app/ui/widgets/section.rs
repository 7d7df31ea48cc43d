//! A part of a panel that opens and closes by its heading.

use egui::{Align, FontId, Layout, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::shapes::Sign;
use crate::app::command::{Command, SessionCommand};
use crate::app::state::State;
use crate::app::state::session::Section;
use crate::app::ui::theme::{self, Tokens};
use crate::language::text;

/// Height of a heading.
const HEIGHT: f32 = 22.0;

/// The heading, with what stands at its right end; true where the section is open and its content is
/// to follow.
pub(crate) fn heading(
    ui: &mut Ui,
    state: &State,
    section: Section,
    tokens: &Tokens,
    out: &mut Vec<Command>,
    trailing: impl FnOnce(&mut Ui, &mut Vec<Command>),
) -> bool {
    let open = state.preferences.is_open(section);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let words = section.name().to_uppercase();
    let font = FontId::new(theme::CAPTION, theme::semibold());
    let wide = ui.painter().layout_no_wrap(words.clone(), font.clone(), tokens.muted).size().x;
    let rect = Rect::from_min_size(row.min, vec2((wide + 24.0).min(row.width()), HEIGHT));
    let response = ui.interact(rect, ui.scope_id().with(("section", section)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, true, open, &words));
    let color = if response.hovered() || response.has_focus() { tokens.text } else { tokens.muted };
    let sign = Rect::from_min_size(rect.left_top() + vec2(-4.0, (HEIGHT - 16.0) / 2.0), vec2(16.0, 16.0));
    if open { Sign::Down } else { Sign::Right }.paint(ui.painter(), sign, color);
    ui.painter().text(pos2(sign.right() + 2.0, rect.center().y), egui::Align2::LEFT_CENTER, words, font, color);
    if response.clicked() {
        out.push(SessionCommand::ToggleSection(section).into());
    }
    response.on_hover_text(if open { text!("Closes this section") } else { text!("Opens this section") });
    let rest = Rect::from_min_max(pos2(rect.right() + theme::GRID, row.top()), row.max);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(rest).layout(Layout::right_to_left(Align::Center)));
    trailing(&mut child, out);
    open
}
