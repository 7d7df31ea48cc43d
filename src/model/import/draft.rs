//! From a fitted file to a model: manifest, weights, and the card that says where they come from.

use std::collections::HashMap;
use std::path::PathBuf;

use candle_core::{Device, Tensor};

use super::convention::Convention;
use super::fit::Fit;
use super::onnx::OnnxNetwork;
use super::preset::Preset;
use super::published::Published;
use super::{Dialect, Foreign, ImportError, card};
use crate::model::fits::Fits;
use crate::model::manifest::{Head, Input, Label, Manifest, Resize, Training};
use crate::network::architecture::{Architecture, Family};
use crate::network::graph::Graph;
use crate::network::graph::op::{Node, Op};
use crate::network::grey_input::fold_input_channels;

/// What is to be imported, and how.
#[derive(Clone, Debug)]
pub struct Request {
    pub file: PathBuf,
    pub family: Family,
    /// Whose conventions the network follows, where the names in the file do not tell.
    pub convention: Option<Convention>,
    /// One an output, in order; an empty name hides its output. Absent: those of the preset.
    pub labels: Option<Vec<String>>,
    pub head: Head,
    pub preset: Preset,
    /// Name of the model.
    pub name: String,
    /// A dropout before the head where the published network has none, or another rate.
    pub dropout: Option<f32>,
    /// Side of the input in pixels, where it is not the preset's.
    pub size: Option<usize>,
    /// Another resize rule than the preset's.
    pub resize: Option<Resize>,
    /// Mean and deviation other than the preset's: one value, or one a channel.
    pub mean: Vec<f32>,
    pub sd: Vec<f32>,
    pub licence: Option<String>,
    pub description: Option<String>,
    /// What its publisher says, where the file was fetched by name.
    pub published: Option<Box<Published>>,
    pub ignore_unexpected: bool,
    /// Takes the place of a model of the same name.
    pub replace: bool,
    /// How the file itself says that images are prepared; it takes the place of the preset.
    pub prepared: Option<Input>,
}

impl Request {
    /// Side of the image where a file leaves it free.
    #[must_use]
    pub fn side(&self) -> usize {
        self.size.unwrap_or_else(|| self.preset.input().width)
    }
}

/// A model that is not installed yet.
pub struct Draft {
    pub manifest: Manifest,
    pub card: String,
    pub tensors: HashMap<String, Tensor>,
}

/// A network that was read, before it is a model.
pub(super) struct Parts<'a> {
    pub architecture: Architecture,
    /// Channels that the stem takes.
    pub channels: usize,
    pub outputs: usize,
    /// The format in words.
    pub format: &'a str,
    pub keras: bool,
    pub uncalled: &'a [String],
    /// Tensors of the file that are not of the network.
    pub left_out: usize,
    /// Thresholds that the file brings, one an output.
    pub operating_points: Option<Vec<f32>>,
    /// Names of the outputs that the file brings.
    pub labels: Option<Vec<String>>,
    /// Sentences on how the file was read.
    pub remarks: &'a [String],
}

/// Makes a model of a file that was accepted.
pub fn draft(request: &Request, foreign: &Foreign, fit: Fit) -> Result<Draft, ImportError> {
    // What is published beside the file is what the published program uses.
    let operating_points = match request.published.as_ref().and_then(|p| p.thresholds.clone()) {
        Some(points) if points.len() == fit.outputs => Some(points),
        Some(points) => return Err(ImportError::LabelCount { outputs: fit.outputs, labels: points.len() }),
        None => fit.operating_points(foreign)?,
    };
    let parts = Parts {
        architecture: fit.architecture.clone(),
        channels: fit.channels,
        outputs: fit.outputs,
        format: &foreign.format,
        keras: foreign.dialect == Dialect::Keras,
        uncalled: &foreign.uncalled,
        left_out: fit.report.unexpected.len(),
        operating_points,
        labels: None,
        remarks: &[],
    };
    assemble(request, parts, move || fit.tensors(foreign))
}

/// Makes a model of an ONNX file.
pub fn draft_onnx(request: &Request, network: OnnxNetwork) -> Result<Draft, ImportError> {
    let [channels, ..] = network.graph.input;
    let parts = Parts {
        architecture: network.architecture(network.dropout.unwrap_or(0.0)),
        channels,
        outputs: network.graph.outputs(),
        format: &network.format,
        keras: false,
        uncalled: &[],
        left_out: 0,
        operating_points: None,
        labels: network.labels(),
        remarks: &network.remarks,
    };
    assemble(request, parts, || Ok(network.tensors))
}

