//! Goes through a stage from its first copy of sources on and sorts what stands there: above or below the sources.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::closure::{self, Needs};
use super::{Arranged, Obstacle, nature, text};
use crate::build::{Base, Build, Stage, Transfer, installed};
use crate::cache::{Likeness, Origins, source_file};
use crate::dockerfile::{Instruction, Keyword};
use crate::inputs::context::{BuildContext, Kind};
use crate::manifest::{Ecosystem, Project};
use crate::shell::{Invocation, Verb};

/// Copies of a stage, and files of one copy, that are compared with each other; real stages have fewer.
const MOST: usize = 100;

/// What stands above the sources in the new order.
#[derive(Debug)]
pub(super) struct Above<'i> {
    pub(super) index: usize,
    /// The parts of a RUN that is divided, as elements of its script; `None` for the whole instruction.
    pub(super) parts: Option<Vec<usize>>,
    /// A command of its own instead, which the instruction's own leave to it.
    pub(super) command: Option<&'static str>,
    /// What its installs read.
    pub(super) needs: Vec<Needs<'i>>,
}

/// What stays below.
#[derive(Debug)]
pub(super) struct Below {
    pub(super) index: usize,
    /// As in [`Above`].
    pub(super) parts: Option<Vec<usize>>,
    pub(super) effect: Effect,
}

/// What something that stays below may have done for what would rise above it.
#[derive(Debug)]
pub(super) enum Effect {
    /// Brought files.
    Copied,
    /// Changed names, modes or contents of these paths; maybe of others than copies bring.
    Touched(Vec<String>, bool),
    /// Ran a program of an ecosystem in a folder.
    Ran(Ecosystem, String),
    /// Anything.
    Anything(String),
}

/// The stage on the way.
#[derive(Debug)]
pub(super) struct Walk<'b, 'i> {
    pub(super) build: &'b Build<'i>,
    pub(super) stage: &'b Stage,
    pub(super) context: &'i BuildContext,
    /// Index of the first copy of sources.
    pub(super) first: usize,
    transfers: Vec<Transfer<'i>>,
    /// Indexes of the copies that stay below.
    sources: BTreeSet<usize>,
    pub(super) done: Vec<String>,
    pub(super) above: Vec<Above<'i>>,
    pub(super) below: Vec<Below>,
    /// The last instruction that is worth moving.
    pub(super) last: Option<usize>,
    /// Why nothing more may rise.
    pub(super) closed: Option<String>,
    pub(super) commands: Vec<String>,
    obstacles: RefCell<Vec<Obstacle>>,
}

/// Whether a COPY takes source files. A file that it names counts only when it is code that no RUN names: others are
/// there for a RUN.
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
        let file = context.find(path).filter(|id| context.entry(*id).kind == Kind::File);
        file.is_none_or(|id| {
            let name = context.entry(id).name;
            Likeness::of_name(name).is_program() && !is_named(name)
        })
    });
    source_file(&transfer, context, origins).is_some()
}

