//! The commands of pipelines, recipes and scripts in the order in which they run: functions are read where they are called,
//! what `ssh` runs elsewhere where it stands.

mod lists;

use std::collections::{BTreeMap, BTreeSet};

use crate::rules::WorkflowContext;
use crate::shell::{
    Assignment, Command, CommandPlace, Compound, CompoundKind, Scope, ScopeKind, Script, SeparatorKind,
};
use crate::sources::code::words;
use crate::text::Span;
use crate::workflow::{Job, RemoteScript, Step, StepCommand, StepScript};

/// Commands of one flow that are looked at.
const COMMANDS: usize = 2_000;

/// Functions that call each other.
const DEEPEST: usize = 8;

/// What one run does, in order.
#[derive(Clone, Debug)]
pub(super) struct Flow<'a> {
    /// The job, recipe or script.
    pub job: &'a Job,
    /// The step that runs by itself where others failed.
    pub fallback: Option<&'a Step>,
    /// Its commands.
    pub commands: Vec<FlowCommand<'a>>,
}

/// A command of a flow.
#[derive(Clone, Debug)]
pub(super) struct FlowCommand<'a> {
    /// The command with the folder that it runs in.
    pub command: StepCommand<'a>,
    /// The script that its places belong to.
    pub script: &'a StepScript,
    /// The machine that `ssh` runs it on; empty where an action runs it.
    pub host: Option<&'a str>,
    /// The functions that it is called by, outermost first.
    pub functions: Vec<&'a str>,
    /// The commands that it stands in, outermost first, itself last.
    frames: Vec<Frame<'a>>,
    /// Functions of its script that end the run.
    endings: BTreeSet<&'a str>,
}

/// A command in its script.
#[derive(Clone, Copy, Debug)]
struct Frame<'a> {
    script: &'a Script,
    command: &'a Command,
}

/// The commands of a step by the functions that they stand in.
struct StepBody<'a> {
    script: &'a StepScript,
    commands: Vec<StepCommand<'a>>,
    functions: BTreeMap<&'a str, Vec<usize>>,
    top: Vec<usize>,
    endings: BTreeSet<&'a str>,
}

/// Where commands are called from.
#[derive(Clone, Default)]
struct Around<'a> {
    frames: Vec<Frame<'a>>,
    functions: Vec<&'a str>,
    host: Option<&'a str>,
}

/// The flows of a pipeline: one for each job, and for each function and step that runs at another time.
pub(super) fn flows<'a>(cx: &WorkflowContext<'a, '_>) -> Vec<Flow<'a>> {
    let mut flows = Vec::new();
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        let mut main = FlowReader { remote: &cx.input.remote_scripts, commands: Vec::new(), number };
        for (at, step) in job.steps.iter().enumerate() {
            if !is_failure_step(step) {
                let uncalled = main.add_step(at, step);
                flows.extend(uncalled.into_iter().map(|commands| Flow { job, fallback: None, commands }));
                continue;
            }
            let mut other = FlowReader { commands: Vec::new(), ..main };
            other.add_step(at, step);
            flows.push(Flow { job, fallback: Some(step), commands: other.commands });
        }
        flows.push(Flow { job, fallback: None, commands: main.commands });
    }
    flows.retain(|flow| !flow.commands.is_empty());
    flows
}

/// Whether a step runs only where others failed.
pub(super) fn is_failure_step(step: &Step) -> bool {
    step.condition
        .as_ref()
        .is_some_and(|condition| ["failure()", "cancelled()"].iter().any(|word| condition.text.contains(word)))
}

struct FlowReader<'a> {
    remote: &'a [RemoteScript],
    commands: Vec<FlowCommand<'a>>,
    /// The number of the job.
    number: usize,
}

