//! POSIX paths as text: those of images, build contexts and projects. Knows no file system, so links are not followed;
//! paths of this machine are `std::path`.
//!
//! A path is absolute (`/a/b`) or relative to a root that its owner knows, a build context say. `/` is the root of absolute
//! paths, the empty text that of relative ones. No function but [`join`] and [`normalize`] folds `.` and `..`; slashes at
//! the end never count.

/// Bytes that a path may have on Linux (`PATH_MAX`, limits.h).
pub const LONGEST: usize = 4096;

/// The last part of a path; empty for a root.
///
/// ```
/// # use dockopt_text::text::path;
/// assert_eq!(path::name("/usr/bin/python3"), "python3");
/// assert_eq!(path::name("src/"), "src");
/// assert_eq!(path::name("/"), "");
/// ```
pub fn name(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    trimmed.rsplit_once('/').map_or(trimmed, |(_, name)| name)
}

/// The folder that a path lies in; a root lies in itself.
///
/// ```
/// # use dockopt_text::text::path;
/// assert_eq!(path::parent("src/main.rs"), "src");
/// assert_eq!(path::parent("main.rs"), "");
/// assert_eq!(path::parent("/app"), "/");
/// ```
pub fn parent(path: &str) -> &str {
    split(path).0
}

/// The folder that a path lies in, and its last part: [`parent`] and [`name`].
///
/// ```
/// # use dockopt_text::text::path;
/// assert_eq!(path::split("/srv/app/main.py"), ("/srv/app", "main.py"));
/// ```
pub fn split(path: &str) -> (&str, &str) {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit_once('/') {
        Some((parent, name)) => match parent.trim_end_matches('/') {
            "" => (&path[..1], name),
            parent => (parent, name),
        },
        // Only slashes: the root.
        None if trimmed.is_empty() => (&path[..path.len().min(1)], ""),
        None => ("", trimmed),
    }
}

/// A path seen from a folder, without empty parts, `.` and `..`; an absolute path is seen from the root.
///
/// It is absolute when one of the two is. `..` stops at `/`; where it leads out of a relative folder, it stays in front.
///
/// ```
/// # use dockopt_text::text::path;
/// assert_eq!(path::join("/srv/app", "../data/"), "/srv/data");
/// assert_eq!(path::join("/srv/app", "/data"), "/data");
/// assert_eq!(path::join("web", "./src"), "web/src");
/// assert_eq!(path::join("web", ".."), "");
/// assert_eq!(path::join("web", "../../api"), "../api");
/// ```
pub fn join(folder: &str, path: &str) -> String {
    let folder = if path.starts_with('/') { "/" } else { folder };
    let mut whole = String::with_capacity(folder.len() + path.len() + 1);
    let is_clean = is_clean(folder);
    if is_clean {
        whole.push_str(folder);
    } else if folder.starts_with('/') {
        whole.push('/');
    }
    for part in if is_clean { "" } else { folder }.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if !matches!(name(&whole), "" | "..") => whole.truncate(parent(&whole).len()),
            ".." if whole == "/" => {}
            part => {
                if !whole.is_empty() && !whole.ends_with('/') {
                    whole.push('/');
                }
                whole.push_str(part);
            }
        }
    }
    whole
}

/// Whether nothing of a path has to be looked at part by part: most folders that paths are joined to have no such part.
fn is_clean(folder: &str) -> bool {
    let bytes = folder.as_bytes();
    let is_plain = |at: usize| !matches!(bytes.get(at), None | Some(b'/' | b'.'));
    folder == "/"
        || (folder.starts_with('/') || is_plain(0)) && memchr::memchr_iter(b'/', bytes).all(|at| is_plain(at + 1))
}

/// What lies in a folder under a name, or a path below it: a plain concatenation, for parts that are clean already.
///
/// ```
/// # use dockopt_text::text::path;
/// assert_eq!(path::child("web", "package.json"), "web/package.json");
/// assert_eq!(path::child("", "package.json"), "package.json");
/// assert_eq!(path::child("/", "etc/passwd"), "/etc/passwd");
/// ```
pub fn child(folder: &str, name: &str) -> String {
    let slash = if folder.is_empty() || folder.ends_with('/') { "" } else { "/" };
    [folder, slash, name].concat()
}

/// A path of a URL below another one; a slash at its end stays.
///
/// ```
/// # use dockopt_text::text::path;
/// assert_eq!(path::below_route("/api/", "/health/"), "/api/health/");
/// assert_eq!(path::below_route("", "/"), "/");
/// assert_eq!(path::below_route("/api", ""), "/api");
/// ```
pub fn below_route(front: &str, rest: &str) -> String {
    let front = front.trim_end_matches('/');
    match rest.trim_start_matches('/') {
        "" if rest.is_empty() && !front.is_empty() => front.to_owned(),
        rest => format!("{front}/{rest}"),
    }
}

