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
            format!("end the text with a line that contains only `{name}`"),
        ),
        _ if name.ends_with(')') && name.starts_with(|c: char| c.is_ascii_digit() || c == '$') => (
            ProblemKind::HeredocShift,
            format!("unterminated heredoc: `<<` starts a heredoc named `{name}`"),
            "put the calculation in double quotes, or multiply".to_owned(),
        ),
        Some(at) if at > 0 => (
            ProblemKind::HeredocName,
            format!("unterminated heredoc: its name is `{name}`, because a name ends only at whitespace"),
            format!("write `<<{} {}`", &name[..at], &name[at..]),
        ),
        _ => (
            ProblemKind::Error,
            format!("unterminated heredoc: no line is exactly `{name}`"),
            "quote `<<` if this is not a heredoc".to_owned(),
        ),
    };
    SyntaxProblem { kind, span: heredoc.opener.span, message, help: Some(help) }
}

#[cfg(test)]
mod tests;
