//! Traps between lines: continuations that are none, or one too many; heredocs whose body became instructions.

use crate::dockerfile::blank::{before_continuation, leading_space, without_line_end};
use crate::dockerfile::syntax::{File, Instruction, Keyword, LineKind, Problem, ProblemKind};
use crate::text::Span;

/// Lines in which a lost heredoc's terminator is looked for.
const NEAR: usize = 200;

/// Looks at an instruction's lines, which are the last of the file so far.
pub(in crate::dockerfile) fn check_lines(file: &mut File, instruction: &Instruction, index: u32) {
    confirm_lost_heredoc(file, instruction);
    let escape = file.escape as u8;
    let first = file.lines.partition_point(|line| line.span.end <= instruction.span.start);
    let lines = &file.lines[first..];
    let mut found: Vec<Problem> = Vec::new();
    let mut quote = QuoteState::default();
    let mut before: Option<(&str, Span)> = None;
    for line in lines.iter().filter(|line| line.kind == LineKind::Instruction(index)) {
        let text = without_line_end(file.source.slice(line.span));
        if let Some((previous, span)) = before {
            quote.feed(previous, escape);
            if !quote.is_open()
                && let Some(problem) = swallowed(text, line.span, previous, span, instruction)
            {
                found.push(problem);
                break;
            }
        }
        let Some(kept) = before_continuation(text, escape) else {
            found.extend(broken(text, line.span, escape));
            break;
        };
        before = Some((kept, line.span));
    }
    file.problems.append(&mut found);
}

/// A continued line that begins like an instruction.
fn swallowed(
    text: &str,
    span: Span,
    previous: &str,
    previous_span: Span,
    instruction: &Instruction,
) -> Option<Problem> {
    let name = text.split([' ', '\t']).next()?;
    let is_keyword = name.len() < text.len() && Keyword::of(name) != Keyword::Unknown;
    if !is_keyword || !name.bytes().all(|byte| byte.is_ascii_uppercase()) || instruction.keyword == Keyword::Unknown {
        return None;
    }
    let mark = Span::new(previous_span.start + previous.len() as u32, previous_span.start + previous.len() as u32 + 1);
    if is_windows_path(previous) {
        return Some(Problem {
            kind: ProblemKind::WindowsPath,
            span: mark,
            message: format!("the `\\` of this path continues the line, so the {name} below is part of it"),
            help: Some("add `# escape=`` as the first line, or end the path without `\\`".into()),
        });
    }
    Some(Problem {
        kind: ProblemKind::ContinuationSwallows,
        span: Span::new(span.start, span.start + name.len() as u32),
        message: format!("this is no {name}: the line above is continued"),
        help: Some("remove the escape at the end of the line above".into()),
    })
}

/// Whether a text ends with a path such as `C:` or `C:\dir`, its last `\` cut.
fn is_windows_path(text: &str) -> bool {
    let word = text.rsplit([' ', '\t', '=', '"', '\'']).next().unwrap_or_default().as_bytes();
    match word {
        [drive, b':'] => drive.is_ascii_alphabetic(),
        [drive, b':', b'\\' | b'/', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// The last line of an instruction ends with an escape and white space that is no space or TAB.
fn broken(text: &str, span: Span, escape: u8) -> Option<Problem> {
    let trimmed = text.trim_end();
    let blanks = &text[trimmed.len()..];
    if blanks.trim_end_matches([' ', '\t']).is_empty() || before_continuation(trimmed, escape).is_none() {
        return None;
    }
    let at = span.start + trimmed.len() as u32;
    Some(Problem {
        kind: ProblemKind::ContinuationBlank,
        span: Span::new(at - 1, at + blanks.len() as u32),
        message: "the line is not continued: only spaces and TABs may follow the escape".to_owned(),
        help: Some("remove what follows the escape; it may be invisible".into()),
    })
}

/// Keeps the finding of a lost heredoc only where its body follows.
fn confirm_lost_heredoc(file: &mut File, instruction: &Instruction) {
    let Some(last) = file.problems.last().filter(|problem| problem.kind == ProblemKind::HeredocLost) else { return };
    if !instruction.span.contains(last.span) {
        return;
    }
    let name = super::word::opener_like(&format!(" {}", file.source.slice(last.span))).map(|(_, name)| name.to_owned());
    let rest = &file.source.text()[instruction.span.end as usize..];
    let mut following = rest.split('\n').skip(1).take(NEAR);
    if !following.any(|line| name.as_deref() == Some(line.trim_end_matches('\r').trim_start_matches('\t'))) {
        file.problems.pop();
    }
}

/// Whether a shell would be inside quotes: a text in them may look like anything.
#[derive(Default)]
struct QuoteState {
    open: Option<u8>,
}

impl QuoteState {
    fn feed(&mut self, text: &str, escape: u8) {
        // A comment line never gets here, and blanks at the start mean nothing.
        let mut bytes = text[leading_space(text)..].bytes();
        while let Some(byte) = bytes.next() {
            match self.open {
                _ if byte == escape && self.open != Some(b'\'') => drop(bytes.next()),
                Some(quote) if byte == quote => self.open = None,
                None if matches!(byte, b'"' | b'\'') => self.open = Some(byte),
                _ => {}
            }
        }
    }

    fn is_open(&self) -> bool {
        self.open.is_some()
    }
}
