//! Which tensor of a foreign file is which of an architecture, and what is wrong where they do not
//! fit.
//!
//! Every tensor of the file and of the architecture stands in the report once: matched, of another
//! shape, missing, unexpected or not needed. A head is known by its shape whatever its name is, and
//! a head that is a 1×1 or full-size convolution is laid out as the linear layer that it equals.
//! Query, key and value in tensors of their own are put one behind the other.
//! Anything else that does not fit is refused: a network with a wrong tensor gives numbers that
//! look like any others. All of this needs names and shapes alone; values are read by
//! [`Fit::tensors`], for what matched.

use std::collections::{BTreeMap, HashMap, HashSet};

use candle_core::Tensor;
use serde::Serialize;

use super::convention::{self, Convention};
use super::inverted_names::Renaming;
use super::layout::Layout;
use super::transformer_names;
use super::{Dialect, Foreign, ImportError, keras_names, keys};
use crate::model::import::named_tensor::{NamedTensor, Part};
use crate::network::architecture::{Architecture, Family};

/// A tensor of the file that is one of the architecture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Match {
    /// Name in the file.
    pub from: String,
    /// torchvision's name.
    pub to: String,
    pub shape: Vec<usize>,
}

/// A tensor of either side without its counterpart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lone {
    pub name: String,
    pub shape: Vec<usize>,
}

/// Two tensors of the same name and different shapes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Misshapen {
    pub from: String,
    pub to: String,
    pub found: Vec<usize>,
    pub needed: Vec<usize>,
}

/// What became of every tensor.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    pub matched: Vec<Match>,
    pub misshapen: Vec<Misshapen>,
    /// The architecture needs them and the file lacks them.
    pub missing: Vec<Lone>,
    /// The file has them and the architecture does not.
    pub unexpected: Vec<Lone>,
    /// Counters and thresholds, which no network computes with.
    pub not_needed: Vec<String>,
}

/// A file fitted to an architecture.
pub struct Fit {
    pub architecture: Architecture,
    /// Channels that the stem takes: 1 or 3.
    pub channels: usize,
    /// Outputs of the head.
    pub outputs: usize,
    pub report: Report,
    matched: Vec<Matched>,
    /// Number of the tensor with TorchXRayVision's operating points.
    operating_points: Option<usize>,
}

/// A tensor of the file as the architecture needs it.
struct Matched {
    number: usize,
    to: String,
    layout: Layout,
    shape: Vec<usize>,
    part: Option<Part>,
}

/// Fits `foreign` to a family by the conventions that its names tell.
pub fn fit(foreign: &Foreign, family: Family) -> Result<Fit, ImportError> {
    fit_as(foreign, family, None)
}

/// Fits `foreign` to a family by these conventions.
///
/// # Errors
/// When neither the names nor the reader tell how the network pads.
pub fn fit_as(foreign: &Foreign, family: Family, convention: Option<Convention>) -> Result<Fit, ImportError> {
    let architecture = match foreign.dialect {
        Dialect::Torch => convention::architecture(foreign, family, convention)?,
        Dialect::Keras => keras_names::architecture(family)?,
    };
    fit_to(foreign, architecture)
}

/// Fits `foreign` to an architecture that is not the published one.
pub fn fit_to(foreign: &Foreign, architecture: Architecture) -> Result<Fit, ImportError> {
    let family = architecture.family;
    let named = match foreign.dialect {
        Dialect::Torch => named(&foreign.tensors, &architecture),
        Dialect::Keras => keras_names::translate(&foreign.tensors, family),
    };
    let (stem, head) = (format!("{}.weight", architecture.stem()?), architecture.head()?);
    let dim = |name: &str, at: usize| named.iter().find(|n| n.to == name).and_then(|n| n.shape.get(at).copied());
    let channels = dim(&stem, 1).unwrap_or(3);
    let features = architecture.features()?;
    let (named, outputs) = with_head(named, &head, features);
    let needed = architecture.tensors(channels, outputs.unwrap_or(1))?;

    let mut report = Report::default();
    let mut matched = Vec::new();
    let mut operating_points = None;
    let mut left = expected(&needed, &named);
    for NamedTensor { number, from, to, shape: found, layout, part } in named {
        if keys::is_counter(&to) {
            report.not_needed.push(from);
            continue;
        }
        if to == "op_threshs" {
            operating_points = Some(number);
            report.not_needed.push(from);
            continue;
        }
        match left.remove(&(to.clone(), part.map_or(0, |part| part.index))) {
            Some(shape) if fits(&found, &shape) => {
                report.matched.push(Match { from, to: to.clone(), shape: shape.clone() });
                matched.push(Matched { number, to, layout, shape, part });
            }
            Some(needed) => report.misshapen.push(Misshapen { from, to, found, needed }),
            None => report.unexpected.push(Lone { name: from, shape: found }),
        }
    }
    let order: HashMap<&str, usize> = needed.iter().enumerate().map(|(i, (name, _))| (name.as_str(), i)).collect();
    report.matched.sort_by_key(|m| order.get(m.to.as_str()).copied());
    let gone: HashSet<&str> = left.keys().map(|(name, _)| name.as_str()).collect();
    let missing = needed.iter().filter(|(name, _)| gone.contains(name.as_str()));
    report.missing = missing.map(|(name, shape)| Lone { name: name.clone(), shape: shape.clone() }).collect();
    Ok(Fit { architecture, channels, outputs: outputs.unwrap_or(0), report, matched, operating_points })
}

