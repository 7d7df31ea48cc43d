//! The display: a hidden window is opened by a process of its own, for a driver that ends its program
//! must not end the examination.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Finding;
use crate::app::has_display;

/// After this long a window is taken for one that never comes.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);

/// Longest text that the other process is heard out for.
const LONGEST: u64 = 4096;

pub(super) fn examine() -> Vec<Finding> {
    const PART: &str = "Display";
    if !has_display() {
        return vec![Finding::limited(
            PART,
            "none (neither DISPLAY nor WAYLAND_DISPLAY is set): the viewer needs one, all other commands do without",
        )];
    }
    vec![match in_another_process() {
        Ok(opened) => Finding::works(PART, opened),
        Err(reason) => Finding::fails(
            PART,
            format!("{reason}\nThe viewer needs OpenGL 2.1 or OpenGL ES 2.0; on Debian: apt install libgl1-mesa-dri"),
        ),
    }]
}

/// What a process of this program says of its window.
fn in_another_process() -> Result<String, String> {
    let begun = Instant::now();
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(program)
        .args(["doctor", "--window"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("a process could not be started ({error})"))?;
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < PATIENCE => sleep(LOOK),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("no window within {} seconds", PATIENCE.as_secs()));
            }
        }
    };
    let (said, complained) = heard(&mut child);
    match first_line(&said) {
        Some(opened) if ended.success() => {
            Ok(format!("{opened}; first frame after {} ms", begun.elapsed().as_millis()))
        }
        _ => Err(first_line(&complained).map_or_else(|| format!("the process ended with {ended}"), str::to_owned)),
    }
}

/// Standard output and standard error of a process that has ended.
fn heard(child: &mut Child) -> (String, String) {
    let (mut said, mut complained) = (String::new(), String::new());
    if let Some(pipe) = child.stdout.take() {
        let _ = pipe.take(LONGEST).read_to_string(&mut said);
    }
    if let Some(pipe) = child.stderr.take() {
        let _ = pipe.take(LONGEST).read_to_string(&mut complained);
    }
    (said, complained)
}

/// The first line that is not empty.
fn first_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| !line.is_empty())
}