impl<'a> FlowReader<'a> {
    /// Adds what a step runs; gives back what functions run that nothing in it calls.
    fn add_step(&mut self, at: usize, step: &'a Step) -> Vec<Vec<FlowCommand<'a>>> {
        let of_step = |remote: &&RemoteScript| (remote.job, remote.step) == (self.number, at);
        let remote: Vec<&'a RemoteScript> = self.remote.iter().filter(of_step).collect();
        for script in remote.iter().filter(|remote| remote.start.is_none()) {
            if let Some(body) = StepBody::new(&script.commands) {
                let around = Around { host: Some(&script.host), ..Around::default() };
                self.push(&body, &body.top, &around, &[]);
            }
        }
        let Some(body) = StepBody::new(step) else { return Vec::new() };
        self.push(&body, &body.top, &Around::default(), &remote);
        let called: BTreeSet<&str> = body.commands.iter().filter_map(|command| command.invocation.program).collect();
        let uncalled = body.functions.iter().filter(|(name, _)| !called.contains(*name));
        let commands_of = |(name, numbers): (&&'a str, &Vec<usize>)| {
            let mut reader = FlowReader { remote: self.remote, commands: Vec::new(), number: self.number };
            let around = Around { functions: vec![*name], ..Around::default() };
            reader.push(&body, numbers, &around, &remote);
            reader.commands
        };
        uncalled.map(commands_of).collect()
    }

    /// Calls itself once per function that another one calls; [`DEEPEST`] bounds that.
    fn push(&mut self, body: &StepBody<'a>, numbers: &[usize], around: &Around<'a>, remote: &[&'a RemoteScript]) {
        for command in numbers.iter().filter_map(|number| body.commands.get(*number)) {
            if self.commands.len() >= COMMANDS {
                return;
            }
            let invocation = &command.invocation;
            let script = body.script.commands();
            let Some(outer) = script.commands.get(invocation.outer as usize) else { continue };
            let mut frames = around.frames.clone();
            frames.push(Frame { script, command: outer });
            if !std::ptr::eq(invocation.script, script) {
                frames.push(Frame { script: invocation.script, command: invocation.command });
            }
            let functions = around.functions.clone();
            let inside = Around { frames: frames.clone(), ..around.clone() };
            self.commands.push(FlowCommand {
                command: command.clone(),
                script: body.script,
                host: around.host,
                functions,
                frames,
                endings: body.endings.clone(),
            });
            let name = if invocation.via.is_empty() { invocation.program.unwrap_or_default() } else { "" };
            if let Some((name, numbers)) = body.functions.get_key_value(name)
                && around.functions.len() < DEEPEST
                && !around.functions.contains(name)
            {
                let functions = around.functions.iter().copied().chain([*name]).collect();
                self.push(body, numbers, &Around { functions, ..inside.clone() }, remote);
            }
            let runs = remote.iter().find(|script| invocation.is("ssh") && script.start == Some(invocation.span.start));
            if let Some(script) = runs
                && let Some(remote_body) = StepBody::new(&script.commands)
            {
                self.push(&remote_body, &remote_body.top, &Around { host: Some(&script.host), ..inside }, &[]);
            }
        }
    }
}

impl<'a> StepBody<'a> {
    fn new(step: &'a Step) -> Option<Self> {
        let script = step.script.as_ref()?;
        let parsed = script.commands();
        let names = function_names(script);
        let commands = StepCommand::all(step);
        let mut body = Self {
            script,
            commands: Vec::new(),
            functions: BTreeMap::new(),
            top: Vec::new(),
            endings: BTreeSet::new(),
        };
        for (number, command) in commands.iter().enumerate() {
            let Some(outer) = parsed.commands.get(command.invocation.outer as usize) else { continue };
            let function = parsed.enclosing(&outer.place).find(|scope| scope.kind == ScopeKind::Function);
            let Some(function) = function else {
                body.top.push(number);
                continue;
            };
            let at = names.partition_point(|(start, _)| *start < function.span.start);
            let Some((_, name)) = at.checked_sub(1).and_then(|at| names.get(at)) else { continue };
            body.functions.entry(name).or_default().push(number);
            // Groups of the function's own body are no conditions.
            let scopes = parsed.enclosing(&outer.place).take_while(|scope| scope.kind != ScopeKind::Function);
            if command.invocation.is("exit") && scopes.into_iter().all(|scope| scope.kind == ScopeKind::Group) {
                body.endings.insert(name);
            }
        }
        body.commands = commands;
        Some(body)
    }
}

/// Where each function begins, and its name.
fn function_names(script: &StepScript) -> Vec<(u32, &str)> {
    let functions = script.commands().compounds.iter().filter(|compound| compound.kind == CompoundKind::Function);
    let name = |compound: &Compound| {
        let text = script.text.for_shell().get(compound.span.range()).unwrap_or_default();
        let text = text.strip_prefix("function ").unwrap_or(text).trim_start();
        let name = text.split(|c: char| c == '(' || c.is_whitespace() || c == '{').next().unwrap_or_default();
        (compound.span.start, name)
    };
    functions.map(name).collect()
}

impl<'a> FlowCommand<'a> {
    /// Where it stands in the text of its script.
    pub(super) fn span(&self) -> Span {
        self.command.invocation.span
    }

    /// Whether both run on one machine.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.host == other.host
    }

    /// Whether it may run behind another command of the same run that stands before it.
    pub(super) fn may_follow(&self, before: &Self) -> bool {
        self.relation(before).is_some_and(|relation| !before.ends(&relation))
    }

    /// Whether it may run behind another command, and the run then goes on: it is no part of what is done when that failed.
    pub(super) fn continues(&self, before: &Self) -> bool {
        let Some(relation) = self.relation(before) else { return false };
        !before.ends(&relation) && !self.ends(&relation) && !self.is_fallback(&relation)
    }

    /// Whether it stands in the body of a loop that another command is outside of.
    pub(super) fn is_in_loop_apart_from(&self, other: &Self) -> bool {
        let Some(relation) = self.relation(other).or_else(|| other.relation(self)) else { return false };
        self.scopes_below(&relation).iter().any(|(_, scope)| scope.kind == ScopeKind::Loop)
    }

    /// Whether it decides whether others run: it stands between `if` and `then`, or `while` and `do`.
    pub(super) fn is_condition(&self) -> bool {
        self.frames.iter().any(|frame| {
            let scope = frame.script.scopes.get(frame.command.place.scope as usize);
            scope.is_some_and(|scope| scope.kind == ScopeKind::Condition)
        })
    }

    /// Whether how it ends decides over nothing but what is printed: `if curl …; then echo up; else echo down; fi`, `curl … ||
    /// echo down`.
    pub(super) fn is_only_printed(&self) -> bool {
        let Some(Frame { script, command }) = self.frames.last().copied() else { return false };
        if script.enclosing(&command.place).any(|scope| scope.kind == ScopeKind::Substitution) {
            return false;
        }
        match script.scopes.get(command.place.scope as usize).map(|scope| scope.kind) {
            Some(ScopeKind::Condition) => only_prints_branches(script, command),
            _ => only_prints_fallback(script, command),
        }
    }

    /// The innermost loop of its script around it.
    pub(super) fn innermost_loop(&self) -> Option<FlowLoop<'a>> {
        let Frame { script, command } = *self.frames.last()?;
        let is_loop = |compound: &&Compound| {
            matches!(compound.kind, CompoundKind::For | CompoundKind::Loop) && compound.span.contains(command.span)
        };
        let compound = script.compounds.iter().filter(is_loop).min_by_key(|compound| compound.span.len())?;
        Some(FlowLoop { compound, script })
    }

