//! What a stage needs that full images contain and slim images lack: programs that its steps and its container call,
//! and packages that its dependencies need to build.

use super::reason::FullBaseReason;
use std::collections::BTreeSet;

use super::apt::{self, WantedPackages};
use crate::build::{Reference, SlimImage, Stage};
use crate::dockerfile::Keyword;
use crate::inputs::Service;
use crate::manifest::{Ecosystem, FileKind, INSTALL_SCRIPTS};
use crate::optimize::called_programs;
use crate::optimize::languages::ruby_php::ruby;
use crate::optimize::languages::{node, python};
use crate::optimize::pass_input::PassInput;
use crate::shell::program::{Program, State};
use crate::shell::{Invocation, Script, Verb, parse};
use crate::text::path;

/// Scripts that scripts call, and so on, that are read.
const DEEPEST: usize = 3;

/// Programs that read what to do from a file of the project.
const FILE_READERS: [(&str, &str); 2] = [("make", "Makefile"), ("gmake", "Makefile")];

/// Takes the packages of a program.
pub(super) fn want_program(wanted: &mut WantedPackages, slim: &str, program: &str, at: usize) {
    for package in SlimImage::missing_packages(slim, program) {
        apt::want(wanted, package, at);
    }
}

/// What the RUNs of a stage call; an error names what can't be looked into.
pub(super) fn of_steps(
    input: &PassInput,
    stage: &Stage,
    slim: &str,
    wanted: &mut WantedPackages,
) -> Result<(), FullBaseReason> {
    for (index, _) in input.build.instructions_of(stage, Keyword::Run) {
        let code = input.build.code(index).ok_or(FullBaseReason::UnsupportedShell)?;
        of_script(input, &code.script, slim, index, DEEPEST, wanted)?;
    }
    Ok(())
}

/// What a script calls, and the scripts of the project that it starts.
pub(super) fn of_script(
    input: &PassInput,
    script: &Script,
    slim: &str,
    at: usize,
    depth: usize,
    wanted: &mut WantedPackages,
) -> Result<(), FullBaseReason> {
    for invocation in script.invocations() {
        for wrapper in &invocation.via {
            want_program(wanted, slim, wrapper.program, at);
        }
        let Some(program) = invocation.program else { continue };
        want_program(wanted, slim, program, at);
        for called in called_programs::called_by_tool(&invocation) {
            want_program(wanted, slim, called, at);
        }
        if program == "apt-key" {
            want_program(wanted, slim, "gpg", at);
        }
        if invocation.package_call().is_some() && invocation.args.iter().any(|word| word.text().contains("git+")) {
            want_program(wanted, slim, "git", at);
        }
        if depth > 0 {
            for text in of_package(input, &invocation) {
                of_script(input, &parse(text), slim, at, depth - 1, wanted)?;
            }
        }
        let Some(named) = read_by(&invocation, program) else { continue };
        match text(input, &named) {
            Some(text) if depth > 0 => of_script(input, &parse(text), slim, at, depth - 1, wanted)?,
            Some(_) => {}
            None if at == usize::MAX => {}
            None => return Err(FullBaseReason::MissingFile { file: named.clone() }),
        }
    }
    Ok(())
}

/// The scripts of package.json that a call of a package manager runs: the one that it names with its hooks, and those of
/// an install.
fn of_package<'a>(input: &PassInput<'a>, invocation: &Invocation) -> Vec<&'a str> {
    let words = node::words::of(invocation);
    let installs = invocation.package_call().is_some_and(|call| {
        Ecosystem::of_manager(call.manager) == Some(Ecosystem::Node)
            && call.verb == Verb::Install
            && call.packages.is_empty()
            && !call.has(&["--ignore-scripts"])
    });
    let names: Vec<String> = match node::words::script(&words) {
        Some(name) => ["pre", "", "post"].iter().map(|hook| format!("{hook}{name}")).collect(),
        None if installs => INSTALL_SCRIPTS.iter().map(|name| (*name).to_owned()).collect(),
        None => return Vec::new(),
    };
    let nodes = input.projects_of(Ecosystem::Node);
    nodes.flat_map(|project| names.iter().filter_map(|name| project.script(name))).collect()
}

