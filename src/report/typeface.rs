//! The typeface of the report: widths to set text by, and a subset of the font to embed.
//!
//! printpdf embeds whole fonts unless it is built with its HTML engine, so the subset is made here, before it sees the
//! font: the used glyphs in the order of their numbers, `.notdef` first. What Inter lacks is set from a font of the system
//! ([`super::setting`]); what no font has is set as a hollow box, and the report says which characters those are. Kerning is not
//! applied; figures of the font are tabular.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use allsorts::binary::read::ReadScope;
use allsorts::error::ParseError;
use allsorts::font_data::FontData;
use allsorts::outline::{OutlineBuilder as _, OutlineSink};
use allsorts::pathfinder_geometry::line_segment::LineSegment2F;
use allsorts::pathfinder_geometry::vector::Vector2F;
use allsorts::subset::{CmapTarget, SubsetProfile, subset};
use allsorts::tables::glyf::{GlyfVisitorContext, LocaGlyf};
use printpdf::ParsedFont;

use super::{ReportError, setting};
use crate::fonts::{REGULAR as INTER, SEMIBOLD as INTER_SEMIBOLD, is_invisible, system};

/// Stands for a character that the font lacks.
pub const BOX: char = '□';

/// Weight of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    Regular,
    SemiBold,
}

impl Weight {
    fn face(self) -> &'static Face {
        match self {
            Self::Regular => &REGULAR,
            Self::SemiBold => &SEMI_BOLD,
        }
    }
}

struct Face {
    name: &'static str,
    bytes: &'static [u8],
    parsed: Option<ParsedFont>,
}

static REGULAR: LazyLock<Face> = LazyLock::new(|| Face::new("Inter-Regular", INTER));
static SEMI_BOLD: LazyLock<Face> = LazyLock::new(|| Face::new("Inter-SemiBold", INTER_SEMIBOLD));

impl Face {
    fn new(name: &'static str, bytes: &'static [u8]) -> Self {
        Self { name, bytes, parsed: ParsedFont::from_bytes(bytes, 0, &mut Vec::new()) }
    }

    fn glyph(&self, character: char) -> Option<u16> {
        self.parsed.as_ref()?.lookup_glyph_index(character as u32).filter(|&glyph| glyph != 0)
    }
}

/// The text as it can be set: what neither Inter nor a font of the system has becomes a box, control characters become blanks.
pub fn settable(text: &str, weight: Weight) -> String {
    let set = |c: char| match c {
        c if c.is_control() => ' ',
        c if has(c, weight) || is_invisible(c) || system::face_for(c).is_some() => c,
        _ => BOX,
    };
    text.chars().map(set).collect()
}

/// True where Inter has the character.
pub fn has(c: char, weight: Weight) -> bool {
    weight.face().glyph(c).is_some()
}

/// True where Inter has every character.
pub fn has_all(text: &str, weight: Weight) -> bool {
    text.chars().all(|c| has(c, weight))
}

/// Width of a text in points.
pub fn width(text: &str, size: f32, weight: Weight) -> f32 {
    setting::runs(text, weight).iter().map(|run| setting::width(run, weight)).sum::<f32>() * size
}

