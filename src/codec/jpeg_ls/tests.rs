//! The decoder against `CharLS`, libjpeg and the examples of the standard; the golden file is
//! written by `tests/golden/codecs_jpeg_ls.py`.

use super::*;
use crate::golden::{self, Case, words};

const GOLDEN: &[u8] = include_bytes!("../../../tests/golden/codecs/jpeg_ls.bin");

fn cases(kind: &str) -> Vec<Case> {
    golden::cases(GOLDEN, kind)
}

fn case(name: &str) -> Case {
    let mut found = cases(name);
    assert_eq!(found.len(), 1, "{name}");
    found.remove(0)
}

fn hash(samples: &[u16]) -> u64 {
    golden::hash(samples.iter().flat_map(|sample| sample.to_le_bytes()))
}

/// All golden streams of a kind decode to their samples, all rows and their precision.
fn decode_as_golden(kind: &str, count: usize) {
    let cases = cases(kind);
    assert_eq!(cases.len(), count, "cases of {kind}");
    for Case { name, expected, precision, hash: wanted, stream } in cases {
        let image = decode(stream, &expected).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(image.complete_rows, expected.rows, "{name}");
        assert_eq!((image.precision, hash(&words(&image))), (precision, wanted), "{name}");
        let header = Header::of(stream).unwrap();
        let size = Expected { columns: header.columns, rows: header.rows, components: header.components };
        assert_eq!((size, header.precision), (expected, precision), "{name}");
    }
}

#[test]
fn every_depth_is_lossless_or_near_lossless() {
    decode_as_golden("grey/", 62);
}

#[test]
fn colours_are_interleaved_by_scan_by_line_and_by_sample() {
    decode_as_golden("colour/", 36);
    decode_as_golden("four/", 6);
}

#[test]
fn scans_may_hold_some_of_the_components() {
    decode_as_golden("scans/", 3);
}

#[test]
fn runs_are_of_any_length() {
    decode_as_golden("runs/", 3);
}

#[test]
fn an_image_may_be_smaller_than_a_neighbourhood() {
    decode_as_golden("small/", 15);
}

#[test]
fn thresholds_and_reset_may_be_preset() {
    decode_as_golden("presets/", 12);
}

#[test]
fn a_preset_maxval_sets_the_range_of_errors_and_the_length_of_codes() {
    decode_as_golden("maxval/", 14);
}

#[test]
fn learning_begins_anew_behind_a_restart_marker() {
    decode_as_golden("restart/", 8);
}

#[test]
fn colour_transforms_of_hewlett_packard_are_undone() {
    decode_as_golden("transform/", 12);
}

#[test]
fn a_spiff_header_is_passed_over() {
    decode_as_golden("spiff/", 2);
}

#[test]
fn the_size_may_stand_in_preset_parameters_or_behind_the_first_scan() {
    decode_as_golden("size/", 5);
}

#[test]
fn samples_may_be_indices_of_a_mapping_table() {
    decode_as_golden("mapping/", 3);
}

/// T.87 H.3: four by four samples of eight bits.
const H3: [u8; 58] = [
    0xFF, 0xD8, 0xFF, 0xF7, 0x00, 0x0B, 0x08, 0x00, 0x04, 0x00, 0x04, 0x01, 0x01, 0x11, 0x00, 0xFF, 0xDA, 0x00, 0x08,
    0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x6C, 0x80, 0x20, 0x8E, 0x01, 0xC0, 0x00, 0x00, 0x57, 0x40,
    0x00, 0x00, 0x6E, 0xE6, 0x00, 0x00, 0x01, 0xBC, 0x18, 0x00, 0x00, 0x05, 0xD8, 0x00, 0x00, 0x91, 0x60, 0xFF, 0xD9,
    0x00,
];
const H3_SAMPLES: [u16; 16] = [0, 0, 90, 74, 68, 50, 43, 205, 64, 145, 145, 145, 100, 145, 145, 145];
const H3_SIZE: Expected = Expected { columns: 4, rows: 4, components: 1 };

#[test]
fn the_example_of_annex_h3_decodes_to_its_samples() {
    let image = decode(&H3, &H3_SIZE).unwrap();
    assert_eq!(words(&image), H3_SAMPLES);
    assert_eq!((image.precision, image.complete_rows), (8, 4));
    let header = Header::of(&H3).unwrap();
    assert_eq!((header.columns, header.rows, header.components, header.near), (4, 4, 1, 0));
    assert_eq!(header.interleave, Interleave::None);
}

