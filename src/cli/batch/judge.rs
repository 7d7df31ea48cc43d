//! What decides a row beside its image: the model or models, and how images are analysed.

use serde::Serialize;

use crate::batch::store::Judge;
use crate::cli::session::AnalysisArgs;
use crate::files::sha256;
use crate::model::calibration;
use crate::model::registry;

/// A model by everything that its rows depend on.
#[derive(Serialize)]
struct Parts {
    name: String,
    /// Manifests name the hashes of weights and gate.
    manifest: String,
    calibration: Option<String>,
    detector: Option<String>,
}

/// The models of these names, and those that are asked beside them.
pub(super) fn of(names: &[String], ensemble: &[String]) -> anyhow::Result<Judge> {
    let (mut parts, mut words) = (Vec::new(), Vec::new());
    for origin in names.iter().chain(ensemble) {
        let manifest = registry::manifest(origin)?;
        let of_file = |file: &str| anyhow::Ok(registry::file(origin, file)?.map(|bytes| sha256(&bytes)));
        words.push(format!("{} ({})", manifest.name, &manifest.weights_sha256[..8]));
        parts.push(Parts {
            name: manifest.name,
            manifest: of_file(registry::MANIFEST)?.unwrap_or_default(),
            calibration: of_file(calibration::FILE)?,
            detector: registry::detector_sha256(origin)?,
        });
    }
    let text = serde_json::to_string(&(&parts, names.len()))?;
    Ok(Judge { sha256: sha256(text.as_bytes()), models: words.join(", ") })
}

/// How images are analysed, in words that are the same whenever rows are.
pub(super) fn analysis(args: &AnalysisArgs) -> String {
    let options = args.options(Vec::new(), Vec::new());
    let force = if options.force { ", forced" } else { "" };
    format!(
        "{} samples of {}, seed {}, error rate {}{force}",
        options.samples, options.source, options.seed, args.error_rate
    )
}
