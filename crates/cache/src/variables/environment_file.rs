//! Files of variables: which they are, and what stands in them where.

use crate::data;
use crate::manifest::FileKind;
use crate::secret;
use crate::text::path;

/// A line of such a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileVariable {
    /// Its name.
    pub(super) name: String,
    /// The offset of the name.
    pub(super) at: usize,
    /// The value as written, without quotes.
    pub(super) value: String,
    /// Whether the line is a comment, which only shows the variable.
    pub(super) is_comment: bool,
}

/// Whether a file of this name sets variables: `.env`, `.env.local`, `api.env`, `env.example`.
pub fn is_environment_file(name: &str) -> bool {
    let mut parts = name.split('.');
    let holds = parts.clone().any(|part| part == "env" || part == "envrc");
    let is_named = name.starts_with(".env") || parts.next_back() == Some("env") || is_example(name);
    holds && is_named && !FileKind::of(name).has_code() && !FileKind::of(name).is_shell()
}

/// Whether it shows which variables there are, without values that count.
pub(super) fn is_example(path: &str) -> bool {
    path::name(path).split(['.', '-', '_']).any(is_example_word)
}

/// `example`, `sample`; `test` is an environment.
fn is_example_word(word: &str) -> bool {
    secret::is_example_file(word) && !data::NAME_WORDS.has(&word.to_ascii_lowercase(), "environment")
}

/// The name without the words that make it an example: that of the file which people copy it to.
pub(super) fn stem(path: &str) -> Vec<String> {
    let parts = path::name(path).split(['.', '-', '_']).filter(|part| !part.is_empty());
    parts.filter(|part| !is_example_word(part)).map(str::to_ascii_lowercase).collect()
}

/// The variables of a text, those in comments too (`# PORT=80`).
pub(super) fn variables(text: &str) -> Vec<FileVariable> {
    let mut variables = Vec::new();
    let mut at = 0;
    // The quote of a value that goes over several lines.
    let mut open: Option<char> = None;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if let Some(quote) = open {
            open = if ends_quote(line, quote) { None } else { open };
            continue;
        }
        let bare = line.trim();
        let is_comment = bare.starts_with('#');
        let inner = bare.trim_start_matches(['#', ' ', '\u{feff}']);
        let inner = inner.strip_prefix("export ").unwrap_or(inner).trim_start();
        let Some((name, value)) = inner.split_once(['=', ':']) else { continue };
        let is_separated = inner[name.len()..].starts_with('=') || value.is_empty() || value.starts_with(' ');
        let name = name.trim_end();
        if !is_separated || !is_name(name) || is_comment && !inner[name.len()..].starts_with('=') {
            continue;
        }
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        if let Some(quote) = quote
            && !is_comment
            && !ends_quote(&value[1..], quote)
        {
            open = Some(quote);
        }
        let offset = start + line.find(name).unwrap_or_default();
        variables.push(FileVariable { name: name.to_owned(), at: offset, value: plain(value, quote), is_comment });
    }
    variables
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// Whether a quote is closed in a text.
fn ends_quote(text: &str, quote: char) -> bool {
    let mut is_escaped = false;
    text.chars().any(|c| {
        let closes = c == quote && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        closes
    })
}

/// A value without quotes and without the comment behind it.
fn plain(value: &str, quote: Option<char>) -> String {
    match quote {
        Some(quote) => value[1..].split(quote).next().unwrap_or_default().to_owned(),
        None => value.split(" #").next().unwrap_or_default().trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell() {
        for name in
            [".env", ".env.local", "api.env", "env.example", ".env.example", "example.env", ".envrc", ".env.test"]
        {
            assert!(is_environment_file(name), "{name}");
        }
        for name in ["env.ts", "env.d.ts", "environment.py", "env.py", "env.sh", ".environment", "my.example"] {
            assert!(!is_environment_file(name), "{name}");
        }
        assert!(is_example("a/.env.test.example") && !is_example(".env.test"));
        assert_eq!(stem(".env.test.example"), ["env", "test"]);
        assert_eq!(stem("env-example"), stem(".env"));
    }

    #[test]
    fn variables_are_read_with_their_places() {
        let text = "# A note: see below\n#A1=a\nexport B1 = 'b # b' # c\nC1=c # c\nD1=\"one\nX1=x\ntwo\"\nE1: e\nhttp://x=1\nF1\n=\n";
        let read: Vec<(String, String, bool)> =
            variables(text).into_iter().map(|known| (known.name, known.value, known.is_comment)).collect();
        let row = |name: &str, value: &str, is_comment: bool| (name.to_owned(), value.to_owned(), is_comment);
        let expected = [
            row("A1", "a", true),
            row("B1", "b # b", false),
            row("C1", "c", false),
            row("D1", "one", false),
            row("E1", "e", false),
        ];
        assert_eq!(read, expected);
        for known in variables(text) {
            assert!(text[known.at..].starts_with(&known.name), "{known:?}");
        }
        assert_eq!(variables(&"A='".repeat(100_000)).len(), 1);
    }
}
