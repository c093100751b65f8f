//! See `rules/pipefail-off.md`.

use super::Context;
use super::download::pipeline;
use super::hidden_failure::{checks, may_fail, may_fail_within, scripts};
use super::later_failure::{is_missed_later, is_seen_later};
use super::shells;
use crate::build::{Run, Sh, Stage};
use crate::finding::Findings;
use crate::shell::{Command, CommandPlace, Compound, ScopeKind, Script, SeparatorKind};
use crate::text::Span;

super::rule!("pipefail-off", check);

/// The number of commands before a pipe that are searched for the assignment around it.
const LOOKED_BACK: usize = 32;

fn check(cx: &Context, out: &mut Findings) {
    for stage in cx.build().stages() {
        of_stage(cx, stage, out);
    }
}

fn of_stage(cx: &Context, stage: &Stage, out: &mut Findings) {
    // One SHELL before the first finding of a stage fixes all of them.
    let mut first: Option<usize> = None;
    for run in cx.build().runs(stage) {
        let Some(span) = scripts(&run).into_iter().find_map(|script| hidden(&run, script)) else { continue };
        let message = "a failure in this pipe goes unnoticed: only the status of its last command counts";
        let sh = shells::sh_of(&run);
        let finding = cx.finding(run.place(span), message).help(match sh {
            Sh::Ash => "add `SHELL [\"/bin/ash\", \"-o\", \"pipefail\", \"-c\"]` or `set -o pipefail`",
            _ => "add `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` if the image has bash",
        });
        let shell = match sh {
            Sh::Ash => Some(r#"["/bin/ash", "-o", "pipefail", "-c"]"#),
            Sh::Dash | Sh::Bash => Some(r#"["/bin/bash", "-o", "pipefail", "-c"]"#),
            Sh::Unknown => None,
        };
        let plain = !run.code.is_exec() && !has_own_shell(&run) && shells::is_default(&run);
        out.push(match shell {
            Some(shell) if plain => {
                let at = *first.get_or_insert(run.index);
                shells::with_shell(&run, at, shell, "fail if any command of a pipe fails", finding)
            }
            _ => finding,
        });
    }
}

/// The first pipe whose failures are hidden.
fn hidden(run: &Run, script: &Script) -> Option<Span> {
    for (index, command) in script.commands.iter().enumerate() {
        let is_end = command.place.pipe_len > 1 && command.place.pipe_index + 1 == command.place.pipe_len;
        if !is_end || is_safe(run, script, command) {
            continue;
        }
        let all = pipeline(script, index);
        // If a group or loop is piped, the commands in it may fail.
        let groups = compounds_before(script, command);
        let before: Vec<&Command> = all[..all.len() - 1].iter().map(|at| &script.commands[*at]).collect();
        let fails = before.iter().any(|command| may_fail(command)) && !(checks(command) && before.len() == 1);
        if !fails && !groups.iter().any(|group| may_fail_within(script, group.span)) {
            continue;
        }
        let span = script.commands[all[0]].span.to(command.span);
        // An empty value makes the RUN fail where it is used.
        if !(run.code.is_ordinary() && (is_seen_later(script, span) || is_missed_later(script, &all))) {
            return Some(span);
        }
    }
    None
}

/// The groups, loops and conditionals whose output goes through the pipe that ends with a command.
fn compounds_before<'s>(script: &'s Script, last: &Command) -> Vec<&'s Compound> {
    let place = &last.place;
    let is_before = |compound: &&Compound| {
        compound.place.scope == place.scope
            && compound.place.pipe_len == place.pipe_len
            && compound.span.end <= last.span.start
    };
    let nearest = |index| {
        let piped = script.compounds.iter().filter(is_before).filter(|compound| compound.place.pipe_index == index);
        piped.max_by_key(|compound| compound.span.end)
    };
    // Elements of an earlier pipe are before the first command of this one.
    let first = pipeline_start(script, last);
    (0..place.pipe_index)
        .filter_map(nearest)
        .filter(|compound| first.is_none_or(|first| compound.span.end > first))
        .collect()
}

/// Where the pipe that ends with a command begins, as far as the commands before it show.
fn pipeline_start(script: &Script, last: &Command) -> Option<u32> {
    let ends = |place: &CommandPlace| place.scope == last.place.scope && place.pipe_index + 1 == place.pipe_len;
    let commands = script.commands.iter().map(|command| (&command.place, command.span));
    let compounds = script.compounds.iter().map(|compound| (&compound.place, compound.span));
    let before = commands.chain(compounds).filter(|(place, span)| ends(place) && span.end <= last.span.start);
    before.map(|(_, span)| span.end).max()
}

/// Whether the output of a command is an argument: then its status is lost with and without pipefail.
fn is_argument(script: &Script, place: &CommandPlace, span: Span) -> bool {
    let substituted = script.enclosing(place).any(|scope| scope.kind == ScopeKind::Substitution);
    let end = script.commands.partition_point(|command| command.span.start < span.start);
    let near = &script.commands[end.saturating_sub(LOOKED_BACK)..end];
    let assigned = near.iter().rev().filter(|command| command.words.is_empty());
    substituted
        && !assigned.flat_map(|command| &command.assignments).any(|assignment| assignment.value.span.contains(span))
}

fn is_safe(run: &Run, script: &Script, command: &Command) -> bool {
    let place = &command.place;
    // dash has no pipefail: there `set -o pipefail` fails, and so does the build.
    let takes = shells::sh_of(run) != Sh::Dash || !shells::is_default(run);
    let is_condition = script.enclosing(place).any(|scope| scope.kind == ScopeKind::Condition) || place.negated;
    let caught = place.after.is_some_and(|after| after.kind == SeparatorKind::Or) || script.is_before_or(command.span);
    let is_condition = is_condition || is_argument(script, place, command.span);
    place.options.pipefail && (takes || run.code.is_exec() || has_own_shell(run)) || is_condition || caught
}

/// Whether a heredoc is run by another shell.
fn has_own_shell(run: &Run) -> bool {
    !run.instruction.heredocs.is_empty() && !run.code.script.nested.is_empty()
        || run.code.text().is_some_and(|text| text.starts_with("#!"))
}
