//! Pass `composer-stages`: installs Composer's packages in a separate stage.

use super::split::{InstructionFate, StageSplit, edits, is_covered, stands_alone};
use crate::build::{Reference, Source, Stage, StageBase, Transfer};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::Ecosystem;
use crate::optimize::pass_input::{PassInput, PassOutput, refuse_if};
use crate::optimize::reason::reasons;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, Verb, Word, parse};
use crate::text::path;

pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let Some(target) = input.build.target().filter(|target| stands_alone(input, target)) else { return };
    let Some((first, last)) = installs(input, target) else { return };
    let Some(split) = output.ok_or_skip(split(input, target, first, last)) else { return };
    let what = "installs Composer's packages in a separate stage";
    let why = "Composer, its downloads and its tools stay out of the image";
    output.step(what, why, edits(input, target, &split));
}

fn is_composer(invocation: &Invocation) -> bool {
    invocation.package_call().is_some_and(|call| call.manager == Manager::Composer)
}

/// The first RUN that installs with Composer, and the last one that calls it.
fn installs(input: &PassInput, target: &Stage) -> Option<(usize, usize)> {
    let calls = |is_wanted: fn(&Invocation) -> bool| {
        let runs = input.build.own_runs(target).filter(move |run| run.invocations().iter().any(is_wanted));
        runs.map(|run| run.index)
    };
    let install = |invocation: &Invocation| {
        let call = invocation.package_call().filter(|call| call.manager == Manager::Composer);
        call.is_some_and(|call| call.verb == Verb::Install && call.is_from_manifest())
    };
    Some((calls(install).next()?, calls(is_composer).last()?))
}

fn split(input: &PassInput, target: &Stage, first: usize, last: usize) -> Result<StageSplit, ComposerBlocker> {
    let vendor = vendor(input, target, first)?;
    refuse_if(starts_composer(input, target), ComposerBlocker::RunsAtStart)?;
    let mut split = StageSplit { last, outcomes: Vec::new(), texts: Vec::new(), copies: Vec::new() };
    let transfers = input.build.transfers(target);
    // What scripts of the project write beside the packages is not known. Packages that the sources bring along would be
    // in the image twice.
    let whole = runs_scripts(input, first, last) || brings_packages(input, transfers, first);
    let mut extensions = false;
    for (index, instruction) in input.build.instructions(target).take_while(|(index, _)| *index <= last) {
        let fate = match instruction.keyword {
            keyword if keyword.describes_image() => InstructionFate::Final,
            Keyword::Copy | Keyword::Add => {
                let transfer = input.build.transfer_at(target, index);
                let tool = transfer.is_some_and(brings_composer);
                let manifests = is_covered(input, target, index, first);
                let copies_sources = whole && transfer.is_some_and(|transfer| transfer.from.is_none());
                if tool || manifests || copies_sources { InstructionFate::Build(None) } else { InstructionFate::Both }
            }
            Keyword::Run => {
                let fate = of_run(input, index, extensions);
                extensions |= builds_extensions(input, index);
                fate.ok_or(ComposerBlocker::RunDoesMore)?
            }
            _ => InstructionFate::Both,
        };
        split.outcomes.push((index, fate));
    }
    if whole {
        let folder = vendor.trim_end_matches("/vendor").to_owned();
        split.copies.push((folder, last));
    } else {
        split.copies.push((vendor, last_instruction_below(input, transfers, last)));
    }
    Ok(split)
}

/// Whether Composer runs scripts of the project, which may write anywhere.
fn runs_scripts(input: &PassInput, first: usize, last: usize) -> bool {
    let mut reasons =
        input.projects_of(Ecosystem::Php).flat_map(|project| &project.installs).flat_map(|install| &install.open);
    let open = reasons.any(|reason| reason.avoided_by == Some("--no-scripts"));
    let quiet = |index: usize| {
        let Some(code) = input.build.code(index) else { return false };
        let invocations = code.script.invocations();
        let calls = invocations.iter().filter_map(Invocation::package_call);
        calls.filter(|call| call.manager == Manager::Composer).all(|call| call.has(&["--no-scripts"]))
    };
    open && !(first..=last).all(quiet)
}

/// The instruction behind which the packages are copied: those that lie in the context must not lay over them.
fn last_instruction_below(input: &PassInput, transfers: &[Transfer], last: usize) -> usize {
    if input.context().is_some_and(|context| context.find("vendor").is_none()) {
        return last;
    }
    transfers
        .iter()
        .filter(|transfer| brings_everything(transfer))
        .map(|transfer| transfer.index)
        .max()
        .unwrap_or(last)
        .max(last)
}

/// Whether sources with packages among them are copied before the install.
fn brings_packages(input: &PassInput, transfers: &[Transfer], first: usize) -> bool {
    input.context().is_some_and(|context| context.find("vendor").is_some())
        && transfers.iter().any(|transfer| transfer.index < first && brings_everything(transfer))
}

fn brings_everything(transfer: &Transfer) -> bool {
    transfer.from.is_none() && transfer.sources.iter().any(Source::is_everything)
}

fn brings_composer(transfer: &Transfer) -> bool {
    let is_composer = |text: &str| path::name(text) == "composer";
    transfer.from.is_some() && transfer.sources.iter().all(|source| source.text.as_deref().is_some_and(is_composer))
}

