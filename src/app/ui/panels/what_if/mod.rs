//! The panel beside an image that is questioned: what is marked and how it is filled, the scores
//! before and after, the changes that were kept.

mod kept;
mod whole_image;

use egui::{ComboBox, Slider, Spinner, Ui};

use crate::app::command::{Command, WhatIfCommand};
use crate::app::state::what_if::{FoundPart, Marker, RADII};
use crate::app::state::{Phase, State};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::change_bar::ChangeBar;
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::engine::what_if::filling::Filling;
use crate::engine::what_if::question::Answer;
use crate::language::{decimal, said, text, tr};
use crate::model::population::PopulationVerdict;

/// Draws the panel; nothing while no image is there or it is not questioned.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    if !state.is_questioned() || state.current().is_none() {
        return out;
    }
    let tokens = theme::tokens(state.preferences.theme);
    ui.horizontal(|ui| {
        ui.label(theme::section(text!("WHAT IF"), &tokens));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if state.is_asking() {
                ui.add(Spinner::new().size(12.0)).accessible_name(text!("Asking the model"));
            }
            ui.label(theme::caption(area(state), &tokens));
        });
    });
    tools(ui, state, &tokens, &mut out);
    whole_image::show(ui, state, &tokens, &mut out);
    steps(ui, state, &mut out);
    answer(ui, state, &tokens);
    kept::show(ui, state, &tokens, &mut out);
    controls::rule(ui, &tokens);
    out
}

/// How much is taken away.
fn area(state: &State) -> String {
    let answer = state.changed_answer().filter(|answer| answer.found.share > 0.0);
    answer.map_or_else(String::new, |answer| {
        tr!("{} % taken away", decimal(format!("{:.1}", 100.0 * answer.found.share)))
    })
}

fn tools(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let ready = state.results.phase == Phase::Finished;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        ui.spacing_mut().button_padding.x = 6.0;
        for tool in Marker::ALL {
            controls::segment(ui, WhatIfCommand::TakeTool(tool), state.what_if.tool == Some(tool), ready, out);
        }
    });
    if matches!(state.what_if.tool, Some(Marker::Brush | Marker::Eraser)) {
        let mut radius = state.what_if.radius * 100.0;
        row(ui, text!("Radius"), tokens, |ui| {
            let slider = Slider::new(&mut radius, RADII.0 * 100.0..=RADII.1 * 100.0).suffix(" %");
            let slider = slider.custom_formatter(|value, _| decimal(format!("{value:.1}")));
            let slider =
                slider.custom_parser(|typed| typed.trim().trim_end_matches('%').trim().replace(',', ".").parse().ok());
            let response = ui.add(slider.logarithmic(true)).accessible_name(text!("Radius of the brush"));
            if response.on_hover_text(text!("Share of the longer side of the image")).changed() {
                out.push(WhatIfCommand::SetRadius(radius / 100.0).into());
            }
        });
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.spacing_mut().button_padding.x = 6.0;
        for part in FoundPart::ALL {
            let missing = state.part_missing(part);
            let response = controls::button(ui, WhatIfCommand::Take(part), ready && missing.is_none(), out);
            if let Some(why) = missing {
                response.on_disabled_hover_text(why);
            }
        }
    });
    let chosen = state.what_if.filling;
    row(ui, text!("Fill with"), tokens, |ui| {
        let label = |filling: Filling| Command::from(WhatIfCommand::Fill(filling)).info().label;
        let combo = ComboBox::from_id_salt("filling").selected_text(label(chosen)).width(ui.available_width());
        let inner = combo.show_ui(ui, |ui| {
            for filling in Filling::ALL {
                let command = Command::from(WhatIfCommand::Fill(filling));
                let hint = command.info().tooltip;
                if ui.selectable_label(filling == chosen, label(filling)).on_hover_text(hint).clicked() {
                    out.push(command);
                }
            }
        });
        inner.response.accessible_name(text!("Fill with"));
    });
}

/// A name on the left, its control on the right.
fn row(ui: &mut Ui, name: &str, tokens: &Tokens, control: impl FnOnce(&mut Ui)) {
    const NAMES: f32 = 64.0;
    ui.horizontal(|ui| {
        let size = egui::vec2(NAMES, ui.spacing().interact_size.y);
        let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
        let font = egui::FontId::proportional(theme::TEXT);
        ui.painter().text(rect.left_center(), egui::Align2::LEFT_CENTER, name, font, tokens.muted);
        ui.spacing_mut().slider_width = (ui.available_width() - 64.0).max(48.0);
        control(ui);
    });
}

fn steps(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let (back, forth) = state.what_if.steps();
        controls::button(ui, WhatIfCommand::Undo, back, out);
        controls::button(ui, WhatIfCommand::Redo, forth, out);
        controls::button(ui, WhatIfCommand::Clear, !state.what_if.changed.is_nothing(), out);
        controls::button(ui, WhatIfCommand::Keep, state.settled_answer().is_some(), out);
    });
}

/// The scores before and after, and what must be known of them.
fn answer(ui: &mut Ui, state: &State, tokens: &Tokens) {
    if let Some(failure) = &state.what_if.failure {
        message(ui, Sign::Caution, failure, tokens);
    }
    let Some(answer) = state.changed_answer() else { return };
    let found = &answer.found;
    // What holds of the image itself stands there.
    let known = state.results.population.as_ref().and_then(PopulationVerdict::reservation);
    for reservation in reservations(answer).into_iter().filter(|one| known.as_ref() != Some(one)) {
        message(ui, Sign::Caution, &said(&reservation), tokens);
    }
    for change in &found.changes {
        let scores = if change.group { &state.results.groups } else { &state.results.labels };
        let threshold = scores.iter().find(|score| score.label == change.label).map(|score| score.threshold);
        let name = if change.group { tr!("{} (group)", change.label) } else { change.label.clone() };
        controls::elided(ui, egui::RichText::new(name).color(tokens.text));
        ui.add(ChangeBar::new(change, threshold, *tokens));
    }
    if found.changes.is_empty() {
        return;
    }
    let subject = state.subject_name(state.subject());
    let about = found.changes.iter().find(|change| change.label == subject).or(found.changes.first());
    let (drawn, of) = answer.drawn;
    if state.is_asking() && drawn < of {
        paragraph(ui, &tr!("{drawn} of {of} random places compared.", drawn, of), tokens);
    } else if let Some(change) = about.filter(|change| !change.random.is_empty()) {
        paragraph(ui, &against_chance(&change.label, change.larger_than(), change.random.len()), tokens);
    }
}

/// How a change stands beside those at random places of the same size.
fn against_chance(label: &str, smaller: usize, draws: usize) -> String {
    if smaller == draws {
        tr!("{}: changed more than at any of {} random places of this size.", label, draws)
    } else {
        tr!(
            "{label}: changed more than at {smaller} of {draws} random places of this size: chance alone could do that.",
            label,
            smaller,
            draws
        )
    }
}

/// Why the changed image has no scores, or none that count.
fn reservations(answer: &Answer) -> Vec<String> {
    let analysis = &answer.found.analysis;
    let refused = analysis.gate.as_ref().filter(|gate| !gate.accepted);
    let refusal = refused.map(|gate| tr!("The input gate refuses the changed image: {}", said(&gate.reason)));
    let outside = analysis.population.as_ref().and_then(PopulationVerdict::reservation);
    refusal.into_iter().chain(outside).collect()
}
