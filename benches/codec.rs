//! Speed of our own decoders: `benches/codec_peers.py` makes the streams, starts this, and holds it
//! against CharLS, libjpeg-turbo, libjpeg and GDCM.
//!
//! `cargo bench -p pellucid-codec --bench codec -- FOLDER` prints, for every stream in the folder,
//! its name and the shortest of several times in seconds.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use pellucid_codec::image::Expected;
use pellucid_codec::{jpeg, jpeg_ls, rle};

/// Each stream is decoded at least so often, and for so long.
const TIMES: usize = 5;
const TIME: Duration = Duration::from_millis(1500);

/// Decodes a stream whose name ends with `COLUMNSxROWSxCOMPONENTS-BITS.KIND`.
fn decode(name: &str, stream: &[u8]) -> usize {
    let (shape, kind) = name.rsplit_once('.').expect("a kind");
    let (shape, bits) = shape.rsplit_once('-').expect("bits");
    let shape = shape.rsplit_once(' ').map_or(shape, |(_, shape)| shape);
    let sizes: Vec<usize> = shape.split('x').map(|size| size.parse().expect("a size")).collect();
    let expected = Expected { columns: sizes[0], rows: sizes[1], components: sizes[2] };
    match kind {
        "jpg" => jpeg::decode(stream, expected).expect("a JPEG").samples.len(),
        "jls" => jpeg_ls::decode(stream, &expected).expect("a JPEG-LS").samples.len(),
        "rle" => rle::decode(stream, &expected, if bits == "8" { 1 } else { 2 }).expect("an RLE").bytes.len(),
        other => panic!("{other} is decoded by others"),
    }
}

fn main() {
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let Some(folder) = folder.filter(|folder| Path::new(folder).is_dir()) else {
        println!("name a folder of streams; benches/codec_peers.py makes one");
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        if !["jpg", "jls", "rle"].iter().any(|kind| name.ends_with(kind)) {
            continue;
        }
        let stream = std::fs::read(&file).expect("a stream");
        let (start, mut best, mut done) = (Instant::now(), Duration::MAX, 0);
        while done < TIMES || start.elapsed() < TIME {
            let begin = Instant::now();
            black_box(decode(&name, black_box(&stream)));
            best = best.min(begin.elapsed());
            done += 1;
        }
        println!("{name}\t{}", best.as_secs_f64());
    }
}
