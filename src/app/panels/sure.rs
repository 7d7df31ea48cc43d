//! How sure, in small: the conformal state of a row, the risk it is stated at, and where the samples of the bars come from.

use egui::{
    Align, Align2, Button, ComboBox, FontId, Label, Layout as Flow, Rect, RichText, Role, Sense, Ui, Vec2, WidgetInfo,
    pos2, vec2,
};

use crate::app::command::Command;
use crate::app::state::State;
use crate::app::sure::SureCommand;
use crate::app::theme::{self, Tokens};
use crate::app::widgets::shapes::Sign;
use crate::engine::ModelInfo;
use crate::uncertainty::Source;
use crate::uncertainty::calibration::percent;
use crate::uncertainty::conformal::{self, RISKS};

/// Room of a sign and a word, so that nothing moves when they arrive.
const MARK: egui::Vec2 = vec2(66.0, 15.0);

/// The state of a label or a group: a sign and a word; the tooltip names the risk, the reason and the calibration set.
pub fn mark(ui: &mut Ui, state: &State, name: &str, tokens: &Tokens) {
    let (rect, response) = ui.allocate_exact_size(MARK, Sense::hover());
    let Some(Ok(states)) = state.conformal() else { return };
    let Some(own) = states.state(name) else { return };
    let color = if own.state == conformal::State::Undecided { tokens.muted } else { tokens.text };
    let font = FontId::proportional(theme::CAPTION);
    let word = ui.painter().text(rect.right_center(), Align2::RIGHT_CENTER, own.state.word(), font, color);
    let place = Rect::from_center_size(pos2(word.left() - 9.0, rect.center().y), Vec2::splat(12.0));
    Sign::State(own.state).paint(ui.painter(), place, color);
    let risk = percent(states.risk);
    response
        .widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}: {} at {risk} risk", own.state.word())));
    let note = state.model_info().and_then(|m| m.calibration.as_ref().as_ref().ok()).map_or("", |c| c.note.as_str());
    response.on_hover_text(format!(
        "{} at {risk} risk. {}\nCalibration set: {}, {} images of {} patients ({} with, {} without). {note}",
        own.state.word(),
        own.reason,
        states.set,
        states.images,
        states.patients,
        own.with,
        own.without
    ));
}

/// The risk of the states, or why there are none, and the way to the calibration.
pub fn risk(ui: &mut Ui, state: &State, model: &ModelInfo, tokens: &Tokens, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GRID / 2.0;
        let none = match (model.calibration.as_ref(), state.conformal()) {
            (Err(why), _) => Some(why.to_string()),
            (Ok(_), Some(Err(why))) => Some(why.to_string()),
            (Ok(_), _) => None,
        };
        if let Some(why) = &none {
            let label = ui.add(Label::new(theme::caption("no states at a risk", tokens)).truncate());
            label.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("No states at a risk. {why}")));
            label.on_hover_text(why);
        } else {
            let info = SureCommand::SetRisk(0.0).info();
            ui.label(theme::caption("states at", tokens)).on_hover_text(info.tooltip);
            let chosen = state.settings.risk;
            let combo = ComboBox::from_id_salt("risk").selected_text(percent(chosen)).width(48.0);
            let inner = combo.show_ui(ui, |ui| {
                for risk in RISKS {
                    if ui.selectable_label(risk == chosen, percent(risk)).clicked() {
                        out.push(Command::Sure(SureCommand::SetRisk(risk)));
                    }
                }
            });
            inner.response.accessible_name(info.label).on_hover_text(info.tooltip);
            ui.label(theme::caption("risk", tokens)).on_hover_text(info.tooltip);
        }
        ui.with_layout(Flow::right_to_left(Align::Center), |ui| calibrated(ui, model, tokens, out));
    });
}

/// The button that opens the window on calibration; greyed with the reason where nothing was measured.
fn calibrated(ui: &mut Ui, model: &ModelInfo, tokens: &Tokens, out: &mut Vec<Command>) {
    let command = SureCommand::ToggleReliability;
    let info = command.info();
    let button = Button::new(theme::caption(info.label, tokens).color(tokens.text));
    let response = ui.add_enabled(model.calibration.is_ok(), button).on_hover_text(info.hint());
    if let Err(why) = model.calibration.as_ref() {
        response.on_disabled_hover_text(why.to_string());
    } else if response.clicked() {
        out.push(Command::Sure(command));
    }
}

/// Where the samples come from; what this model cannot give is greyed with its reason.
pub fn source(ui: &mut Ui, state: &State, model: &ModelInfo, tokens: &Tokens, out: &mut Vec<Command>) {
    let chosen = state.options.source;
    let info = SureCommand::SetSource(chosen).info();
    ui.horizontal(|ui| {
        ui.label(RichText::new("from").color(tokens.muted)).on_hover_text(info.tooltip);
        let combo = ComboBox::from_id_salt("source").selected_text(chosen.name()).width(176.0);
        let inner = combo.show_ui(ui, |ui| {
            for source in Source::ALL {
                let why = source.unavailable(model.stochastic, model.ensemble.len());
                let response = ui.add_enabled(why.is_none(), Button::selectable(source == chosen, source.name()));
                if response.clicked() {
                    out.push(Command::Sure(SureCommand::SetSource(source)));
                }
                response.on_hover_text(source.explained()).on_disabled_hover_text(why.unwrap_or_default());
            }
        });
        let response = inner.response.accessible_name(info.label);
        response.on_hover_text(format!("{}\n{}", info.tooltip, chosen.explained()));
    });
}

/// Where the source cannot be had: the reason, and the way to one that can.
pub fn unavailable(ui: &mut Ui, state: &State, model: &ModelInfo, tokens: &Tokens, out: &mut Vec<Command>) {
    let stochastic = state.options.source == Source::McDropout;
    let words = match state.options.source.unavailable(model.stochastic, model.ensemble.len()) {
        Some(_) if stochastic => {
            "This model has no stochastic layer: it gives no intervals and cannot say how sure it is of itself."
        }
        Some(why) => why,
        None => return,
    };
    super::findings::paragraph(ui, words, tokens);
    ui.add_space(theme::GRID / 2.0);
    let other = Source::TestTime;
    if ui.button("Use test-time augmentation").on_hover_text(other.explained()).clicked() {
        out.push(Command::Sure(SureCommand::SetSource(other)));
    }
}
