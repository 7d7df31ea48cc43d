//! JPEG XL frames: libjxl's streams (`tests/golden/jpeg_xl.py`) give libjxl's samples, recompressed
//! JPEG those of the JPEG.

use pellucid::study::StudyError;

use crate::dicom_bytes::{Object, opened};

struct Golden {
    name: String,
    syntax: String,
    bits: u16,
    components: usize,
    columns: u16,
    rows: u16,
    tolerance: f32,
    samples: Vec<f32>,
    stream: Vec<u8>,
}

fn golden() -> Vec<Golden> {
    let mut rest: &[u8] = include_bytes!("../golden/jpeg_xl.bin");
    let mut take = |count: usize| {
        let (bytes, behind) = rest.split_at_checked(count)?;
        rest = behind;
        Some(bytes.to_vec())
    };
    let mut all = Vec::new();
    while let Some(length) = take(1) {
        let text = |bytes: Option<Vec<u8>>| String::from_utf8(bytes.unwrap()).unwrap();
        let name = text(take(length[0].into()));
        let length = take(1).unwrap();
        let syntax = text(take(length[0].into()));
        let [bits, components] = take(2).unwrap()[..] else { unreachable!() };
        let [columns, rows] = [0, 1].map(|_| u16::from_le_bytes(take(2).unwrap().try_into().unwrap()));
        let tolerance = f32::from(take(1).unwrap()[0]);
        let mut block = || {
            let length = u32::from_le_bytes(take(4).unwrap().try_into().unwrap());
            take(length as usize).unwrap()
        };
        let (samples, stream) = (block(), block());
        let samples = match bits {
            ..=8 => samples.into_iter().map(f32::from).collect(),
            _ => samples.as_chunks().0.iter().map(|word| f32::from(u16::from_le_bytes(*word))).collect(),
        };
        let (bits, components) = (bits.into(), components.into());
        all.push(Golden { name, syntax, bits, components, columns, rows, tolerance, samples, stream });
    }
    all
}

impl Golden {
    fn object(&self) -> Object {
        let allocated = if self.bits <= 8 { 8 } else { 16 };
        let object = Object::new(self.columns, self.rows, allocated).bits(self.bits, self.bits - 1, false);
        let object = if self.components == 3 { object.colours("RGB") } else { object };
        object.fragments(&[], vec![self.stream.clone()])
    }
}

#[test]
fn streams_of_libjxl_give_its_samples() {
    let all = golden();
    assert!(all.len() >= 20);
    for golden in all {
        let frame = opened(&golden.object().file(&golden.syntax)).unwrap_or_else(|e| panic!("{}: {e}", golden.name));
        let (found, expected): (Vec<f32>, Vec<f32>) = if golden.components == 3 {
            let highest = ((1_u32 << golden.bits) - 1) as f32;
            let eight = golden.samples.iter().map(|v| (v * (255.0 / highest)).round());
            (frame.pixels.color.unwrap().as_raw().iter().map(|v| f32::from(*v)).collect(), eight.collect())
        } else {
            (frame.pixels.plane.values, golden.samples)
        };
        assert_eq!(found.len(), expected.len(), "{}", golden.name);
        let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // A JPEG stream that its decoder cannot put together again is decoded as any other image.
        let again = golden.name != "recompressed progressive 4:2:2";
        let most = if again { golden.tolerance } else { 3.0 };
        assert!(worst <= most, "{}: up to {worst} away", golden.name);
    }
}

#[test]
fn what_was_recompressed_is_rgb_whatever_the_label_says() {
    let golden = golden().into_iter().find(|golden| golden.name == "recompressed 4:2:0").unwrap();
    for label in ["RGB", "YBR_FULL_422", "YBR_FULL"] {
        let object = golden.object().colours(label);
        let frame = opened(&object.file(&golden.syntax)).unwrap();
        let found: Vec<f32> = frame.pixels.color.unwrap().as_raw().iter().map(|v| f32::from(*v)).collect();
        assert_eq!(found, golden.samples, "{label}");
    }
}

#[test]
fn a_stream_that_ends_early_or_has_another_size_is_a_sentence() {
    let golden = golden().into_iter().find(|golden| golden.name == "lossless 16 bits, 1").unwrap();
    let refused = |object: Object| -> StudyError { opened(&object.file(&golden.syntax)).expect_err("a refusal") };
    for length in [2, 3, 12, golden.stream.len() / 2, golden.stream.len() - 1] {
        let object = Object::new(golden.columns, golden.rows, 16);
        let error = refused(object.fragments(&[], vec![golden.stream[..length].to_vec()])).to_string();
        assert!(error.contains("damaged") || error.contains("ends"), "{length} bytes: {error}");
    }
    let object = Object::new(golden.columns + 1, golden.rows, 16).fragments(&[], vec![golden.stream.clone()]);
    let error = refused(object).to_string();
    assert!(error.contains("37 × 29") && error.contains("has others"), "{error}");
}

#[test]
fn damage_is_never_more_than_a_sentence() {
    for golden in golden().into_iter().filter(|golden| golden.name.contains("8 bits") || golden.name.contains("4:2:0"))
    {
        for at in (0..golden.stream.len()).step_by(golden.stream.len() / 24) {
            let mut stream = golden.stream.clone();
            stream[at] ^= 0x55;
            let object = golden.object().fragments(&[], vec![stream]);
            if let Err(error) = opened(&object.file(&golden.syntax)) {
                assert!(error.to_string().ends_with('.'), "{}, byte {at}: {error}", golden.name);
            }
        }
    }
}
