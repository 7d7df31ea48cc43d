//! DICOM's run length encoding (PS3.5 annex G).
//!
//! A header of sixteen words says how many segments there are and where they begin. A segment is
//! one byte of every sample of one component, the most significant bytes first, packed with
//! `PackBits`: n from 0 to 127 copies the n + 1 bytes that follow, n from −127 to −1 repeats the
//! next one 1 − n times, −128 is nothing.
//!
//! Runs may cross rows; the standard's encoders do not write such, others do. Segments may stand in
//! any order and have bytes behind what fills the image; one that ends early costs the rows behind
//! it. Bytes of a sample come in the order of the standard alone: nothing in a stream tells another.
//! A frame in several fragments is decoded from all of them, one behind the other.

#[cfg(test)]
mod tests;

use crate::image::Expected;
use crate::memory::zeros;

/// Bytes of the header: the number of segments and fifteen offsets.
const HEADER: usize = 64;
/// Segments that a header has room for.
const MOST_SEGMENTS: usize = 15;

/// Why a stream gives no image at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RleError {
    #[error("the RLE frame ends within its header of 64 bytes; the file may be cut short")]
    Truncated,
    #[error(
        "the RLE frame has {found} segment(s), where {components} component(s) of {sample_bytes} byte(s) need {due}"
    )]
    SegmentCount { found: usize, due: usize, components: usize, sample_bytes: usize },
    #[error("an RLE frame of {components} components of {sample_bytes} bytes is not possible: it has 1 to 15 segments")]
    Shape { components: usize, sample_bytes: usize },
    #[error("the RLE frame is malformed: segment {segment} begins at byte {offset}, {problem}")]
    Offset { segment: usize, offset: usize, problem: &'static str },
    #[error("an image of {columns} × {rows} pixels is beyond all memory, or has none")]
    Size { columns: usize, rows: usize },
}

/// Samples of one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planes {
    /// One component behind the other, row by row; little-endian samples.
    pub bytes: Vec<u8>,
    /// Bytes of a sample.
    pub sample_bytes: usize,
    /// Rows from the top that every segment fills; what is missing is 0.
    pub complete_rows: usize,
}

/// Decodes a frame of the expected size, whose samples have 1 to 4 bytes.
pub fn decode(stream: &[u8], expected: &Expected, sample_bytes: usize) -> Result<Planes, RleError> {
    let &Expected { columns, rows, components } = expected;
    let due = components.saturating_mul(sample_bytes);
    if !(1..=MOST_SEGMENTS).contains(&due) {
        return Err(RleError::Shape { components, sample_bytes });
    }
    let pixels = columns.checked_mul(rows).filter(|pixels| *pixels > 0);
    let length = pixels.and_then(|pixels| Some((pixels, pixels.checked_mul(due)?)));
    let (pixels, length) = length.ok_or(RleError::Size { columns, rows })?;
    let header = stream.get(..HEADER).ok_or(RleError::Truncated)?;
    let words: Vec<usize> =
        header.chunks_exact(4).map(|w| u32::from_le_bytes([w[0], w[1], w[2], w[3]]) as usize).collect();
    let (found, offsets) = (words[0], &words[1..=due]);
    if found != due {
        return Err(RleError::SegmentCount { found, due, components, sample_bytes });
    }
    let segments = segments(stream, offsets)?;
    let mut bytes = zeros(length).ok_or(RleError::Size { columns, rows })?;
    let mut there = pixels;
    for (plane, of_component) in bytes.chunks_exact_mut(pixels * sample_bytes).zip(segments.chunks_exact(sample_bytes))
    {
        for (significance, segment) in (0..sample_bytes).rev().zip(of_component) {
            there = there.min(unpack(segment, plane, significance, sample_bytes));
        }
    }
    Ok(Planes { bytes, sample_bytes, complete_rows: there / columns })
}

/// The segments that begin at these offsets. Each ends where the next one in the stream begins; one
/// that begins behind the end of the stream is empty.
fn segments<'a>(stream: &'a [u8], offsets: &[usize]) -> Result<Vec<&'a [u8]>, RleError> {
    let mut segments = Vec::with_capacity(offsets.len());
    for (i, &offset) in offsets.iter().enumerate() {
        let wrong = |problem| Err(RleError::Offset { segment: i + 1, offset, problem });
        if offset < HEADER {
            return wrong("within the header");
        }
        if offsets[..i].contains(&offset) {
            return wrong("where another one does");
        }
        let end = offsets.iter().copied().filter(|other| *other > offset).min().unwrap_or(stream.len());
        segments.push(stream.get(offset..end.min(stream.len())).unwrap_or_default());
    }
    Ok(segments)
}

/// Unpacks into every `step`-th byte of `plane` from `first` on; says how many it has written.
fn unpack(packed: &[u8], plane: &mut [u8], first: usize, step: usize) -> usize {
    let room = plane.len() / step;
    let (mut rest, mut written) = (packed, 0);
    while let Some((&code, behind)) = rest.split_first()
        && written < room
    {
        rest = behind;
        let from = first + step * written;
        let Some(out) = plane.get_mut(from..) else { break };
        match code {
            0..=127 => {
                let literal = &rest[..rest.len().min(usize::from(code) + 1)];
                rest = &rest[literal.len()..];
                let literal = &literal[..literal.len().min(room - written)];
                if step == 1 {
                    out[..literal.len()].copy_from_slice(literal);
                } else {
                    out.iter_mut().step_by(step).zip(literal).for_each(|(slot, byte)| *slot = *byte);
                }
                written += literal.len();
            }
            128 => {}
            129..=255 => {
                let Some((&byte, behind)) = rest.split_first() else { break };
                rest = behind;
                let count = (257 - usize::from(code)).min(room - written);
                if step == 1 {
                    out[..count].fill(byte);
                } else {
                    out.iter_mut().step_by(step).take(count).for_each(|slot| *slot = byte);
                }
                written += count;
            }
        }
    }
    written
}
