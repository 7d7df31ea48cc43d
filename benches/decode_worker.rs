//! What it costs to have an image decoded by another process: its start, the way there and back for
//! nothing, and for images of so many bytes (as many in each direction, which is more than a
//! compressed image has). Decoding itself is not in it. Budget: 5 ms for an image of 4 megabytes.
//!
//! `cargo bench --bench decode_worker`

use std::path::PathBuf;
use std::time::{Duration, Instant};

use pellucid::study::foreign::{Pool, Trial};

const TIME: Duration = Duration::from_secs(30);
/// As an image of a few megapixels is allowed; a process that was allowed more than half a gigabyte
/// ends behind its image, and the next one waits for its start.
const MEMORY: u64 = 384 << 20;

fn main() {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_pellucid"));
    let start = |times: usize| {
        median(times, || {
            let pool = Pool::with_trials(program.clone(), 1);
            pool.run_trial(Trial::Nothing, TIME, MEMORY).expect("an answer");
        })
    };
    println!("first image, with the start of the process: {:.1?}", start(9));
    let pool = Pool::with_trials(program.clone(), 1);
    let nothing = median(200, || pool.run_trial(Trial::Nothing, TIME, MEMORY).expect("an answer"));
    println!("the next ones, for nothing: {nothing:.1?}");
    for (kilobytes, what) in [(512, "CT slice"), (2048, "1024 x 1024, 16 bits"), (4096, ""), (18_000, "3000 x 3000")] {
        let bytes = kilobytes << 10;
        let echo = || assert_eq!(pool.echo(bytes, TIME, MEMORY).expect("an answer"), bytes);
        println!("{kilobytes} KiB there and back ({what}): {:.1?}", median(25, echo));
    }
}

fn median(times: usize, mut work: impl FnMut()) -> Duration {
    work();
    let mut all: Vec<Duration> = (0..times)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    all.sort();
    all[times / 2]
}
