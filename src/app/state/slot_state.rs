//! How a place that is not active is drawn: from a state of its own, in which its image is the one
//! on screen.
//!
//! Panels and painters need not know of places then. The copy holds what a view shows and nothing
//! else: no list, no cache, no tool in hand.

use std::sync::Arc;

use super::hanging::{Hanging, SlotIndex};
use super::impression::Impressions;
use super::measuring::{Measuring, Tool};
use super::{Layout, Model, Results, ShownImage, State};
use crate::engine::ModelInfo;
use crate::engine::lungs::LungSearch;
use crate::explain::Attribution;

impl State {
    /// The state that a place is drawn from; nothing where it is active, empty or not decoded.
    #[must_use]
    pub fn of_slot(&self, slot: SlotIndex) -> Option<Self> {
        let image = self.hanging.slot(slot)?;
        let loaded = image.image.as_ref()?;
        let judged = &image.judged;
        let same_model = judged.model.as_ref().is_some_and(|model| self.is_model(model));
        let known = judged.results.clone_shown();
        let hidden = self.keeps_hidden(&(image.entry.key(), image.index), &judged.results);
        let mut state = Self::new(self.preferences.clone(), "", &self.device);
        state.catalogue = self.catalogue.clone();
        state.image = ShownImage::Ready(loaded.frame.clone());
        state.pyramid = loaded.pyramid.clone();
        state.color.clone_from(&loaded.color);
        state.presentations = loaded.presentations.clone();
        state.presented = image.presented;
        state.lungs = loaded.lungs.clone().unwrap_or(LungSearch::NotLookedFor);
        state.auto_window = loaded.auto_window;
        state.results = known;
        state.model = match &judged.model {
            Some(model) => Model::Ready(model.clone()),
            // Which one will fit it is not known yet.
            None if self.automatic => Model::Unfit,
            None => self.model.clone(),
        };
        (state.automatic, state.choice) = (judged.automatic, judged.choice.clone());
        state.layout = Layout::Hanging;
        state.solo = self.solo;
        state.views.fill(image.view);
        if same_model {
            (state.selected, state.selected_group) = (self.selected, self.selected_group);
            state.layer.clone_from(&self.layer);
            state.hanging.peers = self.maps_beside(slot);
        } else {
            state.selected = judged.results.most_probable().unwrap_or(0);
        }
        state.method = self.method;
        state.display = self.display.clone();
        (state.heat_map, state.overlays_hidden) = (self.heat_map, self.overlays_hidden);
        state.cursor = self.cursor;
        state.impressions = Impressions::hiding(hidden);
        let tool = Some(self.measuring.tool).filter(|tool| *tool == Tool::Magnifier).unwrap_or_default();
        state.measuring = Measuring {
            tool,
            shown: self.measuring.shown,
            at: image.at.clone(),
            sheets: self.measuring.sheets.clone(),
            key_images: self.measuring.key_images.clone(),
            ..Measuring::default()
        };
        state.hanging.part = self.part_of_slot(slot);
        state.hanging.lines = self.lines_in(slot);
        state.hanging = Hanging { grid: self.hanging.grid, active: slot, ..state.hanging };
        Some(state)
    }

    /// Whether a model is the one that judges the image on screen.
    pub fn is_model(&self, model: &ModelInfo) -> bool {
        self.model_info().is_some_and(|own| own.sha256 == model.sha256)
    }

    /// Maps of other places by the same model: with those of one's own they share a scale.
    pub fn peer_maps(&self) -> impl Iterator<Item = &Arc<Attribution>> {
        let hanging = (self.layout == Layout::Hanging).then_some(&self.hanging);
        hanging.into_iter().flat_map(|hanging| {
            let slots = hanging.slots.iter().flatten().map(|slot| &slot.judged);
            let same = slots.filter(|judged| judged.model.as_ref().is_some_and(|model| self.is_model(model)));
            hanging.peers.iter().chain(same.flat_map(|judged| &judged.results.attributions))
        })
    }

    fn maps_beside(&self, slot: SlotIndex) -> Vec<Arc<Attribution>> {
        let others = self.hanging.slots.iter().enumerate().filter(|(other, _)| *other != slot);
        let judged = others.filter_map(|(_, image)| image.as_ref()).map(|image| &image.judged);
        let same = judged.filter(|judged| judged.model.as_ref().is_some_and(|model| self.is_model(model)));
        let maps = same.flat_map(|judged| &judged.results.attributions);
        self.results.attributions.iter().chain(maps).cloned().collect()
    }
}

impl Results {
    /// What a view shows of them.
    fn clone_shown(&self) -> Self {
        Self {
            phase: self.phase.clone(),
            gate: self.gate.clone(),
            population: self.population.clone(),
            labels: self.labels.clone(),
            groups: self.groups.clone(),
            attributions: self.attributions.clone(),
            unavailable: self.unavailable.clone(),
            stabilities: self.stabilities.clone(),
            ..Self::default()
        }
    }

    /// The class of the highest probability, once there are scores.
    #[must_use]
    pub fn most_probable(&self) -> Option<usize> {
        let classes = self.labels.iter().enumerate();
        classes.max_by(|a, b| a.1.probability.total_cmp(&b.1.probability)).map(|(class, _)| class)
    }
}
