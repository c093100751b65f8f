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

    /// Whether it may stand in a file of a project in its language: in such a source, or in what is no source at all.
    fn may_stand_in(&self, kind: FileKind) -> bool {
        let java = self.language == "Java" && kind.ecosystem() == Some(Ecosystem::Java);
        self.is_of(kind) || java || !kind.has_code()
    }

    /// Whether a text holds it, not as a part of a longer word.
    fn is_word_of(&self, text: &str) -> bool {
        let starts_as_word = self.text.starts_with(char::is_alphanumeric);
        let ends_as_word = self.text.ends_with(char::is_alphanumeric);
        text.match_indices(self.text).any(|(at, word)| {
            let is_longer = |c: char| c.is_alphanumeric() || c == '_';
            let is_part = starts_as_word && text[..at].ends_with(char::is_alphanumeric);
            let goes_on = ends_as_word && text[at + word.len()..].starts_with(is_longer);
            !is_part && !goes_on
        })
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

/// Whether a text of a project's file contains a word with a meaning: a whole word, and in sources one of their language.
pub fn shows_word(kind: FileKind, text: &str, meaning: &str) -> bool {
    let may_show = || of(meaning).any(|pattern| pattern.may_stand_in(kind) && pattern.is_word_of(text));
    shows(text, meaning) && may_show()
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
    fn whole_words_of_the_language_are_told_from_parts() {
        let shows = |path: &str, text: &str, meaning: &str| shows_word(FileKind::of(path), text, meaning);
        for text in ["import shutil", "import shared", "import shopapp.models", "import sh_tools", "x = popenings"] {
            assert!(!shows("a.py", text, "starts programs"), "{text}");
        }
        for text in ["import sh", "import sh as shell", "from sh import git", "os.execvp(a, b)", "os.system('a')"] {
            assert!(shows("a.py", text, "starts programs"), "{text}");
        }
        assert!(!shows("a.rb", "ecosystem = filesystem", "starts programs"));
        let history = "takes its version from the history";
        assert!(!shows("nd.ts", "// neurodivergent, divergence", history));
        assert!(!shows("nd.ts", "import vergen from 'vergen'", history));
        assert!(!shows("Cargo.toml", "divergent = 1", history));
        assert!(shows("Cargo.toml", "vergen = 8", history));
        assert!(shows("Cargo.toml", "vergen-git2 = 1", history));
        assert!(shows("pyproject.toml", "requires = [\"setuptools_scm\"]", history));
        let environments = "loads environment files";
        assert!(shows("a.py", "from dotenv import load_dotenv", environments));
        assert!(shows("main.go", "github.com/joho/godotenv", environments));
        assert!(shows("a.ts", "ConfigModule.forRoot({ envFilePath: x })", environments));
        assert!(!shows("a.py", "the two are decoupled", environments));
    }

    #[test]
    fn words_keep_their_order_and_language() {
        assert_eq!(words("may refuse each request").next(), Some("trustedhost"));
        assert!(words_in("Ruby", "starts programs").contains(&"Open3"));
        assert!(!words_in("Ruby", "starts programs").contains(&"execa"));
        assert!(words("writes somewhere").any(|word| word == "file:\n    name:"));
    }
}
