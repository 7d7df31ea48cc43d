//! What the screen shows of the maps, asked of the state: subject, layer, views, and the maps that
//! have arrived.

use std::borrow::Cow;
use std::sync::Arc;

use super::display_options::{Contrast, STABILITY_SAMPLES, Stability, in_order_of_cost};
use super::results::STOPPED;
use super::{Content, Layout, MOST_PANES, PaneIndex, State};
use crate::explain::stability::MapStability;
use crate::explain::{Attribution, Method, Output, Subject, scale};
use crate::imaging::overlay::OverlayStyle;
use crate::language::{said, text, tr};
use crate::model::gate::says_greys_inverted;

impl State {
    /// Stage of the maps on screen.
    pub fn layer(&self) -> &str {
        if self.layer.is_empty() {
            self.model_info().map_or("", |m| m.manifest.target_layer.as_str())
        } else {
            &self.layer
        }
    }

    /// Number of that stage among the layers of the model, fine ones first.
    pub fn stage(&self) -> Option<usize> {
        self.model_info()?.layers.iter().position(|l| l == self.layer())
    }

    /// What the chosen map explains: a group, where one is chosen, else a class.
    pub fn subject(&self) -> Subject {
        match self.selected_group.filter(|g| *g < self.groups().len()) {
            Some(group) => Subject::One(Output::Group(group)),
            None => Subject::class(self.selected),
        }
    }

    /// Name of a subject, for people.
    pub fn subject_name(&self, subject: Subject) -> String {
        match (self.model_info(), subject) {
            (Some(info), _) => subject.name(&info.manifest),
            // Before there is a model its classes have no names.
            (None, _) => String::new(),
        }
    }

    /// Style of the maps that the panel changes and the report prints: of every view, or of the one
    /// that was clicked last.
    pub fn overlay(&self) -> &OverlayStyle {
        self.style(self.pointed())
    }

    /// Style of the map in a view.
    pub fn style(&self, pane: PaneIndex) -> &OverlayStyle {
        if self.preferences.same_display {
            return &self.preferences.overlay;
        }
        let pane = if self.layout == Layout::Hanging { 0 } else { pane };
        self.display.styles.get(pane).unwrap_or(&self.preferences.overlay)
    }

    /// The view with a map that was clicked last, else the first one.
    pub fn pointed(&self) -> PaneIndex {
        let panes = self.panes();
        let is_map = |pane: &PaneIndex| panes.get(*pane).is_some_and(|content| *content != Content::Image);
        if is_map(&self.display.pointed) { self.display.pointed } else { (0..panes.len()).find(is_map).unwrap_or(0) }
    }

    /// The view whose zoom a key changes: of several images the active one, of linked views the first.
    pub fn zoomed(&self) -> PaneIndex {
        match (self.layout, self.solo) {
            (Layout::Hanging, _) => self.hanging.active,
            (_, Some(pane)) => pane,
            _ if self.preferences.linked => 0,
            _ => self.pointed(),
        }
    }

    /// The map of a class by the chosen method and layer, if it has arrived.
    pub fn attribution(&self, class: usize) -> Option<&Arc<Attribution>> {
        self.map(Subject::class(class), self.method)
    }

    /// The map of a subject by a method at the chosen layer, if it has arrived; an unfinished one
    /// where there is no better.
    pub fn map(&self, subject: Subject, method: Method) -> Option<&Arc<Attribution>> {
        let place = method.place(self.layer());
        let wanted = |a: &&Arc<Attribution>| a.subject == subject && a.method == method && a.layer == place;
        self.results.attributions.iter().find(wanted).or_else(|| self.results.rough.iter().find(wanted))
    }

    /// True when all maps that a view is made of have arrived, be they unfinished.
    pub fn has_maps(&self, content: Content) -> bool {
        match content {
            Content::Image => false,
            Content::Map(subject, method) => self.map(subject, method).is_some(),
            Content::Difference(a, b) => self.attribution(a).is_some() && self.attribution(b).is_some(),
            Content::Changed(..) => self.changed_map(content).is_some(),
        }
    }

    /// True when a map of the view is still being refined.
    pub fn is_unfinished(&self, content: Content) -> bool {
        let rough = |subject, method| {
            self.map(subject, method).is_some_and(|map| self.results.rough.iter().any(|r| Arc::ptr_eq(r, map)))
        };
        match content {
            Content::Image | Content::Changed(..) => false,
            Content::Map(subject, method) => rough(subject, method),
            Content::Difference(a, b) => rough(Subject::class(a), self.method) || rough(Subject::class(b), self.method),
        }
    }

    /// Why there is no map by a method at the chosen layer.
    pub fn unavailable(&self, method: Method) -> Option<&str> {
        let place = method.place(self.layer());
        let found = self.results.unavailable.iter().find(|(m, at, _)| *m == method && at == place);
        found.map(|(_, _, reason)| reason.as_str())
    }

