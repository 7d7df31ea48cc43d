//! `pellucid train-gate CONFIG.toml`: trains a model's input gate and puts it into the model's folder.

use std::path::PathBuf;

use anyhow::Context as _;

use super::output;
use crate::files::read_regular;
use crate::limits;
use crate::training::gate::{GateConfig, GateEvent, install, train};

/// Train the gate that refuses what is no image for a model
#[derive(Debug, clap::Args)]
pub struct TrainGateArgs {
    /// What to let through, and from which data to learn it
    #[arg(value_name = "CONFIG.toml", required_unless_present = "install")]
    pub config: Option<PathBuf>,
    /// Folder that the data folders of the configuration are relative to [default: the configuration's]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The model's folder; its manifest, when there is one, will name the gate
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// Train nothing: settle distance and threshold of this gate file's weights by the configuration
    #[arg(long, value_name = "FILE", conflicts_with = "install")]
    pub settle: Option<PathBuf>,
    /// Train nothing: put this gate file into the model's folder
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub install: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &TrainGateArgs) -> anyhow::Result<()> {
    let Some(path) = &args.config else {
        let Some(file) = &args.install else { return Ok(()) };
        let bytes = read_regular(file, limits::GATE_BYTES);
        let bytes = bytes.with_context(|| format!("{} cannot be read", file.display()))?;
        return Ok(install(&bytes, &args.model)?);
    };
    let config = GateConfig::read(path)?;
    let root = args.data.clone().or_else(|| path.parent().map(PathBuf::from)).unwrap_or_default();
    let outcome = train(&config, &root, args.settle.as_deref(), &|event| {
        output::remark(match event {
            GateEvent::Loaded { wanted, validation, others } => {
                format!("{wanted} images to learn from, {validation} to validate, {others} other pictures")
            }
            GateEvent::Epoch { epoch, epochs, loss, images_per_second } => {
                format!("epoch {epoch:>3}/{epochs}  loss {loss:.4}  {images_per_second:.0} images/s")
            }
            GateEvent::Warning(text) => text,
        });
    })
    .context("the gate was not trained")?;
    install(&outcome.bytes, &args.model)?;
    let s = &outcome.settings;
    output::line(format!("threshold {:.3}, distance {:.2} ± {:.2}", s.threshold, s.distance, s.slope))?;
    for r in &outcome.rates {
        let (right, word) = if r.wanted { (r.accepted, "let through") } else { (r.images - r.accepted, "refused") };
        output::line(format!(
            "{:<26} {right:>5} of {:<5} {word:<12} {:>6.2} %   scores {:.3} {:.3} {:.3}",
            r.kind,
            r.images,
            100.0 * right as f64 / r.images.max(1) as f64,
            r.scores[0],
            r.scores[1],
            r.scores[2]
        ))?;
    }
    Ok(())
}
