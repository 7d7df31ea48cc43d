//! Operators that move values without changing them, and those that tell of shapes.

use candle_core::{Device, Tensor};

use super::builder::{NodeResult, Value};
use super::elementwise::is_shared;
use super::known::Known;
use super::lengths::{axes, axis, reshaped, slice as picked};
use super::reading::Reading;
use super::values;
use crate::network::graph::op::{Between, Op};
use crate::network::graph::shape::{Dim, Shape, joined, map};

/// Most values that a graph may make out of nothing.
const MOST_MADE: usize = 1 << 24;

#[allow(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn told(error: candle_core::Error) -> String {
    format!("cannot be computed: {error}")
}

pub(super) fn shape<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let x = r.input(0)?;
    let shape = r.to.shape(&x);
    let bound = |name: &str, default: usize| match r.node.attribute(name) {
        Some(a) if a.integer < 0 => (a.integer + shape.len() as i64).max(0) as usize,
        Some(a) => (a.integer as usize).min(shape.len()),
        None => default,
    };
    let (start, end) = (bound("start", 0), bound("end", shape.len()));
    Known::lengths(shape.get(start..end).unwrap_or_default()).map(Value::Known)
}

pub(super) fn size<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let x = r.input(0)?;
    let shape = r.to.shape(&x);
    let count = shape.iter().map(|dim| dim.length(1)).product::<usize>();
    let number = |value: usize| Tensor::new(value as f32, &Device::Cpu).map_err(told);
    let known = if is_shared(&shape) {
        Known::new(number(count)?, true)
    } else {
        Known { per_image: Some(number(count)?), ..Known::new(number(0)?, true) }
    };
    Ok(Value::Known(known))
}

pub(super) fn constant_of_shape<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    // What is the same for each image is kept once.
    let shape: Vec<usize> =
        r.known(0)?.linear()?.into_iter().map(|(a, b)| if b == 0 { a.max(0) as usize } else { 1 }).collect();
    let count = shape.iter().try_fold(1usize, |all, side| all.checked_mul(*side));
    if count.is_none_or(|count| count > MOST_MADE) {
        return Err(format!("makes a tensor of {shape:?}"));
    }
    let (value, whole) = match r.node.attribute("value").and_then(|a| a.tensor.as_ref()) {
        Some(tensor) if tensor.elsewhere => return Err("keeps its value in another file".into()),
        Some(tensor) => {
            let value = values::read(tensor, std::path::Path::new("")).map_err(|error| error.to_string())?;
            let value = value.flatten_all().and_then(|t| t.to_vec1::<f32>()).map_err(told)?;
            (value.first().copied().unwrap_or(0.0), values::is_whole(tensor.kind))
        }
        None => (0.0, false),
    };
    Ok(Value::Known(Known::new(Tensor::full(value, shape, &Device::Cpu).map_err(told)?, whole)))
}

pub(super) fn range<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let number = |at: usize| r.known(at)?.scalar().ok_or_else(|| "counts with what is no number".to_owned());
    let (from, to, step) = (number(0)?, number(1)?, number(2)?);
    let count = ((to - from) / step).ceil();
    if !(1.0..=MOST_MADE as f64).contains(&count) {
        return Err(format!("counts from {from} to {to} by {step}"));
    }
    let values: Vec<f32> = (0..count as usize).map(|i| (from + i as f64 * step) as f32).collect();
    let tensor = Tensor::from_vec(values, count as usize, &Device::Cpu).map_err(told)?;
    Ok(Value::Known(Known::new(tensor, r.known(0)?.whole)))
}

/// `x` in another shape.
pub(super) fn to_shape<'a>(r: &mut Reading<'_, 'a>, x: Value<'a>, shape: &Shape) -> NodeResult<Value<'a>> {
    if r.to.shape(&x) == *shape {
        if let Value::Node(node) = x {
            r.to.release(node);
        }
        return Ok(x);
    }
    r.apply(Op::Reshape { shape: shape.iter().map(|dim| dim.number()).collect() }, &[x])
}

