//! Colour tokens, type and spacing: the only place with colours and sizes of the interface.
//!
//! A reading room is dark and the film is the brightest thing in it, so the interface recedes: neutral greys, one
//! accent, and colour only where it carries data. Light and high contrast are equals of the dark theme, and in all three
//! every text keeps a contrast of 4.5 : 1 or more against what it stands on (WCAG 2.2, 1.4.3).
//!
//! Colour maps of the data are no tokens: they live in `imaging`, so that the report prints the same ones.

use std::sync::Arc;

use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Id, Margin, RichText, Shadow, Stroke, Style,
    TextStyle, Vec2, Visuals,
};

use super::lettering::Fallback;
use super::state::Theme;
use crate::fonts;

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

/// Moves the bar of a scroll area out of its content, into the margin of at least [`GRID`] that stands right of it.
pub fn bar_in_the_margin(ui: &mut egui::Ui) {
    ui.spacing_mut().scroll.bar_outer_margin = 1.0 - GRID;
}

/// The colours of a theme, by what they mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tokens {
    /// Behind everything: the empty centre of the window.
    pub background: Color32,
    pub panel: Color32,
    /// Buttons and fields.
    pub control: Color32,
    /// A control under the pointer.
    pub hover: Color32,
    /// A chosen control: the selected row, the pressed segment.
    pub selected: Color32,
    /// Hairlines.
    pub line: Color32,
    pub text: Color32,
    pub muted: Color32,
    /// Bars above their threshold, focus, links, progress.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    pub warning: Color32,
    /// Groove of bars and sliders.
    pub groove: Color32,
    /// Bars below their threshold.
    pub below: Color32,
    /// Around the film: dark in every theme, for a bright surround hides what is faint.
    pub film: Color32,
    /// Text that lies on the film, and the shadow behind it.
    pub film_text: Color32,
    pub film_shadow: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const FILM_SHADOW: Color32 = Color32::from_rgba_premultiplied(0, 0, 0, 200);

const DARK: Tokens = Tokens {
    background: rgb(0x08_08_09),
    panel: rgb(0x13_13_15),
    control: rgb(0x22_22_25),
    hover: rgb(0x2d_2d_31),
    selected: rgb(0x1e_38_44),
    line: rgb(0x2c_2c_30),
    text: rgb(0xd8_d8_da),
    muted: rgb(0x9c_9c_a2),
    accent: rgb(0x5f_b3_d4),
    on_accent: rgb(0x08_08_09),
    warning: rgb(0xe2_ae_52),
    groove: rgb(0x2d_2d_31),
    below: rgb(0x80_80_86),
    film: rgb(0x08_08_09),
    film_text: rgb(0xe0_e0_e0),
    film_shadow: FILM_SHADOW,
};

const LIGHT: Tokens = Tokens {
    background: rgb(0xd6_d6_d9),
    panel: rgb(0xf3_f3_f4),
    control: rgb(0xe4_e4_e7),
    hover: rgb(0xd8_d8_dc),
    selected: rgb(0xc6_dd_e8),
    line: rgb(0xc6_c6_cb),
    text: rgb(0x1b_1b_1e),
    muted: rgb(0x4e_4e_55),
    accent: rgb(0x08_59_7d),
    on_accent: rgb(0xff_ff_ff),
    warning: rgb(0x79_40_00),
    groove: rgb(0xd2_d2_d7),
    below: rgb(0x70_70_78),
    film: rgb(0x08_08_09),
    film_text: rgb(0xe0_e0_e0),
    film_shadow: FILM_SHADOW,
};

