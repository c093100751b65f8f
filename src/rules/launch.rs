//! What a container of a stage starts: ENTRYPOINT with the words of CMD behind it, as one script. Serves the rules on
//! ports, signals and processes.

use crate::build::{Build, Code, Stage};
use crate::dockerfile::{Arguments, File, Instruction, Keyword};
use crate::shell::{Script, from_exec};
use crate::text::Span;

/// The command of a container.
pub(super) struct Launch<'b, 'i> {
    text: Text<'b, 'i>,
    /// The instruction that names the program.
    pub(super) instruction: &'i Instruction,
    /// Its index.
    pub(super) index: usize,
}

enum Text<'b, 'i> {
    /// That of one instruction.
    Own(&'b Code<'i>),
    /// ENTRYPOINT and CMD joined; spans are the source's.
    Joined(Script),
}

impl<'b, 'i> Launch<'b, 'i> {
    /// What the file says that a container of the stage starts; `None` when only the base does, or no shell of this kind
    /// reads it.
    pub(super) fn of(build: &'b Build<'i>, stage: &Stage) -> Option<Self> {
        let own = |keyword| build.last(stage, keyword).filter(|(_, one)| !is_empty(one));
        let (entrypoint, cmd) = (own(Keyword::Entrypoint), own(Keyword::Cmd));
        let Some((index, instruction)) = entrypoint else {
            let (index, instruction) = cmd?;
            return Some(Self { text: Text::Own(build.code(index)?), instruction, index });
        };
        let code = build.code(index)?;
        // An ENTRYPOINT takes away the CMD of the stages below it.
        let stage_of = |index| build.stage_of(index).map(|stage| stage.index);
        let cmd = cmd.filter(|(at, _)| stage_of(*at) >= stage_of(index));
        let text = match (words(&instruction.arguments), cmd) {
            (Some(mut argv), Some((_, cmd))) => {
                let file = &build.input().file;
                match &cmd.arguments {
                    Arguments::Json(_) => argv.extend(words(&cmd.arguments).unwrap_or_default()),
                    Arguments::Raw(word) => argv.push((file.str(*word), word.span)),
                    _ => {}
                }
                Text::Joined(from_exec(&argv))
            }
            _ => Text::Own(code),
        };
        Some(Self { text, instruction, index })
    }

    /// Its commands.
    pub(super) fn script(&self) -> &Script {
        match &self.text {
            Text::Own(code) => &code.script,
            Text::Joined(script) => script,
        }
    }

    /// Whether no shell of the builder's stands in front.
    pub(super) fn is_exec(&self) -> bool {
        match &self.text {
            Text::Own(code) => code.is_exec(),
            Text::Joined(_) => true,
        }
    }

    /// Where a span of the script stands in the source.
    pub(super) fn place(&self, file: &File, span: Span) -> Span {
        match &self.text {
            Text::Own(code) => code.place(file, span),
            Text::Joined(_) => span,
        }
    }
}

/// `ENTRYPOINT []` takes away what the base has.
fn is_empty(instruction: &Instruction) -> bool {
    matches!(&instruction.arguments, Arguments::Json(words) if words.is_empty())
}

fn words(arguments: &Arguments) -> Option<Vec<(&str, Span)>> {
    let Arguments::Json(words) = arguments else { return None };
    Some(words.iter().map(|word| (&*word.value, word.word.span)).collect())
}
