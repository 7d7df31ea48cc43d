//! `pellucid explain`: maps by any method, as numbers, images and JSON.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::inputs::Inputs;
use super::record::Record;
use super::session::{AnalysisArgs, ModelArgs, Session};
use super::{Outcome, Usage, images, npy, output};
use crate::cancel::CancelToken;
use crate::engine::explanation::explain_with;
use crate::engine::lungs::Lungs;
use crate::engine::map_request::MapRequest;
use crate::engine::pass::Known;
use crate::engine::progress::Progress;
use crate::engine::{Analysis, AnalysisOptions};
use crate::evaluation::truth::{Truth, named};
use crate::evaluation::vocabulary::folded;
use crate::explain::stability::MapStability;
use crate::explain::{Attribution, Family, Method, MethodSettings, Output, Subject};
use crate::files::read_regular;
use crate::limits;
use crate::model::Model;
use crate::model::background::Background;
use crate::model::manifest::Manifest;
use crate::network::target_layer::Places;
use crate::study::{Frame, Unscorable};

/// Show what moved a score: maps as arrays, images and numbers
#[derive(Debug, clap::Args)]
#[command(after_help = methods())]
pub(super) struct Args {
    /// File or folder (DICOM, PNG, JPEG, TIFF)
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Class or group of classes to explain, or all classes
    #[arg(long, value_name = "LABEL|GROUP|all", default_value = "all")]
    class: String,
    /// Explain the difference to this class or group: why the one and not the other
    #[arg(long, value_name = "LABEL|GROUP")]
    versus: Option<String>,
    /// How the map is made; the list is below
    #[arg(long, default_value = "grad-cam", value_parser = method)]
    method: Method,
    /// Stage to take the map from, where the method has one [default: the model's target layer]
    #[arg(long, value_name = "STAGE")]
    layer: Option<String>,
    /// Runs of the network by methods that can do with any number of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=limits::EVALUATIONS as i64))]
    evaluations: Option<u32>,
    /// Superpixels of kernel-shap
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(limits::SUPERPIXELS.0 as i64..=limits::SUPERPIXELS.1 as i64))]
    superpixels: u32,
    /// What Shapley values are given to: patches of the image, or the regions of the chest (zones of
    /// the lungs, between them, border, elsewhere), which needs to know where the lungs
    /// lie; kernel-shap, deep-shap, gradient-shap and integrated-gradients
    #[arg(long, value_enum, default_value_t = Regions::Patches)]
    regions: Regions,
    /// Side of the patch of occlusion, as a part of the image's shorter side: 7 is a seventh
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=limits::PATCHES as i64))]
    patches: u32,
    /// Background set of gradient-shap and deep-shap, made by `pellucid models background`
    /// [default: the model's own]
    #[arg(long, value_name = "FILE.zip")]
    background: Option<PathBuf>,
    /// Dropout samples of each map, to tell how stable it is (class activation maps only)
    #[arg(long, value_name = "T", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=10_000))]
    stability: u32,
    /// Write the maps before any post-processing, f32, subjects first: at the layer's own
    /// resolution for class activation maps, signed and at the resolution of the network's input
    /// for the others
    #[arg(long, value_name = "FILE.npy")]
    raw: Option<PathBuf>,
    /// Write an image: the overlay of one class, or the image beside the overlays of all
    #[arg(long, value_name = "FILE.png")]
    png: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    analysis: AnalysisArgs,
    /// One JSON object a line for each image, and nothing else
    #[arg(long)]
    json: bool,
}

/// What Shapley values are given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Regions {
    Patches,
    Anatomy,
}

/// A word that no method is called.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the methods are {}", Method::ALL.map(Method::key).join(", "))]
pub(super) struct UnknownMethod;

/// The method that is called so on the command line.
pub(super) fn method(text: &str) -> Result<Method, UnknownMethod> {
    Method::from_key(&text.to_lowercase()).ok_or(UnknownMethod)
}

