//! See `rules/pipefail-off.md`.

use super::Context;
use super::download::pipeline;
use super::runs::{self, Run};
use super::shells::{self, Sh};
use crate::build::Stage;
use crate::finding::Findings;
use crate::shell::program::options::ProgramOptions;
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, Place, Scope, ScopeKind, Script, SeparatorKind, Word};
use crate::text::{Span, path};

super::rule!("pipefail-off", check);

/// Commands before a pipe that the assignment around it is looked for in.
const LOOKED_BACK: usize = 32;

fn check(cx: &Context, out: &mut Findings) {
    for stage in cx.build().stages() {
        of_stage(cx, stage, out);
    }
}

fn of_stage(cx: &Context, stage: &Stage, out: &mut Findings) {
    // All findings of a stage are mended by the SHELL before the first of them.
    let mut first: Option<usize> = None;
    for run in runs::of_stage(cx.build(), stage) {
        let Some(span) = hidden(&run, &run.code.script, run.code.is_exec()) else { continue };
        let message = "the RUN goes on when a command before the last of this pipe fails";
        let sh = shells::sh_of(&run);
        let finding = cx.finding(run.place(span), message).help(match sh {
            Sh::Ash => "`SHELL [\"/bin/ash\", \"-o\", \"pipefail\", \"-c\"]` or `set -o pipefail`",
            _ => "`SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]`, where the image has bash",
        });
        let shell = match sh {
            Sh::Ash => Some(r#"["/bin/ash", "-o", "pipefail", "-c"]"#),
            Sh::Dash | Sh::Bash => Some(r#"["/bin/bash", "-o", "pipefail", "-c"]"#),
            Sh::Unknown => None,
        };
        let plain = !run.code.is_exec() && !has_own_shell(&run) && shells::is_default(&run);
        out.push(match shell.filter(|_| plain) {
            Some(shell) => {
                let at = *first.get_or_insert(run.index);
                shells::with_shell(&run, at, shell, "fail with any command of a pipe", finding)
            }
            None => finding,
        });
    }
}

/// The first pipe whose failures are hidden.
fn hidden(run: &Run, script: &Script, exec: bool) -> Option<Span> {
    let mut inner = script.nested.iter().peekable();
    for (index, command) in script.commands.iter().enumerate() {
        if let Some((_, nested)) = inner.next_if(|(at, _)| *at as usize == index) {
            // A string for another shell is left alone, as peers do; a heredoc or an exec form is the RUN's own script.
            let own = exec || command.redirects.iter().any(|redirect| redirect.body.is_some());
            if let Some(span) = own.then(|| hidden(run, nested, false)).flatten() {
                return Some(span);
            }
        }
        let is_end = command.place.pipe_len > 1 && command.place.pipe_index + 1 == command.place.pipe_len;
        if !is_end || is_safe(run, script, command) {
            continue;
        }
        let all = pipeline(script, index);
        // Where a group or loop is piped, its own commands are what may fail.
        let compound = all.len() < command.place.pipe_len as usize && !follows_harmless_group(script, command);
        let before: Vec<&Command> = all[..all.len() - 1].iter().map(|at| &script.commands[*at]).collect();
        if compound || before.iter().any(|one| may_fail(one, command)) && !(checks(command) && before.len() == 1) {
            return Some(script.commands[all[0]].span.to(command.span));
        }
    }
    None
}

fn name_of(command: &Command) -> &str {
    let name = command.name().and_then(Word::value).unwrap_or_default();
    path::name(name)
}

/// Whether all that is piped into a command is one group or subshell of commands without a failure to hide.
fn follows_harmless_group(script: &Script, last: &Command) -> bool {
    if last.place.pipe_len != 2 {
        return false;
    }
    let is_before = |scope: &&Scope| scope.parent == Some(last.place.scope) && scope.span.end < last.span.start;
    let Some(group) = script.scopes.iter().filter(is_before).max_by_key(|scope| scope.span.end) else { return false };
    let inside = script.commands.iter().filter(|command| group.span.contains(command.span));
    let harmless = inside.clone().all(|command| !may_fail(command, last));
    matches!(group.kind, ScopeKind::Group | ScopeKind::Subshell) && harmless
}

/// Whether a command before the last has a failure to hide.
fn may_fail(command: &Command, last: &Command) -> bool {
    let name = name_of(command);
    let arguments: Vec<&str> = command.words.iter().skip(1).map(Word::text).collect();
    if name == "xargs" {
        // Numbers and `{}` are values of its options.
        let is_program = |text: &&&str| text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        let program = arguments.iter().find(is_program);
        return program.is_some_and(|program| !Program::of(path::name(program)).is(Kind::Text));
    }
    if matches!(arguments[..], ["--version" | "-version" | "-V" | "-v" | "--help"]) {
        return false;
    }
    // With pipefail `yes` fails when its reader ends; package managers have `-y`.
    let answers = name == "yes" && !(Program::of(name_of(last)).is(Kind::Packages) || name_of(last) == "sudo");
    let asks = command.words.get(1).is_some_and(|word| ProgramOptions::of(name).has(word.text(), "queries"));
    !answers && !asks && !Program::of(name).is(Kind::Text)
}

/// Whether the last command refuses an empty or a cut input itself: an unpacker, a reader of keys or checksums, a search.
fn checks(last: &Command) -> bool {
    let words = || last.words.iter().skip(1).map(Word::text);
    let letter = |text: &str, letters: &[char]| !text.starts_with("--") && text.contains(letters);
    match name_of(last) {
        "tar" | "bsdtar" => {
            let first = words().next().is_some_and(|text| letter(text, &['z', 'j', 'J']));
            let packed = ["--gzip", "--gunzip", "--bzip2", "--xz", "--zstd"];
            first
                || words().any(|text| text.starts_with('-') && letter(text, &['z', 'j', 'J']) || packed.contains(&text))
        }
        // grep fails without a line, and with pipefail what it cuts off fails too.
        "apt-key" | "grep" | "egrep" | "fgrep" => true,
        "gzip" | "xz" | "bzip2" | "zstd" => words().any(|text| text == "--decompress" || letter(text, &['d'])),
        sum if sum.ends_with("sum") => words().any(|text| text == "--check" || letter(text, &['c'])),
        "gpg" => words().any(|text| text == "--dearmor" || text == "--import"),
        program => Program::of(program).is(Kind::Unpacks),
    }
}

/// Whether the output of a place is an argument: then its status is lost with and without pipefail.
fn is_argument(script: &Script, place: &Place, span: Span) -> bool {
    let substituted = script.enclosing(place).any(|scope| scope.kind == ScopeKind::Substitution);
    let end = script.commands.partition_point(|one| one.span.start < span.start);
    let near = &script.commands[end.saturating_sub(LOOKED_BACK)..end];
    let assigned = near.iter().rev().filter(|one| one.words.is_empty());
    substituted && !assigned.flat_map(|one| &one.assignments).any(|one| one.value.span.contains(span))
}

fn is_safe(run: &Run, script: &Script, command: &Command) -> bool {
    let place = &command.place;
    // dash knows no pipefail: there `set -o pipefail` fails, and with it the build.
    let takes = shells::sh_of(run) != Sh::Dash || !shells::is_default(run);
    let asked = script.enclosing(place).any(|scope| scope.kind == ScopeKind::Condition) || place.negated;
    let caught = place.after.is_some_and(|after| after.kind == SeparatorKind::Or);
    let asked = asked || is_argument(script, place, command.span);
    place.options.pipefail && (takes || run.code.is_exec() || has_own_shell(run)) || asked || caught
}

/// Whether a heredoc goes to a shell of its own.
fn has_own_shell(run: &Run) -> bool {
    !run.instruction.heredocs.is_empty() && !run.code.script.nested.is_empty()
        || run.code.text().is_some_and(|text| text.starts_with("#!"))
}
