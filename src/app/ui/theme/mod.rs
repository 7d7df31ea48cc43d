//! Colours, type and spacing: the only place with colours and sizes of the interface.
//!
//! A reading room is dark and the image is the brightest thing in it, so the interface recedes:
//! neutral greys, one accent, and colour only where it carries data. Light and high contrast are
//! equals of the dark theme.
//!
//! Colour maps of the data are no tokens: they live in `imaging`, so that the report prints the
//! same ones.

mod tokens;

use std::sync::Arc;

use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Id, Margin, RichText, Shadow, Stroke, Style,
    TextStyle, Vec2, Visuals,
};

use super::lettering::Fallback;
use crate::app::state::Theme;
use crate::fonts;

pub use tokens::{Tokens, series, tokens};

/// Regular face: Inter with tabular figures.
pub const REGULAR: &[u8] = fonts::REGULAR;
/// Semibold face of the same family.
pub const SEMIBOLD: &[u8] = fonts::SEMIBOLD;

/// Size of running text, in points.
pub const TEXT: f32 = 13.0;
/// Size of captions.
pub const CAPTION: f32 = 11.0;
/// Size of headings.
pub const HEADING: f32 = 16.0;
/// The grid that everything sits on.
pub const GRID: f32 = 8.0;
/// Height of the toolbar.
pub const TOOLBAR_HEIGHT: f32 = 40.0;
/// Height of the status bar.
pub const STATUS_HEIGHT: f32 = 24.0;

/// Moves the bar of a scroll area out of its content, into the margin of at least [`GRID`] that
/// stands right of it.
pub fn bar_in_the_margin(ui: &mut egui::Ui) {
    ui.spacing_mut().scroll.bar_outer_margin = 1.0 - GRID;
}

/// The family of the semibold face.
pub fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// Text of a caption, muted.
pub fn caption(text: impl Into<String>, tokens: &Tokens) -> RichText {
    RichText::new(text).size(CAPTION).color(tokens.muted)
}

/// Text in the semibold face, in the size of running text.
pub fn strong(text: impl Into<String>, tokens: &Tokens) -> RichText {
    RichText::new(text).family(semibold()).size(TEXT).color(tokens.text)
}

/// Text of a heading.
pub fn heading(text: impl Into<String>, tokens: &Tokens) -> RichText {
    RichText::new(text).family(semibold()).size(HEADING).color(tokens.text)
}

/// Title of a part of a panel: a semibold caption.
pub fn section(text: impl Into<String>, tokens: &Tokens) -> RichText {
    RichText::new(text).family(semibold()).size(CAPTION).color(tokens.muted)
}

/// Sets fonts once and the style of `theme`; cheap when nothing changed. Must run before the first
/// frame: egui has no fonts of its own here.
pub fn install(ctx: &egui::Context, theme: Theme) {
    let key = Id::unique("pellucid theme");
    let before = ctx.data(|data| data.get_temp::<Theme>(key));
    if before == Some(theme) {
        return;
    }
    if before.is_none() {
        ctx.set_fonts(typeface());
        Fallback::install(ctx);
    }
    let style = Arc::new(style(theme));
    ctx.set_style_of(egui::Theme::Dark, style.clone());
    ctx.set_style_of(egui::Theme::Light, style);
    ctx.data_mut(|data| data.insert_temp(key, theme));
}

/// Draws everything at a scale; cheap when nothing changed. The keys for it are commands of ours.
pub fn scale(ctx: &egui::Context, scale: f32) {
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
    ctx.set_zoom_factor(scale);
}

fn typeface() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    fonts.font_data.insert("regular".into(), Arc::new(FontData::from_static(REGULAR)));
    fonts.font_data.insert("semibold".into(), Arc::new(FontData::from_static(SEMIBOLD)));
    fonts.families.insert(FontFamily::Proportional, vec!["regular".into()]);
    fonts.families.insert(FontFamily::Monospace, vec!["regular".into()]);
    fonts.families.insert(semibold(), vec!["semibold".into()]);
    fonts
}

