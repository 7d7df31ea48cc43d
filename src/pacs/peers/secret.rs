//! Passwords and tokens of peers: in the keyring of the system, never in a file of ours.
//!
//! Looked for in the environment first (`PELLUCID_SECRET_NAME`), for machines without a desktop, then in
//! the keyring: the Secret Service on Linux (GNOME Keyring, KWallet), the Keychain on macOS, the Credential
//! Manager on Windows. What is kept there belongs to name, user and address of the peer together: a
//! file of peers that somebody else changed does not send a password to another server.
//!
//! Where no keyring answers, whoever needs the secret asks for it each time.

use std::env;
use std::fmt;

use zeroize::Zeroizing;

use super::{Auth, Peer, PeerKind};

/// How the program is called in the keyring.
const SERVICE: &str = "pellucid";
/// How the names of environment variables begin.
const VARIABLE: &str = "PELLUCID_SECRET_";
/// Longest secret, in bytes; tokens are long.
const LONGEST: usize = 16 << 10;

/// Why a secret was not found or kept.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("no keyring of the system answers; set {variable}, or type the secret when it is asked for")]
    NoKeyring { variable: String },
    #[error("a secret is one line of up to {LONGEST} bytes without control characters")]
    Unfit,
    #[error("{0} holds what cannot be a secret; it is one line without control characters")]
    Variable(String),
}

/// A password or a token. It is not printed, and its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes what was typed.
    ///
    /// # Errors
    /// When it is empty, too long, or would end a header.
    pub fn new(text: impl Into<String>) -> Result<Self, SecretError> {
        let text = Zeroizing::new(text.into());
        if text.is_empty() || text.len() > LONGEST || text.contains(char::is_control) {
            return Err(SecretError::Unfit);
        }
        Ok(Self(text))
    }

    /// The secret itself, for a request.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Name of the environment variable that may hold the secret of a peer: `PELLUCID_SECRET_` and its name in
/// capitals, with `_` for everything but letters and digits.
#[must_use]
pub fn variable(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    VARIABLE.chars().chain(name.chars().map(plain)).collect()
}

/// The secret of a peer, where one is set or kept.
///
/// # Errors
/// When no keyring answers and the environment holds none.
pub fn find(peer: &Peer) -> Result<Option<Secret>, SecretError> {
    let variable = variable(&peer.name);
    if let Some(text) = env::var(&variable).ok().filter(|text| !text.is_empty()) {
        return Secret::new(text).map(Some).map_err(|_| SecretError::Variable(variable));
    }
    match entry(peer).and_then(|entry| entry.get_password()) {
        Ok(text) => Ok(Secret::new(text).ok()),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(no_keyring(peer, &error)),
    }
}

/// Keeps the secret of a peer in the keyring.
///
/// # Errors
/// When no keyring answers, or it refuses.
pub fn keep(peer: &Peer, secret: &Secret) -> Result<(), SecretError> {
    entry(peer).and_then(|entry| entry.set_password(secret.reveal())).map_err(|error| no_keyring(peer, &error))
}

/// Takes the secret of a peer out of the keyring, if one is there.
///
/// # Errors
/// When no keyring answers, or it refuses.
pub fn forget(peer: &Peer) -> Result<(), SecretError> {
    match entry(peer).and_then(|entry| entry.delete_credential()) {
        Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
        Err(error) => Err(no_keyring(peer, &error)),
    }
}

fn entry(peer: &Peer) -> keyring::Result<keyring::Entry> {
    // The first call looks for the keyring of the system and says why there is none.
    if let Err(error) = keyring::Entry::store_status() {
        return Err(keyring::Error::NoStorageAccess(error.to_string().into()));
    }
    keyring::Entry::new(SERVICE, &owner(peer))
}

/// Whether what the keyring holds for one peer is that of the other: name, user and address agree.
pub(super) fn is_of_both(one: &Peer, other: &Peer) -> bool {
    owner(one) == owner(other)
}

/// Whose secret it is.
fn owner(peer: &Peer) -> String {
    let user = match &peer.kind {
        PeerKind::Web(web) => match &web.auth {
            Auth::Basic { user } => user.as_str(),
            Auth::Bearer => "bearer",
            Auth::None => "",
        },
        PeerKind::Dimse(_) => "",
    };
    format!("{} {user} {}", peer.name, peer.place())
}

fn no_keyring(peer: &Peer, error: &keyring::Error) -> SecretError {
    log::info!("no keyring answers: {error}");
    SecretError::NoKeyring { variable: variable(&peer.name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line_and_is_not_printed() {
        let secret = Secret::new("hunter2").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.reveal(), "hunter2");
        for text in ["", "a\r\nX-Evil: 1", "a\0", &"a".repeat(LONGEST + 1)] {
            assert!(Secret::new(text).is_err());
        }
    }

    #[test]
    fn the_variable_of_a_peer_has_a_name_that_shells_know() {
        assert_eq!(variable("Röntgen 2"), "PELLUCID_SECRET_R_NTGEN_2");
    }

    #[test]
    fn a_secret_belongs_to_the_address() {
        let peers = |root: &str| {
            let text = format!("[[peer]]\nname = \"a\"\nkind = \"web\"\nroot = \"{root}\"\nuser = \"u\"\n");
            owner(&crate::pacs::peers::file::Peers::parse(&text).unwrap().all()[0])
        };
        assert_eq!(peers("https://a.org/x/"), "a u https://a.org/x");
        assert_ne!(peers("https://a.org/x"), peers("https://b.org/x"));
    }
}
