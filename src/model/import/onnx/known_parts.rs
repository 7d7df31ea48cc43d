//! Parts of tensors that are known before any image: they are looked up, written over and counted.
//!
//! Relative positions of a transformer are found so (`CumSum`, `GatherND`, `ScatterND`).

use candle_core::{Device, Tensor};

use super::builder::{NodeResult, Value};
use super::known::Known;
use super::lengths::axis;
use super::reading::Reading;

#[allow(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn told(error: candle_core::Error) -> String {
    format!("cannot be computed: {error}")
}

/// `CumSum` of what is known: positions are counted so.
pub(super) fn running_sum<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let (known, at) = (r.known(0)?, r.known(1)?.scalar().ok_or("runs along no one axis")?);
    if r.node.integer("exclusive", 0) != 0 || r.node.integer("reverse", 0) != 0 {
        return Err("runs backwards, or leaves the first out".into());
    }
    let shape = known.shape().to_vec();
    let axis = axis(at as i64, shape.len())?;
    let step: usize = shape[axis + 1..].iter().product();
    let mut values = known.values()?;
    for i in 0..values.len() {
        if !(i / step).is_multiple_of(shape[axis]) {
            values[i] += values[i - step];
        }
    }
    let tensor = Tensor::from_vec(values, shape, &Device::Cpu).map_err(told)?;
    Ok(Value::Known(Known { trained: known.trained, ..Known::new(tensor, known.whole) }))
}

/// Where parts of a tensor of this `shape` begin that a list of numbers names, `depth` for each.
fn places(numbers: &[i64], depth: usize, shape: &[usize]) -> NodeResult<Vec<usize>> {
    let place = |numbers: &[i64]| {
        numbers.iter().zip(shape).try_fold(0, |at, (number, length)| {
            let counted = if *number < 0 { number + *length as i64 } else { *number };
            let counted = usize::try_from(counted).ok().filter(|n| n < length)?;
            Some(at * length + counted)
        })
    };
    numbers.chunks_exact(depth).map(|n| place(n).ok_or_else(|| "names a place beyond its tensor".into())).collect()
}

/// `GatherND` of what is known: relative positions are looked up so.
pub(super) fn gather_parts<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let (data, which) = (r.known(0)?, r.known(1)?);
    if r.node.integer("batch_dims", 0) != 0 {
        return Err("looks up within a batch".into());
    }
    let shape = data.shape().to_vec();
    let (depth, front) = which.shape().split_last().ok_or("names no place")?;
    if !(1..=shape.len()).contains(depth) {
        return Err("names no place".into());
    }
    let part: usize = shape[*depth..].iter().product();
    let (values, places) = (data.values()?, places(&which.integers()?, *depth, &shape)?);
    r.to.labour(places.len().saturating_mul(part)).map_err(|error| error.to_string())?;
    let found: Vec<f32> = places.iter().flat_map(|at| values[at * part..(at + 1) * part].iter().copied()).collect();
    let tensor = Tensor::from_vec(found, [front, &shape[*depth..]].concat(), &Device::Cpu).map_err(told)?;
    Ok(Value::Known(Known { trained: data.trained, ..Known::new(tensor, data.whole) }))
}

/// `ScatterND` of what is known: parts of a tensor are written over.
pub(super) fn scatter<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let (data, which, parts) = (r.known(0)?, r.known(1)?, r.known(2)?);
    if r.node.text("reduction").is_some_and(|reduction| reduction != "none") {
        return Err("adds to what it writes over".into());
    }
    let shape = data.shape().to_vec();
    let depth =
        which.shape().last().copied().filter(|depth| (1..=shape.len()).contains(depth)).ok_or("names no place")?;
    let part: usize = shape[depth..].iter().product();
    let (mut values, numbers, parts) = (data.values()?, which.integers()?, parts.values()?);
    if numbers.len() / depth * part != parts.len() {
        return Err("has more or fewer parts than places".into());
    }
    for (at, new) in places(&numbers, depth, &shape)?.into_iter().zip(parts.chunks_exact(part.max(1))) {
        values[at * part..(at + 1) * part].copy_from_slice(new);
    }
    let tensor = Tensor::from_vec(values, shape, &Device::Cpu).map_err(told)?;
    Ok(Value::Known(Known { trained: data.trained, ..Known::new(tensor, data.whole) }))
}
