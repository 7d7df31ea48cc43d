//! Streams that end early, were changed or carry more than they should.

use super::{Golden, decode, golden, goldens, words};
use crate::image::Image;

/// The rows that are said to be complete hold what they should.
fn assert_complete_rows_hold(golden: &Golden, image: &Image) {
    let complete = image.complete_rows * golden.width();
    assert_eq!(words(image)[..complete], golden.samples[..complete], "{}", golden.name);
}

#[test]
fn data_that_ends_early_gives_the_rows_that_came() {
    // What Cornell's encoder got wrong shows only where all data has come.
    for golden in goldens().into_iter().filter(|g| g.expected.rows > 16 && !g.name.contains("Cornell")) {
        let progressive = ["progressive", "+es", "+ep"].iter().any(|kind| golden.name.contains(kind));
        let (begin, end) = (golden.data(), golden.stream.len() - 2);
        let mut last = 0;
        for part in [0, 1, 3, 6, 7] {
            let cut = begin + (end - begin) * part / 8;
            let image = golden.of(&golden.stream[..cut]);
            if progressive {
                assert!(image.lacks_detail || image.complete_rows < image.rows, "{} {part}", golden.name);
            } else {
                assert!(image.complete_rows < image.rows, "{} {part}", golden.name);
                assert_complete_rows_hold(&golden, &image);
            }
            assert!(image.complete_rows >= last, "{}", golden.name);
            last = image.complete_rows;
        }
        if !progressive && golden.expected.components == 1 {
            assert!(last > 8, "{}: only {last} rows of seven eighths", golden.name);
        }
        assert_eq!(
            golden.of(&golden.stream[..end]).complete_rows,
            golden.expected.rows,
            "{}: no end marker",
            golden.name
        );
    }
}

#[test]
fn what_is_missing_is_zero() {
    for name in ["lossless 12 bit predictor 4", "baseline grey quality 90", "12 bit dcmcjpeg +ee"] {
        let golden = golden(name);
        let cut = golden.data() + (golden.stream.len() - golden.data()) / 2;
        let image = golden.of(&golden.stream[..cut]);
        let samples = words(&image);
        let last = samples.rchunks(golden.width()).next().unwrap();
        assert!(last.iter().all(|sample| *sample == 0), "{name}");
    }
}

#[test]
fn a_hole_at_the_end_is_no_data() {
    for name in ["lossless 12 bit predictor 1", "baseline grey quality 90"] {
        let golden = golden(name);
        let cut = golden.data() + (golden.stream.len() - golden.data()) / 2;
        let hole = [&golden.stream[..cut], [0; 2000].as_slice()].concat();
        assert_eq!(golden.of(&hole), golden.of(&golden.stream[..cut]), "{name}");
    }
}

#[test]
fn behind_a_restart_marker_the_image_goes_on() {
    // Rows in an interval, and rows that share a block with the damage or are mixed with it.
    for (name, rows) in [("lossless restart 3 rows predictor 7", 3), ("baseline colour 2x2 restart", 16)] {
        let golden = golden(name);
        let markers: Vec<usize> = (golden.data()..golden.stream.len() - 1)
            .filter(|i| golden.stream[*i] == 0xFF && (0xD0..=0xD7).contains(&golden.stream[i + 1]))
            .collect();
        let (begin, end) = (golden.data(), markers[0]);
        // The first interval without its second half.
        let shorter = [&golden.stream[..usize::midpoint(begin, end)], &golden.stream[end..]].concat();
        let image = golden.of(&shorter);
        assert!(image.complete_rows < rows, "{name}");
        let behind = (rows + 1) * golden.width();
        assert_eq!(words(&image)[behind..], golden.samples[behind..], "{name}");
        assert_complete_rows_hold(&golden, &image);
    }
}

#[test]
fn intervals_that_are_missing_leave_the_others_in_their_place() {
    let golden = golden("lossless restart 1 rows predictor 1");
    let markers: Vec<usize> = (golden.data()..golden.stream.len() - 1)
        .filter(|i| golden.stream[*i] == 0xFF && (0xD0..=0xD7).contains(&golden.stream[i + 1]))
        .collect();
    // Rows 4 to 6 with their markers.
    let shorter = [&golden.stream[..markers[3]], &golden.stream[markers[6]..]].concat();
    let image = golden.of(&shorter);
    assert_eq!(image.complete_rows, 4);
    let width = golden.width();
    assert!(words(&image)[4 * width..7 * width].iter().all(|sample| *sample == 0));
    assert_eq!(words(&image)[7 * width..], golden.samples[7 * width..]);
}

