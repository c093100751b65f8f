//! A build that a text tells of, and how its paths are read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::sources::patterns;

/// Builds of one text that are read.
pub(super) const BUILDS: usize = 50;

/// A build of an image. Paths are as written, from the folder that the command runs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageBuild {
    /// The line of the command.
    pub line: u32,
    /// The Dockerfile; `None` for the one of the context.
    pub file: Option<String>,
    /// The context's folder.
    pub context: String,
    /// Folders that the text goes to before, any of which may be the one that the command runs in.
    pub folders: Vec<String>,
}

/// Whether a word is a path of the repository: no URL, no archive on standard input, nothing left to fill in.
pub(super) fn is_plain(path: &str) -> bool {
    let is_other = path.is_empty() || path == "-" || path.contains("://") || path.starts_with(['/', '~', '<']);
    let is_open = path.contains(['$', '{', '}', '*', '`', ',']);
    !is_other && !is_open
}

/// A line with the values of variables, as make and shells name them.
pub(super) fn replaced(line: &str, variables: &BTreeMap<&str, &str>) -> String {
    let mut line = Cow::Borrowed(line);
    for here in patterns::words("names the folder that a command runs in") {
        if line.contains(here) {
            line = line.replace(here, if here.ends_with(':') { "" } else { "." }).into();
        }
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = &*line;
    while let Some((before, behind)) = rest.split_once('$') {
        out.push_str(before);
        let closing = match behind.bytes().next() {
            Some(b'(') => ')',
            Some(b'{') => '}',
            _ => '$',
        };
        let name = if closing == '$' { None } else { behind.get(1..).and_then(|name| name.split_once(closing)) };
        if let Some((value, after)) = name.and_then(|(name, after)| Some((variables.get(name)?, after))) {
            out.push_str(value);
            rest = after;
        } else {
            out.push('$');
            rest = behind;
        }
    }
    out.push_str(rest);
    out
}
