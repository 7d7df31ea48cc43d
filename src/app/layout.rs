//! The centre of the window: the views of the layout, or words on why there is nothing to see.

use egui::{Align2, Rect, RichText, Ui, pos2, vec2};

use super::command::Command;
use super::panels;
use super::state::{Content, Film, Model, PaneIndex, Phase, State};
use super::theme;
use super::viewport::{self, pictures::Pictures};

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
            say(ui, state, area, &words, &[], &mut commands);
        }
        Film::Nothing => return panels::empty::show(ui, state),
        Film::Loading(entry, _) => {
            say(ui, state, area, &format!("Loading {}…", name(state, &entry.title)), &[], &mut commands);
        }
        Film::Failed { entry, reason, .. } => {
            let words = format!("{} could not be shown.\n{reason}", name(state, &entry.title));
            say(ui, state, area, &words, &[("Load again", Command::Reload)], &mut commands);
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
                if let Some((words, buttons)) = words(state, *content) {
                    // In the lower half, where it covers least of the lungs.
                    let below = Rect::from_min_max(pos2(rect.left(), rect.center().y), rect.max);
                    say(ui, state, below, &words, &buttons, &mut commands);
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

type Buttons = Vec<(&'static str, Command)>;

/// What there is to say where a map should be; nothing once it is there.
pub fn words(state: &State, content: Content) -> Option<(String, Buttons)> {
    let missing = match content {
        Content::Film => return None,
        Content::Map(class) if state.without_evidence(class) => {
            let words = format!(
                "No positive evidence for {} in {}: nothing here raised its score.",
                state.label(class),
                state.layer()
            );
            return Some((words, Vec::new()));
        }
        Content::Map(class) => state.attribution(class).is_none(),
        Content::Difference(a, b) => state.attribution(a).is_none() || state.attribution(b).is_none(),
    };
    if !missing {
        return None;
    }
    if let Model::Failed { reason, .. } = &state.model {
        return Some((format!("The model could not be loaded.\n{reason}"), vec![("Retry", Command::Retry)]));
    }
    let retry = || vec![("Analyse again", Command::Retry)];
    Some(match &state.results.phase {
        Phase::Idle => return None,
        Phase::Waiting if matches!(state.model, Model::Loading { .. }) => ("Loading the model…".into(), Vec::new()),
        Phase::Waiting | Phase::Running => ("Computing the map…".into(), Vec::new()),
        Phase::Refused => {
            let why = state.results.gate.as_ref().map_or("The image was refused.", |g| g.reason.as_str());
            (format!("Not scored. {why}"), vec![("Show anyway", Command::ShowAnyway)])
        }
        Phase::Unfit => {
            let why = state.choice.as_ref().map_or("No model fits the image.", |choice| &choice.because);
            (format!("Not scored: {why}"), Vec::new())
        }
        Phase::Finished => (format!("There is no {} map of {}.", state.method.name(), state.layer()), retry()),
        Phase::Cancelled => ("Cancelled before the map was ready.".into(), retry()),
        Phase::Failed(reason) => (format!("The analysis failed.\n{reason}"), retry()),
    })
}

/// Words in the middle of a rectangle, on a plate, with buttons below.
fn say(
    ui: &mut Ui,
    state: &State,
    rect: Rect,
    words: &str,
    buttons: &[(&'static str, Command)],
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(state.settings.theme);
    let width = (rect.width() - 32.0).clamp(80.0, 420.0);
    let galley = ui.painter().layout(words.to_owned(), egui::FontId::proportional(13.0), tokens.text, width);
    let extra = if buttons.is_empty() { 0.0 } else { 40.0 };
    let size = galley.size() + vec2(24.0, 20.0 + extra);
    let plate = Align2::CENTER_CENTER.anchor_size(rect.center(), size);
    ui.painter().rect_filled(plate, 6.0, tokens.panel.gamma_multiply(0.94));
    let inner = plate.shrink2(vec2(12.0, 10.0));
    let mut child =
        ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(egui::Layout::top_down(egui::Align::Center)));
    child.label(RichText::new(words).size(13.0).color(tokens.text));
    if !buttons.is_empty() {
        child.add_space(8.0);
        for (label, command) in buttons {
            if child.button(*label).on_hover_text(command.info().hint()).clicked() {
                out.push(command.clone());
            }
        }
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
