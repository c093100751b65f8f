//! Words: quotes, escapes, expansions.

use super::simple::{OpenAssignment, OpenRedirect};
use super::{Frame, Parser};
use crate::shell::word::{Expansion, Marks, Word};

/// A word being read.
#[expect(clippy::struct_excessive_bools, reason = "independent facts of one word")]
pub(super) struct WordBuilder {
    pub(super) start: usize,
    pub(super) purpose: Purpose,
    pub(super) text: String,
    pub(super) expansions: Vec<Expansion>,
    pub(super) marks: Marks,
    /// Where the text stands in one piece so far.
    piece: Option<usize>,
    broken: bool,
    /// Open expansions; what is inside them is no text of the word.
    pub(super) mute: u32,
    pub(super) in_quotes: bool,
    /// Open parentheses of patterns such as `@(a|b)`.
    parens: u32,
    /// Inside `[[ … ]]`.
    pub(super) test: bool,
    /// An unquoted `{` was read, and a `,` or `.` after it.
    brace: Option<bool>,
    /// An unquoted `[` was read.
    bracket: bool,
}

/// What a word is read for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Of the command with this index.
    Argument(u32),
    Assignment(OpenAssignment),
    Redirect(OpenRedirect),
    /// The inside of this `((…))`.
    Compound(u32),
    /// Only its expansions count.
    Dropped,
}

impl WordBuilder {
    pub(super) fn new(start: usize, purpose: Purpose, test: bool) -> Self {
        Self {
            start,
            purpose,
            text: String::new(),
            expansions: Vec::new(),
            marks: Marks::default(),
            piece: None,
            broken: false,
            mute: 0,
            in_quotes: false,
            parens: 0,
            test,
            brace: None,
            bracket: false,
        }
    }

    pub(super) fn muted(start: usize, purpose: Purpose) -> Self {
        Self { mute: 1, ..Self::new(start, purpose, false) }
    }

    /// Adds text that stands at `at` in the source.
    pub(super) fn add(&mut self, at: usize, text: &str) {
        if self.mute > 0 {
            return;
        }
        match self.piece {
            None => self.piece = Some(at),
            Some(piece) => self.broken |= piece + self.text.len() != at,
        }
        self.text.push_str(text);
    }

    /// Adds text that stands nowhere.
    pub(super) fn add_other(&mut self, text: &str) {
        if self.mute == 0 {
            self.broken = true;
            self.text.push_str(text);
        }
    }
}

/// Whether a byte ends a word outside quotes.
pub(super) fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')
}

/// Bytes that mean nothing but themselves in a word.
fn is_plain(byte: u8) -> bool {
    byte >= 0x80
        || byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'/' | b'=' | b':' | b'@' | b'%' | b'^')
}