#[test]
fn garbage_fill_bytes_and_what_follows_the_end_change_nothing() {
    for golden in goldens() {
        let stream = &golden.stream;
        let before = [b"\x00\xFFgarbage".as_slice(), stream].concat();
        let behind = [stream, [0; 7].as_slice(), stream].concat();
        // Fill bytes before every marker of a segment, and something that belongs to none.
        let mut filled = Vec::new();
        let mut at = 0;
        while at < golden.data() {
            let segment = if at == 0 { 2 } else { 2 + usize::from(stream[at + 2]) * 256 + usize::from(stream[at + 3]) };
            filled.extend([7, 0xFF, 0xFF]);
            filled.extend(&stream[at..at + segment]);
            at += segment;
        }
        filled.extend(&stream[at..]);
        for (how, stream) in [("before", before), ("behind", behind), ("between", filled)] {
            assert_eq!(words(&golden.of(&stream)), golden.samples, "{} {how}", golden.name);
        }
    }
}

#[test]
fn progressive_data_that_lacks_scans_is_whole_and_coarse() {
    let golden = golden("progressive grey");
    let scans: Vec<usize> =
        (0..golden.stream.len() - 1).filter(|i| golden.stream[*i..].starts_with(&[0xFF, 0xDA])).collect();
    let image = golden.of(&golden.stream[..scans[2]]);
    assert_eq!((image.complete_rows, image.lacks_detail), (golden.expected.rows, true));
    let error: u32 = words(&image).iter().zip(&golden.samples).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    assert!(error > 0 && error / (golden.samples.len() as u32) < 10, "the same image, but for detail");
}

#[test]
fn a_bomb_of_scans_is_cut_short() {
    // 4096 × 4096 pixels, and 100 000 scans that each go through all their blocks: five bits say
    // that 32767 blocks have nothing new.
    let mut stream = vec![0xFF, 0xD8, 0xFF, 0xC2, 0, 11, 8, 0x10, 0, 0x10, 0, 1, 1, 0x11, 0, 0xFF, 0xDB, 0, 67, 0];
    stream.extend([1; 64]);
    stream.extend([0xFF, 0xC4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xE0]);
    for scan in 0..100_000 {
        let (high, low) = if scan == 0 { (0, 1) } else { (1, 0) };
        stream.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, high << 4 | low]);
        (0..12).for_each(|_| stream.extend([0b0111_1111, 0b1111_1110]));
    }
    let begin = std::time::Instant::now();
    let expected = crate::image::Expected { columns: 4096, rows: 4096, components: 1 };
    let image = decode(&stream, expected).unwrap();
    assert!(image.lacks_detail);
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}

/// A generator of numbers that are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }
}

#[test]
fn changed_streams_neither_panic_nor_exceed_what_is_expected() {
    let goldens = goldens();
    let mut numbers = Numbers(0x5EED);
    let (mut images, mut errors) = (0, 0);
    for turn in 0..6000 {
        let golden = &goldens[turn % goldens.len()];
        let mut stream = golden.stream.clone();
        for _ in 0..=numbers.below(4) {
            let at = numbers.below(stream.len());
            match numbers.below(7) {
                0 => stream.truncate(at),
                1 => stream[at] ^= 1 << numbers.below(8),
                2 => stream[at] = numbers.below(256) as u8,
                3 => stream[at] = 0xFF,
                4 => drop(stream.drain(at..(at + numbers.below(40)).min(stream.len()))),
                5 => {
                    let part = stream[at..(at + numbers.below(40)).min(stream.len())].to_vec();
                    stream.splice(at..at, part).for_each(drop);
                }
                // In the headers, where it hurts.
                _ => {
                    let at = numbers.below(golden.data().min(stream.len()));
                    stream[at] = numbers.below(256) as u8;
                }
            }
            if stream.is_empty() {
                stream.push(0);
            }
        }
        match decode(&stream, golden.expected) {
            Ok(image) => {
                let expected = golden.expected;
                assert!(image.columns <= expected.columns && image.rows <= expected.rows);
                assert!(image.components <= expected.components && image.complete_rows <= image.rows);
                assert_eq!(image.samples.len(), image.columns * image.rows * image.components);
                images += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                errors += 1;
            }
        }
    }
    assert!(images > 1000 && errors > 500, "{images} images, {errors} errors");
}
