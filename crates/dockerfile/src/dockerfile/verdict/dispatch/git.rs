//! Git repositories as sources of ADD: which texts are one, and what BuildKit refuses in their queries.

use super::url::{Url, query_pairs};
use crate::dockerfile::check::parse_bool;
use crate::dockerfile::quote::go_quote;
use crate::text::path;

/// A repository named by a source.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GitSource {
    /// `github.com/…` without scheme, which COPY and ADD take for a path.
    pub(super) is_path_too: bool,
    /// The commit asked for; empty for none.
    pub(super) checksum: String,
    /// Whether the query says to keep `.git`.
    pub(super) keep_git_dir: Option<bool>,
    reference: String,
    subdir: String,
}

impl GitSource {
    /// Reads a source; `None` when it names no repository.
    ///
    /// # Errors
    /// BuildKit's text for what it refuses in the query or the fragment.
    pub(super) fn parse(source: &str) -> Option<Result<Self, String>> {
        if source.starts_with("./") || source.starts_with("../") {
            return None;
        }
        let mut git = Self { is_path_too: source.starts_with("github.com/"), ..Self::default() };
        let (pairs, fragment) = if git.is_path_too {
            let url = Url::parse(source)?;
            (query_pairs(&url.query).0, url.fragment)
        } else if let Some(scheme) = scheme(source) {
            let is_web = matches!(&*scheme, "http" | "https");
            if !is_web && !matches!(&*scheme, "git" | "ssh") {
                return None;
            }
            let url = Url::parse(source).filter(|url| !is_web || url.path.strip_suffix(".git").is_some())?;
            (query_pairs(&url.query).0, url.fragment)
        } else {
            remote_copy(source)?
        };
        if !fragment.is_empty() {
            let (reference, subdir) = fragment.split_once(':').unwrap_or((&fragment, ""));
            reference.clone_into(&mut git.reference);
            path::join("/", subdir).trim_start_matches('/').clone_into(&mut git.subdir);
        }
        Some(git.query(&pairs).map(|()| git))
    }

    fn query(&mut self, pairs: &[(String, String)]) -> Result<(), String> {
        let (mut tag, mut branch) = ("", "");
        for (at, (key, value)) in pairs.iter().enumerate() {
            let is_repeated = pairs.iter().enumerate().any(|(other, pair)| other != at && pair.0 == *key);
            if is_repeated {
                return Err(format!("query {} has multiple values", go_quote(key)));
            }
            let is_switch = matches!(&**key, "submodules" | "keep-git-dir" | "fetch-by-commit");
            if value.is_empty() && !is_switch {
                return Err(format!("query {} has no value", go_quote(key)));
            }
            match &**key {
                "ref" => agree("ref", &mut self.reference, value)?,
                "tag" => tag = value,
                "branch" => branch = value,
                "subdir" => agree("subdir", &mut self.subdir, value)?,
                "checksum" | "commit" => self.checksum.clone_from(value),
                "mtime" if matches!(&**value, "checkout" | "commit") => {}
                "mtime" => {
                    let value = go_quote(value);
                    return Err(format!("invalid mtime value: {value} (must be \"checkout\" or \"commit\")"));
                }
                _ if is_switch => {
                    let flag = if value.is_empty() { Some(true) } else { parse_bool(value) };
                    let flag = flag.ok_or_else(|| format!("invalid {key} value: {}", go_quote(value)))?;
                    if key == "keep-git-dir" {
                        self.keep_git_dir = Some(flag);
                    }
                }
                _ => return Err(format!("unexpected query {}", go_quote(key))),
            }
        }
        if !tag.is_empty() {
            agree("ref", &mut self.reference, &prefixed("refs/tags/", tag))?;
        }
        if !branch.is_empty() && !tag.is_empty() {
            return Err("branch conflicts with tag".to_owned());
        }
        if !branch.is_empty() {
            agree("ref", &mut self.reference, &prefixed("refs/heads/", branch))?;
        }
        Ok(())
    }
}

fn agree(what: &str, old: &mut String, new: &str) -> Result<(), String> {
    if !old.is_empty() && old != new {
        return Err(format!("{what} conflicts: {} vs {}", go_quote(old), go_quote(new)));
    }
    new.clone_into(old);
    Ok(())
}

fn prefixed(prefix: &str, name: &str) -> String {
    if name.starts_with(prefix) { name.to_owned() } else { format!("{prefix}{name}") }
}

/// `scheme://` in lower case.
fn scheme(source: &str) -> Option<String> {
    let (scheme, _) = source.split_once("://")?;
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_scheme.then(|| scheme.to_ascii_lowercase())
}

/// `user@host:path?query#fragment`, as scp writes it: the query's pairs and the fragment.
fn remote_copy(source: &str) -> Option<(Vec<(String, String)>, String)> {
    let (user, rest) = source.split_once('@')?;
    let (host, path) = rest.split_once(':')?;
    let is_name = |text: &str, more: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    if !is_name(user, b"-_") || !is_name(host, b"-.") || path.contains('\n') {
        return None;
    }
    let (path, fragment) = path.split_once('#').unwrap_or((path, ""));
    let (pairs, is_whole) = query_pairs(path.split_once('?').map_or("", |(_, query)| query));
    is_whole.then(|| (pairs, fragment.to_owned()))
}

/// Whether BuildKit downloads a source.
pub(super) fn is_http(source: &str) -> bool {
    (source.starts_with("http://") || source.starts_with("https://"))
        && !matches!(GitSource::parse(source), Some(Ok(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_and_http_are_distinguished() {
        let is_git = |source: &str| matches!(GitSource::parse(source), Some(Ok(git)) if !git.is_path_too);
        for git in
            ["git://h/p", "ssh://h/p", "https://h/p.git", "https://h/p.git#main:dir", "git@h.x:p.git", "HTTP://h/p.git"]
        {
            assert!(is_git(git) && !is_http(git), "{git}");
        }
        for path in ["github.com/a/b", "a@b", "./x.git", "https://h/p", "a b@c:d", "ftp://h/p.git"] {
            assert!(!is_git(path), "{path}");
        }
        assert!(is_http("https://h/p") && is_http("https://h:x/p.git"));
    }

    fn check(source: &str, expected: &str) {
        assert_eq!(GitSource::parse(source).and_then(Result::err).as_deref(), Some(expected), "{source}");
    }

    #[test]
    fn queries_are_checked() {
        check("https://h/p.git?x=1", "unexpected query \"x\"");
        check("https://h/p.git?ref", "query \"ref\" has no value");
        check("https://h/p.git?ref=a&ref=b", "query \"ref\" has multiple values");
        check("https://h/p.git?ref=a#b", "ref conflicts: \"b\" vs \"a\"");
        check("https://h/p.git?tag=a&branch=b", "branch conflicts with tag");
        check("g@h:p?submodules=x", "invalid submodules value: \"x\"");
        let whole = GitSource::parse("https://h/p.git?tag=a&keep-git-dir&commit=c").unwrap().unwrap();
        assert_eq!((&*whole.reference, whole.keep_git_dir, &*whole.checksum), ("refs/tags/a", Some(true), "c"));
    }
}
