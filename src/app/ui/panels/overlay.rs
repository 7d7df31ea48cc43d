//! How the map lies over the image. All of it changes the screen at once; only method and layer
//! choose another map. Opacity and threshold stand in [`super::map_strip`].

use egui::{Color32, ComboBox, Mesh, Rect, RichText, Sense, Slider, Ui, pos2, vec2};

use crate::app::command::{Command, MapCommand, OverlayCommand};
use crate::app::state::display_options::Stability;
use crate::app::state::session::Section;
use crate::app::state::{Content, Layout, State};
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::viewport::corners;
use crate::app::ui::widgets::{controls, section};
use crate::explain::Method;
use crate::imaging::colormap::ColorMap;
use crate::language::{named, text, tr, translated};

const NAMES: f32 = 80.0;
const STAGES: &str = named!("From fine to coarse: early stages see edges, late ones see the whole");

/// Draws the controls, one below the other.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let style = state.overlay();
    let mut out = Vec::new();
    let [finer, coarser] = [MapCommand::FinerStage, MapCommand::CoarserStage].map(|c| c.info());
    ui.spacing_mut().item_spacing.y = 3.0;
    if !section::heading(ui, state, Section::Overlay, &tokens, &mut out, |_, _| {}) {
        return out;
    }
    row(ui, text!("Method"), &OverlayCommand::NextMethod.info().hint(), &tokens, |ui| {
        super::methods::menu(ui, state, &tokens, &mut out);
    });
    row(ui, text!("Layer"), OverlayCommand::SetLayer(String::new()).info().tooltip, &tokens, |ui| {
        layer(ui, state, &mut out);
    });
    let hint = super::map_strip::hint(translated(STAGES), &[finer.key, coarser.key]);
    row(ui, text!("Stage"), &hint, &tokens, |ui| stage(ui, state, &tokens, &mut out));
    let hint = MapCommand::NextStability.info().hint();
    row(ui, text!("Stability"), &hint, &tokens, |ui| stability(ui, state, &mut out));
    looks_of(ui, state, &tokens, &mut out);
    row(ui, text!("Colours"), &OverlayCommand::NextColormap.info().hint(), &tokens, |ui| {
        colours(ui, state, &tokens, &mut out);
    });
    ui.horizontal(|ui| {
        controls::tick_box(ui, OverlayCommand::ToggleContours, style.contours, &tokens, &mut out);
        ui.add_space(theme::GRID);
        shared_scale(ui, state, &tokens, &mut out);
    });
    superpixels(ui, state, &tokens, &mut out);
    controls::button(ui, OverlayCommand::ToggleFaithfulness, true, &mut out);
    out
}

/// A name on the left, its control on the right.
fn row(ui: &mut Ui, name: &str, hint: &str, tokens: &Tokens, control: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        let (rect, response) = ui.allocate_exact_size(vec2(NAMES, ui.spacing().interact_size.y), Sense::hover());
        let at = pos2(rect.left(), rect.center().y);
        ui.painter().text(at, egui::Align2::LEFT_CENTER, name, egui::FontId::proportional(theme::TEXT), tokens.muted);
        response.on_hover_text(hint);
        ui.scope(control).response.on_hover_text(hint);
    });
}

fn layer(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    let Some(info) = state.model_info() else {
        ui.add_enabled(false, egui::Button::new(text!("no model yet")));
        return;
    };
    let chosen = state.layer();
    let words = |layer: &str| {
        if layer == info.manifest.target_layer { tr!("{} (of the model)", layer) } else { layer.to_owned() }
    };
    let font = egui::FontId::proportional(theme::TEXT);
    let shown = lettering::cut_text(ui.painter(), &words(chosen), &font, ui.available_width() - 40.0);
    let combo = ComboBox::from_id_salt("layer").selected_text(shown).width(ui.available_width()).truncate();
    let inner = combo.show_ui(ui, |ui| {
        for layer in &info.layers {
            if ui.selectable_label(layer == chosen, words(layer)).clicked() {
                out.push(Command::Overlay(OverlayCommand::SetLayer(layer.clone())));
            }
        }
    });
    inner.response.accessible_name(text!("Layer")).on_hover_text(words(chosen));
}

/// The stages on a line from fine to coarse: all maps of cheap methods are there, so the slider
/// answers at once.
fn stage(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let (Some(info), Some(at)) = (state.model_info(), state.stage()) else {
        ui.label(theme::caption(text!("no model yet"), tokens));
        return;
    };
    let enabled = info.layers.len() > 1 && (state.method.has_layer() || state.layout == Layout::MethodGrid);
    let mut chosen = at;
    ui.label(theme::caption(text!("fine"), tokens));
    ui.spacing_mut().slider_width = (ui.available_width() - 52.0).max(48.0);
    let last = info.layers.len().saturating_sub(1);
    let slider = Slider::new(&mut chosen, 0..=last).show_value(false).step_by(1.0);
    let response = ui.add_enabled(enabled, slider).accessible_name(text!("Stage"));
    ui.label(theme::caption(text!("coarse"), tokens));
    let name = info.layers.get(at).map_or("", String::as_str);
    let response = response
        .on_hover_text(tr!("{name}, {} of {}", at + 1, info.layers.len(), name))
        .on_disabled_hover_text(text!("Maps of the pixels belong to no layer"));
    if let Some(layer) = info.layers.get(chosen).filter(|_| response.changed() && chosen != at) {
        out.push(Command::Overlay(OverlayCommand::SetLayer(layer.clone())));
    }
}

