//! `pellucid pacs`: other nodes of a hospital are asked, fetched from and sent to.

pub(super) mod call;
mod echo;
mod find;
mod get;
mod peers;
pub(super) mod receive;
mod send;

use super::Outcome;

/// Ask, query, fetch from, send to and receive of DICOM nodes
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Archives that are known by name: list, add, remove, check
    Peers(peers::Args),
    /// Ask a node whether it listens and knows us (C-ECHO)
    Echo(echo::Args),
    /// Look for patients, studies, series or images at a node (C-FIND)
    Find(Box<find::Args>),
    /// Fetch a study, a series or an image from a node (C-GET or C-MOVE)
    Get(Box<get::Args>),
    /// Send DICOM files to a node (C-STORE)
    Send(send::Args),
    /// Receive DICOM files into a folder until the program is stopped (C-STORE)
    Receive(receive::Args),
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.action {
        Action::Peers(args) => peers::run(args),
        Action::Echo(args) => echo::run(args),
        Action::Find(args) => find::run(args),
        Action::Get(args) => get::run(args),
        Action::Send(args) => send::run(args),
        Action::Receive(args) => receive::run(args),
    }
}