/// The shortest path with the same meaning: Go's `path.Clean`, but the root of relative paths is empty, not `.`.
///
/// ```
/// # use dockopt_text::text::path;
/// assert_eq!(path::normalize("./a//b/../c/"), "a/c");
/// assert_eq!(path::normalize("."), "");
/// ```
pub fn normalize(path: &str) -> String {
    join("", path)
}

/// Whether these folders, one below the other, lie somewhere above the last name of a path.
///
/// ```
/// # use dockopt_text::text::path;
/// assert!(path::has_folders("/root/.cache/uv/x", ".cache/uv"));
/// assert!(!path::has_folders("/app/.cache/uv", ".cache/uv") && !path::has_folders("my.cache/uv/x", ".cache/uv"));
/// ```
pub fn has_folders(path: &str, folders: &str) -> bool {
    path.match_indices(folders)
        .any(|(at, _)| (at == 0 || path[..at].ends_with('/')) && path[at + folders.len()..].starts_with('/'))
}

/// Whether the name of a file says that it is YAML.
pub fn is_yaml(path: &str) -> bool {
    matches!(name(path).rsplit_once('.'), Some((_, "yml" | "yaml")))
}

/// Whether the last names of a path are those of another one.
///
/// ```
/// # use dockopt_text::text::path;
/// assert!(path::ends_with("/srv/bin/start.sh", "bin/start.sh") && path::ends_with("start.sh", "start.sh"));
/// assert!(!path::ends_with("/srv/restart.sh", "start.sh"));
/// ```
pub fn ends_with(path: &str, end: &str) -> bool {
    path.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('/') || end.starts_with('/'))
}

/// Whether a path is a folder, or lies at any depth below it.
///
/// ```
/// # use dockopt_text::text::path;
/// assert!(path::is_within("/tmp", "/tmp/"));
/// assert!(path::is_within("/tmp/a/b", "/tmp"));
/// assert!(!path::is_within("/tmpfs", "/tmp"));
/// ```
pub fn is_within(path: &str, folder: &str) -> bool {
    relative(path, folder).is_some()
}

/// Whether a folder is a path or above it; the root does not count, since naming it is not meant for one file.
///
/// ```
/// # use dockopt_text::text::path;
/// assert!(path::covers("/var/cache/", "/var/cache/apt"));
/// assert!(!path::covers("/", "/var"));
/// ```
pub fn covers(folder: &str, path: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    !folder.is_empty() && path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a path lies at any depth below a folder; the folder does not lie below itself.
///
/// ```
/// # use dockopt_text::text::path;
/// assert!(path::is_below("web/src", "web"));
/// assert!(!path::is_below("web", "web"));
/// ```
pub fn is_below(path: &str, folder: &str) -> bool {
    relative(path, folder).is_some_and(|rest| !rest.is_empty())
}

/// A path seen from a folder that it lies in, empty for the folder itself; `None` where it lies elsewhere.
///
/// `/` holds all absolute paths and no relative one, the empty folder all relative paths and no absolute one.
///
/// ```
/// # use dockopt_text::text::path;
/// assert_eq!(path::relative("/app/src/main.rs", "/app"), Some("src/main.rs"));
/// assert_eq!(path::relative("/app", "/app"), Some(""));
/// assert_eq!(path::relative("/apple", "/app"), None);
/// ```
pub fn relative<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if path.starts_with('/') != folder.starts_with('/') {
        return None;
    }
    let folder = folder.trim_end_matches('/');
    let rest = path.trim_end_matches('/').strip_prefix(folder)?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(rest.trim_start_matches('/')),
        None if rest.is_empty() || folder.is_empty() => Some(rest),
        None => None,
    }
}

/// A normalized absolute path as seen from a folder, with `..` for each folder on the way up.
///
/// ```
/// # use dockopt_text::text::path;
/// assert_eq!(path::seen_from("/srv/docker/app", "/srv/internal"), "../docker/app");
/// assert_eq!(path::seen_from("/srv/app", "/srv"), "app");
/// assert_eq!(path::seen_from("/srv", "/srv"), "");
/// ```
pub fn seen_from(path: &str, folder: &str) -> String {
    let mut above = folder;
    let mut ups = 0;
    loop {
        if let Some(rest) = relative(path, above) {
            return join(&"../".repeat(ups), rest);
        }
        if parent(above) == above {
            return path.to_owned();
        }
        above = parent(above);
        ups += 1;
    }
}

/// Whether a file lies where GitHub, Gitea or Forgejo looks for workflows: it is one, whatever it is called.
pub fn is_workflow_place(path: &str) -> bool {
    let folder = parent(path);
    [".github/workflows", ".gitea/workflows", ".forgejo/workflows"].iter().any(|place| ends_with(folder, place))
}

