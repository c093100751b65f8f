//! Why a registry doesn't give what was asked for.

use std::fmt;

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
    pub(super) fn unsupported(what: &str) -> Self {
        Self { what: format!("{what} cannot be fetched yet"), help: String::new(), kind: Kind::Setup }
    }
}
