//! JSON texts, also with comments and trailing commas (JSONC), as values; what is broken becomes a problem.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::tree::ManifestTree;
use crate::text::json_reason;

/// The object that a JSON file holds.
pub(super) fn object(tree: &mut ManifestTree, path: &str) -> Option<Map<String, Value>> {
    let text = tree.text(path)?;
    let Value::Object(object) = read::<Value>(tree, path, text)? else {
        tree.problem(path, Some(0..0), "not an object");
        return None;
    };
    Some(object)
}

/// A JSON text as `T`; nesting is bounded by the reader (128).
pub(super) fn read<'a, T: Deserialize<'a>>(tree: &mut ManifestTree, path: &str, text: &'a str) -> Option<T> {
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            let at = offset(text, error.line(), error.column());
            // The place is the span's to say.
            tree.problem(path, Some(at..at), &json_reason(&error));
            None
        }
    }
}

/// A member that is a text.
pub(super) fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str()
}

/// A member that is an object, or nothing.
pub(super) fn members<'a>(object: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    object.get(key).and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// The texts of a member that is a list.
pub(super) fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The value of a JSON text that may have comments and trailing commas, as `tsconfig.json`; `None` where it is broken.
pub fn parse_jsonc(text: &str) -> Option<Value> {
    serde_json::from_str(&plain_json(text)).ok()
}

/// JSON with comments and trailing commas as plain JSON: both are replaced by as many spaces, so that places stay.
pub fn plain_json(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let (mut at, mut comma) = (0, None);
    while let Some(&byte) = bytes.get(at) {
        let end = match byte {
            b'"' => string_end(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n)
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                memchr::memmem::find(&bytes[at + 2..], b"*/").map_or(bytes.len(), |n| at + n + 4)
            }
            _ => at + 1,
        };
        match byte {
            b'/' if end > at + 1 => out[at..end].fill(b' '),
            b',' => comma = Some(at),
            b']' | b'}' => {
                if let Some(comma) = comma.take() {
                    out[comma] = b' ';
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        at = end;
    }
    // Only whole comments and single ASCII bytes were replaced: the text is still UTF-8.
    String::from_utf8(out).unwrap_or_default()
}

/// The offset after the string that begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(offset) = memchr::memchr2(b'"', b'\\', &bytes[at.min(bytes.len())..]) {
        at += offset;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

/// The offset of the reader's line and column, both from 1, the column in bytes.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before = memchr::memchr_iter(b'\n', text.as_bytes()).nth(line.wrapping_sub(2)).map_or(0, |at| at + 1);
    super::tree::boundary(text, before + column.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    #[test]
    fn comments_and_trailing_commas_go() {
        let check = |text, expected| assert_eq!(super::plain_json(text), expected);
        check("{\"a//,]\": [1, 2, ], // x\n}", "{\"a//,]\": [1, 2  ]      \n}");
        check("[1 /* é */ , ]", "[1            ]");
        check("[\"\\\\\",]", "[\"\\\\\" ]");
        check("[\"\\", "[\"\\");
        check("[1/", "[1/");
    }

    #[test]
    fn places_are_bytes() {
        assert_eq!(super::offset("a\nbc", 2, 2), 3);
        assert_eq!(super::offset("é", 1, 2), 0);
        assert_eq!(super::offset("ab", 1, 9), 2);
    }
}
