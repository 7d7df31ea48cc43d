//! How certain the model is of all classes together: entropies, their split, and the samples that
//! they come from.

use egui::{Align2, ComboBox, DragValue, FontId, Label, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use crate::app::command::{Command, FindingsCommand};
use crate::app::state::{Phase, State};
use crate::app::ui::panels::uncertainty;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::engine::ModelInfo;
use crate::language::{decimal, named, said, text, tr, translated};
use crate::uncertainty::{Posterior, SampleSource, entropy};

/// Numbers of samples that the menu offers.
const SAMPLES: [usize; 7] = [0, 20, 32, 50, 100, 200, 500];

/// The entropies with their sentence, and where their samples come from.
pub(super) fn show(ui: &mut Ui, state: &State, model: &ModelInfo, tokens: &Tokens, out: &mut Vec<Command>) {
    let source = state.options.source;
    if source.unavailable(model.stochastic, model.ensemble.len()).is_some() {
        controls::title(ui, text!("UNCERTAINTY"), "", tokens);
        uncertainty::unavailable(ui, state, model, tokens, out);
        uncertainty::source(ui, state, model, tokens, out);
        return;
    }
    let posterior = state.results.posterior.as_ref().filter(|p| !p.samples.is_empty());
    let finished = state.results.phase == Phase::Finished;
    let share = |nats: fn(&Posterior) -> f32| posterior.map(|p| (nats(p), p.max_entropy));
    let total = share(|p| p.predictive_entropy);
    let hint = hint(text!("All uncertainty: the entropy of the mean prediction"), total);
    controls::title(ui, text!("UNCERTAINTY"), &tr!("entropy {}", of_one(total)), tokens).on_hover_text(hint);
    let sentence = match posterior {
        Some(posterior) if finished => said(&entropy::words(posterior, &model.manifest)),
        Some(_) => text!("Samples are still coming in.").to_owned(),
        None if state.options.samples == 0 => text!("No samples are drawn, so there are no intervals.").to_owned(),
        None => text!("Known once samples have been drawn.").to_owned(),
    };
    // Two lines, whatever it says.
    ui.allocate_ui(vec2(ui.available_width(), 36.0), |ui| {
        ui.set_min_height(36.0);
        ui.add(Label::new(RichText::new(sentence).color(tokens.text)).wrap());
    });
    ui.spacing_mut().item_spacing.y = 2.0;
    let image = share(Posterior::expected_entropy);
    number(
        ui,
        named!("uncertainty about the image (aleatoric)"),
        text!("Shared by all samples: the expected entropy"),
        image,
        tokens,
    );
    let itself = share(|p| p.mutual_information);
    number(ui, source.measures(), text!("Samples disagree: the mutual information"), itself, tokens);
    ui.add_space(2.0);
    uncertainty::source(ui, state, model, tokens, out);
    if source == SampleSource::Ensemble {
        let models = 1 + model.ensemble.len();
        ui.label(RichText::new(tr!("{} models, one sample each", models)).color(tokens.muted));
    } else {
        sampling(ui, state, tokens, out);
    }
}

/// An entropy (nats) and the largest that there can be: the share, or a dash while it is unknown.
fn of_one(value: Option<(f32, f32)>) -> String {
    match value {
        Some((nats, most)) if most > 0.0 => {
            let share = format!("{:.2}", (nats / most).clamp(0.0, 1.0));
            tr!("{} of 1", decimal(share))
        }
        _ => "–".to_owned(),
    }
}

/// What an entropy means, and its value in nats.
fn hint(words: &str, value: Option<(f32, f32)>) -> String {
    match value {
        Some((nats, most)) => {
            let [nats, most] = [nats, most].map(|value| decimal(format!("{value:.3}")));
            tr!("{words}: {nats} of at most {most} nats", words, nats, most)
        }
        None => words.to_owned(),
    }
}

/// A share of the uncertainty, right-aligned; the tooltip gives it in nats.
fn number(ui: &mut Ui, name: &str, hint: &str, value: Option<(f32, f32)>, tokens: &Tokens) {
    let hint = self::hint(hint, value);
    let words = of_one(value);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 17.0), Sense::hover());
    let font = FontId::proportional(theme::TEXT);
    // Below its heading a row need not repeat it.
    let short = ["uncertainty ", "disagreement "].iter().find_map(|heading| name.strip_prefix(heading)).unwrap_or(name);
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, translated(short), font.clone(), tokens.muted);
    ui.painter().text(rect.right_center(), Align2::RIGHT_CENTER, &words, font, tokens.text);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{}: {words}", translated(name))));
    response.on_hover_text(hint);
}

fn sampling(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let info = FindingsCommand::SetSamples(0).info();
        ui.label(RichText::new(text!("Samples T")).color(tokens.muted)).on_hover_text(info.tooltip);
        let chosen = state.options.samples;
        let combo = ComboBox::from_id_salt("samples").selected_text(chosen.to_string()).width(56.0);
        let inner = combo.show_ui(ui, |ui| {
            for samples in SAMPLES {
                if ui.selectable_label(samples == chosen, samples.to_string()).clicked() {
                    out.push(Command::Findings(FindingsCommand::SetSamples(samples)));
                }
            }
        });
        inner.response.accessible_name(info.label).on_hover_text(info.tooltip);
        let info = FindingsCommand::SetSeed(0).info();
        ui.add_space(theme::GRID);
        ui.label(RichText::new(text!("seed")).color(tokens.muted)).on_hover_text(info.tooltip);
        let mut seed = state.options.seed;
        let field = DragValue::new(&mut seed).speed(0.0).update_while_editing(false);
        let response = ui.add(field).accessible_name(info.label).on_hover_text(info.tooltip);
        if response.changed() && seed != state.options.seed {
            out.push(Command::Findings(FindingsCommand::SetSeed(seed)));
        }
    });
}
