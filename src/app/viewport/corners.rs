//! Words in the corners of a view: who, what, window, zoom, scale bar. A length carries where its millimetres come from.

use egui::{Align2, FontId, Painter, Pos2, Rect, Vec2, pos2, vec2};

use crate::engine::conformal::OUTSIDE;
use crate::explain::{Attribution, Subject};
use crate::fonts::{attribute, lacking, system};
use crate::study::{Frame, Metadata, SpacingProvenance, readable_name};

use super::super::lettering;
use super::super::maps::looks::Stability;
use super::super::maps::stability;
use super::super::state::{Content, Layout, PaneIndex, State, View};
use super::super::theme::{self, Tokens};
use super::super::view::Placement;

/// Said under every map.
pub const NOT_AN_OUTLINE: &str = "what moved the score, not the outline of a lesion";
const MARGIN: f32 = 8.0;
const SIZE: f32 = 11.0;
/// The same where there is little room.
const IN_SHORT: &str = "not the outline of a lesion";
const OUTSIDE_IN_SHORT: &str = "outside the model's population";
/// A view narrower than this has little room.
const NARROW: f32 = 300.0;
/// A view lower than this gets its title only.
const LOW: f32 = 200.0;

/// One line on what a view shows.
pub fn title(state: &State, content: Content) -> String {
    match content {
        Content::Film => "original".into(),
        Content::Map(subject, method) => format!("{} · {}", state.subject_name(subject), method.name()),
        Content::Difference(a, b) => format!("{} − {}", state.label(a), state.label(b)),
    }
}

/// Writes the corners of a view.
pub fn paint(
    painter: &Painter,
    state: &State,
    frame: &Frame,
    pane: PaneIndex,
    content: Content,
    placement: &Placement,
    rect: Rect,
) {
    let mut room = rect.shrink(MARGIN);
    if state.layout == Layout::Compare && pane == 2 {
        // Below the switch between the two differences.
        room.min.y += 26.0;
    }
    let pen = Pen { painter, tokens: theme::tokens(state.settings.theme), room };
    let first = pane == 0 || state.solo.is_some();
    let roomy = rect.height() >= LOW;
    let mut above = Vec::new();
    if first && roomy {
        above.extend(who(&frame.entry.meta, state.settings.anonymize, &frame.entry.title));
    }
    if content != Content::Film || !first {
        above.extend(about(state, content, &pen));
    } else if state.layout == Layout::MethodGrid && !state.result_hidden() {
        above.push(format!("methods for {}", state.subject_name(state.subject())));
        above.push("each on a scale of its own".into());
    }
    pen.column(Align2::LEFT_TOP, &above);
    let view = state.view(pane);
    let mut below = Vec::new();
    let narrow = rect.width() < NARROW;
    // Of views that go together and have little room, the first one says it for all.
    if roomy && (first || !narrow || !state.settings.linked) {
        below.extend(grey_words(view, frame, placement, painter.ctx().pixels_per_point()));
    }
    let bar = if roomy { pen.scale_bar(frame, placement) } else { 0.0 };
    if content != Content::Film && state.heat_map && roomy && state.has_maps(content) {
        below.insert(0, if narrow { IN_SHORT.to_owned() } else { NOT_AN_OUTLINE.to_owned() });
        if state.outside().is_some() {
            below.insert(0, if narrow { OUTSIDE_IN_SHORT.to_owned() } else { OUTSIDE.to_owned() });
        }
    }
    pen.raised(bar).column(Align2::LEFT_BOTTOM, &below);
}

/// Patient and study, or that it is left out.
fn who(meta: &Metadata, anonymize: bool, title: &str) -> Vec<String> {
    if anonymize {
        return vec!["anonymised".into(), words(&[&meta.modality, &meta.body_part, &meta.view_position])];
    }
    let name = readable_name(&meta.patient_name);
    let id = if meta.patient_id == name { "" } else { &meta.patient_id };
    let mut patient = words(&[&name, id]);
    if patient.is_empty() {
        patient = attribute(title);
    }
    let age = meta.age.trim_start_matches('0');
    // Before the fonts are listed nothing is known of them.
    let unreadable = if system::is_ready() { lacking(&name).unwrap_or_default() } else { String::new() };
    let lines = [
        patient,
        unreadable,
        words(&[&meta.sex, age]),
        words(&[&meta.modality, &meta.study_description, &meta.view_position, &date(&meta.study_date)]),
    ];
    lines.into_iter().filter(|l| !l.is_empty()).collect()
}

