//! What an anonymised report may say.
//!
//! An allow list, not a block list: of the attributes of the file only those that describe how the
//! image was made are kept (after PS3.15 Annex E, Basic Profile, with the patient's sex and age
//! kept and ages from 90 years pooled). Free texts that reach the report by another way (warnings,
//! reasons) are searched for what was left out. Names burned into the pixels are not removed: the
//! warning about burned-in annotation stands among the reservations.
//!
//! The reader's impression is kept, since it is half of what the report compares. It is searched
//! more closely (dates in the usual spellings, names of two letters), and [`FREE_TEXT`] is said
//! beside it: no search finds "the mayor of our town".

use std::ops::Range;

use super::ages;
use super::case::CaseReport;
use super::impression::{Impression, Remark};
use super::key_images::{KeyImageRecord, KeyImagesRecord};
use super::on_screen::{OnScreen, OnScreenRecord};
use super::what_if::ChangeRecord;
use crate::feedback::Mark;
use crate::language::{ENGLISH, dicom_date, is_own_word, named, text, tr, translated, within};
use crate::measurement::Words;
use crate::study::identifiers::{spellings, two_letters};
use crate::study::{Metadata, PresentationState, readable_name};

/// Stands where something was taken out of a text.
pub(super) const REMOVED: &str = named!("[removed]");
/// Stands with an impression in an anonymised report.
const FREE_TEXT: &str = named!(
    "The reader's words are free text: name, numbers and dates of the file were struck from them, but other words that tell who the patient is may remain."
);

/// The attributes that the report shows, in the language of the thread as everything here.
pub(super) fn metadata(case: &CaseReport) -> Metadata {
    let meta = &case.frame.entry.meta;
    if !case.anonymize {
        return meta.clone();
    }
    let kept = |text: &str| struck(case, text);
    Metadata {
        sex: kept(&meta.sex),
        age: ages::pooled(&kept(&meta.age)),
        modality: kept(&meta.modality),
        body_part: kept(&meta.body_part),
        view_position: kept(&meta.view_position),
        laterality: kept(&meta.laterality),
        manufacturer: kept(&meta.manufacturer),
        model_name: kept(&meta.model_name),
        kvp: kept(&meta.kvp),
        transfer_syntax: kept(&meta.transfer_syntax),
        lossy: kept(&meta.lossy),
        sop_class_uid: kept(&meta.sop_class_uid),
        ..Metadata::default()
    }
}

/// A sentence of the program without anything that was left out; unchanged when the report is not
/// anonymised. Its own words stay whole where a name is a part of them: `[removed]s` for "does"
/// would tell the name.
pub(super) fn clean(case: &CaseReport, text: &str) -> String {
    searched(case, text, is_own_word)
}

/// The same of words that others wrote: what a secret is a part of is broken, whatever it is.
fn struck(case: &CaseReport, text: &str) -> String {
    searched(case, text, |_| false)
}

fn searched(case: &CaseReport, text: &str, stays: fn(&str) -> bool) -> String {
    if !case.anonymize {
        return text.to_owned();
    }
    ages::pooled_in(&secrets(case, text).iter().fold(text.to_owned(), |text, secret| without(&text, secret, stays)))
}

/// Lower case, letter by letter.
fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// The reader's impression as the report shows it.
pub(super) fn impression(case: &CaseReport) -> Option<Impression> {
    let written = case.impression.as_ref()?;
    let remark = |remark: &Remark| Remark { text: free_text(case, &remark.text), ..*remark };
    Some(Impression {
        text: free_text(case, &written.text),
        remarks: written.remarks.iter().map(remark).collect(),
        ..*written
    })
}

/// [`FREE_TEXT`], where it must be said.
pub(super) fn caution(case: &CaseReport) -> Option<&'static str> {
    let manifest = &case.model.manifest;
    let in_words = |mark: &Mark| {
        let of_model = manifest.labels.iter().map(|label| &label.name);
        !of_model.chain(manifest.groups.iter().map(|group| &group.name)).any(|name| *name == mark.finding)
    };
    let named = case.measurements.iter().any(|one| !one.name.is_empty())
        || case.kept_changes.iter().any(|kept| !kept.name.is_empty())
        || case.feedback.as_ref().is_some_and(|said| said.remark.is_some() || said.marks.iter().any(in_words));
    (case.anonymize && (case.impression.is_some() || named)).then(|| translated(FREE_TEXT))
}

/// Why nothing is called present or absent, in an English sentence; nothing where something is.
#[must_use]
pub fn why_no_states(case: &CaseReport) -> Option<String> {
    case.conformal().err().map(|why| within(ENGLISH, || clean(case, &why.to_string())))
}

