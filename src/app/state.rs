//! All that the viewer knows. Panels read it; only [`super::update`] writes it. No egui here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::engine::choice::Choice;
use crate::engine::explanation::{Trusted, Wish};
use crate::engine::{Analysis, AnalysisOptions, Generation, ModelInfo, Score, Timing};
use crate::explain::spread::Spread;
use crate::explain::{Attribution, Method, Subject};
use crate::imaging::Window;
use crate::imaging::overlay::OverlayStyle;
use crate::network::GateVerdict;
use crate::network::manifest::{Group, Label};
use crate::network::registry;
use crate::study::{Catalogue, Frame, ImageEntry};
use crate::uncertainty::Posterior;
use crate::uncertainty::conformal::RISK;
use crate::uncertainty::population::PopulationVerdict;

use super::command::Command;
use super::impression::Impressions;
use super::maps::looks::{self, Looks};
use super::pyramid::Pyramid;
use super::training::Training;
use super::trust::MapKey;
pub use super::view::View;
use super::weights::WeightsForm;

/// Number of a view within the layout, from 0 (left to right, top to bottom).
pub type PaneIndex = usize;
/// Names a notice, so that it can be dismissed.
pub type NoticeId = u64;

/// Most views that a layout has.
pub const MOST_PANES: usize = 16;

/// How the centre of the window is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Layout {
    /// Original | overlay.
    #[default]
    SideBySide,
    Single,
    /// The original, and one map for each class.
    ClassGrid,
    /// A | B | A − B.
    Compare,
    /// The original, and the map of one subject by each of several methods.
    MethodGrid,
}

/// What a view shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// The film alone.
    Film,
    /// The film under the map of a subject by a method.
    Map(Subject, Method),
    /// The film under the difference of two classes' maps by the chosen method.
    Difference(usize, usize),
}

/// Colours of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Theme {
    #[default]
    Dark,
    Light,
    HighContrast,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::Dark, Self::Light, Self::HighContrast];
}

/// The image in front of the reader.
#[derive(Clone, Debug, Default)]
pub enum Film {
    #[default]
    Nothing,
    Loading(Arc<ImageEntry>, u32),
    Shown(Arc<Frame>),
    Failed {
        entry: Arc<ImageEntry>,
        index: u32,
        reason: String,
    },
}

/// Where the analysis of the current image stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Phase {
    /// Nothing was asked.
    #[default]
    Idle,
    /// Asked for; the worker has not begun (or the model is still loading).
    Waiting,
    Running,
    /// The gate refused and nobody insisted.
    Refused,
    /// No model fits the image.
    Unfit,
    Finished,
    Cancelled,
    Failed(String),
}

/// What is known so far of the current image.
#[derive(Clone, Debug, Default)]
pub struct Results {
    pub phase: Phase,
    pub gate: Option<GateVerdict>,
    /// Whether the image belongs to the population of the model, once it is scored.
    pub population: Option<PopulationVerdict>,
    /// Scores of the pass with dropout off; empty until they arrive.
    pub labels: Vec<Score>,
    pub groups: Vec<Score>,
    pub attributions: Vec<Arc<Attribution>>,
    /// Grows while samples arrive.
    pub posterior: Option<Posterior>,
    pub samples_done: usize,
    pub samples_of: usize,
    pub timing: Timing,
    pub warnings: Vec<String>,
    /// Maps of a sampling method that is still running.
    pub rough: Vec<Arc<Attribution>>,
    /// Further maps that are being made.
    pub explaining: Option<Explaining>,
    /// What cannot be had for this image and model, and why: by method and place.
    pub unavailable: Vec<(Method, String, String)>,
    /// Methods that were asked for together failed together: each is asked for by itself.
    pub one_by_one: bool,
    /// Why how stable a map is cannot be told: by method and layer.
    pub no_spread: Vec<(Method, String, String)>,
    /// How stable maps are, as far as it was asked.
    pub spreads: Vec<Arc<Spread>>,
    /// How far maps can be trusted, as far as it was asked.
    pub trusted: Vec<Arc<Trusted>>,
    /// Maps whose judgement was stopped or has failed, and why.
    pub unjudged: Vec<(MapKey, String)>,
    /// The whole, once finished: what reports are made of.
    pub finished: Option<Arc<Analysis>>,
}

