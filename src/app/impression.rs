//! Read first: nothing of the model's is shown until the reader has written an impression of the image.
//!
//! Why: a suggestion that is seen first moves the reading, of the experienced too (Dratsch et al. 2023, "Automation bias in
//! mammography", Radiology 307(4): e222176; [`crate::report::impression`]). The analysis runs meanwhile, so that the
//! result is there at once.
//!
//! How: the state holds everything as always; the screen is drawn from [`State::veiled`], a copy without results, so no
//! panel has to think of hiding anything. What is no result stays in sight: an image that the gate refuses, that no model
//! fits, or a model that failed is told at once, since there is nothing to anchor on and the reader would write in vain.
//! While the result is hidden there is one view, the film; keys that change maps or classes rest.
//!
//! The first text cannot be changed once the result was shown; remarks are added to it. Whether the result of an image was
//! ever on screen is remembered for the session, so an impression that is written after the mode was switched on late
//! does not pass for one that was written before. Impressions live as long as the session and the reports that hold
//! them; they are in no settings and in no log.

use std::collections::{HashMap, HashSet};
use std::fmt;

use chrono::Local;

use super::command::{Command, Group, Info};
use super::effect::Effect;
use super::state::{Film, Level, Model, Phase, Results, State};
use super::sure::SureCommand;
use super::update::notice;
use crate::report::CaseReport;
use crate::report::impression::{Impression, MOST, NOTHING, Remark};

/// Why the result is hidden; said beside the field.
pub const WHY: &str = "Reading first keeps the model from steering the eye (automation bias).";

/// Key of the image ([`crate::study::ImageEntry::key`]) and number of the frame.
pub type ImageKey = (String, u32);

/// Words of the reader; what is printed for finding faults holds none of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Words(pub String);

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} characters)", self.0.chars().count())
    }
}

/// What was written about one image.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// As typed so far; the impression once the result is asked for.
    pub draft: Words,
    pub impression: Option<Impression>,
    /// A remark as typed so far, while one is being written.
    pub remark: Option<Words>,
}

/// What was written in this session.
#[derive(Clone, Debug, Default)]
pub struct Impressions {
    pages: HashMap<ImageKey, Page>,
    /// Images whose result was on screen.
    seen: HashSet<ImageKey>,
    /// This is a copy for the screen, from which the result was taken out.
    veiled: bool,
}

/// What a reader asks of the impressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ImpressionCommand {
    ToggleReadFirst,
    /// The impression as typed so far.
    Write(Words),
    ShowResult,
    NothingToReport,
    /// A remark as typed so far; `None` puts it away.
    WriteRemark(Option<Words>),
    KeepRemark,
}

impl ImpressionCommand {
    /// Every command that needs no further word, in the order of the key table.
    pub fn table() -> Vec<Self> {
        vec![Self::ToggleReadFirst, Self::ShowResult]
    }

    /// Label, tooltip, key and group.
    pub fn info(&self) -> Info {
        let (label, tooltip, key) = match self {
            Self::ToggleReadFirst => {
                ("Read first", "Hides the model's result of each image until you have written what you see", "F8")
            }
            Self::Write(_) => ("Your impression", "What you see, before the model says anything", ""),
            Self::ShowResult => (
                "Show the model's result",
                "Keeps your impression as it is, with the time, and shows the result",
                "Ctrl+Enter",
            ),
            Self::NothingToReport => {
                ("I see nothing to report", "Keeps this as your impression, and shows the result", "")
            }
            Self::WriteRemark(Some(_)) => {
                ("Add a remark", "Adds to your impression, marked as written after the result was shown", "")
            }
            Self::WriteRemark(None) => ("Discard", "Puts the remark away", ""),
            Self::KeepRemark => ("Keep the remark", "Adds it to your impression; it cannot be changed then", ""),
        };
        Info { label, tooltip, key, group: Group::Findings }
    }
}

impl State {
    /// True while the result of the image on screen (or on its way there) is kept from the reader.
    pub fn result_hidden(&self) -> bool {
        self.impressions.veiled
            || self.settings.read_first
                && key(self).is_some()
                && self.page().is_none_or(|page| page.impression.is_none())
                && !self.nothing_to_hide()
    }

    /// What was written about the image on screen.
    pub fn page(&self) -> Option<&Page> {
        self.impressions.pages.get(&key(self)?)
    }

    /// The reader's impression of the image on screen.
    pub fn impression(&self) -> Option<&Impression> {
        self.page()?.impression.as_ref()
    }

