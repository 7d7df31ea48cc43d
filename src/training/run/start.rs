//! Weights that a run starts from: another model's, or a file of this or another program.
//!
//! A published file has names of its own and may have been trained with more stages than this
//! network has, which ends where its maps are taken. Such tensors are left out, and the sentence
//! says which: what is only imported must fit as a whole, what is trained on need not.
//!
//! A stem for colours meets grey images as the sum of its channels, which is what it makes of three
//! equal ones (see [`crate::network::grey_input`]); a stem for grey images meets colours as thirds
//! of itself. Means and deviations of each channel are not taken over: training finds new ones.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};

use crate::files::{FileError, read_regular, read_text};
use crate::limits;
use crate::model::import::fit::fit_to;
use crate::model::import::{ImportError, convention, format};
use crate::model::manifest::{Manifest, ManifestError};
use crate::model::registry::{self, ModelError};
use crate::network::architecture::{Architecture, PaddingRule};
use crate::training::config::Config;
use crate::training::optim::parameters::Parameters;
use crate::training::{Error, Result};

const WEIGHTS: &str = "weights.safetensors";
const MANIFEST: &str = "manifest.toml";

/// Why there are no weights to start from.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("it is no safetensors file, or cut short ({0})")]
    NoTensors(candle_core::Error),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error("{0}")]
    Convention(String),
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable { path: PathBuf, source: FileError },
    #[error("its manifest: {0}")]
    Manifest(ManifestError),
    #[error("there is no file or folder {}, and {source}", .path.display())]
    Nothing { path: PathBuf, source: Box<ModelError> },
    #[error(transparent)]
    Model(Box<ModelError>),
}

/// Puts the weights of `start_from` into `parameters`, and says in a sentence what was taken.
/// `frozen` tells of each tensor whether it will stand still.
pub(super) fn take(config: &Config, root: &Path, parameters: &Parameters, frozen: &[bool]) -> Result<Option<String>> {
    let Some(from) = &config.transfer.start_from else { return Ok(None) };
    let refuse = |reason: String| Error::Start { from: from.clone(), reason };
    let Start { mut tensors, manifest, left_out } =
        read(from, root, &config.architecture).map_err(|e| refuse(e.to_string()))?;
    if let Some(other) = manifest.as_ref().filter(|m| m.architecture.family != config.architecture.family) {
        let (theirs, ours) = (other.architecture.family, config.architecture.family);
        return Err(refuse(format!("it is a {theirs}, and this configuration makes a {ours}; choose the same family")));
    }
    let ours = &config.architecture;
    let family = ours.family;
    if let Some(theirs) = manifest.as_ref().map(|m| &m.architecture).filter(|_| family.is_inverted()) {
        let conventions = |a: &Architecture| (a.effective_padding(), a.effective_epsilon());
        if conventions(theirs) != conventions(ours) {
            let (padding, epsilon) = conventions(theirs);
            let padding = if padding == Some(PaddingRule::Same) { "same" } else { "even" };
            return Err(refuse(format!(
                "its weights belong to another padding or ε; set padding = \"{padding}\" and epsilon = {epsilon} in [architecture]"
            )));
        }
    }
    let stem = config.architecture.stem().map_err(|e| refuse(e.to_string()))?;
    let met = meet_channels(&mut tensors, &format!("{stem}.weight"), config.input.channels)?;
    let taken = parameters.take_from(&tensors)?;
    let all: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
    let head = config.architecture.head().map_err(|e| refuse(e.to_string()))?;
    let in_head = |i: &usize| all[*i].strip_prefix(&head).is_some_and(|rest| rest.starts_with('.'));
    if taken.iter().all(in_head) {
        return Err(refuse(
            "none of its tensors before the head has the name and shape of one of this network; it belongs to another architecture"
                .into(),
        ));
    }
    let left: Vec<usize> = (0..all.len()).filter(|i| !taken.contains(i)).collect();
    let random: Vec<&str> = left.iter().filter(|&&i| frozen[i]).map(|&i| all[i]).collect();
    if let Some(first) = random.first() {
        return Err(refuse(format!(
            "{} tensors of stages that stand still are not in it (the first is {first}), so they would stay random; \
             unfreeze their stages or start from another model",
            random.len()
        )));
    }
    let mut sentence = format!("{} of {} tensors start from {from}", taken.len(), all.len());
    if let Some(met) = met {
        let _ = write!(sentence, "; {stem} {met}");
    }
    if !left.is_empty() {
        let names: BTreeSet<&str> = left.iter().map(|&i| all[i].rsplit_once('.').map_or(all[i], |(m, _)| m)).collect();
        let shown: Vec<&str> = names.iter().copied().take(4).collect();
        let more = if names.len() > 4 { format!(" and {} more", names.len() - 4) } else { String::new() };
        let _ = write!(sentence, "; {}{more} start anew", shown.join(", "));
    }
    if !left_out.is_empty() {
        let modules: BTreeSet<&str> = left_out.iter().map(|name| module(name)).collect();
        let shown: Vec<&str> = modules.iter().copied().take(4).collect();
        let more = if modules.len() > 4 { format!(" and {} more modules", modules.len() - 4) } else { String::new() };
        let count = left_out.len();
        let _ = write!(
            sentence,
            "; left out are {count} tensors that this network does not have ({}{more})",
            shown.join(", ")
        );
    }
    if let Some(other) = manifest.filter(|m| m.labels.iter().map(|l| &l.name).ne(config.labels.iter().map(|l| &l.name)))
    {
        let _ = write!(sentence, " (it tells {} labels apart, this one {})", other.labels.len(), config.labels.len());
    }
    Ok(Some(sentence))
}

