//! Rules about the main process and the scripts that start it.

use crate::build::{
    BaseImage, Build, CopiedFile, DevelopmentKind, DevelopmentServer, Launch, Lookup, Presence, Programs, Reference,
    ScriptCall, Stage, StageBase, StartFile, installed, service,
};
use crate::data;
use crate::dockerfile::{Arguments, Instruction, Keyword};
use crate::finding::{Finding, Findings, Severity};
use crate::inputs::context::BuildContext;
use crate::manifest::{Ecosystem, Project};
use crate::rules::Context;
use crate::rules::base::stages::serves_files;
use crate::rules::shared::script_end;
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, CompoundKind, ExpansionKind, Invocation, Script, Word, parse, shell_of_shebang};
use crate::text::{Span, path};

crate::rules::family! {
    "npm-as-main-process" => npm_as_main_process;
    "development-server" => development_server;
    "python-output-buffered" => python_output_buffered;
    "stop-signal-abrupt" => stop_signal_abrupt;
    "stop-signal-kills" => stop_signal_kills;
    "start-script-broken" => start_script_broken;
    "start-script-keeps-shell" => start_script_keeps_shell;
}

fn npm_as_main_process(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some(launch) = build.launch(stage).filter(|launch| launch.is_exec() && has_dash(build, stage)) else { return };
    let invocations = launch.script().invocations();
    let [invocation] = invocations.as_slice() else { return };
    let project = project(cx.projects().unwrap_or_default());
    let Some(script) = script(invocation, project) else {
        return;
    };
    if !invocation.via.is_empty() || build.input().options.run.has_init {
        return;
    }
    if is_brief(script) {
        return;
    }
    let text = project.and_then(|project| resolve(project, script));
    // A server that only serves files loses nothing.
    if text.is_some_and(|text| serves_files(&text.split_whitespace().collect::<Vec<_>>())) {
        return;
    }
    let file = &build.input().file;
    let program = invocation.program.unwrap_or_default();
    let message = format!(
        "{program} runs as PID 1 and does not forward signals: the program is killed instead of being asked to stop"
    );
    let finding = cx.finding(launch.place(file, invocation.span), message).help(help(project, script, text));
    out.push(with_direct_start(launch.instruction, project, script, finding));
}

/// Whether the name of a script says that it ends by itself, or serves a developer.
fn is_brief(script: &str) -> bool {
    script.split([':', '-', '_']).any(|part| data::NAME_WORDS.has(part, "brief-script"))
}

/// The package manager that stays the first process of a container of the stage, by its command line alone.
pub(in crate::rules) fn manager_as_main_process(build: &Build, stage: &Stage) -> Option<String> {
    let launch = build.launch(stage).filter(|launch| launch.is_exec() && has_dash(build, stage))?;
    let invocations = launch.script().invocations();
    let [invocation] = invocations.as_slice() else { return None };
    let script = script(invocation, None).filter(|script| invocation.via.is_empty() && !is_brief(script));
    script.and(invocation.program).map(str::to_owned)
}

/// What to start instead.
fn help(project: Option<&Project>, script: &str, text: Option<&str>) -> String {
    let Some((project, text)) = project.zip(text) else {
        return "start the program directly, for example `[\"node\", \"server.js\"]`".to_owned();
    };
    let first = plain_words(text).and_then(|words| words.into_iter().find(|word| !word.contains('=')));
    let mut help = match program_words(project, text) {
        None if first.is_some_and(|first| compiles_first(Program::of(first))) => {
            format!("start what `{text}` starts directly, for example `[\"node\", \"dist/main.js\"]`")
        }
        Some(words) => format!("start the program directly, as the script does: `[{}]`", quoted(&words)),
        None => {
            format!("start the program of the script `{text}` directly: in exec form, or in a start script with `exec`")
        }
    };
    let before = format!("pre{script}");
    if project.script(&before).is_some() {
        help.push_str(&format!("; run `{before}` before it"));
    }
    help
}

/// Whether a program of a bundler is no server by itself: it compiles, and then starts or serves the result.
fn compiles_first(program: Program) -> bool {
    program.is(Kind::Bundler) && !program.is(Kind::Runtime)
}