    /// Whether it runs under a condition only.
    pub(super) fn is_optional(&self) -> bool {
        let is_branch =
            |frame: &Frame| frame.script.enclosing(&frame.command.place).any(|scope| scope.kind == ScopeKind::Branch);
        self.frames.iter().any(is_branch) || self.is_fallback(&Relation { depth: 0, scope: None })
    }

    /// Whether it runs only where no container of these names does, as its script asked before: in `if ! docker ps | grep -q
    /// db; then …`, or behind `||`.
    pub(super) fn is_where_none_runs(&self, names: &[String]) -> bool {
        let script = self.script.commands();
        let asks = |text: &str| {
            let lists = ["docker ps", "docker inspect", "docker container", "compose ps"];
            let is_named = names.is_empty() || names.iter().any(|name| text.contains(name.as_str()));
            is_named && lists.iter().any(|call| text.contains(call))
        };
        let text = self.script.text.for_shell();
        let commands = self.frames.iter().filter(|frame| std::ptr::eq(frame.script, script)).map(|frame| frame.command);
        commands.into_iter().any(|command| {
            let line = |before: u32| text[..before as usize].lines().next_back().unwrap_or_default();
            let around = script.compounds.iter().filter(|compound| compound.span.contains(command.span));
            let places = around.map(|compound| &compound.place).chain([&command.place]);
            let mut ors = places.filter_map(|place| place.before).filter(|before| before.kind == SeparatorKind::Or);
            let branches = script.enclosing(&command.place).filter(|scope| scope.kind == ScopeKind::Branch);
            ors.any(|before| asks(line(before.span.start)))
                || branches.into_iter().any(|branch| is_branch_of_none(script, text, branch, &asks))
        })
    }

