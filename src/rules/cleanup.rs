//! Adds a clean-up to a RUN: at the end of its script, or after the last use of a program that the script removes.

use super::cache_reader::{self, Cache};
use super::program_loss::{self, Loss, RequiredProgram};
use super::script_end;
use crate::build::{Run, Setting, User};
use crate::finding::Finding;
use crate::shell::{Compound, CompoundKind, Invocation, Manager, SeparatorKind, Verb};
use crate::text::Span;

/// What is to be deleted, and how.
pub(super) struct Cleanup<'c> {
    /// The commands that delete it, joined by `&&`.
    pub(super) commands: &'c [String],
    /// Where it is and which program reads it.
    pub(super) cache: Cache<'c>,
}

/// The edit that adds a clean-up.
pub(super) struct Addition {
    /// An empty span of the source.
    pub(super) span: Span,
    /// The text to insert.
    pub(super) text: String,
    /// Why it may change what the build does; `None` if it cannot.
    pub(super) risk: Option<&'static str>,
}

impl Addition {
    /// Adds this edit to a finding.
    pub(super) fn edit(self, finding: Finding, title: &str) -> Finding {
        match self.risk {
            None => finding.safe_edit(title, self.span, self.text),
            Some(why) => finding.unsafe_edit(title, why, self.span, self.text),
        }
    }
}

/// The clean-up after the calls that `fills` accepts; `None` if no edit is possible.
pub(super) fn add(run: &Run, fills: impl Fn(&Invocation) -> bool, cleanup: &Cleanup) -> Option<Addition> {
    let user = run.build.user_at(run.stage, run.index);
    let invocations = run.invocations();
    let calls: Vec<&Invocation> = invocations.iter().filter(|invocation| fills(invocation)).collect();
    // Files that were fetched through another program, such as sudo, may not be deletable without it.
    let through = calls.iter().any(|call| !call.via.is_empty());
    if matches!(user, Setting::By(_, User::Other(_) | User::Unknown)) && is_of_system(&calls) || through {
        return None;
    }
    // The program of a call that does not run may be missing.
    let is_deletion = |command: &String| command.starts_with("rm ");
    if !cleanup.commands.iter().all(is_deletion) && calls.iter().any(|call| may_be_skipped(call)) {
        return None;
    }
    let first = calls.first()?;
    let start = invocations.iter().position(|invocation| invocation.span == first.span)?;
    let later = &invocations[start + 1..];
    let (mut loss, mut sure, mut end) = (Loss::None, true, later.len());
    // Scripts that are longer than any real one are not analysed.
    let ordinary = run.code.is_ordinary() && run.build.is_ordinary();
    for command in cleanup.commands.iter().take(if ordinary { usize::MAX } else { 0 }) {
        let path = command.split(' ').next().unwrap_or_default();
        let name = crate::text::path::name(path);
        let program = RequiredProgram::new(run, name, cleanup.cache.folders);
        for (at, invocation) in later.iter().enumerate() {
            let of_one = program.loss(invocation);
            loss = loss.max(of_one);
            if of_one > Loss::None {
                end = end.min(at);
            }
        }
        sure &= name == "rm" || program_loss::is_sure(run, &calls, path);
    }
    sure &= ordinary;
    let commands = cleanup.commands.join(" && ");
    let read = ordinary && cache_reader::is_below(run, cleanup.cache);
    let risk = |shields: bool| match (read, shields) {
        (true, _) => Some("a later step may read what is deleted"),
        (false, true) => Some("a failure inside the last compound command would no longer stop the script (errexit)"),
        (false, false) => None,
    };
    if loss > Loss::None
        && sure
        && let Some(last) = last_use(&calls, &invocations[start..], end + 1)
        && let Some((span, text)) = behind_use(run, last, &commands)
        && !cache_reader::is_behind(run, last.command.span.end, cleanup.cache)
    {
        return Some(Addition { span, text, risk: risk(false) });
    }
    if !sure {
        loss = loss.max(Loss::Possible);
    }
    let (at, text) = script_end::append(run.build, run.index, run.code, &commands)?;
    let risk = match loss {
        Loss::None => risk(script_end::shields(&run.code.script)),
        Loss::Possible => Some("the program that deletes it may already be removed"),
        Loss::Certain => return None,
    };
    Some(Addition { span: Span::at(at), text, risk })
}

/// Whether a call may not run: behind `||`, or in a branch.
fn may_be_skipped(call: &Invocation) -> bool {
    let is_branch = |compound: &Compound| {
        use CompoundKind::{Case, Function, If, Loop};
        matches!(compound.kind, If | Case | Loop | Function)
            && compound.span.range().contains(&(call.command.span.start as usize))
    };
    call.command.place.before.is_some_and(|separator| separator.kind == SeparatorKind::Or)
        || call.script.compounds.iter().any(is_branch)
}

/// The last call of a package manager before its program may be removed; `None` if another call follows.
fn last_use<'l, 's>(uses: &[&Invocation], all: &'l [Invocation<'s>], end: usize) -> Option<&'l Invocation<'s>> {
    let managers: Vec<Manager> =
        uses.iter().filter_map(|invocation| invocation.package_call()).map(|call| call.manager).collect();
    let is_use = |invocation: &Invocation| {
        let call = invocation.package_call();
        call.is_some_and(|call| managers.contains(&call.manager) && !matches!(call.verb, Verb::Remove | Verb::Clean))
    };
    let (before, after) = all.split_at(end.min(all.len()));
    if after.iter().any(is_use) { None } else { before.iter().rfind(|invocation| is_use(invocation)) }
}

/// Whether a call is one of a package manager that only root may run; with any other, the user owns the fetched files.
fn is_of_system(uses: &[&Invocation]) -> bool {
    uses.iter().any(|invocation| invocation.package_call().is_none_or(|call| call.manager.is_system()))
}

/// Inserts the commands after a command of a list that is joined only by `&&`, or only by `;` and newlines.
fn behind_use(run: &Run, last: &Invocation, commands: &str) -> Option<(Span, String)> {
    let script = &run.code.script;
    let place = &last.command.place;
    let places = || {
        script
            .commands
            .iter()
            .map(|command| &command.place)
            .chain(script.compounds.iter().map(|compound| &compound.place))
    };
    let either = |separator: Option<crate::shell::Separator>| {
        separator.is_some_and(|separator| matches!(separator.kind, SeparatorKind::Or | SeparatorKind::Background))
    };
    let plain = place.scope == 0 && place.pipe_len == 1 && !place.negated && last.command.redirects.is_empty();
    if run.code.is_exec()
        || !plain
        || !script.problems.is_empty()
        || places().any(|place| place.scope == 0 && (either(place.before) || either(place.after)))
    {
        return None;
    }
    let at = run.place(Span::at(last.command.span.end)).start;
    let text = match (place.before.map(|before| before.kind), place.after?.kind) {
        (_, SeparatorKind::And) => format!("{}&& {commands}", script_end::separator(run.build, run.index, at)),
        // Joined with `&&`, a failure would no longer stop the script; joined with `;`, it would run after a failure.
        (Some(SeparatorKind::And), _) => return None,
        (_, SeparatorKind::Semicolon | SeparatorKind::Newline) => format!("; {}", commands.replace(" && ", "; ")),
        _ => return None,
    };
    Some((Span::at(at), text))
}
