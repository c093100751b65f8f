//! Stages as BuildKit links them: bases, `COPY --from`, `RUN --mount=from`, images that stand for stages, triggers.

use std::collections::HashMap;

use super::environment::Environment;
use super::platform::check_platform;
use super::reference::check_reference;
use super::refusal::Refusal;
use crate::dockerfile::expand::{Lex, process_word};
use crate::dockerfile::syntax::{Arguments, File, Instruction, Keyword};
use crate::text::Source;

/// The base that is no image.
const SCRATCH: &str = "scratch";

/// A stage, or an image that an instruction names in the place of one.
#[expect(clippy::struct_excessive_bools, reason = "four independent marks of BuildKit's own state")]
pub(super) struct StageState<'f> {
    /// Its name in lower case, or `stage-0`; empty for an image, and for the only stage of a file.
    pub(super) name: String,
    base_name: String,
    pub(super) base: Option<usize>,
    lines: Option<(u32, u32)>,
    /// The stage's instructions with the stages that each reads from.
    pub(super) commands: Vec<(DispatchCommand<'f>, Vec<Option<usize>>)>,
    /// Stages that instructions read from, with the instruction.
    dependencies: Vec<(usize, (u32, u32))>,
    is_image: bool,
    is_resolved: bool,
    has_triggers: bool,
    /// Whether others may read from it by now.
    pub(super) is_dispatched: bool,
}

/// All stages in order, images behind them.
pub(super) struct Stages<'f> {
    pub(super) states: Vec<StageState<'f>>,
    names: HashMap<String, usize>,
}

/// An instruction's lines.
#[expect(clippy::unnecessary_wraps, reason = "callers pass it on as what may be absent")]
pub(super) fn lines_of(instruction: &Instruction) -> Option<(u32, u32)> {
    Some((instruction.start_line, instruction.end_line))
}

/// An ONBUILD's trigger as a file of its own, as BuildKit reads it in the stage that stands on this one.
pub(super) fn trigger_file(file: &File, instruction: &Instruction) -> Option<File> {
    let Arguments::Trigger(trigger) = &instruction.arguments else { return None };
    let mut text = file.logical(trigger.text).to_owned();
    for heredoc in &instruction.heredocs {
        text.push('\n');
        text.push_str(file.source().slice(heredoc.body));
        text.push_str(&heredoc.name);
    }
    Some(crate::dockerfile::parse(&Source::of(file.source().name(), &text)))
}

impl<'f> Stages<'f> {
    /// The stages of a file with their bases' names expanded.
    pub(super) fn build(file: &'f File, globals: &Environment, lex: Lex) -> Result<Self, Refusal> {
        let mut stages = Self { states: Vec::new(), names: HashMap::new() };
        let mut index = 0;
        for instruction in &file.instructions {
            let lines = (instruction.start_line, instruction.end_line);
            let Some(from) = file.from(instruction) else {
                if let Some(state) = stages.states.last_mut() {
                    state.commands.push((DispatchCommand { file, instruction, lines }, Vec::new()));
                }
                continue;
            };
            let expand = |word: &str| process_word(word, globals, lex);
            let base_name =
                expand(&from.image.text).map_err(|error| Refusal::new(error.to_string()).at(Some(lines)))?.text;
            if base_name.is_empty() {
                let message = format!("base name ({}) should not be blank", from.image.text);
                return Err(Refusal::new(message).at(Some(lines)));
            }
            if let Some(platform) = from.platform.filter(|platform| !platform.text.is_empty()) {
                check_platform(&platform.text, expand(&platform.text)).map_err(|refusal| refusal.at(Some(lines)))?;
            }
            let name = from.name.map(|name| name.text.to_lowercase());
            let state = StageState {
                name: name.clone().unwrap_or_else(|| format!("stage-{index}")),
                base_name,
                lines: Some(lines),
                ..StageState::image(String::new(), None)
            };
            stages.add(StageState { is_image: false, ..state }, name);
            index += 1;
        }
        Ok(stages)
    }

    fn add(&mut self, mut state: StageState<'f>, name: Option<String>) -> usize {
        state.base = self.names.get(&state.base_name).copied();
        self.states.push(state);
        let index = self.states.len() - 1;
        if let Some(name) = name {
            self.names.insert(name, index);
        }
        index
    }

