//! Walks over a build: its RUNs with their scripts, including those after ONBUILD, which run in a build that is based on
//! the image, its instructions of a kind, its COPYs and ADDs.

use super::{Build, Code, Lookup, Stage, Transfer, VariableValue};
use crate::dockerfile::{File, Instruction, Keyword};
use crate::shell::{Assignment, ExpansionKind, Invocation, Word};
use crate::text::{Span, path};

/// The number of commands before a use that are searched for an assignment: a script may have a million of both.
const LOOKED_BACK: usize = 100;

/// A RUN, or another instruction, with its script.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a, 'i> {
    /// Its build.
    pub build: &'a Build<'i>,
    /// Its stage.
    pub stage: &'a Stage,
    /// Index of the instruction: of the ONBUILD, if the RUN is after one.
    pub index: usize,
    /// The RUN itself.
    pub instruction: &'i Instruction,
    /// Its script.
    pub code: &'a Code<'i>,
}

/// An instruction in its stage, with its index; for a trigger, that of the ONBUILD.
pub type Placed<'a, 'i> = (&'a Stage, usize, &'i Instruction);

impl<'i> Build<'i> {
    /// The stages that the target needs.
    pub fn needed_stages(&self) -> impl Iterator<Item = &Stage> {
        self.stages().iter().filter(|stage| self.is_needed(stage))
    }

    /// The RUNs of a stage, in source order.
    pub fn runs<'a>(&'a self, stage: &'a Stage) -> impl Iterator<Item = Run<'a, 'i>> + use<'a, 'i> {
        let runs = self.effective_instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Run);
        runs.filter_map(move |(index, instruction)| self.run(stage, index, instruction))
    }

    /// The RUNs of a stage, and its CMD, ENTRYPOINT and HEALTHCHECK with their scripts.
    pub fn scripts<'a>(&'a self, stage: &'a Stage) -> impl Iterator<Item = Run<'a, 'i>> + use<'a, 'i> {
        self.effective_instructions(stage).filter_map(move |(index, instruction)| self.run(stage, index, instruction))
    }

    fn run<'a>(&'a self, stage: &'a Stage, index: usize, instruction: &'i Instruction) -> Option<Run<'a, 'i>> {
        Some(Run { build: self, stage, index, instruction, code: self.code(index)? })
    }

    /// The RUNs of all stages.
    pub fn all_runs(&self) -> impl Iterator<Item = Run<'_, 'i>> {
        self.stages().iter().flat_map(|stage| self.runs(stage))
    }

    /// The RUNs of the stages that the target needs.
    pub fn needed_runs(&self) -> impl Iterator<Item = Run<'_, 'i>> {
        self.needed_stages().flat_map(|stage| self.runs(stage))
    }

    /// The RUNs whose layers are in the image.
    pub fn shipped_runs(&self) -> impl Iterator<Item = Run<'_, 'i>> {
        self.stages().iter().filter(|stage| self.ships(stage)).flat_map(|stage| self.runs(stage))
    }

    /// The RUNs of the stages that are built, without triggers, if file and script are no larger than real ones: for
    /// whoever compares pairs.
    pub fn ordinary_runs(&self) -> impl Iterator<Item = Run<'_, 'i>> {
        let stages = if self.is_ordinary() { self.stages() } else { &[] };
        let needed = stages.iter().filter(|stage| self.is_needed(stage));
        needed.flat_map(|stage| self.own_runs(stage)).filter(|run| run.code.is_ordinary())
    }

    /// The scripts of all stages: RUN, CMD, ENTRYPOINT and HEALTHCHECK.
    pub fn all_scripts(&self) -> impl Iterator<Item = Run<'_, 'i>> {
        self.stages().iter().flat_map(|stage| self.scripts(stage))
    }

    /// The RUNs of a stage, not those after ONBUILD.
    pub fn own_runs<'a>(&'a self, stage: &'a Stage) -> impl Iterator<Item = Run<'a, 'i>> + use<'a, 'i> {
        self.runs(stage).filter(|run| !run.is_trigger())
    }

    /// Every program that the RUNs of a stage call, not those after ONBUILD.
    pub fn called<'a>(&'a self, stage: &'a Stage) -> impl Iterator<Item = Invocation<'a>> + use<'a, 'i> {
        self.own_runs(stage).flat_map(|run| run.invocations())
    }

    /// The instructions of a kind of a stage, not those after ONBUILD.
    pub fn instructions_of(
        &self,
        stage: &Stage,
        keyword: Keyword,
    ) -> impl Iterator<Item = (usize, &'i Instruction)> + use<'i> {
        self.instructions(stage).filter(move |(_, instruction)| instruction.keyword == keyword)
    }

    /// The instructions of all stages, each ONBUILD as itself.
    pub fn all_instructions(&self) -> impl Iterator<Item = Placed<'_, 'i>> {
        let of_stage = |stage| self.instructions(stage).map(move |(index, instruction)| (stage, index, instruction));
        self.stages().iter().flat_map(of_stage)
    }

    /// The instructions of a kind of all stages, not those after ONBUILD.
    pub fn all_of(&self, keyword: Keyword) -> impl Iterator<Item = Placed<'_, 'i>> {
        self.all_instructions().filter(move |(_, _, instruction)| instruction.keyword == keyword)
    }

    /// The same, of the stages that the target needs.
    pub fn needed_of(&self, keyword: Keyword) -> impl Iterator<Item = Placed<'_, 'i>> {
        self.all_of(keyword).filter(|(stage, ..)| self.is_needed(stage))
    }

    /// The instructions of a kind of all stages, also those after ONBUILD.
    pub fn all_effective_of(&self, keyword: Keyword) -> impl Iterator<Item = Placed<'_, 'i>> {
        let of_stage = |stage| self.effective_instructions(stage).map(move |(index, known)| (stage, index, known));
        let all = self.stages().iter().flat_map(of_stage);
        all.filter(move |(_, _, instruction)| instruction.keyword == keyword)
    }

    /// The COPYs and ADDs of all stages.
    pub fn all_transfers(&self) -> impl Iterator<Item = (&Stage, &Transfer<'i>)> {
        self.stages().iter().flat_map(|stage| self.transfers(stage).iter().map(move |transfer| (stage, transfer)))
    }

    /// The COPYs and ADDs of the stages that the target needs.
    pub fn needed_transfers(&self) -> impl Iterator<Item = (&Stage, &Transfer<'i>)> {
        self.all_transfers().filter(|(stage, _)| self.is_needed(stage))
    }
}

