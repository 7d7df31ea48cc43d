//! The form of one archive: how it is spoken to, where it is, and how a connection is secured.

use egui::{Grid, TextEdit, Ui};

use super::named_button;
use crate::app::command::{Command, WorklistCommand as W};
use crate::app::state::worklist::archives::{ArchiveForm, ArchivesDialog, SecuringFile};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::language::{text, tr};
use crate::pacs::dimse::ae::AeTitle;
use crate::pacs::peers::typed::SignIn;

/// Width of what a field is called.
const NAMES: f32 = 150.0;
/// Width of a field, beside which a button may stand.
const FIELD: f32 = 300.0;

pub(super) fn show(
    ui: &mut Ui,
    dialog: &ArchivesDialog,
    before: &ArchiveForm,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let mut form = before.clone();
    let heading = match &form.before {
        Some(name) => tr!("Archive {}", name),
        None => text!("New archive").to_owned(),
    };
    ui.label(theme::heading(heading, tokens));
    controls::rule(ui, tokens);
    ui.add_enabled_ui(!dialog.busy, |ui| {
        Grid::new("archive").num_columns(2).spacing([16.0, 8.0]).min_col_width(NAMES).show(ui, |ui| {
            field(ui, text!("Name"), &mut form.typed.name, text!("What you call it"));
            ui.label(text!("Kind"));
            ui.horizontal(|ui| {
                let words = text!("Queries by C-FIND, fetches by C-GET and sends by C-STORE");
                ui.selectable_value(&mut form.typed.web, false, text!("Associations")).on_hover_text(words);
                let words = text!("Queries by QIDO-RS, fetches by WADO-RS and sends by STOW-RS");
                ui.selectable_value(&mut form.typed.web, true, text!("DICOMweb")).on_hover_text(words);
            });
            ui.end_row();
            if form.typed.web { web(ui, &mut form, tokens, out) } else { associations(ui, &mut form, tokens, out) }
        });
    });
    if form.typed.web && form.typed.sign_in != SignIn::Nothing {
        ui.add_space(theme::GRID);
        paragraph(
            ui,
            text!(
                "The password or token goes into the keyring of the system, into no file, and is not shown again. Without one it is asked for when it is needed."
            ),
            tokens,
        );
    }
    if let Some(refusal) = &dialog.refusal {
        ui.add_space(theme::GRID);
        message(ui, Sign::Caution, refusal, tokens);
    }
    controls::rule(ui, tokens);
    ui.horizontal(|ui| {
        named_button(ui, W::SaveArchive, None, !dialog.busy, out);
        named_button(ui, W::CloseArchives, None, true, out);
    });
    if form != *before {
        out.insert(0, W::EditArchive(Box::new(form)).into());
    }
}

fn associations(ui: &mut Ui, form: &mut ArchiveForm, tokens: &Tokens, out: &mut Vec<Command>) {
    let typed = &mut form.typed;
    field(ui, text!("Host"), &mut typed.host, "pacs.example.org");
    field(ui, text!("Port"), &mut typed.port, "11112");
    field(ui, text!("AE title of the archive"), &mut typed.called_ae, "ARCHIVE");
    field(ui, text!("Our AE title"), &mut typed.calling_ae, AeTitle::ours().as_str());
    ui.label(text!("Security"));
    controls::tick(ui, &mut typed.tls, text!("TLS"), tokens)
        .on_hover_text(text!("The connection is encrypted, and the archive shows a certificate"));
    ui.end_row();
    if typed.tls {
        file(
            ui,
            text!("Authorities (PEM)"),
            form,
            SecuringFile::Authorities,
            text!("Whose certificates are believed"),
            out,
        );
        let words = text!("Only where the archive asks for one");
        file(ui, text!("Our certificate (PEM)"), form, SecuringFile::Certificate, words, out);
        file(ui, text!("Its private key (PEM)"), form, SecuringFile::Key, words, out);
    }
}

fn web(ui: &mut Ui, form: &mut ArchiveForm, tokens: &Tokens, out: &mut Vec<Command>) {
    let typed = &mut form.typed;
    field(ui, text!("Address"), &mut typed.root, "https://pacs.example.org/dicom-web");
    ui.label("");
    controls::tick(ui, &mut typed.plain, text!("Allow http to another machine"), tokens)
        .on_hover_text(text!("Whoever is between can read and change what goes over such a connection"));
    ui.end_row();
    ui.label(text!("Sign in with"));
    ui.horizontal(|ui| {
        ui.selectable_value(&mut typed.sign_in, SignIn::Nothing, text!("Nothing"));
        ui.selectable_value(&mut typed.sign_in, SignIn::Password, text!("Name and password"));
        ui.selectable_value(&mut typed.sign_in, SignIn::Token, text!("Token"));
    });
    ui.end_row();
    if typed.sign_in == SignIn::Password {
        field(ui, text!("User name"), &mut typed.user, "");
    }
    if typed.sign_in != SignIn::Nothing {
        let name = if typed.sign_in == SignIn::Token { text!("Token") } else { text!("Password") };
        let hint = if form.before.is_some() { text!("Empty: as it is kept") } else { "" };
        let label = ui.label(name);
        let edit = TextEdit::singleline(&mut form.secret.0).password(true).hint_text(hint).desired_width(FIELD);
        ui.add(edit).labelled_by(label.id);
        ui.end_row();
    }
    let words = text!("Empty: those of SSL_CERT_FILE, else Mozilla's list");
    file(ui, text!("Authorities (PEM)"), form, SecuringFile::Authorities, words, out);
}

fn field(ui: &mut Ui, name: &str, words: &mut String, hint: &str) {
    let label = ui.label(name);
    ui.add(TextEdit::singleline(words).hint_text(hint).desired_width(FIELD)).labelled_by(label.id);
    ui.end_row();
}

/// The path of a file, which can be typed or chosen.
fn file(ui: &mut Ui, name: &str, form: &mut ArchiveForm, which: SecuringFile, hint: &str, out: &mut Vec<Command>) {
    let label = ui.label(name);
    ui.horizontal(|ui| {
        ui.add(TextEdit::singleline(form.path(which)).hint_text(hint).desired_width(FIELD)).labelled_by(label.id);
        named_button(ui, W::ChooseFile(which), Some(tr!("Choose {}", name)), true, out);
    });
    ui.end_row();
}
