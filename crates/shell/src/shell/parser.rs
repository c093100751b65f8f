//! Reads a script in one pass over its bytes. Nesting lives on a heap stack of frames, never on the call stack; each
//! step takes input or drops a frame, so that time stays linear on any input.

mod compound;
mod expansion;
mod list;
mod simple;
mod word;

use self::list::{List, Member};
use self::simple::{Heredoc, PendingHeredoc};
use self::word::WordBuilder;
use super::script::{ProblemKind, Scope, ScopeKind, Script, ShellOptions, ShellProblem};
use crate::text::Span;

/// Frames kept at most; a script people write needs 40.
const MAX_DEPTH: usize = 1000;
/// Problems reported at most.
const MAX_PROBLEMS: usize = 100;
/// Bytes read ahead at most to tell `((` from `( (`, over the text's own length.
const SPARE_LOOKAHEAD: usize = 1 << 20;

/// How offsets in the text become spans.
#[derive(Clone, Copy, Debug)]
pub(super) enum SpanOrigin {
    /// The text stands at this offset.
    At(u32),
    /// The text stands nowhere in one piece; everything has this span.
    Inside(Span),
}

/// Reads `text` with `options` in force.
pub(super) fn parse(text: &str, origin: SpanOrigin, options: ShellOptions) -> Script {
    let room = match origin {
        SpanOrigin::At(start) => u32::MAX - start,
        SpanOrigin::Inside(_) => u32::MAX,
    };
    if text.len() > room as usize {
        let problem = ShellProblem { kind: ProblemKind::TooComplex, span: Span::default() };
        return Script { problems: vec![problem], ..Script::default() };
    }
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        at: 0,
        limit: text.len(),
        origin,
        frames: Vec::with_capacity(16),
        builders: Vec::new(),
        members: Vec::new(),
        pending: Vec::new(),
        pending_base: 0,
        parens: 0,
        heredocs: 0,
        lookahead: text.len() + SPARE_LOOKAHEAD,
        stopped: false,
        options,
        script: Script::default(),
    };
    parser.read();
    let mut script = parser.script;
    // A run keeps the scripts of all its files.
    script.commands.shrink_to_fit();
    script.commands.iter_mut().for_each(|command| command.words.shrink_to_fit());
    script.scopes.shrink_to_fit();
    script
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// Next byte to read.
    at: usize,
    /// Where the innermost back-quoted command or here-document body ends, else the text.
    limit: usize,
    origin: SpanOrigin,
    frames: Vec<Frame>,
    /// Words being read, innermost last.
    builders: Vec<WordBuilder>,
    /// Elements of the pipelines being read.
    members: Vec<Member>,
    /// Here-documents whose bodies start after the next line end.
    pending: Vec<PendingHeredoc>,
    /// The part of `pending` that belongs to the innermost substitution.
    pending_base: usize,
    /// Open lists up to `limit` that a `)` closes.
    parens: u32,
    /// Here-document bodies around this place.
    heredocs: u32,
    lookahead: usize,
    stopped: bool,
    options: ShellOptions,
    script: Script,
}

/// What is being read.
enum Frame {
    List(List),
    /// Words of a simple command.
    Simple(simple::Simple),
    /// A word outside double quotes.
    Word,
    /// Inside double quotes; `before` tells whether quotes were open around them.
    Quote {
        start: usize,
        before: bool,
    },
    /// Inside `${…}`.
    Parameter(expansion::Parameter),
    /// Inside `$((…))` or `((…))`.
    Arithmetic(expansion::Arithmetic),
    /// Inside `name=(…)`.
    Array {
        start: usize,
    },
    For(compound::ForHeader),
    Case(compound::Case),
    Heredoc(Heredoc),
}

