//! The bar above several images: which grid, the prior, whether views go together, at which scale,
//! and how the score of the chosen finding differs from that of the prior.

use egui::{Align, Label, Layout as Flow, RichText, Ui};

use crate::app::command::{Command, HangingCommand, ViewCommand};
use crate::app::state::State;
use crate::app::state::hanging::{Follows, Grid, ScaleLink};
use crate::app::state::score_change::{ScoreChange, tells_change};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::language::{decimal, said, text, tr};
use crate::study::SpacingProvenance;

/// A bar narrower than this has no room for whether views go together.
const LINK: f32 = 460.0;
/// The same for the maps of the change.
const CHANGE: f32 = 640.0;

/// Draws the bar into the height that `ui` has.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let mut out = Vec::new();
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GRID;
        // What has no room here stands in the menu of the grid and in the menu View.
        let width = ui.available_width();
        grids(ui, state, &mut out);
        let beside = state.hanging.follows == Follows::Prior;
        controls::segment(ui, HangingCommand::PriorBeside, beside, true, &mut out);
        if width >= LINK {
            controls::tick_box(ui, ViewCommand::ToggleLinked, state.preferences.linked, &tokens, &mut out);
        }
        if width >= CHANGE && state.comparison().is_some_and(|both| both.changes.is_ok()) {
            let on = state.hanging.maps_of_change;
            ui.add_enabled_ui(tells_change(state.method), |ui| {
                controls::tick_box(ui, HangingCommand::ToggleMapsOfChange, on, &tokens, &mut out);
            });
        }
        ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
            comparison(ui, state, &tokens);
            if width >= LINK {
                scale(ui, state, &tokens);
            }
        });
    });
    out
}

fn grids(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    let shown = state.hanging.grid.words();
    let menu = egui::ComboBox::from_id_salt("grid").selected_text(shown).width(64.0).height(420.0);
    let response = menu.show_ui(ui, |ui| {
        for grid in Grid::ALL {
            if ui.selectable_label(grid == state.hanging.grid, grid.words()).clicked() {
                out.push(HangingCommand::SetGrid(grid).into());
            }
        }
        ui.separator();
        for (command, chosen) in [
            (HangingCommand::NextSlot, false),
            (HangingCommand::ToggleMapsOfChange, state.hanging.maps_of_change),
            (HangingCommand::ToggleReferenceLines, state.preferences.reference_lines),
            (HangingCommand::HangByRules, false),
        ] {
            let command = Command::from(command);
            let info = command.info();
            if ui.selectable_label(chosen, info.label).on_hover_text(info.hint()).clicked() {
                out.push(command);
            }
        }
    });
    response.response.accessible_name(text!("Grid")).on_hover_text(text!("Rows and columns of images"));
}

/// Whether a millimetre is as long in every image, or why not.
fn scale(ui: &mut Ui, state: &State, tokens: &Tokens) {
    let slots = 0..state.hanging.grid.slots();
    let links: Vec<ScaleLink> = slots
        .filter(|slot| state.hanging.slot(*slot).is_some_and(|image| image.image.is_some()))
        .map(|slot| state.scale_link(slot))
        .collect();
    let not = links.iter().find_map(|link| match link {
        ScaleLink::Not(why) => Some(*why),
        ScaleLink::Linked(_) => None,
    });
    let words = match (links.first(), not) {
        (None, _) => return,
        (_, Some(why)) => tr!("not linked in scale: {}", why),
        (Some(_), None) => text!("equal scale").to_owned(),
    };
    let at_detector = matches!(links.first(), Some(ScaleLink::Linked(SpacingProvenance::AtDetector)));
    let hint = text!(
        "Images whose millimetres mean the same are shown at one scale while views are linked. Millimetres at the \
         detector are larger than those in the patient, by how much tells no file."
    );
    let hint = if at_detector {
        format!("{} {hint}", text!("Equal scale in millimetres at the detector."))
    } else {
        hint.to_owned()
    };
    ui.add(Label::new(theme::caption(words, tokens)).truncate()).on_hover_text(hint);
}

/// The change of the chosen finding, or in a few words that there is none to tell.
fn comparison(ui: &mut Ui, state: &State, tokens: &Tokens) {
    let Some(comparison) = state.comparison() else { return };
    match &comparison.changes {
        Ok(changes) => {
            let Some(chosen) = chosen(state, changes) else { return };
            let words = format!("{} {}", chosen.name, decimal(chosen.words()));
            let label = Label::new(RichText::new(&words).color(tokens.text)).truncate();
            ui.add(label)
                .on_hover_text(tr!("{}: probability of the prior, of the current image, and the change", words));
        }
        Err(why) => {
            ui.add(Label::new(theme::caption(text!("scores not compared"), tokens)).truncate())
                .on_hover_text(said(why));
        }
    }
}

/// The finding whose map is on screen; of several labels and groups the first otherwise.
fn chosen<'a>(state: &State, changes: &'a [ScoreChange]) -> Option<&'a ScoreChange> {
    let name = state.subject_name(state.subject());
    let group = state.selected_group.is_some();
    changes.iter().find(|one| one.name == name && one.group == group).or_else(|| changes.first())
}
