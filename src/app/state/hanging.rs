//! Several images side by side: a grid of places, each with an image of its own.
//!
//! One place is active: its image is *the* image of the viewer ([`State::image`]), with its tools,
//! findings and measurements, and nothing is kept of it here. What the other places show is kept
//! here, each with its own view, window and result, so that a click makes another one active and
//! nothing is computed again. How a place that is not active is drawn, [`super::slot_state`] knows.

use std::sync::Arc;

pub use super::grid::{Grid, MOST_SLOTS, SlotIndex};
use super::hanging_rules::HangingRules;
use super::measuring::Measurable;
use super::reference_lines::ReferenceLine;
use super::session::KeptGrid;
use super::stack::Laid;
use super::{Layout, LoadedImage, Reason, Results, State, View};
use crate::engine::model_selection::choice::Choice;
use crate::engine::{AnalysisOptions, BesideImage, ModelInfo};
use crate::explain::Attribution;
use crate::language::text;
use crate::study::{ImageEntry, Metadata, SpacingProvenance};

/// What is known of the image of a place, by whom it was judged, and how that was asked for.
#[derive(Clone, Debug, Default)]
pub struct SlotResults {
    pub results: Results,
    pub model: Option<ModelInfo>,
    pub choice: Option<Arc<Choice>>,
    /// The model was chosen for this image.
    pub automatic: bool,
    pub options: AnalysisOptions,
}

/// The image of a place that is not active.
#[derive(Clone, Debug)]
pub struct SlotImage {
    pub entry: Arc<ImageEntry>,
    /// Number of the frame.
    pub index: u32,
    /// The decoded image; until the one that is wanted is there, the one of its series before it.
    pub image: Option<LoadedImage>,
    /// Names the request that is waited for.
    pub waits: Option<u64>,
    pub failed: Option<Reason>,
    pub view: View,
    /// The image that the view is laid for.
    pub(in crate::app) laid: Option<Laid>,
    pub presented: Option<usize>,
    /// Its measurements, where they are at hand.
    pub(in crate::app) at: Option<Measurable>,
    pub judged: Box<SlotResults>,
}

impl SlotImage {
    /// An image that is not decoded yet.
    #[must_use]
    pub fn new(entry: Arc<ImageEntry>, index: u32) -> Self {
        Self {
            entry,
            index,
            image: None,
            waits: None,
            failed: None,
            view: View::default(),
            laid: None,
            presented: None,
            at: None,
            judged: Box::default(),
        }
    }

    /// The decoded image, once it is the one that is wanted.
    #[must_use]
    pub fn ready(&self) -> Option<&LoadedImage> {
        self.image.as_ref().filter(|_| self.waits.is_none() && self.failed.is_none())
    }
}

/// What fills places by itself when another study comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Follows {
    /// The reader fills them.
    #[default]
    Nothing,
    /// The prior of the current image stands beside it.
    Prior,
    /// The rules of `hanging.toml`.
    Rules,
}

/// How the map of an image counts in the change of the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangePart {
    /// The score that the change leads to.
    Now,
    /// The score that it comes from.
    Before,
}

/// The grid and what its places hold.
#[derive(Clone, Debug)]
pub struct Hanging {
    pub grid: Grid,
    pub active: SlotIndex,
    /// Images of the places; the active place holds none here.
    pub slots: Vec<Option<SlotImage>>,
    /// The empty place that the next image of the list comes to.
    pub target: Option<SlotIndex>,
    pub follows: Follows,
    pub rules: Arc<HangingRules>,
    /// The place of the current image, where places fill themselves.
    pub(in crate::app) home: SlotIndex,
    /// How the studies hung that are being opened.
    pub(in crate::app) restored: Option<KeptGrid>,
    /// The image that they were last filled for.
    pub(in crate::app) hung: Option<Arc<ImageEntry>>,
    /// The layout before this one.
    pub(in crate::app) back: Layout,
    /// Counts the images that were asked for.
    pub(in crate::app) serial: u64,
    /// What the worker was last asked to judge.
    pub(in crate::app) asked: Arc<Vec<BesideImage>>,
    /// Maps of the compared images show their part in the change of the score.
    pub maps_of_change: bool,
    /// In the copy that a place is drawn from: its part in that change.
    pub(in crate::app) part: Option<ChangePart>,
    /// In the copy that a place is drawn from: maps of the other places, which share a scale.
    pub(in crate::app) peers: Vec<Arc<Attribution>>,
    /// In the copy that a place is drawn from: where the slices of the other places cross it.
    pub(in crate::app) lines: Vec<ReferenceLine>,
}

