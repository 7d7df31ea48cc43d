//! The detector's file: its settings in the header, its numbers in half precision.

use std::collections::HashMap;

use super::candidates::Candidate;
use super::images::MemberParts;
use crate::model::population::detector::{DetectorSettings, HEADER, Scaled};
use crate::training::config::Precision;
use crate::training::tensor_file::to_safetensors;
use crate::training::{Error, Result};

/// The bytes of the file.
pub(super) fn write(
    weights_sha256: &str,
    own: &MemberParts,
    chosen: &[&Candidate],
    measures: Vec<Scaled>,
    made_of: String,
) -> Result<Vec<u8>> {
    let first = own.fit.first().map(|m| &m.features);
    let settings = DetectorSettings {
        weights_sha256: weights_sha256.to_owned(),
        width: first.map_or(0, |f| f.pooled.len()),
        penultimate: first.map_or(0, |f| f.penultimate.len()),
        measures,
        made_of,
    };
    let text = serde_json::to_string(&settings).map_err(|e| Error::Data(e.to_string()))?;
    let tensors: Vec<(String, Vec<usize>, &[f32])> = chosen
        .iter()
        .flat_map(|c| &c.tensors)
        .map(|(name, shape, values)| (name.clone(), shape.clone(), values.as_slice()))
        .collect();
    let precision = if tensors.iter().all(|(.., values)| fits_half(values)) { Precision::F16 } else { Precision::F32 };
    let header = HashMap::from([(HEADER.to_owned(), text)]);
    to_safetensors(&tensors, Some(header), precision).map_err(|e| Error::Data(e.to_string()))
}

/// Whether the largest of the values lies well within what half precision can tell, which spans
/// 10⁻⁷ to 65,504.
fn fits_half(values: &[f32]) -> bool {
    let largest = values.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    largest == 0.0 || (1e-3..3e4).contains(&largest)
}
