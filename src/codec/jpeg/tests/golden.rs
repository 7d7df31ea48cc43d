//! Samples of other decoders, to the bit.

use super::{Golden, JpegError, decode, golden, goldens, words};
use crate::image::Expected;
use crate::jpeg::{Header, Process, decode_planes, decode_rgb};

#[test]
fn every_kind_of_stream_decodes_to_the_bit_as_other_decoders_decode_it() {
    let goldens = goldens();
    assert!(goldens.len() > 80);
    for golden in goldens {
        let Golden { name, expected, precision, samples, .. } = &golden;
        let image = golden.decoded().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (image.columns, image.rows, image.components),
            (expected.columns, expected.rows, expected.components),
            "{name}"
        );
        assert_eq!(
            (image.precision, image.complete_rows, image.lacks_detail),
            (*precision, expected.rows, false),
            "{name}"
        );
        let wrong = words(&image).iter().zip(samples).filter(|(ours, theirs)| ours != theirs).count();
        assert_eq!((image.samples.len(), wrong), (samples.len(), 0), "{name}");
    }
}

#[test]
fn the_header_tells_what_a_caller_must_know() {
    for golden in goldens() {
        let header = Header::of(&golden.stream).unwrap();
        let frame = &header.frame;
        assert_eq!((frame.columns, frame.rows), (golden.expected.columns, golden.expected.rows), "{}", golden.name);
        assert_eq!((frame.components.len(), frame.precision), (golden.expected.components, golden.precision));
        assert_eq!(frame.process == Process::Lossless, golden.name.starts_with("lossless"));
        assert_eq!(
            frame.process == Process::Progressive,
            golden.name.starts_with("progressive") || golden.name.contains("+es") || golden.name.contains("+ep"),
            "{}",
            golden.name
        );
        assert_eq!(
            header.restart_interval > 0,
            golden.name.contains("restart")
                || golden.name.contains("transform 2")
                || golden.name.contains("lossless colour one"),
            "{}",
            golden.name
        );
    }
    let header = Header::of(&golden("lossless point transform 4 predictor 5").stream).unwrap();
    assert_eq!((header.predictor, header.point_transform), (5, 4));
    assert_eq!(Header::of(&golden("baseline colour 2x2").stream).unwrap().is_ycbcr(), Some(true));
}

#[test]
fn an_image_that_is_larger_than_expected_is_refused_before_anything_is_allocated() {
    let golden = golden("baseline colour 2x2");
    let Expected { columns, rows, components } = golden.expected;
    for smaller in [
        Expected { columns: columns - 1, ..golden.expected },
        Expected { rows: rows - 1, ..golden.expected },
        Expected { components: components - 1, ..golden.expected },
    ] {
        let error = decode(&golden.stream, smaller).unwrap_err();
        assert!(matches!(error, JpegError::TooLarge { .. }), "{error}");
        assert!(error.to_string().contains("37 × 29 pixels of 3 sample(s)"), "{error}");
    }
}

#[test]
fn planes_keep_the_sizes_of_the_components() {
    let golden = golden("baseline colour 2x2");
    let planes = decode_planes(&golden.stream, golden.expected).unwrap();
    let sizes: Vec<_> =
        planes.planes.iter().map(|plane| (plane.columns, plane.rows, plane.row::<u8>(0).len())).collect();
    assert_eq!(sizes, [(37, 29, 37), (19, 15, 19), (19, 15, 19)]);
    let luminance: Vec<u16> =
        (0..29).flat_map(|row| planes.planes[0].row::<u8>(row).iter().map(|v| u16::from(*v))).collect();
    let first: Vec<u16> = golden.samples.chunks(3).map(|pixel| pixel[0]).collect();
    assert_eq!(luminance, first);
}

#[test]
fn colours_are_converted_only_when_asked_for() {
    let colour = golden("baseline colour 1x1");
    let before = words(&colour.decoded().unwrap());
    let image = decode_rgb(&colour.stream, colour.expected).unwrap();
    let [y, cb, cr] = before[..3] else { panic!() };
    let red = f64::from(y) + 1.402 * (f64::from(cr) - 128.0);
    let blue = f64::from(y) + 1.772 * (f64::from(cb) - 128.0);
    assert!((f64::from(words(&image)[0]) - red.clamp(0.0, 255.0)).abs() <= 1.0);
    assert!((f64::from(words(&image)[2]) - blue.clamp(0.0, 255.0)).abs() <= 1.0);
    let grey = golden("baseline grey quality 90");
    assert_eq!(decode_rgb(&grey.stream, grey.expected).unwrap(), grey.decoded().unwrap());
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    let golden = golden("baseline grey quality 90");
    let frame = golden.stream.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    let error = |code: u8| {
        let mut stream = golden.stream.clone();
        stream[frame + 1] = code;
        decode(&stream, golden.expected).unwrap_err().to_string()
    };
    assert!([0xC9, 0xCA, 0xCB].into_iter().all(|code| error(code).contains("arithmetic")));
    assert!([0xC5, 0xC6, 0xC7, 0xCD, 0xDE].into_iter().all(|code| error(code).contains("hierarchical")));
    let lossless = super::golden("lossless colour together");
    let mut stream = lossless.stream.clone();
    let sampling = stream.windows(2).position(|pair| pair == [0xFF, 0xC3]).unwrap() + 11;
    stream[sampling] = 0x22;
    assert_eq!(decode(&stream, lossless.expected).unwrap_err(), JpegError::SubsampledLossless);
}

#[test]
fn scans_that_name_components_otherwise_than_the_frame_are_read_in_order() {
    let golden = golden("baseline colour 2x1");
    let scan = golden.data() - 10;
    for ids in [[0, 1, 2], [1, 1, 1], [9, 8, 7]] {
        let mut stream = golden.stream.clone();
        (0..3).for_each(|i| stream[scan + 1 + 2 * i] = ids[i]);
        assert_eq!(words(&golden.of(&stream)), golden.samples, "{ids:?}");
    }
}
