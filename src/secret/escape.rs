//! Texts within the quotes of others: `LABEL x="mysql -p\"X\""`, `command: 'mysql -p''X'''`. Such lines are read a second
//! time as the program sees them that gets them, without the escapes; what is found there is masked and not reported.

use std::ops::Range;

use super::found::{FoundSecret, Sign};

/// The maximum nesting of escapes that is read.
const DEEPEST: usize = 3;

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
            let mut found = Vec::new();
            scan(&plain.text, &mut found);
            layers.push(plain);
            for secret in found {
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
        // Of YAML and SQL. `NAME=''` is an empty value, and stays one.
        b'\'' => {
            let is_inner = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_graphic() && !b"',;=:)]}".contains(byte));
            let before = at.checked_sub(1).map(|before| &bytes[before]);
            let is_outside = before != Some(&b'\'');
            (*next == b'\'' && is_outside && (is_inner(bytes.get(at + 2)) || is_inner(before))).then_some(1)
        }
        _ => None,
    }
}

/// The lines of a place, with those that they continue and that continue them. Nothing before `place.start` counts.
fn lines_around(text: &str, place: Range<usize>) -> Range<usize> {
    let is_continued = |line: &str| line.trim_end_matches(['\r', ' ', '\t']).ends_with(['\\', '`']);
    let mut start = place.end;
    while let Some(end) = text[place.start..start].rfind('\n').map(|end| place.start + end) {
        if start < place.end && !is_continued(&text[place.start..end]) {
            break;
        }
        start = end;
    }
    let start = if text[start..].starts_with('\n') { start + 1 } else { place.start };
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
        let mut plain = Self { text: String::with_capacity(text.len()), removed: Vec::new() };
        let mut from = 0;
        let mut at = 0;
        while let Some(next) = memchr::memchr3(b'\\', b'\'', b'$', &bytes[at..]) {
            at += next;
            if let Some(length) = escape(bytes, at) {
                plain.text.push_str(&text[from..at]);
                plain.removed.extend(std::iter::repeat_n(plain.text.len(), length));
                from = at + length;
                // What was escaped stays, also if it could escape.
                at = from;
            }
            at += 1;
        }
        plain.text.push_str(&text[from..]);
        (!plain.removed.is_empty()).then_some(plain)
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
            (r#"a \\\"b\\\" c"#, r#"a \"b\" c"#, "b"),
            (r"p\$q", "p$q", r"\$q"),
            ("-e ''x y''", "-e 'x y'", "x y"),
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
