//! Bits of entropy-coded data, and the Golomb codes in them.
//!
//! The byte behind 0xFF carries seven bits, its first one is a stuffed 0 (T.87 A.1, C.1.1); so no
//! marker can stand in the data. Sixty-four bits are held at a time. Behind the end of the data
//! zeros are handed out, and [`Bits::ran_out`] says so: whoever decodes asks once a line.

/// Bits of one restart interval. It is a plain value: loops work on a copy that the compiler can
/// keep in registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a> {
    /// The interval; no marker is in it.
    data: &'a [u8],
    at: usize,
    /// The next bits, the first one on top; below the first `held` of them stands anything that
    /// belongs behind them, or zeros.
    cache: u64,
    held: u32,
    /// The byte before `at` was 0xFF.
    stuffed: bool,
    /// Zeros that were handed to the cache because the data had ended.
    invented: u64,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, cache: 0, held: 0, stuffed: false, invented: 0 }
    }

    /// Holds at least 57 bits afterwards; fewer than 64 are held before.
    #[inline]
    fn refill(&mut self) {
        if let Some(Ok(next)) = self.data.get(self.at..self.at + 8).map(<[u8; 8]>::try_from)
            && !self.stuffed
        {
            let word = u64::from_be_bytes(next);
            if !has_ff(word) {
                self.cache |= word >> self.held;
                let bytes = (64 - self.held) / 8;
                self.at += bytes as usize;
                self.held += 8 * bytes;
                return;
            }
        }
        *self = self.refilled_by_bytes();
    }

    #[cold]
    #[inline(never)]
    fn refilled_by_bytes(mut self) -> Self {
        while self.held <= 56 {
            let Some(&byte) = self.data.get(self.at) else {
                self.invented += u64::from(64 - self.held);
                self.held = 64;
                break;
            };
            self.at += 1;
            let (value, width) = if self.stuffed { (byte & 0x7F, 7) } else { (byte, 8) };
            self.cache |= u64::from(value) << (64 - width - self.held);
            self.held += width;
            self.stuffed = byte == 0xFF;
        }
        self
    }

    #[inline]
    fn skip(&mut self, count: u32) {
        self.cache <<= count;
        self.held -= count;
    }

    /// The next bit.
    #[inline]
    pub(super) fn bit(&mut self) -> bool {
        if self.held == 0 {
            self.refill();
        }
        let bit = self.cache >> 63 != 0;
        self.skip(1);
        bit
    }

    /// A number of up to 32 bits.
    #[inline]
    pub(super) fn number(&mut self, width: u32) -> u32 {
        if self.held < width {
            self.refill();
        }
        let value = (self.cache >> 1) >> (63 - width);
        self.skip(width);
        value as u32
    }

    /// A Golomb code of limited length (A.5.3): fewer than `escape` zeros, a one and `k` low bits;
    /// or `escape` zeros, a one and `wide` bits of the value less 1. `None` where more zeros stand:
    /// no encoder writes them.
    #[expect(clippy::inline_always, reason = "bits stay in registers only where nothing takes their address")]
    #[inline(always)]
    pub(super) fn golomb(&mut self, k: u32, escape: u32, wide: u32) -> Option<u32> {
        if self.held < 32 {
            self.refill();
        }
        let zeros = self.cache.leading_zeros();
        let length = zeros + 1 + k;
        if zeros < escape && length <= 32 {
            let rest = self.cache << (zeros + 1);
            self.cache = rest << k;
            self.held -= length;
            return Some((zeros << k) | ((rest >> 1) >> (63 - k)) as u32);
        }
        let (bits, value) = self.long_golomb(k, escape, wide);
        *self = bits;
        value
    }

    #[cold]
    #[inline(never)]
    fn long_golomb(mut self, k: u32, escape: u32, wide: u32) -> (Self, Option<u32>) {
        let mut zeros = 0;
        loop {
            if self.held < 57 {
                self.refill();
            }
            let here = self.cache.leading_zeros().min(self.held);
            zeros += here;
            if zeros > escape {
                return (self, None);
            }
            if here < self.held {
                self.skip(here);
                self.skip(1);
                break;
            }
            (self.cache, self.held) = (0, 0);
        }
        let value = if zeros == escape {
            u64::from(self.number(wide)) + 1
        } else {
            (u64::from(zeros) << k) + u64::from(self.number(k))
        };
        (self, u32::try_from(value).ok())
    }

    /// Bits were taken that the data did not hold.
    pub(super) fn ran_out(&self) -> bool {
        self.invented > u64::from(self.held)
    }

    /// Nothing is left but what fills up the last byte, or zeros.
    pub(super) fn only_padding_left(&self) -> bool {
        let mut bits = *self;
        let invented = u32::try_from(bits.invented).map_or(bits.held, |invented| invented.min(bits.held));
        let cached = bits.held - invented;
        let rest = bits.data.get(bits.at..).unwrap_or_default();
        bits.skip(cached.min(7));
        let cached = cached.saturating_sub(7);
        (cached == 0 || bits.cache >> (64 - cached) == 0) && rest.iter().all(|byte| *byte == 0)
    }
}