impl Parser<'_> {
    fn read(&mut self) {
        let scope = self.open_scope(ScopeKind::Top, None);
        self.frames.push(Frame::List(List::new(scope, list::Closer::End, None)));
        while let Some(frame) = self.frames.pop() {
            match frame {
                Frame::List(list) => self.list(list),
                Frame::Simple(simple) => self.simple(simple),
                Frame::Word => self.word(),
                Frame::Quote { start, before } => self.quote(start, before),
                Frame::Parameter(parameter) => self.parameter(parameter),
                Frame::Arithmetic(arithmetic) => self.arithmetic(arithmetic),
                Frame::Array { start } => self.array(start),
                Frame::For(frame) => self.for_head(frame),
                Frame::Case(frame) => self.case(frame),
                Frame::Heredoc(heredoc) => self.heredoc(heredoc),
            }
            if self.stopped {
                self.at = self.bytes.len();
            }
        }
    }

    /// Opens one more level; the whole reading stops when that is too deep.
    fn push(&mut self, frame: Frame) {
        self.frames.push(frame);
        if self.frames.len() > MAX_DEPTH {
            self.stop();
        }
    }

    /// Gives up: what is open ends here, the rest is not read.
    fn stop(&mut self) {
        if !self.stopped {
            self.problem(ProblemKind::TooComplex, self.at, self.bytes.len());
        }
        self.stopped = true;
        self.at = self.bytes.len();
        self.limit = self.bytes.len();
    }

    fn open_scope(&mut self, kind: ScopeKind, parent: Option<u32>) -> u32 {
        let span = self.span(self.at, self.at);
        self.script.scopes.push(Scope { kind, span, parent, last_end: None });
        self.script.scopes.len() as u32 - 1
    }

    fn close_scope(&mut self, scope: u32) {
        let end = self.span(self.at, self.at).end;
        self.script.scopes[scope as usize].span.end = end;
    }

    fn span(&self, start: usize, end: usize) -> Span {
        // Only after giving up does a step go over the end.
        let (start, end) = (start.min(self.text.len()), end.min(self.text.len()));
        match self.origin {
            SpanOrigin::At(offset) => Span::new(start as u32, end as u32).shifted(offset),
            SpanOrigin::Inside(span) => span,
        }
    }

    fn problem(&mut self, kind: ProblemKind, start: usize, end: usize) {
        if !self.stopped && self.script.problems.len() < MAX_PROBLEMS {
            let span = self.span(start, end);
            self.script.problems.push(ShellProblem { kind, span });
        }
    }

    fn unterminated(&mut self, start: usize, end: usize) {
        self.problem(ProblemKind::Unterminated, start, end);
    }

    /// Reports and steps over one character.
    fn unexpected(&mut self) {
        let start = self.at;
        self.at += self.char_len(start);
        self.problem(ProblemKind::Unexpected, start, self.at);
    }

    fn char_len(&self, at: usize) -> usize {
        self.text[at..].chars().next().map_or(0, char::len_utf8)
    }

    /// The byte `ahead` of the next one, inside the limit.
    fn peek(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        if at < self.limit { Some(self.bytes[at]) } else { None }
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.limit
    }

    /// Steps over blanks and joined lines.
    fn skip_blanks(&mut self) {
        loop {
            match self.peek(0) {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\r') if self.peek(1) == Some(b'\n') => self.at += 1,
                Some(b'\\') => match self.joined_line(self.at) {
                    0 => return,
                    len => self.at += len,
                },
                _ => return,
            }
        }
    }

    /// Length of a `\` + line end at `at`; 0 when there is none.
    fn joined_line(&self, at: usize) -> usize {
        let rest = &self.bytes[at..self.limit.max(at)];
        if rest.starts_with(b"\\\n") {
            return 2;
        }
        if rest.starts_with(b"\\\r\n") { 3 } else { 0 }
    }

    /// Steps over a comment, up to its line end.
    fn comment(&mut self) {
        let start = self.at;
        let rest = &self.bytes[start..self.limit];
        self.at = memchr::memchr(b'\n', rest).map_or(self.limit, |len| start + len);
        let line_length = self.text[start..self.at].trim_end_matches('\r').len();
        let span = self.span(start, start + line_length);
        self.script.comments.push(span);
    }

    /// The characters up to the next blank or operator.
    fn bare_word(&self) -> &str {
        let rest = &self.bytes[self.at.min(self.limit)..self.limit];
        // The longest keyword has eight letters; more can't match.
        let window = &rest[..rest.len().min(9)];
        let len = window.iter().position(|byte| word::ends_word(*byte)).unwrap_or(window.len());
        self.text.get(self.at..self.at + len).unwrap_or("").trim_end_matches('\r')
    }
}

#[cfg(test)]
mod tests;