impl Default for Hanging {
    fn default() -> Self {
        Self {
            grid: Grid::PAIR,
            active: 0,
            slots: vec![None; MOST_SLOTS],
            target: None,
            follows: Follows::default(),
            rules: Arc::default(),
            home: 0,
            restored: None,
            hung: None,
            back: Layout::SideBySide,
            serial: 0,
            asked: Arc::default(),
            maps_of_change: false,
            part: None,
            peers: Vec::new(),
            lines: Vec::new(),
        }
    }
}

impl Hanging {
    /// The image of a place that is not active.
    #[must_use]
    pub fn slot(&self, slot: SlotIndex) -> Option<&SlotImage> {
        self.slots.get(slot)?.as_ref().filter(|_| slot != self.active)
    }
}

/// Whether a place is shown at the scale of the active one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleLink {
    /// A millimetre is as long, by the same kind of spacing.
    Linked(SpacingProvenance),
    /// The image fits its place.
    Not(&'static str),
}

/// Whether a file says neither day nor kind of its image: the line above a place then says its name.
pub fn says_nothing(meta: &Metadata) -> bool {
    let kind = [&meta.modality, &meta.body_part, &meta.series_description, &meta.view_position, &meta.laterality];
    super::prior::day(meta).is_none() && kind.iter().all(|words| words.trim().is_empty())
}

impl State {
    /// The image of a place, active or not.
    pub fn slot_entry(&self, slot: SlotIndex) -> Option<&Arc<ImageEntry>> {
        if slot == self.hanging.active {
            return self.current().map(|(entry, _)| entry);
        }
        self.hanging.slot(slot).map(|image| &image.entry)
    }

    /// The places in sight: all of the grid, or the one that is shown alone.
    pub fn slots_in_sight(&self) -> Vec<SlotIndex> {
        let all = 0..self.hanging.grid.slots();
        match self.solo.filter(|slot| all.contains(slot)) {
            Some(slot) => vec![slot],
            None => all.collect(),
        }
    }

    /// The image of the grid that a place is the prior of: the latest of its patient and kind.
    pub fn newer_than(&self, slot: SlotIndex) -> Option<SlotIndex> {
        let entry = self.slot_entry(slot)?;
        let slots = 0..self.hanging.grid.slots();
        let newer =
            slots.filter(|other| self.slot_entry(*other).is_some_and(|newer| super::prior::is_prior(newer, entry)));
        newer.max_by_key(|other| self.slot_entry(*other).and_then(|entry| super::prior::day(&entry.meta)))
    }

    /// The two places that are compared: the active one, and its prior or what it is the prior of;
    /// the newer one first.
    pub fn compared_slots(&self) -> Option<(SlotIndex, SlotIndex)> {
        let active = self.hanging.active;
        if let Some(newer) = self.newer_than(active) {
            return Some((newer, active));
        }
        let entry = self.slot_entry(active)?;
        let priors = (0..self.hanging.grid.slots()).filter(|other| *other != active);
        let day = |slot: &SlotIndex| self.slot_entry(*slot).and_then(|other| super::prior::day(&other.meta));
        let is_prior = |slot: &SlotIndex| self.slot_entry(*slot).is_some_and(|old| super::prior::is_prior(entry, old));
        priors.filter(is_prior).max_by_key(day).map(|prior| (active, prior))
    }

    /// Whether a place that is not active is shown at the scale of the active one.
    pub fn scale_link(&self, slot: SlotIndex) -> ScaleLink {
        let active = self.drawn().and_then(|frame| self.spacing(frame));
        let area = self.views[0].fit.is_some() || self.hanging.slot(slot).is_some_and(|image| image.view.fit.is_some());
        match (active, self.spacing_beside(slot)) {
            _ if !self.preferences.linked => ScaleLink::Not(text!("views are not linked")),
            _ if area => ScaleLink::Not(text!("a presentation state asks for an area")),
            (Some(a), Some(b)) if a.provenance == b.provenance => ScaleLink::Linked(a.provenance),
            (Some(a), Some(b)) if [a.provenance, b.provenance].contains(&SpacingProvenance::ByReader) => {
                ScaleLink::Not(text!("one of them is calibrated by the reader"))
            }
            (Some(_), Some(_)) => ScaleLink::Not(text!("millimetres at the detector beside those in the patient")),
            (_, None) => ScaleLink::Not(text!("no pixel spacing")),
            (None, Some(_)) => ScaleLink::Not(text!("the active image has no pixel spacing")),
        }
    }
}
