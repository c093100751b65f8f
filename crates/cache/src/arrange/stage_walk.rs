//! Walks a stage from its first copy of sources and sorts the instructions: above or below the sources.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::reason::Reason;
use super::state::{ArrangedStage, Effect, MovedAbove, MovedBelow, Obstacle, Walk};
use super::{command_needs, install_inputs, text};
use crate::build::{Build, Stage, StageBase, Transfer, installed};
use crate::cache::{Likeness, Origins, source_file};
use crate::dockerfile::{Instruction, Keyword};
use crate::inputs::context::{BuildContext, ContextEntryKind};
use crate::shell::{Invocation, Verb};
use crate::text::path;

/// The maximum number of copies of a stage, and of files of a copy, that are compared with each other; real stages have
/// fewer.
const MOST: usize = 100;

/// Whether a COPY takes source files. A file that it names counts only if it is code that no RUN names: other files are
/// meant for a RUN.
fn takes_sources(
    build: &Build,
    stage: &Stage,
    context: &BuildContext,
    origins: &Origins,
    mut transfer: Transfer,
) -> bool {
    let source = build.input().file.source();
    let is_named = |name: &str| {
        build.instructions(stage).any(|(_, run)| run.keyword == Keyword::Run && source.slice(run.span).contains(name))
    };
    transfer.sources.retain(|source| {
        let path = source.text.as_deref().unwrap_or_default().trim_start_matches("./").trim_matches('/');
        let file = context.find(path).filter(|id| context.entry(*id).kind == ContextEntryKind::File);
        file.is_none_or(|id| {
            let name = context.entry(id).name;
            Likeness::of_name(name).is_program() && !is_named(name)
        })
    });
    source_file(&transfer, context, origins).is_some()
}

/// Whether a stage, or a stage that it is based on, copies something that is not from an image.
fn reads_context(build: &Build, stage: &Stage) -> bool {
    build.chain(stage).any(|stage| {
        let bound = build.bound(stage).into_iter().any(|(_, source)| source.is_some());
        bound || build.transfers(stage).iter().any(|transfer| !matches!(transfer.from, Some(StageBase::Image(_))))
    })
}

impl<'b, 'i> Walk<'b, 'i> {
    pub(super) fn new(build: &'b Build<'i>, stage: &'b Stage, context: &'i BuildContext) -> Option<Self> {
        let transfers = build.transfers(stage);
        if transfers.len() > MOST {
            return None;
        }
        let origins = Origins::new(context, build.input().projects.as_deref().map(Vec::as_slice));
        let mut sources = BTreeSet::new();
        for transfer in transfers {
            let index = transfer.index;
            let takes = match transfer.from {
                None => takes_sources(build, stage, context, &origins, transfer.clone()),
                // Files built from sources change with them.
                Some(StageBase::Stage(from)) => reads_context(build, &build.stages()[from]),
                Some(_) => false,
            };
            if takes {
                sources.insert(index);
            }
        }
        let first = *sources.first()?;
        let mut walk = Self {
            build,
            stage,
            context,
            first,
            transfers,
            sources,
            done: Vec::new(),
            above: Vec::new(),
            below: Vec::new(),
            last: None,
            closed: None,
            commands: Vec::new(),
            obstacles: RefCell::default(),
        };
        let before: Vec<usize> = build.chain(stage).flat_map(|below| below.instructions.clone()).collect();
        for index in before.into_iter().filter(|index| *index < first) {
            walk.note_done(index);
        }
        for (index, instruction) in build.instructions(stage).filter(|(index, _)| *index >= first) {
            walk.take(index, instruction);
        }
        Some(walk)
    }

    /// The new order, if a command can move up, and the obstacles for the others.
    pub(super) fn finish(mut self) -> (Option<ArrangedStage>, Vec<Obstacle>) {
        let Some(last) = self.last else { return (None, self.obstacles.into_inner()) };
        self.above.retain(|moved| moved.index <= last);
        self.below.retain(|moved| moved.index <= last);
        let written = text::write(&self, last);
        let obstacles = self.obstacles.into_inner();
        match written {
            Ok((edits, files)) => (Some(ArrangedStage { edits, files, commands: self.commands }), obstacles),
            Err(reason) => {
                let refused = self.commands.into_iter().map(|command| Obstacle { command, reason: reason.clone() });
                (None, obstacles.into_iter().chain(refused).collect())
            }
        }
    }