/// The words of a script that needs no shell, with the path at which npm finds its program.
fn program_words(project: &Project, text: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = plain_words(text)?.into_iter().map(str::to_owned).collect();
    let at = words.iter().position(|word| !word.contains('='))?;
    let program = Program::of(&words[at]);
    let is_own = project.dependencies.iter().any(|dependency| *dependency.name == *words[at]);
    let is_system = program.is(Kind::Interpreter) || program.is(Kind::Shell);
    // They stay before the program, or compile it first and start it as a child (`nest start`).
    let parents = [Kind::Packages, Kind::Runner, Kind::Launcher, Kind::Several];
    let stays = parents.into_iter().any(|kind| program.is(kind)) || compiles_first(program);
    if !is_system && stays {
        return None;
    }
    if !words[at].contains('/') && (is_own || !is_system) {
        words[at] = format!("node_modules/.bin/{}", words[at]);
    }
    // Variables before it are passed to `env`, which the program replaces.
    if at > 0 {
        words.insert(0, "env".to_owned());
    }
    Some(words)
}

/// The words of a text that the shell would leave unchanged.
fn plain_words(text: &str) -> Option<Vec<&str>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || " ./_-=:@,".contains(c);
    text.chars().all(plain).then(|| text.split(' ').filter(|word| !word.is_empty()).collect())
}

fn quoted<W: AsRef<str>>(words: &[W]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{}\"", word.as_ref())).collect();
    words.join(", ")
}

/// The script that npm, yarn or pnpm runs. Without `run` it is one only where the manifest has it: yarn and pnpm have
/// commands of their own.
fn script<'s>(invocation: &Invocation<'s>, project: Option<&Project>) -> Option<&'s str> {
    let program = invocation.program.filter(|program| matches!(*program, "npm" | "yarn" | "pnpm"))?;
    let words: Vec<&str> = invocation.args.iter().map(|word| word.value()).collect::<Option<_>>()?;
    let call = ScriptCall::of(invocation)?;
    let is_run = words.iter().any(|word| matches!(*word, "run" | "run-script")) || call.name == "start";
    let is_own = || program != "npm" && project.is_some_and(|project| project.script(call.name).is_some());
    (is_run || is_own()).then_some(call.name)
}

/// Whether `sh` is Debian's, which stays the parent of the script's program; bash and busybox replace themselves with
/// it.
fn has_dash(build: &Build, stage: &Stage) -> bool {
    let StageBase::Image(reference) = build.root_base(stage) else { return false };
    BaseImage::of(reference).presence("bash") == Presence::Has
}

/// The project in the root of the context, if it is the only one.
fn project(projects: &[Project]) -> Option<&Project> {
    let mut node = projects.iter().filter(|project| project.ecosystem == Ecosystem::Node);
    let project = node.next().filter(|project| project.root.is_empty())?;
    node.next().is_none().then_some(project)
}

/// The command of a script, or of the script that it calls (`npm run serve`).
fn resolve<'p>(project: &'p Project, script: &str) -> Option<&'p str> {
    let mut text = project.script(script)?;
    for _ in 0..4 {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (["npm" | "yarn" | "pnpm", "run", next] | ["npm" | "yarn" | "pnpm", next @ "start"]) = words.as_slice()
        else {
            return Some(text);
        };
        text = project.script(next)?;
    }
    None
}

/// Adds a fix with the script's own command, if the context has one project and the command needs no shell.
fn with_direct_start(instruction: &Instruction, project: Option<&Project>, script: &str, finding: Finding) -> Finding {
    let Some(words) = project.and_then(|project| command(project, script)) else { return finding };
    let Arguments::Json(elements) = &instruction.arguments else { return finding };
    let (Some(first), Some(last)) = (elements.first(), elements.last()) else { return finding };
    let count = if elements.get(1).is_some_and(|word| &*word.value == "start") { 2 } else { 3 };
    if elements.len() != count {
        return finding;
    }
    let why = "npm's variables (`npm_package_…`) and programs in node_modules/.bin are no longer available";
    let span = Span::new(first.word.span.start, last.word.span.end);
    finding.unsafe_edit("start the program directly", why, span, quoted(&words))
}

fn command<'p>(project: &'p Project, script: &str) -> Option<Vec<&'p str>> {
    let is_around = |when: &str| project.script(&format!("{when}{script}")).is_some();
    if is_around("pre") || is_around("post") {
        return None;
    }
    plain_words(project.script(script)?).filter(|words| words.first() == Some(&"node"))
}

