//! Rules about commands whose failure the build does not see.

use crate::build::{Run, Sh, Stage};
use crate::finding::{Finding, Findings, Safety};
use crate::rules::Context;
use crate::rules::packages::verification::pipeline;
use crate::rules::scripts::shell_language;
use crate::rules::shared::later_failure::{checks, is_missed_later, is_seen_later, name_of};
use crate::rules::shared::script_end;
use crate::shell::program::options::ProgramOptions;
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, CommandPlace, Compound, ExpansionKind, ScopeKind, Script, SeparatorKind, Word};
use crate::text::{Span, path};

crate::rules::family! {
    "pipefail-off" => pipefail_off;
    "masked-substitution" => masked_substitution;
    "ineffective-negation" => ineffective_negation;
    "unchecked-command" => unchecked_command;
    "heredoc-without-errexit" => heredoc_without_errexit;
}

/// The number of commands before a pipe that are searched for the assignment around it.
const LOOKED_BACK: usize = 32;

fn pipefail_off(cx: &Context, out: &mut Findings) {
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
        let sh = shell_language::sh_of(&run);
        let finding = cx.finding(run.place(span), message).help(match sh {
            Sh::Ash => "add `SHELL [\"/bin/ash\", \"-o\", \"pipefail\", \"-c\"]` or `set -o pipefail`",
            _ => "add `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` if the image has bash",
        });
        let shell = match sh {
            Sh::Ash => Some(r#"["/bin/ash", "-o", "pipefail", "-c"]"#),
            Sh::Dash | Sh::Bash => Some(r#"["/bin/bash", "-o", "pipefail", "-c"]"#),
            Sh::Unknown => None,
        };
        let plain = !run.code.is_exec() && !has_own_shell(&run) && shell_language::is_default(&run);
        out.push(match shell {
            Some(shell) if plain => {
                let at = *first.get_or_insert(run.index);
                shell_language::with_shell(&run, at, shell, "fail if any command of a pipe fails", finding)
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
    let takes = shell_language::sh_of(run) != Sh::Dash || !shell_language::is_default(run);
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

fn masked_substitution(cx: &Context, out: &mut Findings) {
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

fn ineffective_negation(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for script in scripts(&run) {
            for command in script.commands.iter().filter(|command| is_ineffective(script, command)) {
                let is_own_script = std::ptr::eq(script, &raw const run.code.script) && !run.code.is_exec();
                let message = "`set -e` ignores the status of a command after `!`, so the RUN continues in any case";
                let finding = cx.finding(run.place(command.span), message);
                let finding = finding.help("write `! command || exit 1`, or `if command; then exit 1; fi`");
                let why = "a build that continued after the failure now stops there";
                let at = run.place(Span::at(command.span.end));
                let plain = is_own_script && command.redirects.iter().all(|redirect| redirect.body.is_none());
                out.push(
                    finding.when(plain, |finding| finding.unsafe_edit("stop when it fails", why, at, " || exit 1")),
                );
            }
        }
    }
}

/// Whether a command ends a pipeline after `!` whose status only errexit would check.
fn is_ineffective(script: &Script, command: &Command) -> bool {
    let place = &command.place;
    let ends = place.pipe_index + 1 == place.pipe_len;
    let closed = |kind| matches!(kind, SeparatorKind::Semicolon | SeparatorKind::Newline);
    let alone = place.after.is_some_and(|after| closed(after.kind));
    let in_order = script.enclosing(place).all(|scope| {
        matches!(
            scope.kind,
            ScopeKind::Top | ScopeKind::Group | ScopeKind::Subshell | ScopeKind::Branch | ScopeKind::Loop
        )
    });
    // The status of the last element is the status of the list.
    let end = script.scopes.get(place.scope as usize).and_then(|scope| scope.last_end);
    let last = end.is_none_or(|end| command.span.end >= end);
    place.negated && place.options.errexit && ends && alone && in_order && !last && !script.is_before_or(command.span)
}

fn unchecked_command(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        // Heredocs are checked by another rule.
        if run.code.is_exec() || !run.instruction.heredocs.is_empty() {
            continue;
        }
        let script = &run.code.script;
        let Some((index, command)) =
            script.commands.iter().enumerate().find(|(_, command)| is_unchecked(script, command))
        else {
            continue;
        };
        if is_meant(script, index) {
            continue;
        }
        let message = "a failure here goes unnoticed: `;` ignores the exit status";
        let finding = cx
            .finding(run.place(command.span), message)
            .help("add `set -e` at the start, or use `&&` instead of each `;`");
        out.push(with_check(&run, finding));
    }
}

/// Whether a command of the script's top-level list is alone before `;`, with a command after it.
fn is_unchecked(script: &Script, command: &Command) -> bool {
    let place = &command.place;
    let is =
        |separator: Option<crate::shell::Separator>, kind| separator.is_some_and(|separator| separator.kind == kind);
    let alone = place.before.is_none_or(|before| matches!(before.kind, SeparatorKind::Semicolon | SeparatorKind::Pipe));
    let ends = place.pipe_index + 1 == place.pipe_len && is(place.after, SeparatorKind::Semicolon);
    let end = script.scopes.first().and_then(|top| top.last_end);
    let last = end.is_none_or(|end| command.span.end >= end);
    let program = Program::of(name_of(command));
    // `cd` has its own rule.
    let sure = program.is(Kind::Succeeds) || program.is(Kind::Deletes) || matches!(name_of(command), "cd" | "pushd");
    place.scope == 0 && alone && ends && !last && !place.negated && !place.options.errexit && !sure && may_fail(command)
}

/// Whether the script ends with a command that sets its status explicitly: `; exit 0`, `; true`.
fn is_meant(script: &Script, index: usize) -> bool {
    let mut rest = script.commands[index + 1..].iter().filter(|command| command.place.scope == 0);
    rest.any(|command| matches!(name_of(command), "exit" | "true" | ":"))
}

/// Adds errexit at the start: replacing a single `;` by `&&` would not cover the commands after the next `;`.
fn with_check(run: &Run, finding: Finding) -> Finding {
    let why = "a build that continued after a failure now stops there";
    let start = run.place(Span::new(0, 1)).start;
    finding.unsafe_edit("stop at the first failure", why, Span::at(start), "set -e; ")
}

fn heredoc_without_errexit(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        if run.instruction.heredocs.is_empty() || run.code.is_exec() {
            continue;
        }
        let (script, start) = match run.code.script.nested.first() {
            // `RUN <<EOF bash`: the script is the input of a shell.
            Some((at, nested)) if reads_heredoc(&run, *at) => (nested, None),
            _ if is_body(&run) => (&run.code.script, Some(0)),
            _ => continue,
        };
        let Some(span) = first_hidden_failure(script) else { continue };
        let finding = cx
            .finding(
                run.place(span),
                "a failure here goes unnoticed: only the last command of the heredoc sets the exit code",
            )
            .help("add `set -e` as the first line");
        out.push(with_errexit(&run, start, finding));
    }
}

/// Whether the script is the text of the heredoc.
fn is_body(run: &Run) -> bool {
    let [heredoc] = run.instruction.heredocs.as_slice() else { return false };
    let Some(first) = run.code.script.commands.first() else { return false };
    heredoc.body.contains(run.place(first.span))
}

fn reads_heredoc(run: &Run, command: u32) -> bool {
    let command = run.code.script.commands.get(command as usize);
    command.is_some_and(|command| command.redirects.iter().any(|redirect| redirect.body.is_some()))
}

/// The first command whose failure is ignored.
fn first_hidden_failure(script: &Script) -> Option<Span> {
    let unseen = |command: &&Command| {
        let next = command
            .place
            .after
            .is_some_and(|after| matches!(after.kind, SeparatorKind::Newline | SeparatorKind::Semicolon));
        let name = command.name().and_then(|name| name.value());
        // It must not be the last command.
        let last = script.scopes.first().and_then(|top| top.last_end).is_some_and(|end| command.span.end >= end);
        // `cat > FILE <<X` writes what it is given.
        let writes = name == Some("cat") && command.redirects.iter().any(|redirect| redirect.body.is_some());
        let sure = command.words.is_empty() || writes || name.is_some_and(|name| Program::of(name).is(Kind::Succeeds));
        command.place.scope == 0 && next && !last && !sure && !command.place.options.errexit
    };
    script.commands.iter().find(unseen).map(|command| command.span)
}

fn with_errexit(run: &Run, start: Option<u32>, finding: Finding) -> Finding {
    let [heredoc] = run.instruction.heredocs.as_slice() else { return finding };
    let source = run.file().source();
    let body = source.slice(heredoc.body);
    if start.is_none() && !run.code.script.nested.iter().any(|(_, nested)| !nested.commands.is_empty()) {
        return finding;
    }
    // After a `#!` line, which must stay the first one.
    let shebang = body.trim_start_matches('\t').starts_with("#!");
    let skipped = if shebang { body.find('\n').map_or(body.len(), |end| end + 1) } else { 0 };
    let rest = &body[skipped..];
    let indent = if heredoc.chomp { &rest[..rest.len() - rest.trim_start_matches('\t').len()] } else { "" };
    let newline = script_end::line_end(source);
    let at = heredoc.body.start + skipped as u32;
    let why = "a build that continued after a failure now fails";
    finding.unsafe_edit("stop at the first failure", why, Span::at(at), format!("{indent}set -e{newline}"))
}

// Which commands of a RUN have failures that matter, and the scripts of a RUN in which a failure can be hidden.

/// The script of the RUN, and those of its exec form and its heredocs. Like other linters, this ignores strings for other
/// shells.
pub(in crate::rules) fn scripts<'a>(run: &Run<'a, '_>) -> Vec<&'a Script> {
    let mut scripts = Vec::new();
    add_scripts(&run.code.script, run.code.is_exec(), &mut scripts);
    scripts
}

fn add_scripts<'a>(script: &'a Script, exec: bool, scripts: &mut Vec<&'a Script>) {
    scripts.push(script);
    for (index, nested) in &script.nested {
        let command = script.commands.get(*index as usize);
        let heredoc = command.is_some_and(|command| command.redirects.iter().any(|redirect| redirect.body.is_some()));
        if exec || heredoc {
            add_scripts(nested, false, scripts);
        }
    }
}

/// Whether a failure of a command matters: not if it only prints text or queries the image, and not if it only asks for a
/// version.
pub(in crate::rules) fn may_fail(command: &Command) -> bool {
    let arguments: Vec<&str> = command.words.iter().skip(1).map(Word::text).collect();
    match name_of(command) {
        // A lone redirect or an assignment; a command substitution in it is a separate command.
        "" => !command.words.is_empty(),
        "xargs" => {
            // Numbers and `{}` are values of its options.
            let is_program = |text: &&str| text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
            let program = arguments.iter().position(is_program);
            program.is_some_and(|at| may_program_fail(path::name(arguments[at]), &arguments[at + 1..]))
        }
        name => may_program_fail(name, &arguments),
    }
}

fn may_program_fail(name: &str, arguments: &[&str]) -> bool {
    let version = matches!(arguments, ["--version" | "-version" | "-V" | "-v" | "--help" | "-h" | "version"]);
    let options = ProgramOptions::of(name);
    let asks = |word: &&str| {
        // `rpm -ql`: the first letter is the option, the others belong to it.
        let first = word.get(..2).filter(|first| first.starts_with('-') && *first != "--");
        options.has(word, "queries") || first.is_some_and(|first| options.has(first, "queries"))
    };
    !version && !arguments.first().is_some_and(asks) && !Program::of(name).is(Kind::Text) && name != "yes"
}

/// Whether a failure inside a span of the script matters: of a command that is neither a condition nor followed by `||`.
pub(in crate::rules) fn may_fail_within(script: &Script, span: Span) -> bool {
    script.commands_within(span).any(|command| {
        let mut scopes = script.enclosing(&command.place).filter(|scope| span.contains(scope.span));
        let is_condition = scopes.any(|scope| scope.kind == ScopeKind::Condition) || command.place.negated;
        let caught = command.place.after.is_some_and(|after| after.kind == SeparatorKind::Or);
        !is_condition && !caught && may_fail(command)
    })
}
