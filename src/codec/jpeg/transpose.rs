//! Blocks of eight by eight turned about their diagonal.

pub(super) type Lanes<T> = [[T; 8]; 8];

/// Rows as columns.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
pub(super) fn transposed<T: Copy + Default>(lanes: &Lanes<T>) -> Lanes<T> {
    let mut turned = [[T::default(); 8]; 8];
    for (i, turned) in turned.iter_mut().enumerate() {
        for (turned, lane) in turned.iter_mut().zip(lanes) {
            *turned = lane[i];
        }
    }
    turned
}

/// The same of values of 16 bits, by interleaving rows with those four below: each time a bit of a
/// value's row goes to its column, and one of its column to its row, so that three times do it.
#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
pub(super) fn transposed_halves(lanes: &Lanes<i16>) -> Lanes<i16> {
    // Every machine of this kind has it, which the compiler knows.
    #[cfg(target_arch = "x86_64")]
    if let Some(sse2) = pulp::core_arch::x86::Sse2::try_new() {
        return by_interleaving(lanes.map(pulp::bytemuck::cast), |a, b| {
            [sse2._mm_unpacklo_epi16(a, b), sse2._mm_unpackhi_epi16(a, b)]
        })
        .map(pulp::bytemuck::cast);
    }
    by_interleaving(*lanes, |a, b| {
        [0, 4].map(|at| std::array::from_fn(|i| if i % 2 == 0 { a[at + i / 2] } else { b[at + i / 2] }))
    })
}

#[expect(clippy::inline_always, reason = "compiled for the vector unit that the machine has")]
#[inline(always)]
fn by_interleaving<R: Copy>(mut rows: [R; 8], interleaved: impl Fn(R, R) -> [R; 2]) -> [R; 8] {
    for _ in 0..3 {
        let [a, b, c, d, e, f, g, h] = rows;
        let [[a, b], [c, d], [e, f], [g, h]] =
            [interleaved(a, e), interleaved(b, f), interleaved(c, g), interleaved(d, h)];
        rows = [a, b, c, d, e, f, g, h];
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_turn_rows_into_columns() {
        let lanes: Lanes<i16> = std::array::from_fn(|row| std::array::from_fn(|column| (10 * row + column) as i16));
        let turned: Lanes<i16> = std::array::from_fn(|row| std::array::from_fn(|column| (10 * column + row) as i16));
        assert_eq!((transposed(&lanes), transposed_halves(&lanes)), (turned, turned));
    }
}