/// A wish that the worker is carrying out after the analysis.
#[derive(Clone, Debug, PartialEq)]
pub struct Explaining {
    pub wish: Wish,
    /// Nothing on screen waits for it: it is made for the layers that may be looked at next.
    pub ahead: bool,
    /// What is running, how many steps are done, and of how many.
    pub step: Option<(&'static str, usize, usize)>,
}

/// The model.
#[derive(Clone, Debug)]
pub enum Model {
    Loading {
        name: String,
    },
    Ready(ModelInfo),
    /// None of the installed models fits the image.
    Unfit,
    Failed {
        name: String,
        reason: String,
    },
}

/// How loud a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Goes away by itself after some seconds.
    Info,
    /// Stays until dismissed.
    Warning,
    /// Stays until dismissed.
    Error,
}

/// A message in the corner.
#[derive(Clone, Debug)]
pub struct Notice {
    pub id: NoticeId,
    pub level: Level,
    pub text: String,
    /// A button with its words.
    pub action: Option<(&'static str, Command)>,
    pub since: Instant,
}

/// What is remembered from one start to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Settings {
    /// Newest first.
    pub recent: Vec<PathBuf>,
    /// Configurations of training, newest first.
    pub configurations: Vec<PathBuf>,
    pub report_folder: Option<PathBuf>,
    pub theme: Theme,
    pub studies_width: f32,
    pub findings_width: f32,
    pub studies_open: bool,
    pub findings_open: bool,
    /// How maps look in every view.
    pub overlay: OverlayStyle,
    /// Every view has the same looks; otherwise each has its own, until the program ends.
    pub same_looks: bool,
    /// Lines between the patches of Kernel SHAP.
    pub superpixels: bool,
    /// What the grid of methods shows.
    pub methods: Vec<Method>,
    pub smooth: bool,
    pub linked: bool,
    pub anonymize: bool,
    /// The model's result is hidden until the reader has written an impression.
    pub read_first: bool,
    /// Risk of the conformal states.
    pub risk: f64,
    /// How frequent findings are where the reader works, by name: shares between 0 and 1.
    pub prevalences: BTreeMap<String, f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            recent: Vec::new(),
            configurations: Vec::new(),
            report_folder: None,
            theme: Theme::Dark,
            studies_width: 208.0,
            findings_width: 304.0,
            studies_open: true,
            findings_open: true,
            overlay: OverlayStyle::default(),
            same_looks: true,
            superpixels: true,
            methods: looks::METHODS.to_vec(),
            smooth: true,
            linked: true,
            anonymize: false,
            read_first: false,
            risk: RISK,
            prevalences: BTreeMap::new(),
        }
    }
}

/// All that the viewer knows.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct State {
    pub catalogue: Arc<Catalogue>,
    /// Every image with pixels, in the order of the catalogue.
    pub images: Vec<Arc<ImageEntry>>,
    /// Folders and files are being listed.
    pub scanning: bool,
    /// Files found and read so far while scanning.
    pub scanned: (usize, usize),
    pub film: Film,
    /// The film at smaller sizes, for the screen.
    pub pyramid: Arc<Pyramid>,
    /// The film in colour (where it is a colour picture), at most as large as a screen.
    pub color: Option<Arc<image::RgbImage>>,
    /// Window of the film from its grey values, tails cut.
    pub auto_window: Window,
    /// Counts up each time another image is shown or analysed anew; later results carry it.
    pub generation: Generation,
    pub results: Results,
    pub model: Model,
    /// The model that fits is chosen for each image; otherwise the reader's choice stays.
    pub automatic: bool,
    /// How the model came to judge the image on screen; nothing until it is chosen.
    pub choice: Option<Arc<Choice>>,
    /// Names of the models that can be chosen.
    pub models: Vec<String>,
    /// As asked for: `auto`, `cpu` …
    pub device: String,
    pub options: AnalysisOptions,

    pub layout: Layout,
    /// This view alone (double click).
    pub solo: Option<PaneIndex>,
    /// One for each view; only the first counts while views are linked.
    pub views: Vec<View>,
    /// Class whose map is shown.
    pub selected: usize,
    /// Group whose map is shown instead.
    pub selected_group: Option<usize>,
    /// Classes to compare and to report, in the order they were ticked; the first two are A and B.
    pub ticked: Vec<usize>,
    /// True once the reader chose a class: results no longer move the selection.
    pub chosen: bool,
    pub method: Method,
    /// Stage of the maps; empty means the target layer of the manifest.
    pub layer: String,
    /// What is shown of the maps, and how in each view.
    pub looks: Looks,
    /// Heat maps are shown.
    pub heat_map: bool,
    /// O is held.
    pub overlays_hidden: bool,

    pub notices: Vec<Notice>,
    pub next_notice: NoticeId,
    pub keys_open: bool,
    /// The question whether the shown map can be trusted is open.
    pub trust_open: bool,
    /// The import dialog, while it is open.
    pub weights: Option<WeightsForm>,
    /// A report is being written.
    pub exporting: bool,
    /// Ctrl+E waits for a folder to be chosen.
    pub export_when_chosen: bool,
    /// Pixel under the cursor: column, row, modality value.
    pub cursor: Option<(u32, u32, f32)>,
    /// What the reader wrote about images of this session.
    pub impressions: Impressions,
    pub training: Training,
    /// The window on calibration, while it is open, with the label or group that it shows.
    pub reliability: Option<usize>,
    pub settings: Settings,
}