impl Parser<'_> {
    pub(super) fn open_word(&mut self, purpose: Purpose) {
        self.builders.push(WordBuilder::new(self.at, purpose, false));
        self.push(Frame::Word);
    }

    pub(super) fn builder(&mut self) -> &mut WordBuilder {
        if self.builders.is_empty() {
            self.builders.push(WordBuilder::muted(self.at, Purpose::Dropped));
        }
        let last = self.builders.len() - 1;
        &mut self.builders[last]
    }

    pub(super) fn add(&mut self, start: usize, end: usize) {
        let text = self.text;
        self.builder().add(start, &text[start..end]);
    }

    pub(super) fn word(&mut self) {
        while let Some(byte) = self.peek(0) {
            let depth = self.frames.len();
            match byte {
                byte if is_plain(byte) => self.plain_run(),
                b'$' | b'`' | b'"' => {
                    self.frames.push(Frame::Word);
                    self.expansion_or_quote(byte);
                    if self.frames.len() > depth + 1 || self.stopped {
                        return;
                    }
                    self.frames.pop();
                }
                b'\'' => self.single_quoted(),
                b'\\' => self.escaped(),
                b'<' | b'>' if self.peek(1) == Some(b'(') && !self.builder().test => {
                    self.frames.push(Frame::Word);
                    return self.open_substitution(2);
                }
                b'(' if self.opens_array() => {
                    self.frames.push(Frame::Word);
                    return self.open_array();
                }
                b'\r' if self.peek(1) == Some(b'\n') => break,
                byte if ends_word(byte) && self.word_ends_at(byte) => break,
                _ => self.special(byte),
            }
        }
        self.end_word();
    }

    fn expansion_or_quote(&mut self, byte: u8) {
        match byte {
            b'$' => self.dollar(false),
            b'`' => self.open_backquote(),
            _ => self.open_quote(),
        }
    }

    fn plain_run(&mut self) {
        let start = self.at;
        let rest = &self.bytes[start..self.limit];
        self.at += rest.iter().position(|byte| !is_plain(*byte)).unwrap_or(rest.len());
        self.add(start, self.at);
    }

    /// Whether an operator or blank ends this word; patterns and `[[ … ]]` take some of them in.
    fn word_ends_at(&mut self, byte: u8) -> bool {
        let previous = self.at.checked_sub(1).map(|at| self.bytes[at]);
        let builder = self.builder();
        if builder.test {
            // An operator ends `]]`, and with it the test: `if [[ a ]]; then`.
            return matches!(byte, b' ' | b'\t' | b'\n') || builder.text == "]]";
        }
        match byte {
            b'(' if builder.parens > 0 || matches!(previous, Some(b'?' | b'*' | b'+' | b'@' | b'!')) => {
                builder.parens += 1;
                builder.marks.pattern = true;
                false
            }
            b')' if builder.parens > 0 => {
                builder.parens -= 1;
                false
            }
            b'|' | b'(' | b')' => builder.parens == 0,
            _ => true,
        }
    }

    fn special(&mut self, byte: u8) {
        let start = self.at;
        let first = start == self.builder().start;
        let builder = self.builder();
        match byte {
            b'*' | b'?' => builder.marks.pattern = true,
            b'[' => builder.bracket = true,
            b']' if builder.bracket => builder.marks.pattern = true,
            b'~' if first => builder.marks.pattern = true,
            b'{' => builder.brace = Some(false),
            b',' | b'.' if builder.brace.is_some() => builder.brace = Some(true),
            b'}' if builder.brace == Some(true) => builder.marks.pattern = true,
            _ => {}
        }
        self.at += self.char_len(start);
        self.add(start, self.at);
    }

    fn single_quoted(&mut self) {
        let start = self.at + 1;
        let quote = memchr::memchr(b'\'', &self.bytes[start..self.limit]);
        let end = quote.map_or(self.limit, |len| start + len);
        if quote.is_none() {
            self.unterminated(self.at, start);
        }
        self.builder().marks.quoted = true;
        self.add(start, end);
        self.at = (end + 1).min(self.limit);
    }

    fn escaped(&mut self) {
        let joined = self.joined_line(self.at);
        if joined > 0 {
            self.at += joined;
            return;
        }
        let start = self.at + 1;
        self.builder().marks.quoted = true;
        let len = if start < self.limit { self.char_len(start) } else { 0 };
        if len == 0 {
            self.add(self.at, start);
        } else {
            self.add(start, start + len);
        }
        self.at = start + len;
    }

    fn end_word(&mut self) {
        let Some(builder) = self.builders.pop() else { return };
        let span = self.span(builder.start, self.at);
        let one_piece = if builder.broken { None } else { builder.piece };
        let verbatim = match self.origin {
            super::SpanOrigin::At(_) => one_piece.map(|at| self.span(at, at + builder.text.len())),
            super::SpanOrigin::Inside(_) => None,
        };
        let word = Word::build(span, builder.text, builder.expansions, verbatim, builder.marks);
        self.deliver(word, builder.purpose);
    }

    pub(super) fn open_quote(&mut self) {
        let start = self.at;
        self.at += 1;
        let builder = self.builder();
        builder.marks.quoted |= builder.mute == 0;
        let before = std::mem::replace(&mut builder.in_quotes, true);
        self.push(Frame::Quote { start, before });
    }

    pub(super) fn quote(&mut self, start: usize, before: bool) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'"' => {
                    self.at += 1;
                    self.builder().in_quotes = before;
                    return;
                }
                b'$' | b'`' => {
                    self.frames.push(Frame::Quote { start, before });
                    return if byte == b'$' { self.dollar(true) } else { self.open_backquote() };
                }
                b'\\' => match self.peek(1) {
                    Some(b'\n') => self.at += 2,
                    Some(b'$' | b'`' | b'"' | b'\\') => {
                        self.add(self.at + 1, self.at + 2);
                        self.at += 2;
                    }
                    _ => {
                        self.add(self.at, self.at + 1);
                        self.at += 1;
                    }
                },
                _ => {
                    let from = self.at;
                    let rest = &self.bytes[from..self.limit];
                    let special = |byte: &u8| matches!(byte, b'"' | b'$' | b'`' | b'\\');
                    self.at += rest.iter().position(special).unwrap_or(rest.len());
                    self.add(from, self.at);
                }
            }
        }
        self.builder().in_quotes = before;
        self.unterminated(start, start + 1);
    }
}
