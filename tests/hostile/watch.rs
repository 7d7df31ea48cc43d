//! What a case costs: time of the processor, and memory at its height.
//!
//! Linux tells both; elsewhere the clock stands for the time, and memory is not watched.

use std::time::{Duration, Instant};

/// Clock ticks of `/proc/self/stat` in a second: 100 on every Linux that runs Rust.
const TICKS: u64 = 100;

/// What has been used since it was started.
pub(crate) struct Watch {
    clock: Instant,
    ticks: Option<u64>,
}

/// Costs of a case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) time: Duration,
    /// Bytes in memory at the height.
    pub(crate) peak: u64,
}

impl Watch {
    pub(crate) fn start() -> Self {
        // Sets the high-water mark back to what is in memory now.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        Self { clock: Instant::now(), ticks: ticks() }
    }

    pub(crate) fn stop(&self) -> Cost {
        let time = match (self.ticks, ticks()) {
            (Some(then), Some(now)) => Duration::from_millis((now - then) * 1000 / TICKS),
            _ => self.clock.elapsed(),
        };
        Cost { time, peak: peak().unwrap_or(0) }
    }
}

/// Ticks that the process has computed for, all threads together.
fn ticks() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may hold anything, but ends with the last bracket.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let [user, system] = [11, 12].map(|i| fields.get(i).and_then(|f| f.parse::<u64>().ok()));
    Some(user? + system?)
}

fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