fn development_server(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    let run = &build.input().options.run;
    if cx.has_production_sibling()
        || run.is_for_development
        || service::is_named_for_developers(build, target)
        || mounts_sources(build, target)
    {
        return;
    }
    let Some(server) = build.development_server(target) else { return };
    let title = &server.title;
    let message = match server.kind {
        DevelopmentKind::Restarts => {
            format!("`{title}` restarts the program when a file changes, which is for development")
        }
        DevelopmentKind::Serves => format!("`{title}` starts a server that is for development"),
        DevelopmentKind::Compiles => {
            format!("`{title}` compiles the program whenever a container starts, which is for development")
        }
    };
    let help = match (server.instead, &server.option) {
        (Some(instead), _) => instead.to_owned(),
        (None, Some((option, _))) => format!("leave out `{option}`"),
        (None, None) => "start the program itself".to_owned(),
    };
    out.push(edited_main(cx, &server, cx.finding(server.span, message).help(help)));
}

/// Whether a compose file mounts the sources over the working directory, as for development.
fn mounts_sources(build: &Build, target: &Stage) -> bool {
    let Some(launch) = build.launch(target) else { return false };
    let folder = installed::workdir(build, target, launch.index);
    build.input().options.run.mounts.iter().any(|mount| path::is_within(&folder, mount))
}

fn edited_main(cx: &Context, server: &DevelopmentServer, finding: Finding) -> Finding {
    let (Some((option, span)), None) = (&server.option, server.instead) else { return finding };
    let text = cx.source().text();
    let written = cx.source().slice(*span);
    let before = &text[..span.start as usize];
    let gap = before.len() - before.trim_end_matches([' ', '\t']).len();
    let start = match written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        // In exec form the comma before it goes too.
        Some(inner) if inner == option => before.trim_end_matches([' ', '\t']).strip_suffix(',').map(str::len),
        None if written == option && gap > 0 => Some(before.len() - gap),
        _ => None,
    };
    let Some(start) = start.and_then(|start| u32::try_from(start).ok()) else { return finding };
    let why = "the server then starts in one process";
    finding.unsafe_edit(format!("leave out `{option}`"), why, Span::new(start, span.end), "")
}

const NAME: &str = "PYTHONUNBUFFERED";

fn python_output_buffered(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| service::is_service(build, target)) else { return };
    let is_python = match build.root_base(target) {
        StageBase::Image(reference) => Reference::of(reference).short_name() == "python",
        _ => false,
    };
    let set = matches!(build.scopes().lookup(target.index, NAME, usize::MAX), Lookup::Defined(_));
    let starts = [Keyword::Cmd, Keyword::Entrypoint].into_iter().filter_map(|keyword| build.last(target, keyword));
    let mut starts: Vec<_> = starts.collect();
    starts.sort_by_key(|(index, _)| *index);
    let Some((index, first)) = starts.into_iter().next() else { return };
    if !is_python || set {
        return;
    }
    let runs = build.code(index).is_some_and(|code| {
        code.script.invocations().iter().any(|invocation| {
            invocation.program.is_some_and(|program| program.starts_with("python"))
                && !invocation.args.iter().any(|word| word.text().starts_with("-u"))
        })
    });
    if !runs {
        return;
    }
    let message = "Python buffers its output, so the last lines before a crash are lost";
    let finding = cx.finding(first.head, message).help(format!("set `{NAME}=1`"));
    let newline = if cx.source().text().contains("\r\n") { "\r\n" } else { "\n" };
    let Some(from) = build.from_of(target) else { return };
    let why = "all Python programs of the image write immediately, and one that prints a lot gets slower";
    out.push(finding.unsafe_edit(
        "turn off output buffering",
        why,
        Span::at(from.span.end),
        format!("{newline}ENV {NAME}=1"),
    ));
}

const WHY: &str = "stopping the container takes as long as its longest request, up to the grace period";

/// The signal that containers are sent without a STOPSIGNAL, by name and Linux number.
const USUAL: [&str; 2] = ["TERM", "15"];