/// The methods, a line each.
fn methods() -> String {
    let mut text = String::from("Methods:\n");
    for family in Family::ALL {
        let _ = writeln!(text, "  {}", family.name());
        for method in Method::ALL.into_iter().filter(|m| m.family() == family) {
            let _ = writeln!(text, "    {:20}  {} ({})", method.key(), method.line(), method.cost().words());
        }
    }
    let unsound: Vec<&str> =
        Method::ALL.into_iter().filter(|m| m.fails_sanity_check().is_some()).map(Method::key).collect();
    let _ = write!(text, "{} are known to fail the randomisation check (Adebayo et al. 2018).", unsound.join(" and "));
    text
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut session = Session::with_ensemble(&args.model, &args.analysis.ensemble)?;
    if let Some(model) = session.named() {
        subjects(model, args)?;
        layer(model, args.layer.as_deref())?;
    }
    session.use_masks(args.analysis.masks.as_deref())?;
    let background = args.background.as_deref().map(read_background).transpose()?;
    if background.is_some() {
        session.use_background(background);
    }
    if args.regions == Regions::Anatomy {
        if !args.method.adds_up() {
            return Err(Usage(format!(
                "values of {} do not add up, so they cannot be summed up over regions; those of {} do",
                args.method.key(),
                Method::ALL.into_iter().filter(|m| m.adds_up()).map(Method::key).collect::<Vec<_>>().join(", ")
            ))
            .into());
        }
        session.use_anatomical_regions();
    }
    let settings = MethodSettings {
        seed: args.analysis.seed,
        evaluations: args.evaluations.map(|n| n as usize),
        superpixels: args.superpixels as usize,
        patches: args.patches as usize,
    };
    let options = |model: &Model, _: Option<&Lungs>| {
        let options = args.analysis.options(vec![args.method], vec![layer(model, args.layer.as_deref())?]);
        Ok(AnalysisOptions { subjects: subjects(model, args)?, explanation: settings, ..options })
    };
    let inputs = Inputs::gather(std::slice::from_ref(&args.path));
    if inputs.len() > 1 && (args.raw.is_some() || args.png.is_some()) {
        return Err(Usage(format!(
            "{} holds {} images; --raw and --png write the maps of one",
            args.path.display(),
            inputs.len()
        ))
        .into());
    }
    inputs.each("Explaining", |image| {
        let analyzed = session.analyze(|| image.load(args.analysis.frame), options, args.analysis.force)?;
        let record = Record::new(image.path(), &analyzed, args.analysis.error_rate).at(&args.analysis.prevalence)?;
        let Some((model, analysis)) = &analyzed.outcome else {
            if args.json {
                output::json(&record)?;
            }
            bail!("{}", analyzed.choice.because);
        };
        let maps: Vec<&Attribution> = analysis.attributions.iter().map(AsRef::as_ref).collect();
        let stabilities = if args.stability > 0 && analysis.scored {
            stability(model, &analyzed.frame, analysis, args.stability as usize)?
        } else {
            Vec::new()
        };
        if let Some(path) = args.raw.as_ref().filter(|_| analysis.scored) {
            let first = maps.first().context("no map was made")?;
            let shape = [maps.len(), first.raw.height, first.raw.width];
            output::write_file(path, &npy::bytes(&shape, maps.iter().flat_map(|m| &m.raw.values)))?;
        }
        if let Some(path) = args.png.as_ref().filter(|_| analysis.scored) {
            let shown = images::of_maps(&analyzed.frame, &model.manifest.input, &maps);
            output::write_file(path, &images::png(&shown.into())?)?;
        }
        let record = record.with_maps(model, &maps, &settings).with_stability(&stabilities);
        let record = if args.regions == Regions::Anatomy { record.by_region(model, &maps) } else { record };
        if args.json {
            output::json(&record)?;
        } else {
            output::line(record.to_text())?;
        }
        if !analysis.scored {
            bail!("{}", unexplained(&analyzed.frame));
        }
        Ok(())
    })
}

/// Why a refused image has no maps.
fn unexplained(frame: &Frame) -> &'static str {
    match frame.scorable() {
        Ok(()) => "the input gate refused the image, so nothing was explained; --force goes on all the same",
        Err(Unscorable::Incomplete(_)) => {
            "the image is not all there, so nothing was explained; --force goes on all the same"
        }
        Err(Unscorable::NotFinite { .. }) => "the image holds pixels that are no numbers, so nothing was explained",
    }
}