impl Fit {
    /// The values of the tensors that matched, under torchvision's names. They have the shapes of
    /// the architecture, so the architecture bounds what is read.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn tensors(&self, foreign: &Foreign) -> Result<HashMap<String, Tensor>, ImportError> {
        let numbers: Vec<usize> = self.matched.iter().map(|m| m.number).collect();
        let (mut whole, mut parts) = (HashMap::new(), HashMap::<&str, BTreeMap<usize, Tensor>>::new());
        for (matched, tensor) in self.matched.iter().zip(foreign.read(&numbers)?) {
            let tensor = matched.layout.apply(&tensor)?.reshape(matched.shape.as_slice())?;
            match matched.part {
                Some(part) => drop(parts.entry(&matched.to).or_default().insert(part.index, tensor)),
                None => drop(whole.insert(matched.to.clone(), tensor)),
            }
        }
        for (name, rows) in parts {
            whole.insert(name.to_owned(), Tensor::cat(&rows.into_values().collect::<Vec<_>>(), 0)?);
        }
        Ok(whole)
    }

    /// TorchXRayVision's operating points, one an output, where the file has them; NaN where there
    /// is none.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn operating_points(&self, foreign: &Foreign) -> Result<Option<Vec<f32>>, ImportError> {
        let number = self.operating_points.filter(|number| foreign.tensors[*number].1 == [self.outputs]);
        let read = number.map(|number| foreign.read(&[number])).transpose()?;
        Ok(read.and_then(|tensors| tensors.first().map(Tensor::to_vec1)).transpose()?)
    }

    /// Part of the architecture's tensors that the file holds in the right shape, less what it
    /// holds beside them.
    fn share(&self) -> f32 {
        let r = &self.report;
        let all = r.matched.len() + r.misshapen.len() + r.missing.len() + r.unexpected.len();
        r.matched.len() as f32 / all.max(1) as f32
    }

    /// Why the file cannot be taken, in sentences that name the likely cause.
    ///
    /// # Errors
    /// When a tensor is missing, of another shape, or (unless `ignore_unexpected`) unexpected.
    pub fn accept(&self, foreign: &Foreign, ignore_unexpected: bool) -> Result<(), ImportError> {
        let r = &self.report;
        let (missing, misshapen, unexpected) = (r.missing.len(), r.misshapen.len(), r.unexpected.len());
        if missing + misshapen == 0 && (unexpected == 0 || ignore_unexpected) {
            return Ok(());
        }
        let family = self.architecture.family;
        let better = Family::ALL
            .into_iter()
            .filter(|other| *other != family)
            .filter_map(|other| match foreign.dialect {
                Dialect::Torch => fit_to(foreign, Architecture::new(other)).ok(),
                Dialect::Keras => fit(foreign, other).ok(),
            })
            .max_by(|a, b| a.share().total_cmp(&b.share()))
            .filter(|best| best.share() > self.share());
        let example = r
            .missing
            .first()
            .map(|lone| format!("it lacks “{}” {:?}", lone.name, lone.shape))
            .or_else(|| {
                r.misshapen.first().map(|m| format!("“{}” is {:?} and must be {:?}", m.from, m.found, m.needed))
            })
            .or_else(|| r.unexpected.first().map(|lone| format!("it also holds “{}” {:?}", lone.name, lone.shape)))
            .unwrap_or_default();
        let cause = match better {
            Some(best) if best.share() > 0.98 => format!("it is a {}: import it with --arch {}", best.architecture.family, best.architecture.family),
            Some(best) if best.share() > 0.5 => {
                format!("of the known architectures {} is nearest ({:.0} % of the tensors)", best.architecture.family, best.share() * 100.0)
            }
            _ if self.share() > 0.9 && missing + misshapen == 0 => {
                "the network has parts that this architecture has not; if they play no part in the prediction, add --ignore-unexpected".into()
            }
            _ if self.share() > 0.5 => "the network was changed, or the file holds only a part of it".into(),
            _ => "it is none of the architectures that are known here".into(),
        };
        Err(ImportError::DoesNotFit {
            family,
            matched: r.matched.len(),
            missing,
            misshapen,
            unexpected,
            example,
            cause,
        })
    }
}

