//! Which commands of a RUN never run, because they stand behind a test for a file that is not there, or behind one that is:
//! `if [ -f yarn.lock ]; then yarn; else npm ci; fi`. Only where the build context was read and nothing else brings files.

use super::copied_files::absolute;
use super::installed::workdir;
use super::{Build, Stage};
use crate::dockerfile::{Instruction, Keyword};
use crate::shell::program::{Files, Kind, Program};
use crate::shell::{Command, Invocation, RedirectOperator, Scope, ScopeKind, Script, SeparatorKind, Word};
use crate::text::{Span, path};

impl Build<'_> {
    /// Leaves out of the script of a RUN what cannot run.
    pub(super) fn leave_out_dead(&self, stage: &Stage, (index, run): (usize, &Instruction), script: &mut Script) {
        if self.input().context.is_none() || run.keyword != Keyword::Run || !script.problems.is_empty() {
            return;
        }
        let tests: Vec<(usize, &str)> =
            script.commands.iter().enumerate().filter_map(|(at, command)| Some((at, tested_file(command)?))).collect();
        if tests.is_empty() || self.input().file.mounts(run).iter().any(|mount| mount.kind() == "bind") {
            return;
        }
        let invocations = script.invocations();
        let mut dead: Vec<Span> = Vec::new();
        for (at, file) in tests {
            let test = &script.commands[at];
            let earlier = invocations.iter().filter(|other| other.command.span.start < test.span.start);
            if earlier.into_iter().any(|other| other.is("cd") || other.is("pushd") || may_make_files(other)) {
                continue;
            }
            match self.has_file_before(stage, index, file) {
                Some(true) => dead.extend(behind_true(script, test)),
                Some(false) => dead.extend(behind_false(script, test)),
                None => {}
            }
        }
        drop(invocations);
        if !dead.is_empty() {
            script.leave_out(|command| dead.iter().any(|span| span.contains(command.span)));
        }
    }

    /// Whether a file lies below the working folder when an instruction begins; `None` if that is not known.
    fn has_file_before(&self, stage: &Stage, index: usize, file: &str) -> Option<bool> {
        let context = self.input().context.as_deref()?;
        let folder = workdir(self, stage, index);
        if folder == "/" || folder.contains('?') {
            return None;
        }
        let wanted = absolute(file, Some(&folder))?;
        let mut is_there = false;
        for stage in self.chain(stage) {
            let earlier = |at: usize| at < index;
            for transfer in self.transfers(stage).iter().filter(|transfer| earlier(transfer.index)) {
                let target = absolute(transfer.destination.as_deref()?, Some(&workdir(self, stage, transfer.index)))?;
                if transfer.from.is_some() || transfer.parents || transfer.instruction.keyword == Keyword::Add {
                    if path::is_within(&wanted, &target) {
                        return None;
                    }
                    continue;
                }
                for selection in transfer.select(context) {
                    let entries = selection?.entries.to_vec();
                    let same_name = entries.into_iter().filter(|id| context.entry(*id).name == path::name(&wanted));
                    let mut landings =
                        same_name.filter_map(|id| self.landing(context, stage, transfer, &context.path(id)));
                    is_there |= landings.any(|landing| landing == wanted);
                }
            }
            let runs = self.instructions(stage).filter(|(at, instruction)| {
                earlier(*at) && matches!(instruction.keyword, Keyword::Run | Keyword::Onbuild)
            });
            for (at, _) in runs {
                let invocations = self.code(at)?.script.invocations();
                if invocations.iter().any(may_make_files) {
                    return None;
                }
            }
        }
        Some(is_there)
    }
}

/// Whether a command may make or delete files in the working folder.
fn may_make_files(invocation: &Invocation) -> bool {
    use RedirectOperator::{Append, Clobber, Write, WriteBoth};
    let writes = |operator| matches!(operator, Write | Append | Clobber | WriteBoth);
    if invocation.command.redirects.iter().any(|redirect| writes(redirect.operator)) {
        return true;
    }
    if let Some(call) = invocation.package_call() {
        return !(call.manager.is_system() || call.says("global"));
    }
    let Some(name) = invocation.program else { return false };
    let program = Program::of(name);
    let makes_none = [Kind::NoContent, Kind::Accounts].into_iter().any(|kind| program.is(kind));
    !makes_none && !matches!(program.files, Files::None | Files::Reads | Files::System)
}

