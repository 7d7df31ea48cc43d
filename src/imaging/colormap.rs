//! Colour maps: a number between 0 and 1 becomes a colour with a transparency.
//!
//! Perceptual maps come first, because equal steps of the value look like equal steps of the colour
//! and because they survive a grey printer and colour blindness. Jet is the last one, for
//! comparison with papers only: its yellow and cyan bands draw edges where the data has none
//! (Borland & Taylor, IEEE CG&A 27(2), 2007).
//!
//! A map carries no meaning here: thresholds, opacity and the image below are the business of
//! [`super::overlay`].

use std::sync::LazyLock;

use super::colormap_tables::{INFERNO, MAGMA, VIRIDIS};

/// Straight (not premultiplied) sRGB with alpha.
pub type Rgba = [u8; 4];
/// A colour map: entry `i` stands for the value `i / 255`.
pub type Table = [Rgba; 256];

/// The colour maps that a reader can choose, in the order of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColorMap {
    /// Dark violet to yellow, opaque.
    Viridis,
    /// Black to pale yellow, opaque.
    Magma,
    /// Glowing embers: low values are transparent, high ones run from red to pale yellow.
    Ember,
    /// Signed: 0 is −1 (blue), 0.5 is a transparent zero, 1 is +1 (orange). For A − B.
    Difference,
    /// The rainbow of old papers.
    Jet,
}

impl ColorMap {
    /// Every map, in the order of the menu.
    pub const ALL: [Self; 5] = [Self::Viridis, Self::Magma, Self::Ember, Self::Difference, Self::Jet];
    /// The maps for values that start at zero: what the reader chooses from for a heat map.
    pub const SEQUENTIAL: [Self; 4] = [Self::Viridis, Self::Magma, Self::Ember, Self::Jet];

    /// Name in settings, in JSON and on the command line.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Viridis => "viridis",
            Self::Magma => "magma",
            Self::Ember => "ember",
            Self::Difference => "difference",
            Self::Jet => "jet",
        }
    }

    /// Name in menus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viridis => "Viridis",
            Self::Magma => "Magma",
            Self::Ember => "Ember (low values transparent)",
            Self::Difference => "Difference (blue to orange)",
            Self::Jet => "Jet (as in older papers)",
        }
    }

    /// The map of this key, if there is one.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|map| map.key() == key)
    }

    /// True when the middle of the map stands for zero.
    #[must_use]
    pub fn is_signed(self) -> bool {
        self == Self::Difference
    }

    /// The 256 colours.
    #[must_use]
    pub fn table(self) -> &'static Table {
        &TABLES[self as usize]
    }

    /// Colour of `value` (0–1; what lies outside, and NaN, is clamped to the ends).
    #[must_use]
    pub fn color(self, value: f32) -> Rgba {
        // A NaN becomes 0 in the cast.
        self.table()[(value.clamp(0.0, 1.0) * 255.0).round() as usize]
    }
}

static TABLES: LazyLock<[Table; 5]> =
    LazyLock::new(|| ColorMap::ALL.map(|map| std::array::from_fn(|i| entry(map, i as f32 / 255.0))));

fn entry(map: ColorMap, value: f32) -> Rgba {
    match map {
        ColorMap::Viridis => opaque(published(VIRIDIS, value)),
        ColorMap::Magma => opaque(published(MAGMA, value)),
        ColorMap::Ember => {
            // The dark quarter of inferno would only darken the image: it is what transparency
            // stands for here.
            let [r, g, b] = published(INFERNO, 0.3 + 0.7 * value);
            [r, g, b, byte(smoothstep(value / 0.75))]
        }
        ColorMap::Difference => {
            // Okabe & Ito's colours: told apart with every common colour vision deficiency.
            let signed = 2.0 * value - 1.0;
            let size = signed.abs();
            let (near, far) = if signed < 0.0 {
                ([86.0, 180.0, 233.0], [0.0, 114.0, 178.0])
            } else {
                ([230.0, 159.0, 0.0], [213.0, 94.0, 0.0])
            };
            let [r, g, b] = std::array::from_fn(|c| (near[c] + (far[c] - near[c]) * size) as u8);
            [r, g, b, if size < 1.5 / 255.0 { 0 } else { byte(smoothstep(size / 0.75)) }]
        }
        ColorMap::Jet => opaque(jet(value)),
    }
}

fn opaque([r, g, b]: [u8; 3]) -> Rgba {
    [r, g, b, 255]
}

