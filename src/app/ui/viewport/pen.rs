//! Writes on the image: lines in a corner, a scale bar, single words. Bright letters with a shadow,
//! readable on any grey.

use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Vec2, pos2, vec2};

use super::placement::Placement;
use crate::app::ui::lettering;
pub(super) use crate::app::ui::numbers::number;
use crate::app::ui::theme::Tokens;
use crate::app::ui::widgets::shapes::Sign;
use crate::language::text;
use crate::study::{Spacing, SpacingProvenance};

const SIZE: f32 = 11.0;
const MARKER: f32 = 18.0;
/// Between a scale bar and its words.
const BESIDE: f32 = 6.0;
/// No scale bar is made shorter for its words.
const SHORTEST: f32 = 24.0;

/// Writes on the image: bright letters with a shadow, readable on any grey.
pub(super) struct Pen<'a> {
    painter: &'a Painter,
    tokens: Tokens,
    room: Rect,
}

impl<'a> Pen<'a> {
    /// A pen that writes into `room`.
    pub(super) fn new(painter: &'a Painter, tokens: Tokens, room: Rect) -> Self {
        Self { painter, tokens, room }
    }

    /// With less room below.
    pub(super) fn raised(mut self, by: f32) -> Self {
        self.room.max.y -= by;
        self
    }

    /// Whether a line has room for all of it.
    pub(super) fn fits(&self, line: &str) -> bool {
        let font = FontId::proportional(SIZE);
        let galley = self.painter.layout_no_wrap(line.to_owned(), font, self.tokens.image_text);
        galley.size().x <= self.room.width()
    }

    /// Words that must be read, as there is room for them: whole, short, or short in two lines.
    pub(super) fn shortest(&self, whole: &str, short: [&str; 2]) -> Vec<String> {
        let in_one = short.join(" ");
        match (self.fits(whole), self.fits(&in_one)) {
            (true, _) => vec![whole.to_owned()],
            (false, true) => vec![in_one],
            (false, false) => short.map(str::to_owned).to_vec(),
        }
    }

    /// Lines from a corner inwards; a line that is too long is cut in its middle with "…". Yields the room that
    /// they take.
    pub(super) fn column(&self, corner: Align2, lines: &[String]) -> Vec2 {
        let font = FontId::proportional(SIZE);
        let step = SIZE + 4.0;
        let bottom = corner == Align2::LEFT_BOTTOM;
        let mut taken = vec2(0.0, step * lines.len() as f32);
        let start = if bottom { self.room.max.y - step * lines.len() as f32 } else { self.room.min.y };
        for (i, line) in lines.iter().enumerate() {
            let room = (self.room.width().max(16.0), 1);
            let (job, _) = lettering::cut_in_the_middle(self.painter, line, &font, self.tokens.image_text, room);
            let galley = self.painter.layout_job(job);
            taken.x = taken.x.max(galley.size().x);
            let at = pos2(self.room.min.x, start + step * i as f32);
            for offset in SHADOW {
                self.painter.galley_with_override_text_color(at + offset, galley.clone(), self.tokens.image_shadow);
            }
            self.painter.galley(at, galley, self.tokens.image_text);
        }
        taken
    }

    /// A star at the beginning of a line of a column at the upper left.
    pub(super) fn star(&self, line: usize) {
        let (step, side) = (SIZE + 4.0, SIZE + 3.0);
        let place = Rect::from_min_size(self.room.min + vec2(0.0, step * line as f32), Vec2::splat(side));
        for offset in SHADOW {
            Sign::Star.paint(self.painter, place.translate(offset), self.tokens.image_shadow);
        }
        Sign::Star.paint(self.painter, place, self.tokens.image_text);
    }

    /// A word in large letters at the upper right, as a lead marker on a radiograph. Yields its place.
    pub(super) fn marker(&self, words: &str) -> Rect {
        let font = FontId::proportional(MARKER);
        let at = self.room.right_top();
        for offset in SHADOW {
            self.painter.text(at + offset, Align2::RIGHT_TOP, words, font.clone(), self.tokens.image_shadow);
        }
        self.painter.text(at, Align2::RIGHT_TOP, words, font, self.tokens.image_text)
    }

