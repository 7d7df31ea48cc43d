//! Huffman codes (ITU-T T.81 annex C, F.2.2.3): a table of the next ten bits that tells, where they
//! suffice, the code and the value behind it at once.
//!
//! A code of ones alone, which T.81 C.2 forbids, is read where a table defines it: encoders of
//! lossless data have written such.

use super::bits::{Bits, Damaged, extended};

/// Longest code, in bits (T.81 C.1).
const LONGEST: usize = 16;
/// Bits that the table is looked up by.
const AHEAD: u32 = 10;

/// A table of codes, and of the values that stand behind them.
///
/// The lower four bits of a symbol say how many bits of a value follow its code; where the symbol
/// is 16, which lossless data alone has, none follow (T.81 H.1.2.2).
pub(super) struct HuffmanTable {
    /// For each beginning of the data its [`Entry`].
    short: Box<[Entry; 1 << AHEAD]>,
    /// For each length above `AHEAD`: the first code behind those of this length, moved to the left
    /// of 16 bits, and what to add to a code of this length to get the place of its symbol.
    long: [(u32, i32); LONGEST + 1],
    symbols: Vec<u8>,
}

/// What the next bits begin with.
#[derive(Clone, Copy)]
struct Entry {
    symbol: u8,
    /// Bits of the code; 0 where it is longer than the table looks ahead.
    length: u8,
    /// The value behind the code, where all of it is ahead.
    value: i16,
}

impl Entry {
    /// No code as short as that.
    const LONGER: Self = Self { symbol: 15, length: 0, value: 0 };

    /// Bits of the code and of the value behind it.
    #[inline]
    fn total(self) -> u32 {
        u32::from(self.length) + u32::from(self.symbol & 15)
    }
}

impl HuffmanTable {
    /// A table from the number of its codes of each length and their symbols in order; `None` where
    /// these do not fit together, or there are no codes.
    pub(super) fn new(counts: &[u8; LONGEST], symbols: &[u8]) -> Option<Self> {
        let total: usize = counts.iter().map(|count| usize::from(*count)).sum();
        if total == 0 || total > 256 || symbols.len() < total {
            return None;
        }
        let mut short = Box::new([Entry::LONGER; 1 << AHEAD]);
        let mut long = [(0, 0); LONGEST + 1];
        let (mut code, mut place) = (0_u32, 0_usize);
        for (length, (count, long)) in (1..).zip(counts.iter().zip(&mut long[1..])) {
            let offset = place as i32 - code as i32;
            let codes = code..code + u32::from(*count);
            if codes.end > 1 << length {
                return None;
            }
            for (code, symbol) in codes.clone().zip(symbols.get(place..)?) {
                if length <= AHEAD {
                    enter(&mut short[..], code, length, *symbol);
                }
            }
            place += usize::from(*count);
            *long = (codes.end << (LONGEST as u32 - length), offset);
            code = codes.end << 1;
        }
        Some(Self { short, long, symbols: symbols[..total].to_vec() })
    }

    /// Takes the next code and the value behind it.
    #[expect(clippy::inline_always, reason = "the bits stay in registers only where nothing is called")]
    #[inline(always)]
    pub(super) fn symbol_and_value(&self, bits: &mut Bits<'_>) -> Result<(u8, i32), Damaged> {
        bits.refill();
        let entry = self.short[usize::from(bits.ahead() >> (16 - AHEAD))];
        if entry.total() <= AHEAD {
            bits.drop(entry.total());
            return Ok((entry.symbol, i32::from(entry.value)));
        }
        let (symbol, length) = if entry.length > 0 {
            (entry.symbol, u32::from(entry.length))
        } else {
            self.longer(bits.ahead()).ok_or(Damaged)?
        };
        bits.drop(length);
        Ok((symbol, bits.signed(u32::from(symbol & 15))))
    }

    /// Symbol and length of a code of more than [`AHEAD`] bits.
    #[cold]
    fn longer(&self, ahead: u16) -> Option<(u8, u32)> {
        let length = (AHEAD as usize + 1..=LONGEST).find(|length| u32::from(ahead) < self.long[*length].0)?;
        let place = i32::from(ahead >> (LONGEST - length)) + self.long[length].1;
        Some((*self.symbols.get(usize::try_from(place).ok()?)?, length as u32))
    }
}

/// Enters a code, with all that can follow it, into the table.
fn enter(short: &mut [Entry], code: u32, length: u32, symbol: u8) {
    let size = u32::from(symbol & 15);
    let (first, behind) = (code << (AHEAD - length), AHEAD - length);
    for (rest, entry) in short.iter_mut().skip(first as usize).take(1 << behind).enumerate() {
        let value = behind.checked_sub(size).map_or(0, |unused| extended(rest as u32 >> unused, size) as i16);
        *entry = Entry { symbol, length: length as u8, value };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T.81 table K.3: luminance DC differences.
    fn luminance() -> HuffmanTable {
        let counts = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
        HuffmanTable::new(&counts, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).unwrap()
    }

    #[test]
    fn codes_come_with_the_values_behind_them() {
        // 00 | 110 10110 | 1111 1111 0, eleven ones | 011 00
        let stream = [0b0011_0101, 0b1011_1111, 0b1101_1111, 0b1111_1101, 0b1000_0000];
        let mut bits = Bits::new(&stream, 0);
        let table = luminance();
        let read: Vec<_> = (0..4).map(|_| table.symbol_and_value(&mut bits).unwrap()).collect();
        assert_eq!(read, [(0, 0), (5, 22), (11, 2047), (2, -3)]);
    }

    #[test]
    fn codes_longer_than_the_table_looks_ahead_are_found() {
        // One code of each length: 0, 10, 110, …
        let symbols: Vec<u8> = (0..16).collect();
        let table = HuffmanTable::new(&[1; 16], &symbols).unwrap();
        // Thirteen ones and a zero: the code of 14 bits, whose symbol 13 has a value of 13 bits.
        let mut bits = Bits::new(&[0xFF, 0, 0b1111_1010, 0, 0, 0b0000_0100], 0);
        assert_eq!(table.symbol_and_value(&mut bits), Ok((13, 4096)));
    }

    #[test]
    fn what_is_no_code_is_damage() {
        let mut bits = Bits::new(&[0xFF, 0, 0xFF, 0, 0xFF, 0], 0);
        assert_eq!(luminance().symbol_and_value(&mut bits), Err(Damaged));
    }

    #[test]
    fn a_code_of_ones_alone_is_read() {
        let table = HuffmanTable::new(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[0, 16]).unwrap();
        let mut bits = Bits::new(&[0b1010_0000], 0);
        assert_eq!((0..3).map(|_| table.symbol_and_value(&mut bits).unwrap().0).collect::<Vec<_>>(), [16, 0, 16]);
    }

    #[test]
    fn tables_that_declare_more_codes_than_there_are_bits_or_symbols_are_none() {
        assert!(HuffmanTable::new(&[3; 16], &[0; 48]).is_none());
        assert!(HuffmanTable::new(&[0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &[0; 4]).is_none());
        assert!(HuffmanTable::new(&[0; 16], &[]).is_none());
    }
}
