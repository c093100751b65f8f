//! The commands in RUN (also after ONBUILD), CMD, ENTRYPOINT and HEALTHCHECK, parsed once for all rules.

use super::{Build, Stage};
use crate::dockerfile::{self, ScriptKind};
use crate::dockerfile::{Arguments, Element, File, Instruction, Keyword};
use crate::shell::{Invocation, PackageCall, Script, from_exec, parse_with, shell_of_shebang};
use crate::text::Span;

/// The commands of an instruction, with a mapping to the source.
#[derive(Debug)]
pub struct Code<'a> {
    /// The parsed script.
    pub script: Script,
    /// The text that was parsed; `None` for the exec form, whose spans already refer to the source.
    text: Option<dockerfile::Script<'a>>,
}

/// The maximum number of instructions of a file that are compared with each other; no real file comes near.
const MOST: usize = 1_000;

/// The same for the commands of a script.
const MOST_COMMANDS: usize = 500;

impl Code<'_> {
    /// Whether it has no more commands than real scripts: pairs of commands are compared only then.
    pub fn is_ordinary(&self) -> bool {
        self.script.commands.len() <= MOST_COMMANDS
    }

    /// Whether it calls a package manager as wanted.
    pub fn has_package_call(&self, is_wanted: impl Fn(&PackageCall) -> bool) -> bool {
        let invocations = self.script.invocations();
        invocations.iter().filter_map(Invocation::package_call).any(|call| is_wanted(&call))
    }

    /// Whether it runs without a shell: the exec form.
    pub fn is_exec(&self) -> bool {
        self.text.is_none()
    }

    /// The position of a span of the script in the source.
    pub fn place(&self, file: &File, span: Span) -> Span {
        self.text.as_ref().map_or(span, |text| text.locate(file, span))
    }

    /// The text that the shell gets; `None` in exec form.
    pub fn text(&self) -> Option<&str> {
        self.text.as_ref().map(|text| &*text.text)
    }
}

impl<'a> Build<'a> {
    /// The commands of an instruction; `None` if they are not for a POSIX-like shell.
    pub fn code(&self, index: usize) -> Option<&Code<'a>> {
        let read = || {
            let instruction = self.effective(index);
            let stage = self.stage_of(index)?;
            match (instruction.keyword, &instruction.arguments) {
                (Keyword::Run | Keyword::Cmd | Keyword::Entrypoint, arguments) => {
                    self.read(stage, index, instruction, arguments).map(Box::new)
                }
                (Keyword::Healthcheck, Arguments::Healthcheck(_, command)) => {
                    self.read(stage, index, instruction, command).map(Box::new)
                }
                _ => None,
            }
        };
        self.code.get(index)?.get_or_init(read).as_deref()
    }

    /// Whether the file has no more instructions than real files: pairs of instructions are compared only then.
    pub fn is_ordinary(&self) -> bool {
        self.input().file.instructions().len() <= MOST
    }

    /// The instructions of a stage with their indexes, its FROM excluded and each ONBUILD as its trigger.
    pub fn effective_instructions(&self, stage: &Stage) -> impl Iterator<Item = (usize, &'a Instruction)> + use<'a> {
        let file = &self.input().file;
        self.instructions(stage).map(|(index, instruction)| (index, file.trigger(instruction).unwrap_or(instruction)))
    }

    /// Whether the instruction with this index is an ONBUILD.
    pub fn is_trigger(&self, index: usize) -> bool {
        self.instruction(index).keyword == Keyword::Onbuild
    }

    /// The instruction with this index; for ONBUILD its trigger, which runs on top of the same stage.
    pub fn effective(&self, index: usize) -> &'a Instruction {
        let instruction = self.instruction(index);
        self.input().file.trigger(instruction).unwrap_or(instruction)
    }

    fn read(
        &self,
        stage: &Stage,
        index: usize,
        instruction: &'a Instruction,
        arguments: &'a Arguments,
    ) -> Option<Code<'a>> {
        if let Arguments::Json(words) = arguments {
            return Some(exec(words));
        }
        let shell = self.shell(stage, index);
        let shell = shell.value().filter(|shell| shell.dialect.is_parsed())?;
        let text = self.input().file.script(instruction)?;
        let options = match text.kind {
            ScriptKind::Shell => shell.options,
            ScriptKind::Interpreter(line) => {
                let named = shell_of_shebang(&format!("#!{line}"))?;
                named.dialect.is_parsed().then_some(named.options)?
            }
        };
        let mut script = parse_with(&text.text, options);
        self.leave_out_dead(stage, (index, instruction), &mut script);
        Some(Code { script, text: Some(text) })
    }
}

fn exec<'a>(words: &[Element]) -> Code<'a> {
    let argv: Vec<(&str, Span)> = words.iter().map(|word| (&*word.value, word.word.span)).collect();
    Code { script: from_exec(&argv), text: None }
}
