//! Splits SQL into words, names, strings and statements (`PostgreSQL` docs: lexical structure; names in backticks as in `MySQL`).

use crate::text::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SqlTokenKind {
    /// A key word, or a name without quotes.
    Word,
    /// A name in quotes.
    Name,
    /// A string, also between dollars.
    Text,
    Number,
    Mark(u8),
}

/// A token of SQL.
#[derive(Clone, Debug)]
pub(super) struct SqlToken {
    pub(super) kind: SqlTokenKind,
    /// Bytes of the text.
    pub(super) span: Span,
    /// A word in small letters, a name or a string without its quotes.
    pub(super) value: String,
    /// How many brackets are open around it.
    pub(super) depth: u32,
}

/// The tokens of a text; comments are none.
pub(super) fn tokens(text: &str) -> Vec<SqlToken> {
    let bytes = text.as_bytes();
    let (mut tokens, mut at, mut depth) = (Vec::new(), 0, 0_u32);
    while let Some(&byte) = bytes.get(at) {
        if let Some(length) = blank_length(&bytes[at..]) {
            at += length;
            continue;
        }
        if byte == b')' || byte == b']' {
            depth = depth.saturating_sub(1);
        }
        let (kind, length, inside) = token(text, at);
        let span = Span::new(at as u32, (at + length) as u32);
        let value = match kind {
            SqlTokenKind::Word => text[at..at + length].to_lowercase(),
            _ => inside.to_owned(),
        };
        tokens.push(SqlToken { kind, span, value, depth });
        if byte == b'(' || byte == b'[' {
            depth += 1;
        }
        at += length;
    }
    tokens
}

/// The length of the white space or the comment that a text begins with.
fn blank_length(rest: &[u8]) -> Option<usize> {
    if rest[0].is_ascii_whitespace() {
        return Some(1);
    }
    if rest.starts_with(b"--") || rest[0] == b'#' {
        return Some(memchr::memchr(b'\n', rest).unwrap_or(rest.len()));
    }
    if !rest.starts_with(b"/*") {
        return None;
    }
    // Comments nest.
    let (mut at, mut depth) = (2, 1_u32);
    while depth > 0 {
        let Some(next) = memchr::memchr2(b'*', b'/', &rest[at..]) else { return Some(rest.len()) };
        at += next;
        if rest[at..].starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
        } else if rest[at..].starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else {
            at += 1;
        }
    }
    Some(at)
}

/// The kind of the token at a place, its length, and what stands inside of its quotes.
fn token(text: &str, at: usize) -> (SqlTokenKind, usize, &str) {
    let rest = &text[at..];
    let bytes = rest.as_bytes();
    let inside =
        |open: usize, length: usize, close: usize| rest.get(open..length.saturating_sub(close)).unwrap_or_default();
    match bytes[0] {
        b'\'' => {
            let length = quoted_length(bytes, b'\'', false);
            (SqlTokenKind::Text, length, inside(1, length, 1))
        }
        b'e' | b'E' if bytes.get(1) == Some(&b'\'') => {
            let length = 1 + quoted_length(&bytes[1..], b'\'', true);
            (SqlTokenKind::Text, length, inside(2, length, 1))
        }
        quote @ (b'"' | b'`') => {
            let length = quoted_length(bytes, quote, false);
            (SqlTokenKind::Name, length, inside(1, length, 1))
        }
        b'$' => match dollar_tag(rest) {
            Some(tag) => {
                let end = memchr::memmem::find(&bytes[tag..], &bytes[..tag]);
                let length = end.map_or(rest.len(), |end| end + 2 * tag);
                let close = if end.is_some() { tag } else { 0 };
                (SqlTokenKind::Text, length, inside(tag, length, close))
            }
            None => (SqlTokenKind::Mark(b'$'), 1, &rest[..1]),
        },
        byte if byte.is_ascii_digit() => {
            let length = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'.').count();
            (SqlTokenKind::Number, length, &rest[..length])
        }
        byte if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 128 => {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii();
            let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
            (SqlTokenKind::Word, length, &rest[..length])
        }
        byte => (SqlTokenKind::Mark(byte), 1, &rest[..1]),
    }
}

/// The length of a quoted text; the quote is doubled inside, or escaped.
fn quoted_length(bytes: &[u8], quote: u8, escapes: bool) -> usize {
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        let is_escape = byte == b'\\' && escapes;
        if is_escape || byte == quote && bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else if byte == quote {
            return at + 1;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// The length of `$tag$`.
fn dollar_tag(rest: &str) -> Option<usize> {
    let end = rest[1..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))? + 1;
    let is_tag = rest.as_bytes()[end] == b'$' && !rest.as_bytes()[1].is_ascii_digit();
    is_tag.then_some(end + 1)
}

/// The statements of tokens, without their semicolons.
pub(super) fn statements(tokens: &[SqlToken]) -> impl Iterator<Item = &[SqlToken]> {
    let ends = |token: &SqlToken| token.kind == SqlTokenKind::Mark(b';') && token.depth == 0;
    tokens.split(ends).filter(|statement| !statement.is_empty())
}

/// Whether a text has names in backticks, as `MySQL` writes them.
pub(super) fn has_backticks(text: &str) -> bool {
    let is_backtick = |token: &SqlToken| {
        token.kind == SqlTokenKind::Name && text.as_bytes().get(token.span.start as usize) == Some(&b'`')
    };
    text.contains('`') && tokens(text).iter().any(is_backtick)
}

/// Goes through the tokens of a statement.
#[derive(Clone)]
pub(super) struct SqlCursor<'s> {
    tokens: &'s [SqlToken],
}

