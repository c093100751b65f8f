//! The shell lexer's walk over a word: text, quotes, escapes, substitutions, told to a [`ExpansionVisitor`] in their order. Knows
//! no values. Nesting is a list, so its depth costs memory and no stack.

use std::ops::Range;

use super::letters::{is_digit, is_name};
use super::{ExpandErrorKind, Lex};

/// What a walk tells of.
pub(super) trait ExpansionVisitor {
    /// Literal text. It can be split at blanks unless it is `raw`.
    fn text(&mut self, at: Range<usize>, raw: bool) -> Result<(), ExpandErrorKind>;
    /// What follows up to `quote_closed` is one quoted piece; `at` is its first quote.
    fn quote_opened(&mut self, at: usize);
    /// The quoted piece ends; `end` lies behind its last quote.
    fn quote_closed(&mut self, end: usize);
    /// `$name` or `${name}`.
    fn variable(&mut self, reference: &VariableReference) -> Result<(), ExpandErrorKind>;
    /// `${name` and an operator; what follows is the operand.
    fn open_operand(&mut self, reference: &VariableReference) -> Result<(), ExpandErrorKind>;
    /// The pattern of `${name/pattern/` ends, its replacement begins.
    fn pattern_ended(&mut self) -> Result<(), ExpandErrorKind>;
    /// The `}` of the last `opened`.
    fn closed(&mut self, reference: &VariableReference) -> Result<(), ExpandErrorKind>;
}

/// A variable in a word. All ranges are bytes of the word.
#[derive(Clone, Debug)]
pub(super) struct VariableReference {
    /// From `$`; up to the end of the name, operator or closing brace, whatever is known by then.
    pub(super) span: Range<usize>,
    /// The name; it can be empty, as in `${+x}`.
    pub(super) name: Range<usize>,
    /// Whether there are braces.
    pub(super) braces: bool,
    /// `:` before the operator: an empty value counts as none.
    pub(super) colon: bool,
    /// The operator's character; `/` for `//` too; U+FFFD for the end of the word. `None` without an operator.
    pub(super) operator: Option<char>,
    /// `//`.
    pub(super) all: bool,
}

impl VariableReference {
    /// The operator as the builder prints it.
    pub(super) fn modifier(&self) -> String {
        let mut text = String::from(if self.colon { ":" } else { "" });
        text.extend(self.operator);
        text
    }
}

enum Frame {
    /// Inside `"…"`.
    Quote,
    /// Inside an operand.
    Operand { reference: VariableReference, part: WordPart, outer_raw_escapes: bool },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WordPart {
    Word,
    Pattern,
    Replacement,
}

impl WordPart {
    /// The character that ends it.
    fn stop(self) -> char {
        if self == Self::Pattern { '/' } else { '}' }
    }

    /// What the builder makes of any error inside it at the end of the word.
    fn unended(self) -> ExpandErrorKind {
        if self == Self::Pattern { ExpandErrorKind::MissingSlash } else { ExpandErrorKind::MissingBrace }
    }
}

/// Walks over `word` from its start to its end.
///
/// # Errors
/// The first thing wrong, in the word or by the sink's word, with the place where the builder stopped.
pub(super) fn scan(word: &str, lex: Lex, sink: &mut impl ExpansionVisitor) -> Result<(), (usize, ExpandErrorKind)> {
    // The builder's reader of characters drops a byte order mark in front.
    let at = if word.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut scan = Scan { word, at, lex, raw_escapes: lex.raw_escapes, frames: Vec::new(), sink };
    let result = scan.run();
    result.map_err(|kind| (scan.at, scan.as_reported(kind)))
}

struct Scan<'s, S> {
    word: &'s str,
    at: usize,
    lex: Lex,
    raw_escapes: bool,
    frames: Vec<Frame>,
    sink: &'s mut S,
}

type ScanResult = Result<(), ExpandErrorKind>;