fn stop_signal_abrupt(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target() else { return };
    let Some(server) = Server::of(build, target) else { return };
    let mut set = cx.shipped().flat_map(|stage| {
        let instruction: Vec<_> = build.instructions_of(stage, Keyword::Stopsignal).collect();
        instruction.into_iter().rev().map(move |stop_signal| (stage, stop_signal))
    });
    let Server { program, signal, otherwise, .. } = server;
    let message = format!("on SIGTERM `{program}` {otherwise}; {signal} stops it gracefully");
    if let Some((stage, (index, instruction))) = set.next() {
        let Some(operand) = build.input().file.operand(instruction) else { return };
        let Some(written) = build.scopes().expand(stage.index, index, &operand.text) else { return };
        let name = written.trim().to_ascii_uppercase();
        if USUAL.contains(&name.strip_prefix("SIG").unwrap_or(&name)) {
            let finding = cx.finding(operand.span, message).help(format!("write `STOPSIGNAL {signal}`"));
            out.push(finding.unsafe_edit(format!("use {signal}"), WHY, operand.span, signal));
        }
        return;
    }
    // Images of servers are assumed to set it themselves.
    let Some(start) = server.start else { return };
    if !is_plain(build, target, program) || build.is_fragment() {
        return;
    }
    let instruction = build.instruction(start);
    let finding = cx.finding(instruction.head, message).help(format!("add `STOPSIGNAL {signal}`"));
    let newline = script_end::line_end(cx.source());
    let at = Span::at(crate::dockerfile::start_with_comments(cx.source(), instruction));
    out.push(finding.unsafe_edit(format!("add STOPSIGNAL {signal}"), WHY, at, format!("STOPSIGNAL {signal}{newline}")));
}

/// A server that SIGTERM does not stop gracefully.
struct Server {
    program: &'static str,
    signal: &'static str,
    otherwise: &'static str,
    /// The instruction that starts it; `None` if the base image does.
    start: Option<usize>,
}

impl Server {
    fn of(build: &Build, stage: &Stage) -> Option<Self> {
        let has_start =
            [Keyword::Entrypoint, Keyword::Cmd].into_iter().any(|keyword| build.last(stage, keyword).is_some());
        if !has_start {
            let StageBase::Image(image) = build.root_base(stage) else { return None };
            return Self::of_program(Reference::of(image).short_name(), None);
        }
        let launch = build.launch(stage).filter(Launch::is_exec)?;
        // A script that runs CMD may forward a different signal.
        let entrypoint = build.last(stage, Keyword::Entrypoint).filter(|(index, _)| *index != launch.index);
        if entrypoint.and_then(|(index, _)| build.code(index)).is_some_and(|code| !code.script.commands.is_empty()) {
            return None;
        }
        let invocations = launch.script().invocations();
        let first = invocations.first().filter(|invocation| invocation.via.is_empty())?;
        Self::of_program(first.program?, Some(launch.index))
    }

    /// `php-fpm8.4` is `php-fpm`.
    fn of_program(program: &str, start: Option<usize>) -> Option<Self> {
        let plain = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let row = data::STOP_SIGNALS.row(program).or_else(|| data::STOP_SIGNALS.row(plain))?;
        let [program, signal, otherwise, ..] = row else { return None };
        Some(Self { program, signal, otherwise, start })
    }
}

/// Whether the stage is based on a distribution, which sets no STOPSIGNAL. Alpine's `httpd` is busybox's.
fn is_plain(build: &Build, stage: &Stage, program: &str) -> bool {
    let StageBase::Image(image) = build.root_base(stage) else { return false };
    match Reference::of(image).short_name() {
        "alpine" => program != "httpd",
        name => data::IMAGE_FAMILIES.has(name, "release"),
    }
}

/// Signals that no program can handle, by name and Linux number.
const DEADLY: [&str; 4] = ["KILL", "STOP", "9", "19"];

fn stop_signal_kills(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    let mut shipped = cx.shipped().flat_map(|stage| {
        let instruction: Vec<_> = build.instructions_of(stage, Keyword::Stopsignal).collect();
        instruction.into_iter().rev().map(move |stop_signal| (stage, stop_signal))
    });
    let Some((stage, (index, instruction))) = shipped.next() else { return };
    let Some(operand) = file.operand(instruction) else { return };
    let Some(signal) = build.scopes().expand(stage.index, index, &operand.text) else { return };
    if !is_deadly(&signal) {
        return;
    }
    let message = format!("STOPSIGNAL {signal} can't be handled: the program is killed in the middle of its work");
    let finding = cx.finding(operand.span, message).help("set the signal on which the program exits gracefully");
    let why = "a program that does not exit on SIGTERM is killed only after the grace period";
    out.push(finding.unsafe_edit("use SIGTERM", why, operand.span, "SIGTERM"));
}

