//! What a stage copies from another stage: installed Python packages and programs. Shared by the rules about stages that
//! do not fit together.

use crate::build::{Build, Stage, StageBase, Transfer, toolchain};
use crate::shell::{Invocation, Manager, Verb, Word};
use crate::text::{Span, path};

/// The most stages in a chain and copies in a stage that are checked; no real file has more.
pub(super) const DEEPEST: usize = 64;

/// A copy from another stage of the file.
pub(super) struct StageCopy<'b, 'a> {
    /// The stage to copy from.
    pub(super) maker: &'b Stage,
    /// The COPY.
    pub(super) transfer: &'b Transfer<'a>,
}

/// The copies of a stage from other stages, in order.
pub(super) fn stage_copies<'b, 'a>(build: &'b Build<'a>, stage: &Stage) -> Vec<StageCopy<'b, 'a>> {
    // Limited, because for each copy the other stage is analysed.
    let all = build.transfers(stage).iter().filter(|transfer| matches!(transfer.from, Some(StageBase::Stage(_))));
    all.take(DEEPEST)
        .filter_map(|transfer| match transfer.from {
            Some(StageBase::Stage(index)) => Some(StageCopy { maker: build.stages().get(index)?, transfer }),
            _ => None,
        })
        .collect()
}

/// Whether two paths are equal or one contains the other.
pub(super) fn overlap(a: &str, b: &str) -> bool {
    path::is_within(a, b) || path::is_within(b, a)
}

/// A path made absolute with the working directory of an instruction; `None` if that is not known.
pub(super) fn absolute(build: &Build, stage: &Stage, index: usize, path: &str) -> Option<String> {
    crate::build::absolute(path, build.workdir(stage, index).value().map(String::as_str))
}

/// Folders into which the stages of a chain install Python packages.
pub(super) fn python_folders(build: &Build, stage: &Stage) -> Vec<String> {
    let mut folders = Vec::new();
    for stage in build.chain(stage).take(DEEPEST) {
        for (index, _, invocations) in toolchain::runs(build, stage) {
            for invocation in &invocations {
                for folder in python_folder(invocation) {
                    folders.extend(absolute(build, stage, index, folder));
                }
            }
        }
    }
    folders
}

/// Virtual environments that the stages of a chain create.
pub(super) fn environments(build: &Build, stage: &Stage) -> Vec<String> {
    let mut folders = Vec::new();
    for stage in build.chain(stage).take(DEEPEST) {
        for (index, _, invocations) in toolchain::runs(build, stage) {
            let environments = invocations.iter().filter_map(environment);
            folders.extend(environments.filter_map(|folder| absolute(build, stage, index, folder)));
        }
    }
    folders
}

/// The folder of `python -m venv` and `virtualenv`.
fn environment<'s>(invocation: &Invocation<'s>) -> Option<&'s str> {
    let values: Vec<&str> = invocation.args.iter().filter_map(Word::value).collect();
    let operand = |after: usize| values.get(after..).into_iter().flatten().copied().find(|word| !word.starts_with('-'));
    let program = invocation.program?;
    if program.starts_with("python") && values.first() == Some(&"-m") && values.get(1) == Some(&"venv") {
        return operand(2);
    }
    if program == "virtualenv" { operand(0) } else { None }
}

fn python_folder<'s>(invocation: &Invocation<'s>) -> Vec<&'s str> {
    if let Some(folder) = environment(invocation) {
        return vec![folder];
    }
    let Some(call) = invocation.call_of(&[Manager::Pip, Manager::Uv]) else { return Vec::new() };
    match call.manager {
        Manager::Uv if call.verb_text == "venv" => {
            vec![call.operands.first().and_then(|word| word.value()).unwrap_or(".venv")]
        }
        Manager::Uv if call.verb_text == "sync" => vec![".venv"],
        Manager::Pip | Manager::Uv if matches!(call.verb, Verb::Install | Verb::Download) => {
            let named = ["--prefix", "--target", "-t", "--wheel-dir", "-w"];
            let flags = call.flags.iter().filter(|flag| named.contains(&&*flag.name));
            let mut sources: Vec<&str> =
                flags.filter_map(|flag| Some(flag.value.filter(|v| !v.dynamic)?.text)).collect();
            if call.has(&["--user"]) {
                sources.push("/root/.local");
            }
            sources
        }
        _ => Vec::new(),
    }
}

/// The first source of a copy that contains installed Python packages: its text and position.
pub(super) fn python_packages(build: &Build, copy: &StageCopy) -> Option<(String, Span)> {
    let folders = python_folders(build, copy.maker);
    let holds = |text: &str| {
        let by_name = text.contains("site-packages") || text.contains("dist-packages");
        by_name || (text.starts_with('/') && text.len() > 1 && folders.iter().any(|folder| overlap(folder, text)))
    };
    let source = copy.transfer.sources.iter().find(|source| source.text.as_deref().is_some_and(holds))?;
    Some((source.text.clone()?, source.span))
}

/// The minor version of Python in the tag of the base image: `3.12`.
pub(super) fn python_version(build: &Build, stage: &Stage) -> Option<String> {
    let StageBase::Image(image) = build.root_base(stage) else { return None };
    let reference = crate::build::Reference::of(image);
    if reference.short_name() != "python" {
        return None;
    }
    minor(reference.tag?.split('-').next()?)
}

/// `3.12` of `3.12.1`.
pub(super) fn minor(version: &str) -> Option<String> {
    let mut parts = version.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (plain(major) && plain(minor)).then(|| format!("{major}.{minor}"))
}
