//! What it means that a connection of HTTP broke, in words of ours.

use std::io;
use std::time::Duration;

use ureq::{Error, Timeout};

/// What went wrong with a connection; the text says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// There is none.
    Unreachable(String),
    /// Whoever answers cannot show that it is the one that was meant.
    Untrusted(String),
    /// Nothing came for as long as one waits.
    Silent,
    /// It ended before all had come.
    Off(String),
}

/// What an error means; `connecting` is how long a connection was waited for.
pub(crate) fn what_broke(error: &Error, connecting: Duration) -> Broken {
    match error {
        Error::HostNotFound => Broken::Unreachable("its name is not known".into()),
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            Broken::Unreachable(format!("it did not answer within {} s", connecting.as_secs_f32()))
        }
        Error::Timeout(_) => Broken::Silent,
        Error::Rustls(why) => Broken::Untrusted(why.to_string()),
        Error::Tls(why) => Broken::Untrusted((*why).to_owned()),
        Error::ConnectionFailed => Broken::Unreachable("there is no connection".into()),
        Error::ConnectProxyFailed(why) => Broken::Unreachable(format!("the proxy refuses: {why}")),
        Error::Io(why) => match why.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable => Broken::Unreachable(why.to_string()),
            // Certificates that are not trusted come as errors of reading.
            io::ErrorKind::InvalidData => Broken::Untrusted(why.to_string()),
            _ => Broken::Off(why.to_string()),
        },
        other => Broken::Off(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_by_what_it_means_and_not_by_where_it_came_from() {
        let of = |error: &Error| what_broke(error, Duration::from_millis(1500));
        let io = |kind: io::ErrorKind| of(&Error::Io(io::Error::from(kind)));
        assert_eq!(of(&Error::Timeout(Timeout::Connect)), Broken::Unreachable("it did not answer within 1.5 s".into()));
        assert_eq!(of(&Error::Timeout(Timeout::RecvResponse)), Broken::Silent);
        assert!(matches!(io(io::ErrorKind::ConnectionRefused), Broken::Unreachable(_)));
        assert!(matches!(io(io::ErrorKind::InvalidData), Broken::Untrusted(_)));
        assert!(matches!(io(io::ErrorKind::ConnectionReset), Broken::Off(_)));
    }
}
