//! The model's card says what the test came to: a part between two marks, renewed by each pipeline,
//! and nothing else in a text that people complete by hand.

use std::fmt::Write as _;
use std::path::Path;

use super::section::Section;
use super::{PipelineError, Result};
use crate::files::{read_text, writing};
use crate::limits;
use crate::model::registry::CARD;

const BEGIN: &str = "<!-- test part: made by the pipeline -->";
const END: &str = "<!-- end of the test part -->";
/// What it goes before in a card that has none yet.
const BEFORE: &str = "\n## Never validated for";

/// Puts what the sections say at the top of the page into the card of the model in `folder`.
pub(super) fn complete(folder: &Path, sections: &[Section]) -> Result<()> {
    let path = folder.join(CARD);
    // A card that was deleted is begun anew.
    let card = if path.exists() {
        read_text(&path, limits::MANIFEST_BYTES)
            .map_err(|e| PipelineError::Read { path: path.clone(), reason: e.to_string() })?
    } else {
        String::new()
    };
    let renewed = renewed(&card, &part(sections));
    writing::shared(&path, renewed.as_bytes()).map_err(|e| PipelineError::Write { path, reason: e.to_string() })
}

fn part(sections: &[Section]) -> String {
    let mut text = format!("{BEGIN}\n\n## Test part\n");
    for sentence in sections.iter().flat_map(|section| &section.verdict) {
        let _ = write!(text, "\n{sentence}\n");
    }
    for table in sections.iter().filter(|section| section.in_card).flat_map(|section| &section.tables) {
        let row = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let _ = write!(text, "\n{}\n\n{}|{}\n", table.title, row(&table.columns), "---|".repeat(table.columns.len()));
        table.rows.iter().for_each(|cells| text.push_str(&row(cells)));
    }
    text + "\n" + END + "\n"
}

/// The card with this part, in place of an earlier one.
fn renewed(card: &str, part: &str) -> String {
    if let (Some(begin), Some(end)) = (card.find(BEGIN), card.find(END))
        && begin < end
    {
        let after = card[end + END.len()..].trim_start_matches('\n');
        return format!("{}{part}\n{after}", &card[..begin]);
    }
    match card.find(BEFORE) {
        Some(at) => format!("{}\n{part}{}", &card[..at], &card[at..]),
        None => format!("{}\n\n{part}", card.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::evaluation::Table;

    #[test]
    fn the_part_is_renewed_and_what_people_wrote_stays() {
        let section = |words: &str| Section {
            verdict: vec![words.to_owned()],
            in_card: true,
            tables: vec![Table { columns: vec!["a|b".into()], rows: vec![vec!["1".into()]], ..Table::default() }],
            ..Section::default()
        };
        let card = "# Model\n\n## Metrics\n\nwords\n\n## Never validated for\n\n- adults, written by hand\n";
        let once = renewed(card, &part(&[section("first")]));
        assert!(once.contains("first") && once.contains("a\\|b") && once.contains("adults, written by hand"), "{once}");
        assert!(once.find("first").unwrap() < once.find("Never validated").unwrap());
        let twice = renewed(&once, &part(&[section("second")]));
        assert!(twice.contains("second") && !twice.contains("first") && twice.contains("adults"), "{twice}");
        assert_eq!(renewed(&twice, &part(&[section("second")])), twice, "the same again changes nothing");
        assert!(renewed("# Other\n", &part(&[section("x")])).starts_with("# Other\n\n<!--"));
    }
}
