//! Every byte of a file with what it is: the tree laid flat. Joined, the pieces give the file back.

use super::directive::BOM;
use super::syntax::{Arguments, File, Instruction, LineKind, PhysicalLine};
use super::whitespace::{before_continuation, leading_space, without_line_end};
use crate::text::Span;

/// What a stretch of bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PieceKind {
    /// The byte order mark.
    Bom,
    /// White space between other pieces, and blank lines.
    Blank,
    /// The end of a line that is not continued: LF with the CR before it.
    LineEnd,
    /// The escape at a line's end with the blanks and the line end behind it.
    Continuation,
    /// A comment without indent and line end.
    Comment,
    /// A parser directive without indent and line end.
    Directive,
    /// An instruction's name.
    Keyword,
    /// `--name`.
    FlagName,
    /// A flag's value.
    FlagValue,
    /// The name in a pair of ENV or LABEL.
    Name,
    /// The value in such a pair.
    Value,
    /// A word or another argument that is read as one.
    Word,
    /// A JSON string with its quotes.
    JsonString,
    /// A command or another text that is taken as it stands.
    Text,
    /// `<<EOF`.
    HeredocOpener,
    /// A line of a heredoc's body with its end.
    HeredocBody,
    /// A heredoc's terminator with its line end.
    HeredocEnd,
    /// `=`, brackets, commas, and what no other piece takes.
    Sign,
}

type Mark = (Span, PieceKind);

impl File {
    /// Every byte of the source, in order.
    pub fn pieces(&self) -> impl Iterator<Item = (Span, PieceKind)> {
        let mut writer = SourceWriter { file: self, out: Vec::new(), marks: Vec::new(), next: 0, of: None };
        for line in &self.lines {
            writer.line(*line);
        }
        writer.out.into_iter()
    }
}

struct SourceWriter<'f> {
    file: &'f File,
    out: Vec<Mark>,
    /// Marks of the instruction `of`, ascending, and the first that may still matter.
    marks: Vec<Mark>,
    next: usize,
    of: Option<u32>,
}

impl SourceWriter<'_> {
    fn push(&mut self, start: u32, end: u32, kind: PieceKind) {
        if start < end {
            self.out.push((Span::new(start, end), kind));
        }
    }

    fn line(&mut self, line: PhysicalLine) {
        let Span { mut start, end } = line.span;
        if start == 0 && self.file.source.text().starts_with(BOM) {
            start = BOM.len() as u32;
            self.push(0, start, PieceKind::Bom);
        }
        let whole = self.file.source.slice(Span::new(start, end));
        let content_end = start + without_line_end(whole).len() as u32;
        let text = without_line_end(whole);
        match line.kind {
            LineKind::Body(_) => return self.push(start, end, PieceKind::HeredocBody),
            LineKind::Terminator(_) => return self.push(start, end, PieceKind::HeredocEnd),
            LineKind::Blank | LineKind::InnerBlank(_) => self.push(start, content_end, PieceKind::Blank),
            LineKind::Comment | LineKind::InnerComment(_) | LineKind::Directive => {
                let kind = if line.kind == LineKind::Directive { PieceKind::Directive } else { PieceKind::Comment };
                let indent = start + leading_space(text) as u32;
                self.push(start, indent, PieceKind::Blank);
                self.push(indent, content_end, kind);
            }
            LineKind::Instruction(index) => {
                let content = before_continuation(text, self.file.escape as u8);
                let kept_end = content.map_or(content_end, |content| start + content.len() as u32);
                self.instruction(Span::new(start, kept_end), index);
                if content.is_some() {
                    return self.push(kept_end, end, PieceKind::Continuation);
                }
            }
        }
        self.push(content_end, end, PieceKind::LineEnd);
    }

    /// The part of a line that belongs to an instruction's text.
    fn instruction(&mut self, line: Span, index: u32) {
        if self.of != Some(index) {
            self.of = Some(index);
            self.next = 0;
            self.marks = marks_of(&self.file.instructions[index as usize]);
        }
        let mut at = line.start;
        while let Some(&(span, kind)) = self.marks.get(self.next) {
            if span.start >= line.end {
                break;
            }
            let start = span.start.max(at);
            let end = span.end.min(line.end);
            if start < end {
                self.gap(at, start);
                self.push(start, end, kind);
                at = end;
            }
            if span.end > line.end {
                break;
            }
            self.next += 1;
        }
        self.gap(at, line.end);
    }

    fn gap(&mut self, start: u32, end: u32) {
        if start >= end {
            return;
        }
        let text = self.file.source.slice(Span::new(start, end));
        let inner = start + leading_space(text) as u32;
        let inner_end = if inner == end { inner } else { start + text.trim_end().len() as u32 };
        self.push(start, inner, PieceKind::Blank);
        self.push(inner, inner_end, PieceKind::Sign);
        self.push(inner_end, end, PieceKind::Blank);
    }
}

