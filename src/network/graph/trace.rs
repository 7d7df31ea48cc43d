//! What the entries of one axis are counted by: rows of the image, channels, or several of these, one
//! within the other.
//!
//! A transformer cuts its maps into windows and puts them together again, and a merging of patches
//! moves every other row into the channels. A number that counts rows is then two numbers,
//! `row = 7 · window + row within it`, which lie in two axes, are joined with others, and come
//! together again. So an axis is a product of factors, coarse to fine, each with its weight in the
//! number that it is a part of:
//!
//! ```text
//! 56 rows                 row{56 · 1}
//! (8, 7)                  row{8 · 7}, row{7 · 1}
//! 8 · 8 windows in one    row{8 · 7} column{8 · 7}
//! ```
//!
//! A reshape keeps the order of all values, so it only cuts and joins factors. Parts that stand one
//! behind the other as they did before are one again. A factor that is the coarsest part of its
//! number still says where its entries are, on a coarser grid; a finer one alone says nothing.

use super::shape::Dim;

/// What the entries of an axis are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    Batch,
    Channel,
    Row,
    Column,
    /// Places row by row, behind so many tokens that are none.
    Tokens {
        prefix: usize,
        rows: usize,
        columns: usize,
    },
    Other,
}

/// A number, or a part of one, that runs over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Factor {
    of: Axis,
    length: usize,
    /// The weight of one step in the whole number.
    weight: usize,
    /// Values of the whole number.
    whole: usize,
}

impl Factor {
    fn new(of: Axis, length: usize) -> Self {
        Self { of, length, weight: 1, whole: length }
    }

    fn is_coarsest(&self) -> bool {
        self.length * self.weight == self.whole
    }

    /// The first `length` of it, and what runs within each of these.
    fn cut(self, length: usize) -> [Self; 2] {
        let fine = self.length / length;
        [Self { length, weight: self.weight * fine, ..self }, Self { length: fine, ..self }]
    }

    /// The number that two are which stand one behind the other.
    fn joined(self, finer: Self) -> Option<Self> {
        let one = self.of == finer.of && self.whole == finer.whole && self.weight == finer.length * finer.weight;
        let length = self.length * finer.length;
        match self.of {
            Axis::Other if finer.of == Axis::Other => Some(Self::new(Axis::Other, length)),
            Axis::Row | Axis::Column | Axis::Channel if one => Some(Self { length, ..finer }),
            _ => None,
        }
    }
}

/// The factors of one axis, coarse to fine; none where nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trace(Vec<Factor>);

impl Trace {
    /// An axis of this kind.
    pub(super) fn of(axis: Axis, length: usize) -> Self {
        match axis {
            Axis::Other => Self::default(),
            Axis::Batch => Self(vec![Factor::new(Axis::Batch, 1)]),
            Axis::Tokens { prefix: 0, rows, columns } => {
                Self(vec![Factor::new(Axis::Row, rows), Factor::new(Axis::Column, columns)])
            }
            kind => Self(vec![Factor::new(kind, length)]),
        }
    }

    /// What the entries are, as far as it is certain.
    pub(super) fn axis(&self) -> Axis {
        match self.0.as_slice() {
            [one] if matches!(one.of, Axis::Batch | Axis::Tokens { .. }) || one.is_coarsest() => one.of,
            // Tokens of several images in one axis.
            [a, b] if a.of == Axis::Batch && matches!(b.of, Axis::Tokens { .. }) => b.of,
            [a, b] if b.of == Axis::Batch && matches!(a.of, Axis::Tokens { .. }) => a.of,
            [a, b] if a.of == Axis::Row && b.of == Axis::Column && a.is_coarsest() && b.is_coarsest() => {
                Axis::Tokens { prefix: 0, rows: a.length, columns: b.length }
            }
            // Channels in any order, with what lies within a place.
            all if all.iter().any(|one| one.of == Axis::Channel)
                && all.iter().all(|one| match one.of {
                    Axis::Channel | Axis::Other => true,
                    Axis::Row | Axis::Column => !one.is_coarsest(),
                    Axis::Batch | Axis::Tokens { .. } => false,
                }) =>
            {
                Axis::Channel
            }
            _ => Axis::Other,
        }
    }
}

/// Axes of the shape `to` from those of `from`, whose values lie in the same order.
pub(super) fn reshaped(axes: &[Trace], from: &[Dim], to: &[Dim]) -> Vec<Trace> {
    let mut left = Vec::new();
    axes.iter().zip(from).flat_map(|(axis, dim)| factors(axis, *dim)).for_each(|next| append(&mut left, next));
    left.reverse();
    let mut found = Vec::with_capacity(to.len());
    while let Some(axis) = to.get(found.len()).and_then(|dim| taken(&mut left, *dim)) {
        found.push(axis);
    }
    if found.len() < to.len() {
        // Axes at the end that are as long as before are the same.
        let same = from.iter().rev().zip(to[found.len()..].iter().rev()).take_while(|(a, b)| a == b).count();
        found.resize(to.len() - same, Trace::default());
        found.extend_from_slice(&axes[axes.len() - same..]);
    }
    found
}

/// The factors of an axis of this length; the batch is one of length 1.
fn factors(axis: &Trace, dim: Dim) -> Vec<Factor> {
    let known = !axis.0.is_empty() && axis.0.iter().map(|one| one.length).product::<usize>() == dim.length(1);
    let batch = axis.0.iter().any(|one| one.of == Axis::Batch) == matches!(dim, Dim::Batch(_));
    let mut all = match dim {
        _ if known && batch => axis.0.clone(),
        Dim::Fixed(length) => vec![Factor::new(Axis::Other, length)],
        Dim::Batch(times) => vec![Factor::new(Axis::Batch, 1), Factor::new(Axis::Other, times)],
    };
    all.retain(|one| one.length > 1 || one.of == Axis::Batch);
    all
}

