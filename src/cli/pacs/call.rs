//! What all calls to other nodes share: who calls whom, how long it waits, and how it is secured.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::Usage;
use crate::pacs::dimse::Caller;
use crate::pacs::dimse::ae::{AeError, AeTitle, Node};
use crate::pacs::dimse::tls::TlsFiles;
use crate::pacs::peers::PeerKind;
use crate::pacs::peers::file::Peers;

/// Who is called, and how.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct CallArgs {
    /// The node, as AE@HOST:PORT, or by its name in peers.toml
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

    /// This program as a caller. A certificate without authorities is for a listener, or a mistake.
    fn caller(&self, listens_secured: bool) -> anyhow::Result<Caller> {
        let mut caller = Caller::new(self.title.clone());
        caller.waits.answer = Duration::from_secs(self.silence);
        let tls = self.tls();
        if tls.certificate.is_some() && tls.authorities.is_none() && !listens_secured {
            let why = "a certificate was named, and the connection would be plain: name with --tls-authorities whose \
                       certificates are believed, or leave it out";
            return Err(Usage(why.into()).into());
        }
        if tls.authorities.is_some() {
            caller.tls = Some(tls.calling()?);
        }
        Ok(caller)
    }
}

impl CallArgs {
    /// The node that is called, and who calls it.
    pub(in crate::cli) fn called(&self) -> anyhow::Result<(Node, Caller)> {
        called(&self.peer, &self.own, false)
    }
}

/// The node that is called, by its place or its name, and who calls it. What the file of peers says of
/// a title and of security holds unless the command line says something else.
pub(in crate::cli) fn called(peer: &str, own: &OwnArgs, listens_secured: bool) -> anyhow::Result<(Node, Caller)> {
    if peer.contains('@') {
        return Ok((peer.parse().map_err(|e: AeError| Usage(e.to_string()))?, own.caller(listens_secured)?));
    }
    let peers = Peers::read(&Peers::path()?)?;
    let known = match &peers.find(peer)?.kind {
        PeerKind::Dimse(known) => known,
        PeerKind::Web(_) => {
            let why = format!("{peer} is spoken to over DICOMweb, and this command opens associations");
            return Err(Usage(why).into());
        }
    };
    let mut caller = own.caller(listens_secured)?;
    if own.title == AeTitle::ours() {
        caller.title = known.calling_ae.clone();
    }
    if let Some(tls) = known.tls.as_ref().filter(|_| caller.tls.is_none()) {
        caller.tls = Some(tls.calling()?);
    }
    Ok((known.node(), caller))
}
