//! The way of CUDA and Metal, walked on the CPU.
//!
//! On a graphics processor networks are composed of candle's operations instead of the kernels of `pellucid-network`.
//! With [`KERNELS`] the same happens on the CPU, and a kernel of our own that is reached all the same is an error: so the
//! specification of networks, gradients, maps, samples and training holds on both ways, on machines that have no such
//! processor. What this cannot show: that candle's kernels for them are right, and how fast they are.

use std::process::Command;

use pellucid::network::device::{KERNELS, candle_alone};

/// Parts of the specification that run networks, without those that say the same of more of them.
const WALKED: &[&str] = &[
    "architectures::every_family",
    "architectures::the_folded_network",
    "cam::",
    "engine::",
    "explaining::every_method",
    "explaining::what_should_add_up",
    "foreign_transformers::",
    "network::",
    "training::a_resumed_run",
    "training::a_run_learns",
    "transformers::a_transformer_learns",
    "uncertainty::varied_images",
];

#[test]
fn networks_maps_samples_and_training_hold_where_candle_s_kernels_run_alone() {
    if candle_alone() {
        return;
    }
    let run = Command::new(std::env::current_exe().unwrap()).args(WALKED).env(KERNELS, "candle").output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let unlike_ok: Vec<&str> = said.lines().filter(|line| !line.ends_with("... ok")).collect();
    assert!(run.status.success(), "{}", unlike_ok.join("\n"));
    for part in WALKED {
        assert!(said.lines().any(|line| line.contains(part) && line.ends_with("ok")), "no test is called {part}");
    }
}
