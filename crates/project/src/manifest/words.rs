//! Line readers for the manifests that are programs or lines: quoted words, comments, settings.

/// The line up to its comment, trimmed. The mark counts at the line's start or after white space, outside of quotes.
pub(super) fn without_comment<'t>(line: &'t str, mark: &str) -> &'t str {
    let mut quote = None;
    let mut spaced = true;
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if spaced && line[at..].starts_with(mark) => return line[..at].trim(),
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        spaced = c.is_whitespace();
    }
    line.trim()
}

/// The contents of the quoted texts of a line, in order; one that does not end is none.
pub(super) fn quoted(line: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = line;
    while let Some(open) = rest.find(['"', '\'']) {
        let quote = &rest[open..=open];
        let inner = &rest[open + 1..];
        let Some(close) = inner.find(quote) else { break };
        out.push(&inner[..close]);
        rest = &inner[close + 1..];
    }
    out
}

/// The text without one pair of quotes around it.
pub(super) fn unquote(text: &str) -> &str {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)) {
            return inner;
        }
    }
    text
}

/// The first line of a file that holds only a version (`.nvmrc`, `.python-version`).
pub(super) fn first_line(text: &str) -> Option<&str> {
    text.lines().map(|line| without_comment(line, "#")).find(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_quotes() {
        assert_eq!(without_comment("a \"# b\" # c", "#"), "a \"# b\"");
        assert_eq!(without_comment("git+x#egg=a #c", "#"), "git+x#egg=a");
        assert_eq!(without_comment("it's", "#"), "it's");
        assert_eq!(quoted("gem 'a', \"~> 1\", x: 'b"), ["a", "~> 1"]);
        assert_eq!(unquote("\"a'"), "\"a'");
        assert_eq!(first_line("# x\n v20 \n"), Some("v20"));
    }
}
