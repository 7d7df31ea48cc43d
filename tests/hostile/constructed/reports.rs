//! Structured reports of others that nest, point in circles, hold a million items, or draw what is
//! nowhere.

use super::Constructed;
use super::implicit::{FRAME_OF_REFERENCE, IMAGE, SLICE, el, fd, fl, object, open_sequences, seq, txt};
use crate::readers::Reader;

const SR: &str = "1.2.840.10008.5.1.4.1.1.88.34";

fn code(value: &str) -> Vec<u8> {
    [txt((8, 0x100), value), txt((8, 0x102), "DCM"), txt((8, 0x104), "words")].concat()
}

/// A content item: its type, its concept, and what more it holds.
fn item(kind: &str, concept: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let head = [txt((0x40, 0xA010), "CONTAINS"), txt((0x40, 0xA040), kind)].concat();
    [head, seq((0x40, 0xA043), &[code(concept)]), more.concat()].concat()
}

fn report(content: &[Vec<u8>]) -> Vec<u8> {
    object(SR, &[txt((0x40, 0xA040), "CONTAINER"), seq((0x40, 0xA730), content)])
}

fn image_item(uid: &str) -> Vec<u8> {
    item("IMAGE", "121112", &[]).into_iter().chain(seq((8, 0x1199), &[txt((8, 0x1155), uid)])).collect()
}

/// The sequence of the objects stands before the type of the item, as tags are ordered.
fn drawn(kind: &str, points: &[f32], uid: &str) -> Vec<u8> {
    let image = [
        seq((8, 0x1199), &[txt((8, 0x1155), uid)]),
        txt((0x40, 0xA010), "SELECTED FROM"),
        txt((0x40, 0xA040), "IMAGE"),
    ];
    let head = item("SCOORD", "111030", &[seq((0x40, 0xA730), &[image.concat()])]);
    [head, fl((0x70, 0x22), points), txt((0x70, 0x23), kind)].concat()
}

fn number(written: &str, exact: f64) -> Vec<u8> {
    let measured = [fd((0x40, 0xA161), &[exact]), txt((0x40, 0xA30A), written)].concat();
    item("NUM", "121206", &[seq((0x40, 0xA300), &[measured])])
}

