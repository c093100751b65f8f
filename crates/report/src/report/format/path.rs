//! Paths as readers know them that see a repository, not a machine.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What paths are relative to.
#[derive(Clone, Debug, Default)]
pub struct PathBase {
    folder: Vec<String>,
    root: Vec<String>,
}

impl PathBase {
    /// `folder` is the one that names are typed in, `root` the repository's; both absolute, or empty where not known.
    pub fn new(folder: &str, root: &str) -> Self {
        Self { folder: parts(folder, &[]), root: parts(root, &[]) }
    }

    /// The path below the repository's root, else below the folder, with `/` between its parts; `Err` with all of it
    /// where it lies elsewhere.
    pub(super) fn relative(&self, name: &str) -> Result<String, String> {
        // Standard input lies nowhere.
        if name == "-" {
            return Ok(name.to_owned());
        }
        let absolute = is_absolute(name);
        let own_parts = parts(name, if absolute { &[] } else { &self.folder });
        for above in [&self.root, &self.folder] {
            if let Some(below) =
                own_parts.strip_prefix(&above[..]).filter(|below| !above.is_empty() && !below.is_empty())
            {
                return Ok(below.join("/"));
            }
        }
        let path = own_parts.join("/");
        match (absolute, self.folder.is_empty()) {
            (false, true) => Ok(path),
            _ if path.get(1..2) == Some(":") => Err(path),
            _ => Err(format!("/{path}")),
        }
    }

    /// As [`PathBase::relative`], wherever it lies.
    pub(in crate::report) fn display_path(&self, name: &str) -> String {
        self.relative(name).unwrap_or_else(|path| path)
    }
}

fn is_absolute(name: &str) -> bool {
    name.starts_with(['/', '\\']) || (cfg!(windows) && name.get(1..2) == Some(":"))
}

/// The parts of a path below `folder`, without `.` and `..`.
fn parts(name: &str, folder: &[String]) -> Vec<String> {
    let mut parts = folder.to_vec();
    let is_mark = |c: char| c == '/' || (cfg!(windows) && c == '\\');
    // Windows writes absolute paths so that no rule of paths applies.
    let name = name.strip_prefix(r"\\?\").unwrap_or(name);
    for part in name.split(is_mark) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| last != "..") => drop(parts.pop()),
            ".." if is_absolute(name) || !folder.is_empty() => {}
            part => parts.push(part.to_owned()),
        }
    }
    parts
}

/// All but the unreserved characters of RFC 3986 and `/`; a colon would end a scheme.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A path as part of a URI reference.
pub(super) fn percent(path: &str) -> String {
    utf8_percent_encode(path, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_repository() {
        let base = PathBase::new("/srv/repo/api", "/srv/repo");
        for (name, path) in [
            ("Dockerfile", Ok("api/Dockerfile")),
            ("-", Ok("-")),
            ("./a/../Dockerfile", Ok("api/Dockerfile")),
            ("../web/Dockerfile", Ok("web/Dockerfile")),
            ("/srv/repo/Dockerfile", Ok("Dockerfile")),
            ("../../other/Dockerfile", Err("/srv/other/Dockerfile")),
            ("/etc/Dockerfile", Err("/etc/Dockerfile")),
        ] {
            assert_eq!(base.relative(name).as_deref().map_err(|path| &**path), path, "{name}");
        }
        let none = PathBase::default();
        assert_eq!(none.relative("./a/./Dockerfile").unwrap(), "a/Dockerfile");
        assert_eq!(none.relative("../Dockerfile").unwrap(), "../Dockerfile");
        assert_eq!(PathBase::new("/a", "/b").relative("Dockerfile").unwrap(), "Dockerfile");
        assert_eq!(percent("a b/é:#%?"), "a%20b/%C3%A9%3A%23%25%3F");
    }
}
