//! Decoders inside the program, where no process can be had: on a thread of their own, behind the
//! guard against panics, and waited for no longer than the time allowed.
//!
//! A thread cannot be stopped, so one that takes too long runs on, unheard; where some do, no more
//! are begun. Nothing bounds its memory but what the decoder itself allows, and a fault that ends a
//! process ends the program: this is the way of tests and of programs that use the library.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::study::StudyError;

use super::decoder::Decoder;
use super::pool::{Budget, refusal};
use super::process::Silence;
use super::samples::{Samples, Size};

/// Threads that run on behind their time, at most.
const LEFT: usize = 4;

static RUNNING_ON: AtomicUsize = AtomicUsize::new(0);

/// Decodes on a thread.
pub(super) fn decode(
    decoder: Decoder,
    stream: Vec<u8>,
    size: Option<Size>,
    budget: Budget,
) -> Result<Samples, StudyError> {
    if RUNNING_ON.load(Ordering::Relaxed) >= LEFT {
        return Err(StudyError::Decode(
            "decoders of damaged files are still at work; open it again in a minute, or start the program anew".into(),
        ));
    }
    let (done, outcome) = mpsc::sync_channel(1);
    let work = move || {
        // Nobody may be waiting any more: then the thread had been counted.
        if done.send(decoder.decode(&stream, size)).is_err() {
            RUNNING_ON.fetch_sub(1, Ordering::Relaxed);
        }
    };
    thread::Builder::new().name("decoder".into()).spawn(work)?;
    outcome.recv_timeout(budget.wait).unwrap_or_else(|_| {
        RUNNING_ON.fetch_add(1, Ordering::Relaxed);
        Err(refusal(&Silence::TooLong, budget))
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::trial::Trial;
    use super::*;

    fn tried(trial: Trial, time: Duration) -> Result<Samples, StudyError> {
        decode(Decoder::Trial, trial.stream(0), None, Budget { work: time, wait: time, memory: 0 })
    }

    #[test]
    fn work_that_hangs_or_panics_is_a_sentence() {
        let start = Instant::now();
        let error = tried(Trial::Sleep, Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("took longer than"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(20));
        assert!(matches!(tried(Trial::Panic, Duration::from_secs(20)), Err(StudyError::CodecPanic)));
        assert_eq!(tried(Trial::Nothing, Duration::from_secs(20)).unwrap().bytes, [7]);
    }
}