const HIGH_CONTRAST: Tokens = Tokens {
    background: rgb(0x00_00_00),
    panel: rgb(0x00_00_00),
    control: rgb(0x1c_1c_1c),
    hover: rgb(0x36_36_36),
    selected: rgb(0x00_44_60),
    line: rgb(0x9a_9a_9a),
    text: rgb(0xff_ff_ff),
    muted: rgb(0xdc_dc_dc),
    accent: rgb(0x63_d4_ff),
    on_accent: rgb(0x00_00_00),
    warning: rgb(0xff_d0_33),
    groove: rgb(0x4a_4a_4a),
    below: rgb(0xb4_b4_b4),
    film: rgb(0x00_00_00),
    film_text: rgb(0xff_ff_ff),
    film_shadow: FILM_SHADOW,
};

/// Tokens of a theme.
pub fn tokens(theme: Theme) -> Tokens {
    match theme {
        Theme::Dark => DARK,
        Theme::Light => LIGHT,
        Theme::HighContrast => HIGH_CONTRAST,
    }
}

/// Colours of curves, after Okabe and Ito: told apart by the colour-blind too, and by their order from the first on.
pub fn series(theme: Theme) -> [Color32; 7] {
    match theme {
        Theme::Dark | Theme::HighContrast => {
            [0x62_b0_e8, 0xe8_78_4a, 0x35_b8_8c, 0xda_8c_bc, 0xe6_b0_3e, 0xa7_96_e8, 0xb8_b8_bc].map(rgb)
        }
        Theme::Light => [0x00_66_a4, 0xb8_48_00, 0x00_71_55, 0xa0_40_76, 0x8c_5c_00, 0x5f_48_a8, 0x50_50_54].map(rgb),
    }
}

/// Name of a theme in menus.
pub fn name(theme: Theme) -> &'static str {
    match theme {
        Theme::Dark => "Dark",
        Theme::Light => "Light",
        Theme::HighContrast => "High contrast",
    }
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

/// Sets fonts once and the style of `theme`; cheap when nothing changed. Must run before the first frame: egui has no
/// fonts of its own here.
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

    /// Relative luminance of WCAG 2.2.
    fn luminance(c: Color32) -> f64 {
        let linear = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(c.r()) + 0.7152 * linear(c.g()) + 0.0722 * linear(c.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn the_contrast_formula_gives_21_for_black_on_white() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 1e-9);
    }

    #[test]
    fn every_text_stands_out_from_every_ground_by_at_least_4_5_to_1() {
        for theme in Theme::ALL {
            let t = tokens(theme);
            let texts = [("text", t.text), ("muted", t.muted), ("accent", t.accent), ("warning", t.warning)];
            let grounds = [
                ("background", t.background),
                ("panel", t.panel),
                ("control", t.control),
                ("hover", t.hover),
                ("selected", t.selected),
            ];
            for (text, foreground) in texts {
                for (ground, background) in grounds {
                    let ratio = contrast(foreground, background);
                    assert!(ratio >= 4.5, "{theme:?}: {text} on {ground} has {ratio:.2} : 1");
                }
            }
            assert!(contrast(t.on_accent, t.accent) >= 4.5, "{theme:?}: text on the accent");
            assert!(contrast(t.film_text, t.film) >= 7.0, "{theme:?}: text on the film");
        }
    }

    #[test]
    fn bars_can_be_told_from_their_groove_and_from_the_panel() {
        // Graphical objects: 3 : 1 (WCAG 2.2, 1.4.11).
        for theme in Theme::ALL {
            let t = tokens(theme);
            for bar in [t.accent, t.below] {
                assert!(contrast(bar, t.panel) >= 3.0, "{theme:?}: bar on panel");
                assert!(contrast(bar, t.groove) >= 3.0, "{theme:?}: bar on groove {:.2}", contrast(bar, t.groove));
            }
        }
    }

    #[test]
    fn curves_stand_out_from_what_they_are_drawn_on() {
        for theme in Theme::ALL {
            let t = tokens(theme);
            for curve in series(theme) {
                let ratio = contrast(curve, t.panel).min(contrast(curve, t.background));
                assert!(ratio >= 3.0, "{theme:?}: {curve:?} has {ratio:.2} : 1");
            }
        }
    }

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
