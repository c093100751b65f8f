//! A setting's value in a configuration file of JavaScript or TypeScript, where it stands there as a plain text.

use crate::sources::comments::comments;

/// What a file says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::optimize) enum Literal<'t> {
    /// Nothing.
    Missing,
    /// This text.
    Text(&'t str),
    /// Something that only running it tells, or several things.
    Open,
}

/// The value of `key: "value"` or `"key": "value"` outside of comments.
pub(in crate::optimize) fn literal<'t>(text: &'t str, key: &str) -> Literal<'t> {
    let mut found = Literal::Missing;
    let comments = comments(text);
    for (at, _) in text.match_indices(key) {
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '.' | '-');
        if text[..at].ends_with(inside) || comments.iter().any(|comment| comment.contains(&at)) {
            continue;
        }
        let rest = text[at + key.len()..].trim_start_matches(['"', '\'']).trim_start();
        let Some(value) = rest.strip_prefix(':') else {
            // `outDir,` takes a variable's value.
            if rest.is_empty() || rest.starts_with([',', '}']) {
                found = Literal::Open;
            }
            continue;
        };
        let value = quoted(value.trim_start());
        found = match (found, value) {
            (Literal::Missing, Some(value)) => Literal::Text(value),
            (Literal::Text(old), Some(value)) if old == value => found,
            _ => Literal::Open,
        };
    }
    found
}

/// The text in quotes at the start.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let (value, rest) = text[1..].split_once(quote)?;
    let plain = !value.contains(['$', '\\']) && !rest.trim_start().starts_with(['+', '.']);
    plain.then_some(value)
}

/// A relative path with `.` resolved; `None` where it leaves the folder, or is the folder itself.
pub(super) fn inner(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(['*', '$', '\\', '"', ' ']) {
        return None;
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals() {
        for (text, expected) in [
            ("{\"outDir\": \"./dist\"}", Literal::Text("./dist")),
            ("build: { outDir: 'out' }", Literal::Text("out")),
            ("  // outDir: 'out'\n", Literal::Missing),
            ("a: 1, // outDir: 'out'", Literal::Missing),
            ("/*\noutDir: 'out'\n*/", Literal::Missing),
            ("outDir:\n  'out',", Literal::Text("out")),
            ("outDir: process.env.OUT", Literal::Open),
            ("outDir: `a/${b}`", Literal::Open),
            ("const outDir = 1; x({ outDir })", Literal::Open),
            ("outDir: 'a'\noutDir: 'b'", Literal::Open),
            ("myoutDir: 'a'", Literal::Missing),
        ] {
            assert_eq!(literal(text, "outDir"), expected, "{text}");
        }
        assert_eq!(inner("./a/../dist/").as_deref(), Some("dist"));
        assert_eq!(inner("../dist"), None);
        assert_eq!(inner("./"), None);
    }
}
