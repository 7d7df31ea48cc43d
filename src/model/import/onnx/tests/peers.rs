//! Files that `benches/onnx_peers.py` wrote, with a table of what is found.
//!
//! `PELLUCID_ONNX` names their folder. `PELLUCID_ONNX_ONLY` leaves those whose names do not contain it
//! out, `PELLUCID_ONNX_TIME=1` tells the least time of a pass, `PELLUCID_ONNX_STAGES=1` all stages, those
//! with maps with their grids.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::{Device, Tensor};

use super::super::read;
use super::{apart, grad_cam};
use crate::model::import::convention::NamedArchitecture;
use crate::model::import::{fit, format};
use crate::network::weights::TensorFile;
use crate::network::{Mode, Network};

/// What stands beside the files of a network.
struct Peer {
    arrays: HashMap<String, Tensor>,
    notes: HashMap<String, String>,
}

impl Peer {
    fn of(folder: &Path, name: &str) -> Self {
        let path = folder.join(format!("{name}.peers.safetensors"));
        let bytes = std::fs::read(&path).unwrap();
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
        let notes = serde_json::from_value(header["__metadata__"].clone()).unwrap();
        Self { arrays: candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap(), notes }
    }
}

/// A network as it is used, and how many nodes it was read from.
fn built(path: &Path, family: &str) -> Result<(Network, usize), String> {
    if path.extension().is_some_and(|e| e == "onnx") {
        let network = read(path, 224).map_err(|error| format!("refused: {error}"))?;
        let architecture = network.architecture(0.0);
        let (channels, classes) = (network.graph.input[0], network.graph.outputs());
        let nodes = network.graph.nodes.len();
        let built = architecture.folded(channels, classes, &TensorFile::new(network.tensors), &Device::Cpu);
        return built.map(|built| (built, nodes)).map_err(|error| format!("not built: {error}"));
    }
    let NamedArchitecture { family, convention } = family.parse().map_err(|error| format!("{error}"))?;
    let foreign = format::read(path).map_err(|error| format!("refused: {error}"))?;
    let fit = fit::fit_as(&foreign, family, convention).map_err(|error| format!("refused: {error}"))?;
    fit.accept(&foreign, false).map_err(|error| format!("refused: {error}"))?;
    let tensors = fit.tensors(&foreign).map_err(|error| format!("refused: {error}"))?;
    let built = fit.architecture.folded(fit.channels, fit.outputs, &TensorFile::new(tensors), &Device::Cpu);
    built.map(|built| (built, 0)).map_err(|error| format!("not built: {error}"))
}

/// The attention of each layer that hands it out, and the gradient of the score of `class` for it.
fn attention(network: &Network, image: &Tensor, class: usize) -> Vec<(Tensor, Tensor)> {
    let mut x = image.clone();
    let mut layers = Vec::new();
    for stage in &network.stages {
        if let Some(layer) = stage.layer.attention() {
            layers.push((layer, x.clone()));
        }
        x = stage.layer.forward(&x, Mode::Inference).unwrap();
    }
    let slope = |at: usize, attended: &crate::network::layers::attention::Attended<'_>| {
        let after = at + 1;
        let pass = network.record(after, &attended.output, Mode::Inference, true).unwrap();
        let mut one = vec![0f32; pass.logits.elem_count()];
        one[class] = 1.0;
        let one = Tensor::from_vec(one, pass.logits.shape(), &Device::Cpu).unwrap();
        attended.back(pass.to_input(&one).unwrap().unwrap()).unwrap().1
    };
    let places = network.stages.iter().enumerate().filter(|(_, stage)| stage.layer.attention().is_some());
    let of =
        |((at, _), (layer, x)): ((usize, _), (&dyn crate::network::layers::attention::GlobalAttention, Tensor))| {
            let attended = layer.attend(&x).unwrap();
            let slope = slope(at, &attended);
            (attended.weights, slope)
        };
    places.zip(layers).map(of).collect()
}

