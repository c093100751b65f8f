//! Whether what stands at a path is published code, whose keys and tokens are for show.

use crate::manifest::FileRole;

/// Folders that hold packages, or a language's own library.
const PUBLISHED: [&[&[u8]]; 14] = [
    &[b"site-packages"],
    &[b"dist-packages"],
    &[b"node_modules"],
    &[b"gems"],
    &[b"pkg", b"mod"],
    &[b".cargo", b"registry"],
    &[b".m2", b"repository"],
    &[b"usr", b"share", b"doc"],
    &[b"usr", b"share", b"man"],
    &[b"usr", b"share", b"perl"],
    &[b"usr", b"share", b"perl5"],
    &[b"usr", b"local", b"go"],
    &[b"usr", b"lib", b"go"],
    &[b".cache"],
];

/// Whether a path is of published code, or a key that every installation makes anew for itself to try with.
pub(super) fn is_published(path: &[u8]) -> bool {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let (name, folders) = parts.split_last().map_or((&b""[..], &[][..]), |(name, folders)| (*name, folders));
    let published = PUBLISHED.iter().any(|chain| folders.windows(chain.len()).any(|window| window == *chain));
    let python = folders.windows(2).any(|pair| pair[0] == b"lib" && pair[1].starts_with(b"python"));
    published || python || memchr::memmem::find(name, b"snakeoil").is_some()
}

/// Whether a path is of tests, examples or documents.
pub(super) fn is_shown(path: &[u8]) -> bool {
    let cut = memchr::memrchr(b'/', path).unwrap_or(0);
    let mut folders = path[..cut].split(|byte| *byte == b'/').filter_map(|part| std::str::from_utf8(part).ok());
    folders.any(|folder| FileRole::of_folder(folder).is_some_and(FileRole::is_for_show))
}
