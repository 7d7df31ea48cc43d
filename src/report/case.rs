//! The case: everything that a report prints, gathered once, so that PDF and JSON say the same numbers.

use std::sync::Arc;

use crate::engine::{Analysis, ModelInfo};
use crate::explain::Method;
use crate::imaging::Window;
pub use crate::imaging::overlay::OverlayStyle;
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
