//! Which commands of a script have to run and succeed for the script to succeed.

use std::collections::HashSet;

use crate::shell::program::{Kind, Program, State};
use crate::shell::{Command, Invocation, Script, SeparatorKind, Word};

/// Filters that fail without input.
const FAIL_ON_NOTHING: [&str; 3] = ["grep", "egrep", "fgrep"];

/// The commands without which a script cannot succeed, with those of scripts that are nested in them.
pub(in crate::rules) struct NeededCommands {
    commands: HashSet<*const Command>,
}

impl NeededCommands {
    pub(in crate::rules) fn of(script: &Script) -> Self {
        let mut commands = HashSet::new();
        let first = script;
        let mut open = vec![first];
        while let Some(script) = open.pop() {
            let needed = needed_commands(script);
            commands.extend(
                script
                    .commands
                    .iter()
                    .zip(&needed)
                    .filter(|(_, is)| **is)
                    .map(|(command, _)| std::ptr::from_ref(command)),
            );
            let mut seen = HashSet::new();
            for (at, inner) in &script.nested {
                // Of a script in a script, only a single command leads further.
                let leads_on = std::ptr::eq(script, first) || script.commands.len() == 1;
                if seen.insert(*at) && leads_on && needed.get(*at as usize) == Some(&true) {
                    open.push(inner);
                }
            }
        }
        Self { commands }
    }

    /// Whether a command of the script itself is needed, or one of a script that is nested in it.
    pub(in crate::rules) fn has(&self, command: &Command) -> bool {
        self.commands.contains(&std::ptr::from_ref(command))
    }

    /// Whether the script can succeed only if it runs a program and that succeeds.
    pub(in crate::rules) fn has_program(&self, invocation: &Invocation) -> bool {
        let passes_on =
            |program: Program| program.is_shell() || program.is(Kind::Wrapper) || program.state == State::Any;
        invocation.via.iter().all(|wrapper| passes_on(Program::of(wrapper.program))) && self.has(invocation.command)
    }
}

/// For each command, whether it is in the top-level list, joined with `&&` to the commands before it, and the commands
/// after it run only if it succeeds, or fail.
fn needed_commands(script: &Script) -> Vec<bool> {
    let mut needed = vec![false; script.commands.len()];
    if !script.problems.is_empty() || !script.compounds.is_empty() {
        return needed;
    }
    let listed = script.commands.iter().enumerate().filter(|(_, command)| command.place.scope == 0);
    let reached = listed.clone().take_while(|(_, command)| is_reached(command)).count();
    // Whether what stands behind a command keeps its failure: in its own pipeline, and in those behind it.
    let (mut pipeline, mut list) = (true, true);
    let all: Vec<_> = listed.collect();
    for (number, (index, command)) in all.iter().enumerate().rev() {
        needed[*index] = number < reached && pipeline && !command.place.negated;
        list = keeps_failure(command, list);
        let is_start = command.place.pipe_index == 0;
        pipeline = if is_start { list } else { pipeline && !is_background(command) && later_fails(command) };
    }
    needed
}

fn is_background(command: &Command) -> bool {
    command.place.after.is_some_and(|after| after.kind == SeparatorKind::Background)
}

/// Whether a command runs if those before it succeed.
fn is_reached(command: &Command) -> bool {
    let before = command.place.before.map(|before| before.kind);
    !is_background(command) && (command.place.pipe_index > 0 || matches!(before, None | Some(SeparatorKind::And)))
}

/// Whether a failure before a command stays one, if it does so behind it.
fn keeps_failure(command: &Command, behind: bool) -> bool {
    if is_background(command) {
        return false;
    }
    match command.place.before.map(|before| before.kind) {
        _ if command.place.pipe_index > 0 => behind,
        None | Some(SeparatorKind::And) => behind,
        Some(SeparatorKind::Or) if !command.place.negated => match failure(command) {
            CommandFailure::Ends => true,
            CommandFailure::Status => behind,
            CommandFailure::No => false,
        },
        Some(_) => false,
    }
}

/// Whether a later command of the pipeline keeps its failure: by pipefail, or because it fails without input.
fn later_fails(command: &Command) -> bool {
    command.place.options.pipefail
        || command.name().and_then(Word::value).is_some_and(|name| FAIL_ON_NOTHING.contains(&name))
}

/// How a command certainly fails.
enum CommandFailure {
    /// It ends the script with a failure.
    Ends,
    /// Its status is a failure.
    Status,
    /// It may succeed.
    No,
}

fn failure(command: &Command) -> CommandFailure {
    let words: Vec<Option<&str>> = command.words.iter().map(Word::value).collect();
    let zero = |text: &str| text.trim_start_matches('0').is_empty();
    match words.as_slice() {
        [Some("false")] => CommandFailure::Status,
        [Some("exit")] => CommandFailure::Ends,
        [Some("exit"), Some(code)]
            if code.bytes().all(|byte| byte.is_ascii_digit()) && !zero(code) && *code != "256" =>
        {
            CommandFailure::Ends
        }
        _ => CommandFailure::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::parse;

    fn check(text: &str, expected: bool) {
        let script = parse(text);
        let invocations = script.invocations();
        let probe = invocations.iter().find(|invocation| invocation.is("curl")).unwrap();
        assert_eq!(NeededCommands::of(&script).has_program(probe), expected, "{text}");
    }

    #[test]
    fn only_required_commands_count() {
        check("curl x", true);
        check("curl x || exit 1", true);
        check("curl x || false", true);
        check("test -f /ok && curl x && echo ok || exit 1", true);
        check("curl x | grep ok || exit 1", true);
        check("sh -c 'timeout 3 curl x || exit 1'", true);
        check("curl x || wget x", false);
        check("wget x || curl x", false);
        check("curl x || exit 0", false);
        check("curl x; true", false);
        check("curl x &", false);
        check("! curl x", false);
        check("curl x | cat", false);
        check("sh -c 'curl x || true'", false);
        check("sh -c 'curl x' || true", false);
        check("if test -f x; then curl x; fi", false);
        check("find . -exec curl x ';'", false);
    }
}