/// How far attention and its gradients are from those of the same weights read as a family.
fn beside_the_family(graph: &Network, family: &Network, image: &Tensor, class: usize) -> String {
    let (found, expected) = (attention(graph, image, class), attention(family, image, class));
    if found.len() != expected.len() {
        return format!("{} attentions, {} in the family", found.len(), expected.len());
    }
    let mut worst = [0f32; 2];
    for ((found, slope), (weights, expected)) in found.iter().zip(&expected) {
        let rows = weights.dim(2).unwrap();
        let first = |t: &Tensor| t.narrow(2, 0, rows).unwrap().contiguous().unwrap();
        worst[0] = worst[0].max(apart(&first(found), weights));
        worst[1] = worst[1].max(apart(&first(slope), expected));
    }
    format!("{} attentions {:.1e} gradients {:.1e}", found.len(), worst[0], worst[1])
}

fn line(folder: &Path, path: &Path, name: &str) -> String {
    let (network, _) = name.rsplit_once('.').unwrap();
    let peer = Peer::of(folder, network);
    let (image, logits) = (&peer.arrays["image"], &peer.arrays["logits"]);
    let started = Instant::now();
    let (built, nodes) = match built(path, &peer.notes["family"]) {
        Ok(built) => built,
        Err(error) => return error,
    };
    let took = started.elapsed().as_secs_f64();
    let found = match built.forward(image, Mode::Inference) {
        Ok(found) => found,
        Err(error) => return format!("does not run: {}", error.to_string().lines().next().unwrap_or_default()),
    };
    let spatial = built.spatial_stages();
    let target = built.default_target(image.dim(3).unwrap(), image.dim(2).unwrap());
    let target = target.map(|stage| built.stages[stage].name.clone()).unwrap_or_default();
    let (layer, class) = (&peer.notes["target"], peer.notes["class"].parse().unwrap());
    let cam = peer.arrays.get("cam").map_or("-".to_owned(), |cam| match built.stage(layer) {
        Some(stage) if built.stages[stage].is_spatial() => {
            format!("{:.1e}", apart(&grad_cam(&built, layer, image, class), cam))
        }
        Some(_) => format!("no places at {layer}"),
        None => format!("no stage {layer}"),
    });
    let mut said = format!(
        "{:.1e} cam {cam:8} {nodes:5} nodes {:3} stages {:3} with maps {target} read {took:.1} s",
        apart(&found, logits),
        built.stages.len(),
        spatial.len()
    );
    let family = folder.join(format!("{network}.state.safetensors"));
    if nodes > 0 && peer.notes["family"].contains("vit") {
        let same = self::built(&family, &peer.notes["family"]);
        said += &same.map_or_else(
            |error| format!("; family {error}"),
            |(family, _)| format!("; {}", beside_the_family(&built, &family, image, class)),
        );
    } else if nodes > 0 && !built.has_class_attention() {
        let _ = write!(said, "; {}", built.without_class_attention());
    }
    if std::env::var_os("PELLUCID_ONNX_TIME").is_some() {
        let pass = |_| {
            let start = Instant::now();
            built.forward(image, Mode::Inference).unwrap();
            start.elapsed().as_secs_f64() * 1e3
        };
        let _ = write!(said, "; {:.1} ms", (0..9).map(pass).fold(f64::INFINITY, f64::min));
    }
    if std::env::var_os("PELLUCID_ONNX_STAGES").is_some() {
        for (at, stage) in built.stages.iter().enumerate() {
            let grid = built.grid(at, (image.dim(3).unwrap(), image.dim(2).unwrap()));
            let places = if stage.is_spatial() { grid.to_string() } else { String::new() };
            let _ = write!(said, "\n    {:40} {places}", stage.name);
        }
    }
    said
}

#[test]
#[ignore = "needs the files of benches/onnx_peers.py; set PELLUCID_ONNX"]
fn onnx_peers() {
    let folder = PathBuf::from(std::env::var("PELLUCID_ONNX").expect("PELLUCID_ONNX names a folder"));
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().flatten().map(|e| e.path()).collect();
    files.sort();
    let only = std::env::var("PELLUCID_ONNX_ONLY").unwrap_or_default();
    for path in files {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(name) = file.strip_suffix(".onnx").or_else(|| file.strip_suffix(".safetensors")) else { continue };
        if name.strip_suffix(".peers").is_some() || !file.contains(&only) {
            continue;
        }
        println!("{name:44} {}", line(&folder, &path, name));
    }
}