/// Whether no program can handle a signal.
pub(in crate::rules) fn is_deadly(signal: &str) -> bool {
    let name = signal.trim().to_ascii_uppercase();
    DEADLY.contains(&name.strip_prefix("SIG").unwrap_or(&name))
}

fn start_script_broken(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let (Some(context), Some(stage)) = (cx.context(), build.target()) else { return };
    for started in build.start_files(stage) {
        if let Some(finding) = broken(cx, context, stage, &started) {
            out.push(finding);
        }
    }
}

fn broken(cx: &Context, context: &BuildContext, stage: &Stage, started: &StartFile) -> Option<Finding> {
    let build = cx.build();
    let path = &started.file.path;
    let report = |message: String, help: &str| {
        let copy = build.instruction(started.file.instruction);
        Some(cx.finding(started.span, message).help(help).label(copy.head, "copied here"))
    };
    let bytes = cx.text_of(path)?;
    let text = ScriptStart::of(bytes)?;
    let is_repaired = || runs_after(build, stage, &started.file, &["dos2unix", "\\r", "fromdos"]);
    if text.crlf && !is_repaired() {
        let message = format!("`{path}` has CR LF line endings, so the program in its first line is not found");
        return report(message, "convert it to LF, and add `*.sh text eol=lf` to .gitattributes");
    }
    if !started.directly {
        return None;
    }
    if text.bom {
        let help = "save it as UTF-8 without a byte order mark";
        if started.first && starts_bare(build, stage) {
            let message = format!(
                "`{path}` begins with a byte order mark, so its `#!` is not recognized: the container exits with \"exec format error\""
            );
            return report(message, help);
        }
        // A shell runs the file itself, and only its first line fails.
        let message = format!(
            "`{path}` begins with a byte order mark, so its `#!` is not recognized: the shell that starts it runs it, and reports its first line as an error"
        );
        return report(message, help).map(|finding| finding.lowered(Severity::Warning));
    }
    let executable = context.entry(started.file.entry).mode & 0o111 != 0;
    if !executable && !is_opened(build, stage, &started.file) {
        let message = format!("`{path}` is not executable: the container exits with \"permission denied\"");
        let finding = report(message, "run `git update-index --chmod=+x` on it, or use `COPY --chmod=0755`")?;
        return Some(with_mode(build, &started.file, finding));
    }
    if text.interpreter.is_none() && started.first && starts_bare(build, stage) {
        let message = format!("`{path}` has no `#!` line: the container exits with \"exec format error\"");
        return report(message, "start it with the interpreter: `#!/bin/sh`");
    }
    let interpreter = text.interpreter?;
    let program = path::name(&interpreter);
    let image = Programs::of(build, stage);
    if image.lacks(program) {
        let message = format!("`{path}` needs `{program}`, which {} lacks", image.image_name());
        return report(message, "use an interpreter that the image contains (`#!/bin/sh`), or install this one");
    }
    None
}

/// Whether the kernel starts it, not a shell, which would run the file anyway.
fn starts_bare(build: &Build, stage: &Stage) -> bool {
    let Some(launch) = build.launch(stage).filter(Launch::is_exec) else { return false };
    build.has_bare_base(stage) || launch.instruction.keyword == Keyword::Entrypoint
}

/// How a script begins.
struct ScriptStart {
    crlf: bool,
    bom: bool,
    /// The program after `#!`, or after `#!/usr/bin/env`.
    interpreter: Option<String>,
}

impl ScriptStart {
    /// `None` for a binary or an empty file.
    fn of(bytes: &[u8]) -> Option<Self> {
        let bom = bytes.starts_with(b"\xef\xbb\xbf");
        let bytes = if bom { &bytes[3..] } else { bytes };
        if bytes.is_empty() || bytes.contains(&0) {
            return None;
        }
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let crlf = line.starts_with("#!") && line.ends_with('\r');
        let mut words = line.strip_prefix("#!").unwrap_or_default().split_whitespace();
        let mut interpreter = words.next();
        if interpreter.is_some_and(|path| path.ends_with("/env")) {
            interpreter = words.find(|word| !word.starts_with('-') && !word.contains('='));
        }
        Some(Self { crlf, bom, interpreter: interpreter.map(str::to_owned) })
    }
}

