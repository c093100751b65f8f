//! Rules about HEALTHCHECK: whether there is one, and what it tells.

use crate::build::{
    Asker, Build, Code, ListeningOrigin, Reference, Stage, StageBase, WorkerLine, constant_command,
    constant_script_end, is_official, service, service_check, shell_search,
};
use crate::data;
use crate::dockerfile::{Arguments, Healthcheck, Keyword};
use crate::finding::{Finding, Findings};
use crate::inputs::local_urls;
use crate::manifest::FileKind;
use crate::rules::Context;
use crate::rules::packages::verification::Download;
use crate::shell::{Invocation, Script, SeparatorKind, Word};
use crate::text::{Span, path};
use crate::workload::Container;

crate::rules::family! {
    "healthcheck-missing" => healthcheck_missing;
    "healthcheck-always-healthy" => healthcheck_always_healthy;
    "healthcheck-other-port" => healthcheck_other_port;
    "healthcheck-start-interval-unused" => healthcheck_start_interval_unused;
}

fn healthcheck_missing(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    if build.is_fragment() {
        return;
    }
    if build.last(stage, Keyword::Healthcheck).is_some()
        || !service::may_serve(build, stage)
        || is_built_in(build, stage)
        || is_asked_elsewhere(cx, build)
    {
        return;
    }
    let check = check_of(build, stage);
    // It is not known whether other images listen on a port.
    let serves = build.launch(stage).is_some() && build.last(stage, Keyword::Expose).is_some();
    if check.is_none() && !serves && build.listening(stage).is_none() {
        return;
    }
    let finding = cx.finding(stage.base_span, "no HEALTHCHECK: the engine does not notice when the service fails");
    let known = check.clone().or_else(|| check_of_exposed(build, stage));
    let finding = finding.help(match known {
        Some(check) => format!("add `HEALTHCHECK CMD {check}`"),
        None => "add `HEALTHCHECK CMD` with a probe that the image contains".to_owned(),
    });
    out.push(
        finding
            .with(check.zip(build.closing_start(stage)), |finding, (check, at)| with_line(build, finding, at, &check)),
    );
}

fn is_built_in(build: &Build, stage: &Stage) -> bool {
    let StageBase::Image(reference) = build.root_base(stage) else { return false };
    build.input().base_images.get(reference).is_some_and(|config| config.healthcheck.is_some())
}

/// Whether what starts the image asks it already: all services of compose files that build it have a check of their own, or
/// Kubernetes has probes for it.
fn is_asked_elsewhere(cx: &Context, build: &Build) -> bool {
    let input = build.input();
    let is_of_compose = !input.services.is_empty() && input.options.run.checks.len() >= input.services.len();
    let is_alone = cx.inputs().builds.len() == 1;
    let folder = path::name(path::parent(&input.place));
    let is_name = |name: &str| name == folder || input.services.iter().any(|service| service == name);
    let runs_it = |container: &Container| {
        let Some(image) = container.image.value() else { return is_alone };
        let reference = Reference::of(image);
        is_name(reference.last_name()) || is_alone && !is_official(reference.short_name())
    };
    let files = cx.inputs().workloads.files.iter();
    let mut containers = files.flat_map(|file| &file.content.workloads).flat_map(|workload| &workload.containers);
    is_of_compose || containers.any(|container| container.probes().next().is_some() && runs_it(container))
}

/// A check of the first port that EXPOSE names, by a program of the image.
fn check_of_exposed(build: &Build, stage: &Stage) -> Option<String> {
    let exposed = build.exposed_ports(stage);
    let port = exposed.first().map(|exposed| *exposed.ports.start()).filter(|port| *port > 0)?;
    let asker = Asker::of_image(build, stage, None, None)?;
    serde_json::to_string(&asker.connect(port)).ok()
}

