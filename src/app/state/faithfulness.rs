//! How faithful the map on screen is to the model: which map that is, and where the answer stands.
//!
//! The panel is a question that stays open: as long as it is, the answer for whatever map is shown
//! is asked for, after the maps themselves (`update::map_requests`). Answers on maps
//! that were shown before stay, and are there at once when one comes back.

use std::sync::Arc;

use super::map_key::MapKey;
use super::{Content, Phase, ShownImage, State};
use crate::engine::faithfulness::is_too_costly;
use crate::engine::map_request::MapFaithfulness;
use crate::explain::{Method, Subject};
use crate::language::text;
use crate::wording::faithfulness;

/// Why a map cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// No image, no scores, or they are still to come.
    Unscored(&'static str),
    /// The method has no map here, and why.
    NoMap(String),
    /// The map is on its way.
    Coming,
    /// The map is zero everywhere.
    Flat,
}

impl State {
    /// The map that the panel speaks of: in the view that stands alone, else the selected class
    /// where it is shown, else the first map.
    #[must_use]
    pub fn shown_map(&self) -> Option<MapKey> {
        self.model_info()?;
        let map = |content: &Content| match *content {
            Content::Map(subject, method) => Some((subject, method)),
            Content::Image | Content::Difference(..) | Content::Changed(..) => None,
        };
        let panes = self.panes();
        let alone = self.solo.and_then(|pane| panes.get(pane)).and_then(map);
        let chosen = |(subject, method): &(Subject, Method)| *subject == self.subject() && *method == self.method;
        let selected = panes.iter().filter_map(map).find(chosen);
        let (subject, method) = alone.or(selected).or_else(|| panes.iter().find_map(map))?;
        Some(MapKey { method, subject, place: method.place(self.layer()).to_owned() })
    }

    /// Why a map cannot be evaluated, if it cannot.
    #[must_use]
    pub fn obstacle(&self, key: &MapKey) -> Option<Obstacle> {
        if !matches!(self.image, ShownImage::Ready(_)) {
            return Some(Obstacle::Unscored(text!("Open an image: there is no map yet.")));
        }
        if !self.results.finished.as_ref().is_some_and(|analysis| analysis.scored) {
            let words = match self.results.phase {
                Phase::Refused | Phase::Unfit => text!("The image was not scored, so there is no map to measure."),
                Phase::Cancelled | Phase::Failed(_) => {
                    text!("The analysis did not end, so there is no map to measure.")
                }
                Phase::Idle | Phase::Waiting | Phase::Running | Phase::Finished => {
                    text!("The analysis is still running; its map can be measured when it is done.")
                }
            };
            return Some(Obstacle::Unscored(words));
        }
        match self.results.attributions.iter().find(|map| key.names(map)) {
            Some(map) if map.is_flat() => Some(Obstacle::Flat),
            Some(_) => None,
            None => Some(match self.unavailable(key.method) {
                Some(reason) => Obstacle::NoMap(reason.to_owned()),
                None => Obstacle::Coming,
            }),
        }
    }

    /// What is known of the faithfulness of a map.
    #[must_use]
    pub fn faithfulness_of(&self, key: &MapKey) -> Option<&Arc<MapFaithfulness>> {
        self.results.faithfulness.iter().find(|known| key.is_evaluated_by(known))
    }

    /// Why a map was not evaluated to the end: stopped, or failed.
    #[must_use]
    pub fn unevaluated(&self, key: &MapKey) -> Option<&str> {
        self.results.unevaluated.iter().find(|(of, _)| of == key).map(|(_, reason)| reason.as_str())
    }

    /// What of the evaluation runs now, how many steps are done, and of how many.
    #[must_use]
    pub fn evaluating(&self, key: &MapKey) -> Option<Option<&(&'static str, usize, usize)>> {
        let explaining = self.results.explaining.as_ref()?;
        let of_this = explaining.request.faithfulness && MapKey::all_of(&explaining.request).contains(key);
        of_this.then_some(explaining.step.as_ref())
    }

    /// What is not measured of maps by this method, and why.
    #[must_use]
    pub fn not_measured(&self, method: Method) -> Option<String> {
        is_too_costly(method, &self.options.explanation).then(|| faithfulness::too_costly(method))
    }

    /// The answer that a report prints: of the first of its classes that was evaluated.
    #[must_use]
    pub fn faithfulness_in_report(&self, classes: &[usize]) -> Option<MapFaithfulness> {
        let place = self.method.place(self.layer()).to_owned();
        let key = |class: &usize| MapKey { method: self.method, subject: Subject::class(*class), place: place.clone() };
        classes.iter().find_map(|class| self.faithfulness_of(&key(class))).map(|known| MapFaithfulness::clone(known))
    }
}
