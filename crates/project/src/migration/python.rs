//! Reads Python as far as migrations need it: logical lines with their indentation, brackets, strings of every form, calls. Other
//! readers of sources look at a few characters around a word; here SQL stands in strings of many lines.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PythonTokenKind {
    Word,
    Number,
    Text,
    /// A string with expressions in it, or of bytes.
    DynamicText,
    Mark(u8),
    /// Of several characters: `==`, `->`.
    Operator,
}

/// A token with its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct PythonToken {
    pub(super) kind: PythonTokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The bracket that belongs to this one; its own index for all others, and where there is none.
    pub(super) pair: usize,
}

/// A logical line.
#[derive(Clone, Debug)]
pub(super) struct PythonLine {
    /// Its column.
    pub(super) indent: usize,
    pub(super) tokens: Range<usize>,
}

/// A source of Python.
pub(super) struct PythonText<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<PythonToken>,
    pub(super) lines: Vec<PythonLine>,
}

/// What the lexer remembers.
struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<PythonToken>,
    lines: Vec<PythonLine>,
    open: Vec<usize>,
    /// The first token of the line.
    line_start: usize,
    /// Where the line of the file begins.
    line_begin: usize,
    indent: usize,
    /// That of a statement behind a semicolon.
    next_indent: Option<usize>,
}

impl<'t> PythonText<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let (tokens, lines, open) = (Vec::new(), Vec::new(), Vec::new());
        let (at, line_start, line_begin, indent, next_indent) = (0, 0, 0, 0, None);
        let mut lexer = Lexer { text, at, tokens, lines, open, line_start, line_begin, indent, next_indent };
        while lexer.at < text.len() {
            lexer.step();
        }
        lexer.end_line();
        Self { text, tokens: lexer.tokens, lines: lexer.lines }
    }

    /// The text of a token.
    pub(super) fn word(&self, index: usize) -> &'t str {
        self.tokens.get(index).map_or("", |token| &self.text[token.start..token.end])
    }

    pub(super) fn is_mark(&self, index: usize, mark: u8) -> bool {
        self.tokens.get(index).is_some_and(|token| token.kind == PythonTokenKind::Mark(mark))
    }

    /// Where a token starts.
    pub(super) fn at(&self, index: usize) -> usize {
        self.tokens.get(index).map_or(self.text.len(), |token| token.start)
    }

    /// The parts of tokens between marks outside of brackets; an empty one at the end does not count.
    pub(super) fn split(&self, range: Range<usize>, mark: u8) -> Vec<Range<usize>> {
        let (mut parts, mut start, mut index) = (Vec::new(), range.start, range.start);
        while index < range.end {
            let pair = self.tokens[index].pair;
            if self.is_mark(index, mark) {
                parts.push(start..index);
                start = index + 1;
            }
            index = if pair > index && pair < range.end { pair + 1 } else { index + 1 };
        }
        if start < range.end {
            parts.push(start..range.end);
        }
        parts
    }

    /// The first mark outside of brackets.
    pub(super) fn find(&self, range: Range<usize>, mark: u8) -> Option<usize> {
        let mut index = range.start;
        while index < range.end {
            if self.is_mark(index, mark) {
                return Some(index);
            }
            let pair = self.tokens[index].pair;
            index = if pair > index && pair < range.end { pair + 1 } else { index + 1 };
        }
        None
    }

    /// The name and the value of an assignment: `a = 1`, `a: str = "x"`.
    pub(super) fn assignment(&self, line: &Range<usize>) -> Option<(&'t str, Range<usize>)> {
        let is_name = self.tokens.get(line.start)?.kind == PythonTokenKind::Word;
        let next = line.start + 1;
        let is_start = self.is_mark(next, b'=') || self.is_mark(next, b':');
        if !is_name || !is_start {
            return None;
        }
        let equals = self.find(line.clone(), b'=')?;
        Some((self.word(line.start), equals + 1..line.end))
    }

    /// The lines that stand deeper than a line with a colon at its end, by their indices.
    pub(super) fn block(&self, header: usize) -> Range<usize> {
        let indent = self.lines[header].indent;
        let inside = self.lines[header + 1..].iter().take_while(|line| line.indent > indent);
        header + 1..header + 1 + inside.count()
    }
}

