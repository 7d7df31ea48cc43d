//! `pellucid explain`: heat maps as numbers, pictures and JSON.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use super::inputs::Inputs;
use super::record::Record;
use super::session::{JudgeArgs, ModelArgs, Session};
use super::{Outcome, Usage, npy, output, picture};
use crate::evaluation::truth::folded;
use crate::explain::{Attribution, Method};
use crate::network::Model;

/// Show what moved a score: Grad-CAM maps as arrays, pictures and numbers
#[derive(Debug, clap::Args)]
pub struct Args {
    /// File or folder (DICOM, PNG, JPEG, TIFF)
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Class to explain, or all
    #[arg(long, value_name = "LABEL|all", default_value = "all")]
    class: String,
    /// grad-cam or grad-cam++
    #[arg(long, default_value = "grad-cam", value_parser = method)]
    method: Method,
    /// Stage to take the map from [default: the model's target layer]
    #[arg(long, value_name = "STAGE")]
    layer: Option<String>,
    /// Write the maps at the layer's own resolution, before any post-processing: f32, classes first
    #[arg(long, value_name = "FILE.npy")]
    raw: Option<PathBuf>,
    /// Write a picture: the overlay of one class, or the image beside the overlays of all
    #[arg(long, value_name = "FILE.png")]
    png: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    judge: JudgeArgs,
    /// One JSON object a line for each image, and nothing else
    #[arg(long)]
    json: bool,
}

pub fn method(text: &str) -> Result<Method, String> {
    let found = Method::ALL.into_iter().find(|m| m.key() == text.to_lowercase());
    found.ok_or_else(|| format!("the methods are {}", Method::ALL.map(Method::key).join(", ")))
}

pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut session = Session::open(&args.model)?;
    if let Some(model) = session.named() {
        classes(model, &args.class)?;
        layer(model, args.layer.as_deref())?;
    }
    let options = |model: &Model| {
        classes(model, &args.class)?;
        Ok(args.judge.options(vec![args.method], vec![layer(model, args.layer.as_deref())?]))
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
        let judged = session.judge(|| image.load(), options, args.judge.force)?;
        let record = Record::new(image.path(), &judged);
        let Some((model, analysis)) = &judged.outcome else {
            if args.json {
                output::json(&record)?;
            }
            bail!("{}", judged.choice.because);
        };
        let classes = classes(model, &args.class)?;
        let of_class = |k: &usize| analysis.attributions.iter().find(|a| a.class == *k).map(AsRef::as_ref);
        let maps: Vec<&Attribution> = classes.iter().filter_map(of_class).collect();
        if let Some(path) = args.raw.as_ref().filter(|_| analysis.scored) {
            let first = maps.first().context("no map was made")?;
            let shape = [maps.len(), first.raw.height, first.raw.width];
            output::write_file(path, &npy::bytes(&shape, maps.iter().flat_map(|m| &m.raw.values)))?;
        }
        if let Some(path) = args.png.as_ref().filter(|_| analysis.scored) {
            let picture = picture::of_maps(&judged.frame, &model.manifest.input, &maps);
            output::write_file(path, &picture::png(&picture.into())?)?;
        }
        let record = record.with_maps(model, &maps);
        if args.json {
            output::json(&record)?;
        } else {
            output::line(record.to_text())?;
        }
        if !analysis.scored {
            bail!("the input gate refused the image, so nothing was explained; --force goes on all the same");
        }
        Ok(())
    })
}

/// The stage that `wanted` names, or the model's target layer.
fn layer(model: &Model, wanted: Option<&str>) -> anyhow::Result<String> {
    let layer = wanted.unwrap_or(&model.manifest.target_layer);
    let layers = model.network.spatial_stages();
    if !layers.contains(&layer) {
        return Err(Usage(format!(
            "the model {} has no layer \"{layer}\" that a map can be laid over; it has {}",
            model.manifest.name,
            layers.join(", ")
        ))
        .into());
    }
    Ok(layer.to_owned())
}

/// Numbers of the classes that `wanted` names.
fn classes(model: &Model, wanted: &str) -> anyhow::Result<Vec<usize>> {
    let labels = &model.manifest.labels;
    if folded(wanted) == "all" {
        return Ok((0..labels.len()).collect());
    }
    let names = |label: &crate::network::manifest::Label| {
        folded(&label.name) == folded(wanted) || label.aliases.iter().any(|a| folded(a) == folded(wanted))
    };
    if let Some(class) = labels.iter().position(names) {
        return Ok(vec![class]);
    }
    let known: Vec<&str> = labels.iter().map(|l| l.name.as_str()).collect();
    let model = &model.manifest.name;
    Err(Usage(format!("the model {model} has no class \"{wanted}\"; it has {}, or all", known.join(", "))).into())
}