pub(super) fn reshape<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let x = r.input(0)?;
    let from = r.to.shape(&x);
    let wanted = r.known(1)?.linear()?;
    let shared = is_shared(&from);
    // What every image shares stays so.
    let wanted: Vec<(i64, i64)> =
        if shared { wanted.into_iter().map(|(a, b)| if b == 0 { (a, 0) } else { (1, 0) }).collect() } else { wanted };
    let shape = reshaped(&from, &wanted, r.node.integer("allowzero", 0) == 1, r.about.exported)?;
    to_shape(r, x, &shape)
}

pub(super) fn flatten<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let x = r.input(0)?;
    let from = r.to.shape(&x);
    let at = r.node.integer("axis", 1);
    let at = if at == from.len() as i64 { from.len() } else { axis(at, from.len())? };
    let joined = |dims: &[Dim]| {
        let count = dims.iter().map(|dim| dim.length(1)).product();
        if is_shared(dims) { Dim::Fixed(count) } else { Dim::Batch(count) }
    };
    let shape = vec![joined(&from[..at]), joined(&from[at..])];
    to_shape(r, x, &shape)
}

pub(super) fn squeeze<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let x = r.input(0)?;
    let from = r.to.shape(&x);
    let gone = match r.list("axes", 1)? {
        Some(list) => axes(&list, from.len())?,
        None => (0..from.len()).filter(|i| from[*i] == Dim::Fixed(1)).collect(),
    };
    if let Some(axis) = gone.iter().find(|i| from[**i] != Dim::Fixed(1)) {
        return Err(format!("takes away the axis {axis}, which is longer than 1"));
    }
    let shape = from.iter().enumerate().filter(|(i, _)| !gone.contains(i)).map(|(_, dim)| *dim).collect();
    to_shape(r, x, &shape)
}

pub(super) fn unsqueeze<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let x = r.input(0)?;
    let mut shape = r.to.shape(&x);
    let list = r.list("axes", 1)?.ok_or("lacks its axes")?;
    for at in axes(&list, shape.len() + list.len())? {
        if at > shape.len() {
            return Err("names an axis behind the last".into());
        }
        shape.insert(at, Dim::Fixed(1));
    }
    to_shape(r, x, &shape)
}

pub(super) fn transpose<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let x = r.input(0)?;
    let rank = r.to.shape(&x).len();
    let order = match r.node.integers("perm") {
        Some(list) if list.len() == rank => list.iter().map(|a| axis(*a, rank)).collect::<NodeResult<Vec<_>>>()?,
        Some(list) => return Err(format!("orders {} axes of {rank}", list.len())),
        None => (0..rank).rev().collect(),
    };
    if let Value::Node(node) = x
        && let Some(Op::Transpose { order: before }) = node.checked_sub(1).map(|i| &r.to.nodes[i].does)
    {
        // Two in a row are one, or none.
        let both: Vec<usize> = order.iter().map(|axis| before[*axis]).collect();
        let from = r.to.nodes[node - 1].inputs[0];
        if both.iter().copied().eq(0..rank) {
            return Ok(Value::Node(from));
        }
        return r.apply(Op::Transpose { order: both }, &[Value::Node(from)]);
    }
    if order.iter().copied().eq(0..rank) {
        return r.same();
    }
    r.apply(Op::Transpose { order }, &[x])
}

pub(super) fn concat<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let mut inputs: Vec<Value<'a>> = (0..r.inputs.len()).map(|at| r.input(at)).collect::<NodeResult<_>>()?;
    // What a slice of lengths left nothing of adds nothing.
    if inputs.len() > 1 {
        let whole = inputs.clone();
        inputs.retain(|x| !matches!(x, Value::Known(known) if known.fixed.elem_count() == 0));
        if inputs.len() == 1 && whole.len() > 1 {
            return Ok(inputs.remove(0));
        }
    }
    let rank = inputs.first().map_or(0, |x| r.to.shape(x).len());
    let axis = axis(r.node.integer("axis", 0), rank)?;
    if inputs.len() == 1 {
        return r.same();
    }
    r.apply(Op::Concat { axis }, &inputs)
}

