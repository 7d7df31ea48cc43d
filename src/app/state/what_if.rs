//! The image as the reader has changed it, what the model says of that, and the changes that were
//! kept. The image itself and its file stay as they are.

use std::collections::HashMap;
use std::sync::Arc;

use super::impression::ImageKey;
use super::{Content, Layout, State};
use crate::engine::what_if::alteration::Alteration;
use crate::engine::what_if::filling::Filling;
use crate::engine::what_if::question::Answer;
use crate::engine::what_if::runs::Runs;
use crate::explain::{Attribution, Method, Subject};
use crate::language::{text, tr, translated};
use crate::measurement::Point;
use crate::report::what_if::ChangeRecord;
use crate::wording::alteration;

/// Most steps back.
pub(in crate::app) const STEPS: usize = 50;
/// Random places that a change is compared with once the hand rests.
pub const DRAWS: usize = 10;
/// Seed of ROAD's noise and of the random places.
pub const SEED: u64 = 7;
/// Smallest and largest radius of the brush, share of the longer side of the image.
pub const RADII: (f32, f32) = (0.003, 0.15);

/// What the left button does on a changed image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Marker {
    Brush,
    Eraser,
    Lasso,
    Superpixel,
}

impl Marker {
    /// Every tool, in the order of the panel.
    pub const ALL: [Self; 4] = [Self::Brush, Self::Eraser, Self::Lasso, Self::Superpixel];
}

/// A part that is found and not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FoundPart {
    /// The measured region that is selected.
    Region,
    OutsideLungs,
    Lungs,
    SideMarkers,
}

impl FoundPart {
    /// Every part, in the order of the panel.
    pub const ALL: [Self; 4] = [Self::SideMarkers, Self::OutsideLungs, Self::Lungs, Self::Region];
}

/// What is marked and altered: a step of the way back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    pub taken: Arc<Runs>,
    /// How it was marked, each word once.
    pub by: Vec<&'static str>,
    pub alteration: Alteration,
}

impl Changed {
    /// True where the image stands as it is.
    pub fn is_nothing(&self) -> bool {
        self.taken.is_empty() && self.alteration.is_none()
    }

    /// What was done, in a few words.
    pub fn in_words(&self) -> String {
        let mut words = Vec::new();
        if !self.taken.is_empty() {
            let by: Vec<&str> = self.by.iter().map(|by| translated(by)).collect();
            words.push(tr!("without {}", by.join(", ")));
        }
        words.extend(alteration::in_words(&self.alteration));
        words.join(", ")
    }
}

/// A change with its answer, kept for the report.
#[derive(Clone, Debug)]
pub struct KeptChange {
    pub changed: Changed,
    /// As the report files it, with its number and what the reader calls it.
    pub record: ChangeRecord,
    /// SHA-256 of the model's weights.
    pub model_sha256: String,
}

/// What is known of an image before anything is marked.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Superpixels on a grid of columns and rows, a number each.
    pub superpixels: Vec<u16>,
    pub grid: [usize; 2],
    pub side_markers: Runs,
}

/// Everything about changing the image on screen.
#[derive(Clone, Debug)]
pub struct WhatIf {
    pub tool: Option<Marker>,
    /// Of the brush, share of the longer side of the image.
    pub radius: f32,
    pub filling: Filling,
    pub changed: Changed,
    /// The pixels of `changed.taken`, with the stroke that is being made; none where nothing is marked.
    pub mask: Option<Arc<Vec<bool>>>,
    /// The line of the lasso so far.
    pub lasso: Vec<Point>,
    /// Where the brush was last, while it is down.
    pub(in crate::app) stroke: Option<Point>,
    pub(in crate::app) back: Vec<Changed>,
    pub(in crate::app) forth: Vec<Changed>,
    /// Number of the last question.
    pub(in crate::app) number: u64,
    /// The question that is being answered, and whether it is a whole one.
    pub(in crate::app) asked: Option<(u64, bool)>,
    /// What is asked when it is answered: whether a whole question.
    pub(in crate::app) next: Option<bool>,
    /// The map that the last whole question asked for.
    pub(in crate::app) asked_map: Option<(Subject, Method, String)>,
    pub answer: Option<Arc<Answer>>,
    /// Why there is none.
    pub failure: Option<String>,
    /// Superpixels and side markers of the image on screen, once they were looked for.
    pub parts: Option<Arc<Parts>>,
    pub kept: HashMap<ImageKey, Vec<KeptChange>>,
}

