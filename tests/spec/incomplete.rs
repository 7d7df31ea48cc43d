//! Images whose data ends early: what is there is shown, what is missing is said, and nothing of it
//! is scored.

use std::io::Write as _;
use std::path::Path;

use dicom_core::value::PixelFragmentSequence;
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use egui_kittest::kittest::Queryable as _;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use pellucid::study::{self, Frame, StudyError, Unscorable};

use crate::cli::{code, lines, pellucid, said};
use crate::dicom_bytes::LosslessJpeg;
use crate::study::{file, grey, number, text};
use crate::toy;
use crate::viewer::common::Bench;
use crate::viewer::{common, screen};
use pellucid::imaging::Missing;

const WIDTH: u16 = 150;
const HEIGHT: u16 = 203;

/// A picture with something in every block.
fn values(samples: usize) -> Vec<u8> {
    let value = |i: usize| {
        let (x, y, s) = (i / samples % WIDTH as usize, i / samples / WIDTH as usize, i % samples);
        (128.0 + 60.0 * (x as f32 / 9.0 + s as f32).sin() + 50.0 * (y as f32 / 7.0).cos()) as u8 ^ (i * 7919 % 8) as u8
    };
    (0..WIDTH as usize * HEIGHT as usize * samples).map(value).collect()
}

/// A JPEG; `change` sets what the test is about.
fn jpeg(samples: usize, change: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    change(&mut encoder);
    let color = match samples {
        1 => ColorType::Luma,
        4 => ColorType::Cmyk,
        _ => ColorType::Rgb,
    };
    encoder.encode(&values(samples), WIDTH, HEIGHT, color).unwrap();
    bytes
}

fn opened(bytes: &[u8]) -> Result<Frame, StudyError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    std::fs::write(&path, bytes).unwrap();
    study::open_image(&path)
}

fn part(bytes: &[u8], of_a_thousand: usize) -> &[u8] {
    &bytes[..bytes.len() * of_a_thousand / 1000]
}

fn missing_rows(frame: &Frame) -> usize {
    match frame.pixels.missing {
        Some(Missing::Rows { from }) => from,
        other => panic!("not a number of rows: {other:?}"),
    }
}

/// The rows that are there are those of the whole image, the others are black, and both are said.
fn shows_the_first_rows_of(whole: &Frame, cut: &Frame) {
    let from = missing_rows(cut);
    let place = from * cut.pixels.plane.width;
    assert!(from > 0 && from < cut.pixels.plane.height);
    assert_eq!(cut.pixels.plane.values[..place], whole.pixels.plane.values[..place], "rows before {from}");
    let darkest = cut.pixels.plane.values[..place].iter().copied().fold(f32::INFINITY, f32::min);
    assert!(cut.pixels.plane.values[place..].iter().all(|v| *v == darkest));
    assert!(cut.warnings[0].contains(&format!("nothing is known from row {} of", from + 1)), "{:?}", cut.warnings);
    assert!(matches!(cut.scorable(), Err(Unscorable::Incomplete(_))));
}

#[test]
fn a_jpeg_cut_anywhere_shows_the_rows_that_it_has_exactly() {
    type Change = fn(&mut Encoder<&mut Vec<u8>>);
    let kinds: [(usize, Change); 6] = [
        (1, |_| ()),
        (1, |e| e.set_optimized_huffman_tables(true)),
        (1, |e| e.set_restart_interval(5)),
        (3, |e| e.set_sampling_factor(SamplingFactor::F_1_1)),
        (3, |e| e.set_sampling_factor(SamplingFactor::F_2_2)),
        (3, |e| {
            e.set_sampling_factor(SamplingFactor::F_2_1);
            e.set_restart_interval(3);
        }),
    ];
    for (kind, (samples, change)) in kinds.into_iter().enumerate() {
        let bytes = jpeg(samples, change);
        let whole = opened(&bytes).unwrap();
        assert_eq!((whole.pixels.missing, whole.scorable()), (None, Ok(())), "kind {kind}");
        let mut before = 0;
        for share in [200, 600, 950, 999] {
            let cut = opened(part(&bytes, share)).unwrap();
            shows_the_first_rows_of(&whole, &cut);
            let rows = missing_rows(&cut);
            assert!(rows >= before && rows.abs_diff(HEIGHT as usize * share / 1000) < 40, "kind {kind}: {rows}");
            before = rows;
        }
    }
}