#[cfg(test)]
thread_local! {
    /// Characters whose width this thread has asked for.
    pub static MEASURED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Width of a text in Inter, in parts of the em. Kerning is not applied, so it is the sum of its characters' widths.
pub fn advances(text: &str, weight: Weight) -> f32 {
    #[cfg(test)]
    MEASURED.set(MEASURED.get() + text.chars().count());
    let Some(font) = &weight.face().parsed else { return 0.0 };
    let advance = |c: char| {
        let glyph = font.lookup_glyph_index(c as u32).unwrap_or(0);
        f32::from(font.get_glyph_width(glyph).unwrap_or(0))
    };
    text.chars().map(advance).sum::<f32>() / f32::from(font.units_per_em.max(1))
}

/// A font that holds the glyphs of `characters` and nothing else, ready for printpdf.
pub fn embedded(weight: Weight, characters: &BTreeSet<char>) -> Result<ParsedFont, ReportError> {
    let face = weight.face();
    // Several characters can share a glyph.
    let wanted: Vec<(char, u16)> = characters.iter().filter_map(|&c| Some((c, face.glyph(c)?))).collect();
    let glyphs = wanted.iter().map(|&(_, glyph)| glyph).collect();
    let (mut font, numbers) = part_of(face.name, face.bytes, 0, &glyphs)?;
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
) -> Result<(ParsedFont, HashMap<u16, u16>), ReportError> {
    let failed = |reason: &str| ReportError::Font(format!("{name}: {reason}"));
    // Glyph ids must be unique and start with .notdef; a glyph's place in the list is its number in the subset.
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

/// The shapes of letters, for those who draw them as pixels. Each is read once.
#[derive(Default)]
pub struct Outlines {
    glyphs: HashMap<(Weight, char), Vec<Vec<[f32; 2]>>>,
    tables: HashMap<Weight, LocaGlyf>,
}

impl Outlines {
    /// Rings of a text of this size whose first baseline point is `at`; `y` runs down. Fill them by the non-zero rule.
    pub fn text(
        &mut self,
        text: &str,
        weight: Weight,
        size: f32,
        at: [f32; 2],
    ) -> Result<Vec<Vec<[f32; 2]>>, ReportError> {
        let mut rings = Vec::new();
        let mut x = at[0];
        // Charts hold no names of patients: what Inter lacks stays a box.
        for c in text.chars().map(|c| if has(c, weight) { c } else { BOX }) {
            let placed = |[dx, dy]: &[f32; 2]| [x + dx * size, at[1] - dy * size];
            rings.extend(self.glyph(c, weight)?.iter().map(|ring| ring.iter().map(placed).collect::<Vec<_>>()));
            x += advances(c.encode_utf8(&mut [0; 4]), weight) * size;
        }
        Ok(rings)
    }

    /// Rings of one letter in parts of the em; `y` runs up.
    fn glyph(&mut self, c: char, weight: Weight) -> Result<&[Vec<[f32; 2]>], ReportError> {
        if !self.glyphs.contains_key(&(weight, c)) {
            let face = weight.face();
            let failed = |e: ParseError| ReportError::Font(format!("{}: {e}", face.name));
            let table = match self.tables.entry(weight) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let file = ReadScope::new(face.bytes).read::<FontData<'_>>().map_err(failed)?;
                    let tables =
                        file.table_provider(0).map_err(|e| ReportError::Font(format!("{}: {e}", face.name)))?;
                    entry.insert(LocaGlyf::load(&tables).map_err(failed)?)
                }
            };
            let em = face.parsed.as_ref().map_or(1.0, |font| f32::from(font.units_per_em.max(1)));
            let mut rings = Rings { em, rings: Vec::new() };
            if let Some(glyph) = face.glyph(c) {
                GlyfVisitorContext::new(table, None).visit(glyph, None, &mut rings).map_err(failed)?;
            }
            self.glyphs.insert((weight, c), rings.rings);
        }
        Ok(self.glyphs.get(&(weight, c)).map_or(&[], Vec::as_slice))
    }
}

/// Collects an outline as polygons.
struct Rings {
    em: f32,
    rings: Vec<Vec<[f32; 2]>>,
}

impl Rings {
    fn point(&self, v: Vector2F) -> [f32; 2] {
        [v.x() / self.em, v.y() / self.em]
    }

    fn push(&mut self, point: [f32; 2]) {
        if let Some(ring) = self.rings.last_mut() {
            ring.push(point);
        }
    }

    fn last(&self) -> [f32; 2] {
        self.rings.last().and_then(|ring| ring.last()).copied().unwrap_or_default()
    }
}

impl OutlineSink for Rings {
    fn move_to(&mut self, to: Vector2F) {
        self.rings.push(vec![self.point(to)]);
    }

    fn line_to(&mut self, to: Vector2F) {
        self.push(self.point(to));
    }

    fn quadratic_curve_to(&mut self, control: Vector2F, to: Vector2F) {
        const STEPS: u8 = 6;
        let (from, control, to) = (self.last(), self.point(control), self.point(to));
        for step in 1..=STEPS {
            let t = f32::from(step) / f32::from(STEPS);
            let at = |i: usize| (1.0 - t).powi(2) * from[i] + 2.0 * t * (1.0 - t) * control[i] + t * t * to[i];
            self.push([at(0), at(1)]);
        }
    }

    fn cubic_curve_to(&mut self, control: LineSegment2F, to: Vector2F) {
        // TrueType has none; its chord keeps the outline closed.
        self.push(self.point(control.to()));
        self.push(self.point(to));
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fonts::{SystemFonts, missing};

    #[test]
    fn the_fonts_can_be_read_and_figures_are_tabular() {
        for weight in [Weight::Regular, Weight::SemiBold] {
            let one = width("1", 10.0, weight);
            assert!(one > 3.0 && one < 9.0, "{one}");
            assert_eq!(one, width("8", 10.0, weight));
        }
    }

    #[test]
    fn a_subset_is_a_small_part_of_the_font_and_keeps_widths() {
        let characters: BTreeSet<char> = "Пневмония Ωμέγα 0.74 ±é".chars().collect();
        for weight in [Weight::Regular, Weight::SemiBold] {
            let font = embedded(weight, &characters).unwrap();
            assert!(font.original_bytes.len() < 30_000, "{}", font.original_bytes.len());
            for &c in &characters {
                let glyph = font.lookup_glyph_index(c as u32).unwrap();
                let points = f32::from(font.get_glyph_width(glyph).unwrap()) * 10.0 / f32::from(font.units_per_em);
                assert!((points - width(&c.to_string(), 10.0, weight)).abs() < 1e-3, "{c}");
            }
        }
    }

    #[test]
    fn what_no_font_has_is_boxed() {
        system::with(SystemFonts::none(), || {
            assert_eq!(settable("山田 Tarou\n", Weight::Regular), "□□ Tarou ");
            assert!(missing(&BOX.to_string()).is_empty());
        });
    }
}
