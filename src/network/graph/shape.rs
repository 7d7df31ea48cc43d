//! Shapes whose batch is not known yet: what comes out of a node, and what it cannot take.
//!
//! A length is a number, or so many times the batch: windows of a Swin transformer and the heads of
//! some attention layers lie in the first dimension beside the images.

use super::op::{Op, Window};

/// Most values of one image that a node may make; 64 channels of 1024² are half of it.
const MOST_VALUES: usize = 1 << 27;
/// Longest side of maps that are resized: a matrix of both sides is made.
const MOST_RESIZED: usize = 4096;
/// Most dimensions of a tensor.
const MOST_DIMENSIONS: usize = 8;

/// The length of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dim {
    Fixed(usize),
    /// So many for each image.
    Batch(usize),
}

impl Dim {
    /// From a number of a manifest, where −k stands for k times the batch.
    pub fn of(number: i64) -> Self {
        if number < 0 { Self::Batch(number.unsigned_abs() as usize) } else { Self::Fixed(number as usize) }
    }

    /// The number of a manifest.
    pub fn number(self) -> i64 {
        match self {
            Self::Fixed(length) => length as i64,
            Self::Batch(times) => -(times as i64),
        }
    }

    /// The length for `n` images.
    pub fn length(self, n: usize) -> usize {
        match self {
            Self::Fixed(length) => length,
            Self::Batch(times) => times * n,
        }
    }

    fn times(self) -> usize {
        self.length(1)
    }
}

/// Lengths of all axes.
pub type Shape = Vec<Dim>;

/// Values of one image; `None` where they are too many.
pub fn values(shape: &[Dim]) -> Option<usize> {
    let count = shape.iter().try_fold(1usize, |all, dim| all.checked_mul(dim.times()))?;
    (count <= MOST_VALUES && shape.len() <= MOST_DIMENSIONS).then_some(count)
}

/// Products that a node sums for one image.
pub fn products(op: &Op, inputs: &[&[Dim]], shape: &[Dim]) -> u64 {
    let made = values(shape).unwrap_or(usize::MAX) as u64;
    let each = match op {
        Op::Conv { inputs, groups, window, .. } => {
            (inputs / (*groups).max(1)).saturating_mul(window.kernel[0]).saturating_mul(window.kernel[1])
        }
        Op::MaxPool { window } | Op::AveragePool { window, .. } => window.kernel[0].saturating_mul(window.kernel[1]),
        Op::Linear { inputs, .. } => *inputs,
        Op::MatMul => inputs[0].last().map_or(1, |dim| dim.times()),
        Op::Resize { rows, columns, .. } => rows.saturating_add(*columns),
        _ => 1,
    };
    made.saturating_mul(each as u64)
}

fn batches(shape: &[Dim]) -> usize {
    shape.iter().filter(|dim| matches!(dim, Dim::Batch(_))).count()
}

/// Channels, rows and columns of maps `(N, C, H, W)`.
pub fn map(shape: &[Dim]) -> Option<[usize; 3]> {
    match *shape {
        [Dim::Batch(1), Dim::Fixed(c), Dim::Fixed(h), Dim::Fixed(w)] => Some([c, h, w]),
        _ => None,
    }
}

/// The shape of the output of `op` for inputs of these shapes.
///
/// # Errors
/// The second half of a sentence that says what does not fit.
pub fn infer(op: &Op, inputs: &[&[Dim]]) -> Result<Shape, String> {
    let shape = inferred(op, inputs)?;
    if batches(&shape) > 1 {
        return Err("has the batch in two dimensions".into());
    }
    if shape.iter().any(|dim| dim.times() == 0) {
        return Err("would have no values".into());
    }
    match values(&shape) {
        Some(_) => Ok(shape),
        None => Err(format!("makes {} values of an image, more than any network needs", words(&shape))),
    }
}

/// A shape in words, `N × 3 × 224 × 224`.
pub fn words(shape: &[Dim]) -> String {
    let word = |dim: &Dim| match dim {
        Dim::Fixed(length) => length.to_string(),
        Dim::Batch(1) => "N".to_owned(),
        Dim::Batch(times) => format!("{times}·N"),
    };
    shape.iter().map(word).collect::<Vec<_>>().join(" × ")
}

