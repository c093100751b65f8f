//! What a health check comes to by its commands alone: one that cannot fail, one that looks for a process.

use super::Build;
use super::check_search::{ends_after_failure, shell_search};
use super::constant_code::is_constant_code;
use crate::dockerfile::Keyword;
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, Invocation, Script, Separator, SeparatorKind, Word};
use crate::text::path;

/// The command that makes a check always succeed, as it is written; nothing where it is more than commands one after the
/// other.
pub fn constant_command(script: &Script, is_exec: bool) -> Option<&Command> {
    let inner = script.innermost();
    if !inner.problems.is_empty() || !inner.compounds.is_empty() {
        return None;
    }
    let invocations = inner.invocations();
    if let Some((first, rest)) = invocations.split_first()
        && first.command.place.scope == 0
        && first.command.place.pipe_len == 1
        && !first.command.place.negated
        && (is_constant_code(first) || is_version_call(first))
        && rest.iter().all(ends_after_failure)
    {
        // What stands behind `||` never runs.
        return inner.commands.iter().find(|command| std::ptr::eq(*command, first.command));
    }
    let last = deciding(inner)?;
    let is_code = |invocation: &Invocation| {
        std::ptr::eq(invocation.command, last) && (is_constant_code(invocation) || is_version_call(invocation))
    };
    (always_succeeds(is_exec, last) || invocations.iter().any(is_code)).then_some(last)
}

/// Whether a program is asked for its version alone.
fn is_version_call(invocation: &Invocation) -> bool {
    matches!(invocation.args, [word] if word.is("--version"))
}

/// The command with which a script that is a check always ends, whatever it has asked before: nothing ends it earlier, and it
/// succeeds.
pub fn constant_script_end(script: &Script) -> Option<&Command> {
    let last = script.commands.last().filter(|last| script.is_top(&last.place))?;
    let is_behind = script.compounds.iter().all(|compound| compound.span.end <= last.span.start);
    let ends = |command: &Command| {
        let words: Vec<Option<&str>> = command.words.iter().map(Word::value).collect();
        let ends = ["exit", "return", "kill", "exec", "trap"];
        let reads = [".", "source"];
        let succeeds = words == [Some("exit"), Some("0")];
        command.place.options.errexit
            || !succeeds
                && words.first().copied().flatten().is_some_and(|name| ends.contains(&name) || reads.contains(&name))
    };
    let is_alone = last.place.before.is_none_or(|before| before.kind != SeparatorKind::And) && last.place.pipe_len == 1;
    let earlier = &script.commands[..script.commands.len() - 1];
    (script.problems.is_empty() && is_behind && is_alone && !earlier.is_empty())
        .then_some(last)
        .filter(|last| always_succeeds(false, last) && !earlier.iter().any(ends))
}

/// Whether a check reports healthy whatever its container does: it cannot fail, or finds its own shell.
pub fn tells_nothing(script: &Script, is_exec: bool) -> bool {
    constant_command(script, is_exec).is_some() || shell_search(script, is_exec).is_some()
}

impl Build<'_> {
    /// Whether the HEALTHCHECK of the image reports healthy whatever it does.
    pub fn check_tells_nothing(&self) -> bool {
        let check = self.target().and_then(|stage| self.last(stage, Keyword::Healthcheck));
        let code = check.and_then(|(index, _)| self.code(index));
        code.is_some_and(|code| tells_nothing(&code.script, code.is_exec()))
    }
}

fn kind(separator: Option<Separator>) -> Option<SeparatorKind> {
    separator.map(|separator| separator.kind)
}

/// The command that sets the exit code of the check: no earlier command ends the script, and a failure before it is
/// ignored.
fn deciding(script: &Script) -> Option<&Command> {
    let commands: Vec<&Command> = script.commands.iter().filter(|command| command.place.scope == 0).collect();
    let (last, earlier) = commands.split_last()?;
    let ends = |command: &&&Command| {
        command.place.options.errexit
            || matches!(command.name().and_then(Word::value), Some("exit" | "return" | "kill"))
    };
    // The pipeline that `last` ends.
    let first = commands.get(commands.len().checked_sub(last.place.pipe_index as usize + 1)?)?;
    let reached = kind(first.place.before) != Some(SeparatorKind::And);
    let counts =
        last.place.pipe_index + 1 == last.place.pipe_len && !last.place.negated && !last.place.options.pipefail;
    let sets_options = |command: &&Command| command.name().is_some_and(|name| name.is("set"));
    (counts && reached && !earlier.iter().any(|command| ends(&command)) && !commands.iter().any(sets_options))
        .then_some(*last)
}

fn always_succeeds(is_exec: bool, last: &Command) -> bool {
    let words: Vec<Option<&str>> = last.words.iter().map(Word::value).collect();
    let program = words.first().copied().flatten().map(path::name);
    let substitutes = last.words.iter().any(Word::is_dynamic);
    match program {
        Some("exit") if !is_exec || words.len() == 2 => matches!(words.get(1), Some(Some("0"))),
        // `echo ok > /file` may fail.
        Some(program) if Program::of(program).is(Kind::Succeeds) => last.redirects.iter().all(|redirect| {
            redirect.target.as_ref().is_some_and(|target| target.is("/dev/null") || target.is("1") || target.is("2"))
        }),
        Some(program) if Program::of(program).is(Kind::Filter) => last.place.pipe_index > 0 && !substitutes,
        _ => false,
    }
}

/// The program of a check that does nothing but look for a process.
pub fn looks_for_process(script: &Script) -> Option<&str> {
    let invocations = script.invocations();
    let (first, rest) = invocations.split_first()?;
    let program = first.program?;
    let only_reads = |invocation: &Invocation| {
        let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
        program.is(Kind::Processes)
            || program.is(Kind::Text) && invocation.args.iter().all(|word| !word.text().starts_with('/'))
            || ends_after_failure(invocation)
    };
    (Program::of(program).is(Kind::Processes) && script.compounds.is_empty() && rest.iter().all(only_reads))
        .then_some(program)
}

#[cfg(test)]
mod tests {
    use super::looks_for_process;
    use crate::shell::parse;

    #[test]
    fn checks_that_only_look_for_a_process() {
        for (line, expected) in [
            ("pgrep nginx", Some("pgrep")),
            ("pidof nginx || exit 1", Some("pidof")),
            ("ps aux | grep '[n]ginx' | wc -l", Some("ps")),
            ("pgrep nginx && curl -f http://127.0.0.1/", None),
            ("curl -f http://127.0.0.1/ || pgrep nginx", None),
            ("pgrep nginx && test -f /ready", None),
        ] {
            assert_eq!(looks_for_process(&parse(line)), expected, "{line}");
        }
    }
}
