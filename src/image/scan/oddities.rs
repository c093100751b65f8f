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
    /// A hard link whose file is not before it in the layer.
    Dangling,
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
                "a name leads out of the image by `..`, and is taken from its root",
                "names lead out of the image by `..`, and are taken from its root",
            ),
            Self::NotTheRoot => (
                "a member is named like the root and is no directory; it is left out",
                "members are named like the root and are no directories; they are left out",
            ),
            Self::Flag => (
                "a member has a type flag that engines refuse, and is taken for a file",
                "members have a type flag that engines refuse, and are taken for files",
            ),
            Self::LeftOut => ("a member is no file, and is left out", "members are no files, and are left out"),
            Self::Dangling => (
                "a hard link has no file before it in its layer; engines refuse that",
                "hard links have no file before them in their layer; engines refuse that",
            ),
            Self::Nothing => ("a whiteout names nothing", "whiteouts name nothing"),
            Self::LargeOwner => ("an owner or group is no 32-bit number", "owners or groups are no 32-bit numbers"),
            Self::Global => (
                "a global header sets what files have; engines ignore it",
                "global headers set what files have; engines ignore them",
            ),
            Self::TellsTooMuch => (
                "what a file tells of packages is more than is kept of one layer, and is left out",
                "what files tell of packages is more than is kept of one layer, and is left out",
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
            let (one, several) = oddity.words();
            match (count, first.is_empty()) {
                (1, true) => one.to_owned(),
                (1, false) => format!("{one}: `{first}`"),
                (_, true) => format!("{count} {several}"),
                (_, false) => format!("{count} {several}; the first is `{first}`"),
            }
        })
    }
}