/// The changed images of a case, as the report shows them.
pub(super) fn kept_changes(case: &CaseReport) -> Vec<ChangeRecord> {
    let shown = |kept: &ChangeRecord| ChangeRecord { name: Words(words(case, &kept.name.0)), ..kept.clone() };
    case.kept_changes.iter().map(shown).collect()
}

/// The key images of a case, as the report files them; nothing where none is known.
pub(super) fn key_images(case: &CaseReport) -> Option<KeyImagesRecord> {
    let known = case.key_images.as_ref().filter(|known| known.any())?;
    let named = |text: &str| Some(text.to_owned()).filter(|text| !case.anonymize && !text.is_empty());
    let others = known.others.iter().map(|one| KeyImageRecord {
        modality: struck(case, &one.entry.meta.modality),
        series_description: named(&one.series).unwrap_or_default(),
        image_number: one.number,
        frame: one.identity.frame,
        sop_instance_uid: named(&one.identity.sop_instance_uid),
        pixels_sha256: named(&one.identity.pixels_sha256),
    });
    Some(KeyImagesRecord {
        reported: known.reported,
        others: others.collect(),
        more: known.more,
        not_looked_at: known.not_looked_at,
    })
}

/// What of the screen the print follows, as the report files it; nothing where it is as the image
/// opens.
pub(super) fn on_screen(case: &CaseReport) -> Option<OnScreenRecord> {
    let shown = &case.on_screen;
    (*shown != OnScreen::default()).then(|| OnScreenRecord {
        presentation_state: shown.presentation.as_ref().map(|state| presentation(case, state)),
        graphics: shown.graphics,
        shutter: shown.shutter,
        table: shown.table_name(&case.frame).map(|name| free_text(case, &name)),
        turned: shown.turned,
    })
}

/// Label of a presentation state, with its day and who made it where the report may say so.
fn presentation(case: &CaseReport, state: &PresentationState) -> String {
    let label = if state.label.is_empty() { text!("without a label") } else { &state.label };
    if case.anonymize {
        return free_text(case, label);
    }
    let mut words = label.to_owned();
    if !state.date.is_empty() {
        words = format!("{words}, {}", dicom_date(&state.date));
    }
    let creator = readable_name(&state.creator);
    if creator.is_empty() { words } else { tr!("{words}, by {creator}", words, creator) }
}

/// The name of a measurement, or the words of a note, as the report shows them.
pub(super) fn words(case: &CaseReport, text: &str) -> String {
    free_text(case, text)
}

/// [`clean`] for words that a person typed.
fn free_text(case: &CaseReport, text: &str) -> String {
    if !case.anonymize {
        return text.to_owned();
    }
    let meta = &case.frame.entry.meta;
    let mut text = text.to_owned();
    for spelling in [&meta.birth_date, &meta.study_date].into_iter().flat_map(|date| spellings(date)) {
        text = without(&text, &spelling, |_| false);
    }
    text = struck(case, &text);
    for short in meta.identifiers.short_names().chain(two_letters(&meta.patient_name)) {
        text = without_word(&text, short);
    }
    text
}

/// What must not appear and stands in this text, longest first so that parts do not break up the
/// whole.
///
/// Descriptions and bare file stems are not among them: they are ordinary words ("chest"), and
/// nothing quotes them.
fn secrets(case: &CaseReport, text: &str) -> Vec<String> {
    let entry = &case.frame.entry;
    let meta = &entry.meta;
    let folded = lower(text);
    // Two letters are no identity, and would be found in every sentence. An endless name has many
    // words: each is looked for in the text at once, and most of them are not in it.
    let stands_in = |secret: &str| {
        secret.len() <= 4 * folded.len() && secret.trim().chars().nth(2).is_some() && folded.contains(&lower(secret))
    };
    let whole = [
        &meta.patient_name,
        &meta.patient_id,
        &meta.birth_date,
        &meta.accession_number,
        &meta.institution,
        &meta.referring_physician,
        &meta.study_date,
        &entry.identity.study_uid,
        &entry.identity.series_uid,
        &entry.identity.sop_instance_uid,
    ];
    let path = entry.path.display().to_string();
    let file = entry.path.file_name().map(|name| name.to_string_lossy().into_owned());
    let names = [&meta.patient_name, &meta.referring_physician];
    let readable = names.map(|name| readable_name(name));
    let parts = names.into_iter().flat_map(|name| name.split(['^', '=', ',', ' ', '(', ')']));
    // Operators, physicians who performed or read, departments: whoever else the header names.
    let others = meta.identifiers.struck();
    let all = whole.into_iter().chain(&readable).chain([&path]).chain(&file).chain(&others);
    let all = all.map(String::as_str).chain(parts);
    let mut secrets: Vec<String> = all.filter(|secret| stands_in(secret)).map(str::to_owned).collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    secrets
}

