//! What is odd about a layer that can be read nonetheless: each kind is told once, with how often and where first.

use std::collections::BTreeMap;

/// A kind of oddity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ArchiveOddity {
    /// `..` leads out of the image.
    LeadsOut,
    /// A member that is no directory is named like the root.
    NotTheRoot,
    /// A type flag that readers of layers do not know; taken for a file.
    Flag,
    /// A type flag of something that is no file; left out.
    LeftOut,
    /// A whiteout that names nothing.
    Nothing,
    /// Owner or group past 32 bits.
    LargeOwner,
    /// A global header that sets what files have.
    Global,
    /// What the files tell of packages is more than is kept.
    TellsTooMuch,
}

impl ArchiveOddity {
    /// One of them, then several.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::LeadsOut => (
                "a name leaves the image with `..`; reading it relative to the root",
                "names leave the image with `..`; reading them relative to the root",
            ),
            Self::NotTheRoot => (
                "a member has the name of the root but is not a directory; ignoring it",
                "members have the name of the root but are not directories; ignoring them",
            ),
            Self::Flag => (
                "a member has a type flag that engines reject; reading it as a file",
                "members have a type flag that engines reject; reading them as files",
            ),
            Self::LeftOut => ("a member is not a file; ignoring it", "members are not files; ignoring them"),
            Self::Nothing => ("a whiteout has no name", "whiteouts have no name"),
            Self::LargeOwner => ("an owner or group is not a 32-bit number", "owners or groups are not 32-bit numbers"),
            Self::Global => (
                "a global header sets file properties; engines ignore it",
                "global headers set file properties; engines ignore them",
            ),
            Self::TellsTooMuch => (
                "a file has more package data than is kept for one layer; ignoring it",
                "files have more package data than is kept for one layer; ignoring them",
            ),
        }
    }
}

/// How often each occurred, and where first.
#[derive(Debug, Default)]
pub(super) struct ArchiveOddities(BTreeMap<ArchiveOddity, (u64, String)>);

impl ArchiveOddities {
    pub(super) fn add(&mut self, oddity: ArchiveOddity, name: &[u8]) {
        self.0.entry(oddity).or_insert_with(|| (0, String::from_utf8_lossy(name).into_owned())).0 += 1;
    }

    pub(super) fn sentences(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|(oddity, (count, first))| {
            let (singular, several) = oddity.words();
            match (count, first.is_empty()) {
                (1, true) => singular.to_owned(),
                (1, false) => format!("{singular}: `{first}`"),
                (_, true) => format!("{count} {several}"),
                (_, false) => format!("{count} {several}; the first is `{first}`"),
            }
        })
    }
}
