//! Words of a script: what the shell would make of them as far as the text alone tells.

use crate::text::Span;

/// One word, quotes removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word as written, quotes included.
    pub span: Span,
    text: Box<str>,
    expansions: Box<[Expansion]>,
    /// Where `text` stands unchanged and in one piece, when it does.
    verbatim: Option<Span>,
    quoted: bool,
    pattern: bool,
}

/// A `$X`, `${X…}`, `$(…)`, `` `…` ``, `$((…))`, `<(…)` or array inside a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// The expansion as written.
    pub span: Span,
    /// What is expanded.
    pub kind: ExpansionKind,
    /// The bytes of [`Word::text`] that stand for it.
    pub within: Span,
    /// Whether double quotes keep its value one word.
    pub quoted: bool,
}

/// What an [`Expansion`] yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpansionKind {
    /// A variable or special parameter, without `$` and braces.
    Variable(Box<str>),
    /// A command's output (also process substitution).
    Command,
    /// A number.
    Arithmetic,
    /// The words of `name=(…)`.
    Array,
}

impl Word {
    pub(super) fn build(
        span: Span,
        text: String,
        expansions: Vec<Expansion>,
        verbatim: Option<Span>,
        marks: Marks,
    ) -> Self {
        let Marks { quoted, pattern } = marks;
        Self { span, text: text.into_boxed_str(), expansions: expansions.into_boxed_slice(), verbatim, quoted, pattern }
    }

    /// A word whose value is known, as in an exec form; `span` includes its quotes.
    pub fn fixed(text: &str, span: Span) -> Self {
        let marks = Marks { quoted: true, pattern: false };
        let len = text.len() as u32;
        // Escapes only make a word longer, so its length tells whether there are any.
        let verbatim = match span.len().checked_sub(len) {
            Some(0) => Some(span),
            Some(2) => Some(Span::new(span.start + 1, span.end - 1)),
            _ => None,
        };
        Self::build(span, text.to_owned(), Vec::new(), verbatim, marks)
    }

    /// The value, when the text alone tells it. A [pattern](Self::is_pattern) is given as written.
    pub fn value(&self) -> Option<&str> {
        self.expansions.is_empty().then_some(&*self.text)
    }

    /// The value with each expansion left as written (`v=$V`); substitutions are cut to `$()`, long ones to `${…}`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether an expansion decides the value.
    pub fn is_dynamic(&self) -> bool {
        !self.expansions.is_empty()
    }

    /// Whether the word holds a quote or an escape.
    pub fn is_quoted(&self) -> bool {
        self.quoted
    }

    /// Whether an unquoted `*`, `?`, `[`, `{a,b}` or leading `~` may make other words of it.
    pub fn is_pattern(&self) -> bool {
        self.pattern
    }

    /// The expansions in order.
    pub fn expansions(&self) -> &[Expansion] {
        &self.expansions
    }

    /// The names of the variables used directly in it.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.expansions.iter().filter_map(|expansion| match &expansion.kind {
            ExpansionKind::Variable(name) => Some(&**name),
            _ => None,
        })
    }

    /// Whether it is exactly `text`.
    pub fn is(&self, text: &str) -> bool {
        self.value() == Some(text)
    }

    /// Where the text stands unchanged and in one piece (inside its quotes, if any); none when escapes or several
    /// quoted parts make it up.
    pub fn verbatim(&self) -> Option<Span> {
        self.verbatim
    }

    /// The source of the bytes `start..end` of the text: exact where the text stands unchanged, else the whole word.
    pub fn part(&self, start: usize, end: usize) -> Span {
        match self.verbatim {
            Some(span) => Span::new(span.start + start as u32, span.start + end as u32),
            None => self.span,
        }
    }

    /// Whether an expansion lies in the bytes `start..end` of the text.
    pub fn is_dynamic_within(&self, start: usize, end: usize) -> bool {
        self.expansion_after(start).is_some_and(|expansion_after| (expansion_after.within.start as usize) < end)
    }

    /// The first expansion that ends after byte `at` of the text.
    pub(super) fn expansion_after(&self, at: usize) -> Option<&Expansion> {
        // Words may hold very many of them, so this is no plain search.
        let index = self.expansions.partition_point(|expansion| expansion.within.end as usize <= at);
        self.expansions.get(index)
    }
}

/// How a word was written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    pub(super) quoted: bool,
    pub(super) pattern: bool,
}

/// A text as one word of a POSIX shell: in single quotes where a character of it means something to a shell.
pub fn quoted_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
