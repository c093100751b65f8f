//! Which paths a program answers GET requests on, by its sources: paths of the application itself, of routers below the
//! paths that they are mounted at, and of frameworks that name paths by files, annotations or one list. What a path begins
//! with is followed over files; where it is not known, the route is left out. The calls are in
//! `data/source_patterns.tsv`.

mod annotations;
mod calls;
mod files;
mod handler;
mod holder;
mod lists;
mod mounts;

use std::borrow::Cow;
use std::cell::OnceCell;

use self::calls::declared_routes;
use self::holder::RouteHolders;
use super::patterns;
use super::values::without_comments;
use crate::manifest::FileKind;

/// A source file of a program.
#[derive(Clone, Copy, Debug)]
pub struct SourceFile<'s> {
    /// Its path below the build context.
    pub path: &'s str,
    /// Its text.
    pub text: &'s str,
}

/// A path that a program answers GET requests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The whole path, with a slash at its start.
    pub path: String,
    /// The index of the file that declares it.
    pub file: usize,
    /// The line, from 1.
    pub line: usize,
    /// Who gets an answer.
    pub answer: RouteAnswer,
}

/// Who gets an answer from a route, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteAnswer {
    /// Whoever asks, as far as its handler shows.
    Always,
    /// Whoever asks, while another service answers: the handler asks a database.
    WithOthers,
    /// Not everybody: it asks for a login, or something before it may refuse.
    MayRefuse,
}

/// A file, whose comments are blanked out when somebody looks.
struct RouteSource<'s> {
    path: &'s str,
    kind: FileKind<'s>,
    raw: &'s str,
    blank: OnceCell<Cow<'s, str>>,
}

impl RouteSource<'_> {
    /// The text without comments.
    fn text(&self) -> &str {
        self.blank.get_or_init(|| without_comments(self.path, self.raw))
    }

    /// Whether it is code with a word of this meaning.
    fn shows(&self, meaning: &str) -> bool {
        self.kind.has_code() && patterns::shows(self.raw, meaning)
    }
}

/// The routes of a program, by file and line.
pub fn routes(files: &[SourceFile]) -> Vec<Route> {
    let sources: Vec<RouteSource> = files
        .iter()
        .map(|file| RouteSource {
            path: file.path,
            kind: FileKind::of(file.path),
            raw: file.text,
            blank: OnceCell::new(),
        })
        .collect();
    let holders = RouteHolders::of(&sources);
    let mut routes = declared_routes(&sources, &holders);
    routes.extend(annotations::routes(&sources));
    routes.extend(files::routes(&sources));
    routes.extend(lists::routes(&sources));
    routes.retain(|route| is_plain(&route.path));
    routes.sort_by(|a, b| (a.file, a.line, &a.path).cmp(&(b.file, b.line, &b.path)));
    routes.dedup();
    routes
}

/// Whether a path has no parameters.
fn is_plain(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte))
}

/// Two parts of a path.
fn joined(front: &str, rest: &str) -> String {
    let front = front.trim_end_matches('/');
    match rest.trim_start_matches('/') {
        "" if rest.is_empty() && !front.is_empty() => front.to_owned(),
        rest => format!("{front}/{rest}"),
    }
}

/// The line of an offset, from 1.
fn line_of(text: &str, at: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count() + 1
}

#[cfg(test)]
mod tests;