/// Whether one of eight bytes is 0xFF.
#[inline]
fn has_ff(word: u64) -> bool {
    let inverse = !word;
    inverse.wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits of `data` by the definition.
    fn slowly(data: &[u8]) -> Vec<bool> {
        let mut bits = Vec::new();
        for (i, byte) in data.iter().enumerate() {
            let first = if i > 0 && data[i - 1] == 0xFF { 6 } else { 7 };
            bits.extend((0..=first).rev().map(|n| byte >> n & 1 != 0));
        }
        bits
    }

    fn bytes(length: usize, seed: u32) -> Vec<u8> {
        let mut state = seed;
        let mut data: Vec<u8> = Vec::new();
        for _ in 0..length {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let byte = if state >> 28 == 0 { 0xFF } else { (state >> 16) as u8 };
            data.push(if data.last() == Some(&0xFF) { byte & 0x7F } else { byte });
        }
        data
    }

    #[test]
    fn the_byte_behind_ff_carries_seven_bits() {
        for seed in 0..50 {
            let data = bytes(40 + seed as usize, seed);
            let wanted = slowly(&data);
            let mut bits = Bits::new(&data);
            let one_by_one: Vec<bool> = wanted.iter().map(|_| bits.bit()).collect();
            assert_eq!(one_by_one, wanted);
            assert!(!bits.ran_out());
            bits.bit();
            assert!(bits.ran_out(), "one bit more than there are");
        }
    }

    #[test]
    fn numbers_of_every_width_follow_each_other() {
        let data = bytes(200, 7);
        let wanted = slowly(&data);
        let mut bits = Bits::new(&data);
        let mut at = 0;
        for width in (0..=32).chain([1, 31, 3, 32, 16, 15]) {
            let value = wanted[at..at + width].iter().fold(0u64, |v, b| v << 1 | u64::from(*b));
            assert_eq!(u64::from(bits.number(width as u32)), value, "{width} bits at {at}");
            at += width;
        }
    }

    #[test]
    fn a_golomb_code_is_zeros_a_one_and_low_bits() {
        // 0001 10 | 1 | 00001 + 4 bits of the value less 1 | 00000
        let data = [0b0001_1010, 0b0001_0110, 0b0000_0000];
        let mut bits = Bits::new(&data);
        assert_eq!(bits.golomb(2, 10, 8), Some(3 << 2 | 0b10));
        assert_eq!(bits.golomb(0, 10, 8), Some(0));
        assert_eq!(bits.golomb(3, 4, 4), Some(0b0110 + 1), "four zeros announce the value itself");
        assert_eq!(bits.golomb(3, 4, 4), None, "more zeros are never written");
    }

    #[test]
    fn the_longest_codes_have_64_bits() {
        for (zeros, wide) in [(47, 16), (55, 8), (61, 2)] {
            for before in 0..20 {
                // Ones, zeros, a one, ones and a zero.
                let ones = |n: usize| vec![true; n];
                let row = [ones(before), vec![false; zeros], ones(1), ones(wide), vec![false; 8]].concat();
                let mut data: Vec<u8> = Vec::new();
                let mut row = row.into_iter().peekable();
                while row.peek().is_some() {
                    let width = if data.last() == Some(&0xFF) { 7 } else { 8 };
                    data.push((0..width).fold(0, |byte, _| byte << 1 | u8::from(row.next().unwrap_or(false))));
                }
                let mut bits = Bits::new(&data);
                (0..before).for_each(|_| assert!(bits.bit()));
                assert_eq!(bits.golomb(3, zeros as u32, wide as u32), Some(1 << wide), "{zeros} zeros behind {before}");
                assert!(bits.only_padding_left() && !bits.ran_out());
            }
        }
    }

    #[test]
    fn what_is_left_is_padding_if_it_is_less_than_a_byte_or_zeros() {
        let left = |data: &[u8], taken: u32| {
            let mut bits = Bits::new(data);
            (0..taken).for_each(|_| _ = bits.bit());
            bits.only_padding_left()
        };
        assert!(left(&[], 0));
        assert!(left(&[0xAA, 0x7F], 9), "seven ones");
        assert!(!left(&[0xAA, 0xFE], 7), "a byte that is not 0");
        assert!(left(&[0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 8), "zeros of any length");
        assert!(!left(&[0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 8));
    }
}