#[test]
fn a_jpeg_of_four_inks_that_is_cut_shows_the_rows_that_it_has() {
    let bytes = jpeg(4, |_| ());
    let whole = opened(&bytes).unwrap();
    assert_eq!((&whole.pixels.missing, whole.scorable().is_ok()), (&None, true));
    for of_a_thousand in [150, 500, 900] {
        shows_the_first_rows_of(&whole, &opened(part(&bytes, of_a_thousand)).unwrap());
    }
}

#[test]
fn a_jpeg_that_only_lacks_its_end_mark_is_whole_and_what_comes_behind_it_does_not_matter() {
    for bytes in [jpeg(1, |_| ()), jpeg(3, |e| e.set_progressive(true)), jpeg(3, |e| e.set_restart_interval(4))] {
        let whole = opened(&bytes).unwrap();
        for same in [&bytes[..bytes.len() - 2], &[&bytes[..], b"\0\0 and a note"].concat()] {
            let frame = opened(same).unwrap();
            assert_eq!((frame.pixels.missing, &frame.pixels.plane), (None, &whole.pixels.plane));
        }
    }
}

#[test]
fn an_end_mark_or_zeros_behind_the_cut_do_not_make_an_image_whole() {
    let bytes = jpeg(1, |_| ());
    let whole = opened(&bytes).unwrap();
    let cut = part(&bytes, 600);
    let rows = missing_rows(&opened(cut).unwrap());
    let marked = [cut, &[0xFF, 0xD9]].concat();
    // What a copy leaves that was interrupted after its place had been set aside.
    let hole = [cut, &vec![0; bytes.len() - cut.len()]].concat();
    for bytes in [marked, hole] {
        let frame = opened(&bytes).unwrap();
        shows_the_first_rows_of(&whole, &frame);
        assert_eq!(missing_rows(&frame), rows);
    }
}

#[test]
fn a_thumbnail_in_the_header_is_no_end_of_the_image() {
    let bytes = jpeg(1, |_| ());
    let small = jpeg(1, |e| e.set_optimized_huffman_tables(true));
    let mut exif = vec![0xFF, 0xD8, 0xFF, 0xE1];
    exif.extend(((small.len() + 2) as u16).to_be_bytes());
    exif.extend(&small);
    exif.extend(&bytes[2..]);
    assert_eq!(opened(&exif).unwrap().pixels.missing, None);
    let cut = opened(part(&exif, 900)).unwrap();
    assert!(missing_rows(&cut) > 100);
}

#[test]
fn of_a_progressive_jpeg_only_the_first_scans_are_there() {
    for bytes in [jpeg(1, |e| e.set_progressive(true)), jpeg(3, |e| e.set_progressive_scans(8))] {
        assert_eq!(opened(&bytes).unwrap().pixels.missing, None);
        for share in [600, 950, 990] {
            let cut = opened(part(&bytes, share)).unwrap();
            assert_eq!(cut.pixels.missing, Some(Missing::Detail), "{share}");
            assert!(cut.warnings[0].contains("only its first scans are there"), "{:?}", cut.warnings);
        }
    }
}

#[test]
fn a_jpeg_cut_before_its_first_row_is_a_sentence() {
    let bytes = jpeg(1, |_| ());
    for share in [1, 10, 50] {
        let error = opened(part(&bytes, share)).unwrap_err().to_string();
        assert!(error.ends_with('.') && error.len() > 20, "{error}");
    }
}

#[test]
fn a_png_cut_anywhere_shows_the_rows_that_it_has() {
    let grey = image::GrayImage::from_raw(WIDTH.into(), HEIGHT.into(), values(1)).unwrap();
    let rgb = image::RgbImage::from_raw(WIDTH.into(), HEIGHT.into(), values(3)).unwrap();
    let wide = image::ImageBuffer::<image::Luma<u16>, _>::from_fn(WIDTH.into(), HEIGHT.into(), |x, y| {
        image::Luma([(x * 401 + y * 77) as u16])
    });
    for picture in [grey.into(), rgb.into(), image::DynamicImage::ImageLuma16(wide)] {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        let bytes = bytes.into_inner();
        let whole = opened(&bytes).unwrap();
        assert_eq!(whole.pixels.missing, None);
        for share in [400, 800, 950] {
            shows_the_first_rows_of(&whole, &opened(part(&bytes, share)).unwrap());
        }
        assert_eq!(opened(&bytes[..bytes.len() - 12]).unwrap().pixels.missing, None, "only the end mark is missing");
    }
}

