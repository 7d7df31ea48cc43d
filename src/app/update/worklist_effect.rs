//! What must happen outside the state for the worklist, and what comes back from there.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::state::Reason;
use crate::pacs::archive::{ArchivedSeries, Found, Moved, Query, Sent, Wanted};
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
        result: Result<Arc<Vec<ArchivedSeries>>, Refusal>,
    },
    Moved(Moved),
    Fetched(Result<FetchedStudy, Refusal>),
    Sent(Result<Vec<Sent>, Refusal>),
    /// Bytes that were removed, or why not.
    Removed(Result<u64, Reason>),
}
