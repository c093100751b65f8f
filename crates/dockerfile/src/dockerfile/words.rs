//! Words of ENV, LABEL and ARG, and words at blanks: where they begin and end. Quotes and escapes stay as written.

use std::ops::Range;

use super::whitespace::{is_blank, leading_space};

/// Splits at blanks, without an eye for quotes and escapes: FROM, EXPOSE, COPY, ADD, VOLUME. `text` has no blank at its
/// ends.
pub(super) fn split_blanks(text: &str, mut word: impl FnMut(Range<usize>)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while at < bytes.len() && !is_blank(bytes[at]) {
            at += 1;
        }
        word(start..at);
        while at < bytes.len() && is_blank(bytes[at]) {
            at += 1;
        }
    }
}

/// Splits at white space outside of quotes. An escape takes the next character with it, but not between single quotes;
/// at the very end it is dropped. A quote that is not closed runs to the end.
pub(super) fn split_quoted(text: &str, escape: u8, mut word: impl FnMut(Range<usize>)) {
    let mut at = leading_space(text);
    while at < text.len() {
        let (end, next) = quoted_word(text, at, escape);
        if end > at {
            word(at..end);
        }
        at = next + leading_space(&text[next..]);
    }
}

/// End of the word that starts at `start`, and where to go on.
fn quoted_word(text: &str, start: usize, escape: u8) -> (usize, usize) {
    let bytes = text.as_bytes();
    let mut quote = None;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        if byte == escape && quote != Some(b'\'') {
            let Some(next) = text[at + 1..].chars().next() else { return (at, at + 1) };
            at += 1 + next.len_utf8();
            continue;
        }
        match quote {
            Some(open) if byte == open => quote = None,
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if byte < 0x80 && is_space(byte) => return (at, at),
            None if byte >= 0x80 && leading_space(&text[at..]) > 0 => return (at, at),
            _ => {}
        }
        at += width(byte);
    }
    (at, at)
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Bytes of the UTF-8 character that starts with `byte`.
const fn width(byte: u8) -> usize {
    match byte {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut words = Vec::new();
        split_quoted(text, b'\\', |range| words.push(&text[range]));
        assert_eq!(words, expected, "{text:?}");
    }

    #[test]
    fn quotes_and_escapes_hold_words_together() {
        check(r#"a="b c" d='e "f' g\ h"#, &[r#"a="b c""#, r#"d='e "f'"#, r"g\ h"]);
        check(r"'a\' b", &[r"'a\'", "b"]);
        check(r#""a\" b" c"#, &[r#""a\" b""#, "c"]);
        check("a\u{a0}b\\\u{3000}c", &["a", "b\\\u{3000}c"]);
        check("\"\" x", &["\"\"", "x"]);
    }

    #[test]
    fn the_end_is_forgiving() {
        check("a=\"b c", &["a=\"b c"]);
        check("a \\", &["a"]);
        check("a\\", &["a"]);
        check("\"a\\", &["\"a"]);
    }

    #[test]
    fn blanks_split_quotes_too() {
        let mut words = Vec::new();
        let text = "\"a b\"\t\r c\u{a0}d";
        split_blanks(text, |range| words.push(&text[range]));
        assert_eq!(words, ["\"a", "b\"", "c\u{a0}d"]);
    }
}
