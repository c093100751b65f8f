//! JSON as BuildKit's decoder (Go's `encoding/json`) accepts it: strict RFC 8259, with byte ranges of an array's
//! elements. Knows nothing of instructions.

use std::borrow::Cow;
use std::ops::Range;

use super::whitespace::leading_space;

/// Go's decoder refuses what is nested deeper.
const MAX_DEPTH: usize = 10_000;

/// What a text is when read as a JSON array of strings.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Array<'a> {
    /// No array, or not JSON.
    No,
    /// An array of strings: the range of each with its quotes, and its value.
    Strings(Vec<JsonString<'a>>),
    /// JSON, but the element at this range is no string.
    Other(Range<usize>),
}

/// A string's range with its quotes, and its value.
pub(super) type JsonString<'a> = (Range<usize>, Cow<'a, str>);

/// Reads an array that takes up the whole text, white space around it allowed.
pub(super) fn read_array(text: &str) -> Array<'_> {
    let start = leading_space(text);
    if text.as_bytes().get(start) != Some(&b'[') {
        return Array::No;
    }
    let mut reader = JsonReader { text, at: start };
    let mut strings = Vec::new();
    let mut other = None;
    match reader.array(&mut strings, &mut other) {
        Some(()) if reader.is_done() => other.map_or(Array::Strings(strings), Array::Other),
        _ => Array::No,
    }
}

/// The value of a string member of the object that takes up the whole text; the last one counts.
pub(super) fn read_member(text: &str, key: &str) -> Option<String> {
    let mut reader = JsonReader { text, at: 0 };
    let mut result = None;
    reader.object(key, &mut result)?;
    if reader.is_done() { result } else { None }
}

