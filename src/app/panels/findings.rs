//! What the model says of the image, in the order of reading: is this an image for it, what does it see, how sure is it.
//!
//! Rows stand from the start, with empty bars, so that nothing jumps when a result arrives.

use egui::{
    Align, Align2, Button, ComboBox, DragValue, FontId, Label, Layout as Flow, Response, RichText, Role, Sense, Ui,
    WidgetInfo, vec2,
};

use super::{sure, verdict};
use crate::app::command::Command;
use crate::app::maps::command::MapCommand;
use crate::app::state::{Film, Model, Phase, State};
use crate::app::theme::{self, Tokens};
use crate::app::widgets::confidence_bar::{ConfidenceBar, range};
use crate::app::widgets::controls;
use crate::app::widgets::shapes::Sign;
use crate::engine::ModelInfo;
use crate::explain::Subject;
use crate::uncertainty::entropy;
use crate::uncertainty::readout::Readout;
use crate::uncertainty::{Posterior, Source, Summary};

/// Numbers of samples that the menu offers.
const SAMPLES: [usize; 7] = [0, 20, 32, 50, 100, 200, 500];

/// Draws the findings, one below the other.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.settings.theme);
    let mut out = Vec::new();
    controls::title(ui, "FINDINGS", "", &tokens);
    if let Some(model) = ready(ui, state, &tokens, &mut out) {
        sure::outside(ui, state, &tokens);
        judge(ui, state, model, &tokens);
        verdict::show(ui, state, &tokens, &mut out);
        if state.results.phase != Phase::Refused {
            controls::rule(ui, &tokens);
            ui.scope(|ui| scores(ui, state, model, &tokens, &mut out));
            sure::risk(ui, state, model, &tokens, &mut out);
            sure::prevalence(ui, state, &tokens, &mut out);
            controls::rule(ui, &tokens);
            doubt(ui, state, model, &tokens, &mut out);
        }
        reservations(ui, state, &tokens);
    }
    out
}

/// The model, once there is one and an image for it; until then the reason why there are no findings.
fn ready<'a>(ui: &mut Ui, state: &'a State, tokens: &Tokens, out: &mut Vec<Command>) -> Option<&'a ModelInfo> {
    match &state.model {
        Model::Loading { name } => {
            message(ui, Sign::Blank, &format!("The model {name} is being loaded…"), tokens);
            return None;
        }
        Model::Failed { name, reason } => {
            message(ui, Sign::Caution, &format!("The model {name} could not be loaded."), tokens);
            paragraph(ui, reason, tokens);
            let retry = if state.automatic { Command::PickModel } else { Command::SetModel(name.clone()) };
            if ui.button("Load again").on_hover_text("Tries to load the model once more").clicked() {
                out.push(retry);
            }
            return None;
        }
        Model::Ready(_) | Model::Unfit => {}
    }
    match &state.film {
        Film::Nothing => {
            paragraph(ui, "Findings appear here once an image is open.", tokens);
            None
        }
        Film::Failed { reason, .. } => {
            message(ui, Sign::Caution, "The image could not be shown.", tokens);
            paragraph(ui, reason, tokens);
            controls::button(ui, Command::Reload, true, out);
            None
        }
        Film::Loading(..) | Film::Shown(_) if matches!(state.model, Model::Unfit) => {
            unfit(ui, state, tokens, out);
            None
        }
        Film::Loading(..) | Film::Shown(_) => state.model_info(),
    }
}

/// No model fits: why, and the way past it.
fn unfit(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let Some(choice) = state.choice.as_ref().filter(|_| state.results.phase == Phase::Unfit) else {
        paragraph(ui, "The model that fits the image is being chosen.", tokens);
        return;
    };
    message(ui, Sign::Caution, "No model fits this image, so there are no findings.", tokens);
    if choice.opinions.is_empty() {
        paragraph(ui, &choice.because, tokens);
    }
    for opinion in &choice.opinions {
        paragraph(ui, &format!("{}: {}", opinion.model, opinion.reason), tokens);
    }
    if let Some(nearest) = &choice.nearest {
        ui.add_space(theme::GRID / 2.0);
        let command = Command::SetModel(nearest.clone());
        let words = format!("Choose {nearest} by hand");
        if ui.button(words).on_hover_text(command.info().tooltip).clicked() {
            out.push(command);
        }
    }
}

/// The model in use and the short reason; the whole sentence in the tooltip and for screen readers.
fn judge(ui: &mut Ui, state: &State, model: &ModelInfo, tokens: &Tokens) {
    let name = &model.manifest.name;
    let (words, sentence) = match &state.choice {
        Some(choice) => (format!("{name} · {}", choice.grounds), choice.because.clone()),
        None => (format!("{name} · being chosen"), "The model that fits the image is being chosen".to_owned()),
    };
    let label = Label::new(theme::caption(words, tokens)).truncate().show_tooltip_when_elided(false);
    let response = ui.add(label);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, sentence.as_str()));
    response.on_hover_text(sentence);
}

