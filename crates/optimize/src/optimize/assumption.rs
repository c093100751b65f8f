//! What a step assumes, and what supports it.

/// What supports an assumption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Support {
    /// The files that were read show it.
    Sources,
    /// A container of the original showed it.
    Observed,
    /// No file that was read contradicts it, and none shows it.
    Open,
    /// A file that was read casts doubt on it; the step is skipped unless a container shows it.
    Missing,
}

impl Support {
    /// As JSON and texts have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sources => "sources",
            Self::Observed => "observed",
            Self::Open => "open",
            Self::Missing => "missing",
        }
    }
}

/// A condition under which a step does not change what the image does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// The condition as a clause: `the program writes only to /tmp`.
    pub what: String,
    /// What supports it.
    pub support: Support,
    /// Why it is not certain, in one sentence without a full stop; empty where it is.
    pub why: String,
}