/// The file that a command asks for and does nothing else: `[ -f yarn.lock ]`.
fn tested_file(command: &Command) -> Option<&str> {
    let words: Vec<&str> = command.words.iter().map(Word::value).collect::<Option<_>>()?;
    let (["[", test, file, "]"] | ["[[", test, file, "]]"] | ["test", test, file]) = words.as_slice() else {
        return None;
    };
    if !matches!(*test, "-f" | "-e" | "-s") {
        return None;
    }
    let is_plain = file.chars().all(|c| c.is_ascii_alphanumeric() || "._-/,".contains(c));
    let is_alone = command.place.pipe_len == 1 && !command.place.negated && command.redirects.is_empty();
    (is_plain && is_alone && !file.starts_with('/') && !file.contains("..")).then_some(file)
}

/// The lists behind a condition that is nothing but this test: that of `then`, and those of `elif` and `else`.
fn lists_behind<'s>(script: &'s Script, test: &Command) -> Option<(&'s Scope, Vec<&'s Scope>)> {
    let condition = script.scopes.get(test.place.scope as usize)?;
    let is_alone = test.place.before.is_none() && condition.last_end == Some(test.span.end);
    if condition.kind != ScopeKind::Condition || !is_alone {
        return None;
    }
    let mut around = script.compounds.iter().filter(|compound| compound.kind == crate::shell::CompoundKind::If);
    let around = around.rfind(|compound| compound.span.contains(test.span))?;
    let is_next = |scope: &&Scope| {
        scope.parent == condition.parent && scope.span.start > condition.span.start && around.span.contains(scope.span)
    };
    let mut behind = script.scopes.iter().filter(is_next);
    let then = behind.next().filter(|scope| scope.kind == ScopeKind::Branch)?;
    Some((then, behind.collect()))
}

/// What does not run where the file is missing.
fn behind_false(script: &Script, test: &Command) -> Vec<Span> {
    if let Some((then, _)) = lists_behind(script, test) {
        return vec![then.span];
    }
    // `[ -f x ] && a && b || c`
    let mut spans = Vec::new();
    let mut separator = test.place.after;
    for next in
        script.commands.iter().filter(|next| next.place.scope == test.place.scope && next.span.start > test.span.start)
    {
        match separator.map(|separator| separator.kind) {
            Some(SeparatorKind::And | SeparatorKind::Pipe) => spans.push(next.span),
            _ => break,
        }
        separator = next.place.after;
    }
    spans
}

/// What does not run where the file is there.
fn behind_true(script: &Script, test: &Command) -> Vec<Span> {
    lists_behind(script, test).map(|(_, others)| others.iter().map(|scope| scope.span).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::parse;

    /// What is left of a script if the tested file is there, or is not.
    fn left(text: &str, is_there: bool) -> String {
        let mut script = parse(text);
        let command = script.commands.iter().find(|command| tested_file(command).is_some()).expect("a test").clone();
        let dead = if is_there { behind_true(&script, &command) } else { behind_false(&script, &command) };
        script.leave_out(|command| dead.iter().any(|span| span.contains(command.span)));
        let names = script.invocations();
        names.iter().filter_map(|invocation| invocation.program).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_cannot_run_is_left_out() {
        let text = "if [ -f a,json ]; then npm ci; elif test -e b; then yarn; else pnpm i; fi; echo";
        assert_eq!(left(text, false), "[ test yarn pnpm echo");
        assert_eq!(left(text, true), "[ npm echo");
        assert_eq!(left("[ -f x ] && a && b || c; d", false), "[ c d");
        assert_eq!(left("[ -f x ] && a && b || c; d", true), "[ a b c d");
        assert_eq!(left("if [ -f x ] || true; then a; fi", false), "[ true a");
    }

    #[test]
    fn only_plain_tests_count() {
        for text in ["[ ! -f x ]", "[ -f \"$x\" ]", "[ -f /etc/x ]", "! [ -f x ]", "[ -d x ]", "test -f x | cat"] {
            assert!(parse(text).commands.iter().all(|command| tested_file(command).is_none()), "{text}");
        }
    }
}
