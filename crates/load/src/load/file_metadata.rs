//! What the system tells of a file, where systems differ: modes, owners and special files are Unix's.

use std::fs::{FileType, Metadata};

/// Permission bits; elsewhere than on Unix those that the builder gives a file that comes from there.
pub(super) fn mode(facts: &Metadata) -> u32 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::mode(facts);
    #[cfg(not(unix))]
    return if facts.permissions().readonly() { 0o555 } else { 0o755 };
}

/// The owner; 0 where files have none.
pub(super) fn owner(facts: &Metadata) -> u32 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::uid(facts);
    #[cfg(not(unix))]
    {
        let _ = facts;
        0
    }
}

/// Whether it is a socket.
pub(super) fn is_socket(kind: FileType) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::FileTypeExt::is_socket(&kind);
    #[cfg(not(unix))]
    {
        let _ = kind;
        false
    }
}

/// Whether it is a named pipe.
pub(super) fn is_pipe(kind: FileType) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::FileTypeExt::is_fifo(&kind);
    #[cfg(not(unix))]
    {
        let _ = kind;
        false
    }
}
