//! Restart intervals: the parts of a scan that can be decoded without those before them (ITU-T T.81
//! B.2.4.4, E.2.4), and so what a decoder finds its way back by where data is damaged.
//!
//! Markers RST0 to RST7 stand between them in turn. One that is up to five ahead of its turn tells
//! that so many intervals are missing; one that lags behind is passed over with the data behind it.

use std::ops::Range;

use super::bits::Bits;
use super::segments::marker;

/// How far ahead of its turn a marker may be to tell that intervals are missing.
const AHEAD: u8 = 5;

/// Reads the units of a scan interval by interval.
///
/// `part` decodes units of one interval and says how many it could; it starts anew each time. The
/// answer is the first unit that is missing, `total` if none is.
pub(super) fn read(
    bits: &mut Bits<'_>,
    total: usize,
    interval: usize,
    mut part: impl FnMut(&mut Bits<'_>, Range<usize>) -> usize,
) -> usize {
    let length = if interval == 0 { total.max(1) } else { interval };
    let (mut begin, mut turn, mut missing) = (0_usize, 0_u8, total);
    while begin < total {
        let end = begin.saturating_add(length).min(total);
        let done = part(bits, begin..end);
        if done < end - begin {
            missing = missing.min(begin + done);
        }
        begin = end;
        if begin == total {
            break;
        }
        let Some(skipped) = next_interval(bits, turn) else { return missing.min(begin) };
        if skipped > 0 {
            missing = missing.min(begin);
        }
        begin = begin.saturating_add(length.saturating_mul(skipped.into()));
        turn = (turn + skipped + 1) % 8;
    }
    missing
}

/// Goes on behind the restart marker whose turn it is, or behind a later one: how many intervals
/// are missing. `None` where the scan ends.
fn next_interval(bits: &mut Bits<'_>, turn: u8) -> Option<u8> {
    loop {
        let (code, behind) = bits.marker()?;
        match code {
            marker::RST0..=marker::RST7 => {
                let ahead = (code - marker::RST0 + 8 - turn) % 8;
                bits.jump(behind);
                if ahead <= AHEAD {
                    return Some(ahead);
                }
            }
            // Of what may follow a scan none begins an image or a frame: that is damage.
            marker::SOI | marker::SOF0..=marker::SOF3 | 0xC5..=0xCF => bits.jump(behind),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads units of a byte each; a unit of 0xEE is damage.
    fn read_bytes(stream: &[u8], total: usize, interval: usize) -> (Vec<u32>, usize) {
        let mut units = vec![0; total];
        let missing = read(&mut Bits::new(stream, 0), total, interval, |bits, range| {
            for (done, unit) in range.clone().enumerate() {
                let value = bits.take(8);
                if value == 0xEE || bits.overrun() {
                    return done;
                }
                units[unit] = value;
            }
            range.len()
        });
        (units, missing)
    }

    #[test]
    fn markers_stand_between_intervals_in_turn() {
        let stream = [1, 2, 0xFF, 0xD0, 3, 4, 0xFF, 0xFF, 0xD1, 5, 0xFF, 0xD9];
        assert_eq!(read_bytes(&stream, 5, 2), (vec![1, 2, 3, 4, 5], 5));
        assert_eq!(read_bytes(&[1, 2, 3], 3, 0), (vec![1, 2, 3], 3));
    }

    #[test]
    fn behind_damage_it_goes_on_with_the_next_interval() {
        let stream = [1, 0xEE, 9, 9, 0xFF, 0xD0, 3, 0xFF, 0xD1, 5, 6, 0xFF, 0xD9];
        assert_eq!(read_bytes(&stream, 6, 2), (vec![1, 0, 3, 0, 5, 6], 1));
    }

    #[test]
    fn a_marker_ahead_of_its_turn_tells_what_is_missing() {
        let stream = [1, 2, 0xFF, 0xD2, 7, 8, 0xFF, 0xD9];
        assert_eq!(read_bytes(&stream, 8, 2), (vec![1, 2, 0, 0, 0, 0, 7, 8], 2));
        let beyond_the_end = [1, 2, 0xFF, 0xD5, 7, 8];
        assert_eq!(read_bytes(&beyond_the_end, 4, 2), (vec![1, 2, 0, 0], 2));
    }

    #[test]
    fn a_marker_that_lags_behind_is_passed_over() {
        let stream = [1, 2, 0xFF, 0xD0, 3, 4, 0xFF, 0xD0, 9, 0xFF, 0xD1, 5, 6];
        assert_eq!(read_bytes(&stream, 6, 2), (vec![1, 2, 3, 4, 5, 6], 6));
    }

    #[test]
    fn data_that_ends_leaves_the_rest_missing() {
        assert_eq!(read_bytes(&[1, 2, 0xFF, 0xD0, 3], 6, 2), (vec![1, 2, 3, 0, 0, 0], 3));
        assert_eq!(read_bytes(&[1, 2, 0xFF, 0xDA, 3], 4, 2), (vec![1, 2, 0, 0], 2));
        assert_eq!(read_bytes(&[], 4, 1), (vec![0; 4], 0));
    }
}