    /// Whether something decides by how it ends: `if`, `&&` or `||`, around a group of which it is a part, too.
    pub(super) fn is_asked(&self) -> bool {
        let is_choice_behind = |place: &CommandPlace| place.after.is_some_and(|after| is_choice(after.kind));
        self.is_condition()
            || self.frames.iter().any(|Frame { script, command }| {
                let around = script.compounds.iter().filter(|compound| compound.span.contains(command.span));
                let places = around.map(|compound| &compound.place).chain([&command.place]);
                places.into_iter().any(|place| is_choice_behind(place) || place.negated)
            })
    }

    /// What stands before it in its pipe.
    pub(super) fn before_in_pipe(&self) -> Option<Span> {
        let Frame { script, command } = *self.frames.last()?;
        script.before_in_pipe(command)
    }

    /// The variables that are set before it in its own list.
    pub(super) fn assignments_before(&self) -> impl Iterator<Item = &'a Assignment> + use<'a> {
        let frame = self.frames.last().copied();
        let commands = frame.into_iter().flat_map(|Frame { script, command }| {
            let is_before = move |other: &&Command| {
                other.place.scope == command.place.scope
                    && other.span.end <= command.span.start
                    && other.words.is_empty()
            };
            script.commands.iter().filter(is_before)
        });
        commands.flat_map(|command| &command.assignments)
    }

    /// Whether a function of its script ends the run.
    pub(super) fn ends_run(&self, function: &str) -> bool {
        self.endings.contains(function)
    }

    /// Where two commands part; `None` where only one of them runs.
    fn relation(&self, other: &Self) -> Option<Relation> {
        for (depth, (own, before)) in self.frames.iter().zip(&other.frames).enumerate() {
            if !std::ptr::eq(own.script, before.script) {
                return Some(Relation { depth, scope: None });
            }
            if own.command.span == before.command.span {
                continue;
            }
            let script = own.script;
            let (scopes, others) = (chain(script, &own.command.place), chain(script, &before.command.place));
            let shared = scopes.iter().find(|scope| others.contains(scope)).copied()?;
            let below = |scopes: &[u32]| scopes.iter().take_while(|scope| **scope != shared).last().copied();
            if let (Some(a), Some(b)) = (below(&scopes), below(&others))
                && are_exclusive(script, shared, a, b)
            {
                return None;
            }
            return Some(Relation { depth, scope: Some(shared) });
        }
        Some(Relation { depth: self.frames.len().min(other.frames.len()), scope: None })
    }

    /// The lists around it below the place where it parts from another command, with the frames that they are in.
    fn scopes_below(&self, relation: &Relation) -> Vec<(usize, &'a Scope)> {
        let mut scopes = Vec::new();
        for (depth, frame) in self.frames.iter().enumerate().skip(relation.depth) {
            let chain = chain(frame.script, &frame.command.place);
            let is_shared = |scope: &u32| depth == relation.depth && Some(*scope) == relation.scope;
            let below = chain.into_iter().take_while(|scope| !is_shared(scope));
            scopes.extend(below.filter_map(|scope| Some((depth, frame.script.scopes.get(scope as usize)?))));
        }
        scopes
    }

    /// Whether the run ends in one of the lists around it, before it comes to what is outside of them.
    fn ends(&self, relation: &Relation) -> bool {
        self.scopes_below(relation).into_iter().any(|(depth, scope)| {
            let script = self.frames[depth].script;
            let is_optional = matches!(scope.kind, ScopeKind::Branch | ScopeKind::Group | ScopeKind::Loop);
            let ends = |command: &Command| {
                let name = command.name().and_then(|word| word.value()).unwrap_or_default();
                let list = script.scopes.get(command.place.scope as usize);
                // `return` leaves the function only.
                let is_end = matches!(name, "exit" | "exec") || name == "return" && depth == relation.depth;
                let is_sure = command.place.before.is_none_or(|before| !is_choice(before.kind));
                list.is_some_and(|list| list.span == scope.span) && is_sure && (is_end || self.endings.contains(name))
            };
            is_optional && script.commands_within(scope.span).any(ends)
        })
    }

    /// Whether it runs only where another command failed: behind `||`, or in a group behind it.
    fn is_fallback(&self, relation: &Relation) -> bool {
        let is_or = |place: &CommandPlace| place.before.is_some_and(|before| before.kind == SeparatorKind::Or);
        let is_behind_or = self.frames.iter().skip(relation.depth).any(|frame| is_or(&frame.command.place));
        is_behind_or
            || self.scopes_below(relation).into_iter().any(|(depth, scope)| {
                let groups =
                    self.frames[depth].script.compounds.iter().filter(|compound| compound.span.contains(scope.span));
                scope.kind == ScopeKind::Group && groups.into_iter().any(|compound| is_or(&compound.place))
            })
    }
}