#[test]
fn text_in_a_png_is_not_unpacked() {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::GrayImage::from_pixel(16, 16, image::Luma([9])).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let mut png = bytes.into_inner();
    // 64 MB of blanks behind a keyword, in a hundred places.
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![b' '; 64 << 20]).unwrap();
    let mut body = b"zTXtComment\0\0".to_vec();
    body.extend(packer.finish().unwrap());
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    let mut chunk = ((body.len() - 4) as u32).to_be_bytes().to_vec();
    chunk.extend(&body);
    chunk.extend(crc.sum().to_be_bytes());
    png.splice(33..33, chunk.repeat(100));
    let started = std::time::Instant::now();
    assert_eq!(opened(&png).unwrap().pixels.plane.values, vec![9.0; 256]);
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

/// A TIFF with its directory first: grey, `rows` rows a strip, each packed by `pack`.
fn tiff(
    bits: u16,
    floats: bool,
    rows: usize,
    compression: u16,
    samples: &[u8],
    pack: &dyn Fn(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let stride = WIDTH as usize * usize::from(bits) / 8;
    let strips: Vec<Vec<u8>> = samples.chunks(rows * stride).map(pack).collect();
    let count = strips.len() as u32;
    let tables = 8 + 2 + 12 * 10 + 4;
    let mut at = tables + 8 * count;
    let mut offsets: Vec<u32> = Vec::new();
    for strip in &strips {
        offsets.push(at);
        at += strip.len() as u32;
    }
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let mut bytes = b"II*\0\x08\0\0\0\x0a\0".to_vec();
    for (tag, kind, count, value) in [
        (256, 4, 1, WIDTH.into()),
        (257, 4, 1, HEIGHT.into()),
        (258, 3, 1, bits.into()),
        (259, 3, 1, compression.into()),
        (262, 3, 1, 1),
        (273, 4, count, tables),
        (277, 3, 1, 1),
        (278, 4, 1, rows as u32),
        (279, 4, count, tables + 4 * count),
        (339, 3, 1, if floats { 3 } else { 1 }),
    ] {
        bytes.extend(entry(tag, kind, count, value));
    }
    bytes.extend([0; 4]);
    offsets.iter().for_each(|o| bytes.extend(o.to_le_bytes()));
    strips.iter().for_each(|s| bytes.extend((s.len() as u32).to_le_bytes()));
    strips.iter().for_each(|s| bytes.extend(s));
    bytes
}

fn deflated(strip: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(strip).unwrap();
    packer.finish().unwrap()
}

#[test]
fn a_tiff_cut_anywhere_shows_the_rows_that_it_has() {
    let plain = tiff(8, false, 20, 1, &values(1), &<[u8]>::to_vec);
    let whole = opened(&plain).unwrap();
    assert_eq!(whole.pixels.missing, None);
    let cut = opened(part(&plain, 600)).unwrap();
    shows_the_first_rows_of(&whole, &cut);
    let held = part(&plain, 600).len() - (plain.len() - values(1).len());
    assert_eq!(missing_rows(&cut), held / WIDTH as usize, "to the row, also within a strip");
    let packed = tiff(8, false, 20, 8, &values(1), &deflated);
    assert_eq!(opened(&packed).unwrap().pixels.plane, whole.pixels.plane);
    for share in [400, 950] {
        let cut = opened(part(&packed, share)).unwrap();
        shows_the_first_rows_of(&whole, &cut);
        assert_eq!(missing_rows(&cut) % 20, 0, "whole strips");
    }
}

#[test]
fn a_tiff_with_addresses_of_64_bits_is_read_like_any_other_also_in_part() {
    let mut file = std::io::Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new_big(&mut file).unwrap();
    encoder.write_image::<tiff::encoder::colortype::Gray8>(WIDTH.into(), HEIGHT.into(), &values(1)).unwrap();
    let bytes = file.into_inner();
    let whole = opened(&bytes).unwrap();
    assert_eq!(whole.pixels.plane.values, values(1).iter().map(|v| f32::from(*v)).collect::<Vec<_>>());
    let error = opened(part(&bytes, 600)).unwrap_err();
    assert!(!matches!(error, StudyError::NotAnImage(_)), "its directory stands at its end: {error}");
}

#[test]
fn a_float_tiff_is_shown_and_what_is_no_number_keeps_it_from_being_scored() {
    let mut floats: Vec<f32> = values(1).iter().map(|v| f32::from(*v) / 255.0 - 0.5).collect();
    let bytes = |floats: &[f32]| {
        let samples: Vec<u8> = floats.iter().flat_map(|v| v.to_le_bytes()).collect();
        tiff(32, true, 50, 1, &samples, &<[u8]>::to_vec)
    };
    let frame = opened(&bytes(&floats)).unwrap();
    assert_eq!((&frame.pixels.plane.values, frame.scorable()), (&floats, Ok(())));
    assert!(frame.pixels.value_range.0 < 0.0 && frame.pixels.value_range.1 > 0.0);
    floats[7] = f32::NAN;
    let frame = opened(&bytes(&floats)).unwrap();
    let reason = frame.scorable().unwrap_err();
    assert_eq!(reason, Unscorable::NotFinite { count: 1, of: floats.len() });
    assert!(frame.warnings.contains(&reason.to_string()));
    assert!(frame.pixels.value_range.0.is_finite() && frame.pixels.value_range.1.is_finite());
}

/// A DICOM image of 8 bits with these pixel data.
fn dicom(element: DataElement<dicom_object::InMemDicomObject>, syntax: &str) -> Vec<u8> {
    let mut object = grey(&[0]);
    for (tag, value) in [
        (tags::ROWS, HEIGHT),
        (tags::COLUMNS, WIDTH),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
    ] {
        number(&mut object, tag, value);
    }
    text(&mut object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    object.put(element);
    file(object, syntax)
}

fn encapsulated(fragment: Vec<u8>, syntax: &str) -> Vec<u8> {
    dicom(DataElement::new(tags::PIXEL_DATA, VR::OB, PixelFragmentSequence::new(vec![], vec![fragment])), syntax)
}

#[test]
fn native_pixel_data_that_ends_early_shows_its_rows() {
    let bytes = dicom(
        DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::from(values(1))),
        uids::EXPLICIT_VR_LITTLE_ENDIAN,
    );
    let whole = opened(&bytes).unwrap();
    let cut = opened(&bytes[..bytes.len() - 10 * WIDTH as usize - 5]).unwrap();
    shows_the_first_rows_of(&whole, &cut);
    assert_eq!(missing_rows(&cut), HEIGHT as usize - 11);
    // Pixel data that is shorter than rows and columns say, in a file that is whole.
    let short = values(1)[..40 * WIDTH as usize].to_vec();
    let element = DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::from(short));
    assert_eq!(missing_rows(&opened(&dicom(element, uids::EXPLICIT_VR_LITTLE_ENDIAN)).unwrap()), 40);
}