/// The file of the project that a program is or reads.
fn read_by(invocation: &Invocation, program: &str) -> Option<String> {
    if let Some((_, file)) = FILE_READERS.iter().find(|(reader, _)| *reader == program) {
        return Some((*file).to_owned());
    }
    let known = Program::of(program);
    let shell = known.is_shell() || known.state == State::Any;
    let word = if shell { invocation.args.iter().find(|word| !word.text().starts_with('-'))? } else { invocation.path };
    let path = word.value()?;
    let script = FileKind::of(path).is_shell() || (shell && path != "/dev/stdin");
    script.then(|| path.to_owned())
}

/// The text of a script of the context, by the last part of its path.
fn text<'a>(input: &PassInput<'a>, path: &str) -> Option<&'a str> {
    let name = path::name(path);
    let texts = &input.evidence.texts;
    let exact = texts.get(path.trim_start_matches("./"));
    let text = exact.or_else(|| texts.iter().find(|(path, _)| path::name(path) == name).map(|(_, text)| text));
    text.map(String::as_str)
}

/// What the container calls: its command, its scripts, and what compose tells it to run or ask.
pub(super) fn of_container(input: &PassInput, stage: &Stage, slim: &str, wanted: &mut WantedPackages) {
    let build = input.build;
    for code in input.codes_of(stage, &[Keyword::Entrypoint, Keyword::Cmd]) {
        _ = of_script(input, &code.script, slim, usize::MAX, DEEPEST, wanted);
    }
    for (_, text) in input.start_texts(stage) {
        _ = of_script(input, &parse(text), slim, usize::MAX, DEEPEST, wanted);
    }
    let target = build.target().map(|target| target.index) == Some(stage.index);
    let runs_it = |service: &&Service| match &service.target {
        Some(name) => stage.name.as_ref() == Some(name),
        None => target,
    };
    for service in input.evidence.services.iter().filter(runs_it) {
        for text in service.command.iter().chain(&service.healthcheck) {
            _ = of_script(input, &parse(text), slim, usize::MAX, DEEPEST, wanted);
        }
    }
    if let Some(observed) = input.evidence.observed.as_ref()
        && target
    {
        for program in &observed.programs {
            want_program(wanted, slim, program, usize::MAX);
        }
        for package in &observed.packages {
            apt::want(wanted, package, usize::MAX);
        }
    }
}

/// The programs that sources of Node and Ruby start: all of them where a stage builds, those that a container may come to
/// where it ships.
pub(super) fn of_sources(
    input: &PassInput,
    stage: &Stage,
    slim: &str,
    ships: bool,
    wanted: &mut WantedPackages,
) -> Result<(), FullBaseReason> {
    let language = match Reference::of(slim).short_name() {
        "node" => Ecosystem::Node,
        "ruby" => Ecosystem::Ruby,
        _ => return Ok(()),
    };
    if let Some(browser) = called_programs::browser(input, language)
        && ships
    {
        return Err(FullBaseReason::Browser { browser: browser.to_string() });
    }
    let runs = input.build.instructions(stage).any(|(_, instruction)| instruction.keyword == Keyword::Run);
    if ships || runs {
        let at = if ships { usize::MAX } else { first_install(input, stage) };
        for program in called_programs::programs(input, language, ships) {
            want_program(wanted, slim, program, at);
        }
    }
    Ok(())
}

