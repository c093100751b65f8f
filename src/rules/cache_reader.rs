//! Whether something reads the cache of a package manager: later in the same RUN, in a later RUN, through a copy from the
//! stage, or when a container starts.

use crate::build::{Build, Run, Stage, StageBase};
use crate::data;
use crate::dockerfile::{Instruction, Keyword};
use crate::shell::Invocation;
use crate::shell::program::{Kind, Program};
use crate::text::path;

/// The cache of a package manager.
#[derive(Clone, Copy)]
pub(super) struct Cache<'c> {
    /// Its folders, as far as they are known.
    pub(super) folders: &'c [&'c str],
    /// The program that reads the cache when it runs offline; empty if the caller finds the readers itself.
    pub(super) program: &'c str,
}

/// Whether a later instruction may read the cache.
pub(super) fn is_below(run: &Run, cache: Cache) -> bool {
    let folders = cache.folders;
    let (build, filled) = (run.build, run.stage.index);
    // A stage that copies a whole other stage has its files, too.
    let mut holds = vec![false; build.stages().len()];
    for stage in build.stages() {
        let is_based_on = match stage.base {
            StageBase::Stage(below) => holds.get(below).copied().unwrap_or(false),
            _ => false,
        };
        let reads_cache =
            |from: &Option<StageBase>| matches!(from, Some(StageBase::Stage(at)) if holds.get(*at) == Some(&true));
        let mut whole = false;
        for transfer in build.transfers(stage).iter().filter(|transfer| reads_cache(&transfer.from)) {
            for source in &transfer.sources {
                let text = source.text.as_deref().unwrap_or_default();
                whole |= text == "/";
                if folders.iter().any(|folder| path::covers(text, folder) || path::covers(folder, text)) {
                    return true;
                }
            }
        }
        holds[stage.index] = stage.index == filled || is_based_on || whole;
        let mounted =
            || build.instructions(stage).any(|(_, instruction)| is_mounted(build, instruction, &holds, folders));
        let start = if stage.index == filled { run.index + 1 } else { 0 };
        let reads =
            |(index, instruction): (usize, &Instruction)| index >= start && is_reader(build, index, instruction, cache);
        if mounted() || (holds[stage.index] && build.instructions(stage).any(reads)) {
            return true;
        }
    }
    false
}

/// Whether a command after a position in the script of the RUN may read the cache.
pub(super) fn is_behind(run: &Run, at: u32, cache: Cache) -> bool {
    let invocations = run.invocations();
    let later: Vec<&Invocation> = invocations.iter().filter(|invocation| invocation.span.start >= at).collect();
    // A variable that is set before the position also applies after it.
    let offline = !later.is_empty() && is_offline(run.file().source().slice(run.instruction.span), cache.program);
    offline || later.iter().any(|instruction| names(instruction, cache.folders))
}

/// Whether a text runs a program, or one that is installed with it, offline.
fn is_offline(text: &str, program: &str) -> bool {
    let text = text.to_ascii_lowercase().replace("prefer-offline", "");
    let called = text.contains(program) || (program == "npm" && text.contains("npx"));
    if program.is_empty() || !called {
        return false;
    }
    let of_dnf = ["dnf -c ", "yum -c ", "-y -c ", "--no-refresh"].iter().any(|words| text.contains(words));
    of_dnf || data::OFFLINE_WORDS.keys().any(|word| text.contains(word))
}

/// Whether an instruction may read one of the folders, or makes later ones run offline.
fn is_reader(build: &Build, index: usize, instruction: &Instruction, cache: Cache) -> bool {
    if is_offline(build.input().file.source().slice(instruction.span), cache.program) {
        return true;
    }
    let Some(code) = build.code(index) else { return false };
    code.script.invocations().iter().any(|invocation| names(invocation, cache.folders))
}

/// Whether a program gets one of the folders as an argument, except to delete it.
fn names(invocation: &Invocation, folders: &[&str]) -> bool {
    if invocation.program.is_some_and(|program| Program::of(program).is(Kind::NoContent)) {
        return false;
    }
    folders.iter().any(|folder| {
        // `~/.cache` contains `/root/.cache/pip`, whatever the home folder is.
        let known = folder.split('/').find(|part| part.starts_with('.')).unwrap_or(folder);
        invocation.args.iter().any(|word| word.text().contains(known) || path::covers(word.text(), folder))
    })
}

/// Whether a RUN mounts one of the folders from a stage that contains them.
fn is_mounted(build: &Build, instruction: &Instruction, holds: &[bool], folders: &[&str]) -> bool {
    if instruction.keyword != Keyword::Run {
        return false;
    }
    let of_stage = |name: &str| {
        let named = |stage: &&Stage| {
            stage.name.as_deref().is_some_and(|stage_name| stage_name.eq_ignore_ascii_case(name))
                || stage.index.to_string() == name
        };
        build.stages().iter().find(named).is_some_and(|stage| holds.get(stage.index) == Some(&true))
    };
    build.input().file.mounts(instruction).iter().any(|mount| {
        let source = mount.source().unwrap_or("/");
        let source = format!("/{}", source.trim_matches('/'));
        mount.from().is_some_and(of_stage)
            && folders
                .iter()
                .any(|folder| source == "/" || path::covers(&source, folder) || path::covers(folder, &source))
    })
}