/// Every occurrence of `secret` replaced, without regard to the case of letters: files write
/// MÜLLER, people Müller. A word that it is a part of alone is left whole where it `stays`.
fn without(text: &str, secret: &str, stays: fn(&str) -> bool) -> String {
    let secret: Vec<char> = secret.chars().flat_map(char::to_lowercase).collect();
    // A letter may have several in lower case: each remembers where its own begins.
    let lower: Vec<(usize, char)> =
        text.char_indices().flat_map(|(at, c)| c.to_lowercase().map(move |c| (at, c))).collect();
    let mut out = String::new();
    let (mut from, mut i) = (0, 0);
    while !secret.is_empty() && i + secret.len() <= lower.len() {
        let found = lower[i..i + secret.len()].iter().map(|(_, c)| c).eq(&secret);
        if found && part_of(&lower, i..i + secret.len()).is_none_or(|word| !stays(&word)) {
            i += secret.len();
            out.push_str(&text[from..lower[i - secret.len()].0]);
            out.push_str(translated(REMOVED));
            from = lower.get(i).map_or(text.len(), |(at, _)| *at);
        } else {
            i += 1;
        }
    }
    out + &text[from..]
}

/// The longer word that these letters are a part of, if they are.
fn part_of(lower: &[(usize, char)], letters: Range<usize>) -> Option<String> {
    let in_word = |(_, c): &&(usize, char)| c.is_alphabetic();
    let before = lower[..letters.start].iter().rev().take_while(in_word).count();
    let behind = lower[letters.end..].iter().take_while(in_word).count();
    let word = &lower[letters.start - before..letters.end + behind];
    (before + behind > 0 && word.iter().all(|(_, c)| c.is_alphabetic())).then(|| word.iter().map(|(_, c)| *c).collect())
}

/// Every word that is `secret` replaced, without regard to the case of letters.
fn without_word(text: &str, secret: &str) -> String {
    let secret = secret.to_lowercase();
    let parts = text.split_inclusive(|c: char| !c.is_alphanumeric());
    let part = |part: &str| {
        let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
        if word.to_lowercase() == secret {
            format!("{}{}", translated(REMOVED), &part[word.len()..])
        } else {
            part.to_owned()
        }
    };
    parts.map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never(_: &str) -> bool {
        false
    }

    #[test]
    fn every_occurrence_is_taken_out_without_regard_to_case() {
        assert_eq!(without("Doe, DOE and a doe", "doe", never), "[removed], [removed] and a [removed]");
        assert_eq!(without("Größe", "doe", never), "Größe");
        assert_eq!(without("Müller war da", "MÜLLER", never), "[removed] war da");
        assert_eq!(without("İstanbul, doe", "doe", never), "İstanbul, [removed]");
    }

    #[test]
    fn a_word_of_the_program_stays_whole_and_a_name_within_others_goes() {
        assert_eq!(without("It does. DOE did; does", "Doe", is_own_word), "It does. [removed] did; does");
        for (text, left) in [("DoeJane", "[removed]Jane"), ("doe_7", "[removed]_7"), ("Doe's", "[removed]'s")] {
            assert_eq!(without(text, "doe", is_own_word), left);
        }
        assert_eq!(without("It does.", "doe", never), "It [removed]s.", "in words that others wrote");
        assert_eq!(without("calibration of 12.3.1960", "12.3.1960", is_own_word), "calibration of [removed]");
    }

    #[test]
    fn dates_are_found_as_people_write_them() {
        let found =
            |text: &str| spellings("19600209").iter().fold(text.to_owned(), |text, date| without(&text, date, never));
        for text in ["1960-02-09", "9.2.1960", "09.02.60", "2/9/1960", "02/09/60", "09. 02. 1960"] {
            assert_eq!(found(&format!("born {text}, well")), "born [removed], well", "{text}");
        }
        assert_eq!(found("a nodule of 9.2 mm"), "a nodule of 9.2 mm");
        assert!(spellings("1960").is_empty());
    }

    #[test]
    fn a_name_of_two_letters_is_struck_as_a_word_only() {
        assert_eq!(without_word("Mr LI has a ligature; li, too", "Li"), "Mr [removed] has a ligature; [removed], too");
    }
}
