//! The tokens of a justfile outside of recipe bodies (just manual, "Grammar").

use crate::text::Span;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name.
    Name(String),
    /// A string; without a value where a program or an interpolation decides it.
    Text(Option<String>),
    /// `:`.
    Colon,
    /// `:=`.
    Assign,
    /// `&&`.
    And,
    /// Another character.
    Other(u8),
}

/// A token with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

impl Token {
    /// The name that it is.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.kind {
            TokenKind::Name(name) => Some(name),
            _ => None,
        }
    }

    /// Whether it is this character.
    pub(super) fn is(&self, byte: u8) -> bool {
        self.kind == TokenKind::Other(byte)
    }
}

/// The tokens of a logical line that starts at `from`, and where the next one starts; `None` where a string or a bracket is
/// not closed.
pub(super) fn tokens(text: &str, from: usize) -> Option<(Vec<Token>, usize)> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let (mut at, mut depth) = (from, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let next = bytes.get(at + 1).copied();
        let mut token = |kind: TokenKind, end: usize| {
            tokens.push(Token { kind, span: Span::new(start as u32, end as u32) });
            end
        };
        at = match byte {
            b'\n' if depth == 0 => return Some((tokens, at + 1)),
            b'\\' if next == Some(b'\n') => at + 2,
            b'\\' if next == Some(b'\r') && bytes.get(at + 2) == Some(&b'\n') => at + 3,
            b' ' | b'\t' | b'\r' | b'\n' => at + 1,
            b'#' => text[at..].find('\n').map_or(text.len(), |len| at + len),
            b'\'' | b'"' | b'`' => {
                let (value, end) = string(text, at)?;
                token(TokenKind::Text(value), end)
            }
            b':' if next == Some(b'=') => token(TokenKind::Assign, at + 2),
            b':' => token(TokenKind::Colon, at + 1),
            b'&' if next == Some(b'&') => token(TokenKind::And, at + 2),
            byte if is_start(byte) => {
                let len = bytes[at..].iter().take_while(|byte| is_start(**byte) || is_inner(**byte)).count();
                let end = at + len;
                // `x'~/a'` and `f'{{a}}'` are strings that are worked on.
                match bytes.get(end) {
                    Some(b'\'' | b'"') if len == 1 && matches!(byte, b'x' | b'f') => {
                        let (_, end) = string(text, end)?;
                        token(TokenKind::Text(None), end)
                    }
                    _ => token(TokenKind::Name(text[at..end].to_owned()), end),
                }
            }
            byte => {
                match byte {
                    b'(' | b'[' | b'{' => depth += 1,
                    b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                token(TokenKind::Other(byte), at + 1)
            }
        };
    }
    (depth == 0).then_some((tokens, text.len()))
}

fn is_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_inner(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'-'
}

/// The value of the string that starts at `at`, and where it ends.
fn string(text: &str, at: usize) -> Option<(Option<String>, usize)> {
    let rest = &text[at..];
    let quote = &rest[..1];
    let quotes = if rest.starts_with(&quote.repeat(3)) { 3 } else { 1 };
    let delimiter = quote.repeat(quotes);
    let inner = &rest[quotes..];
    let mut end = 0;
    while !inner[end..].starts_with(&delimiter) {
        let escaped = quote == "\"" && inner[end..].starts_with('\\');
        let mut chars = inner[end..].chars();
        end += chars.next()?.len_utf8();
        if escaped {
            end += chars.next()?.len_utf8();
        }
    }
    let written = &inner[..end];
    // What has several lines loses its indentation, and escapes stand for others.
    let is_plain =
        quote != "`" && !(quote == "\"" && written.contains('\\')) && !(quotes == 3 && written.contains('\n'));
    Some((is_plain.then(|| written.to_owned()), at + 2 * quotes + end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let read = tokens(text, 0).map(|(tokens, end)| {
            let words = tokens.iter().map(|token| match &token.kind {
                TokenKind::Text(value) => format!("{value:?}"),
                _ => text[token.span.range()].to_owned(),
            });
            format!("{} | {}", words.collect::<Vec<_>>().join(" "), &text[end..])
        });
        assert_eq!(read.as_deref().unwrap_or("none"), expected, "{text}");
    }

    #[test]
    fn lines_are_cut_into_tokens() {
        check("a-b := 'c' + d # e\nf", "a-b := Some(\"c\") + d | f");
        check("up *args='': (b \"x:\\\"\") && c\n", "up * args = Some(\"\") : ( b None ) && c | ");
        check("a := (\n  b\n)\nc", "a := ( b ) | c");
        check("a: \\\n  b\nc", "a : b | c");
        check("a := ```\nb\n```\n", "a := None | ");
        check("a := '''b'c''' x'~' xy", "a := Some(\"b'c\") None xy | ");
        check("a := f'x{{y}}'\n", "a := None | ");
        check("a := \"b\\", "none");
        check("a := 'é", "none");
        check("a := (b\n", "none");
    }
}