/// A loop around a command.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlowLoop<'a> {
    /// The loop.
    pub compound: &'a Compound,
    script: &'a Script,
}

impl<'a> FlowLoop<'a> {
    /// All commands of it.
    pub(super) fn commands(&self) -> impl Iterator<Item = &'a Command> + use<'a> {
        self.script.commands_within(self.compound.span)
    }

    /// The commands of its condition or of its body, without those of lists in them.
    pub(super) fn commands_of(&self, kind: ScopeKind) -> impl Iterator<Item = &'a Command> + use<'a> {
        let (script, span) = (self.script, self.compound.span);
        let is_own = move |command: &&Command| {
            let scope = script.scopes.get(command.place.scope as usize);
            let parent = scope.and_then(|scope| script.scopes.get(scope.parent? as usize));
            let is_outermost = parent.is_some_and(|parent| !span.contains(parent.span));
            is_outermost && scope.is_some_and(|scope| scope.kind == kind)
        };
        self.commands().filter(is_own)
    }

    /// The variable of `for NAME in`.
    pub(super) fn variable<'t>(&self, text: &'t str) -> Option<&'t str> {
        let rest = text.get(self.compound.span.range())?.strip_prefix("for ")?.trim_start();
        let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
        (!name.is_empty()).then_some(name)
    }

    /// Whether a command stands in it.
    pub(super) fn holds(&self, command: &FlowCommand) -> bool {
        let is_inside =
            |frame: &Frame| std::ptr::eq(frame.script, self.script) && self.compound.span.contains(frame.command.span);
        command.frames.iter().any(is_inside)
    }

    /// Whether a command of it stands in `$( … )`.
    pub(super) fn is_substituted(&self, command: &Command) -> bool {
        self.script.enclosing(&command.place).any(|scope| scope.kind == ScopeKind::Substitution)
    }
}

/// Where two commands part: in which of their frames, and the list there that holds both.
struct Relation {
    depth: usize,
    scope: Option<u32>,
}

fn is_choice(kind: SeparatorKind) -> bool {
    matches!(kind, SeparatorKind::And | SeparatorKind::Or)
}

/// Whether a command only prints for people: what it writes to a file, a later step may look at.
fn prints(command: &Command) -> bool {
    matches!(command.name().and_then(|word| word.value()), Some("echo" | "printf"))
        && command.redirects.iter().all(|redirect| {
            let target = redirect.target.as_ref().map_or("", |word| word.text());
            target.bytes().all(|byte| byte.is_ascii_digit()) || target == "/dev/stderr"
        })
}

/// Whether the branches of the innermost `if` with a command in its condition only print.
fn only_prints_branches(script: &Script, command: &Command) -> bool {
    let is_if = |compound: &&Compound| compound.kind == CompoundKind::If && compound.span.contains(command.span);
    let Some(choice) = script.compounds.iter().filter(is_if).min_by_key(|compound| compound.span.len()) else {
        return false;
    };
    let is_branch = |other: &&Command| script.enclosing(&other.place).all(|scope| scope.kind != ScopeKind::Condition);
    let mut branches = script.commands_within(choice.span).filter(is_branch).peekable();
    branches.peek().is_some() && branches.all(prints)
}

/// Whether behind a command, or the pipe that it begins, stands `||` with nothing but a text.
fn only_prints_fallback(script: &Script, command: &Command) -> bool {
    let next = |before: &Command| {
        let behind = |other: &&Command| other.place.scope == before.place.scope && other.span.start >= before.span.end;
        script.commands.iter().filter(behind).min_by_key(|other| other.span.start)
    };
    let mut last = command;
    while last.place.after.is_some_and(|after| after.kind == SeparatorKind::Pipe) {
        let Some(following) = next(last) else { return false };
        last = following;
    }
    let Some(or) = last.place.after.filter(|after| after.kind == SeparatorKind::Or) else { return false };
    let is_behind = |start: u32| start >= or.span.end;
    let group =
        script.compounds.iter().filter(|compound| is_behind(compound.span.start)).min_by_key(|it| it.span.start);
    let group = group.filter(|group| group.place.before.is_some_and(|before| before.span == or.span));
    if let Some(group) = group {
        return script.commands_within(group.span).all(prints);
    }
    let following = script.commands.iter().filter(|other| is_behind(other.span.start)).min_by_key(|it| it.span.start);
    following.is_some_and(|text| prints(text) && !text.place.after.is_some_and(|after| is_choice(after.kind)))
}

