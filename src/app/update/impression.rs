//! Carries out what is asked of the reader's impressions, has them kept as they change, and remembers
//! which results were in sight.

use chrono::Local;

use super::effect::Effect;
use super::impression_effect::{ImpressionEffect, ImpressionMessage};
use super::notices::notice;
use crate::app::command::ImpressionCommand;
use crate::app::state::impression::{ImageKey, Page, ReaderText};
use crate::app::state::{Level, State};
use crate::language::{text, tr, translated};
use crate::measurement::identity::ImageIdentity;
use crate::report::CaseReport;
use crate::report::impression::{Impression, MOST, NOTHING, Remark};

pub(super) fn apply(state: &mut State, command: ImpressionCommand) -> Vec<Effect> {
    use ImpressionCommand as I;
    match command {
        I::ToggleReadFirst => {
            state.preferences.read_first ^= true;
            // The field stands there.
            state.preferences.findings_open |= state.preferences.read_first;
            note_seen(state);
            return vec![Effect::SavePreferences];
        }
        I::Focus => focus(state),
        I::Focused => state.impressions.asked = false,
        I::Write(words) => {
            if state.result_hidden()
                && let Some(page) = page_mut(state)
            {
                page.draft = bounded(words);
            }
        }
        I::ShowResult => {
            let draft = state.page().map(|page| page.draft.0.trim().to_owned()).unwrap_or_default();
            keep(state, draft);
        }
        I::NothingToReport => keep(state, translated(NOTHING).to_owned()),
        I::WriteRemark(words) => {
            if state.impression().is_some()
                && let Some(page) = page_mut(state)
            {
                page.remark = words.map(bounded);
            }
        }
        I::KeepRemark => keep_remark(state),
    }
    kept(state)
}

/// The keyboard goes into the field of the impression, or of a remark to the one that is kept.
fn focus(state: &mut State) {
    if !state.result_hidden() {
        if state.impression().is_none() {
            return;
        }
        if let Some(page) = page_mut(state) {
            page.remark.get_or_insert_default();
        }
    }
    // The field stands there.
    state.preferences.findings_open = true;
    state.impressions.asked = true;
}

/// Whether the window may be closed over what was written: where some of it could not be kept, that is
/// said first.
pub(super) fn may_close(state: &mut State) -> bool {
    let written = &state.impressions;
    let lost = |(key, page): &(&ImageKey, &Page)| !written.kept.contains_key(*key) && !page.to_keep().is_empty();
    let count = written.pages.iter().filter(lost).count();
    if count == 0 || std::mem::replace(&mut state.impressions.warned, true) {
        return true;
    }
    let words = tr!("What you wrote about an image could not be kept. Close once more to leave without it."
        | "What you wrote about {n} images could not be kept. Close once more to leave without it." % count);
    notice(state, Level::Warning, words, None);
    false
}

/// Has what was written about the image on screen kept, once its file was looked for.
fn kept(state: &State) -> Vec<Effect> {
    let Some(key) = state.image_key() else { return Vec::new() };
    let (Some(identity), Some(page)) = (state.impressions.kept.get(&key), state.impressions.pages.get(&key)) else {
        return Vec::new();
    };
    vec![Effect::Impression(ImpressionEffect::Keep { identity: identity.clone(), written: page.to_keep() })]
}

/// The pixels of an image are hashed: what was written about it is looked for.
pub(super) fn look_for(state: &mut State, image: &ImageKey, identity: &ImageIdentity) -> Option<Effect> {
    let written = &mut state.impressions;
    match written.kept.get(image) {
        Some(known) if known == identity => return None,
        Some(_) => {
            // The file holds another image by now.
            written.kept.remove(image);
            written.pages.remove(image);
            written.seen.remove(image);
        }
        None => {}
    }
    Some(Effect::Impression(ImpressionEffect::Find { image: image.clone(), identity: identity.clone() }))
}

/// Takes in what the threads report.
pub(super) fn on_message(state: &mut State, message: ImpressionMessage) -> Vec<Effect> {
    match message {
        ImpressionMessage::NotKept(reason) => notice(state, Level::Error, reason.capitalized(), None),
        ImpressionMessage::Found { result: Err(reason), .. } => {
            let words = format!(
                "What was written about this image before could not be read: {reason}. What you write now is not kept, \
                 so that nothing of the file is lost."
            );
            notice(state, Level::Error, words, None);
        }
        ImpressionMessage::Found { image, identity, result: Ok(found) } => {
            let pages = &mut state.impressions.pages;
            if let Some(found) = found {
                let page = pages.remove(&image).unwrap_or_default().beside(found);
                pages.insert(image.clone(), page);
            }
            let written = pages.get(&image).map(Page::to_keep).filter(|page| !page.is_empty());
            state.impressions.kept.insert(image, identity.clone());
            note_seen(state);
            let keep = written.map(|written| Effect::Impression(ImpressionEffect::Keep { identity, written }));
            return keep.into_iter().collect();
        }
    }
    Vec::new()
}

/// Makes the text the impression of the image on screen: from here on the result is shown.
fn keep(state: &mut State, text: String) {
    let Some(key) = state.image_key().filter(|_| state.result_hidden() && !text.is_empty()) else { return };
    let before_result = !state.impressions.seen.contains(&key);
    let written = Impression { text, written_at: Local::now(), before_result, remarks: Vec::new() };
    let page = state.impressions.pages.entry(key).or_default();
    (page.impression, page.draft) = (Some(written), ReaderText::default());
    note_seen(state);
}

fn page_mut(state: &mut State) -> Option<&mut Page> {
    let key = state.image_key()?;
    Some(state.impressions.pages.entry(key).or_default())
}

fn keep_remark(state: &mut State) {
    let Some(Page { impression: Some(impression), remark, .. }) = page_mut(state) else { return };
    let text = remark.take().map(|words| words.0.trim().to_owned()).unwrap_or_default();
    if !text.is_empty() {
        impression.remarks.push(Remark { text, written_at: Local::now() });
    }
}

fn bounded(words: ReaderText) -> ReaderText {
    match words.0.char_indices().nth(MOST) {
        Some((end, _)) => ReaderText(words.0[..end].to_owned()),
        None => words,
    }
}

/// Remembers that the result of the image on screen is in sight, if it is.
pub(super) fn note_seen(state: &mut State) {
    if state.results.has_findings()
        && !state.result_hidden()
        && let Some(key) = state.image_key()
    {
        state.impressions.seen.insert(key);
    }
}

/// Says that a report must wait, while it must.
pub(super) fn report_waits(state: &mut State) -> bool {
    let waits = state.result_hidden();
    if waits {
        let why = text!("The report holds the model's result: write your impression first.");
        notice(state, Level::Info, why, None);
    }
    waits
}

/// Says that the reader's words may hold a name, where the report is to hold none.
pub(super) fn caution(state: &mut State, case: &CaseReport) {
    let named = case.measurements.iter().any(|one| !one.name.is_empty());
    let remark = case.feedback.as_ref().is_some_and(|said| said.remark.is_some());
    if case.anonymize && (case.impression.is_some() || named || remark) {
        let words = "The report is anonymised, but your words are free text: look through impression, remarks and names \
                     of measurements for words that tell who the patient is.";
        notice(state, Level::Warning, words, None);
    }
}