fn inferred(op: &Op, inputs: &[&[Dim]]) -> Result<Shape, String> {
    let count = match op {
        Op::Constant { .. } => 0..=0,
        Op::Conv { .. } => 1..=2,
        Op::Pair { .. } | Op::MatMul => 2..=2,
        Op::Concat { .. } => 1..=4096,
        _ => 1..=1,
    };
    if !count.contains(&inputs.len()) {
        return Err(format!("takes {} inputs", inputs.len()));
    }
    let x: &[Dim] = inputs.first().copied().unwrap_or_default();
    let takes = |fits: bool| if fits { Ok(()) } else { Err(format!("does not take {}", words(x))) };
    let axis_of =
        |axis: usize| if axis < x.len() { Ok(axis) } else { Err(format!("has no axis {axis} in {}", words(x))) };
    match op {
        Op::Constant { shape, values, .. } => {
            let shape: Shape = shape.iter().map(|length| Dim::Fixed(*length)).collect();
            let count = self::values(&shape).unwrap_or(usize::MAX);
            takes(values.is_empty() || values.len() == count)?;
            Ok(shape)
        }
        Op::Conv { inputs: c, outputs, groups, window, .. } => {
            let [channels, h, w] = map(x).ok_or_else(|| format!("does not take {}", words(x)))?;
            takes(channels == *c && *groups > 0 && c % groups == 0 && outputs % groups == 0 && *outputs > 0)?;
            let shape = windowed(window, *outputs, h, w)?;
            // An oblong or dilated kernel is laid into a square one.
            let [high, wide] =
                [0, 1].map(|i| window.dilation[i].saturating_mul(window.kernel[i].saturating_sub(1)) + 1);
            let square = [*outputs, c / groups, high.max(wide), high.max(wide)];
            let plain = window.dilation == [1, 1] && window.kernel[0] == window.kernel[1];
            let laid = square.iter().try_fold(1usize, |all, side| all.checked_mul(*side));
            takes(plain || laid.is_some_and(|values| values <= MOST_VALUES))?;
            if inputs.get(1).is_some_and(|skip| *skip != shape.as_slice()) {
                return Err("adds a branch of another shape".into());
            }
            Ok(shape)
        }
        Op::MaxPool { window } | Op::AveragePool { window, .. } => {
            let [c, h, w] = map(x).ok_or_else(|| format!("does not take {}", words(x)))?;
            windowed(window, c, h, w)
        }
        Op::Scale { axis, channels, .. } => takes(x.get(*axis) == Some(&Dim::Fixed(*channels))).map(|()| x.to_vec()),
        Op::InstanceNorm { channels, .. } => {
            takes(x.len() >= 3 && x[1] == Dim::Fixed(*channels) && matches!(x[0], Dim::Batch(_)))?;
            Ok(x.to_vec())
        }
        Op::Prelu { channels, .. } => {
            takes(*channels == 1 || x.get(1) == Some(&Dim::Fixed(*channels))).map(|()| x.to_vec())
        }
        Op::Linear { inputs: f, outputs, .. } => {
            let [front @ .., Dim::Fixed(last)] = x else { return Err(format!("does not take {}", words(x))) };
            takes(last == f && !front.is_empty())?;
            Ok([front, &[Dim::Fixed(*outputs)]].concat())
        }
        Op::LayerNorm { shape, .. } => {
            let end = x.len().checked_sub(shape.len()).ok_or_else(|| format!("does not take {}", words(x)))?;
            takes(
                !shape.is_empty()
                    && x[end..].iter().eq(shape.iter().map(|s| Dim::Fixed(*s)).collect::<Vec<_>>().iter()),
            )?;
            Ok(x.to_vec())
        }
        Op::Map { .. } => Ok(x.to_vec()),
        Op::ResponseNorm { size, .. } => takes(map(x).is_some() && (1..=64).contains(size)).map(|()| x.to_vec()),
        Op::Softmax { axis } | Op::LogSoftmax { axis } => axis_of(*axis).map(|_| x.to_vec()),
        Op::Reduce { axes, keep, .. } => {
            let mut shape = Vec::new();
            for (i, dim) in x.iter().enumerate() {
                if !axes.contains(&i) {
                    shape.push(*dim);
                } else if matches!(dim, Dim::Batch(_)) {
                    return Err("reduces over the batch".into());
                } else if *keep {
                    shape.push(Dim::Fixed(1));
                }
            }
            axes.iter().try_for_each(|axis| axis_of(*axis).map(drop))?;
            Ok(shape)
        }
        Op::Pair { .. } => {
            joined(x, inputs[1]).ok_or_else(|| format!("does not join {} and {}", words(x), words(inputs[1])))
        }
        Op::MatMul => {
            product(x, inputs[1]).ok_or_else(|| format!("does not multiply {} by {}", words(x), words(inputs[1])))
        }
        Op::Concat { axis } => concatenated(inputs, axis_of(*axis)?),
        Op::Slice { axis, from, length, step } => {
            let Dim::Fixed(whole) = x[axis_of(*axis)?] else { return Err("cuts the batch".into()) };
            let last = length.checked_sub(1).and_then(|l| l.checked_mul(*step)).and_then(|l| l.checked_add(*from));
            takes(*step > 0 && last.is_some_and(|last| last < whole))?;
            Ok(with(x, *axis, Dim::Fixed(*length)))
        }
        Op::Pick { axis, numbers } => {
            let Dim::Fixed(whole) = x[axis_of(*axis)?] else { return Err("picks from the batch".into()) };
            takes(numbers.iter().all(|n| (*n as usize) < whole))?;
            Ok(with(x, *axis, Dim::Fixed(numbers.len())))
        }
        Op::Transpose { order } => {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            takes(sorted.iter().copied().eq(0..x.len()))?;
            Ok(order.iter().map(|axis| x[*axis]).collect())
        }
        Op::Reshape { shape } => {
            let shape: Shape = shape.iter().map(|number| Dim::of(*number)).collect();
            takes(self::values(&shape) == self::values(x) && batches(&shape) == batches(x))?;
            Ok(shape)
        }
        Op::Expand { shape } => {
            let shape: Shape = shape.iter().map(|number| Dim::of(*number)).collect();
            takes(joined(x, &shape).is_some_and(|joined| joined == shape))?;
            Ok(shape)
        }
        Op::Pad { axis, before, behind } => {
            let Dim::Fixed(length) = x[axis_of(*axis)?] else { return Err("pads the batch".into()) };
            let padded = length.checked_add(*before).and_then(|l| l.checked_add(*behind));
            Ok(with(x, *axis, Dim::Fixed(padded.ok_or("pads without end")?)))
        }
        Op::Resize { rows, columns, .. } => {
            let [c, h, w] = map(x).ok_or_else(|| format!("does not take {}", words(x)))?;
            // A matrix of both sides is made of each.
            takes([h, w, *rows, *columns].iter().all(|side| (1..=MOST_RESIZED).contains(side)))?;
            Ok(vec![Dim::Batch(1), Dim::Fixed(c), Dim::Fixed(*rows), Dim::Fixed(*columns)])
        }
    }
}