impl State {
    /// Nothing open; `model` is being loaded, or where none is named, the model will be chosen for each image.
    pub fn new(settings: Settings, model: &str, device: &str) -> Self {
        let automatic = model.is_empty();
        let name = if automatic { registry::DEFAULT } else { model };
        Self {
            catalogue: Arc::default(),
            images: Vec::new(),
            scanning: false,
            scanned: (0, 0),
            film: Film::Nothing,
            pyramid: Arc::default(),
            color: None,
            auto_window: View::default().window,
            generation: 0,
            results: Results::default(),
            model: Model::Loading { name: name.to_owned() },
            automatic,
            choice: (!automatic).then(|| Arc::new(Choice::by_hand(model))),
            models: Vec::new(),
            device: device.to_owned(),
            options: AnalysisOptions::default(),
            layout: Layout::SideBySide,
            solo: None,
            views: vec![View::default(); MOST_PANES],
            selected: 0,
            selected_group: None,
            ticked: Vec::new(),
            chosen: false,
            method: Method::GradCam,
            layer: String::new(),
            looks: Looks::new(&settings.overlay),
            heat_map: true,
            overlays_hidden: false,
            notices: Vec::new(),
            next_notice: 0,
            keys_open: false,
            trust_open: false,
            weights: None,
            exporting: false,
            export_when_chosen: false,
            cursor: None,
            impressions: Impressions::default(),
            training: Training::default(),
            reliability: None,
            settings,
        }
    }

    /// The frame on screen.
    pub fn frame(&self) -> Option<&Arc<Frame>> {
        match &self.film {
            Film::Shown(frame) => Some(frame),
            _ => None,
        }
    }

    /// The image on screen or on its way there, with the number of its frame.
    pub fn current(&self) -> Option<(&Arc<ImageEntry>, u32)> {
        match &self.film {
            Film::Nothing => None,
            Film::Loading(entry, index) | Film::Failed { entry, index, .. } => Some((entry, *index)),
            Film::Shown(frame) => Some((&frame.entry, frame.index)),
        }
    }

    /// The model, once loaded.
    pub fn model_info(&self) -> Option<&ModelInfo> {
        match &self.model {
            Model::Ready(info) => Some(info),
            _ => None,
        }
    }

    /// Classes of the model, empty before it is loaded.
    pub fn labels(&self) -> &[Label] {
        self.model_info().map_or(&[], |m| &m.manifest.labels)
    }

    /// Groups of classes of the model.
    pub fn groups(&self) -> &[Group] {
        self.model_info().map_or(&[], |m| &m.manifest.groups)
    }

    /// Name of a class.
    pub fn label(&self, class: usize) -> &str {
        self.labels().get(class).map_or("", |l| l.name.as_str())
    }

    /// How the image lies in a view.
    pub fn view(&self, pane: PaneIndex) -> &View {
        let pane = if self.settings.linked { 0 } else { pane.min(self.views.len() - 1) };
        &self.views[pane]
    }

    /// True when the wheel goes through images: the series has several, or the image several frames.
    pub fn is_stack(&self) -> bool {
        self.current().is_some_and(|(entry, _)| {
            entry.frames > 1
                || self.images.iter().filter(|e| e.identity.series_uid == entry.identity.series_uid).nth(1).is_some()
        })
    }

    /// True while the worker computes, or is about to.
    pub fn busy(&self) -> bool {
        matches!(self.results.phase, Phase::Waiting | Phase::Running)
    }
}
