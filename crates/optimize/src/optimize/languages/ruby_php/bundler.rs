//! Pass `bundler-stages`: installs gems in a separate stage.

use super::ruby;
use super::split::{InstructionFate, StageSplit, edits, is_covered, stands_alone};
use crate::build::toolchain::is_build_package;
use crate::build::{Reference, Run, Stage, StageBase};
use crate::dockerfile::Keyword;
use crate::optimize::new_stage::apt_install;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::reason::reasons;
use crate::shell::{Invocation, Manager, PackageSource, Verb};
use crate::text::{Span, path};

/// Where the official images keep gems: `GEM_HOME`, set in them.
const HOME: &str = "/usr/local/bundle";

pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let Some(target) = input.build.target().filter(|target| stands_alone(input, target)) else { return };
    let Some(install) = install(input, target) else { return };
    let Some(split) = output.ok_or_skip(split(input, target, install)) else { return };
    let what = "installs gems in a separate stage";
    let why = "compilers, headers and caches of the install stay out of the image";
    output.step(what, why, edits(input, target, &split));
}

/// The last RUN of the stage that installs what a Gemfile names.
fn install(input: &PassInput, target: &Stage) -> Option<usize> {
    input.build.own_runs(target).filter(|run| run.invocations().iter().any(bundles)).last().map(|run| run.index)
}

fn bundles(invocation: &Invocation) -> bool {
    invocation.package_call().is_some_and(|call| call.manager == Manager::Bundle && call.verb == Verb::Install)
}

fn split(input: &PassInput, target: &Stage, install: usize) -> Result<StageSplit, BundlerBlocker> {
    let official =
        matches!(input.build.root_base(target), StageBase::Image(image) if Reference::of(image).short_name() == "ruby");
    let code = input.build.code(install).ok_or(BundlerBlocker::UnsupportedShell)?;
    let text = input.source().slice(input.build.instruction(install).span);
    let (folders, gem_folder) = folders(input, target, install, official)?;
    if let Some(line) = between_installs(input, target, install, official) {
        return Err(BundlerBlocker::BetweenInstalls { line });
    }
    let mut split = StageSplit { last: install, outcomes: Vec::new(), texts: Vec::new(), copies: Vec::new() };
    for (index, instruction) in input.build.instructions(target).take_while(|(index, _)| *index < install) {
        let fate = match instruction.keyword {
            keyword if keyword.describes_image() => InstructionFate::Final,
            Keyword::Run => of_run(input, target, index, official),
            Keyword::Copy | Keyword::Add if is_covered(input, target, index, install) => InstructionFate::Build(None),
            _ => InstructionFate::Both,
        };
        split.outcomes.push((index, fate));
    }
    split.outcomes.push((install, InstructionFate::Build(None)));
    // The archives that were unpacked are of no use any more.
    let caches = gem_folder.as_deref().map(|gem_folder| format!("{gem_folder}/cache"));
    if let (Some(cache), Some(at), None) = (caches, code.script.append_at(), text.find("/cache")) {
        let place = code.place(input.file(), Span::at(at)).start - input.instruction_span(install).start;
        let passage = input.passage_text(install);
        let (before, after) = passage.split_at(place as usize);
        let newline = input.newline();
        split.texts.push((install, format!("{before} \\{newline}    && rm -rf {cache}{after}")));
    }
    split.copies = folders.into_iter().map(|folder| (folder, install)).collect();
    Ok(split)
}

/// The line of a RUN between two installs of gems that works with the first one's.
fn between_installs(input: &PassInput, target: &Stage, install: usize, official: bool) -> Option<u32> {
    let runs = input.build.own_runs(target).take_while(|run| run.index < install);
    let mut between = runs.skip_while(|run| !run.invocations().iter().any(bundles)).skip(1);
    let is_work = |invocation: &Invocation| {
        invocation.package_call().is_none() && !matches!(invocation.program, Some("rm" | "mkdir"))
    };
    let works = |run: &Run| {
        of_run(input, target, run.index, official) == InstructionFate::Both && run.invocations().iter().any(is_work)
    };
    between.find(works).map(|run| run.instruction.start_line)
}

