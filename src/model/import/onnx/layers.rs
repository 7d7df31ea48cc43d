//! Operators with weights, and pooling.

use candle_core::{DType, Device, Tensor};

use super::builder::{Builder, NodeResult, Value};
use super::known::Known;
use super::lengths::axis;
use super::reading::Reading;
use super::values;
use crate::network::graph::op::{Fold, Op, Window};
use crate::network::graph::shape::{Dim, map};

#[allow(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn told(error: candle_core::Error) -> String {
    format!("cannot be laid out: {error}")
}

pub(super) fn constant<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let a = r.node.attributes.first().ok_or("has no value")?;
    let tensor = |values: Vec<f32>, whole: bool, single: bool| {
        let count = values.len();
        let tensor = Tensor::from_vec(values, count, &Device::Cpu).map_err(told)?;
        let tensor = if single { tensor.reshape(()).map_err(told)? } else { tensor };
        Ok(Value::Known(Known::new(tensor, whole)))
    };
    match a.name {
        "value" => {
            let stored = a.tensor.as_ref().ok_or("has no value")?;
            if stored.elsewhere {
                return Err("keeps its value in another file".into());
            }
            let read = values::read(stored, std::path::Path::new("")).map_err(|error| error.to_string())?;
            r.to.spend(read.elem_count()).map_err(|error| error.to_string())?;
            Ok(Value::Known(Known::new(read, values::is_whole(stored.kind))))
        }
        "value_float" => tensor(vec![a.float], false, true),
        "value_int" => tensor(vec![a.integer as f32], true, true),
        "value_floats" => tensor(a.floats.clone(), false, false),
        "value_ints" => tensor(a.integers.iter().map(|i| *i as f32).collect(), true, false),
        other => Err(format!("has its value in {other}, which is not read")),
    }
}

/// Lengths of a list of two, one a side.
fn two(r: &Reading<'_, '_>, name: &str, default: usize) -> NodeResult<[usize; 2]> {
    let Some(list) = r.node.integers(name) else { return Ok([default; 2]) };
    match *list {
        [rows, columns] if rows > 0 && columns > 0 => Ok([rows as usize, columns as usize]),
        // Of a single row.
        [columns] if columns > 0 && name == "strides" => Ok([columns as usize; 2]),
        [columns] if columns > 0 => Ok([default, columns as usize]),
        _ => Err(format!("has {name} = {list:?}, where rows and columns are expected")),
    }
}

/// The window of a convolution or a pooling on maps of `sides`.
fn window(r: &Reading<'_, '_>, kernel: [usize; 2], sides: [usize; 2]) -> NodeResult<Window> {
    let (stride, dilation) = (two(r, "strides", 1)?, two(r, "dilations", 1)?);
    let mut pads = match r.node.integers("pads") {
        None => [0; 4],
        Some(&[top, left, bottom, right]) if [top, left, bottom, right].iter().all(|p| (0..=512).contains(p)) => {
            [top as usize, left as usize, bottom as usize, right as usize]
        }
        Some(&[left, right]) if [left, right].iter().all(|p| (0..=512).contains(p)) => {
            [0, left as usize, 0, right as usize]
        }
        Some(other) => return Err(format!("has pads = {other:?}")),
    };
    let auto = r.node.text("auto_pad").unwrap_or("NOTSET");
    for side in 0..2 {
        let reach = (kernel[side] - 1).saturating_mul(dilation[side]) + 1;
        let same = || (sides[side].div_ceil(stride[side]) - 1) * stride[side] + reach;
        let missing = || same().saturating_sub(sides[side]);
        match auto {
            "SAME_UPPER" => (pads[side], pads[side + 2]) = (missing() / 2, missing().div_ceil(2)),
            "SAME_LOWER" => (pads[side], pads[side + 2]) = (missing().div_ceil(2), missing() / 2),
            "VALID" => (pads[side], pads[side + 2]) = (0, 0),
            _ => {}
        }
    }
    Ok(Window { kernel, stride, pads, dilation })
}

