//! The centre of the window: the views of the layout, or words on why there is nothing to see.

use egui::{Align2, Rect, RichText, Ui, pos2, vec2};

use super::command::Command;
use super::maps::command::MapCommand;
use super::maps::looks::Contrast;
use super::panels;
use super::said::{self, Said};
use super::state::{Content, Film, Layout, PaneIndex, State};
use super::theme;
use super::viewport::{self, pictures::Pictures};
use super::widgets::controls;

/// Space between views.
const GAP: f32 = 2.0;

/// Fills the centre.
pub fn show(ui: &mut Ui, state: &State, pictures: &mut Pictures) -> Vec<Command> {
    let area = ui.available_rect_before_wrap();
    let mut commands = Vec::new();
    match &state.film {
        Film::Nothing if state.scanning => {
            let words = match state.scanned {
                (found, read) if found > 1 => format!("Looking for images… {read} of {found} files"),
                _ => "Looking for images…".to_owned(),
            };
            say(ui, state, area, &Said::new(words), &mut commands);
        }
        Film::Nothing => return panels::empty::show(ui, state),
        Film::Loading(entry, _) => {
            let words = format!("Loading {}…", name(state, &entry.title));
            say(ui, state, area, &Said::new(words), &mut commands);
        }
        Film::Failed { entry, reason, .. } => {
            let words = format!("{} could not be shown.\n{reason}", name(state, &entry.title));
            say(ui, state, area, &Said::new(words).with("Load again", Command::Reload), &mut commands);
        }
        Film::Shown(frame) => {
            let all: Vec<(PaneIndex, Content)> = state.panes().into_iter().enumerate().collect();
            let panes = match state.solo.and_then(|i| all.get(i)) {
                Some(one) => vec![*one],
                None => all,
            };
            let aspect = frame.plane.width as f32 / frame.plane.height.max(1) as f32;
            for ((pane, content), rect) in panes.iter().zip(cells(area, panes.len(), aspect)) {
                commands.extend(viewport::show(ui, state, pictures, frame, *pane, *content, rect));
                if state.layout == Layout::Compare && *pane == 2 && !state.overlays_hidden {
                    contrast(ui, state, rect, &mut commands);
                }
                if let Some(said) = said::of(state, *content).filter(|_| !state.overlays_hidden) {
                    say(ui, state, rect, &said, &mut commands);
                }
            }
            ui.advance_cursor_after_rect(area);
        }
    }
    commands
}

fn name<'a>(state: &State, title: &'a str) -> &'a str {
    if state.settings.anonymize { "the image" } else { title }
}

/// Equal rectangles for `n` views, in the rows and columns that leave an image of this aspect ratio the most room.
pub fn cells(area: Rect, n: usize, aspect: f32) -> Vec<Rect> {
    if n == 0 {
        return Vec::new();
    }
    let size_with = |columns: usize| {
        let rows = n.div_ceil(columns);
        let (w, h) = (area.width() / columns as f32, area.height() / rows as f32);
        // An empty cell is worth it only where it makes the views much larger: A | B | A − B reads best in a row.
        let gap = if n.is_multiple_of(columns) { 1.0 } else { 0.75 };
        (w / aspect).min(h) * gap
    };
    let columns = (1..=n).max_by(|a, b| size_with(*a).total_cmp(&size_with(*b))).unwrap_or(1);
    let rows = n.div_ceil(columns);
    let (w, h) = (
        (area.width() - GAP * (columns - 1) as f32) / columns as f32,
        (area.height() - GAP * (rows - 1) as f32) / rows as f32,
    );
    (0..n)
        .map(|i| {
            let (column, row) = ((i % columns) as f32, (i / columns) as f32);
            let min = area.min + vec2(column * (w + GAP), row * (h + GAP));
            Rect::from_min_size(min, vec2(w.max(1.0), h.max(1.0)))
        })
        .collect()
}

/// The part of a view that words lie in: the lower half, where they cover least of the lungs; of a low view all below its title.
fn room_for(rect: Rect) -> Rect {
    let top = if rect.height() >= 400.0 { rect.center().y } else { rect.top() + 0.25 * rect.height() };
    Rect::from_min_max(pos2(rect.left(), top), rect.max)
}