    /// Finds what each COPY and RUN reads from.
    pub(super) fn link(&mut self) -> Result<(), Refusal> {
        for index in 0..self.states.len() {
            let commands = std::mem::take(&mut self.states[index].commands);
            let mut linked = Vec::with_capacity(commands.len());
            for (command, _) in commands {
                let sources = self.sources(command)?;
                self.depend(index, &sources, command.lines);
                linked.push((command, sources));
            }
            self.states[index].commands = linked;
        }
        Ok(())
    }

    fn depend(&mut self, index: usize, sources: &[Option<usize>], lines: (u32, u32)) {
        let state = &mut self.states[index];
        state.dependencies.extend(sources.iter().flatten().map(|&source| (source, lines)));
    }

    fn sources(&mut self, command: DispatchCommand<'f>) -> Result<Vec<Option<usize>>, Refusal> {
        let DispatchCommand { file, instruction, lines } = command;
        match instruction.keyword {
            Keyword::Copy => {
                let from = file.flag_argument(instruction, "from").filter(|from| !from.text.is_empty());
                let Some(from) = from else { return Ok(Vec::new()) };
                Ok(vec![Some(self.copy_source(&from.text, lines)?)])
            }
            Keyword::Run => {
                let mut sources = Vec::new();
                for mount in file.mounts(instruction) {
                    // BuildKit looks for the empty base's name, too: it may be a stage's.
                    let from = mount.from().filter(|from| !from.is_empty()).unwrap_or(SCRATCH);
                    sources.push(Some(self.find_or_add(from, None)));
                }
                Ok(sources)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn copy_source(&mut self, from: &str, lines: (u32, u32)) -> Result<usize, Refusal> {
        let expanded = process_word(from, &(), Lex::new('\\')).map_err(|error| Refusal::new(error.to_string()))?;
        if expanded.text != from {
            return Err(Refusal::new(
                "variable expansion is not supported for --from, define a new stage with FROM using ARG from global \
                 scope as a workaround",
            ));
        }
        let Ok(index) = from.parse::<i64>() else { return Ok(self.find_or_add(from, Some(lines))) };
        let known = usize::try_from(index).ok().filter(|&index| index < self.states.len());
        known.ok_or_else(|| Refusal::new(format!("invalid stage index {index}")))
    }

    fn find_or_add(&mut self, name: &str, lines: Option<(u32, u32)>) -> usize {
        match self.names.get(&name.to_lowercase()) {
            Some(&index) => index,
            None => self.add(StageState::image(name.to_owned(), lines), None),
        }
    }

    /// Refuses stages that read from each other in a circle. Bases can't: they stand above.
    pub(super) fn check_cycles(&mut self) -> Result<(), Refusal> {
        let mut visited = vec![false; self.states.len()];
        let mut on_path = vec![false; self.states.len()];
        for root in 0..self.states.len() {
            let mut path: Vec<(usize, usize)> = Vec::new();
            if !std::mem::replace(&mut visited[root], true) {
                on_path[root] = true;
                path.push((root, 0));
            }
            while let Some((state, next)) = path.last_mut() {
                let Some(&(dependency, _)) = self.states[*state].dependencies.get(*next) else {
                    on_path[*state] = false;
                    path.pop();
                    continue;
                };
                *next += 1;
                if on_path[dependency] {
                    return Err(self.cycle(root, &path));
                }
                if !std::mem::replace(&mut visited[dependency], true) {
                    on_path[dependency] = true;
                    path.push((dependency, 0));
                }
            }
        }
        if self.states.len() == 1 {
            self.states[0].name.clear();
        }
        Ok(())
    }

    fn cycle(&self, root: usize, path: &[(usize, usize)]) -> Refusal {
        let message = format!("circular dependency detected on stage: {}", self.states[root].name);
        // BuildKit remembers the last instruction that reads from a stage.
        let lines = path.iter().map(|&(state, next)| {
            let dependencies = &self.states[state].dependencies;
            let (source, lines) = dependencies[next - 1];
            dependencies.iter().rfind(|other| other.0 == source).map_or(lines, |other| other.1)
        });
        Refusal::new(message).at(lines.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))))
    }