/// What becomes of a RUN; `None` where Composer's part can't be told from the rest.
fn of_run(input: &PassInput, index: usize, extensions: bool) -> Option<InstructionFate> {
    let Some(code) = input.build.code(index) else { return Some(InstructionFate::Both) };
    let invocations = code.script.invocations();
    let text = input.source().slice(input.build.instruction(index).span);
    if text.contains("getcomposer.org") && invocations.iter().all(|invocation| !builds_extension(invocation)) {
        return Some(InstructionFate::Build(None));
    }
    let composer = invocations.iter().any(is_composer);
    let is_harmless = |program: &str| matches!(program, "rm" | "mkdir" | "cp") || Program::of(program).writes_nothing();
    let plain =
        invocations.iter().all(|invocation| is_composer(invocation) || invocation.program.is_some_and(is_harmless));
    if composer {
        return plain.then_some(InstructionFate::Build(None));
    }
    let fetches = |invocation: &Invocation| {
        let apt_call = invocation.package_call().filter(|call| call.manager == Manager::Apt);
        let fetches =
            |name: &str| matches!(name, "composer" | "ca-certificates") || data::SYSTEM_PACKAGES.has(name, "fetches");
        apt_call.is_some_and(|call| call.packages.iter().all(|package| fetches(package.name.text)))
            || invocation.is("rm")
    };
    let called = input.evidence.texts.iter().any(|(path, text)| {
        let code = path.rsplit('.').next().is_some_and(|ending| matches!(ending, "php" | "sh"));
        code && ["exec(", "proc_open(", "Process(", "git ", "unzip "].iter().any(|word| text.contains(word))
    });
    let only_fetchers = !invocations.is_empty() && invocations.iter().all(fetches) && !called;
    // Behind extensions, the steps of both stages stay the same up to here and are done once.
    Some(if only_fetchers && (extensions || !later_builds(input, index)) {
        InstructionFate::Build(None)
    } else {
        InstructionFate::Both
    })
}

fn later_builds(input: &PassInput, index: usize) -> bool {
    let all = input.file().instructions().iter().enumerate().skip(index + 1);
    all.filter(|(_, instruction)| instruction.keyword == Keyword::Run).any(|(index, _)| builds_extensions(input, index))
}

fn builds_extensions(input: &PassInput, index: usize) -> bool {
    input.build.code(index).is_some_and(|code| code.script.invocations().iter().any(builds_extension))
}

fn builds_extension(invocation: &Invocation) -> bool {
    invocation.program.is_some_and(|program| Program::of(program).is(Kind::PhpExtension))
}

/// The folder that Composer fills, absolute.
fn vendor(input: &PassInput, target: &Stage, first: usize) -> Result<String, ComposerBlocker> {
    let code = input.build.code(first).ok_or(ComposerBlocker::UnsupportedShell)?;
    let invocations = code.script.invocations();
    let moved = ["-d", "--working-dir", "COMPOSER_VENDOR_DIR", "global"];
    let text = input.source().text();
    let elsewhere = invocations.iter().any(|invocation| {
        invocation.is("cd") || invocation.args.iter().any(|word| moved.iter().any(|name| word.text().starts_with(name)))
    });
    let named =
        input.evidence.texts.iter().any(|(path, text)| path.ends_with("composer.json") && text.contains("vendor-dir"));
    refuse_if(elsewhere || named || text.contains("COMPOSER_VENDOR_DIR"), ComposerBlocker::CustomFolder)?;
    let folder = input.build.workdir(target, first);
    let folder = folder.value().map(String::as_str).or_else(|| official_folder(input, target));
    folder.map(|folder| path::join(folder, "vendor")).ok_or(ComposerBlocker::UnknownWorkingFolder)
}

/// Whether the container's command or a script of it calls Composer.
fn starts_composer(input: &PassInput, target: &Stage) -> bool {
    let calls = |text: &str| {
        parse(text).invocations().iter().any(|invocation| {
            invocation.is("composer") || invocation.args.iter().any(|word: &Word| word.is("composer"))
        })
    };
    let codes = input.codes_of(target, &[Keyword::Entrypoint, Keyword::Cmd]);
    codes.iter().any(|code| code.script.invocations().iter().any(|invocation| invocation.is("composer")))
        || input.start_texts(target).iter().any(|(_, text)| calls(text))
        || input.evidence.services.iter().filter_map(|service| service.command.as_deref()).any(calls)
}

/// The folder in which official PHP images work.
fn official_folder(input: &PassInput, stage: &Stage) -> Option<&'static str> {
    let StageBase::Image(image) = input.build.root_base(stage) else { return None };
    (Reference::of(image).short_name() == "php").then_some("/var/www/html")
}

reasons! {
    /// Why Composer's packages are not installed in a separate stage.
    pub(super) ComposerBlocker {
        RunsAtStart: "the container runs Composer at start-up";
        RunDoesMore: "a RUN calls Composer and also does something else";
        UnsupportedShell: "the shell of the install is not supported";
        CustomFolder: "Composer installs into a custom folder";
        UnknownWorkingFolder: "the working folder is not known";
    }
}
