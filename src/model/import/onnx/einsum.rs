//! `Einsum` of two tensors: sums of products over the letters that its result does not name.
//!
//! Letters of both inputs and of the result are axes of a batch of matrices, letters of both inputs
//! alone are summed over, and the others are rows or columns. So both are laid out as matrices,
//! multiplied, and laid out as the result has it. Sums over letters of one input, diagonals and
//! ellipses are refused.

use super::builder::{NodeResult, Value};
use super::layers::product;
use super::moving::to_shape;
use super::reading::Reading;
use crate::network::graph::op::Op;
use crate::network::graph::shape::{Dim, Shape};

/// Letters of the inputs by their role, in the order of the result.
struct Letters {
    batch: Vec<u8>,
    summed: Vec<u8>,
    rows: Vec<u8>,
    columns: Vec<u8>,
}

fn letters(a: &[u8], b: &[u8], result: &[u8]) -> Option<Letters> {
    let single = |all: &[u8]| {
        all.iter().enumerate().all(|(i, letter)| letter.is_ascii_alphabetic() && !all[..i].contains(letter))
    };
    let all = [a, b, result].into_iter().all(single);
    let known = result.iter().all(|letter| a.contains(letter) || b.contains(letter));
    // What one input alone has must be in the result.
    let kept = |own: &[u8], other: &[u8]| own.iter().all(|l| other.contains(l) || result.contains(l));
    if !all || !known || !kept(a, b) || !kept(b, a) {
        return None;
    }
    let of = |keep: &dyn Fn(&u8) -> bool| result.iter().copied().filter(|l| keep(l)).collect::<Vec<u8>>();
    Some(Letters {
        batch: of(&|l| a.contains(l) && b.contains(l)),
        summed: a.iter().copied().filter(|l| b.contains(l) && !result.contains(l)).collect(),
        rows: of(&|l| !b.contains(l)),
        columns: of(&|l| !a.contains(l)),
    })
}

/// An input with its axes in the order of these letters.
fn ordered<'a>(r: &mut Reading<'_, 'a>, x: Value<'a>, own: &[u8], wanted: &[u8]) -> NodeResult<Value<'a>> {
    let order: Vec<usize> = wanted.iter().filter_map(|l| own.iter().position(|o| o == l)).collect();
    if order.iter().copied().eq(0..own.len()) { Ok(x) } else { r.apply(Op::Transpose { order }, &[x]) }
}

/// The length of axes that become one.
fn joined(dims: &[Dim]) -> NodeResult<Dim> {
    let count = dims.iter().try_fold(1usize, |all, dim| all.checked_mul(dim.length(1)));
    let count = count.ok_or("makes more values than any network needs")?;
    let batch = dims.iter().any(|dim| matches!(dim, Dim::Batch(_)));
    Ok(if batch { Dim::Batch(count) } else { Dim::Fixed(count) })
}

pub(super) fn einsum<'a>(r: &mut Reading<'_, 'a>) -> NodeResult<Value<'a>> {
    let equation: String = r.node.text("equation").unwrap_or_default().split_whitespace().collect();
    let refused = || format!("is the sum “{equation}”; products of two tensors without diagonals are known");
    let (inputs, result) = equation.split_once("->").ok_or_else(refused)?;
    let (a, b) = inputs.split_once(',').filter(|_| r.inputs.len() == 2).ok_or_else(refused)?;
    let (a, b, result) = (a.as_bytes(), b.as_bytes(), result.as_bytes());
    let Letters { batch, summed, rows, columns } = letters(a, b, result).ok_or_else(refused)?;
    let (x, y) = (r.input(0)?, r.input(1)?);
    let (dims_x, dims_y) = (r.to.shape(&x), r.to.shape(&y));
    if dims_x.len() != a.len() || dims_y.len() != b.len() {
        return Err(format!("has tensors of {} and {} axes for “{equation}”", dims_x.len(), dims_y.len()));
    }
    let of = |all: &[u8]| -> Shape {
        let dim = |l: &u8| {
            a.iter().position(|o| o == l).map(|i| dims_x[i]).or_else(|| Some(dims_y[b.iter().position(|o| o == l)?]))
        };
        all.iter().filter_map(dim).collect()
    };
    let (front, inner) = (of(&batch), joined(&of(&summed))?);
    let [high, wide] = [joined(&of(&rows))?, joined(&of(&columns))?];
    let x = ordered(r, x, a, &[batch.as_slice(), &rows, &summed].concat())?;
    let x = to_shape(r, x, &[front.as_slice(), &[high, inner]].concat())?;
    let y = ordered(r, y, b, &[batch.as_slice(), &summed, &columns].concat())?;
    let y = to_shape(r, y, &[front.as_slice(), &[inner, wide]].concat())?;
    let z = product(r, x, y)?;
    let made = [batch.as_slice(), &rows, &columns].concat();
    let z = to_shape(r, z, &of(&made))?;
    ordered(r, z, &made, result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_batches_sums_rows_and_columns() {
        let found = letters(b"nixw", b"jyw", b"nijxy").unwrap();
        assert_eq!((found.batch, found.summed), (Vec::new(), b"w".to_vec()));
        assert_eq!((found.rows, found.columns), (b"nix".to_vec(), b"jy".to_vec()));
        let found = letters(b"bhqd", b"bhkd", b"bhqk").unwrap();
        assert_eq!((found.batch, found.rows), (b"bh".to_vec(), b"q".to_vec()));
    }

    #[test]
    fn diagonals_sums_of_one_side_and_ellipses_are_not_known() {
        for (a, b, result) in
            [("ii", "i", "i"), ("ab", "bc", "c"), ("a...", "b", "ab"), ("ab", "bc", "az"), ("a", "b", "aba")]
        {
            assert!(letters(a.as_bytes(), b.as_bytes(), result.as_bytes()).is_none(), "{a},{b}->{result}");
        }
    }
}
