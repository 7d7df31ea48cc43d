//! Read first: nothing of the model's is shown until the reader has written an impression of the
//! image.
//!
//! Why: a suggestion that is seen first moves the reading, of the experienced too (Dratsch et al.
//! 2023, "Automation bias in mammography", Radiology 307(4): e222176;
//! [`crate::report::impression`]). The analysis runs meanwhile, so that the result is there at
//! once.
//!
//! How: the state holds everything as always; the screen is drawn from [`State::veiled`], a copy
//! without results, so no panel has to think of hiding anything. What is no result stays in sight:
//! an image that the gate refuses, that no model fits, or a model that failed is told at once,
//! since there is nothing to anchor on and the reader would write in vain. While the result is
//! hidden there is one view, the image; keys that change maps or classes rest.
//!
//! The first text cannot be changed once the result was shown; remarks are added to it. Whether the
//! result of an image was ever on screen is remembered for the session, so an impression that is
//! written after the mode was switched on late does not pass for one that was written before.
//! What is written is kept as it changes, by pixels, UID and frame, in files that only their owner can
//! read ([`crate::report::impression_store`]); it is in no settings and in no log.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::result_objects::ResultObjects;
use super::{Model, Phase, Results, ShownImage, State};
use crate::measurement::identity::ImageIdentity;
use crate::report::impression::Impression;
use crate::report::impression_store::KeptImpression;

/// Key of the image ([`crate::study::ImageEntry::key`]) and number of the frame.
pub type ImageKey = (String, u32);

/// Text of the reader; what is printed for finding faults holds none of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ReaderText(pub String);

impl fmt::Debug for ReaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReaderText({} characters)", self.0.chars().count())
    }
}

/// What was written about one image.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// As typed so far; the impression once the result is asked for.
    pub draft: ReaderText,
    pub impression: Option<Impression>,
    /// A remark as typed so far, while one is being written.
    pub remark: Option<ReaderText>,
}

impl Page {
    /// As it is kept in a file.
    #[must_use]
    pub fn to_keep(&self) -> KeptImpression {
        KeptImpression {
            draft: self.draft.0.clone(),
            impression: self.impression.clone(),
            remark: self.remark.as_ref().map(|words| words.0.clone()),
        }
    }

    /// With what was kept of the same image before. Of two impressions the earlier one stays; what was
    /// typed meanwhile of an image that has one becomes a remark that is being written.
    #[must_use]
    pub fn beside(self, kept: KeptImpression) -> Self {
        let typed = !self.draft.0.trim().is_empty();
        let draft = if typed { self.draft.0.clone() } else { kept.draft };
        let remark = self.remark.as_ref().map(|words| words.0.clone()).or(kept.remark);
        let both = KeptImpression { draft, impression: self.impression, remark }.beside(kept.impression);
        let (draft, remark) = match (&both.impression, typed) {
            (Some(_), true) => (String::new(), both.remark.or(Some(both.draft))),
            (Some(_), false) => (String::new(), both.remark),
            (None, _) => (both.draft, None),
        };
        Self { draft: ReaderText(draft), impression: both.impression, remark: remark.map(ReaderText) }
    }
}

/// What was written in this session.
#[derive(Clone, Debug, Default)]
pub struct Impressions {
    pub(in crate::app) pages: HashMap<ImageKey, Page>,
    /// Images whose result was on screen.
    pub(in crate::app) seen: HashSet<ImageKey>,
    /// Images whose file was looked for: what is written of them is kept.
    pub(in crate::app) kept: HashMap<ImageKey, ImageIdentity>,
    /// That something could not be kept was said before the window closes.
    pub(in crate::app) warned: bool,
    /// The field is to have the keyboard.
    pub(in crate::app) asked: bool,
    /// This is a copy for the screen, from which the result was taken out.
    veiled: bool,
}

impl Impressions {
    /// Nothing written, in a copy for the screen whose result is hidden or not.
    pub(super) fn hiding(veiled: bool) -> Self {
        Self { veiled, ..Self::default() }
    }
}

impl State {
    /// True while the result of an image beside the one on screen is kept from the reader.
    pub fn keeps_hidden(&self, image: &ImageKey, results: &Results) -> bool {
        let ended = matches!(results.phase, Phase::Refused | Phase::Unfit | Phase::Failed(_));
        let written = self.impressions.pages.get(image).is_some_and(|page| page.impression.is_some());
        self.impressions.veiled || self.preferences.read_first && !written && (!ended || results.has_findings())
    }

    /// True while the result of the image on screen (or on its way there) is kept from the reader.
    pub fn result_hidden(&self) -> bool {
        self.impressions.veiled
            || self.preferences.read_first
                && self.image_key().is_some()
                && self.page().is_none_or(|page| page.impression.is_none())
                && !self.nothing_to_hide()
    }

    /// What was written about the image on screen.
    pub fn page(&self) -> Option<&Page> {
        self.impressions.pages.get(&self.image_key()?)
    }

    /// The reader's impression of the image on screen.
    pub fn impression(&self) -> Option<&Impression> {
        self.page()?.impression.as_ref()
    }

    /// The image that is read; nothing while none is open, or where it could not be shown.
    pub fn image_key(&self) -> Option<ImageKey> {
        if matches!(self.image, ShownImage::Failed { .. }) {
            return None;
        }
        self.current().map(|(entry, index)| (entry.key(), index))
    }

    /// The state as the screen may know it while the result is hidden: how far the analysis is, and
    /// nothing of it.
    #[must_use]
    pub fn veiled(&self) -> Self {
        let mut state = self.clone();
        state.results = Results { phase: self.results.phase.clone(), ..Results::default() };
        // The most probable class is selected by itself.
        (state.selected, state.ticked) = (0, Vec::new());
        // The window on calibration stands at that class, and the panel on faithfulness is about
        // its map.
        (state.reliability, state.faithfulness_open) = (None, false);
        // What other programs found is a result as well.
        state.result_objects = ResultObjects::default();
        state.impressions.veiled = true;
        state
    }

    /// There is no result, and none is coming: a refusal and a failure are no findings.
    fn nothing_to_hide(&self) -> bool {
        let ended = matches!(self.results.phase, Phase::Refused | Phase::Unfit | Phase::Failed(_));
        (ended || matches!(self.model, Model::Failed { .. })) && !self.results.has_findings()
    }
}
