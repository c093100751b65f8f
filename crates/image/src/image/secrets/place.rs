//! Whether what stands at a path is published code, whose keys and tokens are for show.

use crate::data;
use crate::secret;
use crate::text::path;

/// Whether a path is of published code, or a key that every installation makes anew for itself to try with.
pub(super) fn is_published(path: &[u8]) -> bool {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let (name, folders) = parts.split_last().map_or((&b""[..], &[][..]), |(name, folders)| (*name, folders));
    let text = String::from_utf8_lossy(path);
    let published = data::FOLDER_NAMES.with("published").any(|folder| path::has_folders(&text, folder));
    let python = folders.windows(2).any(|pair| pair[0] == b"lib" && pair[1].starts_with(b"python"));
    published || python || memchr::memmem::find(name, b"snakeoil").is_some()
}

/// Whether a path is of tests, examples or documents.
pub(super) fn is_shown(path: &[u8]) -> bool {
    let cut = memchr::memrchr(b'/', path).unwrap_or(0);
    let mut folders = path[..cut].split(|byte| *byte == b'/').filter_map(|part| std::str::from_utf8(part).ok());
    folders.any(secret::is_folder_for_show)
}
