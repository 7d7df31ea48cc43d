//! Where a request goes, and whether whoever asks is named there.

use url::Url;

use super::error::WebError;
use crate::pacs::peers::root::Root;
use crate::printable::shortened;

/// Longest address of a redirection.
const LONGEST: usize = 4096;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub url: Url,
    /// It is the server that the user named: name and password, or token, go along.
    pub signed_in: bool,
}

impl Address {
    /// Of something at the server itself.
    pub(super) fn of(url: Url) -> Self {
        Self { url, signed_in: true }
    }

    /// Where a redirection leads. To another server nothing of the user goes along, and stays away on
    /// the way back; from a secured connection none leads to a plain one, and a plain one is for this
    /// machine, or for where the user allowed it.
    ///
    /// # Errors
    /// Why it is not followed.
    pub(super) fn redirected(&self, location: &str, root: &Root) -> Result<Self, WebError> {
        let refused = |to: &str, why| WebError::Redirection {
            host: root.host().to_owned(),
            to: shortened(to).escape_debug().to_string(),
            why,
        };
        let url = Some(location).filter(|to| to.len() <= LONGEST).and_then(|to| self.url.join(to).ok());
        let mut url = url.ok_or_else(|| refused(location, "it is no address"))?;
        url.set_fragment(None);
        let shown = bare(&url);
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused(&shown, "it holds a name or a password"));
        }
        match url.scheme() {
            "https" => {}
            "http" if self.url.scheme() == "https" => {
                return Err(refused(&shown, "a plain connection can be read and changed on its way"));
            }
            "http" if root.is_of_same_server(&url) => {}
            "http" => return Err(refused(&shown, "it is another server, over a plain connection")),
            _ => return Err(refused(&shown, "it is no address of the web")),
        }
        Ok(Self { signed_in: self.signed_in && root.is_of_same_server(&url), url })
    }
}

/// Scheme, server and path, without what may be a signature.
pub(super) fn bare(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(root: &str) -> (Root, Address) {
        let root = Root::parse(root, true).unwrap();
        let address = Address::of(root.below(&["studies"]));
        (root, address)
    }

    #[test]
    fn another_server_is_not_told_who_asks() {
        let (root, address) = from("https://pacs.org/dicom-web");
        let same = address.redirected("/other/studies", &root).unwrap();
        assert!(same.signed_in && same.url.as_str() == "https://pacs.org/other/studies");
        let other = address.redirected("https://storage.org/a?signature=1", &root).unwrap();
        assert!(!other.signed_in);
        let back = other.redirected("https://pacs.org/dicom-web/studies", &root).unwrap();
        assert!(!back.signed_in, "who was led away is not trusted again");
        let port = address.redirected("https://pacs.org:8443/", &root).unwrap();
        assert!(!port.signed_in, "another port is another server");
    }

    #[test]
    fn nothing_leads_to_a_plain_connection_or_out_of_the_web() {
        let (root, address) = from("https://pacs.org/dicom-web");
        for to in ["http://pacs.org/dicom-web", "file:///etc/passwd", "https://me:secret@pacs.org/", "ftp://a/"] {
            let error = address.redirected(to, &root).unwrap_err().to_string();
            assert!(error.contains("not followed") && !error.contains("secret"), "{error}");
        }
        let (root, address) = from("http://pacs.intern/dicom-web");
        assert!(address.redirected("/a", &root).is_ok());
        assert!(address.redirected("http://evil.intern/a", &root).is_err());
        assert!(address.redirected(&"a".repeat(5000), &root).is_err());
    }
}
