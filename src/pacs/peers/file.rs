//! Reading and writing `peers.toml`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::Peer;
use super::entry::{Entry, PeerError, Written};
use super::secret;
use crate::files::kept_folder::make_private;
use crate::files::{FileError, read_text, writing};
use crate::printable::shortened;

/// Name of the file in the data folder.
const FILE: &str = "peers.toml";
/// Largest file, in bytes.
const MOST_BYTES: u64 = 1 << 20;
/// Most peers.
const MOST: usize = 200;

/// Why the file of peers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PeersError {
    #[error("this account has no data folder; set XDG_DATA_HOME to a folder")]
    NoFolder,
    #[error("the file of peers {} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: FileError },
    #[error("the file of peers {} cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    /// The line itself is not quoted: somebody may have written a password there.
    #[error("{}", shortened(.0))]
    Syntax(String),
    #[error("it has more than {MOST} peers")]
    TooMany,
    #[error("the peer “{0}” stands there twice")]
    Twice(String),
    #[error(
        "the secrets of the peers “{name}” and “{other}” would have one name in the environment; change a letter or digit"
    )]
    OneVariable { name: String, other: String },
    #[error("the peer {name}: {source}")]
    Peer { name: String, source: PeerError },
    #[error("the file of peers {} cannot be used: {source}", path.display())]
    File { path: PathBuf, source: Box<PeersError> },
    #[error("there is no peer called “{0}”; pellucid pacs peers list names those that there are")]
    Unknown(String),
}

/// The peers of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peers(Vec<Peer>);

impl Peers {
    /// Where the file is.
    ///
    /// # Errors
    /// When the account has no data folder.
    pub fn path() -> Result<PathBuf, PeersError> {
        let folders = directories::ProjectDirs::from("", "", "pellucid").ok_or(PeersError::NoFolder)?;
        Ok(folders.data_dir().join(FILE))
    }

    /// The peers of the file; none where there is no file.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn read(path: &Path) -> Result<Self, PeersError> {
        let text = match read_text(path, MOST_BYTES) {
            Ok(text) => text,
            Err(FileError::Unreadable(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(source) => return Err(PeersError::Unreadable { path: path.to_owned(), source }),
        };
        Self::parse(&text).map_err(|source| PeersError::File { path: path.to_owned(), source: Box::new(source) })
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is no such file, or a peer of it cannot be meant.
    pub fn parse(text: &str) -> Result<Self, PeersError> {
        let file: Written = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            PeersError::Syntax(line + &without_values(error.message()))
        })?;
        let mut peers = Self::default();
        for entry in file.peer {
            let name = entry.name.chars().take(100).collect();
            let peer = Peer::try_from(entry).map_err(|source| PeersError::Peer { name, source })?;
            peers.add(peer)?;
        }
        Ok(peers)
    }

    /// Writes the file, private to its owner: it says where patients' images are.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn write(&self, path: &Path) -> Result<(), PeersError> {
        let failed = |source| PeersError::Write { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            make_private(folder).map_err(failed)?;
        }
        writing::private(path, self.text().as_bytes()).map_err(failed)
    }

    /// Each of them, in the order of the file.
    #[must_use]
    pub fn all(&self) -> &[Peer] {
        &self.0
    }

    /// The peer of a name, whatever its capitals.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, name: &str) -> Result<&Peer, PeersError> {
        let found = self.0.iter().find(|peer| peer.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| PeersError::Unknown(name.chars().take(100).collect()))
    }

    /// Adds a peer.
    ///
    /// # Errors
    /// When there is one of that name, or there are too many.
    pub fn add(&mut self, peer: Peer) -> Result<(), PeersError> {
        if self.0.len() >= MOST {
            return Err(PeersError::TooMany);
        }
        let taken: HashSet<String> = self.0.iter().map(|peer| peer.name.to_ascii_lowercase()).collect();
        if taken.contains(&peer.name.to_ascii_lowercase()) {
            return Err(PeersError::Twice(peer.name));
        }
        // Their secrets would be one in the environment.
        if let Some(other) = self.0.iter().find(|other| secret::variable(&other.name) == secret::variable(&peer.name)) {
            return Err(PeersError::OneVariable { name: peer.name, other: other.name.clone() });
        }
        self.0.push(peer);
        Ok(())
    }

    /// Puts a peer in the place of the one of this name, which is yielded.
    ///
    /// # Errors
    /// When there is none, or another one has the name of the new one.
    pub fn replace(&mut self, name: &str, peer: Peer) -> Result<Peer, PeersError> {
        let before = self.find(name)?.clone();
        let at = self.0.iter().position(|known| *known == before).unwrap_or_default();
        let mut others = self.clone();
        others.0.remove(at);
        others.add(peer)?;
        // It was added behind the others.
        let added = others.0.pop();
        others.0.splice(at..at, added);
        *self = others;
        Ok(before)
    }

    /// Takes a peer out.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn remove(&mut self, name: &str) -> Result<Peer, PeersError> {
        let name = self.find(name)?.name.clone();
        let at = self.0.iter().position(|peer| peer.name == name).unwrap_or_default();
        Ok(self.0.remove(at))
    }

    fn text(&self) -> String {
        let file = Written { peer: self.0.iter().map(Entry::from).collect() };
        toml::to_string(&file).expect("texts and numbers can be written")
    }
}

