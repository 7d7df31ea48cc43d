//! Segmented palettes (PS3.3 C.7.9.2): a look-up table as discrete entries, straight lines, and
//! copies of segments before.

/// Most entries that a palette has.
const MOST_ENTRIES: usize = 65_536;
/// Most segments, copies counted each time. Segments may have no entries, and copies of such would
/// go on for ever.
const MOST_SEGMENTS: usize = 4 * MOST_ENTRIES;

/// Why a segmented palette is not used, as the second half of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SegmentError {
    #[error("a segment ends behind its data")]
    Short,
    #[error("it begins with a segment that needs one before it")]
    First,
    #[error("a segment is of the unknown type {0}")]
    Type(u16),
    #[error("a copy of segments leads to another copy")]
    Nested,
    #[error("its segments make more than 65536 entries")]
    Long,
    #[error("it has more than {MOST_SEGMENTS} segments")]
    Many,
}

/// The entries of a table. `words` are the words of its data, of 16 bits or of 8; offsets in it
/// count bytes.
pub(super) fn expanded(words: &[u16], wide: bool) -> Result<Vec<u16>, SegmentError> {
    let mut table = Table { words, wide, entries: Vec::new(), segments: 0 };
    let mut at = 0;
    // One word may fill up to an even length.
    while at + 1 < words.len() {
        at = table.segment(at, true)?;
    }
    Ok(table.entries)
}

struct Table<'a> {
    words: &'a [u16],
    wide: bool,
    entries: Vec<u16>,
    /// Segments so far, copies counted each time.
    segments: usize,
}

impl Table<'_> {
    fn word(&self, at: usize) -> Result<u16, SegmentError> {
        self.words.get(at).copied().ok_or(SegmentError::Short)
    }

    fn room_for(&self, more: usize) -> Result<(), SegmentError> {
        if self.entries.len() + more > MOST_ENTRIES { Err(SegmentError::Long) } else { Ok(()) }
    }

    /// Adds the segment at a word: where the next one begins.
    fn segment(&mut self, at: usize, may_copy: bool) -> Result<usize, SegmentError> {
        self.segments += 1;
        if self.segments > MOST_SEGMENTS {
            return Err(SegmentError::Many);
        }
        let (kind, count, data) = (self.word(at)?, usize::from(self.word(at + 1)?), at + 2);
        match kind {
            0 => {
                self.room_for(count)?;
                let entries = self.words.get(data..data + count).ok_or(SegmentError::Short)?;
                self.entries.extend_from_slice(entries);
                Ok(data + count)
            }
            1 => {
                self.room_for(count)?;
                let from = f64::from(*self.entries.last().ok_or(SegmentError::First)?);
                let to = f64::from(self.word(data)?);
                let step = |i: usize| (from + (to - from) * i as f64 / count as f64).round_ties_even() as u16;
                self.entries.extend((1..=count).map(step));
                Ok(data + 1)
            }
            2 if !may_copy => Err(SegmentError::Nested),
            2 => {
                if self.entries.is_empty() {
                    return Err(SegmentError::First);
                }
                let (mut from, behind) = self.offset(data)?;
                for _ in 0..count {
                    from = self.segment(from, false)?;
                }
                Ok(behind)
            }
            other => Err(SegmentError::Type(other)),
        }
    }

    /// The word that an offset of 32 bits leads to, and where what follows the offset begins. The
    /// less significant half comes first.
    fn offset(&self, at: usize) -> Result<(usize, usize), SegmentError> {
        let (bits, count) = if self.wide { (16, 2) } else { (8, 4) };
        let mut offset = 0_usize;
        for i in 0..count {
            offset |= usize::from(self.word(at + i)?) << (bits * i);
        }
        Ok((if self.wide { offset / 2 } else { offset }, at + count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discrete_entries_and_lines_follow_each_other() {
        assert_eq!(expanded(&[0, 2, 10, 20, 1, 5, 30], true).unwrap(), [10, 20, 22, 24, 26, 28, 30]);
        assert_eq!(expanded(&[0, 1, 9, 1, 3, 0, 0], true).unwrap(), [9, 6, 3, 0]);
    }

    #[test]
    fn segments_before_are_copied() {
        let wide = [0, 1, 4, 1, 2, 8, 2, 2, 0, 0];
        assert_eq!(expanded(&wide, true).unwrap(), [4, 6, 8, 4, 6, 8]);
        let line_only = [0, 1, 4, 1, 2, 8, 2, 1, 6, 0];
        assert_eq!(expanded(&line_only, true).unwrap(), [4, 6, 8, 8, 8]);
        let narrow = [0, 1, 4, 1, 2, 8, 2, 2, 0, 0, 0, 0];
        assert_eq!(expanded(&narrow, false).unwrap(), [4, 6, 8, 4, 6, 8]);
    }

    #[test]
    fn what_no_palette_may_say_is_refused() {
        assert_eq!(expanded(&[1, 2, 3], true), Err(SegmentError::First));
        assert_eq!(expanded(&[2, 1, 0, 0], true), Err(SegmentError::First));
        assert_eq!(expanded(&[0, 5, 1], true), Err(SegmentError::Short));
        assert_eq!(expanded(&[7, 1, 1], true), Err(SegmentError::Type(7)));
        assert_eq!(expanded(&[0, 1, 5, 2, 1, 6, 0], true), Err(SegmentError::Nested), "a copy of itself");
        let bomb = [&[0, 1, 5, 1, 65_535, 6][..], &[2, 65_535, 6, 0]].concat();
        assert_eq!(expanded(&bomb, true), Err(SegmentError::Long));
    }

    #[test]
    fn copies_of_segments_without_entries_end() {
        let nothing = [&[0, 1, 5][..], &vec![0; 131_070], &[2, 65_535, 6, 0].repeat(5)].concat();
        assert_eq!(expanded(&nothing, true), Err(SegmentError::Many));
    }
}
