//! Segmentations and parametric maps of others, of more than there is, and of places that are none.

use super::Constructed;
use super::implicit::{FRAME_OF_REFERENCE, IMAGE, SLICE, el, fd, fl, object, open_sequences, seq, txt, us};
use crate::readers::Reader;
use crate::seeds::dicom::words;

const SEG: &str = "1.2.840.10008.5.1.4.1.1.66.4";
const LABEL_MAP: &str = "1.2.840.10008.5.1.4.1.1.66.7";
const PM: &str = "1.2.840.10008.5.1.4.1.1.30";

/// A multi-frame object: its size, and what stands before and behind the description of its pixels.
struct MultiFrame {
    class: &'static str,
    frames: u32,
    size: [u16; 2],
    bits: u16,
    named: Vec<u8>,
    segments: Vec<u8>,
    groups: Vec<u8>,
    pixels: Vec<u8>,
}

impl MultiFrame {
    fn new(class: &'static str) -> Self {
        Self {
            class,
            frames: 1,
            size: [24, 32],
            bits: 1,
            named: names(SLICE),
            segments: segments(&[1]),
            groups: groups(&[], &[of_segment(Some(1))]),
            pixels: el((0x7FE0, 0x10), &[0xFF; 96]),
        }
    }

    fn file(&self) -> Vec<u8> {
        let [rows, columns] = self.size;
        object(
            self.class,
            &[
                txt((8, 0x60), if self.class == PM { "OT" } else { "SEG" }),
                self.named.clone(),
                txt((0x20, 0x52), FRAME_OF_REFERENCE),
                us((0x28, 2), 1),
                txt((0x28, 4), "MONOCHROME2"),
                txt((0x28, 8), &self.frames.to_string()),
                us((0x28, 0x10), rows),
                us((0x28, 0x11), columns),
                us((0x28, 0x100), self.bits),
                us((0x28, 0x101), self.bits),
                us((0x28, 0x102), self.bits.saturating_sub(1)),
                us((0x28, 0x103), 0),
                self.segments.clone(),
                self.groups.clone(),
                self.pixels.clone(),
            ],
        )
    }
}

/// Referenced Series Sequence.
fn names(uid: &str) -> Vec<u8> {
    let series = [seq((8, 0x114A), &[txt((8, 0x1155), uid)]), txt((0x20, 0xE), "2.25.3")].concat();
    seq((8, 0x1115), &[series])
}

/// Segmentation Type and Segment Sequence with these numbers.
fn segments(numbers: &[u16]) -> Vec<u8> {
    let one = |number: &u16| [us((0x62, 4), *number), txt((0x62, 5), "Lung")].concat();
    let all: Vec<Vec<u8>> = numbers.iter().map(one).collect();
    [txt((0x62, 1), "BINARY"), seq((0x62, 2), &all)].concat()
}

fn of_segment(number: Option<u16>) -> Vec<u8> {
    let held = number.map(|number| us((0x62, 0xB), number)).unwrap_or_default();
    seq((0x62, 0xA), &[held])
}

/// Shared and per-frame functional groups.
fn groups(shared: &[u8], per_frame: &[Vec<u8>]) -> Vec<u8> {
    [seq((0x5200, 0x9229), &[shared.to_vec()]), seq((0x5200, 0x9230), per_frame)].concat()
}

/// The plane of the slice of the bench, moved and stretched.
fn plane(z: &str, orientation: &str, spacing: &str) -> Vec<u8> {
    [
        seq((0x20, 0x9113), &[txt((0x20, 0x32), &format!("-16\\-12\\{z}"))]),
        seq((0x20, 0x9116), &[txt((0x20, 0x37), orientation)]),
        seq((0x28, 0x9110), &[[txt((0x18, 0x50), "5"), txt((0x28, 0x30), spacing)].concat()]),
    ]
    .concat()
}

fn made_of(uids: &[&str]) -> Vec<u8> {
    let sources: Vec<Vec<u8>> = uids.iter().map(|uid| txt((8, 0x1155), uid)).collect();
    seq((8, 0x9124), &[seq((8, 0x2112), &sources)])
}

