//! The row of a series of several images, with a sign that opens it.

use std::sync::Arc;

use egui::{Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::rows::SeriesRow;
use super::{THUMBNAIL, header, thumbnail, words};
use crate::app::command::{Command, StudyCommand};
use crate::app::state::State;
use crate::app::ui::dragging::{self, Dragged};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::thumbnails::Thumbnails;
use crate::app::ui::widgets::shapes::Sign;
use crate::language::{text, tr, translated};
use crate::study::ImageEntry;
use crate::study::unit::Unit;

/// Side of the sign that opens the row.
const SIGN: f32 = 20.0;

/// Draws the row; a click shows the first image. True when its images are to be opened or closed.
pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    row: &SeriesRow<'_>,
    state: &State,
    thumbnails: &Thumbnails,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) -> bool {
    let SeriesRow { series, key, open } = row;
    let images: Vec<&Arc<ImageEntry>> = series.images.iter().filter(|image| image.has_pixels).collect();
    let (Some(first), Some(middle)) = (images.first(), images.get(images.len() / 2)) else { return false };
    let shown = state.current().map(|(entry, _)| entry);
    let at = shown.and_then(|entry| images.iter().position(|image| Arc::ptr_eq(image, entry)));
    let name = words::series(series);
    let response = ui.interact(rect, ui.scope_id().with(key), Sense::click_and_drag());
    let marked = images.iter().map(|image| state.measuring.key_images.frames(image).len()).sum::<usize>();
    let marked = match marked {
        0 => String::new(),
        some => tr!("1 key image" | "{n} key images" % some),
    };
    let said = if marked.is_empty() { name.clone() } else { format!("{name}, {marked}") };
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, at.is_some(), &said));
    let lit = response.hovered() || response.has_focus();
    let inner = thumbnail::ground(ui, rect, at.is_some(), lit, tokens);
    let square = thumbnail::square(inner, THUMBNAIL);
    thumbnail::thumbnail(ui, square, middle, thumbnails, tokens);
    if !marked.is_empty() {
        thumbnail::star(ui, square, tokens);
    }
    let count = match at {
        Some(at) => tr!("{} of {}", at + 1, images.len()),
        None => words::images(images.len()),
    };
    let frames = images.iter().map(|image| image.frames).max().unwrap_or(1);
    let frames = if frames > 1 { tr!("up to {} frames", frames) } else { String::new() };
    let size = format!("{} × {}", first.columns, first.rows);
    let lines = [
        (words::series_name(series), tokens.text, 3),
        (count, tokens.muted, 1),
        (marked, tokens.text, 1),
        (frames, tokens.muted, 1),
        (size, tokens.muted, 1),
    ];
    thumbnail::lines(ui, rect, square, &lines);
    dragging::offer(&response, || Dragged::Image((*first).clone(), name.clone()));
    if response.clicked() && at.is_none() {
        out.push(Command::Study(StudyCommand::ShowImage((*first).clone(), 0)));
    }
    response.on_hover_ui(|ui| {
        ui.label(&name);
        ui.label(theme::caption(translated(series.order.words()), tokens));
        if header::is_scored(state, Unit::Series, &series.uid) {
            header::lines(ui, &state.study_lines(), tokens);
        }
    });
    let corner = pos2(square.right() + theme::GRID - 4.0, inner.bottom() - SIGN - 2.0);
    opens(ui, Rect::from_min_size(corner, vec2(SIGN, SIGN)), key, &name, *open, tokens)
}

/// The sign that opens and closes the images of the series.
fn opens(ui: &Ui, rect: Rect, key: &str, name: &str, open: bool, tokens: &Tokens) -> bool {
    let response = ui.interact(rect, ui.scope_id().with((key, "images")), Sense::click());
    let words = tr!("Images of {}", name);
    response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, true, open, &words));
    let painter = ui.painter_at(rect);
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 4.0, tokens.control);
    }
    let sign = if open { Sign::Down } else { Sign::Right };
    sign.paint(&painter, rect.shrink(2.0), tokens.muted);
    let clicked = response.clicked();
    response.on_hover_text(if open { text!("Hides the single images") } else { text!("Lists the single images") });
    clicked
}
