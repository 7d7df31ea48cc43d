//! The form that makes a new configuration: a folder of images, a network, a file.

use egui::{Button, ComboBox, RichText, Ui};

use super::{field, words};
use crate::app::command::{Command, TrainingCommand};
use crate::app::state::State;
use crate::app::state::training::Folder;
use crate::app::state::training::new_config::NewConfigForm;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::language::text;
use crate::network::architecture::Family;

/// Draws the form below what is there.
pub(super) fn show(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let before = &state.training.new_config;
    let mut form = before.clone();
    ui.label(theme::section(text!("A new configuration"), tokens));
    paragraph(
        ui,
        text!("Of a folder that holds a folder of images for each class, or such folders for each part of the data."),
        tokens,
    );
    let choose = Command::Training(TrainingCommand::ChooseFolder(Folder::Images));
    if let Some(path) = field::path(ui, text!("Folder of images"), form.images.as_deref(), text!("Use it"), choose, out)
    {
        form.images = Some(path);
    }
    ui.horizontal(|ui| {
        ui.label(text!("Network"));
        let combo = ComboBox::from_id_salt("family of a new configuration").selected_text(form.family.to_string());
        let response = combo.width(200.0).show_ui(ui, |ui| {
            for family in Family::ALL {
                ui.selectable_value(&mut form.family, family, family.to_string());
            }
        });
        response.response.accessible_name(text!("Network"));
    });
    if let Some(file) = form.file() {
        file_field(ui, &mut form, &file, out);
    }
    if let Some(refusal) = &form.refusal {
        message(ui, Sign::Caution, &words::sentence(refusal.as_str()), tokens);
    }
    let make = Command::Training(TrainingCommand::MakeConfiguration);
    let info = make.info();
    let ready = form.file().is_some() && !form.running;
    let button = ui.add_enabled(ready, Button::new(RichText::new(info.label)));
    let button = button.on_disabled_hover_text(text!("Possible once a folder of images is named"));
    if button.on_hover_text(info.tooltip).clicked() {
        out.push(make);
    }
    if form != *before {
        out.insert(0, Command::Training(TrainingCommand::EditConfiguration(Box::new(form))));
    }
}

/// The path of the file to write.
fn file_field(ui: &mut Ui, form: &mut NewConfigForm, file: &std::path::Path, out: &mut Vec<Command>) {
    let choose = Command::Training(TrainingCommand::ChooseFolder(Folder::OfConfiguration));
    if let Some(path) = field::path(ui, text!("File of the configuration"), Some(file), "", choose, out) {
        form.file = Some(path);
    }
}
