//! Speed of our own decoders: `benches/codec_peers.py` makes the streams, starts this, and holds it
//! against `CharLS`, libjpeg-turbo, libjpeg and GDCM.
//!
//! `cargo bench -p pellucid-codec --bench codec -- FOLDER` prints, for every stream in the folder,
//! its name and the mean of several times in seconds: on Linux those that the processor worked for it,
//! which other programs hardly change.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use pellucid_codec::image::Expected;
use pellucid_codec::{jpeg, jpeg_ls, rle};

/// That of the program: freed pages of one image serve the next.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Each stream is decoded at least so often, and for so long.
const TIMES: u32 = 8;
const TIME: Duration = Duration::from_millis(1500);

/// Decodes a stream whose name ends with `COLUMNSxROWSxCOMPONENTS-BITS.KIND`.
fn decode(name: &str, stream: &[u8]) -> usize {
    let (shape, kind) = name.rsplit_once('.').expect("a kind");
    let (shape, bits) = shape.rsplit_once('-').expect("bits");
    let shape = shape.rsplit_once(' ').map_or(shape, |(_, shape)| shape);
    let sizes: Vec<usize> = shape.split('x').map(|size| size.parse().expect("a size")).collect();
    let expected = Expected { columns: sizes[0], rows: sizes[1], components: sizes[2] };
    match kind {
        "jpg" => {
            // As the peers do: red, green and blue.
            jpeg::decode_rgb(stream, expected).expect("a JPEG").samples.len()
        }
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
        // The first one also finds memory.
        black_box(decode(&name, black_box(&stream)));
        let (start, begin, mut done) = (Instant::now(), worked(), 0);
        while done < TIMES || start.elapsed() < TIME {
            black_box(decode(&name, black_box(&stream)));
            done += 1;
        }
        let seconds = match (begin, worked()) {
            (Some(begin), Some(end)) => end - begin,
            _ => start.elapsed().as_secs_f64(),
        };
        println!("{name}\t{}", seconds / f64::from(done));
    }
}

/// Seconds that the processor has worked for this thread (schedstat of proc(5)).
fn worked() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<u64>().ok()? as f64 * 1e-9)
}