impl Default for WhatIf {
    fn default() -> Self {
        Self {
            tool: None,
            radius: 0.03,
            filling: Filling::default(),
            changed: Changed::default(),
            mask: None,
            lasso: Vec::new(),
            stroke: None,
            back: Vec::new(),
            forth: Vec::new(),
            number: 0,
            asked: None,
            next: None,
            asked_map: None,
            answer: None,
            failure: None,
            parts: None,
            kept: HashMap::new(),
        }
    }
}

impl WhatIf {
    /// True while the button is down with a tool that draws.
    pub fn is_stroking(&self) -> bool {
        self.stroke.is_some() || !self.lasso.is_empty()
    }

    /// Whether there is a step back, and one forth.
    pub fn steps(&self) -> (bool, bool) {
        (!self.back.is_empty(), !self.forth.is_empty())
    }
}

impl State {
    /// True while the image is questioned: only then is a changed image on screen.
    pub fn is_questioned(&self) -> bool {
        self.layout == Layout::WhatIf && !self.result_hidden() && !self.is_mapless()
    }

    /// True while the left button belongs to a tool that marks.
    pub fn is_marking(&self) -> bool {
        self.is_questioned() && self.what_if.tool.is_some()
    }

    /// What the model says of the changed image, if it was asked.
    pub fn changed_answer(&self) -> Option<&Arc<Answer>> {
        self.what_if.answer.as_ref().filter(|_| !self.what_if.changed.is_nothing())
    }

    /// The whole answer to what stands now.
    pub fn settled_answer(&self) -> Option<&Arc<Answer>> {
        self.changed_answer().filter(|answer| answer.number == self.what_if.number && !self.is_asking())
    }

    /// The map of the changed image that a view shows.
    pub fn changed_map(&self, content: Content) -> Option<&Arc<Attribution>> {
        let Content::Changed(subject, method) = content else { return None };
        let place = method.place(self.layer());
        let maps = &self.changed_answer()?.found.analysis.attributions;
        maps.iter().find(|map| map.subject == subject && map.method == method && map.layer == place)
    }

    /// The changes of the image on screen that were kept.
    pub fn kept_changes(&self) -> &[KeptChange] {
        self.image_key().and_then(|key| self.what_if.kept.get(&key)).map_or(&[], Vec::as_slice)
    }

    /// The map of the changed image that goes with what is on screen; nothing by a method that takes
    /// too long to follow a change.
    pub(in crate::app) fn wanted_change_map(&self) -> Option<(Subject, Method, String)> {
        self.method.is_instant().then(|| (self.subject(), self.method, self.layer().to_owned()))
    }

    /// True while an answer is awaited.
    pub fn is_asking(&self) -> bool {
        self.what_if.asked.is_some()
    }

    /// Why a part cannot be taken away; nothing where it can.
    pub fn part_missing(&self, part: FoundPart) -> Option<&str> {
        let has = match part {
            FoundPart::Region => self.selected_measurement().is_some_and(|one| one.kind.region(&one.points).is_some()),
            FoundPart::OutsideLungs | FoundPart::Lungs => self.lungs.found().is_some(),
            FoundPart::SideMarkers => self.what_if.parts.as_ref().is_some_and(|parts| !parts.side_markers.is_empty()),
        };
        let why = match part {
            FoundPart::Region => text!("Select a measured rectangle, ellipse or freehand region first"),
            FoundPart::OutsideLungs | FoundPart::Lungs => self.lungs.why_not().unwrap_or_default(),
            FoundPart::SideMarkers => text!("No side marker was found near the corners; mark one with the lasso"),
        };
        (!has).then_some(why)
    }
}
