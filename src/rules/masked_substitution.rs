//! See `rules/masked-substitution.md`.

use super::Context;
use super::hidden_failure::{may_fail, may_fail_within, name_of, scripts};
use super::later_failure::is_seen_later;
use crate::build::Run;
use crate::finding::{Finding, Findings, Safety};
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, ExpansionKind, ScopeKind, Script, SeparatorKind, Word};
use crate::text::Span;

super::rule!("masked-substitution", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for script in scripts(&run) {
            for command in &script.commands {
                let Some((substitution, by)) = masked(script, command) else { continue };
                // An empty value makes the RUN fail where it is used.
                if run.code.is_ordinary() && is_seen_later(script, substitution) {
                    continue;
                }
                let message = format!("a failure of this command substitution goes unnoticed: {by}");
                let finding = cx.finding(run.place(substitution), message).help("assign it in a separate command");
                out.push(match in_pipe(script, substitution) {
                    // There the assignment does not show the failure.
                    Some(Pipe { last, may_fail: false }) => finding.help(pipe_help(last)),
                    Some(Pipe { last, .. }) => edited(&run, script, command, finding.help(pipe_help(last))),
                    None => edited(&run, script, command, finding),
                });
            }
        }
    }
}

/// A pipe that a substitution runs without pipefail, in which a command before the last may fail.
struct Pipe<'s> {
    /// The program of the last command.
    last: &'s str,
    /// Whether that program may fail too.
    may_fail: bool,
}

fn in_pipe(script: &Script, substitution: Span) -> Option<Pipe<'_>> {
    let within = |command: &&Command| substitution.contains(command.span) && command.place.pipe_len > 1;
    let mut pipe = script.commands.iter().filter(within);
    let loses = pipe.any(|command| {
        command.place.pipe_index + 1 < command.place.pipe_len && !command.place.options.pipefail && may_fail(command)
    });
    if !loses {
        return None;
    }
    let last = script.commands.iter().rfind(within)?;
    Some(Pipe { last: name_of(last), may_fail: may_fail(last) })
}

fn pipe_help(last: &str) -> String {
    format!("assign it in a separate command with bash's `pipefail`: without it the pipe has the status of `{last}`")
}

/// The first substitution whose failure does not fail its command, and whose status the command has instead.
fn masked(script: &Script, command: &Command) -> Option<(Span, String)> {
    let place = &command.place;
    let is_condition = script.enclosing(place).any(|scope| scope.kind == ScopeKind::Condition) || place.negated;
    let caught = place.after.is_some_and(|after| after.kind == SeparatorKind::Or) || script.is_before_or(command.span);
    if is_condition || caught {
        return None;
    }
    let failing = |word: &Word| {
        let mut substitutions = word.expansions().iter().filter(|expansion| expansion.kind == ExpansionKind::Command);
        substitutions
            .find(|substitution| may_fail_within(script, substitution.span))
            .map(|substitution| substitution.span)
    };
    let has = |word: &Word| word.expansions().iter().any(|expansion| expansion.kind == ExpansionKind::Command);
    if command.words.is_empty() {
        // The last substitution gives the status.
        let last = command.assignments.iter().rposition(|assignment| has(&assignment.value))?;
        let span = command.assignments[..last].iter().find_map(|assignment| failing(&assignment.value))?;
        return Some((span, "only the status of the last one counts".to_owned()));
    }
    let status = |name: &str| format!("only the status of `{name}` counts");
    let name = name_of(command);
    if let Some(span) = command.assignments.iter().find_map(|assignment| failing(&assignment.value)) {
        return Some((span, status(name)));
    }
    // `export A=$(…)`: its arguments are assignments.
    let assigns = |word: &&Word| word.text().split_once('=').is_some_and(|(name, _)| is_name(name));
    let declares = Program::of(name).is(Kind::Declares);
    let span = command.words.iter().skip(1).filter(|_| declares).filter(assigns).find_map(failing)?;
    Some((span, status(name)))
}

fn is_name(text: &str) -> bool {
    let text = text.strip_suffix('+').unwrap_or(text);
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Adds the fix that assigns first: `A="$(…)" && export A`.
fn edited(run: &Run, script: &Script, command: &Command, finding: Finding) -> Finding {
    let [export, assignment] = command.words.as_slice() else { return finding };
    let is_own_script = std::ptr::eq(script, &raw const run.code.script) && !run.code.is_exec();
    let Some((name, _)) = assignment.text().split_once('=').filter(|(name, _)| is_name(name)) else { return finding };
    let plain = command.assignments.is_empty() && command.redirects.is_empty() && command.place.pipe_len == 1;
    if !is_own_script || !plain || !export.is("export") || name.ends_with('+') {
        return finding;
    }
    let kind = |separator: Option<crate::shell::Separator>| separator.map(|separator| separator.kind);
    let (before, after) = (kind(command.place.before), kind(command.place.after));
    let errexit = command.place.options.errexit;
    let separator = match (before, after) {
        (None | Some(SeparatorKind::And), Some(SeparatorKind::And)) => " &&",
        // After `&&`, errexit would not check the assignment.
        (
            None | Some(SeparatorKind::Semicolon | SeparatorKind::Newline),
            None | Some(SeparatorKind::Semicolon | SeparatorKind::Newline),
        ) => {
            if errexit {
                ";"
            } else {
                " &&"
            }
        }
        _ => return finding,
    };
    let why = "a build that continued after the failure now stops there";
    let start = run.place(Span::new(export.span.start, assignment.span.start));
    let end = run.place(Span::at(assignment.span.end));
    let edits = vec![(start, String::new()), (end, format!("{separator} export {name}"))];
    finding.edits("assign it first", Safety::Unsafe(why.to_owned()), edits)
}
