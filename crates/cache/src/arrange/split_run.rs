//! Sorts the commands of a RUN: those that move above the sources, and those that stay.

use super::command_needs::{self, CommandKind};
use super::elements::elements;
use super::reason::Reason;
use super::state::{Effect, InstallNeeds, MovedAbove, MovedBelow, Obstacle, Walk};
use crate::build::{Purpose, User};
use crate::data;
use crate::manifest::Ecosystem;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Verb, Word};
use crate::text::path;

impl<'i> Walk<'_, 'i> {
    pub(super) fn take_run(&mut self, index: usize) {
        let file = &self.build.input().file;
        let binds = file.mounts(self.build.instruction(index)).iter().any(|mount| {
            mount.kind() == "bind" && mount.from().is_none() && mount.source().is_none_or(|source| source == ".")
        });
        let code = if binds { None } else { self.build.code(index) };
        let Some(code) = code else {
            let effect = Effect::Anything(self.build.one_line(self.build.instruction(index)));
            self.below.push(MovedBelow { index, parts: None, effect });
            return;
        };
        let (elements, divisible) = elements(code);
        let mut sorted = SplitRun::default();
        for (at, element) in elements.iter().enumerate() {
            let natures: Vec<(&Invocation, CommandKind<'i>)> = element
                .invocations
                .iter()
                .map(|invocation| (invocation, command_needs::of(self, index, invocation)))
                .collect();
            self.sort(index, at, &natures, &mut sorted);
        }
        self.place(index, elements.len(), divisible, sorted);
    }

    /// Puts an element above or below.
    fn sort(&mut self, index: usize, at: usize, natures: &[(&Invocation, CommandKind<'i>)], sorted: &mut SplitRun<'i>) {
        let state = !natures.is_empty() && natures.iter().all(|(_, nature)| matches!(nature, CommandKind::State));
        if state || natures.is_empty() {
            sorted.above.push(at);
            sorted.below.push(at);
            sorted.states.push(at);
            return;
        }
        for (_, nature) in natures {
            if let CommandKind::Build(needs, command) = nature
                && self.reason_against_rise(index, nature).is_none()
                && !sorted.keys.contains(&needs.key)
            {
                sorted.keys.push(needs.key.clone());
                sorted.fetches.push((needs.clone(), command));
            }
        }
        // A removal after a command that stays may remove files that this command needs.
        if sorted.stays && natures.iter().any(|(invocation, _)| removes_installed(invocation)) {
            sorted.removes |= sorted.worth;
            sorted.rises = false;
            sorted.below.push(at);
            let name = natures[0].0.path.text().to_owned();
            self.below.push(MovedBelow { index: usize::MAX, parts: None, effect: Effect::Anything(name) });
            return;
        }
        if natures.iter().all(|(_, nature)| matches!(nature, CommandKind::Tidy | CommandKind::State)) {
            if sorted.rises { &mut sorted.above } else { &mut sorted.below }.push(at);
            // What the install leaves is deleted in its own layer, or not at all.
            if !sorted.rises && sorted.worth && self.build.ships(self.stage) {
                if natures.iter().all(|(invocation, _)| can_run_twice(invocation)) {
                    sorted.above.push(at);
                } else {
                    sorted.removes = true;
                }
            }
            return;
        }
        sorted.owns |= sorted.worth && natures.iter().any(|(invocation, _)| owns_installed(invocation));
        match self.plan_rise(index, natures) {
            Ok((needs, commands)) => {
                sorted.above.push(at);
                sorted.rise(at, needs, commands);
            }
            Err(effects) => {
                sorted.rises = false;
                sorted.stays = true;
                sorted.below.push(at);
                for (effect, obstacle) in effects {
                    self.below.push(MovedBelow { index: usize::MAX, parts: None, effect });
                    if let Some(Obstacle { command, reason }) = obstacle {
                        self.add_obstacle(command, reason);
                    }
                }
            }
        }
    }

    /// The inputs and titles of an element that moves up; otherwise its effects where it stays.
    #[expect(clippy::type_complexity, reason = "both lists are taken apart at once")]
    fn plan_rise(
        &self,
        index: usize,
        natures: &[(&Invocation, CommandKind<'i>)],
    ) -> Result<(Vec<InstallNeeds<'i>>, Vec<String>), Vec<(Effect, Option<Obstacle>)>> {
        let (mut needs, mut commands, mut stay) = (Vec::new(), Vec::new(), Vec::new());
        for (invocation, nature) in natures {
            let folder = self.folder(index, invocation).unwrap_or_else(|| "/".to_owned());
            match nature {
                CommandKind::State | CommandKind::Tidy => {}
                CommandKind::Packages(_) | CommandKind::Free(_) | CommandKind::Cheap => {
                    match self.find_obstacle(index, invocation, nature) {
                        None => commands.extend(nature.title()),
                        Some(reason) => {
                            let obstacle = nature.title().map(|command| Obstacle { command, reason });
                            stay.push((Effect::Touched(Vec::new(), true), obstacle));
                        }
                    }
                }
                CommandKind::Install(need) => match self.find_obstacle(index, invocation, nature) {
                    None => {
                        commands.push(need.title.clone());
                        needs.push(need.clone());
                    }
                    Some(reason) => {
                        let obstacle = Obstacle { command: need.title.clone(), reason };
                        stay.push((Effect::Anything(need.title.clone()), Some(obstacle)));
                    }
                },
                CommandKind::Light => {
                    stay.push((self.effect_on_context(invocation, &folder), None));
                }
                CommandKind::Build(needs, _) => {
                    let ecosystem = needs.ways.first().map_or(Ecosystem::Go, |way| way.tool.ecosystem());
                    stay.push((Effect::Ran(ecosystem, folder), None));
                }
                CommandKind::Program(ecosystem) => stay.push((Effect::Ran(*ecosystem, folder), None)),
                CommandKind::Unknown => {
                    let name = invocation.package_call().map(|call| call.title());
                    let name = name.or_else(|| Some(invocation.path.text().to_owned()));
                    stay.push((Effect::Anything(name.unwrap_or_default()), None));
                }
            }
        }
        if stay.is_empty() { Ok((needs, commands)) } else { Err(stay) }
    }

    /// The files that a program changes in the context.
    fn effect_on_context(&self, invocation: &Invocation, folder: &str) -> Effect {
        let words = invocation.args.iter().filter(|word| !word.text().starts_with('-'));
        let paths: Vec<String> = words.map(|word| path::join(folder, word.text())).collect();
        let outputs =
            invocation.command.redirects.iter().filter(|redirect| matches!(redirect.descriptor, None | Some(1)));
        let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
        let mut places: Vec<String> = outputs
            .filter_map(|output| output.target.as_ref())
            .filter(|word| !word.is("/dev/null"))
            .map(|word| path::join(folder, word.text()))
            .collect();
        if program.is(Kind::Copies) || program.is(Kind::Prints) {
            places.extend(paths.iter().cloned());
        }
        let elsewhere = places.iter().any(|path| !self.has(path));
        Effect::Touched(paths, elsewhere)
    }

    /// Why a command cannot move up.
    fn find_obstacle(&self, index: usize, invocation: &Invocation, nature: &CommandKind<'i>) -> Option<Reason> {
        self.reason_against_rise(index, nature).or_else(|| {
            if self.is_program_made(invocation) {
                return Some(Reason::ProgramAbove);
            }
            let copied = self.is_program_copied(index, invocation);
            copied.then_some(Reason::ProgramCopied)
        })
    }

    /// Whether a command that stays below may make the program that this one calls by its path: `/venv/bin/pip`.
    fn is_program_made(&self, invocation: &Invocation) -> bool {
        let path = invocation.path.text();
        let is_of_system = ["/usr/", "/bin/", "/sbin/"].iter().any(|folder| path.starts_with(folder));
        path.contains('/') && !is_of_system && self.below.iter().any(|below| !matches!(below.effect, Effect::Copied))
    }

    /// Why a command cannot move above the commands that stay below.
    fn reason_against_rise(&self, index: usize, nature: &CommandKind<'i>) -> Option<Reason> {
        if let Some(closed) = &self.closed {
            return Some(closed.clone());
        }
        let root = !matches!(self.build.user_at(self.stage, index).value(), Some(User::Other(_) | User::Unknown));
        self.below.iter().find_map(|below| match (&below.effect, nature) {
            (Effect::Copied, _) => None,
            (Effect::Anything(name), _) => Some(Reason::CommandAbove(name.clone())),
            (_, CommandKind::Free(_) | CommandKind::Cheap) | (Effect::Touched(_, true), _) => Some(Reason::FilesAbove),
            (Effect::Ran(ecosystem, folder), CommandKind::Install(needs) | CommandKind::Build(needs, _)) => {
                let same = needs.ways.iter().any(|way| way.tool.ecosystem() == *ecosystem) && *folder == needs.folder;
                same.then_some(Reason::ProgramAbove)
            }
            (Effect::Touched(paths, false), CommandKind::Install(needs) | CommandKind::Build(needs, _)) => {
                if !root {
                    return Some(Reason::OwnerChanged);
                }
                let reads = |path: &String| {
                    let name = path::name(path);
                    needs.in_order().iter().any(|file| path::name(file) == name)
                };
                paths.iter().find(|path| reads(path)).map(|path| Reason::FileChanged(path.clone()))
            }
            _ => None,
        })
    }

    /// Places a RUN, or its parts, according to its elements.
    fn place(&mut self, index: usize, count: usize, divisible: bool, sorted: SplitRun<'i>) {
        for moved in self.below.iter_mut().filter(|moved| moved.index == usize::MAX) {
            moved.index = index;
        }
        let ships = self.build.ships(self.stage);
        let (removes, owns) = (sorted.removes && ships, sorted.owns && ships);
        let SplitRun { mut above, below, needs, keys, commands, worth, effects, states, fetches, .. } = sorted;
        let all_above = above.len() == count;
        // A command that only affects the next one is useless without it.
        while !all_above && above.last().is_some_and(|last| states.contains(last)) {
            above.pop();
        }
        for (needs, command) in fetches {
            self.done.push(needs.key.clone());
            self.commands.push(needs.title.clone());
            self.last = Some(index);
            self.above.push(MovedAbove { index, parts: None, command: Some(command), needs: vec![needs] });
        }
        let stays_too = needs.iter().any(|need| need.without_project.is_some());
        let is_below = self.below.iter().any(|moved| moved.index == index);
        let can_divide = divisible && worth && !removes && !owns;
        if is_below && !can_divide || stays_too && count > 1 && !divisible {
            if !is_below {
                let effect = Effect::Anything(commands.first().cloned().unwrap_or_default());
                self.below.push(MovedBelow { index, parts: None, effect });
            }
            if worth {
                let reason = match (removes, owns) {
                    (true, _) => Reason::Cleaned,
                    (_, true) => Reason::Owned,
                    _ => Reason::Indivisible,
                };
                for command in commands {
                    self.add_obstacle(command, reason.clone());
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
        self.above.push(MovedAbove { index, parts: divided.then_some(above), command: None, needs });
        self.below.extend(effects.into_iter().map(|effect| MovedBelow { index, parts: None, effect }));
        let mut parts = divided.then_some(below);
        for moved in self.below.iter_mut().filter(|moved| moved.index == index) {
            // The first entry carries the text, the others only further effects.
            moved.parts = Some(parts.take().unwrap_or_default());
        }
    }
}

/// Whether a command removes what others installed: packages, or folders that contain them.
fn removes_installed(invocation: &Invocation) -> bool {
    match Purpose::of(invocation) {
        Purpose::SystemRemoval | Purpose::Manager(Verb::Remove) => true,
        Purpose::Programs => invocation.package_call().is_some_and(|call| call.verb == Verb::Remove),
        Purpose::Manager(_) => invocation.package_call().is_some_and(|call| call.verb_text == "prune"),
        Purpose::Deletes => invocation.args.iter().map(Word::text).any(|path| {
            let installed = path.split('/').any(|part| data::FOLDER_NAMES.has(part, "installed"));
            installed || path.starts_with(['/', '~', '$'])
        }),
        _ => false,
    }
}

/// Whether a cleanup does no harm where it runs a second time: one of a package manager, or `rm -f`.
fn can_run_twice(invocation: &Invocation) -> bool {
    let is_forced = |word: &Word| word.is("--force") || word.text().starts_with('-') && word.text().contains('f');
    invocation.package_call().is_some() || invocation.args.iter().any(is_forced)
}

/// Whether a command gives installed packages another owner, and so stores them again in a layer of its own.
fn owns_installed(invocation: &Invocation) -> bool {
    let mut words = invocation.args.iter().map(Word::text);
    let is_installed = |path: &str| path.split('/').any(|part| data::FOLDER_NAMES.has(part, "installed"));
    invocation.program == Some("chown") && words.any(is_installed)
}

/// The elements of a RUN, divided into those above and those below the sources.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about the elements so far")]
struct SplitRun<'i> {
    above: Vec<usize>,
    below: Vec<usize>,
    /// Whether the last element moves up, so that its cleanup moves with it.
    rises: bool,
    /// Whether a command stays.
    stays: bool,
    /// Whether a command that stays removes what a command that moves up installs.
    removes: bool,
    /// Whether a command that stays changes the owner of what a command that moves up installs.
    owns: bool,
    needs: Vec<InstallNeeds<'i>>,
    keys: Vec<String>,
    commands: Vec<String>,
    worth: bool,
    effects: Vec<Effect>,
    states: Vec<usize>,
    fetches: Vec<(InstallNeeds<'i>, &'static str)>,
}

impl<'i> SplitRun<'i> {
    /// Takes the commands of an element that moves up.
    fn rise(&mut self, at: usize, needs: Vec<InstallNeeds<'i>>, commands: Vec<String>) {
        self.rises = true;
        self.worth |= !commands.is_empty();
        for need in needs {
            if need.without_project.is_some() {
                let ecosystem = need.ways.first().map_or(Ecosystem::Python, |way| way.tool.ecosystem());
                self.below.push(at);
                self.effects.push(Effect::Ran(ecosystem, need.folder.clone()));
            }
            self.keys.push(need.key.clone());
            self.needs.push(need);
        }
        self.commands.extend(commands);
    }
}

impl CommandKind<'_> {
    fn title(&self) -> Option<String> {
        match self {
            Self::Packages(title) | Self::Free(title) => Some(title.clone()),
            _ => None,
        }
    }
}
