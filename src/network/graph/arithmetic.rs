//! Two tensors become one: sums, products, quotients, and products of matrices.
//!
//! Maps in blocks stay in blocks where both sides are maps of one shape, or where one side has one
//! value a channel; anything else is laid out as planes and left to candle's broadcasts.

use candle_core::Tensor;

use super::function::scalar;
use super::op::Pair;
use super::shape::{Dim, Shape, map};
use crate::Result;
use crate::layers::channels;
use crate::nchw16c::{is_blocked, to_blocks, to_planes};

/// As the graph has it, whatever its layout in between.
pub(super) fn plain(x: &Tensor, shape: &[Dim]) -> Result<Tensor> {
    map(shape).filter(|_| x.rank() != shape.len()).map_or_else(|| Ok(x.clone()), |[c, ..]| to_planes(x, c))
}

/// Whether a tensor of this shape is in blocks.
fn blocked(x: &Tensor, shape: &[Dim]) -> bool {
    shape.len() == 4 && is_blocked(x)
}

/// `a ∘ b`.
pub(super) fn pair(pair: Pair, [a, b]: [&Tensor; 2], shapes: [&Shape; 2]) -> Result<Tensor> {
    if let Some(value) = scalar(b)
        && shapes[1].len() <= shapes[0].len()
    {
        match pair {
            Pair::Add => return a.affine(1.0, value),
            Pair::Sub => return a.affine(1.0, -value),
            Pair::Mul => return a.affine(value, 0.0),
            Pair::Div if value != 0.0 => return a.affine(1.0 / value, 0.0),
            Pair::Max => return a.maximum(value as f32),
            Pair::Min => return a.minimum(value as f32),
            Pair::Div => {}
        }
    }
    if let Some(value) = scalar(a)
        && shapes[0].len() <= shapes[1].len()
    {
        match pair {
            Pair::Add => return b.affine(1.0, value),
            Pair::Sub => return b.affine(-1.0, value),
            Pair::Mul => return b.affine(value, 0.0),
            Pair::Max => return b.maximum(value as f32),
            Pair::Min => return b.minimum(value as f32),
            Pair::Div => {}
        }
    }
    let in_blocks = [blocked(a, shapes[0]), blocked(b, shapes[1])];
    if in_blocks.contains(&true) && shapes[0] == shapes[1] && pair != Pair::Div {
        return elementwise(pair, &to_blocks(a)?, &to_blocks(b)?);
    }
    if pair == Pair::Mul {
        for (x, factors, at) in [(a, b, 0), (b, a, 1)] {
            let channels = map(shapes[at]).map(|[c, ..]| c);
            let one_each = map(shapes[1 - at]).filter(|[c, h, w]| Some(*c) == channels && h * w == 1);
            if let Some([c, ..]) = one_each.filter(|_| in_blocks[at]) {
                return channels::scale(x, &to_planes(factors, c)?.flatten_from(1)?);
            }
        }
    }
    let (a, b) = (plain(a, shapes[0])?, plain(b, shapes[1])?);
    if a.dims() == b.dims() {
        return elementwise(pair, &a, &b);
    }
    match pair {
        Pair::Add => a.broadcast_add(&b),
        Pair::Sub => a.broadcast_sub(&b),
        Pair::Mul => a.broadcast_mul(&b),
        Pair::Div => a.broadcast_div(&b),
        Pair::Min => a.broadcast_minimum(&b),
        Pair::Max => a.broadcast_maximum(&b),
    }
}

fn elementwise(pair: Pair, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    match pair {
        Pair::Add => a + b,
        Pair::Sub => a - b,
        Pair::Mul => a * b,
        Pair::Div => a / b,
        Pair::Min => a.minimum(b),
        Pair::Max => a.maximum(b),
    }
}

/// Products of the matrices in the last two axes.
pub(super) fn product(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (a, b) = (a.contiguous()?, b.contiguous()?);
    let apart = |x: &Tensor| (x.dims()[..x.rank() - 2].to_vec(), x.dims()[x.rank() - 2..].to_vec());
    let ((front, rows), (front_b, columns)) = (apart(&a), apart(&b));
    if front != front_b {
        return a.broadcast_matmul(&b);
    }
    if front.len() < 3 {
        return a.matmul(&b);
    }
    // candle multiplies batches of two axes at most.
    let flat = |x: &Tensor| x.flatten_to(front.len() - 1);
    let y = flat(&a)?.matmul(&flat(&b)?)?;
    y.reshape([front.as_slice(), &[rows[0], columns[1]]].concat())
}