impl Lexer<'_> {
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        let bytes = rest.as_bytes();
        let byte = bytes[0];
        match byte {
            b'\n' => {
                if self.open.is_empty() {
                    self.end_line();
                    self.next_indent = None;
                }
                self.at += 1;
                self.line_begin = self.at;
            }
            b'#' => self.at += memchr::memchr(b'\n', bytes).unwrap_or(bytes.len()),
            b'\\' if bytes.get(1) == Some(&b'\n') => self.at += 2,
            b'\\' if bytes.starts_with(b"\\\r\n") => self.at += 3,
            byte if byte.is_ascii_whitespace() => self.at += 1,
            b'"' | b'\'' => self.push_text(0),
            byte if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 128 => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
                let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
                let is_prefix = length <= 2 && bytes[..length].iter().all(|byte| b"rRbBuUfFtT".contains(byte));
                if is_prefix && matches!(bytes.get(length), Some(b'"' | b'\'')) {
                    self.push_text(length);
                } else {
                    self.push(PythonTokenKind::Word, length);
                }
            }
            byte if byte.is_ascii_digit() => {
                let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'.' | b'_');
                self.push(PythonTokenKind::Number, bytes.iter().take_while(is_part).count());
            }
            b'=' | b'!' | b'<' | b'>' | b':' | b'+' | b'-' | b'|'
                if bytes.get(1) == Some(&b'=') || bytes.starts_with(b"->") =>
            {
                self.push(PythonTokenKind::Operator, 2);
            }
            _ => self.push_mark(byte),
        }
    }

    fn push(&mut self, kind: PythonTokenKind, length: usize) {
        let index = self.tokens.len();
        if index == self.line_start {
            self.indent = self.next_indent.take().unwrap_or(self.at - self.line_begin);
        }
        self.tokens.push(PythonToken { kind, start: self.at, end: self.at + length, pair: index });
        self.at += length;
    }

    fn push_mark(&mut self, byte: u8) {
        let index = self.tokens.len();
        self.push(PythonTokenKind::Mark(byte), 1);
        match byte {
            b'(' | b'[' | b'{' => self.open.push(index),
            b')' | b']' | b'}' => {
                if let Some(open) = self.open.pop() {
                    self.tokens[open].pair = index;
                    self.tokens[index].pair = open;
                }
            }
            b';' if self.open.is_empty() => self.end_line_before(index),
            _ => {}
        }
    }

    /// A string, with the length of what stands before its quote.
    fn push_text(&mut self, prefix: usize) {
        let bytes = &self.text.as_bytes()[self.at..];
        let is_dynamic = bytes[..prefix].iter().any(|byte| b"fFtTbB".contains(byte));
        let quote = bytes[prefix];
        let is_long = bytes[prefix..].starts_with(&[quote; 3]);
        let width = if is_long { 3 } else { 1 };
        let mut at = prefix + width;
        let mut has_brace = false;
        let end = loop {
            match bytes.get(at) {
                None => break bytes.len(),
                Some(b'\\') => at += 2,
                Some(b'\n') if !is_long => break at,
                Some(byte) if *byte == quote && (!is_long || bytes[at..].starts_with(&[quote; 3])) => break at + width,
                Some(byte) => {
                    has_brace |= *byte == b'{';
                    at += 1;
                }
            }
        };
        let end = end.min(bytes.len());
        let end = (end..=bytes.len()).find(|end| self.text.is_char_boundary(self.at + end)).unwrap_or(bytes.len());
        let is_bytes = bytes[..prefix].iter().any(|byte| byte.eq_ignore_ascii_case(&b'b'));
        let kind =
            if is_dynamic && (has_brace || is_bytes) { PythonTokenKind::DynamicText } else { PythonTokenKind::Text };
        self.push(kind, end);
    }

    fn end_line(&mut self) {
        let tokens = self.line_start..self.tokens.len();
        if !tokens.is_empty() {
            self.lines.push(PythonLine { indent: self.indent, tokens });
        }
        self.line_start = self.tokens.len();
    }

    /// Ends the line at a semicolon, which is left out; the next one has the same indentation.
    fn end_line_before(&mut self, semicolon: usize) {
        let tokens = self.line_start..semicolon;
        if !tokens.is_empty() {
            self.lines.push(PythonLine { indent: self.indent, tokens });
        }
        self.next_indent = Some(self.indent);
        self.line_start = semicolon + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let source = PythonText::of(text);
        let words = |line: &PythonLine| {
            let words: Vec<&str> = line.tokens.clone().map(|index| source.word(index)).collect();
            format!("{}:{}", line.indent, words.join("~"))
        };
        source.lines.iter().map(words).collect()
    }

    #[test]
    fn lines_are_logical() {
        assert_eq!(lines("a(1,\n  'x#)') # c\n  b; c\nd \\\n e\n"), ["0:a~(~1~,~'x#)'~)", "2:b", "2:c", "0:d~e"]);
        assert_eq!(lines("x = \"\"\"a\n'b\n\"\"\" + r'\\'\ny"), ["0:x~=~\"\"\"a\n'b\n\"\"\"~+~r'\\'", "0:y"]);
        assert_eq!(lines("a = '\\'b'\nc == d -> e"), ["0:a~=~'\\'b'", "0:c~==~d~->~e"]);
        assert_eq!(lines("'open\nb"), ["0:'open", "0:b"]);
        assert_eq!(lines("(a\nb"), ["0:(~a~b"]);
        assert_eq!(lines(") a"), ["0:)~a"]);
        assert_eq!(lines("'\\"), ["0:'\\"]);
    }

    #[test]
    fn lists_are_split_outside_of_brackets() {
        let source = PythonText::of("a, f(b, c), [d, e],");
        assert_eq!(source.split(0..source.tokens.len(), b',').len(), 3);
        let source = PythonText::of("a: Union[str, None] = 'x'");
        assert_eq!(
            source.assignment(&(0..source.tokens.len())).map(|(name, value)| (name, value.len())),
            Some(("a", 1))
        );
    }
}
