//! How much memory the system would give out now.
//!
//! Linux gives out more than there is and ends programs that use it; whoever is about to ask for
//! much asks here first. Elsewhere nothing is known, and the limits of [`crate::limits`] alone
//! hold.

use std::fs;
use std::path::Path;

/// Bytes that can be had without pushing anything else out: of the machine, or of the group of
/// processes that this one is confined to, whichever are fewer. `None` where the system does not
/// tell.
#[must_use]
pub fn available() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| of_machine(&text));
    let group = of_group(Path::new("/sys/fs/cgroup"));
    machine.into_iter().chain(group).min()
}

/// `MemAvailable` of `/proc/meminfo` (proc(5)), which is in KiB.
fn of_machine(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// What a control group (version 2) has left: its limit less what it holds, files that can be read
/// again left out.
fn of_group(folder: &Path) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let limit: u64 = read("memory.max")?.trim().parse().ok()?;
    let held: u64 = read("memory.current")?.trim().parse().ok()?;
    let stat = read("memory.stat").unwrap_or_default();
    let files = stat.lines().find_map(|line| line.strip_prefix("inactive_file ")?.trim().parse().ok()).unwrap_or(0);
    Some(limit.saturating_sub(held.saturating_sub(files)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_kernel_is_in_kibibytes() {
        assert_eq!(of_machine("MemTotal:  100 kB\nMemAvailable:   2048 kB\n"), Some(2 << 20));
        assert_eq!(of_machine("MemTotal:  100 kB\n"), None);
    }

    #[test]
    fn a_group_has_its_limit_less_what_it_cannot_give_back() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("memory.max", "max\n");
        assert_eq!(of_group(folder.path()), None);
        write("memory.max", "1000\n");
        write("memory.current", "700\n");
        write("memory.stat", "anon 400\ninactive_file 300\n");
        assert_eq!(of_group(folder.path()), Some(600));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_some() {
        assert!(available().is_some_and(|bytes| bytes > 1 << 20));
    }
}