fn style(theme: Theme) -> Style {
    let t = tokens(theme);
    let mut style = Style {
        text_styles: [
            (TextStyle::Small, FontId::proportional(CAPTION)),
            (TextStyle::Body, FontId::proportional(TEXT)),
            (TextStyle::Button, FontId::proportional(TEXT)),
            (TextStyle::Monospace, FontId::monospace(TEXT)),
            (TextStyle::Heading, FontId::new(HEADING, semibold())),
        ]
        .into(),
        visuals: visuals(theme, &t),
        // Nothing moves unless the reader moves it.
        animation_time: 0.0,
        ..Style::default()
    };
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::new(GRID, GRID / 2.0);
    spacing.button_padding = Vec2::new(GRID, GRID / 2.0);
    spacing.interact_size = Vec2::new(3.0 * GRID, 3.0 * GRID);
    spacing.menu_margin = Margin::same(GRID as i8);
    spacing.window_margin = Margin::same(2 * GRID as i8);
    spacing.indent = 2.0 * GRID;
    spacing.icon_width = 2.0 * GRID;
    spacing.icon_width_inner = GRID + 2.0;
    spacing.icon_spacing = GRID;
    spacing.slider_rail_height = 4.0;
    spacing.tooltip_width = 360.0;
    spacing.scroll.bar_width = GRID;
    style.interaction.selectable_labels = false;
    style
}

fn visuals(theme: Theme, t: &Tokens) -> Visuals {
    let strong = theme == Theme::HighContrast;
    let mut v = if theme == Theme::Light { Visuals::light() } else { Visuals::dark() };
    let radius = CornerRadius::same(4);
    let quiet = if strong { Stroke::new(1.0, t.line) } else { Stroke::NONE };
    let w = &mut v.widgets;
    for state in [&mut w.noninteractive, &mut w.inactive, &mut w.hovered, &mut w.active, &mut w.open] {
        state.corner_radius = radius;
        state.expansion = 0.0;
        state.fg_stroke = Stroke::new(1.0, t.text);
        state.bg_stroke = quiet;
        state.bg_fill = t.control;
        state.weak_bg_fill = t.control;
    }
    w.noninteractive.bg_fill = t.panel;
    w.noninteractive.weak_bg_fill = t.panel;
    w.noninteractive.bg_stroke = Stroke::new(1.0, t.line);
    w.inactive.bg_fill = t.groove;
    for state in [&mut w.hovered, &mut w.active, &mut w.open] {
        state.bg_fill = t.hover;
        state.weak_bg_fill = t.hover;
    }
    w.hovered.bg_stroke = Stroke::new(1.0, if strong { t.text } else { t.hover });
    // Pressed, and where the keyboard is.
    w.active.bg_stroke = Stroke::new(1.0, t.accent);
    v.selection.bg_fill = t.selected;
    v.selection.stroke = Stroke::new(1.0, t.text);
    v.weak_text_color = Some(t.muted);
    v.hyperlink_color = t.accent;
    v.faint_bg_color = t.control;
    v.extreme_bg_color = t.background;
    v.text_edit_bg_color = Some(t.control);
    v.code_bg_color = t.control;
    v.warn_fg_color = t.warning;
    v.error_fg_color = t.warning;
    v.panel_fill = t.panel;
    v.window_fill = t.panel;
    v.window_stroke = Stroke::new(1.0, t.line);
    v.window_corner_radius = CornerRadius::same(8);
    v.menu_corner_radius = CornerRadius::same(6);
    v.window_shadow = Shadow { offset: [0, 8], blur: 24, spread: 0, color: Color32::from_black_alpha(110) };
    v.popup_shadow = Shadow { offset: [0, 4], blur: 12, spread: 0, color: Color32::from_black_alpha(90) };
    v.text_cursor.blink = false;
    v.text_cursor.stroke = Stroke::new(2.0, t.accent);
    v.slider_trailing_fill = true;
    v.handle_shape = egui::style::HandleShape::Circle;
    v.indent_has_left_vline = false;
    v.image_loading_spinners = false;
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_tabular_so_that_a_number_never_changes_its_width() {
        let ctx = egui::Context::default();
        install(&ctx, Theme::Dark);
        let mut widths = Vec::new();
        let output = ctx.run_ui(egui::RawInput::default(), |ui| {
            for family in [FontFamily::Proportional, semibold()] {
                widths.clear();
                for digits in ["0.000", "0.111", "0.741", "0.984"] {
                    let font = FontId::new(TEXT, family.clone());
                    widths.push(ui.painter().layout_no_wrap(digits.into(), font, Color32::WHITE).size().x);
                }
                assert!(widths.iter().all(|w| (w - widths[0]).abs() < 0.01), "{widths:?}");
            }
        });
        output.drop_without_applying_deltas();
    }
}
