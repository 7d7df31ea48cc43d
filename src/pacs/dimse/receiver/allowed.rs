//! Who may call.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;

use crate::pacs::dimse::ae::{AeError, AeTitle};

/// A text that names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllowedError {
    #[error(transparent)]
    Title(#[from] AeError),
    #[error("the host {0} has no address here")]
    Host(String),
}

/// A peer that may call: its title, and where it calls from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedPeer {
    pub title: AeTitle,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// `AE@host`, where a host may be a name or an address.
impl FromStr for AllowedPeer {
    type Err = AllowedError;

    fn from_str(text: &str) -> Result<Self, AllowedError> {
        let (title, host) = text.rsplit_once('@').ok_or_else(|| AeError::Node(text.chars().take(100).collect()))?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let addresses = if let Ok(address) = host.parse::<IpAddr>() {
            vec![address.to_canonical()]
        } else {
            let found = (host, 0).to_socket_addrs().map_err(|_| AllowedError::Host(host.into()))?;
            found.map(|address| address.ip().to_canonical()).collect()
        };
        if addresses.is_empty() {
            return Err(AllowedError::Host(host.into()));
        }
        Ok(Self { title: title.parse()?, addresses })
    }
}

/// Where to listen: a port of all addresses where `others` may call, else of this machine alone, or an
/// address with its port. `None` for what is neither.
#[must_use]
pub fn listening_place(text: &str, others: bool) -> Option<SocketAddr> {
    let host = if others { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { Ipv4Addr::LOCALHOST.into() };
    text.parse().map(|port| SocketAddr::new(host, port)).or_else(|_| text.parse()).ok()
}

/// Whether anybody may call from this address.
pub(super) fn may_call(allowed: &[AllowedPeer], address: IpAddr) -> bool {
    match allowed {
        [] => address.is_loopback(),
        list => list.iter().any(|peer| peer.addresses.contains(&address)),
    }
}

/// Whether somebody with this title may call from this address.
pub(super) fn may_call_as(allowed: &[AllowedPeer], title: &str, address: IpAddr) -> bool {
    match allowed {
        [] => address.is_loopback(),
        list => list.iter().any(|peer| peer.title.as_str() == title && peer.addresses.contains(&address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_its_title_and_its_address() {
        let list: Vec<AllowedPeer> = ["CT1@10.0.0.5", "PACS@::1"].map(|text| text.parse().unwrap()).into();
        let [ct, other, here] = ["10.0.0.5", "10.0.0.6", "::1"].map(|a| a.parse::<IpAddr>().unwrap());
        assert!(may_call(&list, ct) && may_call(&list, here) && !may_call(&list, other));
        assert!(may_call_as(&list, "CT1", ct) && !may_call_as(&list, "PACS", ct) && !may_call_as(&list, "CT1", here));
        assert!(may_call(&[], here) && !may_call(&[], ct));
        assert!("CT1".parse::<AllowedPeer>().is_err());
    }
}
