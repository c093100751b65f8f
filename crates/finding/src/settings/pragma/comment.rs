//! Comments of a Dockerfile, and what they say together.

use crate::dockerfile::{File, Instruction, LineKind};
use crate::finding::Suppression;
use crate::settings::SettingsProblem;
use crate::text::Span;

/// What a Dockerfile's comments say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pragmas {
    /// What hides findings, in the order of the file.
    pub suppressions: Vec<Suppression>,
    /// Comments that are meant to and don't.
    pub problems: Vec<SettingsProblem>,
}

/// A comment line.
#[derive(Clone, Copy)]
pub(super) struct Comment<'a> {
    /// Its line, from 1.
    pub(super) line: u32,
    /// From its `#` to the end of its line.
    pub(super) span: Span,
    /// What stands behind the `#`.
    pub(super) text: &'a str,
    /// Whether it stands between the lines of an instruction.
    pub(super) inner: bool,
    /// What is deleted to remove it: its line.
    pub(super) removal: Span,
}

impl Comment<'_> {
    /// The span of a part of the text.
    pub(super) fn part(&self, start: usize, end: usize) -> Span {
        Span::new(self.span.start + 1 + start as u32, self.span.start + 1 + end as u32)
    }
}

/// The comments that name a tool.
pub(super) fn comments(dockerfile: &File) -> Vec<Comment<'_>> {
    let mut comments = Vec::new();
    for (index, line) in dockerfile.lines().iter().enumerate() {
        let inner = match line.kind {
            LineKind::Comment => false,
            LineKind::InnerComment(_) => true,
            _ => continue,
        };
        let whole = dockerfile.source().slice(line.span);
        let Some(hash) = whole.find('#') else { continue };
        let text = whole[hash + 1..].trim_end_matches(['\n', '\r']);
        if !["hadolint", "dockopt", "tally"].iter().any(|tool| text.to_ascii_lowercase().contains(tool)) {
            continue;
        }
        let start = line.span.start + hash as u32;
        let span = Span::new(start, start + 1 + text.len() as u32);
        comments.push(Comment { line: index as u32 + 1, span, text, inner, removal: line.span });
    }
    comments
}

/// The first instruction that begins in a line or below it, with nothing but comments in between.
pub(super) fn instruction_below(dockerfile: &File, line: u32) -> Option<&Instruction> {
    let mut next = line as usize;
    loop {
        match dockerfile.lines().get(next)?.kind {
            LineKind::Comment | LineKind::Directive => next += 1,
            LineKind::Instruction(index) => return dockerfile.instructions().get(index as usize),
            _ => return None,
        }
    }
}

/// What comments of a file stand above.
pub(super) trait Places {
    /// What it is called: `instruction`.
    const NAME: &'static str;

    /// The line (from 1) of the first one.
    fn first(&self) -> u32;

    /// The first and last lines of the one below a line, with nothing but comments in between.
    fn below(&self, line: u32) -> Option<(u32, u32)>;
}

impl Places for File {
    const NAME: &'static str = "instruction";

    fn first(&self) -> u32 {
        self.instructions().first().map_or(u32::MAX, |first| first.start_line)
    }

    fn below(&self, line: u32) -> Option<(u32, u32)> {
        instruction_below(self, line).map(|below| (below.start_line, below.start_line))
    }
}
