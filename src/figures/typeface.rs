//! The typeface of every figure and report: which characters Inter has, and how wide they are.
//!
//! Widths are sums of the advances of single characters: kerning is not applied, and figures are
//! tabular. What Inter lacks is set from a font of the system ([`super::text_runs`]).

use std::sync::LazyLock;

use skrifa::charmap::Charmap;
use skrifa::metrics::GlyphMetrics;
use skrifa::prelude::{LocationRef, Size};
use skrifa::raw::{FontRef, TableProvider as _};
use skrifa::{GlyphId, MetadataProvider as _};

use crate::fonts::{REGULAR as INTER, SEMIBOLD as INTER_SEMIBOLD};

/// Stands for a character that no font has.
pub const BOX: char = '□';

/// Weight of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    Regular,
    SemiBold,
}

impl Weight {
    fn inter(self) -> &'static Inter {
        match self {
            Self::Regular => &REGULAR,
            Self::SemiBold => &SEMI_BOLD,
        }
    }

    /// PostScript name of the face.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Regular => "Inter-Regular",
            Self::SemiBold => "Inter-SemiBold",
        }
    }

    /// The font file.
    pub(super) fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => INTER,
            Self::SemiBold => INTER_SEMIBOLD,
        }
    }
}

/// The tables of a face that are asked again and again; none where the file cannot be read.
struct Inter {
    tables: Option<(Charmap<'static>, GlyphMetrics<'static>)>,
    /// Units of the font in an em.
    em: f32,
}

static REGULAR: LazyLock<Inter> = LazyLock::new(|| Inter::of(Weight::Regular));
static SEMI_BOLD: LazyLock<Inter> = LazyLock::new(|| Inter::of(Weight::SemiBold));

impl Inter {
    fn of(weight: Weight) -> Self {
        let font = FontRef::new(weight.bytes()).ok();
        let tables =
            |font: &FontRef<'static>| (font.charmap(), font.glyph_metrics(Size::unscaled(), LocationRef::default()));
        Self { tables: font.as_ref().map(tables), em: font.as_ref().map_or(1.0, units_per_em) }
    }
}

/// Units of the font in an em, at least one.
pub(super) fn units_per_em(font: &FontRef<'_>) -> f32 {
    font.head().map_or(1000.0, |head| f32::from(head.units_per_em().max(1)))
}

/// Number of the glyph that Inter has for the character.
pub(super) fn glyph(c: char, weight: Weight) -> Option<u16> {
    let (charmap, _) = weight.inter().tables.as_ref()?;
    u16::try_from(charmap.map(c)?.to_u32()).ok().filter(|&glyph| glyph != 0)
}

/// True where Inter has the character.
#[must_use]
pub fn has(c: char, weight: Weight) -> bool {
    glyph(c, weight).is_some()
}

/// True where Inter has every character.
#[must_use]
pub fn has_all(text: &str, weight: Weight) -> bool {
    text.chars().all(|c| has(c, weight))
}

#[cfg(test)]
thread_local! {
    /// Characters whose width this thread has asked for.
    pub(super) static MEASURED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Width of a text in Inter, in parts of the em: the sum of its characters' widths.
pub(super) fn advances(text: &str, weight: Weight) -> f32 {
    #[cfg(test)]
    MEASURED.set(MEASURED.get() + text.chars().count());
    let inter = weight.inter();
    let Some((_, metrics)) = &inter.tables else { return 0.0 };
    let advance = |c: char| {
        let glyph = GlyphId::new(u32::from(glyph(c, weight).unwrap_or(0)));
        metrics.advance_width(glyph).unwrap_or(0.0)
    };
    text.chars().map(advance).sum::<f32>() / inter.em
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fonts_can_be_read_and_figures_are_tabular() {
        for weight in [Weight::Regular, Weight::SemiBold] {
            let one = advances("1", weight) * 10.0;
            assert!(one > 3.0 && one < 9.0, "{one}");
            assert_eq!(one, advances("8", weight) * 10.0);
            assert!(has_all("Łukasz Ж Ω □ ≥", weight) && !has('山', weight));
        }
    }
}