/// An instruction's marks in order, heredoc openers cut out of the texts that hold them.
fn marks_of(instruction: &Instruction) -> Vec<Mark> {
    let mut marks = Vec::new();
    collect(instruction, &mut marks);
    if instruction.heredocs.is_empty() {
        return marks;
    }
    let openers: Vec<Span> = instruction.heredocs.iter().map(|heredoc| heredoc.opener.span).collect();
    let mut cut = Vec::with_capacity(marks.len() + 2 * openers.len());
    let mut next = 0;
    for (span, kind) in marks {
        let mut start = span.start;
        while let Some(opener) = openers.get(next).filter(|opener| opener.start < span.end) {
            if opener.start > start {
                cut.push((Span::new(start, opener.start), kind));
            }
            cut.push((*opener, PieceKind::HeredocOpener));
            start = opener.end.max(start);
            next += 1;
        }
        if start < span.end {
            cut.push((Span::new(start, span.end), kind));
        }
    }
    cut
}

fn collect(instruction: &Instruction, marks: &mut Vec<Mark>) {
    marks.push((instruction.name.span, PieceKind::Keyword));
    for flag in &instruction.flags {
        marks.push((Span::new(flag.word.span.start, flag.name.span.end), PieceKind::FlagName));
        marks.extend(flag.value.map(|value| (value.span, PieceKind::FlagValue)));
    }
    collect_arguments(&instruction.arguments, marks);
}

fn collect_arguments(arguments: &Arguments, marks: &mut Vec<Mark>) {
    match arguments {
        Arguments::None => {}
        Arguments::Json(elements) => {
            marks.extend(elements.iter().map(|element| (element.word.span, PieceKind::JsonString)));
        }
        Arguments::Raw(word) => marks.push((word.span, PieceKind::Text)),
        Arguments::Words(words) => marks.extend(words.iter().map(|word| (word.span, PieceKind::Word))),
        Arguments::Pairs(pairs) => {
            for pair in pairs {
                marks.push((pair.key.span, PieceKind::Name));
                marks.push((pair.value.span, PieceKind::Value));
            }
        }
        Arguments::Healthcheck(kind, command) => {
            marks.push((kind.span, PieceKind::Word));
            collect_arguments(command, marks);
        }
        Arguments::Trigger(trigger) => collect(trigger, marks),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Source;

    fn check(text: &str, expected: &[(&str, PieceKind)]) {
        let source = Source::of("Dockerfile", text);
        let file = crate::dockerfile::parse(&source);
        let pieces: Vec<(&str, PieceKind)> = file
            .pieces()
            .filter(|(_, kind)| !matches!(kind, PieceKind::Blank | PieceKind::LineEnd))
            .map(|(span, kind)| (source.slice(span), kind))
            .collect();
        assert_eq!(pieces, expected);
    }

    #[test]
    fn an_instruction_is_laid_flat() {
        check(
            "RUN --mount=type=ssh a \\\n# c\n  <<EOF b\nx\nEOF\n",
            &[
                ("RUN", PieceKind::Keyword),
                ("--mount", PieceKind::FlagName),
                ("=", PieceKind::Sign),
                ("type=ssh", PieceKind::FlagValue),
                ("a ", PieceKind::Text),
                ("\\\n", PieceKind::Continuation),
                ("# c", PieceKind::Comment),
                ("  ", PieceKind::Text),
                ("<<EOF", PieceKind::HeredocOpener),
                (" b", PieceKind::Text),
                ("x\n", PieceKind::HeredocBody),
                ("EOF\n", PieceKind::HeredocEnd),
            ],
        );
        check(
            "\u{feff}# escape=`\nENV a=1 \\\n",
            &[
                ("\u{feff}", PieceKind::Bom),
                ("# escape=`", PieceKind::Directive),
                ("ENV", PieceKind::Keyword),
                ("a", PieceKind::Name),
                ("=", PieceKind::Sign),
                ("1", PieceKind::Value),
                ("\\", PieceKind::Sign),
            ],
        );
    }
}
