//! What the reader should weigh: the suggestions of the manifest's rules, the reservations, and the
//! places to sign.

use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, list, paragraph};
use crate::figures::typeface;
use crate::fonts::{LONGEST_ATTRIBUTE, cut, lacking};
use crate::language::{said, text, tr, translated};
use crate::report::case::CaseReport;
use crate::report::image_file::ImageFile;
use crate::report::redact;
use crate::report::suggestions::{CAUTION, suggestions};
use crate::study::Warning;

/// The suggestions, or nothing where no rule speaks.
pub(super) fn considerations(case: &CaseReport, width: f32) -> Option<Block> {
    let all = suggestions(case);
    if all.is_empty() {
        return None;
    }
    let mut block = list(all.iter().map(|s| s.text.as_str()), BODY, width);
    block.stack(1.0, &paragraph(translated(CAUTION), CAPTION, width));
    Some(block)
}

/// Warnings of the file, of the analysis and of the gate, and characters that the font lacks.
pub(super) fn reservations(case: &CaseReport, source: &ImageFile, width: f32) -> Option<Block> {
    let mut reservations: Vec<String> = Vec::new();
    let gate = case.analysis.gate.iter().flat_map(|gate| &gate.warnings);
    for warning in gate.chain(&case.frame.warnings).chain(&case.analysis.warnings) {
        let warning = redact::clean(case, warning);
        // Why the image is outside the population has been said first of all.
        if !reservations.contains(&warning)
            && case.outside().map(|reason| redact::clean(case, reason)) != Some(warning.clone())
        {
            reservations.push(warning);
        }
    }
    reservations.extend(source.warning.as_ref().map(|Warning { reason, .. }| redact::clean(case, reason)));
    let mut reservations: Vec<String> = reservations.iter().map(|words| said(words)).collect();
    let meta = redact::metadata(case);
    let attributes = [
        &meta.patient_name,
        &meta.institution,
        &meta.referring_physician,
        &meta.study_description,
        &meta.series_description,
        &meta.patient_id,
        &meta.manufacturer,
        &meta.model_name,
    ];
    let written = redact::impression(case);
    let written = written.iter().flat_map(|i| std::iter::once(&i.text).chain(i.remarks.iter().map(|r| &r.text)));
    let printed = attributes.map(|text| cut(text, LONGEST_ATTRIBUTE)).into_iter().chain(written.map(Into::into));
    let words = lacking(&printed.collect::<String>());
    reservations.extend(words.map(|words| {
        let words = said(&words);
        tr!("Of the file and of the reader's words, {words}. Each is printed as {sign}.", words, sign = typeface::BOX)
    }));
    (!reservations.is_empty()).then(|| list(reservations.iter().map(String::as_str), BODY, width))
}

/// Places for the reader's name, signature and day.
pub(super) fn signature(width: f32) -> Block {
    let mut block = Block::space(34.0);
    let gap = 16.0;
    let column = (width - 2.0 * gap) / 3.0;
    for (i, word) in [text!("Read by"), text!("Signature"), text!("Date")].into_iter().enumerate() {
        let x = i as f32 * (column + gap);
        block.line([x, 23.0], [x + column, 23.0], 0.5, Ink::Muted);
        block.text(x, 24.0, Align::Left, CAPTION, word);
    }
    block
}
