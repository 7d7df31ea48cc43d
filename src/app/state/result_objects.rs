//! Results in files beside the images: what they lay over the image on screen, and the report or
//! document that is open.
//!
//! Areas and what reports have drawn are shown from the start; a map covers all of an image, so maps are hidden until they are
//! asked for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Reason, State};
use crate::language::text;
use crate::results::read::drawn::FindingGraphics;
use crate::results::read::key::LayerKey;
use crate::results::read::layers::{LaidOver, Layer, LayerKind};
use crate::results::read::reference::Reference;
use crate::results::read::{Finding, ReadObject, ReportItem, StructuredReport};
use crate::study::{Frame, ImageEntry};

/// Opacity of what is laid over the image until the reader changes it.
const OPACITY: f32 = 0.35;

/// Colours of areas whose file recommends none: those of Okabe and Ito, which are told apart with every
/// kind of colour vision (<https://jfly.uni-koeln.de/color>).
const COLORS: [[u8; 3]; 7] =
    [[230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167]];

/// Results in files.
#[derive(Clone, Debug)]
pub struct ResultObjects {
    /// What lies over a frame, and the frame.
    pub laid: Option<(Arc<Frame>, Arc<LaidOver>)>,
    /// Nothing of it is shown.
    pub hidden: bool,
    pub opacity: f32,
    /// Layers that the reader has switched on or off against how they begin.
    pub switched: HashSet<LayerKey>,
    /// The report or document that is open.
    pub window: Option<ResultWindow>,
}

impl Default for ResultObjects {
    fn default() -> Self {
        Self { laid: None, hidden: false, opacity: OPACITY, switched: HashSet::new(), window: None }
    }
}

/// What is shown of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportPage {
    #[default]
    Findings,
    Tree,
    /// The objects that it names.
    References,
}

impl ReportPage {
    /// Every page, in order.
    pub const ALL: [Self; 3] = [Self::Findings, Self::Tree, Self::References];

    /// Name on its button.
    pub fn name(self) -> &'static str {
        match self {
            Self::Findings => text!("report" => "Findings"),
            Self::Tree => text!("report" => "Content"),
            Self::References => text!("report" => "References"),
        }
    }
}

/// The window of a report or a document.
#[derive(Clone, Debug)]
pub struct ResultWindow {
    pub entry: Arc<ImageEntry>,
    /// Nothing until it is read.
    pub object: Option<Result<Arc<ReadObject>, Reason>>,
    pub page: ReportPage,
    pub search: String,
    /// Numbers of the headings that are closed.
    pub closed: HashSet<String>,
    /// Number of the chosen item.
    pub selected: Option<String>,
    /// The images that it names and that are open, by their UID.
    pub open: HashMap<String, Arc<ImageEntry>>,
    /// Places of the items, findings or references that are shown.
    pub rows: Vec<usize>,
}

impl ResultWindow {
    /// Nothing is read yet.
    pub fn new(entry: Arc<ImageEntry>) -> Self {
        Self {
            entry,
            object: None,
            page: ReportPage::default(),
            search: String::new(),
            closed: HashSet::new(),
            selected: None,
            open: HashMap::new(),
            rows: Vec::new(),
        }
    }

    /// The report, once it is read.
    pub fn report(&self) -> Option<&StructuredReport> {
        match self.object.as_ref()?.as_ref().ok()?.as_ref() {
            ReadObject::StructuredReport(report) => Some(report),
            _ => None,
        }
    }

    /// Finds the rows that are shown: those that hold the words that are looked for, of the content
    /// with the headings around them, and nothing inside what is closed.
    pub fn refresh(&mut self) {
        let words = self.search.trim().to_lowercase();
        let rows = match self.report() {
            None => Vec::new(),
            Some(report) => match self.page {
                ReportPage::Findings => {
                    let all = report.findings.iter().enumerate();
                    all.filter(|(_, one)| finding_text(one).contains(&words)).map(|(i, _)| i).collect()
                }
                ReportPage::Tree => self.tree_rows(report, &words),
                ReportPage::References => {
                    let all = report.references.iter().enumerate();
                    all.filter(|(_, one)| one.sop_instance_uid.contains(&words)).map(|(i, _)| i).collect()
                }
            },
        };
        self.rows = rows;
    }