/// What the reader of the file says is wrong, without the value that it found: that may be a secret that
/// somebody wrote where none belongs.
fn without_values(message: &str) -> String {
    match message.split_once("expected ") {
        Some((found, wanted)) if found.starts_with("invalid type") || found.starts_with("invalid value") => {
            format!("what stands there is not what belongs there, {wanted}")
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::PeerKind;
    use super::*;

    const BOTH: &str = r#"
        [[peer]]
        name = "Archive"
        kind = "dimse"
        host = "pacs.example.org"
        port = 11112
        called_ae = "ARCHIVE"
        authorities = "/etc/ca.pem"

        [[peer]]
        name = "web"
        kind = "web"
        root = "https://pacs.example.org/dicom-web/"
        user = "reader"
    "#;

    fn refused(text: &str) -> String {
        Peers::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_secret_in_the_file_is_not_quoted() {
        let text = BOTH.replace(r#"user = "reader""#, r#"bearer = "eyJhbGciOi""#);
        let said = refused(&text);
        assert!(!said.contains("eyJ") && said.contains("line 14") && said.contains("a boolean"), "{said}");
    }

    #[test]
    fn two_names_with_one_variable_are_refused() {
        let text = BOTH.replace(r#"name = "web""#, r#"name = "a-b""#).replace(r#""Archive""#, r#""a_b""#);
        assert!(refused(&text).contains("a_b"), "{}", refused(&text));
    }

    #[test]
    fn peers_are_read_as_they_were_written() {
        let peers = Peers::parse(BOTH).unwrap();
        assert_eq!(peers.all().len(), 2);
        let archive = peers.find("ARCHIVE").unwrap();
        assert_eq!(archive.place(), "ARCHIVE@pacs.example.org:11112, TLS");
        let PeerKind::Dimse(dimse) = &archive.kind else { panic!("of associations") };
        assert_eq!(dimse.calling_ae.as_str(), "PELLUCID");
        assert!(!archive.wants_secret() && peers.find("web").unwrap().wants_secret());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("peers.toml");
        assert_eq!(Peers::read(&path).unwrap(), Peers::default());
        peers.write(&path).unwrap();
        assert_eq!(Peers::read(&path).unwrap(), peers);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_cannot_be_meant_is_said_with_the_name_of_the_peer() {
        let peer = |rest: &str| format!("[[peer]]\nname = \"a\"\n{rest}");
        let missing = refused(&peer("kind = \"dimse\"\nhost = \"h\"\nport = 104"));
        assert_eq!(missing, "the peer a: called_ae is missing");
        assert!(refused(&peer("kind = \"web\"")).contains("root is missing"));
        assert!(
            refused(&peer("kind = \"web\"\nroot = \"https://a.org\"\nport = 1")).contains("port belongs to no peer")
        );
        assert!(refused(&peer("kind = \"web\"\nroot = \"http://a.org\"")).contains("plain = true"));
        let two = refused(&peer("kind = \"web\"\nroot = \"https://a.org\"\nuser = \"u\"\nbearer = true"));
        assert!(two.contains("exclude each other"), "{two}");
        assert!(refused(&peer("kind = \"web\"\nroot = \"https://a.org\"\nuser = \"a:b\"")).contains("name of a user"));
        assert!(
            refused(&peer("kind = \"dimse\"\nhost = \"a b\"\nport = 1\ncalled_ae = \"A\""))
                .contains("no name of a machine")
        );
        assert!(refused(&peer("kind = \"web\"\nroot = \"https://a.org\"\npassword = \"x\"")).contains("password"));
        let quoted = refused(&peer("kind = \"web\"\nroot = \"https://a.org\"\npassword = \"hunter2\""));
        assert!(quoted.starts_with("line 5: ") && !quoted.contains("hunter2"), "{quoted}");
        assert!(
            refused("[[peer]]\nname = \"../a\"\nkind = \"web\"\nroot = \"https://a.org\"").contains("name of a folder")
        );
        let twice = "[[peer]]\nname = \"a\"\nkind = \"web\"\nroot = \"https://a.org\"\n";
        assert!(refused(&format!("{twice}{}", twice.replace("\"a\"", "\"A\""))).contains("twice"));
    }

    #[test]
    fn a_peer_is_taken_out_by_its_name() {
        let mut peers = Peers::parse(BOTH).unwrap();
        assert_eq!(peers.remove("WEB").unwrap().name, "web");
        assert!(matches!(peers.remove("web"), Err(PeersError::Unknown(_))));
        assert_eq!(peers.all().len(), 1);
    }
}
