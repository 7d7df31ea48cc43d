//! The frames of encapsulated pixel data (PS3.5 A.4): which fragments belong to which.
//!
//! One fragment a frame is the rule, and needs no table. Else streams tell by their first bytes
//! where a frame begins, or the offset table does, basic or extended: it is believed where every
//! offset is that of a fragment, in order. Where both are there and differ, the streams are right.
//! Fewer fragments than frames are against the standard; then the streams tell where they end.

use std::ops::Range;

use dicom_dictionary_std::tags;

use super::StudyError;
use super::codec::stream_kind::StreamKind;
use super::dataset::words;
use super::dicom::Dicom;
use super::guard::PixelLayout;
use super::joined_streams::stream_of;

/// Bytes of a fragment that tell its kind: the header of RLE is the longest.
const MARK: u64 = 64;
/// Bytes of the tag and the length before an item.
const ITEM_HEADER: u64 = 8;

/// The stream of frame `index`, its fragments joined. `items` are the places of the items, the
/// Basic Offset Table first.
pub(super) fn frame_stream(
    dicom: &Dicom,
    items: &[(u64, u64)],
    layout: &PixelLayout,
    index: u32,
) -> Result<Vec<u8>, StudyError> {
    let Some(((table_at, table_length), fragments)) = items.split_first() else {
        return Err(StudyError::Truncated("the pixel data has no fragments".into()));
    };
    let fragments: Vec<(u64, u64)> = fragments.iter().copied().filter(|(_, length)| *length > 0).collect();
    let frames = layout.frames as usize;
    let range = if frames == 1 {
        0..fragments.len()
    } else if fragments.len() == frames {
        index as usize..index as usize + 1
    } else {
        let offsets = offsets(dicom, *table_at, *table_length, frames)?;
        if fragments.len() < frames {
            let joined = dicom.joined(&fragments)?;
            if let Some(stream) = stream_of(&joined, &offsets, &dicom.transfer_syntax, layout, index as usize) {
                return Ok(stream);
            }
        }
        let by_table = by_table(&fragments, table_at + table_length, &offsets);
        range_of(&by_marks(dicom, &fragments, layout)?, &by_table, fragments.len(), frames, index as usize)?
    };
    dicom.joined(fragments.get(range).unwrap_or_default())
}

/// What the offset tables say, the basic one first; empty where neither has as many offsets as
/// there are frames.
fn offsets(dicom: &Dicom, at: u64, length: u64, frames: usize) -> Result<Vec<u64>, StudyError> {
    let basic = if length > 0 { dicom.bytes_at(at, length)? } else { Vec::new() };
    let basic: Vec<u64> = words(&basic, false).map(|w| u64::from(u32::from_le_bytes(w))).collect();
    if basic.len() == frames {
        return Ok(basic);
    }
    let extended = dicom.dataset.raw(tags::EXTENDED_OFFSET_TABLE).unwrap_or_default();
    let extended: Vec<u64> = words(extended, false).map(u64::from_le_bytes).collect();
    Ok(if extended.len() == frames { extended } else { Vec::new() })
}

/// The fragments at these offsets, as far as each is one behind that before it. Offsets count from
/// the first byte behind the table, headers of items included.
fn by_table(fragments: &[(u64, u64)], origin: u64, offsets: &[u64]) -> Vec<usize> {
    let mut starts: Vec<usize> = Vec::new();
    for offset in offsets {
        let begin = origin.saturating_add(*offset).saturating_add(ITEM_HEADER);
        match fragments.binary_search_by_key(&begin, |(at, _)| *at) {
            Ok(fragment) if starts.last().is_none_or(|last| *last < fragment) => starts.push(fragment),
            _ => break,
        }
    }
    starts
}

/// The fragments that begin like a stream.
fn by_marks(dicom: &Dicom, fragments: &[(u64, u64)], layout: &PixelLayout) -> Result<Vec<usize>, StudyError> {
    let (mut begins, mut number) = (Vec::new(), 0);
    dicom.each_beginning(fragments, MARK, |bytes| {
        if StreamKind::of_stream(bytes, layout).is_some() {
            begins.push(number);
        }
        number += 1;
    })?;
    Ok(begins)
}

/// The fragments of a frame, by where frames begin.
fn range_of(
    by_marks: &[usize],
    by_table: &[usize],
    fragments: usize,
    frames: usize,
    index: usize,
) -> Result<Range<usize>, StudyError> {
    let starts = if by_marks.len() == frames || (by_table.len() < frames && by_marks.len() > by_table.len()) {
        by_marks
    } else {
        by_table
    };
    let Some(&begin) = starts.get(index) else {
        let reason = if starts.is_empty() {
            format!(
                "{fragments} fragment(s) of pixel data hold {frames} frames, and neither an offset table nor the data \
                 tells where each begins"
            )
        } else {
            format!("{fragments} fragments of pixel data make {} of {frames} frames", starts.len())
        };
        return Err(StudyError::Truncated(reason));
    };
    Ok(begin..starts.get(index + 1).copied().unwrap_or(fragments))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAGMENTS: [(u64, u64); 4] = [(108, 10), (126, 10), (144, 10), (162, 10)];

    #[test]
    fn a_table_is_believed_as_far_as_its_offsets_are_those_of_fragments() {
        assert_eq!(by_table(&FRAGMENTS, 100, &[0, 36]), [0, 2]);
        assert_eq!(by_table(&FRAGMENTS, 100, &[0, 20]), [0], "headers of items not counted");
        assert_eq!(by_table(&FRAGMENTS, 100, &[36, 0]), [2], "out of order");
        assert_eq!(by_table(&FRAGMENTS, 100, &[u64::MAX, 0]), Vec::<usize>::new());
    }

    #[test]
    fn the_streams_tell_where_the_table_does_not() {
        let range = |by_marks: &[usize], by_table: &[usize]| range_of(by_marks, by_table, 4, 2, 1).ok();
        assert_eq!(range(&[], &[0, 2]), Some(2..4));
        assert_eq!(range(&[0, 3], &[0]), Some(3..4));
        assert_eq!(range(&[0, 3], &[0, 2]), Some(3..4), "both, and they differ");
        assert_eq!(range(&[0, 1, 2], &[0, 2]), Some(2..4), "more marks than frames");
        assert_eq!(range(&[], &[0]), None);
    }
}
