//! Lines that hold attributes of a file: any script, either direction.
//!
//! egui shapes letters but draws the parts of a line in the order in which they stand, so
//! [`line()`] brings them into the order of drawing first. [`Fallback`] finds fonts of the system
//! for characters that Inter lacks. They are listed on a thread of their own when the first such
//! character turns up; until then a box stands in its place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use egui::text::{ByteIndex, LayoutJob, LayoutSection, TextFormat, TextWrapping};
use egui::{Color32, Context, FallbackRequest, FontData, FontId, FontInsert, FontProvider, Painter};

use crate::fonts::{bidi, system};

/// One line of text.
pub(super) fn line(text: &str, font: FontId, color: Color32) -> LayoutJob {
    let format = TextFormat::simple(font, color);
    let mut job = LayoutJob { break_on_newline: false, ..LayoutJob::default() };
    for piece in bidi::visual(text) {
        // Each a section of its own: `append` would join them, and their letters would be shaped
        // together.
        let start = job.text.len();
        job.text.push_str(&piece.text);
        let byte_range = ByteIndex(start)..ByteIndex(job.text.len());
        job.sections.push(LayoutSection { leading_space: 0.0, byte_range, format: format.clone() });
    }
    job
}

/// A text in at most so many rows of a width, with "…" in its middle where it is too long: names of
/// files differ at their ends. Rows end between words where all of it fits so. Whether it was cut.
pub(super) fn cut_in_the_middle(
    painter: &Painter,
    text: &str,
    font: &FontId,
    color: Color32,
    (width, rows): (f32, usize),
) -> (LayoutJob, bool) {
    let broken = |text: &str, break_anywhere: bool| {
        let mut job = line(text, font.clone(), color);
        job.wrap = TextWrapping { max_width: width.max(0.0), max_rows: rows, break_anywhere, ..Default::default() };
        job
    };
    let between_words = broken(text, false);
    if !painter.layout_job(between_words.clone()).elided {
        return (between_words, false);
    }
    let job = |text: &str| broken(text, true);
    let fits = |text: &str| !painter.layout_job(job(text)).elided;
    if fits(text) {
        return (job(text), false);
    }
    let letters: Vec<char> = text.chars().collect();
    let cut = |kept: usize| -> String {
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        let (head, tail) = (&letters[..head], &letters[letters.len() - tail..]);
        head.iter().chain(&['…']).chain(tail).collect()
    };
    let (mut least, mut most) = (0, letters.len().saturating_sub(1));
    while least < most {
        let middle = (least + most).div_ceil(2);
        if fits(&cut(middle)) { least = middle } else { most = middle - 1 }
    }
    (job(&cut(least)), true)
}

/// A text that fits into a line of `width`, with "…" in its middle where it is too long. It is in
/// the order of reading, for widgets that lay it out themselves.
pub(super) fn cut_text(painter: &Painter, text: &str, font: &FontId, width: f32) -> String {
    let wide = |text: &str| painter.layout_job(line(text, font.clone(), Color32::PLACEHOLDER)).size().x <= width;
    if wide(text) {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let cut = |kept: usize| -> String {
        let (head, tail) = (&letters[..kept.div_ceil(2)], &letters[letters.len() - kept / 2..]);
        head.iter().chain(&['…']).chain(tail).collect()
    };
    let (mut least, mut most) = (0, letters.len().saturating_sub(1));
    while least < most {
        let middle = (least + most).div_ceil(2);
        if wide(&cut(middle)) { least = middle } else { most = middle - 1 }
    }
    cut(least)
}

/// Asks the fonts of the system.
pub(super) struct Fallback {
    context: Context,
    asked: AtomicBool,
}

impl Fallback {
    /// Lets a context show what Inter lacks.
    pub(super) fn install(context: &Context) {
        let (context_of_its_own, asked) = (context.clone(), AtomicBool::new(false));
        context.set_font_providers(vec![Arc::new(Self { context: context_of_its_own, asked })]);
    }

    /// Lists the fonts and asks egui to look again.
    fn list(&self) {
        if self.asked.swap(true, Ordering::Relaxed) {
            return;
        }
        let context = self.context.clone();
        let listed = std::thread::Builder::new().name("fonts".into()).spawn(move || {
            system::list();
            Self::install(&context);
        });
        if let Err(error) = listed {
            log::warn!("the fonts of the system could not be listed: {error}");
        }
    }
}

impl FontProvider for Fallback {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        if !system::is_ready() {
            self.list();
            return None;
        }
        let face = system::face_for(request.cluster.chars().next()?)?;
        let name = format!("system {} {}", face.name, face.index);
        Some(FontInsert::new(&name, FontData::from_blob(face.data, face.index), Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fonts::attribute;

    #[test]
    fn parts_of_a_line_stand_in_the_order_of_drawing() {
        let words = format!("{} · {} · 2026-11-20", attribute("محمد علي"), attribute("4711"));
        let job = line(&words, FontId::proportional(11.0), Color32::WHITE);
        assert_eq!(job.text, "علي محمد · 4711 · 2026-11-20");
        assert_eq!(job.sections.len(), 4, "each word from right to left is shaped alone");
        assert_eq!(line("DOE JANE  4711", FontId::default(), Color32::WHITE).sections.len(), 1);
    }

    #[test]
    fn a_long_name_is_cut_in_its_middle_and_keeps_its_end() {
        let context = Context::default();
        let font = FontId::proportional(11.0);
        let mut cuts = Vec::new();
        let mut shown = context.run_ui(egui::RawInput::default(), |ui| {
            let cut = |text: &str, width, rows| {
                let (job, cut) = cut_in_the_middle(ui.painter(), text, &font, Color32::WHITE, (width, rows));
                assert!(!ui.painter().layout_job(job.clone()).elided);
                (job.text, cut)
            };
            cuts = vec![
                cut("short.dcm", 200.0, 1),
                cut("a-lateral-view-with-a-very-long-name-of-its-own.dcm", 100.0, 1),
                cut("a-lateral-view-with-a-very-long-name-of-its-own.dcm", 100.0, 2),
            ];
            let first = ui.painter().layout_no_wrap("CT · Axial 5".into(), font.clone(), Color32::WHITE).size().x + 2.0;
            let (job, _) = cut_in_the_middle(ui.painter(), "CT · Axial 5 mm soft", &font, Color32::WHITE, (first, 2));
            let rows = ui.painter().layout_job(job).rows.iter().map(|row| row.text()).collect::<Vec<_>>();
            cuts.push((rows.join("|"), false));
        });
        // Nobody draws it.
        shown.textures_delta.clear();
        let first = cuts[3].0.split('|').next().unwrap_or_default().trim();
        assert!(["CT · Axial", "CT · Axial 5"].contains(&first), "rows end between words: {first}");
        assert_eq!(cuts[0], ("short.dcm".to_owned(), false));
        assert!(cuts[1].1 && cuts[1].0.starts_with("a-l") && cuts[1].0.contains('…') && cuts[1].0.ends_with("dcm"));
        assert!(cuts[2].1 && cuts[2].0.len() > cuts[1].0.len());
    }
}
