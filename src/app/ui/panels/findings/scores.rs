//! A row for each group and each class: choose it, tick it, read it. Rows stand from the start,
//! with empty bars.

use egui::{Align, Button, Label, Layout as Flow, RichText, Ui, vec2};

use crate::app::command::{Command, FindingsCommand, MapCommand};
use crate::app::state::{Phase, State};
use crate::app::ui::lettering;
use crate::app::ui::panels::uncertainty;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::confidence_bar::{ConfidenceBar, range};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::engine::ModelInfo;
use crate::explain::Subject;
use crate::language::{decimal, said, text, tr};
use crate::model::output_head::OutputHead;
use crate::uncertainty::{Posterior, Summary};

/// What a name has less of than its button: sign, gap and margins.
const NAME: f32 = 40.0;

/// The rows of groups and classes.
pub(super) fn show(ui: &mut Ui, state: &State, model: &ModelInfo, tokens: &Tokens, out: &mut Vec<Command>) {
    if let Phase::Failed(reason) = &state.results.phase {
        message(ui, Sign::Caution, text!("The analysis failed."), tokens);
        paragraph(ui, reason, tokens);
        controls::button(ui, FindingsCommand::Retry, true, out);
        return;
    }
    let manifest = &model.manifest;
    let head = OutputHead::new(manifest);
    ui.spacing_mut().item_spacing.y = 2.0;
    let posterior = state.results.posterior.as_ref();
    let mut listed = vec![false; manifest.labels.len()];
    for (g, group) in manifest.groups.iter().enumerate() {
        let samples = posterior.map_or_else(Vec::new, |p| group_samples(p, &head, g));
        ui.horizontal(|ui| {
            ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
                let members = group.members.join(&format!(" {} ", text!("or")));
                uncertainty::mark(ui, state, &group.name, tokens);
                ui.label(theme::caption(text!("group"), tokens)).on_hover_text(format!("{}: {members}", group.name));
                ui.with_layout(Flow::left_to_right(Align::Center), |ui| group_choice(ui, state, g, tokens, out));
            });
        });
        let score = state.results.groups.get(g).map(|s| s.probability);
        let shown = Shown { name: &group.name, score, threshold: group.threshold, outside: state.outside().is_some() };
        bar(ui, &shown, posterior.and_then(|p| p.groups.get(g)), samples, tokens);
        ui.add_space(2.0);
        for &member in head.groups.get(g).into_iter().flatten() {
            if !std::mem::replace(&mut listed[member], true) {
                label(ui, state, member, tokens, out);
            }
        }
    }
    for class in (0..listed.len()).filter(|&class| !listed[class]) {
        label(ui, state, class, tokens, out);
    }
}

/// The name of a group: a click shows its map.
fn group_choice(ui: &mut Ui, state: &State, group: usize, tokens: &Tokens, out: &mut Vec<Command>) {
    let Some(known) = state.groups().get(group) else { return };
    let chosen = state.selected_group == Some(group);
    let sign = Sign::Radio(chosen).atom(Some(if chosen { tokens.accent } else { tokens.muted }));
    let font = egui::FontId::new(theme::TEXT, theme::semibold());
    let words =
        theme::strong(lettering::cut_text(ui.painter(), &known.name, &font, ui.available_width() - NAME), tokens);
    let whole = known.name.as_str();
    let button = Button::selectable(chosen, (sign, words, egui::Atom::grow())).truncate();
    let response = ui.add(button.min_size(vec2(ui.available_width(), 24.0))).accessible_name(known.name.as_str());
    let command = Command::Maps(MapCommand::SelectGroup(group));
    if response.on_hover_text(format!("{whole}\n{}", command.info().hint())).clicked() {
        out.push(command);
    }
}

/// Probabilities of a group in each sample.
fn group_samples(posterior: &Posterior, head: &OutputHead, group: usize) -> Vec<f32> {
    posterior.samples.iter().filter_map(|row| head.groups(row).get(group).copied()).collect()
}

