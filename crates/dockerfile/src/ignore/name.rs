//! Slash paths as Go's `path` package normalises them. Knows no patterns.

use crate::text::path;

/// The shortest path that names the same place, without asking a file system: Go's `filepath.Clean`.
///
/// Empty gives `.`; a rooted path never climbs above `/`; there is no final slash except in `/` itself.
pub fn clean(path: &str) -> String {
    let path = path::normalize(path);
    if path.is_empty() { ".".to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &str) {
        assert_eq!(clean(path), expected, "{path:?}");
    }

    #[test]
    fn paths_are_cleaned_as_go_cleans_them() {
        check("", ".");
        check("a//b/./c/..", "a/b");
        check("a/..", ".");
        check("../a/../..", "../..");
        check("/../a/", "/a");
        check("//", "/");
        check("!a/../b", "b");
    }
}
