//! What all calls to other nodes share: who calls whom, how long it waits, and how it is secured.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::Usage;
use crate::pacs::dimse::Caller;
use crate::pacs::dimse::ae::{AeTitle, Node};
use crate::pacs::dimse::tls::TlsFiles;

/// Who is called, and how.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct CallArgs {
    /// The node, as AE@HOST:PORT
    #[arg(value_name = "PEER")]
    pub peer: String,
    #[command(flatten)]
    pub own: OwnArgs,
}

/// Who this program is, and how connections are secured.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct OwnArgs {
    /// Our own AE title
    #[arg(long, value_name = "AE", default_value_t = AeTitle::ours())]
    pub title: AeTitle,
    /// Seconds that a node may be silent before it is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub silence: u64,
    /// Certificates in PEM of the authorities that are believed; connections to others are secured
    /// with TLS where it is given
    #[arg(long, value_name = "FILE")]
    pub tls_authorities: Option<PathBuf>,
    /// Our certificate in PEM, with those that lead to its authority
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// The private key of our certificate in PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
}

impl OwnArgs {
    /// The files that secure connections.
    pub(in crate::cli) fn tls(&self) -> TlsFiles {
        TlsFiles {
            authorities: self.tls_authorities.clone(),
            certificate: self.tls_certificate.clone(),
            key: self.tls_key.clone(),
        }
    }

    /// This program as a caller.
    pub(in crate::cli) fn caller(&self) -> anyhow::Result<Caller> {
        let mut caller = Caller::new(self.title.clone());
        caller.waits.answer = Duration::from_secs(self.silence);
        let tls = self.tls();
        if tls.authorities.is_some() {
            caller.tls = Some(tls.calling()?);
        }
        Ok(caller)
    }
}

impl CallArgs {
    /// The node that is called.
    pub(in crate::cli) fn node(&self) -> Result<Node, Usage> {
        self.peer.parse().map_err(|e: crate::pacs::dimse::ae::AeError| Usage(e.to_string()))
    }
}
