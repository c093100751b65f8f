//! Silent traps: what BuildKit reads without a word, but hardly as it is meant. Each is looked for so narrowly that an
//! ordinary file has none.

mod continuation;
mod directive;
mod word;

pub(super) use self::continuation::check_lines;
pub(super) use self::directive::check_directives;
pub(super) use self::word::{bare_dashes, check_line};
use super::syntax::{Heredoc, ProblemKind, SyntaxProblem};

/// A heredoc whose terminator is missing: BuildKit refuses the file.
pub(super) fn unterminated(heredoc: &Heredoc) -> SyntaxProblem {
    let name = &*heredoc.name;
    let word = name.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    let (kind, message, help) = match word {
        Some(0) | None if !name.starts_with(|c: char| c.is_ascii_digit()) => (
            ProblemKind::Error,
            format!("unterminated heredoc: no line is exactly `{name}`"),
            format!("end the text with a line that holds only `{name}`"),
        ),
        _ if name.ends_with(')') && name.starts_with(|c: char| c.is_ascii_digit() || c == '$') => (
            ProblemKind::HeredocShift,
            format!("unterminated heredoc: `<<` is read as one with the name `{name}`"),
            "put the calculation into double quotes, or multiply".to_owned(),
        ),
        Some(at) if at > 0 => (
            ProblemKind::HeredocName,
            format!("unterminated heredoc: all of `{name}` is the name, which ends only at white space"),
            format!("write `<<{} {}`", &name[..at], &name[at..]),
        ),
        _ => (
            ProblemKind::Error,
            format!("unterminated heredoc: no line is exactly `{name}`"),
            "put `<<` into quotes if no heredoc is meant".to_owned(),
        ),
    };
    SyntaxProblem { kind, span: heredoc.opener.span, message, help: Some(help) }
}

#[cfg(test)]
mod tests;
