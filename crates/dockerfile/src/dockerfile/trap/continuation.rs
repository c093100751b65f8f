//! Traps between lines: continuations that are none, or one too many; heredocs whose body became instructions.

use crate::dockerfile::syntax::{File, Keyword, LineKind, ProblemKind, SyntaxProblem};
use crate::dockerfile::whitespace::{before_continuation, leading_space, without_line_end};
use crate::text::Span;

/// Lines in which a lost heredoc's terminator is looked for.
const NEAR: usize = 200;

/// Looks at the lines of the instruction with that index, which are the file's from the one at `first` on.
pub(in crate::dockerfile) fn check_lines(file: &mut File, index: u32, first: usize) {
    if !file.problems.is_empty() {
        confirm_lost_heredoc(file, file.instructions[index as usize].span);
    }
    let escape = file.escape as u8;
    let text = file.source.text();
    let lines = &file.lines[first..];
    let mut problem: Option<SyntaxProblem> = None;
    let mut quote = QuoteState::default();
    let mut fed = 0;
    let mut last = 0;
    for (at, line) in lines.iter().enumerate().skip(1) {
        if line.kind != LineKind::Instruction(index) {
            continue;
        }
        let previous = std::mem::replace(&mut last, at);
        if !text.as_bytes()[line.span.start as usize].is_ascii_uppercase() || problem.is_some() {
            continue;
        }
        let line_text = without_line_end(&text[line.span.range()]);
        if !is_instruction_like(line_text) {
            continue;
        }
        // Each line is fed once, so that many such lines cost no more than their length.
        for line in lines[fed..at].iter().filter(|line| line.kind == LineKind::Instruction(index)) {
            let whole = without_line_end(&text[line.span.range()]);
            quote.read_line(before_continuation(whole, escape).unwrap_or(whole), escape);
        }
        fed = at;
        if !quote.is_open() && file.instructions[index as usize].keyword != Keyword::Unknown {
            let above = lines[previous].span;
            let content = before_continuation(without_line_end(&text[above.range()]), escape).unwrap_or_default();
            problem = Some(swallowed_instruction(line_text, line.span, content, above));
        }
    }
    let end = &text[lines[last].span.range()];
    let end = without_line_end(end);
    if end.as_bytes().last().is_some_and(|&byte| byte >= 0x80 || matches!(byte, 0x0b | 0x0c)) {
        problem = problem.or_else(|| broken(end, lines[last].span, escape));
    }
    file.problems.extend(problem);
}

/// Whether a line begins with an instruction's name in capitals and a blank.
fn is_instruction_like(text: &str) -> bool {
    let name_len = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let is_name = text.as_bytes().get(name_len).is_some_and(|byte| matches!(byte, b' ' | b'\t'));
    is_name && Keyword::of(&text[..name_len]) != Keyword::Unknown
}

/// A continued line that begins like an instruction.
fn swallowed_instruction(text: &str, span: Span, previous: &str, previous_span: Span) -> SyntaxProblem {
    let name = text.split([' ', '\t']).next().unwrap_or_default();
    let mark = previous_span.start + previous.len() as u32;
    if is_windows_path(previous) {
        return SyntaxProblem {
            kind: ProblemKind::WindowsPath,
            span: Span::new(mark, mark + 1),
            message: format!(
                "the escape character at the end of this path continues the line, so the {name} below is part of it"
            ),
            help: Some("make ``# escape=` `` the first line, or end the path without `\\`".into()),
        };
    }
    SyntaxProblem {
        kind: ProblemKind::ContinuationSwallows,
        span: Span::new(span.start, span.start + name.len() as u32),
        message: format!("this {name} is not an instruction: the line above is continued"),
        help: Some("remove the escape character at the end of the line above".into()),
    }
}

/// Whether a text ends with a path such as `C:` or `C:\dir`, its last `\` cut.
fn is_windows_path(text: &str) -> bool {
    let word = text.rsplit([' ', '\t', '=', '"', '\'']).next().unwrap_or_default().as_bytes();
    match word {
        [drive, b':'] | [drive, b':', b'\\' | b'/', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// The last line of an instruction ends with an escape and white space that is no space or TAB.
fn broken(text: &str, span: Span, escape: u8) -> Option<SyntaxProblem> {
    let trimmed = text.trim_end();
    let blanks = &text[trimmed.len()..];
    if blanks.trim_end_matches([' ', '\t']).is_empty() || before_continuation(trimmed, escape).is_none() {
        return None;
    }
    let at = span.start + trimmed.len() as u32;
    Some(SyntaxProblem {
        kind: ProblemKind::ContinuationBlank,
        span: Span::new(at - 1, at + blanks.len() as u32),
        message: "the line is not continued: only spaces and tabs may follow the escape character".to_owned(),
        help: Some("remove the text after the escape character; it may be invisible".into()),
    })
}

/// Keeps the finding of a lost heredoc only where its body follows.
fn confirm_lost_heredoc(file: &mut File, span: Span) {
    let Some(last) = file.problems.last().filter(|problem| problem.kind == ProblemKind::HeredocLost) else { return };
    if !span.contains(last.span) {
        return;
    }
    let name = super::word::opener_like(&format!(" {}", file.source.slice(last.span))).map(|(_, name)| name.to_owned());
    let rest = &file.source.text()[span.end as usize..];
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
    fn read_line(&mut self, text: &str, escape: u8) {
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