fn with(x: &[Dim], axis: usize, dim: Dim) -> Shape {
    let mut shape = x.to_vec();
    shape[axis] = dim;
    shape
}

fn windowed(window: &Window, channels: usize, h: usize, w: usize) -> Result<Shape, String> {
    let small = |n: &usize| (1..=512).contains(n);
    if !(window.kernel.iter().chain(&window.stride).chain(&window.dilation).all(small))
        || window.pads.iter().any(|pad| *pad > 512)
    {
        return Err("has a window of a size that no network has".into());
    }
    let [rows, columns] = window.output(h, w).ok_or("has a window that is larger than its input")?;
    Ok(vec![Dim::Batch(1), Dim::Fixed(channels), Dim::Fixed(rows), Dim::Fixed(columns)])
}

/// The shape that two are broadcast to, from the last axis on.
pub fn joined(a: &[Dim], b: &[Dim]) -> Option<Shape> {
    let rank = a.len().max(b.len());
    let at = |shape: &[Dim], i: usize| (i + shape.len()).checked_sub(rank).map_or(Dim::Fixed(1), |i| shape[i]);
    let dim = |i: usize| match (at(a, i), at(b, i)) {
        (x, y) if x == y => Some(x),
        (Dim::Fixed(1), other) | (other, Dim::Fixed(1)) => Some(other),
        _ => None,
    };
    (0..rank).map(dim).collect()
}

fn product(a: &[Dim], b: &[Dim]) -> Option<Shape> {
    let ([front_a @ .., rows, inner], [front_b @ .., inner_b, columns]) = (a, b) else { return None };
    let fits = inner == inner_b && matches!(inner, Dim::Fixed(_));
    let front = joined(front_a, front_b)?;
    fits.then(|| [front.as_slice(), &[*rows, *columns]].concat())
}

fn concatenated(inputs: &[&[Dim]], axis: usize) -> Result<Shape, String> {
    let mut shape: Shape = inputs[0].to_vec();
    let mut length = 0usize;
    for x in inputs {
        let fits = x.len() == shape.len();
        let Some(Dim::Fixed(own)) = x.get(axis).filter(|_| fits) else {
            return Err("joins along the batch, or tensors of different ranks".into());
        };
        length = length.checked_add(*own).ok_or("joins without end")?;
        for (i, dim) in x.iter().enumerate().filter(|(i, _)| *i != axis) {
            // What every image shares, such as a class token, is repeated.
            match (shape[i], *dim) {
                (a, b) if a == b => {}
                (Dim::Fixed(1), other @ Dim::Batch(_)) => shape[i] = other,
                (Dim::Batch(_), Dim::Fixed(1)) => {}
                _ => return Err("joins tensors of different shapes".into()),
            }
        }
    }
    shape[axis] = Dim::Fixed(length);
    Ok(shape)
}
