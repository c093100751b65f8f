//! Flags before an instruction's arguments, read byte by byte as BuildKit does. Knows no flag by name.

use std::ops::Range;

use super::whitespace::is_latin_space;

/// A flag's bytes in the text, and its text where quotes, escapes or bytes beyond ASCII make that another.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RawFlag {
    /// Byte range; with bytes beyond ASCII its end may lie inside a character.
    pub(super) bytes: Range<usize>,
    /// What BuildKit makes of it.
    pub(super) unquoted: Option<Box<str>>,
}

/// Reads the words that begin with `--`; gives the offset of what follows them, which may lie inside a character. A
/// bare `--` ends the flags and is swallowed: `dashes` gets its range.
pub(super) fn split_flags(text: &str, escape: u8, dashes: &mut Option<Range<usize>>) -> (Vec<RawFlag>, usize) {
    let bytes = text.as_bytes();
    let mut flags = Vec::new();
    let mut at = 0;
    loop {
        while bytes.get(at).is_some_and(|&byte| is_latin_space(byte)) {
            at += 1;
        }
        if !bytes[at..].starts_with(b"--") {
            return (flags, at);
        }
        let (flag, next) = read_flag(bytes, at, escape);
        at = next;
        if flag.unquoted.as_deref().unwrap_or("") == "--" || (flag.unquoted.is_none() && flag.bytes.len() == 2) {
            *dashes = Some(flag.bytes);
            return (flags, at);
        }
        flags.push(flag);
    }
}

/// The flag at `start`, and where to go on.
fn read_flag(bytes: &[u8], start: usize, escape: u8) -> (RawFlag, usize) {
    let mut quote = None;
    let mut at = start;
    // Filled from the first byte on that does not stand for itself.
    let mut decoded: Option<String> = None;
    while let Some(&byte) = bytes.get(at) {
        if quote.is_none() && is_latin_space(byte) {
            break;
        }
        at += 1;
        let literal = if byte == escape {
            let escaped = bytes.get(at).copied();
            at += usize::from(escaped.is_some());
            escaped
        } else if quote == Some(byte) {
            quote = None;
            None
        } else if quote.is_none() && matches!(byte, b'"' | b'\'') {
            quote = Some(byte);
            None
        } else if byte < 0x80 && decoded.is_none() {
            continue;
        } else {
            Some(byte)
        };
        let before = at - 1 - usize::from(byte == escape && literal.is_some());
        let decoded = decoded.get_or_insert_with(|| latin(&bytes[start..before]));
        decoded.extend(literal.map(char::from));
    }
    (RawFlag { bytes: start..at, unquoted: decoded.map(String::into_boxed_str) }, at)
}

fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str], rest: &str) {
        let (flags, at) = split_flags(text, b'\\', &mut None);
        let flag_text = |flag: &RawFlag| text[flag.bytes.clone()].to_owned();
        let flags: Vec<String> =
            flags.iter().map(|flag| flag.unquoted.as_deref().map_or_else(|| flag_text(flag), str::to_owned)).collect();
        assert_eq!(flags, expected, "{text:?}");
        assert_eq!(&text[at..], rest, "{text:?}");
    }

    #[test]
    fn flags_end_at_the_first_other_word() {
        check("--from=a --link b --c", &["--from=a", "--link"], "b --c");
        check("a --b", &[], "a --b");
        check("-- --a b", &[], " --a b");
        check("--a -- b", &["--a"], " b");
        check("--", &[], "");
    }

    #[test]
    fn quotes_and_escapes_are_removed() {
        check(r#"--a="b c"'d' e"#, &["--a=b cd"], "e");
        check(r"--a=b\ c\\ d", &[r"--a=b c\"], "d");
        check(r#"--a="b\"c" d"#, &["--a=b\"c"], "d");
        check("--a='b c d", &["--a=b c d"], "");
        check("--a\\", &["--a"], "");
        check(r#"--"" b"#, &[], " b");
    }

    #[test]
    fn bytes_are_taken_for_latin_1() {
        check("--chown=é x", &["--chown=Ã©"], "x");
        check("--chown=àx a", &["--chown=Ã"], "x a");
    }
}