/// Whether the COPY itself or a later step may set the mode.
fn is_opened(build: &Build, stage: &Stage, file: &CopiedFile) -> bool {
    let copy = build.instruction(file.instruction);
    let flags = build.input().file.transfer(copy);
    flags.is_some_and(|flags| flags.chmod.is_some())
        || runs_after(build, stage, file, &["chmod", "install ", "setfacl"])
}

/// Whether a later RUN of the chain has one of these words.
fn runs_after(build: &Build, stage: &Stage, file: &CopiedFile, words: &[&str]) -> bool {
    build.chain(stage).any(|stage| {
        let runs = build
            .instructions(stage)
            .filter(|(index, instruction)| *index > file.instruction && instruction.keyword == Keyword::Run);
        let source = build.input().file.source();
        runs.into_iter().any(|(_, run)| words.iter().any(|word| source.slice(run.span).contains(word)))
    })
}

/// Adds the fix `--chmod` if the COPY copies only this file.
fn with_mode(build: &Build, file: &CopiedFile, finding: Finding) -> Finding {
    let copy = build.instruction(file.instruction);
    if !file.alone || copy.keyword != Keyword::Copy {
        return finding;
    }
    finding.safe_edit("make it executable", Span::at(copy.name.span.end), " --chmod=0755")
}

fn start_script_keeps_shell(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some(started) = build.start_files(stage).into_iter().find(|started| started.first) else { return };
    let Some(text) = cx.text_of(&started.file.path).and_then(|bytes| std::str::from_utf8(bytes).ok()) else { return };
    let shell = shell_of_shebang(text.lines().next().unwrap_or_default());
    if text.contains('\0') || !shell.is_none_or(|shell| shell.dialect.is_parsed()) {
        return;
    }
    let script = parse(text);
    let Some(last) = last_command(&script) else { return };
    // Only a service is certain to be stopped from outside.
    let serves = build.last(stage, Keyword::Expose).is_some() || build.last(stage, Keyword::Healthcheck).is_some();
    let what = match last.name() {
        Some(name) if is_arguments(name) => "\"$@\"".to_owned(),
        Some(name) => match name.value() {
            Some(path)
                if serves && !is_function(&script, text, path) && !Program::of(path::name(path)).needs_no_exec() =>
            {
                path.to_owned()
            }
            _ => return,
        },
        None => return,
    };
    let path = &started.file.path;
    let message = format!("`{path}` runs `{what}` without `exec`: the shell stays PID 1 and does not forward signals");
    out.push(cx.finding(started.span, message).help(format!("write `exec {what}` in the last line of the script")));
}

/// The last command of the script's top-level list, if it is not part of a pipe and the script handles no signals
/// itself.
pub(in crate::rules) fn last_command(script: &Script) -> Option<&Command> {
    let handles = |command: &Command| {
        let name = command.name().and_then(Word::value).map_or("", path::name);
        matches!(name, "trap" | "wait") || Program::of(name).is(Kind::Init)
    };
    if !script.problems.is_empty() || script.commands.iter().any(handles) {
        return None;
    }
    let last = script.commands.iter().rfind(|command| script.is_last(command))?;
    (last.place.pipe_len == 1
        && !last.place.negated
        && last.place.after.is_none_or(|after| {
            matches!(after.kind, crate::shell::SeparatorKind::Newline | crate::shell::SeparatorKind::Semicolon)
        }))
    .then_some(last)
}

/// `main() { … }`, `function main { … }`
fn is_function(script: &Script, text: &str, name: &str) -> bool {
    script.compounds.iter().filter(|compound| compound.kind == CompoundKind::Function).any(|compound| {
        let function_text = &text[compound.span.range()];
        function_text.strip_prefix("function").unwrap_or(function_text).trim_start().starts_with(name)
    })
}

/// `"$@"`, `$*`
fn is_arguments(name: &Word) -> bool {
    matches!(name.expansions(), [expansion] if matches!(&expansion.kind, ExpansionKind::Variable(name) if matches!(&**name, "@" | "*")))
}