/// Takes an axis of this length from the front of what is left (which lies in reverse).
fn taken(left: &mut Vec<Factor>, dim: Dim) -> Option<Trace> {
    let (wanted, mut batch) = (dim.length(1), matches!(dim, Dim::Batch(_)));
    let (mut length, mut axis) = (1, Vec::<Factor>::new());
    while length < wanted || batch {
        let mut next = left.pop()?;
        let missing = wanted / length;
        match next.of {
            Axis::Batch if batch => batch = false,
            Axis::Batch => return None,
            _ if missing.is_multiple_of(next.length) => length *= next.length,
            Axis::Tokens { .. } => return None,
            _ if missing > 1 && next.length.is_multiple_of(missing) => {
                let [coarse, fine] = next.cut(missing);
                left.push(fine);
                (next, length) = (coarse, wanted);
            }
            _ => return None,
        }
        append(&mut axis, next);
    }
    Some(Trace(axis))
}

/// Puts a factor behind others, as one with the last where both are parts of one number.
fn append(all: &mut Vec<Factor>, next: Factor) {
    match all.last_mut().and_then(|last| Some((last.joined(next)?, last))) {
        Some((joined, last)) => *last = joined,
        None => all.push(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: Dim = Dim::Batch(1);

    fn f(length: usize) -> Dim {
        Dim::Fixed(length)
    }

    /// `(N, 56, 56, 96)`.
    fn maps() -> (Vec<Trace>, [Dim; 4]) {
        let axes = [(Axis::Batch, 1), (Axis::Row, 56), (Axis::Column, 56), (Axis::Channel, 96)];
        (axes.map(|(axis, length)| Trace::of(axis, length)).to_vec(), [N, f(56), f(56), f(96)])
    }

    fn kinds(axes: &[Trace]) -> Vec<Axis> {
        axes.iter().map(Trace::axis).collect()
    }

    fn ordered(axes: &[Trace], order: &[usize]) -> Vec<Trace> {
        order.iter().map(|i| axes[*i].clone()).collect()
    }

    #[test]
    fn windows_are_cut_out_and_put_back() {
        let (axes, from) = maps();
        let cut = [N, f(8), f(7), f(8), f(7), f(96)];
        let parts = ordered(&reshaped(&axes, &from, &cut), &[0, 1, 3, 2, 4, 5]);
        let (in_order, windows) = ([N, f(8), f(8), f(7), f(7), f(96)], [Dim::Batch(64), f(49), f(96)]);
        let windows_of = reshaped(&parts, &in_order, &windows);
        // A place within a window is no place of the image.
        assert_eq!(kinds(&windows_of)[1..], [Axis::Other, Axis::Channel]);
        let parts = reshaped(&windows_of, &windows, &in_order);
        let back = reshaped(&ordered(&parts, &[0, 1, 3, 2, 4, 5]), &cut, &from);
        assert_eq!(kinds(&back), [Axis::Batch, Axis::Row, Axis::Column, Axis::Channel]);
        // In another order they are not put back.
        let other = reshaped(&ordered(&parts, &[0, 2, 1, 3, 4, 5]), &cut, &from);
        assert_eq!(kinds(&other)[1..3], [Axis::Other, Axis::Other]);
    }

    #[test]
    fn windows_of_one_kind_become_those_of_another_at_once() {
        let (axes, from) = maps();
        let cut = [N, f(8), f(7), f(8), f(7), f(96)];
        let other = [N, f(7), f(8), f(7), f(8), f(96)];
        let found = reshaped(&reshaped(&axes, &from, &cut), &cut, &other);
        assert_eq!(reshaped(&found, &other, &from), axes);
        assert_eq!(kinds(&found)[1..4], [Axis::Row, Axis::Other, Axis::Column]);
    }

    #[test]
    fn a_merging_of_patches_leaves_a_coarser_grid() {
        let (axes, from) = maps();
        let cut = [N, f(28), f(2), f(28), f(2), f(96)];
        let parts = ordered(&reshaped(&axes, &from, &cut), &[0, 1, 3, 4, 2, 5]);
        let merged = reshaped(&parts, &[N, f(28), f(28), f(2), f(2), f(96)], &[N, f(28), f(28), f(384)]);
        assert_eq!(kinds(&merged), [Axis::Batch, Axis::Row, Axis::Column, Axis::Channel]);
    }

    #[test]
    fn places_become_tokens_and_tokens_places() {
        let (axes, from) = maps();
        let tokens = reshaped(&axes, &from, &[N, f(3136), f(96)]);
        assert_eq!(kinds(&tokens)[1], Axis::Tokens { prefix: 0, rows: 56, columns: 56 });
        assert_eq!(reshaped(&tokens, &[N, f(3136), f(96)], &from), axes);
        // Another grid of as many places is not theirs.
        let wrong = reshaped(&tokens, &[N, f(3136), f(96)], &[N, f(49), f(64), f(96)]);
        assert_eq!(kinds(&wrong)[1..3], [Axis::Other, Axis::Other]);
    }

    #[test]
    fn tokens_in_front_of_the_batch_are_joined_with_it_and_parted_again() {
        let tokens = Axis::Tokens { prefix: 1, rows: 14, columns: 14 };
        let axes = [Trace::of(tokens, 197), Trace::of(Axis::Batch, 1), Trace::of(Axis::Channel, 768)];
        let from = [f(197), N, f(768)];
        let rows = reshaped(&axes, &from, &[Dim::Batch(197), f(768)]);
        assert_eq!(kinds(&rows), [tokens, Axis::Channel]);
        assert_eq!(reshaped(&rows, &[Dim::Batch(197), f(768)], &from), axes);
    }
}
