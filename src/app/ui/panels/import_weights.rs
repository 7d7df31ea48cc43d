//! The dialog that makes a model of published weights.

use egui::{Button, ComboBox, DragValue, Frame, Grid, Id, Margin, Modal, Spinner, TextEdit, Ui};

use crate::app::command::{Command, FileCommand};
use crate::app::state::State;
use crate::app::state::weights_form::WeightsForm;
use crate::app::ui::theme;
use crate::app::ui::widgets::controls;
use crate::language::{text, translated};
use crate::model::import::convention::NamedArchitecture;
use crate::model::import::preset::Preset;
use crate::model::manifest::Head;

const WIDTH: f32 = 480.0;
/// Rate that the tick box proposes.
const DROPOUT: f32 = 0.2;

/// Draws the dialog over everything else while there is a form.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let Some(before) = &state.weights else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    let mut form = before.clone();
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(24));
    Modal::new(Id::unique("weights")).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width(WIDTH);
        ui.label(theme::heading(text!("Import weights"), &tokens));
        controls::elided(ui, theme::caption(form.file.display().to_string(), &tokens));
        controls::rule(ui, &tokens);
        ui.add_enabled_ui(!form.running, |ui| fields(ui, &mut form, &tokens));
        if let Some(refusal) = &form.refusal {
            ui.add_space(theme::GRID);
            ui.add(egui::Label::new(egui::RichText::new(refusal).color(tokens.warning)).wrap());
        }
        controls::rule(ui, &tokens);
        ui.horizontal(|ui| {
            let ready = !form.running && !form.name.trim().is_empty();
            let import = ui.add_enabled(ready, Button::new(text!("Import")));
            if import.on_hover_text(FileCommand::ImportWeights.info().tooltip).clicked() {
                out.push(Command::File(FileCommand::ImportWeights));
            }
            if ui.button(text!("Close")).on_hover_text(text!("Closes this dialog (Esc)")).clicked() {
                out.push(Command::File(FileCommand::CloseWeights));
            }
            if form.running {
                ui.add(Spinner::new());
                ui.label(theme::caption(text!("Reading, fitting and running it once…"), &tokens));
            }
        });
    });
    if form != *before {
        out.insert(0, Command::File(FileCommand::EditWeights(Box::new(form))));
    }
    out
}

fn fields(ui: &mut Ui, form: &mut WeightsForm, tokens: &theme::Tokens) {
    Grid::new("weights fields").num_columns(2).spacing([16.0, 8.0]).min_col_width(88.0).show(ui, |ui| {
        let label = ui.label(text!("Name"));
        ui.add(TextEdit::singleline(&mut form.name).desired_width(f32::INFINITY)).labelled_by(label.id);
        ui.end_row();

        ui.label(text!("Architecture"));
        if form.is_onnx() {
            ui.label(text!("The file lays out its network itself")).on_hover_text(text!("ONNX: a graph of operators"));
        } else {
            let combo = ComboBox::from_id_salt("family").selected_text(form.architecture.to_string()).width(200.0);
            let response = combo.show_ui(ui, |ui| {
                for architecture in NamedArchitecture::all() {
                    ui.selectable_value(&mut form.architecture, architecture, architecture.to_string());
                }
            });
            response.response.accessible_name(text!("Architecture"));
        }
        ui.end_row();

        ui.label(text!("Preparation"));
        let combo = ComboBox::from_id_salt("preset").selected_text(form.preset.name()).width(200.0);
        let response = combo.show_ui(ui, |ui| {
            for preset in Preset::ALL {
                ui.selectable_value(&mut form.preset, preset, preset.name()).on_hover_text(translated(preset.words()));
            }
        });
        response.response.accessible_name(text!("Preparation")).on_hover_text(translated(form.preset.words()));
        ui.end_row();

        ui.label(text!("Classes"));
        ui.horizontal(|ui| {
            ui.selectable_value(&mut form.head, Head::Softmax, text!("Exclusive"))
                .on_hover_text(text!("One of them is right"));
            ui.selectable_value(&mut form.head, Head::Sigmoid, text!("Independent"))
                .on_hover_text(text!("Each is there or not"));
        });
        ui.end_row();

        let label = ui.label(text!("Labels"));
        let hint = if form.preset.labels().is_some() {
            text!("Those of the preparation")
        } else {
            text!("A, B, C or the path of a file")
        };
        let field = TextEdit::singleline(&mut form.labels).hint_text(hint).desired_width(f32::INFINITY);
        ui.add(field)
            .labelled_by(label.id)
            .on_hover_text(text!("One label an output, in order; an empty one hides its output"));
        ui.end_row();

        ui.label(text!("Dropout"));
        ui.horizontal(|ui| {
            let mut on = form.dropout.is_some();
            if controls::tick(ui, &mut on, text!("Add before the head"), tokens)
                .on_hover_text(text!("Gives intervals, although the network was not trained with it"))
                .changed()
            {
                form.dropout = on.then_some(DROPOUT);
            }
            if let Some(rate) = &mut form.dropout {
                ui.add(DragValue::new(rate).range(0.05..=0.8).speed(0.01)).accessible_name(text!("Dropout rate"));
            }
        });
        ui.end_row();
    });
}
