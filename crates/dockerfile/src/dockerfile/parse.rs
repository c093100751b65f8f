//! Source ─► [`File`]: goes over the physical lines, joins those of an instruction and hands each logical line to the
//! reader. Never fails; goes on after every error.

use super::directive::{BOM, DirectiveLine, DirectiveReader};
use super::heredoc::Terminators;
use super::joined_text::{self, JoinedText};
use super::line::Cx;
use super::read::{ReadInstruction, read_instruction};
use super::refusal::{MAX_LINE, Stage, Verdict, oversize_message};
use super::syntax::{
    Arguments, Directive, DirectiveName, File, Heredoc, Instruction, LineKind, PhysicalLine, ProblemKind, SyntaxProblem,
};
use super::whitespace::{before_continuation, leading_space, without_line_end};
use crate::text::{Source, Span};

/// Reads a Dockerfile as BuildKit's front end does, keeping every byte's place.
pub fn parse(source: &Source) -> File {
    let mut parser = Parser::new(source);
    while parser.next < parser.count {
        parser.line();
    }
    parser.finish()
}

struct Parser<'s> {
    text: &'s str,
    starts: &'s [u32],
    /// Physical lines in all.
    count: usize,
    /// The physical line to read next.
    next: usize,
    directive: DirectiveReader,
    escape: u8,
    /// Comments for the next instruction.
    comments: Vec<Span>,
    terminators: Terminators<'s>,
    file: File,
}

/// A logical line: its text in the address space, and where its last contributing physical line ends.
struct Logical {
    text: Span,
    head_end: u32,
}

impl<'s> Parser<'s> {
    fn new(source: &'s Source) -> Self {
        let text = source.text();
        let count = if text.is_empty() { 0 } else { source.line_count() as usize };
        let file = File {
            source: source.clone(),
            joined: JoinedText::default(),
            lines: Vec::with_capacity(count),
            instructions: Vec::with_capacity(count / 3 + 1),
            directives: Vec::new(),
            escape: '\\',
            problems: Vec::new(),
            stop: None,
            refused: None,
            oversize: None,
        };
        Self {
            text,
            starts: source.line_starts(),
            count,
            next: 0,
            directive: DirectiveReader::default(),
            escape: b'\\',
            comments: Vec::new(),
            terminators: Terminators::default(),
            file,
        }
    }

    /// Takes the next physical line: its span, and its text without the end.
    fn take_line(&mut self) -> (Span, &'s str) {
        let start = self.starts[self.next];
        let end = self.starts.get(self.next + 1).copied().unwrap_or(self.text.len() as u32);
        self.next += 1;
        let line = &self.text[start as usize..end as usize];
        if line.len() > MAX_LINE && line.strip_suffix('\n').unwrap_or(line).len() > MAX_LINE {
            self.oversize(Span::new(start, end));
        }
        (Span::new(start, end), without_line_end(line))
    }

    fn oversize(&mut self, span: Span) {
        let message = oversize_message();
        self.file.oversize.get_or_insert(self.next as u32 - 1);
        self.file.problems.push(SyntaxProblem {
            kind: ProblemKind::Error,
            span,
            message,
            help: Some("split the line with continuations, or move the text to a file".into()),
        });
    }

    fn keep(&mut self, span: Span, kind: LineKind) {
        self.file.lines.push(PhysicalLine { span, kind });
    }

    /// Reads what begins at the next physical line.
    fn line(&mut self) {
        let is_first = self.next == 0;
        let (span, whole) = self.take_line();
        let line = if is_first { whole.strip_prefix(BOM).unwrap_or(whole) } else { whole };
        let base = span.start + (whole.len() - line.len()) as u32;
        let indent = leading_space(line);
        let content = &line[indent..];
        let from = base + indent as u32;
        if content.is_empty() {
            if span.end > self.file.source.mark() {
                self.directive.finish();
            }
            self.keep(span, LineKind::Blank);
        } else if content.starts_with('#') {
            self.comment(span, content, from, base);
        } else {
            self.directive.finish();
            self.instruction(span, content, from);
        }
    }

