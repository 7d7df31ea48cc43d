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
    /// It computes for ever.
    Spin,
    /// It asks for a gigabyte, and writes to it.
    Allocate,
    /// The process ends at once, as by a fault in memory.
    Abort,
    /// A panic.
    Panic,
    /// It opens a file.
    Open,
    /// Nothing: the bytes that were sent come back, for a bench.
    Echo,
}

impl Trial {
    const ALL: [Self; 8] =
        [Self::Nothing, Self::Sleep, Self::Spin, Self::Allocate, Self::Abort, Self::Panic, Self::Open, Self::Echo];

    /// The stream that asks for it, with so many bytes behind.
    pub(super) fn stream(self, behind: usize) -> Vec<u8> {
        let mut stream = vec![0; 1 + behind];
        stream[0] = Self::ALL.iter().position(|trial| *trial == self).unwrap_or_default() as u8;
        stream
    }
}

/// Does what the stream asks for.
pub(super) fn run(stream: &[u8]) -> Result<Samples, StudyError> {
    let asked = stream.first().and_then(|number| Trial::ALL.get(usize::from(*number)));
    match asked {
        Some(Trial::Sleep) => std::thread::sleep(Duration::from_mins(1)),
        Some(Trial::Spin) => loop {
            std::hint::black_box(0);
        },
        Some(Trial::Allocate) => {
            let mut all = Vec::new();
            for _ in 0..16 {
                all.push(std::hint::black_box(vec![1_u8; 64 << 20]));
            }
        }
        Some(Trial::Abort) => std::process::abort(),
        Some(Trial::Panic) => panic!("a trial"),
        Some(Trial::Open) => drop(std::fs::File::open("/proc/self/status")?),
        Some(Trial::Nothing | Trial::Echo) | None => {}
    }
    let bytes = if asked == Some(&Trial::Echo) { stream[1..].to_vec() } else { vec![7] };
    let columns = bytes.len();
    Ok(Samples { columns, rows: 1, components: 1, word: 1, precision: 8, bytes, ..Samples::default() })
}
