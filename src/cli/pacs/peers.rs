//! `pellucid pacs peers`: archives that are known by name.

use std::io::{IsTerminal as _, stdin};
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use crate::cancel::CancelToken;
use crate::cli::{Outcome, Usage, output};
use crate::pacs::dimse::ae::{AeTitle, Node};
use crate::pacs::dimse::tls::TlsFiles;
use crate::pacs::open::open;
use crate::pacs::peers::file::Peers;
use crate::pacs::peers::keeping::{self, Kept};
use crate::pacs::peers::root::Root;
use crate::pacs::peers::secret::{self, Secret, SecretError};
use crate::pacs::peers::{Auth, DimsePeer, Peer, PeerKind, WebPeer};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the archives, without their secrets
    List {
        /// One JSON object a line for each archive, and nothing else
        #[arg(long)]
        json: bool,
    },
    /// Add an archive; a password or token goes into the keyring of the system
    Add(Box<AddArgs>),
    /// Remove an archive, and its secret from the keyring
    Remove { name: String },
    /// Ask archives whether they are there and let this program in; all of them without a name
    Check {
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// One JSON object a line for each archive, and nothing else
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct AddArgs {
    /// What the archive is called from now on
    name: String,
    /// Root of its DICOMweb, to which /studies is added
    #[arg(long, value_name = "URL", required_unless_present = "dimse", conflicts_with = "dimse")]
    web: Option<String>,
    /// Title, host and port of an archive that is asked over associations
    #[arg(long, value_name = "AE@HOST:PORT")]
    dimse: Option<Node>,
    /// Name that a password belongs to (DICOMweb)
    #[arg(long, value_name = "NAME", conflicts_with_all = ["bearer", "dimse"])]
    user: Option<String>,
    /// Sign in with a token (DICOMweb)
    #[arg(long, conflicts_with = "dimse")]
    bearer: bool,
    /// Allow http to another machine: the network between is trusted (DICOMweb)
    #[arg(long, conflicts_with = "dimse")]
    plain: bool,
    /// Read the password or token from standard input instead of asking for it
    #[arg(long)]
    secret_stdin: bool,
    /// Keep no secret: it is asked for each time, or stands in the environment
    #[arg(long, conflicts_with = "secret_stdin")]
    no_secret: bool,
    /// Our own AE title (associations)
    #[arg(long, value_name = "AE", default_value_t = AeTitle::ours())]
    title: AeTitle,
    /// Certificates in PEM of the authorities that are believed; associations are secured with TLS where
    /// it is given
    #[arg(long, value_name = "FILE")]
    authorities: Option<PathBuf>,
    /// Our certificate in PEM (associations with TLS)
    #[arg(long, value_name = "FILE", requires_all = ["key", "authorities", "dimse"])]
    certificate: Option<PathBuf>,
    /// The private key of our certificate in PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.action {
        Action::List { json } => list(*json),
        Action::Add(args) => add(args),
        Action::Remove { name } => remove(name),
        Action::Check { names, json } => check(names, *json),
    }
}

fn list(as_json: bool) -> anyhow::Result<Outcome> {
    let path = Peers::path()?;
    let peers = Peers::read(&path)?;
    for peer in peers.all() {
        let (kind, signs_in) = match &peer.kind {
            PeerKind::Dimse(_) => ("dimse", "nothing"),
            PeerKind::Web(web) => match &web.auth {
                Auth::None => ("web", "nothing"),
                Auth::Bearer => ("web", "a token"),
                Auth::Basic { .. } => ("web", "a name and a password"),
            },
        };
        if as_json {
            let line = json!({ "name": peer.name, "kind": kind, "place": peer.place(), "signs_in_with": signs_in });
            output::json(&line)?;
        } else {
            output::line(format!("{}: {} (signs in with {signs_in})", peer.name, peer.place()))?;
        }
    }
    if peers.all().is_empty() {
        output::remark(format!("There is no archive in {}; pellucid pacs peers add NAME adds one.", path.display()));
    }
    Ok(Outcome::Done)
}

