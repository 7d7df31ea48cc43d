//! What a process that decodes may take of the system.
//!
//! On Unix it leaves no memory image behind when it fails (that would hold pixels) and can open no
//! file and no connection once it runs. On Linux its address space is bounded, anew for every
//! image; other systems do not hold such a bound, and there time alone is.

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

    /// Lets the process have so many bytes beside those of its beginning.
    #[cfg(target_os = "linux")]
    pub(super) fn allow(&self, memory: u64) {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Some(had) = self.had else { return };
        let maximum = getrlimit(Resource::As).maximum;
        let current = had.saturating_add(memory).min(maximum.unwrap_or(u64::MAX));
        let _ = setrlimit(Resource::As, Rlimit { current: Some(current), maximum });
    }

    /// Nothing is bounded here.
    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, reason = "the same call on every system")]
    pub(super) fn allow(&self, _memory: u64) {}
}

/// Bytes of address space in use (`VmSize` of proc(5)).
#[cfg(target_os = "linux")]
fn address_space() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