/// A sign and a sentence.
pub(super) fn message(ui: &mut Ui, sign: Sign, words: &str, tokens: &Tokens) -> Response {
    let row = ui.horizontal_top(|ui| {
        if sign != Sign::Blank {
            sign.show(ui, if sign == Sign::Caution { tokens.warning } else { tokens.accent });
        }
        ui.add(Label::new(RichText::new(words).color(tokens.text)).wrap());
    });
    row.response
}

/// Muted text over several lines.
pub(super) fn paragraph(ui: &mut Ui, words: &str, tokens: &Tokens) {
    ui.add(Label::new(RichText::new(words).color(tokens.muted)).wrap());
}

fn scores(ui: &mut Ui, state: &State, model: &ModelInfo, tokens: &Tokens, out: &mut Vec<Command>) {
    if let Phase::Failed(reason) = &state.results.phase {
        message(ui, Sign::Caution, "The analysis failed.", tokens);
        paragraph(ui, reason, tokens);
        controls::button(ui, Command::Retry, true, out);
        return;
    }
    let manifest = &model.manifest;
    let readout = Readout::new(manifest);
    ui.spacing_mut().item_spacing.y = 2.0;
    let posterior = state.results.posterior.as_ref();
    let mut listed = vec![false; manifest.labels.len()];
    for (g, group) in manifest.groups.iter().enumerate() {
        let samples = posterior.map_or_else(Vec::new, |p| group_samples(p, &readout, g));
        ui.horizontal(|ui| {
            ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
                let members = group.members.join(" or ");
                sure::mark(ui, state, &group.name, tokens);
                ui.label(theme::caption("group", tokens)).on_hover_text(format!("{}: {members}", group.name));
                ui.with_layout(Flow::left_to_right(Align::Center), |ui| group_choice(ui, state, g, tokens, out));
            });
        });
        let score = state.results.groups.get(g).map(|s| s.probability);
        let shown = Shown { name: &group.name, score, threshold: group.threshold, outside: state.outside().is_some() };
        bar(ui, &shown, posterior.and_then(|p| p.groups.get(g)), samples, tokens);
        ui.add_space(2.0);
        for &member in readout.groups.get(g).into_iter().flatten() {
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
    let words = theme::strong(known.name.as_str(), tokens);
    let button = Button::selectable(chosen, (sign, words, egui::Atom::grow())).truncate();
    let response = ui.add(button.min_size(vec2(ui.available_width(), 24.0))).accessible_name(known.name.as_str());
    let command = Command::Maps(MapCommand::SelectGroup(group));
    if response.on_hover_text(command.info().hint()).clicked() {
        out.push(command);
    }
}

/// Probabilities of a group in each sample.
fn group_samples(posterior: &Posterior, readout: &Readout, group: usize) -> Vec<f32> {
    posterior.samples.iter().filter_map(|row| readout.groups(row).get(group).copied()).collect()
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
                let words = RichText::new(name).color(tokens.text);
                let button = Button::selectable(chosen, (sign, words, egui::Atom::grow())).truncate();
                let response = ui.add(button.min_size(vec2(ui.available_width(), 24.0))).accessible_name(name);
                let hint = Command::SelectClass(class).info().hint();
                let hint = if label.description.is_empty() { hint } else { format!("{hint}\n{}", label.description) };
                if response.on_hover_text(hint).clicked() {
                    out.push(Command::SelectClass(class));
                }
            });
        });
    });
    let samples =
        posterior.map_or_else(Vec::new, |p| p.samples.iter().filter_map(|row| row.get(class).copied()).collect());
    let score_of = score.map(|s| s.probability);
    let shown = Shown { name, score: score_of, threshold: label.threshold, outside: state.outside().is_some() };
    bar(ui, &shown, summary, samples, tokens);
    let logit = score.and_then(|s| s.logit).map(|logit| format!("logit {logit:+.2}").replace('-', "−"));
    let interval = summary.map(|s| format!("5–95 % {}", range(s.p05, s.p95)));
    let mut words: Vec<String> = [interval, logit].into_iter().flatten().collect();
    if state.without_evidence(class) {
        words.push("no positive evidence".into());
    }
    let caption = if words.is_empty() { " ".to_owned() } else { words.join(" · ") };
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 15.0;
        ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
            sure::mark(ui, state, name, tokens);
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
    let info = Command::TickClass(class).info();
    let tokens = theme::tokens(state.settings.theme);
    let response = controls::tick(ui, &mut on, letter, &tokens);
    let response = response.accessible_name(format!("Compare {name}")).on_hover_text(info.hint());
    if response.clicked() {
        out.push(Command::TickClass(class));
    }
}

/// A label or group as its bar shows it: the probability of the pass with dropout off, which threshold and state are about.
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

