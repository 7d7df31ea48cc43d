//! The program, the operating system, the processor and its memory.

use std::env;
use std::fs;
use std::thread::available_parallelism;

use super::Finding;
use crate::memory;
use crate::network::device::{self, DeviceChoice};

/// Variables that change what the program does; only those that cannot hold a name or a password
/// are shown with their value.
const SHOWN: [&str; 5] = ["LANG", "LC_ALL", "RUST_LOG", "RAYON_NUM_THREADS", device::KERNELS];
const NAMED: [&str; 6] = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "TMPDIR"];

/// Memory below which large radiographs and their maps may not fit.
const LITTLE: u64 = 1 << 30;

pub(super) fn examine() -> Vec<Finding> {
    vec![program(), system(), memory(), compute(), variables()]
}

fn program() -> Finding {
    let build = if cfg!(debug_assertions) { "built without optimisation: slow" } else { "optimised" };
    let (version, commit) = (crate::VERSION, crate::COMMIT);
    Finding::works("Program", format!("Pellucid {version}, commit {commit}, {build}"))
}

fn system() -> Finding {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let name = name.map_or(env::consts::OS, |name| name.trim_matches('"'));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").map(|kernel| format!(", kernel {}", kernel.trim()));
    let cores = available_parallelism().map_or(1, usize::from);
    let vectors = if cfg!(target_arch = "x86_64") { format!(", {}", vectors()) } else { String::new() };
    let (kernel, arch) = (kernel.unwrap_or_default(), env::consts::ARCH);
    Finding::works("System", format!("{name}{kernel}, {arch}, {cores} cores{vectors}"))
}

/// What the kernels of the network compute with, and what the processor has besides.
#[cfg(target_arch = "x86_64")]
fn vectors() -> &'static str {
    if is_x86_feature_detected!("avx512f") {
        "AVX-512"
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        "AVX2"
    } else {
        "no AVX2: networks run several times as slowly"
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn vectors() -> &'static str {
    ""
}

fn memory() -> Finding {
    match memory::available() {
        None => Finding::works("Memory", "this system does not tell how much is free"),
        Some(free) if free < LITTLE => Finding::limited(
            "Memory",
            format!("{} MB free: large images and their maps may not fit; close other programs", free >> 20),
        ),
        Some(free) => Finding::works("Memory", format!("{:.1} GB free", free as f64 / 1e9)),
    }
}

/// The graphics processor as far as networks are computed on it.
fn compute() -> Finding {
    let device = DeviceChoice::Auto.open().map(|device| device::name(&device)).unwrap_or_default();
    let other = if cfg!(target_os = "macos") { DeviceChoice::Metal } else { DeviceChoice::Cuda };
    let reason = other.open().err().map_or(String::new(), |error| format!("\n{error}"));
    Finding::works("Computing", format!("networks run on: {device}{reason}"))
}

fn variables() -> Finding {
    let set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let value = |name: &str| env::var(name).unwrap_or_else(|_| "(no text)".into());
    let shown = SHOWN.iter().filter(|name| set(name)).map(|name| format!("{name}={}", value(name)));
    let named = NAMED.iter().filter(|name| set(name)).map(|name| format!("{name} is set"));
    let all: Vec<String> = shown.chain(named).collect();
    let all = if all.is_empty() { "none that matter here are set".to_owned() } else { all.join(", ") };
    Finding::works("Variables", all)
}
