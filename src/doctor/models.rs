//! Models: each is loaded as a result would load it (hashes included) and run once.

use std::time::Instant;

use candle_core::{DType, Device, Tensor};

use super::Finding;
use crate::model::registry::{self, Origin};

const PART: &str = "Models";

/// Models of the user's own that are tried one by one.
const MOST: usize = 50;

pub(super) fn examine() -> Vec<Finding> {
    let mut own: Vec<String> = registry::list()
        .into_iter()
        .filter_map(|(name, origin)| matches!(origin, Origin::Folder(_)).then_some(name))
        .collect();
    let rest = own.len().saturating_sub(MOST);
    own.truncate(MOST);
    let mut findings = built_in();
    findings.extend(own.iter().map(|name| tried(name, "your own")));
    if rest > 0 {
        findings.push(Finding::limited(PART, format!("{rest} more of your own were not tried")));
    }
    findings
}

pub(super) fn built_in() -> Vec<Finding> {
    let embedded = registry::list().into_iter().filter(|(_, origin)| *origin == Origin::Embedded);
    embedded.map(|(name, _)| tried(&name, "built in")).collect()
}

fn tried(name: &str, origin: &str) -> Finding {
    match run(name) {
        Ok(text) => Finding::works(PART, format!("{name} ({origin}): {text}")),
        Err(reason) if origin == "built in" => Finding::fails(
            PART,
            format!("{name} ({origin}): {reason}\nThe program's file is damaged: install it again"),
        ),
        Err(reason) => Finding::limited(PART, format!("{name} ({origin}): {reason}")),
    }
}

/// Version, states and the time of one forward pass; or why there is none.
fn run(name: &str) -> Result<String, String> {
    let model = registry::load(name, &Device::Cpu).map_err(|error| error.to_string())?;
    let input = &model.manifest.input;
    let shape = (1, input.channels, input.height, input.width);
    let blank = Tensor::zeros(shape, DType::F32, &Device::Cpu).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let logits = model.logits(&blank).and_then(|logits| logits.flatten_all()?.to_vec1::<f32>());
    let logits = logits.map_err(|error| error.to_string())?;
    let took = begun.elapsed().as_millis();
    if !logits.iter().all(|logit| logit.is_finite()) {
        return Err("its scores are not finite".into());
    }
    let calibrated =
        if model.calibration.is_ok() { "calibrated" } else { "not calibrated: shows scores without states" };
    let gate = if model.gate.is_some() { "with an input gate" } else { "without an input gate" };
    Ok(format!("version {}, {calibrated}, {gate}, first pass {took} ms", model.manifest.version))
}