    /// A bar of a round length, and its words. Yields the room that they take.
    pub(super) fn scale_bar(&self, spacing: Option<Spacing>, placement: &Placement) -> Vec2 {
        let (per_point, unit) = match spacing {
            Some(s) => (
                // The pixels are shown in their true shape: a millimetre is as long in every direction.
                s.column_mm as f32 / placement.scale[0],
                match s.provenance {
                    SpacingProvenance::Calibrated => "mm",
                    SpacingProvenance::AtDetector => text!("mm (at detector)"),
                    SpacingProvenance::ByReader => text!("mm (calibrated by the reader)"),
                },
            ),
            None => (placement.across(), "px"),
        };
        let room = self.room.width();
        let words = |length: f32| format!("{} {unit}", number(length));
        let wide = |words: String| size(self.painter, &[words], f32::INFINITY).x + BESIDE;
        // A shorter bar rather than words that are cut.
        let longest = (0.4 * room).min(140.0);
        let left = room - round_length(longest * per_point).map_or(0.0, |length| wide(words(length)));
        let longest = if left >= SHORTEST { longest.min(left) } else { longest };
        let Some(length) = round_length(longest * per_point) else { return Vec2::ZERO };
        let (width, words) = (length / per_point, words(length));
        let from = pos2(self.room.min.x, self.room.max.y - 3.0);
        let to = from + vec2(width, 0.0);
        for (color, w) in [(self.tokens.image_shadow, 3.0), (self.tokens.image_text, 1.0)] {
            let stroke = egui::Stroke::new(w, color);
            self.painter.line_segment([from, to], stroke);
            for end in [from, to] {
                self.painter.line_segment([end - vec2(0.0, 3.0), end + vec2(0.0, 3.0)], stroke);
            }
        }
        if width + wide(words.clone()) <= room {
            self.text(to + vec2(BESIDE, 0.0), Align2::LEFT_CENTER, &words);
            return vec2(width + wide(words), SIZE + 5.0);
        }
        // No room beside any bar: above it, in as many lines as it takes.
        let lines = wrapped(self.painter, &words, room);
        let step = SIZE + 4.0;
        for (i, line) in lines.iter().rev().enumerate() {
            self.text(from - vec2(0.0, BESIDE + step * i as f32), Align2::LEFT_BOTTOM, line);
        }
        let above = size(self.painter, &lines, room).x;
        vec2(width.max(above), 2.0 * BESIDE + step * lines.len() as f32)
    }

    fn text(&self, at: Pos2, anchor: Align2, words: &str) {
        text(self.painter, &self.tokens, at, anchor, words);
    }
}

const SHADOW: [Vec2; 4] = [vec2(1.0, 1.0), vec2(-1.0, 1.0), vec2(1.0, -1.0), vec2(-1.0, -1.0)];

/// Words on the image, with their shadow.
pub(super) fn text(painter: &Painter, tokens: &Tokens, at: Pos2, anchor: Align2, words: &str) {
    let font = FontId::proportional(SIZE);
    for offset in SHADOW {
        painter.text(at + offset, anchor, words, font.clone(), tokens.image_shadow);
    }
    painter.text(at, anchor, words, font, tokens.image_text);
}

/// Words in as many lines as they need at this width.
pub(super) fn wrapped(painter: &Painter, words: &str, width: f32) -> Vec<String> {
    let galley = painter.layout(words.to_owned(), FontId::proportional(SIZE), Color32::WHITE, width);
    galley.rows.iter().map(|row| row.text().trim().to_owned()).collect()
}

/// The room that lines take, cut to so many points.
pub(super) fn size(painter: &Painter, lines: &[String], most: f32) -> Vec2 {
    let width = |line: &String| {
        painter.layout_no_wrap(line.clone(), FontId::proportional(SIZE), Color32::WHITE).size().x.min(most)
    };
    vec2(lines.iter().map(width).fold(0.0, f32::max), (SIZE + 4.0) * lines.len() as f32)
}

/// Lines in a place, in a colour of their own; what is too long is cut with "…".
pub(super) fn lines(painter: &Painter, tokens: &Tokens, place: Rect, lines: &[String], color: Color32) {
    for (i, line) in lines.iter().enumerate() {
        let mut job = lettering::line(line, FontId::proportional(SIZE), color);
        job.wrap = egui::text::TextWrapping::truncate_at_width(place.width() + 1.0);
        let galley = painter.layout_job(job);
        let at = place.min + vec2(0.0, (SIZE + 4.0) * i as f32);
        for offset in SHADOW {
            painter.galley_with_override_text_color(at + offset, galley.clone(), tokens.image_shadow);
        }
        painter.galley(at, galley, color);
    }
}

/// The longest of 1, 2, 5 × 10ⁿ that is not longer than `most`.
fn round_length(most: f32) -> Option<f32> {
    if !most.is_finite() || most <= 0.0 {
        return None;
    }
    let ten = 10_f32.powf(most.log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|m| m * ten).find(|l| *l <= most * 1.0001)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_bars_are_round() {
        for (most, length) in [(140.0, 100.0), (99.0, 50.0), (49.0, 20.0), (0.7, 0.5)] {
            assert!((round_length(most).unwrap() - length).abs() < 1e-3 * length);
        }
        assert_eq!(round_length(f32::NAN), None);
    }
}