/// Makes a stem of three channels one of one, or the other way round, and says so.
fn meet_channels(
    tensors: &mut HashMap<String, Tensor>,
    stem: &str,
    channels: usize,
) -> candle_core::Result<Option<&'static str>> {
    let Some(kernel) = tensors.get(stem).filter(|kernel| kernel.rank() == 4) else { return Ok(None) };
    let (kernel, words) = match (kernel.dim(1)?, channels) {
        (3, 1) => (kernel.sum_keepdim(1)?, "is summed over the three colours"),
        (1, 3) => ((Tensor::cat(&[kernel, kernel, kernel], 1)? / 3.0)?, "is shared out to the three colours"),
        _ => return Ok(None),
    };
    tensors.insert(stem.to_owned(), kernel);
    Ok(Some(words))
}

/// The first parts of a tensor's name: `blocks.5.0` of `blocks.5.0.conv_pw.weight`.
fn module(name: &str) -> &str {
    let end = name.match_indices('.').map(|(at, _)| at).take(3).last();
    end.map_or(name, |end| &name[..end])
}

/// What there is to start from.
struct Start {
    /// Under this network's names.
    tensors: HashMap<String, Tensor>,
    /// Of a model.
    manifest: Option<Manifest>,
    /// Names in a bare file of what this network does not have.
    left_out: Vec<String>,
}

impl Start {
    fn of_model(bytes: &[u8], manifest: Option<Manifest>) -> std::result::Result<Self, StartError> {
        let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu).map_err(StartError::NoTensors)?;
        Ok(Self { tensors, manifest, left_out: Vec::new() })
    }
}

/// Tensors of a model, of a folder, or of a bare file for a network of this shape.
fn read(from: &str, root: &Path, architecture: &Architecture) -> std::result::Result<Start, StartError> {
    let path = root.join(from);
    let unreadable = |path: &Path, source: FileError| StartError::Unreadable { path: path.to_owned(), source };
    if path.is_dir() {
        let weights = path.join(WEIGHTS);
        let bytes = read_regular(&weights, limits::WEIGHT_BYTES).map_err(|e| unreadable(&weights, e))?;
        let described = path.join(MANIFEST);
        if !described.exists() {
            return Start::of_model(&bytes, None);
        }
        let text = read_text(&described, limits::MANIFEST_BYTES).map_err(|e| unreadable(&described, e))?;
        return Start::of_model(&bytes, Some(Manifest::parse(&text).map_err(StartError::Manifest)?));
    }
    if path.exists() {
        return bare(&path, architecture);
    }
    let bytes = registry::weights(from)
        .map_err(|source| StartError::Nothing { path: path.clone(), source: Box::new(source) })?;
    let manifest = registry::manifest(from).map_err(|e| StartError::Model(Box::new(e)))?;
    Start::of_model(&bytes, Some(manifest))
}

/// A file of whatever program, under this network's names.
fn bare(path: &Path, architecture: &Architecture) -> std::result::Result<Start, StartError> {
    let foreign = format::read(path)?;
    convention::check(&foreign, architecture).map_err(StartError::Convention)?;
    let fit = fit_to(&foreign, architecture.clone())?;
    let left_out = fit.report.unexpected.iter().map(|lone| lone.name.clone()).collect();
    Ok(Start { tensors: fit.tensors(&foreign)?, manifest: None, left_out })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_for_colours_says_the_same_of_a_grey_image_and_the_other_way_round() {
        let kernel = Tensor::arange(0f32, 54.0, &Device::Cpu).unwrap().reshape((2, 3, 3, 3)).unwrap();
        let grey = (Tensor::arange(0f32, 25.0, &Device::Cpu).unwrap() / 25.0).unwrap().reshape((1, 1, 5, 5)).unwrap();
        let colour = Tensor::cat(&[&grey, &grey, &grey], 1).unwrap();
        let answer = |x: &Tensor, kernel: &Tensor| {
            x.conv2d(kernel, 1, 2, 1, 1).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        let expected = answer(&colour, &kernel);
        let mut tensors = HashMap::from([("stem.weight".to_owned(), kernel)]);
        assert!(meet_channels(&mut tensors, "stem.weight", 1).unwrap().is_some());
        let close = |found: &[f32]| found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-3 * b.abs().max(1.0));
        assert!(close(&answer(&grey, &tensors["stem.weight"])));
        assert!(meet_channels(&mut tensors, "stem.weight", 1).unwrap().is_none(), "nothing is left to do");
        assert!(meet_channels(&mut tensors, "stem.weight", 3).unwrap().is_some());
        assert!(close(&answer(&colour, &tensors["stem.weight"])));
    }
}