/// T.87 H.4.5: three by four indices of two bits into a palette.
fn h4_5(table: u8) -> Vec<u8> {
    let frame = [0xFF, 0xD8, 0xFF, 0xF7, 0, 0x0B, 2, 0, 4, 0, 3, 1, 1, 0x11, 0];
    let palette = [0xFF, 0xF8, 0, 0x11, 2, 5, 3, 255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255];
    let scan = [0xFF, 0xDA, 0, 8, 1, 1, table, 0, 0, 0, 0xDB, 0x95, 0xF0, 0xFF, 0xD9];
    [&frame[..], &palette, &scan].concat()
}

#[test]
fn the_palette_of_annex_h4_5_is_refused_by_name_and_its_indices_are_read() {
    let size = Expected { columns: 3, rows: 4, components: 1 };
    let refused = decode(&h4_5(5), &size).unwrap_err().to_string();
    assert!(refused.contains("mapping table 5") && refused.contains("palette"), "{refused}");
    let image = decode(&h4_5(0), &size).unwrap();
    assert_eq!(words(&image), [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3]);
    assert_eq!(image.precision, 2);
}

#[test]
fn fill_bytes_may_stand_before_a_marker_and_zeros_behind_the_data() {
    let (data, end) = (&H3[..55], &[0xFF, 0xD9][..]);
    for between in [&[0xFF, 0xFF][..], &[0, 0, 0]] {
        assert_eq!(decode(&[data, between, end].concat(), &H3_SIZE).unwrap().complete_rows, 4);
    }
}

#[test]
fn all_rows_are_there_without_the_end_marker_or_with_half_of_it() {
    for length in [55, 56] {
        let image = decode(&H3[..length], &H3_SIZE).unwrap();
        assert_eq!((image.complete_rows, words(&image)), (4, H3_SAMPLES.to_vec()), "{length} bytes");
    }
}

#[test]
fn a_cut_costs_the_rows_behind_it() {
    for Case { name, expected, stream, .. } in cases("grey/").into_iter().chain(cases("colour/")) {
        let whole = decode(stream, &expected).unwrap();
        let row = expected.columns * expected.components;
        for tenth in 1..10 {
            let Ok(image) = decode(&stream[..stream.len() * tenth / 10], &expected) else { continue };
            let there = image.complete_rows;
            assert!(there < expected.rows, "{name}, {tenth} tenths: all rows of part of the data");
            assert_eq!(words(&image)[..there * row], words(&whole)[..there * row], "{name}, {tenth} tenths");
            if expected.components == 1 {
                assert!(words(&image)[there * row..].iter().all(|sample| *sample == 0), "{name}");
                assert!(
                    there + 2 + expected.rows / 3 > expected.rows * tenth / 10,
                    "{name}: {there} rows of {tenth} tenths"
                );
            }
        }
    }
}

#[test]
fn a_stream_that_is_cut_before_its_last_scan_has_no_whole_row() {
    let Case { expected, stream, .. } = case("colour/8 bits/none/near 0");
    let whole = decode(stream, &expected).unwrap();
    let image = decode(&stream[..stream.len() / 2], &expected).unwrap();
    assert_eq!(image.complete_rows, 0);
    let reds = |image: &Image| words(image).iter().step_by(3).copied().collect::<Vec<u16>>();
    assert_eq!(reds(&image), reds(&whole), "the first scan is there");
}

/// Where the restart markers of a stream stand.
fn restarts(stream: &[u8]) -> Vec<usize> {
    (0..stream.len() - 1).filter(|i| stream[*i] == 0xFF && (0xD0..=0xD7).contains(&stream[i + 1])).collect()
}

