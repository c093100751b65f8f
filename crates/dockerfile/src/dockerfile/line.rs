//! A logical line while it is read: its texts with their places, and what reading them leaves.

use std::ops::Range;

use super::joined_text::{self, JoinedText};
use super::syntax::{InstructionWord, ProblemKind, SyntaxProblem};
use super::whitespace::leading_space;
use crate::text::Span;

/// A part of a logical line with its place in the address space.
#[derive(Clone, Copy)]
pub(super) struct LineText<'a> {
    pub(super) str: &'a str,
    pub(super) at: u32,
}

impl LineText<'_> {
    /// The bytes of `range`.
    pub(super) fn slice(self, range: Range<usize>) -> Self {
        Self { str: &self.str[range.clone()], at: self.at + range.start as u32 }
    }

    pub(super) fn trim(self) -> Self {
        let start = leading_space(self.str);
        let end = self.str.len();
        // Most texts end with a visible ASCII character.
        if end > start && self.str.as_bytes()[end - 1].is_ascii_graphic() {
            return self.slice(start..end);
        }
        self.slice(start..start + self.str[start..].trim_end().len())
    }

    /// Where it lies in the address space.
    pub(super) fn span(self) -> Span {
        Span::new(self.at, self.at + self.str.len() as u32)
    }
}

/// What reading one instruction needs and leaves.
pub(super) struct Cx<'a> {
    pub(super) source: &'a str,
    pub(super) joined: &'a JoinedText,
    pub(super) escape: u8,
    /// Texts with cut characters, to be appended to the joined buffer.
    pub(super) extra: JoinedText,
    pub(super) problems: Vec<SyntaxProblem>,
    /// What BuildKit's parser stops with.
    pub(super) error: Option<String>,
}

impl<'a> Cx<'a> {
    pub(super) fn new(source: &'a str, joined: &'a JoinedText, escape: u8) -> Self {
        Self { source, joined, escape, extra: JoinedText::default(), problems: Vec::new(), error: None }
    }

    /// A word of the text.
    pub(super) fn word(&self, text: LineText<'_>) -> InstructionWord {
        InstructionWord { text: text.span(), span: self.locate(text.span()) }
    }

    pub(super) fn locate(&self, span: Span) -> Span {
        let Some(start) = span.start.checked_sub(joined_text::base(self.source)) else { return span };
        let end = start + span.len();
        match start.checked_sub(self.joined.len()) {
            Some(start) => self.extra.locate(Span::new(start, end - self.joined.len()), self.source),
            None => self.joined.locate(Span::new(start, end), self.source),
        }
    }

    /// Notes a problem at a place of the text.
    pub(super) fn problem(&mut self, kind: ProblemKind, at: Span, message: String, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.problems.push(SyntaxProblem { kind, span: self.locate(at), message, help });
    }

    /// Notes what BuildKit's parser stops with.
    pub(super) fn refuse(&mut self, at: Span, message: &str, help: &str) {
        self.problem(ProblemKind::Error, at, message.to_owned(), help);
        self.error.get_or_insert_with(|| message.to_owned());
    }

    /// The text of a byte range, with U+FFFD for each byte of a character that it cuts; and its place.
    pub(super) fn cut(&mut self, text: LineText<'_>, range: Range<usize>) -> (String, u32) {
        let at = joined_text::base(self.source) + self.joined.len() + self.extra.len();
        let first = text.str.ceil_char_boundary(range.start);
        let last = text.str.floor_char_boundary(range.end);
        // Both cuts may lie in one character.
        let whole = if first <= last { text.slice(first..last) } else { text.slice(first..first) };
        let mut out = String::new();
        for byte in range.start..first.min(range.end) {
            self.replace(text, byte, &mut out);
        }
        for (span, part) in self.stretches(whole) {
            self.extra.push(part, span.start);
        }
        out.push_str(whole.str);
        for byte in last.max(first)..range.end {
            self.replace(text, byte, &mut out);
        }
        self.extra.close();
        (out, at)
    }

    pub(super) fn replace(&mut self, text: LineText<'_>, byte: usize, out: &mut String) {
        let start = text.str.floor_char_boundary(byte);
        let end = text.str.ceil_char_boundary(byte + 1);
        let span = self.locate(text.slice(start..end).span());
        self.extra.push_replacement(span.start, span.len());
        out.push(char::REPLACEMENT_CHARACTER);
    }

    /// A text, character by character with its place in the source: only for texts that hold a cut character.
    pub(super) fn stretches<'t>(&self, text: LineText<'t>) -> Vec<(Span, &'t str)> {
        let mut parts = Vec::new();
        for (at, c) in text.str.char_indices() {
            let range = at..at + c.len_utf8();
            parts.push((self.locate(text.slice(range.clone()).span()), &text.str[range]));
        }
        parts
    }
}
