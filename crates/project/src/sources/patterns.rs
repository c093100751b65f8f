//! Words in source files that show what a program does, from the table `data/source_patterns.tsv`.

use std::collections::HashMap;
use std::sync::OnceLock;

use regex::Regex;

use crate::data;
use crate::manifest::{Ecosystem, FileKind};

/// A word with a meaning.
#[derive(Clone, Copy, Debug)]
pub struct WordPattern {
    /// The language of the source files, as named by GitHub linguist; `-` for any.
    pub language: &'static str,
    /// The word.
    pub text: &'static str,
    /// The subject of the meaning; `-` for none.
    pub argument: &'static str,
}

impl WordPattern {
    /// Whether it applies to such a file.
    pub fn is_of(&self, kind: FileKind) -> bool {
        let node = self.language == "JavaScript" && kind.ecosystem() == Some(Ecosystem::Node);
        node || self.language == "-" || self.language == kind.language()
    }
}

/// The patterns of a meaning, and a matcher that finds any of them in a single pass.
#[derive(Default)]
struct Meaning {
    patterns: Vec<WordPattern>,
    /// Compiled on first use.
    finder: OnceLock<Option<Regex>>,
}

impl Meaning {
    fn finder(&self) -> Option<&Regex> {
        let compile = || {
            let words: Vec<String> = self.patterns.iter().map(|pattern| regex::escape(pattern.text)).collect();
            Regex::new(&words.join("|")).ok()
        };
        self.finder.get_or_init(compile).as_ref()
    }
}

/// The patterns with a meaning, in the order of the table.
pub fn of(meaning: &str) -> impl Iterator<Item = WordPattern> + use<> {
    read(meaning).into_iter().flat_map(|meaning| meaning.patterns.iter().copied())
}

/// Their words.
pub fn words(meaning: &str) -> impl Iterator<Item = &'static str> + use<> {
    of(meaning).map(|pattern| pattern.text)
}

/// Their words in source files of a language.
pub fn words_in(language: &str, meaning: &str) -> Vec<&'static str> {
    of(meaning).filter(|pattern| pattern.language == language).map(|pattern| pattern.text).collect()
}

/// Whether a text contains a word with a meaning.
pub fn shows(text: &str, meaning: &str) -> bool {
    read(meaning).is_some_and(|meaning| meaning.finder().is_none_or(|finder| finder.is_match(text)))
}

/// Whether a text in a file of a kind contains a word with a meaning in its language.
pub fn shows_in(kind: FileKind, text: &str, meaning: &str) -> bool {
    of(meaning).any(|pattern| pattern.is_of(kind) && text.contains(pattern.text))
}

fn read(meaning: &str) -> Option<&'static Meaning> {
    static MEANINGS: OnceLock<HashMap<&str, Meaning>> = OnceLock::new();
    let meanings = MEANINGS.get_or_init(|| {
        let mut meanings: HashMap<&str, Meaning> = HashMap::new();
        for row in data::SOURCE_PATTERNS.rows() {
            if let &[language, text, meaning, argument, ..] = row {
                let text = if text.contains("\\n") { text.replace("\\n", "\n").leak() } else { text };
                meanings.entry(meaning).or_default().patterns.push(WordPattern { language, text, argument });
            }
        }
        meanings
    });
    meanings.get(meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found() {
        for row in data::SOURCE_PATTERNS.rows() {
            let text = format!("x {} y", row[1].replace("\\n", "\n"));
            assert!(shows(&text, row[2]), "{row:?}");
        }
        assert!(!shows("print('hello')", "writes somewhere"));
        assert!(!shows("anything", "no such meaning"));
    }

    #[test]
    fn words_keep_their_order_and_language() {
        assert_eq!(words("may refuse each request").next(), Some("trustedhost"));
        assert!(words_in("Ruby", "starts programs").contains(&"Open3"));
        assert!(!words_in("Ruby", "starts programs").contains(&"execa"));
        assert!(words("writes somewhere").any(|word| word == "file:\n    name:"));
    }
}