/// A check that certainly works: the own check of the service, or a connection to its port.
fn check_of(build: &Build, stage: &Stage) -> Option<String> {
    let StageBase::Image(reference) = build.root_base(stage) else { return None };
    if build.last(stage, Keyword::Entrypoint).or(build.last(stage, Keyword::Cmd)).is_none()
        && let Some(check) = service_check(reference)
    {
        return Some(check.to_owned());
    }
    let (port, _) = build.listening(stage)?.port.filter(|(port, _)| *port > 0)?;
    let reference = Reference::of(reference);
    let major: u32 = reference.tag?.split(['.', '-']).next()?.parse().ok()?;
    match reference.short_name() {
        "python" if major >= 3 => Some(format!(
            "[\"python\", \"-c\", \"import socket;socket.create_connection(('127.0.0.1',{port}),2).close()\"]"
        )),
        "node" if major >= 18 => Some(format!(
            "[\"node\", \"-e\", \"fetch('http://127.0.0.1:{port}/').then(r=>process.exit(r.status<500?0:1),()=>process.exit(1))\"]"
        )),
        _ => None,
    }
}

fn with_line(build: &Build, finding: Finding, at: u32, check: &str) -> Finding {
    let newline = if build.input().file.source().text().contains("\r\n") { "\r\n" } else { "\n" };
    let why = "the check runs every 30 seconds, and whatever waits for a healthy container waits for it";
    finding.unsafe_edit("add a HEALTHCHECK", why, Span::at(at), format!("HEALTHCHECK CMD {check}{newline}"))
}

fn healthcheck_always_healthy(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some((index, _)) = build.last(stage, Keyword::Healthcheck) else { return };
    let Some(code) = build.code(index) else { return };
    let script = code.script.innermost();
    if !script.problems.is_empty() || !script.compounds.is_empty() {
        return;
    }
    let file = &build.input().file;
    if let Some(last) = constant_command(&code.script, code.is_exec()) {
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
        let is_or = last.place.before.is_some_and(|before| before.kind == SeparatorKind::Or);
        let after_or = is_or && last.place.pipe_len == 1;
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
    } else if let Some((path, end)) = constant_file(cx, stage) {
        let message = format!("the check `{path}` ends with `{end}`, so it always reports healthy");
        let place = script.commands.first().map_or(code.script.commands[0].span, |first| first.span);
        out.push(cx.finding(code.place(file, place), message).help("end the script with `exit 1` where a probe fails"));
    }
}

/// The script of the context that the check of a stage is, where it always succeeds, with the command that it ends with.
fn constant_file(cx: &Context, stage: &Stage) -> Option<(String, String)> {
    let copied_file = cx.build().check_files(stage).into_iter().next()?;
    let text = String::from_utf8_lossy(cx.text_of(&copied_file.path)?);
    let first = text.lines().next().unwrap_or_default();
    let is_shell = FileKind::of(&copied_file.path).is_shell() || first.starts_with("#!") && first.ends_with("sh");
    let script = is_shell.then(|| crate::shell::parse(&text))?;
    let end = constant_script_end(&script)?;
    Some((copied_file.path, text.get(end.span.range())?.to_owned()))
}

