//! What a process that decodes may take of the system.
//!
//! On Unix it leaves no memory image behind when it fails (that would hold pixels) and can open no
//! file and no connection once it runs, and the time that the processor works for it is bounded,
//! anew for every image: a machine that is busy with something else takes nothing of it away. On
//! Linux its address space is bounded in the same way. Other systems hold no such bounds; there
//! whoever asks bounds the time that it waits.

/// What the process had when it began.
pub(super) struct Confined {
    /// Bytes of address space; `None` where they are not known.
    #[cfg(target_os = "linux")]
    had: Option<u64>,
}

impl Confined {
    /// Gives up what decoding does not need. Call it once all threads run.
    pub(super) fn begin() -> Self {
        #[cfg(target_os = "linux")]
        let had = address_space();
        #[cfg(unix)]
        {
            use rustix::process::{Resource, Rlimit, setrlimit};
            let most = |count| Rlimit { current: Some(count), maximum: Some(count) };
            // Standard input, output and error are open already. A system that refuses is as it was.
            let _ = setrlimit(Resource::Core, most(0));
            let _ = setrlimit(Resource::Nofile, most(3));
        }
        Self {
            #[cfg(target_os = "linux")]
            had,
        }
    }

    /// Lets the process have so many bytes beside those of its beginning, and work for so many
    /// seconds more, as far as the system bounds either.
    #[cfg_attr(not(target_os = "linux"), expect(clippy::unused_self, reason = "the same call on every system"))]
    pub(super) fn allow(&self, memory: u64, seconds: u32) {
        #[cfg(target_os = "linux")]
        if let Some(had) = self.had {
            bound(rustix::process::Resource::As, had.saturating_add(memory));
        }
        #[cfg(not(target_os = "linux"))]
        let _ = memory;
        #[cfg(unix)]
        {
            let worked = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime).tv_sec;
            let until = u64::try_from(worked).unwrap_or(0) + u64::from(seconds) + 1;
            bound(rustix::process::Resource::Cpu, until);
        }
        #[cfg(not(unix))]
        let _ = seconds;
    }
}

/// Sets what the process itself may raise again.
#[cfg(unix)]
fn bound(resource: rustix::process::Resource, most: u64) {
    use rustix::process::{Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(resource).maximum;
    // A system that refuses is as it was.
    let _ = setrlimit(resource, Rlimit { current: Some(most.min(maximum.unwrap_or(u64::MAX))), maximum });
}

/// Bytes of address space in use (`VmSize` of proc(5)).
#[cfg(target_os = "linux")]
fn address_space() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
