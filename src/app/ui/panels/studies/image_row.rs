//! The row of an image.

use egui::{Rect, Role, Sense, Ui, WidgetInfo};

use super::rows::ImageRow;
use super::{NESTED, THUMBNAIL, header, thumbnail, words};
use crate::app::command::{Command, ResultCommand, StudyCommand};
use crate::app::state::{State, key_images};
use crate::app::ui::dragging::{self, Dragged};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::thumbnails::Thumbnails;
use crate::language::{said, text, tr};
use crate::results::read::kind::ResultKind;
use crate::study::unit::Unit;

/// Draws the row; a click shows the image.
pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    row: &ImageRow<'_>,
    state: &State,
    thumbnails: &Thumbnails,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let entry = row.entry;
    let anonymize = state.preferences.anonymize;
    let current =
        state.current().is_some_and(|(shown, _)| shown.identity == entry.identity && shown.path == entry.path);
    let opens = ResultKind::of(&entry.meta).is_some_and(ResultKind::is_opened);
    let sense = match (entry.has_pixels, opens) {
        (true, _) => Sense::click_and_drag(),
        (false, true) => Sense::click(),
        (false, false) => Sense::hover(),
    };
    let response = ui.interact(rect, ui.scope_id().with((&entry.path, &entry.identity.sop_instance_uid)), sense);
    let title = words::image(entry, row.number, anonymize);
    let key_image = key_images::words(entry, &state.measuring.key_images.frames(entry));
    let spoken = key_image.as_ref().map_or_else(|| title.clone(), |words| format!("{title}, {words}"));
    response.widget_info(|| WidgetInfo::selected(Role::Button, entry.has_pixels || opens, current, &spoken));
    let inner = thumbnail::ground(ui, rect, current, response.hovered() || response.has_focus(), tokens);
    let square = thumbnail::square(inner, if row.nested { NESTED } else { THUMBNAIL });
    thumbnail::thumbnail(ui, square, entry, thumbnails, tokens);
    if key_image.is_some() {
        thumbnail::star(ui, square, tokens);
    }

    let series = row.alone.map(words::series_name).unwrap_or_default();
    let size = match (entry.has_pixels, opens) {
        (true, _) => format!("{} × {}", entry.columns, entry.rows),
        (false, true) => text!("click to open").into(),
        (false, false) => text!("no pixels").into(),
    };
    let frames = if entry.frames > 1 { tr!("{} frames", entry.frames) } else { String::new() };
    let color = if entry.has_pixels || opens { tokens.text } else { tokens.muted };
    thumbnail::lines(
        ui,
        rect,
        square,
        &[
            (title.clone(), color, 2),
            (key_image.unwrap_or_default(), tokens.text, 1),
            (series, tokens.muted, 2),
            (frames, tokens.muted, 1),
            (size, tokens.muted, 1),
        ],
    );
    if entry.has_pixels {
        dragging::offer(&response, || Dragged::Image(entry.clone(), title.clone()));
    }
    if response.clicked() && entry.has_pixels {
        out.push(Command::Study(StudyCommand::ShowImage(entry.clone(), 0)));
    } else if response.clicked() {
        out.push(ResultCommand::Open(Some(entry.clone())).into());
    }
    response.on_hover_ui(|ui| {
        ui.label(&title);
        if let Some(series) = row.alone {
            ui.label(theme::caption(words::series_name(series), tokens));
        }
        if !anonymize {
            if let Some(warning) = entry.shared_uid.warning() {
                ui.label(said(&warning));
            }
            ui.label(theme::caption(entry.path.display().to_string(), tokens));
            for copy in &entry.shared_uid.copies {
                ui.label(theme::caption(tr!("Copy, byte for byte: {}", copy.display()), tokens));
            }
        }
        let scored = state.results.study.as_ref();
        let of_series = row.alone.is_some_and(|series| header::is_scored(state, Unit::Series, &series.uid));
        if of_series || scored.is_some_and(|study| study.holds(entry)) {
            header::lines(ui, &state.study_lines(), tokens);
        }
    });
}
