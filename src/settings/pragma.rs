//! Comments of a Dockerfile that hide findings: dockopt's own, hadolint's and the builder's, each with the meaning that
//! its own tool gives it.

mod check;
mod hadolint;
mod own;
#[cfg(test)]
mod tests;

use super::{Known, Problem};
use crate::dockerfile::{File, Instruction, LineKind};
use crate::finding::Suppression;
use crate::text::{FileId, Span};

/// What a Dockerfile's comments say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pragmas {
    /// What hides findings, in the order of the file.
    pub suppressions: Vec<Suppression>,
    /// Comments that are meant to and don't.
    pub problems: Vec<Problem>,
    /// Whether the builder is told to fail for its checks (`# check=error=true`).
    pub strict: bool,
}

/// Reads the comments of a Dockerfile.
pub fn pragmas(file: FileId, dockerfile: &File, known: &Known) -> Pragmas {
    let mut pragmas = Pragmas::default();
    check::read(file, dockerfile, known, &mut pragmas);
    let comments = comments(dockerfile);
    hadolint::read(file, dockerfile, &comments, known, &mut pragmas);
    own::read(file, dockerfile, &comments, known, &mut pragmas);
    pragmas.suppressions.sort_by_key(|suppression| suppression.span);
    pragmas
}

/// A comment line.
#[derive(Clone, Copy)]
struct Comment<'a> {
    /// Its line, from 1.
    line: u32,
    /// From its `#` to the end of its line.
    span: Span,
    /// What stands behind the `#`.
    text: &'a str,
    /// Whether it stands between the lines of an instruction.
    inner: bool,
    /// What is deleted to remove it: its line.
    removal: Span,
}

impl Comment<'_> {
    /// The span of a part of the text.
    fn part(&self, start: usize, end: usize) -> Span {
        Span::new(self.span.start + 1 + start as u32, self.span.start + 1 + end as u32)
    }
}

/// The comments that name a tool.
fn comments(dockerfile: &File) -> Vec<Comment<'_>> {
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
        if !text.contains("hadolint") && !text.contains("dockopt") {
            continue;
        }
        let start = line.span.start + hash as u32;
        let span = Span::new(start, start + 1 + text.len() as u32);
        comments.push(Comment { line: index as u32 + 1, span, text, inner, removal: line.span });
    }
    comments
}

/// The first instruction that begins in a line or below it, with nothing but comments in between.
fn instruction_below(dockerfile: &File, line: u32) -> Option<&Instruction> {
    let mut next = line as usize;
    loop {
        match dockerfile.lines().get(next)?.kind {
            LineKind::Comment | LineKind::Directive => next += 1,
            LineKind::Instruction(index) => return dockerfile.instructions().get(index as usize),
            _ => return None,
        }
    }
}
