//! The bits of entropy-coded data, taken in eight bytes at a time where no 0xFF stands among them
//! (ITU-T T.81 F.1.2.3).
//!
//! Where the data ends, zeros follow without end, so that reading needs no check at every code;
//! [`Bits::overrun`] tells afterwards that they were used.
//!
//! Old encoders forget the zero behind an 0xFF. The codes 0x01 to 0xBF are no markers that may
//! stand in a scan, so an 0xFF before one of them is taken for data. Before a real marker it cannot
//! be told from one.

/// What stands in the data is no code, or does not fit where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damaged;

/// Bits that are held after [`Bits::refill`], at least.
const HELD: u32 = 32;

/// Reads the bits between two markers.
///
/// Whoever reads many works on a copy of his own and puts it back: so it stays in registers.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    stream: &'a [u8],
    /// The next byte to take in.
    at: usize,
    /// The next bits, the first of them on top.
    held: u64,
    /// How many bits of `held` count; below them stand bits of the bytes at `at` or zeros.
    count: u32,
    /// Zeros that were put behind the end of the data.
    padding: u32,
}

impl<'a> Bits<'a> {
    /// Entropy-coded data that begins at `at`.
    pub(super) fn new(stream: &'a [u8], at: usize) -> Self {
        Self { stream, at, held: 0, count: 0, padding: 0 }
    }

    /// Sees to it that 32 bits are held.
    #[inline]
    pub(super) fn refill(&mut self) {
        if self.count < HELD {
            self.fill();
        }
    }

    #[inline]
    fn fill(&mut self) {
        if let Some(chunk) = self.stream.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
            let chunk = u64::from_be_bytes(*chunk);
            if !holds_ff(chunk) {
                // Bits that do not make up a byte stay below `count` and come once more.
                self.held |= chunk >> self.count;
                let bytes = (63 - self.count) / 8;
                self.at += bytes as usize;
                self.count += 8 * bytes;
                return;
            }
        }
        *self = self.filled_by_bytes();
    }

    #[cold]
    fn filled_by_bytes(mut self) -> Self {
        while self.count <= 56 {
            let Some(byte) = self.data_byte() else {
                self.padding = self.padding.saturating_add(64 - self.count);
                self.count = 64;
                return self;
            };
            self.held |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    /// Takes the next byte of data; `None` before a marker and at the end.
    fn data_byte(&mut self) -> Option<u8> {
        let byte = *self.stream.get(self.at)?;
        if byte != 0xFF {
            self.at += 1;
            return Some(byte);
        }
        let fill = self.stream.get(self.at..)?.iter().position(|byte| *byte != 0xFF)?;
        let behind = self.at + fill;
        match self.stream.get(behind)? {
            0x00 => self.at = behind + 1,
            0x01..=0xBF => self.at = behind,
            _ => return None,
        }
        Some(0xFF)
    }

    /// The next 16 bits; only behind [`Bits::refill`].
    #[inline]
    pub(super) fn ahead(&self) -> u16 {
        (self.held >> 48) as u16
    }

    /// The next `count` bits, at most 16; only behind [`Bits::refill`].
    #[inline]
    pub(super) fn peek(&self, count: u32) -> u32 {
        ((self.held >> 1) >> (63 - count)) as u32
    }

    /// Drops `count` bits; at most 32 of them behind one [`Bits::refill`].
    #[inline]
    pub(super) fn drop(&mut self, count: u32) {
        self.held <<= count;
        self.count -= count;
    }

    /// Takes the next `count` bits, at most 16.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        self.refill();
        let bits = self.peek(count);
        self.drop(count);
        bits
    }

    /// Takes the next bit.
    #[inline]
    pub(super) fn bit(&mut self) -> bool {
        self.take(1) == 1
    }

    /// Takes a value of so many bits, at most 15 (EXTEND of T.81 F.2.2.1): the lower half of what
    /// they can say stands for negative values. Only behind [`Bits::refill`].
    #[inline]
    pub(super) fn signed(&mut self, size: u32) -> i32 {
        let value = extended(self.peek(size), size);
        self.drop(size);
        value
    }

    /// Whether bits were taken that the data does not hold.
    #[inline]
    pub(super) fn overrun(&self) -> bool {
        self.padding > self.count
    }

    /// The next marker at or behind this place, and where it ends.
    pub(super) fn marker(&self) -> Option<(u8, usize)> {
        let mut at = self.at;
        loop {
            at += self.stream.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
            at += self.stream.get(at..)?.iter().position(|byte| *byte != 0xFF)?;
            let code = *self.stream.get(at)?;
            at += 1;
            if code >= 0xC0 {
                return Some((code, at));
            }
        }
    }

    /// A place behind the bytes that were taken, and not behind the next marker.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// Drops what is held and goes on at `at`.
    pub(super) fn jump(&mut self, at: usize) {
        *self = Self::new(self.stream, at);
    }

    /// Whole bytes of data that were not taken before the next marker or the end.
    pub(super) fn left(&self) -> usize {
        let held = self.count.saturating_sub(self.padding) / 8;
        let mut rest = *self;
        let mut bytes = held as usize;
        while rest.data_byte().is_some() {
            bytes += 1;
        }
        bytes
    }
}

