//! Heredocs of a logical line: which it opens, where their bodies end, and what is reported of a missing end. Lexing is
//! the expansion's matter.

use std::collections::HashMap;

use super::expand::{heredoc_word, heredoc_words};
use super::line::{Cx, LineText};
use super::syntax::{Heredoc, Keyword, ProblemKind, SyntaxProblem};
use super::whitespace::without_line_end;
use crate::text::Span;

/// The heredocs that a logical line opens, without their bodies. The error is what BuildKit stops with.
pub(super) fn openers(cx: &Cx<'_>, line: LineText<'_>) -> (Vec<Heredoc>, Option<String>) {
    let mut heredocs = Vec::new();
    // BuildKit ignores the error: a line that can't be lexed opens nothing.
    let Ok(words) = heredoc_words(line.str) else { return (heredocs, None) };
    for word in words {
        let heredoc = match heredoc_word(&word.text) {
            Ok(Some(heredoc)) => heredoc,
            Ok(None) => continue,
            Err(error) => return (heredocs, Some(error.to_string())),
        };
        let opener = cx.word(line.slice(word.span.range()));
        heredocs.push(Heredoc {
            opener,
            name: heredoc.name.into_boxed_str(),
            fd: heredoc.file_descriptor,
            expand: heredoc.expand,
            chomp: heredoc.chomp,
            body: Span::default(),
            terminator: None,
        });
    }
    (heredocs, None)
}

/// The physical lines of a file.
#[derive(Clone, Copy)]
pub(super) struct PhysicalLines<'s> {
    pub(super) text: &'s str,
    pub(super) starts: &'s [u32],
    pub(super) count: usize,
}

impl<'s> PhysicalLines<'s> {
    /// A line (from 0) without its end.
    fn get(&self, index: usize) -> &'s str {
        let start = self.starts[index] as usize;
        let end = self.starts.get(index + 1).map_or(self.text.len(), |&end| end as usize);
        without_line_end(&self.text[start..end])
    }

    /// The first line from `from` on that begins like an instruction; the number of lines when none does.
    pub(super) fn first_instruction(&self, from: usize) -> usize {
        let is_instruction = |line: &str| {
            let name = line.split([' ', '\t']).next().unwrap_or_default();
            name.len() < line.len()
                && name.bytes().all(|b| b.is_ascii_uppercase())
                && Keyword::of(name) != Keyword::Unknown
        };
        (from..self.count).find(|&index| is_instruction(self.get(index))).unwrap_or(self.count)
    }
}

/// Looks for terminators. After the first that is missing it knows all lines, so that many missing ones cost no more
/// than one.
#[derive(Default)]
pub(super) struct Terminators<'s> {
    known: Option<LastLines<'s>>,
}

/// The last line with a text: as it is, and without leading TABs.
struct LastLines<'s> {
    plain: HashMap<&'s str, usize>,
    chomped: HashMap<&'s str, usize>,
}

impl<'s> Terminators<'s> {
    /// The line that ends a heredoc whose body begins at line `from`.
    pub(super) fn find(&mut self, lines: &PhysicalLines<'s>, from: usize, heredoc: &Heredoc) -> Option<usize> {
        let name = &*heredoc.name;
        if let Some(known) = &self.known {
            let last = if heredoc.chomp { known.chomped.get(name) } else { known.plain.get(name) };
            if last.is_none_or(|&last| last < from) {
                return None;
            }
        }
        let ends = |line: &str| if heredoc.chomp { line.trim_start_matches('\t') == name } else { line == name };
        let end_line = (from..lines.count).find(|&index| ends(lines.get(index)));
        if end_line.is_none() {
            self.known.get_or_insert_with(|| LastLines::of(lines));
        }
        end_line
    }
}

impl<'s> LastLines<'s> {
    fn of(lines: &PhysicalLines<'s>) -> Self {
        let mut plain = HashMap::new();
        let mut chomped = HashMap::new();
        for index in 0..lines.count {
            let line = lines.get(index);
            plain.insert(line, index);
            chomped.insert(line.trim_start_matches('\t'), index);
        }
        Self { plain, chomped }
    }
}
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
