//! The other side: what a process does that was started to decode.
//!
//! One thread reads a request, decodes, and answers; another ends the process once whoever asked is
//! gone, in the middle of an image too; a third sees to it that decoding ends.

use std::io::{self, BufWriter, Write};
use std::sync::mpsc;

use crate::study::StudyError;

use super::confine::Confined;
use super::decoder::Decoder;
use super::message::{GREETING, Request, write_reply};
use super::standstill::Standstill;

/// Answers requests from standard input until it closes, or until something comes that is no
/// request; ends the process then.
///
/// `trials`: also does [`super::Trial`]s.
///
/// # Errors
/// Where the greeting or a reply cannot be written, or there are no threads.
pub fn serve(output: impl Write, trials: bool) -> io::Result<()> {
    let mut output = BufWriter::new(output);
    let (begin, begun) = mpsc::sync_channel(1);
    let mut requests = asked::requests(begun)?;
    let standstill = Standstill::watch()?;
    let confined = Confined::begin();
    output.write_all(&GREETING)?;
    output.flush()?;
    // The greeting comes before anything that could end the process.
    let _ = begin.send(());
    // What is no request is no partner either.
    while let Ok(Request { decoder, memory, seconds, size, stream }) = requests() {
        confined.allow(memory, seconds);
        let reply = if decoder == Decoder::Trial && !trials {
            Err(StudyError::UnsupportedPixels("a trial, for which this process was not started".into()))
        } else {
            standstill.ends(|| decoder.decode(&stream, size))
        };
        write_reply(&reply, &mut output)?;
    }
    Ok(())
}

/// Requests as they come, where the system tells that a pipe was closed without reading from it.
#[cfg(unix)]
mod asked {
    use std::os::fd::AsFd as _;
    use std::sync::mpsc::Receiver;
    use std::{io, process, thread};

    use rustix::event::{PollFd, PollFlags, poll};

    use super::Request;

    pub(super) fn requests(begun: Receiver<()>) -> io::Result<impl FnMut() -> io::Result<Request>> {
        thread::Builder::new().name("closed".into()).spawn(move || {
            let _ = begun.recv();
            let input = io::stdin();
            let input = input.as_fd();
            // Only that the other end is gone is waited for, not data.
            let mut waits = [PollFd::new(&input, PollFlags::empty())];
            loop {
                match poll(&mut waits, None) {
                    Ok(_) if waits[0].revents().is_empty() => {}
                    Err(rustix::io::Errno::INTR) => {}
                    Ok(_) => process::exit(0),
                    // Nothing can be told; the end is noticed between two images.
                    Err(_) => return,
                }
            }
        })?;
        let mut input = io::stdin().lock();
        Ok(move || Request::read(&mut input))
    }
}

/// Elsewhere by a thread that reads ahead.
#[cfg(not(unix))]
mod asked {
    use std::sync::mpsc::{self, Receiver};
    use std::{io, process, thread};

    use super::Request;

    pub(super) fn requests(begun: Receiver<()>) -> io::Result<impl FnMut() -> io::Result<Request>> {
        let (sender, requests) = mpsc::sync_channel(1);
        thread::Builder::new().name("requests".into()).spawn(move || {
            let _ = begun.recv();
            let mut input = io::stdin().lock();
            while let Ok(request) = Request::read(&mut input) {
                if sender.send(request).is_err() {
                    break;
                }
            }
            process::exit(0);
        })?;
        Ok(move || requests.recv().map_err(|_| io::ErrorKind::UnexpectedEof.into()))
    }
}