/// Words on a plate, with how far the work is and buttons below; beside a map in a strip along the lower edge.
fn say(ui: &mut Ui, state: &State, rect: Rect, said: &Said, out: &mut Vec<Command>) {
    let tokens = theme::tokens(state.settings.theme);
    if said.beside {
        return strip(ui, &tokens, rect, said, out);
    }
    // A low view has little room for words.
    let font = if rect.width() < 300.0 { theme::CAPTION } else { theme::TEXT };
    let most = (rect.width() - 32.0).clamp(80.0, 420.0);
    let galley = ui.painter().layout(said.words.clone(), egui::FontId::proportional(font), tokens.text, most - 24.0);
    // What counts up must not make its plate wider with each digit.
    let least = if said.part.is_some() { 200.0_f32.min(most) } else { 0.0 };
    let bar = if said.part.is_some() { 12.0 } else { 0.0 };
    let row = if said.buttons.is_empty() { 0.0 } else { 32.0 };
    let buttons_wide: f32 = said.buttons.iter().map(|(label, _)| 24.0 + 7.0 * label.len() as f32).sum();
    let width = (galley.size().x + 24.0).max(least).max(buttons_wide).min(rect.width() - 8.0);
    let size = vec2(width, galley.size().y + 20.0 + bar + row);
    let plate = Align2::CENTER_CENTER.anchor_size(room_for(rect).center(), size);
    ui.painter().rect_filled(plate, 6.0, tokens.panel.gamma_multiply(0.94));
    let inner = plate.shrink2(vec2(12.0, 10.0));
    let centred = egui::Layout::top_down(egui::Align::Center);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(centred));
    child.spacing_mut().item_spacing.y = 4.0;
    child.label(RichText::new(&said.words).size(font).color(tokens.text));
    if let Some(part) = said.part {
        let bar = egui::ProgressBar::new(part).desired_width(inner.width()).desired_height(6.0);
        child.add(bar.fill(tokens.accent).corner_radius(3.0)).accessible_name(said.words.as_str());
    }
    if said.buttons.is_empty() {
        return;
    }
    let below = Rect::from_min_max(pos2(inner.left(), inner.bottom() - 24.0), inner.max);
    let row_wide = buttons_wide - 16.0;
    let below = Rect::from_center_size(below.center(), vec2(row_wide.min(plate.width()), 24.0));
    let across = egui::Layout::left_to_right(egui::Align::Center).with_main_align(egui::Align::Center);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(below).layout(across));
    buttons(&mut child, said, out);
}

fn buttons(ui: &mut Ui, said: &Said, out: &mut Vec<Command>) {
    for (label, command) in &said.buttons {
        let key = if *command == Command::Cancel { Command::Escape.info().key } else { command.info().key };
        let hint = match key {
            "" => command.info().tooltip.to_owned(),
            key => format!("{} ({key})", command.info().tooltip),
        };
        if ui.button(*label).on_hover_text(hint).clicked() {
            out.push(command.clone());
        }
    }
}

/// Words, buttons and progress of a map that is there already: over the words below it, not over the map.
fn strip(ui: &mut Ui, tokens: &theme::Tokens, rect: Rect, said: &Said, out: &mut Vec<Command>) {
    let size = vec2((rect.width() - 16.0).clamp(80.0, 280.0), 36.0);
    let plate = Align2::CENTER_BOTTOM.anchor_size(rect.center_bottom() - vec2(0.0, 8.0), size);
    ui.painter().rect_filled(plate, 6.0, tokens.panel.gamma_multiply(0.94));
    let inner = plate.shrink2(vec2(8.0, 4.0));
    let across = egui::Layout::right_to_left(egui::Align::Center);
    let row = Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - 5.0));
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(row).layout(across));
    child.spacing_mut().interact_size.y = 20.0;
    child.spacing_mut().button_padding.y = 1.0;
    buttons(&mut child, said, out);
    child.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
        ui.add(egui::Label::new(RichText::new(&said.words).size(theme::CAPTION).color(tokens.text)).truncate());
    });
    if let Some(part) = said.part {
        let groove = Rect::from_min_max(pos2(inner.left(), inner.bottom() - 3.0), inner.max);
        ui.painter().rect_filled(groove, 1.5, tokens.groove);
        let done = Rect::from_min_size(groove.min, vec2(groove.width() * part.clamp(0.0, 1.0), groove.height()));
        ui.painter().rect_filled(done, 1.5, tokens.accent);
    }
}

/// In the third view of a comparison: which difference it shows.
fn contrast(ui: &mut Ui, state: &State, rect: Rect, out: &mut Vec<Command>) {
    let at = rect.min + vec2(8.0, 6.0);
    let row = Rect::from_min_max(at, pos2(rect.right() - 8.0, at.y + 24.0));
    let across = egui::Layout::left_to_right(egui::Align::Center);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(row).layout(across));
    child.spacing_mut().item_spacing.x = 2.0;
    child.spacing_mut().button_padding.x = 6.0;
    for choice in Contrast::ALL {
        let command = Command::Maps(MapCommand::SetContrast(choice));
        controls::segment(&mut child, command, state.looks.contrast == choice, true, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_portrait_films_stand_side_by_side_and_four_make_a_square() {
        let area = Rect::from_min_size(pos2(0.0, 0.0), vec2(800.0, 600.0));
        let columns = |n| cells(area, n, 0.9).iter().filter(|r| r.min.y == 0.0).count();
        assert_eq!((columns(1), columns(2), columns(3), columns(4)), (1, 2, 3, 2));
        // At 1280 × 720 between both panels, too.
        let narrow = Rect::from_min_size(pos2(0.0, 0.0), vec2(768.0, 656.0));
        assert!(cells(narrow, 3, 1.0).iter().all(|r| r.min.y == 0.0));
    }

    #[test]
    fn cells_do_not_overlap_and_stay_inside() {
        let area = Rect::from_min_size(pos2(10.0, 20.0), vec2(701.0, 333.0));
        let cells = cells(area, 5, 1.0);
        for (i, a) in cells.iter().enumerate() {
            assert!(area.expand(0.5).contains_rect(*a));
            assert!(cells[i + 1..].iter().all(|b| !a.shrink(0.5).intersects(b.shrink(0.5))));
        }
    }
}
