//! Letters as they are joined and stacked: glyphs of a face with their places.

use harfrust::{BufferFlags, Direction, ShapeOptions, ShaperData, UnicodeBuffer};
use skrifa::raw::TableProvider as _;

use super::Face;

/// A glyph; lengths in parts of the em.
#[derive(Clone, Debug, PartialEq)]
pub struct Glyph {
    pub id: u16,
    pub advance: f32,
    /// Where it is drawn, right of and above its place.
    pub offset: [f32; 2],
    /// The characters that it stands for; empty for further glyphs of the same ones.
    pub text: String,
}

/// The glyphs of a text in one face, from left to right.
#[must_use]
pub fn shape(face: &Face, text: &str, right_to_left: bool) -> Vec<Glyph> {
    let Some(font) = face.font() else { return Vec::new() };
    let em = font.head().map_or(1000.0, |head| f32::from(head.units_per_em().max(1)));
    let data = ShaperData::new(&font);
    let shaper = data.shaper(&font).build();
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.set_flags(BufferFlags::BEGINNING_OF_TEXT | BufferFlags::END_OF_TEXT);
    buffer.guess_segment_properties();
    buffer.set_direction(if right_to_left { Direction::RightToLeft } else { Direction::LeftToRight });
    let shaped = shaper.shape(buffer, ShapeOptions::new());
    let (infos, places) = (shaped.glyph_infos(), shaped.glyph_positions());
    let mut starts: Vec<usize> = infos.iter().map(|info| info.cluster as usize).chain([text.len()]).collect();
    starts.sort_unstable();
    starts.dedup();
    let mut last = None;
    let glyph = |(info, place): (&harfrust::GlyphInfo, &harfrust::GlyphPosition)| {
        let start = info.cluster as usize;
        let end = starts.get(starts.partition_point(|&s| s <= start)).copied().unwrap_or(text.len());
        let first = last != Some(start);
        last = Some(start);
        Glyph {
            id: u16::try_from(info.glyph_id).unwrap_or(0),
            advance: place.x_advance as f32 / em,
            offset: [place.x_offset as f32 / em, place.y_offset as f32 / em],
            text: if first { text.get(start..end).unwrap_or_default().to_owned() } else { String::new() },
        }
    };
    infos.iter().zip(places).map(glyph).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fonts::REGULAR;

    #[test]
    fn every_character_belongs_to_one_glyph_and_lengths_are_parts_of_the_em() {
        let inter = Face::new("Inter", Arc::new(REGULAR.to_vec()), 0).unwrap();
        let glyphs = shape(&inter, "e\u{301}a 7", false);
        assert_eq!(glyphs.iter().map(|g| g.text.as_str()).collect::<String>(), "e\u{301}a 7");
        assert!(glyphs.iter().all(|g| g.advance >= 0.0 && g.advance < 1.5), "{glyphs:?}");
        let back: String = shape(&inter, "abc", true).iter().map(|g| g.text.clone()).collect();
        assert_eq!(back, "cba");
    }
}
