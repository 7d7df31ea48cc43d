//! A line of text as it is set: parts in Inter, and parts in fonts of the system, shaped, from left
//! to right. What no font has is set as a hollow box; whoever writes a report says which characters
//! those are.

use super::typeface::{self, Weight};
use crate::fonts::shape::{Glyph, shape};
use crate::fonts::{Face, bidi, is_invisible, system};

/// A part of a line in one font.
pub enum Run {
    /// In Inter, a glyph a character.
    Own(String),
    Other(Shaped),
}

impl Run {
    /// Width in parts of the em; `weight` is that of the line.
    #[must_use]
    pub fn width(&self, weight: Weight) -> f32 {
        match self {
            Self::Own(text) => typeface::advances(text, weight),
            Self::Other(shaped) => shaped.glyphs.iter().map(|glyph| glyph.advance).sum(),
        }
    }
}

/// A part of a line in a font of the system.
pub struct Shaped {
    pub face: Face,
    /// In the order of drawing.
    pub glyphs: Vec<Glyph>,
    /// What the glyphs say, in the order of reading.
    pub text: String,
    pub right_to_left: bool,
}

/// The text as it can be set: what neither Inter nor a font of the system has becomes a box,
/// control characters become blanks.
#[must_use]
pub fn settable(text: &str, weight: Weight) -> String {
    let set = |c: char| match c {
        c if c.is_control() => ' ',
        c if typeface::has(c, weight) || is_invisible(c) || system::face_for(c).is_some() => c,
        _ => typeface::BOX,
    };
    text.chars().map(set).collect()
}

/// Width of a text in points.
#[must_use]
pub fn width(text: &str, size: f32, weight: Weight) -> f32 {
    runs(text, weight).iter().map(|run| run.width(weight)).sum::<f32>() * size
}

/// The parts of a line in the order of drawing; `text` holds what can be set (see [`settable`]).
#[must_use]
pub fn runs(text: &str, weight: Weight) -> Vec<Run> {
    if typeface::has_all(text, weight) {
        return vec![Run::Own(text.to_owned())];
    }
    let mut runs = Vec::new();
    for piece in bidi::visual(text) {
        let mut parts = in_faces(&piece.text, weight);
        if piece.right_to_left {
            parts.reverse();
        }
        for (face, text) in parts {
            match (face, runs.last_mut()) {
                (None, Some(Run::Own(before))) => before.push_str(&text),
                (None, _) => runs.push(Run::Own(text)),
                (Some(face), _) => {
                    let glyphs = shape(&face, &text, piece.right_to_left);
                    runs.push(Run::Other(Shaped { face, glyphs, text, right_to_left: piece.right_to_left }));
                }
            }
        }
    }
    runs
}

/// The text cut where the face changes, `None` for Inter. What is invisible by itself (joiners,
/// variation marks) stays with what stands before it, and so do marks that the face before has too.
fn in_faces(text: &str, weight: Weight) -> Vec<(Option<Face>, String)> {
    let mut parts: Vec<(Option<Face>, String)> = Vec::new();
    for c in text.chars() {
        if is_invisible(c) && !c.is_whitespace() {
            if let Some((Some(_), part)) = parts.last_mut() {
                part.push(c);
            }
            continue;
        }
        if let Some((before, part)) = parts.last_mut() {
            let goes_on = match before {
                None => typeface::has(c, weight),
                Some(face) => face.has(c) && !typeface::has(c, weight),
            };
            if goes_on {
                part.push(c);
                continue;
            }
        }
        let face = if typeface::has(c, weight) { None } else { system::face_for(c) };
        match (face, parts.last_mut()) {
            (None, Some((None, part))) => part.push(if typeface::has(c, weight) { c } else { typeface::BOX }),
            (None, _) => parts.push((None, if typeface::has(c, weight) { c } else { typeface::BOX }.to_string())),
            (face, _) => parts.push((face, c.to_string())),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fonts::{SystemFonts, missing};

    /// What is drawn, from left to right: in brackets what another font sets.
    fn drawn(text: &str) -> String {
        let said = |run: Run| match run {
            Run::Own(text) => text,
            Run::Other(shaped) => format!("[{}]", shaped.text),
        };
        runs(text, Weight::Regular).into_iter().map(said).collect()
    }

    #[test]
    fn what_no_font_has_is_boxed() {
        system::with(SystemFonts::none(), || {
            assert_eq!(settable("山田 Tarou\n", Weight::Regular), "□□ Tarou ");
            assert!(missing(&typeface::BOX.to_string()).is_empty());
        });
    }

    #[test]
    fn latin_is_one_run_of_the_own_typeface() {
        assert_eq!(drawn("Müller 4711 ≥ 2"), "Müller 4711 ≥ 2");
    }

    #[test]
    fn without_a_font_every_character_is_a_box_in_its_place() {
        system::with(SystemFonts::none(), || assert_eq!(drawn("王 4711 Жуков"), "□ 4711 Жуков"));
    }

    #[test]
    fn words_from_right_to_left_stand_in_the_order_of_drawing_and_numbers_stay() {
        let line = format!("{} · 4711", crate::fonts::attribute("محمد علي"));
        if !missing(&line).is_empty() {
            println!("skipped: no installed font has Arabic letters");
            return;
        }
        assert_eq!(drawn(&line), "[علي] [محمد] · 4711");
        let Run::Other(name) = &runs(&line, Weight::Regular)[2] else { panic!("the name is set in another font") };
        // Joined from right to left: the last letter is drawn first.
        assert_eq!(name.glyphs.first().map(|glyph| glyph.text.as_str()), Some("د"));
        let isolated = runs("د", Weight::Regular);
        let Run::Other(alone) = &isolated[0] else { panic!("another font") };
        assert_ne!(alone.glyphs[0].id, name.glyphs[0].id, "a letter that is joined has another form");
    }
}
