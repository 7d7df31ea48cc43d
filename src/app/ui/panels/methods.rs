//! The menu of methods: by family, each with what it shows, what it costs and what is known against
//! it.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{
    Align2, Button, FontId, Label, PopupCloseBehavior, Rect, Role, ScrollArea, Sense, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};

use crate::app::command::{Command, MapCommand, OverlayCommand};
use crate::app::state::display_options::MOST_METHODS;
use crate::app::state::{Layout, State};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::explain::{Family, Method};
use crate::language::{text, tr, translated};
use crate::wording::method_cost;

const WIDTH: f32 = 440.0;
const ROW: f32 = 36.0;
const TICK: f32 = 32.0;

/// The button with the chosen method, and the menu below it.
pub(super) fn menu(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let width = ui.available_width();
    let words = match state.layout {
        Layout::MethodGrid => tr!("{} methods", state.methods().len()),
        _ => state.method.name().to_owned(),
    };
    let button = Button::new((words, egui::Atom::grow(), Sign::Down.atom(None))).truncate().min_size(vec2(width, 24.0));
    // Ticking several must not close it.
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let (response, _) = MenuButton::from_button(button).config(config).ui(ui, |ui| {
        ui.set_width(WIDTH);
        ui.spacing_mut().item_spacing.y = 0.0;
        head(ui, state, tokens, out);
        let most = (ui.ctx().content_rect().height() - 176.0).clamp(160.0, 720.0);
        ScrollArea::vertical().max_height(most).auto_shrink([false, true]).show(ui, |ui| {
            for family in Family::ALL {
                ui.add_space(theme::GRID);
                ui.label(theme::section(translated(family.name()), tokens));
                ui.add_space(2.0);
                for method in Method::ALL.into_iter().filter(|m| m.family() == family) {
                    row(ui, state, method, tokens, out);
                }
            }
        });
    });
    response.accessible_name(text!("Method"));
}

/// What the ticks are for, and the way back to the usual ones.
fn head(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let words = tr!(
            "A click shows its map. Ticked ones stand in the grid of methods, {} of at most {}.",
            state.methods().len(),
            MOST_METHODS
        );
        ui.set_max_width(WIDTH);
        let button = 112.0;
        ui.allocate_ui(vec2(WIDTH - button - theme::GRID, 32.0), |ui| {
            ui.add(Label::new(theme::caption(words, tokens)).wrap());
        });
        controls::button(ui, MapCommand::UsualMethods, true, out);
    });
}

fn row(ui: &mut Ui, state: &State, method: Method, tokens: &Tokens, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        tick(ui, state, method, tokens, out);
        choice(ui, state, method, tokens, out);
    });
}

fn tick(ui: &mut Ui, state: &State, method: Method, tokens: &Tokens, out: &mut Vec<Command>) {
    let mut on = state.preferences.methods.contains(&method);
    let room = on || state.preferences.methods.len() < MOST_METHODS;
    let inner = ui.allocate_ui(vec2(TICK, ROW), |ui| {
        ui.set_min_size(vec2(TICK, ROW));
        ui.centered_and_justified(|ui| {
            let enabled = ui.is_enabled() && room;
            ui.add_enabled_ui(enabled, |ui| controls::tick(ui, &mut on, "", tokens)).inner
        })
        .inner
    });
    let command = Command::Maps(MapCommand::TickMethod(method));
    let full = tr!("At most {} methods stand side by side; untick one first", MOST_METHODS);
    let response = inner.inner.accessible_name(tr!("Compare {}", method.name()));
    let response = response.on_hover_text(command.info().hint()).on_disabled_hover_text(full);
    if response.clicked() {
        out.push(command);
    }
}

/// A method: name and cost above, what it shows below.
fn choice(ui: &mut Ui, state: &State, method: Method, tokens: &Tokens, out: &mut Vec<Command>) {
    let why_not = state.impossible(method);
    let chosen = state.method == method && state.layout != Layout::MethodGrid;
    let sense = if why_not.is_some() { Sense::hover() } else { Sense::click() };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width() - 12.0, ROW), sense);
    let painter = ui.painter();
    let ground = if chosen {
        Some(tokens.selected)
    } else if why_not.is_none() && response.hovered() {
        Some(tokens.hover)
    } else {
        None
    };
    if let Some(ground) = ground {
        painter.rect_filled(rect, 4.0, ground);
    }
    if response.has_focus() {
        painter.rect_stroke(rect, 4.0, egui::Stroke::new(1.0, tokens.accent), StrokeKind::Inside);
    }
    let faded = |color: egui::Color32| if why_not.is_some() { color.gamma_multiply(0.6) } else { color };
    let (text, caption) = (FontId::proportional(theme::TEXT), FontId::proportional(theme::CAPTION));
    let (left, right) = (rect.left() + theme::GRID, rect.right() - theme::GRID);
    let (upper, lower) = (rect.top() + 11.0, rect.top() + 26.0);
    let name = painter.text(pos2(left, upper), Align2::LEFT_CENTER, method.name(), text, faded(tokens.text));
    let (line, cost) = (translated(method.line()), method_cost::in_words(method.cost()));
    painter.text(pos2(right, upper), Align2::RIGHT_CENTER, &cost, caption.clone(), faded(tokens.muted));
    painter.text(pos2(left, lower), Align2::LEFT_CENTER, line, caption, faded(tokens.muted));
    let against = method.fails_sanity_check().map(translated);
    if against.is_some() {
        let at = Rect::from_center_size(pos2(name.right() + 14.0, upper), vec2(16.0, 16.0));
        Sign::Caution.paint(painter, at, faded(tokens.warning));
    }
    let mut spoken = format!("{}, {line}, {cost}", method.name());
    let more: Vec<&str> = [against, why_not.as_deref()].into_iter().flatten().collect();
    more.iter().for_each(|words| spoken = format!("{spoken}. {words}"));
    let label = method.name();
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Button, why_not.is_none(), label);
        info.hint_text = Some(spoken.clone());
        info
    });
    let response = if more.is_empty() { response } else { response.on_hover_text(more.join("\n")) };
    if response.clicked() {
        out.push(Command::Overlay(OverlayCommand::SetMethod(method)));
        ui.close();
    }
}
