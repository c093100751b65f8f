//! Which shell /bin/sh is, and whether it gives way to the last program of a script.

use crate::shell::program::{Kind, Program};
use crate::shell::{Command, CommandPlace, CompoundKind, ScopeKind, Script, SeparatorKind};
use crate::text::{Span, path};

/// Which shell /bin/sh of an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sh {
    /// dash, of Debian and Ubuntu: only POSIX features.
    Dash,
    /// ash, of Alpine and busybox: some bash features, such as `-o pipefail`.
    Ash,
    /// bash, of Fedora, Red Hat, SUSE, Arch.
    Bash,
    /// Not known.
    Unknown,
}

impl Sh {
    /// Whether `sh -c SCRIPT` is replaced by the last program of the script, so that no shell stays as its parent.
    /// Tested with busybox 1.35 and 1.37, bash 5.2, dash 0.5.12; bash does it after `;` only since 5.1, and older
    /// versions are in use.
    pub fn gives_way(self, script: &Script) -> bool {
        let keeps_shell = |command: &Command| command.name().is_some_and(|name| name.is("trap"));
        let calls = script.compounds.iter().any(|compound| compound.kind == CompoundKind::Function);
        // A nested `sh -c` behaves the same way.
        let inner = script.nested.iter().find(|(index, _)| *index as usize + 1 == script.commands.len());
        if inner.is_some_and(|(_, inner)| !self.gives_way(inner)) {
            return false;
        }
        if calls || !script.problems.is_empty() || script.commands.iter().any(keeps_shell) {
            return false;
        }
        match self {
            Self::Ash => ending(script, 0) == Some(Ending::Program),
            Self::Bash => is_list(script) && ending(script, 0) == Some(Ending::Program),
            Self::Dash | Self::Unknown => false,
        }
    }
}

/// How a list of commands ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// With a program that replaces the shell.
    Program,
    /// With a command that ends immediately.
    Brief,
}

/// How the list with this index ends; `None` if the shell waits for its last command.
fn ending(script: &Script, scope: u32) -> Option<Ending> {
    let end = script.scopes.get(scope as usize)?.last_end?;
    let is_last = |place: &CommandPlace, span: Span| {
        let behind = place.after.map(|after| after.kind);
        place.scope == scope
            && span.end == end
            && place.pipe_len == 1
            && !place.negated
            && matches!(behind, None | Some(SeparatorKind::Semicolon | SeparatorKind::Newline))
            // In `server || fallback` the first command is the one that runs.
            && place.before.is_none_or(|before| before.kind != SeparatorKind::Or)
    };
    if let Some(command) = script.commands.iter().rfind(|command| is_last(&command.place, command.span)) {
        return ending_of(command);
    }
    let compound = script.compounds.iter().rfind(|compound| is_last(&compound.place, compound.span))?;
    let inner = match compound.kind {
        CompoundKind::Subshell => ScopeKind::Subshell,
        CompoundKind::Group => ScopeKind::Group,
        CompoundKind::If | CompoundKind::Case => ScopeKind::Branch,
        CompoundKind::Loop | CompoundKind::For | CompoundKind::Function | CompoundKind::Arithmetic => return None,
    };
    let lists = script.scopes.iter().enumerate().filter(|(_, inner_scope)| {
        inner_scope.kind == inner
            && inner_scope.parent == Some(scope)
            && compound.span.contains(inner_scope.span)
            && inner_scope.last_end.is_some()
    });
    let mut last = None;
    for (index, _) in lists {
        match ending(script, index as u32)? {
            Ending::Program => last = Some(Ending::Program),
            Ending::Brief => last = last.or(Some(Ending::Brief)),
        }
    }
    last
}

fn ending_of(command: &Command) -> Option<Ending> {
    let Some(name) = command.name() else { return Some(Ending::Brief) };
    let program = Program::of(path::name(name.value().unwrap_or_default()));
    match name.value() {
        Some("exec") if command.words.len() > 1 => Some(Ending::Program),
        Some("exit") => Some(Ending::Brief),
        // `wait`, `.` and `eval` keep the shell.
        Some(_) if program.is(Kind::OnlyBuiltin) => None,
        Some(_) if program.is(Kind::Brief) || program.is(Kind::Builtin) => Some(Ending::Brief),
        _ => Some(Ending::Program),
    }
}

/// Whether a script consists of simple commands joined by `&&` and `||`, the last without a redirect: for these, bash
/// replaces itself with the last one.
fn is_list(script: &Script) -> bool {
    let is_joined = |command: &&Command| {
        let kind = command.place.before.map(|before| before.kind);
        matches!(kind, None | Some(SeparatorKind::And | SeparatorKind::Or | SeparatorKind::Pipe))
    };
    let mut commands = script.commands.iter().filter(|command| command.place.scope == 0);
    script.compounds.is_empty()
        && commands.clone().all(|command| is_joined(&command))
        && commands.next_back().is_some_and(|last| last.redirects.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was seen in `/proc/PID/cmdline` of what `sh -c` became.
    #[test]
    fn shells_give_way() {
        let check = |script: &str, ash: bool, bash: bool| {
            let script = crate::shell::parse(script);
            assert_eq!((Sh::Ash.gives_way(&script), Sh::Bash.gives_way(&script)), (ash, bash), "{script:?}");
            assert!(!Sh::Dash.gives_way(&script));
        };
        for both in [
            "server",
            "migrate && server",
            "X=1 server",
            "a || b && server",
            "server # port",
            "sh -c 'a && server'",
            "a | b && server",
        ] {
            check(both, true, true);
        }
        for ash in [
            "server > /log",
            "a=1; server",
            "a & server",
            "if a; then server; fi",
            "if a; then exec a; else server; fi",
            "case $a in a) server;; *) echo no;; esac",
            "(server)",
            "{ a; server; }",
            "a && { b; X=$(c) server; }",
            "set -e; server;",
            "cd /x\nserver\n",
        ] {
            check(ash, true, false);
        }
        for none in [
            "server || true",
            "a | server",
            "! server",
            "while a; do server; done",
            "for a in b; do server; done",
            "f() { server; }; f",
            "trap a TERM; server",
            "server && echo end",
            "server &",
            "server & wait",
            "eval server",
            ". /server",
            "a || server",
            "if a; then b; fi; while c; do d; done",
            "sh -c 'a | server'",
            "server \"",
            "",
        ] {
            check(none, false, false);
        }
    }
}
