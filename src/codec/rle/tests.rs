//! Run lengths against pydicom, and what files do beside the standard; the golden file is written
//! by `tests/golden/codecs_rle.py`.

use super::*;
use crate::golden::{self, Case};

const GOLDEN: &[u8] = include_bytes!("../../../tests/golden/codecs/rle.bin");

/// A frame of these segments, each at the end of the one before.
fn frame(segments: &[&[u8]]) -> Vec<u8> {
    let mut offset = HEADER;
    let mut words = vec![segments.len()];
    for segment in segments {
        words.push(offset);
        offset += segment.len();
    }
    with_header(&words, &segments.concat())
}

fn with_header(words: &[usize], data: &[u8]) -> Vec<u8> {
    let mut stream: Vec<u8> = words.iter().flat_map(|word| (*word as u32).to_le_bytes()).collect();
    stream.resize(HEADER, 0);
    stream.extend(data);
    stream
}

fn size(columns: usize, rows: usize, components: usize) -> Expected {
    Expected { columns, rows, components }
}

#[test]
fn frames_of_pydicom_and_of_others_decode_to_their_samples() {
    let cases = golden::cases(GOLDEN, "");
    assert_eq!(cases.len(), 15);
    for Case { name, expected, precision, hash, stream } in cases {
        let planes = decode(stream, &expected, usize::from(precision / 8)).unwrap();
        assert_eq!(planes.complete_rows, expected.rows, "{name}");
        assert_eq!(golden::hash(planes.bytes), hash, "{name}");
    }
}

#[test]
fn packbits_copies_repeats_and_skips() {
    let planes = decode(&frame(&[&[2, 7, 8, 9, 254, 5, 128, 0, 1]]), &size(7, 1, 1), 1).unwrap();
    assert_eq!((planes.bytes, planes.complete_rows), (vec![7, 8, 9, 5, 5, 5, 1], 1));
}

#[test]
fn the_most_significant_byte_of_a_sample_comes_first() {
    let bytes = |sample_bytes: usize| {
        let segments: Vec<[u8; 3]> = (0..sample_bytes as u8).map(|n| [1, 10 + n, 20 + n]).collect();
        let segments: Vec<&[u8]> = segments.iter().map(|s| &s[..]).collect();
        decode(&frame(&segments), &size(2, 1, 1), sample_bytes).unwrap().bytes
    };
    assert_eq!(bytes(1), [10, 20]);
    assert_eq!(bytes(2), [11, 10, 21, 20]);
    assert_eq!(bytes(3), [12, 11, 10, 22, 21, 20]);
    assert_eq!(bytes(4), [13, 12, 11, 10, 23, 22, 21, 20]);
}

#[test]
fn fifteen_segments_are_five_components_of_three_bytes() {
    let segments: Vec<[u8; 2]> = (0..15).map(|n| [0, n]).collect();
    let segments: Vec<&[u8]> = segments.iter().map(|s| &s[..]).collect();
    let planes = decode(&frame(&segments), &size(1, 1, 5), 3).unwrap();
    assert_eq!(planes.bytes, [2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9, 14, 13, 12]);
}

#[test]
fn runs_may_cross_rows_and_the_end_of_the_image() {
    for sample_bytes in [1, 2] {
        let segments = vec![&[254, 4, 129, 6][..]; sample_bytes];
        let planes = decode(&frame(&segments), &size(2, 3, 1), sample_bytes).unwrap();
        assert_eq!(planes.bytes, [4, 4, 4, 6, 6, 6].map(|v| vec![v; sample_bytes]).concat());
        assert_eq!(planes.complete_rows, 3);
    }
}

#[test]
fn bytes_behind_a_segment_are_passed_over() {
    let planes = decode(&frame(&[&[255, 1, 0, 9, 0], &[255, 2, 0]]), &size(2, 1, 2), 1).unwrap();
    assert_eq!(planes.bytes, [1, 1, 2, 2]);
}