#[test]
fn jpeg_frames_of_dicom_files_that_end_early_show_their_rows() {
    let stream = jpeg(1, |_| ());
    let bytes = encapsulated(stream.clone(), uids::JPEG_BASELINE8_BIT);
    let whole = opened(&bytes).unwrap();
    assert_eq!(whole.pixels.missing, None);
    for share in [300, 600, 900] {
        // The file ends in the middle of the fragment, or the fragment itself holds too little.
        shows_the_first_rows_of(&whole, &opened(part(&bytes, share)).unwrap());
        let short = encapsulated(part(&stream, share).to_vec(), uids::JPEG_BASELINE8_BIT);
        shows_the_first_rows_of(&whole, &opened(&short).unwrap());
    }
}

#[test]
fn rle_segments_that_end_early_show_their_rows() {
    let mut stream = vec![0; 64];
    (stream[0], stream[4]) = (1, 64);
    for row in values(1).chunks(50) {
        stream.push(49);
        stream.extend(row);
    }
    let whole = opened(&encapsulated(stream.clone(), uids::RLE_LOSSLESS)).unwrap();
    let cut = opened(&encapsulated(part(&stream, 700).to_vec(), uids::RLE_LOSSLESS)).unwrap();
    shows_the_first_rows_of(&whole, &cut);
    let held = (stream.len() * 700 / 1000 - 64) * 50 / 51;
    assert!(missing_rows(&cut).abs_diff(held / WIDTH as usize) <= 1);
}

#[test]
fn lossless_jpeg_that_ends_early_shows_its_rows_also_behind_restart_markers() {
    let samples: Vec<u16> = values(1).into_iter().map(u16::from).collect();
    for restart_rows in [0, 1, 8] {
        let jpeg = LosslessJpeg { columns: WIDTH, precision: 8, point_transform: 0, restart_rows };
        let stream = jpeg.encode(&samples);
        let whole = opened(&encapsulated(stream.clone(), uids::JPEG_LOSSLESS)).unwrap();
        assert_eq!(whole.pixels.missing, None);
        let cut = opened(&encapsulated(part(&stream, 600).to_vec(), uids::JPEG_LOSSLESS)).unwrap();
        shows_the_first_rows_of(&whole, &cut);
    }
}

