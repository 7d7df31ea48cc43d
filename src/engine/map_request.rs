//! What can be asked on top of an analysis, and the answer on how faithful a map is.

use serde::{Deserialize, Serialize};

use super::AnalysisOptions;
use crate::explain::faithfulness::Faithfulness;
use crate::explain::{Method, MethodSettings, Subject};

/// The maps that are asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapRequest {
    pub methods: Vec<Method>,
    /// Stages; empty means the manifest's target layer. Methods without a layer run once.
    pub layers: Vec<String>,
    /// Empty means every class.
    pub subjects: Vec<Subject>,
    pub settings: MethodSettings,
    /// Dropout samples of each map, to tell how stable it is; 0 for none.
    pub stability_samples: usize,
    /// Judge the maps, too.
    pub faithfulness: bool,
}

/// How faithful a map is to the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapFaithfulness {
    pub method: Method,
    pub subject: Subject,
    /// The stage, or [`crate::explain::INPUT`].
    pub layer: String,
    pub measured: Faithfulness,
    /// False while parts are still to come.
    pub whole: bool,
}

impl MapRequest {
    /// The maps of an analysis.
    #[must_use]
    pub fn of(options: &AnalysisOptions) -> Self {
        Self {
            methods: options.methods.clone(),
            layers: options.layers.clone(),
            subjects: options.subjects.clone(),
            settings: options.explanation,
            stability_samples: 0,
            faithfulness: false,
        }
    }
}
