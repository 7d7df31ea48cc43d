//! Documents in envelopes that lie about what is in them, and presentation states of tens of thousands
//! of layers.

use super::Constructed;
use super::implicit::{IMAGE, el, fl, object, seq, txt};
use crate::readers::Reader;

const PDF: &str = "1.2.840.10008.5.1.4.1.1.104.1";

fn envelope(more: &[Vec<u8>]) -> Vec<u8> {
    object(PDF, &[txt((8, 0x60), "DOC"), more.concat()])
}

fn documents() -> Vec<Constructed> {
    let of = |name: &str, make: fn() -> Vec<u8>| Constructed::of(Reader::Results, format!("an envelope {name}"), make);
    vec![
        of("that holds less than it says", || envelope(&[el((0x42, 0x11), b"%PDF-1.4"), el((0x42, 0x15), &[0xFF; 4])])),
        of("of a length beyond its file", || {
            let mut document = el((0x42, 0x11), b"%PDF-1.4");
            document[4..8].copy_from_slice(&0xFFFF_FFF0_u32.to_le_bytes());
            envelope(&[document])
        }),
        of("with nothing in it", || envelope(&[el((0x42, 0x11), &[])])).says("holds no document"),
        of("without a document", || envelope(&[txt((0x42, 0x10), "Report")])).says("holds no document"),
        of("with items for a document", || envelope(&[seq((0x42, 0x11), &vec![Vec::new(); 1000])])),
        of("whose document is in pieces without an end", || {
            let open =
                [0x42, 0, 0x11, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 0xF0, 0xFF, 0xFF, 0x7F, b'%', b'P'];
            envelope(&[open.to_vec()])
        }),
        of("with a title of megabytes", || {
            let title = "\u{1b}]0;x\u{7}".repeat(120_000);
            envelope(&[txt((0x42, 0x10), &title), el((0x42, 0x11), b"%PDF-1.4"), txt((0x42, 0x12), &title)])
        }),
        of("of 60 megabytes", || envelope(&[el((0x42, 0x11), &vec![b' '; 60 << 20])])),
    ]
}

/// A presentation state about the image of the bench.
fn state(more: &[Vec<u8>]) -> Vec<u8> {
    let series = seq((8, 0x1140), &[txt((8, 0x1155), IMAGE)]);
    object("1.2.840.10008.5.1.4.1.1.11.1", &[seq((8, 0x1115), &[series]), more.concat()])
}

fn states() -> Vec<Constructed> {
    let of = |name: &str, make: fn() -> Vec<u8>| {
        Constructed::of(Reader::PresentationState, format!("a presentation state {name}"), make)
    };
    vec![
        of("of 60,000 layers with 60,000 annotations", || {
            let annotation = |i: u32| txt((0x70, 2), &format!("L{i}"));
            let layer =
                |i: u32| [txt((0x70, 2), &format!("L{}", 59_999 - i)), txt((0x70, 0x62), &i.to_string())].concat();
            state(&[
                seq((0x70, 1), &(0..60_000).map(annotation).collect::<Vec<_>>()),
                seq((0x70, 0x60), &(0..60_000).map(layer).collect::<Vec<_>>()),
            ])
        }),
        of("whose 60,000 annotations name 3 images each", || {
            let images = seq((8, 0x1140), &vec![txt((8, 0x1155), "2.25.4"); 3]);
            state(&[seq((0x70, 1), &vec![[images, txt((0x70, 2), "L")].concat(); 60_000])])
        }),
        of("with texts of megabytes", || {
            let note = [
                txt((0x70, 3), "PIXEL"),
                txt((0x70, 6), &"mass?\r\n".repeat(140_000)),
                fl((0x70, 0x10), &[f32::NAN, 1.0]),
                fl((0x70, 0x14), &[1.0, f32::INFINITY]),
            ];
            state(&[seq((0x70, 1), &[seq((0x70, 8), &vec![note.concat(); 50])])])
        }),
    ]
}

pub(crate) fn all() -> Vec<Constructed> {
    let mut all = documents();
    all.extend(states());
    all
}
