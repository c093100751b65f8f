//! Splits source code by its quotes and brackets, in languages that write both like C or Python. Comments are already
//! blanked out.

use super::comments::quoted_length;

/// The maximum length of an expression, in bytes.
const LONGEST: usize = 4_000;

/// A character outside quotes.
#[derive(Clone, Copy)]
struct Mark {
    at: usize,
    byte: u8,
    /// The number of open brackets around it.
    depth: usize,
}

/// The characters of a text outside quotes, up to a closing bracket without an opening one.
struct Outside<'t> {
    bytes: &'t [u8],
    at: usize,
    depth: usize,
}

impl Iterator for Outside<'_> {
    type Item = Mark;

    fn next(&mut self) -> Option<Mark> {
        let mut byte = *self.bytes.get(self.at)?;
        while b"\"'`".contains(&byte) {
            self.at += quoted_length(&self.bytes[self.at..], byte);
            byte = *self.bytes.get(self.at)?;
        }
        if b")]}".contains(&byte) {
            self.depth = self.depth.checked_sub(1)?;
        }
        let mark = Mark { at: self.at, byte, depth: self.depth };
        if b"([{".contains(&byte) {
            self.depth += 1;
        }
        self.at += 1;
        Some(mark)
    }
}

fn outside(text: &str) -> Outside<'_> {
    Outside { bytes: text.as_bytes(), at: 0, depth: 0 }
}

/// The first bytes of a text, as many as an expression may have.
fn head(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// The text between the bracket at its start and the matching closing bracket.
pub fn bracketed(text: &str) -> Option<&str> {
    let text = head(text);
    let end = outside(text).find(|mark| mark.at > 0 && mark.depth == 0 && b")]}".contains(&mark.byte))?;
    Some(&text[1..end.at])
}

/// Bytes before a word in which the bracket is looked for that it stands in.
const ENCLOSED: usize = 2_000;

/// What is between the braces that a place stands in: the other keys of a dictionary.
pub fn enclosing_braces(text: &str, at: usize) -> Option<&str> {
    let from = text.floor_char_boundary(at.saturating_sub(ENCLOSED));
    let mut depth = 0_usize;
    for (offset, byte) in text.as_bytes()[from..at].iter().enumerate().rev() {
        match byte {
            b'}' => depth += 1,
            b'{' if depth == 0 => return bracketed(&text[from + offset..]),
            b'{' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The parts between separators outside quotes and brackets.
pub fn split<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    for Mark { at, depth, .. } in outside(text) {
        if depth == 0 && at >= start && text.as_bytes()[at..].starts_with(separator.as_bytes()) {
            parts.push(&text[start..at]);
            start = at + separator.len();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The arguments of a list; an empty one after the last comma does not count.
pub fn arguments(list: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = split(list, ",").into_iter().map(str::trim).collect();
    if parts.last().is_some_and(|last| last.is_empty()) {
        parts.pop();
    }
    parts
}

/// The expression at the start of a text: up to a comma, a semicolon, an enclosing bracket, or the end of its last
/// line.
pub fn expression(text: &str) -> &str {
    let text = head(text);
    let ends = |at: usize, byte: u8| match byte {
        b',' | b';' => true,
        b'\n' => !goes_on(&text[..at], &text[at..]),
        _ => false,
    };
    let mut marks = outside(text);
    let end = marks.find(|mark| mark.depth == 0 && ends(mark.at, mark.byte));
    text[..end.map_or(marks.at.min(text.len()), |mark| mark.at)].trim()
}

/// Whether an expression does not end with its line.
fn goes_on(before: &str, after: &str) -> bool {
    let (before, after) = (before.trim_end(), after.trim_start());
    let operators = |c: char| "|&?:+=/(".contains(c);
    before.is_empty()
        || before.ends_with(operators)
        || before.ends_with(" or")
        || after.starts_with(['|', '?', '.', '+'])
        || after.starts_with("or ")
        || after.starts_with(": ")
}

/// The callee and the arguments, if the whole expression is a call.
pub fn call(expression: &str) -> Option<(&str, &str)> {
    last_group(expression, b'(', ')')
}

/// The object and the key of `a["key"]`, if that is the whole expression.
pub fn subscript(expression: &str) -> Option<(&str, &str)> {
    last_group(expression, b'[', ']')
}

fn last_group(expression: &str, open: u8, close: char) -> Option<(&str, &str)> {
    let inside = expression.strip_suffix(close)?;
    let at = outside(expression).filter(|mark| mark.byte == open && mark.depth == 0).last()?.at;
    // Everything after it is inside it.
    let whole = bracketed(&expression[at..])?.len() + at + 2 == expression.len();
    whole.then(|| (expression[..at].trim(), &inside[at + 1..]))
}

/// The name after the last dot, and the part before it.
pub fn member(expression: &str) -> (Option<&str>, &str) {
    let mut parts = split(expression, "::");
    let last = parts.pop().unwrap_or_default();
    if !parts.is_empty() && !last.contains('.') {
        return (Some(&expression[..expression.len() - last.len() - 2]), last);
    }
    let last = split(expression, ".").pop().unwrap_or_default();
    match expression.len().checked_sub(last.len() + 1) {
        Some(end) => (Some(expression[..end].trim_end().trim_end_matches('?')), last.trim()),
        None => (None, last.trim()),
    }
}

/// The positions of a name in a text as a whole word.
pub fn words<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + use<'t> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    text.match_indices(name)
        .map(|(at, _)| at)
        .filter(move |at| !text[..*at].ends_with(inside) && !text[at + name.len()..].starts_with(inside))
}

/// The name that a text ends with; empty where it ends with something else.
pub fn last_name(text: &str) -> &str {
    text.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_reported() {
        assert_eq!(last_name("a→b_1"), "b_1");
        assert_eq!(last_name("a→"), "");
        assert_eq!(bracketed("(a, ')', (b)) + c"), Some("a, ')', (b)"));
        assert_eq!(split("a || (b || c) || '||'", "||"), ["a ", " (b || c) ", " '||'"]);
        assert_eq!(arguments("a, f(b, c), \"d,e\",\n"), ["a", "f(b, c)", "\"d,e\""]);
        assert_eq!(call("path.join(a, b)"), Some(("path.join", "a, b")));
        assert_eq!(call("f(a).g(b)"), Some(("f(a).g", "b")));
        assert_eq!(call("f(a) + (b)"), Some(("f(a) +", "b")));
        assert_eq!(subscript("os.environ['A']"), Some(("os.environ", "'A'")));
        assert_eq!(member("a.b(c.d).e"), (Some("a.b(c.d)"), "e"));
        assert_eq!(member("Path::new"), (Some("Path"), "new"));
        assert_eq!(member("a"), (None, "a"));
    }

    #[test]
    fn expressions_end() {
        for (text, expected) in [
            (" a + b;\nc", "a + b"),
            (" f(a,\n  b)\nc", "f(a,\n  b)"),
            (" process.env.A ||\n  'b'\nc", "process.env.A ||\n  'b'"),
            (" a\n  || b\nc", "a\n  || b"),
            (" 'a', b: c }", "'a'"),
            (" { a: b } }", "{ a: b }"),
            (" 'a' }\nb", "'a'"),
            (" a)", "a"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }
}