/// What is shown of the stability of the map, or why that cannot be known.
fn stability(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    let why_not =
        state.stability_unknown(state.method).filter(|_| state.layout != Layout::MethodGrid || !state.is_stochastic());
    ui.spacing_mut().item_spacing.x = 2.0;
    ui.spacing_mut().button_padding.x = 6.0;
    for choice in Stability::ALL {
        let command = Command::Maps(MapCommand::SetStability(choice));
        let enabled = why_not.is_none() || choice == Stability::Off;
        let response = controls::segment(ui, command, state.display.stability == choice, enabled, out);
        if let Some(reason) = why_not {
            response.on_disabled_hover_text(reason);
        }
    }
}

/// Whether all views look the same, and else which one the controls below are for.
fn looks_of(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let several = state.panes().iter().filter(|content| **content != Content::Image).count() > 1;
    ui.horizontal(|ui| {
        let same = Command::Maps(MapCommand::ToggleSameDisplay);
        controls::tick_box(ui, same, state.preferences.same_display, tokens, out);
        let words = match state.panes().get(state.pointed()) {
            Some(content) if !state.preferences.same_display && several => {
                tr!("View {}: {}", state.pointed() + 1, corners::title(state, *content))
            }
            _ => String::new(),
        };
        controls::elided(ui, theme::caption(words, tokens));
    });
}

/// Maps of different methods have different units, so their grid has no scale to share.
fn shared_scale(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let apart = state.layout == Layout::MethodGrid;
    let on = state.preferences.overlay.shared_scale && !apart;
    ui.add_enabled_ui(!apart, |ui| controls::tick_box(ui, OverlayCommand::ToggleSharedScale, on, tokens, out))
        .inner
        .on_disabled_hover_text(text!("Each method has units of its own, so their maps share no scale"));
}

/// Lines between patches, for maps that have patches.
fn superpixels(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let shown = state.panes().iter().any(|content| matches!(content, Content::Map(_, Method::KernelShap)));
    let command = Command::Maps(MapCommand::ToggleSuperpixels);
    ui.add_enabled_ui(shown, |ui| controls::tick_box(ui, command, state.preferences.superpixels, tokens, out))
        .inner
        .on_disabled_hover_text(text!("Only Kernel SHAP gives its values to patches"));
}

fn colours(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let chosen = state.overlay().map();
    let signed = match state.panes().get(state.pointed()) {
        Some(Content::Map(_, method)) => method.is_signed(),
        Some(Content::Difference(..)) => true,
        _ => false,
    };
    if signed {
        let (rect, response) = ui.allocate_exact_size(vec2(64.0, 12.0), Sense::hover());
        strip(ui, rect, ColorMap::Difference);
        ui.label(theme::caption(text!("against – for"), tokens));
        response.on_hover_text(text!(
            "Signed maps have one scale: blue speaks against, orange for, and zero is transparent"
        ));
        return;
    }
    let name = RichText::new(translated(chosen.name()).split(" (").next().unwrap_or_default());
    let combo = ComboBox::from_id_salt("colours").selected_text(name).width(ui.available_width()).truncate();
    let inner = combo.show_ui(ui, |ui| {
        for map in ColorMap::SEQUENTIAL {
            ui.horizontal(|ui| {
                let (rect, _) = ui.allocate_exact_size(vec2(64.0, 12.0), Sense::hover());
                strip(ui, rect, map);
                if ui.selectable_label(map == chosen, translated(map.name())).clicked() {
                    out.push(Command::Overlay(OverlayCommand::SetColormap(map.key().to_owned())));
                    ui.close();
                }
            });
        }
    });
    inner.response.accessible_name(text!("Colours"));
}

/// The colour map from 0 (left) to 1, over black as it would lie over the dark of a radiograph.
fn strip(ui: &Ui, rect: Rect, map: ColorMap) {
    const STEPS: u32 = 32;
    let mut mesh = Mesh::default();
    for step in 0..=STEPS {
        let part = step as f32 / STEPS as f32;
        let [r, g, b, a] = map.color(part);
        let color = Color32::from_rgba_unmultiplied(r, g, b, a);
        let x = rect.left() + rect.width() * part;
        mesh.colored_vertex(pos2(x, rect.top()), color);
        mesh.colored_vertex(pos2(x, rect.bottom()), color);
    }
    for step in 0..STEPS {
        let i = 2 * step;
        mesh.add_triangle(i, i + 1, i + 2);
        mesh.add_triangle(i + 1, i + 2, i + 3);
    }
    ui.painter().rect_filled(rect, 0.0, Color32::BLACK);
    ui.painter().add(mesh);
}
