//! The command of the container: wrappers such as `poetry run` are removed, because the virtual environment is on PATH.

use crate::optimize::languages::python::stage_blocker::PythonBlocker;
use std::collections::BTreeSet;

use super::evidence;
use crate::build::Stage;
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, FileKind, Project};
use crate::optimize::dev_dependencies::imports_dev;
use crate::optimize::pass_input::PassInput;
use crate::optimize::reached_sources::LazyReach;
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Manager, parse};
use crate::text::{Edit, Span, path};

/// A wrapper that can go: its tool, and what stands for it and the words that go with it.
struct RemovableWrapper {
    from: u32,
    to: u32,
    text: Vec<String>,
    /// Whether words of the command follow.
    more: bool,
}

/// The edits that take wrappers off a CMD, ENTRYPOINT or HEALTHCHECK; `None` where one has to stay.
pub(super) fn unwrapped(input: &PassInput, index: usize) -> Option<Vec<Edit>> {
    let Some(code) = input.build.code(index) else { return Some(Vec::new()) };
    let mut edits = Vec::new();
    for invocation in code.script.invocations() {
        if wrapper(&invocation).is_none() {
            continue;
        }
        let launch = wrapped(input, &invocation)?;
        let (quote, between) = if code.is_exec() && invocation.via.is_empty() { ("\"", ", ") } else { ("", " ") };
        let words: Vec<String> = launch.text.iter().map(|word| format!("{quote}{word}{quote}")).collect();
        let end = if launch.more && !words.is_empty() { between } else { "" };
        let text = format!("{}{end}", words.join(between));
        let span = Span::new(launch.from, launch.to);
        edits.push(Edit { span: code.place(input.file(), span), text });
    }
    Some(edits)
}

/// `poetry run`, `uv run`, …
fn wrapper(invocation: &Invocation) -> Option<Manager> {
    let call = invocation.package_call()?;
    let known = matches!(call.manager, Manager::Poetry | Manager::Pipenv | Manager::Pdm | Manager::Uv);
    (known && call.verb_text == "run").then_some(call.manager)
}

fn wrapped(input: &PassInput, invocation: &Invocation) -> Option<RemovableWrapper> {
    let manager = wrapper(invocation).filter(|manager| !does_more(input, *manager))?;
    let run = invocation.args.iter().position(|word| word.is("run"))?;
    let uv = ProgramOptions::of("uv");
    let prepares = |name: &str| uv.has(name.split('=').next().unwrap_or(name), "prepares");
    if invocation.args[..run].iter().any(|word| uv.takes_value(word.text()) || !prepares(word.text())) {
        return None;
    }
    let mut at = run + 1;
    let mut text = Vec::new();
    while let Some(word) = invocation.args.get(at) {
        let name = word.text();
        if manager == Manager::Uv && (name == "-m" || name == "--module") {
            text = vec!["python".to_owned(), "-m".to_owned()];
            at += 1;
            break;
        }
        if !name.starts_with('-') {
            break;
        }
        match manager {
            _ if name == "--" => at += 1,
            Manager::Uv if prepares(name) => at += uv.word_count(name),
            _ => return None,
        }
    }
    let program = invocation.args.get(at)?;
    let from = invocation.path.span.start;
    if FileKind::of(program.text()).is_source_of(Ecosystem::Python) && manager == Manager::Uv {
        text.push("python".to_owned());
    }
    if !text.is_empty() {
        return Some(RemovableWrapper { from, to: program.span.start, text, more: true });
    }
    let projects = || input.projects_of(Ecosystem::Python);
    if let Some(command) = projects().find_map(|project| project.script(program.text())) {
        return named_script(invocation, at, command, from);
    }
    let entry = |project: &Project| project.entry_points.iter().any(|entry| entry.name == program.text());
    if projects().any(entry) && !installs_root(input) {
        return None;
    }
    Some(RemovableWrapper { from, to: program.span.start, text, more: true })
}

/// Whether a wrapper sets variables or runs hooks besides: pipenv reads `.env`, pdm what its scripts say.
fn does_more(input: &PassInput, manager: Manager) -> bool {
    let texts = &input.evidence.texts;
    match manager {
        Manager::Pipenv => {
            texts.contains_key(".env") || input.context().is_some_and(|context| context.find(".env").is_some())
        }
        Manager::Pdm => texts.iter().any(|(path, text)| path::name(path) == "pyproject.toml" && scripts_do_more(text)),
        _ => false,
    }
}

/// Whether pdm's scripts have variables, files of them, options for all, or hooks of a run.
fn scripts_do_more(text: &str) -> bool {
    let mut inside = false;
    text.lines().map(str::trim).any(|line| {
        if line.starts_with('[') {
            inside = line.starts_with("[tool.pdm.scripts");
        }
        let mut words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let hook = line.starts_with("pre_") || line.starts_with("post_");
        let fetches = ["install", "lock", "build", "publish"].iter().any(|word| line[..].contains(word));
        inside && (words.any(|word| matches!(word, "env" | "env_file" | "_")) || (hook && !fetches))
    })
}