/// A class: choose it, tick it, read it.
fn label(ui: &mut Ui, state: &State, class: usize, tokens: &Tokens, out: &mut Vec<Command>) {
    let results = &state.results;
    let Some(label) = state.labels().get(class) else { return };
    let name = label.name.as_str();
    let score = results.labels.get(class);
    let posterior = results.posterior.as_ref();
    let summary = posterior.and_then(|p| p.labels.get(class));
    let chosen = state.subject() == Subject::class(class);

    ui.horizontal(|ui| {
        ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
            ui.allocate_ui_with_layout(vec2(40.0, 24.0), Flow::left_to_right(Align::Center), |ui| {
                ui.set_min_width(40.0);
                compare(ui, state, class, name, out);
            });
            ui.with_layout(Flow::left_to_right(Align::Center), |ui| {
                let sign = Sign::Radio(chosen).atom(Some(if chosen { tokens.accent } else { tokens.muted }));
                let font = egui::FontId::proportional(theme::TEXT);
                let words = lettering::cut_text(ui.painter(), name, &font, ui.available_width() - NAME);
                let words = RichText::new(words).color(tokens.text);
                let button = Button::selectable(chosen, (sign, words, egui::Atom::grow())).truncate();
                let response = ui.add(button.min_size(vec2(ui.available_width(), 24.0))).accessible_name(name);
                let hint = format!("{name}\n{}", FindingsCommand::SelectClass(class).info().hint());
                let hint =
                    if label.description.is_empty() { hint } else { format!("{hint}\n{}", said(&label.description)) };
                if response.on_hover_text(hint).clicked() {
                    out.push(Command::Findings(FindingsCommand::SelectClass(class)));
                }
            });
        });
    });
    let samples =
        posterior.map_or_else(Vec::new, |p| p.samples.iter().filter_map(|row| row.get(class).copied()).collect());
    let score_of = score.map(|s| s.probability);
    let shown = Shown { name, score: score_of, threshold: label.threshold, outside: state.outside().is_some() };
    bar(ui, &shown, summary, samples, tokens);
    let logit =
        score.and_then(|s| s.logit).map(|logit| tr!("logit {}", decimal(format!("{logit:+.2}").replace('-', "−"))));
    let interval = summary.map(|s| format!("5–95 % {}", range(s.p05, s.p95)));
    let mut words: Vec<String> = [interval, logit].into_iter().flatten().collect();
    if state.without_evidence(class) {
        words.push(text!("no positive evidence").into());
    }
    let caption = if words.is_empty() { " ".to_owned() } else { words.join(" · ") };
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 15.0;
        ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
            uncertainty::mark(ui, state, name, tokens);
            ui.with_layout(Flow::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(theme::caption(caption, tokens)).truncate());
            });
        });
    });
}

/// The tick box of comparison, with the letter that the class has there.
fn compare(ui: &mut Ui, state: &State, class: usize, name: &str, out: &mut Vec<Command>) {
    let place = state.ticked.iter().position(|&ticked| ticked == class);
    let letter = match place {
        Some(0) => "A",
        Some(1) => "B",
        _ => "",
    };
    let mut on = place.is_some();
    let info = FindingsCommand::TickClass(class).info();
    let tokens = theme::tokens(state.preferences.theme);
    let response = controls::tick(ui, &mut on, letter, &tokens);
    let response = response.accessible_name(tr!("Compare {}", name)).on_hover_text(info.hint());
    if response.clicked() {
        out.push(Command::Findings(FindingsCommand::TickClass(class)));
    }
}

/// A label or group as its bar shows it: the probability of the pass with dropout off, which
/// threshold and state are about.
struct Shown<'a> {
    name: &'a str,
    score: Option<f32>,
    threshold: f32,
    outside: bool,
}

fn bar(ui: &mut Ui, shown: &Shown<'_>, summary: Option<&Summary>, samples: Vec<f32>, tokens: &Tokens) {
    let value = shown.score.unwrap_or(f32::NAN);
    let mut bar = ConfidenceBar::new(shown.name, value, shown.threshold, *tokens).outside(shown.outside);
    if let Some(summary) = summary {
        bar = bar.interval(summary.p05, summary.p95).mean(summary.mean).samples(samples);
    }
    ui.add(bar);
}