fn segmentations() -> Vec<Constructed> {
    let of = |name: &str, make: fn() -> MultiFrame| {
        Constructed::of(Reader::Results, format!("a segmentation {name}"), move || make().file())
    };
    vec![
        of("of 65,535 × 65,535 pixels and 20,000 frames", || MultiFrame {
            size: [65_535, 65_535],
            frames: 20_000,
            ..MultiFrame::new(SEG)
        }),
        of("of 2 billion frames", || MultiFrame { frames: 2_000_000_000, ..MultiFrame::new(SEG) }),
        of("of 20,000 frames in the plane of the slice", || MultiFrame {
            frames: 20_000,
            size: [1, 8],
            groups: groups(&plane("10", "1\\0\\0\\0\\1\\0", "1\\0.5"), &vec![of_segment(Some(1)); 20_000]),
            pixels: el((0x7FE0, 0x10), &vec![0xFF; 20_000]),
            ..MultiFrame::new(SEG)
        }),
        of("of 20,000 frames that share 20,000 images", || MultiFrame {
            frames: 20_000,
            size: [1, 8],
            groups: groups(&made_of(&["2.25.4"; 20_000]), &vec![of_segment(Some(1)); 20_000]),
            pixels: el((0x7FE0, 0x10), &vec![0xFF; 20_000]),
            ..MultiFrame::new(SEG)
        }),
        of("of 20,000 frames in 20,000 named images of 20,000 series", || MultiFrame {
            frames: 20_000,
            size: [1, 8],
            named: {
                let one = |i: u32| {
                    let image = txt((8, 0x1155), &format!("2.25.4.{i}"));
                    [seq((8, 0x114A), &[image]), txt((0x20, 0xE), &format!("2.25.5.{i}"))].concat()
                };
                seq((8, 0x1115), &(0..20_000).map(one).collect::<Vec<_>>())
            },
            groups: groups(&[], &vec![of_segment(Some(1)); 20_000]),
            pixels: el((0x7FE0, 0x10), &vec![0xFF; 20_000]),
            ..MultiFrame::new(SEG)
        }),
        of("of segment 0 and one that is not there", || MultiFrame {
            frames: 4,
            segments: segments(&[0, 1, 1, 65_535]),
            groups: groups(
                &[],
                &[of_segment(Some(0)), of_segment(Some(9)), of_segment(None), of_segment(Some(65_535))],
            ),
            pixels: el((0x7FE0, 0x10), &[0xFF; 384]),
            ..MultiFrame::new(SEG)
        }),
        of("of segments without numbers", || MultiFrame {
            segments: seq((0x62, 2), &vec![txt((0x62, 5), "Lung"); 3]),
            ..MultiFrame::new(SEG)
        }),
        of("of no segments", || MultiFrame { segments: Vec::new(), ..MultiFrame::new(SEG) }),
        of("of 60,000 segments", || MultiFrame {
            segments: segments(&(1..=60_000).collect::<Vec<_>>()),
            ..MultiFrame::new(SEG)
        }),
        of("with more frames than groups", || MultiFrame { frames: 19_000, ..MultiFrame::new(SEG) }),
        of("with groups that hold each other", || {
            let inner = open_sequences((0x5200, 0x9230), &[], 40, &of_segment(Some(1)));
            MultiFrame { groups: groups(&inner, std::slice::from_ref(&inner)), ..MultiFrame::new(SEG) }
        }),
        of("with places that are none", || {
            let planes = [
                plane("nan", "1\\0\\0\\0\\1\\0", "1\\1"),
                plane("10", "0\\0\\0\\0\\0\\0", "1\\1"),
                plane("10", "1\\0\\0\\1\\0\\0", "1\\1"),
                plane("10", "1\\0\\0\\0\\1\\0", "1e-300\\1e-300"),
                plane("10", "1\\0\\0\\0\\1\\0", "0\\-1"),
                plane("1e300", "1\\0\\0\\0\\1\\0", "999\\999"),
                plane("10", "inf\\0\\0\\0\\nan\\0", "1\\1"),
            ];
            let frames: Vec<Vec<u8>> =
                planes.iter().map(|place| [place.clone(), of_segment(Some(1))].concat()).collect();
            MultiFrame {
                frames: 7,
                groups: groups(&[], &frames),
                pixels: el((0x7FE0, 0x10), &[0xFF; 672]),
                ..MultiFrame::new(SEG)
            }
        }),
        of("with fractions of nothing", || MultiFrame {
            bits: 8,
            segments: [
                txt((0x62, 1), "FRACTIONAL"),
                seq((0x62, 2), &[us((0x62, 4), 1)]),
                us((0x62, 0xE), 0),
                txt((0x62, 0x10), "OCCUPANCY"),
            ]
            .concat(),
            pixels: el((0x7FE0, 0x10), &[0xFF; 768]),
            ..MultiFrame::new(SEG)
        }),
        of("with a label map of 65,535 segments", || MultiFrame {
            class: LABEL_MAP,
            bits: 16,
            size: [256, 256],
            named: names(IMAGE),
            segments: segments(&(0..=65_535).collect::<Vec<_>>()),
            groups: groups(&plane("10", "1\\0\\0\\0\\1\\0", "1\\0.5"), &[Vec::new()]),
            pixels: el((0x7FE0, 0x10), &words(&(0..=65_535).collect::<Vec<_>>())),
            ..MultiFrame::new(SEG)
        }),
        of("without pixel data", || MultiFrame { pixels: Vec::new(), ..MultiFrame::new(SEG) }),
    ]
}

