//! `[transfer]`: weights that a run starts from.

use serde::Deserialize;

/// What is taken over from another model.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Transfer {
    /// Weights to start from: tensors of the same name and shape are taken, relative to the configuration.
    pub start_from: Option<std::path::PathBuf>,
}
