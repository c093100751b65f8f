//! How much of a hostile image is looked at.

/// Bounds of what is read. What goes past one is an error that names it; nothing is cut silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Decompressed bytes of all blobs of one run together.
    pub inflated_bytes: u64,
    /// Decompressed bytes for each compressed one; more of them are worth a notice, from
    /// [`Self::ratio_from`] decompressed bytes on.
    pub ratio: u64,
    /// Decompressed bytes from which on the ratio is looked at.
    pub ratio_from: u64,
    /// Memory of one decompressor for what it has to remember (zstd's window, xz's dictionary).
    pub window_bytes: u64,
    /// Bytes of a manifest, an index or a config.
    pub document_bytes: u64,
    /// Bytes of one extended header (pax, GNU long names and sparse maps).
    pub header_bytes: u64,
    /// Bytes of a path or a link's target.
    pub path_bytes: usize,
    /// Parts of a path.
    pub path_parts: usize,
    /// Members of one layer, and members of one archive; twice as many paths, those that they imply among them.
    pub entries: u64,
    /// Bytes of all names, link targets and extended attributes of one layer: what is kept of it.
    pub text_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inflated_bytes: 64 << 30,
            ratio: 200,
            ratio_from: 1 << 30,
            // What `zstd -d` takes without being asked for more.
            window_bytes: 128 << 20,
            document_bytes: 16 << 20,
            // Go's archive/tar reads no longer ones.
            header_bytes: 1 << 20,
            path_bytes: 4096,
            path_parts: 255,
            entries: 10_000_000,
            text_bytes: 1 << 30,
        }
    }
}