/// EXTEND of T.81 F.2.2.1.
#[inline]
pub(super) fn extended(bits: u32, size: u32) -> i32 {
    let value = bits as i32;
    let negative = i32::from(bits >> size.saturating_sub(1) == 0);
    value - negative * ((1 << size) - 1)
}

/// Whether one of the eight bytes is 0xFF.
#[inline]
fn holds_ff(bytes: u64) -> bool {
    let inverse = !bytes;
    inverse.wrapping_sub(0x0101_0101_0101_0101) & bytes & 0x8080_8080_8080_8080 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes bits in pieces of these sizes.
    fn taken(stream: &[u8], sizes: &[u32]) -> Vec<u32> {
        let mut bits = Bits::new(stream, 0);
        sizes.iter().map(|size| bits.take(*size)).collect()
    }

    #[test]
    fn bits_come_in_order_however_the_bytes_were_taken_in() {
        let stream: Vec<u8> = (0..40_u8).map(|i| if i % 11 == 7 { 0xFF } else { i.wrapping_mul(37) }).collect();
        let stuffed: Vec<u8> =
            stream.iter().flat_map(|byte| if *byte == 0xFF { vec![0xFF, 0] } else { vec![*byte] }).collect();
        let expected: Vec<u32> = stream.iter().map(|byte| u32::from(*byte)).collect();
        assert_eq!(taken(&stuffed, &[8; 40]), expected);
        let sizes: Vec<u32> = (0..20).flat_map(|i| [1 + i % 15, 15 - i % 15]).collect();
        let joined: Vec<u32> =
            taken(&stuffed, &sizes).chunks(2).zip(sizes.chunks(2)).map(|(v, s)| v[0] << s[1] | v[1]).collect();
        let words: Vec<u32> = stream.chunks(2).map(|b| u32::from(b[0]) << 8 | u32::from(b[1])).collect();
        assert_eq!(joined, words);
    }

    #[test]
    fn zeros_follow_the_data_and_their_use_is_told() {
        let mut bits = Bits::new(&[0b1010_1010, 0xFF, 0xD9], 0);
        assert_eq!((bits.take(8), bits.overrun()), (0xAA, false));
        assert_eq!((bits.take(1), bits.overrun()), (0, true));
        let mut long = Bits::new(&[0xAA; 9], 0);
        (0..9).for_each(|_| assert_eq!(long.take(8), 0xAA));
        assert!(!long.overrun());
        (0..100).for_each(|_| assert_eq!(long.take(16), 0));
        assert!(long.overrun());
    }

    #[test]
    fn fill_bytes_belong_to_a_marker_and_an_ff_that_lacks_its_zero_to_the_data() {
        let stream = [0x12, 0xFF, 0x34, 0xFF, 0xFF, 0x00, 0x56, 0xFF, 0xFF, 0xD3, 0x78];
        let mut bits = Bits::new(&stream, 0);
        assert_eq!((0..5).map(|_| bits.take(8)).collect::<Vec<_>>(), [0x12, 0xFF, 0x34, 0xFF, 0x56]);
        assert_eq!(bits.left(), 0);
        assert_eq!(bits.marker(), Some((0xD3, 10)));
        bits.jump(10);
        assert_eq!((bits.take(8), bits.overrun(), bits.marker()), (0x78, false, None));
    }

    #[test]
    fn bytes_that_were_not_taken_are_counted() {
        let mut bits = Bits::new(&[1, 2, 3, 0xFF, 0, 5, 0xFF, 0xD9, 7], 0);
        bits.take(9);
        assert_eq!(bits.left(), 3);
        bits.take(15);
        assert_eq!(bits.left(), 2);
    }

    #[test]
    fn the_lower_half_stands_for_negative_values() {
        let value = |bits, size| extended(bits, size);
        assert_eq!([value(0, 1), value(1, 1)], [-1, 1]);
        assert_eq!([value(0, 3), value(3, 3), value(4, 3), value(7, 3)], [-7, -4, 4, 7]);
        assert_eq!([value(0, 15), value(0x7FFF, 15), value(0, 0)], [-32767, 32767, 0]);
    }
}
