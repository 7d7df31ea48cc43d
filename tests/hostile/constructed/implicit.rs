//! Objects in implicit VR little endian, in which any value may be long, element by element.

use crate::dicom_bytes::{IMPLICIT, labelled};

/// The slice and the radiograph of the bench.
pub(super) const SLICE: &str = "2.25.2026113021.2.2";
pub(super) const IMAGE: &str = "2.25.1";
/// Of the slice.
pub(super) const FRAME_OF_REFERENCE: &str = "2.25.2026113021.4";

pub(super) type Tag = (u16, u16);

pub(super) fn el((group, element): Tag, value: &[u8]) -> Vec<u8> {
    let mut bytes = [group.to_le_bytes(), element.to_le_bytes()].concat();
    bytes.extend((value.len().next_multiple_of(2) as u32).to_le_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(2), b' ');
    bytes
}

pub(super) fn txt(tag: Tag, value: &str) -> Vec<u8> {
    el(tag, value.as_bytes())
}

pub(super) fn us(tag: Tag, value: u16) -> Vec<u8> {
    el(tag, &value.to_le_bytes())
}

pub(super) fn fd(tag: Tag, values: &[f64]) -> Vec<u8> {
    el(tag, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
}

pub(super) fn fl(tag: Tag, values: &[f32]) -> Vec<u8> {
    el(tag, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
}

pub(super) fn seq(tag: Tag, items: &[Vec<u8>]) -> Vec<u8> {
    el(tag, &crate::seeds::dicom::items(items))
}

/// Sequences of one item in each other, whose lengths are not told; the innermost holds `inner`.
pub(super) fn open_sequences(tag: Tag, around: &[u8], depth: usize, inner: &[u8]) -> Vec<u8> {
    let mut open = around.to_vec();
    open.extend([tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat());
    open.extend([0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    let close = [0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
    [open.repeat(depth), inner.to_vec(), close.repeat(depth)].concat()
}

/// An object of a class, with what follows its study in the order of the tags.
pub(super) fn object(class: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let head = [txt((8, 0x16), class), txt((8, 0x18), "2.25.78")].concat();
    labelled(IMPLICIT, &[head, more.concat()].concat())
}