pub(super) fn conv<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let Value::Node(mut x) = r.input(0)? else { return known_conv(r) };
    let mut weight = r.known(1)?;
    // One axis is a single row of maps.
    let row = match (r.to.shapes[x].as_slice(), weight.shape()) {
        (&[n, c, length], &[outputs, own, taps]) => {
            weight.fixed = weight.fixed.reshape((outputs, own, 1, taps)).map_err(told)?;
            let maps = [n, c, Dim::Fixed(1), length];
            x = r.to.push(Op::Reshape { shape: maps.iter().map(|dim| dim.number()).collect() }, vec![x])?;
            true
        }
        _ => false,
    };
    let &[outputs, own, rows, columns] = weight.shape() else {
        return Err(format!("has a kernel of the shape {:?}, where maps have two sides", weight.shape()));
    };
    let groups = usize::try_from(r.node.integer("group", 1)).map_err(|_| "has less than one group")?;
    let inputs = own.checked_mul(groups).ok_or("has too many groups")?;
    let bias = match r.optional(2) {
        Some(_) => r.known(2)?.fixed,
        None => Builder::zeros(outputs)?,
    };
    if bias.dims() != [outputs] {
        return Err(format!("has a bias of the shape {:?} for {outputs} outputs", bias.dims()));
    }
    let [_, h, w] = map(&r.to.shapes[x]).ok_or("takes no maps with rows and columns")?;
    let mut window = window(r, [rows, columns], [h, w])?;
    // Zeros that were written around the maps before are those of the window.
    while let Some(Op::Pad { axis: side @ (2 | 3), before, behind }) = x.checked_sub(1).map(|i| &r.to.nodes[i].does) {
        window.pads[side - 2] += before;
        window.pads[*side] += behind;
        x = r.to.nodes[x - 1].inputs[0];
    }
    if window.stride[0] != window.stride[1] {
        return Err(format!("has strides of {:?}; one stride for both sides is known", window.stride));
    }
    let name = r.to.layer(&weight, "conv");
    r.to.parameters(&name, &weight.fixed, &bias)?;
    let y = r.to.push(Op::Conv { name, inputs, outputs, groups, window, then: None }, vec![x])?;
    if !row {
        return Ok(Value::Node(y));
    }
    let line: Vec<i64> = [0, 1, 3].map(|axis| r.to.shapes[y][axis].number()).to_vec();
    r.to.push(Op::Reshape { shape: line }, vec![y]).map(Value::Node)
}

/// A convolution of what is known, such as a map of positions.
fn known_conv<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let (x, weight) = (r.known(0)?, r.known(1)?);
    let (&[maps, _, h, w], &[outputs, own, rows, columns]) = (x.shape(), weight.shape()) else {
        return Err("takes no maps".into());
    };
    let window = window(r, [rows, columns], [h, w])?;
    let made = window.output(h, w).ok_or("has a window that is larger than its input")?;
    let products =
        [maps, made[0], made[1], outputs, own, rows, columns].iter().try_fold(1usize, |all, n| all.checked_mul(*n));
    let Window { stride: [s, s2], pads: [top, left, bottom, right], dilation: [d, d2], .. } = window;
    if s != s2 || d != d2 || [left, bottom, right] != [top; 3] || products.is_none_or(|products| products > 1 << 32) {
        return Err("is a convolution of what is known, and not an even one".into());
    }
    let groups =
        usize::try_from(r.node.integer("group", 1)).ok().filter(|g| *g > 0).ok_or("has less than one group")?;
    r.to.labour(maps * outputs * made[0] * made[1]).map_err(|error| error.to_string())?;
    let mut y = x.fixed.conv2d(&weight.fixed, top, s, d, groups).map_err(told)?;
    if r.optional(2).is_some() {
        let bias = r.known(2)?.fixed.reshape((1, outputs, 1, 1)).map_err(told)?;
        y = y.broadcast_add(&bias).map_err(told)?;
    }
    Ok(Value::Known(Known { trained: true, ..Known::new(y, false) }))
}