/// The folders that the install fills, and the one that holds the gems.
fn folders(
    input: &PassInput,
    target: &Stage,
    install: usize,
    official: bool,
) -> Result<(Vec<String>, Option<String>), BundlerBlocker> {
    let work = input.build.workdir(target, install);
    let work = work.value().map_or("/", String::as_str).to_owned();
    let mut path = input.build.expand(target, install, "${BUNDLE_PATH:-}").filter(|path| !path.is_empty());
    for run in input.build.own_runs(target).take_while(|run| run.index <= install) {
        let invocations = run.invocations();
        for invocation in invocations.iter().filter(|call| matches!(call.program, Some("bundle" | "bundler"))) {
            let words: Vec<&str> = invocation.args.iter().map(crate::shell::Word::text).collect();
            if invocation.args.iter().any(crate::shell::Word::is_dynamic)
                && words.iter().any(|word| word.contains("path"))
            {
                return Err(BundlerBlocker::VariableFolder);
            }
            let word_after = |name: &str| words.iter().position(|word| *word == name).and_then(|at| words.get(at + 1));
            let deploys = words.contains(&"--deployment") || words.contains(&"deployment");
            if let Some(folder) = word_after("path").or_else(|| word_after("--path")) {
                path = Some((*folder).to_owned());
            } else if deploys && path.is_none() {
                path = Some("vendor/bundle".to_owned());
            }
        }
    }
    let deploys = input.build.expand(target, install, "${BUNDLE_DEPLOYMENT:-}").is_some_and(|text| !text.is_empty());
    if path.is_none() && deploys {
        path = Some("vendor/bundle".to_owned());
    }
    match path {
        Some(path) if path.starts_with('/') && official && path != HOME => Ok((vec![HOME.to_owned(), path], None)),
        Some(path) if path.starts_with('/') => Ok((vec![path.clone()], Some(path).filter(|path| path == HOME))),
        Some(_) if !official => Err(BundlerBlocker::ProjectSettings),
        Some(path) => Ok((vec![HOME.to_owned(), path::join(&work, &path)], None)),
        None if official => Ok((vec![HOME.to_owned()], Some(HOME.to_owned()))),
        // Debian's Ruby.
        None => Ok((vec!["/var/lib/gems".to_owned(), "/usr/local/bin".to_owned()], None)),
    }
}

/// What becomes of a RUN before the install.
fn of_run(input: &PassInput, target: &Stage, index: usize, official: bool) -> InstructionFate {
    let Some(code) = input.build.code(index) else { return InstructionFate::Both };
    let invocations = code.script.invocations();
    let gems = |invocation: &Invocation| {
        invocation.package_call().is_some_and(|call| matches!(call.manager, Manager::Gem | Manager::Bundle))
            || invocation.is("rm")
    };
    if official && !invocations.is_empty() && invocations.iter().all(gems) {
        // Gems and settings lie in what is copied.
        return InstructionFate::Build(None);
    }
    let apt = |invocation: &Invocation| {
        invocation.package_call().is_some_and(|call| call.manager == Manager::Apt) || invocation.is("rm")
    };
    let only_apt = !invocations.is_empty() && invocations.iter().all(apt) && code.script.compounds.is_empty();
    let packages = invocations.iter().filter_map(Invocation::package_call).flat_map(|call| call.packages);
    let headers: Vec<&str> = packages.map(|package| package.name.text).filter(|name| is_build_package(name)).collect();
    if !only_apt || headers.is_empty() {
        return InstructionFate::Both;
    }
    let Some(libraries) = ruby::run_time(input, target, &headers) else { return InstructionFate::Both };
    InstructionFate::Build(without(input, index, &libraries.into_iter().collect::<Vec<_>>()))
}

/// The RUN with libraries in place of the packages that only build; `None` where nothing is left.
fn without(input: &PassInput, index: usize, libraries: &[String]) -> Option<String> {
    let code = input.build.code(index)?;
    let mut names: Vec<String> = Vec::new();
    for call in code.script.invocations().iter().filter_map(Invocation::package_call) {
        let packages = call.packages.iter().filter(|package| !package.absent && package.source == PackageSource::Index);
        let packages = packages.filter(|package| !is_build_package(package.name.text));
        let text = |span: Span| input.source().slice(code.place(input.file(), span)).to_owned();
        names.extend(packages.map(|package| text(package.span)));
    }
    names.extend(libraries.iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>());
    if names.is_empty() {
        return None;
    }
    Some(apt_install(&names.join(" ")).replace('\n', input.newline()))
}

reasons! {
    /// Why gems are not installed in a separate stage.
    pub(super) BundlerBlocker {
        UnsupportedShell: "the shell of the install is not supported";
        BetweenInstalls { line: u32 }:
            "line {line} may need the gems of the install above it and writes files for the install below it";
        VariableFolder: "an environment variable sets the folder of the gems";
        ProjectSettings: "Bundler's settings are in the project folder";
    }
}