    /// The state as the screen may know it while the result is hidden: how far the analysis is, and nothing of it.
    #[must_use]
    pub fn veiled(&self) -> Self {
        let mut state = self.clone();
        state.results = Results { phase: self.results.phase.clone(), ..Results::default() };
        // The most probable class is selected by itself.
        (state.selected, state.ticked) = (0, Vec::new());
        // The window on calibration stands at that class, and the question of trust is about its map.
        (state.reliability, state.trust_open) = (None, false);
        state.impressions.veiled = true;
        state
    }

    /// There is no result, and none is coming: a refusal and a failure are no findings.
    fn nothing_to_hide(&self) -> bool {
        let ended = matches!(self.results.phase, Phase::Refused | Phase::Unfit | Phase::Failed(_));
        (ended || matches!(self.model, Model::Failed { .. })) && !has_result(&self.results)
    }
}

fn has_result(results: &Results) -> bool {
    !results.labels.is_empty() || !results.attributions.is_empty()
}

/// The image that is read.
fn key(state: &State) -> Option<ImageKey> {
    if matches!(state.film, Film::Failed { .. }) {
        return None;
    }
    state.current().map(|(entry, index)| (entry.key(), index))
}

fn page_mut(state: &mut State) -> Option<&mut Page> {
    Some(state.impressions.pages.entry(key(state)?).or_default())
}

/// Carries out a command.
pub(super) fn apply(state: &mut State, command: ImpressionCommand) -> Vec<Effect> {
    use ImpressionCommand as I;
    match command {
        I::ToggleReadFirst => {
            state.settings.read_first ^= true;
            // The field stands there.
            state.settings.findings_open |= state.settings.read_first;
            note_seen(state);
            return vec![Effect::SaveSettings];
        }
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
        I::NothingToReport => keep(state, NOTHING.to_owned()),
        I::WriteRemark(words) => {
            if state.impression().is_some()
                && let Some(page) = page_mut(state)
            {
                page.remark = words.map(bounded);
            }
        }
        I::KeepRemark => keep_remark(state),
    }
    Vec::new()
}

/// Makes the text the impression of the image on screen: from here on the result is shown.
fn keep(state: &mut State, text: String) {
    let Some(key) = key(state).filter(|_| state.result_hidden() && !text.is_empty()) else { return };
    let before_result = !state.impressions.seen.contains(&key);
    let written = Impression { text, written_at: Local::now(), before_result, remarks: Vec::new() };
    let page = state.impressions.pages.entry(key).or_default();
    (page.impression, page.draft) = (Some(written), Words::default());
    note_seen(state);
}

fn keep_remark(state: &mut State) {
    let Some(Page { impression: Some(impression), remark, .. }) = page_mut(state) else { return };
    let text = remark.take().map(|words| words.0.trim().to_owned()).unwrap_or_default();
    if !text.is_empty() {
        impression.remarks.push(Remark { text, written_at: Local::now() });
    }
}

fn bounded(words: Words) -> Words {
    match words.0.char_indices().nth(MOST) {
        Some((end, _)) => Words(words.0[..end].to_owned()),
        None => words,
    }
}

/// Remembers that the result of the image on screen is in sight, if it is.
pub(super) fn note_seen(state: &mut State) {
    if has_result(&state.results)
        && !state.result_hidden()
        && let Some(key) = key(state)
    {
        state.impressions.seen.insert(key);
    }
}

/// True for what would change the result's looks: such keys rest while it is hidden.
pub(super) fn rests(command: &Command) -> bool {
    match command {
        Command::HideOverlays(_) => false,
        // The last two open at the most probable class, and at its map.
        Command::PreviousClass
        | Command::NextClass
        | Command::SwapCompared
        | Command::Sure(SureCommand::ToggleReliability)
        | Command::ToggleTrust => true,
        command => command.info().group == Group::Overlay,
    }
}

/// Says that a report must wait, while it must.
pub(super) fn report_waits(state: &mut State) -> bool {
    let waits = state.result_hidden();
    if waits {
        let why = "The report holds the model's result: write your impression first.";
        notice(state, Level::Info, why.into(), None);
    }
    waits
}

/// Says that the reader's words may hold a name, where the report is to hold none.
pub(super) fn caution(state: &mut State, case: &CaseReport) {
    if case.anonymize && case.impression.is_some() {
        let words = "The report is anonymised, but your impression is free text: look through it for words that tell \
                     who the patient is.";
        notice(state, Level::Warning, words.into(), None);
    }
}
