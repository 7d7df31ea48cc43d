//! The watch on drift over the whole life of a journal: what was seen before is read again, so that a
//! window goes on where the process ended, and the first window stays the one that later ones are
//! compared with.
//!
//! A notice is written down behind the image that ends its window. Where the process ended between the
//! two, the notice is due, and is given by the next one.

use std::collections::HashSet;

use super::drift::{Drift, Observation};
use super::entry::{Entry, Step};
use crate::model::calibration::Calibration;

/// Drift, image by image.
pub(super) struct Drifting<'a> {
    drift: Drift,
    /// What is known of a model, by its name.
    calibration: &'a dyn Fn(&str) -> Option<Calibration>,
    /// Images that were counted: one that is scored again is none more.
    counted: HashSet<String>,
    /// Notices that are not in the journal.
    due: Vec<String>,
}

impl<'a> Drifting<'a> {
    pub(super) fn new(calibration: &'a dyn Fn(&str) -> Option<Calibration>) -> Self {
        Self { drift: Drift::default(), calibration, counted: HashSet::new(), due: Vec::new() }
    }

    /// Takes in a step that stands in the journal.
    pub(super) fn again(&mut self, entry: &Entry) {
        match &entry.step {
            Step::Made { seen: Some(seen), .. } => self.due = self.observe(&entry.image, seen),
            Step::Notice { text } => self.due.retain(|due| due != text),
            _ => {}
        }
    }

    /// Notices of the last window in the journal that are not in it themselves.
    pub(super) fn take_due(&mut self) -> Vec<String> {
        std::mem::take(&mut self.due)
    }

    /// Takes in what a model made of an image; yields notices where a window ended and something moved.
    pub(super) fn observe(&mut self, image: &str, seen: &Observation) -> Vec<String> {
        if !self.counted.insert(image.to_owned()) {
            return Vec::new();
        }
        if !self.drift.knows(&seen.model)
            && let Some(known) = (self.calibration)(&seen.model)
        {
            self.drift.know(&seen.model, &known);
        }
        self.drift.observe(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::super::drift::WINDOW;
    use super::*;

    fn made(image: usize, outside: bool) -> Entry {
        let (model, weights, is_outside) = ("m".into(), "w".into(), Some(outside));
        let seen = Some(Observation { model, weights, is_outside, ..Observation::default() });
        Entry::new(&format!("1.{image}"), Step::Made { results: Vec::new(), seen, image_sha256: None })
    }

    fn nothing(_: &str) -> Option<Calibration> {
        None
    }

    /// A first window without any outside, and most of a second one of images that all are.
    fn journal(images: usize) -> Vec<Entry> {
        (0..images).map(|image| made(image, image >= WINDOW)).collect()
    }

    fn observed(drifting: &mut Drifting<'_>, entry: &Entry) -> Vec<String> {
        let Step::Made { seen: Some(seen), .. } = &entry.step else { panic!("an image") };
        drifting.observe(&entry.image, seen)
    }

    #[test]
    fn windows_and_the_first_of_them_go_on_after_a_restart() {
        let mut drifting = Drifting::new(&nothing);
        journal(2 * WINDOW - 1).iter().for_each(|entry| drifting.again(entry));
        assert!(drifting.take_due().is_empty());
        let notices = observed(&mut drifting, &made(2 * WINDOW - 1, true));
        assert!(notices[0].contains("100 of the last 100 images were outside"), "{notices:?}");
        assert!(notices[0].contains("0 of the first 100 that it was given here"), "{notices:?}");
        assert!(observed(&mut drifting, &made(3, true)).is_empty(), "an image counts once");
    }

    #[test]
    fn a_notice_that_was_not_written_down_is_given_and_one_that_was_is_not_repeated() {
        let mut drifting = Drifting::new(&nothing);
        journal(2 * WINDOW).iter().for_each(|entry| drifting.again(entry));
        let due = drifting.due.clone();
        assert_eq!(due.len(), 1, "{due:?}");
        drifting.again(&Entry::new("", Step::Notice { text: due[0].clone() }));
        assert!(drifting.take_due().is_empty());
    }
}
