//! Why a registry doesn't give what was asked for.

use std::fmt;
use std::io;
use std::time::Duration;

/// Why a registry doesn't give what was asked for: what, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong, in one sentence without a full stop.
    pub what: String,
    /// What to do about it.
    pub help: String,
    /// What kind it is, for those who go on after it.
    pub kind: Kind,
}

/// What kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The registry asks for credentials, or refuses those that it got (401, 403).
    Denied,
    /// There is no such repository, tag or blob (404); registries say the same of what one may not see.
    Missing,
    /// Too many requests, also after waiting (429).
    Limited,
    /// Nobody answers there, or nobody that is trusted: name, connection, TLS, time.
    Unreachable,
    /// The registry fails (5xx), breaks off, or sends what is no answer.
    Broken,
    /// What the caller gave is wrong: a certificate, a configuration, a credential helper.
    Setup,
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)
    }
}

impl std::error::Error for Error {}

impl Error {
    pub(super) fn new(kind: Kind, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into(), kind }
    }

    /// For a reader of bytes: what, and what to do, in one text. It is no damage of what was read.
    pub(super) fn into_io(self) -> io::Error {
        let kind = match self.kind {
            Kind::Denied => io::ErrorKind::PermissionDenied,
            Kind::Missing => io::ErrorKind::NotFound,
            _ => io::ErrorKind::ConnectionAborted,
        };
        io::Error::new(kind, if self.help.is_empty() { self.what } else { format!("{}: {}", self.what, self.help) })
    }

    /// What became of a request that got no answer.
    pub(super) fn transport(host: &str, error: &ureq::Error, connect: Duration, idle: Duration) -> Self {
        let unreachable = |what: String, help: &str| Self::new(Kind::Unreachable, what, help);
        match error {
            ureq::Error::HostNotFound => unreachable(
                format!("the registry `{host}` is not found: its name has no address"),
                "check its name, the network and the proxy (HTTPS_PROXY)",
            ),
            ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => unreachable(
                format!("the registry `{host}` does not answer within {}", seconds(connect)),
                "check its name, the network and the proxy (HTTPS_PROXY)",
            ),
            ureq::Error::Timeout(_) => unreachable(
                format!("the registry `{host}` sends nothing for {}", seconds(idle)),
                "try again later, or save the image to a file and read that",
            ),
            ureq::Error::ConnectProxyFailed(why) => unreachable(
                format!("the proxy refuses a connection to `{host}`: {}", why.trim()),
                "check HTTPS_PROXY and NO_PROXY",
            ),
            _ => match tls(error) {
                Some(rustls::Error::InvalidCertificate(why)) => unreachable(
                    format!("the certificate of the registry `{host}` is not trusted: {why:?}"),
                    "name the authority that signed it with --registry-ca FILE, or allow it with --insecure-registry HOST",
                ),
                Some(why) => unreachable(
                    format!("no TLS with the registry `{host}`: {why}"),
                    "if it speaks plain HTTP, allow it with --insecure-registry HOST",
                ),
                None => match io_error(error) {
                    Some(why) if is_break(why) => Self::new(
                        Kind::Broken,
                        format!("the connection to the registry `{host}` broke: {why}"),
                        "try again later",
                    ),
                    Some(why) => unreachable(
                        format!("the registry `{host}` cannot be reached: {why}"),
                        "check its name and port, the network and the proxy (HTTPS_PROXY)",
                    ),
                    None => Self::new(
                        Kind::Broken,
                        format!("`{host}` does not answer as a registry does: {error}"),
                        "check the name of the registry",
                    ),
                },
            },
        }
    }
}

/// Whether another attempt may help: the connection stood and broke.
pub(super) fn is_passing(error: &ureq::Error) -> bool {
    tls(error).is_none() && io_error(error).is_some_and(is_break)
}

/// Whether the other side doesn't speak TLS.
pub(super) fn is_no_tls(error: &ureq::Error) -> bool {
    match tls(error) {
        Some(rustls::Error::InvalidCertificate(_)) => false,
        Some(_) => true,
        None => io_error(error).is_some_and(is_break),
    }
}

/// Whether a connection stood and broke; all else is a connection that never stood.
fn is_break(why: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(why.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

fn io_error(error: &ureq::Error) -> Option<&io::Error> {
    match error {
        ureq::Error::Io(why) => Some(why),
        _ => None,
    }
}

fn tls(error: &ureq::Error) -> Option<&rustls::Error> {
    match error {
        ureq::Error::Rustls(why) => Some(why),
        ureq::Error::Io(why) => why.get_ref()?.downcast_ref(),
        _ => None,
    }
}

/// A span of time for people.
pub(super) fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 { format!("{} ms", time.as_millis()) } else { format!("{} s", seconds.round()) }
}
