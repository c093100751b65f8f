//! The command that a container of a stage starts: ENTRYPOINT followed by the words of CMD, as a script. Used by the
//! rules on ports, signals and processes.

use super::{Build, Code, Stage};
use crate::dockerfile::{Arguments, File, Instruction, Keyword};
use crate::manifest::FileKind;
use crate::shell::{Script, from_exec};
use crate::text::Span;

/// The command of a container.
#[derive(Debug)]
pub struct Launch<'b, 'i> {
    text: LaunchText<'b, 'i>,
    /// The instruction that names the program.
    pub instruction: &'i Instruction,
    /// Its index.
    pub index: usize,
}

#[derive(Debug)]
enum LaunchText<'b, 'i> {
    /// That of one instruction.
    Own(&'b Code<'i>),
    /// ENTRYPOINT and CMD joined; spans are the source's.
    Joined(Box<Script>),
}

impl<'b, 'i> Launch<'b, 'i> {
    /// The command that a container of the stage starts according to the file; `None` if only the base image sets it,
    /// or it is not for a POSIX-like shell.
    fn of(build: &'b Build<'i>, stage: &Stage) -> Option<Self> {
        let last = |keyword| build.last(stage, keyword).filter(|(_, instruction)| !is_empty(instruction));
        let (entrypoint, cmd) = (last(Keyword::Entrypoint), last(Keyword::Cmd));
        let Some((index, instruction)) = entrypoint else {
            let (index, instruction) = cmd?;
            return Some(Self { text: LaunchText::Own(build.code(index)?), instruction, index });
        };
        let code = build.code(index)?;
        // An ENTRYPOINT resets the CMD of the stages that it is based on.
        let stage_of = |index| build.stage_of(index).map(|stage| stage.index);
        let cmd = cmd.filter(|(at, _)| stage_of(*at) >= stage_of(index));
        let argv = words(&instruction.arguments);
        if let Some((index, cmd)) = cmd.filter(|(_, cmd)| argv.as_ref().is_some_and(|argv| hands_over(argv, cmd))) {
            return Some(Self { text: LaunchText::Own(build.code(index)?), instruction: cmd, index });
        }
        let text = match (argv, cmd) {
            (Some(mut argv), Some((_, cmd))) => {
                let file = &build.input().file;
                match &cmd.arguments {
                    Arguments::Json(_) => argv.extend(words(&cmd.arguments).unwrap_or_default()),
                    Arguments::Raw(word) => argv.push((file.str(*word), word.span)),
                    _ => {}
                }
                LaunchText::Joined(Box::new(from_exec(&argv)))
            }
            _ => LaunchText::Own(code),
        };
        Some(Self { text, instruction, index })
    }

    /// Its commands.
    pub fn script(&self) -> &Script {
        match &self.text {
            LaunchText::Own(code) => &code.script,
            LaunchText::Joined(script) => script,
        }
    }

    /// Whether the builder starts it without a shell.
    pub fn is_exec(&self) -> bool {
        match &self.text {
            LaunchText::Own(code) => code.is_exec(),
            LaunchText::Joined(_) => true,
        }
    }

    /// The position of a span of the script in the source.
    pub fn place(&self, file: &File, span: Span) -> Span {
        match &self.text {
            LaunchText::Own(code) => code.place(file, span),
            LaunchText::Joined(_) => span,
        }
    }
}

impl<'i> Build<'i> {
    /// The command that a container of the stage starts according to the file; `None` if only the base image sets it,
    /// or it is not for a POSIX-like shell.
    pub fn launch<'b>(&'b self, stage: &Stage) -> Option<Launch<'b, 'i>> {
        Launch::of(self, stage)
    }
}

/// Whether ENTRYPOINT is a script that prepares something and then runs the command in CMD.
fn hands_over(argv: &[(&str, Span)], cmd: &Instruction) -> bool {
    let [(script, _)] = argv else { return false };
    let script = FileKind::of(script).is_shell() || script.contains("entrypoint");
    let first = words(&cmd.arguments).and_then(|words| words.first().map(|(word, _)| !word.starts_with('-')));
    script && first.unwrap_or(true)
}

/// `ENTRYPOINT []` removes the base's entrypoint.
fn is_empty(instruction: &Instruction) -> bool {
    matches!(&instruction.arguments, Arguments::Json(words) if words.is_empty())
}

fn words(arguments: &Arguments) -> Option<Vec<(&str, Span)>> {
    let Arguments::Json(words) = arguments else { return None };
    Some(words.iter().map(|word| (&*word.value, word.word.span)).collect())
}