/// Subject, method, place, score, and what the map cost and adds up to.
fn about(state: &State, content: Content, pen: &Pen<'_>) -> Vec<String> {
    let (subject, method) = match content {
        Content::Film => return vec!["original".into()],
        Content::Difference(..) => {
            let name = state.method.name();
            return vec![
                "A − B: difference of the maps".into(),
                format!("{name} of A minus {name} of B"),
                "where A's map is the stronger".into(),
            ];
        }
        Content::Map(subject, method) => (subject, method),
    };
    let mut lines = match subject {
        Subject::Difference(..) => {
            vec!["A − B: map of the difference".into(), format!("{} of A's score minus B's", method.name())]
        }
        Subject::One(_) if state.layout == Layout::MethodGrid => vec![method.name().to_owned()],
        Subject::One(_) => {
            let name = format!("{}{}", letter(state, subject), state.subject_name(subject));
            let whole = format!("{name} · {}", method.name());
            // A long name takes a line of its own, so that the method is not cut off.
            if pen.fits(&whole) { vec![whole] } else { vec![name, method.name().to_owned()] }
        }
    };
    if let Some(map) = state.map(subject, method) {
        lines.push(facts(map));
        if let Some(sum) = map.residual {
            lines.push(sum.words());
        }
    }
    if let Some(spread) = state.shown_spread(content) {
        lines.push(stability::words(spread));
        if state.looks.stability == Stability::Deviation {
            lines.push(stability::deviation(spread));
        }
    }
    lines
}

/// The letter of a class in comparison.
fn letter(state: &State, subject: Subject) -> &'static str {
    match (state.layout, state.compared()) {
        (Layout::Compare, (a, _)) if subject == Subject::class(a) => "A  ",
        (Layout::Compare, (_, b)) if subject == Subject::class(b) => "B  ",
        _ => "",
    }
}

/// Where a map belongs, the score that it explains, and what it took.
fn facts(map: &Attribution) -> String {
    let place = if map.method.has_layer() { format!("layer {}", map.layer) } else { "pixels".to_owned() };
    let score = if map.class().is_some() { "logit" } else { "score" };
    let runs = match map.evaluations {
        0 => String::new(),
        1 => " · 1 run".to_owned(),
        n => format!(" · {n} runs"),
    };
    format!("{place} · {score} {}{runs}", signed(map.logit))
}

/// Window, zoom and the mark of lossy compression.
fn grey_words(view: &View, frame: &Frame, placement: &Placement, ppp: f32) -> Vec<String> {
    let window = if view.file_lut {
        "VOI table of the file".to_owned()
    } else {
        format!("W {} L {}", number(view.window.width), number(view.window.center))
    };
    let mut lines = Vec::new();
    if !frame.entry.meta.lossy.is_empty() {
        let how = &frame.entry.meta.lossy;
        lines.push(if how.starts_with("lossy") { how.clone() } else { format!("lossy {how}") });
    }
    if view.invert {
        lines.push("inverted by the reader".into());
    }
    lines.push(format!("{window}   × {:.2}", placement.scale[0] * ppp));
    lines
}

/// Writes on the film: bright letters with a shadow, readable on any grey.
struct Pen<'a> {
    painter: &'a Painter,
    tokens: Tokens,
    room: Rect,
}

impl Pen<'_> {
    fn raised(mut self, by: f32) -> Self {
        self.room.max.y -= by;
        self
    }

    /// Whether a line has room for all of it.
    fn fits(&self, line: &str) -> bool {
        let font = FontId::proportional(SIZE);
        let galley = self.painter.layout_no_wrap(line.to_owned(), font, self.tokens.film_text);
        galley.size().x <= self.room.width()
    }

    /// Lines from a corner inwards; a line that is too long is cut with "…".
    fn column(&self, corner: Align2, lines: &[String]) {
        let font = FontId::proportional(SIZE);
        let step = SIZE + 4.0;
        let bottom = corner == Align2::LEFT_BOTTOM;
        let start = if bottom { self.room.max.y - step * lines.len() as f32 } else { self.room.min.y };
        for (i, line) in lines.iter().enumerate() {
            let mut job = lettering::line(line, font.clone(), self.tokens.film_text);
            job.wrap = egui::text::TextWrapping::truncate_at_width(self.room.width().max(16.0));
            let galley = self.painter.layout_job(job);
            let at = pos2(self.room.min.x, start + step * i as f32);
            for offset in SHADOW {
                self.painter.galley_with_override_text_color(at + offset, galley.clone(), self.tokens.film_shadow);
            }
            self.painter.galley(at, galley, self.tokens.film_text);
        }
    }

    /// A bar of a round length, and its words. Yields the height that it takes.
    fn scale_bar(&self, frame: &Frame, placement: &Placement) -> f32 {
        let (per_point, unit) = match frame.spacing {
            Some(s) => (
                s.column_mm as f32 / placement.scale[0],
                match s.provenance {
                    SpacingProvenance::Calibrated => "mm",
                    SpacingProvenance::AtDetector => "mm (at detector)",
                },
            ),
            None => (1.0 / placement.scale[0], "px"),
        };
        let longest = (0.4 * self.room.width()).min(140.0);
        let Some(length) = round_length(longest * per_point) else { return 0.0 };
        let width = length / per_point;
        let from = pos2(self.room.min.x, self.room.max.y - 3.0);
        let to = from + vec2(width, 0.0);
        for (color, w) in [(self.tokens.film_shadow, 3.0), (self.tokens.film_text, 1.0)] {
            let stroke = egui::Stroke::new(w, color);
            self.painter.line_segment([from, to], stroke);
            for end in [from, to] {
                self.painter.line_segment([end - vec2(0.0, 3.0), end + vec2(0.0, 3.0)], stroke);
            }
        }
        self.text(to + vec2(6.0, 0.0), Align2::LEFT_CENTER, &format!("{} {unit}", number(length)));
        SIZE + 5.0
    }

    fn text(&self, at: Pos2, anchor: Align2, words: &str) {
        text(self.painter, &self.tokens, at, anchor, words);
    }
}

