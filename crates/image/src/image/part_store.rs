//! Places that hold an image's parts by name, so that each can be read when it is wanted.

use std::io;
use std::io::Read;

/// One part of a store, opened.
pub struct OpenPart<'a> {
    /// Its length in bytes, where it is known beforehand.
    pub bytes: Option<u64>,
    /// What is in it.
    pub read: Box<dyn Read + Send + 'a>,
}

/// Parts by name: a folder, an archive, a registry. Names are those of an OCI image layout (`index.json`,
/// `blobs/sha256/<hex>`) or of a docker archive (`manifest.json`, `<id>/layer.tar`): relative, with slashes, without `.`
/// and `..`. A registry has only `blobs/…`, and an `index.json` that it writes itself.
pub trait Store: Sync {
    /// Opens a part; `None` where there is none of this name.
    ///
    /// # Errors
    /// When it is there, or may be, and cannot be read.
    fn open(&self, name: &str) -> io::Result<Option<OpenPart<'_>>>;

    /// Opens a blob that is a manifest or an index: registries keep them apart from other blobs.
    ///
    /// # Errors
    /// As [`Store::open`].
    fn manifest(&self, name: &str) -> io::Result<Option<OpenPart<'_>>> {
        self.open(name)
    }
}

/// Bytes that can be read anywhere: a file.
pub trait ReadAt: Sync {
    /// Reads at most a buffer's length from an offset on; 0 at the end.
    ///
    /// # Errors
    /// When the bytes cannot be read.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// All bytes.
    ///
    /// # Errors
    /// When the length cannot be told.
    fn bytes(&self) -> io::Result<u64>;
}
