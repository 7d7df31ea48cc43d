//! `pellucid completions`: what a shell needs to complete the program's commands and options, and the
//! manual pages that packages install.

use std::path::PathBuf;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Cli, Outcome, output};

/// Print the completions of a shell, or write the manual pages
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum, required_unless_present = "manual")]
    shell: Option<Shell>,
    /// Write the manual pages, one a command, into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "shell")]
    manual: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut command = Cli::command();
    if let Some(folder) = &args.manual {
        output::make_folder(folder)?;
        clap_mangen::generate_to(command.clone(), folder)?;
    }
    if let Some(shell) = args.shell {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command, "pellucid", &mut script);
        output::line(String::from_utf8(script)?.trim_end())?;
    }
    Ok(Outcome::Done)
}
