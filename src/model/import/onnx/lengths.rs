//! Shapes that a graph asks for, with the batch free: lengths that stand in the file as numbers were
//! right for the batch that it was exported with, which is 1 as a rule.

use crate::network::graph::shape::{Dim, Shape};

/// An axis that may count from the end.
pub(super) fn axis(axis: i64, rank: usize) -> Result<usize, String> {
    let counted = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(counted).ok().filter(|a| *a < rank).ok_or_else(|| format!("has no axis {axis} of {rank}"))
}

/// Several axes, in rising order.
pub(super) fn axes(list: &[i64], rank: usize) -> Result<Vec<usize>, String> {
    let mut axes = list.iter().map(|a| axis(*a, rank)).collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}

/// The shape that `Reshape` makes of `from`. `wanted` are lengths `a + b·N`, where 0 keeps a length
/// (unless `zeros` are meant) and −1 takes what is left; `exported` is the batch that plain numbers
/// were written for.
pub(super) fn reshaped(from: &[Dim], wanted: &[(i64, i64)], zeros: bool, exported: usize) -> Result<Shape, String> {
    let odd = || format!("asks for a shape {wanted:?} that its input cannot have");
    let mut shape: Vec<Option<Dim>> = Vec::with_capacity(wanted.len());
    for (i, (a, b)) in wanted.iter().enumerate() {
        shape.push(match (*a, *b) {
            (0, 0) if !zeros => Some(*from.get(i).ok_or_else(odd)?),
            (-1, 0) => None,
            (a, 0) => Some(Dim::Fixed(usize::try_from(a).map_err(|_| odd())?)),
            (0, b) => Some(Dim::Batch(usize::try_from(b).map_err(|_| odd())?)),
            _ => return Err(odd()),
        });
    }
    let count = |dims: &[Dim]| dims.iter().try_fold(1usize, |all, dim| all.checked_mul(dim.length(1)));
    let whole = count(from).ok_or_else(odd)?;
    let batch = from.iter().position(|dim| matches!(dim, Dim::Batch(_)));
    let free = shape.iter().any(|dim| matches!(dim, Some(Dim::Batch(_))));
    if let Some(at) = batch.filter(|_| !free) {
        // The batch stands where as many values lie before it as before.
        let ahead = count(&from[..at]).ok_or_else(odd)?;
        free_batch(&mut shape, from, at, ahead, exported);
        let freed = shape.iter().flatten().any(|dim| matches!(dim, Dim::Batch(_)));
        let mut before = 1usize;
        for dim in &mut shape {
            match dim {
                _ if freed => break,
                None if before == ahead => break,
                Some(Dim::Fixed(length)) if before == ahead && *length % exported == 0 && *length > 0 => {
                    *dim = Some(Dim::Batch(*length / exported));
                    break;
                }
                Some(dim) => before = before.checked_mul(dim.length(1)).ok_or_else(odd)?,
                None => break,
            }
        }
    }
    let known: Vec<Dim> = shape.iter().flatten().copied().collect();
    let left = count(&known).filter(|known| *known > 0).ok_or_else(odd)?;
    let has_batch = known.iter().any(|dim| matches!(dim, Dim::Batch(_)));
    let missing = shape.iter().filter(|dim| dim.is_none()).count();
    if missing > 1 || (missing == 1 && whole % left != 0) {
        return Err(odd());
    }
    let rest = whole / left;
    let fill = if batch.is_some() && !has_batch { Dim::Batch(rest) } else { Dim::Fixed(rest) };
    let shape: Shape = shape.into_iter().map(|dim| dim.unwrap_or(fill)).collect();
    if count(&shape) == Some(whole) { Ok(shape) } else { Err(odd()) }
}

