//! Processes that decode, as many as are asked at once up to a bound, and kept for the next image.
//!
//! A process that ended is not missed: the next image starts another. One that met a damaged
//! stream, or took much memory, is not asked again, so that nothing of one image can reach another.

use std::io;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::limits;
use crate::study::StudyError;

use super::decoder::Decoder;
use super::message::Request;
use super::process::{Process, Silence};
use super::samples::{Samples, Size};
use super::trial::Trial;

/// Processes whose image took more than so many bytes, or that were allowed more than so many, end
/// behind it: an allocator keeps what it had, and the next image could take that beside its own.
const KEPT_BELOW: u64 = 64 << 20;
const KEPT_ALLOWED: u64 = 512 << 20;

/// Processes that decode.
pub struct Pool {
    program: PathBuf,
    arguments: Vec<&'static str>,
    most: usize,
    processes: Mutex<Processes>,
    freed: Condvar,
}

#[derive(Default)]
struct Processes {
    idle: Vec<Process>,
    /// Numbers of those that are asked.
    busy: Vec<u32>,
    /// Those that are being started, too.
    count: usize,
}

/// What work may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    /// For which the processor may work for it.
    pub work: Duration,
    /// For which somebody waits: a machine may be busy with something else.
    pub wait: Duration,
    /// Bytes.
    pub memory: u64,
}

impl Budget {
    /// For an image of so many samples, from a stream of so many bytes.
    ///
    /// Most of the time goes into either; a few bytes that claim a large image are decoded soon, and
    /// so is a small image.
    pub(super) fn of(decoder: Decoder, samples: u64, stream: u64) -> Self {
        let seconds = limits::DECODE_SECONDS as f64
            + samples as f64 / limits::DECODE_SAMPLES_A_SECOND as f64
            + stream as f64 / limits::DECODE_STREAM_BYTES_A_SECOND as f64;
        // The stream is there, and a decoder may have a copy.
        let memory = limits::DECODE_BYTES
            .saturating_add(samples.saturating_mul(decoder.bytes_a_sample()))
            .saturating_add(stream.saturating_mul(2))
            .min(limits::DECODE_MOST_BYTES);
        let work = Duration::from_secs_f64(seconds.min(600.0));
        Self { work, wait: limits::DECODE_PATIENCE * work, memory }
    }

    /// The request that has this budget.
    pub(super) fn request(&self, decoder: Decoder, size: Option<Size>, stream: Vec<u8>) -> Request {
        Request { decoder, memory: self.memory, seconds: self.work.as_secs_f64().ceil() as u32, size, stream }
    }
}

