//! What programs print about missing settings and test runs (`data/program_messages.tsv`).

use std::sync::LazyLock;

use regex::Regex;

use crate::data;

/// Names that are told at most.
const NAMES: usize = 4;

/// A message of a program.
struct Message {
    meaning: &'static str,
    pattern: Regex,
}

static MESSAGES: LazyLock<Vec<Message>> = LazyLock::new(|| {
    let read = |row: data::Row| Some(Message { meaning: row[1], pattern: pattern(row[0])? });
    data::PROGRAM_MESSAGES.rows().filter_map(read).collect()
});

fn pattern(text: &str) -> Option<Regex> {
    let words: Vec<String> = text.split_whitespace().map(regex::escape).collect();
    let edge = if text.starts_with(char::is_alphanumeric) { r"\b" } else { "" };
    let text = edge.to_owned() + &words.join(r"\s+");
    let text = text.replace(r"\{\}", r"\b([A-Za-z_][A-Za-z0-9_]*)").replace(r"\{NAME\}", r"\b([A-Z][A-Z0-9_]*)");
    Regex::new(&text.replace(r"\{n\}", "[1-9][0-9]*")).ok()
}

/// The environment variables that a program says it has not, and that are not `given`. A field or setting stands for the
/// variable of its name; `known` tells which are read, with their prefixes.
pub fn unset_variables<'k>(
    words: &str,
    known: impl Iterator<Item = &'k str> + Clone,
    is_given: impl Fn(&str) -> bool,
) -> Vec<String> {
    let words = plain(words);
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if !is_given(&name) && !names.contains(&name) && names.len() < NAMES {
            names.push(name);
        }
    };
    for message in MESSAGES.iter().filter(|message| message.meaning == "unset variable") {
        for captures in message.pattern.captures_iter(&words) {
            let Some(name) = captures.get(1) else { continue };
            let suffix = name.as_str().to_ascii_uppercase();
            let ends = |other: &&str| other.strip_suffix(&*suffix).is_some_and(|prefix| prefix.ends_with('_'));
            let longer = if known.clone().any(|other| other == suffix) { None } else { known.clone().find(ends) };
            add(longer.map_or(suffix, str::to_owned));
        }
    }
    if !names.is_empty() {
        return names;
    }
    // No message that is known: a variable that is named where the program gives up.
    let last: Vec<&str> = words.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = last[last.len().saturating_sub(LAST)..].join("\n");
    let mut read: Vec<(usize, &str)> =
        known.filter(|name| !is_given(name)).filter_map(|name| Some((position(&last, name)?, name))).collect();
    read.sort_unstable();
    read.into_iter().take(NAMES).map(|(_, name)| name.to_owned()).collect()
}

/// Lines of a program's end that may name a variable.
const LAST: usize = 12;

/// Where a word stands by itself.
fn position(text: &str, word: &str) -> Option<usize> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let bare = |c: Option<char>| c.is_none_or(|c| !is_word(c));
    let mut places = text.match_indices(word).map(|(at, _)| at);
    places.find(|at| bare(text[..*at].chars().next_back()) && bare(text[at + word.len()..].chars().next()))
}

/// Whether a program that was to test says that it ran no test at all.
pub fn ran_no_tests(words: &str) -> bool {
    let words = plain(words);
    let says =
        |meaning: &str| MESSAGES.iter().any(|message| message.meaning == meaning && message.pattern.is_match(&words));
    says("runs no test") && !says("runs tests")
}

/// A text without the colours of a terminal.
fn plain(text: &str) -> String {
    static COLOUR: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("\u{1b}\\[[0-9;]*[A-Za-z]").ok());
    COLOUR.as_ref().map_or_else(|| text.to_owned(), |colour| colour.replace_all(text, "").into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, known: &[&str], expected: &[&str]) {
        assert_eq!(unset_variables(words, known.iter().copied(), |name| name == "GIVEN"), expected, "{words}");
    }

    #[test]
    fn variables_that_are_missing_are_named() {
        let pydantic = "ValidationError: 2 validation errors for S\ndatabase_url\n  Field required [type=missing, input_value={}]\n    For \
                        further\nsecret_key\n  Field required [type=missing, input_value={}]\n";
        check(pydantic, &[], &["DATABASE_URL", "SECRET_KEY"]);
        check(pydantic, &["APP_DATABASE_URL"], &["APP_DATABASE_URL", "SECRET_KEY"]);
        check("KeyError: 'SECRET_KEY'", &[], &["SECRET_KEY"]);
        check("KeyError: 'GIVEN'\nKeyError: 'name'", &[], &[]);
        check("The SECRET_KEY setting must not be empty.", &["DJANGO_SECRET_KEY"], &["DJANGO_SECRET_KEY"]);
        check("/start.sh: 3: TOKEN: parameter not set", &[], &["TOKEN"]);
        check(
            "\u{1b}[33mMissing\u{1b}[0m environment variables:\n    \u{1b}[34mA_B\u{1b}[0m: undefined",
            &[],
            &["A_B"],
        );
        check("Error: JWT_SECRET must be defined\n    at x.js", &["JWT_SECRET", "PORT"], &["JWT_SECRET"]);
        check("listening\nError: connect ECONNREFUSED", &["REFUSED", "PORT"], &[]);
    }

    #[test]
    fn runs_without_tests_are_recognized() {
        assert!(ran_no_tests("----\nRan 0 tests in 0.000s\n\nOK\n"));
        assert!(ran_no_tests("\n  0 passing (0ms)\n"));
        assert!(!ran_no_tests("running 3 tests\n...\n   Doc-tests\nrunning 0 tests\n"));
        assert!(!ran_no_tests("Ran 12 tests in 0.1s"));
        assert!(!ran_no_tests("  10 passing (2ms)"));
    }
}