    /// A line whose first character is `#`, at `from`; `base` is the line's start.
    fn comment(&mut self, span: Span, content: &str, from: u32, base: u32) {
        let kind = if self.directive.is_done() { LineKind::Comment } else { self.directive_line(content, from) };
        if kind == LineKind::Comment {
            self.keep_comment(content, from, base);
        }
        self.keep(span, kind);
    }

    /// BuildKit cuts the raw line's first byte, whatever it is: an indented comment keeps its `#`.
    fn keep_comment(&mut self, content: &str, from: u32, base: u32) {
        let skip = usize::from(from == base);
        let text = content[skip..].trim();
        if text.is_empty() {
            self.comments.clear();
            return;
        }
        let start = from + (content.trim_end().len() - text.len()) as u32;
        let indent = self.text[base as usize..].chars().next().map_or(1, char::len_utf8);
        if from == base || indent == 1 {
            self.comments.push(Span::new(start, start + text.len() as u32));
            return;
        }
        // The rest of a cut character is no white space for BuildKit: it stays, and so does what follows it.
        let end = from + content.trim_end().len() as u32;
        let first = self.file.joined.len();
        for _ in 1..indent {
            self.file.joined.push_replacement(base, indent as u32);
        }
        let rest = base + indent as u32;
        self.file.joined.push(&self.text[rest as usize..end as usize], rest);
        let base = joined_text::base(self.text);
        self.comments.push(Span::new(base + first, base + self.file.joined.len()));
        self.file.joined.close();
    }

    fn directive_line(&mut self, content: &str, from: u32) -> LineKind {
        let span = Span::new(from, from + content.len() as u32);
        let shift = |range: std::ops::Range<usize>| Span::new(from + range.start as u32, from + range.end as u32);
        let (name, value) = match self.directive.read(content, "#") {
            DirectiveLine::No => return LineKind::Comment,
            DirectiveLine::Repeated(name, _) => {
                let message = format!("only one {} parser directive can be used", name.as_str());
                self.refuse_directive(span, message, "remove the second one");
                return LineKind::Comment;
            }
            DirectiveLine::Directive(name, value) => (name, value),
        };
        if name == DirectiveName::Escape {
            match &content[value.clone()] {
                "`" => self.escape = b'`',
                "\\" => self.escape = b'\\',
                other => {
                    let message = format!("invalid escape token '{other}' does not match ` or \\");
                    self.refuse_directive(shift(value), message, "write ` or \\");
                    return LineKind::Comment;
                }
            }
            self.file.escape = char::from(self.escape);
        }
        self.file.directives.push(Directive { name, value: shift(value), span });
        LineKind::Directive
    }

    /// BuildKit reports the line before, counted from 0.
    fn refuse_directive(&mut self, span: Span, message: String, help: &str) {
        let line = self.next as u32 - 1;
        self.stop(message.clone(), line, line);
        self.file.problems.push(SyntaxProblem { kind: ProblemKind::Error, span, message, help: Some(help.to_owned()) });
    }

    fn stop(&mut self, message: String, first: u32, last: u32) {
        let verdict = Verdict { stage: Stage::Parse, message, lines: Some((first, last)) };
        self.file.stop.get_or_insert(verdict);
    }

    /// An instruction whose first line's text is `content`, at `from`.
    fn instruction(&mut self, span: Span, content: &'s str, from: u32) {
        let start_line = self.next as u32;
        let index = self.file.instructions.len() as u32;
        let first_line = self.file.lines.len();
        self.keep(span, LineKind::Instruction(index));
        let logical = if let Some(first) = before_continuation(content, self.escape) {
            self.join(first, from, index)
        } else {
            let end = from + content.len() as u32;
            Logical { text: Span::new(from, end), head_end: end }
        };
        let head_lines = self.next as u32;
        let ReadInstruction { mut openers, extra, problems, error } = self.read(&logical);
        self.file.joined.append(&extra);
        self.file.problems.extend(problems);
        if let Some(message) = error {
            self.stop(message, start_line, head_lines);
            // BuildKit stops here; what looks like a heredoc is most likely one all the same.
        }
        for heredoc in &mut openers {
            if !self.body(heredoc, index, start_line) {
                break;
            }
        }
        let last = self.file.lines.last().map_or(span, |line| line.span);
        let last_end = last.start + without_line_end(&self.text[last.range()]).len() as u32;
        let comments = std::mem::take(&mut self.comments);
        let end_line = self.next as u32;
        if let Some(instruction) = self.file.instructions.last_mut() {
            instruction.start_line = start_line;
            instruction.end_line = end_line;
            instruction.head = Span::new(from, logical.head_end);
            instruction.span = Span::new(from, last_end.max(logical.head_end));
            instruction.comments = comments;
            if let (Arguments::Trigger(trigger), false) = (&mut instruction.arguments, openers.is_empty()) {
                trigger.heredocs.clone_from(&openers);
            }
            instruction.heredocs = openers;
        }
        super::trap::check_lines(&mut self.file, index, first_line);
    }