    /// Why a method cannot be had here, whoever asks: the menu offers it in grey.
    pub fn impossible(&self, method: Method) -> Option<Cow<'_, str>> {
        let info = self.model_info()?;
        if method.needs_background() && info.background.is_none() {
            return Some(Cow::Borrowed(text!(
                "Needs a background set, and the model has none. Make one: pellucid models background MODEL DIR"
            )));
        }
        if method.needs_class_attention()
            && let Some(reason) = &info.no_class_attention
        {
            return Some(Cow::Owned(tr!(
                "Follows attention to a class token, which this network does not have: {reason}",
                reason = said(reason)
            )));
        }
        self.unavailable(method).filter(|reason| *reason != STOPPED).map(|reason| Cow::Owned(said(reason)))
    }

    /// True when the map of this class is there and has nothing to show.
    pub fn without_evidence(&self, class: usize) -> bool {
        self.attribution(class).is_some_and(|a| !scale::shows_something(a))
    }

    /// True where a gate has told that the greys of the image are the wrong way round, and it is not
    /// shown inverted yet. Where no gate says so nothing is known of it.
    pub fn offers_inverting(&self) -> bool {
        let refused = self.results.gate.iter().filter(|gate| !gate.accepted).map(|gate| &gate.reason);
        let opinions = self.choice.iter().flat_map(|choice| &choice.opinions);
        let opinions = opinions.filter(|opinion| opinion.accepted == Some(false)).map(|opinion| &opinion.reason);
        !self.view(0).invert && refused.chain(opinions).any(|reason| says_greys_inverted(reason))
    }

    /// Stability of a map at the chosen layer, from the samples so far.
    pub fn stability(&self, subject: Subject, method: Method) -> Option<&Arc<MapStability>> {
        let layer = self.layer();
        self.results.stabilities.iter().find(|s| s.subject == subject && s.method == method && s.layer == layer)
    }

    /// False for a model without dropout.
    pub fn is_stochastic(&self) -> bool {
        self.model_info().is_none_or(|info| info.stochastic)
    }

    /// Why the stability of maps by a method cannot be known.
    pub fn stability_unknown(&self, method: Method) -> Option<&str> {
        if !self.is_stochastic() {
            return Some(text!("This model has no dropout, so how stable a map is cannot be told from samples"));
        }
        if !method.has_spread() {
            return Some(text!("Known only for class activation maps that need one pass back: choose one of them"));
        }
        let found = self.results.no_stability.iter().find(|(m, at, _)| *m == method && at == self.layer());
        found.map(|(_, _, reason)| reason.as_str())
    }

    /// The stability that a view shows its map by.
    pub fn shown_stability(&self, content: Content) -> Option<&Arc<MapStability>> {
        let Content::Map(subject, method) = content else { return None };
        if self.display.stability == Stability::Off { None } else { self.stability(subject, method) }
    }

    /// True when the stability of this map was measured on all samples.
    pub fn has_stability(&self, subject: Subject, method: Method) -> bool {
        self.stability(subject, method).is_some_and(|s| s.samples >= STABILITY_SAMPLES)
    }

    /// The two compared classes: the first two ticked; what is missing is filled from the selection
    /// and the next class.
    pub fn compared(&self) -> (usize, usize) {
        let n = self.labels().len().max(1);
        let a = self.ticked.first().copied().unwrap_or(self.selected);
        let b = self.ticked.get(1).copied().unwrap_or(if a == self.selected { (a + 1) % n } else { self.selected });
        (a, b)
    }

    /// The methods of the grid, cheapest first.
    pub fn methods(&self) -> Vec<Method> {
        in_order_of_cost(&self.preferences.methods)
    }

    /// What each view shows, left to right and top to bottom, before [`Self::solo`] is asked; the
    /// image alone while the result is hidden, and where no map will come.
    pub fn panes(&self) -> Vec<Content> {
        if self.result_hidden() || self.is_mapless() {
            return vec![Content::Image];
        }
        let of_class = |class| Content::Map(Subject::class(class), self.method);
        let image = std::iter::once(Content::Image);
        match self.layout {
            Layout::SideBySide => vec![Content::Image, Content::Map(self.subject(), self.method)],
            Layout::Single | Layout::Hanging => vec![Content::Map(self.subject(), self.method)],
            Layout::WhatIf => {
                let subject = self.subject();
                vec![Content::Map(subject, self.method), Content::Changed(subject, self.method)]
            }
            Layout::ClassGrid => {
                let classes = self.labels().len().min(MOST_PANES - 1);
                image.chain((0..classes).map(of_class)).collect()
            }
            Layout::MethodGrid => {
                image.chain(self.methods().into_iter().map(|method| Content::Map(self.subject(), method))).collect()
            }
            Layout::Compare => {
                let (a, b) = self.compared();
                let third = match self.display.contrast {
                    Contrast::Maps => Content::Difference(a, b),
                    Contrast::Scores => {
                        Content::Map(Subject::Difference(Output::Class(a), Output::Class(b)), self.method)
                    }
                };
                vec![of_class(a), of_class(b), third]
            }
        }
    }
}
