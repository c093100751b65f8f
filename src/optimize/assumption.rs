//! What a step takes for granted, and what supports it.

/// What supports an assumption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Support {
    /// What was read settles it.
    Sources,
    /// A container of the original showed it.
    Observed,
    /// Nothing that was read speaks against it, and nothing settles it.
    Open,
    /// What was read leaves it open; without a container that shows it, the step is left out.
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

/// Something that has to be true, so that a step leaves what the image does as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// Of the program or the build, without a subject: `writes only to /tmp`.
    pub what: String,
    /// What supports it.
    pub support: Support,
    /// What leaves it open, in one sentence without a full stop; empty where it is settled.
    pub why: String,
}