/// Real World Value Mapping with these elements.
fn mapping(more: &[Vec<u8>]) -> Vec<u8> {
    seq((0x40, 0x9096), &[more.concat()])
}

fn map(pixels: Vec<u8>) -> MultiFrame {
    MultiFrame {
        bits: 32,
        segments: Vec::new(),
        groups: groups(&plane("10", "1\\0\\0\\0\\1\\0", "1\\0.5"), &[Vec::new()]),
        pixels,
        ..MultiFrame::new(PM)
    }
}

fn floats() -> Vec<u8> {
    fl((0x7FE0, 8), &(0..768).map(|i| i as f32).collect::<Vec<_>>())
}

fn maps() -> Vec<Constructed> {
    let of = |name: &str, make: fn() -> MultiFrame| {
        Constructed::of(Reader::Results, format!("a parametric map {name}"), move || make().file())
    };
    vec![
        of("of floats that are half there", || map(fl((0x7FE0, 8), &[1.0; 384]))),
        of("of an odd number of bytes", || map(el((0x7FE0, 8), &[7; 3071]))),
        of("of floats and doubles", || map([floats(), fd((0x7FE0, 9), &[1.0; 768])].concat())),
        of("of doubles in 32 bits", || map(fd((0x7FE0, 9), &[1e300; 768]))),
        of("of floats in 64 bits", || MultiFrame { bits: 64, ..map(floats()) }),
        of("of no number", || map(fl((0x7FE0, 8), &[f32::NAN; 768]))),
        of("of 65,535 × 65,535 floats", || MultiFrame { size: [65_535, 65_535], frames: 20_000, ..map(floats()) }),
        of("of a length beyond its file", || {
            let mut pixels = floats();
            pixels[4..8].copy_from_slice(&0xFFFF_FFFE_u32.to_le_bytes());
            map(pixels)
        }),
        of("whose values are no numbers", || {
            let scales = [
                mapping(&[fd((0x40, 0x9224), &[f64::NAN]), fd((0x40, 0x9225), &[f64::INFINITY])]),
                mapping(&[fd((0x40, 0x9224), &[f64::INFINITY]), fd((0x40, 0x9225), &[-1e308])]),
                mapping(&[fd((0x40, 0x9212), &vec![f64::NAN; 70_000]), us((0x40, 0x9216), 0)]),
                mapping(&[fd((0x40, 0x9212), &[1.0]), us((0x40, 0x9216), 65_535)]),
                mapping(&[]),
            ];
            let values = (0..5 * 768).map(|i| if i % 3 == 0 { f32::INFINITY } else { i as f32 });
            MultiFrame {
                frames: 5,
                groups: groups(&plane("10", "1\\0\\0\\0\\1\\0", "1\\0.5"), &scales),
                ..map(fl((0x7FE0, 8), &values.collect::<Vec<_>>()))
            }
        }),
        of("of 20,000 frames on one slice", || {
            let values = vec![0.5; 20_000];
            MultiFrame {
                frames: 20_000,
                size: [1, 1],
                groups: groups(&plane("10", "1\\0\\0\\0\\1\\0", "1\\0.5"), &vec![Vec::new(); 20_000]),
                ..map(fl((0x7FE0, 8), &values))
            }
        }),
        of("of 20,000 frames with a quantity of long texts", || {
            let text = |i: u32| {
                [txt((0x40, 0xA040), "TEXT"), txt((0x40, 0xA160), &format!("{i}{}", "a".repeat(32_000)))].concat()
            };
            let own = mapping(&[seq((0x40, 0x9220), &(0..32).map(text).collect::<Vec<_>>())]);
            MultiFrame {
                frames: 20_000,
                size: [1, 1],
                groups: groups(&[plane("10", "1\\0\\0\\0\\1\\0", "1\\0.5"), own].concat(), &vec![Vec::new(); 20_000]),
                ..map(fl((0x7FE0, 8), &vec![0.5; 20_000]))
            }
        }),
        of("whose quantity is 60,000 items", || {
            let quantity = [txt((0x40, 0xA040), "CODE"), seq((0x40, 0xA043), &[txt((8, 0x100), "1")])].concat();
            let groups = groups(
                &[plane("10", "1\\0\\0\\0\\1\\0", "1\\0.5"), mapping(&[seq((0x40, 0x9220), &vec![quantity; 60_000])])]
                    .concat(),
                &[Vec::new()],
            );
            MultiFrame { groups, ..map(floats()) }
        }),
    ]
}

pub(crate) fn all() -> Vec<Constructed> {
    let mut all = segmentations();
    all.extend(maps());
    all
}