/// A batch norm of what is known: some networks bring their kernels to scale by one.
fn known_norm<'a>(
    r: &mut Reading<'_, 'a>,
    x: &Known,
    [weight, shift, mean, var]: [Tensor; 4],
    epsilon: f64,
) -> NodeResult<Value<'a>> {
    let normed = || -> candle_core::Result<Tensor> {
        let channels = x.fixed.dim(1)?;
        let (mean, var) = if r.node.integer("training_mode", 0) == 1 {
            let rows = x.fixed.transpose(0, 1)?.contiguous()?.reshape((channels, ()))?;
            let mean = rows.mean_keepdim(1)?;
            let var = rows.broadcast_sub(&mean)?.sqr()?.mean_keepdim(1)?;
            (mean.flatten_all()?, var.flatten_all()?)
        } else {
            (mean, var)
        };
        let mut shape = vec![1; x.fixed.rank()];
        shape[1] = channels;
        let factor = (weight / (var + epsilon)?.sqrt()?)?;
        let shift = (shift - (mean * &factor)?)?;
        x.fixed.broadcast_mul(&factor.reshape(shape.as_slice())?)?.broadcast_add(&shift.reshape(shape.as_slice())?)
    };
    Ok(Value::Known(Known { trained: true, ..Known::new(normed().map_err(told)?, false) }))
}

/// A linear layer of `weight` `(O, F)`.
fn linear<'a>(
    r: &mut Reading<'_, 'a>,
    x: usize,
    from: &Known,
    weight: &Tensor,
    bias: &Tensor,
) -> NodeResult<Value<'a>> {
    let (outputs, inputs) = weight.dims2().map_err(told)?;
    let name = r.to.layer(from, "linear");
    r.to.parameters(&name, weight, bias)?;
    r.to.push(Op::Linear { name, inputs, outputs }, vec![x]).map(Value::Node)
}

pub(super) fn gemm<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let Value::Node(x) = r.input(0)? else { return Err("takes no image".into()) };
    let from = r.known(1)?;
    if r.node.integer("transA", 0) != 0 {
        return Err("turns what it takes".into());
    }
    let weight = if r.node.integer("transB", 0) == 1 { from.fixed.clone() } else { from.fixed.t().map_err(told)? };
    let weight = (weight * r.node.float("alpha", 1.0)).map_err(told)?;
    let outputs = weight.dim(0).map_err(told)?;
    let bias = match r.optional(2) {
        Some(_) => {
            let bias = (r.known(2)?.fixed * r.node.float("beta", 1.0)).map_err(told)?;
            let bias = bias.flatten_all().and_then(|b| b.broadcast_as(outputs)).map_err(told)?;
            bias.contiguous().map_err(told)?
        }
        None => Builder::zeros(outputs)?,
    };
    linear(r, x, &from, &weight, &bias)
}

pub(super) fn matmul<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let (a, b) = (r.input(0)?, r.input(1)?);
    product(r, a, b)
}

/// The product of two matrices, or of batches of them; by one that is known it is a linear layer.
pub(super) fn product<'a>(r: &mut Reading<'_, 'a>, a: Value<'a>, b: Value<'a>) -> NodeResult<Value<'a>> {
    if let (Value::Node(x), Value::Known(known)) = (&a, &b)
        && known.shape().len() == 2
    {
        let weight = known.fixed.t().map_err(told)?;
        let outputs = weight.dim(0).map_err(told)?;
        return linear(r, *x, known, &weight, &Builder::zeros(outputs)?);
    }
    r.apply(Op::MatMul, &[a, b])
}

pub(super) fn batch_norm<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    if r.node.integer("training_mode", 0) == 1 && matches!(r.input(0)?, Value::Node(_)) {
        return Err("takes the statistics of the batch; export the model in its evaluation mode".into());
    }
    let epsilon = r.node.float("epsilon", 1e-5);
    let [weight, shift, mean, var] = [1, 2, 3, 4].map(|at| r.known(at).map(|known| known.fixed));
    let (weight, shift, mean, var) = (weight?, shift?, mean?, var?);
    let channels = weight.elem_count();
    if [&weight, &shift, &mean, &var].iter().any(|t| t.dims() != [channels]) {
        return Err("has statistics of different lengths".into());
    }
    if let Value::Known(x) = r.input(0)? {
        return known_norm(r, &x, [weight, shift, mean, var], epsilon);
    }
    let factor = || -> candle_core::Result<(Tensor, Tensor)> {
        let factor = (weight / (var + epsilon)?.sqrt()?)?;
        let shift = (shift - (mean * &factor)?)?;
        Ok((factor, shift))
    };
    let (factor, shift) = factor().map_err(told)?;
    let Value::Node(x) = r.input(0)? else { return Err("takes no image".into()) };
    if r.to.shapes[x].get(1) != Some(&Dim::Fixed(channels)) {
        return Err(format!("has {channels} channels and takes another number"));
    }
    r.to.affine(x, &factor, &shift).map(Value::Node)
}

