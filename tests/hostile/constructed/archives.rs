//! Archives, pickles, safetensors and arrays.

use std::io::{Cursor, Write as _};

use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::{Constructed, zeros};
use crate::readers::Reader;

/// An archive whose entries are so many zeros behind what is given.
fn archive(entries: &[(&str, &[u8], u64)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes, more) in entries {
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
        zeros(&mut archive, *more);
    }
    archive.finish().unwrap().into_inner()
}

/// A directory of many entries that all lead to one part.
fn many_entries(count: u32) -> Vec<u8> {
    let mut file = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08\0\0\0".to_vec();
    file.extend(b"00000000");
    let at = file.len();
    for number in 0..count {
        file.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0");
        file.extend([0; 12]);
        file.extend([8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        file.extend(format!("{number:08}").bytes());
    }
    let length = (file.len() - at) as u64;
    // ZIP64: the counts of the plain record do not go so far.
    let end = file.len() as u64;
    file.extend(b"PK\x06\x06");
    file.extend(44u64.to_le_bytes());
    file.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file.extend([u64::from(count), u64::from(count), length, at as u64].map(u64::to_le_bytes).concat());
    file.extend(b"PK\x06\x07\0\0\0\0");
    file.extend(end.to_le_bytes());
    file.extend([1, 0, 0, 0]);
    file.extend(b"PK\x05\x06\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0");
    file
}

fn array(kind: &str, shape: &str) -> Vec<u8> {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    header = format!("{header:<118}");
    [&b"\x93NUMPY\x01\0"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat()
}

/// Arrays of a training set whose values are zeros.
fn set(images: &str, image_bytes: u64, labels: (&str, &str), label_bytes: u64) -> Vec<u8> {
    archive(&[
        ("train_images.npy", &array("|u1", images), image_bytes),
        ("train_labels.npy", &array(labels.0, labels.1), label_bytes),
    ])
}

fn pickle(instructions: &[u8]) -> Vec<u8> {
    [b"\x80\x02", instructions, b"."].concat()
}

fn in_archive(instructions: &[u8]) -> Vec<u8> {
    archive(&[("archive/data.pkl", &pickle(instructions), 0)])
}

fn safetensors(header: &str) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 64]].concat()
}

/// Objects that share one dictionary of many entries for their state.
fn shared_dictionary(entries: u32, objects: usize) -> Vec<u8> {
    let mut code = b"}(".to_vec();
    for number in 0..entries {
        code.extend(b"J");
        code.extend(number.to_le_bytes());
        code.extend(b"N");
    }
    code.extend(b"uq\0");
    code.extend(b"](");
    // An object of a class without arguments, and the dictionary for its state.
    code.extend(b"cmine\nModule\n)\x81h\0b".repeat(objects));
    code.extend(b"e");
    in_archive(&code)
}

fn imports() -> Vec<Constructed> {
    let of = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Import, name, make);
    vec![
        of("a million entries of an archive", || many_entries(1_000_000)).says("directory"),
        of("a pickle of a gigabyte in an archive", || archive(&[("archive/data.pkl", b"\x80\x02}", 1 << 30)])),
        of("a configuration of a gigabyte in an archive", || {
            archive(&[("config.json", b"{}", 1 << 30), ("model.weights.h5", b"\x89HDF\r\n\x1a\n", 64)])
        }),
        of("a text that claims four gigabytes", || in_archive(b"X\xF0\xFF\xFF\xFFabc")),
        of("bytes that claim all there is", || in_archive(b"\x8e\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFabc")),
        of("a list in itself", || in_archive(b"]q\0h\0a")),
        of("a dictionary in itself", || in_archive(b"}q\0N(h\0h\0u")),
        of("a tuple of a million tuples", || in_archive(&[&b"(t"[..], &[0x85; 1_000_000]].concat())),
        of("20 million copies on the stack", || in_archive(&[b'2'; 20_000_000])),
        of("30 million members of a list", || in_archive(&[&b"]"[..], &b"(NNNNNNNNe".repeat(3_000_000)].concat())),
        of("a million marks", || in_archive(&[b'('; 3_000_000])),
        of("objects that share a large dictionary", || shared_dictionary(200_000, 20_000)),
        of("safetensors of 300,000 tensors", || {
            let tensors: Vec<String> =
                (0..300_000).map(|i| format!(r#""{i}":{{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#)).collect();
            safetensors(&format!("{{{}}}", tensors.join(",")))
        }),
        of("safetensors with a header of brackets", || safetensors(&format!("{{\"a\":{}", "[".repeat(1 << 20)))),
        of("safetensors of 5 million sides", || {
            let sides = "1,".repeat(5_000_000);
            safetensors(&format!(r#"{{"a":{{"dtype":"F32","shape":[{sides}1],"data_offsets":[0,4]}}}}"#))
        }),
        of("safetensors of sides beyond all numbers", || {
            safetensors(r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,64]}}"#)
        }),
    ]
}

/// A background set that describes pictures which are no pictures.
fn background(side: u32, picture: &[u8], more: u64) -> Vec<u8> {
    let about = format!(
        r#"{{"source": "none", "input": {{"width": {side}, "height": {side}, "channels": 1, "resize": "squash",
        "normalization": "per-image"}}, "pictures": [{{"file": "0001.png", "range": [0, 1], "weight": 1}}]}}"#
    );
    archive(&[("about.json", about.as_bytes(), 0), ("0001.png", picture, more)])
}

pub(crate) fn all() -> Vec<Constructed> {
    let mut all = imports();
    let npz = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Npz, name, make);
    all.extend([
        npz("labels that unpack to a gigabyte", || {
            set("(2000000, 1, 1)", 2_000_000, ("|u1", "(2000000, 500)"), 1_000_000_000)
        })
        .says("labels of all images"),
        npz("labels of doubles that unpack to a gigabyte", || {
            set("(2000000, 1, 1)", 2_000_000, ("<f8", "(2000000, 60)"), 960_000_000)
        })
        .says("labels of all images"),
        Constructed::large(Reader::Npz, "findings of two million images", || {
            set("(2000000, 1, 1)", 2_000_000, ("|u1", "(2000000, 3)"), 6_000_000)
        }),
        npz("images of 4 million pixels", || set("(4, 2048, 2048)", 16_777_216, ("|u1", "(4, 3)"), 12)),
        npz("more images than numbers", || set("(18446744073709551615, 2, 2)", 16, ("|u1", "(4, 3)"), 12)),
        npz("images without pixels", || set("(4, 0, 0)", 0, ("|u1", "(4, 3)"), 12)),
        npz("a directory of 200,000 entries", || many_entries(200_000)),
        npz("a header of a megabyte", || {
            let head = [&b"\x93NUMPY\x02\0"[..], &(1u32 << 30).to_le_bytes()].concat();
            archive(&[("train_images.npy", &head, 2 << 20), ("train_labels.npy", &head, 2 << 20)])
        }),
    ]);
    let of = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Background, name, make);
    all.extend([
        of("a background of a million entries", || many_entries(1_000_000)).says("directory"),
        of("a background picture of a gigabyte", || background(4096, b"\x89PNG\r\n\x1a\n", 1 << 30)),
        of("a background of four billion pixels", || background(65_536, b"", 0)),
    ]);
    for reader in [Reader::Gate, Reader::Detector, Reader::GalleryFeatures] {
        all.push(Constructed::of(reader, format!("a header of brackets for {reader:?}"), || {
            safetensors(&format!("{{\"a\":{}", "[".repeat(1 << 20)))
        }));
    }
    all
}