fn add(args: &AddArgs) -> anyhow::Result<Outcome> {
    let peer = peer(args)?;
    let path = Peers::path()?;
    // Said before a secret is asked for.
    Peers::read(&path)?.add(peer.clone())?;
    let asked = peer.wants_secret() && !args.no_secret;
    let typed = if asked { Some(typed(&peer, args.secret_stdin)?) } else { None };
    let Kept { peer, secret, .. } = keeping::save(&path, peer, None, typed.as_ref())?;
    // Where no keyring answers, the peer is known all the same.
    if let Some(error) = secret {
        output::remark(format!("The secret is not kept: {error}."));
    }
    output::line(format!("{}: {}, in {}", peer.name, peer.place(), path.display()))?;
    Ok(Outcome::Done)
}

fn peer(args: &AddArgs) -> anyhow::Result<Peer> {
    let usage = |error: &dyn std::fmt::Display| Usage(error.to_string());
    if let Some(node) = &args.dimse {
        let tls = args.authorities.clone().map(|authorities| TlsFiles {
            authorities: Some(authorities),
            certificate: args.certificate.clone(),
            key: args.key.clone(),
        });
        let Node { title, host, port } = node.clone();
        let dimse = DimsePeer { host, port, called_ae: title, calling_ae: args.title.clone(), tls };
        return Ok(Peer::dimse(&args.name, dimse).map_err(|error| usage(&error))?);
    }
    let root = Root::parse(args.web.as_deref().unwrap_or_default(), args.plain).map_err(|error| usage(&error))?;
    let auth = match &args.user {
        Some(user) => Auth::Basic { user: user.clone() },
        None if args.bearer => Auth::Bearer,
        None => Auth::None,
    };
    let web = WebPeer { root, auth, authorities: args.authorities.clone() };
    Ok(Peer::web(&args.name, web).map_err(|error| usage(&error))?)
}

/// A password or token from the terminal, where it is not seen, or from standard input.
fn typed(peer: &Peer, piped: bool) -> anyhow::Result<Secret> {
    if !piped && !stdin().is_terminal() {
        let variable = secret::variable(&peer.name);
        let words = format!(
            "the secret of {} is asked for on a terminal; pipe it in with --secret-stdin, or leave it out with --no-secret and set {variable}",
            peer.name
        );
        return Err(Usage(words).into());
    }
    let text = if piped {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::Read::take(stdin().lock(), 64 << 10), &mut line)?;
        line
    } else {
        rpassword::prompt_password(format!("Password or token for {}: ", peer.name)).context("it could not be typed")?
    };
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']))?)
}

fn remove(name: &str) -> anyhow::Result<Outcome> {
    let Kept { peer, secret, .. } = keeping::remove(&Peers::path()?, name)?;
    if let Some(error) = secret {
        output::remark(format!("A secret may still be in the keyring: {error}."));
    }
    output::line(format!("{} is removed", peer.name))?;
    Ok(Outcome::Done)
}

fn check(names: &[String], as_json: bool) -> anyhow::Result<Outcome> {
    let peers = Peers::read(&Peers::path()?)?;
    let chosen: Vec<&Peer> = if names.is_empty() {
        peers.all().iter().collect()
    } else {
        names.iter().map(|name| peers.find(name)).collect::<Result<_, _>>()?
    };
    anyhow::ensure!(!chosen.is_empty(), "there is no archive to check; pellucid pacs peers add NAME adds one");
    let mut failed = 0;
    for peer in &chosen {
        let answer = asked(peer);
        failed += usize::from(answer.is_err());
        match answer {
            Ok(()) if as_json => output::json(&json!({ "name": peer.name, "answers": true }))?,
            Err(error) if as_json => {
                output::json(&json!({ "name": peer.name, "answers": false, "error": output::sentences(&error) }))?;
            }
            Ok(()) => output::line(format!("{}: {} answers", peer.name, peer.place()))?,
            Err(error) => output::complain(&error.context(peer.name.clone())),
        }
    }
    Ok(Outcome::of(failed, chosen.len()))
}

fn asked(peer: &Peer) -> anyhow::Result<()> {
    let kept = if peer.wants_secret() { secret_of(peer)? } else { None };
    open(peer, kept.as_ref())?.echo(&CancelToken::default())?;
    Ok(())
}

/// The secret of a peer: as it is set or kept, else as it is typed where somebody can.
fn secret_of(peer: &Peer) -> anyhow::Result<Option<Secret>> {
    match secret::find(peer) {
        Ok(Some(kept)) => Ok(Some(kept)),
        Ok(None) | Err(SecretError::NoKeyring { .. }) if stdin().is_terminal() => typed(peer, false).map(Some),
        Ok(None) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
