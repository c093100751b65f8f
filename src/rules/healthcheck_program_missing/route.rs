//! Whether a check can succeed only if one of its commands succeeds. The answer is no if it is not known.

use crate::shell::program::{Kind, Program, State};
use crate::shell::{Command, Invocation, Script, SeparatorKind, Word};

/// Filters that fail without input.
const FAIL_ON_NOTHING: [&str; 3] = ["grep", "egrep", "fgrep"];

/// Whether the script can succeed only if it runs `invocation` and that succeeds.
pub(in crate::rules) fn needs(script: &Script, invocation: &Invocation) -> bool {
    let passes_on = |program: Program| program.is_shell() || program.is(Kind::Wrapper) || program.state == State::Any;
    if !invocation.via.iter().all(|wrapper| passes_on(Program::of(wrapper.program))) {
        return false;
    }
    let mut script = script;
    let mut index = invocation.outer as usize;
    // From each script to the one nested in its command.
    loop {
        let Some(command) = script.commands.get(index).filter(|command| needs_command(script, command)) else {
            return false;
        };
        if std::ptr::eq(command, invocation.command) {
            return true;
        }
        let Some((_, inner)) = script.nested.iter().find(|(at, _)| *at as usize == index) else { return false };
        let position = inner.commands.iter().position(|command| std::ptr::eq(command, invocation.command));
        index = match position {
            Some(position) => position,
            None if inner.commands.len() == 1 => 0,
            None => return false,
        };
        script = inner;
    }
}

/// The same for a command of the script itself: it is in the top-level list, joined with `&&` to the commands before it,
/// and the commands after it run only if it succeeds, or fail.
pub(super) fn needs_command(script: &Script, command: &Command) -> bool {
    let place = &command.place;
    if !script.problems.is_empty() || !script.compounds.is_empty() || place.scope != 0 || place.negated {
        return false;
    }
    let mut pipeline = false;
    let mut is_found = false;
    for listed in script.commands.iter().filter(|command| command.place.scope == 0) {
        if listed.place.after.is_some_and(|after| after.kind == SeparatorKind::Background) {
            return false;
        }
        if listed.place.pipe_index == 0 {
            pipeline = std::ptr::eq(listed, command);
            match listed.place.before.map(|before| before.kind) {
                None | Some(SeparatorKind::And) => {}
                Some(SeparatorKind::Or) if is_found && !listed.place.negated => match failure(listed) {
                    CommandFailure::Ends => return true,
                    CommandFailure::Status => {}
                    CommandFailure::No => return false,
                },
                Some(_) => return false,
            }
        } else if std::ptr::eq(listed, command) {
            pipeline = true;
        } else if pipeline && !later_fails(listed) {
            return false;
        }
        is_found |= std::ptr::eq(listed, command);
    }
    is_found
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
        assert_eq!(needs(&script, probe), expected, "{text}");
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