pub(crate) fn all() -> Vec<Constructed> {
    let of = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Results, format!("a report {name}"), make);
    let nested = |depth: usize| {
        let container = txt((0x40, 0xA040), "CONTAINER");
        let inner = item("TEXT", "121106", &[txt((0x40, 0xA160), "at the bottom")]);
        object(SR, &[open_sequences((0x40, 0xA730), &container, depth, &inner)])
    };
    let mut all: Vec<Constructed> = Vec::new();
    all.push(Constructed::of(Reader::Results, "a report 100,000 deep", move || nested(100_000)).says("nest deeper"));
    all.push(Constructed::of(Reader::Results, "a report 60 deep", move || nested(60)));
    all.extend([
        of("of a million items", || report(&vec![item("CONTAINER", "125007", &[]); 1_000_000])).says("more than"),
        of("of 190,000 items", || report(&vec![item("TEXT", "121106", &[]); 190_000])),
        of("whose items point at each other", || {
            let pointing = |i: u32| {
                let to = [1_u32, i % 20_000 + 1].iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
                let graphic = item("SCOORD", "111030", &[seq((0x40, 0xA730), &[el((0x40, 0xDB73), &to)])]);
                [graphic, fl((0x70, 0x22), &[1.0, 2.0]), txt((0x70, 0x23), "POINT")].concat()
            };
            report(&(0..20_000).map(pointing).collect::<Vec<_>>())
        }),
        of("that points at itself", || {
            let to =
                |number: &[u32]| el((0x40, 0xDB73), &number.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>());
            report(&[to(&[1]), to(&[1, 1]), to(&[1, 2, 3, 4]), to(&[0]), to(&vec![u32::MAX; 9000])])
        }),
        of("of one group with 24,000 graphics and as many numbers", || {
            let mut content = vec![drawn("POLYLINE", &[1.0, 1.0, 5.0, 5.0], IMAGE); 12_000];
            content.extend((0..12_000).map(|i| drawn("POINT", &[i as f32 / 2000.0, 3.0], SLICE)));
            content.extend(vec![number("1.5", 1.5); 24_000]);
            report(&[item("CONTAINER", "125007", &[seq((0x40, 0xA730), &content)])])
        }),
        of("of 20,000 groups that draw the same", || {
            let group =
                item("CONTAINER", "125007", &[seq((0x40, 0xA730), &[drawn("CIRCLE", &[3.0, 3.0, 4.0, 4.0], IMAGE)])]);
            report(&vec![group; 20_000])
        }),
        of("with graphics that are no places", || {
            let (nan, inf) = (f32::NAN, f32::INFINITY);
            let shapes = [
                drawn("POLYLINE", &[nan, 1.0, 2.0, inf], IMAGE),
                drawn("CIRCLE", &[3.0, 3.0, 3.0, 3.0], IMAGE),
                drawn("CIRCLE", &[3e38, -3e38, 3e38, 3e38], IMAGE),
                drawn("ELLIPSE", &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], IMAGE),
                drawn("ELLIPSE", &[1.0; 7], IMAGE),
                drawn("POINT", &[], IMAGE),
                drawn("MULTIPOINT", &vec![2.0; 40_000], IMAGE),
                drawn("POLYLINE", &vec![2.0; 200_000], IMAGE),
                drawn("", &[1.0, 2.0], IMAGE),
                drawn("SPIRAL", &[1.0, 2.0], IMAGE),
            ];
            report(&shapes)
        }),
        of("with graphics in the patient that are no places", || {
            let shape = |kind: &str, points: &[f32]| {
                let place = txt((0x3006, 0x24), FRAME_OF_REFERENCE);
                [item("SCOORD3D", "111030", &[]), fl((0x70, 0x22), points), txt((0x70, 0x23), kind), place].concat()
            };
            let nan = [f32::NAN, f32::INFINITY, 10.0, 1e38, -1e38, 10.0, 0.0, 0.0, 10.0];
            let kinds = ["POINT", "MULTIPOINT", "POLYLINE", "POLYGON", "ELLIPSE", "ELLIPSOID", "CIRCLE", ""];
            let mut all: Vec<Vec<u8>> = kinds.iter().map(|kind| shape(kind, &nan)).collect();
            all.extend(kinds.iter().map(|kind| shape(kind, &[])));
            all.extend(kinds.iter().map(|kind| shape(kind, &[0.0, 0.0, 10.0].repeat(20_000))));
            report(&all)
        }),
        of("with UIDs of megabytes", || {
            let uid = "1.".repeat(450_000);
            let mut content = vec![image_item(&uid); 40];
            content.push(item("UIDREF", "112040", &[txt((0x40, 0xA124), &uid)]));
            content.push(image_item(&"2".repeat(3 << 20)));
            content.push(drawn("POINT", &[1.0, 1.0], &uid));
            report(&content)
        }),
        of("with numbers that are none", || {
            let mut content: Vec<Vec<u8>> =
                ["nan", "inf", "1e999", "-", "1\\2", "١٢", "0x10"].map(|text| number(text, f64::NAN)).to_vec();
            content.push(number(&"9".repeat(900_000), f64::INFINITY));
            content.push(item("NUM", "121206", &[seq((0x40, 0xA300), &[])]));
            content.push(item("NUM", "121206", &[]));
            report(&content)
        }),
        of("whose findings name 30 images with 4,000 frames each", || {
            let named = [txt((8, 0x1155), IMAGE), txt((8, 0x1160), &"7\\".repeat(4000))].concat();
            let one =
                [seq((8, 0x1199), &[named]), txt((0x40, 0xA010), "CONTAINS"), txt((0x40, 0xA040), "IMAGE")].concat();
            report(&[vec![one; 30], vec![number("1", 1.0); 10_000]].concat())
        }),
        of("of 2,000 texts of 30,000 characters that act", || {
            report(&vec![item("TEXT", "121106", &[txt((0x40, 0xA160), &"\u{1b}".repeat(30_000))]); 2000])
        }),
        of("of sixty texts of a megabyte", || {
            report(&vec![item("TEXT", "121106", &[txt((0x40, 0xA160), &"a\r\n\u{1b}[2J".repeat(150_000))]); 60])
        }),
        of("whose items have character sets of their own", || {
            let sets = "ISO 2022 IR 87\\ISO 2022 IR 149\\ISO 2022 IR 58\\".repeat(20);
            let text = item("TEXT", "121106", &[txt((0x40, 0xA160), "\u{1b}$B;3ED\u{1b}(B\u{1b}$)C")]);
            report(&vec![[txt((8, 5), &sets), text].concat(); 15_000])
        }),
        of("that names 20,000 frames of 60 images", || {
            let frames = "7\\".repeat(20_000);
            let named = [txt((8, 0x1155), IMAGE), txt((8, 0x1160), &frames)].concat();
            let one =
                [seq((8, 0x1199), &[named]), txt((0x40, 0xA010), "CONTAINS"), txt((0x40, 0xA040), "IMAGE")].concat();
            report(&vec![one; 60])
        }),
        of("whose evidence is 200,000 objects", || {
            let object = txt((8, 0x1155), IMAGE);
            let series = [seq((8, 0x1199), &vec![object; 200_000]), txt((0x20, 0xE), "2.25.3")].concat();
            let study = [seq((8, 0x1115), &[series]), txt((0x20, 0xD), "2.25.2")].concat();
            object_with_evidence(&study)
        }),
    ]);
    all
}

fn object_with_evidence(study: &[u8]) -> Vec<u8> {
    object(SR, &[txt((0x40, 0xA040), "CONTAINER"), seq((0x40, 0xA375), &[study.to_vec()])])
}
