//! The case: everything that a report prints, gathered once, so that PDF and JSON say the same numbers.

use std::sync::Arc;

use crate::engine::{Analysis, ModelInfo};
use crate::explain::Method;
use crate::imaging::Window;
use crate::study::Frame;

/// What the exporters take.
#[derive(Clone)]
pub struct CaseReport {
    pub frame: Arc<Frame>,
    pub analysis: Arc<Analysis>,
    pub model: ModelInfo,
    /// Classes with a panel of their own, in this order (indices into the manifest's labels).
    pub classes: Vec<usize>,
    pub method: Method,
    pub layer: String,
    /// The window of the printed image.
    pub window: Window,
    pub inverted_by_reader: bool,
    pub overlay: OverlayStyle,
    /// Leaves out name, id, birth date, accession number, institution and physician everywhere.
    pub anonymize: bool,
}

/// How maps are coloured; shared by the viewer and the report.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OverlayStyle {
    /// Key of the colour map.
    pub colormap: String,
    /// 0–1.
    pub opacity: f32,
    /// Values of the scaled map below this are left transparent, 0–1.
    pub threshold: f32,
    /// All classes on one scale (else each on its own).
    pub shared_scale: bool,
    pub contours: bool,
}

impl Default for OverlayStyle {
    fn default() -> Self {
        Self { colormap: "viridis".into(), opacity: 0.5, threshold: 0.15, shared_scale: true, contours: false }
    }
}
