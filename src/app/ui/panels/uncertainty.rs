//! How certain, in small: the conformal state of a row, the error rate it is stated at, what a call
//! is worth where the finding is rare, and where the samples of the bars come from.

use egui::{
    Align, Align2, Button, ComboBox, DragValue, FontId, Label, Layout as Flow, Rect, RichText, Role, Sense, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};

use crate::app::command::{Command, UncertaintyCommand};
use crate::app::state::State;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::engine::ModelInfo;
use crate::engine::conformal::{Conformal, OUTSIDE};
use crate::language::{decimal, said, text, tr, translated};
use crate::model::calibration::percent;
use crate::model::conformal::{self, RISKS};
use crate::uncertainty::SampleSource;
use crate::wording::prevalence;

/// Room of a sign and a word, so that nothing moves when they arrive.
const MARK: Vec2 = vec2(80.0, 15.0);
/// Room of the sign before the word.
const SIGN: f32 = 18.0;

/// Width of the widest word of a state: what has one word in English has two in other languages.
pub(super) fn widest(ui: &Ui, conditional: bool) -> f32 {
    let states =
        [conformal::State::Present, conformal::State::Absent, conformal::State::Undecided, conformal::State::Withheld];
    let width = |state: conformal::State| {
        let decided = matches!(state, conformal::State::Present | conformal::State::Absent);
        let word = translated(state.word());
        let word = if conditional && decided { tr!("{}, if …", word) } else { word.to_owned() };
        ui.painter().layout_no_wrap(word, FontId::proportional(theme::CAPTION), egui::Color32::WHITE).size().x
    };
    states.map(width).into_iter().fold(0.0, f32::max)
}

/// The state of a label or a group: a sign and a word; the tooltip names the error rate, the reason
/// and the calibration set.
pub(super) fn mark(ui: &mut Ui, state: &State, name: &str, tokens: &Tokens) {
    let states = state.conformal();
    let conditional = states.as_ref().is_some_and(|s| s.as_ref().is_ok_and(|s| s.condition.is_some()));
    let room = vec2(MARK.x.max(widest(ui, conditional) + SIGN), MARK.y);
    let (rect, response) = ui.allocate_exact_size(room, Sense::hover());
    let Some(Ok(states)) = states else { return };
    let Some(own) = states.state(name) else { return };
    let decided = matches!(own.state, conformal::State::Present | conformal::State::Absent);
    let color = if decided { tokens.text } else { tokens.muted };
    let font = FontId::proportional(theme::CAPTION);
    // The condition itself stands below the rows.
    let word = match (own.state, decided && states.condition.is_some()) {
        (conformal::State::Withheld, _) => text!("outside").to_owned(),
        (state, true) => tr!("{}, if …", translated(state.word())),
        (state, false) => translated(state.word()).to_owned(),
    };
    let word = ui.painter().text(rect.right_center(), Align2::RIGHT_CENTER, word, font, color);
    let place = Rect::from_center_size(pos2(word.left() - 9.0, rect.center().y), Vec2::splat(12.0));
    Sign::State(own.state).paint(ui.painter(), place, color);
    let words = state_in_words(&states, own.state);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}: {words}")));
    if states.withheld() {
        response.on_hover_text(tr!("Outside the population that this model was measured on. {}", said(&own.reason)));
        return;
    }
    let note = state
        .model_info()
        .and_then(|m| m.calibration.as_ref().as_ref().ok())
        .map_or_else(String::new, |c| said(&c.note));
    response.on_hover_text(tr!(
        "{words}. {reason}\nCalibration set: {set}, {images} images of {patients} patients ({with} with, {without} without). {note}",
        words,
        reason = said(&own.reason),
        set = said(&states.set),
        images = states.images,
        patients = states.patients,
        with = own.with,
        without = own.without,
        note
    ));
}

/// A state as a reader is told it; `condition` of a model's file stays as it is.
fn state_in_words(states: &Conformal, state: conformal::State) -> String {
    let (word, rate) = (translated(state.word()), decimal(percent(states.risk)));
    match (state, &states.condition) {
        (conformal::State::Withheld, _) => translated(OUTSIDE).to_owned(),
        (conformal::State::Undecided, _) | (_, None) => tr!("{state} at an error rate of {rate}", state = word, rate),
        (_, Some(condition)) => {
            tr!("{state} at an error rate of {rate}, if {condition}", state = word, rate, condition = said(condition))
        }
    }
}

/// Why no state is given of an image from elsewhere, in the first place of the findings.
pub(super) fn outside(ui: &mut Ui, state: &State, tokens: &Tokens) {
    let Some(reason) = state.outside() else { return };
    let words = tr!(
        "Outside the population that this model was measured on: states are withheld. {} Scores and maps are shown, marked.",
        said(reason)
    );
    message(ui, Sign::Caution, &words, tokens);
    controls::rule(ui, tokens);
}

