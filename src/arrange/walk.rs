//! Goes through a stage from its first copy of sources on and sorts what stands there: above or below the sources.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::closure::Needs;
use super::elements::elements;
use super::nature::{self, Nature};
use super::{Arranged, Obstacle, text};
use crate::build::{Base, Build, Stage, Transfer, User, installed};
use crate::cache::{Origins, source_file};
use crate::dockerfile::{Instruction, Keyword};
use crate::inputs::context::{BuildContext, Kind};
use crate::manifest::{Ecosystem, Project};
use crate::shell::Invocation;

/// What stands above the sources in the new order.
#[derive(Debug)]
pub(super) struct Above<'i> {
    pub(super) index: usize,
    /// The parts of a RUN that is divided, as elements of its script; `None` for the whole instruction.
    pub(super) parts: Option<Vec<usize>>,
    /// What its installs read.
    pub(super) needs: Vec<Needs<'i>>,
}

/// What stays below.
#[derive(Debug)]
pub(super) struct Below {
    pub(super) index: usize,
    /// As in [`Above`].
    pub(super) parts: Option<Vec<usize>>,
    effect: Effect,
}

/// What something that stays below may have done for what would rise above it.
#[derive(Debug)]
enum Effect {
    /// Brought files.
    Copied,
    /// Changed names or modes of these paths.
    Touched(Vec<String>),
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
    done: Vec<String>,
    pub(super) above: Vec<Above<'i>>,
    pub(super) below: Vec<Below>,
    /// The last instruction that is worth moving.
    pub(super) last: Option<usize>,
    /// Why nothing more may rise.
    closed: Option<String>,
    commands: Vec<String>,
    obstacles: RefCell<Vec<Obstacle>>,
}

