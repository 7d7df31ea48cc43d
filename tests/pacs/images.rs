//! Small radiographs with UIDs of their own.

use std::path::{Path, PathBuf};

use pellucid::study::wire::StoredObject;

use super::dicom_bytes::{EXPLICIT, Object};

pub(crate) const CR: &str = "1.2.840.10008.5.1.4.1.1.1";
pub(crate) const STUDY: &str = "2.25.1000";
pub(crate) const SERIES: &str = "2.25.1001";

/// The UID of an image by its number.
pub(crate) fn uid(number: usize) -> String {
    format!("2.25.2{number:06}")
}

/// An image whose pixels follow from its number.
pub(crate) fn object(number: usize) -> Object {
    let pixels = (0..64_usize).flat_map(|i| ((i * 31 + number * 17) as u16 & 0x0FFF).to_le_bytes()).collect();
    Object::new(8, 8, 16)
        .bits(12, 11, false)
        .text((8, 0x16), "UI", CR)
        .text((8, 0x18), "UI", &uid(number))
        .text((8, 0x20), "DA", "20260102")
        .text((8, 0x30), "TM", "101112")
        .text((8, 0x50), "SH", "A17")
        .text((8, 0x60), "CS", "CR")
        .text((8, 0x90), "PN", "")
        .text((0x10, 0x10), "PN", "TEST^PHANTOM")
        .text((0x10, 0x20), "LO", "P17")
        .text((0x10, 0x30), "DA", "20200101")
        .text((0x10, 0x40), "CS", "O")
        .text((0x18, 0x15), "CS", "CHEST")
        .text((0x20, 0x0D), "UI", STUDY)
        .text((0x20, 0x0E), "UI", SERIES)
        .text((0x20, 0x10), "SH", "S1")
        .text((0x20, 0x11), "IS", "1")
        .text((0x20, 0x13), "IS", &number.to_string())
        .pixels("OW", 2, pixels)
}

/// A computed radiograph of 7 × 5 samples of 12 bits in JPEG-LS (`…4.80`) or JPEG 2000 (`…4.90`), from
/// `tests/golden/transfer_syntaxes.py`.
pub(crate) fn compressed(number: usize, syntax: &str) -> Vec<u8> {
    let mut rest: &[u8] = include_bytes!("../golden/transfer_syntaxes.bin");
    let stream = loop {
        let (uid, behind) = rest[1..].split_at(rest[0].into());
        let length = u32::from_le_bytes(behind[3..7].try_into().unwrap()) as usize;
        if uid == syntax.as_bytes() && behind[..3] == [12, 0, 1] {
            break behind[7..7 + length].to_vec();
        }
        rest = &behind[7 + length..];
    };
    let mut even = stream;
    even.resize(even.len().next_multiple_of(2), 0);
    object(number).number((0x28, 0x10), 5).number((0x28, 0x11), 7).fragments(&[], vec![even]).file(syntax)
}

/// Writes an image into a folder.
pub(crate) fn write(folder: &Path, number: usize) -> PathBuf {
    let path = folder.join(format!("{number}.dcm"));
    std::fs::write(&path, object(number).file(EXPLICIT)).unwrap();
    path
}

/// So many images in a folder, ready to be sent.
pub(crate) fn stored(folder: &Path, count: usize) -> Vec<StoredObject> {
    (1..=count).map(|number| StoredObject::open(&write(folder, number)).unwrap()).collect()
}