/// Whether a file is one of Compose's by its name; a workflow may have it too.
pub fn is_compose(path: &str) -> bool {
    let name = self::name(path);
    if is_workflow_place(path) {
        return false;
    }
    let Some(stem) = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")) else { return false };
    ["compose", "docker-compose"]
        .iter()
        .any(|word| stem.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_at_its_last_part() {
        for (path, parent_of, name_of) in [
            ("", "", ""),
            ("/", "/", ""),
            ("//", "/", ""),
            ("a", "", "a"),
            ("a/", "", "a"),
            ("/a", "/", "a"),
            ("/a//", "/", "a"),
            ("//a", "/", "a"),
            ("a//b", "a", "b"),
            ("a/b", "a", "b"),
            ("a/b/", "a", "b"),
            ("/a/b", "/a", "b"),
            ("../a", "..", "a"),
            ("a/..", "a", ".."),
        ] {
            assert_eq!((parent(path), name(path)), (parent_of, name_of), "{path:?}");
            assert_eq!(split(path), (parent_of, name_of), "{path:?}");
        }
    }

    #[test]
    fn a_workflow_is_no_compose_file() {
        for (path, expected) in [
            ("docker-compose.yml", true),
            ("a/compose.yaml", true),
            (".github/compose.yaml", true),
            (".github/workflows/docker-compose.yml", false),
            ("a/.github/workflows/compose.yaml", false),
            (".gitea/workflows/docker-compose.build.yml", false),
            (".forgejo/workflows/compose.yml", false),
            ("workflows/compose.yml", true),
        ] {
            assert_eq!(is_compose(path), expected, "{path}");
        }
    }

    /// The vectors of Go's `TestClean` (`src/path/path_test.go`), and the root of relative paths.
    #[test]
    fn paths_are_normalized_as_go_cleans_them() {
        for (path, expected) in [
            ("", ""),
            (".", ""),
            ("abc", "abc"),
            ("abc/def", "abc/def"),
            ("..", ".."),
            ("../..", "../.."),
            ("../../abc", "../../abc"),
            ("/abc", "/abc"),
            ("/", "/"),
            ("abc/", "abc"),
            ("../../", "../.."),
            ("abc//def//ghi", "abc/def/ghi"),
            ("//abc", "/abc"),
            ("///abc//", "/abc"),
            ("abc/./def", "abc/def"),
            ("/./abc/def", "/abc/def"),
            ("abc/def/ghi/../jkl", "abc/def/jkl"),
            ("abc/def/..", "abc"),
            ("abc/def/../..", ""),
            ("/abc/def/../..", "/"),
            ("abc/def/../../..", ".."),
            ("/abc/def/../../..", "/"),
            ("abc/def/../../../ghi/jkl/../../../mno", "../../mno"),
            ("/../abc", "/abc"),
            ("abc/./../def", "def"),
            ("abc/../../././../def", "../../def"),
        ] {
            assert_eq!(normalize(path), expected, "{path:?}");
        }
    }

    #[test]
    fn a_path_is_seen_from_a_folder() {
        for (folder, path, expected) in [
            ("", "", ""),
            ("", "a", "a"),
            ("", "/a", "/a"),
            ("/", "", "/"),
            ("/", "a", "/a"),
            ("/", "..", "/"),
            ("/a", ".", "/a"),
            ("/a/", "./b/", "/a/b"),
            ("/a/../b", "c", "/b/c"),
            ("/a", "../../b", "/b"),
            ("a", "/b/../c", "/c"),
            ("a", "../..", ".."),
            ("../a", "../../b", "../../b"),
            (".", "a", "a"),
        ] {
            assert_eq!(join(folder, path), expected, "{path:?} from {folder:?}");
        }
    }

    #[test]
    fn a_folder_holds_itself_and_what_lies_below() {
        for (folder, path, expected) in [
            ("/a", "/a", Some("")),
            ("/a/", "/a", Some("")),
            ("/a", "/a/", Some("")),
            ("/a", "/a/b", Some("b")),
            ("/a/", "/a/b/c/", Some("b/c")),
            ("/a", "/a//b", Some("b")),
            ("/a", "/ab", None),
            ("/a/b", "/a", None),
            ("a", "a/b", Some("b")),
            ("a", "/a/b", None),
            ("/a", "a/b", None),
            ("/", "/", Some("")),
            ("/", "/a/b", Some("a/b")),
            ("/", "a", None),
            ("/", "", None),
            ("", "", Some("")),
            ("", "a/b", Some("a/b")),
            ("", "/a", None),
        ] {
            assert_eq!(relative(path, folder), expected, "{path:?} in {folder:?}");
            assert_eq!(is_within(path, folder), expected.is_some(), "{path:?} in {folder:?}");
            assert_eq!(is_below(path, folder), expected.is_some_and(|rest| !rest.is_empty()), "{path:?} in {folder:?}");
        }
    }
}
