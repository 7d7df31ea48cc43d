//! `pellucid models import`: published weights become a model of one's own.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use crate::cli::{Outcome, Usage, output};
use crate::model::import::convention::NamedArchitecture;
use crate::model::import::draft::{Request, draft, draft_onnx};
use crate::model::import::fit::{Fit, fit_as};
use crate::model::import::onnx::OnnxNetwork;
use crate::model::import::preset::Preset;
use crate::model::import::{ImportError, format, install, labels, onnx};
use crate::model::manifest::{Head, Resize};
use crate::model::registry;
use crate::network::architecture::Family;

/// How many tensors of each kind are listed unless all are asked for.
const LISTED: usize = 12;

// Each switch is one.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A network and its weights as ONNX, or weights alone: safetensors, PyTorch (.pth, .pt, .tar;
    /// data only, no code is run) or Keras (.h5, .keras)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Architecture of weights, which ONNX brings itself: vgg16, resnet50, densenet121, efficientnet-b0, efficientnet-lite0,
    /// mobilenet-v3-large …; where the file's names do not tell how it pads, with tf- (TensorFlow)
    /// or timm- (PyTorch) before it
    #[arg(long, value_name = "FAMILY")]
    arch: Option<NamedArchitecture>,
    /// How images were prepared; not needed where an ONNX file says it
    #[arg(long, value_parser = presets())]
    preset: Option<Preset>,
    /// One label an output: A,B,C or a file with a name a line or a JSON list; an empty name hides
    /// its output
    #[arg(long, value_name = "LABELS")]
    labels: Option<String>,
    /// Exclusive classes or independent findings; not needed where an ONNX file ends in a softmax or
    /// a logistic function
    #[arg(long, value_enum)]
    head: Option<HeadChoice>,
    /// Name of the model; the file's own without its ending by default
    #[arg(long)]
    name: Option<String>,
    /// Add a dropout of this rate before the head, or change its rate; the network was not trained
    /// with it
    #[arg(long, value_name = "P", value_parser = rate)]
    dropout: Option<f32>,
    /// Side of the input in pixels, where it is not the preset's
    #[arg(long, value_name = "PIXELS")]
    size: Option<usize>,
    /// How images of any shape become square, where it is not the preset's
    #[arg(long, value_enum)]
    resize: Option<ResizeChoice>,
    /// Mean other than the preset's: one value, or one a channel
    #[arg(long, value_name = "M", value_delimiter = ',', allow_negative_numbers = true)]
    mean: Vec<f32>,
    /// Standard deviation other than the preset's: one value, or one a channel
    #[arg(long, value_name = "SD", value_delimiter = ',')]
    sd: Vec<f32>,
    /// Licence of the weights, for the card
    #[arg(long)]
    licence: Option<String>,
    /// One sentence on what it tells apart, for the card
    #[arg(long)]
    description: Option<String>,
    /// Leave out tensors that the architecture does not have
    #[arg(long)]
    ignore_unexpected: bool,
    /// Take the place of a model of the same name
    #[arg(long)]
    replace: bool,
    /// Report what fits and write nothing
    #[arg(long)]
    dry_run: bool,
    /// List every tensor
    #[arg(long)]
    keys: bool,
    /// The report as one JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum HeadChoice {
    Softmax,
    Sigmoid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ResizeChoice {
    Squash,
    Letterbox,
    CenterCrop,
}

fn presets() -> impl TypedValueParser<Value = Preset> {
    let names = PossibleValuesParser::new(Preset::ALL.map(Preset::name));
    names.try_map(|name| Preset::named(&name).ok_or_else(|| format!("there is no preset {name}")))
}

/// A text that is no rate of a dropout.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum NoRate {
    #[error("write it like 0.2")]
    NoNumber,
    #[error("it must lie in 0–1, 1 excluded")]
    OutOfRange,
}

fn rate(text: &str) -> Result<f32, NoRate> {
    let rate: f32 = text.parse().map_err(|_| NoRate::NoNumber)?;
    if (0.0..1.0).contains(&rate) { Ok(rate) } else { Err(NoRate::OutOfRange) }
}

