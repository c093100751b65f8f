//! Comments of JavaScript and TypeScript.

use std::ops::Range;

/// The positions of comments in JavaScript or TypeScript. Text in strings, templates and regular expressions is not a
/// comment (ECMA-262, section 12.4).
pub fn comments(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut comments = Vec::new();
    // The last byte that is neither blank nor comment: it decides whether `/` divides.
    let (mut at, mut last) = (0, b';');
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let comment = if rest.starts_with(b"//") {
            memchr::memchr(b'\n', rest).unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            memchr::memmem::find(&rest[2..], b"*/").map_or(rest.len(), |length| length + 4)
        } else {
            0
        };
        if comment > 0 {
            comments.push(at..at + comment);
            at += comment;
            continue;
        }
        at += match byte {
            b'"' | b'\'' | b'`' => quoted_length(rest, byte),
            b'/' if !ends_operand(last) => regular_expression_length(rest),
            _ => 1,
        };
        if !byte.is_ascii_whitespace() {
            last = byte;
        }
    }
    comments
}

/// The text with its comments replaced by spaces, so that offsets and lines stay the same.
pub fn blank_comments(text: &str) -> String {
    let mut blank = text.to_owned();
    for comment in comments(text) {
        let spaces: String = text[comment.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
        blank.replace_range(comment, &spaces);
    }
    blank
}

/// Whether a `/` after this byte is a division.
fn ends_operand(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'$' | b')' | b']' | b'}' | b'"' | b'\'' | b'`')
        || byte >= 128
}

/// The length of a string or template with its quotes, in bytes; a string ends with its line.
pub(super) fn quoted_length(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' if quote != b'`' => return at,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// The length of `/pattern/` in bytes; 1 if it does not end on the line.
fn regular_expression_length(text: &[u8]) -> usize {
    let (mut at, mut class) = (1, false);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\n' => return 1,
            b'\\' => at += 1,
            b'[' => class = true,
            b']' => class = false,
            b'/' if !class => return at + 1,
            _ => {}
        }
        at += 1;
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_found() {
        for (text, expected) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b\n c */ d", "a     \n      d"),
            ("x = 'http://a' // b", "x = 'http://a'     "),
            ("x = \"/*\" + `//${1}`", "x = \"/*\" + `//${1}`"),
            ("x = /[/*]/.test(y) // z", "x = /[/*]/.test(y)     "),
            ("x = a / b // c", "x = a / b     "),
            ("x = 'it\\'s // no'", "x = 'it\\'s // no'"),
            ("/* é */x", "        x"),
            ("/* open", "       "),
            ("'open\n// b", "'open\n    "),
            ("a /", "a /"),
            ("'\\", "'\\"),
        ] {
            assert_eq!(blank_comments(text), expected, "{text}");
            assert_eq!(blank_comments(text).len(), text.len(), "{text}");
        }
    }
}
