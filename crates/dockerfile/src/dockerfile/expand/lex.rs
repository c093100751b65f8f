//! How to lex words: the switches of the builder's shell lexer, and where values of variables come from.

use std::collections::BTreeMap;

/// Values of variables. Names are case-sensitive.
pub trait Variables {
    /// The value; `None` for a variable that is not set, which is not the same as an empty one.
    fn get(&self, name: &str) -> Option<&str>;
}

impl Variables for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<&str> {
        self.get(name).map(String::as_str)
    }
}

/// No variables.
impl Variables for () {
    fn get(&self, _name: &str) -> Option<&str> {
        None
    }
}

/// How to lex: BuildKit's `shell.Lex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the four independent switches of BuildKit's lexer")]
pub struct Lex {
    /// The escape character, `\` or `` ` ``.
    pub escape: char,
    /// Quotes stay in the text.
    pub raw_quotes: bool,
    /// Escapes stay in the text, doubled inside double quotes.
    pub raw_escapes: bool,
    /// Quotes are ordinary characters.
    pub skip_process_quotes: bool,
    /// A variable without value stays as it is written.
    pub skip_unset_env: bool,
}

impl Lex {
    /// For an instruction's words.
    pub const fn new(escape: char) -> Self {
        Self { escape, raw_quotes: false, raw_escapes: false, skip_process_quotes: false, skip_unset_env: false }
    }

    /// For the bodies of unquoted heredocs of COPY and ADD, whatever the Dockerfile's escape character is.
    pub const fn heredoc_body() -> Self {
        Self { skip_process_quotes: true, ..Self::new('\\') }
    }

    /// By the name that vector files have for it: `word` or `raw_heredoc`.
    pub fn from_mode(mode: &str, escape: char) -> Option<Self> {
        match mode {
            "word" => Some(Self::new(escape)),
            "raw_heredoc" => Some(Self { escape, ..Self::heredoc_body() }),
            _ => None,
        }
    }

    /// For a RUN's text in the builder's progress output.
    pub const fn display(escape: char) -> Self {
        Self { raw_quotes: true, skip_unset_env: true, ..Self::new(escape) }
    }
}