/// Frees a batch whose place in the wanted shape is certain: an axis as long as the exported batch, in
/// its old place, or behind what was joined with it before; and two axes that are joined before the
/// last, whose length stays.
fn free_batch(shape: &mut [Option<Dim>], from: &[Dim], at: usize, ahead: usize, exported: usize) {
    let known: Vec<usize> = shape.iter().map_while(|dim| dim.map(|dim| dim.length(1))).collect();
    let before = |i: usize| known[..i].iter().try_fold(1usize, |all, length| all.checked_mul(*length));
    let joined = ahead.checked_mul(from[at].length(1));
    let single = |wanted: Option<usize>| {
        (0..known.len()).find(|i| known[*i] == exported && before(*i).is_some() && before(*i) == wanted)
    };
    if let Some(i) = single(Some(ahead)).or_else(|| single(joined.filter(|_| from[at] != Dim::Batch(1)))) {
        shape[i] = Some(Dim::Batch(1));
        return;
    }
    // (T, N, D) → (T·N, D), and not (T, N·D); heads may still be apart.
    if let ([Dim::Fixed(tokens), Dim::Batch(1), widths @ ..], &[rows, columns]) = (from, known.as_slice())
        && tokens.checked_mul(exported) == Some(rows)
        && widths.iter().try_fold(1usize, |all, width| all.checked_mul(width.length(1))) == Some(columns)
        && *tokens > 1
    {
        shape[0] = Some(Dim::Batch(*tokens));
    }
}

/// Numbers of entries that a slice takes of `length`.
pub(super) fn slice(from: i64, to: i64, step: i64, length: usize) -> Result<Vec<u32>, String> {
    if length == 0 {
        return Err("cuts everything away".into());
    }
    let whole = length as i64;
    let place = |at: i64, low: i64, high: i64| (if at < 0 { at.saturating_add(whole) } else { at }).clamp(low, high);
    let numbers: Vec<u32> = match step {
        1.. => (place(from, 0, whole)..place(to, 0, whole)).step_by(step as usize).map(|i| i as u32).collect(),
        0 => return Err("cuts with a step of 0".into()),
        _ => {
            let (first, end) = (place(from, 0, whole - 1), place(to, -1, whole - 1));
            let back = usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX);
            ((end + 1)..=first).rev().step_by(back).map(|i| i as u32).collect()
        }
    };
    if numbers.is_empty() { Err("cuts everything away".into()) } else { Ok(numbers) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: Dim = Dim::Batch(1);

    fn f(length: usize) -> Dim {
        Dim::Fixed(length)
    }

    #[test]
    fn a_slice_of_nothing_is_refused_whichever_way_it_goes() {
        assert!(slice(0, 5, 1, 0).is_err() && slice(-1, -10, -1, 0).is_err());
        assert_eq!(slice(-1, -10, -2, 5).unwrap(), [4, 2, 0]);
    }

    #[test]
    fn the_batch_of_an_exported_shape_is_freed() {
        let maps = [N, f(512), f(1), f(1)];
        let to =
            |wanted: &[i64]| reshaped(&maps, &wanted.iter().map(|a| (*a, 0)).collect::<Vec<_>>(), false, 1).unwrap();
        assert_eq!(to(&[1, 512]), [N, f(512)]);
        assert_eq!(to(&[1, -1]), [N, f(512)]);
        assert_eq!(to(&[-1, 512]), [N, f(512)]);
        assert_eq!(to(&[0, -1]), [N, f(512)]);
        // Heads beside the batch, as PyTorch's attention has them.
        let tokens = [f(197), N, f(768)];
        assert_eq!(
            reshaped(&tokens, &[(197, 0), (12, 0), (64, 0)], false, 1).unwrap(),
            [f(197), Dim::Batch(12), f(64)]
        );
        // Windows beside the batch, as Swin has them.
        let windows = [N, f(8), f(7), f(8), f(7), f(96)];
        assert_eq!(reshaped(&windows, &[(0, 64), (49, 0), (96, 0)], false, 1).unwrap(), [Dim::Batch(64), f(49), f(96)]);
        assert!(reshaped(&maps, &[(1, 0), (100, 0)], false, 1).is_err());
        // Tokens in front of the batch are joined with it, and parted again.
        let rows = reshaped(&tokens, &[(197, 0), (768, 0)], false, 1).unwrap();
        assert_eq!(rows, [Dim::Batch(197), f(768)]);
        assert_eq!(reshaped(&rows, &[(197, 0), (1, 0), (768, 0)], false, 1).unwrap(), tokens);
        let heads = [f(197), N, f(12), f(64)];
        assert_eq!(reshaped(&heads, &[(197, 0), (768, 0)], false, 1).unwrap(), [Dim::Batch(197), f(768)]);
    }

    #[test]
    fn slices_count_from_both_ends() {
        assert_eq!(slice(1, i64::MAX, 2, 6).unwrap(), [1, 3, 5]);
        assert_eq!(slice(-1, i64::MIN, -1, 3).unwrap(), [2, 1, 0]);
        assert!(slice(3, 3, 1, 6).is_err());
    }
}