fn assemble(
    request: &Request,
    parts: Parts<'_>,
    tensors: impl FnOnce() -> Result<HashMap<String, Tensor>, ImportError>,
) -> Result<Draft, ImportError> {
    let Parts { mut architecture, channels, outputs, operating_points, .. } = parts;
    let published = request.published.as_deref();
    let names = match (&request.labels, parts.labels) {
        (Some(names), _) => names.clone(),
        (None, Some(names)) => names,
        (None, None) => {
            published_labels(request.preset, operating_points.as_deref()).ok_or(ImportError::NoLabels { outputs })?
        }
    };
    if names.len() != outputs {
        return Err(ImportError::LabelCount { outputs, labels: names.len() });
    }
    if request.head == Head::Softmax && names.iter().any(String::is_empty) {
        return Err(ImportError::Labels(
            "an output of a softmax head cannot be hidden, because all outputs share one sum; give every label a name"
                .into(),
        ));
    }
    let mut input = input(request, channels, architecture.image, architecture.graph.as_ref())?;
    // Both ends of the network, which the file alone decides, are known to be right before its
    // values are read.
    let mut tensors = tensors()?;
    let read = tensors.len();
    let shown: Vec<u32> = (0..outputs as u32).filter(|i| !names[*i as usize].is_empty()).collect();
    keep_outputs(&mut tensors, &mut architecture, &shown, outputs)?;
    let folded = fold_stem(&mut tensors, &architecture, &mut input)?;
    let trained_dropout = architecture.dropout;
    architecture.dropout = request.dropout.unwrap_or(trained_dropout);
    architecture.graph = architecture.graph.map(|graph| graph.with_ends(input.channels, shown.len()));
    let target_layer = architecture.default_target(input.width, input.height)?;

    let operating_points = operating_points.filter(|_| request.head == Head::Sigmoid);
    let label = |i: &u32| {
        let point = operating_points.as_ref().and_then(|points| points.get(*i as usize)).copied();
        Label {
            name: names[*i as usize].clone(),
            aliases: Vec::new(),
            threshold: point.filter(|p| *p > 0.0 && *p < 1.0).unwrap_or(0.5),
            description: String::new(),
        }
    };
    let labels: Vec<Label> = shown.iter().map(label).collect();
    let file = request.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // A file that was fetched lies under another name meanwhile.
    let file = published.and_then(|p| p.source.address.rsplit('/').next()).map_or(file, str::to_owned);
    let description = match architecture.family {
        Family::Graph => format!("A network imported from {file}; never validated here."),
        family => format!("Published weights of a {family}, imported from {file}; never validated here."),
    };
    let manifest = Manifest {
        name: request.name.clone(),
        version: "imported".into(),
        description: request.description.clone().unwrap_or(description),
        licence: request.licence.clone().unwrap_or_else(|| "not stated; ask the publisher of the weights".into()),
        architecture,
        head: request.head,
        input,
        labels,
        groups: Vec::new(),
        target_layer,
        temperature: 1.0,
        weights_sha256: "0".repeat(64),
        gate: None,
        fits: Fits::default(),
        population: published.and_then(|p| p.population.clone()),
        training: Training {
            data: published.map_or_else(|| "not stated; ask the publisher of the weights".into(), |p| p.data.clone()),
            population: published
                .and_then(|p| p.population.as_ref())
                .map_or_else(|| "not stated".into(), |p| p.patients.clone()),
            images: 0,
            date: chrono::Local::now().format("%Y-%m-%d").to_string(),
        },
        source: published.map(|p| p.source.clone()),
        metrics: Vec::new(),
        suggestions: Vec::new(),
        limits: limits(request, trained_dropout),
        named_target: None,
    };
    manifest.check()?;
    let facts = card::Facts {
        file: &file,
        format: parts.format,
        keras: parts.keras,
        preparation: request.prepared.as_ref().map_or_else(|| request.preset.words(), |_| PREPARED),
        tensors: read,
        left_out: parts.left_out,
        hidden: outputs - shown.len(),
        folded,
        operating_points: operating_points.is_some(),
        published,
        trained_dropout,
        uncalled: parts.uncalled,
        remarks: parts.remarks,
    };
    Ok(Draft { card: card::write(&manifest, &facts), manifest, tensors })
}

/// How images are prepared where the file says so.
const PREPARED: &str = "Images are prepared as the file itself says, which was written by this program.";

/// The preset's labels; an output whose operating point the file leaves empty was never trained and
/// is hidden.
fn published_labels(preset: Preset, points: Option<&[f32]>) -> Option<Vec<String>> {
    let mut names = preset.labels()?;
    for (name, point) in names.iter_mut().zip(points.unwrap_or_default()) {
        if point.is_nan() {
            name.clear();
        }
    }
    Some(names)
}

