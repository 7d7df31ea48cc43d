//! Secured associations (PS3.15 annex B): TLS 1.2 and 1.3 with certificates of both sides.
//!
//! Whose certificates are believed is said by a file of authorities; there is no list in the program,
//! because those of a hospital sign for themselves. A listener that has such a file asks every caller
//! for a certificate and refuses one that has none.
//!
//! The cipher suites are those of `rustls` with `ring`: all of the BCP 195 profile, none of the older
//! ones.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::files::{FileError, read_regular};

/// Longest file of certificates or of a key, in bytes.
const FILE_BYTES: u64 = 4 << 20;

/// Why connections cannot be secured as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: FileError },
    #[error("{0} holds no certificate; a file in PEM with “BEGIN CERTIFICATE” is needed")]
    NoCertificate(PathBuf),
    #[error(
        "{0} holds no private key that can be used; a file in PEM with “BEGIN PRIVATE KEY” is needed, not encrypted"
    )]
    NoKey(PathBuf),
    #[error("the certificates cannot be used: {0}")]
    Unusable(String),
    #[error("“{0}” is no name that a certificate can be checked for")]
    Name(String),
}

/// The files that secure associations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificates of the authorities that are believed, in PEM.
    pub authorities: Option<PathBuf>,
    /// Our certificate and those that lead to its authority, in PEM.
    pub certificate: Option<PathBuf>,
    /// Our private key, in PEM.
    pub key: Option<PathBuf>,
}

impl TlsFiles {
    /// Security for calls to others.
    ///
    /// # Errors
    /// When no authorities are named, or a file cannot be used.
    pub fn calling(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let none = || TlsError::Unusable("a file of authorities must be named, by which the peer is known".into());
        let roots = roots(self.authorities.as_deref().ok_or_else(none)?)?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| unusable(&e))?
            .with_root_certificates(roots);
        let config = match self.identity()? {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|e| unusable(&e))?,
            None => builder.with_no_client_auth(),
        };
        Ok(Arc::new(config))
    }

    /// Security for calls by others. With authorities every caller must have a certificate of theirs.
    ///
    /// # Errors
    /// When certificate or key are missing, or a file cannot be used.
    pub fn called(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let none = || TlsError::Unusable("a certificate and its key must be named, by which callers know us".into());
        let (chain, key) = self.identity()?.ok_or_else(none)?;
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| unusable(&e))?;
        let builder = match &self.authorities {
            Some(path) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider);
                builder.with_client_cert_verifier(verifier.build().map_err(|e| TlsError::Unusable(e.to_string()))?)
            }
            None => builder.with_no_client_auth(),
        };
        Ok(Arc::new(builder.with_single_cert(chain, key).map_err(|e| unusable(&e))?))
    }

    fn identity(&self) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>, TlsError> {
        match (&self.certificate, &self.key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => {
                let bytes = read(key)?;
                let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| TlsError::NoKey(key.clone()))?;
                Ok(Some((certificates(certificate)?, key)))
            }
            _ => Err(TlsError::Unusable("certificate and key belong together; one of them is missing".into())),
        }
    }
}

fn unusable(error: &rustls::Error) -> TlsError {
    TlsError::Unusable(error.to_string())
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    read_regular(path, FILE_BYTES).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let none = || TlsError::NoCertificate(path.to_owned());
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or_else(none)
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|e| unusable(&e))?;
    }
    Ok(roots)
}