impl Pool {
    /// A pool of at most `most` processes of a program of ours. None is started yet.
    #[must_use]
    pub fn new(program: PathBuf, most: usize) -> Self {
        Self {
            program,
            arguments: vec!["decode-worker"],
            most: most.max(1),
            processes: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// The same for tests: its processes also do what goes wrong.
    #[must_use]
    pub fn with_trials(program: PathBuf, most: usize) -> Self {
        Self { arguments: vec!["decode-worker", "--trials"], ..Self::new(program, most) }
    }

    /// Numbers of the processes that are at work.
    pub fn at_work(&self) -> Vec<u32> {
        self.lock().busy.clone()
    }

    /// Numbers of the processes that wait for work.
    pub fn waiting(&self) -> Vec<u32> {
        self.lock().idle.iter().map(Process::id).collect()
    }

    /// Asks a process for what goes wrong, with so much time and memory (in bytes).
    ///
    /// # Errors
    /// The sentence that a file would get.
    pub fn run_trial(&self, trial: Trial, time: Duration, memory: u64) -> Result<(), StudyError> {
        self.run_trial_for(trial, time, time, memory)
    }

    /// The same, where the processor may work for `work` and somebody waits for `wait`.
    ///
    /// # Errors
    /// The sentence that a file would get.
    pub fn run_trial_for(&self, trial: Trial, work: Duration, wait: Duration, memory: u64) -> Result<(), StudyError> {
        self.ask_trial(trial, 0, Budget { work, wait, memory }).map(drop)
    }

    /// Sends so many bytes there and back: how many came.
    ///
    /// # Errors
    /// The sentence that a file would get.
    pub fn echo(&self, bytes: usize, time: Duration, memory: u64) -> Result<usize, StudyError> {
        self.ask_trial(Trial::Echo, bytes, Budget { work: time, wait: time, memory })
    }

    fn ask_trial(&self, trial: Trial, bytes: usize, budget: Budget) -> Result<usize, StudyError> {
        let request = budget.request(Decoder::Trial, None, trial.stream(bytes));
        self.ask(self.take()?, &request, budget).map(|samples| samples.bytes.len())
    }

    /// Has a process that was taken decode, and gives it back.
    pub(super) fn ask(&self, mut process: Process, request: &Request, budget: Budget) -> Result<Samples, StudyError> {
        let reply = process.ask(request, budget.wait);
        let clean = matches!(&reply, Ok(Ok(samples)) if samples.missing.is_none());
        let small = matches!(&reply, Ok(Ok(samples)) if (samples.bytes.len() as u64) < KEPT_BELOW)
            && budget.memory <= KEPT_ALLOWED;
        self.give_back(process, clean && small);
        reply.unwrap_or_else(|silence| Err(refusal(&silence, budget)))
    }

    fn lock(&self) -> MutexGuard<'_, Processes> {
        // Nothing in it is left half done by a panic.
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process that nobody asks: one that waits, a new one, or, where there are as many as may
    /// be, the next that has done its work.
    ///
    /// # Errors
    /// Where the system starts none.
    pub(super) fn take(&self) -> io::Result<Process> {
        let mut processes = self.lock();
        loop {
            while let Some(process) = processes.idle.pop() {
                if process.runs() {
                    processes.busy.push(process.id());
                    return Ok(process);
                }
                processes.count -= 1;
            }
            if processes.count < self.most {
                break;
            }
            processes = self.freed.wait(processes).unwrap_or_else(PoisonError::into_inner);
        }
        processes.count += 1;
        drop(processes);
        let started = Process::start(&self.program, &self.arguments);
        let mut processes = self.lock();
        if let Ok(process) = &started {
            processes.busy.push(process.id());
        } else {
            processes.count -= 1;
            self.freed.notify_one();
        }
        started
    }

    fn give_back(&self, process: Process, keep: bool) {
        let mut processes = self.lock();
        let id = process.id();
        processes.busy.retain(|busy| *busy != id);
        if keep {
            processes.idle.push(process);
        } else {
            processes.count -= 1;
            // Its end is waited for outside the lock.
            drop(processes);
            drop(process);
        }
        self.freed.notify_one();
    }
}

/// What is said of an image whose process did not answer.
pub(super) fn refusal(silence: &Silence, budget: Budget) -> StudyError {
    match silence {
        Silence::Ended => StudyError::CodecPanic,
        Silence::TooLong => StudyError::Decode(format!(
            "it took longer than the {:.0} s that an image of its size may take; the file is probably damaged",
            budget.work.as_secs_f64()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_grows_with_the_image_up_to_a_bound() {
        let small = Budget::of(Decoder::Png, 1, 1);
        assert_eq!((small.work.as_secs(), small.memory >> 20), (limits::DECODE_SECONDS, limits::DECODE_BYTES >> 20));
        let film = Budget::of(Decoder::Jpeg2000, 9_000_000, 4_000_000);
        assert!(film.work > small.work && film.memory > small.memory + 9_000_000 * 8);
        let absurd = Budget::of(Decoder::JpegXl, u64::MAX, u64::MAX);
        assert_eq!((absurd.work.as_secs(), absurd.memory), (600, limits::DECODE_MOST_BYTES));
    }

    #[test]
    fn a_small_image_may_take_neither_gigabytes_nor_more_than_five_seconds() {
        for decoder in Decoder::ALL {
            let budget = Budget::of(decoder, 512 * 512 * 3, 1 << 20);
            assert!(budget.memory < 512 << 20 && budget.work < Duration::from_secs(5), "{decoder:?}: {budget:?}");
        }
    }

    #[test]
    fn the_largest_images_may_take_what_they_need() {
        // 110 million pixels in colour, of 16 bits in a PNG of half their bytes: 660 MB of samples.
        let png = Budget::of(Decoder::Png, 330_000_000, 330_000_000);
        assert!(png.memory > 2 * 660_000_000 + 330_000_000 && png.work > Duration::from_mins(1), "{png:?}");
        let jpeg_2000 = Budget::of(Decoder::Jpeg2000, limits::JPEG_2000_SAMPLES as u64, 100 << 20);
        assert!(jpeg_2000.memory < 5 << 29, "{jpeg_2000:?}");
    }

    #[test]
    fn a_program_that_is_not_there_is_told_and_leaves_room_for_others() {
        let pool = Pool::new(PathBuf::from("/there/is/no/such/program"), 1);
        for _ in 0..3 {
            assert!(pool.take().is_err());
        }
        assert!(pool.at_work().is_empty() && pool.waiting().is_empty());
    }
}
