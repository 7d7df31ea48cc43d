//! Whose certificates are believed: Mozilla's list, or those of a file.
//!
//! Networks of hospitals often look into every connection, with certificates of an authority of their
//! own. `SSL_CERT_FILE` names a file of authorities in PEM, as for OpenSSL and curl, and a file can
//! be named instead. It takes the place of Mozilla's list.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::files::{FileError, read_regular};

/// Largest file of authorities, in bytes; Mozilla's list has a quarter of a megabyte.
const MOST: u64 = 8 << 20;
const VARIABLE: &str = "SSL_CERT_FILE";

/// Why a file of authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("the file of authorities {path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: FileError },
    #[error("the file of authorities {0} holds no certificate in PEM")]
    None(PathBuf),
}

/// The authorities of a file.
#[derive(Clone, Debug)]
pub struct Authorities(Arc<Vec<Certificate<'static>>>);

impl Authorities {
    /// Those of a file in PEM.
    ///
    /// # Errors
    /// When it cannot be read, or holds none.
    pub fn read(path: &Path) -> Result<Self, AuthorityError> {
        let bytes =
            read_regular(path, MOST).map_err(|source| AuthorityError::Unreadable { path: path.to_owned(), source })?;
        let certificates = parse_pem(&bytes).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        let certificates: Vec<Certificate<'static>> = certificates.collect();
        if certificates.is_empty() {
            return Err(AuthorityError::None(path.to_owned()));
        }
        Ok(Self(Arc::new(certificates)))
    }

    /// Those that the environment names, if it does.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_environment() -> Result<Option<Self>, AuthorityError> {
        let named = env::var_os(VARIABLE).filter(|path| !path.is_empty());
        named.map(|path| Self::read(Path::new(&path))).transpose()
    }
}

/// How a connection is secured: by these authorities, else by Mozilla's.
pub(crate) fn secured(authorities: Option<&Authorities>) -> TlsConfig {
    let roots =
        authorities.map_or(RootCerts::WebPki, |Authorities(certificates)| RootCerts::Specific(certificates.clone()));
    TlsConfig::builder().root_certs(roots).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        assert!(matches!(Authorities::read(&path), Err(AuthorityError::Unreadable { .. })));
        for text in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(Authorities::read(&path), Err(AuthorityError::None(_))), "{text}");
        }
    }
}
