//! The RUN instructions of a build with their scripts, including those after ONBUILD, which run in a build that is
//! based on the image.

use super::Context;
use super::written_paths::covers;
use crate::build::{Build, Code, Lookup, Stage, StageBase, VariableValue};
use crate::dockerfile::{File, Instruction, Keyword};
use crate::shell::{Assignment, ExpansionKind, Invocation, Word};
use crate::text::Span;

/// The number of commands before a use that are searched for an assignment: a script may have a million of both.
const LOOKED_BACK: usize = 100;

/// A RUN, or another instruction, with its script.
#[derive(Clone, Copy)]
pub(super) struct Run<'a, 'i> {
    pub(super) build: &'a Build<'i>,
    pub(super) stage: &'a Stage,
    /// Index of the instruction: of the ONBUILD, if the RUN is after one.
    pub(super) index: usize,
    /// The RUN itself.
    pub(super) instruction: &'i Instruction,
    pub(super) code: &'a Code<'i>,
}

/// The RUNs of all stages, in source order.
pub(super) fn all<'a, 'i>(cx: &Context<'a, 'i>) -> impl Iterator<Item = Run<'a, 'i>> + use<'a, 'i> {
    let build = cx.build();
    build.stages().iter().flat_map(move |stage| of_stage(build, stage))
}

/// The RUNs whose layers are in the image.
pub(super) fn shipped<'a, 'i>(cx: &Context<'a, 'i>) -> impl Iterator<Item = Run<'a, 'i>> + use<'a, 'i> {
    let build = cx.build();
    build.stages().iter().filter(move |stage| build.ships(stage)).flat_map(move |stage| of_stage(build, stage))
}

/// The RUNs of the stages that are built, without triggers, if file and script are no larger than real ones: for rules
/// that compare pairs.
pub(super) fn ordinary<'a, 'i>(cx: &Context<'a, 'i>) -> impl Iterator<Item = Run<'a, 'i>> + use<'a, 'i> {
    let build = cx.build();
    let stages = build.stages().iter().filter(move |stage| build.is_ordinary() && build.is_needed(stage));
    stages.flat_map(move |stage| of_stage(build, stage)).filter(|run| !run.is_trigger() && run.code.is_ordinary())
}

/// The RUNs of all stages, and CMD, ENTRYPOINT and HEALTHCHECK with their scripts.
pub(super) fn scripts<'a, 'i>(cx: &Context<'a, 'i>) -> impl Iterator<Item = Run<'a, 'i>> + use<'a, 'i> {
    let build = cx.build();
    let of_stage = move |stage: &'a Stage| {
        build.instructions(stage).filter_map(move |(index, _)| {
            let code = build.code(index)?;
            Some(Run { build, stage, index, instruction: build.effective(index), code })
        })
    };
    build.stages().iter().flat_map(of_stage)
}

/// The RUNs of a stage.
pub(super) fn of_stage<'a, 'i>(
    build: &'a Build<'i>,
    stage: &'a Stage,
) -> impl Iterator<Item = Run<'a, 'i>> + use<'a, 'i> {
    build.instructions(stage).filter_map(move |(index, _)| {
        let instruction = build.effective(index);
        if instruction.keyword != Keyword::Run {
            return None;
        }
        Some(Run { build, stage, index, instruction, code: build.code(index)? })
    })
}

impl<'a, 'i> Run<'a, 'i> {
    /// The file that it is in.
    pub(super) fn file(&self) -> &'i File {
        &self.build.input().file
    }

    /// Whether it is after ONBUILD.
    pub(super) fn is_trigger(&self) -> bool {
        self.build.instruction(self.index).keyword == Keyword::Onbuild
    }

    /// Every program that it runs.
    pub(super) fn invocations(&self) -> Vec<Invocation<'a>> {
        self.code.script.invocations()
    }

    /// The position of a span of the script in the source.
    pub(super) fn place(&self, span: Span) -> Span {
        self.code.place(self.file(), span)
    }

    /// The source under a span of the script.
    pub(super) fn source(&self, span: Span) -> &'i str {
        self.file().source().slice(self.place(span))
    }

    /// Whether a cache or tmpfs mount covers one of the folders.
    pub(super) fn is_mounted(&self, folders: &[&str]) -> bool {
        self.file().mounts(self.instruction).iter().any(|mount| {
            let target = mount.target().unwrap_or_default();
            matches!(&*mount.kind(), "cache" | "tmpfs") && folders.iter().any(|folder| covers(target, folder))
        })
    }

    /// Where and how to add `addition` after a word of the script; `None` if the source does not contain the word as it
    /// is, because it is inside quotes or escapes of an outer shell.
    pub(super) fn insertion_after(&self, word: Span, text: &str, addition: &str) -> Option<(Span, String)> {
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

    /// The last assignment of a variable before a position of the script, among the commands just before it.
    pub(super) fn assigned(&self, name: &str, at: u32) -> Option<&'a Assignment> {
        let commands = &self.code.script.commands;
        let end = commands.partition_point(|command| command.span.start < at);
        let before = &commands[end.saturating_sub(LOOKED_BACK)..end];
        before.iter().flat_map(|command| &command.assignments).rfind(|assignment| &*assignment.name_text == name)
    }

    /// The value of `$NAME` or `${NAME}`, if the script before `at` or the file sets it.
    pub(super) fn value_of(&self, text: &str, at: u32) -> Option<String> {
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
    pub(super) fn may_be_option(&self, word: &Word) -> bool {
        let [expansion] = word.expansions() else { return false };
        let ExpansionKind::Variable(name) = &expansion.kind else { return false };
        let name = name.to_ascii_lowercase();
        !expansion.quoted
            && expansion.within.start == 0
            && (["opt", "arg", "flag", "param"].iter().any(|part| name.contains(part))
                || self.value_of(word.text(), word.span.start).is_some_and(|value| value.trim_start().starts_with('-')))
    }
}

/// From which instruction on something was mentioned in a stage or in a stage that it is based on.
pub(super) struct Mentions {
    /// For each stage the index of the first instruction; `usize::MAX` without any.
    first: Vec<usize>,
}

impl Mentions {
    /// For instructions whose source, in lower case, satisfies `holds`.
    pub(super) fn of(build: &Build, holds: impl Fn(&Instruction, &str) -> bool) -> Self {
        let source = build.input().file.source();
        let mut first: Vec<usize> = Vec::new();
        for stage in build.stages() {
            let below = match stage.base {
                StageBase::Stage(parent) => first.get(parent).is_some_and(|index| *index != usize::MAX),
                _ => false,
            };
            let is_own = || {
                build
                    .instructions(stage)
                    .find(|(_, instruction)| holds(instruction, &source.slice(instruction.span).to_ascii_lowercase()))
            };
            first.push(if below { 0 } else { is_own().map_or(usize::MAX, |(index, _)| index) });
        }
        Self { first }
    }

    /// Whether it was mentioned up to and including a RUN.
    pub(super) fn mentioned_until(&self, run: &Run) -> bool {
        self.first.get(run.stage.index).is_some_and(|first| *first <= run.index)
    }
}

/// Whether an instruction puts files into apt's configuration folder.
pub(super) fn configures_apt(instruction: &Instruction, text: &str) -> bool {
    matches!(instruction.keyword, Keyword::Copy | Keyword::Add) && text.contains("/etc/apt/apt.conf")
}
