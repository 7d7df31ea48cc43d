//! Colours of the interface, by what they mean.
//!
//! In all three themes every text keeps a contrast of 4.5 : 1 or more against what it stands on
//! (WCAG 2.2, 1.4.3).

use egui::Color32;

use crate::app::state::Theme;

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
    /// Around the image: dark in every theme, for a bright surround hides what is faint.
    pub image_ground: Color32,
    /// Text that lies on the image, and the shadow behind it.
    pub image_text: Color32,
    pub image_shadow: Color32,
    /// Measurements on the image, and the chosen one.
    pub image_mark: Color32,
    pub image_chosen: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const IMAGE_SHADOW: Color32 = Color32::from_rgba_premultiplied(0, 0, 0, 200);
const IMAGE_MARK: Color32 = rgb(0xff_d2_4a);
const IMAGE_CHOSEN: Color32 = rgb(0x7c_e0_ff);

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
    image_ground: rgb(0x08_08_09),
    image_text: rgb(0xe0_e0_e0),
    image_shadow: IMAGE_SHADOW,
    image_mark: IMAGE_MARK,
    image_chosen: IMAGE_CHOSEN,
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
    image_ground: rgb(0x08_08_09),
    image_text: rgb(0xe0_e0_e0),
    image_shadow: IMAGE_SHADOW,
    image_mark: IMAGE_MARK,
    image_chosen: IMAGE_CHOSEN,
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
    image_ground: rgb(0x00_00_00),
    image_text: rgb(0xff_ff_ff),
    image_shadow: IMAGE_SHADOW,
    image_mark: IMAGE_MARK,
    image_chosen: IMAGE_CHOSEN,
};

/// Tokens of a theme.
pub fn tokens(theme: Theme) -> Tokens {
    match theme {
        Theme::Dark => DARK,
        Theme::Light => LIGHT,
        Theme::HighContrast => HIGH_CONTRAST,
    }
}

/// Colours of curves, after Okabe and Ito: told apart by the colour-blind too, and by their order
/// from the first on.
pub fn series(theme: Theme) -> [Color32; 7] {
    match theme {
        Theme::Dark | Theme::HighContrast => {
            [0x62_b0_e8, 0xe8_78_4a, 0x35_b8_8c, 0xda_8c_bc, 0xe6_b0_3e, 0xa7_96_e8, 0xb8_b8_bc].map(rgb)
        }
        Theme::Light => [0x00_66_a4, 0xb8_48_00, 0x00_71_55, 0xa0_40_76, 0x8c_5c_00, 0x5f_48_a8, 0x50_50_54].map(rgb),
    }
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
            for text in [t.image_text, t.image_mark, t.image_chosen] {
                assert!(contrast(text, t.image_ground) >= 7.0, "{theme:?}: text on the image");
            }
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
}