const SHADOW: [Vec2; 4] = [vec2(1.0, 1.0), vec2(-1.0, 1.0), vec2(1.0, -1.0), vec2(-1.0, -1.0)];

/// Words on the film, with their shadow.
pub(super) fn text(painter: &Painter, tokens: &Tokens, at: Pos2, anchor: Align2, words: &str) {
    let font = FontId::proportional(SIZE);
    for offset in SHADOW {
        painter.text(at + offset, anchor, words, font.clone(), tokens.film_shadow);
    }
    painter.text(at, anchor, words, font, tokens.film_text);
}

/// The longest of 1, 2, 5 × 10ⁿ that is not longer than `most`.
fn round_length(most: f32) -> Option<f32> {
    if !most.is_finite() || most <= 0.0 {
        return None;
    }
    let ten = 10_f32.powf(most.log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|m| m * ten).find(|l| *l <= most * 1.0001)
}

fn words(parts: &[&str]) -> String {
    parts.iter().map(|p| attribute(p.trim())).filter(|p| !p.is_empty()).collect::<Vec<_>>().join("  ")
}

/// `20261120` as `2026-11-20`; anything else as it is.
fn date(text: &str) -> String {
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])
    } else {
        text.to_owned()
    }
}

/// No more digits than are read: whole from 10 on, three significant ones below.
pub(super) fn number(value: f32) -> String {
    let size = value.abs();
    if size >= 10.0 || value == value.round() {
        format!("{value:.0}")
    } else if size >= 1.0 {
        format!("{value:.1}")
    } else if size >= 0.01 {
        format!("{value:.2}")
    } else {
        format!("{value:.1e}")
    }
}

/// With its sign, and a true minus.
pub(super) fn signed(value: f32) -> String {
    format!("{}{:.2}", if value < 0.0 { "−" } else { "+" }, value.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fonts;

    #[test]
    fn scale_bars_are_round() {
        for (most, length) in [(140.0, 100.0), (99.0, 50.0), (49.0, 20.0), (0.7, 0.5)] {
            assert!((round_length(most).unwrap() - length).abs() < 1e-3 * length);
        }
        assert_eq!(round_length(f32::NAN), None);
    }

    #[test]
    fn dates_are_written_as_people_read_them() {
        assert_eq!(date("20261120"), "2026-11-20");
        assert_eq!(date("2026"), "2026");
    }

    #[test]
    fn anonymised_corners_hold_no_name_number_or_date() {
        let meta = Metadata {
            patient_name: "DOE^JANE".into(),
            patient_id: "4711".into(),
            study_date: "20261120".into(),
            modality: "DX".into(),
            ..Metadata::default()
        };
        let lines = who(&meta, true, "jane.dcm").join(" ");
        assert!(lines.contains("DX"));
        assert!(["DOE", "4711", "2026", "jane"].iter().all(|secret| !lines.contains(secret)));
    }

    #[test]
    fn a_name_from_right_to_left_leaves_number_and_date_as_they_are() {
        let meta = Metadata {
            patient_name: "محمد^علي".into(),
            patient_id: "4711-12".into(),
            modality: "DX".into(),
            study_description: "צילום חזה".into(),
            study_date: "20261120".into(),
            ..Metadata::default()
        };
        let drawn = |text: &String| lettering::line(text, FontId::default(), egui::Color32::WHITE).text;
        let lines = fonts::system::with(fonts::SystemFonts::none(), || who(&meta, false, "a.dcm"));
        assert_eq!(drawn(&lines[0]), "علي محمد  4711-12");
        assert!(lines[1].starts_with("no installed font has 6 of the characters: U+062D"), "{}", lines[1]);
        assert_eq!(drawn(lines.last().unwrap()), "DX  חזה צילום  2026-11-20");
        let endless = Metadata { patient_name: "Doe".repeat(400_000), ..meta };
        let lines = who(&endless, false, "a.dcm");
        assert!(lines[0].len() < 600 && lines[0].contains("(cut, 1200000 characters)"), "{}", lines[0]);
    }

    #[test]
    fn logits_carry_their_sign() {
        assert_eq!((signed(2.314), signed(-0.5)), ("+2.31".into(), "−0.50".into()));
    }
}
