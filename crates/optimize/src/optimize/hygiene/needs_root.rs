//! Why a program needs root, as far as the files show.

use super::root_reason::{RootReason, Starter};
use crate::build::Stage;
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, FileKind};
use crate::optimize::home_downloads::installs_puppeteer;
use crate::optimize::pass_input::PassInput;
use crate::optimize::reached_sources::LazyReach;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, Script, Verb, Word, parse};
use crate::sources::patterns;
use crate::text::path;

/// Where nobody but root may enter.
const ROOT_HOME: &str = "/root";

/// The first reason that keeps a container of the stage with root.
pub(super) fn reason_to_stay_root(input: &PassInput, target: &Stage) -> Option<RootReason> {
    let rights = || of_rights(input).or_else(|| of_sources(input));
    at_start(input, target).or_else(|| at_home(input, target)).or_else(|| of_projects(input, target)).or_else(rights)
}

/// What compose gives a container that only root can use.
fn of_rights(input: &PassInput) -> Option<RootReason> {
    input.build.input().options.run.has_rights.then_some(RootReason::HasRights)
}

/// What sources of the program do that only root may: they open devices, raw sockets or the engine's socket.
fn of_sources(input: &PassInput) -> Option<RootReason> {
    let path = LazyReach::new(input).shows("needs root")?;
    Some(RootReason::OpensDevice { path: path.to_string() })
}

/// What the container's command, its scripts and what compose runs instead do first.
fn at_start(input: &PassInput, target: &Stage) -> Option<RootReason> {
    let codes = input.codes_of(target, &[Keyword::Entrypoint, Keyword::Cmd]);
    let scripts = || input.start_texts(target).into_iter();
    let mut services = input.evidence.services.iter();
    codes
        .iter()
        .find_map(|code| of_script(&code.script, &Starter::Command))
        .or_else(|| scripts().find_map(|(path, text)| of_script(&parse(text), &Starter::File { path })))
        .or_else(|| {
            services.find_map(|service| {
                of_script(&parse(service.command.as_deref()?), &Starter::Service { name: service.name.clone() })
            })
        })
}

fn of_script(script: &Script, starter: &Starter) -> Option<RootReason> {
    let starter = || starter.clone();
    script.invocations().iter().find_map(|script| {
        let needs_root = |program: &&str| Program::of(program).is(Kind::Root);
        let wrapper = script.via.iter().map(|wrapper| wrapper.program).find(needs_root);
        if let Some(program) = script.program.filter(needs_root).or(wrapper) {
            return Some(RootReason::Calls { starter: starter(), program: program.to_owned() });
        }
        let call = script.package_call()?;
        let synchronises = call.manager == Manager::Uv
            && script.args.first().is_some_and(|word| word.is("run"))
            && !call.has(&["--no-sync"]);
        match call.verb {
            Verb::Install | Verb::Upgrade => Some(RootReason::Installs { starter: starter(), command: call.title() }),
            Verb::Build => Some(RootReason::Builds { starter: starter(), command: call.title() }),
            _ if synchronises => Some(RootReason::InstallsMissing { starter: starter(), command: call.title() }),
            Verb::Run if is_build(script) => Some(RootReason::BuildsByScript { starter: starter() }),
            _ => None,
        }
    })
}

fn is_build(invocation: &Invocation) -> bool {
    invocation.args.iter().any(|word| word.is("build"))
}

/// What lies in the home of root, which nobody else may read.
fn at_home(input: &PassInput, target: &Stage) -> Option<RootReason> {
    let build = input.build;
    if build.started_in_root_home(target).is_some() || services_at_home(input, target) {
        return Some(RootReason::FilesInRootHome);
    }
    if let Some(file) = source_at_home(input) {
        return Some(RootReason::SourceInRootHome { file: file.to_owned() });
    }
    let text = |index: usize| input.source().slice(build.instruction(index).span);
    for (index, instruction) in build.chain(target).flat_map(|stage| build.instructions(stage)) {
        let named = match instruction.keyword {
            Keyword::Env => text(index).contains("/root/"),
            _ => false,
        };
        if named {
            return Some(RootReason::FilesInRootHome);
        }
        if instruction.keyword != Keyword::Run {
            continue;
        }
        let scripts = build.code(index).map(|code| texts_of_called_scripts(input, &code.script)).unwrap_or_default();
        let mut texts = std::iter::once(text(index)).chain(scripts);
        if let Some(download) = texts.find_map(|text| build.download_to_home(target, text)) {
            let command = download.text.trim_end_matches('(').to_owned();
            let variable = download.argument.split(' ').nth(1).unwrap_or("HOME").to_owned();
            return Some(RootReason::FetchesToHome { command, variable });
        }
    }
    None
}