/// Entries of an axis by their numbers.
fn take<'a>(r: &mut Reading<'_, 'a>, x: Value<'a>, axis: usize, numbers: Vec<u32>) -> NodeResult<Value<'a>> {
    let shape = r.to.shape(&x);
    let whole = shape[axis];
    if numbers.len() == whole.length(1) && numbers.iter().enumerate().all(|(i, n)| i == *n as usize) {
        return Ok(x);
    }
    if matches!(whole, Dim::Batch(_)) {
        return Err("takes single images out of the batch".into());
    }
    let first = numbers[0] as usize;
    let step = numbers.get(1).map_or(1, |second| (*second as usize).wrapping_sub(first));
    let even = numbers.iter().enumerate().all(|(i, n)| *n as usize == first.wrapping_add(i.wrapping_mul(step)));
    let op = if even && (1..=whole.length(1)).contains(&step) {
        Op::Slice { axis, from: first, length: numbers.len(), step }
    } else {
        r.to.spend(numbers.len()).map_err(|error| error.to_string())?;
        Op::Pick { axis, numbers }
    };
    r.apply(op, &[x])
}

pub(super) fn slice<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let mut x = r.input(0)?;
    let rank = r.to.shape(&x).len();
    let starts = r.list("starts", 1)?.ok_or("lacks its starts")?;
    let ends = r.list("ends", 2)?.ok_or("lacks its ends")?;
    let list = r.list("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = r.list("steps", 4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if starts.len() != ends.len() || starts.len() != list.len() || starts.len() != steps.len() {
        return Err("has lists of different lengths".into());
    }
    for i in 0..starts.len() {
        let axis = axis(list[i], rank)?;
        let length = r.to.shape(&x)[axis].length(1);
        if let (Value::Known(known), Err(_)) = (&x, picked(starts[i], ends[i], steps[i], length)) {
            // Of a list of lengths nothing may be left.
            let mut shape = known.shape().to_vec();
            shape[axis] = 0;
            let nothing = Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu).map_err(told)?;
            return Ok(Value::Known(Known::new(nothing, known.whole)));
        }
        // Empty parts are joined to others by some exporters: only what is left counts.
        x = take(r, x, axis, picked(starts[i], ends[i], steps[i], length)?)?;
    }
    Ok(x)
}

pub(super) fn split<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Vec<Value<'a>>> {
    let x = r.input(0)?;
    let shape = r.to.shape(&x);
    let axis = axis(r.node.integer("axis", 0), shape.len())?;
    let (whole, parts) = (shape[axis].length(1), r.node.outputs.len().max(1));
    let lengths = if let Some(list) = r.list("split", 1)? {
        let length = |l: &i64| usize::try_from(*l).map_err(|_| "has a length below 0".to_owned());
        list.iter().map(length).collect::<NodeResult<Vec<_>>>()?
    } else {
        let each = whole.div_ceil(parts);
        (0..parts).map(|i| each.min(whole.saturating_sub(i * each))).collect()
    };
    if lengths.iter().try_fold(0usize, |sum, l| sum.checked_add(*l)) != Some(whole) || lengths.contains(&0) {
        return Err(format!("cuts {whole} into {lengths:?}"));
    }
    let mut from = 0;
    let mut given = Vec::with_capacity(lengths.len());
    for length in lengths {
        given.push(take(r, x.clone(), axis, (from as u32..(from + length) as u32).collect())?);
        from += length;
    }
    Ok(given)
}

pub(super) fn gather<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let (x, which) = (r.input(0)?, r.known(1)?);
    let shape = r.to.shape(&x);
    let axis = axis(r.node.integer("axis", 0), shape.len())?;
    let length = shape[axis].length(1) as i64;
    let number = |n: i64| {
        let counted = if n < 0 { n + length } else { n };
        u32::try_from(counted)
            .ok()
            .filter(|n| i64::from(*n) < length)
            .ok_or_else(|| format!("picks the entry {n} of {length}"))
    };
    let numbers = which.integers()?.into_iter().map(number).collect::<NodeResult<Vec<u32>>>()?;
    if numbers.is_empty() {
        return Err("picks nothing".into());
    }
    let inner: Shape = which.shape().iter().map(|length| Dim::Fixed(*length)).collect();
    if let (&[Dim::Batch(each)], 1) = (shape.as_slice(), r.about.exported) {
        // All values one behind the other, of the one image that the file was written for.
        let flat = r.apply(Op::Reshape { shape: vec![-1, each as i64] }, &[x])?;
        let picked = take(r, flat, 1, numbers)?;
        let wanted: Vec<(i64, i64)> = which.shape().iter().map(|length| (*length as i64, 0)).collect();
        let from = r.to.shape(&picked);
        return to_shape(r, picked, &reshaped(&from, &wanted, true, 1)?);
    }
    let picked = take(r, x, axis, numbers)?;
    let given = r.to.shape(&picked);
    let shape = [&given[..axis], inner.as_slice(), &given[axis + 1..]].concat();
    to_shape(r, picked, &shape)
}

