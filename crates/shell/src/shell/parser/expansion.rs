//! Expansions: variables, `${…}`, substitutions, arithmetic, arrays, `$'…'`.

use super::list::{Closer, List, ParserState};
use super::word::{Purpose, ends_word};
use super::{Frame, Parser};
use crate::shell::script::ScopeKind;
use crate::shell::word::{Expansion, ExpansionKind};
use crate::text::Span;

/// Longer `${…}` are cut in a word's text.
const MAX_SHOWN: usize = 256;

/// `${…}` being read.
pub(super) struct Parameter {
    start: usize,
    name: Span,
    /// Whether `'` stands for itself.
    plain_quote: bool,
}

/// `$((…))` or `((…))` being read.
pub(super) struct Arithmetic {
    pub(super) start: usize,
    pub(super) depth: u32,
    /// Not inside a word.
    pub(super) alone: bool,
}

impl Parser<'_> {
    /// Reads what `$` starts; pushes a frame for what may nest.
    pub(super) fn dollar(&mut self, in_quotes: bool) {
        let start = self.at;
        match self.peek(1) {
            Some(b'(') if self.peek(2) == Some(b'(') && self.is_arithmetic(start + 1) => {
                self.builder().mute += 1;
                self.at += 3;
                self.push(Frame::Arithmetic(Arithmetic { start, depth: 0, alone: false }));
            }
            Some(b'(') => self.open_substitution(2),
            Some(b'{') => self.open_parameter(in_quotes),
            Some(b'\'') if !in_quotes => self.ansi_quoted(),
            Some(b'"') if !in_quotes => {
                self.at += 1;
                self.open_quote();
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let rest = &self.bytes[start + 1..self.limit];
                let name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
                let len = rest.iter().position(|byte| !name(byte)).unwrap_or(rest.len());
                self.at += 1 + len;
                self.end_variable(start, Span::new(start as u32 + 1, self.at as u32));
            }
            Some(b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-') => {
                self.at += 2;
                self.end_variable(start, Span::new(start as u32 + 1, self.at as u32));
            }
            _ => {
                self.at += 1;
                self.add(start, self.at);
            }
        }
    }

    fn end_variable(&mut self, start: usize, name: Span) {
        let name = self.text[name.range()].into();
        let is_short = self.at - start <= MAX_SHOWN;
        self.end_expansion(start, ExpansionKind::Variable(name), if is_short { None } else { Some("${…}") });
    }

    /// Records an expansion that ends here; `shown` stands for it in the text, else its source does.
    fn end_expansion(&mut self, start: usize, kind: ExpansionKind, shown_name: Option<&str>) {
        let span = self.span(start, self.at);
        let (text, end) = (self.text, self.at);
        let builder = self.builder();
        let before = builder.text.len() as u32;
        match shown_name {
            Some(text) => builder.add_other(text),
            None => builder.add(start, &text[start..end]),
        }
        let within = Span::new(before, builder.text.len() as u32);
        let quoted = builder.in_quotes;
        builder.expansions.push(Expansion { span, kind, within, quoted });
    }

    /// `$(`, `<(` or `>(`, of `len` bytes.
    pub(super) fn open_substitution(&mut self, len: usize) {
        let around = ParserState { limit: self.limit, parens: self.parens, pending_base: self.pending_base };
        self.open_commands(len, Closer::Paren, around);
        self.parens += 1;
    }

    fn open_commands(&mut self, len: usize, closer: Closer, around: ParserState) {
        let start = self.at;
        self.builder().mute += 1;
        self.at += len;
        self.pending_base = self.pending.len();
        let parent = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::List(list) => Some(list.scope),
            _ => None,
        });
        let scope = self.open_scope(ScopeKind::Substitution, parent);
        let mut list = List::new(scope, closer, None);
        list.start = start;
        list.restore = Some(self.options);
        list.around = Some(around);
        self.open_list(list);
    }

    pub(super) fn open_backquote(&mut self) {
        let start = self.at + 1;
        let around = ParserState { limit: self.limit, parens: self.parens, pending_base: self.pending_base };
        let mut end = start;
        while end < self.limit && self.bytes[end] != b'`' {
            end += if self.bytes[end] == b'\\' { 2 } else { 1 };
        }
        if end >= self.limit {
            self.unterminated(self.at, start);
        }
        self.limit = end.min(self.limit);
        self.parens = 0;
        self.open_commands(1, Closer::Backquote, around);
    }

    pub(super) fn end_substitution(&mut self, start: usize) {
        let builder = self.builder();
        builder.mute = builder.mute.saturating_sub(1);
        let text = match self.bytes.get(start) {
            Some(b'<') => "<()",
            Some(b'>') => ">()",
            _ => "$()",
        };
        self.end_expansion(start, ExpansionKind::Command, Some(text));
    }

    pub(super) fn opens_array(&mut self) -> bool {
        let Some(builder) = self.builders.last() else { return false };
        match builder.purpose {
            Purpose::Assignment(_) => builder.start == self.at,
            purpose => builder.text.ends_with('=') && !builder.test && self.declares(purpose),
        }
    }

    pub(super) fn open_array(&mut self) {
        let start = self.at;
        self.builder().mute += 1;
        self.at += 1;
        self.push(Frame::Array { start });
    }

    pub(super) fn array(&mut self, start: usize) {
        self.skip_blanks();
        match self.peek(0) {
            Some(b')') | None => {
                if self.is_at_end() {
                    self.unterminated(start, start + 1);
                } else {
                    self.at += 1;
                }
                let builder = self.builder();
                builder.mute = builder.mute.saturating_sub(1);
                self.end_expansion(start, ExpansionKind::Array, Some("(…)"));
            }
            Some(b'\n') => {
                self.frames.push(Frame::Array { start });
                self.newline();
            }
            Some(b'#') => {
                self.comment();
                self.frames.push(Frame::Array { start });
            }
            Some(byte) if ends_word(byte) => {
                self.frames.push(Frame::Array { start });
                self.unexpected();
            }
            Some(_) => {
                self.frames.push(Frame::Array { start });
                self.open_word(Purpose::Dropped);
            }
        }
    }

    fn open_parameter(&mut self, in_quotes: bool) {
        let start = self.at;
        self.at += 2;
        let is_name = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if matches!(self.peek(0), Some(b'#' | b'!')) && is_name(self.peek(1)) {
            self.at += 1;
        }
        let name = self.at;
        while is_name(self.peek(0)) {
            self.at += 1;
        }
        if self.at == name && matches!(self.peek(0), Some(b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-')) {
            self.at += 1;
        }
        let name = Span::new(name as u32, self.at as u32);
        let plain_quote = in_quotes && matches!(self.peek(0), Some(b':' | b'-' | b'+' | b'=' | b'?'));
        self.builder().mute += 1;
        self.push(Frame::Parameter(Parameter { start, name, plain_quote }));
    }

    pub(super) fn parameter(&mut self, parameter: Parameter) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'}' => {
                    self.at += 1;
                    return self.end_parameter(&parameter);
                }
                b'$' | b'`' | b'"' => {
                    let in_quotes = self.builder().in_quotes;
                    self.frames.push(Frame::Parameter(parameter));
                    return match byte {
                        b'$' => self.dollar(in_quotes),
                        b'`' => self.open_backquote(),
                        _ => self.open_quote(),
                    };
                }
                b'\\' => {
                    self.at += 1;
                    if !self.is_at_end() {
                        self.at += self.char_len(self.at);
                    }
                }
                b'\'' if !parameter.plain_quote => {
                    let rest = &self.bytes[self.at + 1..self.limit];
                    match memchr::memchr(b'\'', rest) {
                        Some(len) => self.at += len + 2,
                        None => self.at = self.limit,
                    }
                }
                _ => self.at += 1,
            }
        }
        self.unterminated(parameter.start, parameter.start + 2);
        self.end_parameter(&parameter);
    }

    fn end_parameter(&mut self, parameter: &Parameter) {
        let builder = self.builder();
        builder.mute = builder.mute.saturating_sub(1);
        self.end_variable(parameter.start, parameter.name);
    }

    /// Whether the `((` at `at` closes with `))`, so that it is no subshell in a subshell.
    pub(super) fn is_arithmetic(&mut self, at: usize) -> bool {
        let mut depth = 2;
        let mut next = at + 2;
        let mut is_closed = false;
        while let Some(&byte) = self.bytes[..self.limit].get(next) {
            next += 1;
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\\' => next += 1,
                b'\'' | b'"' => {
                    let rest = &self.bytes[next.min(self.limit)..self.limit];
                    next += memchr::memchr(byte, rest).map_or(rest.len(), |len| len + 1);
                }
                _ => {}
            }
            if depth == 1 {
                is_closed = self.bytes[..self.limit].get(next) == Some(&b')');
                break;
            }
            if next - at > self.lookahead {
                self.stop();
                return false;
            }
        }
        self.lookahead = self.lookahead.saturating_sub(next - at);
        is_closed
    }

    pub(super) fn arithmetic(&mut self, mut arithmetic: Arithmetic) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b')' if arithmetic.depth == 0 => {
                    self.at += if self.peek(1) == Some(b')') { 2 } else { 1 };
                    return self.end_arithmetic(&arithmetic);
                }
                b')' => arithmetic.depth -= 1,
                b'(' => arithmetic.depth += 1,
                b'$' | b'`' => {
                    self.frames.push(Frame::Arithmetic(arithmetic));
                    return if byte == b'$' { self.dollar(true) } else { self.open_backquote() };
                }
                _ => {}
            }
            self.at += 1;
        }
        self.unterminated(arithmetic.start, arithmetic.start + 2);
        self.end_arithmetic(&arithmetic);
    }

    fn end_arithmetic(&mut self, arithmetic: &Arithmetic) {
        if !arithmetic.alone {
            let builder = self.builder();
            builder.mute = builder.mute.saturating_sub(1);
            return self.end_expansion(arithmetic.start, ExpansionKind::Arithmetic, Some("$((…))"));
        }
        let builder = self.builders.pop();
        if let Some(Purpose::Compound(index)) = builder.map(|builder| builder.purpose) {
            self.finish_compound(index, None);
        }
    }

    /// `$'…'`, with C escapes.
    fn ansi_quoted(&mut self) {
        let start = self.at;
        self.at += 2;
        self.builder().marks.quoted = true;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\'' => {
                    self.at += 1;
                    return;
                }
                b'\\' => self.ansi_escape(),
                _ => {
                    let from = self.at;
                    let rest = &self.bytes[from..self.limit];
                    self.at += memchr::memchr2(b'\'', b'\\', rest).unwrap_or(rest.len());
                    self.add(from, self.at);
                }
            }
        }
        self.unterminated(start, start + 2);
    }

    fn ansi_escape(&mut self) {
        let Some(letter) = self.text[self.at + 1..self.limit].chars().next() else {
            self.at += 1;
            return self.builder().add_other("\\");
        };
        self.at += 1 + letter.len_utf8();
        let (radix, most) = match letter {
            'x' => (16, 2),
            'u' => (16, 4),
            'U' => (16, 8),
            '0'..='7' => (8, 3),
            _ => (0, 0),
        };
        let plain = match letter {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\x07',
            'b' => '\x08',
            'e' | 'E' => '\x1b',
            'f' => '\x0c',
            'v' => '\x0b',
            other => other,
        };
        let mut decoded = plain;
        if radix > 0 {
            let from = if radix == 8 { self.at - 1 } else { self.at };
            let digits = self.text[from..self.limit].bytes().take(most);
            let len = digits.take_while(|byte| char::from(*byte).is_digit(radix)).count();
            let number = u32::from_str_radix(&self.text[from..from + len], radix).ok();
            self.at = from + len;
            decoded = number.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        let mut buffer = [0; 4];
        self.builder().add_other(decoded.encode_utf8(&mut buffer));
    }
}