    /// Whether a copy from another stage, below the new position of a command, may add the program that it starts or
    /// the environment that it works in.
    pub(super) fn is_program_copied(&self, at: usize, invocation: &Invocation) -> bool {
        let program = invocation.program.unwrap_or_default();
        let call = invocation.package_call();
        if call.as_ref().is_some_and(|call| call.manager.is_system()) || command_needs::is_plain(program) {
            return false;
        }
        let workdir = installed::workdir(self.build, self.stage, at);
        let source = self.build.input().file.source();
        let on_path = |bin: &str| {
            let mut before = self.build.instructions(self.stage).filter(|(index, _)| *index < at);
            before.any(|(_, instruction)| {
                instruction.keyword == Keyword::Env && source.slice(instruction.span).contains(bin)
            })
        };
        let mut copies = self.transfers.iter().filter(|transfer| {
            transfer.index < at
                && self.sources.contains(&transfer.index)
                && matches!(transfer.from, Some(StageBase::Stage(_)))
        });
        copies.any(|copy| {
            let Some(to) = self.goes_to(copy) else { return true };
            let name = path::name(&to);
            if name == program || on_path(&path::join(&to, "bin")) {
                return true;
            }
            let modules = ["venv", ".venv", "node_modules", "site-packages", "packages"].contains(&name);
            call.is_none() && (modules || to == workdir || !path::is_within(&to, &workdir))
        })
    }

    fn note_done(&mut self, index: usize) {
        let Some(code) = self.build.code(index) else { return };
        for invocation in code.script.invocations() {
            let Some(call) = invocation.package_call() else { continue };
            if matches!(call.verb, Verb::Install | Verb::Download) && call.is_from_manifest() {
                self.done.extend(install_inputs::key(self, index, &invocation, &call));
            }
        }
        self.obstacles.borrow_mut().clear();
    }

    fn take(&mut self, index: usize, instruction: &Instruction) {
        match instruction.keyword {
            Keyword::Copy | Keyword::Add => self.take_copy(index),
            Keyword::Run => self.take_run(index),
            Keyword::Env | Keyword::Arg | Keyword::Shell | Keyword::Volume => {
                let ran = |below: &MovedBelow| matches!(below.effect, Effect::Ran(..) | Effect::Anything(_));
                if self.below.iter().any(ran) || (instruction.keyword == Keyword::Shell && self.has_runs_below()) {
                    let name = self.build.input().file.str(instruction.name).to_uppercase();
                    self.closed.get_or_insert(Reason::SettingAbove(name));
                }
                self.keep(index);
            }
            _ => self.keep(index),
        }
    }

    fn has_runs_below(&self) -> bool {
        self.below.iter().any(|below| !matches!(below.effect, Effect::Copied))
    }

    /// Keeps an instruction with the commands below it that move up.
    fn keep(&mut self, index: usize) {
        self.above.push(MovedAbove { index, parts: None, command: None, needs: Vec::new() });
    }

    fn take_copy(&mut self, index: usize) {
        let known = self.transfers.iter().find(|transfer| transfer.index == index);
        // An earlier command may delete files at the destination.
        let ran = self.below.iter().any(|below| !matches!(below.effect, Effect::Copied));
        let stays = known.is_none_or(|known| self.sources.contains(&index) || ran || !self.is_apart(known));
        if stays {
            self.below.push(MovedBelow { index, parts: None, effect: Effect::Copied });
        } else {
            self.keep(index);
        }
    }

    /// Whether a copy without sources may be placed above the copies of sources: they copy nothing to its destination,
    /// and its files do not come from a stage that reads the context.
    fn is_apart(&self, transfer: &Transfer) -> bool {
        let Some(to) = self.goes_to(transfer) else { return false };
        let landing = |transfer: &Transfer, path: &str| self.build.landing(self.context, self.stage, transfer, path);
        // A file that is copied there anyway may be copied earlier.
        let same = |path: &str, to: &str| {
            let mut sources = self.transfers.iter().filter(|transfer| self.sources.contains(&transfer.index));
            sources.any(|source| landing(source, path).as_deref() == Some(to))
        };
        let lands = || {
            let selected = transfer.select(self.context);
            let files: Vec<_> = selected.iter().flatten().flat_map(|selection| selection.entries.iter()).collect();
            if files.len() > MOST {
                return false;
            }
            let mut paths = files.into_iter().map(|id| self.context.path(*id));
            paths.all(|path| landing(transfer, &path).is_some_and(|to| !self.has(&to) || same(&path, &to)))
        };
        match &transfer.from {
            None => !transfer.sources.is_empty() && lands(),
            Some(StageBase::Image(_)) => !self.has(&to),
            Some(StageBase::Stage(stage)) => !self.has(&to) && !reads_context(self.build, &self.build.stages()[*stage]),
            Some(_) => false,
        }
    }
}
