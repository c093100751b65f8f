//! The texts that a shell gets, with the way back to the source.

use std::borrow::Cow;

use crate::dockerfile::expand::heredoc_word;
use crate::dockerfile::syntax::{Arguments, File, Heredoc, Instruction, InstructionWord, Keyword};
use crate::dockerfile::whitespace::without_line_end;
use crate::text::Span;

/// A text that is run, as its interpreter gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script<'a> {
    /// The text: joined lines, or a heredoc's body, or a command followed by the heredocs that it reads.
    pub text: Cow<'a, str>,
    /// Who runs it.
    pub kind: ScriptKind<'a>,
    /// Where each stretch of the text comes from, in the file's address space; ascending.
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    /// Offset in the script.
    at: u32,
    /// The stretch in the address space.
    text: Span,
}

/// Who runs a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptKind<'a> {
    /// The stage's shell.
    Shell,
    /// A program named by the first line, without `#!`. On Windows the stage's shell runs even that.
    Interpreter(&'a str),
}

impl Script<'_> {
    /// Maps a span of the text to the source. An empty span stays behind the text that it follows.
    pub fn locate(&self, file: &File, span: Span) -> Span {
        if span.is_empty() {
            let place = match span.start.checked_sub(1) {
                Some(last) => self.byte(file, last).end,
                None => self.byte(file, span.start).start,
            };
            return Span::at(place);
        }
        let first = self.byte(file, span.start);
        let last = self.byte(file, span.end - 1);
        Span::new(first.start, last.end.max(first.start))
    }

    /// The source's character that holds the byte at `at`; a byte that stands in no part is placed behind the part
    /// before it.
    fn byte(&self, file: &File, at: u32) -> Span {
        let next = self.parts.partition_point(|part| part.at <= at);
        let Some(part) = next.checked_sub(1).and_then(|index| self.parts.get(index)) else { return Span::at(0) };
        let address = part.text.start + (at - part.at);
        if address < part.text.end {
            return file.locate_character(address);
        }
        Span::at(file.locate(part.text).end)
    }
}

impl File {
    /// What the interpreter gets from RUN, or from the shell form of CMD, ENTRYPOINT and HEALTHCHECK; `None` in exec
    /// form.
    pub fn script<'a>(&'a self, instruction: &'a Instruction) -> Option<Script<'a>> {
        let word = match (&instruction.arguments, instruction.keyword) {
            (Arguments::Raw(word), Keyword::Run | Keyword::Cmd | Keyword::Entrypoint) => *word,
            (Arguments::Healthcheck(kind, command), _) => match &**command {
                Arguments::Raw(word) if self.str(*kind).eq_ignore_ascii_case("cmd") => *word,
                _ => return None,
            },
            _ => return None,
        };
        let Some(first) = instruction.heredocs.first() else {
            let parts = vec![Part { at: 0, text: word.text }];
            return Some(Script { text: Cow::Borrowed(self.str(word)), kind: ScriptKind::Shell, parts });
        };
        if matches!(heredoc_word(self.str(word)), Ok(Some(_))) {
            return Some(self.body_script(first));
        }
        Some(self.command_with_heredocs(word, &instruction.heredocs))
    }

    /// `RUN <<EOF`: the body is the script.
    fn body_script<'a>(&'a self, heredoc: &Heredoc) -> Script<'a> {
        let body = self.source.slice(heredoc.body);
        let (text, parts) = if heredoc.chomp {
            self.without_tabs(heredoc)
        } else {
            (Cow::Borrowed(body), vec![Part { at: 0, text: heredoc.body }])
        };
        let first = without_line_end(body.split('\n').next().unwrap_or_default());
        let first = if heredoc.chomp { first.trim_start_matches('\t') } else { first };
        let kind = first.strip_prefix("#!").map_or(ScriptKind::Shell, ScriptKind::Interpreter);
        Script { text, kind, parts }
    }

    /// A heredoc's body as it is used: without the TABs at the starts of lines if it begins with `<<-`.
    pub fn heredoc_text(&self, heredoc: &Heredoc) -> Cow<'_, str> {
        if heredoc.chomp { self.without_tabs(heredoc).0 } else { Cow::Borrowed(self.source.slice(heredoc.body)) }
    }

    /// A body without the TABs at the starts of its lines.
    fn without_tabs(&self, heredoc: &Heredoc) -> (Cow<'_, str>, Vec<Part>) {
        let mut text = String::with_capacity(heredoc.body.len() as usize);
        let mut parts = Vec::new();
        let mut at = heredoc.body.start;
        for line in self.source.slice(heredoc.body).split_inclusive('\n') {
            let content = line.trim_start_matches('\t');
            let end = at + line.len() as u32;
            parts.push(Part { at: text.len() as u32, text: Span::new(end - content.len() as u32, end) });
            text.push_str(content);
            at = end;
        }
        (Cow::Owned(text), parts)
    }

    /// A command that reads heredocs: BuildKit writes them behind it, for the shell to read.
    fn command_with_heredocs(&self, word: InstructionWord, heredocs: &[Heredoc]) -> Script<'_> {
        let mut text = self.str(word).to_owned();
        let mut parts = vec![Part { at: 0, text: word.text }];
        for heredoc in heredocs {
            text.push('\n');
            parts.push(Part { at: text.len() as u32, text: heredoc.body });
            text.push_str(self.source.slice(heredoc.body));
            let end = heredoc.terminator.unwrap_or(Span::at(heredoc.body.end));
            let line = without_line_end(self.source.slice(end)).len() as u32;
            let name = Span::new(end.start + line.saturating_sub(heredoc.name.len() as u32), end.start + line);
            parts.push(Part { at: text.len() as u32, text: name });
            text.push_str(&heredoc.name);
        }
        Script { text: Cow::Owned(text), kind: ScriptKind::Shell, parts }
    }
}
