//! One member of a layer.

use crate::image::path::PathId;

/// What a member of a layer is (OCI image-spec, layer.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A regular file with contents of its own.
    File,
    /// A further name of a file of the same layer.
    Hardlink,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharacterDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Fifo,
    /// Removes the path, and what is below it, from the layers below (`.wh.name`).
    Whiteout,
    /// Removes what the layers below have in this directory (`.wh..wh..opq`); the path is the directory's.
    Opaque,
}

impl EntryKind {
    /// Whether it takes away instead of adding.
    pub const fn removes(self) -> bool {
        matches!(self, Self::Whiteout | Self::Opaque)
    }

    /// Whether it is a name of a regular file.
    pub const fn is_file(self) -> bool {
        matches!(self, Self::File | Self::Hardlink)
    }
}

/// Permission bits, with set-user-ID, set-group-ID and sticky bit (`0o7777`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mode(pub u16);

impl Mode {
    /// Whether it runs as its owner, or its group.
    pub const fn is_setid(self) -> bool {
        self.0 & 0o6000 != 0
    }

    /// Whether everybody may write, and no sticky bit keeps what others wrote.
    pub const fn is_world_writable(self) -> bool {
        self.0 & 0o002 != 0 && self.0 & 0o1000 == 0
    }

    /// Whether somebody may execute it.
    pub const fn is_executable(self) -> bool {
        self.0 & 0o111 != 0
    }
}

/// One member of a layer, in as few bytes as serve: an image may have millions. What few members have (link targets,
/// extended attributes, apparent sizes) stands beside them in their [`Layer`](crate::image::Layer).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerEntry {
    /// Where; for whiteouts what is removed.
    pub path: PathId,
    /// What.
    pub kind: EntryKind,
    /// Permissions.
    pub mode: Mode,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Time of modification in whole seconds since 1970 (UTC).
    pub mtime: i64,
    /// Bytes of contents that the layer stores; of a sparse file without its holes. 0 for all but regular files.
    pub size: u64,
    /// Bytes of the compressed blob that went into it, its header among them: the decoder's input between this entry's
    /// start and the next one's, exact to a block of the compression. The tar bytes where the layer is not compressed.
    pub compressed: u64,
    /// xxh3-128 of what it holds: contents of files, target of symbolic links, numbers of devices; 0 for the rest.
    pub content: u128,
    /// The file that a hard link is a name of; the path itself for all other kinds.
    pub link: PathId,
}
