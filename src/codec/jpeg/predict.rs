//! Samples from differences (ITU-T T.81 H.1.2.1, H.2.1): a sample is its prediction from those
//! around it and a difference, modulo 2¹⁶.
//!
//! | value | prediction | | value | prediction |
//! |---|---|---|---|---|
//! | 1 | a | | 4 | a + b − c |
//! | 2 | b | | 5 | a + ((b − c) >> 1) |
//! | 3 | c | | 6 | b + ((a − c) >> 1) |
//! | | | | 7 | (a + b) >> 1 |
//!
//! with a to the left, b above and c above to the left.
//!
//! Some encoder of 16-bit data computed predictors 5 to 7 with overflow in 16 bits. Its streams
//! cannot be told from right ones, so they are read as the standard says.

/// The samples that begin a scan or a restart interval, as far as their row goes: the first is
/// predicted by `initial`, the others by those to their left.
pub(super) fn first_line(row: &mut [u16], differences: &[u16], initial: u16) {
    let mut left = initial;
    for (sample, difference) in row.iter_mut().zip(differences) {
        left = left.wrapping_add(*difference);
        *sample = left;
    }
}

/// Any further row: its first sample is predicted by the one above, the others by predictor 1 to 7.
pub(super) fn line(predictor: u8, above: &[u16], row: &mut [u16], differences: &[u16]) {
    match predictor {
        1 => predicted(above, row, differences, |a, _, _| a),
        2 => predicted(above, row, differences, |_, b, _| b),
        3 => predicted(above, row, differences, |_, _, c| c),
        4 => predicted(above, row, differences, |a, b, c| a + b - c),
        5 => predicted(above, row, differences, |a, b, c| a + ((b - c) >> 1)),
        6 => predicted(above, row, differences, |a, b, c| b + ((a - c) >> 1)),
        _ => predicted(above, row, differences, |a, b, _| (a + b) >> 1),
    }
}

#[inline]
fn predicted(above: &[u16], row: &mut [u16], differences: &[u16], predict: impl Fn(i32, i32, i32) -> i32) {
    let (Some((first, row)), Some((top, above)), Some((difference, differences))) =
        (row.split_first_mut(), above.split_first(), differences.split_first())
    else {
        return;
    };
    *first = top.wrapping_add(*difference);
    let (mut left, mut corner) = (*first, *top);
    for ((sample, up), difference) in row.iter_mut().zip(above).zip(differences) {
        let prediction = predict(left.into(), (*up).into(), corner.into());
        left = (prediction as u16).wrapping_add(*difference);
        *sample = left;
        corner = *up;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_begins_with_half_the_range() {
        let mut row = [0; 3];
        first_line(&mut row, &[5, 0xFFFF, 2], 2048);
        assert_eq!(row, [2053, 2052, 2054]);
    }

    #[test]
    fn each_predictor_predicts_as_table_h_1_says() {
        // c = 7, b = 20, a = 10 + 0.
        let predicted = |predictor| {
            let mut row = [0; 2];
            line(predictor, &[7, 20], &mut row, &[3, 0]);
            assert_eq!(row[0], 10, "the first sample by the one above");
            row[1]
        };
        assert_eq!((1..=7).map(predicted).collect::<Vec<_>>(), [10, 20, 7, 23, 16, 21, 15]);
    }

    #[test]
    fn halves_are_rounded_down_and_sums_are_taken_modulo_65536() {
        let mut row = [0; 2];
        line(5, &[10, 7], &mut row, &[0, 0]);
        assert_eq!(row, [10, 8], "(7 − 10) >> 1 is −2");
        line(4, &[1, 0], &mut row, &[0xFFFF, 0]);
        assert_eq!(row, [0, 0xFFFF], "0 + 0 − 1");
        line(7, &[0xFFFF, 0xFFFF], &mut row, &[0, 1]);
        assert_eq!(row, [0xFFFF, 0], "the sum needs 17 bits");
    }
}
