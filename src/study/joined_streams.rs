//! Streams that stand one behind the other in the same fragments, where PS3.5 A.4 wants at least
//! one fragment a frame: each is followed by its own marks to where it ends.
//!
//! JPEG and JPEG-LS end with EOI (ITU-T T.81 B.1.1, T.87 C.1), JPEG 2000 with EOC (T.800 A.4.4),
//! uncompressed frames by their size. RLE, JPEG XL and deflated frames do not say where they end
//! before they are decoded: they are divided where the offset table leads to beginnings of streams.

use super::codec::stream_kind::StreamKind;
use super::guard::PixelLayout;

/// Start and end of a JPEG image.
const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
/// Start of a tile part, and end of a JPEG 2000 code stream.
const SOT: u8 = 0x90;
const EOC: u8 = 0xD9;

/// The stream of frame `index` among those that `joined` holds; `None` where it cannot be told, or
/// where there are fewer than `layout` says. `offsets` are those of the offset table, headers of
/// items not counted.
pub(super) fn stream_of(
    joined: &[u8],
    offsets: &[u64],
    syntax: &str,
    layout: &PixelLayout,
    index: usize,
) -> Option<Vec<u8>> {
    let kind = StreamKind::of_stream(joined, layout).or_else(|| StreamKind::of_syntax(syntax))?;
    let frames = layout.frames as usize;
    if offsets.len() == frames
        && let Some(found) = by_offsets(joined, offsets, kind, layout, index)
    {
        return Some(found);
    }
    if kind == StreamKind::Native {
        let length = usize::try_from(layout.frame_bits()).ok()? / 8;
        let whole = layout.frame_bits().is_multiple_of(8) && joined.len() / frames == length;
        return whole.then(|| joined.get(index * length..(index + 1) * length)).flatten().map(<[u8]>::to_vec);
    }
    let mut begin = 0;
    let mut found = None;
    for number in 0..frames {
        let rest = joined.get(begin..)?;
        let length = match kind {
            StreamKind::Jpeg => jpeg_length(rest, 0x00..=0x00),
            StreamKind::JpegLs => jpeg_length(rest, 0x00..=0x7F),
            StreamKind::Jpeg2000 => jpeg_2000_length(rest),
            _ => None,
        };
        // The last one may lack its end.
        let length = length.or_else(|| (number + 1 == frames).then_some(rest.len()))?;
        if number == index {
            found = Some(rest[..length].to_vec());
        }
        begin += length;
        // Bytes that fill up to an even length.
        begin += joined.get(begin..)?.iter().take_while(|byte| **byte == 0).count();
        let next = joined.get(begin..)?;
        if number + 1 < frames && StreamKind::of_stream(next, layout) != Some(kind) {
            return None;
        }
    }
    found
}

/// The stream at its offset, if a stream of this kind begins at every one.
fn by_offsets(joined: &[u8], offsets: &[u64], kind: StreamKind, layout: &PixelLayout, index: usize) -> Option<Vec<u8>> {
    let begins = |offset: &u64| {
        let rest = joined.get(usize::try_from(*offset).ok()?..)?;
        (StreamKind::of_stream(rest, layout) == Some(kind)).then_some(*offset as usize)
    };
    let begins: Vec<usize> = offsets.iter().map(begins).collect::<Option<_>>()?;
    let in_order = begins.first() == Some(&0) && begins.is_sorted_by(|a, b| a < b);
    let end = begins.get(index + 1).copied().unwrap_or(joined.len());
    joined.get(*begins.get(index)?..end).filter(|_| in_order).map(<[u8]>::to_vec)
}

/// Bytes of a JPEG stream up to its end mark. `stuffed`: what stands behind an 0xFF of the data.
fn jpeg_length(stream: &[u8], stuffed: std::ops::RangeInclusive<u8>) -> Option<usize> {
    let mut at = 0;
    loop {
        // The next marker; in front of it stand fill bytes, or the data of a scan.
        at += stream.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
        at += stream.get(at..)?.iter().position(|byte| *byte != 0xFF)?;
        let code = *stream.get(at)?;
        at += 1;
        match code {
            EOI => return Some(at),
            SOI | 0x01 | 0xD0..=0xD7 => {}
            code if stuffed.contains(&code) => {}
            _ => at += length(stream, at)?,
        }
    }
}

/// What a segment says of its length, which counts itself.
fn length(stream: &[u8], at: usize) -> Option<usize> {
    let bytes = stream.get(at..at + 2)?;
    Some(usize::from(u16::from_be_bytes([bytes[0], bytes[1]])).max(2))
}

