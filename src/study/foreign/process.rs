//! One process that decodes: how it is started, asked, and ended.
//!
//! A thread of its own carries requests and replies, so that whoever asks waits no longer than the
//! time allowed, wherever the process hangs: it is killed then, the pipes break, and the thread
//! ends.

use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::study::StudyError;

use super::message::{GREETING, Request, read_reply};
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
    child: Child,
    requests: Sender<Request>,
    replies: Receiver<io::Result<Reply>>,
}

impl Process {
    /// Starts `program` with `arguments` and waits for its greeting.
    pub(super) fn start(program: &Path, arguments: &[&str]) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Nothing that it could say of a file reaches a log.
        command.env_remove("RUST_LOG").env_remove("RUST_BACKTRACE");
        // What the allocator keeps in hand could be taken beside the budget: a gigabyte without this.
        command.env("MIMALLOC_ARENA_RESERVE", IN_HAND);
        #[cfg(windows)]
        {
            use std::os::windows::process::CommandExt as _;
            // CREATE_NO_WINDOW
            command.creation_flags(0x0800_0000);
        }
        let mut child = command.spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(ErrorKind::BrokenPipe.into());
        };
        widen(&input, &output);
        let (requests, asked) = mpsc::channel();
        let (answered, replies) = mpsc::channel();
        let (greeted, greeting) = mpsc::channel();
        let mut process = Self { child, requests, replies };
        thread::Builder::new().name("decoder".into()).spawn(move || {
            let mut output = BufReader::new(output);
            if greeted.send(greets(&mut output)).is_ok() {
                carry(&asked, input, output, &answered);
            }
        })?;
        match greeting.recv_timeout(GREETS_WITHIN) {
            Ok(Ok(())) => Ok(process),
            Ok(Err(error)) => Err(error),
            Err(_) => {
                process.end();
                Err(ErrorKind::TimedOut.into())
            }
        }
    }

    /// Number of the process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it runs still.
    pub(super) fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks, and waits no longer than `time`. After a silence the process is gone.
    pub(super) fn ask(&mut self, request: Request, time: Duration) -> Result<Reply, Silence> {
        let silence = if self.requests.send(request).is_err() {
            Silence::Ended
        } else {
            match self.replies.recv_timeout(time) {
                Ok(Ok(reply)) => return Ok(reply),
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Silence::Ended,
                Err(RecvTimeoutError::Timeout) => Silence::TooLong,
            }
        };
        let status = self.end();
        Err(if status.is_some_and(took_too_long) { Silence::TooLong } else { silence })
    }

    fn end(&mut self) -> Option<ExitStatus> {
        // It may have ended by itself; then how stands.
        let _ = self.child.kill();
        self.child.wait().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
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

/// Carries requests to the process and its replies back, until one side is gone.
fn carry(
    asked: &Receiver<Request>,
    mut input: ChildStdin,
    mut output: BufReader<ChildStdout>,
    answered: &Sender<io::Result<Reply>>,
) {
    while let Ok(request) = asked.recv() {
        let reply = request.write(&mut input).and_then(|()| read_reply(&mut output));
        let broken = reply.is_err();
        if answered.send(reply).is_err() || broken {
            return;
        }
    }
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
