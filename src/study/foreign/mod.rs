//! Decoders that are not ours, kept where they can do no harm.
//!
//! | decoder | reads | unsafe code | why apart |
//! |---|---|---|---|
//! | `openjp2` (through `jpeg2k`) | JPEG 2000, HTJ2K | all of it: C turned into Rust | a fault in memory ends the process, or changes pixels of another image |
//! | `jxl-oxide` | JPEG XL | in vector code | young; ends the process where memory is short |
//! | `png` | PNG | none | memory and time by what a few bytes say |
//! | `tiff`, `image`, `weezl` | TIFF | none | the same |
//! | `zune-jpeg` (through `image`) | JPEG of four inks | in vector code | the same |
//!
//! They run in processes of the same program (`pellucid decode-worker`), with a bound of memory and
//! of time ([`pool`], [`process`], [`confine`], [`standstill`], [`serve`]); nothing is shared but two pipes
//! ([`message`]). What it costs is measured by `benches/decode_worker.rs`.
//!
//! Where the program was not named to [`use_processes_of`] (tests of the library, programs that use
//! it), or where the system starts no process, they run on a thread of this one, with a bound of
//! time alone ([`guarded_thread`]).
//!
//! Not here: `flate2` (deflated data sets and frames, parts of archives) and `zip`. Their inflation
//! has no unsafe code and is a stream that whoever reads it stops at a limit: it can take neither
//! memory nor time beyond what was asked of it. Headers of PNG and TIFF are read in this process
//! for the same reason.

mod confine;
mod decoder;
mod guarded_thread;
mod jpeg_2000;
mod jpeg_xl;
mod message;
mod patience;
mod pool;
mod process;
mod samples;
mod serve;
mod standstill;
mod trial;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::StudyError;

use self::pool::Budget;

pub use self::pool::Pool;
pub use self::serve::serve;
pub use self::trial::Trial;
pub(super) use decoder::Decoder;
pub(super) use samples::{Samples, Size};

static POOL: OnceLock<Pool> = OnceLock::new();

/// From now on decoders that are not ours run in processes of `program`, which is a `pellucid` of
/// this very version. Only the first call counts.
pub fn use_processes_of(program: PathBuf) {
    let most = thread::available_parallelism().map_or(2, usize::from).min(8);
    POOL.get_or_init(|| Pool::new(program, most));
}

/// The pool of this program, if there is one.
#[must_use]
pub fn pool() -> Option<&'static Pool> {
    POOL.get()
}

/// Decodes a stream whose image has so many samples. `size`: what the image must be, where the
/// decoder alone can tell.
pub(super) fn decode(
    decoder: Decoder,
    stream: Vec<u8>,
    samples: u64,
    size: Option<Size>,
) -> Result<Samples, StudyError> {
    let budget = Budget::of(decoder, samples, stream.len() as u64);
    let Some(pool) = pool() else { return guarded_thread::decode(decoder, stream, size, budget) };
    match pool.take() {
        Ok(process) => pool.ask(process, &budget.request(decoder, size, stream), budget),
        Err(error) => {
            static TOLD: AtomicBool = AtomicBool::new(false);
            if !TOLD.swap(true, Ordering::Relaxed) {
                log::warn!("no process could be started to decode images, so they are decoded in this one: {error}");
            }
            guarded_thread::decode(decoder, stream, size, budget)
        }
    }
}
