//! Indexes of media (DICOMDIR) that list what is not there, or themselves; and a region of more points than
//! anybody draws.

use super::Constructed;
use super::implicit::{fl, object, seq, txt};
use crate::readers::Reader;

const DIRECTORY: &str = "1.2.840.10008.1.3.10";

/// An index of records of images with these File IDs.
fn index(files: impl Iterator<Item = String>) -> Vec<u8> {
    let record = |file: String| [txt((4, 0x1430), "IMAGE"), txt((4, 0x1500), &file)].concat();
    // The records stand before the class of the object, as tags are ordered.
    let records = seq((4, 0x1220), &files.map(record).collect::<Vec<_>>());
    let head = [txt((8, 0x16), DIRECTORY), txt((8, 0x18), "2.25.78")].concat();
    crate::dicom_bytes::labelled(crate::dicom_bytes::IMPLICIT, &[records, head].concat())
}

pub(crate) fn all() -> Vec<Constructed> {
    let of = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Dicom, name, make);
    let region = || {
        let points: Vec<f32> = (0..2_000_000).map(|i| (i % 777) as f32).collect();
        let drawn = [
            txt((0x40, 0xA010), "CONTAINS"),
            txt((0x40, 0xA040), "SCOORD"),
            fl((0x70, 0x22), &points),
            txt((0x70, 0x23), "POLYLINE"),
        ];
        let content = seq((0x40, 0xA730), &[drawn.concat()]);
        object("1.2.840.10008.5.1.4.1.1.88.34", &[txt((0x40, 0xA040), "CONTAINER"), content])
    };
    vec![
        of("an index of 100,000 files that are not there", || index((0..100_000).map(|i| format!("A\\B{i}"))))
            .says("is not there"),
        of("an index of 20,000 ways of sixteen folders", || {
            index((0..20_000).map(|i| format!("{}F{i}", "A\\".repeat(15))))
        })
        .says("is not there"),
        of("an index of one file, 100,000 times", || index((0..100_000).map(|_| "IMAGE.DCM".to_owned()))),
        of("an index that lists itself", || index(["file", "FILE", "FILE;1", "FILE."].map(str::to_owned).into_iter())),
        of("an index that leads out of its folder", || {
            index(["..\\..\\ETC\\PASSWD", "/etc/passwd", "A\\..\\B", "C:"].map(str::to_owned).into_iter())
        })
        .says("leads out of the folder"),
        of("an index of a name of a megabyte", || index(["A".repeat(1 << 20)].into_iter())),
        Constructed::of(Reader::Results, "a region of a million points", region),
    ]
}
