//! A reader study under way: one case at a time, and of the model's only what the arm shows.
//!
//! While it is there, the screen is drawn from [`State::for_reading`], a copy without what the arm
//! does not show: no panel has to think of hiding anything. What an arm does not show is not computed
//! either ([`State::may_ask_model`]). Nothing of a patient is in the copy, and no word of the file is
//! drawn ([`State::shows_words_of_file`]): the name of a folder or a description may tell the truth.
//! What was confirmed is kept by [`crate::reader_study::journal`]; what was not is lost when the
//! window closes, and the case is read again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};

use super::result_objects::ResultObjects;
use super::{Content, Layout, Model, Phase, Reason, ShownImage, State};
use crate::evaluation::truth::{Truth, named};
use crate::explain::Method;
use crate::reader_study::order::Reading;
use crate::reader_study::record::{Answer, Mark};
use crate::reader_study::standing::{Standing, standing};
use crate::reader_study::{Arm, Plan, Shows};

/// A reader study under way.
#[derive(Clone, Debug)]
pub struct ReadingRoom {
    pub plan: Arc<Plan>,
    /// The image of each case.
    pub images: Arc<[PathBuf]>,
    pub reader: String,
    pub schedule: Arc<[Reading]>,
    /// How many readings are kept.
    pub read: usize,
    /// When the last of them was made.
    pub last: Option<DateTime<Utc>>,
    /// The session that this window was opened for; the next one is another day's.
    pub session: usize,
    /// As said so far; nothing until the reader said something.
    pub confidence: Option<u8>,
    pub marks: Vec<Mark>,
    /// When all that the arm shows was on screen.
    pub shown: Option<Instant>,
    /// What is said is being kept.
    pub keeping: bool,
    /// Why it could not be kept.
    pub failure: Option<Reason>,
}

/// What is to be read now.
#[derive(Clone, Copy, Debug)]
pub struct CurrentReading<'a> {
    pub reading: Reading,
    pub arm: &'a Arm,
    /// Place of the case in the session, from 1, and how many cases it has.
    pub place: (usize, usize),
    /// A case that the reader has seen a moment ago in another arm.
    pub is_continued: bool,
}

impl ReadingRoom {
    /// For a reader who has read `read` of the order, the last at `last`.
    #[must_use]
    pub fn new(
        plan: Plan,
        images: Vec<PathBuf>,
        (reader, schedule): (String, Vec<Reading>),
        read: usize,
        last: Option<DateTime<Utc>>,
    ) -> Self {
        let session = schedule.get(read).map_or(0, |reading| reading.session);
        Self {
            plan: Arc::new(plan),
            images: images.into(),
            reader,
            schedule: schedule.into(),
            read,
            last,
            session,
            confidence: None,
            marks: Vec::new(),
            shown: None,
            keeping: false,
            failure: None,
        }
    }

    /// Where the reader stands.
    #[must_use]
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
        standing(&self.plan, &self.schedule, self.read, self.last, now)
    }

    /// What is to be read now; nothing once the session is over.
    #[must_use]
    pub fn current(&self) -> Option<CurrentReading<'_>> {
        let reading = *self.schedule.get(self.read).filter(|r| r.session == self.session)?;
        let same = |r: &&Reading| r.session == reading.session && r.arm == reading.arm;
        let before = self.schedule[..self.read].iter().filter(same).count();
        let all = self.schedule.iter().filter(same).count();
        let last = self.read.checked_sub(1).map(|i| self.schedule[i]);
        let is_continued = last.is_some_and(|l| l.case == reading.case && l.session == reading.session);
        Some(CurrentReading { reading, arm: &self.plan.arms[reading.arm], place: (before + 1, all), is_continued })
    }
}

impl State {
    /// Whether the model may be asked of the image on screen: in a study, where the arm shows something
    /// of it.
    #[must_use]
    pub fn may_ask_model(&self) -> bool {
        self.reading.is_none() || self.arm().is_some_and(|arm| arm.shows != Shows::Nothing)
    }

    /// The same of maps.
    #[must_use]
    pub fn may_ask_for_maps(&self) -> bool {
        self.reading.is_none() || self.arm().is_some_and(|arm| arm.shows == Shows::Map)
    }

    /// Whether names, descriptions and graphics that come with a file may be drawn: in a study they may
    /// not.
    #[must_use]
    pub fn shows_words_of_file(&self) -> bool {
        self.reading.is_none()
    }

    /// The arm that a case is read in now.
    #[must_use]
    pub fn arm(&self) -> Option<&Arm> {
        Some(self.reading.as_ref()?.current()?.arm)
    }

    /// Whether the image on screen is the case that is to be read.
    #[must_use]
    pub fn shows_case(&self) -> bool {
        let wanted = self.reading.as_ref().and_then(|room| {
            let case = room.current()?.reading.case;
            room.images.get(case)
        });
        let ShownImage::Ready(frame) = &self.image else { return false };
        wanted.is_some_and(|path| *path == frame.entry.path)
    }

    /// Whether the model is still awaited that the arm shows.
    #[must_use]
    pub fn awaits_model(&self) -> bool {
        let Some(arm) = self.arm() else { return false };
        if arm.shows == Shows::Nothing || matches!(self.model, Model::Failed { .. }) {
            return false;
        }
        let over = matches!(
            self.results.phase,
            Phase::Finished | Phase::Refused | Phase::Unfit | Phase::Failed(_) | Phase::Cancelled
        );
        if !over {
            return true;
        }
        let map = Content::Map(self.subject(), self.method);
        let comes = arm.shows == Shows::Map && self.study_answer().is_some();
        comes && (!self.has_maps(map) || self.is_unfinished(map)) && self.unavailable(self.method).is_none()
    }

    /// What the model says of the finding, where the arm shows it and it has an answer.
    #[must_use]
    pub fn study_answer(&self) -> Option<Answer> {
        let room = self.reading.as_ref()?;
        if room.current()?.arm.shows == Shows::Nothing {
            return None;
        }
        let manifest = &self.model_info()?.manifest;
        let score = match named(manifest, &room.plan.finding)? {
            Truth::Class(class) => self.results.labels.get(class)?,
            Truth::Group(group) => self.results.groups.get(group)?,
        };
        Some(Answer {
            score: f64::from(score.probability),
            threshold: f64::from(score.threshold),
            model: format!("{} {}", manifest.name, manifest.version),
        })
    }

    /// The state as the screen of a study may know it.
    #[must_use]
    pub fn for_reading(&self) -> Self {
        let shows = self.arm().map_or(Shows::Nothing, |arm| arm.shows);
        let mut state = if shows == Shows::Map { self.clone() } else { self.veiled() };
        if shows != Shows::Map {
            // Neither how far the model is nor that it refuses.
            state.results.phase = Phase::Idle;
        }
        state.layout = Layout::Single;
        state.result_objects = ResultObjects::default();
        state.notices.clear();
        state.display.graphics = false;
        (state.solo, state.second_window) = (None, false);
        state.preferences.anonymize = true;
        state.preferences.lung_outline = false;
        state.preferences.read_first = false;
        state
    }

    /// The method of the arm's map; one that costs nothing where none is shown.
    #[must_use]
    pub fn study_method(&self) -> Method {
        self.arm().and_then(|arm| arm.method).unwrap_or(Method::GradCam)
    }
}
