//! Why an engine doesn't give what was asked for.

use std::fmt;
use std::io;

/// Why an engine doesn't give what was asked for: what, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong, in one sentence without a full stop.
    pub what: String,
    /// What to do about it.
    pub help: String,
    /// What kind it is, for those who go on after it.
    pub kind: Kind,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No engine answers: nothing listens there, or it doesn't answer in time.
    Absent,
    /// One may not: the socket's permissions, TLS, ssh.
    Denied,
    /// The engine has no image, container or network of this name.
    Missing,
    /// The engine is sound and does not do it: a name is taken, a value is wrong.
    Refused,
    /// The engine answers with an error, breaks off, or sends what is no answer.
    Broken,
    /// What the caller gave is wrong: `DOCKER_HOST`, a context, a certificate.
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
        io::Error::new(io::ErrorKind::ConnectionAborted, format!("{}: {}", self.what, self.help))
    }
}
