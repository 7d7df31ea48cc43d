//! `pellucid pacs receive`: a listener that takes DICOM files into a folder.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use super::call::OwnArgs;
use crate::cancel::CancelToken;
use crate::cli::{Outcome, Usage, output};
use crate::pacs::dimse::receiver::{
    AllowedError, AllowedPeer, Arrivals, Arrived, Inbox, Receiver, Settings, SocketAddr, listening_place,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder for what is received; each file is named by its SOP Instance UID
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Port, or address and port, that is listened on [default address: all where --allow is given,
    /// else this machine alone]
    #[arg(long, value_name = "[ADDRESS:]PORT")]
    listen: String,
    #[command(flatten)]
    bounds: BoundArgs,
    #[command(flatten)]
    own: OwnArgs,
    /// Stop after so many files
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// One JSON object a line for each file, and nothing else
    #[arg(long)]
    json: bool,
}

/// What a listener takes of whom.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct BoundArgs {
    /// A node that may call, by its title and the host that it calls from; may be repeated
    /// [default: any title, from this machine]
    #[arg(long, value_name = "AE@HOST")]
    pub allow: Vec<String>,
    /// Take secured connections only; with --tls-authorities callers must show a certificate, too
    #[arg(long, requires = "tls_certificate")]
    pub tls: bool,
    /// Associations at the same time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=crate::limits::PACS_ASSOCIATIONS as i64))]
    pub associations: u16,
    /// Largest object, in MB
    #[arg(long, value_name = "MB", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    pub object_size: u64,
    /// Seconds that an object may take from its first byte to its last
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub object_time: u64,
}

impl BoundArgs {
    /// The usual bounds.
    pub(in crate::cli) fn usual(allow: Vec<String>, tls: bool) -> Self {
        let (associations, object_size, object_time) = (16, 4096, 600);
        Self { allow, tls, associations, object_size, object_time }
    }

    /// Where to listen.
    pub(in crate::cli) fn address(&self, place: &str) -> Result<SocketAddr, Usage> {
        listening_place(place, !self.allow.is_empty())
            .ok_or_else(|| Usage(format!("“{place}” is neither a port nor ADDRESS:PORT")))
    }

    /// The bounds of the listener.
    pub(in crate::cli) fn settings(&self, own: &OwnArgs) -> anyhow::Result<Settings> {
        let allowed: Result<Vec<AllowedPeer>, AllowedError> = self.allow.iter().map(|text| text.parse()).collect();
        let mut settings = Settings::new(own.title.clone());
        settings.allowed = allowed.map_err(|e| Usage(e.to_string()))?;
        settings.tls = if self.tls { Some(own.tls().called()?) } else { None };
        settings.associations = usize::from(self.associations);
        settings.object_bytes = self.object_size << 20;
        settings.object_time = Duration::from_secs(self.object_time);
        settings.waits.answer = Duration::from_secs(own.silence);
        Ok(settings)
    }
}

/// Prints what arrives.
struct Printing {
    json: bool,
    came: AtomicUsize,
    count: Option<usize>,
    stop: CancelToken,
}

impl Arrivals for Printing {
    fn arrived(&self, object: &Arrived) -> io::Result<()> {
        let path = object.path.display().to_string();
        if self.json {
            let line = json!({ "file": path, "sop_class_uid": object.sop_class,
                "sop_instance_uid": object.sop_instance.as_str(), "sender": object.sender });
            output::json(&line).map_err(io::Error::other)?;
        } else {
            output::line(format!("{path}: from {}", object.sender))?;
        }
        let came = self.came.fetch_add(1, Ordering::SeqCst) + 1;
        if self.count.is_some_and(|count| came >= count) {
            self.stop.cancel();
        }
        Ok(())
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let tls = args.own.tls();
    if !args.bounds.tls && (tls.certificate.is_some() || tls.authorities.is_some()) {
        let why = "certificates were named, and connections would be plain: add --tls, or leave them out";
        return Err(Usage(why.into()).into());
    }
    let (address, settings) = (args.bounds.address(&args.listen)?, args.bounds.settings(&args.own)?);
    let stop = CancelToken::default();
    let printing = Printing { json: args.json, came: AtomicUsize::new(0), count: args.count, stop: stop.clone() };
    let title = settings.title.clone();
    let receiver =
        Receiver::bind(address, settings, Inbox::at(&args.folder)?, Arc::new(printing), CancelToken::default())?;
    output::remark(format!("{title} listens on {}; stop it with Ctrl+C", receiver.address()));
    receiver.run(&stop);
    Ok(Outcome::Done)
}
