//! Expansion of words: quotes, escapes and variables exactly as the builder's shell lexer treats them. Knows words, not
//! instructions; which variables have a value where is the caller's matter.

mod error;
mod evaluate;
mod glob;
mod heredoc;
mod letters;
mod replace;
mod scan;
mod split;
mod uses;

use std::collections::{BTreeMap, BTreeSet};

pub use self::error::{ExpandError, ExpandErrorKind};
pub use self::heredoc::{HeredocWord, RawWord, heredoc_word, heredoc_words};
pub use self::uses::{Operator, Use, uses};

/// Values of variables. Names are case-sensitive.
pub trait Variables {
    /// The value; `None` for a variable that is not set, which is not the same as an empty one.
    fn get(&self, name: &str) -> Option<&str>;
}

/// No variables.
impl Variables for () {
    fn get(&self, _name: &str) -> Option<&str> {
        None
    }
}

impl Variables for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<&str> {
        self.get(name).map(String::as_str)
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
    pub fn named(mode: &str, escape: char) -> Option<Self> {
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

/// A word with its variables' values in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// The text.
    pub text: String,
    /// Variables that have a value.
    pub matched: BTreeSet<String>,
    /// Variables that have none, those with a default in the word among them.
    pub unmatched: BTreeSet<String>,
}

/// Expands a word as one.
///
/// # Errors
/// What the builder refuses, in its wording; and expansions that grow or take time beyond all use.
pub fn process_word(word: &str, variables: &dyn Variables, lex: Lex) -> Result<Expanded, ExpandError> {
    let done = run(word, lex, variables, false)?;
    Ok(done.expanded)
}

/// Expands a word and splits the result at white space that neither quotes nor escapes protect.
///
/// # Errors
/// As [`process_word`].
pub fn process_words(word: &str, variables: &dyn Variables, lex: Lex) -> Result<Vec<String>, ExpandError> {
    let done = run(word, lex, variables, true)?;
    Ok(done.words.into_iter().map(|word| word.text).collect())
}

/// What `dockopt debug vectors expand` answers for one case.
///
/// # Errors
/// The builder's message, or that there is no such mode.
pub fn answer(word: &str, variables: &dyn Variables, escape: char, mode: &str) -> Result<String, String> {
    let lex = Lex::named(mode, escape).ok_or_else(|| format!("unknown mode `{mode}`"))?;
    let expanded = process_word(word, variables, lex).map_err(|error| error.to_string())?;
    Ok(expanded.text)
}

struct Done {
    expanded: Expanded,
    words: Vec<RawWord>,
}

fn run(word: &str, lex: Lex, variables: &dyn Variables, split: bool) -> Result<Done, ExpandError> {
    let mut state = evaluate::Evaluate::new(word, lex, variables, split);
    if let Err((at, kind)) = scan::scan(word, lex, &mut state) {
        return Err(ExpandError { word: word.into(), at: at as u32, kind });
    }
    let owned = |names: &BTreeSet<&str>| names.iter().map(|&name| name.to_owned()).collect();
    Ok(Done {
        expanded: Expanded { matched: owned(&state.matched), unmatched: owned(&state.unmatched), text: state.out },
        words: state.splitter.map(split::Splitter::finish).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
