//! Texts within the quotes of others: `LABEL x="mysql -p\"X\""`, `command: 'mysql -p''X'''`. Such lines are read a second
//! time as the program sees them that gets them, without the escapes; what is found there is masked and not reported.

use std::ops::Range;

use super::found::{FoundSecret, Sign};

/// The maximum nesting of escapes that is read.
const DEEPEST: usize = 5;

/// Adds what `scan` finds in the lines of a text that hold escapes, once these are taken out.
pub(super) fn escaped(text: &str, scan: fn(&str, &mut Vec<FoundSecret>), secrets: &mut Vec<FoundSecret>) {
    let mut done = 0;
    for at in memchr::memchr3_iter(b'\\', b'\'', b'$', text.as_bytes()) {
        if at < done || escape(text.as_bytes(), at).is_none() {
            continue;
        }
        let lines = lines_around(text, done..at);
        done = lines.end;
        let mut layers: Vec<Plain> = Vec::new();
        while let Some(plain) = Plain::of(layers.last().map_or(&text[lines.clone()], |layer| &layer.text)) {
            let mut inner = Vec::new();
            scan(&plain.text, &mut inner);
            layers.push(plain);
            for secret in inner {
                let range = layers.iter().rev().fold(secret.range, |range, layer| layer.place(range));
                let range = lines.start + range.start..lines.start + range.end;
                let by = if secret.by == Sign::Hint { Sign::Hint } else { Sign::Throwaway };
                secrets.push(FoundSecret { value: secret.value, range, by });
            }
            if layers.len() == DEEPEST {
                break;
            }
        }
    }
}

/// The bytes of an escape that go away.
fn escape(bytes: &[u8], at: usize) -> Option<usize> {
    let next = bytes.get(at + 1)?;
    match bytes[at] {
        b'\\' => matches!(next, b'"' | b'\'' | b'$' | b'`' | b'\\').then_some(1),
        // `$'X'` of Bash, `$$` of compose files.
        b'$' => matches!(next, b'\'' | b'"' | b'$').then_some(1),
        b'\'' if bytes[at..].starts_with(SHELL_QUOTE) => Some(SHELL_QUOTE.len() - 1),
        // Of YAML and SQL. `NAME=''` is an empty value, and stays one.
        b'\'' => {
            let is_inner =
                |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_graphic() && !b"',;=:)]}".contains(byte));
            let before = at.checked_sub(1).map(|before| &bytes[before]);
            let is_whole = *next == b'\'' && !matches!(before, Some(b'\'' | b'\\'));
            (is_whole && (is_inner(bytes.get(at + 2)) || is_inner(before))).then_some(1)
        }
        _ => None,
    }
}

/// A single quote within single quotes of a shell.
const SHELL_QUOTE: &[u8] = b"'\\''";

/// The same in a text within single quotes of YAML.
const DOUBLED_SHELL_QUOTE: &[u8] = b"''\\''''";

/// Where a quote is closed, or the line ends. `is_escaped`: the opening one is. Within quotes an escaped one closes only
/// what one opened; two in a row are one character of YAML, and nothing in a shell.
pub(super) fn closing(inner: &str, quote: char, is_escaped: bool) -> usize {
    let bytes = inner.as_bytes();
    let mut at = 0;
    while let Some(next) = inner[at..].find([quote, '\n']) {
        let place = at + next;
        let behind_backslash = place > 0 && bytes[place - 1] == b'\\';
        let is_double = quote == '\'' && place > 0 && bytes.get(place + 1) == Some(&b'\'');
        if bytes[place] == b'\n' || !is_double && (quote == '\'' || behind_backslash == is_escaped) {
            return place;
        }
        at = place + 1 + usize::from(is_double);
        if is_escaped && !behind_backslash {
            return place;
        }
    }
    inner.len()
}

