//! The reader's impression on the page, above what the model says.

use crate::figures::layout::{Align, BODY, Block, CAPTION, HEADING, Ink, TextStyle, wrapped};
use crate::language::{text, tr};
use crate::report::case::CaseReport;
use crate::report::redact;

/// The heading, which has no height of its own, and the lines beside it: a long text goes on on the
/// next page beside the heading again. Nothing where the reader wrote nothing.
pub(super) fn impression(case: &CaseReport, width: f32, column: f32) -> Option<(Block, Vec<Block>)> {
    let written = redact::impression(case)?;
    let day = case.created.date_naive();
    let mut lines = Lines { column, width: width - column, rows: Vec::new() };
    lines.add(&tr!("Reader's impression, {}", written.when(day)), BODY.bold());
    lines.add(&written.text, BODY);
    for remark in &written.remarks {
        lines.space();
        lines.add(&tr!("Remark, {}", remark.when(day)), BODY.bold());
        lines.add(&remark.text, BODY);
    }
    if let Some(caution) = redact::caution(case) {
        lines.space();
        lines.add(caution, CAPTION.ink(Ink::Warning));
    }
    let mut heading = Block::default();
    heading.text(0.0, 0.0, Align::Left, HEADING, text!("Impression"));
    Some((heading, lines.rows))
}

/// Lines of text right of the headings.
struct Lines {
    column: f32,
    width: f32,
    rows: Vec<Block>,
}

impl Lines {
    /// The lines of a text; several empty ones are one.
    fn add(&mut self, text: &str, style: TextStyle) {
        let mut blank = false;
        for line in text.trim().lines() {
            if line.trim().is_empty() {
                blank = true;
                continue;
            }
            if std::mem::take(&mut blank) {
                self.space();
            }
            for line in wrapped(line, style, self.width) {
                let mut row = Block::space(style.line());
                row.text(self.column, 0.0, Align::Left, style, &line);
                self.rows.push(row);
            }
        }
    }

    fn space(&mut self) {
        self.rows.push(Block::space(0.4 * BODY.line()));
    }
}

#[cfg(test)]
mod tests {
    use chrono::Local;

    use super::*;
    use crate::fonts::{SystemFonts, system};
    use crate::report::impression::{Impression, Remark};
    use crate::report::sample_case::{again, case, on_disk};
    use crate::report::{export, image_file, pdf, sample_case, sidecar, verify};

    fn with(text: &str, before_result: bool) -> CaseReport {
        let mut case = case();
        let remark = Remark { text: "The map agrees.".into(), written_at: case.created };
        case.impression = Some(Impression {
            text: text.into(),
            written_at: case.created,
            before_result,
            remarks: if before_result { vec![remark] } else { Vec::new() },
        });
        case
    }

    fn page_texts(case: &CaseReport) -> Vec<String> {
        let bytes = pdf::pdf(case, &image_file::ImageFile::default()).unwrap();
        let options = printpdf::PdfParseOptions::default();
        let document = printpdf::PdfDocument::parse(&bytes, &options, &mut Vec::new()).unwrap();
        document.extract_text().into_iter().map(|chunks| chunks.join("\n")).collect()
    }

    #[test]
    fn it_stands_above_the_findings_and_says_whether_the_result_was_known() {
        let case = with("Opacity in the right lower zone.\n\nHeart of normal size.", true);
        let pages = page_texts(&case);
        assert!(pages.len() <= 2, "a short one adds a page at the most");
        let text = &pages.join("\n");
        let time = case.created.format("%H:%M");
        let written = format!("Reader's impression, written before the model's result was shown, {time}");
        let places: Vec<usize> = [
            written.as_str(),
            "Opacity in the right lower zone.",
            "Heart of normal size.",
            "Remark, written after the model's result was shown",
            "The map agrees.",
            "How sure",
        ]
        .iter()
        .map(|words| text.find(words).unwrap_or_else(|| panic!("{words} is missing in\n{text}")))
        .collect();
        assert!(places.is_sorted(), "{places:?}");
        let later = page_texts(&with("Seen.", false)).join("\n");
        assert!(later.contains("Reader's impression, written after the model's result was shown"));
        assert!(!page_texts(&sample_case::case()).join("\n").contains("Impression"));
    }

