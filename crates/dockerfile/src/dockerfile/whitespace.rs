//! White space as BuildKit knows it, in three kinds, and line ends. Knows nothing of instructions.

/// The blanks at which BuildKit splits instructions into keyword and words (its regular expression's class).
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c)
}

/// A byte that counts as white space where BuildKit takes bytes for characters: also the two of Latin-1.
pub(super) const fn is_latin_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0x85 | 0xa0)
}

/// The length of the white space at the start of `text`.
pub(super) fn leading_space(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t'..=b'\r' => at += 1,
            0x80.. => match text[at..].chars().next() {
                Some(c) if c.is_whitespace() => at += c.len_utf8(),
                _ => break,
            },
            _ => break,
        }
    }
    at
}

/// A physical line without its end: LF and every CR before it.
pub(super) fn without_line_end(line: &str) -> &str {
    let bytes = line.as_bytes();
    let mut end = bytes.len();
    while end > 0 && matches!(bytes[end - 1], b'\n' | b'\r') {
        end -= 1;
    }
    &line[..end]
}

/// The part of a line before its continuation mark: `escape`, then only spaces and TABs. `None` when the line is not
/// continued; an escape before the mark makes it none, even where that one is itself escaped.
pub(super) fn before_continuation(line: &str, escape: u8) -> Option<&str> {
    let bytes = line.as_bytes();
    let mut end = bytes.len();
    while end > 0 && matches!(bytes[end - 1], b' ' | b'\t') {
        end -= 1;
    }
    let mark = end.checked_sub(1).filter(|&mark| bytes[mark] == escape)?;
    if mark > 0 && bytes[mark - 1] == escape {
        return None;
    }
    Some(&line[..mark])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<&str>) {
        assert_eq!(before_continuation(line, b'\\'), expected, "{line:?}");
    }

    #[test]
    fn a_mark_may_be_followed_by_spaces_and_tabs_only() {
        check("RUN a \\", Some("RUN a "));
        check("RUN a \\ \t", Some("RUN a "));
        check("\\", Some(""));
        check("a\\ \\", Some("a\\ "));
        check("a\\\\", None);
        check("a\\\\\\", None);
        check("a\\\x0c", None);
        check("a\\\u{a0}", None);
        check("a", None);
        check("", None);
    }

    #[test]
    fn every_cr_before_the_line_end_belongs_to_it() {
        assert_eq!(without_line_end("a \r\r\n"), "a ");
        assert_eq!(without_line_end("\r\n"), "");
        assert_eq!(without_line_end("a"), "a");
    }

    #[test]
    fn white_space_is_unicode() {
        assert_eq!(leading_space(" \t\u{a0}\u{3000}\u{85}x "), 9);
        assert_eq!(leading_space("\u{200b}x"), 0);
    }
}
