//! All that the viewer knows: nouns, and the questions that can be asked of them.
//!
//! The lowest of the five floors. It knows no command and no egui. Panels read it; only
//! [`super::update`] changes it.

pub mod audit;
pub mod cine;
pub mod display_options;
pub mod faithfulness;
pub mod feedback;
pub mod frame_cache;
mod grid;
pub mod hanging;
pub mod hanging_rules;
pub mod histogram;
pub mod history;
pub mod impression;
pub mod key_images;
pub mod keys;
mod layout;
mod loaded_image;
pub mod map_key;
pub mod measuring;
mod model;
pub mod model_changes;
mod notice;
pub mod on_top;
pub mod palette;
mod preferences;
mod presentation;
pub mod prior;
pub mod published;
pub mod pyramid;
pub mod reading;
mod reason;
pub mod reference_lines;
pub mod result_objects;
pub mod results;
pub mod score_change;
mod selectors;
pub mod session;
mod shown_image;
mod slot_state;
pub mod stack;
pub mod study_scoring;
pub mod tags;
pub mod tour;
pub mod training;
mod uncertainty;
mod view;
pub mod view_capture;
pub mod weights_form;
pub mod what_if;
pub mod window_presets;
pub mod worklist;

use std::sync::Arc;

use crate::engine::lungs::LungSearch;
use crate::engine::model_selection::choice::Choice;
use crate::engine::{AnalysisOptions, Generation, ModelInfo};
use crate::explain::Method;
use crate::imaging::Window;
use crate::model::manifest::{Group, Label};
use crate::model::registry;
use crate::study::{Catalogue, Frame, ImageEntry, PresentationState};

pub use display_options::DisplayOptions;
pub use layout::{Content, Layout, MOST_PANES, PaneIndex, SECOND_PANE};
pub use loaded_image::LoadedImage;
pub use model::Model;
pub use notice::{Level, Notice, NoticeAction, NoticeId};
pub use preferences::{Preferences, Theme};
pub use reason::Reason;
pub use results::{Explaining, Phase, Results};
pub use shown_image::ShownImage;
pub use view::{View, WindowChoice};

use audit::Audited;
use feedback::Feedback;
use hanging::Hanging;
use history::History;
use impression::Impressions;
use keys::KeyEditor;
use measuring::Measuring;
use model_changes::ModelChanges;
use palette::Palette;
use published::Published;
use pyramid::Pyramid;
use reading::ReadingRoom;
use result_objects::ResultObjects;
use session::LastSession;
use stack::Stack;
use tags::TagBrowser;
use tour::TourStep;
use training::Training;
use view_capture::ViewCapture;
use weights_form::WeightsForm;
use what_if::WhatIf;
use worklist::Worklist;

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
    pub image: ShownImage,
    /// The image at smaller sizes, for the screen.
    pub pyramid: Arc<Pyramid>,
    /// The image in colour (where it is a colour image), at most as large as a screen.
    pub color: Option<Arc<image::RgbImage>>,
    /// The presentation states that are about the frame, and the one that is applied.
    pub presentations: Arc<Vec<PresentationState>>,
    pub presented: Option<usize>,
    /// What is kept of going through stacks.
    pub stack: Stack,
    /// Where the lungs of the image lie, if that is known.
    pub lungs: LungSearch,
    /// Window of the image from its grey values, tails cut.
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
    /// The images of the layout of several.
    pub hanging: Hanging,
    /// A second window is open.
    pub second_window: bool,
    /// This view alone (double click).
    pub solo: Option<PaneIndex>,
    /// One for each view; only the first counts while views are linked.
    pub views: Vec<View>,
    /// The view in hand is to be shown pixel for pixel: how large that is, the screen knows.
    pub pixel_for_pixel: bool,
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
    pub display: DisplayOptions,
    /// Heat maps are shown.
    pub heat_map: bool,
    /// O is held.
    pub overlays_hidden: bool,

    pub notices: Vec<Notice>,
    pub next_notice: NoticeId,
    pub keys_open: bool,
    /// The window that changes keys, while it is open.
    pub key_editor: Option<KeyEditor>,
    pub palette: Option<Palette>,
    /// The step of the guided tour, while it goes on.
    pub tour: Option<TourStep>,
    /// What the session before left, until it is opened or forgotten.
    pub last_session: LastSession,
    /// What was done to measurements and views, in order.
    pub history: History,
    /// The panel on the faithfulness of the shown map is open.
    pub faithfulness_open: bool,
    /// The import dialog, while it is open.
    pub weights: Option<WeightsForm>,
    /// Published models, and the one that is being fetched.
    pub published: Published,
    /// Archives and their studies.
    pub worklist: Worklist,
    /// A report is being written.
    pub exporting: bool,
    /// Ctrl+E waits for a folder to be chosen.
    pub export_when_chosen: bool,
    /// The report that is being written is to be printed.
    pub printing: bool,
    /// The views are being saved as an image.
    pub view_capture: ViewCapture,
    /// What is exported are DICOM objects.
    pub as_dicom: bool,
    /// Pixel under the cursor: column, row, modality value.
    pub cursor: Option<(u32, u32, f32)>,
    /// What the reader wrote about images of this session.
    pub impressions: Impressions,
    /// What the audit journal was told.
    pub audited: Audited,
    pub model_changes: ModelChanges,
    /// What the reader said of findings.
    pub feedback: Feedback,
    pub measuring: Measuring,
    pub what_if: WhatIf,
    /// The reader study that cases are read for, while one is under way.
    pub reading: Option<Box<ReadingRoom>>,
    /// The window of the tag browser, while it is open.
    pub tags: Option<TagBrowser>,
    /// Results in files beside the images.
    pub result_objects: ResultObjects,
    pub training: Training,
    /// The window on calibration, while it is open, with the label or group that it shows.
    pub reliability: Option<usize>,
    pub preferences: Preferences,
}