/// Whether an absolute path is a folder or lies in it.
fn is_below(path: &str, folder: &str) -> bool {
    folder == "/" || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a stage, or one below it, takes something that is no image's.
fn reads_context(build: &Build, stage: &Stage) -> bool {
    build.chain(stage).any(|stage| {
        let bound = build.bound(stage).into_iter().any(|(_, source)| source.is_some());
        bound || build.transfers(stage).iter().any(|one| !matches!(one.from, Some(Base::Image(_))))
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
        for transfer in build.transfers(stage) {
            let index = transfer.index;
            let takes = match transfer.from {
                None => takes_sources(build, stage, context, &origins, transfer),
                // What is built of sources changes with them.
                Some(Base::Stage(from)) => reads_context(build, &build.stages()[from]),
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

    /// The new order, where something rises; what hinders the rest.
    pub(super) fn finish(mut self) -> (Option<Arranged>, Vec<Obstacle>) {
        let Some(last) = self.last else { return (None, self.obstacles.into_inner()) };
        self.above.retain(|one| one.index <= last);
        self.below.retain(|one| one.index <= last);
        let written = text::write(&self, last);
        let obstacles = self.obstacles.into_inner();
        match written {
            Ok((edits, files)) => (Some(Arranged { edits, files, commands: self.commands }), obstacles),
            Err(why) => {
                let refused = self.commands.into_iter().map(|command| Obstacle { command, why: why.clone() });
                (None, obstacles.into_iter().chain(refused).collect())
            }
        }
    }

    pub(super) fn projects(&self) -> &'i [Project] {
        self.build.input().projects.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Says why something stays below.
    pub(super) fn hinder(&self, command: String, why: String) {
        let obstacle = Obstacle { command, why };
        let mut all = self.obstacles.borrow_mut();
        if !all.contains(&obstacle) {
            all.push(obstacle);
        }
    }

    pub(super) fn is_done(&self, key: &str) -> bool {
        self.done.iter().any(|done| done == key)
    }

    /// Whether a copy stays below the sources, or is one.
    pub(super) fn is_below(&self, index: usize) -> bool {
        self.below.iter().any(|one| one.index == index)
    }

    /// The copy that brings a file or folder of the context before an instruction, and where to.
    pub(super) fn landing(&self, at: usize, path: &str) -> Option<(&Transfer<'i>, String)> {
        self.transfers.iter().rev().filter(|one| one.index < at).find_map(|transfer| {
            let to = self.build.landing(self.context, self.stage, transfer, path)?;
            Some((transfer, to))
        })
    }

    /// Whether a copy that stands above the sources brings a file to the same place before an instruction.
    pub(super) fn is_brought_above(&self, at: usize, path: &str, to: &str) -> bool {
        let mut above = self.transfers.iter().filter(|one| one.index < at && !self.is_below(one.index));
        above.any(|one| self.build.landing(self.context, self.stage, one, path).as_deref() == Some(to))
    }

    /// The folder in which a program works.
    pub(super) fn folder(&self, at: usize, invocation: &Invocation) -> Option<String> {
        if let Some(call) = invocation.package_call() {
            return installed::folder(self.build, (self.stage, at), invocation, &call);
        }
        installed::folder_of(self.build, (self.stage, at), invocation)
    }

    /// Whether a path of the image, maybe with variables or a pattern, may be that of something that a copy of sources
    /// brings.
    pub(super) fn is_target(&self, text: &str) -> bool {
        if let Some(rest) = text.strip_prefix('$') {
            let known = ["HOME", "{HOME}", "(", "PATH", "{PATH}"];
            return !known.iter().any(|name| rest.starts_with(name));
        }
        let fixed = text.split(['*', '?', '[', '$', '{']).next().unwrap_or_default();
        let whole = fixed.len() == text.len();
        let path = if whole { fixed } else { fixed.rsplit_once('/').map_or("/", |(folder, _)| folder) };
        !path.starts_with('~') && self.has(&installed::joined("/", path))
    }

    /// Whether a copy of sources brings something to this absolute path, below it, or is all that lies there.
    pub(super) fn has(&self, path: &str) -> bool {
        let copies = self.transfers.iter().filter(|one| self.sources.contains(&one.index));
        for transfer in copies {
            let Some(to) = self.goes_to(transfer) else { return true };
            let below = |folder: &str, path: &str| is_below(path, folder);
            if path != "/" && below(path, &to) || path == to {
                return true;
            }
            if !below(&to, path) {
                continue;
            }
            if transfer.from.is_some() {
                return true;
            }
            let rest = path[to.len()..].trim_start_matches('/');
            for selection in transfer.select(self.context) {
                let Some(selection) = selection else { return true };
                let tops = selection.tops.iter();
                let mut found = tops.filter_map(|top| match top {
                    None => self.context.find(rest),
                    Some(id) if self.context.entry(*id).kind == Kind::Directory => {
                        self.context.find(&format!("{}/{rest}", self.context.path(*id)))
                    }
                    Some(id) => (self.context.entry(*id).name == rest).then_some(*id),
                });
                if found.next().is_some() {
                    return true;
                }
            }
        }
        false
    }

    /// Whether a folder above a path comes with a copy of sources alone: WORKDIR makes its own.
    pub(super) fn lacks_above(&self, at: usize, path: &str) -> bool {
        let workdir = installed::workdir(self.build, self.stage, at);
        let is_made = |folder: &str| is_below(&workdir, folder);
        let mut folders = path.match_indices('/').map(|(end, _)| &path[..end]).filter(|folder| !folder.is_empty());
        folders.any(|folder| {
            let mut copies = self.transfers.iter().filter(|one| self.sources.contains(&one.index));
            !is_made(folder)
                && copies.any(|one| self.goes_to(one).is_none_or(|to| is_below(folder, &to)))
                && self.has(folder)
        })
    }

    /// Where a copy goes.
    fn goes_to(&self, transfer: &Transfer) -> Option<String> {
        let to = transfer.destination.as_deref()?;
        Some(installed::joined(&installed::workdir(self.build, self.stage, transfer.index), to))
    }

    /// Whether a copy from another stage below the new place of a command may bring the program that it starts, or the
    /// environment that it works in.
    pub(super) fn is_program_copied(&self, at: usize, invocation: &Invocation) -> bool {
        let program = invocation.program.unwrap_or_default();
        let call = invocation.package_call();
        if call.as_ref().is_some_and(|call| call.manager.is_system()) || nature::is_plain(program) {
            return false;
        }
        let workdir = installed::workdir(self.build, self.stage, at);
        let source = self.build.input().file.source();
        let on_path = |bin: &str| {
            let mut before = self.build.instructions(self.stage).filter(|(index, _)| *index < at);
            before.any(|(_, one)| one.keyword == Keyword::Env && source.slice(one.span).contains(bin))
        };
        let mut copies = self.transfers.iter().filter(|one| {
            one.index < at && self.sources.contains(&one.index) && matches!(one.from, Some(Base::Stage(_)))
        });
        copies.any(|copy| {
            let Some(to) = self.goes_to(copy) else { return true };
            let name = to.rsplit('/').next().unwrap_or_default();
            if name == program || on_path(&format!("{}/bin", to.trim_end_matches('/'))) {
                return true;
            }
            let modules = ["venv", ".venv", "node_modules", "site-packages", "packages"].contains(&name);
            call.is_none() && (modules || to == workdir || !is_below(&to, &workdir))
        })
    }

    fn note_done(&mut self, index: usize) {
        let Some(code) = self.build.code(index) else { return };
        for invocation in code.script.invocations() {
            let Some(call) = invocation.package_call() else { continue };
            if matches!(call.verb, Verb::Install | Verb::Download) && call.is_from_manifest() {
                self.done.extend(closure::key(self, index, &invocation, &call));
            }
        }
        self.obstacles.borrow_mut().clear();
    }

    fn take(&mut self, index: usize, instruction: &Instruction) {
        match instruction.keyword {
            Keyword::Copy | Keyword::Add => self.take_copy(index),
            Keyword::Run => self.take_run(index),
            Keyword::Env | Keyword::Arg | Keyword::Shell | Keyword::Volume => {
                let ran = |below: &Below| matches!(below.effect, Effect::Ran(..) | Effect::Anything(_));
                if self.below.iter().any(ran) || (instruction.keyword == Keyword::Shell && self.has_runs_below()) {
                    let name = self.build.input().file.str(instruction.name).to_uppercase();
                    self.closed.get_or_insert_with(|| format!("{name} above it counts for what runs before it too"));
                }
                self.keep(index);
            }
            _ => self.keep(index),
        }
    }

    fn has_runs_below(&self) -> bool {
        self.below.iter().any(|below| !matches!(below.effect, Effect::Copied))
    }

    /// What goes with whatever rises below it.
    fn keep(&mut self, index: usize) {
        self.above.push(Above { index, parts: None, command: None, needs: Vec::new() });
    }

    fn take_copy(&mut self, index: usize) {
        let known = self.transfers.iter().find(|one| one.index == index);
        // What ran before may clean the place up.
        let ran = self.below.iter().any(|below| !matches!(below.effect, Effect::Copied));
        let stays = known.is_none_or(|one| self.sources.contains(&index) || ran || !self.is_apart(one));
        if stays {
            self.below.push(Below { index, parts: None, effect: Effect::Copied });
        } else {
            self.keep(index);
        }
    }

    /// Whether a copy that takes no sources may stand above those that do: nothing of theirs lies where it goes, and no
    /// stage that reads the context makes what it takes.
    fn is_apart(&self, transfer: &Transfer) -> bool {
        let Some(to) = self.goes_to(transfer) else { return false };
        let landing = |transfer: &Transfer, path: &str| self.build.landing(self.context, self.stage, transfer, path);
        // A file that comes there anyway may come earlier.
        let same = |path: &str, to: &str| {
            let mut sources = self.transfers.iter().filter(|one| self.sources.contains(&one.index));
            sources.any(|one| landing(one, path).as_deref() == Some(to))
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
            Some(Base::Image(_)) => !self.has(&to),
            Some(Base::Stage(stage)) => !self.has(&to) && !reads_context(self.build, &self.build.stages()[*stage]),
            Some(_) => false,
        }
    }
}
