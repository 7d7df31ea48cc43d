//! Messages above the status bar: good news goes by itself, warnings and errors stay until they are
//! dismissed.

use egui::{Align, Align2, Area, Button, Frame, Id, Label, Layout as Flow, Order, RichText, Ui, vec2};

use crate::app::command::{Command, HelpCommand};
use crate::app::state::{Level, Notice, State};
use crate::app::ui::STACK_HEIGHT;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::shapes::Sign;
use crate::language::tr;

/// Most notices at once; older ones wait behind them.
const SHOWN: usize = 4;
const WIDTH: f32 = 440.0;

/// Draws the notices over everything else.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let mut out = Vec::new();
    if state.notices.is_empty() {
        return out;
    }
    // Above the bars below the image: what goes through a stack stays in reach.
    let stack = if state.is_stack() && !state.training.open { STACK_HEIGHT } else { 0.0 };
    let lift = theme::STATUS_HEIGHT + stack + theme::GRID;
    Area::new(Id::unique("notices")).order(Order::Foreground).anchor(Align2::CENTER_BOTTOM, vec2(0.0, -lift)).show(
        ui.ctx(),
        |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 4.0 * theme::GRID));
            ui.spacing_mut().item_spacing.y = theme::GRID;
            let from = state.notices.len().saturating_sub(SHOWN);
            if from > 0 {
                ui.label(theme::caption(tr!("{} more", from), &tokens));
            }
            for notice in &state.notices[from..] {
                show_notice(ui, notice, &tokens, &mut out);
            }
        },
    );
    out
}

fn show_notice(ui: &mut Ui, notice: &Notice, tokens: &Tokens, out: &mut Vec<Command>) {
    let color = if notice.level == Level::Info { tokens.accent } else { tokens.warning };
    let frame = Frame::new()
        .fill(tokens.panel)
        .stroke(egui::Stroke::new(1.0, if notice.level == Level::Error { tokens.warning } else { tokens.line }))
        .corner_radius(6)
        .shadow(ui.visuals().popup_shadow)
        .inner_margin(egui::Margin::symmetric(12, 8));
    frame.show(ui, |ui| {
        ui.with_layout(Flow::right_to_left(Align::TOP), |ui| {
            let info = HelpCommand::DismissNotice(notice.id).info();
            let dismiss = ui.add(Button::new(Sign::Cross.atom(None)).frame_when_inactive(false));
            if dismiss.accessible_name(info.label).on_hover_text(info.hint()).clicked() {
                out.push(Command::Help(HelpCommand::DismissNotice(notice.id)));
            }
            if let Some(action) = &notice.action {
                let command = Command::from(action);
                if ui.button(action.label()).on_hover_text(command.info().hint()).clicked() {
                    out.push(command);
                    out.push(Command::Help(HelpCommand::DismissNotice(notice.id)));
                }
            }
            ui.with_layout(Flow::left_to_right(Align::TOP), |ui| {
                ui.vertical(|ui| {
                    ui.add_space(4.0);
                    if notice.level == Level::Info { Sign::Tick } else { Sign::Caution }.show(ui, color);
                });
                ui.vertical(|ui| {
                    ui.add_space(3.0);
                    ui.add(Label::new(RichText::new(&notice.text).color(tokens.text)).wrap());
                });
            });
        });
    });
}