    /// Reads a logical line into a new instruction.
    fn read(&mut self, logical: &Logical) -> ReadInstruction {
        let File { joined, instructions, .. } = &mut self.file;
        let text = match logical.text.start.checked_sub(joined_text::base(self.text)) {
            Some(start) => joined.slice(Span::new(start, start + logical.text.len())),
            None => &self.text[logical.text.range()],
        };
        let cx = Cx::new(self.text, joined, self.escape);
        let index = instructions.len();
        instructions.push(Instruction::default());
        read_instruction(cx, text, logical.text.start, &mut instructions[index])
    }

    /// Joins the lines of a continued instruction. Comments and blank lines inside are dropped.
    fn join(&mut self, first: &str, from: u32, index: u32) -> Logical {
        self.file.joined.reserve(self.text.len());
        let start = self.file.joined.len();
        let mut head_end = from + first.len() as u32 + 1;
        self.file.joined.push(first, from);
        let mut is_open = true;
        while is_open && self.next < self.count {
            let (span, line) = self.take_line();
            let content = &line[leading_space(line)..];
            if content.starts_with('#') {
                self.keep(span, LineKind::InnerComment(index));
                continue;
            }
            if content.is_empty() {
                self.keep(span, LineKind::InnerBlank(index));
                continue;
            }
            self.keep(span, LineKind::Instruction(index));
            head_end = span.start + line.len() as u32;
            let before = before_continuation(line, self.escape);
            is_open = before.is_some();
            self.file.joined.push(before.unwrap_or(line), span.start);
        }
        let end = self.file.joined.len();
        self.file.joined.close();
        let base = joined_text::base(self.text);
        Logical { text: Span::new(base + start, base + end), head_end }
    }

    /// Takes a heredoc's lines. Whether it is terminated; if not, what follows is read as instructions again from the
    /// first line on that begins like one.
    fn body(&mut self, heredoc: &mut Heredoc, index: u32, start_line: u32) -> bool {
        let body_start = self.starts.get(self.next).copied().unwrap_or(self.text.len() as u32);
        heredoc.body = Span::at(body_start.min(self.text.len() as u32));
        let lines = super::heredoc::PhysicalLines { text: self.text, starts: self.starts, count: self.count };
        let end = self.terminators.find(&lines, self.next, heredoc);
        let last = end.unwrap_or_else(|| lines.first_instruction(self.next));
        while self.next < last {
            let (span, _) = self.take_line();
            self.keep(span, LineKind::Body(index));
            heredoc.body.end = span.end;
        }
        if end.is_some() {
            let (span, _) = self.take_line();
            self.keep(span, LineKind::Terminator(index));
            heredoc.terminator = Some(span);
            return true;
        }
        self.stop("unterminated heredoc".into(), start_line, self.count as u32);
        self.file.problems.push(super::heredoc::unterminated(heredoc));
        false
    }

    fn finish(mut self) -> File {
        if self.file.instructions.is_empty() {
            let line = self.count as u32;
            self.stop("file with no instructions".into(), line, line);
            self.file.problems.push(SyntaxProblem {
                kind: ProblemKind::Empty,
                span: Span::at(0),
                message: "file with no instructions".into(),
                help: Some("start with `FROM image`".into()),
            });
        }
        // A run keeps the files of all its inputs.
        self.file.instructions.shrink_to_fit();
        super::trap::check_directives(&mut self.file);
        super::verdict::check_instructions(&mut self.file);
        self.file.problems.sort_by_key(|problem| problem.span);
        self.file
    }
}