#[test]
fn damage_between_two_restart_markers_costs_the_rows_between_them() {
    let Case { expected, stream, .. } = case("restart/8 bits/near 0/1 none/every 5/");
    let whole = decode(stream, &expected).unwrap();
    let markers = restarts(stream);
    // Zeros are no code: the second interval, rows 5 to 9, ends where they begin.
    let mut damaged = stream.to_vec();
    damaged[markers[0] + 20..markers[1]].fill(0);
    let image = decode(&damaged, &expected).unwrap();
    assert!((5..10).contains(&image.complete_rows), "{}", image.complete_rows);
    let from = |image: &Image, row: usize| words(image)[row * 23..].to_vec();
    assert_eq!(from(&image, 10), from(&whole, 10), "the third interval is in its place");
    // Without the interval and its marker the numbers of the markers tell where the rest belongs.
    let lost = [&stream[..markers[0]], &stream[markers[1]..]].concat();
    let image = decode(&lost, &expected).unwrap();
    assert_eq!(image.complete_rows, 5);
    assert_eq!(from(&image, 10), from(&whole, 10));
    assert!(words(&image)[5 * 23..10 * 23].iter().all(|sample| *sample == 0));
}

#[test]
fn rows_of_an_interval_with_data_left_over_do_not_count() {
    let Case { expected, stream, .. } = case("restart/8 bits/near 0/1 none/every 5/");
    let markers = restarts(stream);
    let longer = [&stream[..markers[1]], &[0x12, 0x34], &stream[markers[1]..]].concat();
    assert_eq!(decode(&longer, &expected).unwrap().complete_rows, 5);
}

#[test]
fn a_size_other_than_the_expected_one_is_refused_before_anything_is_allocated() {
    let mut large = H3.to_vec();
    large[7..11].fill(0xFF);
    let text = decode(&large, &H3_SIZE).unwrap_err().to_string();
    assert!(text.contains("65535 × 65535") && text.contains("4 × 4"), "{text}");
    large[7..11].fill(0);
    assert!(decode(&large, &Expected { columns: 0, rows: 0, components: 1 }).is_err());
}

#[test]
fn where_the_number_of_rows_is_cut_away_the_expected_one_holds() {
    let Case { expected, stream, .. } = case("size/behind the scan");
    let cut = &stream[..stream.len() - 20];
    assert_eq!(Header::of(cut).unwrap().rows, 0);
    let image = decode(cut, &expected).unwrap();
    assert!((1..expected.rows).contains(&image.complete_rows), "{}", image.complete_rows);
}

#[test]
fn what_is_not_decoded_is_named() {
    let with = |at: usize, value: u8| {
        let mut stream = H3.to_vec();
        stream[at] = value;
        decode(&stream, &H3_SIZE).unwrap_err().to_string()
    };
    assert!(with(1, 0).contains("does not begin"));
    assert!(with(3, 0xC3).contains("SOF3"));
    assert!(with(3, 0xF9).contains("T.870"));
    assert!(with(6, 17).contains("17 bits"));
    assert!(with(24, 2).contains("point transform by 2"));
    assert!(with(20, 9).contains("component 9"));
    assert!(with(22, 200).contains("err by 200"));
    assert!(decode(&H3[..20], &H3_SIZE).unwrap_err().to_string().contains("cut short"));
    let transform = |number: u8| {
        let segment = [&H3[..2], &[0xFF, 0xE8, 0, 7], b"mrfx", &[number], &H3[2..]].concat();
        decode(&segment, &H3_SIZE).unwrap_err().to_string()
    };
    assert!(transform(5).contains("matrix"), "{}", transform(5));
    assert!(transform(2).contains("Hp2"), "one component has no colours");
}

#[test]
fn mutated_and_truncated_streams_end_without_a_panic_and_within_bounds() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % below
    };
    for case in cases("").iter().filter(|case| case.stream.len() < 2_000) {
        for _ in 0..25 {
            let mut stream = case.stream.to_vec();
            for _ in 0..=random(4) {
                // Half of the changes fall into the segments, which are short.
                let at = if random(2) == 0 { random(60) } else { random(stream.len()) } % stream.len();
                match random(4) {
                    0 => stream[at] = [0, 0xFF, 0xFF, 0xD9][random(4)],
                    1 => stream[at] ^= 1 << random(8),
                    2 => drop(stream.drain(at..(at + random(9)).min(stream.len()))),
                    _ => stream.truncate(at.max(2)),
                }
                if stream.is_empty() {
                    break;
                }
            }
            let Ok(image) = decode(&stream, &case.expected) else { continue };
            assert!(image.complete_rows <= case.expected.rows, "{}", case.name);
            let Expected { columns, rows, components } = case.expected;
            assert_eq!(image.samples.len(), columns * rows * components, "{}", case.name);
        }
    }
}
