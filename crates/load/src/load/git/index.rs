//! git's index: the paths that it tracks, with their hashes and what the files looked like (gitformat-index).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use gix_hash::Kind;

use super::config::StorageConfig;
use super::folder::common_dir;

/// Bytes that an index may have: some 10 million files.
const INDEX: u64 = 1 << 30;

/// The paths in the index of a git folder; none if it cannot be read.
pub(in crate::load) fn tracked_paths(git_dir: &Path) -> BTreeSet<String> {
    let sha256 = StorageConfig::read(&common_dir(git_dir)).object_format == "sha256";
    let Some(index) = read_index(git_dir, if sha256 { Kind::Sha256 } else { Kind::Sha1 }) else {
        return BTreeSet::new();
    };
    index.entries().iter().map(|entry| entry.path(&index).to_string()).collect()
}

/// The index in a git folder, shared parts included; `None` if the file is missing or cannot be read.
pub(super) fn read_index(git_dir: &Path, hash: Kind) -> Option<gix_index::File> {
    let file = git_dir.join("index");
    let metadata = fs::symlink_metadata(&file).ok()?;
    if !metadata.is_file() || metadata.len() > INDEX || metadata.len() == 0 {
        return None;
    }
    let options = gix_index::decode::Options { alloc_limit_bytes: Some(INDEX as usize), ..Default::default() };
    // The checksum takes as long as all the rest; what is damaged does not decode, or names files that do not exist.
    gix_index::File::at(file, hash, true, options).ok()
}

#[cfg(test)]
mod tests {
    use super::tracked_paths;

    #[test]
    fn an_index_that_is_none_tracks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let header = b"DIRC\0\0\0\x04";
        let endless = [&header[..], b"\0\0\0\x01", &[0; 62], &[0xff; 40]].concat();
        let many = [&header[..], &[0xff; 4]].concat();
        for bytes in [&b""[..], b"DIRC\0\0\0\x09\0\0\0\x01", &many, &endless] {
            std::fs::write(folder.path().join("index"), bytes).unwrap();
            assert!(tracked_paths(folder.path()).is_empty(), "{bytes:?}");
        }
    }
}