/// The lists around a place by their numbers, innermost first.
fn chain(script: &Script, place: &CommandPlace) -> Vec<u32> {
    let parent = |scope: &u32| script.scopes.get(*scope as usize)?.parent;
    std::iter::successors(Some(place.scope), parent).collect()
}

/// Whether a branch is run where a question for containers is answered with none.
fn is_branch_of_none(script: &Script, text: &str, branch: &Scope, asks: &dyn Fn(&str) -> bool) -> bool {
    let is_before = |scope: &&Scope| {
        scope.kind == ScopeKind::Condition && scope.parent == branch.parent && scope.span.end <= branch.span.start
    };
    let Some(condition) = script.scopes.iter().rfind(is_before) else { return false };
    let question = text.get(condition.span.range()).unwrap_or_default();
    let between = text.get(condition.span.end as usize..branch.span.start as usize).unwrap_or_default();
    // Between the question and the list behind `else` lies the one behind `then`.
    let is_else = words(between, "else").next().is_some();
    let is_negated = script.commands_within(condition.span).any(|command| command.place.negated)
        || ["-z ", "!= "].iter().any(|sign| question.contains(sign));
    let is_dead = ["exited", "created", "dead"].iter().any(|state| question.contains(state));
    asks(question) && (is_negated || is_dead) != is_else
}

/// Whether two lists are branches of one condition.
fn are_exclusive(script: &Script, shared: u32, a: u32, b: u32) -> bool {
    let branch = |scope: u32| script.scopes.get(scope as usize).filter(|scope| scope.kind == ScopeKind::Branch);
    let Some((a, b)) = branch(a).zip(branch(b)) else { return false };
    let is_choice = |compound: &&Compound| {
        matches!(compound.kind, CompoundKind::If | CompoundKind::Case) && compound.place.scope == shared
    };
    let mut choices = script.compounds.iter().filter(is_choice);
    choices.any(|compound| compound.span.contains(a.span) && compound.span.contains(b.span))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::{ScriptText, WorkflowPlace};

    /// For each two commands of a script, whether the second may follow, and whether the run goes on with it.
    #[track_caller]
    fn check(text: &str, pairs: &[(&str, &str, bool, bool)]) {
        let place = WorkflowPlace::of(Span::new(0, text.len() as u32));
        let step = Step::of_script(place, ScriptText::new(text, text, place));
        let mut reader = FlowReader { remote: &[], commands: Vec::new(), number: 0 };
        let uncalled = reader.add_step(0, &step);
        let all: Vec<&FlowCommand> = reader.commands.iter().chain(uncalled.iter().flatten()).collect();
        let command = |name: &str| *all.iter().find(|command| command.command.invocation.is(name)).unwrap();
        for (first, second, follows, continues) in pairs {
            let (first, second) = (command(first), command(second));
            let read = (second.may_follow(first), second.continues(first));
            assert_eq!(read, (*follows, *continues), "{text}");
        }
    }

    #[test]
    fn commands_follow_each_other_in_a_run() {
        check("a; b", &[("a", "b", true, true)]);
        check("a || b", &[("a", "b", true, false)]);
        check("a || { b; exit 1; }; c", &[("a", "b", true, false), ("a", "c", true, true), ("b", "c", false, false)]);
        check(
            "if a; then b; else c; fi; d",
            &[("b", "c", false, false), ("b", "d", true, true), ("a", "c", true, true)],
        );
        check("if ! a; then b; exit 1; fi; c", &[("a", "b", true, false), ("b", "c", false, false)]);
        check("case $1 in x) a ;; y) b ;; esac; c", &[("a", "b", false, false), ("b", "c", true, true)]);
    }

    #[test]
    fn functions_are_read_where_they_are_called() {
        check("f() { b; }; a; f; c", &[("a", "b", true, true), ("b", "c", true, true)]);
        check("f() { b; return 0; }; f; c", &[("b", "c", true, true)]);
        check("f() { b; exit 1; }; a || f; c", &[("a", "b", true, false), ("b", "c", false, false)]);
        check("die() { echo x; exit 1; }; if a; then b; die; fi; c", &[("b", "c", false, false)]);
        check("f() { f; g; }; g() { f; a; }; f; b", &[("a", "b", true, true)]);
    }
}
