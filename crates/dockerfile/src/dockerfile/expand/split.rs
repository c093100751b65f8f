//! Splits an expanded word at blanks and remembers where in the word each piece came from.

use std::ops::Range;

use crate::text::Span;

/// Collects pieces into words.
#[derive(Default)]
pub(super) struct Splitter {
    words: Vec<RawWord>,
    open: RawWord,
}

impl Splitter {
    /// Text that was not split by quotes or escapes around it.
    pub(super) fn add_raw(&mut self, text: &str, from: &Range<usize>) {
        if text.is_empty() {
            return;
        }
        let span = Span::new(from.start as u32, from.end as u32);
        self.open.span = if self.open.text.is_empty() { span } else { self.open.span.to(span) };
        self.open.text.push_str(text);
    }

    /// Text that splits at Unicode white space. `same`: it stands so in the word at `from`.
    pub(super) fn add(&mut self, text: &str, from: &Range<usize>, same: bool) {
        let mut rest = text;
        loop {
            let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let at = from.start + text.len() - rest.len();
            let range = if same { at..at + length } else { from.clone() };
            self.add_raw(&rest[..length], &range);
            let Some(blank) = rest[length..].chars().next() else { return };
            self.end_word();
            rest = &rest[length + blank.len_utf8()..];
        }
    }

    /// The builder's words share one buffer with the operands of `${…}`, so that the start of a word is lost where an
    /// operand begins: `pre${A:-x}` splits into `x` alone.
    pub(super) fn lose(&mut self) {
        self.open = RawWord::default();
    }

    /// All words.
    pub(super) fn finish(mut self) -> Vec<RawWord> {
        self.end_word();
        self.words
    }

    fn end_word(&mut self) {
        if !self.open.text.is_empty() {
            self.words.push(std::mem::take(&mut self.open));
        }
    }
}

/// A word of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawWord {
    /// Where it stands in the line. Where the lexer drops or doubles characters inside a `${…}`, it covers all of that.
    pub span: Span,
    /// Its text as the lexer writes it: with quotes and escapes, but not always the line's own bytes.
    pub text: String,
}