impl<'b, 'i> Walk<'b, 'i> {
    pub(super) fn new(build: &'b Build<'i>, stage: &'b Stage, context: &'i BuildContext) -> Option<Self> {
        let transfers = build.transfers(stage);
        let origins = Origins::new(context, build.input().projects.as_deref().map(Vec::as_slice));
        let mut sources = BTreeSet::new();
        for transfer in transfers.iter().filter(|one| one.from.is_none()) {
            if source_file(transfer, context, &origins).is_some() {
                sources.insert(transfer.index);
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
            let Some(to) = transfer.destination.as_deref() else { return true };
            let to = installed::joined(&installed::workdir(self.build, self.stage, transfer.index), to);
            let below = |folder: &str, path: &str| {
                folder == "/" || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if path != "/" && below(path, &to) || path == to {
                return true;
            }
            if !below(&to, path) {
                continue;
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

    fn note_done(&mut self, index: usize) {
        let Some(code) = self.build.code(index) else { return };
        for invocation in code.script.invocations() {
            if let Nature::Install(needs) = nature::of(self, index, &invocation) {
                self.done.push(needs.key);
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
        self.above.push(Above { index, parts: None, needs: Vec::new() });
    }

    fn take_copy(&mut self, index: usize) {
        let known = self.transfers.iter().find(|one| one.index == index);
        let stays = known.is_none_or(|transfer| self.sources.contains(&index) || !self.is_apart(transfer));
        if stays {
            self.below.push(Below { index, parts: None, effect: Effect::Copied });
        } else {
            self.keep(index);
        }
    }

    /// Whether a copy that takes no sources may stand above those that do: nothing of theirs lies where it goes, and no
    /// stage that reads the context makes what it takes.
    fn is_apart(&self, transfer: &Transfer) -> bool {
        let Some(to) = transfer.destination.as_deref() else { return false };
        let to = installed::joined(&installed::workdir(self.build, self.stage, transfer.index), to);
        let lands = || {
            let selected = transfer.select(self.context);
            let files = selected.iter().flatten().flat_map(|selection| selection.entries.iter());
            let paths = files.map(|id| self.context.path(*id));
            let mut landed = paths.filter_map(|path| self.build.landing(self.context, self.stage, transfer, &path));
            !landed.any(|to| self.has(&to))
        };
        match &transfer.from {
            None => !transfer.sources.is_empty() && lands(),
            Some(Base::Image(_)) => !self.has(&to),
            Some(Base::Stage(stage)) => {
                let stage = &self.build.stages()[*stage];
                let reads = |stage: &Stage| {
                    let bound = self.build.bound(stage).into_iter().any(|(_, source)| source.is_some());
                    bound || self.build.transfers(stage).iter().any(|one| !matches!(one.from, Some(Base::Image(_))))
                };
                !self.has(&to) && !self.build.chain(stage).any(reads)
            }
            Some(_) => false,
        }
    }

    fn take_run(&mut self, index: usize) {
        let file = &self.build.input().file;
        let binds = file.mounts(self.build.instruction(index)).iter().any(|mount| {
            mount.kind() == "bind" && mount.from().is_none() && mount.source().is_none_or(|source| source == ".")
        });
        let code = self.build.code(index).filter(|_| !binds);
        let Some(code) = code else {
            let effect = Effect::Anything(self.build.one_line(self.build.instruction(index)));
            self.below.push(Below { index, parts: None, effect });
            return;
        };
        let (elements, divisible) = elements(code);
        let mut sorted = Sorted::default();
        for (at, element) in elements.iter().enumerate() {
            let natures: Vec<(&Invocation, Nature<'i>)> =
                element.invocations.iter().map(|one| (one, nature::of(self, index, one))).collect();
            self.sort(index, at, natures, &mut sorted);
        }
        self.place(index, elements.len(), divisible, sorted);
    }

    /// Puts an element above or below.
    fn sort(&mut self, index: usize, at: usize, natures: Vec<(&Invocation, Nature<'i>)>, sorted: &mut Sorted<'i>) {
        let state = !natures.is_empty() && natures.iter().all(|(_, nature)| matches!(nature, Nature::State));
        if state || natures.is_empty() {
            sorted.above.push(at);
            sorted.below.push(at);
            return;
        }
        if natures.iter().all(|(_, nature)| matches!(nature, Nature::Tidy | Nature::State)) {
            if sorted.rises { &mut sorted.above } else { &mut sorted.below }.push(at);
            return;
        }
        match self.rising(index, &natures) {
            Ok((needs, commands)) => {
                sorted.rises = true;
                sorted.above.push(at);
                sorted.worth |= !commands.is_empty();
                for need in needs {
                    if need.without_project.is_some() {
                        let ecosystem = Ecosystem::Python;
                        sorted.below.push(at);
                        sorted.effects.push(Effect::Ran(ecosystem, need.folder.clone()));
                    }
                    sorted.keys.push(need.key.clone());
                    sorted.needs.push(need);
                }
                sorted.commands.extend(commands);
            }
            Err(effects) => {
                sorted.rises = false;
                sorted.below.push(at);
                for (effect, obstacle) in effects {
                    self.below.push(Below { index: usize::MAX, parts: None, effect });
                    if let Some(Obstacle { command, why }) = obstacle {
                        self.hinder(command, why);
                    }
                }
            }
        }
    }

    /// What an element that rises needs and how it is called; else what it does as it stays.
    #[expect(clippy::type_complexity, reason = "both lists are taken apart at once")]
    fn rising(
        &self,
        index: usize,
        natures: &[(&Invocation, Nature<'i>)],
    ) -> Result<(Vec<Needs<'i>>, Vec<String>), Vec<(Effect, Option<Obstacle>)>> {
        let (mut needs, mut commands, mut stay) = (Vec::new(), Vec::new(), Vec::new());
        for (invocation, nature) in natures {
            let folder = self.folder(index, invocation).unwrap_or_else(|| "/".to_owned());
            match nature {
                Nature::State | Nature::Tidy => {}
                Nature::Free(_) | Nature::Cheap => match self.hindrance(index, None) {
                    None => commands.extend(nature.title()),
                    Some(why) => {
                        let obstacle = nature.title().map(|command| Obstacle { command, why });
                        stay.push((Effect::Touched(Vec::new()), obstacle));
                    }
                },
                Nature::Install(need) => match self.hindrance(index, Some(need)) {
                    None => {
                        commands.push(need.title.clone());
                        needs.push(need.clone());
                    }
                    Some(why) => {
                        let obstacle = Obstacle { command: need.title.clone(), why };
                        stay.push((Effect::Anything(need.title.clone()), Some(obstacle)));
                    }
                },
                Nature::Light => {
                    let words = invocation.args.iter().filter(|word| !word.text().starts_with('-'));
                    stay.push((
                        Effect::Touched(words.map(|word| installed::joined(&folder, word.text())).collect()),
                        None,
                    ));
                }
                Nature::Program(ecosystem) => stay.push((Effect::Ran(*ecosystem, folder), None)),
                Nature::Unknown => {
                    let name = invocation.package_call().map(|call| call.title());
                    let name = name.or_else(|| Some(invocation.path.text().to_owned()));
                    stay.push((Effect::Anything(name.unwrap_or_default()), None));
                }
            }
        }
        if stay.is_empty() { Ok((needs, commands)) } else { Err(stay) }
    }

    /// Why something may not rise above what stays below.
    fn hindrance(&self, index: usize, needs: Option<&Needs<'i>>) -> Option<String> {
        if let Some(closed) = &self.closed {
            return Some(closed.clone());
        }
        let root = !matches!(self.build.user_at(self.stage, index).value(), Some(User::Other(_) | User::Unknown));
        self.below.iter().find_map(|below| match (&below.effect, needs) {
            (Effect::Anything(name), _) => Some(format!("`{name}` above it may prepare what it reads")),
            (Effect::Ran(ecosystem, folder), Some(needs)) => {
                let same = needs.ways.iter().any(|way| way.tool.ecosystem() == *ecosystem) && *folder == needs.folder;
                same.then(|| "a program of the project runs before it".to_owned())
            }
            (Effect::Touched(_), Some(_)) if !root => Some("files change their owner before it".to_owned()),
            (Effect::Touched(paths), Some(needs)) => {
                let reads = |path: &String| {
                    let name = path.rsplit('/').next().unwrap_or_default();
                    let mut files = needs.ways.iter().flat_map(|way| &way.files).chain(&needs.files);
                    files.any(|file| file.rsplit('/').next() == Some(name))
                };
                paths.iter().find(|path| reads(path)).map(|path| format!("`{path}` is changed before it"))
            }
            _ => None,
        })
    }

    /// Puts a RUN where its elements go.
    fn place(&mut self, index: usize, count: usize, divisible: bool, sorted: Sorted<'i>) {
        for one in self.below.iter_mut().filter(|one| one.index == usize::MAX) {
            one.index = index;
        }
        let Sorted { above, below, needs, keys, commands, worth, effects, .. } = sorted;
        let all_above = above.len() == count;
        let stays_too = needs.iter().any(|need| need.without_project.is_some());
        let own = self.below.iter().any(|one| one.index == index);
        if (own && !divisible) || (own && !worth) || (stays_too && count > 1 && !divisible) {
            if !own {
                let effect = Effect::Anything(commands.first().cloned().unwrap_or_default());
                self.below.push(Below { index, parts: None, effect });
            }
            if worth {
                for command in commands {
                    self.hinder(command, "its RUN can't be divided".to_owned());
                }
            }
            return;
        }
        self.done.extend(keys);
        self.commands.extend(commands);
        if worth {
            self.last = Some(index);
        }
        let divided = !all_above || stays_too;
        self.above.push(Above { index, parts: divided.then_some(above), needs });
        self.below.extend(effects.into_iter().map(|effect| Below { index, parts: None, effect }));
        let mut parts = divided.then_some(below);
        for one in self.below.iter_mut().filter(|one| one.index == index) {
            // One entry carries the text, the others what else it does.
            one.parts = Some(parts.take().unwrap_or_default());
        }
    }
}

/// A RUN's elements on both sides.
#[derive(Debug, Default)]
struct Sorted<'i> {
    above: Vec<usize>,
    below: Vec<usize>,
    /// Whether the last element rises, so that what cleans up after it goes with it.
    rises: bool,
    needs: Vec<Needs<'i>>,
    keys: Vec<String>,
    commands: Vec<String>,
    worth: bool,
    effects: Vec<Effect>,
}

impl Nature<'_> {
    fn title(&self) -> Option<String> {
        match self {
            Self::Free(title) => Some(title.clone()),
            _ => None,
        }
    }
}
