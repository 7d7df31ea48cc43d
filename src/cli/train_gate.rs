//! `pellucid train-gate CONFIG.toml`: trains a model's input gate, puts it into the model's folder,
//! and measures it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use candle_core::Device;

use super::output;
use crate::files::read_regular;
use crate::limits;
use crate::model::gate::Gate;
use crate::training::event::Event;
use crate::training::gate::config::GateConfig;
use crate::training::gate::evaluate::{GateMetrics, evaluate};
use crate::training::gate::examples::Examples;
use crate::training::gate::file::install;
use crate::training::gate::train::{GateStart, train};

/// Train the gate that refuses what is no image for a model
#[derive(Debug, clap::Args)]
pub(super) struct TrainGateArgs {
    /// What to let through, and from which data to learn it
    #[arg(value_name = "CONFIG.toml", required_unless_present = "install")]
    pub config: Option<PathBuf>,
    /// Folder that the data folders of the configuration are relative to [default: the
    /// configuration's]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The model's folder; its manifest, when there is one, will name the gate
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// Begin with the weights of this gate file, not with random ones
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Train nothing: settle distance and threshold of this gate file's weights by the
    /// configuration
    #[arg(long, value_name = "FILE", conflicts_with_all = ["install", "from"])]
    pub settle: Option<PathBuf>,
    /// Train nothing: measure this gate file on images that it has not seen; nothing is written
    #[arg(long, value_name = "FILE", conflicts_with_all = ["install", "settle", "from"])]
    pub judge: Option<PathBuf>,
    /// Train nothing: put this gate file into the model's folder
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "from"])]
    pub install: Option<PathBuf>,
}

impl TrainGateArgs {
    fn start(&self) -> GateStart<'_> {
        match (&self.settle, &self.from) {
            (Some(file), _) => GateStart::Settle(file),
            (None, Some(file)) => GateStart::Weights(file),
            (None, None) => GateStart::Nothing,
        }
    }
}

/// Runs the command.
pub(super) fn run(args: &TrainGateArgs) -> anyhow::Result<()> {
    let Some(path) = &args.config else {
        let Some(file) = &args.install else { return Ok(()) };
        return Ok(install(&read(file)?, &args.model)?);
    };
    let config = GateConfig::read(path)?;
    let root = args.data.clone().or_else(|| path.parent().map(PathBuf::from)).unwrap_or_default();
    let examples = Examples::load(&config, &root, &tell).context("the gate was not trained")?;
    let bytes = if let Some(file) = &args.judge {
        read(file)?
    } else {
        let outcome = train(&config, &examples, args.start(), &tell).context("the gate was not trained")?;
        install(&outcome.bytes, &args.model)?;
        outcome.bytes
    };
    let gate = Gate::from_bytes(&bytes, &Device::Cpu)?;
    let metrics = evaluate(&config, &root, &examples, &gate, &tell).context("the gate was not evaluated")?;
    Ok(output::line(words(&gate, &metrics))?)
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    read_regular(file, limits::GATE_BYTES).with_context(|| format!("{} cannot be read", file.display()))
}

fn tell(event: Event) {
    output::remark(match event {
        Event::GateImages { wanted, validation, others } => {
            format!("{wanted} images to learn from, {validation} to validate, {others} other images")
        }
        Event::Fitting { done, of, loss, images_per_second } => {
            format!("epoch {done:>3}/{of}  loss {loss:.4}  {images_per_second:.0} images/s")
        }
        Event::Warning(text) => text,
        _ => return,
    });
}

/// The table of a model card.
fn words(gate: &Gate, metrics: &GateMetrics) -> String {
    let s = gate.settings();
    let steps = s.steps.map_or("not counted".to_owned(), |steps| format!("{steps:.3}"));
    let mut lines = vec![
        format!("Threshold {:.3}, distance {:.2} ± {:.2}, sharp steps {steps}.", s.threshold, s.distance, s.slope),
        String::new(),
        "| held out | images | patients | let through | AUROC |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    for rate in &metrics.rates {
        let part = |value: f64| 100.0 * value;
        let share = rate.share.map_or("–".to_owned(), |share| {
            format!("{:.1} % ({:.1}–{:.1})", part(share.value), part(share.low), part(share.high))
        });
        let area = rate.auroc.map_or("–".to_owned(), |area| format!("{area:.4}"));
        lines.push(format!(
            "| {} | {} | {} | {}: {share} | {area} |",
            rate.kind, rate.images, rate.patients, rate.accepted
        ));
    }
    if let (Some(area), Some((low, high))) = (metrics.auroc, metrics.interval) {
        lines.push(String::new());
        lines.push(format!("AUROC of all wanted images against all others: {area:.4} ({low:.4}–{high:.4})."));
    }
    lines.join("\n")
}