    /// Checks the images' names, and reads the triggers that stages inherit.
    pub(super) fn resolve(&mut self, triggers: &'f [Option<File>]) -> Result<(), Refusal> {
        loop {
            self.resolve_images()?;
            let mut has_new = false;
            for index in self.reachable() {
                has_new |= self.add_triggers(index, triggers)?;
            }
            if !has_new {
                return Ok(());
            }
        }
    }

    /// BuildKit looks at all images at the same time and reports what fails first: most often that is the last, then
    /// the others in order.
    fn resolve_images(&mut self) -> Result<(), Refusal> {
        let mut images = Vec::new();
        for (index, state) in self.states.iter_mut().enumerate() {
            if state.base.is_some() || state.is_resolved {
                continue;
            }
            state.is_resolved = true;
            state.is_dispatched |= state.is_image;
            if state.base_name != SCRATCH {
                images.push(index);
            }
        }
        let last = images.pop();
        for index in last.into_iter().chain(images) {
            let state = &self.states[index];
            check_reference(&state.base_name).map_err(|error| {
                let name = crate::dockerfile::quote::go_quote(&state.base_name);
                Refusal::new(format!("failed to parse stage name {name}: {error}")).at(state.lines)
            })?;
        }
        Ok(())
    }

    /// What the last stage needs, itself included.
    fn reachable(&self) -> Vec<usize> {
        let last = self.states.iter().rposition(|state| !state.is_image).unwrap_or_default();
        let mut seen = vec![false; self.states.len()];
        let mut open = vec![last];
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut seen[index], true) {
                let state = &self.states[index];
                open.extend(state.base);
                open.extend(state.dependencies.iter().map(|&(dependency, _)| dependency));
            }
        }
        (0..seen.len()).filter(|&index| seen[index]).collect()
    }

    /// Puts the triggers of a stage's base before its own instructions. Whether they read from stages.
    fn add_triggers(&mut self, index: usize, triggers: &'f [Option<File>]) -> Result<bool, Refusal> {
        let Some(base) = self.states[index].base else { return Ok(false) };
        if std::mem::replace(&mut self.states[index].has_triggers, true) {
            return Ok(false);
        }
        let lines = self.states[index].lines;
        let mut inherited = Vec::new();
        for (command, _) in &self.states[base].commands {
            let position =
                command.file.instructions().binary_search_by_key(&command.instruction.start_line, |i| i.start_line);
            let file = position.ok().and_then(|at| triggers.get(at)).and_then(Option::as_ref);
            if let Some(file) = file
                && command.instruction.keyword == Keyword::Onbuild
            {
                inherited.push(file);
            }
        }
        let mut has_new = false;
        let mut commands = Vec::new();
        for file in inherited {
            let instruction = check_trigger(file).map_err(|message| Refusal { message, lines })?;
            let command = DispatchCommand { file, instruction, lines: lines.unwrap_or_default() };
            let sources = self.sources(command).map_err(|refusal| Refusal { lines, ..refusal })?;
            self.depend(index, &sources, command.lines);
            has_new |= !sources.is_empty();
            commands.push((command, sources));
        }
        let state_commands = std::mem::take(&mut self.states[index].commands);
        commands.extend(state_commands);
        self.states[index].commands = commands;
        Ok(has_new)
    }
}

/// A trigger's one instruction, if BuildKit accepts it.
fn check_trigger(file: &File) -> Result<&Instruction, String> {
    if let Some(verdict) = &file.stop {
        return Err(verdict.message.clone());
    }
    let [instruction] = file.instructions() else {
        return Err("onbuild trigger should be a single expression".to_owned());
    };
    match file.refused.as_ref().and_then(|verdict| verdict.message.split_once(": ")) {
        Some((_, message)) => Err(message.to_owned()),
        None => Ok(instruction),
    }
}

impl StageState<'_> {
    fn image(base_name: String, lines: Option<(u32, u32)>) -> Self {
        Self {
            name: String::new(),
            base_name,
            base: None,
            lines,
            commands: Vec::new(),
            dependencies: Vec::new(),
            is_image: true,
            is_resolved: false,
            has_triggers: false,
            is_dispatched: false,
        }
    }
}

/// An instruction in the file that holds it: the Dockerfile, or an ONBUILD trigger read on its own.
#[derive(Clone, Copy)]
pub(super) struct DispatchCommand<'f> {
    pub(super) file: &'f File,
    pub(super) instruction: &'f Instruction,
    pub(super) lines: (u32, u32),
}