    #[test]
    fn a_long_one_flows_on_and_nothing_of_it_or_of_the_findings_is_lost() {
        let text: Vec<String> = (0..160).map(|i| format!("Line {i} of a long and careful reading.")).collect();
        for several in [false, true] {
            let mut case = with(&text.join("\n"), true);
            if several {
                case.classes = vec![0, 1, 2];
            }
            let pages = page_texts(&case);
            assert!(pages.len() > 2);
            // Headings are broken where their column ends.
            let all = pages.join("\n").replace('\n', " ");
            assert!((0..160).all(|i| all.contains(&format!("Line {i} of"))));
            for words in ["The map agrees.", "How sure", "Bacterial pneumonia", "What it cannot know", "Signature"] {
                assert!(all.contains(words), "{words}");
            }
        }
        let words = "endless ".repeat(500);
        assert!(page_texts(&with(&words, true)).join(" ").matches("endless").count() == 500);
    }

    #[test]
    fn characters_that_no_font_has_are_named() {
        let text = system::with(SystemFonts::none(), || page_texts(&with("右肺に影", true)).join("\n"));
        assert!(text.contains("U+53F3") && text.contains("of the reader's words"), "{text}");
    }

    #[test]
    fn an_anonymised_one_keeps_the_words_but_not_the_patient_and_warns() {
        let text = "Ms Doe (MRN-4711, ACC-2026-0815), born 29.02.1960: JANE has a nodule; the mayor's wife.";
        let case = CaseReport { anonymize: true, ..with(text, true) };
        let page = page_texts(&case).join("\n");
        let file = serde_json::to_string(&sidecar::Sidecar::of(&case, &image_file::ImageFile::default())).unwrap();
        for said in [&page, &file] {
            assert!(said.contains("has a nodule") && said.contains("mayor") && said.contains("free text"));
            for secret in ["Doe", "4711", "0815", "1960", "29.02", "JANE"] {
                assert!(!said.contains(secret), "{secret} in {said}");
            }
        }
        assert!(!page_texts(&with(text, true)).join("\n").contains("free text"), "only where something was struck");
    }

    #[test]
    fn verification_carries_it_along_and_old_reports_have_none() {
        let folder = tempfile::tempdir().unwrap();
        let case = on_disk(with("A nodule.", true), folder.path());
        let sidecar = export(&case, folder.path()).unwrap().with_extension("json");
        let again = |path: &std::path::Path| verify::verify(path, None, |_, _| Ok(again(&case))).unwrap();
        let outcome = again(&sidecar);
        assert!(outcome.holds() && outcome.unchecked.iter().any(|u| u.what == "impression"), "{outcome:?}");
        assert_eq!(verify::read(&sidecar).unwrap().impression, case.impression);
        // Other words are no other numbers.
        let text = std::fs::read_to_string(&sidecar).unwrap();
        std::fs::write(&sidecar, text.replace("A nodule.", "No nodule.")).unwrap();
        assert!(again(&sidecar).holds());
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value.as_object_mut().unwrap().remove("impression");
        std::fs::write(&sidecar, value.to_string()).unwrap();
        assert!(verify::read(&sidecar).unwrap().impression.is_none());
    }

    #[test]
    fn a_day_later_the_date_is_named() {
        let mut case = with("A nodule.", true);
        case.created = Local::now() + chrono::Duration::days(1);
        let written = case.impression.as_ref().unwrap().written_at.format("%Y-%m-%d %H:%M").to_string();
        assert!(page_texts(&case)[0].contains(&written));
    }
}
