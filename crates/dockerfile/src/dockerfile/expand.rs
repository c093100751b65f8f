//! Expansion of words: quotes, escapes and variables exactly as the builder's shell lexer treats them. Knows words, not
//! instructions; which variables have a value where is the caller's matter.

mod error;
mod evaluate;
mod glob;
mod heredoc;
mod lex;
mod letters;
mod replace;
mod scan;
mod split;
mod uses;

pub use self::error::{ExpandError, ExpandErrorKind};
pub use self::evaluate::ExpandedWord;
use self::evaluate::run;
pub use self::heredoc::{HeredocWord, heredoc_word, heredoc_words};
pub use self::lex::{Lex, Variables};
pub use self::split::RawWord;
pub use self::uses::{Operator, VariableUse, uses};

/// Expands a word as one.
///
/// # Errors
/// What the builder refuses, in its wording; and expansions that grow or take time beyond all use.
pub fn process_word(word: &str, variables: &dyn Variables, lex: Lex) -> Result<ExpandedWord, ExpandError> {
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
    let lex = Lex::from_mode(mode, escape).ok_or_else(|| format!("unknown mode `{mode}`"))?;
    let expanded = process_word(word, variables, lex).map_err(|error| error.to_string())?;
    Ok(expanded.text)
}

#[cfg(test)]
mod tests;