pub(super) fn expand<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let x = r.input(0)?;
    let from = r.to.shape(&x);
    let shared = is_shared(&from);
    let wanted = r.known(1)?.linear()?.into_iter().map(|(a, b)| match (a, b) {
        // What every image shares is repeated where it is joined with what they do not.
        (_, b) if b != 0 && shared => Ok(Dim::Fixed(1)),
        (0, b) if b > 0 => Ok(Dim::Batch(b as usize)),
        (a, 0) if a > 0 => Ok(Dim::Fixed(a as usize)),
        _ => Err("repeats to a length that is none".to_owned()),
    });
    let mut wanted = wanted.collect::<NodeResult<Shape>>()?;
    for (own, wanted) in from.iter().rev().zip(wanted.iter_mut().rev()) {
        // Windows or heads beside a batch that was written down as a number.
        if let (Dim::Batch(times), Dim::Fixed(length)) = (own, *wanted)
            && times.checked_mul(r.about.exported) == Some(length)
        {
            *wanted = *own;
        }
    }
    // A batch of 1 that was written down as a number repeats nothing.
    let shape = joined(&from, &wanted).ok_or("repeats along an axis that is longer than 1")?;
    if shape == from {
        r.same()
    } else {
        r.apply(Op::Expand { shape: shape.iter().map(|dim| dim.number()).collect() }, &[x])
    }
}

/// `Tile`: an axis is repeated as a whole.
pub(super) fn tile<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let mut x = r.input(0)?;
    let shape = r.to.shape(&x);
    let (repeats, shared) = (r.known(1)?.linear()?, is_shared(&shape));
    if repeats.len() != shape.len() {
        return Err(format!("repeats {} axes of {}", repeats.len(), shape.len()));
    }
    let mut changed = false;
    for (axis, repeat) in repeats.into_iter().enumerate() {
        match repeat {
            (1, 0) => {}
            // What every image shares is repeated where it is joined with what they do not.
            (_, images) if images != 0 && shared => {}
            (count @ 2..=64, 0) => {
                x = r.apply(Op::Concat { axis }, &vec![x; count as usize])?;
                changed = true;
            }
            (count, _) => return Err(format!("repeats the axis {axis} {count} times")),
        }
    }
    if changed { Ok(x) } else { r.same() }
}

/// One value as often as it stands before or behind an axis of `x`, for every image the same.
fn wall<'a>(
    r: &mut Reading<'_, 'a>,
    x: &Value<'a>,
    axis: usize,
    width: usize,
    value: f64,
) -> NodeResult<Option<Value<'a>>> {
    if width == 0 {
        return Ok(None);
    }
    let of = |(i, dim): (usize, &Dim)| match dim {
        _ if i == axis => Ok(width),
        Dim::Fixed(length) => Ok(*length),
        Dim::Batch(1) => Ok(1),
        Dim::Batch(_) => Err("pads beside windows or heads with something else than zeros".to_owned()),
    };
    let shape = r.to.shape(x).iter().enumerate().map(of).collect::<NodeResult<Vec<usize>>>()?;
    let count = shape.iter().try_fold(1usize, |all, side| all.checked_mul(*side)).ok_or("pads without end")?;
    r.to.labour(count).map_err(|error| error.to_string())?;
    let tensor = Tensor::full(value as f32, shape, &Device::Cpu).map_err(told)?;
    Ok(Some(Value::Known(Known::new(tensor, false))))
}

