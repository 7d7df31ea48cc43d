//! Which proxy stands between this machine and a server.
//!
//! As other programs have it: `HTTPS_PROXY` and `ALL_PROXY` (or in small letters) name a proxy,
//! `NO_PROXY` the servers that are reached without one (curl's manual, "Environment"). A proxy may be
//! named instead of them. SOCKS is not spoken.
//!
//! Plain `http`, which is for this machine alone ([`super::address`]), goes through no proxy of the
//! environment, which would ask a machine of its own; only through one that is named for it.

use std::env;

use super::address::Address;

/// A proxy that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proxy “{0}” cannot be used; name it like http://proxy.example.org:8080")]
pub struct ProxyError(String);

/// The proxies that are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    https: Option<String>,
    http: Option<String>,
    /// Servers that are reached without one.
    except: Vec<String>,
}

impl Proxies {
    /// Those of the environment.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(read: impl Fn(&str) -> Option<String>) -> Self {
        let named = |names: &[&str]| {
            names.iter().filter_map(|name| read(name)).map(|value| value.trim().to_owned()).find(|v| !v.is_empty())
        };
        let except = named(&["no_proxy", "NO_PROXY"]).unwrap_or_default();
        let except = except.split([',', ' ']).map(|entry| entry.trim().to_lowercase());
        Self {
            https: named(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            http: None,
            except: except.filter(|entry| !entry.is_empty()).collect(),
        }
    }

    /// One proxy for every server.
    #[must_use]
    pub fn only(proxy: &str) -> Self {
        let proxy = Some(proxy.trim().to_owned()).filter(|proxy| !proxy.is_empty());
        Self { https: proxy.clone(), http: proxy, except: Vec::new() }
    }

    /// The proxy for an address.
    ///
    /// # Errors
    /// When what is set is no proxy.
    pub(super) fn of(&self, address: &Address) -> Result<Option<ureq::Proxy>, ProxyError> {
        let proxy = if address.is_https() { &self.https } else { &self.http };
        let Some(proxy) = proxy.as_ref().filter(|_| !self.is_excepted(address)) else { return Ok(None) };
        // A name and a password in it are not repeated.
        let shown = || ProxyError(proxy.rsplit('@').next().unwrap_or_default().to_owned());
        if proxy.to_lowercase().starts_with("socks") {
            return Err(shown());
        }
        ureq::Proxy::new(proxy).map(Some).map_err(|_| shown())
    }

    /// `NO_PROXY` holds `*`, names of servers with all below them, and either with a port.
    fn is_excepted(&self, address: &Address) -> bool {
        let (host, port) = (address.host().to_lowercase(), address.port().to_string());
        let host = host.trim_matches(['[', ']']);
        self.except.iter().any(|entry| {
            let (name, wanted) = match entry.rsplit_once(':') {
                Some((name, digits)) if !name.contains(':') && digits.parse::<u16>().is_ok() => (name, Some(digits)),
                _ => (entry.as_str(), None),
            };
            let name = name.trim_start_matches("*.").trim_start_matches('.').trim_matches(['[', ']']);
            let below = host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            (name == "*" || (!name.is_empty() && below)) && wanted.is_none_or(|wanted| wanted == port)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(set: &[(&str, &str)]) -> Proxies {
        let find = |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Proxies::from_variables(find)
    }

    fn host(proxies: &Proxies, address: &str) -> Option<String> {
        proxies.of(&address.parse().unwrap()).unwrap().map(|proxy| proxy.host().to_owned())
    }

    #[test]
    fn the_environment_names_proxies_and_exceptions() {
        let set = proxies(&[
            ("HTTPS_PROXY", "http://me:secret@proxy.example.org:8080"),
            ("http_proxy", "http://plain.example.org:3128"),
            ("ALL_PROXY", "http://all.example.org:3128"),
            ("NO_PROXY", "localhost, .intern.example.org,other.org:8443"),
        ]);
        assert_eq!(host(&set, "https://github.com/a").as_deref(), Some("proxy.example.org"));
        // Plain http is for this machine.
        for address in [
            "http://127.0.0.1/a",
            "http://localhost/a",
            "https://intern.example.org/a",
            "https://models.intern.example.org/a",
        ] {
            assert_eq!(host(&set, address), None, "{address}");
        }
        assert_eq!(host(&set, "https://other.org:8443/a"), None);
        assert!(host(&set, "https://other.org/a").is_some() && host(&set, "https://notintern.example.org/a").is_some());
        assert_eq!(host(&proxies(&[("ALL_PROXY", "http://p.org:1"), ("no_proxy", "*")]), "https://a.org/"), None);
        assert_eq!(host(&proxies(&[("HTTPS_PROXY", " ")]), "https://a.org/"), None);
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_said_without_its_password() {
        for proxy in ["socks5://me:secret@p.org:1080", "gopher://me:secret@p.org"] {
            let refused = Proxies::only(proxy).of(&"https://a.org/".parse().unwrap()).unwrap_err().to_string();
            assert!(refused.contains("p.org") && !refused.contains("secret"), "{refused}");
        }
    }
}