/// Bytes of a JPEG 2000 code stream up to its end mark.
fn jpeg_2000_length(stream: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        match stream.get(at..at + 2)? {
            [0xFF, EOC] => return Some(at + 2),
            [0xFF, SOT] => {
                let told = stream.get(at + 6..at + 10)?;
                let told = u32::from_be_bytes(told.try_into().ok()?) as usize;
                // The length of the last part may be left open; no mark stands in its data.
                at = match told {
                    0 => at + 12 + stream.get(at + 12..)?.windows(2).position(|pair| pair == [0xFF, EOC])?,
                    _ => at.checked_add(told.max(12))?,
                };
            }
            [0xFF, _] => at += 2 + length(stream, at + 2)?,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::guard::tests::grey_layout;

    fn layout(frames: u32) -> PixelLayout {
        PixelLayout { frames, ..grey_layout(2, 2, 8) }
    }

    /// A stream with what looks like an end in a segment and in its data.
    fn jpeg(mark: u8) -> Vec<u8> {
        let sof = [0xFF, 0xD8, 0xFF, 0xE0, 0, 6, 0xFF, 0xD9, 1, 2, 0xFF, 0xC0, 0, 3, 8];
        [&sof[..], &[0xFF, 0xDA, 0, 3, 1, mark, 0xFF, 0x00, 0xFF, 0xD3, 7, 0xFF, 0xFF, 0xD9]].concat()
    }

    #[test]
    fn streams_of_jpeg_are_told_apart_by_their_end() {
        let joined = [jpeg(1), vec![0], jpeg(2), jpeg(3), vec![0]].concat();
        for (index, mark) in [1, 2, 3].into_iter().enumerate() {
            let stream = stream_of(&joined, &[], "1.2.840.10008.1.2.4.50", &layout(3), index);
            assert_eq!(stream.as_deref(), Some(&jpeg(mark)[..]));
        }
        assert_eq!(stream_of(&joined, &[], "1.2.840.10008.1.2.4.50", &layout(4), 0), None, "fewer than frames");
        let cut = &joined[..joined.len() - 5];
        assert_eq!(stream_of(cut, &[], "1.2.840.10008.1.2.4.50", &layout(3), 2).unwrap().len(), jpeg(3).len() - 4);
    }

    #[test]
    fn in_jpeg_ls_an_ff_may_stand_before_seven_bits_of_data() {
        let stream = |mark: u8| {
            let head = [0xFF, 0xD8, 0xFF, 0xF7, 0, 3, 8, 0xFF, 0xDA, 0, 3, 1];
            [&head[..], &[mark, 0xFF, 0x59, 0xFF, 0x7F, 0xFF, 0xD9]].concat()
        };
        let joined = [stream(1), stream(2)].concat();
        let second = stream_of(&joined, &[], "1.2.840.10008.1.2.4.80", &layout(2), 1);
        assert_eq!(second, Some(stream(2)));
    }

    #[test]
    fn code_streams_of_jpeg_2000_are_told_apart_by_the_lengths_of_their_parts() {
        let stream = |mark: u8, told: bool| {
            let mut bytes = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 4, 0xFF, 0xD9];
            bytes.extend([0xFF, 0x90, 0, 10, 0, 0, 0, 0, 0, if told { 17 } else { 0 }, 0, 1, 0xFF, 0x93, 1, 2, mark]);
            bytes.extend([0xFF, 0xD9]);
            bytes
        };
        for told in [true, false] {
            let joined = [stream(1, told), stream(2, told), vec![0, 0]].concat();
            let second = stream_of(&joined, &[], "1.2.840.10008.1.2.4.90", &layout(2), 1);
            assert_eq!(second, Some(stream(2, told)));
        }
    }

    #[test]
    fn uncompressed_frames_are_told_apart_by_their_size() {
        let joined: Vec<u8> = (0..8).collect();
        let syntax = "1.2.840.10008.1.2.1.98";
        assert_eq!(stream_of(&joined, &[], syntax, &layout(2), 1), Some(vec![4, 5, 6, 7]));
        assert_eq!(stream_of(&joined, &[], syntax, &layout(3), 1), None);
    }

    #[test]
    fn offsets_are_believed_where_streams_begin() {
        let mut rle = [0_u8; 64];
        (rle[0], rle[4]) = (1, 64);
        let stream = |mark: u8| [&rle[..], &[3, mark, 2, 3, 4, 0]].concat();
        let joined = [stream(1), stream(2)].concat();
        let second = |offsets: &[u64]| stream_of(&joined, offsets, "1.2.840.10008.1.2.5", &layout(2), 1);
        assert_eq!(second(&[0, 70]), Some(stream(2)));
        for wrong in [&[0, 71][..], &[70, 0], &[0, 1 << 40], &[0, 0], &[0], &[]] {
            assert_eq!(second(wrong), None, "{wrong:?}");
        }
    }
}
