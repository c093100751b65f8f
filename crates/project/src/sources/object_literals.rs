//! The value of a setting in a JavaScript or TypeScript configuration file, if it is written as plain text.

use crate::sources::comments::comments;

/// What a file says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal<'t> {
    /// Nothing.
    Missing,
    /// This text.
    Text(&'t str),
    /// Something that only running it tells, or several things.
    Open,
}

/// The value of `key: "value"` or `"key": "value"` outside of comments.
pub fn literal<'t>(text: &'t str, key: &str) -> Literal<'t> {
    let mut literal = Literal::Missing;
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
                literal = Literal::Open;
            }
            continue;
        };
        let value = quoted(value.trim_start());
        literal = match (literal, value) {
            (Literal::Missing, Some(value)) => Literal::Text(value),
            (Literal::Text(old), Some(value)) if old == value => literal,
            _ => Literal::Open,
        };
    }
    literal
}

/// A key with several values, or in a form that is not read.
#[derive(Debug, PartialEq, Eq)]
pub struct Unclear;

/// The one value of `key:` outside of comments, as it is written.
///
/// # Errors
/// Where the key has several values, or one in a form that is not read.
pub fn value<'t>(text: &'t str, key: &str) -> Result<Option<&'t str>, Unclear> {
    let comments = comments(text);
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '.' | '-');
    let mut end = None;
    for (at, _) in text.match_indices(key) {
        let rest = &text[at + key.len()..];
        if text[..at].ends_with(inside)
            || rest.starts_with(inside)
            || comments.iter().any(|comment| comment.contains(&at))
        {
            continue;
        }
        let value = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':').ok_or(Unclear)?;
        // `https://host` in a text is no key.
        if value.starts_with("//") {
            continue;
        }
        let value = value.trim_start();
        if end.replace(&value[..length(value)]).is_some() {
            return Err(Unclear);
        }
    }
    Ok(end)
}

/// The members of an object in braces: keys and values as they are written; `None` where one is no plain pair.
pub fn members(object: &str) -> Option<Vec<(&str, &str)>> {
    let mut rest = object.strip_prefix('{')?;
    let mut literals = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t', '\r', '\n']);
        if rest.starts_with('}') {
            return Some(literals);
        }
        let (key, behind) = if let Some(key) = quoted(rest) {
            (key, &rest[key.len() + 2..])
        } else {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$'))?;
            (&rest[..end], &rest[end..])
        };
        if key.is_empty() {
            return None;
        }
        let value = behind.trim_start().strip_prefix(':')?.trim_start();
        let end = length(value);
        literals.push((key, value[..end].trim_end()));
        rest = &value[end..];
    }
}

/// The port that a configuration of Vite, without comments, gives one of its servers (`server`, `preview`); nothing where it
/// gives none.
///
/// # Errors
/// Where only running it tells.
pub fn vite_port(text: &str, server: &str) -> Result<Option<u16>, Unclear> {
    let Some(object) = value(text, server)? else {
        // `...settings` may say it.
        return if text.contains("...") { Err(Unclear) } else { Ok(None) };
    };
    let all = members(object).ok_or(Unclear)?;
    let Some((_, port)) = all.into_iter().find(|(key, _)| *key == "port") else { return Ok(None) };
    port.parse().map(Some).map_err(|_| Unclear)
}

/// The bytes of a value up to the comma or bracket that ends it.
fn length(value: &str) -> usize {
    let (mut depth, mut quote, mut escaped) = (0_u32, None, false);
    for (at, c) in value.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '{' | '[' | '(') => depth += 1,
            (None, '}' | ']' | ')' | ',') if depth == 0 => return at,
            (None, '}' | ']' | ')') => depth -= 1,
            _ => {}
        }
    }
    value.len()
}

/// The text in quotes at the start.
pub fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let (value, rest) = text[1..].split_once(quote)?;
    let plain = !value.contains(['$', '\\']) && !rest.trim_start().starts_with(['+', '.']);
    plain.then_some(value)
}

/// A relative path with `.` resolved; `None` where it leaves the folder, or is the folder itself.
pub fn inner(path: &str) -> Option<String> {
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
    fn values_and_members() {
        let text = "export default { // port: 1\n preview: { port: 8080, proxy: { '/api': 'http://a', \"/b\": { target: `x,}` } } }, base: '/' }";
        let preview = value(text, "preview").ok().flatten().unwrap_or_default();
        let keys: Vec<_> = members(preview).unwrap_or_default();
        assert_eq!(keys[0], ("port", "8080"));
        let proxy = members(keys[1].1).unwrap_or_default();
        assert_eq!(proxy, [("/api", "'http://a'"), ("/b", "{ target: `x,}` }")]);
        assert_eq!(value(text, "server"), Ok(None));
        assert_eq!(value("a: 1, b: { a: 2 }", "a"), Err(Unclear));
        for odd in ["{ ...a }", "{ a, b: 1 }", "{ a() {} }", "a", "{ a: 1"] {
            assert_eq!(members(odd), None, "{odd}");
        }
    }

    #[test]
    fn ports_of_vite() {
        assert_eq!(vite_port("export default { server: { host: true, port: 5173 } }", "server"), Ok(Some(5173)));
        assert_eq!(vite_port("export default { server: { host: true } }", "server"), Ok(None));
        assert_eq!(vite_port("export default { plugins: [] }", "preview"), Ok(None));
        for text in ["{ server: { port: PORT } }", "{ server }", "{ ...shared }"] {
            assert_eq!(vite_port(text, "server"), Err(Unclear), "{text}");
        }
    }

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
