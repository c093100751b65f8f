//! Lists of files in few bytes: each path is kept as what it shares with the one before it, and the rest.

use crate::image::path::{PathId, Paths};

/// Longest path that is kept, in bytes; Linux knows no longer one.
const LONGEST: usize = 4096;

/// Paths in the order in which a package's list has them, without a leading slash. A directory that is followed by a
/// path in it is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileList {
    bytes: Box<[u8]>,
}

/// Makes a [`FileList`].
#[derive(Debug, Default)]
pub(super) struct ListMaker {
    bytes: Vec<u8>,
    written: Vec<u8>,
    waiting: Vec<u8>,
}

impl ListMaker {
    /// Adds a path; slashes and `./` at its start do not count, overlong ones are left out.
    pub(super) fn add(&mut self, path: &[u8]) {
        self.add_below(b"", path);
    }

    /// Adds a path below a folder.
    pub(super) fn add_below(&mut self, folder: &[u8], name: &[u8]) {
        let folder = clean_path(folder);
        let name = if folder.is_empty() { clean_path(name) } else { name };
        if name.is_empty() || folder.len() + name.len() >= LONGEST {
            return;
        }
        let slash = !folder.is_empty() && !folder.ends_with(b"/");
        let path = [folder, if slash { b"/" } else { b"" }, name];
        let length = path.iter().map(|part| part.len()).sum::<usize>();
        let old = self.waiting.len();
        let below = old < length
            && path.iter().copied().flatten().take(old).eq(self.waiting.iter())
            && path.iter().copied().flatten().nth(old) == Some(&b'/');
        if !below {
            self.write();
        }
        self.waiting.clear();
        for part in path {
            self.waiting.extend_from_slice(part);
        }
    }

    /// The list.
    pub(super) fn finish(mut self) -> FileList {
        self.write();
        FileList { bytes: self.bytes.into() }
    }

    fn write(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let shared = self.written.iter().zip(&self.waiting).take_while(|(old, new)| old == new).count();
        number(&mut self.bytes, shared);
        number(&mut self.bytes, self.waiting.len() - shared);
        self.bytes.extend_from_slice(&self.waiting[shared..]);
        std::mem::swap(&mut self.written, &mut self.waiting);
        self.waiting.clear();
    }
}

fn clean_path(mut path: &[u8]) -> &[u8] {
    loop {
        path = match path {
            [b'/', rest @ ..] | [b'.', b'/', rest @ ..] => rest,
            [b'.'] => &[],
            _ => return path,
        };
    }
}

/// Seven bits a byte, the lowest first.
fn number(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
}

impl FileList {
    /// Bytes that it takes.
    pub(crate) fn heap(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it names nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Calls back with every path and with how many of its bytes it shares with the one before.
    fn each(&self, mut call: impl FnMut(&[u8], usize)) {
        let mut path = Vec::new();
        let mut rest = &*self.bytes;
        let take = |rest: &mut &[u8]| {
            let mut value = 0;
            for shift in [0, 7] {
                let Some((&byte, tail)) = rest.split_first() else { break };
                *rest = tail;
                value |= usize::from(byte & 127) << shift;
                if byte < 128 {
                    break;
                }
            }
            value
        };
        while !rest.is_empty() {
            let shared = take(&mut rest);
            let length = take(&mut rest).min(rest.len());
            path.truncate(shared);
            path.extend_from_slice(&rest[..length]);
            rest = &rest[length..];
            call(&path, shared);
        }
    }

    /// Calls back with every path that is known, its links to directories followed by `step`, which goes from a
    /// directory to a name in it.
    pub(super) fn walk(
        &self,
        from: PathId,
        paths: &Paths,
        step: impl Fn(PathId, &[u8]) -> Option<PathId>,
        mut call: impl FnMut(PathId),
    ) {
        // Directories of the last path: where each name ends, and where it leads.
        let mut chain: Vec<(usize, Option<PathId>)> = Vec::new();
        self.each(|path, shared| {
            while chain.last().is_some_and(|&(end, _)| end > shared) {
                chain.pop();
            }
            let (mut start, mut at) = chain.last().map_or((0, Some(from)), |&(end, at)| (end, at));
            for name in path[start..].split_inclusive(|&byte| byte == b'/') {
                start += name.len();
                let whole = name.len() > 1 && name.ends_with(b"/");
                let name = name.strip_suffix(b"/").unwrap_or(name);
                at = at.and_then(|at| match name {
                    b"" | b"." => Some(at),
                    b".." => Some(paths.parent(at)),
                    _ => step(at, name),
                });
                if whole {
                    chain.push((start, at));
                }
            }
            at.into_iter().for_each(&mut call);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &str, expected: &str) {
        let mut maker = ListMaker::default();
        lines.split_whitespace().for_each(|line| maker.add(line.as_bytes()));
        let list = maker.finish();
        let (mut kept_names, mut known) = (String::new(), String::new());
        let mut paths = Paths::default();
        list.each(|path, _| {
            kept_names += &format!("{} ", String::from_utf8_lossy(path));
            paths.intern(path).unwrap();
        });
        list.walk(PathId::ROOT, &paths, |at, name| paths.child(at, name), |path| known += &(paths.text(path) + " "));
        assert_eq!(kept_names.trim_end(), expected);
        assert_eq!(known, kept_names);
    }

    #[test]
    fn directories_before_their_files_are_left_out() {
        check("/. /usr /usr/bin /usr/bin/x /usr/bin/xy /usr/lib", "usr/bin/x usr/bin/xy usr/lib");
        check("./a ./a/b a/bc ab a", "a/b a/bc ab a");
        check(&format!("{} x", "y".repeat(5000)), "x");
        check(&format!("{0}/a {0}/b", "y".repeat(3000)), &format!("{0}/a {0}/b", "y".repeat(3000)));
        check("", "");
    }

    #[test]
    fn names_above_are_followed() {
        let mut paths = Paths::default();
        let from = paths.intern(b"usr/lib/python").unwrap();
        let tool = paths.intern(b"usr/bin/tool").unwrap();
        let mut maker = ListMaker::default();
        maker.add(b"../../bin/tool");
        maker.add(b"../../../../../../usr/bin/tool");
        let mut walked = Vec::new();
        maker.finish().walk(from, &paths, |at, name| paths.child(at, name), |path| walked.push(path));
        assert_eq!(walked, [tool, tool]);
    }
}
