//! How the map lies over the film. All of it changes the picture at once; only method and layer choose another map.

use egui::{Color32, ComboBox, Mesh, Rect, RichText, Sense, Slider, Ui, pos2, vec2};

use crate::app::command::Command;
use crate::app::state::State;
use crate::app::theme::{self, Tokens};
use crate::app::widgets::controls;
use crate::explain::Method;
use crate::imaging::colormap::ColorMap;

const NAMES: f32 = 80.0;

/// Draws the controls, one below the other.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.settings.theme);
    let style = state.overlay();
    let mut out = Vec::new();
    ui.spacing_mut().item_spacing.y = 3.0;
    ui.horizontal(|ui| {
        ui.label(theme::section("OVERLAY", &tokens));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            controls::tick_box(ui, Command::ToggleHeatMap, state.heat_map, &tokens, &mut out);
        });
    });
    row(ui, "Method", &Command::NextMethod.info().hint(), &tokens, |ui| {
        let combo = ComboBox::from_id_salt("method").selected_text(state.method.name()).width(ui.available_width());
        let inner = combo.show_ui(ui, |ui| {
            for method in Method::ALL {
                if ui.selectable_label(method == state.method, method.name()).clicked() {
                    out.push(Command::SetMethod(method));
                }
            }
        });
        inner.response.accessible_name("Method");
    });
    row(ui, "Layer", Command::SetLayer(String::new()).info().tooltip, &tokens, |ui| layer(ui, state, &mut out));
    let mut opacity = (style.opacity * 100.0).round();
    let hint = format!("{} ([ and ])", Command::SetOpacity(0.0).info().tooltip);
    row(ui, "Opacity", &hint, &tokens, |ui| {
        if percent(ui, &mut opacity, "Opacity") {
            out.push(Command::SetOpacity(opacity / 100.0));
        }
    });
    let mut threshold = (style.threshold * 100.0).round();
    let hint = format!("{} (, and .)", Command::SetThreshold(0.0).info().tooltip);
    row(ui, "Threshold", &hint, &tokens, |ui| {
        if percent(ui, &mut threshold, "Threshold") {
            out.push(Command::SetThreshold(threshold / 100.0));
        }
    });
    row(ui, "Colours", &Command::NextColormap.info().hint(), &tokens, |ui| colours(ui, style.map(), &mut out));
    ui.horizontal(|ui| {
        controls::tick_box(ui, Command::ToggleContours, style.contours, &tokens, &mut out);
        ui.add_space(theme::GRID);
        controls::tick_box(ui, Command::ToggleSharedScale, style.shared_scale, &tokens, &mut out);
    });
    controls::button(ui, Command::ToggleTrust, true, &mut out);
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

/// A slider from 0 to 100 %; true when it was moved.
fn percent(ui: &mut Ui, value: &mut f32, name: &str) -> bool {
    ui.spacing_mut().slider_width = (ui.available_width() - 72.0).max(48.0);
    let before = *value;
    let slider = Slider::new(value, 0.0..=100.0).suffix(" %").fixed_decimals(0).step_by(1.0);
    // The slider calls itself changed when it only rounds.
    ui.add(slider).accessible_name(name).changed() && *value != before
}

fn layer(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    let Some(info) = state.model_info() else {
        ui.add_enabled(false, egui::Button::new("no model yet"));
        return;
    };
    let chosen = state.layer();
    let words = |layer: &str| {
        if layer == info.manifest.target_layer { format!("{layer} (of the model)") } else { layer.to_owned() }
    };
    let combo = ComboBox::from_id_salt("layer").selected_text(words(chosen)).width(ui.available_width()).truncate();
    let inner = combo.show_ui(ui, |ui| {
        for layer in &info.layers {
            if ui.selectable_label(layer == chosen, words(layer)).clicked() {
                out.push(Command::SetLayer(layer.clone()));
            }
        }
    });
    inner.response.accessible_name("Layer");
}

fn colours(ui: &mut Ui, chosen: ColorMap, out: &mut Vec<Command>) {
    let name = RichText::new(chosen.name().split(" (").next().unwrap_or_default());
    let combo = ComboBox::from_id_salt("colours").selected_text(name).width(ui.available_width()).truncate();
    let inner = combo.show_ui(ui, |ui| {
        for map in ColorMap::SEQUENTIAL {
            ui.horizontal(|ui| {
                let (rect, _) = ui.allocate_exact_size(vec2(64.0, 12.0), Sense::hover());
                strip(ui, rect, map);
                if ui.selectable_label(map == chosen, map.name()).clicked() {
                    out.push(Command::SetColormap(map.key().to_owned()));
                    ui.close();
                }
            });
        }
    });
    inner.response.accessible_name("Colours");
}

/// The colour map from 0 (left) to 1, over black as it would lie over the dark of a film.
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
