//! The list on the left: patient → study → series → image, with thumbnails, and what could not be
//! read.
//!
//! Only the rows in sight are drawn and only their thumbnails are asked for, so a folder of
//! thousands stays fluid. The list follows the image on screen. Where the study of that image has a
//! result of its own, it stands in the tooltips of its rows.

mod header;
mod image_row;
mod rows;
mod series_row;
mod thumbnail;
mod warnings;
mod words;

use std::sync::Arc;

use egui::{Id, Label, Rect, RichText, ScrollArea, Ui, pos2, vec2};

use crate::app::command::Command;
use crate::app::state::State;
use crate::app::ui::theme;
use crate::app::ui::thumbnails::Thumbnails;
use crate::app::ui::widgets::controls;
use crate::language::{text, tr};
use rows::{Row, Toggled, rows};

pub(super) use thumbnail::thumbnail;

/// Side of a thumbnail, in points.
const THUMBNAIL: f32 = 96.0;
/// The same of an image below its series, whose names need the room.
const NESTED: f32 = 64.0;
const IMAGE_ROW: f32 = THUMBNAIL + theme::GRID;
const HEADER_ROW: f32 = 24.0;

/// `thumbnails.get(&entry)` yields the texture of an entry (96 px) and asks for it when it is not
/// there yet.
pub fn show(ui: &mut Ui, state: &State, thumbnails: &Thumbnails) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let mut out = Vec::new();
    let words = match (state.images.len(), state.place_in_list()) {
        _ if state.scanning => text!("listing files…").to_owned(),
        (0, _) => String::new(),
        (n, Some(place)) if n > 1 => tr!("{} of {}", place, n),
        (n, _) => words::images(n),
    };
    controls::title(ui, text!("STUDIES"), &words, &tokens);
    ui.add_space(theme::GRID / 2.0);
    if !state.catalogue.warnings.is_empty() {
        let below = egui::Panel::bottom("warnings").resizable(false).show_separator_line(false);
        below.frame(egui::Frame::NONE).show(ui, |ui| warnings::show(ui, state, &tokens));
    }
    if state.catalogue.patients.is_empty() {
        let words = if state.scanning {
            text!("Listing files…")
        } else {
            text!("Nothing is open. Drop files or a folder here.")
        };
        ui.add(Label::new(RichText::new(words).color(tokens.muted)).wrap());
        return out;
    }
    let key = Id::unique("toggled branches");
    let mut toggled: Toggled = ui.data_mut(|data| data.get_temp(key).unwrap_or_default());
    let rows = rows(state, &toggled);
    let heights: Vec<f32> = rows.iter().map(height).collect();
    let total: f32 = heights.iter().sum();
    let followed = followed(ui, state, &rows, &heights);
    theme::bar_in_the_margin(ui);
    ScrollArea::vertical().auto_shrink(false).show_viewport(ui, |ui, viewport| {
        ui.set_height(total);
        let (top, left, width) = (ui.max_rect().top(), ui.max_rect().left(), ui.max_rect().width());
        let mut y = 0.0;
        if let Some((from, to)) = followed.filter(|(from, to)| *from < viewport.top() || *to > viewport.bottom()) {
            let row = Rect::from_min_max(pos2(left, top + from), pos2(left + width, top + to));
            ui.scroll_to_rect_animation(row, None, egui::style::ScrollAnimation::none());
        }
        for (row, height) in rows.iter().zip(&heights) {
            let (from, to) = (y, y + height);
            y = to;
            if to < viewport.top() || from > viewport.bottom() {
                continue;
            }
            let rect = Rect::from_min_size(pos2(left, top + from), vec2(width, *height));
            let clicked = match row {
                Row::Header(row) => header::show(ui, rect, row, state, &tokens).then_some(&row.key),
                Row::Series(row) => {
                    series_row::show(ui, rect, row, state, thumbnails, &tokens, &mut out).then_some(&row.key)
                }
                Row::Image(row) => {
                    image_row::show(ui, rect, row, state, thumbnails, &tokens, &mut out);
                    None
                }
            };
            if let Some(key) = clicked.filter(|key| !toggled.remove(*key)) {
                toggled.insert(key.clone());
            }
        }
    });
    ui.data_mut(|data| data.insert_temp(key, toggled));
    out
}

fn height(row: &Row) -> f32 {
    match row {
        Row::Header(_) => HEADER_ROW,
        Row::Image(row) if row.nested => NESTED + theme::GRID,
        Row::Series(_) | Row::Image(_) => IMAGE_ROW,
    }
}

/// Where the row of the image on screen lies, in the frame in which another one came; a stack that
/// plays is followed once it stops.
fn followed(ui: &Ui, state: &State, rows: &[Row], heights: &[f32]) -> Option<(f32, f32)> {
    if state.stack.cine.is_playing() {
        return None;
    }
    let (entry, _) = state.current()?;
    let key = Id::unique("followed image");
    let now = Arc::as_ptr(entry).addr();
    if ui.data(|data| data.get_temp::<usize>(key)) == Some(now) {
        return None;
    }
    ui.data_mut(|data| data.insert_temp(key, now));
    let at = rows.iter().position(|row| row.stands_for(entry))?;
    let from: f32 = heights[..at].iter().sum();
    Some((from, from + heights[at]))
}
