//! See `rules/healthcheck-always-healthy.md`.

use super::Context;
use super::code_request::unread_request;
use super::download::Download;
use super::process_check::finds_itself;
use crate::build::{Build, Code, Stage, WorkerLine};
use crate::dockerfile::{Arguments, Keyword};
use crate::finding::{Finding, Findings};
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, Invocation, Script, SeparatorKind, Word};
use crate::text::{Span, path};

super::rule!("healthcheck-always-healthy", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some((index, _)) = build.last(stage, Keyword::Healthcheck) else { return };
    let Some(code) = build.code(index) else { return };
    let script = code.script.innermost();
    if !script.problems.is_empty() || !script.compounds.is_empty() {
        return;
    }
    let file = &build.input().file;
    if let Some(last) = always_healthy(script, code.is_exec()) {
        let span = code.place(file, last.span);
        let text = file.source().slice(span);
        let what = match last.place.pipe_index {
            0 => format!("the check ends with `{text}`, so it always reports healthy"),
            _ => format!("the pipe ends with `{text}`, which always succeeds, so the check always reports healthy"),
        };
        let finding = cx.finding(span, what).help("return the exit code of the probe: `… || exit 1`");
        if let Some((span, check)) = worker_check(build, stage) {
            out.push(finding.unsafe_edit("ask the worker", WHY, span, check));
            return;
        }
        let after_or = kind(last.place.before) == Some(SeparatorKind::Or) && last.place.pipe_len == 1;
        out.push(finding.when(after_or && !code.is_exec(), |finding| {
            finding.unsafe_edit("let the check fail", WHY, span, "exit 1")
        }));
    } else if let Some(pattern) = shell_search(&code.script, code.is_exec()) {
        let span = code.place(file, pattern.span);
        let finding = cx.finding(span, format!("the check finds its own shell: {SELF}")).help(SELF_HELP);
        let quoted = matches!(file.source().slice(span).as_bytes(), [b'\'' | b'"', ..]);
        let at = if quoted { span.start + 1 } else { span.start };
        let is_there = file.source().slice(Span::new(at, span.end)).starts_with(pattern.text());
        let first = Span::new(at, at + 1);
        let text = bracketed(file.source().slice(first));
        // Without quotes a shell may take brackets for a pattern of file names.
        out.push(if quoted && is_there { finding.unsafe_edit(SELF_TITLE, WHY, first, text) } else { finding });
    } else if let Some(finding) = lenient(cx, code, script) {
        out.push(finding);
    } else if let Some(request) = unread_request(script) {
        let message = format!("`{}` succeeds for any response: even status 500 counts as healthy", request.function);
        let finding = cx.finding(code.place(file, request.span), message).help(request.help);
        out.push(finding.with(request.end.map(|end| code.place(file, end)), |finding, end| {
            finding.unsafe_edit("check the status", WHY, end, ".raise_for_status()")
        }));
    }
}

/// The command of a HEALTHCHECK, and the check that asks the worker which CMD starts.
fn worker_check(build: &Build, stage: &Stage) -> Option<(Span, String)> {
    let (_, healthcheck) = build.last(stage, Keyword::Healthcheck)?;
    let Arguments::Healthcheck(_, command) = &healthcheck.arguments else { return None };
    let Arguments::Raw(word) = &**command else { return None };
    let (_, start) = build.last(stage, Keyword::Cmd)?;
    let file = &build.input().file;
    let words = WorkerLine::of(file.str(start.rest))?.check(&|_| false)?;
    // A comment or continuation in the command would be lost.
    let is_whole = !file.source().slice(word.span).contains('\n') && file.source().is_exact(word.span);
    let is_plain = |word: &String| word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=@$".contains(c));
    (is_whole && words.iter().all(is_plain)).then(|| (word.span, format!("{} || exit 1", words.join(" "))))
}

/// What a search for its own shell means.
pub(super) const SELF: &str = "its command line has the pattern too, so it always reports healthy";
/// What to do about it.
pub(super) const SELF_HELP: &str =
    "ask the server, or put the first letter in brackets: `'[w]orker'` does not find itself";
/// What its fix does.
pub(super) const SELF_TITLE: &str = "do not find the check itself";

/// The pattern with its first letter in brackets, which finds the same and not its own text.
pub(super) fn bracketed(pattern: &str) -> String {
    let mut rest = pattern.chars();
    rest.next().map(|first| format!("[{first}]{}", rest.as_str())).unwrap_or_default()
}

/// The pattern of a check that finds its own shell.
pub(super) fn shell_search(script: &Script, is_exec: bool) -> Option<&Word> {
    let inner = script.innermost();
    let has_shell = !is_exec || !std::ptr::eq(inner, script);
    if has_shell { finds_itself(inner) } else { None }
}

/// The command that makes a check always succeed.
pub(super) fn always_healthy(script: &Script, is_exec: bool) -> Option<&Command> {
    deciding(script).filter(|last| always_succeeds(is_exec, last))
}

const WHY: &str = "a container that fails the check becomes unhealthy";

fn kind(separator: Option<crate::shell::Separator>) -> Option<SeparatorKind> {
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

/// Reports curl without `-f` as the only probe: it succeeds for error responses, too.
fn lenient(cx: &Context, code: &Code, script: &Script) -> Option<Finding> {
    let file = &cx.build().input().file;
    let curl = lenient_request(script)?;
    let span = code.place(file, curl.path.span);
    let finding = cx.finding(span, "curl without `-f` succeeds for any response: even status 500 counts as healthy");
    let finding = finding.help("add `-f`");
    let at = code.place(file, Span::at(curl.path.span.end)).end;
    if file.source().slice(span) != "curl"
        || script.commands.iter().all(|command| std::ptr::eq(command, curl.command)) && code.is_exec()
    {
        return Some(finding);
    }
    Some(finding.unsafe_edit("add `-f`", WHY, Span::at(at), " -f"))
}

/// The curl of a check that is nothing but a request which succeeds for any response.
pub(super) fn lenient_request(script: &Script) -> Option<Invocation<'_>> {
    let invocations = script.invocations();
    let (curl, rest) = invocations.split_first()?;
    let exits = rest.iter().all(|command| command.is("exit") || command.is("false"));
    let plain =
        curl.is("curl") && curl.via.is_empty() && curl.command.place.scope == 0 && curl.command.place.pipe_len == 1;
    let is_lenient = plain && exits && !curl.command.place.negated && !fails_for_errors(curl) && asks_http(curl);
    is_lenient.then(|| curl.clone())
}

fn fails_for_errors(curl: &Invocation) -> bool {
    curl.args.iter().any(|word| {
        let text = word.text();
        let short = text.starts_with('-') && !text.starts_with("--");
        text.starts_with("--fail")
            || (short && text.contains('f'))
            || text.contains("http_code")
            || word.is_dynamic() && !text.contains("://") && !text.contains(':')
    })
}

fn asks_http(curl: &Invocation) -> bool {
    let other = ["telnet://", "ftp://", "unix://", "file://", "tcp://"];
    let reports = Download::of(curl).is_some_and(|download| download.says("reports") || download.says("local"));
    !reports && !curl.args.iter().any(|word| other.iter().any(|scheme| word.text().starts_with(scheme)))
}
