//! Source files, and the routes that they declare.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::manifest::FileKind;
use crate::sources::patterns;
use crate::sources::values::without_comments;

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

impl Route {
    /// Marks it as one that may refuse.
    pub(super) fn restrict(&mut self) {
        self.answer = RouteAnswer::MayRefuse;
    }
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

/// Calls of a kind in a file that are looked at.
pub(super) const MOST_CALLS: usize = 1_000;

/// A file, whose comments are blanked out when somebody looks.
pub(super) struct RouteSource<'s> {
    pub(super) path: &'s str,
    pub(super) kind: FileKind<'s>,
    pub(super) raw: &'s str,
    blank: OnceCell<Cow<'s, str>>,
}

impl<'s> RouteSource<'s> {
    pub(super) fn new(file: &SourceFile<'s>) -> Self {
        Self { path: file.path, kind: FileKind::of(file.path), raw: file.text, blank: OnceCell::new() }
    }

    /// The text without comments.
    pub(super) fn text(&self) -> &str {
        self.blank.get_or_init(|| without_comments(self.path, self.raw))
    }

    /// Whether it is code with a word of this meaning.
    pub(super) fn shows(&self, meaning: &str) -> bool {
        self.kind.has_code() && patterns::shows(self.raw, meaning)
    }
}

/// The line of an offset, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count() + 1
}