/// What each tensor that is needed must look like, by its name and the number of its part.
fn expected(needed: &[(String, Vec<usize>)], named: &[NamedTensor]) -> HashMap<(String, usize), Vec<usize>> {
    let parts: HashMap<&str, usize> =
        named.iter().filter_map(|n| Some((n.to.as_str(), n.part?.of))).filter(|(_, of)| *of > 0).collect();
    let rows = |(name, shape): &(String, Vec<usize>)| {
        let of = parts.get(name.as_str()).copied().unwrap_or(1);
        let (first, inner) = shape.split_first().map_or((1, &[][..]), |(first, inner)| (*first, inner));
        let part = if of == 1 { shape.clone() } else { [&[first / of], inner].concat() };
        (0..of).map(|index| ((name.clone(), index), part.clone())).collect::<Vec<_>>()
    };
    needed.iter().flat_map(rows).collect()
}

fn named(tensors: &[(String, Vec<usize>)], architecture: &Architecture) -> Vec<NamedTensor> {
    let family = architecture.family;
    let bare = tensors.iter().map(|(name, _)| keys::bare(name));
    let inverted = family.is_inverted().then(|| Renaming::of(bare.clone(), architecture));
    let layered = family.has_layer_norms().then(|| transformer_names::Renaming::of(bare, family));
    let name = |(number, (from, shape)): (usize, &(String, Vec<usize>))| {
        let (to, part) = match (&inverted, &layered) {
            (Some(renaming), _) => (renaming.torchvision(keys::bare(from)), None),
            (_, Some(renaming)) => renaming.torchvision(keys::bare(from)),
            _ => (keys::torchvision(from, family), None),
        };
        let layout = transformer_names::layout(&to, shape, architecture);
        NamedTensor { number, from: from.clone(), to, shape: layout.shape(shape), layout, part }
    };
    tensors.iter().enumerate().map(name).collect()
}

/// Gives the head its name: the only matrix from `features` values that no other layer is. Also
/// yields its number of outputs.
fn with_head(mut named: Vec<NamedTensor>, head: &str, features: usize) -> (Vec<NamedTensor>, Option<usize>) {
    let (weight, bias) = (format!("{head}.weight"), format!("{head}.bias"));
    let rows = |named: &NamedTensor| match named.shape.as_slice() {
        [outputs, inputs @ ..] if product(inputs) == Some(features) && !inputs.is_empty() => Some(*outputs),
        _ => None,
    };
    if let Some(outputs) = named.iter().find(|n| n.to == weight).and_then(rows) {
        return (named, Some(outputs));
    }
    let matrices = |n: &&NamedTensor| matches!(n.shape.len(), 2 | 4) && n.to.ends_with(".weight") && rows(n).is_some();
    // Only what is called like a head: a 1×1 convolution inside the network may have as many
    // inputs.
    let called = |n: &&NamedTensor| {
        let module = n.to.trim_end_matches(".weight");
        n.shape.len() == 2
            || ["classifier", "fc", "head", "last_linear", "output"].iter().any(|h| module.starts_with(h))
    };
    let candidates: Vec<String> = named.iter().filter(matrices).filter(called).map(|n| n.to.clone()).collect();
    let [own] = candidates.as_slice() else { return (named, None) };
    let own_bias = format!("{}bias", own.trim_end_matches("weight"));
    let mut outputs = None;
    for tensor in &mut named {
        if tensor.to == *own {
            outputs = rows(tensor);
            tensor.to.clone_from(&weight);
        } else if tensor.to == own_bias {
            tensor.to.clone_from(&bias);
        }
    }
    (named, outputs)
}

/// Whether a tensor is what is needed, but for how a head, a 1×1 convolution or factors of channels
/// are written.
fn fits(found: &[usize], needed: &[usize]) -> bool {
    match (found, needed) {
        ([o, inner @ ..], [outputs, inputs]) if inner.len() == 3 => o == outputs && product(inner) == Some(*inputs),
        ([factors], [channels, 1, 1]) => factors == channels,
        _ => found == needed,
    }
}

fn product(sides: &[usize]) -> Option<usize> {
    sides.iter().try_fold(1usize, |all, side| all.checked_mul(*side))
}
