//! Pass `bundler-stages`: installs gems in a separate stage.

use super::bundler_blocker::BundlerBlocker;
use super::split::{InstructionFate, StageSplit, describes, edits, is_covered, stands_alone};
use crate::build::toolchain::is_build_package;
use crate::build::{Reference, Stage, StageBase};
use crate::dockerfile::Keyword;
use crate::optimize::languages::ruby;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::shell::{Invocation, Manager, PackageSource, Verb};
use crate::text::{Span, path};

/// Where the official images keep gems: `GEM_HOME`, set in them.
const HOME: &str = "/usr/local/bundle";

pub(in crate::optimize) fn run(scene: &PassInput, turn: &mut PassOutput) {
    let Some(target) = scene.build.target().filter(|target| stands_alone(scene, target)) else { return };
    let Some(install) = install(scene, target) else { return };
    match split(scene, target, install) {
        Ok(split) => {
            let what = "installs gems in a separate stage";
            let why = "compilers, headers and caches of the install stay out of the image";
            turn.step(what, why, edits(scene, target, &split));
        }
        Err(why) => turn.skip(why),
    }
}

/// The last RUN of the stage that installs what a Gemfile names.
fn install(scene: &PassInput, target: &Stage) -> Option<usize> {
    let runs = scene.build.instructions_of(target, Keyword::Run);
    let installs = |index: &usize| {
        calls(scene, *index, |invocation| {
            invocation.package_call().is_some_and(|call| call.manager == Manager::Bundle && call.verb == Verb::Install)
        })
    };
    runs.map(|(index, _)| index).filter(installs).last()
}

fn calls(scene: &PassInput, index: usize, is_wanted: impl Fn(&Invocation) -> bool) -> bool {
    scene.build.code(index).is_some_and(|code| code.script.invocations().iter().any(is_wanted))
}

fn split(scene: &PassInput, target: &Stage, install: usize) -> Result<StageSplit, BundlerBlocker> {
    let official =
        matches!(scene.build.root_base(target), StageBase::Image(image) if Reference::of(image).short_name() == "ruby");
    let code = scene.build.code(install).ok_or(BundlerBlocker::UnsupportedShell)?;
    let text = scene.source().slice(scene.build.instruction(install).span);
    let (folders, gem_folder) = folders(scene, target, install, official)?;
    if let Some(line) = between_installs(scene, target, install, official) {
        return Err(BundlerBlocker::BetweenInstalls { line: line });
    }
    let mut split = StageSplit { last: install, outcomes: Vec::new(), texts: Vec::new(), copies: Vec::new() };
    for (index, instruction) in scene.build.instructions(target).take_while(|(index, _)| *index < install) {
        let fate = match instruction.keyword {
            keyword if describes(keyword) => InstructionFate::Final,
            Keyword::Run => of_run(scene, target, index, official),
            Keyword::Copy | Keyword::Add if is_covered(scene, target, index, install) => InstructionFate::Build(None),
            _ => InstructionFate::Both,
        };
        split.outcomes.push((index, fate));
    }
    split.outcomes.push((install, InstructionFate::Build(None)));
    // The archives that were unpacked are of no use any more.
    let caches = gem_folder.as_deref().map(|gem_folder| format!("{gem_folder}/cache"));
    if let (Some(cache), Some(at), None) = (caches, code.script.append_at(), text.find("/cache")) {
        let place = code.place(scene.file(), Span::at(at)).start - scene.instruction_span(install).start;
        let passage = scene.passage_text(install);
        let (before, after) = passage.split_at(place as usize);
        let newline = scene.newline();
        split.texts.push((install, format!("{before} \\{newline}    && rm -rf {cache}{after}")));
    }
    split.copies = folders.into_iter().map(|folder| (folder, install)).collect();
    Ok(split)
}

/// The line of a RUN between two installs of gems that works with the first one's.
fn between_installs(scene: &PassInput, target: &Stage, install: usize, official: bool) -> Option<u32> {
    let bundles = |invocation: &Invocation| {
        invocation.package_call().is_some_and(|call| call.manager == Manager::Bundle && call.verb == Verb::Install)
    };
    let runs = scene.build.instructions_of(target, Keyword::Run);
    let mut between = runs
        .map(|(index, _)| index)
        .take_while(|index| *index < install)
        .skip_while(|index| !calls(scene, *index, bundles))
        .skip(1);
    let works = |index: &usize| {
        of_run(scene, target, *index, official) == InstructionFate::Both
            && calls(scene, *index, |invocation| {
                invocation.package_call().is_none() && !matches!(invocation.program, Some("rm" | "mkdir"))
            })
    };
    between.find(works).map(|index| scene.build.instruction(index).start_line)
}

/// The folders that the install fills, and the one that holds the gems.
fn folders(
    scene: &PassInput,
    target: &Stage,
    install: usize,
    official: bool,
) -> Result<(Vec<String>, Option<String>), BundlerBlocker> {
    let work = scene.build.workdir(target, install);
    let work = work.value().map_or("/", String::as_str).to_owned();
    let mut path = scene.build.expand(target, install, "${BUNDLE_PATH:-}").filter(|path| !path.is_empty());
    let before = scene.build.instructions(target).take_while(|(index, _)| *index <= install);
    for (index, _) in before.filter(|(_, instruction)| instruction.keyword == Keyword::Run) {
        let Some(code) = scene.build.code(index) else { continue };
        for invocation in code
            .script
            .invocations()
            .iter()
            .filter(|invocation| matches!(invocation.program, Some("bundle" | "bundler")))
        {
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
    if path.is_none()
        && scene.build.expand(target, install, "${BUNDLE_DEPLOYMENT:-}").is_some_and(|text| !text.is_empty())
    {
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
fn of_run(scene: &PassInput, target: &Stage, index: usize, official: bool) -> InstructionFate {
    let Some(code) = scene.build.code(index) else { return InstructionFate::Both };
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
    let built: Vec<String> = invocations
        .iter()
        .filter_map(Invocation::package_call)
        .flat_map(|call| call.packages.iter().map(|package| package.name.text.to_owned()).collect::<Vec<_>>())
        .filter(|name| is_build_package(name))
        .collect();
    if !only_apt || built.is_empty() {
        return InstructionFate::Both;
    }
    let headers: Vec<&str> = built.iter().map(String::as_str).collect();
    let Some(libraries) = ruby::run_time(scene, target, &headers) else { return InstructionFate::Both };
    InstructionFate::Build(without(scene, index, &libraries.into_iter().collect::<Vec<_>>()))
}

/// The RUN with libraries in place of the packages that only build; `None` where nothing is left.
fn without(scene: &PassInput, index: usize, libraries: &[String]) -> Option<String> {
    let code = scene.build.code(index)?;
    let mut names: Vec<String> = Vec::new();
    for call in code.script.invocations().iter().filter_map(Invocation::package_call) {
        let packages = call.packages.iter().filter(|package| !package.absent && package.source == PackageSource::Index);
        let text = scene.source();
        names.extend(
            packages
                .filter(|package| !is_build_package(package.name.text))
                .map(|package| text.slice(code.place(scene.file(), package.span)).to_owned()),
        );
    }
    names.extend(libraries.iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>());
    if names.is_empty() {
        return None;
    }
    let newline = scene.newline();
    Some(format!(
        "RUN apt-get update \\{newline}    && apt-get install -y --no-install-recommends {} \\{newline}    && rm -rf \
         /var/lib/apt/lists/*",
        names.join(" ")
    ))
}
