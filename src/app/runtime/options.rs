//! How the viewer starts.

use std::path::PathBuf;

use crate::app::state::Theme;
use crate::network::device::DeviceChoice;

/// How the viewer starts.
#[derive(Clone, Debug, Default)]
pub struct ViewerOptions {
    /// Files and folders to open.
    pub paths: Vec<PathBuf>,
    /// Open the computed phantom.
    pub demo: bool,
    /// Write a screenshot here once the first result stands, and exit.
    pub screenshot: Option<PathBuf>,
    /// Write the report into this folder once the first result stands, and exit.
    pub smoke: Option<PathBuf>,
    /// Further models, by name or folder, that are asked beside each one with their labels.
    pub ensemble: Vec<String>,
    /// Name of the model, or its folder; empty to have the one that fits chosen for each image.
    pub model: String,
    pub device: DeviceChoice,
    /// Folder of lung masks, named like their images.
    pub masks: Option<PathBuf>,
    /// Size of the window in points; `None` for the usual one.
    pub size: Option<[f32; 2]>,
    /// Scale of the interface; `None` for the one that is kept.
    pub scale: Option<f32>,
    /// Colours of the interface; `None` for those that are kept.
    pub theme: Option<Theme>,
    /// Code of the language of the screen; `None` for the one that is kept.
    pub language: Option<&'static str>,
}
