//! Work that goes wrong on purpose: what tests ask a process for, to see that nothing of it reaches
//! whoever asked. A process does it only where it was started with `--trials`.

use std::time::Duration;

use crate::study::StudyError;

use super::samples::Samples;

/// What is to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// Nothing: a pixel.
    Nothing,
    /// It takes a minute.
    Sleep,
    /// It asks for four gigabytes, and writes to them.
    Allocate,
    /// The process ends at once, as by a fault in memory.
    Abort,
    /// A panic.
    Panic,
    /// It opens a file.
    Open,
}

impl Trial {
    const ALL: [Self; 6] = [Self::Nothing, Self::Sleep, Self::Allocate, Self::Abort, Self::Panic, Self::Open];

    /// The stream that asks for it.
    pub(super) fn stream(self) -> Vec<u8> {
        vec![Self::ALL.iter().position(|trial| *trial == self).unwrap_or_default() as u8]
    }
}

/// Does what the stream asks for.
pub(super) fn run(stream: &[u8]) -> Result<Samples, StudyError> {
    let asked = stream.first().and_then(|number| Trial::ALL.get(usize::from(*number)));
    match asked {
        Some(Trial::Sleep) => std::thread::sleep(Duration::from_mins(1)),
        Some(Trial::Allocate) => {
            let mut all = Vec::new();
            for _ in 0..64 {
                all.push(std::hint::black_box(vec![1_u8; 64 << 20]));
            }
        }
        Some(Trial::Abort) => std::process::abort(),
        Some(Trial::Panic) => panic!("a trial"),
        Some(Trial::Open) => drop(std::fs::File::open("/proc/self/status")?),
        Some(Trial::Nothing) | None => {}
    }
    Ok(Samples { columns: 1, rows: 1, components: 1, word: 1, precision: 8, bytes: vec![7], ..Samples::default() })
}
