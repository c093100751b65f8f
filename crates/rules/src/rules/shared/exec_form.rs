//! Words of an exec form that only a shell understands.

/// Whether a word means something to a shell only (POSIX.1-2017, XCU 2.10.2: operators of the grammar).
pub(in crate::rules) fn is_operator(word: &str) -> bool {
    matches!(word, "|" | "||" | "&&" | ";" | ">" | ">>" | "<")
}

/// Whether a word is an option, a user or a URL with a variable as its last part: `-p$PASSWORD`. Scripts of clients have
/// a `$` too (`{ $set: … }`).
pub(in crate::rules) fn ends_with_variable(word: &str) -> bool {
    let Some((before, _)) = word.split_once('$') else { return false };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=:./@".contains(c);
    before.chars().all(is_plain) && is_variable(&word[before.len()..])
}

/// Whether a word is nothing but a variable.
fn is_variable(word: &str) -> bool {
    let Some(name) = word.strip_prefix('$') else { return false };
    let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether the first word of an exec form is several words of a command line, so that no program has this name.
pub(in crate::rules) fn is_command_line(word: &str) -> bool {
    let mut parts = word.split_whitespace();
    let Some(first) = parts.next() else { return false };
    // Words of Windows.
    if word.contains('\\') {
        return false;
    }
    let is_argument = |part: &str| part.starts_with('-') || part.contains('$') || is_operator(part);
    let rest: Vec<&str> = parts.collect();
    // A folder may have a space in its name: `/opt/My App/run`.
    if rest.is_empty() { word != first } else { !first.contains('/') || rest.into_iter().any(is_argument) }
}

/// The words of a command line, each quoted for an array; `None` where a shell would change one.
pub(in crate::rules) fn separate_words(line: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " _-./:=@,%+".contains(c);
    let words: Vec<String> = line.split_whitespace().map(|word| format!("\"{word}\"")).collect();
    (line.chars().all(is_plain) && !words.is_empty()).then(|| words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_no_programs() {
        for word in ["npm start", "bundle exec rails", "/app/start.sh --port 80", "./run $PORT", "npm ", " node"] {
            assert!(is_command_line(word), "{word}");
        }
        for word in ["npm", "/opt/My App/run", "C:\\Program Files\\a.exe", "./my server", ""] {
            assert!(!is_command_line(word), "{word}");
        }
        assert_eq!(separate_words("npm  start").as_deref(), Some("\"npm\", \"start\""));
        assert_eq!(separate_words("a && b"), None);
    }
}