/// Debian packages by which a stage builds dependencies and that nothing in it installs; an error where that is not
/// known.
pub(super) fn to_build(input: &PassInput, stage: &Stage) -> Result<BTreeSet<String>, FullBaseReason> {
    let mut all = BTreeSet::new();
    for (language, answer) in LANGUAGES {
        let mut runs = input.build.instructions_of(stage, Keyword::Run);
        if !runs.any(|(index, _)| calls(input, index, language, &[Verb::Install, Verb::Upgrade, Verb::Download])) {
            continue;
        }
        let unknown_tools = || FullBaseReason::UnknownBuildTools { language: language.name().to_string() };
        all.extend(answer(input, stage.index).ok_or_else(unknown_tools)?);
    }
    let compiler = |at| ["gcc", "g++", "build-essential"].iter().any(|name| apt::installs(input, stage, name, at));
    all.retain(|package| !apt::installs(input, stage, package, usize::MAX));
    if compiler(usize::MAX) {
        all.retain(|package| !matches!(&**package, "gcc" | "g++" | "make" | "libc6-dev" | "build-essential"));
    }
    Ok(all)
}

/// The packages that what a container installs when it starts is built with, and the words of that install; an error where
/// they are not known. A stage whose steps install the same is asked by [`to_build`].
pub(super) fn to_build_at_start(
    input: &PassInput,
    stage: &Stage,
) -> Result<Option<(String, BTreeSet<String>)>, FullBaseReason> {
    let Some((language, command)) = install_at_start(input, stage) else { return Ok(None) };
    let Some((_, answer)) = LANGUAGES.iter().find(|(known, _)| *known == language) else { return Ok(None) };
    let unknown_tools = || FullBaseReason::UnknownBuildTools { language: language.name().to_string() };
    let mut packages = answer(input, stage.index).ok_or_else(unknown_tools)?;
    packages.retain(|package| !apt::installs(input, stage, package, usize::MAX));
    Ok(Some((command, packages)))
}

/// The first install of a project's dependencies that a container starts with: its language and its words.
fn install_at_start(input: &PassInput, stage: &Stage) -> Option<(Ecosystem, String)> {
    let codes = input.codes_of(stage, &[Keyword::Entrypoint, Keyword::Cmd]);
    let texts = input.start_texts(stage).into_iter().map(|(_, text)| parse(text));
    let services = input.services_of(stage).filter_map(|service| service.command.as_deref()).map(parse);
    let others: Vec<Script> = texts.chain(services).collect();
    let scripts = codes.iter().map(|code| &code.script).chain(&others);
    scripts.flat_map(Script::invocations).find_map(|invocation| {
        let direct = install_of(&invocation);
        direct.or_else(|| {
            let below: Vec<Script> = of_package(input, &invocation).into_iter().map(parse).collect();
            below.iter().flat_map(Script::invocations).find_map(|invocation| install_of(&invocation))
        })
    })
}

fn install_of(invocation: &Invocation) -> Option<(Ecosystem, String)> {
    let call = invocation.package_call().filter(|call| call.verb == Verb::Install)?;
    Some((Ecosystem::of_manager(call.manager)?, call.title()))
}

/// The first step of a stage that installs dependencies.
pub(super) fn first_install(input: &PassInput, stage: &Stage) -> usize {
    let runs = input.build.instructions(stage).map(|(index, _)| index);
    runs.into_iter()
        .find(|index| LANGUAGES.iter().any(|(language, _)| calls(input, *index, *language, &[])))
        .unwrap_or(stage.start)
}

/// Asks for the packages by which a stage builds what it installs.
type NeedsAnswer = fn(&PassInput, usize) -> Option<BTreeSet<String>>;

/// Languages, and who knows what is needed to build for them.
const LANGUAGES: [(Ecosystem, NeedsAnswer); 3] = [
    (Ecosystem::Python, python::needs::build_packages),
    (Ecosystem::Node, node::native::build_packages),
    (Ecosystem::Ruby, ruby::build_packages),
];

/// Whether a RUN calls a package manager of the language, for one of these where any are given.
fn calls(input: &PassInput, index: usize, language: Ecosystem, verbs: &[Verb]) -> bool {
    let invocations = input.build.code(index).map(|code| code.script.invocations()).unwrap_or_default();
    invocations.iter().filter_map(Invocation::package_call).any(|call| {
        Ecosystem::of_manager(call.manager) == Some(language) && (verbs.is_empty() || verbs.contains(&call.verb))
    })
}