impl<'a, 'i> Run<'a, 'i> {
    /// The file that it is in.
    pub fn file(&self) -> &'i File {
        &self.build.input().file
    }

    /// Whether it is after ONBUILD.
    pub fn is_trigger(&self) -> bool {
        self.build.instruction(self.index).keyword == Keyword::Onbuild
    }

    /// Every program that it runs.
    pub fn invocations(&self) -> Vec<Invocation<'a>> {
        self.code.script.invocations()
    }

    /// The position of a span of the script in the source.
    pub fn place(&self, span: Span) -> Span {
        self.code.place(self.file(), span)
    }

    /// The source under a span of the script.
    pub fn source(&self, span: Span) -> &'i str {
        self.file().source().slice(self.place(span))
    }

    /// Whether a cache or tmpfs mount covers one of the folders.
    pub fn is_mounted(&self, folders: &[&str]) -> bool {
        self.file().mounts(self.instruction).iter().any(|mount| {
            let target = mount.target().unwrap_or_default();
            matches!(&*mount.kind(), "cache" | "tmpfs") && folders.iter().any(|folder| path::covers(target, folder))
        })
    }

    /// Where and how to add `addition` after a word of the script; `None` if the source does not contain the word as it
    /// is, because it is inside quotes or escapes of an outer shell.
    pub fn insertion_after(&self, word: Span, text: &str, addition: &str) -> Option<(Span, String)> {
        let place = self.place(word);
        let written = self.file().source().slice(place);
        let element = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match element {
            Some(inner) if self.code.is_exec() && inner == text => {
                Some((Span::at(place.end), format!(", \"{addition}\"")))
            }
            _ if written == text => Some((Span::at(place.end), format!(" {addition}"))),
            _ => None,
        }
    }

    /// The same, for an option right after a program's name.
    pub fn option_insertion(&self, invocation: &Invocation, option: &str) -> Option<(Span, String)> {
        self.insertion_after(invocation.path.span, invocation.path.value().unwrap_or_default(), option)
    }

    /// The last assignment of a variable before a position of the script, among the commands just before it.
    pub fn assigned(&self, name: &str, at: u32) -> Option<&'a Assignment> {
        let commands = &self.code.script.commands;
        let end = commands.partition_point(|command| command.span.start < at);
        let before = &commands[end.saturating_sub(LOOKED_BACK)..end];
        before.iter().flat_map(|command| &command.assignments).rfind(|assignment| &*assignment.name_text == name)
    }

    /// The value of `$NAME` or `${NAME}`, if the script before `at` or the file sets it.
    pub fn value_of(&self, text: &str, at: u32) -> Option<String> {
        let name = text.strip_prefix('$')?;
        let name = name.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(name);
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return None;
        }
        if let Some(assigned) = self.assigned(name, at) {
            return if assigned.append { None } else { assigned.value.value().map(str::to_owned) };
        }
        match self.build.scopes().lookup_run(self.stage.index, name, self.index) {
            Lookup::Defined(definition) => match &definition.value {
                VariableValue::Known(value) => Some(value.to_string()),
                VariableValue::Unset | VariableValue::Unknown => None,
            },
            Lookup::Undefined | Lookup::Unknown => None,
        }
    }

    /// Whether a word may contain options: `$APT_OPTIONS`.
    pub fn may_be_option(&self, word: &Word) -> bool {
        let [expansion] = word.expansions() else { return false };
        let ExpansionKind::Variable(name) = &expansion.kind else { return false };
        let name = name.to_ascii_lowercase();
        !expansion.quoted
            && expansion.within.start == 0
            && (["opt", "arg", "flag", "param"].iter().any(|part| name.contains(part))
                || self.value_of(word.text(), word.span.start).is_some_and(|value| value.trim_start().starts_with('-')))
    }
}
