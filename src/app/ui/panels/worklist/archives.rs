//! The dialog of archives: the list of those that are known by name, and the form of one of them.

use egui::{Color32, Frame, Id, Label, Margin, Modal, RichText, ScrollArea, Spinner, Ui};

use super::{archive_form, named_button};
use crate::app::command::{Command, WorklistCommand as W};
use crate::app::state::State;
use crate::app::state::worklist::Worklist;
use crate::app::state::worklist::archives::{ArchivesDialog, Check};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::language::{text, tr};
use crate::pacs::peers::{Peer, PeerKind};

const WIDTH: f32 = 600.0;

/// Draws the dialog over everything else while it is open.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let Some(dialog) = &state.worklist.archives else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    let room = ui.ctx().content_rect().size();
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(24));
    Modal::new(Id::unique("archives")).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width(WIDTH.min(room.x - 80.0));
        match &dialog.form {
            Some(form) => archive_form::show(ui, dialog, form, &tokens, &mut out),
            None => list(ui, &state.worklist, dialog, room.y - 260.0, &tokens, &mut out),
        }
    });
    out
}

fn list(
    ui: &mut Ui,
    worklist: &Worklist,
    dialog: &ArchivesDialog,
    height: f32,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    ui.label(theme::heading(text!("Archives"), tokens));
    controls::rule(ui, tokens);
    match &worklist.peers {
        None => paragraph(ui, text!("Reading…"), tokens),
        Some(Err(reason)) => {
            message(ui, Sign::Caution, &reason.capitalized(), tokens);
        }
        Some(Ok(peers)) if peers.all().is_empty() => paragraph(ui, text!("No archive is known yet."), tokens),
        Some(Ok(peers)) => {
            let most = height.max(96.0);
            ScrollArea::vertical().max_height(most).min_scrolled_height(most).show(ui, |ui| {
                for peer in peers.all() {
                    line(ui, peer, dialog, tokens, out);
                }
            });
        }
    }
    if let Some(refusal) = &dialog.refusal {
        ui.add_space(theme::GRID);
        message(ui, Sign::Caution, refusal, tokens);
    }
    controls::rule(ui, tokens);
    ui.horizontal(|ui| {
        let usable = matches!(worklist.peers, Some(Ok(_))) && !dialog.busy;
        named_button(ui, W::NewArchive, None, usable, out);
        let close = W::CloseArchives;
        if ui.button(text!("Close")).on_hover_text(close.info().tooltip).clicked() {
            out.push(close.into());
        }
    });
}

/// One archive, what can be done with it, and what it said.
fn line(ui: &mut Ui, peer: &Peer, dialog: &ArchivesDialog, tokens: &Tokens, out: &mut Vec<Command>) {
    let name = &peer.name;
    ui.add_space(theme::GRID / 2.0);
    ui.horizontal(|ui| {
        let wide = (ui.available_width() - 260.0).max(120.0);
        ui.allocate_ui(egui::vec2(wide, 36.0), |ui| {
            ui.set_min_width(wide);
            ui.vertical(|ui| {
                ui.add(Label::new(RichText::new(name).color(tokens.text).strong()).truncate());
                controls::elided(ui, theme::caption(format!("{} · {}", kind(peer), peer.place()), tokens));
            });
        });
        let idle = !dialog.busy;
        let asking = dialog.checks.get(name) == Some(&Check::Asking);
        named_button(ui, W::CheckArchive(name.clone()), Some(tr!("Check {}", name)), idle && !asking, out);
        named_button(ui, W::ChangeArchive(name.clone()), Some(tr!("Change {}", name)), idle, out);
        named_button(ui, W::AskToRemoveArchive(name.clone()), Some(tr!("Remove {}…", name)), idle, out);
    });
    match dialog.checks.get(name) {
        None => {}
        Some(Check::Asking) => {
            ui.horizontal(|ui| {
                ui.add(Spinner::new().size(12.0));
                ui.label(theme::caption(tr!("Asking {}…", name), tokens));
            });
        }
        Some(Check::Answers) => said(ui, tr!("{name} answers.", name), tokens.text),
        Some(Check::Fails(why)) => said(ui, why.clone(), tokens.warning),
    }
    if dialog.removing.as_ref() == Some(name) {
        let words = if peer.wants_secret() {
            tr!("Remove {name} from the list, and its password or token from the keyring?", name)
        } else {
            tr!("Remove {name} from the list?", name)
        };
        ui.horizontal_wrapped(|ui| {
            ui.label(words);
            named_button(ui, W::RemoveArchive(name.clone()), None, !dialog.busy, out);
            named_button(ui, W::KeepArchive, None, true, out);
        });
    }
}

fn said(ui: &mut Ui, words: String, colour: Color32) {
    ui.add(Label::new(RichText::new(words).small().color(colour)).wrap());
}

/// How an archive is spoken to.
fn kind(peer: &Peer) -> &'static str {
    match &peer.kind {
        PeerKind::Dimse(_) => text!("Associations"),
        PeerKind::Web(_) => text!("DICOMweb"),
    }
}