/// Weight and bias of a normalisation, ones and zeros where there are none.
fn weights(r: &Reading<'_, '_>, shape: &[usize]) -> NodeResult<(Known, Tensor)> {
    let weight = match r.optional(1) {
        Some(_) => r.known(1)?,
        None => Known::new(Tensor::ones(shape, DType::F32, &Device::Cpu).map_err(told)?, false),
    };
    let bias = match r.optional(2) {
        Some(_) => r.known(2)?.fixed,
        None => Tensor::zeros(shape, DType::F32, &Device::Cpu).map_err(told)?,
    };
    if weight.shape() != shape || bias.dims() != shape {
        return Err(format!("has weights of the shape {:?} for {shape:?}", weight.shape()));
    }
    Ok((weight, bias))
}

pub(super) fn layer_norm<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let Value::Node(x) = r.input(0)? else { return Err("takes no image".into()) };
    let dims = r.to.shapes[x].clone();
    let first = axis(r.node.integer("axis", -1), dims.len())?;
    let shape: Vec<usize> = dims[first..].iter().map(|dim| dim.length(1)).collect();
    if dims[first..].iter().any(|dim| matches!(dim, Dim::Batch(_))) {
        return Err("runs over the batch".into());
    }
    let (weight, bias) = weights(r, &shape)?;
    let name = r.to.layer(&weight, "norm");
    r.to.parameters(&name, &weight.fixed, &bias)?;
    let epsilon = r.node.float("epsilon", 1e-5);
    r.to.push(Op::LayerNorm { name, shape, epsilon }, vec![x]).map(Value::Node)
}

pub(super) fn instance_norm<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let Value::Node(x) = r.input(0)? else { return Err("takes no image".into()) };
    let channels = r.to.shapes[x].get(1).map_or(0, |dim| dim.length(1));
    let (weight, bias) = weights(r, &[channels])?;
    let name = r.to.layer(&weight, "norm");
    r.to.parameters(&name, &weight.fixed, &bias)?;
    let epsilon = r.node.float("epsilon", 1e-5);
    r.to.push(Op::InstanceNorm { name, channels, epsilon }, vec![x]).map(Value::Node)
}

/// As instance normalisation of maps in which the channels of a group lie one behind the other.
pub(super) fn group_norm<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let Value::Node(x) = r.input(0)? else { return Err("takes no image".into()) };
    let dims = r.to.shapes[x].clone();
    let [Dim::Batch(1), Dim::Fixed(channels), rest @ ..] = dims.as_slice() else { return Err("takes no maps".into()) };
    let groups = usize::try_from(r.node.integer("num_groups", 0)).unwrap_or(0);
    if groups == 0 || channels % groups != 0 {
        return Err(format!("parts {channels} channels into {groups} groups"));
    }
    let each = channels / groups * rest.iter().map(|dim| dim.length(1)).product::<usize>();
    let (weight, bias) = (r.known(1)?, r.known(2)?);
    // Before opset 21 there is one factor a group.
    let spread = |t: &Tensor| -> candle_core::Result<Tensor> {
        let share = channels / t.elem_count().max(1);
        t.reshape((t.elem_count(), 1))?.broadcast_as((t.elem_count(), share))?.contiguous()?.reshape(*channels)
    };
    let (factor, shift) = (spread(&weight.fixed).map_err(told)?, spread(&bias.fixed).map_err(told)?);
    let name = r.to.layer(&Known::new(factor.clone(), false), "norm");
    let ones = Tensor::ones(groups, DType::F32, &Device::Cpu).map_err(told)?;
    r.to.parameters(&name, &ones, &Builder::zeros(groups)?)?;
    let flat = r.to.push(Op::Reshape { shape: vec![-1, groups as i64, each as i64] }, vec![x])?;
    let epsilon = r.node.float("epsilon", 1e-5);
    let normed = r.to.push(Op::InstanceNorm { name, channels: groups, epsilon }, vec![flat])?;
    let back = Op::Reshape { shape: dims.iter().map(|dim| dim.number()).collect() };
    let maps = r.to.push(back, vec![normed])?;
    r.to.affine(maps, &factor, &shift).map(Value::Node)
}