/// The lines of a place, with those that they continue and that continue them. Nothing before `place.start` counts.
fn lines_around(text: &str, place: Range<usize>) -> Range<usize> {
    let is_continued = |line: &str| line.trim_end_matches(['\r', ' ', '\t']).ends_with(['\\', '`']);
    let line_start = |before: &str| before.rfind('\n').map_or(place.start, |end| place.start + end + 1);
    let mut start = line_start(&text[place.clone()]);
    while start > place.start && is_continued(&text[place.start..start - 1]) {
        start = line_start(&text[place.start..start - 1]);
    }
    let mut end = place.end;
    loop {
        let Some(next) = text[end..].find('\n') else { return start..text.len() };
        end += next + 1;
        if !is_continued(&text[start..end - 1]) {
            return start..end - 1;
        }
    }
}

/// A text without its escapes.
struct Plain {
    text: String,
    /// For each byte that was taken out, the length of the text before it, ascending.
    removed: Vec<usize>,
}

impl Plain {
    /// `None` if nothing is escaped.
    fn of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let mut plain = Vec::with_capacity(text.len());
        let mut removed = Vec::new();
        // Quotes that were there, and of which kind some were escaped.
        let mut quotes = Vec::new();
        let (mut doubles, mut singles) = (false, false);
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at..].starts_with(DOUBLED_SHELL_QUOTE) {
                removed.extend(std::iter::repeat_n(plain.len(), DOUBLED_SHELL_QUOTE.len() - SHELL_QUOTE.len()));
                plain.extend(SHELL_QUOTE);
                at += DOUBLED_SHELL_QUOTE.len();
                singles = true;
                continue;
            }
            if let Some(length) = escape(bytes, at) {
                removed.extend(std::iter::repeat_n(plain.len(), length));
                at += length;
                doubles |= bytes[at] == b'"' && bytes[at - 1] == b'\\';
                singles |= bytes[at] == b'\'' && bytes[at - 1] != b'$';
            } else if matches!(bytes[at], b'"' | b'\'') {
                quotes.push(plain.len());
            }
            // What was escaped stays, also if it could escape.
            plain.push(bytes[at]);
            at += 1;
        }
        for quote in quotes {
            if if plain[quote] == b'"' { doubles } else { singles } {
                plain[quote] = b'\n';
            }
        }
        let text = String::from_utf8(plain).ok()?;
        (!removed.is_empty()).then_some(Self { text, removed })
    }

    /// A range of it in the text that it was made of, with the escapes inside.
    fn place(&self, range: Range<usize>) -> Range<usize> {
        let removed = |place: usize| self.removed.partition_point(|removed| *removed <= place);
        let start = range.start + removed(range.start);
        if range.is_empty() {
            return start..start;
        }
        start..range.end + removed(range.end - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_text_with_its_escapes() {
        for (text, plain, part) in [
            (r#"a \"b\" c"#, r#"a "b" c"#, "b"),
            (r#""a" \"b\" 'c'"#, "\na\n \"b\" 'c'", "b"),
            ("'a '\\''b'\\'' c'", "\na 'b' c\n", "b"),
            (r#"a \\\"b\\\" c"#, r#"a \"b\" c"#, "b"),
            (r"p\$q", "p$q", r"\$q"),
            ("-e ''x y''", "-e 'x y'", "x y"),
            (r"'a ''\''''b''\'''''", "\na '\\''b'\\''\n", "b"),
            ("-e $'x'", "-e 'x'", "x"),
            ("é\\\"ü\\\"", "é\"ü\"", "ü"),
        ] {
            let layer = Plain::of(text).unwrap();
            assert_eq!(layer.text, plain);
            let inner = part.trim_start_matches('\\');
            let at = plain.find(inner).unwrap();
            let place = layer.place(at..at + inner.len());
            assert!(part.ends_with(&text[place.clone()]) && text[place].ends_with(inner), "{text}");
        }
        for text in ["", "a 'b' c", "NAME=''", "C:\\temp", "a \\\nb", "$HOME"] {
            assert!(Plain::of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_line_is_read_with_those_that_it_continues() {
        let text = "FROM a\nRUN b \\\n  c \\\"d\\\" \\\n  e\nRUN f";
        let at = text.find("\\\"").unwrap();
        assert_eq!(&text[lines_around(text, 0..at)], "RUN b \\\n  c \\\"d\\\" \\\n  e");
        assert_eq!(&text[lines_around(text, 18..at)], &text[18..text.len() - 6]);
    }
}
