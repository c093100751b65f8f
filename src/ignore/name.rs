//! Slash paths as Go's `path` package normalises them. Knows no patterns.

/// The shortest path that names the same place, without asking a file system: Go's `filepath.Clean`.
///
/// Empty gives `.`; a rooted path never climbs above `/`; there is no final slash except in `/` itself.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut out: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if out.last().is_some_and(|last| *last != "..") => {
                out.pop();
            }
            ".." if rooted => {}
            other => out.push(other),
        }
    }
    let joined = out.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
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
