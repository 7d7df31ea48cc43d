//! A presentation state about the image of the bench, with everything that one may ask for.

use super::Seed;
use super::dicom::{element, items, text};
use crate::dicom_bytes::{EXPLICIT, IMPLICIT, labelled};
use crate::readers::Reader;

fn floats(tag: (u16, u16), values: &[f32]) -> Vec<u8> {
    element(tag, "FL", &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
}

fn annotations() -> Vec<u8> {
    let note = [
        text((0x70, 3), "CS", "PIXEL"),
        text((0x70, 6), "ST", "mass?"),
        floats((0x70, 0x10), &[1.0, 1.0]),
        floats((0x70, 0x11), &[4.0, 2.0]),
    ]
    .concat();
    let drawing = |kind: &str, points: &[f32]| {
        [
            text((0x70, 5), "CS", "PIXEL"),
            element((0x70, 0x20), "US", &[2, 0]),
            element((0x70, 0x21), "US", &((points.len() / 2) as u16).to_le_bytes()),
            floats((0x70, 0x22), points),
            text((0x70, 0x23), "CS", kind),
            text((0x70, 0x24), "CS", "N"),
        ]
        .concat()
    };
    let drawings = [
        drawing("POLYLINE", &[1.0, 1.0, 5.0, 5.0]),
        drawing("INTERPOLATED", &[1.0, 1.0, 5.0, 5.0, 7.0, 2.0]),
        drawing("CIRCLE", &[4.0, 4.0, 6.0, 4.0]),
        drawing("ELLIPSE", &[1.0, 4.0, 7.0, 4.0, 4.0, 2.0, 4.0, 6.0]),
        drawing("POINT", &[2.0, 2.0]),
    ];
    let layer = [
        text((0x70, 2), "CS", "LAYER"),
        element((0x70, 8), "SQ", &items(&[note])),
        element((0x70, 9), "SQ", &items(&drawings)),
    ]
    .concat();
    element((0x70, 1), "SQ", &items(&[layer]))
}

fn state() -> Vec<u8> {
    let image = text((8, 0x1155), "UI", "2.25.1");
    let series = element((8, 0x1140), "SQ", &items(&[image]));
    let window = [text((0x28, 0x1050), "DS", "12"), text((0x28, 0x1051), "DS", "5")].concat();
    let area = [
        element((0x70, 0x52), "SL", &[1, 0, 0, 0, 1, 0, 0, 0]),
        element((0x70, 0x53), "SL", &[9, 0, 0, 0, 7, 0, 0, 0]),
        text((0x70, 0x100), "CS", "SCALE TO FIT"),
        text((0x70, 0x101), "DS", "1\\2"),
    ]
    .concat();
    [
        text((8, 0x16), "UI", "1.2.840.10008.5.1.4.1.1.11.1"),
        text((8, 0x18), "UI", "2.25.77"),
        text((8, 0x60), "CS", "PR"),
        element((8, 0x1115), "SQ", &items(&[series])),
        text((0x18, 0x1600), "CS", "RECTANGULAR"),
        text((0x18, 0x1602), "IS", "1"),
        text((0x18, 0x1604), "IS", "8"),
        text((0x18, 0x1606), "IS", "1"),
        text((0x18, 0x1608), "IS", "6"),
        element((0x28, 0x3110), "SQ", &items(&[window])),
        annotations(),
        text((0x70, 0x41), "CS", "Y"),
        element((0x70, 0x42), "US", &[90, 0]),
        element((0x70, 0x5A), "SQ", &items(&[area])),
        text((0x70, 0x80), "CS", "TUMOUR"),
        text((0x70, 0x82), "DA", "20261129"),
        text((0x2050, 0x20), "CS", "INVERSE"),
    ]
    .concat()
}

pub(crate) fn all() -> Vec<Seed> {
    // Labelled as implicit, it is read as what it is.
    [(EXPLICIT, "presentation state"), (IMPLICIT, "presentation state, labelled wrongly")]
        .map(|(syntax, name)| Seed::of(Reader::PresentationState, name, labelled(syntax, &state())))
        .to_vec()
}
