//! `decode-worker`: the side of the program that decodes images for another one of it, over
//! standard input and output. No subcommand for people.

use std::io;
use std::path::{Path, PathBuf};

use super::Outcome;
use crate::study::foreign;

/// Decode images for another process of the program; ends when that does
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Also do what goes wrong on purpose, for tests
    #[arg(long, hide = true)]
    trials: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    foreign::serve(io::stdout().lock(), args.trials)?;
    Ok(Outcome::Done)
}

/// The file of this program. On Linux it is named by the system's link to it, which leads to this
/// very version even where the file has been replaced or removed since.
pub(super) fn program() -> Option<PathBuf> {
    let link = Path::new("/proc/self/exe");
    if cfg!(target_os = "linux") && link.exists() { Some(link.to_owned()) } else { std::env::current_exe().ok() }
}
