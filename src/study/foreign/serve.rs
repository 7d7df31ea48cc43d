//! The other side: what a process does that was started to decode.
//!
//! One thread reads requests, another decodes, and a third sees to it that this ends. When the pipe closes, because whoever asked is
//! gone, the reading thread ends the process, in the middle of an image too.

use std::io::{self, BufWriter, Read, Write};
use std::process;
use std::sync::mpsc;
use std::thread;

use crate::study::StudyError;

use super::confine::Confined;
use super::decoder::Decoder;
use super::message::{GREETING, Request, write_reply};
use super::standstill::Standstill;

/// Answers requests until the pipe closes; ends the process then.
///
/// `trials`: also does [`super::Trial`]s.
///
/// # Errors
/// Where the greeting or a reply cannot be written, or there are no threads.
pub fn serve(input: impl Read + Send + 'static, output: impl Write, trials: bool) -> io::Result<()> {
    let mut output = BufWriter::new(output);
    let (sender, requests) = mpsc::sync_channel(1);
    let (begin, begun) = mpsc::sync_channel(1);
    thread::Builder::new().name("requests".into()).spawn(move || {
        let mut input = input;
        // The greeting comes before anything that could end the process.
        let _ = begun.recv();
        // What is no request is no partner either.
        while let Ok(request) = Request::read(&mut input) {
            if sender.send(request).is_err() {
                break;
            }
        }
        process::exit(0);
    })?;
    let standstill = Standstill::watch()?;
    let confined = Confined::begin();
    output.write_all(&GREETING)?;
    output.flush()?;
    let _ = begin.send(());
    for Request { decoder, memory, seconds, size, stream } in requests {
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
