//! The shell text in RUN, CMD, ENTRYPOINT and HEALTHCHECK, read once for all rules.

use super::{Build, Stage};
use crate::dockerfile::{Arguments, Element, File, Instruction, Keyword};
use crate::shell::{Script, from_exec, parse_with, shell_of_shebang};
use crate::text::Span;

/// A script of an instruction, with the way back to the source.
#[derive(Debug)]
pub struct Code {
    /// What it is in the instruction.
    pub role: Role,
    /// What was read.
    pub script: Script,
    /// Where the script's offset 0 lies in the file's address space; `None` when its spans are the source's already.
    base: Option<u32>,
    /// The end of the script's text, in the address space of its spans.
    pub text: Span,
}

/// What a script is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The shell form: the text after the flags.
    Shell,
    /// The body of a heredoc that the shell runs.
    Heredoc,
    /// The exec form: no shell unless it names one.
    Exec,
}

impl Code {
    /// Where a span of the script stands in the source.
    pub fn place(&self, file: &File, span: Span) -> Span {
        match self.base {
            Some(base) => file.locate(span.shifted(base)),
            None => span,
        }
    }
}

impl Build<'_> {
    /// The scripts of an instruction; none for what is not read by a POSIX-like shell.
    pub fn code(&self, index: usize) -> &[Code] {
        let Some(cell) = self.code.get(index) else { return &[] };
        cell.get_or_init(|| {
            let instruction = self.instruction(index);
            let Some(stage) = self.stage_of(index) else { return Vec::new() };
            match (instruction.keyword, &instruction.arguments) {
                (Keyword::Run | Keyword::Cmd | Keyword::Entrypoint, arguments) => {
                    self.read(stage, index, instruction, arguments)
                }
                (Keyword::Healthcheck, Arguments::Healthcheck(_, command)) => {
                    self.read(stage, index, instruction, command)
                }
                _ => Vec::new(),
            }
        })
    }

    fn read(&self, stage: &Stage, index: usize, instruction: &Instruction, arguments: &Arguments) -> Vec<Code> {
        match arguments {
            Arguments::Json(words) => vec![exec(words)],
            Arguments::Raw(word) => {
                let file = &self.input().file;
                let shell = self.shell(stage, index);
                let Some(shell) = shell.value().filter(|shell| shell.dialect.is_parsed()) else { return Vec::new() };
                if let Some(body) = heredoc_script(file, instruction, file.str(*word)) {
                    let text = file.source().slice(body);
                    let first = text.lines().next().unwrap_or_default();
                    if shell_of_shebang(first).is_some_and(|shell| !shell.dialect.is_parsed()) {
                        return Vec::new();
                    }
                    let script = parse_with(text, shell.options);
                    return vec![Code { role: Role::Heredoc, script, base: Some(body.start), text: whole(text) }];
                }
                let text = file.str(*word);
                let script = parse_with(text, shell.options);
                vec![Code { role: Role::Shell, script, base: Some(word.text.start), text: whole(text) }]
            }
            _ => Vec::new(),
        }
    }
}

fn whole(text: &str) -> Span {
    Span::new(0, text.len() as u32)
}

/// `RUN <<EOF` and nothing else: the body is the script. Otherwise the bodies are some program's input.
fn heredoc_script(file: &File, instruction: &Instruction, text: &str) -> Option<Span> {
    let [heredoc] = instruction.heredocs.as_slice() else { return None };
    (text.trim() == file.str(heredoc.opener)).then_some(heredoc.body)
}

fn exec(words: &[Element]) -> Code {
    let argv: Vec<(&str, Span)> = words.iter().map(|word| (&*word.value, word.word.span)).collect();
    let text = argv.first().map_or(Span::default(), |(_, first)| argv.iter().fold(*first, |all, (_, span)| all.to(*span)));
    Code { role: Role::Exec, script: from_exec(&argv), base: None, text }
}