/// The nearest of the 256 published colours.
fn published(table: &str, value: f32) -> [u8; 3] {
    let start = 6 * (value.clamp(0.0, 1.0) * 255.0).round() as usize;
    let digit = |i: usize| char::from(table.as_bytes()[start + i]).to_digit(16).unwrap_or(0) as u8;
    std::array::from_fn(|c| digit(2 * c) * 16 + digit(2 * c + 1))
}

/// matplotlib's segments of jet, which are those of MATLAB up to the end points.
fn jet(value: f32) -> [u8; 3] {
    const RED: &[(f32, f32)] = &[(0.0, 0.0), (0.35, 0.0), (0.66, 1.0), (0.89, 1.0), (1.0, 0.5)];
    const GREEN: &[(f32, f32)] = &[(0.0, 0.0), (0.125, 0.0), (0.375, 1.0), (0.64, 1.0), (0.91, 0.0), (1.0, 0.0)];
    const BLUE: &[(f32, f32)] = &[(0.0, 0.5), (0.11, 1.0), (0.34, 1.0), (0.65, 0.0), (1.0, 0.0)];
    [RED, GREEN, BLUE].map(|anchors| byte(between(anchors, value)))
}

/// Linear interpolation between anchors `(position, value)` in rising order.
fn between(anchors: &[(f32, f32)], x: f32) -> f32 {
    for pair in anchors.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        if x <= x1 {
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0);
        }
    }
    anchors.last().map_or(0.0, |a| a.1)
}

fn smoothstep(x: f32) -> f32 {
    let x = x.clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

fn byte(x: f32) -> u8 {
    (x.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance([r, g, b, _]: Rgba) -> f32 {
        let linear = |v: u8| {
            let v = f32::from(v) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    #[test]
    fn the_ends_are_those_of_the_published_tables() {
        assert_eq!(ColorMap::Viridis.color(0.0), [68, 1, 84, 255]);
        assert_eq!(ColorMap::Viridis.color(1.0), [253, 231, 37, 255]);
        assert_eq!(ColorMap::Magma.color(0.0), [0, 0, 4, 255]);
        assert_eq!(ColorMap::Magma.color(1.0), [252, 253, 191, 255]);
        assert_eq!(ColorMap::Jet.color(0.0), [0, 0, 128, 255]);
        assert_eq!(ColorMap::Jet.color(1.0), [128, 0, 0, 255]);
    }

    #[test]
    fn the_middle_of_viridis_is_teal() {
        // matplotlib.colormaps["viridis"](128), rounded.
        assert_eq!(ColorMap::Viridis.table()[128], [33, 145, 140, 255]);
    }

    #[test]
    fn perceptual_maps_grow_brighter_all_the_way() {
        for map in [ColorMap::Viridis, ColorMap::Magma, ColorMap::Ember] {
            let lightness: Vec<f32> = map.table().iter().map(|&c| luminance(c)).collect();
            assert!(lightness.windows(2).all(|w| w[1] >= w[0] - 2e-3), "{map:?}");
        }
    }

    #[test]
    fn ember_leaves_low_values_transparent() {
        let table = ColorMap::Ember.table();
        assert_eq!(table[0][3], 0);
        assert!(table[20][3] < 10);
        assert_eq!(table[255][3], 255);
        assert!(table.windows(2).all(|w| w[1][3] >= w[0][3]));
    }

    #[test]
    fn the_difference_map_is_transparent_at_zero_and_symmetric() {
        let map = ColorMap::Difference;
        assert_eq!(map.color(0.5)[3], 0);
        for i in 0..128 {
            assert_eq!(map.table()[i][3], map.table()[255 - i][3]);
        }
        let (minus, plus) = (map.color(0.0), map.color(1.0));
        assert!(minus[2] > minus[0] && plus[0] > plus[2]);
    }

    #[test]
    fn values_outside_are_clamped_and_nan_is_the_low_end() {
        assert_eq!(ColorMap::Viridis.color(-3.0), ColorMap::Viridis.color(0.0));
        assert_eq!(ColorMap::Viridis.color(7.0), ColorMap::Viridis.color(1.0));
        assert_eq!(ColorMap::Viridis.color(f32::NAN), ColorMap::Viridis.color(0.0));
    }

    #[test]
    fn every_map_is_found_by_its_key() {
        for map in ColorMap::ALL {
            assert_eq!(ColorMap::from_key(map.key()), Some(map));
        }
        assert_eq!(ColorMap::ALL.last(), Some(&ColorMap::Jet));
        assert_eq!(ColorMap::from_key("parula"), None);
    }
}