impl State {
    /// Nothing open; `model` is being loaded, or where none is named, the model will be chosen for
    /// each image.
    pub fn new(preferences: Preferences, model: &str, device: &str) -> Self {
        let automatic = model.is_empty();
        let name = if automatic { registry::DEFAULT } else { model };
        Self {
            catalogue: Arc::default(),
            images: Vec::new(),
            scanning: false,
            scanned: (0, 0),
            image: ShownImage::Nothing,
            pyramid: Arc::default(),
            color: None,
            presentations: Arc::default(),
            presented: None,
            lungs: LungSearch::NotLookedFor,
            stack: Stack::new(preferences.image_memory_bytes()),
            auto_window: View::default().window,
            generation: 0,
            results: Results::default(),
            model: Model::Loading { name: name.to_owned() },
            automatic,
            choice: (!automatic).then(|| Arc::new(Choice::by_hand(model))),
            models: Vec::new(),
            device: device.to_owned(),
            options: AnalysisOptions::default(),
            layout: preferences.layout.at_start(),
            hanging: Hanging::default(),
            second_window: false,
            solo: None,
            views: vec![View::default(); MOST_PANES],
            pixel_for_pixel: false,
            selected: 0,
            selected_group: None,
            ticked: Vec::new(),
            chosen: false,
            method: Method::GradCam,
            layer: String::new(),
            display: DisplayOptions::new(&preferences.overlay),
            heat_map: preferences.heat_map,
            overlays_hidden: false,
            notices: Vec::new(),
            next_notice: 0,
            keys_open: false,
            key_editor: None,
            palette: None,
            tour: None,
            last_session: LastSession::of(&preferences.last, preferences.grid.as_ref()),
            history: History::default(),
            faithfulness_open: false,
            weights: None,
            published: Published::default(),
            worklist: Worklist::default(),
            exporting: false,
            export_when_chosen: false,
            printing: false,
            view_capture: ViewCapture::default(),
            as_dicom: false,
            cursor: None,
            impressions: Impressions::default(),
            audited: Audited::default(),
            model_changes: ModelChanges::default(),
            feedback: Feedback::default(),
            measuring: Measuring::default(),
            what_if: WhatIf::default(),
            reading: None,
            tags: None,
            result_objects: ResultObjects::default(),
            training: Training::default(),
            reliability: None,
            preferences,
        }
    }

    /// The frame on screen.
    pub fn frame(&self) -> Option<&Arc<Frame>> {
        self.image.frame()
    }

    /// The image on screen or on its way there, with the number of its frame.
    pub fn current(&self) -> Option<(&Arc<ImageEntry>, u32)> {
        self.image.entry()
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
        &self.views[self.view_index(pane)]
    }

    /// Which of the views a pane shows its image by.
    pub fn view_index(&self, pane: PaneIndex) -> usize {
        // Of several images each has a view of its own, and this is that of the active one.
        let one = self.preferences.linked || self.layout == Layout::Hanging;
        if one { 0 } else { pane.min(self.views.len() - 1) }
    }

    /// Whether a pane says for all of them whose image it is and how it is shown.
    pub fn speaks_for_all(&self, pane: PaneIndex) -> bool {
        pane == 0 || pane == SECOND_PANE || self.solo.is_some() || self.layout == Layout::Hanging
    }

    /// True while the worker computes, or is about to.
    pub fn busy(&self) -> bool {
        matches!(self.results.phase, Phase::Waiting | Phase::Running)
    }
}