#[test]
fn what_ends_early_is_not_scored_unless_somebody_insists() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    let bytes = jpeg(1, |_| ());
    std::fs::write(path.join("whole.jpg"), &bytes).unwrap();
    std::fs::write(path.join("cut.jpg"), part(&bytes, 600)).unwrap();
    let predict = |more: &[&str]| {
        let arguments = ["predict", "whole.jpg", "cut.jpg", "--model", "toy", "--samples", "0", "--json"];
        pellucid(path, &[&arguments[..], more].concat())
    };
    let output = predict(&[]);
    assert_eq!(code(&output), 3, "{}", said(&output));
    assert!(said(&output).contains("cut.jpg was not scored. Cause: The image data ends early"), "{}", said(&output));
    let both = lines(&output);
    assert!(both[0]["predictions"].as_array().is_some_and(|p| !p.is_empty()));
    assert_eq!(both[1]["gate"]["accepted"], false);
    assert!(both[1]["gate"]["score"].is_null(), "no gate has looked at it");
    assert!(both[1]["gate"]["reason"].as_str().unwrap().contains("of the rows are there"));
    assert!(both[1]["predictions"].as_array().is_some_and(Vec::is_empty) && both[1]["conformal"].is_null());
    let output = predict(&["--force"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let forced = &lines(&output)[1];
    assert!(!forced["predictions"].as_array().unwrap().is_empty());
    assert!(forced["warnings"].to_string().contains("Scored although a part of the image is missing"));
}

#[test]
fn an_evaluation_counts_what_ends_early_as_failed_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    let classes = ["Normal", "Bacterial pneumonia", "Viral pneumonia"];
    for (i, class) in classes.iter().enumerate() {
        std::fs::create_dir_all(path.join("set").join(class)).unwrap();
        for k in 0..3 {
            toy::picture(&path.join("set").join(class).join(format!("{i}-{k}.png")), (3 * i + k) as u32);
        }
    }
    std::fs::write(path.join("set/Normal/cut.jpg"), part(&jpeg(1, |_| ()), 600)).unwrap();
    let output = pellucid(path, &["evaluate", "set", "--model", "toy", "--json"]);
    assert_eq!(code(&output), 3, "{}", said(&output));
    assert!(said(&output).contains("cut.jpg") && said(&output).contains("of the rows are there"), "{}", said(&output));
}

#[test]
fn pixels_that_are_no_numbers_are_refused_also_when_somebody_insists() {
    let folder = tempfile::tempdir().unwrap();
    let path: &Path = folder.path();
    toy::model(path);
    let mut samples: Vec<u8> = values(1).iter().flat_map(|v| f32::from(*v).to_le_bytes()).collect();
    samples[..4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    std::fs::write(path.join("a.tif"), tiff(32, true, 50, 1, &samples, &<[u8]>::to_vec)).unwrap();
    let predict = ["predict", "a.tif", "--model", "toy", "--samples", "0", "--json"];
    let output = pellucid(path, &predict);
    assert_eq!(lines(&output)[0]["gate"]["accepted"], false, "{}", said(&output));
    let output = pellucid(path, &[&predict[..], &["--force"]].concat());
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("1 of 30450 pixels are no finite numbers"), "{}", said(&output));
}

#[test]
fn the_viewer_marks_what_is_missing() {
    for (missing, words) in [
        (Missing::Rows { from: 30 }, "No data: the file ends early (row 31 of 48)"),
        (Missing::Detail, "Detail is missing: the file ends early"),
    ] {
        let mut cut = common::frame(64, 48);
        cut.pixels.missing = Some(missing);
        let bench = Bench::with_image(cut);
        assert!(bench.state.notices.iter().any(|n| n.text.contains("The image data ends early")));
        let harness = screen(bench);
        assert!(harness.query_all_by_label_contains(words).count() > 0, "{words}");
    }
}

#[test]
fn what_is_said_of_an_image_does_not_stand_over_the_next_one() {
    let mut cut = common::frame(64, 48);
    cut.pixels.missing = Some(Missing::Rows { from: 30 });
    let mut bench = Bench::with_image(cut);
    assert!(bench.state.notices.iter().any(|notice| notice.text.contains("The image data ends early")));
    bench.open(common::frame(64, 48));
    assert!(!bench.state.notices.iter().any(|notice| notice.text.contains("ends early")), "{:?}", bench.state.notices);
}