pub(super) fn pad<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let mut x = r.input(0)?;
    let rank = r.to.shape(&x).len();
    let pads = r.list("pads", 1)?.ok_or("lacks its widths")?;
    let value = match r.optional(2) {
        Some(_) => r.known(2)?.scalar().ok_or("has more than one value to pad with")?,
        None => r.node.float("value", 0.0),
    };
    let list = match r.optional(3) {
        Some(_) => r.known(3)?.integers()?,
        None => (0..rank as i64).collect(),
    };
    if pads.len() != 2 * list.len() {
        return Err(format!("has {} widths for {} axes", pads.len(), list.len()));
    }
    let zeros = pads.iter().all(|pad| *pad == 0);
    let mode = r.node.text("mode").unwrap_or("constant");
    if !zeros && mode != "constant" {
        return Err(format!("pads by {mode}, and not with one value"));
    }
    for (i, at) in list.iter().enumerate() {
        let width = |pad: i64| usize::try_from(pad).map_err(|_| "cuts by a width below 0".to_owned());
        let (before, behind) = (width(pads[i])?, width(pads[i + list.len()])?);
        if before + behind > 0 && value == 0.0 {
            x = r.apply(Op::Pad { axis: axis(*at, rank)?, before, behind }, &[x])?;
        } else if before + behind > 0 {
            let axis = axis(*at, rank)?;
            let (ahead, after) = (wall(r, &x, axis, before, value)?, wall(r, &x, axis, behind, value)?);
            let parts: Vec<Value<'a>> = [ahead, Some(x), after].into_iter().flatten().collect();
            x = r.apply(Op::Concat { axis }, &parts)?;
        }
    }
    if zeros { r.same() } else { Ok(x) }
}

pub(super) fn resize<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let x = r.input(0)?;
    let [_, h, w] = map(&r.to.shape(&x)).ok_or("resizes what is no map")?;
    let old = r.node.kind == "Upsample";
    let sizes = if !old && r.optional(3).is_some() {
        r.known(3)?.linear()?.into_iter().map(|(a, _)| a.max(0) as usize).collect::<Vec<_>>()
    } else {
        let scales = r.known(if old { 1 } else { 2 })?.values()?;
        let side = |at: usize, length: usize| length as f64 * f64::from(scales.get(at).copied().unwrap_or(0.0));
        // Places are found by the sides: scales that make no whole ones would be others.
        let [rows, columns] = [side(2, h), side(3, w)];
        if scales.first() != Some(&1.0)
            || scales.get(1) != Some(&1.0)
            || [rows, columns].iter().any(|s| s.fract() != 0.0)
        {
            return Err(format!("resizes by {scales:?}"));
        }
        vec![1, 1, rows as usize, columns as usize]
    };
    let &[_, _, rows, columns] = sizes.as_slice() else { return Err("names other axes than those of maps".into()) };
    if (rows, columns) == (h, w) {
        return r.same();
    }
    let place = r.node.text("coordinate_transformation_mode").unwrap_or("half_pixel");
    let floor = old || (place == "asymmetric" && r.node.text("nearest_mode") == Some("floor"));
    let round = r.node.text("nearest_mode").unwrap_or("round_prefer_floor").starts_with("round_");
    if r.node.text("keep_aspect_ratio_policy").is_some_and(|policy| policy != "stretch") {
        return Err("keeps the shape of its maps".into());
    }
    let times = rows.is_multiple_of(h.max(1)) && columns.is_multiple_of(w.max(1));
    let between = match (r.node.text("mode").unwrap_or("nearest"), place) {
        ("nearest", _) if floor || times && round && matches!(place, "half_pixel" | "pytorch_half_pixel") => {
            Between::Nearest
        }
        ("linear", "align_corners") => Between::LinearCorners,
        ("linear", "half_pixel" | "pytorch_half_pixel")
            if rows >= h && columns >= w || r.node.integer("antialias", 0) == 0 =>
        {
            Between::Linear
        }
        ("cubic", "half_pixel" | "pytorch_half_pixel")
            if r.node.integer("antialias", 0) == 0
                && r.node.integer("exclude_outside", 0) == 0
                && (r.node.float("cubic_coeff_a", -0.75) + 0.75).abs() < 1e-6 =>
        {
            Between::Cubic
        }
        (mode, place) => return Err(format!("finds values between pixels by {mode} and {place}")),
    };
    r.apply(Op::Resize { rows, columns, between }, &[x])
}
