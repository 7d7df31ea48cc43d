//! What was done, in order: changes of measurements and of views, so that one key takes back the last
//! of either.
//!
//! Measurements have their own way back ([`super::measuring::Sheet`]), which is kept per image; here
//! stands only whose turn it is. Changes of a view are kept as they were before. Choosing a class or
//! a method changes what is looked at, not how, and is no step.

use std::time::{Duration, Instant};

use super::display_options::DisplayOptions;
use super::{Layout, PaneIndex, State, View};
use crate::imaging::overlay::OverlayStyle;
use crate::measurement::identity::ImageIdentity;

/// Most steps back.
const STEPS: usize = 200;
/// Changes of one kind that follow each other within this time are one step: a drag, some notches of
/// the wheel.
const TOGETHER: Duration = Duration::from_millis(700);

/// How everything is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    pub views: Vec<View>,
    pub layout: Layout,
    pub solo: Option<PaneIndex>,
    pub heat_map: bool,
    pub display: DisplayOptions,
    pub overlay: OverlayStyle,
    pub presented: Option<usize>,
    /// Linked, smooth, superpixels, outline of the lungs, the same style in every view.
    pub switches: [bool; 5],
}

impl Looks {
    /// As they are.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let p = &state.preferences;
        Self {
            views: state.views.clone(),
            layout: state.layout,
            solo: state.solo,
            heat_map: state.heat_map,
            // Which view was clicked last is no change.
            display: DisplayOptions { pointed: 0, ..state.display.clone() },
            overlay: p.overlay.clone(),
            presented: state.presented,
            switches: [p.linked, p.smooth, p.superpixels, p.lung_outline, p.same_display],
        }
    }

    /// Makes them so.
    pub(in crate::app) fn restore(self, state: &mut State) {
        let pointed = state.display.pointed;
        state.views = self.views;
        (state.layout, state.solo, state.heat_map) = (self.layout, self.solo, self.heat_map);
        state.display = DisplayOptions { pointed, ..self.display };
        state.presented = self.presented;
        let p = &mut state.preferences;
        p.overlay = self.overlay;
        (p.layout, p.heat_map) = (state.layout, state.heat_map);
        [p.linked, p.smooth, p.superpixels, p.lung_outline, p.same_display] = self.switches;
    }
}

/// Something that can be taken back.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The looks as they were on the other side of the step.
    Looks(Box<Looks>),
    /// A step of the sheet of this image.
    Measured(ImageIdentity),
    /// This image was marked as a key image, or its mark was taken away.
    Marked(ImageIdentity),
    /// A step of what was said of the findings of this image.
    Answered(ImageIdentity),
}

/// What was done, and what was taken back.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub(in crate::app) back: Vec<Step>,
    pub(in crate::app) forth: Vec<Step>,
    /// What the last step did, and when: the next of its kind joins it.
    joined: Option<(&'static str, Instant)>,
}

impl History {
    /// A change of `kind` was made to the looks, which were `before`; changes with a kind that follow
    /// each other quickly are one step.
    pub(in crate::app) fn looked(&mut self, before: Looks, kind: Option<&'static str>, now: Instant) {
        let joins = |(last, at): (&str, Instant)| Some(last) == kind && now.duration_since(at) < TOGETHER;
        if !self.joined.is_some_and(joins) {
            self.push(Step::Looks(Box::new(before)));
        }
        self.forth.clear();
        self.joined = kind.map(|kind| (kind, now));
    }

    /// A measurement of an image was changed.
    pub(in crate::app) fn measured(&mut self, image: ImageIdentity) {
        self.push(Step::Measured(image));
        self.forth.clear();
    }

    /// An image was marked as a key image, or its mark was taken away.
    pub(in crate::app) fn marked(&mut self, image: ImageIdentity) {
        self.push(Step::Marked(image));
        self.forth.clear();
    }

    /// What was said of the findings of an image was changed.
    pub(in crate::app) fn answered(&mut self, image: ImageIdentity) {
        self.push(Step::Answered(image));
        self.forth.clear();
    }

    /// The views are laid anew: how they were looked at before is no way back.
    pub(in crate::app) fn forget_looks(&mut self) {
        self.joined = None;
        for steps in [&mut self.back, &mut self.forth] {
            steps.retain(|step| !matches!(step, Step::Looks(_)));
        }
    }

    /// The last step that concerns an image, taken off one end; steps of other images stay.
    pub(in crate::app) fn take(&mut self, back: bool, image: Option<&ImageIdentity>) -> Option<Step> {
        self.joined = None;
        let steps = if back { &mut self.back } else { &mut self.forth };
        let concerns = |step: &Step| match step {
            Step::Looks(_) => true,
            Step::Measured(of) | Step::Marked(of) | Step::Answered(of) => Some(of) == image,
        };
        let at = steps.iter().rposition(concerns)?;
        Some(steps.remove(at))
    }

    /// Puts what was taken off one end on the other.
    pub(in crate::app) fn put(&mut self, back: bool, step: Step) {
        if back { self.forth.push(step) } else { self.back.push(step) }
    }

    fn push(&mut self, step: Step) {
        self.joined = None;
        self.back.push(step);
        if self.back.len() > STEPS {
            self.back.remove(0);
        }
    }
}

impl State {
    /// Whether there is a step to take back, or to make again, of the image on screen.
    #[must_use]
    pub fn can_step(&self, back: bool) -> bool {
        let image = self.measurable().map(|at| &at.identity);
        let steps = if back { &self.history.back } else { &self.history.forth };
        let concerns = |step: &Step| match step {
            Step::Looks(_) => true,
            Step::Measured(of) | Step::Marked(of) | Step::Answered(of) => Some(of) == image,
        };
        let sheet = self.sheet().is_some_and(|s| if back { !s.back.is_empty() } else { !s.forth.is_empty() });
        steps.iter().any(concerns) || sheet || back && self.measuring.draft.is_some()
    }
}