struct JsonReader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> JsonReader<'a> {
    fn array(&mut self, strings: &mut Vec<JsonString<'a>>, other: &mut Option<Range<usize>>) -> Option<()> {
        self.at += 1;
        self.skip_blanks();
        if self.take(b']') {
            return Some(());
        }
        loop {
            self.skip_blanks();
            let start = self.at;
            if self.peek() == Some(b'"') {
                let value = self.string()?;
                strings.push((start..self.at, value));
            } else {
                self.value(1)?;
                other.get_or_insert(start..self.at);
            }
            self.skip_blanks();
            if self.take(b']') {
                return Some(());
            }
            self.take(b',').then_some(())?;
        }
    }

    /// An object, of which one string member is kept.
    fn object(&mut self, key: &str, result: &mut Option<String>) -> Option<()> {
        self.skip_blanks();
        self.take(b'{').then_some(())?;
        self.skip_blanks();
        if self.take(b'}') {
            return Some(());
        }
        loop {
            let name = self.string()?;
            self.skip_blanks();
            self.take(b':').then_some(())?;
            self.skip_blanks();
            let mut value = None;
            if self.peek() == Some(b'"') {
                value = Some(self.string()?.into_owned());
            } else {
                self.value(1)?;
            }
            if name == key {
                *result = value;
            }
            self.skip_blanks();
            if self.take(b'}') {
                return Some(());
            }
            self.take(b',').then_some(())?;
            self.skip_blanks();
        }
    }

    /// Any value, without recursion.
    fn value(&mut self, depth: usize) -> Option<()> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek()? {
                bracket @ (b'[' | b'{') => {
                    self.at += 1;
                    if depth + open.len() + 1 > MAX_DEPTH {
                        return None;
                    }
                    self.skip_blanks();
                    if !self.take(closing(bracket)) {
                        open.push(closing(bracket));
                        if bracket == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'"' => drop(self.string()?),
                b'-' | b'0'..=b'9' => self.number()?,
                _ => self.literal()?,
            }
            if !self.after_value(&mut open)? {
                return Some(());
            }
        }
    }

    /// What follows a value: closing brackets, then a comma or the end. Whether another value follows.
    fn after_value(&mut self, open: &mut Vec<u8>) -> Option<bool> {
        while let Some(&close) = open.last() {
            self.skip_blanks();
            if self.take(close) {
                open.pop();
                continue;
            }
            self.take(b',').then_some(())?;
            if close == b'}' {
                self.skip_blanks();
                self.key()?;
            }
            return Some(true);
        }
        Some(false)
    }

    fn key(&mut self) -> Option<()> {
        self.string()?;
        self.skip_blanks();
        self.take(b':').then_some(())
    }

    fn literal(&mut self) -> Option<()> {
        for word in ["true", "false", "null"] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Some(());
            }
        }
        None
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        // Go refuses a number that is too large for a float64.
        let number: f64 = self.text[start..self.at].parse().ok()?;
        number.is_finite().then_some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// A string's value.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.take(b'"').then_some(())?;
        let mut value = String::new();
        let mut copied = self.at;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    value.push_str(&self.text[copied..self.at]);
                    self.at += 1;
                    value.push(self.escape()?);
                    copied = self.at;
                }
                0..=0x1f => return None,
                _ => self.at += 1,
            }
        }
        let rest = &self.text[copied..self.at];
        self.at += 1;
        // An escape leaves at least one character.
        if value.is_empty() {
            return Some(Cow::Borrowed(rest));
        }
        value.push_str(rest);
        Some(Cow::Owned(value))
    }

    fn escape(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.hex(self.at)?;
                self.at += 4;
                self.scalar(unit)
            }
            _ => return None,
        })
    }

    /// A UTF-16 unit with its low surrogate, if one follows; a lone surrogate becomes U+FFFD.
    fn scalar(&mut self, unit: u32) -> char {
        if (0xd800..0xdc00).contains(&unit)
            && self.text[self.at..].starts_with("\\u")
            && let Some(low @ 0xdc00..0xe000) = self.hex(self.at + 2)
        {
            self.at += 6;
            let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.text.as_bytes().get(at..at + 4)?;
        let mut code = 0;
        for &digit in digits {
            code = code * 16 + char::from(digit).to_digit(16)?;
        }
        Some(code)
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn is_done(&mut self) -> bool {
        self.skip_blanks();
        self.at == self.text.len()
    }
}

const fn closing(bracket: u8) -> u8 {
    if bracket == b'[' { b']' } else { b'}' }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&[&str]>) {
        let values = match read_array(text) {
            Array::Strings(strings) => {
                Some(strings.into_iter().map(|(_, value)| value.into_owned()).collect::<Vec<_>>())
            }
            Array::Other(_) | Array::No => None,
        };
        let expected = expected.map(|values| values.iter().map(|&v| v.to_owned()).collect::<Vec<_>>());
        assert_eq!(values, expected, "{text:?}");
    }

    #[test]
    fn arrays_of_strings_are_read() {
        check(r#"["a", "b\n\u00e9\/" ]"#, Some(&["a", "b\né/"]));
        check("[]", Some(&[]));
        check("\u{a0}[ \t]", Some(&[]));
        check(r#"["\ud83d\ude00\ud83d\ud83d\ude00\udc00x"]"#, Some(&["😀\u{fffd}😀\u{fffd}x"]));
        check("[\"\x7fé\"]", Some(&["\x7fé"]));
    }

    #[test]
    fn lenient_json_is_rejected() {
        let bad = [
            "['a']",
            "[\"a\",]",
            "[\"a\"] # x",
            "[\"a\tb\"]",
            r#"["\x"]"#,
            "[",
            "[\"a\" \"b\"]",
            "[01]",
            "[1e999]",
            "[.5]",
            "[1.]",
            "[tru]",
            "[{\"a\"}]",
            "[[1}]",
            r#"["\u12"]"#,
            "[\u{a0}]",
            "[-]",
            "{}",
            "",
        ];
        for text in bad {
            assert_eq!(read_array(text), Array::No, "{text:?}");
        }
    }

    #[test]
    fn elements_of_other_types_are_found() {
        for (text, range) in
            [("[\"a\", 1]", 6..7), ("[ {\"a\": [null, -1.5e+3]}, 2]", 2..24), ("[[]]", 1..3), ("[{}]", 1..3)]
        {
            assert_eq!(read_array(text), Array::Other(range), "{text:?}");
        }
    }

    #[test]
    fn depth_is_bounded_as_in_go() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(matches!(read_array(&nested(10_000)), Array::Other(_)));
        assert_eq!(read_array(&nested(10_001)), Array::No);
    }

    #[test]
    fn serde_json_agrees() {
        let pieces = ["[", "]", "\"a\"", ",", "1", " ", "{", "}", ":", "\"\\u0041\"", "-0.5e1", "null", "'"];
        let mut seed = 7_u64;
        for _ in 0..20_000 {
            let mut text = String::from("[");
            for _ in 0..seed % 9 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
            }
            seed = seed.wrapping_add(1);
            let is_json = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            assert_eq!(read_array(&text) != Array::No, is_json, "{text}");
        }
    }

    #[test]
    fn members_are_found() {
        assert_eq!(read_member(r#" {"a": 1, "syntax": "x", "b": [{}]} "#, "syntax").as_deref(), Some("x"));
        assert_eq!(read_member(r#"{"syntax": "x", "syntax": 1}"#, "syntax"), None);
        assert_eq!(read_member(r#"{"syntax": "x"} y"#, "syntax"), None);
        assert_eq!(read_member("{}", "syntax"), None);
    }
}
