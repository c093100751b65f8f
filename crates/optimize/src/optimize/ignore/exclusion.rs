//! What is excluded from the build context, and the section of the .dockerignore for it.

use crate::inputs::context::EntryId;

/// Bytes below which nobody would add a line to an ignore file that is there.
pub(super) const WORTHWHILE: u64 = 100_000;

/// Something that stays out.
#[derive(Clone, Debug)]
pub(super) struct Exclusion {
    pub(super) entry: EntryId,
    /// The line that leaves it out if nothing else is taken by it; else its path is.
    pub(super) pattern: String,
    pub(super) section: Section,
    /// Bytes that a build fetches of it.
    pub(super) bytes: u64,
    /// Whether it is worth a line in a file that is there already.
    pub(super) worth: bool,
}

impl Exclusion {
    pub(super) fn new(entry: EntryId, pattern: impl Into<String>, section: Section, bytes: u64, worth: bool) -> Self {
        Self { entry, pattern: pattern.into(), section, bytes, worth }
    }
}

/// The parts of a file, with their comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    /// History, pipelines, editors.
    Forge,
    /// What tools, tests and builds on the host leave.
    Made,
    /// Files about the build, and what people read.
    About,
    /// What git ignores, and other services.
    Other,
    /// Secrets.
    Secret,
}

impl Section {
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Forge => "# Version control, pipelines, editors",
            Self::Made => "# Generated files; the build creates its own",
            Self::About => "# Files about the project",
            Self::Other => "# Not needed in the image",
            Self::Secret => "# Secrets",
        }
    }
}
