//! Bits and Huffman codes of entropy-coded JPEG data (ITU-T T.81 annex C, F.2.2): read to be
//! counted, not to be decoded.

/// Longest code, in bits (T.81 C.1).
const LONGEST: usize = 16;

/// There is no further bit, or what stands there is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended;

/// The bits between two markers.
pub(super) struct Bits<'a> {
    stream: &'a [u8],
    /// The next byte to take.
    at: usize,
    held: u64,
    count: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(stream: &'a [u8], at: usize) -> Self {
        Self { stream, at, held: 0, count: 0 }
    }

    /// Takes bytes until `wanted` bits are held or the data ends, at a marker or with the stream.
    fn fill(&mut self, wanted: usize) {
        while self.count < wanted {
            let Some(&byte) = self.stream.get(self.at) else { return };
            if byte == 0xFF {
                // A zero behind it makes it data (T.81 F.1.2.3).
                if self.stream.get(self.at + 1) != Some(&0) {
                    return;
                }
                self.at += 1;
            }
            self.at += 1;
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    /// The next `count` bits, at most 16.
    pub(super) fn take(&mut self, count: usize) -> Result<u32, Ended> {
        self.fill(count);
        self.count = self.count.checked_sub(count).ok_or(Ended)?;
        Ok((self.held >> self.count) as u32 & ((1 << count) - 1))
    }

    /// Drops the next `count` bits, at most 16.
    pub(super) fn skip(&mut self, count: usize) -> Result<(), Ended> {
        self.take(count).map(|_| ())
    }

    /// The value of the next code.
    pub(super) fn code(&mut self, codes: &Codes) -> Result<u8, Ended> {
        self.fill(LONGEST);
        let missing = LONGEST.saturating_sub(self.count);
        let ahead = ((self.held << missing) >> (self.count + missing - LONGEST)) as u16;
        let (value, length) = codes.find(ahead).ok_or(Ended)?;
        self.count = self.count.checked_sub(length).ok_or(Ended)?;
        Ok(value)
    }

    /// Drops what is left before the next marker; yields the place of its code, if there is a
    /// marker.
    pub(super) fn next_marker(&mut self) -> Option<usize> {
        (self.held, self.count) = (0, 0);
        loop {
            let fill = self.stream.get(self.at..)?.iter().position(|b| *b == 0xFF)?;
            self.at += fill;
            self.at += self.stream[self.at..].iter().position(|b| *b != 0xFF)?;
            if self.stream[self.at] != 0 {
                return Some(self.at);
            }
        }
    }

    /// Goes on behind the marker at `place` if it is the restart marker with this number.
    pub(super) fn pass_restart(&mut self, place: usize, number: u8) -> bool {
        let found = self.stream[place] == 0xD0 + number;
        if found {
            self.at = place + 1;
        }
        found
    }
}

/// The codes of a table, as a DHT segment lists them.
pub(super) struct Codes {
    /// Value and length of the code that begins with these eight bits; length 0 for longer ones.
    short: [(u8, u8); 256],
    /// For each length: the first code behind those of this length, moved to the left of 16 bits,
    /// and what to add to a code of this length to get the place of its value.
    limits: [(u32, i32); LONGEST],
    values: Vec<u8>,
}

impl Codes {
    /// Codes from the number of those of each length and their values in order; `None` where these
    /// do not fit together.
    pub(super) fn new(counts: &[u8; LONGEST], values: &[u8]) -> Option<Self> {
        let (mut code, mut place) = (0_u32, 0_usize);
        let mut codes = Self { short: [(0, 0); 256], limits: [(0, 0); LONGEST], values: values.to_vec() };
        for (i, count) in counts.iter().map(|c| usize::from(*c)).enumerate() {
            let length = i + 1;
            let offset = place as i32 - code as i32;
            for &value in values.get(place..place + count)? {
                if length <= 8 {
                    let first = (code << (8 - length)) as usize;
                    codes.short.get_mut(first..first + (1 << (8 - length)))?.fill((value, length as u8));
                }
                code += 1;
            }
            if code > 1 << length {
                return None;
            }
            place += count;
            codes.limits[i] = (code << (LONGEST - length), offset);
            code <<= 1;
        }
        Some(codes)
    }

    /// Value and length of the code that the next 16 bits begin with.
    fn find(&self, ahead: u16) -> Option<(u8, usize)> {
        let (value, length) = self.short[usize::from(ahead >> 8)];
        if length > 0 {
            return Some((value, length.into()));
        }
        let length = (9..=LONGEST).find(|length| u32::from(ahead) < self.limits[length - 1].0)?;
        let place = i32::from(ahead >> (LONGEST - length)) + self.limits[length - 1].1;
        Some((*self.values.get(usize::try_from(place).ok()?)?, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes of T.81 table K.3: luminance DC differences.
    fn luminance() -> Codes {
        Codes::new(&[0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).unwrap()
    }

    #[test]
    fn codes_of_every_length_are_found() {
        // 00 → 0, 110 → 5, 1111 1111 0 → 11, 00 → 0
        let mut bits = Bits::new(&[0b0011_0111, 0b1111_1000], 0);
        let codes = luminance();
        let values: Vec<_> = (0..5).map(|_| bits.code(&codes)).collect();
        assert_eq!(values, [Ok(0), Ok(5), Ok(11), Ok(0), Err(Ended)]);
        let mut bits = Bits::new(&[0xFF, 0, 0b0101_0000], 0);
        assert_eq!((bits.code(&codes), bits.take(3)), (Ok(11), Ok(0b101)));
    }

    #[test]
    fn a_code_needs_all_its_bits() {
        // 1110 is 6; of the next code only 111 is there.
        let mut bits = Bits::new(&[0b1110_1111], 0);
        let codes = luminance();
        assert_eq!((bits.code(&codes), bits.code(&codes)), (Ok(6), Err(Ended)));
    }

    #[test]
    fn data_ends_at_a_marker_and_goes_on_behind_it() {
        let stream = [0b1010_1010, 0xFF, 0xFF, 0xD0, 0b1100_0000];
        let mut bits = Bits::new(&stream, 0);
        assert_eq!((bits.take(8), bits.take(1)), (Ok(0xAA), Err(Ended)));
        let place = bits.next_marker().unwrap();
        assert_eq!(stream[place], 0xD0);
        assert!(bits.pass_restart(place, 0));
        assert_eq!(bits.take(2), Ok(0b11));
        assert_eq!(bits.next_marker(), None);
    }

    #[test]
    fn tables_that_declare_more_codes_than_there_are_have_no_codes() {
        assert!(Codes::new(&[3; 16], &[0; 48]).is_none());
        assert!(Codes::new(&[0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &[0; 4]).is_none());
    }
}