/// A script of the manifest in place of its name, where it is one plain command.
fn named_script(invocation: &Invocation, at: usize, command: &str, from: u32) -> Option<RemovableWrapper> {
    let script = parse(command);
    let plain = script.commands.len() == 1 && !command.contains(['$', '"', '\'', '\\', '>', '<', '{', '|', '&', ';']);
    if !plain {
        return None;
    }
    let words = script.commands.first()?;
    let text: Vec<String> = words.words.iter().map(|word| word.text().to_owned()).collect();
    let next = invocation.args.get(at + 1);
    let to = next.map_or(invocation.args.get(at)?.span.end, |next| next.span.start);
    Some(RemovableWrapper { from, to, text, more: next.is_some() })
}

/// Whether an install puts the project itself into the environment.
fn installs_root(input: &PassInput) -> bool {
    let build = input.build;
    build.stages().iter().flat_map(|stage| build.called(stage)).any(|invocation| {
        invocation.package_call().is_some_and(|call| match (call.manager, &*call.verb_text) {
            (Manager::Uv, "sync") => !call.has(&["--no-install-project", "--no-install-workspace"]),
            (Manager::Poetry, "install" | "sync") => !call.has(&["--no-root"]),
            (Manager::Pdm, "install" | "sync") => !call.has(&["--no-self"]),
            (Manager::Pip | Manager::Uv, _) => call.inputs.iter().any(|input| input.path.text.starts_with('.')),
            _ => false,
        })
    })
}

/// Whether `uv run` installs development dependencies at start-up that the program imports and `uv sync` leaves out (uv docs:
/// `uv run` syncs the environment with the default groups).
fn installs_more_at_start(input: &PassInput, invocation: &Invocation) -> bool {
    const LESS: [&str; 3] = ["--no-dev", "--no-default-groups", "--only-group"];
    let Some(call) = invocation.package_call().filter(|call| call.manager == Manager::Uv) else { return false };
    let syncs = call.verb_text == "run" && !call.has(&LESS) && !call.has(&["--no-sync", "--no-project"]);
    let build = input.build;
    let mut calls = build.needed_stages().flat_map(|stage| build.called(stage));
    let leaves_out = calls.any(|called| {
        called
            .package_call()
            .is_some_and(|call| call.manager == Manager::Uv && call.verb_text == "sync" && call.has(&LESS))
    });
    let reach = LazyReach::new(input);
    let imports = |project: &Project| {
        project.install_with("uv").is_some_and(|install| imports_dev(input, &reach, project, install))
    };
    syncs && leaves_out && input.projects_of(Ecosystem::Python).any(imports)
}

/// Why a wrapper of what starts can neither go nor find an environment that another stage made.
pub(super) fn bound(input: &PassInput, target: &Stage) -> Option<PythonBlocker> {
    let codes = input.codes_of(target, &[Keyword::Entrypoint, Keyword::Cmd, Keyword::Healthcheck]);
    let mut invocations = codes.iter().flat_map(|code| code.script.invocations());
    if invocations.any(|invocation| installs_more_at_start(input, &invocation)) {
        return Some(PythonBlocker::RunInstallsMore);
    }
    codes.iter().find_map(|code| {
        let tools: Vec<Manager> = code.script.invocations().iter().filter_map(wrapper).collect();
        let tool = tools.into_iter().find(|tool| does_more(input, *tool))?;
        let name = if tool == Manager::Pdm { "pdm run" } else { "pipenv run" };
        Some(PythonBlocker::WrapperSetsVariables { name: name.to_string() })
    })
}

/// Tools that a container calls although the environment is on PATH: in scripts and compose commands, which stay, and
/// where a wrapper does more than find the program.
pub(super) fn tools_at_run_time(input: &PassInput, target: &Stage) -> BTreeSet<Manager> {
    let mut tools = BTreeSet::new();
    for (index, _) in input.last_of(target, &[Keyword::Entrypoint, Keyword::Cmd, Keyword::Healthcheck]) {
        let Some(code) = input.build.code(index) else { continue };
        let calls: BTreeSet<Manager> = code.script.invocations().iter().filter_map(wrapper).collect();
        if unwrapped(input, index).is_none() {
            tools.extend(calls);
        }
    }
    let services = input.evidence.services.iter();
    let commands = services.flat_map(|service| service.command.iter().chain(&service.healthcheck)).map(String::as_str);
    for text in evidence::scripts(input, target).into_iter().map(|(_, text)| text).chain(commands) {
        for invocation in parse(text).invocations() {
            let call = invocation.package_call().map(|call| call.manager);
            let known =
                |manager: &Manager| matches!(manager, Manager::Poetry | Manager::Pipenv | Manager::Pdm | Manager::Uv);
            tools.extend(call.filter(known));
        }
    }
    tools
}
