//! Names of files and folders as Go takes them apart, and those of files elsewhere.

use super::volume::clean;
use crate::text::path;

/// What the names of repositories begin with, besides those with a protocol.
const REMOTE: [&str; 2] = ["github.com/", "git@"];

/// Protocols of repositories.
const PROTOCOLS: [&str; 4] = ["https://", "http://", "git://", "ssh://"];

/// Whether a name begins as that of a repository.
pub(super) fn has_remote_start(text: &str) -> bool {
    REMOTE.iter().chain(&PROTOCOLS).any(|start| text.starts_with(start))
}

/// Whether a file lies elsewhere.
pub(super) fn is_remote(path: &str) -> bool {
    path.starts_with("oci://") || has_remote_start(path)
}

/// A path as seen from a folder.
pub(super) fn absolute(folder: &str, path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { go_join(folder, path) }
}

/// Go's `filepath.Join`: nothing is `.` only where a part was given.
pub(super) fn go_join(folder: &str, text: &str) -> String {
    match (folder.is_empty(), text.is_empty()) {
        (true, true) => String::new(),
        (true, false) => clean(text),
        (false, true) => clean(folder),
        (false, false) => clean(&path::child(folder, text)),
    }
}

/// Go's `filepath.Rel` of two absolute or two relative paths.
pub(super) fn relative(folder: &str, target: &str) -> String {
    if folder.starts_with('/') != target.starts_with('/') {
        return target.to_owned();
    }
    let parts = |text: &str| -> Vec<String> {
        path::normalize(text).split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (folder, target) = (parts(folder), parts(target));
    let common = folder.iter().zip(&target).take_while(|(a, b)| a == b).count();
    let up = folder[common..].iter().map(|_| "..");
    let all: Vec<&str> = up.chain(target[common..].iter().map(String::as_str)).collect();
    if all.is_empty() { ".".to_owned() } else { all.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_as_go_does_it() {
        assert_eq!(go_join("sub", "../x/"), "x");
        assert_eq!(go_join(".", "."), ".");
        assert_eq!(go_join("", ""), "");
        assert_eq!(go_join("/a", ""), "/a");
        assert_eq!(relative("/a/b", "/a/c/d"), "../c/d");
        assert_eq!(relative("/a", "/a"), ".");
    }
}
