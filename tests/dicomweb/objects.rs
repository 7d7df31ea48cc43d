//! Small DICOM files, made element by element.

use std::path::{Path, PathBuf};

use pellucid::study::wire::StoredObject;

/// A Secondary Capture of a few pixels.
#[derive(Clone, Debug)]
pub(crate) struct Object<'a> {
    pub study: &'a str,
    pub series: &'a str,
    pub instance: &'a str,
    pub name: &'a str,
    pub id: &'a str,
    pub date: &'a str,
    pub modality: &'a str,
    pub body_part: &'a str,
    pub description: &'a str,
}

impl<'a> Object<'a> {
    /// Of somebody, on a day.
    pub(crate) fn of(study: &'a str, series: &'a str, instance: &'a str) -> Self {
        Self {
            study,
            series,
            instance,
            name: "DOE^JANE",
            id: "P1",
            date: "20201130",
            modality: "DX",
            body_part: "CHEST",
            description: "Thorax p.a.",
        }
    }

    /// The bytes of its file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        const CLASS: &str = "1.2.840.10008.5.1.4.1.1.7";
        let mut meta = Vec::new();
        put(&mut meta, 2, 1, "OB", &[0, 1]);
        put(&mut meta, 2, 2, "UI", CLASS.as_bytes());
        put(&mut meta, 2, 3, "UI", self.instance.as_bytes());
        put(&mut meta, 2, 0x10, "UI", b"1.2.840.10008.1.2.1");
        put(&mut meta, 2, 0x12, "UI", b"2.25.1");
        let mut bytes = [&[0; 128][..], b"DICM"].concat();
        put(&mut bytes, 2, 0, "UL", &(meta.len() as u32).to_le_bytes());
        bytes.extend(meta);
        let short = |n: u16| n.to_le_bytes();
        for (group, element, vr, value) in [
            (8, 5, "CS", &b"ISO_IR 192"[..]),
            (8, 0x16, "UI", CLASS.as_bytes()),
            (8, 0x18, "UI", self.instance.as_bytes()),
            (8, 0x20, "DA", self.date.as_bytes()),
            (8, 0x30, "TM", b"140500"),
            (8, 0x50, "SH", b"A17"),
            (8, 0x60, "CS", self.modality.as_bytes()),
            (8, 0x64, "CS", b"WSD"),
            (8, 0x1030, "LO", self.description.as_bytes()),
            (8, 0x103E, "LO", b"Series of it"),
            (0x10, 0x10, "PN", self.name.as_bytes()),
            (0x10, 0x20, "LO", self.id.as_bytes()),
            (0x18, 0x15, "CS", self.body_part.as_bytes()),
            (0x20, 0xD, "UI", self.study.as_bytes()),
            (0x20, 0xE, "UI", self.series.as_bytes()),
            (0x20, 0x11, "IS", b"1"),
            (0x20, 0x13, "IS", b"1"),
            (0x28, 2, "US", &short(1)),
            (0x28, 4, "CS", b"MONOCHROME2"),
            (0x28, 0x10, "US", &short(4)),
            (0x28, 0x11, "US", &short(4)),
            (0x28, 0x100, "US", &short(8)),
            (0x28, 0x101, "US", &short(8)),
            (0x28, 0x102, "US", &short(7)),
            (0x28, 0x103, "US", &short(0)),
        ] {
            put(&mut bytes, group, element, vr, value);
        }
        put(&mut bytes, 0x7FE0, 0x10, "OB", &[7; 16]);
        bytes
    }

    /// Its file in a folder.
    pub(crate) fn stored(&self, folder: &Path) -> StoredObject {
        let path: PathBuf = folder.join(format!("{}.dcm", self.instance));
        std::fs::write(&path, self.bytes()).unwrap();
        StoredObject::open(&path).unwrap()
    }
}

fn put(bytes: &mut Vec<u8>, group: u16, element: u16, vr: &str, value: &[u8]) {
    bytes.extend(group.to_le_bytes());
    bytes.extend(element.to_le_bytes());
    bytes.extend(vr.bytes());
    let padding: &[u8] = match (value.len() % 2, vr) {
        (0, _) => &[],
        (_, "UI" | "OB") => &[0],
        _ => b" ",
    };
    let length = value.len() + padding.len();
    if vr == "OB" {
        bytes.extend([0, 0]);
        bytes.extend((length as u32).to_le_bytes());
    } else {
        bytes.extend((length as u16).to_le_bytes());
    }
    bytes.extend(value);
    bytes.extend(padding);
}
