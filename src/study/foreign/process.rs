//! One process that decodes: how it is started, asked, and ended.
//!
//! Whoever asks waits no longer than the time allowed, wherever the process hangs
//! ([`patience`](super::patience)).

use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::study::StudyError;

use super::message::{GREETING, Request, read_reply};
use super::patience::Patience;
use super::samples::Samples;
use super::standstill::STOOD_STILL;

/// Longest time until a process that was started says its first word.
const GREETS_WITHIN: Duration = Duration::from_secs(10);

/// What the allocator asks the system for at once.
const IN_HAND: &str = "256MiB";

/// What came of a request that the process answered.
pub(super) type Reply = Result<Samples, StudyError>;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Silence {
    /// The process ended, or said what no process of ours says.
    Ended,
    /// It took too long.
    TooLong,
}

/// A process that decodes.
pub(super) struct Process {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    patience: Patience,
}

impl Process {
    /// Starts `program` with `arguments` and waits for its greeting.
    pub(super) fn start(program: &Path, arguments: &[&str]) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Nothing that it could say of a file reaches a log.
        command.env_remove("RUST_LOG").env_remove("RUST_BACKTRACE");
        // A process of a training keeps its pages no longer than any other.
        command.env_remove("MIMALLOC_PURGE_DELAY");
        // What the allocator keeps in hand could be taken beside the budget: a gigabyte without this.
        command.env("MIMALLOC_ARENA_RESERVE", IN_HAND);
        #[cfg(windows)]
        {
            use std::os::windows::process::CommandExt as _;
            // CREATE_NO_WINDOW
            command.creation_flags(0x0800_0000);
        }
        let mut child = command.spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let patience = Patience::with(child)?;
        let (Some(input), Some(output)) = (input, output) else { return Err(ErrorKind::BrokenPipe.into()) };
        widen(&input, &output);
        let mut process = Self { input, output: BufReader::new(output), patience };
        match process.patience.within(GREETS_WITHIN, || greets(&mut process.output)) {
            (true, _) => Err(ErrorKind::TimedOut.into()),
            (false, greeted) => greeted.map(|()| process),
        }
    }

    /// Number of the process.
    pub(super) fn id(&self) -> u32 {
        self.patience.id()
    }

    /// Whether it runs still.
    pub(super) fn runs(&self) -> bool {
        self.patience.runs()
    }

    /// Asks, and waits no longer than `time`. After a silence the process is gone.
    pub(super) fn ask(&mut self, request: &Request, time: Duration) -> Result<Reply, Silence> {
        let Self { input, output, patience } = self;
        let asked = || request.write(input).and_then(|()| read_reply(output));
        match patience.within(time, asked) {
            (false, Ok(reply)) => Ok(reply),
            (true, _) => Err(Silence::TooLong),
            (false, Err(_)) if patience.end().is_some_and(took_too_long) => Err(Silence::TooLong),
            (false, Err(_)) => Err(Silence::Ended),
        }
    }
}

/// Whether it ended because the processor had worked too long for it, or not at all.
fn took_too_long(status: ExitStatus) -> bool {
    status.code() == Some(STOOD_STILL) || worked_too_long(status)
}

/// Whether the system ended it because the processor had worked too long for it.
#[cfg(unix)]
fn worked_too_long(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(rustix::process::Signal::XCPU.as_raw())
}

#[cfg(not(unix))]
fn worked_too_long(_status: ExitStatus) -> bool {
    false
}

fn greets(output: &mut impl Read) -> io::Result<()> {
    let mut word = [0; GREETING.len()];
    output.read_exact(&mut word)?;
    if word == GREETING { Ok(()) } else { Err(ErrorKind::InvalidData.into()) }
}

/// Lets a megabyte stand in each pipe, so that images go through in few steps.
#[cfg(target_os = "linux")]
fn widen(input: &ChildStdin, output: &ChildStdout) {
    // Where the system allows less, they are as they were.
    let _ = rustix::pipe::fcntl_setpipe_size(input, 1 << 20);
    let _ = rustix::pipe::fcntl_setpipe_size(output, 1 << 20);
}

#[cfg(not(target_os = "linux"))]
fn widen(_input: &ChildStdin, _output: &ChildStdout) {}