/// Takes hidden outputs out of the head; what remains computes as before, since each output has a
/// row of its own.
fn keep_outputs(
    tensors: &mut HashMap<String, Tensor>,
    architecture: &mut Architecture,
    shown: &[u32],
    outputs: usize,
) -> Result<(), ImportError> {
    if shown.len() == outputs {
        return Ok(());
    }
    let head = architecture.head()?;
    if let Some(graph) = architecture.graph.as_mut().filter(|_| head.is_empty()) {
        let (last, numbers) = (graph.nodes.len(), shown.to_vec());
        graph.nodes.push(Node { path: "shown".into(), inputs: vec![last], does: Op::Pick { axis: 1, numbers } });
        return Ok(());
    }
    let rows = Tensor::new(shown, &Device::Cpu)?;
    for part in ["weight", "bias"] {
        if let Some(tensor) = tensors.get_mut(&format!("{head}.{part}")) {
            *tensor = tensor.index_select(&rows, 0)?;
        }
    }
    Ok(())
}

/// The preset's input, or the file's, with what the request says otherwise, for a stem of so many
/// channels; `image` is the side of the images that positions were learnt for. A graph takes images
/// of its own size alone.
fn input(
    request: &Request,
    channels: usize,
    image: Option<usize>,
    graph: Option<&Graph>,
) -> Result<Input, ImportError> {
    let mut input = request.prepared.clone().unwrap_or_else(|| request.preset.input());
    if let Some(resize) = request.resize {
        (input.resize, input.crop) = (resize, 1.0);
    }
    if let Some(side) = request.size.or(image) {
        (input.width, input.height) = (side, side);
    }
    if let Some([_, rows, columns]) = graph.map(|graph| graph.input) {
        (input.width, input.height) = (columns, rows);
    }
    if let Some(crop) = request.published.as_ref().and_then(|p| p.crop) {
        input.crop = crop;
    }
    if !request.mean.is_empty() {
        input.mean.clone_from(&request.mean);
    }
    if !request.sd.is_empty() {
        input.sd.clone_from(&request.sd);
    }
    if channels != 1 && channels != 3 {
        return Err(ImportError::Channels { channels });
    }
    let most = input.mean.len().max(input.sd.len());
    if channels == 1 && most > 1 {
        return Err(ImportError::GreyStem);
    }
    input.channels = channels;
    Ok(input)
}

/// Folds a stem of three channels that all see the same values to one; true where it was done.
fn fold_stem(
    tensors: &mut HashMap<String, Tensor>,
    architecture: &Architecture,
    input: &mut Input,
) -> Result<bool, ImportError> {
    if input.channels != 3 {
        return Ok(false);
    }
    let stem = format!("{}.weight", architecture.stem()?);
    let Some(kernel) = tensors.get_mut(&stem) else { return Ok(false) };
    let Some(folded) = fold_input_channels(kernel, &input.mean, &input.sd)? else { return Ok(false) };
    *kernel = folded;
    input.channels = 1;
    input.mean.truncate(1);
    input.sd.truncate(1);
    Ok(true)
}

fn limits(request: &Request, trained_dropout: f32) -> Vec<String> {
    let mut limits = vec![
        "These are somebody else's weights: nothing about their quality was measured here.".to_owned(),
        "There is no input gate: any image is scored, suitable or not.".to_owned(),
    ];
    match request.dropout {
        Some(rate) if rate > 0.0 && rate != trained_dropout => limits.push(format!(
            "The dropout of {rate} before the head was added at import and never trained with: the spread that it shows is a rough guess."
        )),
        None if trained_dropout == 0.0 => {
            limits.push("The network has no dropout, so it cannot say how sure it is of its own numbers.".into());
        }
        _ => {}
    }
    if let Some(published) = &request.published {
        limits.push(
            "No state (present, absent) is given until it is calibrated on labelled images of your own: pellucid evaluate IMAGES \
             --calibrate FOLDER, where FOLDER is that of this model."
                .into(),
        );
        limits.extend(published.notes.iter().cloned());
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_without_an_operating_point_is_hidden() {
        let mut points = [0.5; 18];
        points[13] = f32::NAN;
        let names = published_labels(Preset::Torchxrayvision, Some(&points)).unwrap();
        assert!(names[13].is_empty() && names[12] == "Mass" && names.len() == 18);
        assert!(published_labels(Preset::Imagenet, None).is_none());
    }
}
