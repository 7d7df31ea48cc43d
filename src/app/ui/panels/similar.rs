//! Similar cases: the reader's own images that the model sees as most like the one on screen, with
//! what they are labelled and how near they are.
//!
//! Closed until the reader opens it: what is found stands in its heading. A click opens the case
//! beside the image on screen in the list. Where the model has no gallery, the panel says how one is
//! made. While anonymised, no file and no folder is named.

use std::sync::Arc;

use egui::{CollapsingHeader, Label, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::studies;
use crate::app::command::{Command, FileCommand, FindingsCommand, StudyCommand};
use crate::app::state::State;
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::thumbnails::Thumbnails;
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::text::paragraph;
use crate::engine::similar::{Similar, SimilarCase, SimilarCases, how_to_make};
use crate::language::{date_of, decimal, said, text, tr};
use crate::study::{Identity, ImageEntry, Metadata, SharedUid, StackPlace};
use crate::wording::similar::none;

/// Height of a case, with room around its thumbnail.
const ROW: f32 = 60.0;
/// Side of a thumbnail.
const THUMBNAIL: f32 = 52.0;

/// Draws the cases, one below the other; nothing before the image is scored.
pub fn show(ui: &mut Ui, state: &State, thumbnails: &Thumbnails) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let mut out = Vec::new();
    let Some(similar) = &state.results.similar else { return out };
    controls::rule(ui, &tokens);
    let header = CollapsingHeader::new(theme::section(heading(similar), &tokens)).id_salt("similar");
    header.show(ui, |ui| match similar.as_ref() {
        Similar::NoGallery => no_gallery(ui, state, &tokens),
        Similar::Unusable(reason) => paragraph(ui, &tr!("No similar case can be shown: {}.", said(reason)), &tokens),
        Similar::Cases(found) => cases(ui, state, found, thumbnails, &tokens, &mut out),
    });
    out
}

/// What is found, in a heading.
fn heading(similar: &Similar) -> String {
    let found = match similar {
        Similar::NoGallery => text!("no gallery").to_owned(),
        Similar::Unusable(_) => text!("gallery cannot be used").to_owned(),
        Similar::Cases(found) if found.cases.is_empty() => text!("none").to_owned(),
        Similar::Cases(found) => found.cases.len().to_string(),
    };
    tr!("SIMILAR CASES · {}", found)
}

fn no_gallery(ui: &mut Ui, state: &State, tokens: &Tokens) {
    let model = state.model_info().map_or("MODEL", |info| info.manifest.name.as_str());
    paragraph(
        ui,
        text!(
            "Images of your own that are like this one can stand here. No images of patients come with the program; make a \
             gallery of a folder of yours:"
        ),
        tokens,
    );
    let command = how_to_make(model);
    ui.horizontal_wrapped(|ui| {
        ui.add(Label::new(egui::RichText::new(&command).color(tokens.text)).wrap());
        if ui.button(text!("Copy")).on_hover_text(text!("Copies the command")).clicked() {
            ui.ctx().copy_text(command.clone());
        }
    });
}

fn cases(
    ui: &mut Ui,
    state: &State,
    found: &SimilarCases,
    thumbnails: &Thumbnails,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    if let Some(why) = none(found) {
        paragraph(ui, &why, tokens);
    }
    for case in &found.cases {
        one(ui, state, case, thumbnails, tokens, out);
    }
    ui.add(Label::new(theme::caption(whose(found, state.preferences.anonymize), tokens)).wrap());
    for remark in &found.remarks {
        ui.add(Label::new(theme::caption(said(remark), tokens)).wrap());
    }
    controls::tick_box(ui, FindingsCommand::ToggleSimilarInReport, state.preferences.similar_in_report, tokens, out);
}

/// Whose gallery it is: of which folder, and of which day.
fn whose(found: &SimilarCases, anonymous: bool) -> String {
    let images = tr!("1 image" | "{n} images" % found.images);
    if anonymous {
        return tr!("Your own gallery: {images}, made {made}.", images, made = date_of(&found.made));
    }
    let (folder, made) = (found.folder.display(), date_of(&found.made));
    tr!("Your own gallery: {images} of {folder}, made {made}.", images, folder, made)
}

/// A case: its image, its label, how near it is.
fn one(
    ui: &mut Ui,
    state: &State,
    case: &SimilarCase,
    thumbnails: &Thumbnails,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let sense = if case.is_there { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), sense);
    let label = if case.label.is_empty() { text!("No label") } else { case.label.as_str() };
    let distance = tr!("Distance {}", decimal(format!("{:.4}", case.distance)));
    let words = tr!("Similar case: {label}. {distance}", label, distance);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, case.is_there, words.as_str()));
    let painter = ui.painter_at(rect);
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 4.0, tokens.control);
    }
    let square = Rect::from_min_size(rect.min + vec2(4.0, (ROW - THUMBNAIL) / 2.0), vec2(THUMBNAIL, THUMBNAIL));
    studies::thumbnail(ui, square, &entry(state, case), thumbnails, tokens);
    let x = square.right() + theme::GRID;
    let room = (rect.right() - x - 4.0).max(0.0);
    let mut y = square.top();
    let closeness = if case.is_there {
        tr!("closer than {} % are", (case.farther * 100.0).round())
    } else {
        text!("its file is not there").to_owned()
    };
    for (words, color) in [(label, tokens.text), (&distance, tokens.muted), (&closeness, tokens.muted)] {
        let mut job = lettering::line(words, egui::FontId::proportional(theme::CAPTION), color);
        job.wrap = egui::text::TextWrapping::truncate_at_width(room);
        let galley = painter.layout_job(job);
        let height = galley.size().y;
        painter.galley(pos2(x, y), galley, color);
        y += height + 2.0;
    }
    if response.clicked() {
        out.push(opening(state, case));
    }
    response.on_hover_ui(|ui| {
        ui.label(tr!(
            "{label}. Cosine distance {distance}, nearer than {percent} % of the gallery's own images are to their nearest.",
            label,
            distance = decimal(format!("{:.4}", case.distance)),
            percent = (case.farther * 100.0).round()
        ));
        if case.is_there {
            ui.label(theme::caption(text!("A click opens it; the list of studies leads back."), tokens));
        }
        if !state.preferences.anonymize {
            ui.label(theme::caption(case.path.display().to_string(), tokens));
        }
    });
}

/// The image in the list, where it is open.
fn listed<'a>(state: &'a State, case: &SimilarCase) -> Option<&'a Arc<ImageEntry>> {
    state.images.iter().find(|entry| entry.identity.sop_instance_uid == case.uid && entry.path == case.path)
}

/// Shows the image that is open already, or opens it.
fn opening(state: &State, case: &SimilarCase) -> Command {
    match listed(state, case) {
        Some(entry) => StudyCommand::ShowImage(entry.clone(), 0).into(),
        None => FileCommand::OpenPaths(vec![case.path.clone()]).into(),
    }
}

/// What its thumbnail is made of: the image in the list, or as much as the gallery knows of it.
fn entry(state: &State, case: &SimilarCase) -> Arc<ImageEntry> {
    listed(state, case).cloned().unwrap_or_else(|| {
        Arc::new(ImageEntry {
            path: case.path.clone(),
            identity: Identity { sop_instance_uid: case.uid.clone(), ..Identity::default() },
            meta: Metadata::default(),
            columns: 0,
            rows: 0,
            frames: 1,
            has_pixels: case.is_there,
            title: String::new(),
            shared_uid: SharedUid::default(),
            place: StackPlace::default(),
        })
    })
}
