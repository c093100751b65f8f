//! Names of members as paths of the image.

use crate::image::path::{PathId, Paths, PathsFull};

/// A layer's paths, and the last one, beside which the next one mostly is.
#[derive(Debug, Default)]
pub(super) struct LayerNames {
    pub(super) paths: Paths,
    /// The path that was interned last, and each of its parts with its end.
    last: Vec<u8>,
    parts: Vec<(usize, PathId)>,
}

/// What a member's name says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberName {
    /// A path.
    Path,
    /// A path that is taken away.
    Whiteout,
    /// A directory whose lower contents are taken away.
    Opaque,
    /// Bookkeeping of a storage driver.
    Bookkeeping,
    /// A whiteout that names nothing.
    Nothing,
}

/// Cleans a name as Go's `filepath.Clean` does, from the root on; the answer is whether `..` leads out of it.
pub(super) fn clean(name: &[u8], path: &mut Vec<u8>) -> bool {
    path.clear();
    let mut out = false;
    for part in name.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if path.is_empty() => out = !name.starts_with(b"/"),
            b".." => path.truncate(path.iter().rposition(|&byte| byte == b'/').unwrap_or(0)),
            part => {
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(part);
            }
        }
    }
    out
}

/// Tells markers from paths; turns a marker's path into the one that it is about.
pub(super) fn classify(path: &mut Vec<u8>) -> MemberName {
    let start = path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    let last = &path[start..];
    if last == b".wh..wh..opq" {
        path.truncate(start.saturating_sub(1));
        return MemberName::Opaque;
    }
    // The index and the landmarks of eStargz are files: only its own snapshotter hides them, engines unpack them.
    if path.starts_with(b".wh..wh.") || memchr::memmem::find(path, b"/.wh..wh.").is_some() {
        return MemberName::Bookkeeping;
    }
    let Some(gone) = last.strip_prefix(b".wh.") else { return MemberName::Path };
    if matches!(gone, b"" | b"." | b"..") {
        return MemberName::Nothing;
    }
    path.drain(start..start + b".wh.".len());
    MemberName::Whiteout
}

impl LayerNames {
    /// The number of a cleaned path.
    pub(super) fn intern(&mut self, path: &[u8]) -> Result<PathId, PathsFull> {
        let common = self.last.iter().zip(path).take_while(|(left, other)| left == other).count();
        let ends = |end: usize| end <= common && (end == path.len() || path[end] == b'/');
        while self.parts.last().is_some_and(|&(end, _)| !ends(end)) {
            self.parts.pop();
        }
        let (mut end, mut parent) = self.parts.last().copied().unwrap_or((0, PathId::ROOT));
        while end < path.len() {
            let start = if end == 0 { 0 } else { end + 1 };
            end = path[start..].iter().position(|&byte| byte == b'/').map_or(path.len(), |slash| start + slash);
            parent = self.paths.below(parent, &path[start..end])?;
            self.parts.push((end, parent));
        }
        self.last.clear();
        self.last.extend_from_slice(path);
        Ok(parent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned() {
        for (name, path, out) in [
            ("./a//b/./c/", "a/b/c", false),
            ("/a/b", "a/b", false),
            ("/../a", "a", false),
            ("../a", "a", true),
            ("a/../../b", "b", true),
            ("a/b/../c", "a/c", false),
            ("a/..", "", false),
            ("", "", false),
            ("./", "", false),
        ] {
            let mut cleaned = Vec::new();
            assert_eq!(clean(name.as_bytes(), &mut cleaned), out, "{name}");
            assert_eq!(cleaned, path.as_bytes(), "{name}");
        }
    }

    #[test]
    fn markers_are_distinguished_from_paths() {
        for (path, name, about) in [
            ("a/b", MemberName::Path, "a/b"),
            ("a/.wh.b", MemberName::Whiteout, "a/b"),
            (".wh.b", MemberName::Whiteout, "b"),
            ("a/.wh..b", MemberName::Whiteout, "a/.b"),
            ("a/.wh..wh..opq", MemberName::Opaque, "a"),
            (".wh..wh..opq", MemberName::Opaque, ""),
            (".wh..wh.aufs", MemberName::Bookkeeping, ".wh..wh.aufs"),
            (".wh..wh.plnk/12.34", MemberName::Bookkeeping, ".wh..wh.plnk/12.34"),
            ("a/.wh..wh.orph/x", MemberName::Bookkeeping, "a/.wh..wh.orph/x"),
            ("stargz.index.json", MemberName::Path, "stargz.index.json"),
            (".prefetch.landmark", MemberName::Path, ".prefetch.landmark"),
            (".no.prefetch.landmark", MemberName::Path, ".no.prefetch.landmark"),
            ("a/stargz.index.json", MemberName::Path, "a/stargz.index.json"),
            ("a/.wh.", MemberName::Nothing, "a/.wh."),
            ("a/.wh...", MemberName::Nothing, "a/.wh..."),
            (".wha", MemberName::Path, ".wha"),
        ] {
            let mut bytes = path.as_bytes().to_vec();
            assert_eq!(classify(&mut bytes), name, "{path}");
            assert_eq!(bytes, about.as_bytes(), "{path}");
        }
    }

    #[test]
    fn neighbours_share_their_parents() {
        let mut names = LayerNames::default();
        let list = ["usr", "usr/lib", "usr/lib/a", "usr/lib/ab/c", "usr/libx", "usr/lib", "", "b", "usr/lib/ab/d"];
        for path in list {
            let id = names.intern(path.as_bytes()).unwrap();
            assert_eq!(names.paths.text(id), path);
        }
        assert_eq!(names.paths.len(), 9);
    }
}
