//! The part of a font that a PDF embeds: the glyphs that it uses, and `.notdef`.
//!
//! printpdf embeds whole fonts unless it is built with its HTML engine, so the subset is made here,
//! before it sees the font: the used glyphs in the order of their numbers, `.notdef` first.

use std::collections::{BTreeSet, HashMap};

use allsorts::binary::read::ReadScope;
use allsorts::font_data::FontData;
use allsorts::subset::{CmapTarget, SubsetProfile, subset};
use printpdf::ParsedFont;

use super::FigureError;
use super::typeface::{Weight, glyph};

/// A part of Inter that holds the glyphs of `characters` and nothing else, ready for printpdf.
pub fn embedded(weight: Weight, characters: &BTreeSet<char>) -> Result<ParsedFont, FigureError> {
    // Several characters can share a glyph.
    let wanted: Vec<(char, u16)> = characters.iter().filter_map(|&c| Some((c, glyph(c, weight)?))).collect();
    let glyphs = wanted.iter().map(|&(_, glyph)| glyph).collect();
    let (mut font, numbers) = part_of(weight.name(), weight.bytes(), 0, &glyphs)?;
    // The subset's own character map may lack some.
    font.codepoint_to_glyph = wanted.iter().filter_map(|&(c, glyph)| Some((c as u32, *numbers.get(&glyph)?))).collect();
    Ok(font)
}

/// A font that holds these glyphs of a face and `.notdef`, and the numbers that they have in it.
pub fn part_of(
    name: &str,
    file: &[u8],
    index: usize,
    wanted: &BTreeSet<u16>,
) -> Result<(ParsedFont, HashMap<u16, u16>), FigureError> {
    let failed = |reason: &str| FigureError::Font(format!("{name}: {reason}"));
    // Glyph ids must be unique and start with .notdef; a glyph's place in the list is its number in
    // the subset.
    let glyphs: Vec<u16> = std::iter::once(0).chain(wanted.iter().copied().filter(|&glyph| glyph != 0)).collect();
    let file = ReadScope::new(file).read::<FontData<'_>>().map_err(|e| failed(&e.to_string()))?;
    let tables = file.table_provider(index).map_err(|e| failed(&e.to_string()))?;
    let bytes =
        subset(&tables, &glyphs, &SubsetProfile::Pdf, CmapTarget::Unicode).map_err(|e| failed(&e.to_string()))?;
    let mut font =
        ParsedFont::from_bytes(&bytes, 0, &mut Vec::new()).ok_or_else(|| failed("the subset cannot be read"))?;
    font.font_name = Some(format!("{}+{name}", tag(&glyphs)));
    let numbers = glyphs.iter().enumerate().filter_map(|(i, &glyph)| Some((glyph, u16::try_from(i).ok()?))).collect();
    Ok((font, numbers))
}

/// Six capital letters that mark a subset (ISO 32000-1, 9.6.4), from its glyphs.
fn tag(glyphs: &[u16]) -> String {
    let mut hash = glyphs
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &glyph| (hash ^ u64::from(glyph)).wrapping_mul(0x0100_0000_01b3));
    (0..6)
        .map(|_| {
            let letter = char::from(b'A' + (hash % 26) as u8);
            hash /= 26;
            letter
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::typeface::advances;

    #[test]
    fn a_subset_is_a_small_part_of_the_font_and_keeps_widths() {
        let characters: BTreeSet<char> = "Пневмония Ωμέγα 0.74 ±é".chars().collect();
        for weight in [Weight::Regular, Weight::SemiBold] {
            let font = embedded(weight, &characters).unwrap();
            assert!(font.original_bytes.len() < 30_000, "{}", font.original_bytes.len());
            for &c in &characters {
                let glyph = font.lookup_glyph_index(c as u32).unwrap();
                let points = f32::from(font.get_glyph_width(glyph).unwrap()) * 10.0 / f32::from(font.units_per_em);
                assert!((points - advances(&c.to_string(), weight) * 10.0).abs() < 1e-3, "{c}");
            }
        }
    }
}