#[test]
fn segments_may_stand_in_any_order() {
    let data = [255, 1, 255, 2, 255, 3];
    let planes = decode(&with_header(&[3, 68, 64, 66], &data), &size(2, 1, 3), 1).unwrap();
    assert_eq!(planes.bytes, [3, 3, 1, 1, 2, 2]);
    assert_eq!(planes.complete_rows, 1);
}

#[test]
fn the_segment_that_ends_first_tells_the_missing_rows() {
    let whole = frame(&[&[249, 1], &[249, 2], &[7, 1, 2, 3, 4, 5, 6, 7, 8]]);
    let of = |length: usize| decode(&whole[..length], &size(2, 4, 3), 1).unwrap();
    assert_eq!(of(whole.len()).complete_rows, 4);
    let cut = of(whole.len() - 3);
    assert_eq!(cut.complete_rows, 2, "five of eight bytes of the last segment");
    assert_eq!(cut.bytes[16..], [1, 2, 3, 4, 5, 0, 0, 0]);
    assert_eq!(of(HEADER + 3).complete_rows, 0, "a segment without its byte");
    assert_eq!(of(HEADER).complete_rows, 0);
    assert_eq!(decode(&whole[..HEADER - 1], &size(2, 4, 3), 1), Err(RleError::Truncated));
}

#[test]
fn a_segment_does_not_reach_into_the_next_one() {
    // The first one says that four bytes follow, and has two.
    let planes = decode(&frame(&[&[3, 1, 2], &[253, 9]]), &size(2, 2, 2), 1).unwrap();
    assert_eq!((planes.bytes, planes.complete_rows), (vec![1, 2, 0, 0, 9, 9, 9, 9], 1));
}

#[test]
fn what_does_not_fit_together_is_said() {
    let text = |stream: &[u8], components, sample_bytes| {
        decode(stream, &size(2, 1, components), sample_bytes).unwrap_err().to_string()
    };
    let one = frame(&[&[255, 1]]);
    assert!(text(&one, 1, 2).contains("1 segment(s)") && text(&one, 1, 2).contains("need 2"), "{}", text(&one, 1, 2));
    assert!(text(&with_header(&[9_000_000], &[]), 1, 1).contains("9000000"));
    assert!(text(&with_header(&[1, 4], &[255, 1]), 1, 1).contains("segment 1 begins at byte 4, within the header"));
    assert!(text(&with_header(&[2, 64, 64], &[255, 1]), 1, 2).contains("segment 2 begins at byte 64, where another"));
    assert!(text(&one, 4, 4).contains("1 to 15 segments"));
    let behind = decode(&with_header(&[1, 4_000_000_000], &[255, 1]), &size(2, 1, 1), 1).unwrap();
    assert_eq!(behind.complete_rows, 0, "a segment behind the end is empty");
    assert!(decode(&one, &size(usize::MAX, 2, 1), 1).is_err() && decode(&one, &size(0, 2, 1), 1).is_err());
}

#[test]
fn mutated_and_truncated_frames_end_without_a_panic_and_within_bounds() {
    let mut state = 0x1234_5678_9ABC_DEF1_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % below
    };
    for case in golden::cases(GOLDEN, "") {
        for _ in 0..200 {
            let mut stream = case.stream.to_vec();
            for _ in 0..=random(4) {
                let at = if random(3) == 0 { random(HEADER) } else { random(stream.len()) };
                stream[at] = random(256) as u8;
            }
            stream.truncate(1 + random(2 * stream.len()));
            let sample_bytes = usize::from(case.precision / 8);
            let Ok(planes) = decode(&stream, &case.expected, sample_bytes) else { continue };
            let Expected { columns, rows, components } = case.expected;
            assert_eq!(planes.bytes.len(), columns * rows * components * sample_bytes);
            assert!(planes.complete_rows <= rows);
        }
    }
}
