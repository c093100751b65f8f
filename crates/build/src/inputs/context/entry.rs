//! Entries of a context.

/// What an entry is; symlinks are never followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContextEntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link; its target is [`ContextEntry::target`].
    Symlink,
    /// A socket: the builder receives an empty file in its place.
    Socket,
    /// A named pipe: the builder receives one.
    Pipe,
    /// A character or block device: the builder receives one, if it may make it.
    Device,
}

/// Names an entry of its `BuildContext`; ascending in the order of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub(super) u32);

/// Files and bytes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Entries that are not directories.
    pub files: u64,
    /// Sum of the regular files' sizes.
    pub bytes: u64,
}

impl Amount {
    /// Adds another amount.
    pub const fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

/// One entry, as its row shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextEntry<'c> {
    /// The last component of its path.
    pub name: &'c str,
    /// What it is.
    pub kind: ContextEntryKind,
    /// Permission bits, with set-user-ID, set-group-ID and sticky.
    pub mode: u16,
    /// Of a regular file: its size, as `stat` says (a hole counts). Of a directory: everything below. Else nothing.
    pub amount: Amount,
    /// Where a symlink points to, as written in it.
    pub target: Option<&'c str>,
}

/// An entry that the ignore file keeps back although its directory was looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcludedEntry {
    /// From the root, without slash at either end.
    pub path: Box<str>,
    /// Whether it is a directory; some of what is below may still be sent.
    pub directory: bool,
    /// Index of the pattern that decided.
    pub pattern: u32,
}
