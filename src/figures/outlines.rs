//! The outlines of a line of text, for those who fill them as pixels.
//!
//! Letters stand where the layout put them, unhinted and at parts of a pixel, so PNG, SVG and PDF
//! agree. Fill the path by the non-zero rule, as TrueType asks.

use skrifa::outline::{DrawSettings, OutlineGlyphCollection, OutlinePen};
use skrifa::prelude::{LocationRef, Size};
use skrifa::raw::FontRef;
use skrifa::{GlyphId, MetadataProvider as _};
use tiny_skia::{Path, PathBuilder};

use super::layout::TextStyle;
use super::text_runs::{Run, runs};
use super::typeface::{self, BOX, Weight, units_per_em};

/// The outline of a text whose baseline begins at `x`, `y`; lengths in points, `y` runs down.
/// `None` where nothing is seen of it.
pub(super) fn outline(text: &str, style: TextStyle, [mut x, y]: [f32; 2]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for run in runs(text, style.weight) {
        match &run {
            Run::Own(text) => own(&mut path, text, style, [x, y]),
            Run::Other(shaped) => {
                let mut x = x;
                let font = shaped.face.font();
                for glyph in &shaped.glyphs {
                    let [dx, dy] = glyph.offset.map(|offset| offset * style.size);
                    if let Some(font) = &font {
                        Letters::of(font, style.size).draw(&mut path, glyph.id, [x + dx, y - dy]);
                    }
                    x += glyph.advance * style.size;
                }
            }
        }
        x += run.width(style.weight) * style.size;
    }
    path.finish()
}

/// A run in Inter; a character that it lacks is a box.
fn own(path: &mut PathBuilder, text: &str, style: TextStyle, [mut x, y]: [f32; 2]) {
    let Ok(font) = FontRef::new(style.weight.bytes()) else { return };
    let letters = Letters::of(&font, style.size);
    let glyph = |c: char, weight: Weight| typeface::glyph(c, weight).or_else(|| typeface::glyph(BOX, weight));
    for c in text.chars() {
        if let Some(glyph) = glyph(c, style.weight) {
            letters.draw(path, glyph, [x, y]);
        }
        x += typeface::advances(c.encode_utf8(&mut [0; 4]), style.weight) * style.size;
    }
}

/// The glyphs of a font at one size.
struct Letters<'a> {
    glyphs: OutlineGlyphCollection<'a>,
    /// Points of a unit of the font.
    scale: f32,
}

impl<'a> Letters<'a> {
    fn of(font: &FontRef<'a>, size: f32) -> Self {
        Self { glyphs: font.outline_glyphs(), scale: size / units_per_em(font) }
    }

    /// Adds a glyph; one whose outline is broken is left out.
    fn draw(&self, path: &mut PathBuilder, glyph: u16, at: [f32; 2]) {
        let Some(glyph) = self.glyphs.get(GlyphId::from(glyph)) else { return };
        let mut pen = Pen { path, at, scale: self.scale };
        let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
        if let Err(error) = glyph.draw(settings, &mut pen) {
            log::debug!("a glyph is not drawn: {error}");
        }
    }
}

/// Brings outlines from units of the font, `y` up, to points on the page, `y` down.
struct Pen<'a> {
    path: &'a mut PathBuilder,
    at: [f32; 2],
    scale: f32,
}

impl Pen<'_> {
    fn on_page(&self, x: f32, y: f32) -> (f32, f32) {
        (self.at[0] + x * self.scale, self.at[1] - y * self.scale)
    }
}

impl OutlinePen for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.on_page(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.on_page(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let ((cx, cy), (x, y)) = (self.on_page(cx, cy), self.on_page(x, y));
        self.path.quad_to(cx, cy, x, y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        let ((ax, ay), (bx, by), (x, y)) = (self.on_page(ax, ay), self.on_page(bx, by), self.on_page(x, y));
        self.path.cubic_to(ax, ay, bx, by, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::layout::BODY;
    use crate::fonts::{SystemFonts, system};

    fn bounds(text: &str) -> tiny_skia::Rect {
        outline(text, TextStyle { size: 100.0, ..BODY }, [10.0, 200.0]).unwrap().bounds()
    }

    #[test]
    fn letters_stand_on_their_baseline_and_within_their_width() {
        let held = bounds("HEL");
        assert!((held.bottom() - 200.0).abs() < 0.5, "capitals end at the baseline: {}", held.bottom());
        assert!((120.0..135.0).contains(&held.top()), "and are about 0.73 em high: {}", held.top());
        let width = TextStyle { size: 100.0, ..BODY }.width("HEL");
        assert!(held.left() > 10.0 && held.right() < 10.0 + width, "{held:?} of {width}");
        assert!(bounds("p").bottom() > 210.0, "p reaches below");
    }

    #[test]
    fn blanks_have_no_outline_and_what_no_font_has_is_a_box() {
        assert!(outline("  ", BODY, [0.0, 0.0]).is_none());
        system::with(SystemFonts::none(), || assert_eq!(bounds("山"), bounds("□")));
    }
}
