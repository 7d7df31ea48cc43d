//! What must happen outside the state for the worklist, and what comes back from there.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::state::Reason;
use crate::app::state::worklist::archives::SecuringFile;
use crate::pacs::archive::{Found, FoundSeries, Moved, Query, Sent, Wanted};
use crate::pacs::peers::Peer;
use crate::pacs::peers::file::Peers;
use crate::pacs::peers::secret::Secret;
use crate::report::case::CaseReport;

/// An archive, and the secret that was typed for it in this session.
#[derive(Clone, Debug)]
pub struct Called {
    pub peer: Peer,
    pub secret: Option<Secret>,
}

/// What must happen outside the state.
#[derive(Clone)]
pub enum WorklistEffect {
    ReadPeers,
    /// Looks for studies; the number tells late answers from wanted ones.
    Query {
        number: u64,
        called: Called,
        query: Query,
    },
    StopQuery,
    /// Asks for the body parts of studies that the query of this number found.
    BodyParts {
        number: u64,
        called: Called,
        study_uids: Vec<String>,
    },
    Series {
        called: Called,
        study_uid: String,
    },
    Fetch {
        called: Called,
        wanted: Wanted,
    },
    Send {
        called: Called,
        case: Box<CaseReport>,
    },
    StopTransfer,
    /// Adds an archive, or puts it in the place of the one of this name; the secret goes into the keyring.
    SaveArchive {
        peer: Box<Peer>,
        instead_of: Option<String>,
        secret: Option<Secret>,
    },
    RemoveArchive(String),
    CheckArchive(Called),
    StopChecks,
    AskForSecuringFile(SecuringFile),
    /// Keeps a secret in the keyring of the system.
    KeepSecret(Called),
    RemoveFetched,
}

/// Why an archive did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A password or token is missing, or was refused.
    NotLetIn(Reason),
    Cancelled,
    Failed(Reason),
}

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedStudy {
    /// The private folder that it is in.
    pub folder: PathBuf,
    pub files: usize,
    /// What came and was not kept, each with its reason.
    pub refused: Vec<String>,
    /// Objects that the archive listed and that neither came nor were refused.
    pub missing: usize,
}

/// An archive was saved or removed.
#[derive(Clone, Debug)]
pub struct KeptArchive {
    /// The archives that there are now.
    pub peers: Arc<Peers>,
    pub name: String,
    /// Why its secret is not in the keyring, or may still be there.
    pub secret: Option<Reason>,
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum WorklistMessage {
    Peers(Result<Arc<Peers>, Reason>),
    Found {
        number: u64,
        result: Result<Found, Refusal>,
    },
    Series {
        study_uid: String,
        result: Result<Arc<FoundSeries>, Refusal>,
    },
    /// The body parts of a study that the query of this number found.
    BodyParts {
        number: u64,
        study_uid: String,
        parts: Vec<String>,
    },
    /// Why there are no more of them.
    NoBodyParts {
        number: u64,
        why: Reason,
    },
    Saved(Result<KeptArchive, Reason>),
    RemovedArchive(Result<KeptArchive, Reason>),
    Checked {
        name: String,
        result: Result<(), Refusal>,
    },
    /// A file that secures connections, where one was chosen.
    FileChosen {
        file: SecuringFile,
        path: Option<PathBuf>,
    },
    Moved(Moved),
    Fetched(Result<FetchedStudy, Refusal>),
    Sent(Result<Vec<Sent>, Refusal>),
    /// Bytes that were removed, or why not.
    Removed(Result<u64, Reason>),
}