impl Args {
    /// What is to be imported; `found` is what an ONNX file says itself.
    fn request(&self, found: Option<&OnnxNetwork>) -> anyhow::Result<Request> {
        let needs = |what: &str| Usage(format!("{} needs {what}", self.file.display()));
        let named = match (found, self.arch) {
            (Some(_), Some(_)) => {
                return Err(Usage("an ONNX file brings its architecture itself: leave out --arch".into()).into());
            }
            (Some(_), None) => NamedArchitecture { family: Family::Graph, convention: None },
            (None, arch) => arch.ok_or_else(|| needs("--arch FAMILY, for it holds weights alone"))?,
        };
        let prepared = found.and_then(OnnxNetwork::prepared).filter(|_| self.preset.is_none());
        let preset = match &prepared {
            Some(_) => Preset::Imagenet,
            None => self.preset.ok_or_else(|| needs("--preset, for it does not say how images were prepared"))?,
        };
        let head = self.head.map(|head| match head {
            HeadChoice::Softmax => Head::Softmax,
            HeadChoice::Sigmoid => Head::Sigmoid,
        });
        let head = head.or_else(|| found.and_then(OnnxNetwork::head));
        let head = head.ok_or_else(|| needs("--head softmax or --head sigmoid, for it does not say which"))?;
        let stem = || self.file.file_stem().map(|stem| stem.to_string_lossy().replace(' ', "-")).unwrap_or_default();
        Ok(Request {
            file: self.file.clone(),
            family: named.family,
            convention: named.convention,
            labels: self.labels.as_deref().map(labels::parse).transpose()?,
            head,
            preset,
            name: self.name.clone().unwrap_or_else(stem),
            dropout: self.dropout,
            size: self.size,
            resize: self.resize.map(|resize| match resize {
                ResizeChoice::Squash => Resize::Squash,
                ResizeChoice::Letterbox => Resize::Letterbox,
                ResizeChoice::CenterCrop => Resize::CenterCrop,
            }),
            mean: self.mean.clone(),
            sd: self.sd.clone(),
            licence: self.licence.clone(),
            description: self.description.clone(),
            published: None,
            ignore_unexpected: self.ignore_unexpected,
            replace: self.replace,
            prepared,
        })
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let refused =
        |error: ImportError| anyhow::Error::from(error).context(format!("{} cannot be imported", args.file.display()));
    let network = if format::is_onnx(&args.file) {
        let side = args.size.unwrap_or_else(|| args.preset.unwrap_or(Preset::Imagenet).input().width);
        Some(onnx::read(&args.file, side).map_err(refused)?)
    } else {
        None
    };
    let request = args.request(network.as_ref())?;
    install::check_name(&request.name).map_err(|error| Usage(error.to_string()))?;
    let models = registry::user_folder()
        .ok_or_else(|| anyhow::anyhow!("this account has no data folder; set XDG_DATA_HOME to a folder"))?;
    if let Some(network) = network {
        return graph(args, &request, network, &models).map_err(refused);
    }

    let foreign = format::read(&request.file).map_err(refused)?;
    let fitted = fit_as(&foreign, request.family, request.convention).map_err(refused)?;
    let accepted = fitted.accept(&foreign, request.ignore_unexpected);
    let mut report = json!({
        "file": args.file,
        "format": foreign.format,
        "architecture": request.family,
        "outputs": fitted.outputs,
        "channels": fitted.channels,
        "report": fitted.report,
        "uncalled": foreign.uncalled,
    });
    if !args.json {
        output::line(text(&foreign.format, &fitted, args.keys))?;
    }
    let made = accepted.and_then(|()| draft(&request, &foreign, fitted)).and_then(|draft| {
        drop(foreign);
        if args.dry_run { Ok(None) } else { install::install(draft, &models, request.replace).map(Some) }
    });
    match made {
        Ok(folder) => {
            report["model"] = json!(folder.as_ref().map(|_| &request.name));
            report["folder"] = json!(folder);
            if args.json {
                output::json(&report)?;
            } else if let Some(folder) = folder {
                output::line(format!("Installed as {} in {}", request.name, folder.display()))?;
                output::remark(format!("Try it: pellucid predict --model {} IMAGE", request.name));
            }
            Ok(Outcome::Done)
        }
        Err(error) => {
            if args.json {
                report["refused"] = json!(error.to_string());
                output::json(&report)?;
            }
            Err(refused(error))
        }
    }
}

/// Imports the network of an ONNX file.
fn graph(args: &Args, request: &Request, network: OnnxNetwork, models: &Path) -> Result<Outcome, ImportError> {
    let (format, nodes, remarks) = (network.format.clone(), network.graph.nodes.len(), network.remarks.clone());
    let ([channels, rows, columns], outputs) = (network.graph.input, network.graph.outputs());
    let stages = network.architecture(0.0).stages()?;
    let with_maps = stages.iter().filter(|(_, spatial)| *spatial).count();
    if !args.json {
        let said = [
            vec![format.clone()],
            vec![format!(
                "graph: {nodes} nodes in {} stages, {with_maps} of them with maps; images of {columns} × {rows} with {channels} channels; \
                 {outputs} outputs",
                stages.len()
            )],
            remarks.clone(),
        ];
        output::line(said.concat().join("\n")).map_err(std::io::Error::other)?;
    }
    let mut report = json!({
        "file": args.file,
        "format": format,
        "architecture": Family::Graph,
        "outputs": outputs,
        "channels": channels,
        "nodes": nodes,
        "stages": stages.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "remarks": remarks,
    });
    let draft = draft_onnx(request, network)?;
    let target = draft.manifest.target_layer.clone();
    let folder = if args.dry_run { None } else { Some(install::install(draft, models, request.replace)?) };
    report["model"] = json!(folder.as_ref().map(|_| &request.name));
    report["folder"] = json!(folder);
    report["target_layer"] = json!(target);
    if args.json {
        output::json(&report).map_err(std::io::Error::other)?;
    } else if let Some(folder) = folder {
        let said = format!("Installed as {} in {}; maps are taken from {target}", request.name, folder.display());
        output::line(said).map_err(std::io::Error::other)?;
        output::remark(format!("Try it: pellucid predict --model {} IMAGE", request.name));
    }
    Ok(Outcome::Done)
}

/// The report for people: counts, and the tensors that do not fit.
fn text(format: &str, fit: &Fit, all: bool) -> String {
    let r = &fit.report;
    let mut lines = vec![format!(
        "{format}\n{}: {} matched, {} of another shape, {} missing, {} unexpected, {} not needed",
        fit.architecture.family,
        r.matched.len(),
        r.misshapen.len(),
        r.missing.len(),
        r.unexpected.len(),
        r.not_needed.len()
    )];
    let mut list = |title: &str, rows: Vec<String>, hidden: bool| {
        let shown = if all {
            rows.len()
        } else if hidden {
            0
        } else {
            LISTED
        };
        if rows.is_empty() || shown == 0 {
            return;
        }
        lines.push(title.to_owned());
        lines.extend(rows.iter().take(shown).map(|row| format!("  {row}")));
        if rows.len() > shown {
            lines.push(format!("  … and {} more (--keys lists all)", rows.len() - shown));
        }
    };
    let moved = |from: &str, to: &str| if from == to { from.to_owned() } else { format!("{from} → {to}") };
    let matched = r.matched.iter().map(|m| format!("{} {:?}", moved(&m.from, &m.to), m.shape)).collect();
    list("Matched", matched, true);
    let misshapen = r.misshapen.iter();
    let misshapen =
        misshapen.map(|m| format!("{} is {:?}, needed {:?}", moved(&m.from, &m.to), m.found, m.needed)).collect();
    list("Of another shape", misshapen, false);
    list("Missing", r.missing.iter().map(|l| format!("{} {:?}", l.name, l.shape)).collect(), false);
    list("Unexpected", r.unexpected.iter().map(|l| format!("{} {:?}", l.name, l.shape)).collect(), false);
    list("Not needed", r.not_needed.clone(), true);
    lines.join("\n")
}