    fn tree_rows(&self, report: &StructuredReport, words: &str) -> Vec<usize> {
        let items = &report.tree.items;
        let mut shown = vec![words.is_empty(); items.len()];
        if !words.is_empty() {
            // The items around a find are those that it lies in.
            let mut around: Vec<usize> = Vec::new();
            for (i, item) in items.iter().enumerate() {
                around.truncate(item.depth);
                if item_text(item).contains(words) {
                    around.iter().for_each(|at| shown[*at] = true);
                    shown[i] = true;
                }
                around.push(i);
            }
        }
        let mut rows = Vec::new();
        let mut at = 0;
        while let Some(item) = items.get(at) {
            if shown[at] {
                rows.push(at);
            }
            // What is looked for is shown wherever it lies.
            let closed = words.is_empty() && self.closed.contains(&item.number);
            at += if closed { item.inside + 1 } else { 1 };
        }
        rows
    }
}

fn finding_text(one: &Finding) -> String {
    let parts = [&one.group, &one.name, &one.value, &one.unit, &one.algorithm];
    let all = parts.into_iter().chain(&one.observers).chain(&one.details);
    all.map(|words| words.to_lowercase()).collect::<Vec<_>>().join("\n")
}

fn item_text(item: &ReportItem) -> String {
    let code = item.concept.as_ref().map_or("", |code| code.value.as_str());
    [item.name(), code, &item.value.words(), item.value.unit()].join("\n").to_lowercase()
}

impl State {
    /// What other files have to do with the frame on screen; nothing while that is not known.
    pub fn laid_over(&self) -> Option<&LaidOver> {
        let (frame, laid) = self.result_objects.laid.as_ref()?;
        self.drawn().is_some_and(|drawn| Arc::ptr_eq(drawn, frame)).then_some(laid)
    }

    /// The frame that it is of.
    pub fn laid_frame(&self) -> Option<&Arc<Frame>> {
        self.result_objects.laid.as_ref().map(|(frame, _)| frame)
    }

    /// Whether a layer is switched on.
    pub fn is_layer_on(&self, layer: &Layer) -> bool {
        let begins = matches!(layer.kind, LayerKind::Area { .. });
        begins != self.result_objects.switched.contains(&layer.key)
    }

    /// What reports have drawn that is to be shown, with its colour.
    pub fn shown_graphics(&self) -> impl Iterator<Item = ([u8; 3], &FindingGraphics)> {
        let laid = self.laid_over().filter(|_| !self.result_objects.hidden && !self.overlays_hidden);
        let all = laid
            .into_iter()
            .flat_map(|laid| (0..).zip(&laid.graphics).map(|(n, one)| (color_of_graphics(laid, n), one)));
        all.filter(|(_, one)| self.are_graphics_on(one))
    }

    /// Whether the graphics of a finding are switched on.
    pub fn are_graphics_on(&self, graphics: &FindingGraphics) -> bool {
        !self.result_objects.switched.contains(&graphics.key)
    }

    /// The layers that are to be drawn, with their places among all.
    pub fn shown_layers(&self) -> impl Iterator<Item = (usize, &Layer)> {
        let laid = self.laid_over().filter(|_| !self.result_objects.hidden && !self.overlays_hidden);
        let all = laid.map_or(&[][..], |laid| &laid.layers);
        all.iter().enumerate().filter(|(_, layer)| self.is_layer_on(layer))
    }

    /// The listed object with this UID.
    pub fn listed(&self, sop_instance_uid: &str) -> Option<&Arc<ImageEntry>> {
        self.catalogue.images().find(|entry| entry.identity.sop_instance_uid == sop_instance_uid)
    }

    /// Those objects that are listed, by their UID.
    pub fn listed_of(&self, references: &[Reference]) -> HashMap<String, Arc<ImageEntry>> {
        let named: HashSet<&str> = references.iter().map(|one| one.sop_instance_uid.as_str()).collect();
        let listed = self.catalogue.images().filter(|entry| named.contains(entry.identity.sop_instance_uid.as_str()));
        listed.map(|entry| (entry.identity.sop_instance_uid.clone(), entry.clone())).collect()
    }
}

/// The colour of what a report has drawn, by its place behind the layers.
pub fn color_of_graphics(laid: &LaidOver, place: usize) -> [u8; 3] {
    COLORS[(laid.layers.len() + place) % COLORS.len()]
}

/// The colour of an area: its own, else one by its place.
pub fn color_of(layer: &Layer, place: usize) -> [u8; 3] {
    match &layer.kind {
        LayerKind::Area { color: Some(color), .. } => *color,
        _ => COLORS[place % COLORS.len()],
    }
}