pub(super) fn response_norm<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let size = usize::try_from(r.node.integer("size", 0)).unwrap_or(0);
    let (alpha, beta, bias) = (r.node.float("alpha", 1e-4), r.node.float("beta", 0.75), r.node.float("bias", 1.0));
    let x = r.input(0)?;
    r.apply(Op::ResponseNorm { size, alpha, beta, bias }, &[x])
}

pub(super) fn prelu<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let Value::Node(x) = r.input(0)? else { return Err("takes no image".into()) };
    let slope = r.known(1)?;
    let channels = slope.fixed.elem_count();
    let rank = r.to.shapes[x].len();
    let at = slope.shape().iter().position(|d| *d == channels).map(|i| i + rank - slope.shape().len().min(rank));
    if channels != 1 && at != Some(1) {
        return Err("has slopes that are not one a channel".into());
    }
    let name = r.to.layer(&slope, "prelu");
    let flat = slope.fixed.flatten_all().map_err(told)?;
    r.to.tensors.insert(format!("{name}.weight"), flat);
    r.to.push(Op::Prelu { name, channels }, vec![x]).map(Value::Node)
}

pub(super) fn pool<'a>(r: &mut Reading<'_, 'a>, largest: bool) -> NodeResult<Value<'a>> {
    let Value::Node(x) = r.input(0)? else { return Err("takes no image".into()) };
    if r.node.outputs.len() > 1 {
        return Err("also gives the places of what is largest".into());
    }
    let [_, h, w] = map(&r.to.shapes[x]).ok_or("takes no maps with rows and columns")?;
    let kernel = two(r, "kernel_shape", 1)?;
    let mut window = window(r, kernel, [h, w])?;
    let written = window.pads;
    if r.node.integer("ceil_mode", 0) == 1 {
        for (side, length) in [h, w].into_iter().enumerate() {
            let (stride, reach) = (window.stride[side], (kernel[side] - 1) * window.dilation[side] + 1);
            let padded = length + window.pads[side] + window.pads[side + 2];
            let mut out = padded.saturating_sub(reach).div_ceil(stride) + 1;
            // A window that begins behind the image is none.
            if (out - 1) * stride >= length + window.pads[side] {
                out -= 1;
            }
            let needed = (out - 1) * stride + reach;
            window.pads[side + 2] = needed.saturating_sub(length + window.pads[side]).max(window.pads[side + 2]);
        }
    }
    if window.kernel == [1, 1] && window.stride == [1, 1] && window.pads == [0; 4] {
        return r.same();
    }
    if window.kernel == [h, w] && window.pads == [0; 4] {
        let fold = if largest { Fold::Max } else { Fold::Mean };
        return r.to.push(Op::Reduce { fold, axes: vec![2, 3], keep: true }, vec![x]).map(Value::Node);
    }
    if window.kernel[0] != window.kernel[1] || window.stride[0] != window.stride[1] || window.dilation != [1, 1] {
        return Err(format!(
            "has windows of {:?} with strides of {:?} and dilations of {:?}; square ones without dilation are known",
            window.kernel, window.stride, window.dilation
        ));
    }
    if largest {
        return r.to.push(Op::MaxPool { window }, vec![x]).map(Value::Node);
    }
    let mut whole = r.node.integer("count_include_pad", 0) == 1;
    if window.pads != written {
        // What lies behind the padded image never counts.
        if whole && written != [0; 4] {
            return Err("counts zeros around the image in windows that reach beyond them".into());
        }
        whole = false;
    }
    r.to.push(Op::AveragePool { window, whole }, vec![x]).map(Value::Node)
}