fn doubt(ui: &mut Ui, state: &State, model: &ModelInfo, tokens: &Tokens, out: &mut Vec<Command>) {
    let source = state.options.source;
    if source.unavailable(model.stochastic, model.ensemble.len()).is_some() {
        controls::title(ui, "DOUBT", "", tokens);
        sure::unavailable(ui, state, model, tokens, out);
        sure::source(ui, state, model, tokens, out);
        return;
    }
    let posterior = state.results.posterior.as_ref().filter(|p| !p.samples.is_empty());
    let finished = state.results.phase == Phase::Finished;
    let share = |nats: fn(&Posterior) -> f32| posterior.map(|p| (nats(p), p.max_entropy));
    let whole = share(|p| p.predictive_entropy);
    let hint = hint("All doubt: the entropy of the mean prediction", whole);
    controls::title(ui, "DOUBT", &format!("entropy {}", of_one(whole)), tokens).on_hover_text(hint);
    let sentence = match posterior {
        Some(posterior) if finished => entropy::words(posterior, &model.manifest),
        Some(_) => "Samples are still coming in.".to_owned(),
        None if state.options.samples == 0 => "No samples are drawn, so there are no intervals.".to_owned(),
        None => "Known once samples have been drawn.".to_owned(),
    };
    // Two lines, whatever it says.
    ui.allocate_ui(vec2(ui.available_width(), 36.0), |ui| {
        ui.set_min_height(36.0);
        ui.add(Label::new(RichText::new(sentence).color(tokens.text)).wrap());
    });
    ui.spacing_mut().item_spacing.y = 2.0;
    let image = share(Posterior::expected_entropy);
    number(ui, "doubt about the image", "Shared by all samples: the expected entropy", image, tokens);
    let itself = share(|p| p.mutual_information);
    number(ui, source.doubt(), "Samples disagree: the mutual information", itself, tokens);
    ui.add_space(2.0);
    sure::source(ui, state, model, tokens, out);
    if source == Source::Ensemble {
        let models = 1 + model.ensemble.len();
        ui.label(RichText::new(format!("{models} models, one sample each")).color(tokens.muted));
    } else {
        sampling(ui, state, tokens, out);
    }
}

/// An entropy (nats) and the largest that there can be: the share, or a dash while it is unknown.
fn of_one(value: Option<(f32, f32)>) -> String {
    match value {
        Some((nats, most)) if most > 0.0 => entropy::of_one((nats / most).clamp(0.0, 1.0)),
        _ => "–".to_owned(),
    }
}

/// What an entropy means, and its value in nats.
fn hint(words: &str, value: Option<(f32, f32)>) -> String {
    match value {
        Some((nats, most)) => format!("{words}: {nats:.3} of at most {most:.3} nats"),
        None => words.to_owned(),
    }
}

/// A share of the doubt, right-aligned; the tooltip gives it in nats.
fn number(ui: &mut Ui, name: &str, hint: &str, value: Option<(f32, f32)>, tokens: &Tokens) {
    let hint = self::hint(hint, value);
    let words = of_one(value);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 17.0), Sense::hover());
    let font = FontId::proportional(theme::TEXT);
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, name, font.clone(), tokens.muted);
    ui.painter().text(rect.right_center(), Align2::RIGHT_CENTER, &words, font, tokens.text);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}: {words}")));
    response.on_hover_text(hint);
}

fn sampling(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let info = Command::SetSamples(0).info();
        ui.label(RichText::new("Samples T").color(tokens.muted)).on_hover_text(info.tooltip);
        let chosen = state.options.samples;
        let combo = ComboBox::from_id_salt("samples").selected_text(chosen.to_string()).width(56.0);
        let inner = combo.show_ui(ui, |ui| {
            for samples in SAMPLES {
                if ui.selectable_label(samples == chosen, samples.to_string()).clicked() {
                    out.push(Command::SetSamples(samples));
                }
            }
        });
        inner.response.accessible_name(info.label).on_hover_text(info.tooltip);
        let info = Command::SetSeed(0).info();
        ui.add_space(theme::GRID);
        ui.label(RichText::new("seed").color(tokens.muted)).on_hover_text(info.tooltip);
        let mut seed = state.options.seed;
        let field = DragValue::new(&mut seed).speed(0.0).update_while_editing(false);
        let response = ui.add(field).accessible_name(info.label).on_hover_text(info.tooltip);
        if response.changed() && seed != state.options.seed {
            out.push(Command::SetSeed(seed));
        }
    });
}

/// Warnings of the image and of the analysis; the gate has said its own above.
fn reservations(ui: &mut Ui, state: &State, tokens: &Tokens) {
    let frame = state.frame().map_or(&[][..], |frame| &frame.warnings);
    let gate = state.results.gate.as_ref().map_or(&[][..], |gate| &gate.warnings);
    let mut first = true;
    for warning in frame.iter().chain(&state.results.warnings).filter(|warning| !gate.contains(warning)) {
        // Said first of all already.
        if state.outside() == Some(warning.as_str()) {
            continue;
        }
        if std::mem::take(&mut first) {
            controls::rule(ui, tokens);
        }
        message(ui, Sign::Caution, warning, tokens);
    }
}
