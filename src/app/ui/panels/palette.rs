//! The command palette: a field, and the lines that match, by keyboard alone.

use egui::{Align2, FontId, Frame, Id, Key, Margin, Modal, Modifiers, Role, ScrollArea, Sense, TextEdit, Ui};
use egui::{WidgetInfo, pos2, vec2};

use crate::app::command::palette::{Line, found};
use crate::app::command::{Command, PaletteCommand};
use crate::app::state::State;
use crate::app::state::palette::Palette;
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::text::paragraph;
use crate::language::text;

const WIDTH: f32 = 560.0;
const ROW: f32 = 38.0;
/// Lines of a step by the page keys.
const PAGE: i64 = 8;

/// Draws the palette over everything else while it is open.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let Some(palette) = &state.palette else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    let lines = found(state, &palette.query);
    let chosen = palette.chosen.min(lines.len().saturating_sub(1));
    let moved = keys(ui, palette, &lines, chosen, &mut out);
    let room = ui.ctx().content_rect().size();
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(8));
    let area =
        Modal::default_area(Id::unique("palette")).anchor(Align2::CENTER_TOP, vec2(0.0, (0.1 * room.y).min(96.0)));
    let modal = Modal::new(Id::unique("palette")).area(area).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width((room.x - 48.0).min(WIDTH));
        let mut words = palette.query.clone();
        let field = TextEdit::singleline(&mut words)
            .hint_text(text!("A few letters: command, class, method, model, recent study; or a path"))
            .desired_width(f32::INFINITY)
            .margin(Margin::symmetric(8, 6));
        let response = ui.add(field).accessible_name(text!("Find a command"));
        response.request_focus();
        if words != palette.query {
            out.push(PaletteCommand::Type(words).into());
        }
        if lines.is_empty() {
            ui.add_space(theme::GRID);
            paragraph(ui, text!("Nothing is called so."), &tokens);
            return;
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        let most = (room.y * 0.7 - 80.0).clamp(3.0 * ROW, 12.0 * ROW);
        ScrollArea::vertical().max_height(most).min_scrolled_height(most).auto_shrink([false, true]).show(ui, |ui| {
            for (at, line) in lines.iter().enumerate() {
                row(ui, line, at == chosen, moved, &tokens, &mut out);
            }
        });
    });
    if modal.backdrop_response.clicked() {
        out.push(PaletteCommand::Toggle.into());
    }
    out
}

/// Arrows choose, Enter does it. True where another line was chosen.
fn keys(ui: &Ui, palette: &Palette, lines: &[Line], chosen: usize, out: &mut Vec<Command>) -> bool {
    let steps = [(Key::ArrowUp, -1), (Key::ArrowDown, 1), (Key::PageUp, -PAGE), (Key::PageDown, PAGE)];
    let (by, enter) = ui.input_mut(|input| {
        let by: i64 =
            steps.iter().map(|(key, by)| by * input.count_and_consume_key(Modifiers::NONE, *key) as i64).sum();
        (by, input.consume_key(Modifiers::NONE, Key::Enter))
    });
    let last = lines.len().saturating_sub(1) as i64;
    let to = (chosen as i64 + by).clamp(0, last) as usize;
    if to != palette.chosen {
        out.push(PaletteCommand::Choose(to).into());
    }
    if let Some(line) = lines.get(chosen).filter(|line| enter && line.why_not.is_none()) {
        out.extend([PaletteCommand::Toggle.into(), line.command.clone()]);
    }
    by != 0
}

/// A line: words and key above, what it does or why not below.
fn row(ui: &mut Ui, line: &Line, chosen: bool, follow: bool, tokens: &Tokens, out: &mut Vec<Command>) {
    let possible = line.why_not.is_none();
    let sense = if possible { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width() - theme::GRID, ROW), sense);
    if chosen && follow {
        ui.scroll_to_rect_animation(rect, None, egui::style::ScrollAnimation::none());
    }
    let painter = ui.painter_at(rect);
    if chosen || possible && response.hovered() {
        painter.rect_filled(rect, 4.0, if chosen { tokens.selected } else { tokens.hover });
    }
    let faded = |color: egui::Color32| if possible { color } else { color.gamma_multiply(0.6) };
    let (text, caption) = (FontId::proportional(theme::TEXT), FontId::proportional(theme::CAPTION));
    let (left, right) = (rect.left() + theme::GRID, rect.right() - theme::GRID);
    let (upper, lower) = (rect.top() + 12.0, rect.top() + 27.0);
    let end = if line.key.is_empty() { line.kind.to_owned() } else { format!("{}   {}", line.kind, line.key) };
    let end = painter.text(pos2(right, upper), Align2::RIGHT_CENTER, end, caption.clone(), faded(tokens.muted));
    let words = |at: egui::Pos2, room: f32, words: &str, font: &FontId, color| {
        let (job, _) = lettering::cut_in_the_middle(&painter, words, font, color, (room, 1));
        let galley = painter.layout_job(job);
        painter.galley(at - vec2(0.0, galley.size().y / 2.0), galley, color);
    };
    words(pos2(left, upper), end.left() - left - theme::GRID, &line.label, &text, faded(tokens.text));
    let detail = line.why_not.as_deref().unwrap_or(&line.detail);
    words(pos2(left, lower), right - left, detail, &caption, if possible { tokens.muted } else { tokens.warning });
    let spoken = format!("{}, {}", line.label, line.kind);
    response.widget_info(|| {
        let info = WidgetInfo::selected(Role::Button, possible, chosen, &spoken);
        WidgetInfo { hint_text: Some(detail.to_owned()), ..info }
    });
    if response.clicked() {
        out.extend([PaletteCommand::Toggle.into(), line.command.clone()]);
    }
}
