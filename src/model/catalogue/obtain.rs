//! From an entry of the catalogue to a model of the user's own.

use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::hash::{self, Checked, HashError};
use crate::cancel::CancelToken;
use crate::connections::authorities::AuthorityError;
use crate::files::{FileError, open_regular};
use crate::limits::WEIGHT_BYTES;
use crate::model::fetch::address::Address;
use crate::model::fetch::partial::{Partial, PartialError};
use crate::model::fetch::{Bytes, Came, FetchError, Settings, fetch};
use crate::model::import::{ImportError, install};
use crate::model::registry;

/// Why no model came of it.
#[derive(Debug, thiserror::Error)]
pub enum ObtainError {
    #[error("this account has no {0} folder; set XDG_DATA_HOME and XDG_CACHE_HOME to folders")]
    NoFolder(&'static str),
    #[error("{source}. {by_hand}")]
    Fetch { source: Box<FetchError>, by_hand: Box<ByHand> },
    #[error(transparent)]
    Partial(#[from] PartialError),
    #[error(transparent)]
    Hash(#[from] Box<HashError>),
    #[error("{path} cannot be taken: {source}")]
    File { path: PathBuf, source: FileError },
    #[error("{path} has {found} and must have {wanted}; it is another file, or was not fetched to its end")]
    Length { path: PathBuf, found: Bytes, wanted: Bytes },
    #[error(transparent)]
    Import(#[from] Box<ImportError>),
    #[error(transparent)]
    Authorities(#[from] AuthorityError),
    #[error("it was cancelled; no model was made")]
    Cancelled,
}

/// How a file is taken that was fetched otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    pub address: Address,
    pub name: String,
}

impl std::fmt::Display for ByHand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { address, name } = self;
        write!(
            f,
            "The file can also be fetched on another machine from {address} and taken with: pellucid models get {name} --file FILE"
        )
    }
}

/// Where the file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The publisher's address.
    Publisher,
    /// A mirror; what is known of the file holds for it, too.
    Mirror(Address),
    /// A file that the user has already.
    File(PathBuf),
}

/// What is to become a model.
#[derive(Clone, Debug)]
pub struct Order {
    pub entry: Entry,
    pub origin: Origin,
    /// What the model is to be called.
    pub name: String,
    /// Takes the place of a model of the same name.
    pub replace: bool,
}

impl Order {
    /// Whether the model can be called so, which is known before anything is fetched.
    ///
    /// # Errors
    /// When the name cannot be one, or is taken.
    pub fn check(&self, places: &Places) -> Result<(), ObtainError> {
        install::check_name(&self.name).map_err(Box::new)?;
        let place = places.models.join(&self.name);
        if place.exists() && !self.replace {
            return Err(Box::new(ImportError::Exists { name: self.name.clone(), place }).into());
        }
        Ok(())
    }
}

/// Folders of the user's.
#[derive(Clone, Debug)]
pub struct Places {
    pub models: PathBuf,
    /// Files on their way.
    pub downloads: PathBuf,
}

impl Places {
    /// Those of the account.
    ///
    /// # Errors
    /// When it has none.
    pub fn of_account() -> Result<Self, ObtainError> {
        let downloads =
            directories::ProjectDirs::from("", "", "pellucid").map(|dirs| dirs.cache_dir().join("downloads"));
        Ok(Self {
            models: registry::user_folder().ok_or(ObtainError::NoFolder("data"))?,
            downloads: downloads.ok_or(ObtainError::NoFolder("cache"))?,
        })
    }
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Fetching(Came),
    /// Its hash is computed.
    Checking,
    /// It is read, fitted and run once.
    Importing,
}

/// A model that was made.
#[derive(Clone, Debug)]
pub struct Obtained {
    pub name: String,
    pub folder: PathBuf,
    pub checked: Checked,
}

/// Fetches, checks and imports.
///
/// # Errors
/// A sentence. A file that is not the right one was removed; what has come of another is kept.
pub fn obtain(
    order: &Order,
    places: &Places,
    settings: &Settings,
    cancel: &CancelToken,
    report: &mut dyn FnMut(Step),
) -> Result<Obtained, ObtainError> {
    let Order { entry, origin, .. } = order;
    order.check(places)?;
    let mirror = match origin {
        Origin::File(path) => {
            let checked = checked_file(entry, path, report)?;
            return made(order, path, checked, places, cancel, report);
        }
        Origin::Mirror(address) => Some(address),
        Origin::Publisher => None,
    };
    let wanted = entry.wanted(mirror);
    let mut partial = Partial::open(&places.downloads, &entry.name)?;
    let fetched = fetch(&wanted, &mut partial, settings, cancel, &mut |came| report(Step::Fetching(came)));
    if let Err(source) = fetched {
        if !source.keeps_what_came() {
            partial.remove()?;
        }
        let by_hand = ByHand { address: entry.address().clone(), name: entry.name.clone() };
        return Err(match source {
            FetchError::Partial(error) => error.into(),
            source => ObtainError::Fetch { source: Box::new(source), by_hand: Box::new(by_hand) },
        });
    }
    report(Step::Checking);
    let checked = match hash::check(partial.path(), entry.expected(), &entry.hash_from) {
        Ok(checked) => checked,
        Err(error) => {
            partial.remove()?;
            return Err(Box::new(error).into());
        }
    };
    let obtained = match made(order, partial.path(), checked, places, cancel, report) {
        Ok(obtained) => obtained,
        Err(error) => {
            // Nothing says that it was the right file: the next try fetches it anew.
            if entry.expected().is_none() && !matches!(error, ObtainError::Cancelled) {
                partial.remove()?;
            }
            return Err(error);
        }
    };
    // A model was made; what remains is a copy that nobody needs.
    if let Err(error) = partial.remove() {
        log::warn!("a fetched file was left behind: {error}");
    }
    Ok(obtained)
}

/// A file of the user's, if it may be the right one.
fn checked_file(entry: &Entry, path: &Path, report: &mut dyn FnMut(Step)) -> Result<Checked, ObtainError> {
    let file = |source| ObtainError::File { path: path.to_owned(), source };
    let length = open_regular(path, WEIGHT_BYTES).map_err(file)?.length;
    if let Some((wanted, true)) = entry.length()
        && wanted.0 != length
    {
        return Err(ObtainError::Length { path: path.to_owned(), found: Bytes(length), wanted });
    }
    report(Step::Checking);
    Ok(hash::check(path, entry.expected(), &entry.hash_from).map_err(Box::new)?)
}

fn made(
    order: &Order,
    file: &Path,
    checked: Checked,
    places: &Places,
    cancel: &CancelToken,
    report: &mut dyn FnMut(Step),
) -> Result<Obtained, ObtainError> {
    cancel.check().map_err(|_| ObtainError::Cancelled)?;
    report(Step::Importing);
    let request = order.entry.request(file.to_owned(), &checked, &order.name, order.replace);
    let imported = install::import(&request, &places.models).map_err(Box::new)?;
    Ok(Obtained { name: imported.name, folder: imported.folder, checked })
}
