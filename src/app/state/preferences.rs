//! What is remembered from one start to the next. The names of the fields in the file are those of
//! the first version.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Layout;
use super::display_options::USUAL_METHODS;
use super::keys::ChangedKeys;
use super::model_changes::KnownModel;
use super::session::{KeptGrid, SCALES, Section, WindowPlace};
use super::window_presets::OwnWindow;
use crate::explain::Method;
use crate::imaging::overlay::OverlayStyle;
use crate::model::conformal::RISK;

/// Counts up when fields of the settings file change their meaning.
const SETTINGS_VERSION: u32 = 1;
/// Memory for decoded images where nothing else is set, in MiB.
const IMAGE_MEMORY: u32 = 1024;

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

/// What is remembered from one start to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Preferences {
    /// Of the program that wrote the file.
    pub version: u32,
    /// Lists of studies are kept: the recent ones, and those that were open last.
    pub keep_studies: bool,
    /// Newest first.
    pub recent: Vec<PathBuf>,
    /// Files and folders that are open, or were when the last session ended.
    pub last: Vec<PathBuf>,
    /// How they hang, while several images stand beside each other.
    pub grid: Option<KeptGrid>,
    pub window: Option<WindowPlace>,
    /// Scale of the interface; 1 is what the system asks for.
    pub scale: f32,
    pub layout: Layout,
    /// Heat maps are shown.
    pub heat_map: bool,
    /// Sections of the panel at the right that are closed; those that start closed are open if they
    /// stand here.
    pub closed: BTreeSet<Section>,
    /// Keys that differ from those that the commands declare.
    pub keys: ChangedKeys,
    /// Configurations of training, newest first.
    pub configurations: Vec<PathBuf>,
    pub report_folder: Option<PathBuf>,
    pub theme: Theme,
    /// Code of the language of the screen; empty where the system's was never asked for.
    pub language: String,
    pub studies_width: f32,
    pub findings_width: f32,
    pub studies_open: bool,
    pub findings_open: bool,
    /// How maps look in every view.
    pub overlay: OverlayStyle,
    /// Every view has the same display options; otherwise each has its own, until the program ends.
    #[serde(rename = "same_looks")]
    pub same_display: bool,
    /// Lines between the patches of Kernel SHAP.
    pub superpixels: bool,
    /// Lines around the lungs, where it is known where they lie.
    pub lung_outline: bool,
    /// What the grid of methods shows.
    pub methods: Vec<Method>,
    pub smooth: bool,
    pub linked: bool,
    /// Lines where the slices of other places cross.
    pub reference_lines: bool,
    pub anonymize: bool,
    /// Reports print similar cases, where there is a gallery.
    pub similar_in_report: bool,
    /// Reports are printed in English, whatever the language of the screen.
    pub reports_in_english: bool,
    /// The model's result is hidden until the reader has written an impression.
    pub read_first: bool,
    /// The audit journal is written.
    pub audit: bool,
    /// Models as they were when they were last used, by name.
    pub models: BTreeMap<String, KnownModel>,
    /// Error rate of the conformal states.
    #[serde(rename = "risk")]
    pub error_rate: f64,
    /// Windows of the reader's own, oldest first.
    pub windows: Vec<OwnWindow>,
    /// Memory for decoded images, in MiB.
    pub image_memory: u32,
    /// How frequent findings are where the reader works, by name: shares between 0 and 1.
    pub prevalences: BTreeMap<String, f64>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            version: SETTINGS_VERSION,
            keep_studies: true,
            recent: Vec::new(),
            last: Vec::new(),
            grid: None,
            window: None,
            scale: 1.0,
            layout: Layout::default(),
            heat_map: true,
            closed: BTreeSet::new(),
            keys: ChangedKeys::new(),
            configurations: Vec::new(),
            report_folder: None,
            theme: Theme::Dark,
            language: String::new(),
            studies_width: 208.0,
            findings_width: 304.0,
            studies_open: true,
            findings_open: true,
            overlay: OverlayStyle::default(),
            same_display: true,
            superpixels: true,
            lung_outline: false,
            methods: USUAL_METHODS.to_vec(),
            smooth: true,
            linked: true,
            reference_lines: true,
            anonymize: false,
            similar_in_report: false,
            reports_in_english: false,
            read_first: false,
            audit: false,
            models: BTreeMap::new(),
            error_rate: RISK,
            windows: Vec::new(),
            image_memory: IMAGE_MEMORY,
            prevalences: BTreeMap::new(),
        }
    }
}

impl Preferences {
    /// Scale of the interface, within its bounds.
    #[must_use]
    pub fn interface_scale(&self) -> f32 {
        if self.scale.is_finite() { self.scale.clamp(SCALES.0, SCALES.1) } else { 1.0 }
    }

    /// Whether a section of the panel at the right is open.
    #[must_use]
    pub fn is_open(&self, section: Section) -> bool {
        self.closed.contains(&section) == section.starts_closed()
    }

    /// Opens a section, or closes it.
    pub fn toggle(&mut self, section: Section) {
        if !self.closed.remove(&section) {
            self.closed.insert(section);
        }
    }

    /// Memory for decoded images, in bytes.
    #[must_use]
    pub fn image_memory_bytes(&self) -> u64 {
        u64::from(self.image_memory.clamp(64, 64 << 10)) << 20
    }
}