/// The stage that `wanted` names, or the model's target layer.
pub(super) fn layer(model: &Model, wanted: Option<&str>) -> anyhow::Result<String> {
    let layer = wanted.unwrap_or(&model.manifest.target_layer);
    let Manifest { name, input, .. } = &model.manifest;
    let places = model.network.places(input.width, input.height);
    let layers: Vec<&str> = (model.network.stages.iter().zip(&places))
        .filter(|(_, places)| places.is_some_and(Places::are_a_map))
        .map(|(stage, _)| stage.name.as_str())
        .collect();
    let stage = model.network.stage(layer);
    match stage.and_then(|stage| places[stage]) {
        Some(places) if places.are_a_map() => {}
        Some(places) => {
            return Err(Usage(format!(
                "maps of the layer \"{layer}\" of {name} are {places}, which cannot say where; it has {}",
                layers.join(", ")
            ))
            .into());
        }
        None => {
            return Err(Usage(format!(
                "the model {name} has no layer \"{layer}\" that a map can be laid over; it has {}",
                layers.join(", ")
            ))
            .into());
        }
    }
    Ok(stage.map_or_else(|| layer.to_owned(), |stage| model.network.stages[stage].name.clone()))
}

/// The class or group that is called `wanted`; `other` is what else could have been said.
pub(super) fn output_named(model: &Model, wanted: &str, other: &str) -> anyhow::Result<Output> {
    let manifest = &model.manifest;
    match named(manifest, wanted) {
        Some(Truth::Class(k)) => Ok(Output::Class(k)),
        Some(Truth::Group(g)) => Ok(Output::Group(g)),
        None => {
            let names = manifest.labels.iter().map(|l| &l.name).chain(manifest.groups.iter().map(|g| &g.name));
            let known: Vec<&str> = names.map(String::as_str).collect();
            let (model, known) = (&manifest.name, known.join(", "));
            Err(Usage(format!("the model {model} has no class \"{wanted}\"; it has {known}, or {other}")).into())
        }
    }
}

/// What is to be explained.
fn subjects(model: &Model, args: &Args) -> anyhow::Result<Vec<Subject>> {
    let labels = &model.manifest.labels;
    let one = |wanted: &str| output_named(model, wanted, "all");
    let outputs: Vec<Output> = if folded(&args.class) == "all" {
        (0..labels.len()).map(Output::Class).collect()
    } else {
        vec![one(&args.class)?]
    };
    let Some(other) = args.versus.as_deref() else { return Ok(outputs.into_iter().map(Subject::One).collect()) };
    let other = one(other)?;
    let pairs: Vec<Subject> = outputs
        .into_iter()
        .filter(|output| *output != other)
        .map(|output| Subject::Difference(output, other))
        .collect();
    if pairs.is_empty() {
        return Err(Usage("a class does not differ from itself: --class and --versus name the same".into()).into());
    }
    Ok(pairs)
}

fn read_background(path: &Path) -> anyhow::Result<Background> {
    let bytes = read_regular(path, limits::BACKGROUND_BYTES);
    let bytes = bytes.with_context(|| format!("{} could not be read", path.display()))?;
    Background::from_bytes(&bytes, None).with_context(|| format!("{} is of no use", path.display()))
}

/// How stable the maps of the analysis are over dropout samples.
fn stability(
    model: &Model,
    frame: &Frame,
    analysis: &Analysis,
    samples: usize,
) -> anyhow::Result<Vec<Arc<MapStability>>> {
    let request = MapRequest { stability_samples: samples, ..MapRequest::of(&analysis.options) };
    let request =
        MapRequest { settings: MethodSettings { seed: analysis.options.seed, ..request.settings }, ..request };
    let mut found: Vec<Arc<MapStability>> = Vec::new();
    let mut emit = |progress| {
        if let Progress::Stability(stability) = progress {
            found.retain(|s| s.subject != stability.subject);
            found.push(stability);
        }
    };
    explain_with(model, frame, &mut Known::default(), &request, &CancelToken::default(), &mut emit)?;
    Ok(found)
}