/// Whether compose starts a container in root's home, or something that lies there.
fn services_at_home(input: &PassInput, target: &Stage) -> bool {
    let is_at_home = |path: &str| path::is_within(path, ROOT_HOME);
    input.services_of(target).any(|service| {
        let texts = [&service.workdir, &service.entrypoint, &service.command].into_iter().flatten();
        let mut words = texts.flat_map(|text| text.split([' ', '"', '\'', ',', '[', ']']));
        words.any(is_at_home) || service.mounts.iter().any(|mount| is_at_home(mount))
    })
}

/// A source of the program with a path in root's home, as the start of a string.
fn source_at_home<'a>(input: &PassInput<'a>) -> Option<&'a str> {
    let quoted = ['"', '\'', '`'].map(|quote| format!("{quote}{ROOT_HOME}/"));
    let reach = LazyReach::new(input);
    let mut texts = input.evidence.holding(&quoted);
    let file = texts.find(|(path, _)| FileKind::of(path).has_code() && reach.may_run(path))?;
    Some(file.0.as_str())
}

/// Texts of the context's scripts that commands start: `python fetch_models.py`, `python -m app.fetch`, `./fetch.sh`.
fn texts_of_called_scripts<'a>(input: &PassInput<'a>, script: &Script) -> Vec<&'a str> {
    let texts = &input.evidence.texts;
    let mut files = Vec::new();
    for invocation in script.invocations() {
        let python = invocation.program.is_some_and(|program| program.starts_with("python"));
        let words: Vec<&str> =
            [invocation.path.text()].into_iter().chain(invocation.args.iter().map(Word::text)).collect();
        for (at, word) in words.iter().enumerate() {
            let module = python && at > 0 && words[at - 1] == "-m";
            let path = if module { format!("{}.py", word.replace('.', "/")) } else { (*word).to_owned() };
            let path = path.trim_start_matches("./").trim_start_matches('/');
            if !path.contains('.') || path.contains(['*', '$']) {
                continue;
            }
            let ends = |name: &str| {
                let ends_with = |long: &str, short: &str| {
                    long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
                };
                ends_with(name, path) || ends_with(path, name)
            };
            files.extend(texts.iter().filter(|(name, _)| ends(name)).map(|(_, text)| text.as_str()));
        }
    }
    files
}

fn of_projects(input: &PassInput, target: &Stage) -> Option<RootReason> {
    let node = || input.projects_of(Ecosystem::Node);
    let source = input.source().text();
    if installs_puppeteer(input) {
        return Some(RootReason::Puppeteer);
    }
    let launch = input.build.launch(target)?;
    let invocations = launch.script().invocations();
    let corepack = source.contains("corepack")
        && invocations.iter().any(|invocation| matches!(invocation.program, Some("pnpm" | "yarn")));
    if corepack {
        return Some(RootReason::Corepack);
    }
    let scripts: Vec<&str> = node().flat_map(|project| &project.scripts).map(|script| &*script.command).collect();
    let runs = invocations.iter().filter_map(|invocation| {
        let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();
        let name = match (invocation.program?, words.as_slice()) {
            ("npm" | "yarn" | "pnpm" | "bun", ["run" | "run-script", name, ..] | [name, ..]) => (*name).to_owned(),
            (program, words) => return Some(format!("{program} {}", words.join(" "))),
        };
        let script = node().find_map(|project| project.script(&name))?;
        Some(script.to_owned())
    });
    let dev = |command: &str| {
        let vite = command.split_whitespace().collect::<Vec<_>>();
        let serves = vite
            .iter()
            .position(|word| *word == "vite")
            .is_some_and(|at| !matches!(vite.get(at + 1), Some(&"build" | &"preview" | &"optimize")));
        serves || patterns::shows(command, "is a server for developers")
    };
    let dev_command = runs.into_iter().find(|command| dev(command)).map(|command| command.trim().to_owned());
    if scripts.is_empty() {
        return None;
    }
    dev_command.map(|command| RootReason::DevelopmentServer { command })
}