impl<'s> SqlCursor<'s> {
    pub(super) fn new(tokens: &'s [SqlToken]) -> Self {
        Self { tokens }
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'s [SqlToken] {
        self.tokens
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The key word that comes next.
    pub(super) fn word(&self) -> &'s str {
        match self.tokens.first() {
            Some(token) if token.kind == SqlTokenKind::Word => &token.value,
            _ => "",
        }
    }

    pub(super) fn advance(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }

    /// Takes key words, if they come next.
    pub(super) fn takes(&mut self, words: &str) -> bool {
        let mut count = 0;
        for word in words.split(' ') {
            let next = self.tokens.get(count);
            if next.is_none_or(|token| token.kind != SqlTokenKind::Word || token.value != word) {
                return false;
            }
            count += 1;
        }
        self.tokens = &self.tokens[count..];
        true
    }

    /// Takes a mark, if it comes next.
    pub(super) fn takes_mark(&mut self, mark: u8) -> bool {
        let is_next = self.is_at_mark(mark);
        if is_next {
            self.advance();
        }
        is_next
    }

    pub(super) fn is_at_mark(&self, mark: u8) -> bool {
        self.tokens.first().is_some_and(|token| token.kind == SqlTokenKind::Mark(mark))
    }

    /// Takes a name without a schema.
    pub(super) fn name(&mut self) -> Option<String> {
        let token = self.tokens.first()?;
        let is_name = matches!(token.kind, SqlTokenKind::Word | SqlTokenKind::Name);
        if !is_name {
            return None;
        }
        self.advance();
        Some(token.value.clone())
    }

    /// Takes a name with its schema, unless that is `public`.
    pub(super) fn full_name(&mut self) -> Option<String> {
        let mut name = self.name()?;
        while self.is_at_mark(b'.') {
            self.advance();
            let last = self.name()?;
            name = if name == "public" { last } else { format!("{name}.{last}") };
        }
        Some(name)
    }

    /// Takes what stands in the brackets that come next.
    pub(super) fn group(&mut self) -> Option<&'s [SqlToken]> {
        let open = self.tokens.first().filter(|token| token.kind == SqlTokenKind::Mark(b'('))?;
        let is_end = |token: &SqlToken| token.kind == SqlTokenKind::Mark(b')') && token.depth <= open.depth;
        let end = self.tokens.iter().position(is_end)?;
        let inside = &self.tokens[1..end];
        self.tokens = &self.tokens[end + 1..];
        Some(inside)
    }

    /// Takes tokens up to a key word outside of brackets; the first one in any case.
    pub(super) fn until(&mut self, ends: impl Fn(&str) -> bool) -> &'s [SqlToken] {
        let depth = self.tokens.first().map_or(0, |token| token.depth);
        let is_end = |token: &SqlToken| token.kind == SqlTokenKind::Word && token.depth <= depth && ends(&token.value);
        let length = self.tokens.iter().skip(1).position(is_end).map_or(self.tokens.len(), |length| length + 1);
        let (before, rest) = self.tokens.split_at(length);
        self.tokens = rest;
        before
    }
}

/// The parts of a list between commas.
pub(super) fn items(tokens: &[SqlToken]) -> impl Iterator<Item = &[SqlToken]> {
    let depth = tokens.first().map_or(0, |token| token.depth);
    let is_comma = move |token: &SqlToken| token.kind == SqlTokenKind::Mark(b',') && token.depth <= depth;
    tokens.split(is_comma).filter(|item| !item.is_empty())
}

/// The names of a list of columns; none where one is an expression.
pub(super) fn column_names(tokens: &[SqlToken]) -> Option<Vec<String>> {
    let column = |item: &[SqlToken]| {
        let mut cursor = SqlCursor::new(item);
        let name = cursor.name()?;
        // `lower(email)` is an expression; `email DESC` and `email text_pattern_ops` are not.
        (!cursor.is_at_mark(b'(') && !cursor.is_at_mark(b'.')).then_some(name)
    };
    items(tokens).map(column).collect()
}

/// Tokens as a text in small letters without blanks: `varchar(50)`.
pub(super) fn joined(tokens: &[SqlToken]) -> String {
    tokens.iter().map(|token| token.value.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.value).collect()
    }

    #[test]
    fn quotes_and_comments_are_read() {
        assert_eq!(words("A \"B\"\"c\" 'it''s' -- x\n/* a /* b */ c */ 1.5"), ["a", "B\"\"c", "it''s", "1.5"]);
        assert_eq!(words("$$a;b$$ $x$ $$ $x$ $1"), ["a;b", " $$ ", "$", "1"]);
        assert_eq!(words("E'a\\'b' `c`"), ["a\\'b", "c"]);
        assert_eq!(words("'open"), ["ope"]);
        assert_eq!(words("/* open"), Vec::<String>::new());
        let all = tokens("a (b; c); d ';' ; ");
        let counts: Vec<usize> = statements(&all).map(<[SqlToken]>::len).collect();
        assert_eq!(counts, [6, 2]);
    }

    #[test]
    fn names_and_lists_are_read() {
        let all = tokens("public.users \"Auth\".Users (a, b DESC), c");
        let mut cursor = SqlCursor::new(&all);
        assert_eq!(cursor.full_name().as_deref(), Some("users"));
        assert_eq!(cursor.full_name().as_deref(), Some("Auth.users"));
        assert_eq!(column_names(cursor.group().unwrap()).unwrap(), ["a", "b"]);
        assert_eq!(items(cursor.rest()).count(), 1);
        assert_eq!(column_names(&tokens("lower(a)")), None);
    }
}