/// The error rate of the states, or why there are none, and the way to the calibration.
pub(super) fn error_rate(ui: &mut Ui, state: &State, model: &ModelInfo, tokens: &Tokens, out: &mut Vec<Command>) {
    let states = state.conformal();
    let condition = states.iter().flatten().find_map(|s| s.condition.as_ref());
    if state.outside().is_some() {
        ui.add(Label::new(theme::caption(translated(OUTSIDE), tokens)).wrap());
    } else if let Some(condition) = condition {
        ui.add(
            Label::new(theme::caption(tr!("if …: {}; of others nothing is stated", said(condition)), tokens)).wrap(),
        );
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GRID / 2.0;
        let none = match (model.calibration.as_ref(), states) {
            (Err(why), _) => Some(said(&why.to_string())),
            (Ok(_), Some(Err(why))) => Some(said(&why.to_string())),
            (Ok(_), _) => None,
        };
        if state.outside().is_some() {
            ui.label(theme::caption(text!("no states"), tokens));
        } else if let Some(why) = &none {
            let label = ui.add(Label::new(theme::caption(text!("no states"), tokens)).truncate());
            label.widget_info(|| WidgetInfo::labeled(Role::Label, true, tr!("No states. {}", why)));
            label.on_hover_text(why);
        } else {
            let info = UncertaintyCommand::SetErrorRate(0.0).info();
            ui.label(theme::caption(text!("error rate"), tokens)).on_hover_text(info.tooltip);
            let chosen = state.preferences.error_rate;
            let combo = ComboBox::from_id_salt("error rate").selected_text(decimal(percent(chosen))).width(48.0);
            let inner = combo.show_ui(ui, |ui| {
                for rate in RISKS {
                    if ui.selectable_label(rate == chosen, decimal(percent(rate))).clicked() {
                        out.push(Command::Uncertainty(UncertaintyCommand::SetErrorRate(rate)));
                    }
                }
            });
            inner.response.accessible_name(info.label).on_hover_text(info.tooltip);
        }
        ui.with_layout(Flow::right_to_left(Align::Center), |ui| calibrated(ui, model, tokens, out));
    });
}

/// How frequent the finding is where the reader works, and what the call on this image is then
/// worth.
pub(super) fn prevalence(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let Some(name) = state.prevalence_of() else { return };
    let info = UncertaintyCommand::SetPrevalence(None).info();
    let stated = state.prevalence().map_or(0.0, |(_, share)| share);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GRID / 2.0;
        let mut percent = stated * 100.0;
        ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
            let field = DragValue::new(&mut percent)
                .range(0.0..=99.9)
                .speed(0.1)
                .max_decimals(2)
                .custom_formatter(|v, _| {
                    if v == 0.0 {
                        text!("not stated").into()
                    } else {
                        decimal(format!("{} %", (v * 100.0).round() / 100.0))
                    }
                })
                .custom_parser(|text| text.trim().trim_end_matches('%').trim_end().replace(',', ".").parse().ok())
                .update_while_editing(false);
            let response = ui.add(field).accessible_name(info.label).on_hover_text(info.tooltip);
            if response.changed() {
                out.push(Command::Uncertainty(UncertaintyCommand::SetPrevalence(
                    Some(percent / 100.0).filter(|p| *p > 0.0),
                )));
            }
            let words = theme::caption(tr!("prevalence of {}", name), tokens);
            ui.with_layout(Flow::left_to_right(Align::Center), |ui| controls::elided(ui, words));
        });
    });
    if let Some(at) = state.at_prevalence() {
        let response = ui.add(Label::new(theme::caption(prevalence::in_words(&at), tokens).color(tokens.text)).wrap());
        if let Some(ground) = prevalence::ground(&at) {
            response.on_hover_text(ground);
        }
    }
}

/// The button that opens the window on calibration; greyed with the reason where nothing was
/// measured.
fn calibrated(ui: &mut Ui, model: &ModelInfo, tokens: &Tokens, out: &mut Vec<Command>) {
    let command = UncertaintyCommand::ToggleReliability;
    let info = command.info();
    let button = Button::new(theme::caption(info.label, tokens).color(tokens.text));
    let response = ui.add_enabled(model.calibration.is_ok(), button).on_hover_text(info.hint());
    if let Err(why) = model.calibration.as_ref() {
        response.on_disabled_hover_text(said(&why.to_string()));
    } else if response.clicked() {
        out.push(Command::Uncertainty(command));
    }
}

/// Where the samples come from; what this model cannot give is greyed with its reason.
pub(super) fn source(ui: &mut Ui, state: &State, model: &ModelInfo, tokens: &Tokens, out: &mut Vec<Command>) {
    let chosen = state.options.source;
    let info = UncertaintyCommand::SetSource(chosen).info();
    ui.horizontal(|ui| {
        ui.label(RichText::new(text!("from")).color(tokens.muted)).on_hover_text(info.tooltip);
        let combo = ComboBox::from_id_salt("source").selected_text(translated(chosen.name())).width(176.0);
        let inner = combo.show_ui(ui, |ui| {
            for source in SampleSource::ALL {
                let why = source.unavailable(model.stochastic, model.ensemble.len());
                let response =
                    ui.add_enabled(why.is_none(), Button::selectable(source == chosen, translated(source.name())));
                if response.clicked() {
                    out.push(Command::Uncertainty(UncertaintyCommand::SetSource(source)));
                }
                let why = translated(why.unwrap_or_default());
                response.on_hover_text(translated(source.explained())).on_disabled_hover_text(why);
            }
        });
        let response = inner.response.accessible_name(info.label);
        response.on_hover_text(format!("{}\n{}", info.tooltip, translated(chosen.explained())));
    });
}

/// Where the source cannot be had: the reason, and the way to one that can.
pub(super) fn unavailable(ui: &mut Ui, state: &State, model: &ModelInfo, tokens: &Tokens, out: &mut Vec<Command>) {
    let stochastic = state.options.source == SampleSource::McDropout;
    let words = match state.options.source.unavailable(model.stochastic, model.ensemble.len()) {
        Some(_) if stochastic => {
            text!("This model has no stochastic layer: it gives no intervals and cannot say how sure it is of itself.")
        }
        Some(why) => translated(why),
        None => return,
    };
    paragraph(ui, words, tokens);
    ui.add_space(theme::GRID / 2.0);
    let other = SampleSource::TestTime;
    if ui.button(text!("Use test-time augmentation")).on_hover_text(translated(other.explained())).clicked() {
        out.push(Command::Uncertainty(UncertaintyCommand::SetSource(other)));
    }
}