impl<S: ExpansionVisitor> Scan<'_, S> {
    fn run(&mut self) -> ScanResult {
        loop {
            match self.frames.last() {
                Some(Frame::Quote) => self.quoted()?,
                Some(Frame::Operand { part, .. }) => self.scan_unquoted(Some(*part))?,
                None if self.at == self.word.len() => return Ok(()),
                None => self.scan_unquoted(None)?,
            }
        }
    }

    /// The builder words an error anew in each operand around it when it has read up to the end; the outermost wins.
    fn as_reported(&self, kind: ExpandErrorKind) -> ExpandErrorKind {
        if self.at < self.word.len() || kind == ExpandErrorKind::TooCostly {
            return kind;
        }
        for frame in &self.frames {
            if let Frame::Operand { part, .. } = frame {
                return part.unended();
            }
        }
        kind
    }

    fn peek(&self) -> Option<char> {
        self.word[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Moves to the first character that `stops`, or to the end.
    fn skip_until(&mut self, stops: impl Fn(char) -> bool) -> Range<usize> {
        let start = self.at;
        self.at = self.word[start..].find(stops).map_or(self.word.len(), |length| start + length);
        start..self.at
    }

    /// One step outside quotes.
    fn scan_unquoted(&mut self, part: Option<WordPart>) -> ScanResult {
        let stop = part.map(WordPart::stop);
        let (escape, quotes) = (self.lex.escape, !self.lex.skip_process_quotes);
        let special =
            |c: char| c == '$' || c == '<' || c == escape || Some(c) == stop || (quotes && (c == '\'' || c == '"'));
        let plain = self.skip_until(special);
        if !plain.is_empty() {
            self.sink.text(plain, false)?;
        }
        match (self.peek(), part) {
            (None, Some(part)) => Err(part.unended()),
            (None, None) => Ok(()),
            (Some(c), Some(part)) if c == part.stop() => self.part_ended(part),
            (Some('$'), _) => self.dollar(),
            (Some('<'), _) => self.possible_heredoc(),
            (Some('\''), _) if quotes => self.single_quote(),
            (Some('"'), _) if quotes => {
                self.sink.quote_opened(self.at);
                self.quote_character()?;
                self.frames.push(Frame::Quote);
                Ok(())
            }
            (Some(_), _) => self.escaped(),
        }
    }

    /// An escape outside quotes takes the next character as it is; at the end it means nothing.
    fn escaped(&mut self) -> ScanResult {
        let start = self.at;
        self.next();
        if self.raw_escapes {
            self.sink.text(start..self.at, true)?;
        }
        let start = self.at;
        if self.next().is_some() { self.sink.text(start..self.at, true) } else { Ok(()) }
    }

    fn part_ended(&mut self, part: WordPart) -> ScanResult {
        self.next();
        if part == WordPart::Pattern {
            if let Some(Frame::Operand { part, .. }) = self.frames.last_mut() {
                *part = WordPart::Replacement;
            }
            return self.sink.pattern_ended();
        }
        let Some(Frame::Operand { mut reference, outer_raw_escapes, .. }) = self.frames.pop() else { return Ok(()) };
        reference.span.end = self.at;
        self.raw_escapes = outer_raw_escapes;
        self.sink.closed(&reference)
    }

    /// `<<` and the blanks after it are one piece, so that `<< EOF` is one word.
    fn possible_heredoc(&mut self) -> ScanResult {
        let start = self.at;
        self.next();
        if self.peek() == Some('<') {
            self.next();
            self.skip_until(|c| !matches!(c, '\t' | '\r' | ' '));
        }
        self.sink.text(start..self.at, true)
    }

    /// The quote at hand, which stays in the text only when quotes are raw.
    fn quote_character(&mut self) -> ScanResult {
        let start = self.at;
        self.next();
        if self.lex.raw_quotes { self.sink.text(start..self.at, true) } else { Ok(()) }
    }

    fn single_quote(&mut self) -> ScanResult {
        self.sink.quote_opened(self.at);
        self.quote_character()?;
        let inner = self.skip_until(|c| c == '\'');
        if self.peek().is_none() {
            return Err(ExpandErrorKind::SingleQuote);
        }
        self.sink.text(inner, true)?;
        self.quote_character()?;
        self.sink.quote_closed(self.at);
        Ok(())
    }

    /// One step inside double quotes.
    fn quoted(&mut self) -> ScanResult {
        let escape = self.lex.escape;
        let plain = self.skip_until(|c| c == '"' || c == '$' || c == escape);
        if !plain.is_empty() {
            self.sink.text(plain, true)?;
        }
        match self.peek() {
            None => Err(ExpandErrorKind::DoubleQuote),
            Some('$') => self.dollar(),
            Some('"') => {
                self.quote_character()?;
                self.frames.pop();
                self.sink.quote_closed(self.at);
                Ok(())
            }
            Some(_) => self.escaped_in_quotes(),
        }
    }

    /// In quotes an escape stands for itself before all but `"`, `$` and itself. Where escapes are raw, the builder
    /// writes it twice in that case.
    fn escaped_in_quotes(&mut self) -> ScanResult {
        let start = self.at;
        self.next();
        let mut text = start..self.at;
        if self.raw_escapes {
            self.sink.text(text.clone(), true)?;
        }
        match self.peek() {
            None => return Ok(()),
            Some(c) if c == '"' || c == '$' || c == self.lex.escape => {
                let start = self.at;
                self.next();
                text = start..self.at;
            }
            Some(_) => {}
        }
        self.sink.text(text, true)
    }

    fn dollar(&mut self) -> ScanResult {
        let start = self.at;
        self.next();
        if self.peek() != Some('{') {
            let name = self.name();
            if name.is_empty() {
                return self.sink.text(start..self.at, false);
            }
            return self.sink.variable(&VariableReference::plain(start..self.at, name));
        }
        self.next();
        match self.peek() {
            None => return Err(ExpandErrorKind::MissingBrace),
            Some('{' | '}' | ':') => return Err(ExpandErrorKind::BadSubstitution),
            Some(_) => {}
        }
        let name = self.name();
        let mut reference = VariableReference { braces: true, ..VariableReference::plain(start..self.at, name) };
        let mut operator = self.next();
        if operator == Some('}') {
            reference.span.end = self.at;
            return self.sink.variable(&reference);
        }
        if operator == Some(':') {
            reference.colon = true;
            operator = self.next();
        }
        reference.operator = Some(operator.unwrap_or(char::REPLACEMENT_CHARACTER));
        self.substitution(reference)
    }

    /// Behind `${name` and the operator's first character.
    fn substitution(&mut self, mut reference: VariableReference) -> ScanResult {
        let operator = reference.operator;
        let raw = matches!(operator, Some('#' | '%'));
        let known = reference.colon || matches!(operator, Some('+' | '-' | '?' | '#' | '%' | '/'));
        if !known || (reference.colon && raw) {
            return Err(ExpandErrorKind::UnsupportedModifier(reference.modifier()));
        }
        let replaces = operator == Some('/') && !reference.colon;
        if replaces && self.peek() == Some('/') {
            self.next();
            reference.all = true;
        }
        reference.span.end = self.at;
        self.sink.open_operand(&reference)?;
        let part = if replaces { WordPart::Pattern } else { WordPart::Word };
        self.frames.push(Frame::Operand { reference, part, outer_raw_escapes: self.raw_escapes });
        self.raw_escapes = raw || replaces;
        Ok(())
    }

    /// Letters, digits and `_`; or digits alone; or one of the shell's special parameters.
    fn name(&mut self) -> Range<usize> {
        let start = self.at;
        match self.peek() {
            Some(c) if is_digit(c) => self.skip_until(|c| !is_digit(c)),
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => {
                self.next();
                start..self.at
            }
            _ => self.skip_until(|c| !is_name(c)),
        }
    }
}

impl VariableReference {
    fn plain(span: Range<usize>, name: Range<usize>) -> Self {
        Self { span, name, braces: false, colon: false, operator: None, all: false }
    }
}