/// A check that asks a port on which nothing listens.
fn healthcheck_other_port(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    if build.is_fragment() {
        return;
    }
    let Some((_, instruction)) = build.last(stage, Keyword::Healthcheck) else { return };
    let Some(listening) = build.listening(stage) else { return };
    // A configuration file may say another one.
    let Some((port, origin)) = listening.port.filter(|(_, origin)| *origin != ListeningOrigin::DefaultWithoutFile)
    else {
        return;
    };
    let source = cx.source();
    let ports: Option<Vec<u16>> = local_urls(source.slice(instruction.span)).map(|url| url.port).collect();
    let Some(first) = ports.filter(|ports| !ports.contains(&port)).and_then(|ports| ports.first().copied()) else {
        return;
    };
    // The program may open a second port for its health.
    let exposed = build.exposed_ports(stage);
    let is_exposed = |port: u16| exposed.iter().any(|exposed| exposed.ports.contains(&port));
    if is_exposed(first) && is_exposed(port) {
        return;
    }
    let server = listening.server;
    let message = format!("the check asks port {first}, but `{server}` listens on {port}: it always fails");
    let finding = cx.finding(instruction.head, message).help(format!("ask port {port}"));
    let (place, label) = match origin {
        ListeningOrigin::Word(span) => (span, format!("port {port} is set here")),
        ListeningOrigin::Variable => (listening.span, format!("a variable sets port {port}")),
        _ => (listening.span, format!("it listens on {port} by default")),
    };
    out.push(finding.label(place, label));
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

fn healthcheck_start_interval_unused(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let healthcheck = build.target().and_then(|stage| build.last(stage, Keyword::Healthcheck));
    let Some((_, instruction)) = healthcheck else { return };
    let Some(Healthcheck::Command { start_interval: Some(interval), start_period, .. }) =
        build.input().file.healthcheck(instruction)
    else {
        return;
    };
    let is_some = |text: &str| text.contains(|c: char| c.is_ascii_digit() && c != '0');
    if start_period.is_some_and(|period| is_some(&period.text)) {
        return;
    }
    let message = "`--start-interval` has no effect without `--start-period`: the check runs at each `--interval`";
    let finding = cx.finding(interval.span, message);
    out.push(finding.help("add `--start-period`, the longest time that the start takes"));
}

/// What a search for its own shell means.
pub(in crate::rules) const SELF: &str = "its command line has the pattern too, so it always reports healthy";
/// What to do about it.
pub(in crate::rules) const SELF_HELP: &str =
    "ask the server, or put the first letter in brackets: `'[w]orker'` does not find itself";
/// What its fix does.
pub(in crate::rules) const SELF_TITLE: &str = "do not find the check itself";

/// The pattern with its first letter in brackets, which finds the same and not its own text.
pub(in crate::rules) fn bracketed(pattern: &str) -> String {
    let mut rest = pattern.chars();
    rest.next().map(|first| format!("[{first}]{}", rest.as_str())).unwrap_or_default()
}

/// Whether a command of a health check always succeeds, as `healthcheck-always-healthy` judges it.
pub fn check_never_fails(command: &str) -> bool {
    constant_command(&crate::shell::parse(command), false).is_some()
}

const WHY: &str = "a container that fails the check becomes unhealthy";

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
pub(in crate::rules) fn lenient_request(script: &Script) -> Option<Invocation<'_>> {
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

// Requests in checks that are written in Python or JavaScript: `python -c`, `node -e` (`data/check_requests.tsv`).

/// A request whose response is not looked at.
pub(in crate::rules) struct UnreadRequest {
    /// The function as written: `requests.get`.
    pub(in crate::rules) function: &'static str,
    /// The text that checks the status.
    pub(in crate::rules) help: &'static str,
    /// Its span in the script.
    pub(in crate::rules) span: Span,
    /// Where `.raise_for_status()` can be added.
    pub(in crate::rules) end: Option<Span>,
}

/// The request of a check that is nothing but code with a request whose status nobody looks at.
pub(in crate::rules) fn unread_request(script: &Script) -> Option<UnreadRequest> {
    let invocations = script.invocations();
    let (code, rest) = invocations.split_first()?;
    let exits = rest.iter().all(|command| command.is("exit") || command.is("false"));
    let place = &code.command.place;
    if !exits || !code.via.is_empty() || place.scope != 0 || place.pipe_len != 1 || place.negated {
        return None;
    }
    find(code)
}

fn find(invocation: &Invocation) -> Option<UnreadRequest> {
    let program = invocation.program?;
    let language = match program {
        _ if program.starts_with("python") => "python",
        _ if program.starts_with("php") => "php",
        "node" | "nodejs" | "bun" => "node",
        "ruby" => "ruby",
        _ => return None,
    };
    let option = match language {
        "python" => "-c",
        "php" => "-r",
        _ => "-e",
    };
    let is_code = |word: &Word| word.is(option) || word.is("--eval");
    let at = invocation.args.iter().position(is_code)?;
    let word = invocation.args.get(at + 1)?;
    let text = word.text();
    // What is only printed decides nothing.
    let lower = without_prints(text.to_ascii_lowercase());
    // The name of a call says nothing of its result.
    let lower = lower.replace("file_get_contents", "");
    let is_of_language = |cells: data::Row| cells[1] == "-" || cells[1] == language;
    let reads = |cells: data::Row| cells[2] == "reads" && is_of_language(cells) && lower.contains(cells[0]);
    if data::CHECK_REQUESTS.rows().any(reads) || has_word(&lower, "ok") || has_word(&lower, "if") {
        return None;
    }
    let normal = text.replace('"', "'");
    let mut requests = data::CHECK_REQUESTS.rows().filter(|cells| cells[1] == language && cells[2] != "reads");
    let (start, open, cells) = requests.find_map(|cells| {
        let (start, length) = find_call(&normal, cells[0])?;
        Some((start, start + length - 1, cells))
    })?;
    // Where the response is printed, the call's own value is needed.
    let is_plain = lower.len() == text.len() && word.part(start, open) != word.span;
    let end = if cells[2] == "raise" && is_plain { close(text, open) } else { None };
    Some(UnreadRequest {
        function: cells[0].trim_start_matches('.').trim_end_matches('('),
        help: cells[3],
        span: word.part(start, open),
        end: end.map(|end| Span::at(word.part(start, end).end)),
    })
}

/// Where code calls a function of the table (`requests.get(`), and the length of the call up to its parenthesis: as the
/// table has it, by a name that an import gives it, or by a variable that its object is assigned to.
fn find_call(code: &str, call: &str) -> Option<(usize, usize)> {
    if let Some(start) = code.find(call) {
        return Some((start, call.len()));
    }
    let (object, function) = call.rsplit_once('.').filter(|(object, _)| !object.is_empty())?;
    let function = function.trim_end_matches('(');
    let (module, maker) = object.split_once('.').unwrap_or((object, ""));
    let mut names: Vec<String> = Vec::new();
    for statement in code.split([';', '\n']).map(str::trim) {
        if let Some(imported) = statement.strip_prefix("from ").and_then(|rest| rest.strip_prefix(module)) {
            let list = imported.trim_start().strip_prefix("import ").unwrap_or_default();
            let of_function = |name: &&str| maker.is_empty() && *name == function;
            names.extend(
                list.split(',').filter_map(|item| given_name(item, of_function)).map(|name| format!("{name}(")),
            );
        } else if let Some(list) = statement.strip_prefix("import ") {
            let others = list.split(',').filter_map(|item| given_name(item, |name| *name == module));
            let prefix = if maker.is_empty() { String::new() } else { format!("{maker}.") };
            names.extend(others.map(|name| format!("{name}.{prefix}{function}(")));
        } else if let Some((variable, _)) = statement.split_once('=').filter(|(_, value)| value.trim() == object) {
            names.push(format!("{}.{function}(", variable.trim()));
        }
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
    names.iter().find_map(|name| {
        let mut places = code.match_indices(name.as_str());
        let (start, _) = places.find(|(start, _)| !code[..*start].ends_with(is_part))?;
        Some((start, name.len()))
    })
}

/// The name that an item of an import has in the code: `g` of `get as g`.
fn given_name(item: &str, is_meant: impl Fn(&&str) -> bool) -> Option<&str> {
    let (name, alias) = item.split_once(" as ").unwrap_or((item, item));
    is_meant(&name.trim()).then(|| alias.trim())
}

/// The code without what it prints.
fn without_prints(mut text: String) -> String {
    for function in ["print(", "console.log("] {
        let mut from = 0;
        while let Some(start) = text.get(from..).and_then(|rest| rest.find(function)).map(|at| from + at) {
            let end = close(&text, start + function.len() - 1).unwrap_or(text.len());
            text.replace_range(start..end, "");
            from = start;
        }
    }
    text
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == word)
}

/// The end of the call whose parenthesis opens at `open`.
fn close(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text[open..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return Some(open + at + 1),
            ')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::find_call;

    #[test]
    fn calls_are_found_by_the_names_that_code_gives_them() {
        for (code, call, expected) in [
            ("import requests; requests.get('u')", "requests.get(", "requests.get("),
            ("from requests import get; get('u')", "requests.get(", "get("),
            ("from requests import post, get as g; g('u')", "requests.get(", "g("),
            ("import sys, requests as r; r.get('u')", "requests.get(", "r.get("),
            ("import requests as r; r.Session().get('u')", "requests.Session().get(", "r.Session().get("),
            ("import requests; s = requests.Session(); s.get('u')", "requests.Session().get(", "s.get("),
            ("from httpx import get; target('u')", "httpx.get(", ""),
            ("from urllib.request import urlopen; urlopen('u')", "requests.get(", ""),
            ("from cache import get; get('u')", "requests.get(", ""),
        ] {
            let written = find_call(code, call).map_or("", |(start, length)| &code[start..start + length]);
            assert_eq!(written, expected, "{code}");
        }
    }
}
